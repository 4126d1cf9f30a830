// Exercises: the answer's cell is an editor, Check says below it what is not yet right, hints open one by one.

import type { Cell, PageFacts } from "./cells";
import { announce, make } from "./dom";
import type { Progress } from "./progress";

/** Give each exercise of the page its editor and its button. */
export function offerExercises(cells: Map<string, Cell>, facts: PageFacts, progress: Progress): void {
  for (const [number, [answerId, checkId]] of Object.entries(facts.exercises)) {
    const [answer, checker] = [cells.get(answerId), cells.get(checkId)];
    if (!answer || !checker) continue;
    checker.becomeVerdict();
    const check = async () => {
      checker.clear();
      const ran = await answer.run();
      if (!ran?.good) return;
      answer.say("Checking…");
      const checked = await checker.run();
      answer.say(checked ? "" : "Stopped.");
      if (!checker.verdict) return;
      announce(checker.verdict.message);
      if (checker.verdict.correct) progress.solve(number);
    };
    answer.becomeAnswer(number, check, () => checker.clear());
  }
  openHintsOneByOne();
}

/** Where an exercise has several hints, each is there once the one before it was opened. */
function openHintsOneByOne(): void {
  for (const exercise of document.querySelectorAll<HTMLElement>(".exercise.admonition")) {
    const hints: HTMLElement[] = [];
    let next = exercise.nextElementSibling;
    while (next instanceof HTMLElement && next.matches(".admonition.hint")) {
      hints.push(next);
      next = next.nextElementSibling;
    }
    if (hints.length < 2) continue;
    hints.forEach((hint, k) => {
      const title = hint.querySelector(".admonition-title");
      if (title?.firstChild) title.firstChild.textContent = `Hint ${k + 1} of ${hints.length}`;
      if (k === 0) return;
      hint.hidden = true;
      const before = hints[k - 1]!;
      const look = new MutationObserver(() => {
        if (before.classList.contains("toggle-hidden")) return;
        hint.hidden = false;
        look.disconnect();
      });
      // It is folded by a script of the theme first.
      const folded = new MutationObserver(() => {
        if (!before.classList.contains("toggle-hidden")) return;
        folded.disconnect();
        look.observe(before, { attributes: true, attributeFilter: ["class"] });
      });
      if (before.classList.contains("toggle-hidden")) look.observe(before, { attributes: true, attributeFilter: ["class"] });
      else folded.observe(before, { attributes: true, attributeFilter: ["class"] });
    });
  }
}

const numberOf = (id: string) => id.replace(/^exercise-/, "").replaceAll("-", ".");

/** Show what is solved: of the exercises of this page, or of those that it links to. */
export function showProgress(progress: Progress): void {
  const all = [...document.querySelectorAll<HTMLElement>(".exercise.admonition[id^='exercise-']")];
  if (all.length > 0) listExercises(all, progress);
  else markLinks(progress);
}

/** A list of the exercises of this page, with marks there and where they stand. */
function listExercises(all: HTMLElement[], progress: Progress): void {
  const section = all[0]!.closest("section:not(#exercise-content)")!;
  const list = make("ul", { className: "page-exercises" });
  const marks = new Map<string, HTMLElement[]>();
  for (const exercise of all) {
    const number = numberOf(exercise.id);
    const title = exercise.querySelector(".admonition-title")!;
    const name = /\((.*)\)\s*$/.exec(title.textContent ?? "")?.[1] ?? "";
    const [inList, inTitle] = [mark(), mark()];
    marks.set(number, [inList, inTitle]);
    title.append(" ", inTitle);
    list.append(make("li", {}, make("a", { href: `#${exercise.id}`, textContent: number }), `: ${name} `, inList));
  }
  const intro = section.querySelector(":scope > p") ?? section.querySelector(":scope > h2");
  intro?.after(counter(progress, marks), list);
}

/** Mark the solved exercises where a page lists those of all chapters. */
function markLinks(progress: Progress): void {
  const links = document.querySelectorAll<HTMLAnchorElement>(".bd-article li a[href*='#exercise-']");
  const marks = new Map<string, HTMLElement[]>();
  for (const link of links) {
    const one = mark();
    link.closest("li")!.querySelector("p")?.append(" ", one);
    marks.set(numberOf(link.hash.slice(1)), [one]);
  }
  if (marks.size === 0) return;
  document.querySelector(".bd-article h1")!.after(counter(progress, marks));
}

function mark(): HTMLElement {
  return make("span", { className: "page-solved", hidden: true, textContent: "\u2713 solved" });
}

/** A line that counts what is solved, with a button that forgets it. */
function counter(progress: Progress, marks: Map<string, HTMLElement[]>): HTMLElement {
  const said = make("span");
  const forget = make("button", { type: "button", className: "page-run", textContent: "Forget what I solved" });
  const undo = make("button", { type: "button", className: "page-run", textContent: "Undo", hidden: true });
  let before: string[] = [];
  forget.addEventListener("click", () => {
    before = [...progress.solved];
    progress.forget();
    undo.hidden = false;
    undo.focus();
    announce("What you solved is forgotten.");
  });
  undo.addEventListener("click", () => {
    before.forEach((number) => progress.solve(number));
    undo.hidden = true;
    forget.focus();
  });
  const note = make("p", { className: "page-progress" }, said, " ", forget, undo);
  progress.follow(() => {
    const solved = progress.solved;
    for (const [number, all] of marks) for (const one of all) one.hidden = !solved.has(number);
    const n = [...marks.keys()].filter((number) => solved.has(number)).length;
    said.textContent = `You have solved ${n} of ${marks.size}. This is kept in your browser and nowhere else.`;
    forget.hidden = solved.size === 0;
  });
  return note;
}
