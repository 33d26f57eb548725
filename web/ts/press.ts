// Every press is answered at once: a line under the top bar says that the next
// page is on its way, and one box ticks a whole list.
import { each } from "./dom";

const LONGEST = 8000; // a download never leaves the page

export function presses(): void {
  let timer = 0;
  const going = () => {
    document.documentElement.dataset.going = "1";
    window.clearTimeout(timer);
    timer = window.setTimeout(still, LONGEST);
  };
  const still = () => delete document.documentElement.dataset.going;
  document.addEventListener("click", (e) => {
    const a = (e.target as HTMLElement).closest<HTMLAnchorElement>("a[href]");
    if (!a || e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey || a.target || a.hasAttribute("download")) return;
    const to = new URL(a.href, location.href);
    if (to.origin === location.origin && (to.pathname !== location.pathname || to.search !== location.search)) going();
  });
  document.addEventListener("submit", (e) => {
    if (!e.defaultPrevented) going();
  });
  window.addEventListener("pageshow", still);
}

/** A box that ticks all boxes of a name, and knows when some are ticked. */
export function wholes(root: ParentNode): void {
  each<HTMLInputElement>(root, "input[data-all]", (all) => {
    const boxes = () => Array.from(document.querySelectorAll<HTMLInputElement>(`input[type=checkbox][name="${all.dataset.all}"]`));
    all.addEventListener("change", () => boxes().forEach((b) => (b.checked = all.checked)));
    document.addEventListener("change", (e) => {
      if ((e.target as HTMLInputElement).name !== all.dataset.all) return;
      const n = boxes().filter((b) => b.checked).length;
      all.checked = n > 0 && n === boxes().length;
      all.indeterminate = n > 0 && !all.checked;
    });
  });
}
