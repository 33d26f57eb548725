// Dialogs, menus, toasts, theme: what opens, closes and goes away.
import { each, say } from "./dom";

export function openDialog(id: string): boolean {
  const d = document.getElementById(id) as HTMLDialogElement | null;
  if (!d || typeof d.showModal !== "function") return false;
  if (!d.open) d.showModal();
  return true;
}

export function dialogs(root: ParentNode): void {
  each(root, "[data-dialog]", (b) => b.addEventListener("click", () => openDialog(b.dataset.dialog || "")));
  each(root, "[data-close]", (b) => b.addEventListener("click", () => b.closest("dialog")?.close()));
  each(root, "[data-needs-script]", (e) => (e.hidden = false));
  each(root, "[data-copy]", copy);
  each<HTMLDetailsElement>(root, "details[data-menu]", menu);
  each<HTMLFormElement>(root, "form.toast", toast);
  each<HTMLFormElement>(root, "[data-theme-switch]", theme);
}

function copy(b: HTMLElement): void {
  if (!navigator.clipboard) return; // plain http: the number can still be read
  b.hidden = false;
  b.addEventListener("click", () => {
    navigator.clipboard.writeText(b.dataset.copy || "").then(() => (b.textContent = say("copied")), () => undefined);
  });
}

function menu(d: HTMLDetailsElement): void {
  document.addEventListener("click", (e) => {
    if (d.open && !d.contains(e.target as Node)) d.open = false;
  });
  d.addEventListener("keydown", (e) => {
    if (e.key === "Escape" && d.open) {
      d.open = false;
      d.querySelector("summary")?.focus();
    }
  });
}

/** An undo stands for its seconds, longer while the pointer or focus is on it. */
function toast(form: HTMLFormElement): void {
  let left = Number(form.dataset.seconds) || 10;
  const timer = window.setInterval(() => {
    if (form.matches(":hover, :focus-within")) return;
    left--;
    if (left > 0) return;
    window.clearInterval(timer);
    form.remove();
  }, 1000);
}

/** The theme changes at once and is stored on the account in the background. */
function theme(form: HTMLFormElement): void {
  form.addEventListener("submit", (e) => {
    const pressed = (e as SubmitEvent).submitter as HTMLButtonElement | null;
    if (!pressed) return;
    e.preventDefault();
    if (pressed.value) document.documentElement.dataset.theme = pressed.value;
    else delete document.documentElement.dataset.theme;
    form.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(b === pressed)));
    const data = new URLSearchParams();
    new FormData(form).forEach((v, k) => data.append(k, String(v)));
    data.set("theme", pressed.value);
    void fetch(form.action, { method: "POST", body: data, redirect: "manual", credentials: "same-origin" }).catch(() => undefined);
  });
}
