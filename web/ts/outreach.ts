// The page for outreach days: forms and photos are kept here, sealed, and sent
// when there is a network. What is on the screen is what is in the store.
import { clearError, composing, echo, icon, make } from "./dom";
import { age, readID } from "./idcard";
import { Day, iso } from "./date";
import * as box from "./outbox";
import { Pass } from "./outbox";
import { shrink } from "./photo";
import { check, settle, Values, Wrong } from "./screening";
import { Sender, Status } from "./send";

const texts = JSON.parse(document.getElementById("outreach-texts")?.textContent || "{}") as Record<string, string>;
const t = (key: string, values: Record<string, string | number> = {}): string => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, n: string) => String(values[n] ?? ""));
const $ = <T extends HTMLElement>(selector: string): T => document.querySelector<T>(selector) as T;
const show = (selector: string, on = true): void => void ($(selector).hidden = !on);

/** Today in the villages, whatever the clock of the telephone is set to. */
function today(): Day {
  const d = new Date(Date.now() + 8 * 36e5);
  return { y: d.getUTCFullYear(), m: d.getUTCMonth() + 1, d: d.getUTCDate() };
}

const clockTime = (at: number): string => new Date(at + 8 * 36e5).toISOString().slice(5, 16).replace("T", " ");

const form = $<HTMLFormElement>("#form");
let own: box.Box | undefined; // whose key is here
let editing = ""; // id of the form that is being changed
let shots: { id: string; kind: string; blob: Blob; original: string; kept?: boolean }[] = [];
let status: Status = { state: "idle" };

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

function problems(wrong: Wrong[], focus = true): void {
  const list = $("#problems ul");
  list.replaceChildren();
  form.querySelectorAll<HTMLElement>("[aria-invalid]").forEach(clearError);
  for (const w of wrong) {
    const e = form.querySelector<HTMLInputElement>(`[name="${w.name}"]`);
    if (!e) continue;
    const field = e.closest<HTMLElement>(".field");
    const label = (field?.querySelector(".label")?.firstChild?.textContent || "").trim();
    const said = t("error." + w.key);
    const item = make("li");
    const link = make("a", "", label ? `${label}${document.documentElement.lang === "en" ? ": " : "："}${said}` : said);
    link.href = "#" + e.id;
    link.addEventListener("click", (ev) => {
      ev.preventDefault();
      e.focus();
    });
    item.append(link);
    list.append(item);
    field?.classList.add("bad-field");
    e.setAttribute("aria-invalid", "true");
    const line = field?.querySelector(".line");
    const text = make("span", "error-text");
    text.append(icon("warning"), said);
    line?.prepend(text);
  }
  $("[data-problems]").textContent = t("problems", { n: wrong.length });
  show("#problems", wrong.length > 0);
  if (wrong.length && focus) $("#problems").focus();
}

function toast(title: string, text = "", glyph = "check-circle"): void {
  const e = make("div", "toast");
  e.append(icon(glyph), make("span", "", text ? `${title} · ${text}` : title));
  $("#toasts").replaceChildren(e);
  window.setTimeout(() => e.remove(), 4000);
}

async function save(e: Event): Promise<void> {
  e.preventDefault();
  const key = own?.key;
  if (!own || !key || $<HTMLButtonElement>("[data-save]").disabled) return;
  const v = values();
  const wrong = check(v, today());
  problems(wrong);
  if (wrong.length) return;
  $<HTMLButtonElement>("[data-save]").disabled = true; // a second press is the same form
  try {
    const kept = settle(v, today());
    const id = editing || box.newID();
    const before = editing ? await box.one<box.Form>("forms", editing) : undefined;
    const sealed = await box.seal(key, box.encode(JSON.stringify(kept)), box.formPlace(own.id, id));
    const photos: box.Photo[] = [];
    for (const s of shots.filter((s) => !s.kept)) {
      const p = { id: s.id, box: own.id, form: id, kind: s.kind, size: s.blob.size, original: s.original };
      photos.push({ ...p, ...(await box.seal(key, await s.blob.arrayBuffer(), box.photoPlace(own.id, p))) });
    }
    await box.change(["forms", "photos", "meta"], (at) => {
      at("forms").put({ id, box: own?.id, at: before?.at ?? Date.now(), state: "kept", ...sealed });
      photos.forEach((p) => at("photos").put(p));
      at("meta").delete("draft");
    });
    toast(t(editing ? "edited" : "kept", { name: kept.name }), editing ? "" : t("kept.text", { n: await keptToday() }));
    begin(blank(kept));
    await draw();
    sender.soon();
  } catch (err) {
    tell((err as DOMException).name === "QuotaExceededError" ? t("full") : String(err));
  } finally {
    $<HTMLButtonElement>("[data-save]").disabled = false;
  }
}

async function keptToday(): Promise<number> {
  const start = Date.parse(iso(today()) + "T00:00:00+08:00");
  const mine = (x: { box: string; at: number }) => x.box === own?.id && x.at >= start;
  return (await box.all<box.Form>("forms")).filter(mine).length + (await box.all<box.Receipt>("receipts")).filter((r) => r.kind === "form" && mine(r)).length;
}

/** An empty form for the next person, day and place kept. */
function begin(v: Values): void {
  editing = "";
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

function button(text: string, press: () => void, kind = ""): HTMLButtonElement {
  const b = make("button", ("btn " + kind).trim(), text);
  b.type = "button";
  b.addEventListener("click", press);
  return b;
}

/** What stands above all: how many are unsent, and when sending last went well. */
async function draw(): Promise<void> {
  const [forms, photos, receipts, meta] = await Promise.all([box.all<box.Form>("forms"), box.all<box.Photo>("photos"), box.all<box.Receipt>("receipts"), box.one<box.Meta>("meta", "synced")]);
  const mine = forms.filter((f) => !own || f.box === own.id);
  const pictures = photos.filter((p) => !own || p.box === own.id);
  const n = mine.length;
  $("[data-unsent]").textContent = n || pictures.length ? t("unsent", { n }) + (pictures.length ? " · " + t("photos", { n: pictures.length }) : "") : t("unsent.none");
  $("[data-unsent]").classList.toggle("due", n + pictures.length > 0);
  const last = meta?.at ? t("synced", { at: clockTime(meta.at) }) : t("synced.never");
  $("[data-said]").textContent = status.state === "idle" || status.state === "signin" || status.state === "denied" ? last : `${t(status.state, { s: status.seconds ?? 0 })} · ${last}`;
  document.body.dataset.sending = status.state;
  $('[data-count="outbox"]').textContent = n ? String(n) : "";
  if (status.state === "signin" || status.state === "denied") tell(t(status.state), status.state === "signin");
  else if (own?.key) tell("");
  await drawOutbox(mine, pictures);
  drawReceipts(receipts.filter((r) => !own || r.box === own.id));
  const others = forms.length - mine.length;
  if (others && own?.key && status.state === "idle") tell(t("others", { n: others }));
}

async function drawOutbox(forms: box.Form[], photos: box.Photo[]): Promise<void> {
  const rows = await Promise.all(forms.map(async (f) => {
    const row = make("li", "card isle-item is-" + f.state);
    const v = await read(f);
    const head = make("div", "isle-item-head");
    head.append(make("b", "", v?.name || "••••"), make("span", "tag " + (f.state === "kept" ? "tag-plain" : "tag-error"), t("state." + f.state)));
    const count = photos.filter((p) => p.form === f.id).length;
    row.append(head, make("p", "hint-text", [v ? `${v.township ?? ""} ${v.village ?? ""}`.trim() : "", clockTime(f.at), count ? t("photos", { n: count }) : ""].filter(Boolean).join(" · ")));
    if (f.note && own?.key) row.append(...(await noteOf(f)));
    const buttons = make("div", "btns");
    if (v && f.state !== "conflict") buttons.append(button(t("edit"), () => void edit(f, v)));
    if (f.state === "conflict") buttons.append(button(t("theirs"), () => void settleConflict(f, "theirs")), button(t("again"), () => void settleConflict(f, "again"), "btn-primary"));
    else if (v) buttons.append(button(t("discard"), () => ask(t("discard.ask"), t("discard.yes"), () => void discard(f)), "btn-text")); // its owner only
    row.append(buttons);
    return row;
  }));
  for (const p of photos.filter((p) => p.bad && own?.key)) {
    const row = make("li", "card isle-item is-refused");
    const buttons = make("div", "btns");
    buttons.append(button(t("discard"), () => ask(t("discard.ask"), t("discard.yes"), () => void box.change(["photos"], (at) => at("photos").delete(p.id)).then(draw)), "btn-text"));
    row.append(make("b", "", t("photos", { n: 1 })), make("p", "hint-text", t("photo.bad")), buttons);
    rows.push(row);
  }
  $('[data-list="outbox"]').replaceChildren(...rows);
  show('[data-empty="outbox"]', !rows.length);
  show("[data-send]", !!own?.key);
}

async function read(f: box.Form): Promise<Values | undefined> {
  if (!own?.key || f.box !== own.id) return undefined;
  return JSON.parse(box.decode(await box.open(own.key, f, box.formPlace(f.box, f.id)))) as Values;
}

type Note = { fields: { label: string; detail: string }[]; differences: { label: string; mine: string; theirs: string }[] };

/** Why a form was not taken, or where it differs from what the server has. */
async function noteOf(f: box.Form): Promise<HTMLElement[]> {
  if (!f.note || !own?.key) return [];
  const note = JSON.parse(box.decode(await box.open(own.key, f.note, box.formPlace(f.box, f.id) + "/note"))) as Note;
  if (!note.differences.length) {
    const list = make("ul", "isle-faults");
    list.append(...note.fields.map((x) => make("li", "", [x.label, x.detail].filter(Boolean).join(" "))));
    return [list];
  }
  const table = make("table", "table");
  const head = make("tr");
  head.append(...["field", "mine", "server"].map((k) => {
    const th = make("th", "", t(k));
    th.scope = "col";
    return th;
  }));
  const body = note.differences.map((d) => {
    const tr = make("tr");
    tr.append(make("td", "", d.label), make("td", "", d.mine || "–"), make("td", "", d.theirs || "–"));
    return tr;
  });
  const thead = make("thead");
  const tbody = make("tbody");
  thead.append(head);
  tbody.append(...body);
  table.append(thead, tbody);
  return [table];
}

async function edit(f: box.Form, v: Values): Promise<void> {
  begin(v);
  editing = f.id;
  const photos = (await box.all<box.Photo>("photos")).filter((p) => p.form === f.id);
  for (const p of photos) {
    if (own?.key) shots.push({ id: p.id, kind: p.kind, original: p.original, kept: true, blob: new Blob([await box.open(own.key, p, box.photoPlace(p.box, p))], { type: "image/jpeg" }) });
  }
  drawShots();
  tab("form");
}

async function discard(f: box.Form): Promise<void> {
  const photos = (await box.all<box.Photo>("photos")).filter((p) => p.form === f.id);
  await box.change(["forms", "photos"], (at) => {
    at("forms").delete(f.id);
    photos.forEach((p) => at("photos").delete(p.id));
  });
  toast(t("discarded"));
  await draw();
}

/** Two contents under one id: the server's stands, or mine becomes a form of its own. Both are kept until somebody decides. */
async function settleConflict(f: box.Form, how: "theirs" | "again"): Promise<void> {
  const v = await read(f);
  if (!own?.key || !v) return;
  const key = own.key;
  const photos = (await box.all<box.Photo>("photos")).filter((p) => p.form === f.id);
  if (how === "theirs") {
    await box.change(["forms", "receipts"], (at) => {
      at("forms").delete(f.id);
      at("receipts").put({ id: f.id, box: f.box, kind: "form", outcome: "mine", digest: "", at: Date.now() });
    });
  } else {
    const id = box.newID();
    const sealed = await box.seal(key, box.encode(JSON.stringify(v)), box.formPlace(f.box, id));
    const moved = await Promise.all(photos.map(async (p) => {
      const q = { ...p, id: box.newID(), form: id };
      return { ...q, ...(await box.seal(key, await box.open(key, p, box.photoPlace(p.box, p)), box.photoPlace(p.box, q))) };
    }));
    await box.change(["forms", "photos"], (at) => {
      at("forms").delete(f.id);
      at("forms").put({ id, box: f.box, at: f.at, state: "kept", ...sealed });
      photos.forEach((p) => at("photos").delete(p.id));
      moved.forEach((p) => at("photos").put(p));
    });
  }
  await draw();
  sender.soon();
}

function drawReceipts(list: box.Receipt[]): void {
  list.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
  const rows = list.slice(0, 200).map((r) => {
    const row = make("li", "card isle-receipt");
    row.append(icon(r.kind === "form" ? "check-circle" : "camera"), make("span", "tag tag-ok", t("receipt." + r.outcome)), make("span", "mono grow", r.digest.slice(0, 8)), make("span", "hint-text", clockTime(r.at)));
    return row;
  });
  $('[data-list="receipts"]').replaceChildren(...rows);
  const forms = list.filter((r) => r.kind === "form").length;
  $("[data-total]").textContent = list.length ? t("receipt.total", { n: list.length, forms, photos: list.length - forms }) : "";
  $('[data-count="receipts"]').textContent = list.length ? String(list.length) : "";
  show('[data-empty="receipts"]', !list.length);
  show("[data-note]", list.length > 0);
}

function ask(text: string, yes: string, then: () => void): void {
  const d = make("dialog");
  const title = make("h2", "", text);
  title.id = "ask-title";
  d.setAttribute("aria-labelledby", title.id);
  const buttons = make("div", "btns");
  buttons.append(button(t("back"), () => d.close()), button(yes, () => (d.close(), then()), "btn-danger"));
  d.append(title, buttons);
  d.addEventListener("close", () => d.remove());
  document.body.append(d);
  d.showModal();
}

function tell(text: string, signIn = false): void {
  $("[data-told-text]").textContent = text;
  show("[data-told-link]", signIn);
  show("[data-told]", text !== "");
}

function tab(name: string): void {
  for (const b of document.querySelectorAll<HTMLElement>("[data-tab]")) b.setAttribute("aria-pressed", String(b.dataset.tab === name));
  for (const p of document.querySelectorAll<HTMLElement>("[data-panel]")) p.hidden = p.dataset.panel !== name || (name === "form" && !own?.key);
}

async function keepFile(): Promise<void> {
  const forms = await box.all<box.Form>("forms");
  const from = own ?? (await box.all<box.Box>("boxes")).find((b) => forms.some((f) => f.box === b.id));
  if (!from) return;
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([await box.bundle(from)], { type: "application/octet-stream" }));
  link.download = `${iso(today())}-${forms.filter((f) => f.box === from.id).length}.shanhai`;
  document.body.append(link);
  link.click();
  link.remove();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// The half-written form is sealed as well; it comes back after a crash, and in the other language.
let drafting = 0;
function draft(): void {
  window.clearTimeout(drafting);
  drafting = window.setTimeout(() => void keepDraft(), 800);
}

async function keepDraft(): Promise<void> {
  window.clearTimeout(drafting);
  if (!own?.key || editing) return;
  const sealed = await box.seal(own.key, box.encode(JSON.stringify(values())), own.id + "/draft");
  const id = own.id;
  await box.change(["meta"], (at) => at("meta").put({ id: "draft", box: id, draft: sealed }));
}

async function lastDraft(): Promise<Values | undefined> {
  const m = await box.one<box.Meta>("meta", "draft");
  if (!m?.draft || !own?.key || m.box !== own.id) return undefined;
  return JSON.parse(box.decode(await box.open(own.key, m.draft, own.id + "/draft"))) as Values;
}

const sender = new Sender(() => own, (s) => {
  status = s;
  void draw();
});

/** The store of whoever is signed in; without a network the last one whose pass holds. */
async function enter(): Promise<void> {
  await box.tidy();
  const boxes = await box.all<box.Box>("boxes");
  const last = await box.one<box.Meta>("meta", "box");
  own = boxes.find((b) => b.key && b.id === last?.box) ?? boxes.find((b) => b.key);
  if (own) await work();
  const answer = await sender.account();
  if (answer === "offline" && own) return sender.soon();
  if (answer === "offline" || answer === "signin" || answer === "denied") {
    if (own) sender.soon(); // the sender says what is wrong once there is something to send
    else await locked(boxes, answer);
    return;
  }
  const mine = boxes.filter((b) => b.account === answer.account && answer.hospitals.some((h) => h.id === b.hospital));
  if (own && own.account !== answer.account) {
    await box.lock(); // somebody else signed in on this telephone: what was kept opens for its owner only
    own = undefined;
  }
  const found = own ?? mine.find((b) => b.id === last?.box) ?? mine[0];
  if (found) return openBox(found);
  if (answer.hospitals.length === 1) return setUp(answer.hospitals[0]);
  const select = $<HTMLSelectElement>("#hospital");
  select.replaceChildren(...answer.hospitals.map((h) => new Option(h.name, h.id)));
  show("[data-setup]");
  show("[data-hospitals]");
  $("[data-begin]").addEventListener("click", () => void setUp({ id: select.value, name: select.selectedOptions[0]?.text ?? "" }));
}

async function locked(boxes: box.Box[], why: string): Promise<void> {
  const n = (await box.all<box.Form>("forms")).length;
  await draw();
  show("[data-tabs]", n > 0);
  if (n > 0) tab("outbox");
  show("[data-setup]", boxes.length === 0 || n === 0);
  show("[data-signin]");
  if (n > 0) tell(why === "offline" ? t("expired", { n }) : t(why), why !== "denied");
}

async function openBox(b: box.Box): Promise<void> {
  const pass = await sender.pass(b.id, b.hospital, b.number);
  if (!pass) return;
  await enterBox(await box.unlock(b, pass));
}

async function setUp(hospital: { id: string; name: string }): Promise<void> {
  const id = box.newID();
  const pass: Pass | undefined = await sender.pass(id, hospital.id, 0);
  if (!pass) return;
  await enterBox(await box.makeBox(id, pass, hospital.name));
  if (navigator.storage?.persist && !(await navigator.storage.persist())) toast(t("persist"), "", "warning");
}

async function enterBox(b: box.Box): Promise<void> {
  const fresh = own?.id !== b.id;
  own = b;
  await box.change(["boxes", "meta"], (at) => {
    at("boxes").put(b);
    at("meta").put({ id: "box", box: b.id });
  });
  show("[data-setup]", false);
  tell("");
  if (fresh) await work();
  sender.soon();
}

async function work(): Promise<void> {
  show("[data-tabs]");
  tab("form");
  begin((await lastDraft()) ?? blank({}));
  await draw();
}

function start(): void {
  if (!window.isSecureContext) return show('[data-why="insecure"]');
  if (!window.indexedDB || !crypto.subtle || !navigator.serviceWorker) return show('[data-why="old"]');
  navigator.serviceWorker.register("/outreach/worker.js", { scope: "/outreach/" }).catch(() => undefined);
  form.addEventListener("submit", (e) => void save(e));
  form.addEventListener("input", (e) => {
    const e1 = e.target as HTMLElement;
    e1.dataset.touched = "1";
    clearError(e1);
    if (!$("#problems").hidden) problems(check(values(), today()), false);
    draft();
  });
  form.addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || (e.target as HTMLElement).tagName === "TEXTAREA") return;
    if (composing(e) || !(e.ctrlKey || e.metaKey)) e.preventDefault(); // Enter of a telephone's keyboard keeps nothing half-written
    if (e.ctrlKey && !composing(e)) form.requestSubmit();
  });
  const card = form.querySelector<HTMLInputElement>("[name=doc_number]");
  card?.addEventListener("input", () => fromCard(card));
  $<HTMLInputElement>("#photo").addEventListener("change", (e) => void photo(e.target as HTMLInputElement));
  document.querySelectorAll<HTMLElement>("[data-tab]").forEach((b) => b.addEventListener("click", () => tab(b.dataset.tab || "")));
  $("[data-send]").addEventListener("click", () => sender.now());
  $("[data-export]").addEventListener("click", () => void keepFile());
  window.addEventListener("online", () => sender.now());
  window.addEventListener("pagehide", () => void keepDraft());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && sender.soon());
  void enter();
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

// Before the scripts of every page read it: the shell was kept on another day.
document.querySelectorAll<HTMLElement>("[data-date]").forEach((e) => (e.dataset.date = iso(today())));
document.querySelectorAll<HTMLElement>("[data-idcard]").forEach((e) => (e.dataset.idcard = iso(today())));
start();
