// Grids of numbers as pictures: of maps over a plane, of units, of drawings.

import type { Grid } from "./frame";

export type Colour = [red: number, green: number, blue: number];
export interface Palette { low: Colour; high: Colour; ink: Colour; strength: number }

/** One grid of a panel: where its values begin, and where it stands. */
export interface Picture {
  grid: Grid;
  from: number;
  rows: number;
  columns: number;
  x: number;
  y: number;
  width: number;
  height: number;
  clip: [x: number, y: number, width: number, height: number];
  isSmooth: boolean;
  isUpward: boolean; // the first row is the lowest
  isInk: boolean; // from paper to ink, else between two colours
}

const FULL = 127; // as in scenes.py

/** Red, green, blue and opacity of each value, the rows from the top. */
export function pixels(picture: Picture, palette: Palette): Uint8ClampedArray<ArrayBuffer> {
  const { grid, from, rows, columns, isUpward, isInk } = picture;
  const colours = coloursOf(palette, isInk);
  const data = new Uint8ClampedArray(4 * rows * columns);
  const whole = new Uint32Array(data.buffer);
  for (let i = 0; i < rows; i++) {
    const row = isUpward ? rows - 1 - i : i;
    for (let j = 0; j < columns; j++) whole[row * columns + j] = colours[grid[from + i * columns + j]! + FULL]!;
  }
  return data;
}

const known = new WeakMap<Palette, Map<boolean, Uint32Array>>();

/** The colour of each value, computed once for a palette: four bytes each. */
function coloursOf(palette: Palette, isInk: boolean): Uint32Array {
  const found = known.get(palette)?.get(isInk);
  if (found) return found;
  const { low, high, ink, strength } = palette;
  const data = new Uint8ClampedArray(4 * (2 * FULL + 1));
  for (let k = 0; k <= 2 * FULL; k++) {
    const value = (k - FULL) / FULL;
    const opacity = isInk && value >= 0 ? value : strength * Math.abs(value) ** 0.8;
    data.set([...(value < 0 ? low : isInk ? ink : high), 255 * opacity], 4 * k);
  }
  const colours = new Uint32Array(data.buffer);
  known.set(palette, (known.get(palette) ?? new Map<boolean, Uint32Array>()).set(isInk, colours));
  return colours;
}

/** The colours of the theme, from the style of an element of a piece. */
export function paletteOf(element: Element): Palette {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim().split(/\s+/).map(Number) as Colour;
  return {
    low: colour("--live-low"),
    high: colour("--live-high"),
    ink: colour("--live-ink-rgb"),
    strength: Number(style.getPropertyValue("--live-strength")),
  };
}

const scratches = new Map<string, OffscreenCanvasRenderingContext2D>();

/** A small canvas of so many pixels, for one picture at a time. */
function scratch(columns: number, rows: number): OffscreenCanvasRenderingContext2D {
  const key = `${columns} ${rows}`;
  const found = scratches.get(key) ?? new OffscreenCanvas(columns, rows).getContext("2d", { willReadFrequently: true })!;
  scratches.set(key, found);
  return found;
}

/** Paint pictures on a canvas of so many pixels of the page. */
export function paint(canvas: HTMLCanvasElement, pictures: Picture[], width: number, height: number, palette: Palette): void {
  const density = Math.min(window.devicePixelRatio || 1, 2);
  const [w, h] = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  const pen = canvas.getContext("2d")!;
  pen.setTransform(density, 0, 0, density, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.imageSmoothingQuality = "high";
  for (const picture of pictures) {
    const { rows, columns, x, y, clip, isSmooth } = picture;
    const small = scratch(columns, rows);
    small.putImageData(new ImageData(pixels(picture, palette), columns, rows), 0, 0);
    pen.save();
    pen.beginPath();
    pen.roundRect(...clip, 3);
    pen.clip();
    pen.imageSmoothingEnabled = isSmooth;
    pen.drawImage(small.canvas, x, y, picture.width, picture.height);
    pen.restore();
  }
}
