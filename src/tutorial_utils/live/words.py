"""Word vectors that a reader asks in a live piece."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Mapping

import numpy as np

from ..representation_learning import cosines
from .scenes import Panel, Scene, cells, scene

SHOWN = 8  # neighbours
ANSWERS = 5


class Lexicon:
    """Neighbours of a word, and answers to an analogy, by several kinds of vectors.

    lexicons : by kind, the "vectors" (V, d), no row zero; one of them has the
    "vocabulary" (V,). nearest, analogy : as the functions of chapter 4.
    """

    def __init__(
        self,
        lexicons: Mapping[str, Mapping[str, np.ndarray]],
        nearest: Callable[..., np.ndarray],
        analogy: Callable[..., np.ndarray],
    ) -> None:
        every = lexicons.values()
        self.vocabulary = next(x["vocabulary"] for x in every if "vocabulary" in x)
        self.index = {str(word): i for i, word in enumerate(self.vocabulary)}
        self.vectors = {
            kind: np.asarray(one["vectors"], float) for kind, one in lexicons.items()
        }
        # One word is typed at a time: what the others gave is kept.
        self.near = functools.cache(
            lambda kind, row: nearest(self.vectors[kind], row, SHOWN)
        )
        self.best = functools.cache(
            lambda kind, a, b, c: analogy(self.vectors[kind], a, b, c, ANSWERS)
        )

    def row(self, word: str) -> int | None:
        """The row of a word, None if it is not in the vocabulary."""
        return self.index.get(word.strip().lower())

    def scene(self, word: str, a: str, b: str, c: str) -> Scene:
        """The nearest words, and the answers to a : b :: c : ? and of the control."""
        kinds, panels = self.vectors, []
        if (row := self.row(word)) is not None:
            near = {kind: self.near(kind, row) for kind in kinds}
            queries = {kind: kinds[kind][row] for kind in kinds}
            panels.append([self._table(near, queries, f"Nearest to {word}")])
        asked = [row for row in map(self.row, (a, b, c)) if row is not None]
        if len(asked) == 3:
            best = {kind: self.best(kind, *asked) for kind in kinds}
            targets, control, queries = {}, {}, {}
            for kind in kinds:
                units = kinds[kind][asked]
                units = units / np.linalg.norm(units, axis=1, keepdims=True)
                targets[kind] = units[1] - units[0] + units[2]
                near_c = self.near(kind, asked[2])
                control[kind] = near_c[~np.isin(near_c, asked)][:ANSWERS]
                queries[kind] = units[2]
            panels.append(
                [
                    self._table(best, targets, f"{a} : {b} :: {c} : ?"),
                    self._table(control, queries, f"Control: nearest to {c}"),
                ]
            )
        return scene(*panels)

    def _table(
        self,
        found: Mapping[str, np.ndarray],
        queries: Mapping[str, np.ndarray],
        title: str,
    ) -> Panel:
        """Words with their cosines to a query, best first, a column for each kind."""
        values = np.stack(
            [cosines(self.vectors[k][found[k]], queries[k]) for k in found], axis=1
        )
        words = np.stack([self.vocabulary[rows] for rows in found.values()], axis=1)
        told = [
            [f"{w} {v:.2f}" for w, v in zip(*row, strict=True)]
            for row in zip(words, values, strict=True)
        ]
        places = [str(place + 1) for place in range(len(values))]
        return cells(values, told, places, [*found], title=title, shape=1.4)

    def told(self, word: str, a: str, b: str, c: str) -> str:
        """The answers in a sentence, or which word is not known."""
        rows = [self.row(asked) for asked in (word, a, b, c)]
        for asked, row in zip((word, a, b, c), rows, strict=True):
            if row is None:
                like = difflib.get_close_matches(asked.strip().lower(), self.index, 3)
                hint = f" Near it: {', '.join(like)}." if like else ""
                return f"“{asked}” is not in the vocabulary.{hint}"
        near = {kind: self.near(kind, rows[0])[0] for kind in self.vectors}
        best = {kind: self.best(kind, *rows[1:])[0] for kind in self.vectors}
        return (
            f"Nearest to “{word}”: {self._by_kind(near)}. "
            f"{a} is to {b} as {c} is to: {self._by_kind(best)}."
        )

    def _by_kind(self, rows: Mapping[str, int]) -> str:
        return ", ".join(f"{self.vocabulary[r]} ({kind})" for kind, r in rows.items())
