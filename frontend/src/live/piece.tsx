// One live piece: what the reader has set, the last frame, and the clock between them.

import { render, type VNode } from "preact";
import { holds, isSetting, type Past, type Place, readAddress, write } from "./address";
import { Clock } from "./clock";
import { Bar } from "./controls";
import { type Frame, type Graph, unpack } from "./frame";
import { type Part, partsOf, toldOf } from "./graph";
import type { Chosen, Handling, NodeMap, Tool } from "./handling";
import { Numbers } from "./numbers";
import { Panel, sizesOf } from "./panel";
import { type Palette, paletteOf } from "./pictures";
import { told } from "./hands";
import type { Cloud, Control, Edit, Host, Points, Question, Setting, Spec, Value } from "./spec";

const PATIENCE = 1500; // ms without an answer, after which one may be stopped
const KERNEL_PATIENCE = 20_000; // ms after which a notebook's kernel is thought gone
const CALM = 1000; // ms between two pictures for those who want no motion
const ADDRESS = 400; // ms between two changes of the address; browsers refuse too many
const AT_ONCE = 100; // steps, on the way to where it was, between two pictures

const wantsCalm = matchMedia("(prefers-reduced-motion: reduce)");
const isEqual = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
let mounted = 0;

/** What is told of each frame that is shown: `live-frame` on the element of a piece. */
export interface FrameTold { frame: Frame; at: number; moves: number[] }

/** Where a piece is to go: its values before the first step, the steps, and what changes between them. */
interface Goal { base: Record<string, Value>; steps: number; past: Past[] }

export class Piece implements Handling {
  readonly id = `live-${++mounted}`;
  readonly #clock: Clock<Frame>;
  readonly #board = { width: 0 };
  readonly #leave: (() => void)[] = [];
  #values: Record<string, Value>;
  #tools: Record<string, Tool> = {};
  #base: Record<string, Value>; // the values before the first step
  #past: Past[] = [];
  #palette: Palette | undefined;
  #goal: Goal | undefined; // where Python must go first
  #isFresh = true; // Python has never had the piece
  #waking: Promise<void> | undefined;
  #known: Goal & { values: Record<string, Value> }; // of the last frame
  #address: ReturnType<typeof setTimeout> | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #isShowing = false; // it will be, before the page is drawn next
  #bar: VNode | undefined; // kept from frame to frame, until something else changes
  frame: Frame;
  chosen: Chosen | undefined;
  caption: string;
  message = ""; // what could not be set
  trouble = ""; // what Python could not do
  said = "";
  state: "asleep" | "waking" | "awake" = "asleep";
  isLinked = false; // a link asks for what the picture does not show yet
  isLost = false; // more was changed between steps than an address can hold
  isSlow = false; // a question is out for long
  progress: { done: number; all: number } | undefined; // on the way to where it was

  constructor(
    readonly element: HTMLElement,
    readonly spec: Spec,
    first: Uint8Array,
    private readonly host: Host,
  ) {
    this.frame = unpack(first);
    this.caption = this.frame.caption;
    this.#values = Object.fromEntries(Object.entries(spec.controls).map(([key, { start }]) => [key, structuredClone(start)]));
    this.#base = { ...this.#values };
    this.#known = { values: { ...this.#values }, base: this.#base, steps: this.frame.t, past: [] };
    this.#clock = new Clock(spec.pace, {
      ask: (question) => this.#ask(question),
      frame: (frame, moves) => this.#show(frame, moves),
      fail: (error) => this.#fail(error),
      drawn: () => this.#drawn(),
      isCalm: () => this.#isCalm,
    });
    element.classList.add("live");
    if (!document.getElementById(spec.name)) element.id = spec.name;
    this.#follow();
    if (host.hasAddress) this.#read();
    this.#isShowing = true;
    this.#render();
  }

  /** Listen to what changes around the piece. */
  #follow(): void {
    const on = (target: EventTarget, event: string, act: (event: Event) => void, how = {}) => {
      target.addEventListener(event, act, how);
      this.#leave.push(() => target.removeEventListener(event, act, how));
    };
    const themed = () => {
      this.#palette = undefined;
      this.show();
    };
    const resized = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry!.contentRect.width);
      if (width === this.#board.width) return;
      this.#board.width = width;
      this.show();
    });
    resized.observe(this.element);
    const watched = new MutationObserver(themed);
    watched.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    watched.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light"] });
    this.#leave.push(() => resized.disconnect(), () => watched.disconnect());
    on(matchMedia("(prefers-color-scheme: dark)"), "change", themed);
    on(matchMedia("(forced-colors: active)"), "change", themed);
    on(document, "visibilitychange", () => document.hidden && this.pause());
    const first = (event: Event) => {
      if (event instanceof KeyboardEvent && ["Tab", "Shift", "Control", "Alt", "Meta", "Escape"].includes(event.key)) return;
      if (this.state === "asleep") this.#wake().catch(() => {}); // the question that follows tells it
    };
    on(this.element, "pointerdown", first, { capture: true });
    on(this.element, "keydown", first, { capture: true });
    if (this.host.hasAddress) on(window, "hashchange", () => this.#read());
  }

  dispose(): void {
    this.pause();
    clearTimeout(this.#address);
    clearTimeout(this.#patience);
    for (const leave of this.#leave) leave();
    this.#isShowing = false;
    render(null, this.element);
  }

  // ---- what is set

  get isPlaying(): boolean {
    return this.#clock.isPlaying;
  }

  value(key: string): Value {
    return this.#values[key]!;
  }

  control(key: string): Control {
    return this.spec.controls[key]!;
  }

  tool(key: string): Tool {
    return this.#tools[key] ?? "move";
  }

  take(key: string, tool: Tool): void {
    this.#tools[key] = tool;
    this.show();
  }

  set(key: string, value: Value, byHand = false): void {
    this.#values[key] = value;
    this.message = "";
    if (this.chosen?.name === key && this.chosen.of === "point") this.#tellChosen(value as Points, this.control(key) as Cloud);
    this.#clock.set(key, value, byHand);
    this.show();
  }

  /** Say where the chosen point is now, if it is still there. */
  #tellChosen(points: Points, control: Cloud): void {
    const { index } = this.chosen!;
    if (index < points.y.length) this.said = told(points, index, control);
    else {
      this.chosen = undefined;
      this.said = "";
    }
  }

  choose(chosen: Chosen, says: string): void {
    this.chosen = chosen;
    this.said = says;
    this.show();
  }

  forget(): void {
    this.chosen = undefined;
    this.show();
  }

  say(text: string): void {
    this.message = text;
    this.show();
  }

  /** The graph of the last frame whose weights can be edited. */
  get editedGraph(): Graph | undefined {
    return this.frame.rows.flat().find((panel): panel is Graph => panel.kind === "graph" && panel.edit !== "");
  }

  chosenMap(under: string): NodeMap | undefined {
    const { chosen, editedGraph: graph } = this;
    if (chosen?.of !== "node" || chosen.name !== under || graph?.edit !== under || !graph.maps) return undefined;
    return { maps: graph.maps, index: chosen.index, name: graph.names[chosen.index] ?? "" };
  }

  /** Set several controls at once, and begin anew. */
  takePreset(title: string): void {
    const values = structuredClone(this.spec.presets[title]!);
    Object.assign(this.#values, values);
    this.chosen = undefined;
    this.message = this.said = "";
    this.#tools = {};
    this.pause();
    this.#restart(values);
    this.show();
  }

  /** The preset whose values the controls have. */
  get preset(): string | undefined {
    return Object.keys(this.spec.presets).find((title) =>
      Object.entries(this.spec.presets[title]!).every(([key, value]) => isEqual(value, this.#values[key])));
  }

  /** The part of a graph that is chosen, if the last frame has it. */
  get #part(): Part | undefined {
    const { chosen, editedGraph: graph } = this;
    return graph && chosen && graph.edit === chosen.name
      ? partsOf(graph).find(({ of, index }) => of === chosen.of && index === chosen.index)
      : undefined;
  }

  edit(under: string, of: string, index: number, value: number): void {
    this.#clock.edit([under, of, index, value]);
    const part = this.#part;
    if (part?.of === of && part.index === index) this.said = toldOf({ ...part, value });
  }

  play(): void {
    if (this.frame.done) this.#restart();
    this.#clock.play();
    this.show();
  }

  pause(): void {
    if (!this.isPlaying) return;
    this.#clock.pause();
    this.caption = this.said = this.frame.caption;
    this.#keepAddress();
    this.show();
  }

  step(): void {
    this.pause();
    if (this.frame.done && !this.#goal) return this.say("No step is left to take. Restart begins anew.");
    this.message = "";
    this.#clock.step();
  }

  restart(): void {
    this.pause();
    this.#restart();
  }

  #restart(values: Record<string, Value> = {}): void {
    this.#goal = undefined;
    this.#clock.restart(values);
  }

  // ---- asking Python

  async #ask(question: Question): Promise<Frame> {
    if (this.state !== "awake") this.state = "waking";
    this.show();
    await this.#wake();
    const values = { ...this.#values };
    if (this.#goal) await this.#goBack(question.restart ? { base: values, steps: 0, past: [] } : this.#goal);
    this.#goal = undefined;
    const frame = await this.#askOnce(question);
    const now = { ...values, ...question.set };
    if (frame.anew) [this.#base, this.#past, this.isLost] = [now, [], false];
    else for (const setting of Object.entries(question.set ?? {})) this.#remember(frame.t - frame.taken, setting);
    for (const edit of question.edit ?? []) this.#remember(frame.t - frame.taken, edit);
    this.#known = { values: now, base: this.isLost ? now : this.#base, steps: frame.t, past: this.#past };
    return frame;
  }

  /** Have the piece in Python; if that made it anew, it must go where it was. */
  #wake(): Promise<void> {
    this.#waking ??= this.host
      .wake()
      .then((isNew) => {
        if (isNew && !this.#isFresh) this.#goal ??= this.#known;
        this.#isFresh = false;
      })
      .finally(() => (this.#waking = undefined));
    return this.#waking;
  }

  async #askOnce(question: Question): Promise<Frame> {
    this.#wait();
    return unpack(await this.host.ask(question));
  }

  /** Keep a change between steps; what is set before the first step belongs to the start. */
  #remember(t: number, change: Edit | Setting): void {
    if (this.isLost) return;
    if (t === 0 && isSetting(change)) {
      this.#base = { ...this.#base, [change[0]]: change[1] };
      return;
    }
    const isSame = (one: Edit | Setting) => one.length === change.length && isEqual(one.slice(0, -1), change.slice(0, -1));
    this.#past = [...this.#past.filter(([at, one]) => at !== t || !isSame(one)), [t, change]];
    this.isLost = !holds(this.spec, this.#past);
    if (this.isLost) this.#past = [];
  }

  /** Go where the piece was, or where a link leads: from the start, step by step, with the changes in their places. */
  async #goBack({ base, steps, past }: Goal): Promise<void> {
    let frame = await this.#askOnce({ set: base, restart: true, steps: 0, ms: 0 });
    const to = async (t: number) => {
      while (frame.t < t && !frame.done) {
        this.progress = { done: frame.t, all: steps };
        if (steps > AT_ONCE) this.show();
        frame = await this.#askOnce({ steps: Math.min(AT_ONCE, t - frame.t), ms: 0 });
      }
    };
    for (const [t, change] of past) {
      await to(t);
      const question = isSetting(change) ? { set: Object.fromEntries([change]) } : { edit: [change] };
      frame = await this.#askOnce({ ...question, steps: 0, ms: 0 });
    }
    await to(steps);
    [this.#base, this.#past, this.isLost] = [base, past, false];
    this.progress = undefined;
  }

  /** Begin to wait for an answer. */
  #wait(): void {
    clearTimeout(this.#patience);
    this.isSlow = false;
    const slow = () => {
      this.isSlow = true;
      this.show();
    };
    this.#patience = setTimeout(slow, this.host.stop ? PATIENCE : KERNEL_PATIENCE);
  }

  /** End a question that does not end. */
  async stop(): Promise<void> {
    await this.host.stop?.().catch(() => {}); // what is asked next tells it
  }

  get #isCalm(): boolean {
    return wantsCalm.matches && this.isPlaying && !this.#clock.isHeld;
  }

  #drawn(): Promise<unknown> {
    if (this.#isCalm) return new Promise((resolve) => setTimeout(resolve, CALM));
    return new Promise((resolve) => (document.hidden ? setTimeout(resolve) : requestAnimationFrame(resolve)));
  }

  #show(frame: Frame, moves: number[]): void {
    if (!this.#clock.isBusy) clearTimeout(this.#patience);
    this.isSlow = this.isLinked = false;
    this.state = "awake";
    this.trouble = "";
    const chosen = this.#part?.name;
    this.frame = frame;
    if (chosen !== undefined && this.#part?.name !== chosen) [this.chosen, this.said] = [undefined, ""];
    if (this.frame.done && this.isPlaying) this.#clock.pause();
    if (!this.isPlaying) this.#bar = undefined;
    this.caption = frame.caption;
    if (!this.isPlaying) this.#keepAddress();
    this.#isShowing = true;
    this.#render();
    const detail: FrameTold = { frame, at: performance.now(), moves };
    this.element.dispatchEvent(new CustomEvent("live-frame", { detail }));
  }

  #fail(error: Error): void {
    clearTimeout(this.#patience);
    this.isSlow = false;
    this.progress = undefined;
    const why = (error.message || "no reason was given").trim().split("\n").at(-1)!;
    if (why === "stopped") {
      // What was set since the last picture may be what hangs.
      this.#values = structuredClone(this.#known.values);
      this.state = "asleep";
      this.trouble = "Stopped. The piece is as it was before; press or move something to go on.";
    } else {
      if (this.state === "waking") this.state = "asleep";
      this.trouble = `Python could not do this: ${why.replace(/\.$/, "")}.`;
    }
    this.show();
  }

  // ---- the address

  get #place(): string {
    return `#${write(this.spec, this.isLost ? this.#values : this.#base, this.frame.t, this.#past)}`;
  }

  #keepAddress(): void {
    if (!this.host.hasAddress || this.#address !== undefined) return;
    const written = this.#place;
    history.replaceState(null, "", written);
    this.#address = setTimeout(() => {
      this.#address = undefined;
      if (this.#place !== written && !this.isPlaying) this.#keepAddress();
    }, ADDRESS);
  }

  #read(): void {
    const place: Place | undefined = readAddress(this.spec, location.hash);
    if (!place || location.hash === this.#place) return;
    const starts = Object.entries(this.spec.controls).map(([key, { start }]) => [key, structuredClone(start)]);
    this.#base = { ...Object.fromEntries(starts), ...place.values };
    const later = place.past.flatMap(([, change]) => (isSetting(change) ? [change] : []));
    this.#values = { ...this.#base, ...Object.fromEntries(later) };
    this.#goal = { base: this.#base, steps: place.steps, past: place.past };
    const isAsShown = this.state === "asleep" && Object.keys(place.values).length === 0 && place.past.length === 0;
    if (isAsShown && (!this.spec.steps || place.steps === this.frame.t)) this.#goal = undefined;
    this.isLinked = this.#goal !== undefined;
    if (place.unknown.length > 0) this.message = `The link was changed, or is old: it has no ${place.unknown.join(", ")} that this piece can show.`;
    this.#known = { values: structuredClone(this.#values), ...this.#goal ?? { base: this.#base, steps: place.steps, past: place.past } };
    if (this.state === "awake" && this.isLinked) this.#clock.look();
    requestAnimationFrame(() => setTimeout(() => this.element.scrollIntoView({ block: "center" })));
    this.show();
  }

  /** Compute what a link asks for. */
  follow(): void {
    this.#clock.look();
  }

  // ---- showing

  get canStop(): boolean {
    return this.host.stop !== undefined;
  }

  get leavesOut(): boolean {
    return this.host.hasAddress && this.isLost;
  }

  /** Show what has changed, once before the page is drawn next. */
  show(): void {
    this.#bar = undefined;
    if (this.#isShowing) return;
    this.#isShowing = true;
    if (document.hidden) setTimeout(() => this.#render());
    else requestAnimationFrame(() => this.#render());
  }

  #render(): void {
    if (!this.#isShowing) return;
    this.#isShowing = false;
    this.#palette ??= paletteOf(this.element);
    this.#bar ??= <Bar piece={this} />;
    render(<App piece={this} bar={this.#bar} width={this.#board.width} palette={this.#palette} />, this.element);
  }
}

function App({ piece, bar, width, palette }: { piece: Piece; bar: VNode; width: number; palette: Palette }) {
  const { frame, state, isLinked } = piece;
  const sizes = width > 0 ? sizesOf(frame.rows, width) : [];
  return (
    <>
      {bar}
      <div class={isLinked ? "live-board live-old" : "live-board"} aria-busy={state === "waking"}>
        {sizes.length > 0 && frame.rows.flatMap((row, i) => row.map((data, j) => (
          <Panel data={data} width={sizes[i]![j]![0]} height={sizes[i]![j]![1]} handling={piece} palette={palette} />
        )))}
      </div>
      <dl class={isLinked ? "live-facts live-old" : "live-facts"}>
        {Object.entries(frame.facts).map(([name, value]) => <div><dt>{name}</dt><dd>{value}</dd></div>)}
      </dl>
      <Numbers piece={piece} />
      {isLinked && state !== "waking" && (
        <p class="live-message">The settings in this page's address are not in the picture yet. <button type="button" onClick={() => piece.follow()}>Compute it with Python</button></p>
      )}
      <p class="live-message" role="alert" hidden={!piece.message && !piece.trouble}>{piece.message || piece.trouble}</p>
      {piece.progress && piece.progress.all > AT_ONCE && (
        <p class="live-message">
          <progress value={piece.progress.done} max={piece.progress.all} /> Python makes the steps again: {piece.progress.done} of {piece.progress.all}.
        </p>
      )}
      {piece.isSlow && (
        <p class="live-message">
          {piece.canStop ? "Python is still computing. " : "No answer from Python yet. Run this cell again if the kernel was restarted. "}
          {piece.canStop && <button type="button" onClick={() => void piece.stop()}>Stop</button>}
        </p>
      )}
      <p class={isLinked ? "live-caption live-old" : "live-caption"} aria-live={piece.isPlaying ? "off" : "polite"}>
        {state === "waking" && <span class="live-waking">Starting Python … </span>}
        {piece.caption}
        {piece.leavesOut && " The link leads to another state than this: too much was changed between steps."}
      </p>
      <p class="live-said" role="status">{piece.said}</p>
    </>
  );
}

/** Show a piece in an element; what is returned takes it away. */
export function mount(element: HTMLElement, spec: Spec, first: Uint8Array, host: Host): () => void {
  const piece = new Piece(element, spec, first, host);
  return () => piece.dispose();
}
