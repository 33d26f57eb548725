// A chart as a picture file: the SVG of the page drawn on a canvas at twice its
// size. The button is hidden until a script can do it.

const scale = 2;

/** The chart with the colours of the page: an image has no style sheet. */
function standalone(svg: SVGSVGElement): string {
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const style = getComputedStyle(svg);
  const text = new XMLSerializer().serializeToString(copy).replace(/var\((--[\w-]+),([^)]*)\)/g, (_, name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback);
  return text.replace("<svg ", `<svg font-family="${style.fontFamily.replace(/"/g, "'")}" `);
}

function save(svg: SVGSVGElement, name: string): void {
  const width = svg.viewBox.baseVal.width;
  const height = svg.viewBox.baseVal.height;
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = width * scale;
    canvas.height = height * scale;
    const pen = canvas.getContext("2d");
    if (!pen) return;
    pen.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--surface").trim() || "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    canvas.toBlob((blob) => {
      if (!blob) return;
      const link = document.createElement("a");
      link.href = URL.createObjectURL(blob);
      link.download = name + ".png";
      link.click();
      URL.revokeObjectURL(link.href);
    }, "image/png");
  };
  image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(standalone(svg));
}

/** Paper has no summary to press: the tables of charts are open on it. */
export function printing(): void {
  document.querySelector("[data-print]")?.addEventListener("click", () => print());
  const opened = new Set<HTMLDetailsElement>();
  addEventListener("beforeprint", () => {
    for (const d of document.querySelectorAll<HTMLDetailsElement>(".chart-table:not([open])")) {
      d.open = true;
      opened.add(d);
    }
  });
  addEventListener("afterprint", () => {
    for (const d of opened) d.open = false;
    opened.clear();
  });
}

export function pictures(root: ParentNode): void {
  for (const button of root.querySelectorAll<HTMLButtonElement>("[data-png]")) {
    const svg = button.closest(".chart-card")?.querySelector<SVGSVGElement>("svg.chart");
    if (!svg) continue;
    button.hidden = false;
    button.addEventListener("click", () => save(svg, button.dataset.png || "chart"));
  }
}
