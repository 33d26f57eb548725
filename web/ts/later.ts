// Parts of a page that take longer than the rest come after it. Until then the page
// says so and has a link to them, which is also the way without scripts.
import { each } from "./dom";

export function laters(root: ParentNode, attach: (root: ParentNode) => void): void {
  each<HTMLElement>(root, "[data-later]", (box) => {
    const words = box.querySelector<HTMLElement>("[data-later-words]");
    box.setAttribute("aria-busy", "true");
    read(box.dataset.later ?? "").then(
      (html) => {
        const place = box.parentElement;
        const block = document.createElement("template");
        block.innerHTML = html;
        box.replaceWith(block.content);
        if (place) attach(place);
      },
      () => {
        if (words) words.textContent = box.dataset.failed ?? "";
        box.dataset.ended = "";
      },
    ).finally(() => box.removeAttribute("aria-busy"));
  });
}

/** The block at an address; a page that says something else is a failure. */
async function read(path: string): Promise<string> {
  const r = await fetch(path, { headers: { "HX-Request": "true" }, credentials: "same-origin", redirect: "manual", cache: "no-store" });
  if (r.status !== 200) throw new Error(String(r.status));
  return r.text();
}
