import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { missingInBrowser, Python, Stopped } from "../src/python";

const PLACES = { pyodide: "/p/", python: "/page/", cells: "/c.json", data: "/d/" };

/** A worker that answers as it is told to, and remembers what it was asked. */
class FakeWorker {
  static all: FakeWorker[] = [];
  static answer: (request: { n: number; job: string }) => object | undefined = ({ n }) => ({ to: n, result: n });
  asked: { n: number; job: string; snapshot?: boolean; kept?: object }[] = [];
  isEnded = false;
  onmessage?: (message: { data: object }) => void;
  onerror?: (event: object) => void;

  constructor() {
    FakeWorker.all.push(this);
  }

  postMessage(request: { n: number; job: string }): void {
    this.asked.push(request);
    const answer = FakeWorker.answer(request);
    if (answer) queueMicrotask(() => this.say(answer));
  }

  say(data: object): void {
    if (!this.isEnded) this.onmessage?.({ data });
  }

  terminate(): void {
    this.isEnded = true;
  }
}

const stored = new Map<string, string>();
Object.assign(globalThis, {
  Worker: FakeWorker,
  localStorage: { getItem: (key: string) => stored.get(key) ?? null, setItem: (key: string, value: string) => stored.set(key, value) },
});
Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
Object.assign(WebAssembly, { Suspending: function Suspending() {} });

beforeEach(() => {
  stored.clear();
  FakeWorker.all = [];
  FakeWorker.answer = ({ n }) => ({ to: n, result: n });
});

test("nothing is started before it is asked for, and then one worker", async () => {
  const python = new Python(PLACES, "worker.js");
  assert.equal(FakeWorker.all.length, 0);
  await Promise.all([python.start(), python.ask({ job: "run", cell: "a", edits: {} }), python.ask({ job: "run", cell: "b", edits: {} })]);
  assert.equal(FakeWorker.all.length, 1);
  assert.deepEqual(FakeWorker.all[0]!.asked.map((request) => request.job), ["start", "run", "run"]);
  assert.equal(python.isReady, true);
});

test("what comes on the way is heard by the one who asked", async () => {
  const python = new Python(PLACES, "worker.js");
  await python.start();
  FakeWorker.answer = () => undefined;
  const heard: string[] = [];
  const first = python.ask({ job: "run", cell: "a", edits: {} }, (event) => heard.push(`a ${event.kind}`));
  const second = python.ask({ job: "run", cell: "b", edits: {} }, (event) => heard.push(`b ${event.kind}`));
  await new Promise((go) => setTimeout(go));
  const [worker] = FakeWorker.all;
  const [, a, b] = worker!.asked;
  worker!.say({ to: b!.n, event: { kind: "clear" } });
  worker!.say({ to: a!.n, event: { kind: "clear" } });
  worker!.say({ to: a!.n, result: 1 });
  worker!.say({ to: b!.n, failure: "no" });
  assert.equal(await first, 1);
  await assert.rejects(second, /no/);
  assert.deepEqual(heard, ["b clear", "a clear"]);
});

test("stop ends what runs, and the next worker gets what was kept", async () => {
  const python = new Python(PLACES, "worker.js");
  await python.start();
  FakeWorker.all[0]!.say({ kept: { memory: "kept" } });
  FakeWorker.answer = ({ n, job }) => (job === "start" ? { to: n, result: {} } : undefined);
  const running = python.ask({ job: "run", cell: "a", edits: {} });
  await new Promise((go) => setTimeout(go));
  const stopped = assert.rejects(running, Stopped);
  await python.stop();
  await stopped;
  assert.equal(FakeWorker.all[0]!.isEnded, true);
  assert.deepEqual(FakeWorker.all[1]!.asked[0]!.kept, { memory: "kept" });
  assert.equal(python.isReady, true);
});

test("a start that fails can be tried again", async () => {
  const python = new Python(PLACES, "worker.js");
  FakeWorker.answer = ({ n }) => ({ to: n, failure: "a file is missing" });
  await assert.rejects(python.start(), /a file is missing/);
  assert.equal(FakeWorker.all[0]!.isEnded, true);
  FakeWorker.answer = ({ n }) => ({ to: n, result: {} });
  await python.start();
  assert.equal(python.isReady, true);
});

test("a worker that breaks ends what runs with its message", async () => {
  const python = new Python(PLACES, "worker.js");
  await python.start();
  FakeWorker.answer = () => undefined;
  const running = python.ask({ job: "run", cell: "a", edits: {} });
  await new Promise((go) => setTimeout(go));
  FakeWorker.all[0]!.onerror?.({ message: "out of memory", preventDefault: () => {} });
  await assert.rejects(running, /out of memory/);
  assert.equal(python.isReady, false);
});

test("a snapshot that was refused is not tried again, until there is another", async () => {
  const first = new Python(PLACES, "worker.js");
  await first.start();
  assert.equal(FakeWorker.all[0]!.asked[0]!.snapshot, true);
  FakeWorker.all[0]!.say({ refused: "another format" });
  await new Python(PLACES, "worker.js").start();
  assert.equal(FakeWorker.all[1]!.asked[0]!.snapshot, false);
  await new Python({ ...PLACES, python: "/newer/" }, "worker.js").start();
  assert.equal(FakeWorker.all[2]!.asked[0]!.snapshot, true);
});

test("what a browser lacks is named", () => {
  assert.equal(missingInBrowser(), "");
  const worker = globalThis.Worker;
  Object.assign(globalThis, { Worker: undefined });
  assert.equal(missingInBrowser(), "it has no workers");
  Object.assign(globalThis, { Worker: worker });
});

test("stop during the first start leaves the next worker alone", async () => {
  const python = new Python(PLACES, "worker.js");
  FakeWorker.answer = () => undefined;
  const first = assert.rejects(python.start(), Stopped);
  FakeWorker.answer = ({ n }) => ({ to: n, result: {} });
  await python.stop();
  await first;
  assert.deepEqual(FakeWorker.all.map((worker) => worker.isEnded), [true, false]);
  assert.equal(python.isReady, true);
});
