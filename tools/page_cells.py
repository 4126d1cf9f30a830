"""What the page's Python knows of a chapter before it runs: its cells, read at build.

The page gets it as JSON: sources, statements, wheels, and what functions may change.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from execute_chapter import read as read_notebook

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "tutorial_utils"
SECONDS = ROOT / "frontend" / "seconds.json"
sys.path.append(str(ROOT / "frontend" / "python"))
from page_python.needs import alterations  # noqa: E402
from page_python.statements import (  # noqa: E402
    Function,
    functions_of,
    statements_of,
)

NOT_IN_BROWSER = "not-in-browser"
# The wheels of Pyodide that importing a module takes, without the standard library.
MATPLOTLIB = (
    *("contourpy", "cycler", "kiwisolver", "matplotlib", "numpy"),
    *("packaging", "pillow", "pyparsing", "python-dateutil", "six"),
)
SKLEARN = ("joblib", "numpy", "scikit-learn", "scipy", "threadpoolctl")
WHEELS = {
    "numpy": ("numpy",),
    "scipy": ("numpy", "scipy"),
    "PIL": ("pillow",),
    "matplotlib": MATPLOTLIB,
    "sklearn": SKLEARN,
}
# The book's modules that draw import Matplotlib when they are used.
DRAWING = ("tutorial_utils.plotting", "tutorial_utils.widgets")


def modules() -> Iterator[tuple[str, Path]]:
    """The modules of the book's package, by their names."""
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(PACKAGE.parent).with_suffix("")
        yield ".".join(place.parts).removesuffix(".__init__"), file


def imports_at_top(module: str, file: Path) -> set[str]:
    """The modules that a module of the package imports when it is imported."""
    package = module if file.stem == "__init__" else module.rpartition(".")[0]
    found = set()
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: -(node.level - 1) or None]
            source = [*parents, node.module] if node.level else [node.module]
            base = ".".join(filter(None, source))
            found |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return found


def wheels_of_modules() -> dict[str, list[str]]:
    """For each module, the book's and others', the wheels that importing it takes."""
    direct = {module: imports_at_top(module, file) for module, file in modules()}

    def below(module: str, seen: frozenset[str]) -> set[str]:
        wheels = set(WHEELS.get(module.split(".")[0], ()))
        for other in direct.get(module, set()) - seen:
            wheels |= below(other, seen | {other})
        return wheels

    needed = {module: below(module, frozenset({module})) for module in direct}
    for module in DRAWING:
        needed[module] = set(MATPLOTLIB)
    return {m: sorted(w) for m, w in ({**WHEELS, **needed}).items() if w}


def functions_of_package() -> Iterator[Function]:
    for _, file in modules():
        yield from functions_of(file.read_text(encoding="utf-8"))


def for_reader(source: str) -> str:
    """The source as the page shows it, without nbdev's lines."""
    return "\n".join(
        line for line in source.split("\n") if not line.startswith("#|")
    ).strip("\n")


def number_cells(notebook: Path) -> list[tuple[str, Any]]:
    """The code cells of a notebook on its page, each with its name there.

    A page in Markdown names no cells: there they are numbered.
    """
    named = notebook.suffix == ".ipynb"
    cells = [c for c in read_notebook(str(notebook)).cells if c.cell_type == "code"]
    return [
        (cell.id if named else str(number), cell)
        for number, cell in enumerate(cells, start=1)
        if "remove-cell" not in cell.metadata.get("tags", [])
    ]


def module_of(sources: Iterable[str]) -> str:
    """The module that a chapter exports, "" if it is no chapter."""
    lines = [line for source in sources for line in source.split("\n")]
    names = [line.split()[-1] for line in lines if line.startswith("#| default_exp ")]
    return f"tutorial_utils.{names[0]}" if names else ""


def missing_libraries(statements: Iterable[Any]) -> dict[str, str]:
    """For each name that is imported from a library the browser lacks, the library."""
    here = {*WHEELS, "tutorial_utils", *sys.stdlib_module_names}
    return {
        name: module.split(".")[0]
        for one in statements
        for name, sources in one.imports.items()
        for module, _ in sources
        if module.split(".")[0] not in here
    }


def cells_of(notebook: Path) -> dict[str, Any]:
    """All that the page's Python has to know of a chapter, ready for JSON."""
    numbered = number_cells(notebook)
    cells, lacking = [], {}
    for name, cell in numbered:
        tags = cell.metadata.get("tags", [])
        source = for_reader(cell.source)
        statements = statements_of(source)
        one = {"id": name, "source": source}
        if NOT_IN_BROWSER in tags:
            lacking |= missing_libraries(statements)
            read = {n for s in statements for n in (*s.reads, *s.later, *s.binds)}
            used = {lacking[n] for n in read & set(lacking)}
            one["blocked"] = " and ".join(sorted(used or {*lacking.values()}))
        if cell.source.startswith("#| ") and "#| export" in cell.source.split("\n"):
            one["exported"] = True
        if "remove-stderr" in tags:
            one["quiet"] = True
        without_blanks = [
            {key: value for key, value in asdict(s).items() if value}
            for s in statements
        ]
        cells.append(one | {"statements": without_blanks})
    known = alterations(functions_of_package(), {})
    places = {name: sorted(p, key=str) for name, p in known.items() if p}
    calls = (s.get("calls", ()) for one in cells for s in one["statements"])
    called = {function for some in calls for function, _ in some}
    return {
        "module": module_of(cell.source for _, cell in numbered),
        "wheels": wheels_of_modules(),
        # Those without places too: of these it is known that they change nothing.
        "alterations": {name: places.get(name, []) for name in called & set(known)},
        "cells": cells,
    }


def text_of(notebook: Path) -> str:
    """The JSON of a chapter's cells."""
    spec = cells_of(notebook)
    return json.dumps(spec, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
