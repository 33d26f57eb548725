// What is wrong with a screening can be said in the village, while the person is
// still there. Only what is certain: the server decides, and says the rest. The
// rules are those of internal/domain/screening; both are tested with
// vectors/screening.json.
import { Day, iso, parseDay } from "./date";
import { readID } from "./idcard";

export type Values = Record<string, string>;
export type Wrong = { name: string; key: string };

const has = (v: Values, name: string): boolean => !!(v[name] || "").trim();

/** Age in years, or a day; null for neither. */
export function readBorn(text: string, today: Day): Day | number | null {
  const s = text.normalize("NFKC").trim().replace(/岁$/, "").trim();
  if (/^\d{1,3}$/.test(s)) return Number(s);
  const d = parseDay(s, today);
  return d === "nosuch" ? null : d;
}

/** A blood pressure as it is said, 150/90. */
export function readPressure(text: string): [number, number] | null {
  const m = /^(\d+)\/(\d+)$/.exec(text.normalize("NFKC").replace(/\s+/g, ""));
  return m && +m[1] > 0 && +m[2] > 0 ? [+m[1], +m[2]] : null;
}

export function check(v: Values, today: Day): Wrong[] {
  const out: Wrong[] = [];
  const bad = (name: string, key: string) => out.push({ name, key });
  const pick = (...names: string[]) => names.forEach((n) => has(v, n) || bad(n, "pick"));
  const on = has(v, "screened_on") ? parseDay(v.screened_on, today) : undefined;
  if (on === undefined) bad("screened_on", "missing");
  else if (!on || on === "nosuch") bad("screened_on", "date");
  else if (iso(on) > iso(today)) bad("screened_on", "future");
  if (!has(v, "township") && !has(v, "village")) bad("township", "place");
  if (!has(v, "name")) bad("name", "missing");
  const card = readID(v.doc_number || "", today);
  if (card.state === "check") bad("doc_number", "check");
  else if (card.state !== "ok" && card.state !== "empty") bad("doc_number", "number");
  if (!has(v, "sex") && card.state !== "ok") bad("sex", "pick");
  if (has(v, "birth")) {
    const born = readBorn(v.birth, today);
    if (born === null || (typeof born === "number" ? born > 130 : iso(born) > iso(today))) bad("birth", "born");
  } else if (card.state !== "ok") bad("birth", "born");
  if (has(v, "phone") && v.phone.replace(/\D/g, "").length < 7) bad("phone", "phone");
  pick("programme");
  if (v.programme === "joint") {
    pick("site", "side");
    if (has(v, "pain") && !/^(\d|10)$/.test(v.pain.normalize("NFKC").trim())) bad("pain", "pain");
  }
  if (v.programme === "cataract" && !has(v, "acuity_right") && !has(v, "acuity_left")) bad("acuity_right", "acuity");
  if (v.programme === "coronary") {
    pick("chest_pain");
    const p = has(v, "pressure") ? readPressure(v.pressure) : undefined;
    if (p === null || (p && (p[0] < 50 || p[0] > 300 || p[1] < 20 || p[1] >= p[0]))) bad("pressure", "pressure");
  }
  pick("triage");
  if (v.triage === "SURGERY_ADVISED") {
    pick("answer");
    if (v.answer === "DECLINED") {
      pick("reason");
      if (v.reason === "OTHER" && !has(v, "reason_text")) bad("reason_text", "missing");
    }
  }
  pick("legal_basis");
  if (v.legal_basis === "consent" && !has(v, "consent_note")) bad("consent_note", "missing");
  return out;
}

/** Leaves out what belongs to another choice, and says which day "today" was. */
export function settle(v: Values, today: Day): Values {
  const out = { ...v };
  const on = parseDay(v.screened_on || "", today);
  if (on && on !== "nosuch") out.screened_on = iso(on);
  return out;
}
