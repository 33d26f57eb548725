// The lock of a shared screen: the page stays behind it as it is, so that nothing
// half-written is lost. The server refuses everything until the password is right.
import { each } from "./dom";

let locked = false;

export function locks(root: ParentNode): void {
  each<HTMLFormElement>(root, "form[data-lock]", (form) => form.addEventListener("submit", (e) => lock(e, form)));
  each<HTMLFormElement>(root, "form[data-unlock]", (form) => form.addEventListener("submit", (e) => unlock(e, form)));
}

function ask(form: HTMLFormElement): Promise<Response> {
  const data = new URLSearchParams();
  new FormData(form).forEach((v, k) => data.append(k, String(v)));
  return fetch(form.action, { method: "POST", body: data, redirect: "manual", credentials: "same-origin", headers: { Accept: "text/plain" } });
}

function lock(e: SubmitEvent, form: HTMLFormElement): void {
  const box = document.getElementById("dialog-lock") as HTMLDialogElement | null;
  if (!box || typeof box.showModal !== "function") return;
  e.preventDefault();
  ask(form).then((r) => (r.status === 204 ? show(box) : form.submit()), () => form.submit());
}

function show(box: HTMLDialogElement): void {
  locked = true;
  document.documentElement.dataset.locked = "";
  document.querySelectorAll<HTMLDetailsElement>("details[data-menu][open]").forEach((d) => (d.open = false));
  if (!box.open) box.showModal();
  box.addEventListener("cancel", (e) => locked && e.preventDefault());
  box.addEventListener("close", () => locked && box.showModal());
  box.querySelector<HTMLInputElement>("input[type=password]")?.focus();
}

function unlock(e: SubmitEvent, form: HTMLFormElement): void {
  e.preventDefault();
  const box = form.closest("dialog");
  const line = form.querySelector<HTMLElement>(".error-text");
  const input = form.querySelector<HTMLInputElement>("input[type=password]");
  ask(form).then(async (r) => {
    if (r.status === 204) {
      locked = false;
      delete document.documentElement.dataset.locked;
      form.reset();
      if (line) line.textContent = "";
      box?.close();
      return;
    }
    if (r.status !== 422) return form.submit(); // the session ended meanwhile: the page says so
    if (line) line.textContent = await r.text();
    input?.select();
  }, () => form.submit());
}
