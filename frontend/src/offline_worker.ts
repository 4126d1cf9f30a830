// Answers from what the reader's browser keeps where there is no network. At the root of the site.

import { cacheName, PATIENCE } from "./offline_list";

const worker = self as unknown as ServiceWorkerGlobalScope;
const scope = new URL("./", worker.location.href);

worker.addEventListener("install", () => void worker.skipWaiting());
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET" && request.url.startsWith(scope.href)) event.respondWith(answer(request));
});

async function kept(request: Request): Promise<Response | undefined> {
  const cache = await caches.open(cacheName(scope.pathname));
  const url = new URL(request.url);
  if (url.pathname.endsWith("/")) url.pathname += "index.html";
  return cache.match(url.href, { ignoreSearch: true });
}

/** What the network has; what is kept if it has nothing, or is too slow. */
async function answer(request: Request): Promise<Response> {
  const online = fetch(request);
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, PATIENCE));
  const first = await Promise.race([online, late]).catch(() => undefined);
  return first ?? (await kept(request)) ?? online;
}
