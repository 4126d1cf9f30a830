// The entry: gives a page's cells their buttons and its widgets their life. Nothing heavy is loaded before a press.

import { Cell, type PageFacts, type Surroundings } from "./cells";
import { make } from "./dom";
import { Edits } from "./edits";
import { offerExercises, showProgress } from "./exercises";
import { offerOffline } from "./offline";
import { Progress } from "./progress";
import { missingInBrowser, Python } from "./python";
import { type Prepare, showLive, showPublished, showRunPiece } from "./widgets";

const QUIET = 1500; // ms without a run, after which what the next cells need is loaded

function main(): void {
  const facts = readFacts();
  const trouble = facts ? missingInBrowser() : "";
  const wake = showPublished(facts !== undefined && !trouble);
  const progress = new Progress();
  showProgress(progress);
  offerOffline();
  if (!facts) return;
  if (trouble) {
    tellTrouble(`Python cannot run in this browser: ${trouble}. The page can be read as it is.`, firstCell());
    return;
  }
  const root = new URL(facts.root, location.href).href;
  const python = new Python(
    {
      pyodide: `${root}lite/static/pyodide/`,
      python: `${root}_static/page/`,
      cells: `${root}${facts.page}.cells.json`,
      data: `${root}lite/files/data/`,
    },
    new URL("worker.js", import.meta.url).href,
  );
  let quiet: ReturnType<typeof setTimeout> | undefined;
  let isPrepared = false;
  const begin = () => clearTimeout(quiet);
  const prepareLater = () => {
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      if (!python.isReady) return;
      if (performance.now() - python.askedAt < QUIET) return prepareLater(); // a piece is being handled
      isPrepared = true;
      const load = python.ask({ job: "prepare", step: "load" });
      load.then(() => python.ask({ job: "prepare", step: "import" })).catch(() => (isPrepared = false));
    }, QUIET);
  };
  const done = (isWell: boolean, isUnseen: boolean) => {
    if (isWell) told?.remove();
    // Pieces need no more than they have, and what is loaded for cells would make them wait.
    if (!isPrepared && !isUnseen && !savesData()) prepareLater();
  };
  const cells = new Map<string, Cell>();
  const edits = new Edits(facts.page, facts.cells);
  const editedCells = () => [...cells.values()].filter((cell) => cell.isEdited && !cell.isAnswer);
  const markAll = () => {
    const n = editedCells().length;
    for (const cell of cells.values()) cell.mark(n);
  };
  const prepare: Prepare = async (place) => {
    const cell = cells.get(place.closest<HTMLElement>("[data-cell]")?.dataset.cell ?? "");
    return (await cell?.run(true))?.good === true;
  };
  const page: Surroundings = {
    python,
    facts,
    edits,
    showWidget: (kind, text, place) => (kind === "piece" ? showRunPiece : showLive)(python, text, place, prepare),
    onTrouble: tellTrouble,
    onBegin: begin,
    onDone: done,
    onEdit: markAll,
    numberOf: (id) => [...cells.keys()].indexOf(id) + 1,
    resetAll: () => editedCells().forEach((cell) => cell.reset()),
  };
  document.querySelectorAll<HTMLElement>("div.cell[data-cell]").forEach((element, k) => {
    const cell = new Cell(element, k + 1, page);
    cells.set(cell.id, cell);
  });
  edits.onChangeElsewhere((ids) => ids.forEach((id) => cells.get(id)?.editedElsewhere()));
  offerExercises(cells, facts, progress);
  wake(python, prepare);
  markAll();
  document.documentElement.dataset.python = "offered";
}

function readFacts(): PageFacts | undefined {
  const text = document.getElementById("page-facts")?.textContent;
  return text ? JSON.parse(text) : undefined;
}

function firstCell(): HTMLElement {
  return document.querySelector<HTMLElement>("div.cell[data-cell]") ?? document.body;
}

function savesData(): boolean {
  return (navigator as { connection?: { saveData?: boolean } }).connection?.saveData === true;
}

let told: HTMLElement | undefined;

/** One message for the whole page, beside the cell where it came. */
function tellTrouble(text: string, cell: HTMLElement): void {
  told ??= make("p", { className: "page-trouble" });
  told.setAttribute("role", "alert");
  told.textContent = text;
  cell.after(told);
}

main();
