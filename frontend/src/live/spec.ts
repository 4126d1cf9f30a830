// What a piece is, before any frame: its controls, and how it runs.

/** noise: which of the cloud's levels moves the points at random, and which sample of moves. */
export interface Points { X: number[]; y: number[]; noise?: [level: number, sample: number] }

interface Any<Value> { label: string; start: Value }
export interface Knob extends Any<number> { kind: "slider" | "choice"; values: string[] }
export interface Cloud extends Any<Points> { kind: "cloud"; presets: Record<string, Points>; classes: string[]; limit: number; least: number; most: number; fixed: boolean; axes: [string, string]; noise: { levels: number[]; moves: number[] } }
export interface Drawing extends Any<number[]> { kind: "drawing"; shape: [number, number]; levels: number[]; pens: string[]; width: number }
export interface Table extends Any<number[]> { kind: "table"; rows: string[]; columns: string[]; low: number; high: number; step: number }
export interface Text extends Any<string> { kind: "text"; longest: number }
export interface Toggles extends Any<number[]> { kind: "toggles"; names: string[] }
export interface Sizes extends Any<number[]> { kind: "sizes"; part: string; most: number; longest: number }
export type Control = Knob | Cloud | Drawing | Table | Text | Toggles | Sizes;
export type Value = Control["start"];

export interface Spec {
  name: string;
  pace: number | null; // steps a second, null for as many as fit
  steps: boolean;
  presets: Record<string, Record<string, Value>>; // of several controls
  folded: string[]; // the controls that stand behind "More settings"
  controls: Record<string, Control>;
}

/** A change of the state: under which name, of an edge, a node or a cell, which one, and its new value. */
export type Edit = [under: string, of: string, index: number, value: number];

/** A control that is set between two steps. */
export type Setting = [key: string, value: Value];

/** What Python is asked; the answer is a frame. */
export interface Question {
  set?: Record<string, Value>;
  edit?: Edit[];
  restart?: boolean;
  steps: number;
  ms: number;
}

/** The Python behind a piece: the page's, or a notebook's kernel. */
export interface Host {
  /** Have the piece there; true if Python has made it anew. */
  wake(): Promise<boolean>;
  ask(question: Question): Promise<Uint8Array>;
  /** End a question that does not end; undefined where that is not ours to do. */
  stop?: () => Promise<void>;
  /** Whether the address of the page is that of its pieces. */
  hasAddress: boolean;
}
