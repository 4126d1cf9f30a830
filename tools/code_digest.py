"""One sum over code and over all of the book's package that it uses, and no more.

Comments, docstrings and layout do not count, so that a reworded sentence keeps the sum.
Of a module only the definitions count that are reached.
"""

from __future__ import annotations

import ast
import hashlib
import re
import symtable
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1] / "src" / "tutorial_utils"
NAME = PACKAGE.name


class Bare(ast.NodeTransformer):
    """Take out the docstrings."""

    def visit(self, node: ast.AST) -> ast.AST:
        self.generic_visit(node)
        body = getattr(node, "body", None)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and body:
            first = body[0]
            value = first.value if isinstance(first, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
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


# IPython's own lines: what %time runs is code, the rest is not.
TIMED = re.compile(r"^(\s*)%time(?:it(?:\s+-\S+(?:\s*\d+)?)*)?(?:\s+|$)", re.MULTILINE)
MAGIC = re.compile(r"^(\s*)(?:\w+\s*=\s*)?[%!].*$", re.MULTILINE)


def without_magics(source: str) -> str:
    return MAGIC.sub(r"\1pass", TIMED.sub(r"\1", source))


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


# An import: the name that it binds, the module of the package that it is from, and what
# is imported of it; ALL for the module itself, or a star.
Import = tuple[str, str, str]
ALL = "*"
ALWAYS = ""  # what binds no name, such as a call: it counts with every definition
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def path_of(module: str) -> tuple[Path, str]:
    """The file of a module of the package, and the place its imports count from."""
    file = PACKAGE / f"{module.replace('.', '/')}.py"
    if file.exists():
        return file, module
    return file.with_suffix("") / "__init__.py", f"{module}.__init__"


@cache
def module(name: str) -> tuple[dict[str, str], frozenset[Import]]:
    """The statements of a module of the package, by the names that they bind.

    And its imports from the package.
    """
    file, inside = path_of(name)
    statements: dict[str, str] = {}
    imports: set[Import] = set()
    if file.exists():
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            source = ast.unparse(node)
            if not isinstance(node, DEFINITIONS):  # also one that tries an import
                imports |= imports_of(source, inside)
            if isinstance(node, ast.Import | ast.ImportFrom):
                continue
            for one in bound_by(source) or {ALWAYS}:
                # A name may be bound and then changed.
                statements[one] = statements.get(one, "") + source + "\n"
    return statements, frozenset(imports)


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
def imports_of(source: str, inside: str = "") -> frozenset[Import]:
    """What a source imports from the package.

    inside : the module that it is from, with dots, for imports that are relative.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith(f"{NAME}."):
                    origin = alias.name.removeprefix(f"{NAME}.")
                    found.add((alias.asname or ALL, origin, ALL))
        if not isinstance(node, ast.ImportFrom):
            continue
        origin = node.module or ""
        if node.level:
            around = inside.split(".")[: -node.level]
            origin = ".".join([NAME, *around, *([origin] if origin else [])])
        if origin != NAME and not origin.startswith(f"{NAME}."):
            continue
        origin = origin.removeprefix(NAME).removeprefix(".")
        for alias in node.names:
            below = f"{origin}.{alias.name}".removeprefix(".")
            name = alias.asname or alias.name
            if path_of(below)[0].exists():
                found.add((name, below, ALL))
            elif origin:
                found.add((name, origin, alias.name))
    return frozenset(found)


@cache
def attributes_of(source: str, name: str) -> frozenset[str]:
    """The attributes of a name that a source reads; ALL where it uses it otherwise."""
    tree = ast.parse(source)
    bases = {
        id(node.value): node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
    }
    return frozenset(
        bases.get(id(node), ALL)
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == name
    )


def reached_from(
    source: str, imports: frozenset[Import], inside: str = ""
) -> set[tuple[str, str]]:
    """The definitions of the package that a source uses: pairs of module and name.

    inside : as in `imports_of`.
    """
    found = set()
    read = names_in(source)
    for name, origin, called in imports:
        if name == ALL:
            found.add((origin, ALL))
        elif name in read and called == ALL:
            found |= {(origin, attribute) for attribute in attributes_of(source, name)}
        elif name in read:
            found.add((origin, called))
    # What a function imports for itself is no name of the module.
    inner = {n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.FunctionDef)}
    for function in inner:
        for _, origin, called in imports_of(ast.unparse(function), inside):
            found.add((origin, called))
    return found


def definitions_used(
    sources: list[str], modules: tuple[str, ...] = ()
) -> dict[tuple[str, str], str]:
    """All definitions of the package that sources and whole modules of it use.

    They are given by module and name.
    """
    sources = [*filter(is_python, map(without_magics, sources))]
    imported = frozenset().union(*map(imports_of, sources))
    found: dict[tuple[str, str], str] = {}
    waiting = {(name, ALL) for name in modules}
    waiting = waiting.union(*(reached_from(source, imported) for source in sources))
    while waiting:
        origin, name = waiting.pop()
        statements, imports = module(origin)
        if (origin, name) in found:
            continue
        if name == ALL:
            found[origin, ALL] = ""
            waiting |= {(origin, one) for one in statements}
            continue
        # What is passed on from another module.
        waiting |= {(o, called) for own, o, called in imports if own == name}
        source = found[origin, name] = statements.get(name, "")
        asked = {*names_in(source), ALWAYS} - {name}
        waiting |= {(origin, other) for other in asked if other in statements}
        waiting |= reached_from(source, imports, path_of(origin)[1])
    return found


def digest_of_code(sources: list[str], modules: tuple[str, ...] = ()) -> str:
    """The sum of sources, and of all that they and modules of the package use of it."""
    total = hashlib.sha256()
    for source in sources:
        total.update((bare(source) if is_python(source) else source).encode())
    for (origin, name), source in sorted(definitions_used(sources, modules).items()):
        total.update(f"{origin} {name} {bare(source)}".encode())
    return total.hexdigest()
