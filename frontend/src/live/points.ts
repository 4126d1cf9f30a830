// The points of a cloud: on its grid, as a preset has them, and moved at random.

import type { Cloud, Points } from "./spec";

export const GRID = 2000; // steps from 0 to the limit of a cloud; as in clouds.py
const isEqual = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** A coordinate on the grid of its cloud. */
export function onGrid(value: number, limit: number): number {
  const inside = Math.max(-limit, Math.min(limit, value));
  return (Math.round((inside / limit) * GRID) / GRID) * limit;
}

/** The name of the preset that a cloud's points are, if any. */
export function presetOf(points: Points, control: Cloud): string | undefined {
  return Object.keys(control.presets).find((name) => isEqual(presetWith(name, points.noise, control), points));
}

/** A preset, moved by so much noise. */
export function presetWith(name: string, noise: Points["noise"], control: Cloud): Points {
  const preset = control.presets[name]!;
  return noise?.some((n) => n > 0) ? withNoise(preset, noise, control) : preset;
}

/** A cloud with its points moved at random by another level of noise, or by another sample of it. */
export function withNoise(points: Points, noise: [level: number, sample: number], control: Cloud): Points {
  const preset = presetOf(points, control);
  const [from, was] = preset === undefined ? [points, points.noise!] : [control.presets[preset]!, [0, 0]];
  const X = from.X.map((x, i) => onGrid(x + shift(i, noise, control) - shift(i, was, control), control.limit));
  return { X, y: [...from.y], noise };
}

/** How far noise moves one coordinate. */
function shift(i: number, [level, sample]: number[], { noise: { levels, moves }, limit }: Cloud): number {
  return levels[level!]! * limit * moves[(i + 62 * sample!) % moves.length]!;
}
