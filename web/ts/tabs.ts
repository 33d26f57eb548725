// Tabs that are wider than the screen begin where the current one is seen.
import { each } from "./dom";

export function tabs(root: ParentNode): void {
  each(root, ".tabs, .desk-nav", (bar) => {
    const current = bar.querySelector("[aria-current]");
    if (!current || bar.scrollWidth <= bar.clientWidth) return;
    const [at, box] = [current.getBoundingClientRect(), bar.getBoundingClientRect()];
    bar.scrollLeft += at.left - box.left - (box.width - at.width) / 2;
  });
}
