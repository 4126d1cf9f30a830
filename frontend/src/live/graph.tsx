// A graph: nodes with small maps or words, edges with weights, both editable.

import { linkHorizontal, linkVertical } from "d3-shape";
import { useRef } from "preact/hooks";
import type { Graph } from "./frame";
import type { Handling } from "./handling";
import type { Picture } from "./pictures";

const WORD = 15; // px below a node for its label
const LINE = 13; // px from line to line of a text
const WIDE = 1.35; // times as wide as high is a node with several lines
const [LETTER, ROOM, LOW] = [6.6, 10, 24]; // px a letter, beside the label and in height of a node that fits its label
const ALONG = 0.3; // of an edge that starts beside others, where its words stand

interface Places { side: number; wide: number[]; isTurned: boolean; x: number[]; y: number[] }

/** Where the nodes stand: in columns by their first coordinate; turned, in rows. */
export function placesOf(data: Graph, width: number, height: number): Places {
  const isTurned = data.turned === "always" || (data.turned === "narrow" && data.narrow > 0 && height > width);
  if (isTurned) {
    const { side, x, y } = placesOf({ ...data, turned: "never" }, height, width);
    const wide = data.fitted ? fittingOf(data, side) : y.map(() => WIDE * side);
    const inside = y.map((at, k) => (data.fitted ? Math.min(Math.max(at, wide[k]! / 2 + 1), width - wide[k]! / 2 - 1) : at));
    return { side, wide, isTurned, x: inside, y: x };
  }
  const { at, maps, labels, weights, fitted } = data;
  const n = at.length / 2;
  const column = (k: number) => Math.round(at[2 * k]! * 1e4);
  const sizes = new Map<number, number>();
  for (let k = 0; k < n; k++) sizes.set(column(k), (sizes.get(column(k)) ?? 0) + 1);
  const busiest = Math.max(1, ...sizes.values());
  const labelled = Math.max(0, ...Array.from({ length: n }, (_, k) => (maps && labels[k] ? sizes.get(column(k))! : 0)));
  const tall = Math.min((0.82 * height) / busiest, labelled ? height / labelled - WORD : height);
  const [filled, most] = weights.length ? [0.5, 58] : [0.9, 80]; // edges need room between the columns
  const side = Math.max(16, Math.min(tall, (filled * width) / sizes.size, fitted ? LOW : most));
  const all = Array.from({ length: n }, (_, k) => k);
  const [first, last] = [Math.min(...all.map((k) => at[2 * k]!)), Math.max(...all.map((k) => at[2 * k]!))];
  const share = (k: number) => (last > first ? (at[2 * k]! - first) / (last - first) : 0.5);
  const wide = fitted ? fittingOf(data, side) : all.map(() => (labels.some((text) => text.includes("\n")) ? WIDE * side : side));
  const widest = Math.max(...wide);
  return {
    side,
    wide,
    isTurned,
    x: all.map((k) => 4 + widest / 2 + share(k) * (width - widest - 8)),
    y: all.map((k) => Math.min(Math.max(at[2 * k + 1]! * height - (maps && labels[k] ? WORD / 2 : 0), side / 2 + 1), height - side / 2 - 1)),
  };
}

/** How wide the nodes are that fit their labels. */
const fittingOf = ({ labels }: Graph, side: number) => labels.map((text) => Math.max(side, ROOM + LETTER * text.length));

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
const MANY = 40; // edges, from which on they are drawn thinner
const PER_PIXEL = 0.02; // that a drag upwards adds to it

/** A part of the graph that can be chosen: what it is called, and its value, if it has one. */
export interface Part { of: "edge" | "node"; index: number; name: string; value: number; hasValue: boolean }

/** Inputs with their weights, then each unit with its bias and the weights into it; without edges, the units. */
export function partsOf({ edges, weights, values, names, at, fixed }: Graph): Part[] {
  const named = (k: number) => names[k] || `unit ${k + 1}`;
  if (values && !weights.length) return Array.from(values, (value, index): Part => ({ of: "node", index, value, hasValue: true, name: named(index) }));
  const ofEdges = Array.from(weights, (value, index): Part => ({
    of: "edge", index, value, hasValue: true, name: `Weight from ${named(edges[2 * index]!)} to ${named(edges[2 * index + 1]!)}`,
  })).filter(({ index }) => !fixed.includes(index));
  if (!values) return ofEdges;
  const ends = Array.from({ length: weights.length }, (_, k) => edges[2 * k + 1]!);
  const into = new Map<number, Part[]>();
  for (const part of ofEdges) into.set(ends[part.index]!, [...(into.get(ends[part.index]!) ?? []), part]);
  return Array.from({ length: at.length / 2 }, (_, index) => {
    const hasValue = into.has(index);
    const kind = hasValue ? "Bias of " : ends.includes(index) ? "Node " : "Input ";
    const node: Part = { of: "node", index, value: values[index]!, hasValue, name: kind + named(index) };
    return [node, ...(into.get(index) ?? [])];
  }).flat();
}

export const toldOf = ({ name, value, hasValue }: Part) => (hasValue ? `${name}: ${value.toFixed(2)}.` : `${name}.`);

export function GraphPicture({ data, width, height, handling }: { data: Graph; width: number; height: number; handling: Handling }) {
  const { edges, weights, labels, numbers, maps, edit, words, fixed, lit } = data;
  const { side, wide, isTurned, x, y } = placesOf(data, width, height);
  const group = useRef<SVGGElement>(null);
  const most = Math.max(1.5, ...weights.map(Math.abs));
  const across = (node: number) => (isTurned ? 0 : wide[node]! / 2);
  const down = isTurned ? side / 2 : 0;
  const source = (k: number): [number, number] => [x[edges[2 * k]!]! + across(edges[2 * k]!), y[edges[2 * k]!]! + down];
  const target = (k: number): [number, number] => [x[edges[2 * k + 1]!]! - across(edges[2 * k + 1]!), y[edges[2 * k + 1]!]! - down];
  const bent = (isTurned ? linkVertical : linkHorizontal)<number, [number, number]>().source(source).target(target);
  const link = words.length ? (k: number) => `M${source(k)}L${target(k)}` : bent; // words stand on straight lines
  const starts = Array.from(weights, (_, k) => edges[2 * k]!);
  const share = (k: number) => (starts.filter((from) => from === starts[k]).length > 1 ? ALONG : 0.5);
  const along = (k: number, axis: 0 | 1) => (1 - share(k)) * source(k)[axis] + share(k) * target(k)[axis];
  const parts = edit ? partsOf(data) : [];
  const isChosen = (of: string, index: number) => handling.chosen?.name === edit && handling.chosen.of === of && handling.chosen.index === index;
  const nowChosen = () => parts.findIndex(({ of, index }) => isChosen(of, index));
  const choose = (part: Part) => handling.choose({ name: edit, of: part.of, index: part.index }, toldOf(part));
  const drag = useRef<{ part: Part; from: number } | undefined>(undefined);
  const press = (event: PointerEvent, of: Part["of"], index: number) => {
    const part = parts.find((one) => one.of === of && one.index === index);
    if (!part || event.button) return;
    group.current?.focus({ preventScroll: true });
    const isCarried = of === "edge" || !weights.length; // where there are edges, nodes are only chosen
    if (!isCarried && isChosen(of, index)) return handling.forget();
    choose(part);
    if (event.pointerType === "touch" || !isCarried) return; // a finger scrolls the page
    drag.current = { part, from: event.clientY };
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    event.preventDefault();
  };
  const carry = (event: PointerEvent) => {
    if (!drag.current) return;
    const { part, from } = drag.current;
    change(part, part.value + PER_PIXEL * (from - event.clientY));
  };
  const release = () => (drag.current = undefined);
  const change = (part: Part, value: number) => {
    handling.edit(edit, part.of, part.index, value);
    handling.choose({ name: edit, of: part.of, index: part.index }, toldOf({ ...part, value }));
  };
  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const [now, last] = [nowChosen(), parts.length - 1];
    const next = { ArrowRight: now < last ? now + 1 : 0, ArrowLeft: now > 0 ? now - 1 : last, Home: 0, End: last }[event.key];
    const by = { ArrowUp: STEP, ArrowDown: -STEP }[event.key];
    if (next !== undefined) choose(parts[next]!);
    else if (by && now < 0) choose(parts[0]!);
    else if (by && parts[now]!.hasValue) change(parts[now]!, parts[now]!.value + by);
    else if (by) handling.say(`${parts[now]!.name} has no bias. Arrows left and right go on to the weights.`);
    else if (event.key === "Escape" && now >= 0) handling.forget();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const all = Array.from(weights, (_, k) => k);
  const nBiases = parts.filter(({ of, hasValue }) => of === "node" && hasValue).length;
  const counted = weights.length ? `${weights.length - fixed.length} weights${nBiases ? ` and ${nBiases} biases` : ""}` : `${parts.length} units`;
  const label = `${counted}. Arrows left and right choose one, up and down change it, Escape lets it go${maps ? "; the map of a chosen unit is shown large" : ""}.`;
  const access = edit ? { role: "application" as const, tabindex: 0, "aria-label": label, "data-lm-suppress-shortcuts": "true", onKeyDown: key } : {};
  return (
    <g ref={group} class="graph" {...access}>
      {all.map((k) => isChosen("edge", k) && <path class="halo" d={link(k) ?? ""} />)}
      {all.map((k) => (
        <path class={`link ${weights[k]! < 0 ? "low" : "high"}${lit.edges.includes(k) ? " lit" : ""}`} d={link(k) ?? ""}
          stroke-width={0.5 + (weights.length > MANY ? 3 : 5) * Math.sqrt(Math.abs(weights[k]!) / most)} />
      ))}
      {edit && all.map((k) => !fixed.includes(k) && <path class="hit" d={link(k) ?? ""} onPointerDown={(event) => press(event, "edge", k)} onPointerMove={carry} onPointerUp={release} onPointerCancel={release} />)}
      {x.map((px, k) => (
        <rect class={`node${isChosen("node", k) || lit.nodes.includes(k) ? " chosen" : ""}`} x={px - wide[k]! / 2} y={y[k]! - side / 2} width={wide[k]!} height={side} rx="5"
          onPointerDown={(event) => edit && press(event, "node", k)} onPointerMove={carry} onPointerUp={release} onPointerCancel={release} />
      ))}
      {numbers.map((text, k) => text && <text class="number" x={x[k]! - side / 2 + 3} y={y[k]! - side / 2 + 11}>{text}</text>)}
      {labels.map((text, k) => <Lines kind="word" text={text} x={x[k]!} y={maps ? y[k]! + side / 2 + 12 : y[k]! + 4} />)}
      {words.map((text, k) => <Lines kind={`note${lit.edges.includes(k) ? " lit" : ""}`} text={text} x={along(k, 0)} y={along(k, 1) + 4} />)}
    </g>
  );
}

/** A text of some lines around a place. */
function Lines({ kind, text, x, y }: { kind: string; text: string; x: number; y: number }) {
  const lines = text.split("\n");
  if (lines.length === 1) return <text class={kind} x={x} y={y} text-anchor="middle">{text}</text>;
  return (
    <text class={kind} y={y - (LINE * (lines.length - 1)) / 2} text-anchor="middle">
      {lines.map((line, k) => <tspan x={x} dy={k && LINE}>{line}</tspan>)}
    </text>
  );
}
