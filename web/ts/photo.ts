// A photo is made small enough for a village line before it is kept. Drawing it
// anew leaves behind everything the telephone wrote into the file: where it was
// taken, when, with what.

const longest = 1600; // pixels: text of an A4 sheet stays readable
const most = 400 * 1024;

/** Shrinks a picture to a JPEG of at most 1600 pixels and 400 KB; null when it is none. */
export async function shrink(file: Blob): Promise<Blob | null> {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
  if (!picture) return null;
  let edge = longest;
  for (let quality = 0.8; ; quality -= 0.12) {
    if (quality < 0.4) {
      quality = 0.64;
      edge *= 0.8;
    }
    const blob = await drawn(picture, edge, quality);
    if (!blob || blob.size <= most || edge < 500) {
      picture.close();
      return blob;
    }
  }
}

function drawn(picture: ImageBitmap, edge: number, quality: number): Promise<Blob | null> {
  const scale = Math.min(1, edge / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const pen = canvas.getContext("2d");
  if (!pen) return Promise.resolve(null);
  pen.fillStyle = "#fff"; // what was transparent would become black
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
}
