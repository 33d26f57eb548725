// Small helpers every module uses.

/** The sentences of the page, written by the server in the reader's language. */
let texts: Record<string, string> | null = null;

export function say(key: string, values: Record<string, string | number> = {}): string {
  if (!texts) {
    const box = document.getElementById("texts");
    texts = box ? (JSON.parse(box.textContent || "{}") as Record<string, string>) : {};
  }
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

export function chinese(): boolean {
  return document.documentElement.lang.startsWith("zh");
}

/**
 * True while an input method composes. Enter that picks a character must never
 * submit: some browsers send it with isComposing, older ones with code 229.
 */
export function composing(e: KeyboardEvent): boolean {
  return ending || e.isComposing || e.keyCode === 229;
}

// Some browsers end the composition first and send its Enter after that, as an
// ordinary key: for one tick it still belongs to the input method.
let ending = false;
document.addEventListener("compositionend", () => {
  ending = true;
  window.setTimeout(() => (ending = false), 0);
}, true);

// In every form, that of the search as well.
document.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && composing(e) && e.target instanceof HTMLInputElement) e.preventDefault();
});

export function make<K extends keyof HTMLElementTagNameMap>(tag: K, className = "", text = ""): HTMLElementTagNameMap[K] {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text) e.textContent = text;
  return e;
}

export function icon(name: string, className = ""): SVGSVGElement {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  svg.setAttribute("class", ("icon " + className).trim());
  svg.setAttribute("width", "18");
  svg.setAttribute("height", "18");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(ns, "use");
  use.setAttribute("href", "#i-" + name);
  svg.append(use);
  return svg;
}

/** Calls fn for every element of a selector, now and after each htmx swap. */
export function each<T extends HTMLElement>(root: ParentNode, selector: string, fn: (e: T) => void): void {
  root.querySelectorAll<T>(selector).forEach((e) => {
    const done = "on" + selector.replace(/\W/g, "");
    if (e.dataset[done]) return;
    e.dataset[done] = "1";
    fn(e);
  });
}

/** The line below a field, shared by hint, echo and error. */
export function lineOf(input: HTMLElement): HTMLElement | null {
  return document.getElementById(input.id + "-line");
}

/** Shows what was understood, or gives the line back to the hint. */
export function echo(input: HTMLElement, text: string, bad = false): void {
  const line = lineOf(input);
  if (!line) return;
  let box = line.querySelector<HTMLElement>("[data-echo]");
  if (!box) {
    box = make("span");
    box.dataset.echo = "";
    line.prepend(box);
  }
  box.className = bad ? "bad" : "echo";
  box.textContent = text;
  box.hidden = !text;
  line.querySelectorAll<HTMLElement>(".hint-text").forEach((h) => (h.hidden = !!text));
}

/** A value changed: what the server said about the old one is no longer true. */
export function clearError(input: HTMLElement): void {
  const field = input.closest<HTMLElement>(".bad-field");
  if (!field) return;
  field.classList.remove("bad-field");
  input.removeAttribute("aria-invalid");
  field.querySelectorAll(".error-text").forEach((e) => e.remove());
}
