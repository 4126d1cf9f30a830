// Grids side by side, or one that is drawn on.

import { useRef } from "preact/hooks";
import type { Grid, Images } from "./frame";
import type { Handling, Tool } from "./handling";
import type { Picture } from "./pictures";
import type { Drawing } from "./spec";

const GAP = 8; // px between two grids
const WORDS = 18; // px below a grid for its label
const MOST_NARROW = 4; // grids in a row of a narrow screen

/** The shape of many square grids on a narrow screen, where fewer stand in a row. */
export function narrowShape({ grids, columns }: Images): number | undefined {
  if (typeof grids === "string") return undefined;
  const n = grids.shape[0]!;
  return (columns || n) > MOST_NARROW ? MOST_NARROW / Math.ceil(n / MOST_NARROW) : undefined;
}

interface Layout { cell: number; rows: number; columns: number; x: number[]; y: number[] }

/** The grids that are shown: as they came, or the reader's drawing. */
export function gridsOf({ grids }: Images, handling: Handling): Grid {
  if (typeof grids !== "string") return grids;
  const { shape, levels } = handling.control(grids) as Drawing;
  const places = handling.value(grids) as number[];
  return Object.assign(Int8Array.from(places, (place) => Math.round(127 * levels[place]!)), { shape: [1, ...shape] });
}

function layoutOf(data: Images, grids: Grid, width: number, height: number): Layout {
  const [n, rows, columns] = grids.shape as [number, number, number];
  const words = data.labels.length ? WORDS : 0;
  const cellOf = (across: number) => {
    const down = Math.ceil(n / across);
    return Math.max(2, Math.min(((width - (across - 1) * GAP) / across - 2) / columns, ((height - (down - 1) * GAP) / down - words - 2) / rows));
  };
  const wanted = data.columns || n;
  const folded = Math.min(wanted, MOST_NARROW);
  const across = cellOf(folded) > cellOf(wanted) ? folded : wanted;
  const cell = cellOf(across);
  const left = (width - across * columns * cell - (across - 1) * GAP) / 2;
  const all = Array.from({ length: n }, (_, k) => k);
  return {
    cell, rows, columns,
    x: all.map((k) => left + (k % across) * (columns * cell + GAP)),
    y: all.map((k) => 1 + Math.floor(k / across) * (rows * cell + words + GAP)),
  };
}

export function picturesOf(data: Images, width: number, height: number, handling: Handling): Picture[] {
  const grid = gridsOf(data, handling);
  const { cell, rows, columns, x, y } = layoutOf(data, grid, width, height);
  return x.map((left, k) => {
    const clip: Picture["clip"] = [left, y[k]!, columns * cell, rows * cell];
    const place = { x: clip[0], y: clip[1], width: clip[2], height: clip[3] };
    return { grid, from: k * rows * columns, rows, columns, ...place, clip, isSmooth: false, isUpward: false, isInk: !data.signed };
  });
}

export function GridsPicture({ data, width, height, handling }: { data: Images; width: number; height: number; handling: Handling }) {
  const grid = gridsOf(data, handling);
  const { cell, rows, columns, x, y } = layoutOf(data, grid, width, height);
  const group = useRef<SVGGElement>(null);
  const pen = useRef<{ level: number; last: number } | undefined>(undefined);
  const drawn = typeof data.grids === "string" ? (handling.control(data.grids) as Drawing) : undefined;
  const name = drawn ? (data.grids as string) : data.edit || data.touch;
  const size = rows * columns;
  const chosenNow = () => (handling.chosen?.name === name && handling.chosen.of === "cell" ? handling.chosen.index : -1);

  const levelOf = (index: number) => (drawn ? (handling.value(name) as number[])[index]! : grid[index]! / 127);
  const told = (index: number, level = levelOf(index)) => {
    const where = `row ${Math.floor((index % size) / columns) + 1}, column ${(index % columns) + 1}`;
    const which = x.length > 1 ? `Picture ${Math.floor(index / size) + 1}, ${where}` : `R${where.slice(1)}`;
    return `${which}: ${drawn?.pens[level]?.toLowerCase() ?? +(drawn ? drawn.levels[level]! : level).toPrecision(3)}.`;
  };
  const put = (index: number, level: number) => {
    if (drawn) {
      const cells = [...(handling.value(name) as number[])];
      for (const cell of underPen(index, drawn.width, rows, columns)) cells[cell] = level;
      handling.set(name, cells, true);
    } else if (data.touch) handling.edit(name, "cell", 0, index);
    else handling.edit(name, "cell", index, level);
    handling.choose({ name, of: "cell", index }, told(index, level));
  };
  /** What a press makes of a cell: what the pen leaves, the next level of a drawing without pens, the other sign of a state. */
  const next = (index: number) => {
    if (drawn?.pens.length) return penOf(handling.tool(name), drawn);
    return drawn ? (levelOf(index) + 1) % drawn.levels.length : levelOf(index) > 0 ? -1 : 1;
  };

  const cellAt = (event: { clientX: number; clientY: number }): number => {
    const box = group.current!.ownerSVGElement!.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    for (let k = 0; k < x.length; k++) {
      const [j, i] = [Math.floor((px - x[k]!) / cell), Math.floor((py - y[k]!) / cell)];
      if (i >= 0 && j >= 0 && i < rows && j < columns) return k * size + i * columns + j;
    }
    return -1;
  };
  const press = (event: PointerEvent) => {
    const index = cellAt(event);
    if (event.button || index < 0) return;
    group.current!.focus({ preventScroll: true });
    pen.current = { level: next(index), last: index };
    put(index, pen.current.level);
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    event.preventDefault();
  };
  const touch = (event: TouchEvent) => {
    if (event.touches[0] && cellAt(event.touches[0]) >= 0) event.preventDefault(); // a finger draws, it does not scroll
  };
  const carry = (event: PointerEvent) => {
    const index = pen.current ? cellAt(event) : -1;
    if (index < 0 || index === pen.current!.last) return;
    pen.current!.last = index;
    put(index, pen.current!.level);
  };
  const key = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const chosen = chosenNow();
    const index = Math.max(chosen, 0);
    const [i, j] = [Math.floor((index % size) / columns), index % columns];
    const step = { ArrowLeft: j > 0 ? -1 : 0, ArrowRight: j < columns - 1 ? 1 : 0, ArrowUp: i > 0 ? -columns : 0, ArrowDown: i < rows - 1 ? columns : 0 }[event.key];
    const page = { PageDown: size, PageUp: -size }[event.key];
    if (step !== undefined) handling.choose({ name, of: "cell", index: chosen < 0 ? 0 : index + step }, told(chosen < 0 ? 0 : index + step));
    else if (page && index + page >= 0 && index + page < size * x.length) handling.choose({ name, of: "cell", index: index + page }, told(index + page));
    else if (event.key === " " || event.key === "Enter") put(index, next(index));
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const title = drawn ? drawn.label : data.title;
  const pages = x.length > 1 ? ", Page Up and Page Down go to another picture" : "";
  const access = name
    ? {
        role: "application" as const, tabindex: 0, "data-lm-suppress-shortcuts": "true", onKeyDown: key,
        "aria-label": `${title}: ${rows} rows of ${columns} cells. Arrows choose a cell${pages}, Space ${data.touch && !drawn ? "shows what belongs to it" : "changes it"}.`,
      }
    : {};
  const chosen = chosenNow();
  const [k, i, j] = [Math.floor(chosen / size), Math.floor((chosen % size) / columns), chosen % columns];
  const events = name ? { onTouchStart: touch, onPointerDown: press, onPointerMove: carry, onPointerUp: () => (pen.current = undefined), onPointerCancel: () => (pen.current = undefined) } : {};
  return (
    <g ref={group} class={name ? "grids drawn" : "grids"} {...access} {...events}>
      {x.map((left, n) => <rect class="frame" x={left} y={y[n]} width={columns * cell} height={rows * cell} />)}
      {name && cell >= 6 && x.map((left, n) => <path class="grid" d={ruled(left, y[n]!, rows, columns, cell)} />)}
      {data.frames.map(([k, i, j, down, across]) => (
        <rect class="outline" x={x[k]! + j * cell} y={y[k]! + i * cell} width={across * cell} height={down * cell} />
      ))}
      {data.labels.map((text, n) => <text x={x[n]! + (columns * cell) / 2} y={y[n]! + rows * cell + 14} text-anchor="middle">{text}</text>)}
      {chosen >= 0 && <rect class="cursor" x={x[k]! + j * cell} y={y[k]! + i * cell} width={cell} height={cell} />}
    </g>
  );
}

/** The level that the chosen pen leaves: the last at first. */
export function penOf(tool: Tool, { levels }: Drawing): number {
  return tool.startsWith("pen") ? Number(tool.slice(3)) : levels.length - 1;
}

/** The cells of a grid that a pen of some width covers, the pressed one at its upper left. */
function underPen(index: number, width: number, rows: number, columns: number): number[] {
  const [i, j] = [Math.floor(index / columns), index % columns];
  const places = Array.from({ length: width * width }, (_, k) => [i + Math.floor(k / width), j + (k % width)] as const);
  return places.filter(([y, x]) => y < rows && x < columns).map(([y, x]) => y * columns + x);
}

function ruled(left: number, top: number, rows: number, columns: number, cell: number): string {
  const down = Array.from({ length: columns - 1 }, (_, j) => `M${left + (j + 1) * cell},${top}v${rows * cell}`);
  const across = Array.from({ length: rows - 1 }, (_, i) => `M${left},${top + (i + 1) * cell}h${columns * cell}`);
  return [...down, ...across].join("");
}
