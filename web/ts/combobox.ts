// Type-ahead over a select: by name, pinyin initials or code; Enter takes the
// first. Without scripts the select itself does the work.
import { composing, each, icon, make, say } from "./dom";

type Item = { value: string; text: string; find: string; sub: string; side: string };

export function comboboxes(root: ParentNode): void {
  each<HTMLSelectElement>(root, "select[data-combo]", (select) => new Combobox(select));
}

class Combobox {
  private input = make("input", "control");
  private list = make("div", "combo-list");
  private items: Item[];
  private shown: Item[] = [];
  private at = -1;
  private side = make("span");
  private picked = false;

  constructor(private select: HTMLSelectElement) {
    this.items = Array.from(select.options).filter((o) => o.value).map((o) => ({
      value: o.value, text: o.text, sub: o.dataset.sub || "", side: o.dataset.side || "",
      find: `${o.text} ${o.dataset.find || ""} ${o.dataset.sub || ""} ${o.value}`.toLowerCase(),
    }));
    this.build();
    this.listen();
  }

  private build(): void {
    const { select, input, list } = this;
    const box = make("span", "wrap combo");
    input.type = "text";
    input.autocomplete = "off";
    input.id = select.id;
    select.ariaLabel = select.labels[0]?.textContent ?? ""; // its label is the box's from now on
    select.removeAttribute("id");
    select.hidden = true;
    for (const name of ["aria-describedby", "aria-invalid"]) {
      const v = select.getAttribute(name);
      if (v) input.setAttribute(name, v);
    }
    list.id = input.id + "-list";
    list.hidden = true;
    list.setAttribute("role", "listbox");
    input.setAttribute("role", "combobox");
    input.setAttribute("aria-autocomplete", "list");
    input.setAttribute("aria-expanded", "false");
    input.setAttribute("aria-controls", list.id);
    select.before(box);
    box.append(input, this.side, icon("chevron", "chev"), list);
    this.reset();
  }

  private listen(): void {
    const { input, list } = this;
    input.addEventListener("input", (e) => {
      if (!(e as InputEvent).isComposing) this.open(input.value);
    });
    input.addEventListener("compositionend", () => this.open(input.value));
    input.addEventListener("focus", () => input.select());
    input.addEventListener("click", () => this.open(""));
    input.addEventListener("blur", () => {
      this.close();
      if (input.value.trim() === "") this.take(null);
      else this.reset();
    });
    input.addEventListener("keydown", (e) => this.key(e));
    // An Enter that picked an option must not submit, also where the browser
    // sends the character after a prevented keydown.
    input.addEventListener("keypress", (e) => {
      if (e.key === "Enter" && this.picked) e.preventDefault();
    });
    input.addEventListener("keyup", () => (this.picked = false));
    list.addEventListener("mousedown", (e) => {
      e.preventDefault();
      const option = (e.target as HTMLElement).closest<HTMLElement>("[role=option]");
      if (option) this.take(this.shown[Number(option.dataset.i)]);
    });
  }

  private key(e: KeyboardEvent): void {
    if (composing(e)) return;
    const open = !this.list.hidden;
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      e.preventDefault();
      if (!open) this.open("");
      else this.mark((this.at + (e.key === "ArrowDown" ? 1 : -1) + this.shown.length) % Math.max(this.shown.length, 1));
    } else if (e.key === "Enter" && open) {
      e.preventDefault();
      this.picked = true;
      if (this.shown[Math.max(this.at, 0)]) this.take(this.shown[Math.max(this.at, 0)]);
    } else if (e.key === "Escape" && open) {
      e.preventDefault();
      this.reset();
      this.close();
    }
  }

  private open(query: string): void {
    const words = query.normalize("NFKC").toLowerCase().split(/\s+/).filter(Boolean);
    this.shown = this.items.filter((it) => words.every((w) => it.find.includes(w))).slice(0, 50);
    const options = this.shown.map((it, i) => {
      const o = make("div");
      o.setAttribute("role", "option");
      o.id = `${this.list.id}-${i}`;
      o.dataset.i = String(i);
      const name = make("span", it.side ? "place place-" + it.side : "");
      if (it.side) name.append(icon(it.side));
      name.append(it.text);
      o.append(name);
      if (it.sub) o.append(make("small", "", it.sub));
      return o;
    });
    this.list.replaceChildren(...(options.length ? options : [make("div", "combo-none", say("nomatch"))]));
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    const current = this.shown.findIndex((it) => it.value === this.select.value);
    this.mark(words.length ? 0 : Math.max(current, 0));
  }

  private mark(i: number): void {
    this.at = i;
    Array.from(this.list.children).forEach((o, n) => {
      if (o.getAttribute("role") !== "option") return;
      o.setAttribute("aria-selected", String(n === i));
      if (n === i) {
        o.scrollIntoView({ block: "nearest" });
        this.input.setAttribute("aria-activedescendant", o.id);
      }
    });
  }

  private take(it: Item | null): void {
    const value = it ? it.value : "";
    if (this.select.value !== value) {
      this.select.value = value;
      this.select.dispatchEvent(new Event("input", { bubbles: true }));
      this.select.dispatchEvent(new Event("change", { bubbles: true }));
    }
    this.reset();
    this.close();
  }

  private reset(): void {
    const it = this.items.find((x) => x.value === this.select.value);
    this.input.value = it ? it.text : "";
    const side = it ? it.side : "";
    this.side.className = side ? "combo-side place-" + side : "";
    this.side.replaceChildren(...(side ? [icon(side)] : []));
    this.input.parentElement?.setAttribute("class", "wrap combo" + (side ? " sided sided-" + side : ""));
    if (!it && this.select.options[0] && !this.select.options[0].value) this.input.placeholder = this.select.options[0].text;
  }

  private close(): void {
    this.list.hidden = true;
    this.at = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }
}
