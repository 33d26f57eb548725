// Answers for the page of outreach days when there is no network. It keeps the
// shell of that page and the files it is made of, and nothing else: a page about
// anybody never passes through its store. The server writes the list in front of
// this script; another list is another script, and a new store.
export {};

type Keep = { version: string; files: string[] };
declare const self: ServiceWorkerGlobalScope & { keep: Keep };
interface ServiceWorkerGlobalScope extends EventTarget {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  location: Location;
}
type Extendable = Event & { waitUntil(p: Promise<unknown>): void };
type Fetching = Event & { request: Request; respondWith(p: Promise<Response>): void };

const prefix = "shanhai-outreach-";
const store = prefix + self.keep.version;

self.addEventListener("install", (e) => {
  // Without cookies: the shell is the same for everybody, and nobody's flash message is taken away.
  const fill = caches.open(store).then((c) => c.addAll(self.keep.files.map((f) => new Request(f, { credentials: "omit", cache: "no-cache" }))));
  (e as Extendable).waitUntil(fill.then(() => self.skipWaiting()));
});

self.addEventListener("activate", (e) => {
  const old = caches.keys().then((names) => Promise.all(names.filter((n) => n.startsWith(prefix) && n !== store).map((n) => caches.delete(n))));
  (e as Extendable).waitUntil(old.then(() => self.clients.claim()));
});

self.addEventListener("fetch", (e) => {
  const asked = e as Fetching;
  const url = new URL(asked.request.url);
  if (asked.request.method !== "GET" || url.origin !== self.location.origin || !self.keep.files.includes(url.pathname)) return;
  const kept = caches.open(store).then((c) => c.match(url.pathname));
  asked.respondWith(kept.then((found) => found ?? fetch(asked.request)));
});
