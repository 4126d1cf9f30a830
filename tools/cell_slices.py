"""Which cells of a notebook others build on, by the names that they bind and use."""

from __future__ import annotations

import ast
import json
import symtable
from pathlib import Path


def code_cells(notebook: Path) -> list[dict]:
    """The code cells of a notebook, as they stand in its file."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def sources_of(notebook: Path) -> list[str]:
    """The sources of a notebook's code cells."""
    return ["".join(cell["source"]) for cell in code_cells(notebook)]


def names_bound(source: str) -> set[str]:
    table = symtable.symtable(source, "a cell", "exec")
    symbols = table.get_symbols()
    return {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}


def names_changed(source: str) -> set[str]:
    """The names whose values a cell may change in place."""
    changed = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store()):
                changed.add(name)
            case ast.Attribute(
                value=ast.Name(id=name), attr="add" | "append" | "extend" | "update"
            ):
                changed.add(name)
    return changed


def names_used(source: str) -> set[str]:
    """The global names that a cell reads, in its functions too, and does not bind."""

    def used(table: symtable.SymbolTable) -> set[str]:
        outer = table.get_type() == "module"
        symbols = [s for s in table.get_symbols() if outer or s.is_global()]
        own = {s.get_name() for s in symbols if s.is_referenced()}
        return own.union(*(used(inner) for inner in table.get_children()))

    return used(symtable.symtable(source, "a cell", "exec")) - names_bound(source)


def with_what_it_needs(sources: list[str], last: int) -> list[int]:
    """The places of the cells that a cell builds on, the setup cell first."""
    kept, wanted = [last], names_used(sources[last])
    for place in reversed(range(last)):
        bound, changed = names_bound(sources[place]), names_changed(sources[place])
        if place == 0 or (bound | changed) & wanted:
            kept.append(place)
            wanted = (wanted - bound) | names_used(sources[place])
    # A function may call one that a later cell defines.
    while True:
        used = set().union(*(names_used(sources[place]) for place in kept))
        missing = used.difference(*(names_bound(sources[place]) for place in kept))
        others = [place for place in range(last) if place not in kept]
        more = [place for place in others if names_bound(sources[place]) & missing]
        if not more:
            return sorted(kept)
        kept += more


def cells_that_define(sources: list[str], names: set[str]) -> list[str]:
    """The sources that it takes to define some names, in their order.

    Raises ValueError for a name that no source binds.
    """
    if missing := names.difference(*map(names_bound, sources)):
        raise ValueError(f"no cell defines {', '.join(sorted(missing))}")
    asking = [*sources, "\n".join(sorted(names))]
    return [asking[n] for n in with_what_it_needs(asking, len(sources))[:-1]]
