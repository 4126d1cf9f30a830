// A piece in the address: the controls that are not at their start, the steps, and a few edits of the state.

import type { Cloud, Control, Edit, Points, Spec, Value } from "./spec";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
export const GRID = 2000; // steps from 0 to the limit of a cloud; as in controls.py
const MOST_EDITS = 12; // in an address
const MOST_STEPS = 100_000; // that an address may ask for

/** A coordinate on the grid of its cloud. */
export function onGrid(value: number, limit: number): number {
  const inside = Math.max(-limit, Math.min(limit, value));
  return (Math.round((inside / limit) * GRID) / GRID) * limit;
}

const isEqual = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function twoDigits(value: number, { limit }: Cloud): string {
  const n = Math.round((value / limit) * GRID) + GRID;
  return DIGITS[n >> 6]! + DIGITS[n & 63]!;
}

function coordinate(digits: string, { limit }: Cloud): number {
  return ((DIGITS.indexOf(digits[0]!) * 64 + DIGITS.indexOf(digits[1]!) - GRID) / GRID) * limit;
}

/** The name of the preset that a cloud's points are, if any. */
export function presetOf(points: Points, control: Cloud): string | undefined {
  return Object.keys(control.presets).find((name) => isEqual(control.presets[name], points));
}

function told(value: Value, control: Control): string {
  switch (control.kind) {
    case "slider":
    case "choice":
      return control.values[value as number]!;
    case "cloud": {
      const points = value as Points;
      const two = (k: number) => twoDigits(points.X[2 * k]!, control) + twoDigits(points.X[2 * k + 1]!, control);
      return presetOf(points, control) ?? `~${points.y.map((c, k) => `${c}${two(k)}`).join("")}`;
    }
    case "drawing":
      return (value as number[]).join("");
    case "table":
      return (value as number[]).map((number) => +number.toPrecision(6)).join(" ");
    case "text":
      return value as string;
  }
}

/** The value that a text stands for, undefined if for none. */
function read(text: string, control: Control): Value | undefined {
  switch (control.kind) {
    case "slider":
    case "choice": {
      const place = control.values.indexOf(text);
      return place < 0 ? undefined : place;
    }
    case "cloud": {
      if (Object.hasOwn(control.presets, text)) return structuredClone(control.presets[text]!);
      if (!/^~(\d[\w-]{4})*$/.test(text)) return undefined;
      const points = (text.match(/\d[\w-]{4}/g) ?? []).slice(0, control.most);
      const X = points.flatMap((point) => [coordinate(point.slice(1, 3), control), coordinate(point.slice(3, 5), control)]);
      const y = points.map((point) => +point[0]!);
      const isInside = X.every((x) => Math.abs(x) <= control.limit) && y.every((c) => c < control.classes.length);
      const fits = isInside && y.length >= control.least;
      return fits ? { X, y } : undefined;
    }
    case "drawing": {
      const levels = [...text].map(Number);
      const fits = levels.length === control.start.length && levels.every((level) => level < control.levels.length);
      return fits ? levels : undefined;
    }
    case "table": {
      const numbers = text.split(" ").map(Number);
      const fits = numbers.length === control.start.length && numbers.every((n) => n >= control.low && n <= control.high);
      return fits ? numbers : undefined;
    }
    case "text":
      return text.length <= control.longest ? text : undefined;
  }
}

/** An edit of the state, and after how many steps it was made. */
export type Past = [steps: number, edit: Edit];

export interface Place {
  values: Record<string, Value>; // of those controls that are not at their start
  steps: number;
  past: Past[];
  unknown: string[]; // the labels of controls whose values cannot be read
}

/** The part of the address after the mark #. */
export function write(spec: Spec, values: Record<string, Value>, steps: number, past: Past[]): string {
  const query = new URLSearchParams();
  for (const [key, control] of Object.entries(spec.controls)) {
    if (!isEqual(values[key], control.start)) query.set(key, told(values[key]!, control));
  }
  if (spec.steps) query.set("t", String(steps));
  if (past.length > 0 && holds(past)) query.set("edits", past.map(([t, edit]) => [t, ...edit].join(",")).join(" "));
  return `${spec.name}?${query}`;
}

/** Whether an address has room for these edits. */
export const holds = (past: Past[]) => past.length <= MOST_EDITS;

function readQuery(spec: Spec, query: string): Place {
  const place: Place = { values: {}, steps: 0, past: [], unknown: [] };
  for (const [key, wanted] of new URLSearchParams(query)) {
    const control = spec.controls[key];
    if (control) {
      const value = read(wanted, control);
      if (value !== undefined) place.values[key] = value;
      else place.unknown.push(control.label);
    } else if (key === "t") place.steps = Math.min(Math.max(0, Math.floor(+wanted)) || 0, MOST_STEPS);
    else if (key === "edits") {
      for (const one of wanted.split(" ").slice(0, MOST_EDITS)) {
        const [t, under, of, index, value] = one.split(",");
        const fits = under && of && [t, index].every((n) => /^\d+$/.test(n ?? "")) && value && Number.isFinite(+value);
        if (fits) place.past.push([+t!, [under, of, +index!, +value]]);
      }
    }
  }
  return place;
}

/**
 * What an address says of a piece, undefined if nothing; what it cannot have is left out.
 * Mail and chat programs encode its marks, some of them twice: the reading that says most counts.
 */
export function readAddress(spec: Spec, hash: string): Place | undefined {
  let text = hash.replace(/^#/, "");
  let best: Place | undefined;
  let most = -1;
  for (let times = 0; times < 3; times++) {
    const [name, query] = text.replaceAll("&amp;", "&").split(/\?(.*)/s);
    if (name === spec.name && query !== undefined) {
      const place = readQuery(spec, query);
      const says = Object.keys(place.values).length + place.past.length + (place.steps > 0 ? 1 : 0);
      if (says > most) [best, most] = [place, says];
    }
    try {
      text = decodeURIComponent(text);
    } catch {
      break;
    }
  }
  return best;
}
