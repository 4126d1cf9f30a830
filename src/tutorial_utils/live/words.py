"""Word vectors that a reader asks in a live piece."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping

import numpy as np

from ..representation_learning import cosines
from .scenes import Panel, Scene, cells, scene

SHOWN = 8  # neighbours
ANSWERS = 5


class Lexicon:
    """Neighbours of a word, and answers to an analogy, by one kind of vectors.

    lexicons : by kind, the "vectors" (V, d); one of them has the "vocabulary" (V,).
    nearest, analogy : as the functions of chapter 4.
    """

    def __init__(
        self,
        lexicons: Mapping[str, Mapping[str, np.ndarray]],
        nearest: Callable[..., np.ndarray],
        analogy: Callable[..., np.ndarray],
        kind: str,
    ) -> None:
        self.nearest, self.analogy = nearest, analogy
        every = lexicons.values()
        self.vocabulary = next(x["vocabulary"] for x in every if "vocabulary" in x)
        self.index = {str(word): i for i, word in enumerate(self.vocabulary)}
        self.vectors = np.asarray(lexicons[kind]["vectors"], float)

    def row(self, word: str) -> int | None:
        """The row of a word, None if it is not in the vocabulary."""
        return self.index.get(word.strip().lower())

    def scene(self, word: str, a: str, b: str, c: str) -> Scene:
        """The nearest words, and the answers to a : b :: c : ? and of the control."""
        vectors, panels = self.vectors, []
        if (row := self.row(word)) is not None:
            near = self.nearest(vectors, row, SHOWN)
            panels.append([self._cosines(near, vectors[row], f"Nearest to {word}")])
        asked = [row for row in map(self.row, (a, b, c)) if row is not None]
        if len(asked) == 3:
            units = vectors[asked] / np.linalg.norm(vectors[asked], axis=1)[:, None]
            target = units[1] - units[0] + units[2]
            best = self.analogy(vectors, *asked, ANSWERS)
            near = self.nearest(vectors, asked[2], ANSWERS + 2)
            control = near[~np.isin(near, asked)][:ANSWERS]
            panels.append(
                [
                    self._cosines(best, target, f"{a} : {b} :: {c} : ?"),
                    self._cosines(control, units[2], f"Control: nearest to {c}"),
                ]
            )
        return scene(*panels)

    def _cosines(self, rows: np.ndarray, query: np.ndarray, title: str) -> Panel:
        """Words with their cosines to a query, as a table."""
        found = cosines(self.vectors[rows], query)
        words = [str(word) for word in self.vocabulary[rows]]
        return cells(
            found[:, None], rows=words, columns=["cosine"], title=title, shape=1.4
        )

    def told(self, word: str, a: str, b: str, c: str) -> str:
        """The answers in a sentence, or which word is not known."""
        rows = [self.row(asked) for asked in (word, a, b, c)]
        for asked, row in zip((word, a, b, c), rows, strict=True):
            if row is None:
                like = difflib.get_close_matches(asked.strip().lower(), self.index, 3)
                hint = f" Near it: {', '.join(like)}." if like else ""
                return f"“{asked}” is not in the vocabulary.{hint}"
        near = self.vocabulary[self.nearest(self.vectors, rows[0], 3)]
        answer = self.vocabulary[self.analogy(self.vectors, *rows[1:], 1)[0]]
        listed = ", ".join(map(str, near))
        return f"Nearest to “{word}”: {listed}. {a} is to {b} as {c} is to {answer}."
