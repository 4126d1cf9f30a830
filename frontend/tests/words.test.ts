import assert from "node:assert/strict";
import { test } from "node:test";
import * as words from "../src/words";

test("sizes are told in megabytes", () => {
  assert.equal(words.megabytes(16_837_567), "17 MB");
  assert.equal(words.megabytes(344_669), "0.3 MB");
});

test("times are told as they matter", () => {
  assert.deepEqual([0.04, 9.96, 12.4, 89, 150].map(words.seconds), ["0.0 s", "10.0 s", "12 s", "89 s", "3 minutes"]);
});

test("an estimate is given for cells of more than five seconds", () => {
  assert.equal(words.estimate(5), "");
  assert.equal(words.estimate(12), "takes about 12 s");
});

test("what runs first is counted", () => {
  assert.equal(words.plan(0, 1), "");
  assert.equal(words.plan(1, 1), "first runs 1 cell");
  assert.equal(words.plan(3, 20), "first runs 3 cells; takes about 20 s");
  assert.equal(words.done(0.31, 2), "Done in 0.3 s, with 2 cells before it.");
});

test("each shorter length is told once", () => {
  const told = words.shortened([[2500, 800], [2500, 800], [614071, 150000]]);
  assert.equal(told, "In the browser its loops are shorter: 800 instead of 2,500, 150,000 instead of 614,071.");
});

test("a cell without a button says why", () => {
  assert.equal(words.blocked("torch"), "This cell needs torch, which Python in the browser lacks.");
});
