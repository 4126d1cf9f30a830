"""Run a notebook's cells as a page does, in several orders; compare what they print.

usage: orders.py NOTEBOOK SEED             (in the notebook's folder; prints JSON)
       orders.py NOTEBOOK SEED all
       orders.py NOTEBOOK SEED fresh
       orders.py NOTEBOOK SEED edited
       orders.py NOTEBOOK cells NAME...

Alone, and backwards (for an even seed) or at random. Cells that take a browser more
than SLOW seconds run alone only. With `all`, all cells from the first to the last,
alone, backwards and at random. With `fresh`, each cell runs in a process of its own.
With `edited`, each runs alone, and what the package defines comes from its cells, as it
does after an edit. With `cells`, what these cells print.
"""

from __future__ import annotations

import contextlib
import io
import json
import multiprocessing
import random
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "frontend" / "python")]

from page_cells import SECONDS, cells_of, number_cells  # noqa: E402
from page_python import display  # noqa: E402
from page_python.needs import ALL, Chapter  # noqa: E402
from page_python.session import NeedsMore, Session  # noqa: E402

CHECKED = "nbval-check-output"
SLOW = 1  # seconds, as measured last


def printed(cell: dict) -> str:
    """The standard output that a notebook has stored for a cell."""
    outputs = cell.get("outputs", [])
    streams = [o for o in outputs if o["output_type"] == "stream"]
    return "".join(o["text"] for o in streams if o["name"] == "stdout")


def run_in_order(chapter: Chapter) -> dict[str, str]:
    """What each cell prints in one namespace, from the first to the last."""
    namespace: dict = {"__name__": "__main__", "display": lambda *values: None}
    found = {}
    for cell in chapter.cells:
        if cell.blocked:
            continue
        with contextlib.redirect_stdout(io.StringIO()) as output:
            code = compile(cell.source, f"cell {cell.id}", "exec", dont_inherit=True)
            exec(code, namespace)
        found[cell.id] = output.getvalue()
    close_figures()
    return found


def close_figures() -> None:
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


class Comparison:
    """Runs cells in a session; collects what is not as it should be."""

    def __init__(self, notebook: Path, chapter: Chapter, in_order: dict) -> None:
        self.chapter, self.in_order = chapter, in_order
        self.stored = {
            name: printed(cell)
            for name, cell in number_cells(notebook)
            if CHECKED in cell.metadata.get("tags", [])
        }
        self.faults: list[str] = []
        self.n_compared = 0

    def run(self, session: Session, k: int, order: str) -> str:
        """Run a cell; what it prints."""
        cell = self.chapter.cells[k]
        shown: list[tuple[str, str]] = []
        display.Screen.post = staticmethod(lambda *what: shown.append(what))
        good = False
        while not good:
            try:
                good = all(session.run(*step) for step in session.plan(k))
            except NeedsMore:
                shown.clear()
                continue
            if not good:
                error = [text for kind, text in shown if kind == "error"][-1]
                self.faults.append(f"{order}: cell {cell.id} stopped: {error[-600:]}")
                return ""
        text = "".join(text for kind, text in shown if kind == "stdout")
        if cell.id not in self.stored:
            return text
        expected = self.stored[cell.id]
        if session.shortened:
            # As short, it prints the same in all orders, the first of those run here.
            expected = self.in_order.setdefault(cell.id, text)
        self.n_compared += 1
        if text != expected:
            self.faults.append(
                f"{order}: cell {cell.id} prints\n{text}\ninstead of\n"
                f"{expected}\n(loops shortened: {session.shortened})"
            )
        return text


def runnable(chapter: Chapter) -> list[int]:
    return [k for k, cell in enumerate(chapter.cells) if not cell.blocked]


def make_once(session: Session) -> None:
    """Make what cells need of one another, by slices from the first to the last."""
    chapter = session.chapter
    display.Screen.post = staticmethod(lambda *what: None)
    while True:
        wanted: dict[int, set[str]] = {}
        for k in reversed(runnable(chapter)):
            for names in (ALL, *([wanted[k]] if k in wanted else [])):
                for j, made in chapter.builds_on(k, names).items():
                    wanted[j] = wanted.get(j, set()) | made
        try:
            for k in sorted(wanted):
                if not session.has(k, wanted[k]) and not session.run(k, wanted[k]):
                    return  # it is run again, and reported, where it is needed
            return
        except NeedsMore:
            continue  # what was found to be needed is wanted now


def run_alone(comparison: Comparison, session: Session, places: Iterable[int]) -> dict:
    """Each cell on slices of those above it alone; what cells need, by key: it."""
    make_once(session)
    kept = dict(session.records)
    for k in places:
        session.records = {j: r for j, r in kept.items() if j < k}
        comparison.run(session, k, "alone")
    return kept


def run_fresh(comparison: Comparison, places: Iterable[int]) -> None:
    """Each cell in a process of its own."""
    fork = multiprocessing.get_context("fork")
    for k in places:
        ours, theirs = fork.Pipe()

        def child(k: int = k, pipe: object = theirs) -> None:
            try:
                comparison.run(Session(comparison.chapter), k, "in a fresh process")
                pipe.send((comparison.n_compared, comparison.faults))  # type: ignore[attr-defined]
            except BaseException:
                pipe.send((0, [traceback.format_exc()]))  # type: ignore[attr-defined]

        process = fork.Process(target=child)
        process.start()
        n_compared, faults = ours.recv()
        process.join()
        comparison.n_compared = n_compared
        comparison.faults = faults


def slow_ones(notebook: Path, chapter: Chapter) -> set[int]:
    page = notebook.relative_to(ROOT).with_suffix("").as_posix()
    seconds = json.loads(SECONDS.read_text())[page]
    return {k for k, c in enumerate(chapter.cells) if seconds.get(c.id, 0) > SLOW}


def chapter_of(notebook: Path) -> Chapter:
    return Chapter(json.loads(json.dumps(cells_of(notebook))))


def printed_by(notebook: Path, names: list[str]) -> dict[str, str]:
    """What cells print, each with what it needs."""
    chapter = chapter_of(notebook)
    session, found = Session(chapter), {}
    comparison = Comparison(notebook, chapter, {})
    comparison.stored = {}
    for name in names:
        found[name] = comparison.run(session, chapter.at[name], "alone")
    return found


def main(notebook: Path, seed: int, how: list[str]) -> dict:
    chapter = chapter_of(notebook)
    in_order = run_in_order(chapter) if how else {}
    comparison = Comparison(notebook, chapter, in_order)
    places = runnable(chapter)
    again: list[int] = []
    if "fresh" in how:
        run_fresh(comparison, places)
    elif "edited" in how:
        exported = [cell for cell in chapter.cells if cell.exported]
        chapter.edit({cell.id: f"{cell.source}\n# edited" for cell in exported})
        run_alone(comparison, Session(chapter), places)
    else:
        session = Session(chapter)  # it empties its namespace for every cell
        kept = run_alone(comparison, session, places)
        slow = set() if "all" in how else slow_ones(notebook, chapter)
        again = [k for k in places if k not in slow]
        mixed = random.Random(seed).sample(again, len(again))
        orders = [("backwards", again[::-1]), (f"seed {seed}", mixed)]
        for name, order in orders if "all" in how else [orders[seed % 2]]:
            session.records = {k: kept[k] for k in slow & kept.keys()}
            for k in order:
                comparison.run(session, k, name)
    return {
        "cells": len(places),
        "compared": comparison.n_compared,
        "again": [chapter.cells[k].id for k in again],
        "stored": sorted(
            set(comparison.stored) & {chapter.cells[k].id for k in places}
        ),
        "faults": comparison.faults,
    }


if __name__ == "__main__":
    page, how = Path(sys.argv[1]), sys.argv[2]
    if how == "cells":
        print(json.dumps(printed_by(page, sys.argv[3:])))
    else:
        print(json.dumps(main(page, int(how), sys.argv[3:])))
