// One date box: every spelling the server reads is read here too, and said back
// below the box. The rules are those of internal/clock ParseSpelling; both are
// tested with vectors/date.json.
import { chinese, each, echo, icon, make, say } from "./dom";

export type Day = { y: number; m: number; d: number };

function day(y: number, m: number, d: number): Day | "nosuch" {
  const t = new Date(Date.UTC(2000, m - 1, d));
  t.setUTCFullYear(y, m - 1, d);
  if (y < 1 || y > 9999 || t.getUTCFullYear() !== y || t.getUTCMonth() !== m - 1 || t.getUTCDate() !== d) return "nosuch";
  return { y, m, d };
}

function move(today: Day, days: number): Day {
  const t = new Date(Date.UTC(today.y, today.m - 1, today.d + days));
  return { y: t.getUTCFullYear(), m: t.getUTCMonth() + 1, d: t.getUTCDate() };
}

const relative: Record<string, number> = { 今天: 0, 今日: 0, 昨天: -1, 昨日: -1, 前天: -2, 明天: 1, today: 0, yesterday: -1, tomorrow: 1 };

/** The day meant by a text; "nosuch" for a day not in the calendar, null for no spelling at all. */
export function parseDay(text: string, today: Day): Day | "nosuch" | null {
  const s = text.normalize("NFKC").replace(/\s+/g, "").toLowerCase();
  if (Object.prototype.hasOwnProperty.call(relative, s)) return move(today, relative[s]);
  let m = /^(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?$/.exec(s) || /^(\d{4})(\d{2})(\d{2})$/.exec(s);
  if (m) return day(+m[1], +m[2], +m[3]);
  m = /^(\d{1,2})[-./月](\d{1,2})日?$/.exec(s);
  if (m) return day(today.y, +m[1], +m[2]);
  m = /^[-−](\d{1,3})$/.exec(s);
  return m ? move(today, -Number(m[1])) : null;
}

export function iso(d: Day): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${String(d.y).padStart(4, "0")}-${two(d.m)}-${two(d.d)}`;
}

/** The day in words, as the server would write it. */
export function words(d: Day, weekday = true): string {
  const t = new Date(0);
  t.setUTCFullYear(d.y, d.m - 1, d.d);
  const w = t.getUTCDay();
  if (chinese()) return `${d.y}年${d.m}月${d.d}日` + (weekday ? " 周" + say("weekdays")[w] : "");
  const month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][d.m - 1];
  return (weekday ? say("weekdays").split(",")[w] + ", " : "") + `${d.d} ${month} ${d.y}`;
}

export function toDay(text: string): Day {
  const [y, m, d] = text.split("-").map(Number);
  return { y, m, d };
}

export function dates(root: ParentNode): void {
  each(root, "[data-date]", (wrap) => {
    const input = wrap.querySelector("input");
    if (!input) return;
    const today = toDay(wrap.dataset.date || "");
    const show = () => {
      const d = input.value ? parseDay(input.value, today) : null;
      if (d === "nosuch") echo(input, say("date.none"), true);
      else echo(input, d ? words(d) : "");
    };
    input.addEventListener("input", show);
    if (!input.readOnly) picker(wrap, input, today, show);
  });
}

/** The browser's calendar behind a button, where it can be opened by script. */
function picker(wrap: HTMLElement, input: HTMLInputElement, today: Day, show: () => void): void {
  const native = make("input", "picker");
  native.type = "date";
  native.tabIndex = -1;
  native.setAttribute("aria-hidden", "true");
  if (!("showPicker" in native)) return;
  const place = make("span", "inside");
  const button = make("button", "plain-icon");
  button.type = "button";
  button.setAttribute("aria-label", say("pick"));
  button.append(icon("calendar"));
  place.append(button);
  wrap.classList.add("with-inside");
  wrap.append(native, place);
  button.addEventListener("click", () => {
    const d = parseDay(input.value, today);
    native.value = d && d !== "nosuch" ? iso(d) : iso(today);
    try {
      native.showPicker();
    } catch {
      input.focus();
    }
  });
  native.addEventListener("change", () => {
    input.value = native.value;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
    show();
    input.focus();
  });
}
