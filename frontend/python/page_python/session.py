"""Runs the cells of a chapter, each on what it needs; keeps apart what each makes."""

from __future__ import annotations

import ast
import copy
import dis
import functools
import importlib
import io
import itertools
import linecache
import sys
import tokenize
from dataclasses import dataclass, field
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from . import display
from .needs import ALL, Chapter, Names
from .statements import Statement

Shortened = list[tuple[int, int]]  # lengths of loops: in full, and as they were


@dataclass
class Record:
    """What a cell has made: of these names, under this key, with loops so shortened."""

    key: int
    names: Names
    values: dict[str, Any]
    shortened: Shortened = field(default_factory=list)


class NeedsMore(Exception):
    """A cell needs a name that its text does not show."""


class Session:
    """A chapter that runs, cell by cell, in any order.

    Each cell gets copies of what others made, so that none spoils another's values.
    """

    def __init__(self, chapter: Chapter) -> None:
        self.chapter = chapter
        self.namespace: dict[str, Any] = {}
        self.records: dict[int, Record] = {}
        self.environments: dict[str, dict[str, Any]] = {}  # of widgets, by their names
        self.shortened: Shortened = []  # by the cell that runs
        self._watch_budgets()
        display.Screen.numbers = {
            cell.id: n for n, cell in enumerate(chapter.cells, start=1)
        }

    def _watch_budgets(self) -> None:
        from tutorial_utils import runtime

        choose = getattr(runtime.budget, "unwatched", runtime.budget)

        def budget(full: int, browser: int) -> int:
            chosen = choose(full, browser)
            if chosen < full:
                self.shortened.append((full, chosen))
            return chosen

        budget.unwatched = choose  # type: ignore[attr-defined]
        runtime.budget = budget

    # ---- what has to run

    def has(self, k: int, names: Names) -> bool:
        """Whether cell k has made these names, as it is now."""
        record = self.records.get(k)
        if record is None or record.key != self.chapter.key(k):
            return False
        return record.names is ALL or (names is not ALL and names <= record.names)

    def plan(self, k: int) -> list[tuple[int, Names]]:
        """The cells to run and what they must make, in order; the last is k, whole."""
        wanted: dict[int, Names] = {k: ALL}
        order = []
        for j in range(k, -1, -1):
            if j not in wanted or (j != k and self.has(j, wanted[j])):
                continue
            names = wanted[j]
            record = self.records.get(j)
            if names is not ALL and record and record.key == self.chapter.key(j):
                names = names | (record.names or set())  # what is there stays
            order.append((j, names))
            for i, made in self.chapter.builds_on(j, names).items():
                wanted[i] = (wanted.get(i) or set()) | made
        return order[::-1]

    # ---- running

    def run(self, k: int, names: Names) -> bool:
        """Run a slice of cell k, all of it aloud for ALL; False if it stopped.

        Raises ModuleNotFoundError where a library is not there yet, and NeedsMore
        where the cell needs others that were not known of: plan again.
        """
        self.shortened = []
        self._fill(k, names)
        parts = self.chapter.slice(k, names)
        done = False
        try:
            done = self._execute(k, parts, aloud=names is ALL)
        finally:
            if not done:
                display.close_figures()  # what is left would be drawn into
        if not done:
            return False
        made = self.chapter.makes[k] if names is ALL else names
        values = {n: self.namespace[n] for n in made if n in self.namespace}
        key, before = self.chapter.key(k), self.records.get(k)
        if before and before.key == key:
            values |= {n: v for n, v in before.values.items() if is_code(v)}
        self.records[k] = Record(key, names, values, self.shortened)
        return True

    def _fill(self, k: int, names: Names) -> None:
        """Give the namespace what a slice needs, and nothing else."""
        self.namespace.clear()
        self.namespace |= {"__name__": "__main__", "display": display.display}
        for name, sources in self.chapter.imported(k, names).items():
            self.namespace[name] = _imported(name, sources)
        memo = Memo()
        for j, made in self.chapter.builds_on(k, names).items():
            record = self.records[j]
            self.shortened += [s for s in record.shortened if s not in self.shortened]
            for name in made & record.values.keys():
                self.namespace[name] = own(record.values[name], memo)
        self._ask_for_what_containers_need(k)

    def _ask_for_what_containers_need(self, k: int) -> None:
        """Raise NeedsMore if functions in containers use names that are not there.

        Else the cell would stop there, perhaps after half of its work.
        """
        used = {
            n for v in self.namespace.values() for n in _globals_used(v, self.namespace)
        }
        missing = sorted(used - self.namespace.keys())
        if found := [name for name in missing if self.chapter.learn(k, name)]:
            raise NeedsMore(", ".join(found))

    def _execute(self, k: int, parts: list[Statement], aloud: bool) -> bool:
        cell = self.chapter.cells[k]
        file = f"<cell {cell.id}>"
        lines = cell.source.splitlines(keepends=True)
        linecache.cache[file] = (len(cell.source), None, lines, file)
        streams = sys.stdout, sys.stderr
        sys.stdout = display.Stream("stdout" if aloud else "quiet")
        sys.stderr = display.Stream("stderr" if aloud and not cell.quiet else "quiet")
        try:
            tree = ast.parse(cell.source, file)
            kept = [any(one is part for part in parts) for one in cell.statements]
            tree.body = [*itertools.compress(tree.body, kept)]
            last = tree.body[-1] if tree.body and aloud else None
            is_shown = isinstance(last, ast.Expr) and not _ends_quietly(cell.source)
            if _draws(parts):
                display.prepare_matplotlib()
            if is_shown:
                tree.body.pop()
            exec(compile(tree, file, "exec", dont_inherit=True), self.namespace)
            if is_shown:
                expression = ast.Expression(last.value)  # type: ignore[union-attr]
                code = compile(expression, file, "eval", dont_inherit=True)
                value = eval(code, self.namespace)
                if value is not None:
                    self._remember_widget(value)
                    display.display(value)
            if aloud:
                display.show_figures()
            else:
                display.close_figures()
            return True
        except ModuleNotFoundError:
            raise
        except BaseException as error:
            if isinstance(error, NameError) and self.chapter.learn(k, error.name or ""):
                raise NeedsMore(error.name) from None
            display.flush()
            # An error of a slice is one of a cell above the one that the reader ran.
            ran = cell.id if aloud else ""
            display.Screen.post("error", display.told(error, ran))
            return False
        finally:
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, display.Stream):
                    stream.end()
            sys.stdout, sys.stderr = streams

    # ---- widgets

    def _remember_widget(self, value: Any) -> None:
        if type(value).__name__ in ("Explorer", "Live"):
            self.environments[value.name] = dict(self.namespace)

    def answer(self, name: str, setting: list[int]) -> dict[str, Any]:
        """A widget's state in a new setting, drawn with what its cell had.

        KeyError if its cell has not run.
        """
        self.namespace.clear()
        self.namespace |= self.environments[name]
        return display.answer(name, setting)

    def ask_piece(self, name: str, question: dict[str, Any]) -> bytes:
        """A live piece's frame after a question. KeyError if its cell has not run."""
        self.namespace.clear()
        self.namespace |= self.environments[name]
        return display.widgets[name].ask(question)


# ---- copies


class Memo(dict):
    """What one cell has been given copies of: parts that were shared stay shared."""


DEEP = 100_000  # calls within calls, for values that hold long chains


def is_code(value: object) -> bool:
    """Whether it is a function or a class, of which there is one."""
    return isinstance(value, FunctionType | type)


def own(value: object, memo: Memo) -> object:
    """A copy of a value, or the value itself where it cannot be copied."""
    if isinstance(value, ModuleType) or is_code(value):
        return value
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, DEEP))
    try:
        return copy.deepcopy(value, memo)
    except Exception:  # whatever a class of the reader's own raises
        return value
    finally:
        sys.setrecursionlimit(limit)


def _copy_of_array(array: np.ndarray, memo: dict) -> np.ndarray:
    """A copy of an array; of a view that of the same part of its base's copy."""
    base = array.base
    if not isinstance(base, np.ndarray) or type(array) is not np.ndarray:
        return array.__deepcopy__(memo)
    if type(base) is not np.ndarray or array.dtype.hasobject:
        return array.__deepcopy__(memo)
    twin = copy.deepcopy(base, memo)
    addresses = (a.__array_interface__["data"][0] for a in (array, base))
    offset = next(addresses) - next(addresses)
    if not base.flags.contiguous or offset < 0 or twin.strides != base.strides:
        return array.__deepcopy__(memo)
    return np.ndarray(array.shape, array.dtype, twin, offset, array.strides)


# A module within an object is shared; two views of one array stay views of one array.
copy._deepcopy_dispatch[ModuleType] = lambda module, memo: module  # type: ignore[attr-defined]
copy._deepcopy_dispatch[np.ndarray] = _copy_of_array  # type: ignore[attr-defined]


def _globals_used(value: object, namespace: dict[str, Any], depth: int = 3) -> set[str]:
    """The names that functions of this namespace use, which a container holds.

    Long ones are data: no more than their first twenty parts are looked at.
    """
    if isinstance(value, dict | list | tuple) and depth:
        parts = value.values() if isinstance(value, dict) else value
        few = itertools.islice(parts, 20)
        return {n for part in few for n in _globals_used(part, namespace, depth - 1)}
    if isinstance(value, functools.partial):
        held = [value.func, value.args, value.keywords]
        return _globals_used(held, namespace, depth)
    if not isinstance(value, FunctionType) or value.__globals__ is not namespace:
        return set()
    codes, names = [value.__code__], set()
    while codes:
        code = codes.pop()
        codes += [part for part in code.co_consts if isinstance(part, CodeType)]
        steps = dis.get_instructions(code)
        names |= {step.argval for step in steps if step.opname == "LOAD_GLOBAL"}
    return names


def _ends_quietly(source: str) -> bool:
    """Whether the last statement of a cell ends in a semicolon, as for no output."""
    lines = io.StringIO(source).readline
    kinds = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER)
    said = [t.string for t in tokenize.generate_tokens(lines) if t.type not in kinds]
    return bool(said) and said[-1] == ";"


def _draws(parts: list[Statement]) -> bool:
    """Whether statements import Matplotlib themselves."""
    sources = [
        pair for one in parts for found in one.imports.values() for pair in found
    ]
    return any("matplotlib" in module for module, _ in sources)


def _imported(name: str, sources: list[tuple[str, str | None]]) -> object:
    """What an import would bind to the name."""
    found: object = None
    for module, attribute in sources:
        if "matplotlib" in module or attribute in ("plotting", "explore"):
            display.prepare_matplotlib()
        loaded = importlib.import_module(module)
        if attribute is None:
            found = sys.modules[name]
        elif attribute == "":
            found = loaded
        elif hasattr(loaded, attribute):
            found = getattr(loaded, attribute)
        else:
            found = importlib.import_module(f"{module}.{attribute}")
    return found
