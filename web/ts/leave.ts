// Signing out on a device that keeps unsent screenings: it says so first, and
// takes the key away when it goes on. The rest of the pages say how many there
// are. Nothing happens where the page for outreach days was never used.
import { make, say } from "./dom";
import { all, dbName, Form, lock } from "./outbox";

async function unsent(): Promise<number> {
  if (!window.indexedDB || !indexedDB.databases) return 0;
  const known = await indexedDB.databases();
  return known.some((d) => d.name === dbName) ? (await all<Form>("forms")).length : -1;
}

export function leaving(): void {
  unsent().then(banner, () => undefined);
  document.querySelectorAll<HTMLFormElement>('form[action="/sign-out"]').forEach((form) => {
    form.addEventListener("submit", (e) => {
      if (form.dataset.sure) return;
      e.preventDefault();
      const go = () => {
        form.dataset.sure = "1";
        form.submit();
      };
      unsent().then((n) => {
        if (n < 0) go();
        else if (n > 0) ask(n, () => void lock().then(go, go));
        else void lock().then(go, go);
      }, go);
    });
  });
}

function banner(n: number): void {
  const main = document.getElementById("main");
  if (n < 1 || !main || document.body.classList.contains("island")) return;
  const line = make("p", "unsent-line");
  const link = make("a", "", say("unsent", { n }));
  link.href = "/outreach";
  line.append(link);
  main.prepend(line);
}

function ask(n: number, go: () => void): void {
  const d = make("dialog");
  d.setAttribute("aria-labelledby", "leave-title");
  const title = make("h2", "", say("leave.title", { n }));
  title.id = "leave-title";
  const buttons = make("div", "btns");
  const stay = make("button", "btn btn-primary", say("leave.send"));
  const leave = make("button", "btn", say("leave.go"));
  stay.type = leave.type = "button";
  stay.addEventListener("click", () => (location.href = "/outreach"));
  leave.addEventListener("click", go);
  buttons.append(leave, stay);
  d.append(title, make("p", "", say("leave.text")), buttons);
  document.body.append(d);
  d.addEventListener("close", () => d.remove());
  d.showModal();
  stay.focus();
}
