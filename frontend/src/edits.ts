// The reader's sources of a page's cells, and what of the page they make out of date.

import { keep, kept, onChangeElsewhere } from "./storage";

/** A reader's source, and the hash of the book's source that it was made from. */
export interface Edit {
  text: string;
  of: string;
}

/** A cell of the page: its name, the hash of its source, and the places of the cells that it uses. */
export type CellFacts = [id: string, hash: string, uses: number[]];

export class Edits {
  readonly #name: string;
  readonly #order: string[];
  readonly #hashes: Map<string, string>;
  readonly #usesInBook: Map<string, string[]>;
  #uses = new Map<string, string[]>();
  #all: Map<string, Edit>;

  constructor(page: string, cells: CellFacts[]) {
    this.#name = `edits of ${page}`;
    this.#order = cells.map(([id]) => id);
    this.#hashes = new Map(cells.map(([id, hash]) => [id, hash]));
    this.#usesInBook = new Map(cells.map(([id, , uses]) => [id, uses.map((k) => this.#order[k]!)]));
    this.#all = new Map(Object.entries(this.#stored()).filter(([id]) => this.#hashes.has(id)));
  }

  #stored(): Record<string, Edit> {
    const stored = kept(this.#name);
    if (typeof stored !== "object" || stored === null) return {};
    const isEdit = (one: Partial<Edit> | null) => typeof one?.text === "string" && typeof one.of === "string";
    return Object.fromEntries(Object.entries(stored).filter(([, one]) => isEdit(one)));
  }

  /** The reader's source of a cell, undefined where the book's stands. */
  of(id: string): string | undefined {
    const edit = this.#all.get(id);
    return edit && edit.of === this.#hashes.get(id) ? edit.text : undefined;
  }

  /** A reader's source that was made from another source than the book has now. */
  ofEarlier(id: string): string | undefined {
    const edit = this.#all.get(id);
    return edit && edit.of !== this.#hashes.get(id) ? edit.text : undefined;
  }

  /** Take a reader's source, undefined for the book's; whether it is kept. */
  set(id: string, text: string | undefined): boolean {
    const stored = this.#stored(); // another tab may have this page too
    if (text === undefined) {
      this.#all.delete(id);
      delete stored[id];
    } else {
      const edit = { text, of: this.#hashes.get(id)! };
      this.#all.set(id, edit);
      stored[id] = edit;
    }
    return keep(this.#name, Object.keys(stored).length > 0 ? stored : undefined);
  }

  /** All sources of the reader that stand in the page, by their cells. */
  sources(): Record<string, string> {
    const ids = this.#order.filter((id) => this.of(id) !== undefined);
    return Object.fromEntries(ids.map((id) => [id, this.of(id)!]));
  }

  /** Take what Python found: the cells that each uses, as they are now. */
  takeUses(uses: Record<string, string[]>): void {
    this.#uses = new Map(Object.entries(uses));
  }

  /** The cells that a cell uses, at once or by others, in the book or after the edits; itself among them. */
  #under(id: string): Set<string> {
    const seen = new Set<string>();
    const todo = [id];
    while (todo.length > 0) {
      const one = todo.pop()!;
      if (seen.has(one)) continue;
      seen.add(one);
      todo.push(...(this.#usesInBook.get(one) ?? []), ...(this.#uses.get(one) ?? []));
    }
    return seen;
  }

  /** What a cell's result rests on of the reader's: another text after an edit of the cell or of one that it uses. */
  basis(id: string, sources = this.sources()): string {
    const under = this.#under(id);
    const edited = Object.entries(sources).filter(([one]) => under.has(one));
    return edited.length > 0 ? JSON.stringify(edited) : "";
  }

  /** The edited cells that a cell uses, without itself. */
  editedUnder(id: string): string[] {
    const under = this.#under(id);
    return Object.keys(this.sources()).filter((one) => one !== id && under.has(one));
  }

  /** Call back with the cells whose edits another tab has changed. */
  onChangeElsewhere(changed: (ids: string[]) => void): void {
    onChangeElsewhere(this.#name, () => {
      const stored = this.#stored();
      changed([...this.#all.keys()].filter((id) => stored[id] && stored[id].text !== this.#all.get(id)!.text));
    });
  }
}
