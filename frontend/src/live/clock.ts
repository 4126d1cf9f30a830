// The clock of a piece: one question is out at a time, and the newest values win.

import type { Edit, Question, Value } from "./spec";

const BUDGET = 9; // ms of steps in each frame while it plays
const HAND_BUDGET = 2; // while a hand drags
const HAND = 200; // ms after a move in which the hand comes first

export interface Hear<Frame> {
  ask(question: Question): Promise<Frame>;
  /** moves: when the moves were made that this frame answers, those overtaken included. */
  frame(frame: Frame, moves: number[]): void;
  fail(error: Error): void;
  drawn(): Promise<unknown>; // the page is ready for the next picture
  isCalm(): boolean; // pictures are to be far apart
}

export class Clock<Frame> {
  isPlaying = false;
  isBusy = false;
  #set = new Map<string, Value>();
  #edits: Edit[] = [];
  #steps = 0;
  #restart = false;
  #isAsked = false;
  #moves: number[] = [];
  #handAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly pace: number | null,
    private readonly hear: Hear<Frame>,
  ) {}

  /** Whether the reader's hand has just moved something. */
  get isHeld(): boolean {
    return performance.now() - this.#handAt < HAND;
  }

  set(key: string, value: Value, byHand = false): void {
    this.#set.set(key, value);
    if (byHand) {
      this.#handAt = performance.now();
      this.#moves.push(this.#handAt);
    }
    this.pump();
  }

  edit(edit: Edit): void {
    this.#edits = [...this.#edits.filter((one) => String(one.slice(0, 3)) !== String(edit.slice(0, 3))), edit];
    this.pump();
  }

  step(n = 1): void {
    this.#steps += n;
    this.pump();
  }

  /** Begin anew, with these values of controls. */
  restart(values: Record<string, Value> = {}): void {
    for (const [key, value] of Object.entries(values)) this.#set.set(key, value);
    this.#restart = true;
    this.#steps = 0;
    this.pump();
  }

  /** Ask for the frame of what is there. */
  look(): void {
    this.#isAsked = true;
    this.pump();
  }

  play(): void {
    if (this.isPlaying) return;
    this.isPlaying = true;
    if (this.pace) this.#timer = setInterval(() => this.step(), 1000 / this.pace);
    else this.pump();
  }

  pause(): void {
    this.isPlaying = false;
    clearInterval(this.#timer);
  }

  get #runsFreely(): boolean {
    return this.isPlaying && !this.pace;
  }

  get #hasSomething(): boolean {
    return this.#set.size > 0 || this.#edits.length > 0 || this.#steps > 0 || this.#restart || this.#isAsked || this.#runsFreely;
  }

  #question(): Question {
    const question: Question = { steps: this.#steps, ms: this.#runsFreely ? (this.isHeld ? HAND_BUDGET : BUDGET) : 0 };
    if (this.#set.size > 0) question.set = Object.fromEntries(this.#set);
    if (this.#edits.length > 0) question.edit = this.#edits;
    if (this.#restart) question.restart = true;
    this.#set = new Map();
    this.#edits = [];
    this.#steps = 0;
    this.#restart = this.#isAsked = false;
    return question;
  }

  pump(): void {
    if (!this.isBusy && this.#hasSomething) void this.#turn();
  }

  async #turn(): Promise<void> {
    this.isBusy = true;
    const moves = this.#moves;
    this.#moves = [];
    try {
      const frame = await this.hear.ask(this.#question());
      this.isBusy = false;
      if (this.#runsFreely && !this.hear.isCalm()) this.pump(); // Python works while the page draws
      await this.hear.drawn();
      this.hear.frame(frame, moves);
    } catch (error) {
      this.isBusy = false;
      this.pause();
      this.hear.fail(error as Error);
    }
    this.pump();
  }
}
