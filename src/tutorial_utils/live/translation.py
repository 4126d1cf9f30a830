"""Translation live: attention between the words, and beam search as a tree."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .scenes import Panel, Scene, cells, graph, scene

PER_ROW = 5  # words
SHOWN = 0.1  # weights below it are not drawn as links
MOST = 26  # parts of a source that are read
LETTERS = 7  # of a word in a tree
Array = np.ndarray


def packed(model: Any, merges: Sequence[tuple[str, str]] = ()) -> dict[str, Array]:
    """A `Seq2Seq` as arrays for `trained`: its words, its parameters, its merges."""
    arrays = {f"params {name}": value for name, value in model.params.items()}
    arrays["source words"] = np.array(model.source_words)
    arrays["target words"] = np.array(model.target_words)
    arrays["attention"] = np.array([model.attention or ""])
    arrays["reversed"] = np.array([float(model.reverse)])
    arrays["merges"] = np.array([" ".join(pair) for pair in merges], dtype=str)
    return arrays


def unpacked(make: Callable, arrays: Mapping[str, Array]) -> Any:
    """The model of `packed` arrays. make : `Seq2Seq`."""
    params = {
        name.removeprefix("params "): value
        for name, value in arrays.items()
        if name.startswith("params ")
    }
    model = make(
        arrays["source words"].tolist(),
        arrays["target words"].tolist(),
        params["P"].shape[1],
        np.random.default_rng(0),
        attention=str(arrays["attention"][0]) or None,
        embedding=params["source"].shape[1],
        reverse=bool(arrays["reversed"][0]),
    )
    model.params = params
    return model


class Translating:
    """A sentence, its translation by a model with attention, and a word that is chosen.

    tools : `Seq2Seq` and `segment`. arrays : a model, as `packed`. text : the source;
    what the model does not know is left out.
    """

    def __init__(
        self, tools: tuple[Callable, Callable], arrays: Mapping[str, Array], text: str
    ) -> None:
        make, segment = tools
        self.model = unpacked(make, arrays)
        merges = [tuple(pair.split(" ")) for pair in arrays["merges"].tolist()]
        parts: list[str] = []
        for word in re.findall(r"\w+(?:['’-]\w+)*|[^\w\s]", text.lower()):
            own = segment(word, merges) if merges else [word]
            parts += [*(f"{part}@@" for part in own[:-1]), own[-1]]
        known = set(self.model.source_words)
        self.left_out = [part for part in parts if part not in known]
        read = [part for part in parts if part in known]
        self.source, self.unread = read[:MOST], read[MOST:]
        self.target: list[str] = []
        self.chosen = 0
        if self.source:
            (self.target,) = self.model.decode([self.source], max_length=2 * MOST)
            (self.weights,) = self.model.attend([self.source], [self.target])

    def touch(self, name: str, of: str, index: int, value: float) -> None:
        """Choose a word of the translation, for `live`."""
        self.chosen = min(int(value), len(self.target))

    def scene(self) -> Scene:
        """The links, the translation, the weights of the chosen word, the coverage."""
        if not self.source:
            told = [["The model knows none of these words."]]
            return scene([cells(np.zeros((1, 1)), told, shape=6)])
        said = [*self.target, "STOP"]
        covered = self.weights.sum(axis=0)
        translation = _words(
            np.full(len(said), np.nan),
            said,
            "Translation: touch a word",
            touch="choose",
            marked=[self.chosen],
        )
        looked = _words(
            self.weights[self.chosen],
            _with_numbers(self.source, self.weights[self.chosen]),
            f"Weights before “{said[self.chosen]}”",
        )
        coverage = _words(
            covered - 1, _with_numbers(self.source, covered), "Coverage of the source"
        )
        facts = {
            "mean words with a weight": f"{(self.weights > 0).sum(axis=1).mean():.1f}",
            "of": len(self.source),
            "smallest coverage": float(covered.min()),
            "largest": float(covered.max()),
        }
        return scene(
            [self._links(said)], [translation], [looked], [coverage], facts=facts
        )

    def _links(self, said: Sequence[str]) -> Panel:
        """Source on the left, target on the right, and the weights between them."""
        L, T = len(self.source), len(said)
        rows = max(L, T)
        left = [(0.0, (i + 0.5) / rows) for i in range(L)]
        right = [(1.0, (t + 0.5) / rows) for t in range(T)]
        edges = np.argwhere(self.weights >= SHOWN)  # (target, source)
        lit = [k for k, (t, _) in enumerate(edges) if t == self.chosen]
        return graph(
            np.array(left + right),
            np.stack([edges[:, 1], L + edges[:, 0]], axis=1),
            self.weights[edges[:, 0], edges[:, 1]],
            labels=[*self.source, *said],
            lit=([L + self.chosen], lit),
            title=f"Attention from each word of the translation, from {SHOWN} on",
            shape=max(0.7, min(1.8, 24 / rows)),
            narrow=max(0.5, min(1.2, 12 / rows)),
            fitted=True,
            turned="never",
        )

    def told(self) -> str:
        """The translation, and what the chosen word looked at."""
        left = f" Left out: {' '.join(self.left_out)}." if self.left_out else ""
        left += f" Only the first {MOST} parts are read." if self.unread else ""
        if not self.source:
            return f"No word is known.{left}"
        said = [*self.target, "STOP"][self.chosen]
        row = self.weights[self.chosen]
        largest = np.argsort(-row, kind="stable")[:2]
        looked = " and ".join(
            f"“{self.source[i]}” ({row[i]:.2f})" for i in largest if row[i] > 0.005
        )
        return (
            f"“{' '.join(self.target).replace('@@ ', '')}”. Before “{said}” the "
            f"decoder looked most at {looked}.{left}"
        )


def _with_numbers(words: Sequence[str], values: Array) -> list[str]:
    return [f"{word} {value:.2f}" for word, value in zip(words, values, strict=True)]


def _words(values: Array, words: Sequence[str], title: str, **more: Any) -> Panel:
    """Words in rows of five, each with the colour of its value."""
    n_rows = -(-len(words) // PER_ROW)
    filled = np.full(n_rows * PER_ROW, np.nan)
    filled[: len(values)] = np.clip(values, -1, 1)
    texts = [*words, *[""] * (len(filled) - len(words))]
    return cells(
        filled.reshape(n_rows, PER_ROW),
        np.reshape(texts, (n_rows, PER_ROW)).tolist(),
        title=title,
        shape=2.4 * PER_ROW / n_rows,
        **more,
    )


def logs_of_table(p: Array) -> Callable[[tuple[int, ...]], Array]:
    """A model whose next word depends on the last word alone.

    p : a row of numbers for START and for each word but STOP; they need not sum to one.
    A row of zeros ends the sentence.
    """
    ending = np.eye(p.shape[1])[-1]
    rows = np.where(p.sum(axis=1, keepdims=True) > 0, p, ending)
    with np.errstate(divide="ignore"):
        logs = np.log(rows / rows.sum(axis=1, keepdims=True))
    return lambda y: logs[y[-1] + 1 if y else 0]


class Searching:
    """Beam search for one sentence, as a tree that grows by a step at a time.

    tools : `beam_steps` and `exact_search`. log_probabilities : of the next word, given
    the words so far. words : by number, STOP the last. wanted : the right translation,
    None where there is none. table : the table control that the model is read from.
    """

    def __init__(
        self,
        tools: tuple[Callable, Callable],
        log_probabilities: Callable[[tuple[int, ...]], Array],
        words: Sequence[str],
        wanted: Sequence[str] | None,
        width: int,
        longest: int,
        table: str = "",
    ) -> None:
        beam_steps, exact_search = tools
        self.table = table
        stop = len(words) - 1
        self.logs, self.words, self.width = log_probabilities, list(words), width
        self.beams = beam_steps(log_probabilities, stop, width, longest)
        last = [(y, log_p) for y, log_p in self.beams[-1] if y[-1] == stop]
        self.found = last[0] if last else self.beams[-1][0]
        better, log_p = exact_search(
            log_probabilities, stop, longest, self.found[1] + 1e-9
        )
        self.best = (better, log_p) if better else self.found
        self.wanted = None if wanted is None else [*wanted, words[-1]]
        self.now = 1

    def step(self) -> bool:
        """One step of the search further; False at its end."""
        if self.now == len(self.beams):
            return False
        self.now += 1
        return True

    def spelt(self, y: Sequence[int]) -> list[str]:
        return [self.words[k] for k in y]

    def scene(self) -> Scene:
        """The tree so far, and the hypotheses of the beam."""
        beam = self.beams[self.now - 1]
        told = [[f"{' '.join(self.spelt(y))}   log p {log_p:.2f}"] for y, log_p in beam]
        listed = cells(
            np.full((len(beam), 1), np.nan),
            told,
            title=f"Beam after step {self.now}, best first",
            shape=12 / len(beam),
        )
        facts: dict[str, object] = {"width": self.width, "step": self.now}
        if self.now == len(self.beams):
            facts |= {"found": f"log p {self.found[1]:.2f}"}
            facts |= {"most probable": f"log p {self.best[1]:.2f}"}
        rows = [[self._tree()], [listed]]
        if self.table:
            rows.append([cells(self.table, title="Probability of the next word")])
        return scene(*rows, facts=facts)

    def _tree(self) -> Panel:
        """Kept words and the best of those that were dropped, in a column a step."""
        nodes: list[tuple[int, ...]] = [()]
        at, labels, edges, weights = [(0.0, 0.5)], ["START"], [], []
        lit_nodes, lit_edges = [], []
        survivors = {
            y[:t] for y, _ in self.beams[self.now - 1] for t in range(len(y) + 1)
        }
        before: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
        for t, beam in enumerate(self.beams[: self.now], 1):
            kept = [item for item in beam if len(item[0]) == t]
            rows = kept + self._dropped(before, kept)
            rows.sort(key=lambda item: -item[1])
            for k, (y, _) in enumerate(rows):
                edges.append((nodes.index(y[:-1]), len(nodes)))
                is_kept = any(y == own for own, _ in kept)
                weights.append(1.5 if is_kept else -0.3)
                if y in survivors:
                    lit_nodes.append(len(nodes))
                    lit_edges.append(len(edges) - 1)
                nodes.append(y)
                at.append((t / len(self.beams), (k + 0.5) / len(rows)))
                word = self.words[y[-1]]
                labels.append(
                    word if len(word) <= LETTERS else f"{word[: LETTERS - 1]}…"
                )
            before = beam
        lit = (lit_nodes, lit_edges)
        return graph(
            np.array([*at, (1.0, 0.5)])[: len(at)],
            np.array(edges),
            np.array(weights),
            labels=labels,
            lit=lit,
            title="Kept (framed: still alive) and best dropped (dashed)",
            shape=15 / (len(self.beams) + 1),
            narrow=7 / (len(self.beams) + 1),
            fitted=True,
            turned="always",
        )

    def _dropped(
        self,
        before: Sequence[tuple[tuple[int, ...], float]],
        kept: Sequence[tuple[tuple[int, ...], float]],
    ) -> list[tuple[tuple[int, ...], float]]:
        """The best extensions that did not stay in the beam: two, or one of many."""
        stop, alive = len(self.words) - 1, {y for y, _ in kept}
        extended = [
            ((*y, k), log_p + value)
            for y, log_p in before
            if y[-1:] != (stop,)
            for k, value in enumerate(self.logs(y))
            if value > -np.inf
        ]
        lost = [item for item in extended if item[0] not in alive]
        return sorted(lost, key=lambda item: -item[1])[: 2 if self.width < 4 else 1]

    def told(self) -> str:
        """The best so far; at the end, which kind of error there is."""
        y, log_p = self.beams[self.now - 1][0]
        if self.now < len(self.beams):
            return (
                f"Step {self.now}, width {self.width}: the best beginning is "
                f"“{' '.join(self.spelt(y))}” with log p {log_p:.2f}."
            )
        found, best = self.spelt(self.found[0]), self.spelt(self.best[0])
        if found == best:
            said = (
                f"Found: “{' '.join(found)}”. No target is more probable: no search "
                "error."
            )
        else:
            said = (
                f"Found: “{' '.join(found)}”, log p {self.found[1]:.2f}. A search "
                f"error: “{' '.join(best)}” has log p {self.best[1]:.2f}."
            )
        if self.wanted is None:
            return said
        if best == self.wanted:
            return f"{said} The most probable target is the right translation."
        return (
            f"{said} The right translation is “{' '.join(self.wanted)}”: a model "
            "error, since the most probable target is another one."
        )
