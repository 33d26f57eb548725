// The page of the theatre without a network: the day's list as it was loaded, and
// the record of an operation for somebody on it. What keeps and sends it is the
// island's. The server decides everything; here only what is missing is said.
import { make } from "./dom";
import { iso, parseDay } from "./date";
import * as box from "./outbox";
import { $, Body, draw, form, keep, keepSealed, owner, problems, read, readSealed, sender, setChanged, show, start, t, tell, today, Wrong, dropDraft } from "./island";
import * as shots from "./shots";

type Case = { treatment: string; name: string; who: string; programme: string; kind: string; side: string; lead: string; known: string[] };
type Habit = { kind: string; anaesthesia: string[]; fixation: string; access: string };
type List = { day: string; self: string; doctors: { id: string; name: string }[]; cases: Case[]; habits: Record<string, Habit> };

const several = ["anaesthesia", "indications", "vessels"];
const counts = ["asa", "stage_no", "stents"];
const ticks = ["drug_eluting"];
const people = ["lead_id", "assistant_id", "supervisor_id"];

let list: List | undefined;
let chosen: Case | undefined;
let both = false; // two operations were done, and somebody looked at that

const boxes = (): HTMLInputElement[] => (Array.from(form.elements) as HTMLInputElement[]).filter((e) => e.name);
/** The name of a box without the programme it is asked in; empty for one of another programme. */
function asked(e: HTMLInputElement): string {
  const [programme, name] = e.name.split(".");
  return !name ? programme : programme === chosen?.programme ? name : "";
}

/** What stands in the boxes, by the names the server knows. */
function values(): Body {
  if (!chosen) return {};
  const out: Body = { treatment: chosen.treatment, known: chosen.known, both, name: chosen.name, what: what(chosen) };
  for (const e of boxes()) {
    const name = asked(e);
    if (!name || ((e.type === "radio" || e.type === "checkbox") && !e.checked) || !e.value.trim()) continue;
    if (several.includes(name)) out[name] = [...((out[name] as string[]) ?? []), e.value];
    else if (ticks.includes(name)) out[name] = true;
    else if (counts.includes(name)) out[name] = Number(e.value.normalize("NFKC"));
    else if (name === "scans") out[name] = e.value.split("\n").filter((line) => line.trim());
    else out[name] = e.value;
  }
  out.what = what({ ...chosen, kind: String(out.kind ?? ""), side: String(out.side ?? "") });
  return out;
}

function fill(v: Body): void {
  for (const e of boxes()) {
    const has = v[asked(e)];
    if (e.type === "radio" || e.type === "checkbox") {
      e.checked = Array.isArray(has) ? has.includes(e.value) : has === true || (has !== undefined && String(has) === e.value);
      e.closest(".seg")?.classList.toggle("on", e.checked);
    } else {
      e.value = Array.isArray(has) ? has.join("\n") : String(has ?? "");
      e.dispatchEvent(new Event("input", { bubbles: true }));
    }
  }
}

const labelOf = (name: string, value: string): string => form.querySelector(`[name="${name}"][value="${value}"]`)?.closest("label")?.querySelector("span")?.textContent?.trim() ?? "";

/** What is done, in the words of the form. */
function what(c: Case): string {
  return [c.side && labelOf(c.programme + ".side", c.side), c.kind && labelOf(c.programme + ".kind", c.kind)].filter(Boolean).join(" ");
}

/** What is missing; the boxes say themselves what they need. */
function check(v: Body): Wrong[] {
  const out: Wrong[] = [];
  for (const e of boxes()) {
    const name = asked(e);
    if (name && e.dataset.need && v[name] === undefined && !out.some((w) => w.name === e.name)) out.push({ name: e.name, key: e.dataset.need });
  }
  const on = parseDay(String(v.operated_on ?? ""), today());
  if (v.operated_on && (!on || on === "nosuch")) out.push({ name: "operated_on", key: "date" });
  else if (on && on !== "nosuch" && iso(on) > iso(today())) out.push({ name: "operated_on", key: "future" });
  for (const e of boxes()) if (counts.includes(asked(e)) && Number.isNaN(v[asked(e)])) out.push({ name: e.name, key: "count" });
  return out;
}

async function save(e: Event): Promise<void> {
  e.preventDefault();
  if (!owner()?.key || !chosen) return;
  const v = values();
  const wrong = check(v);
  problems(wrong);
  if (wrong.length) return;
  const on = parseDay(String(v.operated_on), today());
  if (on && on !== "nosuch") v.operated_on = iso(on);
  if (!(await keep(v, shots.sealedShots))) return;
  await back();
  sender.soon();
}

/** Back to the list, for the next case. */
async function back(): Promise<void> {
  chosen = undefined;
  both = false;
  setChanged("");
  problems([]);
  await shots.begin();
  show("[data-case]", false);
  show("[data-day]");
  await draw();
  await cases();
  window.scrollTo(0, 0);
}

/** The form for a case: what the list and the day say is filled in, as on the page with a network. */
function take(c: Case, v?: Body): void {
  chosen = c;
  const habit: Partial<Habit> = list?.habits[c.programme] ?? {};
  const reason = t("theatre.reason");
  document.querySelectorAll<HTMLElement>("[data-for]").forEach((e) => (e.hidden = e.dataset.for !== c.programme));
  doctors();
  fill(v ?? { ...habit, kind: c.kind || habit.kind, side: c.side, lead_id: c.lead || list?.self, operated_on: iso(today()), reason });
  $("[data-who]").textContent = `${c.name} ${c.who}`.trim();
  $("[data-what]").textContent = what(c);
  problems([]);
  void shots.begin();
  show("[data-day]", false);
  show("[data-case]");
  window.scrollTo(0, 0);
}

function doctors(): void {
  for (const name of people) {
    const select = form.querySelector<HTMLSelectElement>(`select[name="${name}"]`);
    if (select) select.replaceChildren(new Option(t("theatre.nobody"), ""), ...(list?.doctors ?? []).map((d) => new Option(d.name, d.id)));
  }
}

/** The day's list, with what is kept and not sent yet. */
async function cases(): Promise<void> {
  const kept = await Promise.all((await box.all<box.Form>("forms")).filter((f) => f.kind === "operation").map(read));
  const rows = (list?.cases ?? []).map((c) => {
    const row = make("li");
    const press = make("button", "card isle-case");
    press.type = "button";
    const head = make("div", "isle-item-head");
    head.append(make("b", "", `${c.name} ${c.who}`));
    if (kept.some((v) => v?.treatment === c.treatment)) head.append(make("span", "tag tag-warn", t("theatre.kept")));
    else if (c.known.length) head.append(make("span", "tag tag-ok", t("theatre.logged")));
    press.append(head, make("p", "hint-text", what(c) || t("theatre.unlisted")));
    press.addEventListener("click", () => take(c));
    row.append(press);
    return row;
  });
  $('[data-list="cases"]').replaceChildren(...rows);
  show('[data-empty="cases"]', !rows.length);
  $("[data-listed]").textContent = list ? t("theatre.listed", { day: list.day, n: rows.length }) : "";
}

/** A half-written record, or the list. */
async function begin(from: Body | undefined): Promise<void> {
  list = await readSealed<List>("list");
  chosen = undefined;
  if (list && list.day !== iso(today())) list = undefined;
  const c = list?.cases.find((x) => x.treatment === from?.treatment);
  if (c) return take(c, from);
  show("[data-case]", false);
  show("[data-day]");
  await cases();
}

async function edit(f: box.Form, v: Body): Promise<void> {
  const known = v.known as string[];
  const c = list?.cases.find((x) => x.treatment === v.treatment);
  const programme = c?.programme ?? programmeOf(String(v.kind));
  take({ treatment: String(v.treatment), name: String(v.name), who: c?.who ?? "", programme, kind: String(v.kind), side: String(v.side ?? ""), lead: "", known }, v);
  both = v.both === true;
  await shots.begin(f.id);
}

const programmeOf = (kind: string): string => form.querySelector<HTMLInputElement>(`input[name$=".kind"][value="${kind}"]`)?.name.split(".")[0] ?? "";

/** With a network the list of today comes anew. It takes no open form away; one that arrives when the doctor has gone elsewhere is left alone. */
async function opened(own: box.Box): Promise<void> {
  if (!own.theatre) return tell(t("theatre.denied"));
  const fresh = await sender.list<List>(own.hospital);
  if (!fresh || owner()?.id !== own.id) return;
  list = fresh;
  await keepSealed("list", fresh);
  await cases();
}

// The box of the scanner reads the day from what the page says; the shell was kept on another.
document.querySelectorAll<HTMLElement>("[data-scan]").forEach((e) => (e.dataset.scan = JSON.stringify({ ...JSON.parse(e.dataset.scan || "{}"), today: iso(today()) })));
form.addEventListener("submit", (e) => void save(e));
form.addEventListener("input", () => !$("#problems").hidden && problems(check(values()), false));
$("[data-back]").addEventListener("click", () => void dropDraft().then(back));
start({ kind: "operation", values, begin, edit, opened, busy: () => !!chosen || shots.loose() });
