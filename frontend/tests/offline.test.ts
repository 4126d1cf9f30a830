import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, cacheName, type List, missing } from "../src/offline_list";

const NEW: List = { files: [["a.html", 10, "1"], ["b.html", 20, "2"], ["c.html", 30, "3"]] };

test("of a new release what has changed is fetched", () => {
  const old: List = { files: [["a.html", 10, "1"], ["b.html", 25, "another"], ["gone.html", 5, "9"]] };
  assert.deepEqual(missing(NEW, old).map(([place]) => place), ["b.html", "c.html"]);
  assert.deepEqual(missing(NEW, undefined), NEW.files);
  assert.deepEqual(missing(NEW, NEW), []);
});

test("sizes are added", () => assert.equal(bytesOf(NEW.files), 60));

test("two sites keep apart", () => assert.notEqual(cacheName("/one/"), cacheName("/two/")));
