// A graph: nodes with small maps or words, edges with weights, both editable.

import { linkHorizontal } from "d3-shape";
import { useRef } from "preact/hooks";
import type { Graph } from "./frame";
import type { Handling } from "./handling";
import type { Picture } from "./pictures";

interface Places { side: number; x: number[]; y: number[] }

/** Where the nodes stand: in columns by their first coordinate. */
export function placesOf({ at }: Graph, width: number, height: number): Places {
  const n = at.length / 2;
  const column = (k: number) => Math.round(at[2 * k]! * 1e4);
  const sizes = new Map<number, number>();
  for (let k = 0; k < n; k++) sizes.set(column(k), (sizes.get(column(k)) ?? 0) + 1);
  const busiest = Math.max(1, ...sizes.values());
  const side = Math.max(16, Math.min((0.82 * height) / busiest, (0.5 * width) / sizes.size, 58));
  const all = Array.from({ length: n }, (_, k) => k);
  const [first, last] = [Math.min(...all.map((k) => at[2 * k]!)), Math.max(...all.map((k) => at[2 * k]!))];
  const share = (k: number) => (last > first ? (at[2 * k]! - first) / (last - first) : 0.5);
  return {
    side,
    x: all.map((k) => 4 + side / 2 + share(k) * (width - side - 8)),
    y: all.map((k) => Math.min(Math.max(at[2 * k + 1]! * height, side / 2 + 1), height - side / 2 - 1)),
  };
}

export function picturesOf(data: Graph, width: number, height: number): Picture[] {
  if (!data.maps) return [];
  const [n, rows, columns] = data.maps.shape as [number, number, number];
  const { side, x, y } = placesOf(data, width, height);
  return Array.from({ length: n }, (_, k) => {
    const [left, top] = [x[k]! - side / 2, y[k]! - side / 2];
    return {
      grid: data.maps!, from: k * rows * columns, rows, columns, isSmooth: true, isUpward: true, isInk: false,
      x: left - side / columns / 2, y: top - side / rows / 2, width: side * (1 + 1 / columns), height: side * (1 + 1 / rows),
      clip: [left, top, side, side] as Picture["clip"],
    };
  });
}

const STEP = 0.25; // that an arrow key adds to a weight

/** A part of the graph that can be chosen: what it is called, and its value. */
interface Part { of: "edge" | "node"; index: number; name: string; value: number }

export function partsOf({ edges, weights, values, labels, at }: Graph): Part[] {
  const named = (k: number) => labels[k] || `unit ${k + 1}`;
  const ofEdges = Array.from(weights, (value, index): Part => ({
    of: "edge", index, value, name: `Weight from ${named(edges[2 * index]!)} to ${named(edges[2 * index + 1]!)}`,
  }));
  if (!values) return ofEdges;
  const hasInput = new Set(Array.from(edges).filter((_, k) => k % 2 === 1));
  const ofNodes = Array.from({ length: at.length / 2 }, (_, index): Part => ({ of: "node", index, value: values[index]!, name: `Bias of ${named(index)}` }));
  return [...ofEdges, ...ofNodes.filter(({ index }) => hasInput.has(index))];
}

export function GraphPicture({ data, width, height, handling }: { data: Graph; width: number; height: number; handling: Handling }) {
  const { edges, weights, labels, maps, edit } = data;
  const { side, x, y } = placesOf(data, width, height);
  const group = useRef<SVGGElement>(null);
  const most = Math.max(1.5, ...weights.map(Math.abs));
  const link = linkHorizontal<number, [number, number]>()
    .source((k) => [x[edges[2 * k]!]! + side / 2, y[edges[2 * k]!]!])
    .target((k) => [x[edges[2 * k + 1]!]! - side / 2, y[edges[2 * k + 1]!]!]);
  const parts = edit ? partsOf(data) : [];
  const isChosen = (of: string, index: number) => handling.chosen?.name === edit && handling.chosen.of === of && handling.chosen.index === index;
  const nowChosen = () => parts.findIndex(({ of, index }) => isChosen(of, index));
  const choose = (part: Part) => handling.choose({ name: edit, of: part.of, index: part.index }, `${part.name}: ${part.value.toFixed(2)}.`);
  const press = (of: Part["of"], index: number) => {
    const part = parts.find((one) => one.of === of && one.index === index);
    if (!part) return;
    group.current?.focus({ preventScroll: true });
    choose(part);
  };
  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const [now, last] = [nowChosen(), parts.length - 1];
    const next = { ArrowRight: now < last ? now + 1 : 0, ArrowLeft: now > 0 ? now - 1 : last, Home: 0, End: last }[event.key];
    const change = { ArrowUp: STEP, ArrowDown: -STEP }[event.key];
    if (next !== undefined) choose(parts[next]!);
    else if (change && now < 0) choose(parts[0]!);
    else if (change) {
      const { of, index, name, value } = parts[now]!;
      handling.edit(edit, of, index, value + change);
      handling.choose({ name: edit, of, index }, `${name}: ${(value + change).toFixed(2)}.`);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const all = Array.from(weights, (_, k) => k);
  const nBiases = parts.filter(({ of }) => of === "node").length;
  const label = `${weights.length} weights${nBiases ? ` and ${nBiases} biases` : ""}. Arrows left and right choose one, up and down change it.`;
  const access = edit ? { role: "application" as const, tabindex: 0, "aria-label": label, "data-lm-suppress-shortcuts": "true", onKeyDown: key } : {};
  return (
    <g ref={group} class="graph" {...access}>
      {all.map((k) => (
        <path class={`link ${weights[k]! < 0 ? "low" : "high"}${isChosen("edge", k) ? " chosen" : ""}`} d={link(k) ?? ""}
          stroke-width={0.5 + 5 * Math.sqrt(Math.abs(weights[k]!) / most)} />
      ))}
      {edit && all.map((k) => <path class="hit" d={link(k) ?? ""} onPointerDown={() => press("edge", k)} />)}
      {x.map((px, k) => (
        <rect class={`node${isChosen("node", k) ? " chosen" : ""}`} x={px - side / 2} y={y[k]! - side / 2} width={side} height={side} rx="5"
          onPointerDown={() => press("node", k)} />
      ))}
      {labels.map((text, k) => (
        <text class="word" x={x[k]} y={maps ? y[k]! + side / 2 + 12 : y[k]! + 4} text-anchor="middle">{text}</text>
      ))}
    </g>
  );
}
