"""What has to run before a cell, so that it gives what it does in the chapter."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .statements import (
    SELF,
    Alterations,
    Function,
    Statement,
    changed_by,
    same_objects,
    statements_of,
)

ALL = None  # in the place of some names: all that a cell makes
Names = set[str] | None


@dataclass
class Cell:
    """A cell of a chapter: its source and what is known of it.

    exported : whether the package holds what it defines. blocked : why the browser
    cannot run it, "" if it can. quiet : whether its page leaves out warnings.
    """

    id: str
    source: str
    statements: list[Statement] = field(default_factory=list)
    exported: bool = False
    blocked: str = ""
    quiet: bool = False

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Cell:
        cell = cls(**values)
        cell.statements = [Statement(**one) for one in values.get("statements", [])]
        for one in cell.statements:
            one.functions = [Function(**f) for f in one.functions]  # type: ignore[arg-type]
        return cell


def alterations(functions: Iterable[Function], known: Alterations) -> Alterations:
    """For each function the places of the arguments that it may change in place.

    known : those of functions that others call. Functions of one name count as one.
    """
    functions = [*functions]
    found = {name: set(places) for name, places in known.items()}
    for function in functions:
        own = found.setdefault(function.name, set())
        own |= _places(function, set(function.changes))
    while True:
        grown = False
        for function in functions:
            handed = {
                name for call in function.calls for name in changed_by(call, found)
            }
            more = _places(function, handed) - found[function.name]
            found[function.name] |= more
            grown = grown or bool(more)
        if not grown:
            return found


def _places(function: Function, names: set[str]) -> set[int | str]:
    places: set[int | str] = names & {*function.parameters, SELF}  # type: ignore[assignment]
    return places | {n for n, p in enumerate(function.parameters) if p in names}


class Chapter:
    """The cells of a chapter, and what each needs of those before it.

    Of a cell only the statements run that another cell needs. What the package holds
    comes from there, unless its cell, or one that it builds on, was edited.
    """

    def __init__(self, values: dict[str, Any]) -> None:
        self.module: str = values["module"]
        self.wheels_of: dict[str, list[str]] = values["wheels"]
        self.known: Alterations = {n: {*p} for n, p in values["alterations"].items()}
        self.cells = [Cell.from_json(one) for one in values["cells"]]
        self.at = {cell.id: k for k, cell in enumerate(self.cells)}
        self.originals: dict[int, tuple[str, list[Statement]]] = {}  # of edited cells
        self.also: dict[int, set[str]] = {}  # names that a cell was found to need
        self._refresh()

    def edit(self, sources: dict[str, str]) -> bool:
        """Give cells other sources, all others their own; whether any changes.

        sources : by the ids of the cells. What cannot be parsed keeps the statements
        that it had: an error comes when it runs.
        """
        wanted = {self.at[name]: source for name, source in sources.items()}
        todo = {k: self.originals[k][0] for k in self.originals.keys() - wanted.keys()}
        todo |= wanted
        changed = {k: s for k, s in todo.items() if s != self.cells[k].source}
        for k, source in changed.items():
            self._edit(k, source)
        if changed:
            self._refresh()
        return bool(changed)

    def _edit(self, k: int, source: str) -> None:
        cell = self.cells[k]
        self.also.pop(k, None)
        original, statements = self.originals.setdefault(
            k, (cell.source, cell.statements)
        )
        cell.source = source
        if source == original:
            cell.statements = statements
            del self.originals[k]
            return
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            cell.statements = statements_of(source)

    def _refresh(self) -> None:
        every = [one for cell in self.cells for one in cell.statements]
        functions = [function for one in every for function in one.functions]
        altering = alterations(functions, self.known)
        generators = {name for one in every for name in one.generators}
        imported = {name for one in every for name in one.imports}
        touched = _touched_by(every, generators)
        self.changes = {
            id(one): _changes_of(one, altering, touched, imported) for one in every
        }
        self.makes = [
            {n for s in cell.statements for n in {*s.binds, *self.changes[id(s)]}}
            for cell in self.cells
        ]
        self._keys: dict[int, int] = {}
        self._ready: dict[int, bool] = {}
        self._taken: dict[int, set[str]] = {}

    # ---- where names come from

    def source_of(self, k: int, name: str) -> int | None:
        """The last cell before k that makes the name, None if there is none."""
        for j in range(k - 1, -1, -1):
            if name in self.makes[j] and not self.cells[j].blocked:
                return j
        return None

    def imports_of(self, j: int, name: str) -> list[tuple[str, str | None]]:
        """What cell j imports under this name, [] if it makes it otherwise."""
        parts = [one.imports.get(name, []) for one in self.cells[j].statements]
        return [pair for part in parts for pair in part]

    def is_ready(self, j: int) -> bool:
        """Whether the package holds what cell j makes, nothing that it uses edited."""
        if j not in self._ready:
            cell = self.cells[j]
            ready = cell.exported and j not in self.originals
            if ready and self.originals:
                read = {n for s in cell.statements for n in (*s.reads, *s.later)}
                sources = {self.source_of(j, name) for name in read} - {None}
                ready = all(
                    self.is_ready(i)  # type: ignore[arg-type]
                    for i in sources
                    if self.cells[i].exported  # type: ignore[index]
                )
            self._ready[j] = ready
        return self._ready[j]

    # ---- what a cell needs

    def slice(self, k: int, names: Names) -> list[Statement]:
        """The statements of cell k that make the names; all of them for ALL."""
        statements = self.cells[k].statements
        if names is ALL:
            return statements
        aliases = [pair for one in statements for pair in one.aliases]
        wanted, kept = set(names), []
        for one in reversed(statements):
            made = {*one.binds, *same_objects(self.changes[id(one)], aliases)}
            if made & wanted:
                kept.append(one)
                wanted -= {*one.whole}
                wanted |= {*one.reads, *one.later}
        return kept[::-1]

    def needs(self, k: int, names: Names) -> dict[str, int]:
        """The names that a slice takes from other cells, with these cells."""
        bound: set[str] = set()
        todo, later = [], []
        for one in self.slice(k, names):
            todo += [name for name in one.reads if name not in bound]
            later += one.later
            bound |= {*one.whole}
        todo += [name for name in later if name not in bound]
        todo += self._kept_if_unchanged(k, names)
        todo += self.also.get(k, ())
        found: dict[str, int] = {}
        while todo:
            name = todo.pop()
            j = self.source_of(k, name)
            if name in found or j is None:
                continue
            found[name] = j
            if not self.imports_of(j, name) and not self.is_ready(j):
                # What the bodies of its functions read when they are called.
                inner = [n for one in self.slice(j, {name}) for n in one.later]
                todo += [n for n in inner if n not in bound]
        return found

    def _kept_if_unchanged(self, k: int, names: Names) -> set[str]:
        """The names that cell k may bind or leave as they were, and others take."""
        perhaps, whole = set(), set()
        for one in self.slice(k, names):
            perhaps |= {*one.binds}
            whole |= {*one.whole}
        wanted = self._taken_from(k) if names is ALL else names
        return (perhaps - whole) & wanted

    def _taken_from(self, k: int) -> set[str]:
        """The names that later cells take from cell k."""
        if k not in self._taken:
            self._taken[k] = {
                name
                for later in range(k + 1, len(self.cells))
                for one in self.cells[later].statements
                for name in (*one.reads, *one.later)
                if name in self.makes[k] and self.source_of(later, name) == k
            }
        return self._taken[k]

    def learn(self, k: int, name: str) -> bool:
        """Note that cell k needs a name that its text does not show, if there is one.

        It may be used by a function that the cell gets in a container.
        """
        if self.source_of(k, name) is None or name in self.also.get(k, ()):
            return False
        self.also.setdefault(k, set()).add(name)
        self._keys.clear()
        return True

    def builds_on(self, k: int, names: Names) -> dict[int, set[str]]:
        """The cells that a slice builds on, each with what it must have made."""
        found: dict[int, set[str]] = {}
        for name, j in self.needs(k, names).items():
            if not self.imports_of(j, name) and not self.is_ready(j):
                found.setdefault(j, set()).add(name)
        return found

    def uses(self, k: int) -> list[int]:
        """The cells that cell k takes names from, the package's among them."""
        return sorted({*self.needs(k, ALL).values()})

    def key(self, k: int) -> int:
        """Another one after a change of the cell or of one that it builds on."""
        if k not in self._keys:
            before = tuple(self.key(j) for j in sorted(self.builds_on(k, ALL)))
            edited = [j for j in self.uses(k) if j in self.originals]
            imports = tuple(self.cells[j].source for j in edited)
            self._keys[k] = hash((self.cells[k].source, before, imports))
        return self._keys[k]

    def imported(self, k: int, names: Names) -> dict[str, list[tuple[str, str | None]]]:
        """What a slice takes from modules: for each name its modules and attributes."""
        needed = self.needs(k, names)
        slices = [self.slice(k, names)]
        slices += [self.slice(j, made) for j, made in self.builds_on(k, names).items()]
        paths = {path for part in slices for one in part for path in one.paths}
        found = {}
        for name, j in needed.items():
            if sources := self.imports_of(j, name):
                found[name] = _of_those(sources, paths)
            elif self.is_ready(j):
                found[name] = [(self.module, name)]
        return found

    def wheels(self, order: Iterable[tuple[int, Names]]) -> list[str]:
        """The wheels that these slices import, or the book's modules for them."""
        modules = set()
        for k, names in order:
            entries = [*self.imported(k, names).values()]
            entries += [p for one in self.slice(k, names) for p in one.imports.values()]
            for module, attribute in (pair for entry in entries for pair in entry):
                modules |= {module, module.split(".")[0]}
                if attribute:
                    modules.add(f"{module}.{attribute}")
        return sorted({w for m in modules for w in self.wheels_of.get(m, ())})


def _touched_by(
    statements: Iterable[Statement], generators: set[str]
) -> dict[str, set[str]]:
    """For each name the names that whoever uses it may change: itself, if a generator.

    A function touches what its body changes or draws from, and what the functions do
    that it calls.
    """
    statements = [*statements]
    found: dict[str, set[str]] = {name: {name} for name in generators}
    while True:
        grown = False
        for one in statements:
            if not one.later:
                continue
            touched = set(one.hidden).union(*(found.get(n, set()) for n in one.later))
            for name in one.binds:
                before = found.setdefault(name, set())
                grown = grown or not touched <= before
                before |= touched
        if not grown:
            return found


def _changes_of(
    one: Statement,
    known: Alterations,
    touched: dict[str, set[str]],
    imported: set[str],
) -> set[str]:
    """What a statement may change; modules and what is in them by its syntax only."""
    called = (changed_by(call, known) for call in one.calls)
    used = (touched.get(name, set()) for name in (*one.reads, *one.later))
    return set(one.changes) | (set().union(*called, *used) - imported)


def _of_those(
    imports: list[tuple[str, str | None]], paths: set[str]
) -> list[tuple[str, str | None]]:
    """Of several modules under one name (scipy.stats, scipy.sparse) those in use."""
    if any(attribute is not None for _, attribute in imports):
        return imports
    used = [
        (module, attribute)
        for module, attribute in imports
        if any(f"{path}.".startswith(f"{module}.") for path in paths)
    ]
    return used or imports
