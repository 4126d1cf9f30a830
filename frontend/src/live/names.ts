// Where the names of curves, arrows and points stand: beside them, far from the others and their names.

export type Box = [left: number, top: number, width: number, height: number];
export interface Named { name: string; colour: number | null; points: [px: number, py: number][] }
export interface Place { name: string; colour: number | null; x: number; y: number }

const TRIED = 12; // places along a curve
const SEEN = 40; // points of each curve that a name keeps away from
const APART = 12; // px between two such points of a straight line

const half = (name: string) => 3.6 * name.length + 4;
const thinned = <T,>(items: T[], n: number) => items.filter((_, k) => k % Math.ceil(items.length / n) === 0);

/** Points along a line, also where it goes straight on for long. */
function along(points: Named["points"]): Named["points"] {
  return points.flatMap(([x, y], k) => {
    const [a, b] = points[k - 1] ?? [x, y];
    const n = Math.max(1, Math.floor(Math.hypot(x - a, y - b) / APART));
    return Array.from({ length: n }, (_, i): [number, number] => [a + ((i + 1) / n) * (x - a), b + ((i + 1) / n) * (y - b)]);
  });
}

/** Places of the names, each clear of the curves and of the names before it. */
export function placed(curves: Named[], [left, top, width, height]: Box): Place[] {
  const others = curves.flatMap(({ points }) => along(thinned(points, SEEN)));
  const places: Place[] = [];
  const isInside = ([x, y]: [number, number]) => x >= left && x <= left + width && y >= top && y <= top + height;
  for (const { name, colour, points: all } of curves) {
    const points = along(all).filter(isInside);
    if (!name || points.length === 0) continue;
    const aside = half(name) + 8;
    let best: Place | undefined;
    let most = Number.NEGATIVE_INFINITY;
    for (let k = 1; k <= TRIED; k++) {
      const [px, py] = points[Math.round((k / TRIED) * (points.length - 1))]!;
      for (const [dx, dy] of [[0, -11], [0, 21], [aside, 4], [aside, 14], [-aside, 4], [-aside, -6], [0, -20], [0, 30], [aside, -14], [-aside, 22]] as const) {
        const x = Math.min(Math.max(px + dx, left + half(name)), left + width - half(name));
        const y = py + dy;
        if (y < top + 12 || y > top + height - 4) continue;
        const far = ([a, b]: readonly [number, number], wide: number, tall: number) =>
          Math.hypot(Math.max(Math.abs(a - x) - wide, 0), Math.max(Math.abs(b - (y - 4)) - tall, 0));
        const room = Math.min(...others.map((point) => far(point, half(name), 6)), 14);
        const away = Math.min(...places.map((place) => far([place.x, place.y - 4], half(name) + half(place.name), 14)), 14);
        const score = room + 2 * away + 0.1 * k;
        if (score > most) [best, most] = [{ name, colour, x, y }, score];
      }
    }
    if (best) places.push(best);
  }
  return places;
}
