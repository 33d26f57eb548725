// The page for outreach days: the form of a screening and its photos. What keeps
// and sends them is the island's.
import { composing, echo } from "./dom";
import { age, readID } from "./idcard";
import { iso } from "./date";
import * as box from "./outbox";
import { $, Body, draw, form, keep, owner, problems, sender, setChanged, start, today } from "./island";
import * as shots from "./shots";
import { check, settle, Values } from "./screening";

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
  if (!(await keep(kept, shots.sealedShots))) return;
  begin(blank(kept));
  await draw();
  sender.soon();
}

/** An empty form for the next person, day and place kept. */
function begin(v: Values): void {
  setChanged("");
  void shots.begin();
  fill(v);
  problems([]);
  form.querySelector("[data-facts]")?.remove();
  const first = v.township || v.village ? "name" : "township";
  form.querySelector<HTMLInputElement>(`[name="${first}"]`)?.focus();
  window.scrollTo(0, 0);
}

async function edit(f: box.Form, v: Body): Promise<void> {
  begin(v as Values);
  await shots.begin(f.id);
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
start({ kind: "", values, begin: (from) => begin((from as Values | undefined) ?? blank({})), edit, busy: shots.loose });
