// Python, in a worker of the page: it starts from a snapshot of its memory where the browser takes one.

import type { Answer, Event, Kept, Places, Request, RunResult } from "./protocol";

interface Pyodide {
  loadPackage(names: string[], options: object): Promise<unknown>;
  unpackArchive(archive: ArrayBuffer, format: string, options: object): void;
  runPython(code: string): unknown;
  pyimport(name: string): PagePython;
}

/** frontend/python/page_python/worker.py; texts are JSON. */
interface PagePython {
  open(cells: string, post: (kind: string, text: string) => void): void;
  edit(sources: string): string;
  plan(cell: string): string;
  run(cell: string, names: string): string;
  answer(name: string, setting: string): string;
  ask_piece(name: string, question: string): Buffer | string;
  wheels(): string;
  import_behind(): void;
}

/** A buffer of Python, as Pyodide hands it over. */
interface Buffer {
  toJs(): Uint8Array<ArrayBuffer>;
  destroy(): void;
}

interface Plan {
  cells: [id: string, names: string[] | null][];
  wheels: string[];
  seconds: number;
}

interface Ran {
  state: "done" | "stopped" | "again" | "missing";
  missing: string;
  wheels: string[];
  shortened: [number, number][];
}

const SITE_PACKAGES = "/lib/python3.14/site-packages";
const AGAIN = 20; // a cell that finds new needs so often has a fault of its own

let python: Pyodide;
let page: PagePython;
let sizes: Record<string, number> = {};
const loaded = new Set<string>();
let current = 0; // the request that is being answered

const say = (answer: Answer, transfer: Transferable[] = []) => (self as unknown as Worker).postMessage(answer, transfer);
const tell = (event: Event) => say({ to: current, event });

// ---- starting

async function fetched(url: string): Promise<Response> {
  const response = await fetch(url).catch(() => undefined);
  if (!response?.ok) throw new Error(`the file ${url.split("/").pop()} is missing or cannot be reached`);
  return response;
}

/** The compiled WebAssembly of Pyodide: taken from the worker before, or kept for the next. */
function keepCompiled(kept: Kept): void {
  const compile = WebAssembly.instantiateStreaming;
  WebAssembly.instantiateStreaming = async (source, imports) => {
    WebAssembly.instantiateStreaming = compile;
    if (kept.module) return { module: kept.module, instance: await WebAssembly.instantiate(kept.module, imports) };
    const made = await compile.call(WebAssembly, source, imports);
    kept.module = made.module;
    return made;
  };
}

function watchBytes(): void {
  let bytes = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) bytes += (entry as PerformanceResourceTiming).encodedBodySize;
    say({ loaded: bytes });
  }).observe({ type: "resource", buffered: true });
}

async function opened(response: Response): Promise<ArrayBuffer> {
  return new Response(response.body!.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

async function loadPython(places: Places, snapshot: boolean, kept: Kept): Promise<Pyodide> {
  const { loadPyodide } = await import(`${places.pyodide}pyodide.mjs`).catch(() => {
    throw new Error("the file pyodide.mjs is missing or cannot be reached");
  });
  const options = { indexURL: places.pyodide, packages: ["numpy"] };
  if (!snapshot) return loadPyodide(options);
  try {
    kept.memory ??= await fetched(`${places.python}python.bin.gz`).then(opened);
    return await loadPyodide({ ...options, _loadSnapshot: kept.memory });
  } catch (error) {
    // Its format is Pyodide's own and may change, and WebKit takes none: the plain start is always there.
    say({ refused: String((error as Error).message ?? error) });
    kept.memory = undefined;
    return loadPyodide(options);
  }
}

async function start({ places, snapshot, kept }: Request & { job: "start" }): Promise<object> {
  watchBytes();
  keepCompiled(kept);
  const isNew = !kept.module;
  const book = fetched(`${places.python}book.zip`).then((response) => response.arrayBuffer());
  const cells = fetched(places.cells).then((response) => response.text());
  for (const early of [book, cells]) early.catch(() => {}); // told below, when it is its turn
  python = await loadPython(places, snapshot, kept);
  loaded.add("numpy");
  python.unpackArchive(await book, "zip", { extractDir: SITE_PACKAGES });
  python.runPython(`
import importlib, os, random
os.environ["MPLBACKEND"] = "agg"
os.environ["TUTORIAL_DATA"] = ${JSON.stringify(places.data)}
random.seed(os.urandom(32))  # that of the snapshot is everybody's
importlib.invalidate_caches()
`);
  page = python.pyimport("page_python.worker");
  const text = await cells;
  sizes = JSON.parse(text).sizes;
  page.open(text, hear);
  python.runPython("import numpy");
  if (isNew) say({ kept });
  return {};
}

// ---- running

function hear(kind: string, text: string): void {
  if (kind === "progress") tell({ kind, ...JSON.parse(text) });
  else if (kind !== "quiet") tell({ kind: "output", output: kind as "stdout", text });
}

const NAMES: Record<string, string> = { scipy: "SciPy", matplotlib: "Matplotlib", "scikit-learn": "scikit-learn" };

async function need(wheels: string[], aloud: boolean): Promise<void> {
  const missing = wheels.filter((wheel) => !loaded.has(wheel));
  if (!missing.length) return;
  const what = missing.map((wheel) => NAMES[wheel]).filter(Boolean).join(" and ") || missing.join(", ");
  const bytes = missing.reduce((sum, wheel) => sum + (sizes[wheel] ?? 0), 0);
  if (aloud) tell({ kind: "loading", what, bytes });
  const troubles: string[] = [];
  await python.loadPackage(missing, { messageCallback: () => {}, errorCallback: (text: string) => troubles.push(text) });
  python.runPython("import importlib; importlib.invalidate_caches()");
  if (troubles.length) throw new Error(`${what} could not be loaded: ${troubles[0]!.split("\n")[0]}`);
  missing.forEach((wheel) => loaded.add(wheel));
}

/** What Python answers; it may also have ended itself, by os._exit or for want of memory. */
function answered(ask: () => string): unknown {
  let text: string | undefined;
  let why = "";
  try {
    text = ask();
  } catch (error) {
    why = ` (${String((error as Error).message ?? error).trim().split("\n").at(-1)!})`;
  }
  if (text === undefined) say({ died: `Python ended in the middle of its work${why}` });
  return JSON.parse(text ?? "{}");
}

async function run({ cell, edits }: Request & { job: "run" }): Promise<RunResult> {
  const uses = JSON.parse(page.edit(JSON.stringify(edits))) ?? undefined;
  let before = 0;
  for (let round = 0; round < AGAIN; round++) {
    const plan: Plan = JSON.parse(page.plan(cell));
    const first = plan.cells.slice(0, -1);
    if (round === 0) tell({ kind: "plan", before: first.length, seconds: plan.seconds });
    await need(plan.wheels, true);
    let last: Ran | undefined;
    for (const [k, [id, names]] of plan.cells.entries()) {
      tell({ kind: "at", done: k, before: first.length });
      last = answered(() => page.run(id, JSON.stringify(names))) as Ran;
      if (last.state !== "done") break;
      if (k < first.length) before += 1;
    }
    if (last!.state === "missing") {
      if (!last!.wheels.length) {
        tell({ kind: "output", output: "error", text: `Python in the browser has no ${last!.missing}.` });
        return { good: false, before, shortened: [], uses };
      }
      await need(last!.wheels, true);
    }
    if (last!.state === "done" || last!.state === "stopped") {
      return { good: last!.state === "done", before, shortened: last!.shortened, uses };
    }
    tell({ kind: "clear" });
  }
  throw new Error("the cell could not be given what it needs");
}

/** The frame of a piece; a library that it lacks is loaded first. */
async function askPiece(name: string, question: string): Promise<Uint8Array> {
  for (let round = 0; round < AGAIN; round++) {
    const answer = page.ask_piece(name, question);
    if (typeof answer !== "string") {
      const frame = answer.toJs();
      answer.destroy();
      return frame;
    }
    await need(JSON.parse(answer), false);
  }
  throw new Error("the piece could not be given what it needs");
}

// ---- one request after another

async function perform(request: Request): Promise<unknown> {
  switch (request.job) {
    case "start":
      return start(request);
    case "run":
      return run(request);
    case "answer":
      return JSON.parse(page.answer(request.name, JSON.stringify(request.setting)));
    case "piece": {
      return askPiece(request.name, JSON.stringify(request.question));
    }
    case "prepare":
      if (request.step === "import") page.import_behind();
      else await need(JSON.parse(page.wheels()), false);
      return {};
  }
}

// While this lock is held the worker lives; the page waits for its end.
function hold(): Promise<never> {
  say({ held: true });
  return new Promise(() => {});
}
navigator.locks?.request(self.name, hold).catch(() => {});

let queue = Promise.resolve();
self.onmessage = ({ data }: MessageEvent<Request & { n: number }>) => {
  queue = queue.then(async () => {
    current = data.n;
    try {
      const result = await perform(data);
      say({ to: data.n, result }, result instanceof Uint8Array ? [result.buffer] : []);
    } catch (error) {
      say({ to: data.n, failure: String((error as Error).message ?? error) });
    }
  });
};
