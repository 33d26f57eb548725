// The island: what the pages that work without a network have in common. One
// store, sealed, one list of what is unsent, one list of receipts, one way to
// settle what differs. What a page itself asks stands in outreach.ts and
// theatre.ts. What is on the screen is what is in the store.
import { clearError, icon, make } from "./dom";
import { Day, iso } from "./date";
import * as box from "./outbox";
import { Pass } from "./outbox";
import { drawPlaces, Place, places } from "./place";
import { Sender, Status } from "./send";

const texts = JSON.parse(document.getElementById("outreach-texts")?.textContent || "{}") as Record<string, string>;
export const t = (key: string, values: Record<string, string | number> = {}): string => (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, n: string) => String(values[n] ?? ""));
export const $ = <T extends HTMLElement>(selector: string): T => document.querySelector<T>(selector) as T;
export const show = (selector: string, on = true): void => void ($(selector).hidden = !on);

/** Today in the villages, whatever the clock of the telephone is set to. */
export function today(): Day {
  const d = new Date(Date.now() + 8 * 36e5);
  return { y: d.getUTCFullYear(), m: d.getUTCMonth() + 1, d: d.getUTCDate() };
}

export const clockTime = (at: number): string => new Date(at + 8 * 36e5).toISOString().slice(5, 16).replace("T", " ");

/** What a form holds: what the server is sent, and by whose name the list tells it. */
export type Body = Record<string, unknown>;
export type Wrong = { name: string; key: string };

/** What a page of the island brings of its own. */
export type Page = {
  kind: box.Kind;
  values(): Body; // as they stand in the boxes, for the draft
  begin(from: Body | undefined): void | Promise<void>; // an empty form, or the draft
  edit(f: box.Form, body: Body): Promise<void>;
  opened?(own: box.Box): Promise<void>; // the server was reached
  busy(): boolean; // something is on the screen that no store keeps
};

let page: Page;
let own: box.Box | undefined; // whose key is here
let open: box.Box[] = []; // the stores of the account that are open, of other hospitals too
let offered: Place[] = []; // where the account works, as the server last said
let editing = ""; // id of the form that is being changed
let status: Status = { state: "idle" };

export const form = $<HTMLFormElement>("#form");
export const owner = (): box.Box | undefined => own;
export const setChanged = (id: string): void => void (editing = id);

export function problems(wrong: Wrong[], focus = true): void {
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

export function toast(title: string, text = "", glyph = "check-circle"): void {
  const e = make("div", "toast");
  e.append(icon(glyph), make("span", "", text ? `${title} · ${text}` : title));
  $("#toasts").replaceChildren(e);
  window.setTimeout(() => e.remove(), 4000);
}

/** Keeps a form with its photos; what was half-written is done with. */
export async function keep(body: Body, photos: (key: CryptoKey, form: string, own: box.Box) => Promise<box.Photo[]> = async () => []): Promise<boolean> {
  const key = own?.key;
  const save = $<HTMLButtonElement>("[data-save]");
  if (!own || !key || save.disabled) return false;
  save.disabled = true; // a second press is the same form
  try {
    const id = editing || box.newID();
    const before = editing ? await box.one<box.Form>("forms", editing) : undefined;
    const f = { id, box: own.id, at: before?.at ?? Date.now(), state: "kept" as const, ...(page.kind ? { kind: page.kind } : {}) };
    const sealed = await box.seal(key, box.encode(JSON.stringify(body)), box.formPlace(f));
    const pictures = await photos(key, id, own);
    await box.change(["forms", "photos", "meta"], (at) => {
      at("forms").put({ ...f, ...sealed });
      pictures.forEach((p) => at("photos").put(p));
      at("meta").delete(draftName());
      at("meta").delete(box.besideName(draftName(), f.box));
    });
    window.clearTimeout(drafting);
    toast(t(editing ? "edited" : "kept", { name: String(body.name) }), editing ? "" : t("kept.text", { n: await keptToday() }));
    return true;
  } catch (err) {
    tell((err as DOMException).name === "QuotaExceededError" ? t("full") : String(err));
    return false;
  } finally {
    save.disabled = false;
  }
}

async function keptToday(): Promise<number> {
  const start = Date.parse(iso(today()) + "T00:00:00+08:00");
  const mine = (x: { box: string; at: number }) => x.box === own?.id && x.at >= start;
  return (await box.all<box.Form>("forms")).filter((f) => mine(f) && (f.kind ?? "") === page.kind).length + (await box.all<box.Receipt>("receipts")).filter((r) => r.kind === (page.kind || "form") && mine(r)).length;
}

export function button(text: string, press: () => void, kind = ""): HTMLButtonElement {
  const b = make("button", ("btn " + kind).trim(), text);
  b.type = "button";
  b.addEventListener("click", press);
  return b;
}

/** What stands above all: how many are unsent, and when sending last went well. */
export async function draw(): Promise<void> {
  const [forms, photos, receipts, meta] = await Promise.all([box.all<box.Form>("forms"), box.all<box.Photo>("photos"), box.all<box.Receipt>("receipts"), box.one<box.Meta>("meta", "synced")]);
  open = own ? [own, ...(await box.all<box.Box>("boxes")).filter((b) => b.id !== own?.id && b.account === own?.account && b.key)] : [];
  const here = (x: { box: string }) => !own || open.some((b) => b.id === x.box);
  const mine = forms.filter(here);
  const pictures = photos.filter(here);
  const n = mine.length;
  const fresh = !meta?.at && !n && !pictures.length; // nothing was ever kept: nothing was sent, and nothing waits
  $("[data-unsent]").textContent = n || pictures.length ? t("unsent", { n }) + (pictures.length ? " · " + t("photos", { n: pictures.length }) : "") : t(fresh ? "unsent.idle" : "unsent.none");
  $("[data-unsent]").classList.toggle("due", n + pictures.length > 0);
  const last = meta?.at ? t("synced", { at: clockTime(meta.at) }) : fresh ? "" : t("synced.never");
  $("[data-said]").textContent = status.state === "idle" || status.state === "signin" || status.state === "denied" ? last : [t(status.state, { s: status.seconds ?? 0 }), last].filter(Boolean).join(" · ");
  document.body.dataset.sending = status.state;
  $('[data-count="outbox"]').textContent = n ? String(n) : "";
  if (status.state === "signin" || status.state === "denied") tell(t(status.state), status.state === "signin");
  else if (own?.key) tell("");
  await drawOutbox(mine, pictures);
  drawReceipts(receipts.filter(here));
  await drawPlaces(own, offered, (to) => void move(to));
  const others = forms.length - mine.length;
  if (others && own?.key && status.state === "idle") tell(t("others", { n: others }));
}

async function drawOutbox(forms: box.Form[], photos: box.Photo[]): Promise<void> {
  const rows = await Promise.all(forms.map(async (f) => {
    const row = make("li", "card isle-item is-" + f.state);
    const v = await read(f);
    const head = make("div", "isle-item-head");
    head.append(make("b", "", String(v?.name || "••••")), make("span", "tag " + (f.state === "kept" ? "tag-plain" : "tag-error"), t("state." + f.state)));
    const count = photos.filter((p) => p.form === f.id).length;
    row.append(head, make("p", "hint-text", [v ? told(v) : "", clockTime(f.at), count ? t("photos", { n: count }) : ""].filter(Boolean).join(" · ")));
    row.append(...(await noteOf(f)));
    const buttons = make("div", "btns");
    const elsewhere = open.find((b) => b.id === f.box && b.id !== own?.id); // changed and settled where it belongs
    if (elsewhere) buttons.append(button(elsewhere.hospitalName, () => void move({ id: elsewhere.hospital, name: elsewhere.hospitalName })));
    else if (v && f.state !== "conflict") buttons.append(button(t("edit"), () => void change(f, v)));
    if (elsewhere) row.classList.add("is-elsewhere");
    else if (f.state === "conflict") buttons.append(button(t("theirs"), () => void settleConflict(f, "theirs")), button(t("again"), () => void settleConflict(f, "again"), "btn-primary"));
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

/** Where somebody was screened, or what was done to them. */
const told = (v: Body): string => String(v.what ?? `${v.township ?? ""} ${v.village ?? ""}`.trim());

export async function read(f: box.Form): Promise<Body | undefined> {
  const key = keyOf(f);
  return key ? (JSON.parse(box.decode(await box.open(key, f, box.formPlace(f)))) as Body) : undefined;
}

const keyOf = (f: box.Form): CryptoKey | undefined => (f.box === own?.id ? own : open.find((b) => b.id === f.box))?.key;

type Note = { standing?: string; fields: { label: string; detail: string }[]; differences: { label: string; mine: string; theirs: string }[] };

async function readNote(f: box.Form): Promise<Note | undefined> {
  const key = keyOf(f);
  return f.note && key ? (JSON.parse(box.decode(await box.open(key, f.note, box.formPlace(f) + "/note"))) as Note) : undefined;
}

/** Why a form was not taken, or where it differs from what the server has. */
async function noteOf(f: box.Form): Promise<HTMLElement[]> {
  const note = await readNote(f);
  if (!note) return [];
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

/** Changes a form that is kept, on the page that asks for it. */
async function change(f: box.Form, v: Body): Promise<void> {
  if ((f.kind ?? "") !== page.kind) return void (location.href = $<HTMLAnchorElement>("[data-other]").href + "#" + f.id);
  problems([]);
  await page.edit(f, v);
  editing = f.id;
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
  /** The photos go along; a photo opens only where it was sealed to. */
  const along = (form: string) => Promise.all(photos.map(async (p) => {
    const q = { ...p, id: box.newID(), form };
    return { ...q, ...(await box.seal(key, await box.open(key, p, box.photoPlace(p.box, p)), box.photoPlace(p.box, q))) };
  }));
  const swap = (at: (s: "photos") => IDBObjectStore, moved: box.Photo[]) => {
    photos.forEach((p) => at("photos").delete(p.id));
    moved.forEach((p) => at("photos").put(p));
  };
  if (how === "theirs") {
    const standing = (await readNote(f))?.standing; // an operation somebody else wrote down has another id
    const moved = standing ? await along(standing) : photos;
    await box.change(["forms", "photos", "receipts"], (at) => {
      at("forms").delete(f.id);
      swap(at, moved);
      at("receipts").put({ id: f.id, box: f.box, kind: f.kind ?? "form", outcome: "mine", digest: "", at: Date.now() });
    });
  } else {
    const next = { ...f, id: box.newID(), state: "kept" as const, note: undefined };
    const body = f.kind === "operation" ? { ...v, both: true } : v; // both operations were done: it was looked at
    const sealed = await box.seal(key, box.encode(JSON.stringify(body)), box.formPlace(next));
    const moved = await along(next.id);
    await box.change(["forms", "photos"], (at) => {
      at("forms").delete(f.id);
      at("forms").put({ ...next, ...sealed });
      swap(at, moved);
    });
  }
  await draw();
  sender.soon();
}

function drawReceipts(list: box.Receipt[]): void {
  list.sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1));
  const rows = list.slice(0, 200).map((r) => {
    const row = make("li", "card isle-receipt");
    row.append(icon(r.kind === "photo" ? "camera" : "check-circle"), make("span", "tag tag-ok", t("receipt." + r.outcome)), make("span", "mono grow", r.digest.slice(0, 8)), make("span", "hint-text", clockTime(r.at)));
    return row;
  });
  $('[data-list="receipts"]').replaceChildren(...rows);
  const count = (kind: string) => list.filter((r) => r.kind === kind).length;
  const sum = { n: list.length, forms: count("form"), operations: count("operation"), photos: count("photo") };
  $("[data-total]").textContent = list.length ? t(sum.operations ? "receipt.total.theatre" : "receipt.total", sum) : "";
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

export function tell(text: string, signIn = false): void {
  $("[data-told-text]").textContent = text;
  show("[data-told-link]", signIn);
  show("[data-told]", text !== "");
}

export function tab(name: string): void {
  for (const b of document.querySelectorAll<HTMLElement>("[data-tab]")) b.setAttribute("aria-pressed", String(b.dataset.tab === name));
  for (const p of document.querySelectorAll<HTMLElement>("[data-panel]")) p.hidden = p.dataset.panel !== name || (name === "form" && !own?.key);
}

/** A file for each store: what is in one opens with the key of its hospital. */
async function keepFile(): Promise<void> {
  const forms = await box.all<box.Form>("forms");
  const photos = await box.all<box.Photo>("photos");
  const full = (b: box.Box) => forms.some((f) => f.box === b.id) || photos.some((p) => p.box === b.id);
  const first = own ?? (await box.all<box.Box>("boxes")).find(full);
  if (!first) return;
  for (const from of [first, ...open.filter((b) => b.id !== first.id && full(b))]) {
    const link = make("a");
    link.href = URL.createObjectURL(new Blob([await box.bundle(from)], { type: "application/octet-stream" }));
    link.download = `${iso(today())}-${forms.filter((f) => f.box === from.id).length}.shanhai`;
    document.body.append(link);
    link.click();
    link.remove();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }
}

// The half-written form is sealed as well; it comes back after a crash, and in the other language.
let drafting = 0;
const draftName = (): string => "draft" + page.kind;

function draft(): void {
  window.clearTimeout(drafting);
  drafting = window.setTimeout(() => void keepDraft(), 800);
}

async function keepDraft(): Promise<void> {
  window.clearTimeout(drafting);
  if (own?.key && !editing) await keepSealed(draftName(), page.values());
}

/** What was half-written is given up. */
export function dropDraft(): Promise<void> {
  window.clearTimeout(drafting);
  return box.change(["meta"], (at) => [draftName(), box.besideName(draftName(), own?.id ?? "")].forEach((id) => at("meta").delete(id)));
}

/** Keeps something beside the forms; signing out and a pass that ends take it away. */
export async function keepSealed(id: string, body: unknown): Promise<void> {
  if (!own?.key) return;
  const name = own.id; // of whoever was here when it began
  const draft = await box.seal(own.key, box.encode(JSON.stringify(body)), `${name}/${id}`);
  await box.change(["meta"], (at) => at("meta").put({ id: box.besideName(id, name), box: name, at: Date.now(), draft }));
}

export async function readSealed<T>(id: string): Promise<T | undefined> {
  const mine = own;
  if (!mine?.key) return undefined;
  const m = (await box.one<box.Meta>("meta", box.besideName(id, mine.id))) ?? (await box.one<box.Meta>("meta", id)); // from before there was one for each store
  if (!m?.draft || m.box !== mine.id) return undefined;
  return JSON.parse(box.decode(await box.open(mine.key, m.draft, `${mine.id}/${id}`))) as T;
}

export const sender = new Sender(() => own, (s) => {
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
  theatres = answer.theatre;
  offered = answer.hospitals.filter((h) => !page.kind || theatre(h.id));
  if (found) return openBox({ ...found, theatre: theatre(found.hospital) });
  if (!offered.length) return tell(t("theatre.denied"));
  if (offered.length === 1) return setUp(offered[0], theatre(offered[0].id));
  const select = $<HTMLSelectElement>("#hospital");
  select.replaceChildren(...offered.map((h) => new Option(h.name, h.id)));
  show("[data-setup]");
  show("[data-hospitals]");
  $("[data-begin]").addEventListener("click", () => void setUp({ id: select.value, name: select.selectedOptions[0]?.text ?? "" }, theatre(select.value)));
}

let theatres: string[] = [];
const theatre = (hospital: string): boolean => theatres.includes(hospital);

/** To the store of another hospital. What is unsent stays where it is, and is sent
 * from here as well; what is half-written waits there. */
async function move(to: Place): Promise<void> {
  if (!own || to.id === own.hospital) return;
  if (editing || page.busy()) {
    tab("form");
    return toast(t("place.busy"), "", "warning");
  }
  const account = own.account;
  await keepDraft();
  const known = (await box.all<box.Box>("boxes")).find((b) => b.account === account && b.hospital === to.id);
  if (known?.key) await enterBox(offered.length ? { ...known, theatre: theatre(to.id) } : known);
  else if (known) await openBox(known);
  else await setUp(to, theatre(to.id));
  if (own.hospital !== to.id) toast(t("place.offline"), "", "warning");
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

async function setUp(hospital: { id: string; name: string }, theatre: boolean): Promise<void> {
  const id = box.newID();
  const pass: Pass | undefined = await sender.pass(id, hospital.id, 0);
  if (!pass) return;
  await enterBox({ ...(await box.makeBox(id, pass, hospital.name)), theatre });
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
  show("[data-other]", page.kind !== "" || !!b.theatre);
  if (fresh) await work();
  await page.opened?.(b);
  sender.soon();
}

async function work(): Promise<void> {
  show("[data-tabs]");
  show("[data-other]", page.kind !== "" || !!own?.theatre);
  tab("form");
  await page.begin(await readSealed<Body>(draftName()));
  await draw();
  const asked = location.hash ? await box.one<box.Form>("forms", location.hash.slice(1)) : undefined;
  const body = asked && asked.state !== "conflict" ? await read(asked) : undefined;
  if (location.hash) history.replaceState(null, "", location.pathname);
  if (asked && body) await change(asked, body);
}

export function start(p: Page): void {
  page = p;
  // Before the scripts of every page read it: the shell was kept on another day.
  document.querySelectorAll<HTMLElement>("[data-date]").forEach((e) => (e.dataset.date = iso(today())));
  document.querySelectorAll<HTMLElement>("[data-idcard]").forEach((e) => (e.dataset.idcard = iso(today())));
  if (!window.isSecureContext) return show('[data-why="insecure"]');
  if (!window.indexedDB || !crypto.subtle || !navigator.serviceWorker) return show('[data-why="old"]');
  navigator.serviceWorker.register("/outreach/worker.js", { scope: "/outreach/" }).catch(() => undefined);
  form.addEventListener("input", (e) => {
    clearError(e.target as HTMLElement);
    draft();
  });
  document.querySelectorAll<HTMLElement>("[data-tab]").forEach((b) => b.addEventListener("click", () => tab(b.dataset.tab || "")));
  $("[data-send]").addEventListener("click", () => sender.now());
  $("[data-export]").addEventListener("click", () => void keepFile());
  window.addEventListener("online", () => sender.now());
  window.addEventListener("pagehide", () => void keepDraft());
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && sender.soon());
  places();
  void enter();
}
