// The box into which a scanner types: one code a line. A scanner ends its code
// with Enter or Tab, which must neither submit the form nor leave the box. What
// was read stands below, one row for each sticker. Without this script the box
// is a plain one and the server reads the same lines.
import { composing, each, icon, make } from "./dom";
import { Reading, readAll } from "./udi";

type Texts = Record<string, string>;

function scanner(box: HTMLTextAreaElement): void {
  const texts = JSON.parse(box.dataset.scan || "{}") as Texts;
  const rows = make("ol", "scans");
  rows.setAttribute("aria-live", "polite");
  rows.setAttribute("aria-label", texts.rows || "");
  box.closest(".field")?.append(rows);
  const draw = () => {
    rows.replaceChildren(...readAll(box.value.split("\n"), texts.today).map((r) => row(r, texts)));
    rows.hidden = !rows.childElementCount;
    box.rows = Math.min(12, Math.max(3, box.value.split("\n").length + 1));
  };
  box.addEventListener("keydown", (e) => {
    if (composing(e) || e.ctrlKey || e.altKey || e.metaKey || e.shiftKey) return;
    // Tab after a code is the scanner's; on an empty line it is a person's and moves on.
    if (e.key === "Tab" && box.selectionStart === box.selectionEnd && line(box)) {
      e.preventDefault();
      box.setRangeText("\n", box.selectionStart, box.selectionEnd, "end");
      draw();
    }
  });
  box.addEventListener("input", (e) => {
    if (!(e as InputEvent).isComposing) draw();
  });
  box.addEventListener("compositionend", draw);
  draw();
}

/** The text of the line the cursor stands in. */
function line(box: HTMLTextAreaElement): string {
  const before = box.value.slice(0, box.selectionStart);
  return before.slice(before.lastIndexOf("\n") + 1).trim();
}

function row(r: Reading, texts: Texts): HTMLLIElement {
  const item = make("li", r.fault ? "bad" : "");
  item.append(icon(r.fault ? "warning" : "check"));
  if (r.fault) {
    const said = (texts[r.fault.fault] || r.fault.fault).replace("{ai}", r.fault.ai);
    item.append(make("span", "", (texts.line || "{n}").replace("{n}", String(r.lines[0] + 1)) + " " + said));
    return item;
  }
  const l = r.label;
  for (const [key, value] of Object.entries({ di: l?.di, ref: l?.ref, lot: l?.lot, serial: l?.serial, expiry: l?.expiry })) {
    if (!value) continue;
    const pair = make("span", "pair");
    pair.append(make("span", "meta", texts[key] + " "), make("span", "tab", value));
    item.append(pair);
  }
  return item;
}

each<HTMLTextAreaElement>(document, "textarea[data-scan]", scanner);
