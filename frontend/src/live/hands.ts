// What a reader's hands do to the points of a cloud; the same by pointer and by keys.

import { onGrid } from "./points";
import type { Cloud, Points } from "./spec";

export type Direction = [dx: number, dy: number];

/** A cloud with one point moved. */
export function moved(points: Points, k: number, x: number, y: number, { limit }: Cloud): Points {
  const X = [...points.X];
  X[2 * k] = onGrid(x, limit);
  X[2 * k + 1] = onGrid(y, limit);
  return { ...points, X };
}

/** A cloud with one point more, undefined if there is no room. */
export function added(points: Points, x: number, y: number, kind: number, control: Cloud): Points | undefined {
  if (control.fixed || points.y.length >= control.most) return undefined;
  return { ...points, X: [...points.X, onGrid(x, control.limit), onGrid(y, control.limit)], y: [...points.y, kind] };
}

/** A cloud with one point less, undefined if the others are needed. */
export function removed(points: Points, k: number, control: Cloud): Points | undefined {
  if (control.fixed || points.y.length <= control.least) return undefined;
  return { ...points, X: points.X.filter((_, i) => i >> 1 !== k), y: points.y.filter((_, i) => i !== k) };
}

/** A cloud with the next class for one point. */
export function flipped(points: Points, k: number, { classes }: Cloud): Points {
  return { ...points, y: points.y.map((c, i) => (i === k ? (c + 1) % classes.length : c)) };
}

/** The nearest point in a direction from another, that one if there is none; the first if k is -1. */
export function nearest(points: Points, k: number, [dx, dy]: Direction): number {
  if (k < 0) return points.y.length > 0 ? 0 : -1;
  let best = k;
  let least = Number.POSITIVE_INFINITY;
  points.y.forEach((_, j) => {
    const [a, b] = [points.X[2 * j]! - points.X[2 * k]!, points.X[2 * j + 1]! - points.X[2 * k + 1]!];
    const ahead = a * dx + b * dy;
    const cost = ahead + 2.5 * Math.abs(a * dy - b * dx);
    if (ahead > 1e-9 && cost < least) [best, least] = [j, cost];
  });
  return best;
}

/** The point at most so far from a place, in the same units, -1 if there is none. */
export function under(points: Points, x: number, y: number, far: number): number {
  let best = -1;
  let least = far;
  points.y.forEach((_, k) => {
    const distance = Math.hypot(points.X[2 * k]! - x, points.X[2 * k + 1]! - y);
    if (distance <= least) [best, least] = [k, distance];
  });
  return best;
}

/** What is said of a point. */
export function told(points: Points, k: number, { classes }: Cloud): string {
  const kind = classes.length > 1 ? `, ${classes[points.y[k]!]}` : "";
  return `Point ${k + 1} of ${points.y.length}${kind}, at ${points.X[2 * k]!.toFixed(2)}, ${points.X[2 * k + 1]!.toFixed(2)}.`;
}

/** What the keys do to a cloud that has the focus. */
export function ways({ fixed, classes, start }: Cloud): string[] {
  if (fixed && (start as Points).y.length === 1) return ["Shift and arrows move it"];
  const choosing = "Arrows choose a point, Shift and arrows move it";
  if (fixed) return [choosing];
  const isOne = classes.length === 1;
  return [choosing, `Enter adds one beside it${isOne ? "" : ", of the class of the tool or of its own"}`, ...(isOne ? [] : ["C changes its class"]), "Delete removes it"];
}

/** How many points a cloud may have. */
export function limits({ label, least, most }: Cloud): string {
  return `${label}: from ${least} to ${most} points.`;
}

/** Between what the coordinates of a point must lie. */
export function bounds({ label, limit }: Cloud): string {
  return `${label}: numbers from ${-limit} to ${limit}.`;
}
