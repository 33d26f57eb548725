// Security keys: the page brings what the browser is asked, the answer goes back in
// the form. Bytes travel as base64url.
import { each } from "./dom";

export function passkeys(root: ParentNode): void {
  each<HTMLFormElement>(root, "form[data-passkey]", (form) => {
    if (!window.PublicKeyCredential) {
      form.hidden = true;
      return;
    }
    form.addEventListener("submit", (e) => void ask(e, form));
  });
}

async function ask(e: SubmitEvent, form: HTMLFormElement): Promise<void> {
  e.preventDefault();
  const line = form.querySelector<HTMLElement>(".error-text");
  const answer = form.querySelector<HTMLInputElement>("input[name=answer]");
  const options = JSON.parse(form.dataset.options || "{}");
  decode(options.publicKey);
  try {
    const made = form.dataset.passkey === "create" ? await navigator.credentials.create(options) : await navigator.credentials.get(options);
    if (!made || !answer) throw new Error("none");
    answer.value = JSON.stringify(encode(made as PublicKeyCredential));
    form.submit();
  } catch {
    if (line) line.textContent = form.dataset.failed || "";
  }
}

function decode(o: any): void {
  o.challenge = bytes(o.challenge);
  if (o.user) o.user.id = bytes(o.user.id);
  for (const list of [o.excludeCredentials, o.allowCredentials]) for (const c of list || []) c.id = bytes(c.id);
}

function encode(c: PublicKeyCredential): object {
  const r = c.response as any;
  const out: Record<string, unknown> = { clientDataJSON: text(r.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) if (r[name]) out[name] = text(r[name]);
  if (typeof r.getTransports === "function") out.transports = r.getTransports();
  return { id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(), response: out };
}

function bytes(s: string): Uint8Array {
  const raw = atob(s.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(raw, (x) => x.charCodeAt(0));
}

function text(b: ArrayBuffer): string {
  let raw = "";
  for (const x of new Uint8Array(b)) raw += String.fromCharCode(x);
  return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
