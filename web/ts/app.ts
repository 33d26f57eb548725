// The scripts of every page. Everything works without them; they make it faster.
import { comboboxes } from "./combobox";
import { dates } from "./date";
import { dialogs } from "./dialog";
import { forms, release } from "./forms";
import { idcards } from "./idcard";
import { keys } from "./keys";
import { pictures, printing } from "./picture";

function attach(root: ParentNode): void {
  dates(root);
  idcards(root);
  comboboxes(root);
  forms(root);
  dialogs(root);
  pictures(root);
}

attach(document);
keys();
printing();
document.addEventListener("htmx:after:swap", () => attach(document));
window.addEventListener("pageshow", (e) => {
  if (e.persisted) release(document);
});
