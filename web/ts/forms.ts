// Forms: a press of the button saves once, digits pick radios, errors are found.
import { clearError, composing, each, make, say } from "./dom";

export function forms(root: ParentNode): void {
  each<HTMLFormElement>(root, "form[data-single]", once);
  each(root, "[data-digits]", digits);
  each(root, "[data-password]", password);
  each(root, "[data-focus]", (e) => e.focus());
  each<HTMLDetailsElement>(root, "[data-filter]", (e) => {
    if (window.matchMedia("(max-width: 760px)").matches) e.open = false;
    e.dataset.filter = "ready";
  });
}

/** A second submit of the same form is swallowed, and the button says why. */
function once(form: HTMLFormElement): void {
  form.addEventListener("submit", (e) => {
    if (form.dataset.sent) {
      e.preventDefault();
      e.stopImmediatePropagation();
      return;
    }
    if (e.defaultPrevented) return;
    form.dataset.sent = "1";
    const pressed = (e as SubmitEvent).submitter as HTMLButtonElement | null;
    if (pressed && pressed.tagName === "BUTTON") {
      pressed.dataset.busy = pressed.innerHTML;
      // After this tick, so that the button's own name and value are still sent.
      window.setTimeout(() => {
        pressed.textContent = say("busy");
        pressed.setAttribute("aria-disabled", "true");
      }, 0);
    }
  });
  form.addEventListener("input", (e) => {
    const t = e.target as HTMLElement;
    if (t.id) clearError(t);
    t.dataset.touched = "1";
  });
}

/** Gives a form back after the page returned from the history, or after htmx. */
export function release(root: ParentNode): void {
  root.querySelectorAll<HTMLFormElement>("form[data-sent]").forEach((f) => {
    delete f.dataset.sent;
    f.querySelectorAll<HTMLButtonElement>("[data-busy]").forEach((b) => {
      b.innerHTML = b.dataset.busy || "";
      b.removeAttribute("aria-disabled");
      delete b.dataset.busy;
    });
  });
}

function digits(group: HTMLElement): void {
  const inputs = Array.from(group.querySelectorAll<HTMLInputElement>("input[type=radio]"));
  group.addEventListener("keydown", (e) => {
    if (composing(e) || e.ctrlKey || e.metaKey || e.altKey || !/^[1-9]$/.test(e.key)) return;
    const pick = inputs[Number(e.key) - 1];
    if (!pick || pick.disabled) return;
    e.preventDefault();
    pick.focus();
    pick.click();
  });
  group.addEventListener("change", () => inputs.forEach((i) => i.closest(".seg")?.classList.toggle("on", i.checked)));
}

function password(wrap: HTMLElement): void {
  const input = wrap.querySelector("input");
  if (!input) return;
  const place = make("span", "inside");
  const button = make("button", "", say("show"));
  button.type = "button";
  place.append(button);
  wrap.classList.add("with-inside");
  wrap.append(place);
  button.addEventListener("click", () => {
    const show = input.type === "password";
    input.type = show ? "text" : "password";
    button.textContent = say(show ? "hide" : "show");
    button.setAttribute("aria-pressed", String(show));
  });
}
