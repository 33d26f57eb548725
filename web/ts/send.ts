// Sends what is kept. A form leaves the store in the same moment as its receipt
// enters it, and only for an answer that names its id and the digest of the very
// bytes that were kept here: what was cut off on the way is simply sent again.
import * as box from "./outbox";

export type Status = { state: "idle" | "sending" | "offline" | "retry" | "signin" | "denied" | "elsewhere"; seconds?: number };
type Trouble = "offline" | "signin" | "denied";
export type Account = { account: string; hospitals: { id: string; name: string }[]; theatre: string[] };

type Row = { id: string; outcome: "created" | "repeated" | "refused"; digest: string; taken: boolean; standing?: string; fields: unknown[]; differences: unknown[] };
type Answer = { count: number; created: number; repeated: number; refused: number; rows: Row[] };

const batch = 20;
const patience = 60_000; // a village line is slow, not dead
const longest = 300_000; // between two tries
const lang = document.documentElement.lang; // what comes back is read on this page

class Failed extends Error {
  constructor(readonly why: Trouble | "retry") {
    super(why);
  }
}

export class Sender {
  private timer = 0;
  private fails = 0;
  private busy = false;

  constructor(private own: () => box.Box | undefined, private tell: (s: Status) => void) {}

  /** Who is signed in, or why that cannot be said. */
  async account(): Promise<Account | Trouble> {
    try {
      return (await this.ask("/outreach/account")) as Account;
    } catch (e) {
      return e instanceof Failed && e.why !== "retry" ? e.why : "offline";
    }
  }

  async pass(id: string, hospital: string, number: number): Promise<box.Pass | undefined> {
    try {
      return (await this.ask("/outreach/pass", JSON.stringify({ box: id, hospital, number }), "application/json")) as box.Pass;
    } catch {
      this.tell({ state: "offline" });
      return undefined;
    }
  }

  /** The day's list of the theatre, or nothing where it cannot be had now. */
  async list<T>(hospital: string): Promise<T | undefined> {
    return (await this.ask("/outreach/list?" + new URLSearchParams({ hospital, lang })).catch(() => undefined)) as T | undefined;
  }

  soon(): void {
    if (!this.timer && !this.busy) void this.run();
  }

  now(): void {
    window.clearTimeout(this.timer);
    this.timer = 0;
    this.fails = 0;
    void this.run();
  }

  private async run(): Promise<void> {
    const own = this.own();
    if (this.busy || !own?.key) return;
    this.busy = true;
    try {
      await this.alone(async () => {
        for (const b of await this.stores(own)) await this.drain(b, b.key as CryptoKey);
        this.tell({ state: "idle" });
      });
      this.fails = 0;
    } catch (e) {
      this.later(e instanceof Failed ? e.why : "retry");
    } finally {
      this.busy = false;
    }
  }

  /** Two windows of one browser do not send the same at once; the server would not mind. */
  private async alone(work: () => Promise<void>): Promise<void> {
    if (!navigator.locks) return work();
    await navigator.locks.request(box.dbName, { ifAvailable: true }, async (got) => {
      if (got) return work();
      this.tell({ state: "elsewhere" });
      this.timer = window.setTimeout(() => this.now(), 10_000);
    });
  }

  /** The open stores of whoever works here: of this hospital first, then of the others. */
  private async stores(own: box.Box): Promise<box.Box[]> {
    return [own, ...(await box.all<box.Box>("boxes")).filter((b) => b.id !== own.id && b.account === own.account && b.key)];
  }

  private later(why: Trouble | "retry"): void {
    if (why === "signin" || why === "denied") return this.tell({ state: why });
    const wait = Math.min(longest, 2000 * 2 ** this.fails++) * (0.75 + Math.random() / 2);
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.timer = 0;
      void this.run();
    }, wait);
    this.tell({ state: why === "offline" ? "offline" : "retry", seconds: Math.round(wait / 1000) });
  }

  private async drain(own: box.Box, key: CryptoKey): Promise<void> {
    for (;;) {
      const kept = (await box.all<box.Form>("forms")).filter((f) => f.box === own.id && f.state === "kept");
      if (!kept.length) break;
      this.tell({ state: "sending" });
      await this.forms(own, key, kept.filter((f) => f.kind === kept[0].kind).slice(0, batch));
    }
    const open = new Set((await box.all<box.Form>("forms")).map((f) => f.id));
    for (const p of (await box.all<box.Photo>("photos")).filter((p) => p.box === own.id && !p.bad && !open.has(p.form))) {
      this.tell({ state: "sending" });
      await this.photo(key, p);
    }
  }

  private async forms(own: box.Box, key: CryptoKey, forms: box.Form[]): Promise<void> {
    const bodies = await Promise.all(forms.map(async (f) => box.decode(await box.open(key, f, box.formPlace(f)))));
    const kind = forms[0].kind;
    const sent = JSON.stringify({ hospital: own.hospital, forms: forms.map((f, i) => ({ id: f.id, body: bodies[i] })) });
    const got = (await this.ask((kind ? "/outreach/operations?lang=" : "/outreach/forms?lang=") + lang, sent, "application/json")) as Answer;
    const digests = await Promise.all(bodies.map((b) => box.digest(box.encode(b))));
    // Exact or nothing: an answer that does not add up is no receipt.
    const fits = got.count === forms.length && got.rows.length === forms.length && got.created + got.repeated + got.refused === got.count && got.rows.every((r, i) => r.id === forms[i].id && r.digest === digests[i]);
    if (!fits) throw new Failed("retry");
    const notes = await Promise.all(got.rows.map((r) => (r.outcome === "refused" ? box.seal(key, box.encode(JSON.stringify({ fields: r.fields, differences: r.differences, standing: r.standing })), box.formPlace({ box: own.id, id: r.id, kind }) + "/note") : undefined)));
    const at = Date.now();
    await box.change(["forms", "receipts", "meta"], (store) => {
      got.rows.forEach((r, i) => {
        const asked = store("forms").get(r.id);
        asked.onsuccess = () => {
          const now = asked.result as box.Form | undefined;
          // Changed while it was on its way: the new content stays, and is found to differ next time.
          if (now && box.hex(now.iv) !== box.hex(forms[i].iv)) return;
          if (r.outcome !== "refused") {
            store("forms").delete(r.id);
            store("receipts").put({ id: r.id, box: own.id, kind: kind || "form", outcome: r.outcome, digest: r.digest, at });
          } else if (now) store("forms").put({ ...now, state: r.taken ? "conflict" : "refused", note: notes[i] });
        };
      });
      store("meta").put({ id: "synced", at });
    });
  }

  private async photo(key: CryptoKey, p: box.Photo): Promise<void> {
    const plain = await box.open(key, p, box.photoPlace(p.box, p));
    const query = new URLSearchParams({ form: p.form, kind: p.kind, original: p.original });
    const got = (await this.ask(`/outreach/photos/${p.id}?${query}`, plain, "image/jpeg")) as { id: string; outcome: string; digest: string } | "refused";
    if (got === "refused") return box.change(["photos"], (at) => at("photos").put({ ...p, bad: true })); // kept, and in the file
    if (got.id !== p.id || got.digest !== (await box.digest(plain))) throw new Failed("retry");
    const at = Date.now();
    await box.change(["photos", "receipts", "meta"], (store) => {
      store("photos").delete(p.id);
      store("receipts").put({ id: p.id, box: p.box, kind: "photo", outcome: got.outcome, digest: got.digest, at });
      store("meta").put({ id: "synced", at });
    });
  }

  private async ask(path: string, body?: BodyInit, type = ""): Promise<unknown> {
    const stop = new AbortController();
    const timer = window.setTimeout(() => stop.abort(), patience);
    let r: Response;
    let answer: unknown;
    try {
      r = await fetch(path, { method: body === undefined ? "GET" : "POST", body, headers: type ? { "Content-Type": type } : {}, redirect: "manual", cache: "no-store", signal: stop.signal });
      if (r.ok && (r.headers.get("Content-Type") || "").startsWith("application/json")) answer = await r.json();
    } catch {
      throw new Failed("offline");
    } finally {
      window.clearTimeout(timer);
    }
    if (answer !== undefined) return answer;
    if (r.type === "opaqueredirect" || r.status === 401) throw new Failed("signin");
    if (r.status === 403) throw new Failed("denied");
    if ((r.status === 422 || r.status === 404) && type === "image/jpeg") return "refused"; // no picture, or its form is not there
    throw new Failed("retry");
  }
}
