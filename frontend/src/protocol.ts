// What the page and its Python say to each other.

import type { Question } from "./live/spec";

/** What one Python hands to the next, after Stop, so that it starts sooner. */
export interface Kept {
  module?: WebAssembly.Module;
  memory?: ArrayBuffer;
}

/** Where the files are. */
export interface Places {
  pyodide: string;
  python: string;
  cells: string;
  data: string;
}

export type Request =
  | { job: "start"; places: Places; snapshot: boolean; kept: Kept }
  | { job: "run"; cell: string; edits: Record<string, string> }
  | { job: "answer"; name: string; setting: number[] }
  | { job: "piece"; name: string; question: Question }
  | { job: "prepare"; step: "load" | "import" };

export type OutputKind = "stdout" | "stderr" | "text" | "html" | "png" | "error" | "widget" | "piece" | "verdict";

/** A loop whose length was chosen by runtime.budget: in full, and as it was. */
export type Shortened = [full: number, here: number];

export interface RunResult {
  good: boolean;
  before: number; // cells that had to run first
  shortened: Shortened[];
  uses?: Record<string, string[]>; // the cells that each uses, if an edit may have changed that
}

/** What comes while a request is being answered. */
export type Event =
  | { kind: "output"; output: OutputKind; text: string }
  | { kind: "clear" } // what was shown so far is shown again
  | { kind: "progress"; label: string; done: number; total: number }
  | { kind: "plan"; before: number; seconds: number }
  | { kind: "at"; done: number; before: number } // of the cells that run first
  | { kind: "loading"; what: string; bytes: number };

export type Answer =
  | { to: number; event: Event }
  | { to: number; result: unknown }
  | { to: number; failure: string }
  | { died: string } // Python cannot go on
  | { held: true } // the lock that the worker keeps as long as it lives
  | { loaded: number } // bytes so far
  | { kept: Kept }
  | { refused: string }; // the snapshot, and why
