// A frame: what Python sends of a piece, one buffer with texts and arrays.

type Values = Int8Array | Uint8Array | Uint16Array | Int32Array | Float32Array | Float64Array;
export type Grid = Values & { shape: number[] };

const TYPES = { i1: Int8Array, u1: Uint8Array, u2: Uint16Array, i4: Int32Array, f4: Float32Array, f8: Float64Array };

export interface Dots { mark: "dots"; at: string | Grid; y: number[] | null; ring: number[]; names: string[]; hollow: number[]; hollow_name: string }
export interface Words { mark: "words"; at: Grid; words: string[]; y: number[] }
export interface Heat { mark: "heat"; values: Grid; contour: number[]; follow: string }
export interface Curve { mark: "curve"; x: Grid; y: Grid; look: "line" | "dash" | "faint" | "area"; name: string; colour: number | null }
export interface Arrow { mark: "arrow"; start: [number, number]; end: [number, number]; look: "line" | "faint"; name: string; colour: number | null }
export interface Bars { mark: "bars"; values: Grid; labels: string[]; names: string[]; colours: number[] }
export type Mark = Dots | Words | Heat | Curve | Arrow | Bars;

interface Any { title: string; shape: number }
export interface Plot extends Any { kind: "plot"; marks: Mark[]; x: [number, number]; y: [number, number]; xlabel: string; ylabel: string; axes: boolean }
export interface Graph extends Any { kind: "graph"; at: Grid; edges: Grid; weights: Grid; maps: Grid | null; labels: string[]; names: string[]; numbers: string[]; values: Grid | null; edit: string; words: string[]; fixed: number[]; lit: { nodes: number[]; edges: number[] }; narrow: number; fitted: boolean; turned: "narrow" | "always" | "never" }
export interface Images extends Any { kind: "images"; grids: string | Grid; labels: string[]; columns: number; edit: string; signed: boolean; touch: string; frames: [grid: number, row: number, column: number, height: number, width: number][] }
export interface Cells extends Any { kind: "cells"; values: string | Grid; words: string[][] | null; rows: string[]; columns: string[]; digits: number; touch: string; marked: number[] }
export type PanelData = Plot | Graph | Images | Cells;

export interface Frame {
  rows: PanelData[][];
  facts: Record<string, string>;
  t: number;
  done: boolean;
  caption: string;
  taken: number;
  anew: boolean; // the state was begun again
}

/** Read a frame; its arrays lie in the buffer that came. */
export function unpack(bytes: Uint8Array): Frame {
  const whole = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const { byteOffset } = whole;
  const buffer = whole.buffer as ArrayBuffer;
  const length = new DataView(buffer, byteOffset).getUint32(0, true);
  const text = new TextDecoder().decode(whole.subarray(4, 4 + length));
  const base = byteOffset + 4 + length;
  return JSON.parse(text, (_, value) => {
    if (!value?.$) return value;
    const [place, type, shape] = value.$ as [number, keyof typeof TYPES, number[]];
    const count = shape.reduce((product, n) => product * n, 1);
    const Kind = TYPES[type];
    const start = base + place;
    const size = count * Kind.BYTES_PER_ELEMENT;
    const array = start % Kind.BYTES_PER_ELEMENT ? new Kind(buffer.slice(start, start + size)) : new Kind(buffer, start, count);
    return Object.assign(array, { shape });
  });
}
