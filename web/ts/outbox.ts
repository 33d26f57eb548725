// The store of a browser that works without a network: what is entered lies in
// IndexedDB, sealed with a key of its own (AES-GCM). The key is wrapped twice:
// under the account's key, which the server gives to nobody else, and in an
// envelope to the hospital's public key, for the day the account is gone. Between
// two sign-ins it is there as a key the browser uses but never shows.
// The server's half is internal/seal/envelope.go; both are tested with
// vectors/envelope.json.

export type Box = {
  id: string;
  account: string;
  hospital: string;
  hospitalName: string;
  number: number; // of the house's key the account's key was made from
  wrapped: Sealed;
  recovery: string;
  envelope: ArrayBuffer;
  theatre?: boolean; // the account logs operations there
  key?: CryptoKey; // there while the pass holds
  until: number;
};

export type Sealed = { iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer };
export type State = "kept" | "refused" | "conflict";
/** What a form is: a screening has no mark. */
export type Kind = "" | "operation";
export type Form = Sealed & { id: string; box: string; at: number; state: State; kind?: Kind; note?: Sealed };
export type Photo = Sealed & { id: string; box: string; form: string; kind: string; size: number; original: string; bad?: boolean };
export type Receipt = { id: string; box: string; kind: string; outcome: string; digest: string; at: number };
export type Meta = { id: string; box?: string; at?: number; draft?: Sealed };

export const dbName = "shanhai-outreach";
const stores = ["boxes", "forms", "photos", "receipts", "meta"] as const;
type Store = (typeof stores)[number];

let opening: Promise<IDBDatabase> | undefined;

export function database(): Promise<IDBDatabase> {
  opening ??= new Promise((done, fail) => {
    const r = indexedDB.open(dbName, 1);
    r.onupgradeneeded = () => stores.forEach((s) => r.result.createObjectStore(s, { keyPath: "id" }));
    r.onsuccess = () => done(r.result);
    r.onerror = () => fail(r.error);
  });
  return opening;
}

/** Runs requests in one transaction; it is on the disk when the promise resolves. */
export async function change(names: Store[], run: (at: (s: Store) => IDBObjectStore) => void): Promise<void> {
  const db = await database();
  return new Promise((done, fail) => {
    const t = db.transaction(names, "readwrite", { durability: "strict" });
    t.oncomplete = () => done();
    t.onabort = t.onerror = () => fail(t.error);
    run((s) => t.objectStore(s));
  });
}

export async function all<T>(store: Store): Promise<T[]> {
  const db = await database();
  return new Promise((done, fail) => {
    const r = db.transaction(store).objectStore(store).getAll();
    r.onsuccess = () => done(r.result as T[]);
    r.onerror = () => fail(r.error);
  });
}

export async function one<T>(store: Store, id: string): Promise<T | undefined> {
  const db = await database();
  return new Promise((done, fail) => {
    const r = db.transaction(store).objectStore(store).get(id);
    r.onsuccess = () => done(r.result as T | undefined);
    r.onerror = () => fail(r.error);
  });
}

/** A UUIDv7: made here, ordered by time, the same on every repetition. */
export function newID(now = Date.now()): string {
  const b = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 0; i < 6; i++) b[i] = Math.floor(now / 2 ** (8 * (5 - i))) % 256;
  b[6] = 0x70 | (b[6] & 15);
  b[8] = 0x80 | (b[8] & 63);
  const h = hex(b);
  return [h.slice(0, 8), h.slice(8, 12), h.slice(12, 16), h.slice(16, 20), h.slice(20)].join("-");
}

export function hex(b: ArrayBuffer | Uint8Array<ArrayBuffer>): string {
  return Array.from(new Uint8Array(b), (x) => x.toString(16).padStart(2, "0")).join("");
}

export function base64(b: ArrayBuffer | Uint8Array<ArrayBuffer>): string {
  const bytes = new Uint8Array(b);
  let text = "";
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

const utf8 = new TextEncoder();
export const encode = (text: string): Uint8Array<ArrayBuffer> => utf8.encode(text) as Uint8Array<ArrayBuffer>;
export const decode = (b: ArrayBuffer): string => new TextDecoder().decode(b);

export async function digest(b: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<string> {
  return hex(await crypto.subtle.digest("SHA-256", b));
}

/** Where a thing belongs; it opens nowhere else. */
export const formPlace = (f: { box: string; id: string; kind?: Kind }): string => `${f.box}/${f.id}/${f.kind || "form"}`;
export const photoPlace = (box: string, p: { id: string; form: string; kind: string }): string => `${box}/${p.id}/photo/${p.form}/${p.kind}`;

export async function seal(key: CryptoKey, plain: ArrayBuffer | Uint8Array<ArrayBuffer>, place: string): Promise<Sealed> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: encode(place) }, key, plain) };
}

export function open(key: CryptoKey, s: Sealed, place: string): Promise<ArrayBuffer> {
  return crypto.subtle.decrypt({ name: "AES-GCM", iv: s.iv, additionalData: encode(place) }, key, s.data);
}

const aes = (raw: ArrayBuffer | Uint8Array<ArrayBuffer>): Promise<CryptoKey> => crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);

/** Seals to a P-256 public key: own point, nonce, ciphertext. */
export async function envelope(point: Uint8Array<ArrayBuffer>, plain: ArrayBuffer | Uint8Array<ArrayBuffer>, place: string): Promise<ArrayBuffer> {
  const curve = { name: "ECDH", namedCurve: "P-256" };
  const theirs = await crypto.subtle.importKey("raw", point, curve, false, []);
  const own = await crypto.subtle.generateKey(curve, false, ["deriveBits"]);
  const ownPoint = new Uint8Array(await crypto.subtle.exportKey("raw", own.publicKey));
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, own.privateKey, 256);
  const base = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveBits"]);
  const raw = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: joined(ownPoint, point), info: encode("shanhai/envelope") }, base, 256);
  const s = await seal(await aes(raw), plain, place);
  return joined(ownPoint, s.iv, new Uint8Array(s.data)).buffer;
}

function joined(...parts: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    out.set(p, at);
    at += p.length;
  }
  return out;
}

export type Pass = { account: string; hospital: string; number: number; key: string; recovery: string; public: string; days: number };

/** Makes a store for an account and a hospital; its key leaves this function only wrapped. */
export async function makeBox(id: string, pass: Pass, hospitalName: string): Promise<Box> {
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const box: Box = {
    id,
    account: pass.account,
    hospital: pass.hospital,
    hospitalName,
    number: pass.number,
    wrapped: await seal(await aes(bytesOf(pass.key)), raw, `outbox/${id}`),
    recovery: pass.recovery,
    envelope: await envelope(bytesOf(pass.public), raw, `outbox/${id}`),
    key: await aes(raw),
    until: Date.now() + pass.days * 864e5,
  };
  raw.fill(0);
  return box;
}

/** Opens a store after a sign-in, and lengthens its pass. */
export async function unlock(box: Box, pass: Pass): Promise<Box> {
  const raw = await open(await aes(bytesOf(pass.key)), box.wrapped, `outbox/${box.id}`);
  return { ...box, key: await aes(raw), until: Date.now() + pass.days * 864e5 };
}

/** The file that is handed over when there is no network for days; as sealed as the store. */
export async function bundle(box: Box): Promise<string> {
  const mine = <T extends { box: string }>(x: T) => x.box === box.id;
  const forms = (await all<Form>("forms")).filter(mine);
  const photos = (await all<Photo>("photos")).filter(mine);
  const none = "00000000-0000-0000-0000-000000000000";
  const items = [
    ...forms.map((f) => ({ id: f.id, form: none, kind: f.kind ?? "", iv: base64(f.iv), data: base64(f.data) })),
    ...photos.map((p) => ({ id: p.id, form: p.form, kind: p.kind, iv: base64(p.iv), data: base64(p.data) })),
  ];
  return JSON.stringify({ format: 1, box: box.id, account: box.account, hospital: box.hospital, recovery: box.recovery, envelope: base64(box.envelope), items });
}

/** What lies beside the forms and is no work of anybody: the list of a day's theatre,
 * and what is half-written. */
const beside = ["list", "draft", "draftoperation"];
/** One of each for a store. */
export const besideName = (id: string, box: string): string => `${id}/${box}`;
const isBeside = (m: Meta, ...ids: string[]): boolean => ids.includes(m.id.split("/")[0]);

/** The wipe rules, on every start: a pass that ended takes its key with it, a
 * store goes only when nothing unsent is in it, and the list of a theatre goes with its day. */
export async function tidy(now = Date.now()): Promise<void> {
  const [boxes, forms, photos, receipts, meta] = await Promise.all([all<Box>("boxes"), all<Form>("forms"), all<Photo>("photos"), all<Receipt>("receipts"), all<Meta>("meta")]);
  const day = (at: number) => Math.floor((at + 8 * 36e5) / 864e5);
  await change(["boxes", "receipts", "meta"], (at) => {
    const lists = meta.filter((m) => isBeside(m, "list"));
    for (const m of lists) if (day(m.at ?? 0) !== day(now)) at("meta").delete(m.id);
    for (const b of boxes.filter((b) => b.until < now)) {
      const unsent = forms.some((f) => f.box === b.id) || photos.some((p) => p.box === b.id);
      if (unsent) at("boxes").put({ ...b, key: undefined });
      else at("boxes").delete(b.id);
      for (const m of lists) if (m.box === b.id) at("meta").delete(m.id);
    }
    for (const r of receipts) if (r.at < now - 30 * 864e5) at("receipts").delete(r.id);
  });
}

/** Signing out: the keys go, what is unsent stays, and opens for its owner only. */
export async function lock(): Promise<void> {
  const [boxes, meta] = await Promise.all([all<Box>("boxes"), all<Meta>("meta")]);
  await change(["boxes", "meta"], (at) => {
    boxes.forEach((b) => at("boxes").put({ ...b, key: undefined }));
    meta.filter((m) => isBeside(m, ...beside)).forEach((m) => at("meta").delete(m.id));
  });
}
