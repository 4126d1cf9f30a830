import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { type CellFacts, Edits } from "../src/edits";
import { Progress } from "../src/progress";

// Cell c uses b, and b uses a; d stands alone.
const CELLS: CellFacts[] = [["a", "1", []], ["b", "2", [0]], ["c", "3", [1]], ["d", "4", []]];

let stored = new Map<string, string>();
let isBlocked = false;
const guarded = <A extends unknown[], R>(act: (...all: A) => R) => (...all: A): R => {
  if (isBlocked) throw new Error("storage is blocked");
  return act(...all);
};
Object.assign(globalThis, {
  localStorage: {
    getItem: guarded((key: string) => stored.get(key) ?? null),
    setItem: guarded((key: string, value: string) => stored.set(key, value)),
    removeItem: guarded((key: string) => stored.delete(key)),
  },
  window: { addEventListener: () => {} },
});

beforeEach(() => {
  stored = new Map();
  isBlocked = false;
});

test("an edit makes out of date what builds on it, and nothing else", () => {
  const edits = new Edits("page", CELLS);
  const before = CELLS.map(([id]) => edits.basis(id));
  assert.deepEqual(before, ["", "", "", ""]);
  edits.set("b", "b = 2");
  const after = CELLS.map(([id]) => edits.basis(id));
  assert.equal(after[0], "");
  assert.equal(after[3], "");
  assert.notEqual(after[1], "");
  assert.equal(after[2], after[1]);
  edits.set("b", undefined);
  assert.deepEqual(CELLS.map(([id]) => edits.basis(id)), before);
});

test("what Python finds of an edited cell counts", () => {
  const edits = new Edits("page", CELLS);
  edits.set("a", "a = 2");
  assert.equal(edits.basis("d"), "");
  edits.takeUses({ a: [], b: ["a"], c: ["b"], d: ["a"] });
  assert.notEqual(edits.basis("d"), "");
});

test("edits outlast the page", () => {
  assert.equal(new Edits("page", CELLS).set("a", "a = 2"), true);
  assert.equal(new Edits("page", CELLS).of("a"), "a = 2");
  assert.equal(new Edits("another", CELLS).of("a"), undefined);
});

test("an edit of an earlier source is not taken, but told", () => {
  new Edits("page", CELLS).set("a", "a = 2");
  const later = new Edits("page", [["a", "another", []], ...CELLS.slice(1)]);
  assert.equal(later.of("a"), undefined);
  assert.equal(later.ofEarlier("a"), "a = 2");
  assert.deepEqual(later.sources(), {});
  later.set("a", "a = 2");
  assert.deepEqual([later.of("a"), later.ofEarlier("a")], ["a = 2", undefined]);
});

test("edits of another tab are not lost", () => {
  const [one, other] = [new Edits("page", CELLS), new Edits("page", CELLS)];
  one.set("a", "a = 2");
  other.set("d", "d = 2");
  assert.deepEqual(new Edits("page", CELLS).sources(), { a: "a = 2", d: "d = 2" });
});

test("a cell that the page no longer has is passed over", () => {
  new Edits("page", CELLS).set("d", "d = 2");
  assert.deepEqual(new Edits("page", CELLS.slice(0, 3)).sources(), {});
});

test("what cannot be read counts as nothing", () => {
  new Edits("page", CELLS).set("a", "a = 2");
  for (const text of ["{", "3", "null", '{"a": 3}', '{"a": null}', '{"a": {"text": 3}}']) {
    for (const key of stored.keys()) stored.set(key, text);
    assert.deepEqual(new Edits("page", CELLS).sources(), {}, text);
  }
});

test("where storage is blocked edits last as long as the page", () => {
  isBlocked = true;
  const edits = new Edits("blocked page", CELLS);
  assert.equal(edits.set("a", "a = 2"), false);
  assert.equal(edits.of("a"), "a = 2");
});

test("what is solved is kept once, and can be forgotten", () => {
  const progress = new Progress();
  const told: number[] = [];
  progress.follow(() => told.push(progress.solved.size));
  progress.solve("2.1");
  progress.solve("2.1");
  progress.solve("2.2");
  assert.deepEqual([...new Progress().solved], ["2.1", "2.2"]);
  progress.forget();
  assert.deepEqual(told, [0, 1, 2, 0]);
  for (const text of ["{", "3", '{"a": 1}', "[3, null]"]) {
    progress.solve("2.1");
    for (const key of stored.keys()) stored.set(key, text);
    assert.equal(progress.solved.size, 0, text);
    stored.clear();
  }
});
