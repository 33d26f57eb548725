// The photos of a form on the pages that work without a network: taken, made
// small, shown, and sealed when the form is kept.
import { make } from "./dom";
import * as box from "./outbox";
import { shrink } from "./photo";
import { $, button, owner, t, toast } from "./island";

type Shot = { id: string; kind: string; blob: Blob; original: string; kept?: boolean };
let shots: Shot[] = [];

/** Whether there are photos that are in no store yet. */
export const loose = (): boolean => shots.some((s) => !s.kept);

/** The new photos, sealed for the form they belong to. */
export function sealedShots(key: CryptoKey, form: string, own: box.Box): Promise<box.Photo[]> {
  return Promise.all(shots.filter((s) => !s.kept).map(async (s) => {
    const p = { id: s.id, box: own.id, form, kind: s.kind, size: s.blob.size, original: s.original };
    return { ...p, ...(await box.seal(key, await s.blob.arrayBuffer(), box.photoPlace(own.id, p))) };
  }));
}

/** The next form has none; one that is changed has those that were kept with it. */
export async function begin(form = ""): Promise<void> {
  shots = [];
  const key = owner()?.key;
  for (const p of form && key ? (await box.all<box.Photo>("photos")).filter((p) => p.form === form) : []) {
    shots.push({ id: p.id, kind: p.kind, original: p.original, kept: true, blob: new Blob([await box.open(key as CryptoKey, p, box.photoPlace(p.box, p))], { type: "image/jpeg" }) });
  }
  draw();
}

async function take(input: HTMLInputElement): Promise<void> {
  const file = input.files?.[0];
  input.value = "";
  if (!file) return;
  const blob = await shrink(file);
  if (!blob) return toast(t("photo.bad"), "", "warning");
  shots.push({ id: box.newID(), kind: $<HTMLSelectElement>("#photo-kind").value, blob, original: await box.digest(await file.arrayBuffer()) });
  draw();
}

function draw(): void {
  const names = new Map(Array.from($<HTMLSelectElement>("#photo-kind").options, (o) => [o.value, o.text]));
  const rows = shots.map((s) => {
    const row = make("li");
    const picture = make("canvas");
    picture.setAttribute("aria-hidden", "true");
    createImageBitmap(s.blob).then((b) => {
      [picture.width, picture.height] = [64, 64];
      const k = Math.max(64 / b.width, 64 / b.height);
      picture.getContext("2d")?.drawImage(b, (64 - b.width * k) / 2, (64 - b.height * k) / 2, b.width * k, b.height * k);
    }, () => undefined);
    row.append(picture, make("span", "grow", `${names.get(s.kind)} ${t("photo.size", { kb: Math.ceil(s.blob.size / 1024) })}`));
    if (!s.kept) {
      row.append(button(t("photo.remove"), () => {
        shots = shots.filter((x) => x !== s);
        draw();
      }));
    }
    return row;
  });
  $(".isle-photos").replaceChildren(...rows);
}

$<HTMLInputElement>("#photo").addEventListener("change", (e) => void take(e.target as HTMLInputElement));
