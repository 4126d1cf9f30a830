// A plot: axes, maps, curves, arrows, bars, and points that are handles.

import { ticks } from "d3-array";
import { contours } from "d3-contour";
import { area, line } from "d3-shape";
import { useMemo, useRef } from "preact/hooks";
import type { Arrow, Bars, Curve, Dots, Heat, Plot, Words } from "./frame";
import * as hands from "./hands";
import type { Handling } from "./handling";
import { type Box, type Named, placed } from "./names";
import type { Picture } from "./pictures";
import type { Cloud, Points } from "./spec";

/** Where a plot stands in its panel, and its scales. */
export interface Frame {
  box: Box;
  sx(x: number): number;
  sy(y: number): number;
  back(px: number, py: number): [x: number, y: number];
}

export function frameOf({ x, y, axes, xlabel, ylabel, marks }: Plot, width: number, height: number): Frame {
  const legend = LINE * Math.max(0, ...marks.filter(isBars).map(({ names }) => names.length));
  const margin = axes ? { left: ylabel ? 50 : 36, right: 10, top: 6 + legend, bottom: xlabel ? 38 : 22 } : { left: 1, right: 1, top: 1, bottom: 1 };
  const [left, top] = [margin.left, margin.top];
  const [w, h] = [width - left - margin.right, height - top - margin.bottom];
  return {
    box: [left, top, w, h],
    sx: (v) => left + ((v - x[0]) / (x[1] - x[0])) * w,
    sy: (v) => top + (1 - (v - y[0]) / (y[1] - y[0])) * h,
    back: (px, py) => [x[0] + ((px - left) / w) * (x[1] - x[0]), y[0] + (1 - (py - top) / h) * (y[1] - y[0])],
  };
}

const isHeat = (mark: { mark: string }): mark is Heat => mark.mark === "heat";
const isCurve = (mark: { mark: string }): mark is Curve => mark.mark === "curve";
const isArrow = (mark: { mark: string }): mark is Arrow => mark.mark === "arrow";
const isBars = (mark: { mark: string }): mark is Bars => mark.mark === "bars";
const isWords = (mark: { mark: string }): mark is Words => mark.mark === "words";
const isDots = (mark: { mark: string }): mark is Dots => mark.mark === "dots";

/** The name of the node whose map a plot shows in the place of its own. */
export function followed({ marks }: Plot, handling: Handling): string | undefined {
  return marks.filter(isHeat).map(({ follow }) => follow && handling.chosenMap(follow)?.name).find(Boolean);
}

/** The maps of a plot. Their values stand at the points of a grid, so that half a cell lies outside. */
export function picturesOf(data: Plot, { box }: Frame, handling: Handling): Picture[] {
  const [left, top, w, h] = box;
  return data.marks.filter(isHeat).map(({ values, follow }) => {
    const chosen = follow ? handling.chosenMap(follow) : undefined;
    const [rows, columns] = (chosen ? chosen.maps.shape.slice(1) : values.shape) as [number, number];
    const [across, down] = [w / (columns - 1), h / (rows - 1)];
    const place = { x: left - across / 2, y: top - down / 2, width: w + across, height: h + down };
    const source = chosen ? { grid: chosen.maps, from: chosen.index * rows * columns } : { grid: values, from: 0 };
    return { ...source, rows, columns, ...place, clip: box, isSmooth: true, isUpward: true, isInk: false };
  });
}

const LINE = 17; // px of a line of a legend
const short = (v: number) => (Math.abs(v) >= 10_000 ? `${+(v / 1000).toPrecision(3)}k` : `${+v.toPrecision(6)}`);
const round = (v: number) => Math.round(v * 10) / 10;
const tone = (colour: number | null) => (colour === null ? undefined : `var(--live-c${colour})`);
// Circle, square, triangle: classes differ in shape too.
// The fourth is a mark of the drawing.
const SHAPES = ["M-5.6,0A5.6,5.6,0,1,0,5.6,0A5.6,5.6,0,1,0,-5.6,0Z", "M-5,-5H5V5H-5Z", "M0,-6.4L6,4.6H-6Z", "M-2.5,0A2.5,2.5,0,1,0,2.5,0A2.5,2.5,0,1,0,-2.5,0Z"];
export const GLYPHS = ["●", "■", "▲"];
const shapeOf = (kind: number) => SHAPES[kind % SHAPES.length]!;

let nClips = 0; // on this page; the ids of preact's useId are not unique among panels

export function PlotPicture({ data, width, height, handling }: { data: Plot; width: number; height: number; handling: Handling }) {
  const frame = frameOf(data, width, height);
  const [left, top, w, h] = frame.box;
  const clip = useMemo(() => `live-clip-${++nClips}`, []);
  const curves = data.marks.filter(isCurve).map((curve) => ({ ...curve, points: pointsOf(curve, frame) }));
  const arrows = data.marks.filter(isArrow);
  const named: Named[] = [...curves, ...arrows.map((arrow) => namedArrow(arrow, frame)), ...data.marks.filter(isDots).flatMap((dots) => namedDots(dots, frame))];
  return (
    <g>
      <clipPath id={clip}><rect x={left} y={top} width={w} height={h} /></clipPath>
      <Axes data={data} frame={frame} height={height} />
      <g class="edges" clip-path={`url(#${clip})`}>
        {data.marks.filter(isHeat).flatMap((heat) => contoursOf(mapOf(heat, handling), frame)).map((d) => <path d={d} />)}
      </g>
      {data.marks.filter(isBars).map((bars) => <BarsMark bars={bars} frame={frame} height={height} />)}
      <g class="curves" clip-path={`url(#${clip})`}>{curves.map((curve) => <CurveMark curve={curve} points={curve.points} base={frame.sy(data.y[0])} />)}</g>
      <g class="arrows" clip-path={`url(#${clip})`}>{arrows.map((arrow) => <ArrowMark arrow={arrow} frame={frame} />)}</g>
      {data.marks.filter(isWords).map((words) => <WordsMark mark={words} frame={frame} />)}
      {data.marks.filter(isDots).map((dots) => typeof dots.at !== "string" && <Still mark={dots} frame={frame} />)}
      <g class="names">
        {placed(named, frame.box).map(({ name, colour, x, y }) => <text x={x} y={y} text-anchor="middle" style={{ fill: tone(colour) }}>{name}</text>)}
      </g>
    </g>
  );
}

/** The clouds of a plot, in a picture of their own: they stay where they are while the rest changes. */
export function Hands({ data, width, height, handling }: { data: Plot; width: number; height: number; handling: Handling }) {
  const frame = frameOf(data, width, height);
  return (
    <g>
      {data.marks.filter(isDots).map((dots) => typeof dots.at === "string" && <Handles mark={dots} name={dots.at} frame={frame} handling={handling} />)}
    </g>
  );
}

export const hasHands = ({ marks }: Plot) => marks.some((mark) => isDots(mark) && typeof mark.at === "string");

function Axes({ data, frame, height }: { data: Plot; frame: Frame; height: number }) {
  const { axes, x, y, xlabel, ylabel } = data;
  const { box: [left, top, w, h], sx, sy } = frame;
  return (
    <g class="axes">
      <rect class="frame" x={left} y={top} width={w} height={h} rx="3" />
      {axes && !data.marks.some(isBars) && ticks(...x, Math.max(2, w / 70)).map((v) => (
        <g>
          <path class="grid" d={`M${round(sx(v))},${top}V${top + h}`} />
          <text x={sx(v)} y={top + h + 15} text-anchor="middle">{short(v)}</text>
        </g>
      ))}
      {axes && ticks(...y, Math.max(2, h / 50)).map((v) => (
        <g>
          <path class="grid" d={`M${left},${round(sy(v))}H${left + w}`} />
          <text x={left - 6} y={sy(v) + 4} text-anchor="end">{short(v)}</text>
        </g>
      ))}
      {axes && xlabel && <text class="label" x={left + w / 2} y={height - 4} text-anchor="middle">{xlabel}</text>}
      {axes && ylabel && <text class="label" transform={`translate(11,${top + h / 2})rotate(-90)`} text-anchor="middle">{ylabel}</text>}
    </g>
  );
}

/** A map, or that of the node that is chosen. */
function mapOf(heat: Heat, handling: Handling): Heat {
  const chosen = heat.follow ? handling.chosenMap(heat.follow) : undefined;
  if (!chosen) return heat;
  const [, rows, columns] = chosen.maps.shape as [number, number, number];
  const size = rows * columns;
  const values = chosen.maps.subarray(chosen.index * size, (chosen.index + 1) * size);
  return { ...heat, values: Object.assign(values, { shape: [rows, columns] }) };
}

/** The lines along which a map has the values of its contour, without the border of its grid. */
function contoursOf({ values, contour }: Heat, { box: [left, top, w, h] }: Frame): string[] {
  const [rows, columns] = values.shape as [number, number];
  const [across, down] = [w / (columns - 1), h / (rows - 1)];
  const at = ([a, b]: number[]) => `${round(left + (a! - 0.5) * across)},${round(top + h - (b! - 0.5) * down)}`;
  const isInside = ([a, b]: number[]) => a! > 0.01 && b! > 0.01 && a! < columns - 0.01 && b! < rows - 0.01;
  const rings = contour.length ? contours().size([columns, rows]).thresholds(contour.map((level) => level * 127 + 0.5))(Array.from(values)) : [];
  return rings.flatMap(({ coordinates }) => coordinates.flat()).map((ring) =>
    ring.map((point, k) => `${k > 0 && (isInside(point) || isInside(ring[k - 1]!)) ? "L" : "M"}${at(point)}`).join(""),
  );
}

function pointsOf({ x, y }: Curve, { sx, sy }: Frame): [number, number][] {
  return Array.from(x, (v, k): [number, number] => [round(sx(v)), round(sy(y[k]!))]).filter(([, py]) => Number.isFinite(py));
}

function CurveMark({ curve: { look, colour }, points, base }: { curve: Curve; points: [number, number][]; base: number }) {
  const stroke = <path class={look} d={line()(points) ?? ""} style={{ stroke: tone(colour) }} />;
  if (look !== "area" || points.length === 0) return stroke;
  const under = area().y0(base)(points) ?? "";
  return <g><path class="fill" d={under} style={{ fill: tone(colour) ?? "currentColor" }} />{stroke}</g>;
}

function ArrowMark({ arrow: { start, end, colour, look }, frame: { sx, sy } }: { arrow: Arrow; frame: Frame }) {
  const [x0, y0, x1, y1] = [sx(start[0]), sy(start[1]), sx(end[0]), sy(end[1])];
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length < 1) return null;
  const head = Math.min(11, length);
  const [ux, uy] = [(x1 - x0) / length, (y1 - y0) / length];
  const tip = (side: number) => `${round(x1 - head * (ux - side * 0.42 * uy))},${round(y1 - head * (uy + side * 0.42 * ux))}`;
  const shaft = `M${round(x0)},${round(y0)}L${round(x1 - 0.8 * head * ux)},${round(y1 - 0.8 * head * uy)}`;
  return (
    <g class={look} style={{ color: tone(colour) }}>
      <path class="shaft" d={shaft} />
      <path class="head" d={`M${round(x1)},${round(y1)}L${tip(1)}L${tip(-1)}Z`} />
    </g>
  );
}

/** An arrow with places for its name; one that is too short to be seen has none. */
function namedArrow({ start, end, name, colour }: Arrow, { sx, sy }: Frame): Named {
  const points = [0.3, 0.5, 0.7, 1].map((share): [number, number] => [sx(start[0] + share * (end[0] - start[0])), sy(start[1] + share * (end[1] - start[1]))]);
  const isSeen = Math.hypot(sx(end[0]) - sx(start[0]), sy(end[1]) - sy(start[1])) > 8;
  return { name: isSeen ? name : "", colour, points };
}

/** The points of a mark that have names; the others, which a name keeps away from, have "". */
function namedDots({ at, names }: Dots, { sx, sy, box }: Frame): Named[] {
  if (typeof at === "string" || names.length === 0) return [];
  const all = names.map((name, k): Named => ({ name, colour: null, points: [[sx(at[2 * k]!), sy(at[2 * k + 1]!)]] }));
  return all.filter(({ points }) => isWithin(...points[0]!, box));
}

/** Bars in groups: the groups have labels, the series names and patterns of their own. */
function BarsMark({ bars: { values, labels, names, colours }, frame: { box: [left, top, w, h], sy }, height }: { bars: Bars; frame: Frame; height: number }) {
  const [series, groups] = values.shape as [number, number];
  const room = w / groups;
  const thick = (0.76 * room) / series;
  const at = (s: number, g: number) => left + g * room + 0.12 * room + s * thick;
  return (
    <g class="bars">
      {Array.from({ length: series * groups }, (_, k) => {
        const [s, g, v] = [Math.floor(k / groups), k % groups, values[k]!];
        return <rect class={`c${colours[s] ?? s} bar${s}`} x={round(at(s, g))} width={round(0.9 * thick)} y={round(sy(Math.max(v, 0)))} height={round(Math.abs(sy(v) - sy(0)))} />;
      })}
      {labels.map((label, g) => <text x={left + (g + 0.5) * room} y={Math.min(top + h + 15, height - 4)} text-anchor="middle">{label}</text>)}
      {names.map((name, s) => (
        <g class="names" transform={`translate(${left},${LINE * (s + 1) - 4})`}>
          <rect class={`c${colours[s] ?? s} bar${s}`} width="11" height="11" y="-10" />
          <text x="17">{name}</text>
        </g>
      ))}
    </g>
  );
}

const isWithin = (px: number, py: number, [left, top, w, h]: Box) => px >= left && px <= left + w && py >= top && py <= top + h;

function WordsMark({ mark: { at, words, y }, frame: { sx, sy, box } }: { mark: Words; frame: Frame }) {
  return (
    <g class="words">
      {words.map((word, k) => {
        const [px, py] = [round(sx(at[2 * k]!)), round(sy(at[2 * k + 1]!))];
        return isWithin(px, py, box) && <text class={`c${y[k] ?? 3}`} x={px} y={py + 4} text-anchor="middle">{word}</text>;
      })}
    </g>
  );
}

function Still({ mark: { at, y, hollow }, frame: { sx, sy, box } }: { mark: Dots; frame: Frame }) {
  const grid = at as Exclude<Dots["at"], string>;
  const count = grid.length / 2;
  return (
    <g class="dots">
      {Array.from({ length: count }, (_, k) => {
        const kind = y?.[k] ?? 0;
        const [px, py] = [round(sx(grid[2 * k]!)), round(sy(grid[2 * k + 1]!))];
        if (!isWithin(px, py, box)) return null;
        return <path class={`c${kind}${hollow.includes(k) ? " hollow" : ""}`} d={shapeOf(kind)} transform={`translate(${px},${py})${sizeOf(count)}`} />;
      })}
    </g>
  );
}

const REACH = 16; // px within which a pointer means a point
const CROWD = 60; // points from which on they are small, and a finger must choose one first
const sizeOf = (count: number) => (count > CROWD ? "scale(0.7)" : "");
const APART = 14; // px between two points that are drawn in one stroke
const STEPS: Record<string, hands.Direction> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** The reader's points: they move at once, Python follows. */
function Handles({ mark, name, frame, handling }: { mark: Dots; name: string; frame: Frame; handling: Handling }) {
  const control = handling.control(name) as Cloud;
  const group = useRef<SVGGElement>(null);
  const drag = useRef<{ index: number; last: [number, number] } | undefined>(undefined);
  const { sx, sy, back, box: [left, top, w, h] } = frame;
  // Several events may come before the next picture: each sees what the one before has left.
  const now = () => handling.value(name) as Points;
  const chosenNow = () => (handling.chosen?.name === name ? Math.min(handling.chosen.index, now().y.length - 1) : -1);
  const toolNow = () => handling.tool(name);

  const place = (event: { clientX: number; clientY: number }): [number, number] => {
    const { left: x, top: y } = group.current!.ownerSVGElement!.getBoundingClientRect();
    return [event.clientX - x, event.clientY - y];
  };
  /** The place in the plane that is nearest to one on the screen, within the plot. */
  const inside = (px: number, py: number) =>
    back(Math.max(left, Math.min(left + w, px)), Math.max(top, Math.min(top + h, py)));
  const under = (px: number, py: number) => {
    const { X, y } = now();
    return hands.under({ X: X.map((v, i) => (i % 2 ? sy(v) : sx(v))), y }, px, py, REACH);
  };
  const choose = (index: number) => {
    const also = index >= 0 && mark.hollow.includes(index) ? ` ${mark.hollow_name}.` : "";
    handling.choose({ name, of: "point", index }, hands.told(now(), index, control) + also);
  };
  const change = (points: Points | undefined, index: number, byHand = false) => {
    if (!points) return handling.say(hands.limits(control));
    handling.set(name, points, byHand);
    if (index >= 0 && index < points.y.length) choose(index);
  };
  const addAt = (px: number, py: number) =>
    change(hands.added(now(), ...inside(px, py), Number(toolNow().slice(3)), control), now().y.length, true);
  const use = (index: number) => {
    if (toolNow() === "flip") change(hands.flipped(now(), index, control), index);
    else if (toolNow() === "remove") change(hands.removed(now(), index, control), -1);
    else choose(index);
  };

  const press = (event: PointerEvent) => {
    if (event.button) return;
    const at = place(event);
    group.current!.focus({ preventScroll: true });
    const found = under(...at);
    const mayMove = mayCarry(found, event.pointerType === "touch");
    if (toolNow().startsWith("add")) addAt(...at);
    else if (found >= 0) use(found);
    else if (toolNow() !== "remove") return;
    if (!mayMove) return;
    drag.current = { index: found, last: at };
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    event.preventDefault();
  };
  /** A finger on a point moves the point; elsewhere it scrolls the page, and among many points until one is chosen. */
  const mayCarry = (found: number, isFinger: boolean) =>
    toolNow().startsWith("add") || toolNow() === "remove" || (found >= 0 && !(isFinger && now().y.length > CROWD && found !== chosenNow()));
  const touch = (event: TouchEvent) => {
    const finger = event.touches[0];
    if (finger && mayCarry(under(...place(finger)), true)) event.preventDefault();
  };
  const carry = (event: PointerEvent) => {
    if (!drag.current) return;
    const at = place(event);
    const { index, last } = drag.current;
    if (toolNow() === "move") handling.set(name, hands.moved(now(), index, ...inside(...at), control), true);
    else if (toolNow().startsWith("add") && Math.hypot(at[0] - last[0], at[1] - last[1]) > APART) {
      addAt(...at);
      drag.current.last = at;
    } else if (toolNow() === "remove" && now().y.length > control.least) {
      const found = under(...at);
      if (found >= 0) use(found);
    }
  };
  const release = () => {
    if (drag.current && toolNow() === "move") choose(drag.current.index);
    drag.current = undefined;
  };

  /** What the tool does, to the chosen point or beside it. */
  const enter = (points: Points, index: number, beside: [number, number]) => {
    const tool = toolNow();
    if (index >= 0 && (tool === "remove" || tool === "flip")) return use(index);
    const kind = tool.startsWith("add") ? Number(tool.slice(3)) : (points.y[index] ?? 0);
    change(hands.added(points, ...beside, kind, control), points.y.length);
  };

  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const [points, index] = [now(), chosenNow()];
    const [x, y] = index < 0 ? [0, 0] : [points.X[2 * index]!, points.X[2 * index + 1]!];
    const step = STEPS[event.key];
    const far = control.limit / 25;
    const apart = index < 0 ? 0 : control.limit / 16;
    if (step && event.shiftKey && index >= 0) change(hands.moved(points, index, ...inside(sx(x + far * step[0]), sy(y + far * step[1])), control), index, true);
    else if (step) choose(hands.nearest(points, index, step));
    else if (event.key === "Enter" && !control.fixed) enter(points, index, inside(sx(x + apart), sy(y + apart)));
    else if ((event.key === "Delete" || event.key === "Backspace") && !control.fixed && index >= 0) {
      change(hands.removed(points, index, control), Math.min(index, points.y.length - 2));
    } else if (event.key.toLowerCase() === "c" && !control.fixed && control.classes.length > 1 && index >= 0) {
      change(hands.flipped(points, index, control), index);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const [points, chosen, tool, count] = [now(), chosenNow(), toolNow(), now().y.length];
  const isOne = control.fixed && count === 1;
  const crowd = count > CROWD ? " crowd" : "";
  const shown = useMemo(() => points.y.map((kind, k) => {
    const isChosen = k === chosen;
    const [px, py] = [round(sx(points.X[2 * k]!)), round(sy(points.X[2 * k + 1]!))];
    return (
      <g transform={`translate(${px},${py})`}>
        <circle class="reach" r={REACH - 2} />
        {mark.ring.includes(k) && <circle class="ring" r="11" />}
        <path class={`c${kind}${mark.hollow.includes(k) ? " hollow" : ""}${isChosen ? " chosen" : ""}`} d={shapeOf(kind)} transform={isChosen ? "scale(1.5)" : sizeOf(count)} />
      </g>
    );
  }), [points, chosen, left, top, w, h, String(mark.ring), String(mark.hollow)]);
  const label = `${control.label}: ${count === 1 ? "one point" : `${count} points`}. ${hands.ways(control).join(", ")}.`;
  return (
    <g onTouchStart={touch} onPointerDown={press} onPointerMove={carry} onPointerUp={release} onPointerCancel={release}>
      <rect class={tool.startsWith("add") || tool === "remove" ? "pad adding" : "pad"} x={left} y={top} width={w} height={h} />
      <g ref={group} class={`handles ${tool}${crowd}`} role="application" tabindex={0} aria-label={label} data-lm-suppress-shortcuts="true"
        onKeyDown={key} onFocus={() => { if (isOne && chosen < 0) choose(0); }}>
        {shown}
      </g>
    </g>
  );
}
