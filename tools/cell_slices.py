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


def names_changed(source: str, modules: set[str]) -> set[str]:
    """The names whose values a cell may change in place.

    By an assignment to a part of it, or by a call of its method that stands alone, but
    for that of a module: plt.show() leaves plt alone. What a cell draws from a
    generator, or hands to a function that changes it, is not seen.
    """
    changed = set()
    for node in ast.walk(ast.parse(source)):
        part: ast.AST | None = None
        if isinstance(node, ast.Subscript | ast.Attribute):
            part = None if isinstance(node.ctx, ast.Load) else node
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            part = node.value.func
        is_call = isinstance(node, ast.Expr)
        while isinstance(part, ast.Subscript | ast.Attribute):
            part = part.value
            if isinstance(part, ast.Name) and not (is_call and part.id in modules):
                changed.add(part.id)
    return changed


def names_imported(source: str) -> set[str]:
    symbols = symtable.symtable(source, "a cell", "exec").get_symbols()
    return {symbol.get_name() for symbol in symbols if symbol.is_imported()}


OUTRIGHT = (
    *(ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom),
    *(ast.FunctionDef, ast.ClassDef),
)


def names_read_at_once(node: ast.stmt) -> set[str]:
    """What a statement reads, what it adds to or deletes among it."""
    read = names_read(ast.unparse(node))
    for part in ast.walk(node):
        is_changed = isinstance(part, ast.AugAssign | ast.Delete)
        for target in [getattr(part, "target", None), *getattr(part, "targets", [])]:
            if is_changed and isinstance(target, ast.Name):
                read.add(target.id)
    return read


def binds_outright(node: ast.stmt) -> bool:
    is_bare = isinstance(node, ast.AnnAssign) and node.value is None
    return isinstance(node, OUTRIGHT) and not is_bare


def names_asked(source: str) -> set[str]:
    """The names whose values a cell takes from the cells before it."""
    asked: set[str] = set()
    known: set[str] = set()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            # Its body runs later, when the whole cell has run.
            asked |= names_read(ast.unparse(node)) - names_bound(source)
            head = [*node.decorator_list, *node.args.defaults, *node.args.kw_defaults]
            for part in filter(None, head):
                asked |= names_read(ast.unparse(part)) - known
        else:
            asked |= names_read_at_once(node) - known - loop_variables(node)
        if binds_outright(node):
            known |= names_bound(ast.unparse(node))
    return asked


def loop_variables(statement: ast.stmt) -> set[str]:
    """The names that loops and contexts of a statement bind, before it reads them."""
    targets: list[ast.AST] = []
    for node in ast.walk(statement):
        if isinstance(node, ast.For):
            targets.append(node.target)
        elif isinstance(node, ast.withitem) and node.optional_vars:
            targets.append(node.optional_vars)
    return {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}


def names_replaced(source: str) -> set[str]:
    """The names that a cell binds whatever happens, and whose old values it ignores."""
    outright = filter(binds_outright, ast.parse(source).body)
    bound = names_bound("\n".join(map(ast.unparse, outright)))
    return bound - names_asked(source)


def names_used(source: str) -> set[str]:
    """The global names that a cell reads, in its functions too, and does not bind."""
    return names_read(source) - names_bound(source)


def names_read(source: str) -> set[str]:
    """The global names that a cell reads, in its functions too."""

    def used(table: symtable.SymbolTable) -> set[str]:
        outer = table.get_type() == "module"
        symbols = [s for s in table.get_symbols() if outer or s.is_global()]
        own = {s.get_name() for s in symbols if s.is_referenced()}
        return own.union(*(used(inner) for inner in table.get_children()))

    return used(symtable.symtable(source, "a cell", "exec"))


def with_what_it_needs(sources: list[str], last: int) -> list[int]:
    """The places of the cells that a cell builds on, the setup cell first."""
    kept, wanted = [last], names_asked(sources[last])
    modules = set().union(*map(names_imported, sources[: last + 1]))
    for place in reversed(range(last)):
        bound = names_bound(sources[place])
        changed = names_changed(sources[place], modules)
        if place == 0 or (bound | changed) & wanted:
            kept.append(place)
            wanted -= names_replaced(sources[place])
            wanted |= names_asked(sources[place])
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
