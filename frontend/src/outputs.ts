// What a cell shows: its outputs from the build, and in their place those of the page's Python.

import { make } from "./dom";
import type { OutputKind, Shortened } from "./protocol";
import * as words from "./words";

export type ShowWidget = (kind: "widget" | "piece", state: string, place: HTMLElement) => void;

/** What the checker of an exercise says. */
export interface Verdict {
  correct: boolean;
  message: string;
}

export class Outputs {
  verdict: Verdict | undefined; // the last one
  readonly #printed: HTMLElement | null;
  readonly #pictures: HTMLElement[];
  readonly #here = make("div", { className: "cell_output docutils container page-output" });
  #stream: { kind: OutputKind; pre: HTMLPreElement } | undefined;
  #nPictures = 0;
  #isEdited = false;
  #isCleared = true;

  constructor(
    cell: HTMLElement,
    private readonly after: HTMLElement,
    private readonly showWidget: ShowWidget,
  ) {
    const outputs = [...cell.querySelectorAll<HTMLElement>(".cell_output")];
    this.#printed = outputs.find((output) => output.closest(".cell") === cell) ?? null;
    this.#pictures = [...(this.#printed?.querySelectorAll<HTMLElement>("figure, img") ?? [])].filter(
      (one) => !(one instanceof HTMLImageElement && one.closest("figure")),
    );
    this.#here.setAttribute("role", "group");
    this.#here.setAttribute("aria-label", "Output from your browser");
  }

  /** The printed text of the standard output. */
  get printed(): string {
    const streams = [...(this.#printed?.querySelectorAll(".output.stream pre") ?? [])];
    return streams.map((pre) => pre.textContent).join("");
  }

  get text(): string {
    return [...this.#here.querySelectorAll(".page-stdout pre")].map((pre) => pre.textContent).join("");
  }

  /**
   * What comes next replaces what is there: the printed outputs, or those of the last run.
   * isEdited : whether the reader's source makes it, to whose pictures the book's words do not belong.
   */
  begin(isEdited: boolean): void {
    this.#isCleared = false;
    this.#isEdited = isEdited;
  }

  #clear(): void {
    this.#isCleared = true;
    this.#here.replaceChildren();
    this.verdict = undefined;
    this.#stream = undefined;
    this.#nPictures = 0;
    if (this.#printed) {
      this.#printed.hidden = true;
      this.#printed.classList.remove("page-beside");
      this.#printed.before(this.#here);
    } else this.after.after(this.#here);
  }

  add(kind: OutputKind, text: string): void {
    if (!this.#isCleared) this.#clear();
    if (kind === "stdout" || kind === "stderr") {
      if (this.#stream?.kind !== kind) {
        this.#stream = { kind, pre: make("pre") };
        this.#block(kind, this.#stream.pre);
      }
      this.#stream.pre.append(text);
      return;
    }
    this.#stream = undefined;
    if (kind === "png") this.#block(kind, ...this.#picture(`data:image/png;base64,${text}`));
    else if (kind === "html") this.#block(kind).innerHTML = text;
    else if (kind === "verdict") this.#block(kind, this.#verdict(JSON.parse(text)));
    else if (kind === "widget" || kind === "piece") this.showWidget(kind, text, this.#block(kind));
    else this.#block(kind, make("pre", { textContent: text }));
  }

  /** The cell was ended before its time: what is printed is shown beside what it said. */
  interrupt(): void {
    if (this.#isCleared && this.#here.isConnected) this.#showBeside();
    this.#isCleared = true;
  }

  /** Whether the cell shows nothing, neither from the build nor from here. */
  get isEmpty(): boolean {
    return this.#printed === null && this.#here.childElementCount === 0;
  }

  /** What is printed again, and nothing else. */
  showPrinted(): void {
    this.#clear();
    this.#here.remove();
    if (!this.#printed) return;
    this.#printed.hidden = false;
  }

  #showBeside(): void {
    if (!this.#printed) return;
    this.#printed.hidden = false;
    this.#printed.classList.add("page-beside");
    this.#printed.dataset.pageLabel = "The book's output:";
  }

  /** The cell has run: it may show nothing, or something else than is printed. */
  end(good: boolean, shortened: Shortened[]): void {
    if (!this.#isCleared) this.#clear();
    if (shortened.length > 0) {
      this.#here.prepend(make("p", { className: "page-note", textContent: words.shortened(shortened) }));
    }
    if (shortened.length > 0 || !good) this.#showBeside();
    window.dispatchEvent(new Event("resize")); // wide outputs get their marks
    for (const pre of this.#here.querySelectorAll("pre")) {
      if (pre.scrollHeight > pre.clientHeight + 2) pre.tabIndex = 0; // the keyboard scrolls it
    }
  }

  #block(kind: OutputKind, ...children: (Node | string)[]): HTMLElement {
    const block = make("div", { className: `output page-${kind}` }, ...children);
    this.#here.append(block);
    return block;
  }

  #verdict({ correct, message }: Verdict): HTMLElement {
    this.verdict = { correct, message };
    const line = make("p", { className: correct ? "page-right" : "page-wrong" });
    const mark = make("span", { textContent: correct ? "\u2713 " : "\u2717 " });
    mark.setAttribute("aria-hidden", "true");
    line.append(mark, message);
    return line;
  }

  /** The figure with its caption and its words, and the new picture in it. */
  #picture(source: string): HTMLElement[] {
    if (this.#isEdited) return [make("img", { src: source, alt: "A figure drawn by your code" })];
    const old = this.#pictures[this.#nPictures++];
    const figure = old?.cloneNode(true) as HTMLElement | undefined;
    const image = figure instanceof HTMLImageElement ? figure : figure?.querySelector("img");
    const redrawn = make("p", { className: "page-note", textContent: "Redrawn in your browser." });
    if (!figure || !image) return [make("img", { src: source, alt: "A figure drawn in your browser" }), redrawn];
    figure.querySelector("figcaption")?.append(redrawn);
    for (const one of [figure, ...figure.querySelectorAll("[id]")]) one.removeAttribute("id");
    for (const name of ["srcset", "width", "height", "loading"]) image.removeAttribute(name);
    image.src = source;
    image.closest("a")?.replaceWith(image);
    return figure.contains(redrawn) ? [figure] : [figure, redrawn];
  }
}
