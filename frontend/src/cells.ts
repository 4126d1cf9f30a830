// The cells of a page: each with a button that runs it where it stands.

import { announce, make } from "./dom";
import { Outputs, type ShowWidget } from "./outputs";
import { Python, Stopped } from "./python";
import type { Event, RunResult } from "./protocol";
import * as words from "./words";

/** What the build knows of a page, in it. */
export interface PageFacts {
  page: string; // where it lies on the site, without .html
  root: string; // the way from it to the site's root
  bytes: number; // of the first start
  blocked: Record<string, string>; // by cells, the libraries that they lack
  seconds: Record<string, number>; // of the longer cells
}

export class Cell {
  readonly id: string;
  readonly #bar = make("div", { className: "page-bar" });
  readonly #run = make("button", { type: "button", className: "page-run", textContent: "Run" });
  readonly #status = make("span", { className: "page-status" });
  readonly #progress = make("progress", { hidden: true });
  readonly #outputs: Outputs;
  #isRunning = false;

  constructor(
    readonly element: HTMLElement,
    private readonly number: number,
    private readonly python: Python,
    private readonly facts: PageFacts,
    showWidget: ShowWidget,
    private readonly onTrouble: (text: string, cell: HTMLElement) => void,
    private readonly onBegin: () => void,
    private readonly onDone: (isWell: boolean) => void,
  ) {
    this.id = element.dataset.cell!;
    const input = element.querySelector<HTMLElement>(".cell_input")!;
    const place = input.closest<HTMLElement>("details.hide") ?? input;
    place.after(this.#bar);
    this.#outputs = new Outputs(element, this.#bar, showWidget);
    const library = facts.blocked[this.id];
    if (library !== undefined) this.#bar.append(this.#whyNot(library));
    else this.#offer();
    this.#keepOneTabStop();
  }

  #offer(): void {
    this.#run.setAttribute("aria-label", `Run cell ${this.number}`);
    this.#run.addEventListener("click", (event) => {
      if (event.detail > 1) return; // the second of a double click
      void (this.#isRunning ? this.stop() : this.run());
    });
    this.#progress.setAttribute("aria-label", `Progress of cell ${this.number}`);
    this.#bar.append(this.#run, this.#progress, this.#status);
    this.#status.textContent = words.estimate(this.facts.seconds[this.id] ?? 0);
  }

  #whyNot(library: string): HTMLElement {
    const note = make("span", { className: "page-status", textContent: words.blocked(library) });
    const colab = document.querySelector<HTMLAnchorElement>("a.btn-colab-button");
    if (colab) note.append(" ", make("a", { href: colab.href, textContent: "Run the chapter in Colab" }), ".");
    return note;
  }

  /** Until the focus is in the cell, one of its parts takes it; what it shows stays as it is. */
  #keepOneTabStop(): void {
    const stops = () => {
      const found = [...this.element.querySelectorAll<HTMLElement>("summary, button, a, pre[tabindex]")];
      return found.filter((one) => !one.closest(".cell_output"));
    };
    const set = (isInside: boolean) => {
      const all = stops();
      const first = all.find((one) => one.matches("summary")) ?? all.find((one) => one === this.#run) ?? all[0];
      for (const one of all) one.tabIndex = isInside || one === first ? 0 : -1;
    };
    this.element.addEventListener("focusin", () => set(true));
    this.element.addEventListener("focusout", (event) => {
      if (!this.element.contains(event.relatedTarget as Node | null)) set(false);
    });
    const calm = () => set(this.element.contains(document.activeElement));
    window.addEventListener("load", () => setTimeout(calm));
    if (document.readyState === "complete") calm();
  }

  #say(text: string, aloud = true): void {
    this.#status.textContent = text;
    if (aloud) announce(text);
  }

  #show(done: number, total: number): void {
    this.#progress.hidden = false;
    this.#progress.max = total;
    this.#progress.value = done;
  }

  async run(): Promise<RunResult | undefined> {
    if (this.#isRunning) return undefined;
    this.#begin();
    this.onBegin();
    let start = performance.now();
    let hasPython = false;
    try {
      if (!this.python.isReady) {
        this.#say(`Starting Python (${words.megabytes(this.facts.bytes)})…`);
        this.python.onLoaded = (bytes) => this.#show(Math.min(bytes, this.facts.bytes), this.facts.bytes);
      }
      await this.python.start();
      this.python.onLoaded = () => {};
      this.#progress.hidden = true;
      hasPython = true;
      const waits = this.python.isBusy;
      if (waits) this.#say("Waiting for another cell…");
      const result = await this.python.ask<RunResult>({ job: "run", cell: this.id }, (event) => {
        if (event.kind === "plan" && waits) start = performance.now();
        this.#hear(event);
      });
      this.#outputs.end(result.good, result.shortened);
      this.#say(this.#verdict(result, (performance.now() - start) / 1000));
      this.onDone(true);
      return result;
    } catch (error) {
      this.#outputs.interrupt();
      if (error instanceof Stopped) this.#say("Stopped.");
      else this.#fail(error as Error, hasPython);
      this.onDone(false);
      return undefined;
    } finally {
      this.#end();
    }
  }

  #begin(): void {
    this.#isRunning = true;
    this.#run.textContent = "Stop";
    this.#run.setAttribute("aria-label", `Stop cell ${this.number}`);
    this.element.setAttribute("aria-busy", "true");
    this.#outputs.begin();
  }

  #end(): void {
    this.#isRunning = false;
    this.#run.textContent = "Run";
    this.#run.setAttribute("aria-label", `Run cell ${this.number}`);
    this.element.removeAttribute("aria-busy");
    this.#progress.hidden = true;
  }

  #verdict(result: RunResult, time: number): string {
    if (!result.good) return "It stopped with an error.";
    const told = words.done(time, result.before);
    const isCompared = this.element.classList.contains("tag_nbval-check-output");
    if (!isCompared || result.shortened.length > 0) return told;
    const isEqual = this.#outputs.text === this.#outputs.printed;
    return `${told} ${isEqual ? "As printed." : "The printed output is another."}`;
  }

  #hear(event: Event): void {
    switch (event.kind) {
      case "output":
        this.#outputs.add(event.output, event.text);
        break;
      case "clear":
        this.#outputs.begin();
        break;
      case "plan":
        this.#say(capital(words.plan(event.before, event.seconds)) || "Running…");
        break;
      case "at":
        if (event.before > 0) this.#show(event.done, event.before + 1);
        if (event.before > 0 && event.done < event.before) {
          this.#say(`First runs ${words.cells(event.before)}: ${event.done + 1} of ${event.before}…`, false);
        } else if (event.before > 0) this.#say("Running…", false);
        break;
      case "progress":
        this.#say(`${event.label}: ${event.done} of ${event.total}…`, false);
        this.#show(event.done, event.total);
        break;
      case "loading":
        this.#say(`Loading ${event.what} (${words.megabytes(event.bytes)})…`);
    }
  }

  #fail(error: Error, hasPython: boolean): void {
    this.#say("");
    const text = hasPython
      ? `The cell could not run: ${error.message}.`
      : `Python could not start: ${error.message}. The page can be read as it is; press Run to try again.`;
    this.onTrouble(text, this.element);
  }

  /** End Python at once; a new one is started. */
  async stop(): Promise<void> {
    this.python.onLoaded = () => {};
    await this.python.stop().then(
      () => this.#say("Stopped; Python is ready again."),
      () => {}, // told when a cell runs
    );
  }
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
