// Which exercises a reader has solved: kept in their browser and nowhere else.

import { keep, kept, onChangeElsewhere } from "./storage";

const NAME = "solved";

export class Progress {
  #listeners: (() => void)[] = [];

  constructor() {
    onChangeElsewhere(NAME, () => this.#tell());
  }

  get solved(): Set<string> {
    const stored = kept(NAME);
    return new Set(Array.isArray(stored) ? stored.filter((one) => typeof one === "string") : []);
  }

  solve(exercise: string): void {
    const solved = this.solved;
    if (solved.has(exercise)) return;
    keep(NAME, [...solved, exercise]);
    this.#tell();
  }

  forget(): void {
    keep(NAME, undefined);
    this.#tell();
  }

  /** Call back now and after every change. */
  follow(listen: () => void): void {
    this.#listeners.push(listen);
    listen();
  }

  #tell(): void {
    for (const listen of this.#listeners) listen();
  }
}
