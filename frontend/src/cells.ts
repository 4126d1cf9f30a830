// The cells of a page: each with a button that runs it where it stands, and one that edits it.

import { announce, make } from "./dom";
import type { CellFacts, Edits } from "./edits";
import { Outputs, type ShowWidget, type Verdict } from "./outputs";
import { Python, Stopped } from "./python";
import type { Event, RunResult } from "./protocol";
import { Source } from "./source";
import * as words from "./words";

/** What the build knows of a page, in it. */
export interface PageFacts {
  page: string; // where it lies on the site, without .html
  root: string; // the way from it to the site's root
  bytes: number; // of the first start
  blocked: Record<string, string>; // by cells, the libraries that they lack
  seconds: Record<string, number>; // of the longer cells
  cells: CellFacts[];
  exercises: Record<string, [answer: string, check: string]>; // by their numbers, the cells
}

/** What the cells of a page share. */
export interface Surroundings {
  python: Python;
  facts: PageFacts;
  edits: Edits;
  showWidget: ShowWidget;
  onTrouble(text: string, cell: HTMLElement): void;
  onBegin(): void;
  onDone(isWell: boolean, isUnseen: boolean): void;
  onEdit(): void; // what is out of date may have changed
  numberOf(id: string): number; // of a cell, from 1
  resetAll(): void;
}

const EDITOR = 130_000; // bytes of its script, about, as sent

export class Cell {
  readonly id: string;
  readonly #source: Source;
  readonly #outputs: Outputs;
  readonly #bar = make("div", { className: "page-bar" });
  readonly #run = make("button", { type: "button", className: "page-run", textContent: "Run" });
  readonly #edit = make("button", { type: "button", className: "page-run", textContent: "Edit" });
  readonly #reset = make("button", { type: "button", className: "page-run", hidden: true });
  readonly #undo = make("button", { type: "button", className: "page-run", hidden: true });
  readonly #resetAll = make("button", { type: "button", className: "page-run", textContent: "Reset all", hidden: true });
  readonly #status = make("span", { className: "page-status" });
  readonly #stale = make("span", { className: "page-stale", hidden: true });
  readonly #progress = make("progress", { hidden: true });
  #isRunning = false;
  #turn = 0; // another one after each run and each Reset
  #lost: string | undefined; // the source that Reset took away
  #onChange = () => {};
  #isStale = false;
  #basis = ""; // of what is shown
  #enter: () => Promise<unknown> = () => this.run(); // what Shift and Enter do
  #isAnswer = false;

  constructor(
    readonly element: HTMLElement,
    private readonly number: number,
    private readonly page: Surroundings,
  ) {
    this.id = element.dataset.cell!;
    element.id ||= `cell-${number}`;
    const input = element.querySelector<HTMLElement>(".cell_input")!;
    const place = input.closest<HTMLElement>("details.hide") ?? input;
    place.after(this.#bar);
    this.#outputs = new Outputs(element, this.#bar, page.showWidget);
    this.#source = new Source(input, {
      label: `Source of cell ${number}`,
      run: () => void this.#enter(),
      changed: (text) => this.#take(text),
    });
    const library = page.facts.blocked[this.id];
    if (library !== undefined) this.#bar.append(this.#whyNot(library));
    else {
      this.#offer();
      this.#showStored();
    }
    this.#keepOneTabStop();
  }

  #offer(): void {
    this.#run.addEventListener("click", (event) => {
      if (event.detail > 1) return; // the second of a double click
      void (this.#isRunning ? this.stop() : this.run());
    });
    this.#edit.addEventListener("click", () => void this.edit());
    this.#reset.addEventListener("click", () => {
      this.reset();
      this.#undo.focus();
    });
    this.#undo.addEventListener("click", () => this.#takeBack());
    this.#resetAll.addEventListener("click", () => {
      this.page.resetAll();
      this.#undo.focus();
    });
    this.#name(this.#run, "Run");
    this.#name(this.#edit, "Edit");
    this.#name(this.#reset, "Reset");
    this.#name(this.#undo, "Undo Reset of");
    this.#undo.textContent = "Undo Reset";
    this.#progress.setAttribute("aria-label", `Progress of cell ${this.number}`);
    this.#bar.append(this.#run, this.#edit, this.#reset, this.#undo, this.#resetAll, this.#progress, this.#status, this.#stale);
    this.#status.textContent = words.estimate(this.page.facts.seconds[this.id] ?? 0);
  }

  #name(button: HTMLButtonElement, verb: string): void {
    button.textContent = verb;
    button.setAttribute("aria-label", `${verb} cell ${this.number}`);
  }

  /** Make the cell the place of an answer: an editor from the start, with a button that checks it. */
  becomeAnswer(exercise: string, check: () => Promise<void>, changed: () => void): void {
    this.#isAnswer = true;
    this.#onChange = changed;
    const button = make("button", { type: "button", className: "page-run page-check-button" });
    const name = (verb: string, what: string) => {
      button.textContent = verb;
      button.setAttribute("aria-label", `${verb} ${what}`);
    };
    let isChecking = false;
    this.#enter = async () => {
      if (isChecking) return;
      isChecking = this.#run.hidden = true;
      name("Stop", `checking exercise ${exercise}`);
      await check();
      isChecking = this.#run.hidden = false;
      name("Check", `exercise ${exercise}`);
    };
    button.addEventListener("click", (event) => {
      if (event.detail <= 1) void (isChecking ? this.stop() : this.#enter());
    });
    name("Check", `exercise ${exercise}`);
    this.#bar.prepend(button);
    this.#edit.remove();
    this.#source.label = `Your answer to exercise ${exercise}`;
    this.#source.enterDoes = "checks";
    this.#source.openPlainly(this.page.edits.of(this.id));
  }

  /** Become a part of another cell: only what it gives is seen. */
  becomeVerdict(): void {
    this.element.classList.add("page-checker");
  }

  /** Take away what the cell gave. */
  clear(): void {
    this.#outputs.showPrinted();
    this.#basis = "";
  }

  get isEdited(): boolean {
    return this.page.edits.of(this.id) !== undefined;
  }

  get isAnswer(): boolean {
    return this.#isAnswer;
  }

  /** What a checker has said in the cell. */
  get verdict(): Verdict | undefined {
    return this.#outputs.verdict;
  }

  /** The focus, after a button that is no longer there. */
  #focus(): void {
    if (this.#isAnswer) this.#source.focus();
    else this.#edit.focus();
  }

  // ---- the reader's source

  #showStored(): void {
    const { edits } = this.page;
    const text = edits.of(this.id);
    if (text !== undefined) {
      this.#source.show(text);
      this.#reset.hidden = false;
    }
    const earlier = edits.ofEarlier(this.id);
    if (earlier !== undefined) this.#offerChoice(earlier);
  }

  /** The book's source has changed since the reader edited it: which shall stand? */
  #offerChoice(text: string): void {
    const mine = make("button", { type: "button", className: "page-run", textContent: "Keep mine" });
    const books = make("button", { type: "button", className: "page-run", textContent: "Take the book's" });
    const note = make(
      "div",
      { className: "page-choice" },
      make("p", { textContent: "You edited this cell, and the book has changed it since. Yours was:" }),
      make("pre", { textContent: text }),
      mine,
      books,
    );
    note.setAttribute("role", "group");
    note.setAttribute("aria-label", `Your edit of cell ${this.number}`);
    mine.addEventListener("click", () => {
      note.remove();
      this.#take(text);
      if (this.#isAnswer) this.#source.openPlainly(text);
      else this.#source.show(text);
      this.#focus();
    });
    books.addEventListener("click", () => {
      note.remove();
      this.page.edits.set(this.id, undefined);
      this.#focus();
    });
    this.#bar.before(note);
  }

  async edit(): Promise<void> {
    const folded = this.element.querySelector<HTMLDetailsElement>("details.hide");
    if (folded) folded.open = true;
    this.#say(`Loading the editor (${words.megabytes(EDITOR)})…`);
    await this.#source.open();
    this.#say("", false);
    this.#edit.hidden = true;
    this.#reset.hidden = false;
  }

  /** Say that another tab has another edit of this cell. */
  editedElsewhere(): void {
    this.#say("Edited in another tab too: the edit that was made last is kept.", false);
  }

  #take(text: string): void {
    this.#undo.hidden = true;
    const isBooks = text.trimEnd() === this.#source.book;
    const isKept = this.page.edits.set(this.id, isBooks ? undefined : text);
    this.#reset.hidden = isBooks && (this.#isAnswer || !this.#source.isOpen);
    if (!isKept) this.#say("This browser keeps no edits: they last as long as this page.", false);
    this.#onChange();
    this.page.onEdit();
  }

  /** The book's source and its printed result stand again. */
  reset(): void {
    this.#lost = this.page.edits.of(this.id);
    this.#undo.hidden = this.#lost === undefined;
    this.#turn += 1; // what still runs is not shown
    this.page.edits.set(this.id, undefined);
    this.#source.reset();
    if (this.#isAnswer) this.#source.openPlainly();
    this.clear();
    this.#edit.hidden = false;
    this.#reset.hidden = true;
    this.#say("", false);
    this.#onChange();
    this.page.onEdit();
  }

  #takeBack(): void {
    if (this.#lost === undefined) return;
    const text = this.#lost;
    if (this.#isAnswer) this.#source.openPlainly(text);
    else this.#source.show(text);
    this.#take(text);
    this.#reset.hidden = false;
    this.#focus();
  }

  /** Say whether what is shown is what the cell would give now, and how many cells are edited. */
  mark(nEdited: number): void {
    const { edits } = this.page;
    const isOwn = this.isEdited && !this.#isAnswer;
    const isStale = edits.basis(this.id) !== this.#basis && !this.#outputs.isEmpty && !this.#isAnswer;
    if (isStale && !this.#isStale) this.#say("", false);
    this.#isStale = isStale;
    this.#stale.hidden = this.#isRunning || !(isOwn || isStale);
    this.#stale.classList.toggle("page-warns", isStale);
    if (isStale) this.#stale.replaceChildren("Out of date: ", ...this.#reasons(edits.editedUnder(this.id), isOwn), ".");
    else this.#stale.textContent = "Edited.";
    this.element.classList.toggle("page-is-stale", isStale);
    this.#resetAll.hidden = nEdited < 2 || !isOwn;
    this.#resetAll.textContent = `Reset all ${nEdited}`;
    this.#resetAll.setAttribute("aria-label", `Reset all ${nEdited} edited cells`);
  }

  /** What was edited or reset since this cell's result, with links. */
  #reasons(ids: string[], isOwn: boolean): (Node | string)[] {
    if (isOwn) return ["this cell was edited"];
    if (ids.length === 0) return ["what it builds on was reset"];
    const links = ids.slice(0, 3).flatMap((id): (Node | string)[] => {
      const number = this.page.numberOf(id);
      return [", ", make("a", { href: `#${idOf(id, number)}`, textContent: `cell ${number}` })];
    });
    const more = ids.length > 3 ? ` and ${ids.length - 3} more` : "";
    return ["it builds on ", ...links.slice(1), more, `, which ${ids.length > 1 ? "were" : "was"} edited`];
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
      const found = [...this.element.querySelectorAll<HTMLElement>("summary, button, a, pre[tabindex], textarea, .cm-content")];
      return found.filter((one) => !one.closest(".cell_output") && !one.hidden);
    };
    const set = (isInside: boolean) => {
      const all = stops();
      const which = ["summary", "textarea, .cm-content", ".page-run"];
      const first = which.map((kind) => all.find((one) => one.matches(kind))).find(Boolean) ?? all[0];
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

  /** Say something beside the cell's buttons. */
  say(text: string): void {
    this.#say(text, false);
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

  /** Run the cell. Unseen, what it shows stays as it is, but for an error. */
  async run(isUnseen = false): Promise<RunResult | undefined> {
    if (this.#isRunning) return undefined;
    const turn = ++this.#turn;
    this.#begin(isUnseen);
    this.page.onBegin();
    let start = performance.now();
    let hasPython = false;
    try {
      if (!this.page.python.isReady) {
        this.#say(`Starting Python (${words.megabytes(this.page.facts.bytes)})…`);
        this.page.python.onLoaded = (bytes) => this.#show(Math.min(bytes, this.page.facts.bytes), this.page.facts.bytes);
      }
      await this.page.python.start();
      this.page.python.onLoaded = () => {};
      this.#progress.hidden = true;
      hasPython = true;
      const waits = this.page.python.isBusy;
      if (waits) this.#say("Waiting for another cell…");
      const edits = this.page.edits.sources();
      const result = await this.page.python.ask<RunResult>({ job: "run", cell: this.id, edits }, (event) => {
        if (event.kind === "plan" && waits) start = performance.now();
        if (turn === this.#turn) this.#hear(event, isUnseen);
      });
      if (result.uses) this.page.edits.takeUses(result.uses);
      if (turn !== this.#turn) return undefined; // it was reset meanwhile
      if (!isUnseen) this.#basis = this.page.edits.basis(this.id, edits);
      if (!isUnseen || !result.good) this.#outputs.end(result.good && !this.#differs, result.shortened);
      this.#say(this.#verdict(result, (performance.now() - start) / 1000));
      this.page.onDone(true, isUnseen);
      return result;
    } catch (error) {
      this.#outputs.interrupt();
      if (error instanceof Stopped) this.#say("Stopped.");
      else this.#fail(error as Error, hasPython);
      this.page.onDone(false, isUnseen);
      return undefined;
    } finally {
      this.#end();
    }
  }

  #begin(isUnseen: boolean): void {
    this.#isRunning = true;
    this.#name(this.#run, "Stop");
    this.#stale.hidden = true;
    this.element.setAttribute("aria-busy", "true");
    this.#undo.hidden = true;
    if (!isUnseen) this.#outputs.begin(this.isEdited);
  }

  #end(): void {
    this.#isRunning = false;
    this.#name(this.#run, "Run");
    this.element.removeAttribute("aria-busy");
    this.#progress.hidden = true;
    this.page.onEdit();
  }

  /** Whether a printed result is another than the one that is shown. */
  get #differs(): boolean {
    const isCompared = this.element.classList.contains("tag_nbval-check-output");
    return isCompared && this.#outputs.text !== this.#outputs.printed;
  }

  #verdict(result: RunResult, time: number): string {
    if (!result.good) return "It stopped with an error.";
    const told = words.done(time, result.before);
    const isCompared = this.element.classList.contains("tag_nbval-check-output");
    const hasEdits = this.#basis !== "";
    if (!isCompared || result.shortened.length > 0) return hasEdits ? `${told} With your edits.` : told;
    return `${told} ${words.compared(!this.#differs, hasEdits)}`;
  }

  #hear(event: Event, isUnseen: boolean): void {
    switch (event.kind) {
      case "output":
        if (isUnseen && event.output !== "error") break;
        if (isUnseen) this.#outputs.begin(this.isEdited);
        this.#outputs.add(event.output, event.text);
        break;
      case "clear":
        if (!isUnseen) this.#outputs.begin(this.isEdited);
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
    this.page.onTrouble(text, this.element);
  }

  /** End Python at once; a new one is started. */
  async stop(): Promise<void> {
    this.page.python.onLoaded = () => {};
    await this.page.python.stop().then(
      () => this.#say("Stopped; Python is ready again."),
      () => {}, // told when a cell runs
    );
  }
}

/** The anchor of a cell. */
function idOf(id: string, number: number): string {
  return document.querySelector(`[data-cell="${id}"]`)?.id ?? `cell-${number}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
