// Drafts: what stands in a form is kept on the server two seconds after the last
// key and when a field is left. Nothing is kept in the browser: office computers
// are shared. Passwords, codes and files are never sent; a form with a secret has
// no draft at all.
import { each, icon, make, say } from "./dom";

const PAUSE = 2000; // after the last key
const AGAIN = 10000; // after a failure

export function drafts(root: ParentNode): void {
  each<HTMLFormElement>(root, "form[data-draft]", (form) => new Draft(form));
}

class Draft {
  private timer = 0;
  private dirty = false;
  private busy: AbortController | null = null;
  private sent = false;
  private state = make("span", "draft-state");

  constructor(private form: HTMLFormElement) {
    this.place();
    if (form.dataset.restored) this.show("check-circle", form.dataset.restored);
    form.addEventListener("input", (e) => this.touched(e));
    form.addEventListener("change", (e) => this.touched(e));
    form.addEventListener("compositionend", (e) => this.touched(e));
    form.addEventListener("focusout", () => {
      if (this.dirty) this.wait(50);
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && this.dirty) void this.save();
    });
    // What is sent is no draft any more: a late answer must not bring it back.
    form.addEventListener("submit", (e) => {
      if (e.defaultPrevented) return;
      this.sent = true;
      window.clearTimeout(this.timer);
      this.busy?.abort();
    });
    window.addEventListener("pageshow", (e) => {
      if (e.persisted) this.sent = false;
    });
  }

  /** The line of the save bar where there is one, else a line at the end of the form. */
  private place(): void {
    const bar = this.form.querySelector(".save-state");
    if (bar) {
      bar.prepend(this.state);
      return;
    }
    const line = make("p", "hint draft-line");
    line.append(this.state);
    const foot = this.form.querySelector(".form-foot");
    if (foot) foot.after(line);
    else this.form.append(line);
  }

  private touched(e: Event): void {
    const t = e.target as HTMLInputElement;
    if (!t.name || t.type === "file" || t.type === "password" || (e as InputEvent).isComposing) return;
    this.dirty = true;
    this.wait(PAUSE);
  }

  private wait(ms: number): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.save(), ms);
  }

  private body(): URLSearchParams {
    const out = new URLSearchParams();
    new FormData(this.form).forEach((v, k) => {
      if (typeof v === "string" && k !== "_draft") out.append(k, v);
    });
    out.set("_form", this.form.dataset.draft || "");
    out.set("_back", this.form.dataset.back || "");
    out.set("_title", document.querySelector("h1")?.textContent || "");
    return out;
  }

  private async save(): Promise<void> {
    if (this.sent || !this.dirty || this.busy) return;
    this.dirty = false;
    this.busy = new AbortController();
    this.show("", say("draft.saving"));
    try {
      const r = await fetch("/drafts", { method: "POST", body: this.body(), credentials: "same-origin", redirect: "manual", signal: this.busy.signal, keepalive: true });
      if (r.ok) this.saved(await r.text());
      else if (r.status === 401 || r.type === "opaqueredirect") this.failed(say("draft.signedout"));
      else this.show("warning", say("draft.refused"));
    } catch {
      if (!this.sent) this.failed(say("draft.offline"));
    } finally {
      this.busy = null;
    }
    if (this.dirty && !this.sent) this.wait(this.state.dataset.failed ? AGAIN : PAUSE);
  }

  private saved(time: string): void {
    delete this.state.dataset.failed;
    this.show("check-circle", say("draft.saved", { time }));
    if (this.form.querySelector("input[name=_draft]")) return;
    const mark = make("input");
    mark.type = "hidden";
    mark.name = "_draft";
    mark.value = this.form.dataset.draft || "";
    this.form.append(mark);
  }

  /** Said aloud once: somebody who goes on typing must know it is only here. */
  private failed(text: string): void {
    this.dirty = true;
    this.state.dataset.failed = "1";
    this.show("warning", text);
  }

  private show(glyph: string, text: string): void {
    const bad = glyph === "warning";
    if (bad) this.state.setAttribute("role", "status");
    else this.state.removeAttribute("role");
    this.state.classList.toggle("bad", bad);
    this.state.replaceChildren(...(glyph ? [icon(glyph)] : []), text);
  }
}
