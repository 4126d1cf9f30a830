"""Which cells of a notebook others build on, as the pages see it: whole cells."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "frontend" / "python"))
from page_python.needs import ALL, Chapter  # noqa: E402
from page_python.statements import statements_of  # noqa: E402


def code_cells(notebook: Path) -> list[dict]:
    """The code cells of a notebook, as they stand in its file."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def sources_of(notebook: Path) -> list[str]:
    """The sources of a notebook's code cells."""
    return ["".join(cell["source"]) for cell in code_cells(notebook)]


def chapter_of(sources: list[str]) -> Chapter:
    """Cells of which nothing is in the package."""
    cells = [
        {"id": str(k), "source": source, "statements": list(map(asdict, parts))}
        for k, (source, parts) in enumerate(
            (source, statements_of(source)) for source in sources
        )
    ]
    return Chapter({"module": "", "wheels": {}, "alterations": {}, "cells": cells})


def with_what_it_needs(sources: list[str], last: int) -> list[int]:
    """The places of the cells that a cell builds on, the setup cell first."""
    chapter = chapter_of(sources)
    kept, todo = {0}, [last]
    while todo:
        place = todo.pop()
        if place not in kept or place == 0:
            kept.add(place)
            todo += {*chapter.needs(place, ALL).values()} - kept
    return sorted(kept)


def cells_that_define(sources: list[str], names: set[str]) -> list[str]:
    """The sources that it takes to define some names, in their order.

    Raises ValueError for a name that no source binds.
    """
    made = {name for cell in chapter_of(sources).makes for name in cell}
    if missing := names - made:
        raise ValueError(f"no cell defines {', '.join(sorted(missing))}")
    asking = [*sources, "\n".join(sorted(names))]
    return [asking[n] for n in with_what_it_needs(asking, len(sources))[:-1]]
