// Where one works today: somebody who works at two hospitals has a store for each
// of them on one telephone, with a key, a list and a half-written form of its own.
// Going from one to the other takes nothing away.
import { make } from "./dom";
import * as box from "./outbox";
import { $, button, show, t } from "./island";

export type Place = { id: string; name: string };

/** Draws the line that says where one is, and the way elsewhere where there is one. */
export async function drawPlaces(own: box.Box | undefined, offered: Place[], go: (to: Place) => void): Promise<void> {
  const boxes = own?.key ? (await box.all<box.Box>("boxes")).filter((b) => b.account === own.account && b.key) : [];
  const places = new Map(offered.map((p) => [p.id, p.name]));
  for (const b of boxes) if (!places.has(b.hospital)) places.set(b.hospital, b.hospitalName);
  show("[data-place]", places.size > 1);
  if (!own || places.size < 2) return;
  $("[data-place-name]").textContent = places.get(own.hospital) ?? own.hospitalName;
  const forms = await box.all<box.Form>("forms");
  const rows = Array.from(places, ([id, name]) => {
    const mine = boxes.filter((b) => b.hospital === id);
    const n = forms.filter((f) => mine.some((b) => b.id === f.box)).length;
    const row = make("li");
    const press = button("", () => {
      $<HTMLDialogElement>("#places").close();
      if (id !== own.hospital) go({ id, name });
    });
    press.className = "isle-to";
    press.append(make("b", "", name), make("span", "hint-text", [id === own.hospital ? t("place.here") : "", n ? t("place.waiting", { n }) : ""].filter(Boolean).join(" · ")));
    if (id === own.hospital) press.setAttribute("aria-current", "true");
    row.append(press);
    return row;
  });
  $('[data-list="places"]').replaceChildren(...rows);
}

/** The buttons of the dialog. */
export function places(): void {
  const dialog = $<HTMLDialogElement>("#places");
  $("[data-place-change]").addEventListener("click", () => dialog.showModal());
  $("[data-place-back]").addEventListener("click", () => dialog.close());
}
