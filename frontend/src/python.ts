// The Python of a page: one worker, started when it is first asked for.

import type { Answer, Event, Kept, Places, Request } from "./protocol";

type Hear = (event: Event) => void;
interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
  hear: Hear | undefined;
}

export class Stopped extends Error {}

const REFUSED = "page-python-snapshot-refused"; // remembered, by the address of the snapshot

/** Without this WebKit would try for two seconds what it always refuses. */
function takesSnapshots(address: string): boolean {
  if (!("Suspending" in WebAssembly)) return false;
  try {
    return localStorage.getItem(REFUSED) !== address;
  } catch {
    return true;
  }
}

/** Why Python cannot start in this browser at all, "" if it may. */
export function missingInBrowser(): string {
  if (typeof WebAssembly !== "object") return "it has no WebAssembly";
  if (typeof Worker !== "function") return "it has no workers";
  if (typeof DecompressionStream !== "function") return "it is too old";
  return "";
}

export class Python {
  #worker: Worker | undefined;
  #started: Promise<unknown> | undefined;
  #kept: Kept = {};
  #waiting = new Map<number, Waiting>();
  #number = 0;
  #lives = 0;
  #onHeld = () => {};
  isReady = false;
  askedAt = 0; // when it was last asked something
  onLoaded: (bytes: number) => void = () => {};
  onReady: () => void = () => {};

  constructor(private readonly places: Places, private readonly script: string) {}

  /** Start it, if it is not there yet. */
  start(): Promise<unknown> {
    if (!this.#started) {
      const mine: Promise<unknown> = this.#begin().catch((error) => {
        if (this.#started === mine) this.#end(error); // so that it can be tried again
        throw error;
      });
      this.#started = mine;
    }
    return this.#started;
  }

  async #begin(): Promise<void> {
    const name = `python-${++this.#lives}-${Math.random()}`;
    const worker = new Worker(this.script, { type: "module", name });
    this.#worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.#take(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#lose(worker, event.message || "its program could not be loaded");
    };
    const snapshot = takesSnapshots(this.places.python);
    this.#onHeld = () => {
      const died = () => this.#lose(worker, "it ended in the middle of its work");
      navigator.locks?.request(name, died).catch(() => {});
    };
    await this.#ask({ job: "start", places: this.places, snapshot, kept: this.#kept });
    this.isReady = true;
    this.onReady();
  }

  /** Ask something, once Python is there; what comes on the way is heard. */
  async ask<Result>(request: Request, hear?: Hear): Promise<Result> {
    await this.start();
    this.askedAt = performance.now();
    return (await this.#ask(request, hear)) as Result;
  }

  #ask(request: Request, hear?: Hear): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const n = ++this.#number;
      this.#waiting.set(n, { resolve, reject, hear });
      this.#worker!.postMessage({ ...request, n });
    });
  }

  #take(answer: Answer): void {
    if ("held" in answer) this.#onHeld();
    else if ("died" in answer) this.#lose(this.#worker!, answer.died);
    else if ("loaded" in answer) this.onLoaded(answer.loaded);
    else if ("kept" in answer) this.#kept = answer.kept;
    else if ("refused" in answer) this.#remember(answer.refused);
    else {
      const one = this.#waiting.get(answer.to);
      if (!one) return;
      if ("event" in answer) one.hear?.(answer.event);
      else {
        this.#waiting.delete(answer.to);
        if ("failure" in answer) one.reject(new Error(answer.failure));
        else one.resolve(answer.result);
      }
    }
  }

  #remember(why: string): void {
    console.info(`Python starts without its snapshot: ${why}`);
    try {
      localStorage.setItem(REFUSED, this.places.python);
    } catch {
      // It is tried again on the next page.
    }
  }

  /** Which one it is, of all that were started. */
  get life(): number {
    return this.#lives;
  }

  /** Whether something is being answered. */
  get isBusy(): boolean {
    return this.#waiting.size > 0;
  }

  /** End the worker, whatever it does; the next is started at once. */
  async stop(): Promise<void> {
    this.#end(new Stopped("stopped"));
    await this.start();
  }

  #lose(worker: Worker, why: string): void {
    if (worker === this.#worker) this.#end(new Error(why));
  }

  #end(error: Error): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#started = undefined;
    this.isReady = false;
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of all) one.reject(error);
  }
}
