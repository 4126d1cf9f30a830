// The widgets of `explore` on a page: with the pictures beside it, and with Python for every other setting.

import explorer from "../../src/tutorial_utils/explorer.js";
import { make } from "./dom";
import type { Spec } from "./live/spec";
import { showOwnPiece, showPiece } from "./pieces";
import type { Python } from "./python";

interface State {
  name: string;
  controls: { values: string[] }[];
  captions: string[];
  published?: number[][];
  python?: "asleep" | "awake";
  setting: number[];
  shown: number[];
  picture: string | Uint8Array<ArrayBuffer>;
  [key: string]: unknown;
}

/** What the front end of a widget needs of a model, after anywidget's module. */
class Model {
  #listeners = new Map<string, Set<() => void>>();

  constructor(
    readonly values: State,
    private readonly save: (setting: number[]) => void,
  ) {}

  get(key: string): unknown {
    return this.values[key];
  }

  set(key: string, value: unknown): void {
    this.values[key] = value;
  }

  on(event: string, listen: () => void): void {
    const all = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, all.add(listen));
  }

  off(event: string, listen: () => void): void {
    this.#listeners.get(event)?.delete(listen);
  }

  save_changes(): void {
    this.save(this.values.setting);
  }

  update(changes: Partial<State>): void {
    Object.assign(this.values, changes);
    for (const key of Object.keys(changes)) {
      for (const listen of this.#listeners.get(`change:${key}`) ?? []) listen();
    }
  }
}

const bytes = (base64: string) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

const VIEW = 'script[type="application/vnd.jupyter.widget-view+json"]';
const STATE = 'script[type="application/vnd.jupyter.widget-state+json"]';

interface Known {
  state: State;
  buffers?: { path: [string]; data: string }[];
}

/** Run, unseen, the cell that a widget comes from; whether it ran to its end. */
export type Prepare = (place: HTMLElement) => Promise<boolean>;

/** Show the widgets of the page: with the pictures that lie beside it, the others with Python. */
export function showPublished(canRun: boolean): (python: Python, prepare: Prepare) => void {
  const text = document.querySelector(STATE)?.textContent;
  const known: Record<string, Known> = text ? JSON.parse(text).state : {};
  const shown: [Model, HTMLElement, (ask: Ask) => void][] = [];
  const pieces: [HTMLElement, ReturnType<typeof showPiece>][] = [];
  for (const view of document.querySelectorAll(VIEW)) {
    const one = known[JSON.parse(view.textContent!).model_id];
    if (one?.state.spec) {
      const place = make("div");
      view.replaceWith(place);
      const first = bytes(one.buffers!.find(({ path }) => path[0] === "first")!.data);
      pieces.push([place, showPiece(place, JSON.parse(one.state.spec as string) as Spec, first)]);
      continue;
    }
    if (!one?.state.captions) continue;
    const state: State = { ...one.state };
    if (canRun) state.python = "asleep";
    for (const { path, data } of one.buffers ?? []) state[path[0]] = bytes(data);
    const place = make("div");
    view.replaceWith(place);
    let ask: Ask = async () => {};
    const model = new Model(state, (setting) => void ask(setting));
    explorer.render({ model, el: place });
    shown.push([model, place, (own) => (ask = own)]);
  }
  return (python, prepare) => {
    python.onReady = () => shown.forEach(([model]) => model.set("python", "awake"));
    for (const [model, place, take] of shown) {
      take(asking(python, model, () => prepare(place), false));
    }
    for (const [place, take] of pieces) take(python, () => prepare(place));
  };
}
/** Show a widget whose cell has run: Python draws every setting. */
export function showLive(python: Python, text: string, place: HTMLElement, prepare: Prepare): void {
  const state: State = { ...JSON.parse(text), captions: [], python: "awake" };
  state.picture = bytes(state.picture as string);
  const model: Model = new Model(state, (setting) => void ask(setting));
  const ask = asking(python, model, () => prepare(place), true);
  explorer.render({ model, el: place });
}

/** Show a piece whose cell has run: its spec and its first frame, as a text. */
export function showRunPiece(python: Python, text: string, place: HTMLElement, prepare: Prepare): void {
  const { spec, first } = JSON.parse(text) as { spec: string; first: string };
  const inside = make("div");
  place.append(inside);
  showOwnPiece(inside, JSON.parse(spec) as Spec, bytes(first), python, () => prepare(place));
}

type Ask = (setting: number[]) => Promise<void>;

/** What asks Python for a picture; its cell runs first where Python has not run it, or was stopped since. */
function asking(python: Python, model: Model, prepare: () => Promise<boolean>, hasRun: boolean): Ask {
  const { name } = model.values;
  const ask = (setting: number[]) => python.ask<State>({ job: "answer", name, setting });
  const afterItsCell = async (setting: number[]) => {
    if (!(await prepare())) throw new Error("its cell stopped");
    hasRun = true;
    return ask(setting);
  };
  return async (setting) => {
    // First what is shown, then that it is there. The knobs are left alone: they may have moved on.
    try {
      const there = hasRun && python.isReady ? ask(setting).catch(() => afterItsCell(setting)) : afterItsCell(setting);
      const { picture, caption, error } = await there;
      model.update({ picture: bytes(picture as string), caption, error });
    } catch (error) {
      model.update({ error: `${(error as Error).message}.` });
    }
    model.update({ shown: setting });
  };
}
