// What a piece is, before any frame: its controls, and how it runs.

export interface Points { X: number[]; y: number[] }

interface Any<Value> { label: string; start: Value }
export interface Knob extends Any<number> { kind: "slider" | "choice"; values: string[] }
export interface Cloud extends Any<Points> { kind: "cloud"; presets: Record<string, Points>; classes: string[]; limit: number; least: number; most: number; fixed: boolean; axes: [string, string] }
export interface Drawing extends Any<number[]> { kind: "drawing"; shape: [number, number]; levels: number[] }
export interface Table extends Any<number[]> { kind: "table"; rows: string[]; columns: string[]; low: number; high: number; step: number }
export interface Text extends Any<string> { kind: "text"; longest: number }
export type Control = Knob | Cloud | Drawing | Table | Text;
export type Value = Control["start"];

export interface Spec {
  name: string;
  pace: number | null; // steps a second, null for as many as fit
  steps: boolean;
  controls: Record<string, Control>;
}

/** A change of the state: under which name, of an edge, a node or a cell, which one, and its new value. */
export type Edit = [under: string, of: string, index: number, value: number];

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
