// The scripts of every page. Everything works without them; they make it faster.
import { comboboxes } from "./combobox";
import { dates } from "./date";
import { dialogs } from "./dialog";
import { drafts } from "./draft";
import { forms, release } from "./forms";
import { idcards } from "./idcard";
import { keys } from "./keys";
import { laters } from "./later";
import { leaving } from "./leave";
import { locks } from "./lock";
import { passkeys } from "./passkey";
import { presses, wholes } from "./press";
import { pictures, printing } from "./picture";
import { tabs } from "./tabs";

function attach(root: ParentNode): void {
  dates(root);
  idcards(root);
  comboboxes(root);
  forms(root);
  dialogs(root);
  locks(root);
  passkeys(root);
  drafts(root);
  wholes(root);
  pictures(root);
  laters(root, attach);
  tabs(root);
}

attach(document);
keys();
leaving();
presses();
printing();
document.addEventListener("htmx:after:swap", () => attach(document));
window.addEventListener("pageshow", (e) => {
  if (e.persisted) release(document);
});
