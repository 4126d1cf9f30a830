import assert from "node:assert/strict";
import { test } from "node:test";
import { holds, type Past, readAddress, write } from "../src/live/address";
import { Clock } from "../src/live/clock";
import { type Graph, unpack } from "../src/live/frame";
import { partsOf, toldOf } from "../src/live/graph";
import * as hands from "../src/live/hands";
import { onGrid, presetOf, withNoise } from "../src/live/points";
import type { Cloud, Question, Spec, Value } from "../src/live/spec";

const POINTS: Cloud = {
  kind: "cloud", label: "points", start: { X: [0.1, -0.2], y: [0] }, classes: ["a", "b"], limit: 1, least: 1, most: 3, fixed: false, axes: ["x", "y"], noise: { levels: [], moves: [] },
  presets: { one: { X: [0.1, -0.2], y: [0] }, two: { X: [0, 0, 1, -1], y: [0, 1] } },
};
const SPEC: Spec = {
  name: "piece", pace: null, steps: true, presets: {}, folded: [],
  controls: {
    data: POINTS,
    rate: { kind: "slider", label: "rate", start: 1, values: ["0.1", "0.2", "0.5"] },
    rule: { kind: "choice", label: "rule", start: 0, values: ["SGD", "Adam & co"] },
    ink: { kind: "drawing", label: "ink", start: [0, 1, 0, 0], shape: [2, 2], levels: [0, 1], pens: [], width: 1 },
    kernel: { kind: "table", label: "kernel", start: [1, -1], rows: ["1"], columns: ["1", "2"], low: -5, high: 5, step: 0.5 },
    words: { kind: "text", label: "words", start: "ab", longest: 9 },
    inputs: { kind: "toggles", label: "inputs", start: [0], names: ["x", "y", "xy"] },
    layers: { kind: "sizes", label: "layers", start: [2], part: "layer", most: 8, longest: 3 },
  },
};
const START = Object.fromEntries(Object.entries(SPEC.controls).map(([key, { start }]) => [key, start])) as Record<string, Value>;

test("the address says what is not at its start, and nothing else", () => {
  assert.equal(write(SPEC, START, 0, []), "piece?t=0");
  assert.deepEqual(readAddress(SPEC, "#piece?t=0"), { values: {}, steps: 0, past: [], unknown: [] });
  assert.equal(readAddress(SPEC, "#another?t=3"), undefined);
});

test("every kind of control comes back from the address", () => {
  const values: Record<string, Value> = {
    data: { X: [onGrid(0.12345, 1), -1, 1, onGrid(-0.777, 1)], y: [1, 0] },
    rate: 2, rule: 1, ink: [1, 1, 0, 1], kernel: [0.5, -2], words: "ü & é=?", inputs: [0, 2], layers: [],
  };
  const past: Past[] = [[0, ["net", "edge", 3, -0.25]], [7, ["net", "node", 0, 1.5]], [9, ["rate", 0]], [9, ["data", { X: [0.5, 0], y: [0] }]], [12, ["words", "a b"]]];
  const place = readAddress(SPEC, `#${write(SPEC, values, 41, past)}`)!;
  assert.deepEqual(place, { values, steps: 41, past, unknown: [] });
});

test("presets have their names in the address", () => {
  const values = { ...START, data: structuredClone(POINTS.presets.two!) };
  assert.match(write(SPEC, values, 0, []), /data=two/);
  assert.equal(presetOf(values.data, POINTS), "two");
});

test("what an address cannot mean is left out", () => {
  for (const query of ["rate=7", "data=~9AAAA", "data=~1", "ink=0102", "ink=01", "kernel=1+99", "kernel=x+1", "words=much+too+long", "inputs=3", "inputs=", "layers=9", "layers=2-2-2-2", "then=3+rate+7", "t=-3", "t=x", "then=x+rate+0.1", "then=3+nothing+1", "edits=net,edge,3,1", "edits=0,net,edge,x,1"]) {
    const place = readAddress(SPEC, `#piece?${query}`)!;
    assert.deepEqual({ ...place, unknown: [] }, { values: {}, steps: 0, past: [], unknown: [] }, query);
    assert.equal(place.unknown.length, /^(t=|edits=|then=x|then=3.nothing)/.test(query) ? 0 : 1, query);
  }
});

test("an address has room for some changes, not for many", () => {
  const past = (n: number) => Array.from({ length: n }, (_, k): Past => [k, ["net", "edge", k, 1]]);
  assert.equal(holds(SPEC, past(100)), true);
  assert.equal(holds(SPEC, past(400)), false);
});

test("noise moves points at random, and back; a preset keeps its name", () => {
  const control: Cloud = {
    ...POINTS, most: 3, noise: { levels: [0, 0.1, 0.2], moves: [1, -1, 0.5, 2, -0.3, 0.7] },
    start: { X: [0.1, -0.2], y: [0], noise: [0, 0] }, presets: { one: { X: [0.1, -0.2], y: [0], noise: [0, 0] } },
  };
  const points = control.presets.one!;
  const noisy = withNoise(points, [2, 0], control);
  assert.deepEqual(noisy, { X: [onGrid(0.3, 1), onGrid(-0.4, 1)], y: [0], noise: [2, 0] });
  assert.equal(presetOf(noisy, control), "one");
  assert.deepEqual(withNoise(noisy, [0, 0], control), points);
  const own = { X: [0.5, 0.5], y: [1], noise: [0, 0] as [number, number] };
  assert.equal(presetOf(own, control), undefined);
  assert.deepEqual(withNoise(withNoise(own, [1, 0], control), [0, 0], control), own);
  assert.notDeepEqual(withNoise(own, [1, 1], control).X, withNoise(own, [1, 0], control).X);
  const spec: Spec = { ...SPEC, controls: { data: control } };
  for (const data of [noisy, withNoise(own, [1, 3], control), own]) {
    assert.deepEqual(readAddress(spec, `#${write(spec, { data }, 0, [])}`)!.values, { data });
  }
  assert.equal(readAddress(spec, "#piece?data=one*7.0")!.unknown.length, 1);
});

test("a link that was encoded on its way is read, once or twice", () => {
  const values = { ...START, rate: 2, words: "a b" };
  const link = write(SPEC, values, 7, []);
  for (const sent of [link, encodeURIComponent(link), encodeURIComponent(encodeURIComponent(link)), link.replaceAll("&", "&amp;")]) {
    assert.deepEqual(readAddress(SPEC, `#${sent}`), { values: { rate: 2, words: "a b" }, steps: 7, past: [], unknown: [] }, sent);
  }
});

test("an array of a frame is found wherever the buffer begins", () => {
  const text = JSON.stringify({ facts: {}, a: { $: [0, "f4", [2]] }, b: { $: [8, "i1", [1, 3]] } });
  const padded = text + " ".repeat((4 - (text.length % 4)) % 4);
  const frame = new Uint8Array(4 + padded.length + 12 + 3);
  const place = frame.subarray(3);
  new DataView(place.buffer, 3).setUint32(0, padded.length, true);
  place.set(new TextEncoder().encode(padded), 4);
  place.set(new Uint8Array(new Float32Array([1.5, -2]).buffer), 4 + padded.length);
  place.set([1, 255, 3], 4 + padded.length + 8);
  const found = unpack(place) as unknown as { a: Float32Array; b: Int8Array & { shape: number[] } };
  assert.deepEqual([...found.a], [1.5, -2]);
  assert.deepEqual([...found.b], [1, -1, 3]);
  assert.deepEqual(found.b.shape, [1, 3]);
});

/** A clock whose Python answers when it is told to. */
function slowClock(pace: number | null = null) {
  const asked: Question[] = [];
  const waiting: { resolve(bytes: Uint8Array): void; reject(error: Error): void }[] = [];
  const failed: string[] = [];
  const answered: number[] = []; // the moves of each frame
  const ask = (question: Question) => {
    asked.push(question);
    return new Promise<Uint8Array>((resolve, reject) => waiting.push({ resolve, reject }));
  };
  const clock = new Clock<Uint8Array>(pace, { ask, frame: (_, moves) => answered.push(moves.length), fail: (error) => failed.push(error.message), drawn: async () => {}, isCalm: () => false });
  const settle = () => new Promise((resolve) => setTimeout(resolve));
  const answer = async () => {
    waiting.shift()!.resolve(new Uint8Array());
    await settle();
  };
  const refuse = async (why: string) => {
    waiting.shift()!.reject(new Error(why));
    await settle();
  };
  return { asked, failed, answered, clock, answer, refuse };
}

test("while a question is out the newest values win", async () => {
  const { asked, clock, answer } = slowClock();
  clock.set("rate", 0);
  clock.set("rate", 1);
  clock.set("rate", 2);
  clock.edit(["net", "edge", 0, 1]);
  clock.edit(["net", "edge", 0, 2]);
  await answer();
  await answer();
  assert.deepEqual(asked.map(({ set }) => set), [{ rate: 0 }, { rate: 2 }]);
  assert.deepEqual(asked[1]!.edit, [["net", "edge", 0, 2]]);
});

test("a frame answers the moves that were overtaken too", async () => {
  const { answered, clock, answer } = slowClock();
  for (const rate of [0, 1, 2, 1]) clock.set("rate", rate, true);
  await answer();
  await answer();
  assert.deepEqual(answered, [1, 3]);
});

test("while it plays without a pace each frame has as many steps as fit", async () => {
  const { asked, clock, answer } = slowClock();
  clock.play();
  await answer();
  await answer();
  clock.pause();
  await answer();
  assert.equal(asked.length, 3);
  assert.ok(asked.every(({ ms }) => ms > 0));
  clock.set("rate", 1, true);
  clock.play();
  assert.ok(asked[3]!.ms < asked[0]!.ms || asked[3]!.ms === 0, "a hand comes first");
});

test("a question that fails ends the play and is told", async () => {
  const { asked, failed, clock, refuse, answer } = slowClock();
  clock.play();
  await refuse("no such thing");
  assert.deepEqual([failed, clock.isPlaying], [["no such thing"], false]);
  clock.step();
  await answer();
  assert.equal(asked.at(-1)!.steps, 1);
});

test("a restart forgets the steps that were asked for", async () => {
  const { asked, clock, answer } = slowClock();
  clock.set("rate", 1);
  clock.step(7);
  clock.restart();
  await answer();
  assert.deepEqual(asked[1], { steps: 0, ms: 0, restart: true });
});

test("points are moved, added, removed and flipped without a change of the old ones", () => {
  const before = structuredClone(POINTS.presets.two!);
  const points = POINTS.presets.two!;
  assert.deepEqual(hands.moved(points, 1, 5, 0.25004, POINTS), { X: [0, 0, 1, 0.25], y: [0, 1] });
  assert.deepEqual(hands.added(points, 0.5, 0.5, 1, POINTS)!.y, [0, 1, 1]);
  assert.equal(hands.added({ X: [0, 0, 0, 0, 0, 0], y: [0, 0, 0] }, 0, 0, 0, POINTS), undefined, "no room");
  assert.equal(hands.added(points, 0, 0, 0, { ...POINTS, fixed: true }), undefined);
  assert.deepEqual(hands.removed(points, 0, POINTS), { X: [1, -1], y: [1] });
  assert.equal(hands.removed(POINTS.presets.one!, 0, POINTS), undefined, "one stays");
  assert.deepEqual(hands.flipped(points, 1, POINTS).y, [0, 0]);
  assert.deepEqual(points, before);
});

test("arrows go to the nearest point in their direction", () => {
  const cross = { X: [0, 0, 0.5, 0.1, -0.5, 0, 0, 0.5, 0, -0.5], y: [0, 0, 0, 0, 0] };
  assert.equal(hands.nearest(cross, 0, [1, 0]), 1);
  assert.equal(hands.nearest(cross, 0, [-1, 0]), 2);
  assert.equal(hands.nearest(cross, 0, [0, 1]), 3);
  assert.equal(hands.nearest(cross, 1, [1, 0]), 1, "there is none");
  assert.equal(hands.nearest(cross, -1, [1, 0]), 0);
  assert.equal(hands.nearest({ X: [], y: [] }, -1, [1, 0]), -1);
});

test("a thumb finds the point near it", () => {
  const points = { X: [0, 0, 0.1, 0], y: [0, 0] };
  assert.equal(hands.under(points, 0.08, 0, 0.05), 1);
  assert.equal(hands.under(points, 0.5, 0.5, 0.05), -1);
});

test("the units of a graph without edges have values, those of a network have biases", () => {
  const of = (edges: number[], weights: number[]) => ({
    edges: new Uint16Array(edges), weights: new Float32Array(weights), values: new Float32Array([0.5, 2]),
    at: new Float32Array([0, 0, 1, 1]), names: ["unit 1", "unit 2"], fixed: [],
  }) as unknown as Graph;
  assert.deepEqual(partsOf(of([], [])).map(toldOf), ["unit 1: 0.50.", "unit 2: 2.00."]);
  assert.deepEqual(partsOf(of([0, 1], [3])).map(toldOf), ["Input unit 1.", "Bias of unit 2: 2.00.", "Weight from unit 1 to unit 2: 3.00."]);
});
