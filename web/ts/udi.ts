// The label of a medical device: GS1 element strings and HIBC codes, as a
// scanner types them. The server decides; this only shows at once what was read.
// The rules are tested with the labels of internal/domain/device/testdata, which
// the server's rules share.

export type Label = {
  scheme: string;
  di: string;
  ref: string;
  lot: string;
  serial: string;
  expiry: string;
  produced: string;
  quantity: number;
  link: string;
  own: string;
};
export type Fault = { fault: string; ai: string };
export type Reading = { label: Label | null; fault: Fault | null; lines: number[] };

const MAX = 300;
const GS = "\x1d";

function blank(scheme: string): Label {
  return { scheme, di: "", ref: "", lot: "", serial: "", expiry: "", produced: "", quantity: 0, link: "", own: "" };
}

class Wrong extends Error {
  constructor(
    public code: string,
    public ai = "",
  ) {
    super(code);
  }
}

/** Application identifiers: shortest and longest value, digits only, what it is. */
const table: Record<string, [number, number, boolean, string?]> = {
  "00": [18, 18, true], "01": [14, 14, true, "di"], "02": [14, 14, true], "10": [1, 20, false, "lot"], "11": [6, 6, true, "produced"], "12": [6, 6, true],
  "13": [6, 6, true], "15": [6, 6, true], "16": [6, 6, true], "17": [6, 6, true, "expiry"], "20": [2, 2, true], "21": [1, 20, false, "serial"],
  "22": [1, 20, false], "30": [1, 8, true, "quantity"], "37": [1, 8, true], "240": [1, 30, false, "ref"], "241": [1, 30, false], "242": [1, 6, true],
  "250": [1, 30, false], "251": [1, 30, false], "400": [1, 30, false], "410": [13, 13, true], "414": [13, 13, true], "422": [3, 3, true],
  "7003": [10, 10, true], "8004": [1, 30, false], "8012": [1, 20, false], "8013": [1, 25, false], "90": [1, 30, false],
};
for (const ai of ["710", "711", "712", "713", "714", "715"]) table[ai] = [1, 20, false];
for (let n = 91; n <= 99; n++) table[String(n)] = [1, 90, false];

const digits = (s: string): boolean => /^[0-9]+$/.test(s);
const two = (n: number): string => String(n).padStart(2, "0");

function identifier(s: string): string {
  for (let n = 2; n <= 4 && n <= s.length; n++) if (table[s.slice(0, n)]) return s.slice(0, n);
  return "";
}

/** The last digit of a trade item number: weights 3 and 1 from the right. */
export function validGTIN(s: string): boolean {
  let sum = 0;
  for (let i = 0; i < s.length - 1; i++) sum += ((s.length - i) % 2 === 1 ? 1 : 3) * Number(s[i]);
  return (10 - (sum % 10)) % 10 === Number(s[s.length - 1]);
}

/** A day; day 0 is the last one of the month. Empty when there is none. */
function dayOf(y: number, m: number, d: number): string {
  if (m < 1 || m > 12 || y < 1) return "";
  const last = new Date(Date.UTC(2000, m, 0)).getUTCDate();
  const leap = (y % 4 === 0 && y % 100 !== 0) || y % 400 === 0;
  const days = m === 2 ? (leap ? 29 : 28) : last;
  if (d === 0) d = days;
  if (d > days) return "";
  return String(y).padStart(4, "0") + "-" + two(m) + "-" + two(d);
}

function century(yy: number, today: string): number {
  const now = Number(today.slice(0, 4));
  const year = now - (now % 100) + yy;
  if (year - now > 50) return year - 100;
  if (now - year >= 50) return year + 100;
  return year;
}

function must(day: string, ai = ""): string {
  if (!day) throw new Wrong("date", ai);
  return day;
}

/** Reads one scan, or the line printed under the code. */
export function parse(text: string, today: string): Label | Fault {
  try {
    return read(text, today);
  } catch (e) {
    if (e instanceof Wrong) return { fault: e.code, ai: e.ai };
    throw e;
  }
}

function read(text: string, today: string): Label {
  if (text.length > 4 * MAX) throw new Wrong("long");
  let s = text.normalize("NFKC").replace(/<GS>|<gs>|\{GS\}|\[GS\]|<FNC1>|\{FNC1\}|\u241d|\^\]/g, GS);
  s = s.replace(/[\p{Cf}\r\n\t]/gu, "").replace(/^ +| +$/g, "");
  let gs1 = false;
  const m = /^\]([A-Za-z][0-9])/.exec(s);
  if (m) {
    gs1 = ["C1", "e0", "d2", "Q3", "J1"].includes(m[1]);
    s = s.slice(3);
  }
  if (s.startsWith(GS)) gs1 = true;
  s = s.replace(/^[\x1d ]+|[\x1d ]+$/g, "");
  if (!s) throw new Wrong("empty");
  if (!/^[\x1d -~]+$/.test(s)) throw new Wrong("chars");
  if (s.length > MAX) throw new Wrong("long");
  if (s[0] === "+" || s.startsWith("*+")) return hibc(s, today);
  if (s[0] === "(") return printed(s, today);
  if (!/[0-9]/.test(s[0])) throw new Wrong("scheme");
  if (!gs1 && digits(s) && s.length >= 12 && s.length <= 14) {
    if (validGTIN(s)) return { ...blank("gtin"), di: s.padStart(14, "0") };
    if (s.startsWith("01")) return elements(s, today);
    try {
      return elements(s, today);
    } catch {
      throw new Wrong("check");
    }
  }
  return elements(s, today);
}

function elements(s: string, today: string): Label {
  const l = blank("gs1");
  const seen: Record<string, string> = {};
  for (s = s.replace(/[ |^]/g, GS).replace(/^\x1d+/, ""); s; s = s.replace(/^\x1d+/, "")) {
    const ai = identifier(s);
    if (!ai) throw new Wrong("ai", s.slice(0, 2));
    const [min, max] = table[ai];
    const rest = s.slice(ai.length);
    let value = rest.split(GS, 1)[0];
    if (min === max && value.length > max) value = value.slice(0, max);
    take(l, ai, value, seen, today);
    s = rest.slice(value.length);
  }
  return named(l);
}

function printed(s: string, today: string): Label {
  const l = blank("gs1");
  const seen: Record<string, string> = {};
  // A bracket inside a lot number is no identifier, unless it stands first.
  const at = [...s.matchAll(/\(([0-9]{2,4})\)/g)].filter((m, i) => table[m[1]] || i === 0);
  if (!at.length || at[0].index !== 0) throw new Wrong("ai", s.slice(0, 4));
  at.forEach((m, i) => {
    if (!table[m[1]]) throw new Wrong("ai", m[1]);
    const end = i + 1 < at.length ? at[i + 1].index : s.length;
    take(l, m[1], s.slice((m.index as number) + m[0].length, end).replace(/^[\x1d ]+|[\x1d ]+$/g, ""), seen, today);
  });
  return named(l);
}

function take(l: Label, ai: string, value: string, seen: Record<string, string>, today: string): void {
  const [min, max, numeric, keep] = table[ai];
  if (value.length < min) throw new Wrong("cut", ai);
  if (numeric && !digits(value)) throw new Wrong("digits", ai);
  if (value.length > max) throw new Wrong("separator", ai);
  if (!/^[!"%&'()*+,\-./0-9:;<=>?A-Z_a-z]*$/.test(value)) throw new Wrong("chars", ai);
  if (seen[ai] !== undefined && seen[ai] !== value) throw new Wrong("twice", ai);
  seen[ai] = value;
  switch (keep) {
    case "di":
      if (!validGTIN(value)) throw new Wrong("check", ai);
      l.di = value;
      break;
    case "lot":
    case "serial":
    case "ref":
      l[keep] = value;
      break;
    case "quantity":
      l.quantity = Number(value);
      break;
    case "expiry":
    case "produced":
      l[keep] = must(dayOf(century(+value.slice(0, 2), today), +value.slice(2, 4), +value.slice(4, 6)), ai);
  }
}

const told = (l: Label): boolean => !!(l.lot || l.serial || l.expiry);

function named(l: Label): Label {
  if (!l.di && !l.ref && !l.produced && !told(l)) throw new Wrong("none");
  return l;
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";

/** Takes the check character off a HIBC code; null when it is wrong. */
function checked(s: string): string | null {
  let sum = 0;
  for (const c of s.slice(0, -1)) {
    const v = alphabet.indexOf(c);
    if (v < 0) throw new Wrong("chars");
    sum += v;
  }
  return alphabet[sum % 43] === s[s.length - 1] ? s.slice(0, -1) : null;
}

function hibc(text: string, today: string): Label {
  const s = text.replace(/^\*+|\*+$/g, "").toUpperCase().replace(/_/g, " ");
  if (s.length < 4) throw new Wrong("cut");
  let whole = s;
  let body = checked(whole);
  if (body === null) {
    whole = s + " "; // the check character may be a space, which got lost
    body = checked(whole);
  }
  if (body === null) throw new Wrong("hibc_check");
  body = body.slice(1);
  const l = blank("hibc");
  if (body === "" || /[$0-9]/.test(body[0])) {
    if (body.length < 3) throw new Wrong("cut");
    l.link = body[body.length - 1];
    body = body.slice(0, -1);
  } else {
    const slash = body.indexOf("/");
    const first = slash < 0 ? body : body.slice(0, slash);
    const m = /^([A-Z][A-Z0-9]{3})([A-Z0-9]{1,18})([0-9])$/.exec(first);
    if (!m) throw new Wrong("hibc_form");
    l.di = m[1] + m[2] + m[3];
    l.ref = m[2];
    if (slash < 0) {
      l.own = whole[whole.length - 1];
      return l;
    }
    body = body.slice(slash + 1);
  }
  body.split("/").forEach((part, i) => supplement(l, part, i === 0, today));
  return l;
}

type Kept = "lot" | "serial";

function keep(l: Label, to: Kept, value: string): void {
  if (value.length > 18) throw new Wrong("hibc_form");
  l[to] = value;
}

function supplement(l: Label, part: string, first: boolean, today: string): void {
  if (first && part.startsWith("$$+")) return dated(l, part.slice(3), "serial", today);
  if (first && part.startsWith("$$")) return dated(l, part.slice(2), "lot", today);
  if (first && part.startsWith("$+")) return keep(l, "serial", part.slice(2));
  if (first && part.startsWith("$")) return keep(l, "lot", part.slice(1));
  if (first && /^[0-9]{5}/.test(part)) return julian(l, part, "lot", today);
  if (part.startsWith("14D") || part.startsWith("16D")) {
    const d = part.slice(3);
    if (d.length !== 8 || !digits(d)) throw new Wrong("cut");
    l[part.startsWith("14D") ? "expiry" : "produced"] = must(dayOf(+d.slice(0, 4), +d.slice(4, 6), +d.slice(6, 8)));
    return;
  }
  if (part.startsWith("S")) return keep(l, "serial", part.slice(1));
  if (/^Q[0-9]{1,5}$/.test(part)) {
    l.quantity = Number(part.slice(1));
    return;
  }
  throw new Wrong("hibc_form");
}

const forms: Record<string, number> = { "2": 6, "3": 6, "4": 8, "5": 5, "6": 7, "7": 0 };

function dated(l: Label, s: string, to: Kept, today: string): void {
  const size = s[0] === "8" ? 2 : s[0] === "9" ? 5 : 0;
  if (size) {
    if (s.length < 1 + size) throw new Wrong("cut");
    if (!digits(s.slice(1, 1 + size))) throw new Wrong("digits");
    l.quantity = Number(s.slice(1, 1 + size));
    s = s.slice(1 + size);
  }
  if (!s) return;
  const flag = s[0];
  const n = forms[flag];
  if (n === undefined) {
    if (s.length < 4) throw new Wrong("cut");
    if (!digits(s.slice(0, 4))) throw new Wrong("digits");
    l.expiry = must(dayOf(century(+s.slice(2, 4), today), +s.slice(0, 2), 0));
    return keep(l, to, s.slice(4));
  }
  s = s.slice(1);
  if (s.length < n) throw new Wrong("cut");
  const day = s.slice(0, n);
  const rest = s.slice(n);
  if (n && !digits(day)) throw new Wrong("digits");
  if (flag === "5" || flag === "6") return julian(l, day.slice(0, 5) + rest, to, today);
  if (flag === "2") l.expiry = must(dayOf(century(+day.slice(4, 6), today), +day.slice(0, 2), +day.slice(2, 4)));
  if (flag === "3" || flag === "4") l.expiry = must(dayOf(century(+day.slice(0, 2), today), +day.slice(2, 4), +day.slice(4, 6)));
  keep(l, to, rest);
}

function julian(l: Label, s: string, to: Kept, today: string): void {
  const y = century(+s.slice(0, 2), today);
  const n = +s.slice(2, 5);
  const t = new Date(Date.UTC(y, 0, n));
  if (n === 0 || t.getUTCFullYear() !== y) throw new Wrong("date");
  l.expiry = dayOf(y, t.getUTCMonth() + 1, t.getUTCDate());
  keep(l, to, s.slice(5));
}

/** Puts two codes of one sticker together, or says why they are not one. */
function join(a: Label, b: Label): Label | string {
  if ((b.link && a.own && b.link !== a.own) || (a.link && b.own && a.link !== b.own)) return "link";
  const out = { ...a };
  for (const k of ["di", "ref", "lot", "serial", "own", "link", "expiry", "produced"] as const) {
    if (a[k] && b[k] && a[k] !== b[k]) return "twice";
    out[k] = a[k] || b[k];
  }
  out.quantity = a.quantity || b.quantity;
  if (a.scheme === "gtin") out.scheme = b.scheme;
  return out;
}

/** Reads scans in their order; two codes of one sticker become one reading. */
export function readAll(scans: string[], today: string): Reading[] {
  const out: Reading[] = [];
  scans.forEach((text, i) => {
    if (!text.trim()) return;
    const l = parse(text, today);
    if ("fault" in l) {
      out.push({ label: null, fault: l, lines: [i] });
      return;
    }
    const last = out[out.length - 1];
    if (last?.label && wants(last.label, l)) {
      const joined = join(last.label, l);
      if (typeof joined !== "string") {
        last.label = joined;
        last.lines.push(i);
        return;
      }
      if (joined === "link") {
        out.push({ label: null, fault: { fault: "link", ai: "" }, lines: [i] });
        return;
      }
    }
    out.push({ label: l, fault: null, lines: [i] });
  });
  return out;
}

function wants(a: Label, b: Label): boolean {
  if (a.di && told(a)) return false;
  return a.di ? !b.di : !!b.di || !(b.di && told(b));
}
