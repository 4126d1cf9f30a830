// What stands in a cell: the book's source, or the reader's, in an editor or as plain text.

import { make } from "./dom";

export interface FieldHooks {
  label: string;
  describedBy: string;
  run(): void;
  changed(text: string): void;
}

/** Where a source is edited. */
export interface Field {
  element: HTMLElement;
  focus(start?: number, end?: number): void;
  remove(): void;
}

const how = (does: string) => `Shift+Enter ${does} it. Escape, then Tab leaves the editor.`;

const USES = ["click", "keydown", "input"]; // of a plain field, that make it an editor

let loading: Promise<typeof import("./editor")> | undefined;

/** The editor's script, tried again at the next Edit if it does not come. */
function editor(): Promise<typeof import("./editor")> {
  const address = new URL("editor.js", import.meta.url).href;
  loading ??= import(address).catch((error) => {
    loading = undefined;
    throw error;
  });
  return loading!;
}

/** A field of the browser's own: before the editor is there, and where it cannot be loaded. */
function plainField(text: string, hooks: FieldHooks): Field {
  const area = make("textarea", { className: "page-field", value: text, spellcheck: false, autocapitalize: "off" });
  area.setAttribute("aria-label", hooks.label);
  area.setAttribute("aria-describedby", hooks.describedBy);
  const fit = () => (area.rows = Math.max(2, area.value.split("\n").length));
  fit();
  area.addEventListener("input", () => {
    fit();
    hooks.changed(area.value);
  });
  area.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.shiftKey) return;
    event.preventDefault();
    hooks.run();
  });
  return {
    element: area,
    focus: (start, end) => {
      area.focus();
      if (start !== undefined) area.setSelectionRange(start, end ?? start);
    },
    remove: () => area.remove(),
  };
}

export class Source {
  /** The book's source. */
  readonly book: string;
  readonly #place = make("div", { className: "page-source" });
  readonly #shown: HTMLElement[];
  readonly #how: HTMLElement;
  #field: Field | undefined;
  #text: string;
  #isEditor = false;

  label: string;

  constructor(
    private readonly input: HTMLElement,
    private readonly hooks: Omit<FieldHooks, "describedBy">,
  ) {
    this.label = hooks.label;
    this.book = (input.querySelector("pre")?.textContent ?? "").trimEnd();
    this.#text = this.book;
    this.#shown = [...input.children] as HTMLElement[];
    this.#how = make("p", { className: "page-how", id: `page-how-${Math.random().toString(36).slice(2)}`, textContent: how("runs") });
  }

  /** What Shift and Enter do here. */
  set enterDoes(what: string) {
    this.#how.textContent = how(what);
  }

  get isOpen(): boolean {
    return this.#field !== undefined;
  }

  /** Show the reader's source as it is, without an editor. */
  show(text: string): void {
    this.#text = text;
    this.#replace(make("pre", { textContent: text }));
  }

  #hooks(): FieldHooks {
    const changed = (text: string) => {
      this.#text = text;
      this.hooks.changed(text);
    };
    return { ...this.hooks, label: this.label, describedBy: this.#how.id, changed };
  }

  #replace(element: HTMLElement): void {
    for (const one of this.#shown) one.hidden = true;
    this.#place.replaceChildren(element);
    if (!this.#place.isConnected) this.input.append(this.#place);
  }

  #put(field: Field, isEditor = false): void {
    const old = this.#field;
    this.#field = field;
    this.#isEditor = isEditor;
    this.#replace(field.element);
    this.#place.append(this.#how);
    old?.remove();
  }

  focus(): void {
    this.#field?.focus();
  }

  /** A plain field at once, that becomes the editor when it is used. */
  openPlainly(text = this.book): void {
    this.#text = text;
    this.#put(plainField(this.#text, this.#hooks()));
    const field = this.#field!.element;
    const upgrade = (event: Event) => {
      if (event instanceof KeyboardEvent && ["Tab", "Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
      for (const kind of USES) field.removeEventListener(kind, upgrade);
      void this.#upgrade().catch(() => {});
    };
    for (const kind of USES) field.addEventListener(kind, upgrade);
  }

  /** The editor, with the focus in it; a plain field if its script does not come. */
  async open(): Promise<void> {
    if (this.#field) return this.#field.focus();
    await this.#upgrade().catch(() => this.#put(plainField(this.#text, this.#hooks())));
    this.#field!.focus();
  }

  async #upgrade(): Promise<void> {
    const { makeField } = await editor();
    if (this.#isEditor) return;
    const area = this.#field?.element as HTMLTextAreaElement | undefined;
    const hasFocus = area !== undefined && document.activeElement === area;
    const [start, end] = area ? [area.selectionStart, area.selectionEnd] : [];
    const field = makeField(this.#text, this.#hooks());
    this.#put(field, true);
    if (hasFocus) field.focus(start, end);
  }

  /** The book's source again; an editor is closed. */
  reset(): void {
    this.#field?.remove();
    this.#field = undefined;
    this.#isEditor = false;
    this.#text = this.book;
    this.#place.remove();
    for (const one of this.#shown) one.hidden = false;
  }
}
