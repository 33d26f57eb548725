// The page for outreach days: the form of a screening and its photos. What keeps
// and sends them is the island's.
import { composing, echo, make } from "./dom";
import { age, readID } from "./idcard";
import { iso } from "./date";
import * as box from "./outbox";
import { shrink } from "./photo";
import { $, Body, button, draw, form, keep, owner, problems, sender, setChanged, start, t, toast, today } from "./island";
import { check, settle, Values } from "./screening";

let shots: { id: string; kind: string; blob: Blob; original: string; kept?: boolean }[] = [];

const sticky = ["screened_on", "township", "village", "legal_basis"];

function values(): Values {
  const out: Values = {};
  new FormData(form).forEach((v, k) => (out[k] = String(v)));
  return out;
}

function fill(v: Values): void {
  for (const e of Array.from(form.elements) as HTMLInputElement[]) {
    if (!e.name) continue;
    if (e.type === "radio") e.checked = v[e.name] === e.value;
    else if (e.type !== "file") e.value = v[e.name] ?? "";
    if (e.type === "radio") e.closest(".seg")?.classList.toggle("on", e.checked);
    else if (e.type !== "file") e.dispatchEvent(new Event("input", { bubbles: true }));
    delete e.dataset.touched;
  }
}

function blank(from: Values): Values {
  const out: Values = { screened_on: iso(today()), legal_basis: "statutory" };
  for (const n of sticky) if (from[n]) out[n] = from[n];
  return out;
}

async function save(e: Event): Promise<void> {
  e.preventDefault();
  if (!owner()?.key || $<HTMLButtonElement>("[data-save]").disabled) return;
  const v = values();
  const wrong = check(v, today());
  problems(wrong);
  if (wrong.length) return;
  const kept = settle(v, today());
  if (!(await keep(kept, sealedShots))) return;
  begin(blank(kept));
  await draw();
  sender.soon();
}

/** The new photos, sealed for the form they belong to. */
function sealedShots(key: CryptoKey, form: string, own: box.Box): Promise<box.Photo[]> {
  return Promise.all(shots.filter((s) => !s.kept).map(async (s) => {
    const p = { id: s.id, box: own.id, form, kind: s.kind, size: s.blob.size, original: s.original };
    return { ...p, ...(await box.seal(key, await s.blob.arrayBuffer(), box.photoPlace(own.id, p))) };
  }));
}

/** An empty form for the next person, day and place kept. */
function begin(v: Values): void {
  setChanged("");
  shots = [];
  fill(v);
  drawShots();
  problems([]);
  form.querySelector("[data-facts]")?.remove();
  const first = v.township || v.village ? "name" : "township";
  form.querySelector<HTMLInputElement>(`[name="${first}"]`)?.focus();
  window.scrollTo(0, 0);
}

async function photo(input: HTMLInputElement): Promise<void> {
  const file = input.files?.[0];
  input.value = "";
  if (!file) return;
  const blob = await shrink(file);
  if (!blob) return toast(t("photo.bad"), "", "warning");
  shots.push({ id: box.newID(), kind: $<HTMLSelectElement>("#photo-kind").value, blob, original: await box.digest(await file.arrayBuffer()) });
  drawShots();
}

function drawShots(): void {
  const names = new Map(Array.from($<HTMLSelectElement>("#photo-kind").options, (o) => [o.value, o.text]));
  const rows = shots.map((s) => {
    const row = make("li");
    const picture = make("canvas");
    picture.setAttribute("aria-hidden", "true");
    createImageBitmap(s.blob).then((b) => {
      [picture.width, picture.height] = [64, 64];
      const k = Math.max(64 / b.width, 64 / b.height);
      picture.getContext("2d")?.drawImage(b, (64 - b.width * k) / 2, (64 - b.height * k) / 2, b.width * k, b.height * k);
    }, () => undefined);
    row.append(picture, make("span", "grow", `${names.get(s.kind)} ${t("photo.size", { kb: Math.ceil(s.blob.size / 1024) })}`));
    if (!s.kept) {
      row.append(button(t("photo.remove"), () => {
        shots = shots.filter((x) => x !== s);
        drawShots();
      }));
    }
    return row;
  });
  $(".isle-photos").replaceChildren(...rows);
}

async function edit(f: box.Form, v: Body): Promise<void> {
  begin(v as Values);
  const key = owner()?.key;
  for (const p of (await box.all<box.Photo>("photos")).filter((p) => p.form === f.id)) {
    if (key) shots.push({ id: p.id, kind: p.kind, original: p.original, kept: true, blob: new Blob([await box.open(key, p, box.photoPlace(p.box, p))], { type: "image/jpeg" }) });
  }
  drawShots();
}

/** A number fills what it says, where nothing was typed. */
function fromCard(input: HTMLInputElement): void {
  const r = readID(input.value, today());
  if (r.state !== "ok") return;
  const sex = form.querySelector<HTMLInputElement>(`[name=sex][value="${r.male ? "male" : "female"}"]`);
  if (sex && !form.querySelector("[name=sex]:checked")) sex.click();
  const birth = form.querySelector<HTMLInputElement>("[name=birth]");
  if (birth && !birth.value) echo(birth, String(age(r.birth, today())));
}

form.addEventListener("submit", (e) => void save(e));
form.addEventListener("input", (e) => {
  (e.target as HTMLElement).dataset.touched = "1";
  if (!$("#problems").hidden) problems(check(values(), today()), false);
});
form.addEventListener("keydown", (e) => {
  if (e.key !== "Enter" || (e.target as HTMLElement).tagName === "TEXTAREA") return;
  if (composing(e) || !(e.ctrlKey || e.metaKey)) e.preventDefault(); // Enter of a telephone's keyboard keeps nothing half-written
  if (e.ctrlKey && !composing(e)) form.requestSubmit();
});
const card = form.querySelector<HTMLInputElement>("[name=doc_number]");
card?.addEventListener("input", () => fromCard(card));
$<HTMLInputElement>("#photo").addEventListener("change", (e) => void photo(e.target as HTMLInputElement));
start({ kind: "", values, begin: (from) => begin((from as Values | undefined) ?? blank({})), edit });
