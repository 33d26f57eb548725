// Identity number (GB 11643): what it says is shown while it is typed, so that
// birth date, sex and region need not be. The server decides; this only helps.
// A wrong check digit is named but never the right one: the number is to be read
// again from the card, not repaired.
// The rules are tested with vectors/idcard.json, which the server's rules share.
import { each, echo, make, say } from "./dom";
import { Day, iso, toDay, words } from "./date";

export type Reading =
  | { state: "empty" | "chars" }
  | { state: "short"; length: number }
  | { state: "date"; text: string }
  | { state: "check" }
  | { state: "ok"; value: string; region: string; birth: Day; male: boolean };

const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/** The check character of the first seventeen digits (ISO 7064 MOD 11-2). */
export function checkDigit(first17: string): string {
  let sum = 0;
  for (let i = 0; i < 17; i++) sum += Number(first17[i]) * weights[i];
  return "10X98765432"[sum % 11];
}

/** Reads a number; 15-digit ones are lengthened, full width and spaces accepted. */
export function readID(text: string, today: Day): Reading {
  let s = text.normalize("NFKC").replace(/[×✕]/g, "X").replace(/[\s\p{Cf}\p{Pd}−'‘’`"]+/gu, "").toUpperCase();
  if (!s) return { state: "empty" };
  if (!/^\d*X?$/.test(s)) return { state: "chars" };
  if (s.length === 15 && !s.endsWith("X")) {
    const long = s.slice(0, 6) + "19" + s.slice(6);
    s = long + checkDigit(long);
  }
  if (s.length !== 18) return { state: "short", length: s.length };
  const birth = { y: +s.slice(6, 10), m: +s.slice(10, 12), d: +s.slice(12, 14) };
  const t = new Date(Date.UTC(birth.y, birth.m - 1, birth.d));
  const real = birth.y >= 1000 && t.getUTCFullYear() === birth.y && t.getUTCMonth() === birth.m - 1 && t.getUTCDate() === birth.d;
  if (!real) return { state: "date", text: s.slice(6, 14) };
  if (checkDigit(s) !== s[17]) return { state: "check" };
  if (iso(birth) > iso(today)) return { state: "date", text: s.slice(6, 14) };
  return { state: "ok", value: s, region: s.slice(0, 6), birth, male: Number(s[16]) % 2 === 1 };
}

export function age(birth: Day, today: Day): number {
  const before = today.m < birth.m || (today.m === birth.m && today.d < birth.d);
  return today.y - birth.y - (before ? 1 : 0);
}

export function idcards(root: ParentNode): void {
  each(root, "[data-idcard]", (wrap) => {
    const input = wrap.querySelector("input");
    if (!input) return;
    const today = toDay(wrap.dataset.idcard || "");
    const regions = JSON.parse(input.dataset.regions || "{}") as Record<string, string>;
    const mask = masking(wrap, input);
    // Passports and certificates have numbers of their own; the server knows them.
    const kind = input.form?.querySelector<HTMLSelectElement>("[name=doc_kind]");
    const show = () => {
      const plain = !!kind && kind.value !== "citizen" && kind.value !== "hmt";
      const r: Reading = plain ? { state: "empty" } : readID(input.value, today);
      facts(wrap, r, today, regions);
      if (r.state === "ok") echo(input, "✓ " + say("id.ok"));
      else if (r.state === "check") echo(input, say("id.check"), true);
      else if (r.state === "date") echo(input, say("id.date", { date: r.text }), true);
      else if (r.state === "chars") echo(input, say("id.chars"), true);
      else if (r.state === "short") echo(input, say("id.short", { n: r.length }));
      else echo(input, "");
      mask(r.state === "ok" ? r.value : "");
    };
    input.addEventListener("input", show);
    kind?.addEventListener("change", show);
    if (input.value && !input.closest(".bad-field")) show();
  });
}

/** Birth, sex, age and region under the field; other inputs of the form follow. */
function facts(wrap: HTMLElement, r: Reading, today: Day, regions: Record<string, string>): void {
  const field = wrap.closest(".field");
  if (!field) return;
  if (field.nextElementSibling?.matches("[data-facts]")) field.nextElementSibling.remove();
  if (r.state !== "ok") return;
  const box = make("div", "facts");
  const list = make("dl");
  box.dataset.facts = "";
  const add = (key: string, value: string) => {
    const pair = make("div");
    pair.append(make("dt", "", say(key)), make("dd", "", value));
    list.append(pair);
  };
  add("sex", say(r.male ? "male" : "female"));
  add("birth", words(r.birth, false));
  add("age", say("age.years", { n: age(r.birth, today) }));
  add("region", ((regions[r.region] || "") + " " + r.region).trim());
  box.append(list, make("span", "right", say("derived")));
  field.after(box);
  follow(wrap, r);
}

/** Fills the inputs a page marks as following the number, unless typed into. */
function follow(wrap: HTMLElement, r: Reading): void {
  const form = wrap.closest("form");
  if (!form || r.state !== "ok") return;
  const values: Record<string, string> = { birth: iso(r.birth), sex: r.male ? "male" : "female", region: r.region };
  form.querySelectorAll<HTMLInputElement>("[data-from-id]").forEach((e) => {
    const v = values[e.dataset.fromId || ""];
    if (v === undefined || e.dataset.touched) return;
    if (e.type === "radio") {
      if (e.value === v) e.checked = true;
      return;
    }
    if (e.value === v) return;
    e.value = v;
    e.dispatchEvent(new Event("input", { bubbles: true }));
    delete e.dataset.touched;
  });
}

/** After leaving the field only the last four characters are shown. */
function masking(wrap: HTMLElement, input: HTMLInputElement): (value: string) => void {
  const cover = make("span", "mask");
  cover.setAttribute("aria-hidden", "true");
  const place = make("span", "inside");
  const button = make("button", "", say("show"));
  button.type = "button";
  place.append(button);
  wrap.append(cover, place);
  place.hidden = cover.hidden = true;
  wrap.classList.add("with-inside");
  let value = "";
  let open = false;
  const draw = () => {
    const on = value !== "" && document.activeElement !== input && !open;
    wrap.classList.toggle("masked", on);
    cover.hidden = !on;
    cover.textContent = value ? "*".repeat(value.length - 4) + value.slice(-4) : "";
    place.hidden = value === "" || document.activeElement === input;
    button.textContent = say(open ? "hide" : "show");
  };
  button.addEventListener("click", () => {
    open = !open;
    draw();
  });
  input.addEventListener("focus", draw);
  input.addEventListener("blur", () => {
    open = false;
    draw();
  });
  return (v) => {
    value = v;
    draw();
  };
}
