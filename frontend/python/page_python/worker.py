"""What the worker of the page asks of Python; arguments and answers are JSON."""

from __future__ import annotations

import builtins
import json
import os
import warnings
from collections.abc import Callable

from . import display
from .needs import ALL, Chapter
from .session import NeedsMore, Session


class Open:
    """The chapter of this page."""

    session: Session
    seconds: dict[str, float]


def open(cells: str, post: Callable[[str, str], None]) -> None:
    """Take a chapter's cells; post gets what they show."""
    values = json.loads(cells)
    Open.session = Session(Chapter(values))
    Open.seconds = values["seconds"]
    os.environ["TUTORIAL_WEIGHTS"] = json.dumps(values.get("weights", {}))
    display.Screen.post = staticmethod(post)
    builtins.input = display.no_input
    warnings.formatwarning = display.warn_line


def edit(sources: str) -> str:
    """Take the reader's sources of cells, by their ids; all others are the book's.

    What cells use of others, by their ids, if that may have changed; else null.
    """
    chapter = Open.session.chapter
    if not chapter.edit(json.loads(sources)):
        return "null"
    names = [cell.id for cell in chapter.cells]
    uses = {name: [names[j] for j in chapter.uses(k)] for k, name in enumerate(names)}
    return json.dumps(uses)


def plan(cell: str) -> str:
    """The cells to run, each with the names that it must make, or null for all.

    With the wheels that they import, and the seconds that the build took for them.
    """
    session = Open.session
    order = session.plan(session.chapter.at[cell])
    cells = [
        [session.chapter.cells[k].id, None if names is ALL else sorted(names)]
        for k, names in order
    ]
    seconds = sum(Open.seconds.get(str(id_), 0) for id_, _ in cells)
    wheels = session.chapter.wheels(order)
    return json.dumps({"cells": cells, "wheels": wheels, "seconds": seconds})


def run(cell: str, names: str) -> str:
    """Run a cell, as it was planned: done, stopped, or what it lacks."""
    session = Open.session
    made = json.loads(names)
    result: dict = {"missing": "", "wheels": []}
    try:
        wanted = ALL if made is None else set(made)
        good = session.run(session.chapter.at[cell], wanted)
        result["state"] = "done" if good else "stopped"
    except NeedsMore:
        result["state"] = "again"
    except ModuleNotFoundError as error:
        library = (error.name or str(error)).split(".")[0]
        wheels = session.chapter.wheels_of.get(library, [])
        result |= {"state": "missing", "missing": library, "wheels": wheels}
    return json.dumps(result | {"shortened": session.shortened})


def answer(name: str, setting: str) -> str:
    """A widget's state in a new setting."""
    return json.dumps(Open.session.answer(name, json.loads(setting)))


def ask_piece(name: str, question: str) -> bytes | str:
    """The frame of a live piece after a question; or the wheels that it lacks."""
    session = Open.session
    try:
        return session.ask_piece(name, json.loads(question))
    except ModuleNotFoundError as error:
        library = (error.name or str(error)).split(".")[0]
        if wheels := session.chapter.wheels_of.get(library):
            return json.dumps(wheels)
        raise


def wheels() -> str:
    """The wheels that the chapter's cells import, to be loaded behind the first."""
    chapter = Open.session.chapter
    order = [(k, ALL) for k, cell in enumerate(chapter.cells) if not cell.blocked]
    return json.dumps(chapter.wheels(order))


def import_behind() -> None:
    """Import what the next picture needs."""
    display.prepare_matplotlib()
    import matplotlib.backends.backend_agg  # noqa: F401
