// Keeping the site in the reader's browser, at their wish: what it takes, how far it is, and taking it away.

import { announce, make } from "./dom";
import { bytesOf, cacheName, isSum, type List, missing } from "./offline_list";
import * as words from "./words";

const AT_ONCE = 6; // files that are fetched side by side
const LIST = "offline.json";
const root = new URL("../..", import.meta.url);

export function offerOffline(): void {
  const place = document.getElementById("page-offline");
  if (place) new Offline(place).look();
}

class Offline {
  readonly #said = make("p");
  readonly #buttons = make("p", { className: "page-bar" });
  readonly #progress = make("progress", { hidden: true });

  constructor(place: HTMLElement) {
    this.#said.setAttribute("role", "status");
    this.#progress.setAttribute("aria-label", "Progress of keeping the book");
    place.replaceChildren(this.#said, this.#progress, this.#buttons);
  }

  #say(text: string, ...buttons: [label: string, press: () => void][]): void {
    const hadFocus = this.#buttons.contains(document.activeElement);
    this.#said.textContent = text;
    this.#buttons.replaceChildren(
      ...buttons.map(([label, press]) => {
        const button = make("button", { type: "button", className: "page-run", textContent: label });
        button.addEventListener("click", press);
        return button;
      }),
    );
    if (hadFocus) this.#buttons.querySelector("button")?.focus();
  }

  /** Say what is kept and what can be done. */
  async look(): Promise<void> {
    if (!("serviceWorker" in navigator) || !("caches" in window) || !crypto.subtle) {
      this.#say("This browser cannot keep the book, or the address of this page does not begin with https.");
      return;
    }
    try {
      const kept = await this.#kept();
      const list = await this.#list().catch(() => kept);
      if (!list) throw new Error("the list of the files is missing");
      const todo = missing(list, kept);
      const all = words.megabytes(bytesOf(list.files));
      const remove: [string, () => void] = ["Remove it from this browser", () => void this.#remove()];
      if (kept && todo.length === 0) {
        this.#say(`The book is kept in this browser (${all}). It can be read and run without a network.`, remove);
      } else if (kept) {
        const size = words.megabytes(bytesOf(todo));
        const update: [string, () => void] = [`Update (${size})`, () => void this.#keep(list, kept)];
        this.#say("The book is kept in this browser, as an earlier release.", update, remove);
      } else {
        this.#say(`Keeping the book takes ${all} of this browser's storage.`, [
          `Keep the book in this browser (${all})`,
          () => void this.#keep(list, undefined),
        ]);
      }
    } catch (error) {
      this.#say(`Whether the book is kept could not be found out: ${(error as Error).message}.`);
    }
  }

  async #kept(): Promise<List | undefined> {
    const name = cacheName(root.pathname);
    if (!(await caches.has(name))) return undefined;
    const response = await (await caches.open(name)).match(new URL(LIST, root).href);
    return response?.json();
  }

  async #list(): Promise<List> {
    const response = await fetch(new URL(LIST, root), { cache: "no-cache" });
    if (!response.ok) throw new Error("the list of the files is missing");
    return response.json();
  }

  async #keep(list: List, kept: List | undefined): Promise<void> {
    const stopping = new AbortController();
    this.#say("Keeping the book…", ["Stop", () => stopping.abort()]);
    announce("Keeping the book.");
    const todo = missing(list, kept);
    this.#progress.max = bytesOf(todo);
    this.#progress.value = 0;
    this.#progress.hidden = false;
    try {
      const cache = await caches.open(cacheName(root.pathname));
      await navigator.serviceWorker.register(new URL("offline.js", root), { scope: root.href });
      await navigator.storage?.persist?.();
      const queue = [...todo];
      const work = async () => {
        for (let one = queue.shift(); one; one = queue.shift()) {
          await this.#fetch(cache, one, stopping.signal);
          this.#progress.value += one[1];
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, work));
      const places = new Set(list.files.map(([place]) => new URL(place, root).href));
      for (const request of await cache.keys()) if (!places.has(request.url)) await cache.delete(request);
      await cache.put(new URL(LIST, root).href, new Response(JSON.stringify(list)));
      await this.look();
    } catch (error) {
      stopping.abort();
      if (!kept) await this.#forget();
      await this.look();
      this.#said.prepend(`${this.#trouble(error as Error)} `);
    } finally {
      this.#progress.hidden = true;
      announce(this.#said.textContent ?? "");
    }
  }

  async #fetch(cache: Cache, [place, , sum]: List["files"][number], signal: AbortSignal): Promise<void> {
    const url = new URL(place, root);
    const response = await fetch(url, { signal, cache: "no-cache" });
    if (!response.ok) throw new Error(`the file ${place} is missing`);
    const content = await response.clone().arrayBuffer();
    if (isSum(sum) && (await sumOf(content)) !== sum) throw new Error("the site has changed meanwhile; reload this page and try again");
    await cache.put(url.href, response);
  }

  #trouble(error: Error): string {
    if (error.name === "AbortError") return "Stopped; nothing more is fetched.";
    if (error.name === "QuotaExceededError") return "This browser has not enough room.";
    return `The book could not be kept: ${error.message}.`;
  }

  async #remove(): Promise<void> {
    await this.#forget();
    await this.look();
    announce("The book is removed from this browser.");
  }

  async #forget(): Promise<void> {
    await caches.delete(cacheName(root.pathname));
    const registration = await navigator.serviceWorker.getRegistration(root.href);
    if (registration?.scope === root.href) await registration.unregister();
  }
}

/** The sum of a file, as the list has it. */
async function sumOf(content: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
