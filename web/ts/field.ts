// For a telephone in one hand: codes are read by the camera into the same box a
// scanner types into, and photos are made small before they are sent. Where the
// browser cannot read codes the page says so; typing and a hand scanner work
// everywhere.
import { each, icon, make } from "./dom";
import { shrink } from "./photo";

type Found = { rawValue: string };
interface Detector {
  detect(source: CanvasImageSource): Promise<Found[]>;
}
interface DetectorKind {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<string[]>;
}
const wanted = ["data_matrix", "code_128", "qr_code", "code_39", "ean_13", "aztec"];

type Texts = Record<string, string>;

async function camera(box: HTMLTextAreaElement): Promise<void> {
  const texts = JSON.parse(box.dataset.scan || "{}") as Texts;
  const place = make("div", "camera-bar");
  box.closest(".field")?.prepend(place);
  const kind = (window as unknown as { BarcodeDetector?: DetectorKind }).BarcodeDetector;
  const formats = kind ? (await kind.getSupportedFormats().catch(() => [] as string[])).filter((f) => wanted.includes(f)) : [];
  if (!window.isSecureContext) return place.append(make("p", "hint-text", texts["camera.insecure"]));
  if (!kind || !formats.length) return place.append(make("p", "hint-text", texts["camera.none"]));
  const detector = new kind({ formats });
  const start = make("button", "btn btn-primary");
  start.type = "button";
  start.append(icon("scan"), texts.camera);
  start.addEventListener("click", () => void look(box, detector, texts));
  const still = make("label", "btn isle-take");
  const file = make("input", "vh");
  file.type = "file";
  file.accept = "image/*";
  file.setAttribute("capture", "environment");
  still.append(icon("camera"), texts["camera.photo"], file);
  const said = make("p", "hint-text");
  said.setAttribute("role", "status");
  file.addEventListener("change", () => {
    const f = file.files?.[0];
    file.value = "";
    if (f) void read(box, detector, f).then((n) => (said.textContent = n ? count(texts, n) : texts["camera.empty"]));
  });
  place.append(start, still, said);
}

const count = (texts: Texts, n: number): string => (texts["camera.read"] || "").replace("{n}", String(n));

/** One code is one line, once; the scanner's script shows what it says. */
function add(box: HTMLTextAreaElement, codes: Found[]): number {
  const lines = box.value.split("\n").filter(Boolean);
  const fresh = codes.map((c) => c.rawValue).filter((c, i, all) => c && all.indexOf(c) === i && !lines.includes(c));
  if (!fresh.length) return 0;
  box.value = [...lines, ...fresh].join("\n") + "\n";
  box.dispatchEvent(new Event("input", { bubbles: true }));
  navigator.vibrate?.(60);
  return fresh.length;
}

async function read(box: HTMLTextAreaElement, detector: Detector, file: File): Promise<number> {
  const picture = await createImageBitmap(file).catch(() => null);
  return picture ? add(box, await detector.detect(picture)) : 0;
}

async function look(box: HTMLTextAreaElement, detector: Detector, texts: Texts): Promise<void> {
  const d = make("dialog", "camera");
  d.setAttribute("aria-label", texts.camera);
  const video = make("video");
  video.muted = true;
  video.setAttribute("playsinline", "");
  const said = make("p", "", texts["camera.aim"]);
  said.setAttribute("role", "status");
  const done = make("button", "btn btn-primary", texts["camera.done"]);
  done.type = "button";
  done.addEventListener("click", () => d.close());
  d.append(video, said, done);
  document.body.append(d);
  d.showModal();
  let stream: MediaStream | undefined;
  d.addEventListener("close", () => {
    stream?.getTracks().forEach((t) => t.stop());
    d.remove();
  });
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
    video.srcObject = stream;
    await video.play();
  } catch {
    said.textContent = texts["camera.denied"];
    return;
  }
  let n = 0;
  while (d.open) {
    n += add(box, await detector.detect(video).catch(() => []));
    if (n) said.textContent = count(texts, n);
    await new Promise((next) => window.setTimeout(next, 120));
  }
}

/** Puts the small photo in the place of the one the telephone took. */
function small(input: HTMLInputElement): void {
  input.setAttribute("capture", "environment");
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    if (!file) return;
    void shrink(file).then((blob) => {
      const list = new DataTransfer();
      if (blob) list.items.add(new File([blob], "photo.jpg", { type: "image/jpeg" }));
      input.files = list.files;
      input.setCustomValidity(blob ? "" : input.dataset.shrink || "");
      if (!blob) input.reportValidity();
      input.dataset.ready = blob ? String(blob.size) : "";
    });
  });
}

// Not the selector of the scanner's script: each element is taken once for each.
each<HTMLTextAreaElement>(document, ".field textarea[data-scan]", (box) => void camera(box));
each<HTMLInputElement>(document, "input[data-shrink]", small);
