// Keyboard: / search, n register, g l list, j k rows, ? help, Ctrl+Enter submit.
// Single keys can be turned off and never act while one types (WCAG 2.1.4).
import { composing } from "./dom";
import { openDialog } from "./dialog";

const OFF = "shanhai.keys";

function off(): boolean {
  try {
    return localStorage.getItem(OFF) === "off";
  } catch {
    return false;
  }
}

// A closed dialog may keep the focus until the next frame is drawn, so only an open one counts.
function typing(t: EventTarget | null): boolean {
  const e = t as HTMLElement | null;
  return !!e && (/^(INPUT|TEXTAREA|SELECT)$/.test(e.tagName) || e.isContentEditable || !!e.closest("dialog[open]"));
}

let before = "";

export function keys(): void {
  document.addEventListener("keydown", (e) => {
    if (composing(e)) return;
    if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) {
      const form = (e.target as HTMLElement).closest("form") || document.querySelector<HTMLFormElement>("main form[data-single]");
      if (form) {
        e.preventDefault();
        form.requestSubmit(form.querySelector<HTMLButtonElement>("button.btn-primary[type=submit]") || undefined);
      }
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || off()) return;
    const seq = before + e.key;
    before = e.key === "g" ? "g" : "";
    if (act(seq.length > 1 ? seq : e.key)) e.preventDefault();
  });
  document.querySelectorAll<HTMLButtonElement>("[data-keys-off]").forEach((b) => {
    // Read when its dialog opens, not on every page: the first look into the store waits for the disk.
    b.closest("dialog")?.addEventListener("focusin", () => b.setAttribute("aria-pressed", String(off())));
    b.addEventListener("click", () => {
      const now = !off();
      try {
        localStorage.setItem(OFF, now ? "off" : "on");
      } catch {
        return;
      }
      b.setAttribute("aria-pressed", String(now));
    });
  });
}

function act(key: string): boolean {
  switch (key) {
    case "/":
      return focus(document.querySelector<HTMLElement>("#q"));
    case "n":
      return follow("[data-key-new], .top .btn-primary");
    case "gl":
      return follow(".crumbs a") || follow(".nav-item[aria-current]");
    case "?":
      return openDialog("dialog-keys");
    case "j":
      return step(1);
    case "k":
      return step(-1);
  }
  return false;
}

function focus(e: HTMLElement | null): boolean {
  e?.focus();
  return !!e;
}

function follow(selector: string): boolean {
  const all = document.querySelectorAll<HTMLElement>(selector);
  const a = all[all.length - 1];
  a?.click();
  return !!a;
}

/** Moves through the rows of a queue or list by the first control of each row. */
function step(by: number): boolean {
  const rows = Array.from(document.querySelectorAll<HTMLElement>("[data-rows] > li, tbody tr")).filter((r) => r.offsetParent !== null && r.querySelector("a, button"));
  if (!rows.length) return false;
  const at = rows.findIndex((r) => r.contains(document.activeElement));
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  return focus(next.querySelector<HTMLElement>(".btn") || next.querySelector<HTMLElement>("a, button"));
}
