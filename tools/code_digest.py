"""One sum over code and over all of the book's package that it uses, and no more.

Comments, docstrings and layout do not count, so that a reworded sentence keeps the sum.
Of a module only the definitions count that are reached.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import symtable
from collections.abc import Iterator
from functools import cache
from pathlib import Path

# What these hold lets through or refuses, and changes no result.
ONLY_CHECK = ("contracts", "checks")
PACKAGE = Path(__file__).resolve().parents[1] / "src" / "tutorial_utils"
NAME = PACKAGE.name


class Bare(ast.NodeTransformer):
    """Take out the docstrings."""

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and body:
            first = body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = body[1:] or [ast.Pass()]
        return node


@cache
def is_python(source: str) -> bool:
    """Whether a source can be parsed; what cannot counts as it stands."""
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


@cache
def bare(source: str) -> str:
    """A source without comments, docstrings and layout."""
    return ast.unparse(Bare().visit(ast.parse(source)))


@cache
def names_in(source: str) -> frozenset[str]:
    """The names of the module that a source reads, in its functions too."""

    def used(table: symtable.SymbolTable) -> Iterator[str]:
        outer = table.get_type() == "module"
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (outer or symbol.is_global()):
                yield symbol.get_name()
        for inner in table.get_children():
            yield from used(inner)

    return frozenset(used(symtable.symtable(source, "a source", "exec")))


@cache
def module(name: str) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """The statements of a module of the package, by the names that they bind.

    And its imports from the package: each name with the module that it comes from and
    what it is called there, "" for the module itself.
    """
    place, inside = PACKAGE / f"{name.replace('.', '/')}.py", name
    if not place.exists():
        place, inside = place.with_suffix("") / "__init__.py", f"{name}.__init__"
    statements: dict[str, str] = {}
    imports: dict[str, tuple[str, str]] = {}
    if place.exists():
        for node in ast.parse(place.read_text(encoding="utf-8")).body:
            source = ast.unparse(node)
            if isinstance(node, ast.Import | ast.ImportFrom):
                imports |= imports_of(source, inside)
            elif bound := bound_by(source):
                for one in bound:  # a name may be bound and then changed
                    statements[one] = statements.get(one, "") + source + "\n"
    return statements, imports


def bound_by(source: str) -> set[str]:
    """The names that a statement binds, or changes by its attribute or an entry."""
    table = symtable.symtable(source, "a statement", "exec")
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned()}
    for node in ast.parse(source).body:
        for target in getattr(node, "targets", []):
            while isinstance(target, ast.Subscript | ast.Attribute):
                target = target.value
            if isinstance(target, ast.Name):
                bound.add(target.id)
    return bound


@cache
def imports_of(source: str, inside: str = "") -> dict[str, tuple[str, str]]:
    """What a source imports from the package, by the names that it gives them.

    inside : the module that it is from, with dots, for imports that are relative.
    """
    found = {}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.ImportFrom):
            continue
        origin = node.module or ""
        if node.level:
            around = inside.split(".")[: -node.level]
            origin = ".".join([NAME, *around, *([origin] if origin else [])])
        if origin != NAME and not origin.startswith(f"{NAME}."):
            continue
        for alias in node.names:
            called = alias.asname or alias.name
            if origin == NAME:
                found[called] = alias.name, ""
            else:
                found[called] = origin.removeprefix(f"{NAME}."), alias.name
    return found


@cache
def attributes_of(source: str, name: str) -> set[str]:
    """The attributes of a name that a source reads."""
    return {
        node.attr
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
    }


def reached_from(source: str, imports: dict[str, tuple[str, str]]) -> set[tuple]:
    """The definitions of the package that a source uses: pairs of module and name."""
    found = set()
    for name in names_in(source) & imports.keys():
        origin, called = imports[name]
        if called:
            found.add((origin, called))
        else:
            found |= {(origin, attribute) for attribute in attributes_of(source, name)}
    return found


def definitions_used(
    sources: list[str], modules: tuple[str, ...] = ()
) -> dict[tuple[str, str], str]:
    """All definitions of the package that sources and whole modules of it use.

    They are given by module and name.
    """
    sources = [*filter(is_python, sources)]
    imported: dict[str, tuple[str, str]] = {}
    for source in sources:
        imported |= imports_of(source)
    found: dict[tuple[str, str], str] = {}
    waiting = {(name, one) for name in modules for one in module(name)[0]}
    waiting = waiting.union(*(reached_from(source, imported) for source in sources))
    while waiting:
        origin, name = waiting.pop()
        if origin in ONLY_CHECK:
            continue
        statements, imports = module(origin)
        if (origin, name) in found:
            continue
        if name in imports:  # passed on from another module
            other, called = imports[name]
            waiting.add((other, called)) if called else None
            continue
        source = found[origin, name] = statements.get(name, "")
        own = names_in(source) - {*dir(builtins), name}
        waiting |= {(origin, other) for other in own if other in statements}
        waiting |= reached_from(source, imports)
    return found


def digest_of_code(sources: list[str], modules: tuple[str, ...] = ()) -> str:
    """The sum of sources, and of all that they and modules of the package use of it."""
    total = hashlib.sha256()
    for source in sources:
        total.update((bare(source) if is_python(source) else source).encode())
    for (origin, name), source in sorted(definitions_used(sources, modules).items()):
        total.update(f"{origin} {name} {bare(source)}".encode())
    return total.hexdigest()
