// The live pieces of a page: drawn from their first frame, then answered by the page's Python.

import { mount } from "./live/piece";
import type { Host, Question, Spec } from "./live/spec";
import type { Python } from "./python";

/** Whose piece Python holds under a name: a cell that runs again makes another. */
const owners = new Map<string, PageHost>();

/** Run, unseen, the cell that a piece comes from; whether it ran to its end. */
type Prepare = () => Promise<boolean>;

/** The Python of the page, as a piece knows it. */
class PageHost implements Host {
  readonly hasAddress = true;
  #life = 0;
  #waking: Promise<boolean> | undefined;
  #python: Python | undefined;
  #prepare: Prepare = async () => false;

  constructor(private readonly name: string) {}

  /** From now on there is a Python that can be started. */
  take(python: Python, prepare: Prepare): void {
    this.#python = python;
    this.#prepare = prepare;
  }

  /** Python holds the piece, since its cell has just run. */
  own(): void {
    owners.set(this.name, this);
    this.#life = this.#python!.life;
  }

  async wake(): Promise<boolean> {
    if (!this.#python) throw new Error("it cannot run on this page");
    if (this.#waking) {
      await this.#waking;
      return false;
    }
    if (this.#python.isReady && this.#python.life === this.#life && owners.get(this.name) === this) return false;
    const waking = this.#prepare().then((isThere) => {
      if (!isThere) throw new Error("its cell stopped");
      this.own();
      return true;
    });
    this.#waking = waking;
    return waking.finally(() => (this.#waking = undefined));
  }

  ask(question: Question): Promise<Uint8Array> {
    return this.#python!.ask({ job: "piece", name: this.name, question });
  }

  async stop(): Promise<void> {
    await this.#python?.stop();
  }
}

/** Show a published piece; what is returned gives it its Python. */
export function showPiece(place: HTMLElement, spec: Spec, first: Uint8Array): PageHost["take"] {
  const host = new PageHost(spec.name);
  mount(place, spec, first, host);
  return (python, prepare) => host.take(python, prepare);
}

/** Show a piece whose cell has run. */
export function showOwnPiece(place: HTMLElement, spec: Spec, first: Uint8Array, python: Python, prepare: Prepare): void {
  const host = new PageHost(spec.name);
  host.take(python, prepare);
  host.own();
  mount(place, spec, first, host);
}
