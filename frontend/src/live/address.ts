// A piece in the address: the controls that are not at their start, the steps, and what was changed between them.

import { GRID, presetOf, presetWith } from "./points";
import type { Cloud, Control, Edit, Points, Setting, Spec, Value } from "./spec";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const MOST_CHANGES = 3000; // characters of changes in an address
const MOST_STEPS = 100_000; // that an address may ask for

const isEqual = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function twoDigits(value: number, { limit }: Cloud): string {
  const n = Math.round((value / limit) * GRID) + GRID;
  return DIGITS[n >> 6]! + DIGITS[n & 63]!;
}

function coordinate(digits: string, { limit }: Cloud): number {
  return ((DIGITS.indexOf(digits[0]!) * 64 + DIGITS.indexOf(digits[1]!) - GRID) / GRID) * limit;
}

function told(value: Value, control: Control): string {
  switch (control.kind) {
    case "slider":
    case "choice":
      return control.values[value as number]!;
    case "cloud": {
      const points = value as Points;
      const two = (k: number) => twoDigits(points.X[2 * k]!, control) + twoDigits(points.X[2 * k + 1]!, control);
      const noise = points.noise?.some((n) => n > 0) ? `*${points.noise.join(".")}` : "";
      return (presetOf(points, control) ?? `~${points.y.map((c, k) => `${c}${two(k)}`).join("")}`) + noise;
    }
    case "drawing":
      return (value as number[]).join("");
    case "table":
      return (value as number[]).map((number) => +number.toPrecision(6)).join(" ");
    case "toggles":
    case "sizes":
      return (value as number[]).join("-");
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
      const [, plain, level, sample] = /^(.*?)(?:\*(\d+)\.(\d+))?$/s.exec(text)!;
      if (level && !control.noise.levels[+level]) return undefined;
      const noise = control.noise.levels.length ? { noise: [+(level ?? 0), +(sample ?? 0)] as [number, number] } : {};
      if (Object.hasOwn(control.presets, plain!)) return structuredClone(presetWith(plain!, noise.noise, control));
      if (!/^~(\d[\w-]{4})*$/.test(plain!)) return undefined;
      const points = (plain!.match(/\d[\w-]{4}/g) ?? []).slice(0, control.most);
      const X = points.flatMap((point) => [coordinate(point.slice(1, 3), control), coordinate(point.slice(3, 5), control)]);
      const y = points.map((point) => +point[0]!);
      const isInside = X.every((x) => Math.abs(x) <= control.limit) && y.every((c) => c < control.classes.length);
      const fits = isInside && y.length >= control.least;
      return fits ? { X, y, ...noise } : undefined;
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
    case "toggles": {
      const places = [...new Set(text.split("-").map(Number))].sort((a, b) => a - b);
      return text !== "" && places.every((place) => control.names[place]) ? places : undefined;
    }
    case "sizes": {
      const sizes = text === "" ? [] : text.split("-").map(Number);
      const fits = sizes.length <= control.longest && sizes.every((n) => Number.isInteger(n) && n >= 1 && n <= control.most);
      return fits ? sizes : undefined;
    }
  }
}

/** An edit of the state, or a control that was set, and after how many steps. */
export type Past = [steps: number, change: Edit | Setting];
export const isSetting = (change: Edit | Setting): change is Setting => change.length === 2;

export interface Place {
  values: Record<string, Value>; // before the first step, of those controls that are not at their start
  steps: number;
  past: Past[];
  unknown: string[]; // the labels of controls whose values cannot be read
}

/** What changed between steps, in words of the address. */
function changes(spec: Spec, past: Past[]): [name: string, text: string][] {
  const edits = past.flatMap(([t, change]) => (isSetting(change) ? [] : [[t, ...change].join(",")]));
  const settings = past.flatMap(([t, change]) => (isSetting(change) ? [`${t} ${change[0]} ${told(change[1], spec.controls[change[0]]!)}`] : []));
  return [...(edits.length ? [["edits", edits.join(" ")] as [string, string]] : []), ...settings.map((text): [string, string] => ["then", text])];
}

/** Whether an address has room for what changed between steps. */
export const holds = (spec: Spec, past: Past[]) => changes(spec, past).reduce((sum, [name, text]) => sum + name.length + text.length, 0) <= MOST_CHANGES;

/** The part of the address after the mark #. values: before the first step. */
export function write(spec: Spec, values: Record<string, Value>, steps: number, past: Past[]): string {
  const query = new URLSearchParams();
  for (const [key, control] of Object.entries(spec.controls)) {
    if (!isEqual(values[key], control.start)) query.set(key, told(values[key]!, control));
  }
  if (spec.steps) query.set("t", String(steps));
  for (const [name, text] of changes(spec, past)) query.append(name, text);
  return `${spec.name}?${query}`;
}

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
      for (const one of wanted.split(" ")) {
        const [t, under, of, index, value] = one.split(",");
        const fits = under && of && [t, index].every((n) => /^\d+$/.test(n ?? "")) && value && Number.isFinite(+value);
        if (fits) place.past.push([+t!, [under, of, +index!, +value]]);
      }
    } else if (key === "then") {
      const [, t, name, text] = /^(\d+) (\w+) (.*)$/s.exec(wanted) ?? [];
      const later = name === undefined ? undefined : spec.controls[name];
      const value = later && read(text!, later);
      if (value !== undefined) place.past.push([+t!, [name!, value]]);
      else if (later) place.unknown.push(later.label);
    }
  }
  place.past.sort(([a], [b]) => a - b);
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
