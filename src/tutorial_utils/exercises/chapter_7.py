"""The exercises of chapter 7, each beside its reference and a wrong answer."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from ..sequence_to_sequence import beam_search
from .checking import TOLERANCE, Exercise, fault_of_lists, like_function

EXERCISES: dict[str, Exercise] = {}


def mean_drawn_length(epsilon: float, T: int) -> float:
    """Exercise 7.1: the mean length, by adding up where a sentence may end."""
    ends = [(1 - epsilon) ** (t - 1) * epsilon for t in range(1, T)]
    return sum(t * p for t, p in enumerate(ends, 1)) + T * (1 - sum(ends))


EXERCISES["7.1"] = Exercise(
    like_function(
        mean_drawn_length,
        lambda rng: (rng.uniform(0.02, 0.5), int(rng.integers(1, 20))),
        lambda epsilon, T: f"epsilon = {epsilon:.2f} and {T = }",
    ),
    right=mean_drawn_length,
    wrong=lambda epsilon, T: 1 / epsilon,
)


def best_by_wu(log_p: np.ndarray, length: np.ndarray, alpha: float) -> int:
    """Exercise 7.2: the best hypothesis by the penalty of Wu and others."""
    return int(np.argmax(log_p / ((5 + length) / (5 + 1)) ** alpha))


def best_by_length(log_p: np.ndarray, length: np.ndarray, alpha: float) -> int:
    """A wrong answer to 7.2: by the power of the length."""
    return int(np.argmax(log_p / length**alpha))


def _hypotheses_apart(rng: np.random.Generator) -> tuple:
    """Hypotheses on which the two penalties differ, every other time."""
    while True:
        length = rng.integers(1, 12, size=4)
        log_p, alpha = -length * rng.uniform(0.3, 1.2, size=4), rng.uniform(0.5, 1)
        inputs = log_p, length, alpha
        if rng.random() < 0.5 or best_by_wu(*inputs) != best_by_length(*inputs):
            return inputs


EXERCISES["7.2"] = Exercise(
    like_function(
        best_by_wu,
        _hypotheses_apart,
        lambda log_p, length, alpha: (
            f"log_p = {np.round(log_p, 2)}, {length = } and alpha = {alpha:.2f}"
        ),
    ),
    right=best_by_wu,
    wrong=best_by_length,
)


def shared_ngrams(
    hypothesis: list[str], references: list[list[str]], m: int
) -> tuple[int, int]:
    """Exercise 7.3: n-grams shared with the best of several references, and all."""
    return _shared_ngrams(hypothesis, references, m, max)


def shared_with_all(
    hypothesis: list[str], references: list[list[str]], m: int
) -> tuple[int, int]:
    """A wrong answer to 7.3: the counts of the references are added."""
    return _shared_ngrams(hypothesis, references, m, sum)


def _shared_ngrams(
    hypothesis: list[str], references: list[list[str]], m: int, join: Callable
) -> tuple[int, int]:
    def count(gram: list[str], words: list[str]) -> int:
        return sum(words[i : i + m] == gram for i in range(len(words) - m + 1))

    grams = [hypothesis[i : i + m] for i in range(len(hypothesis) - m + 1)]
    different = [list(gram) for gram in sorted(set(map(tuple, grams)))]
    shared = sum(
        min(count(gram, hypothesis), join([count(gram, r) for r in references]))
        for gram in different
    )
    return shared, len(grams)


def _corpus_line(rng: np.random.Generator) -> tuple:
    draw = [list(map(str, rng.choice(list("abc"), size=6))) for _ in range(4)]
    return draw[0], draw[1:], int(rng.integers(1, 3))


EXERCISES["7.3"] = Exercise(
    like_function(
        shared_ngrams,
        _corpus_line,
        lambda hypothesis, references, m: (
            f"{hypothesis = }, {references = } and {m = }"
        ),
        first=[(["a", "b"], [["a", "b"]], 1), (["a"], [["a"]], 2), ([], [["a"]], 1)],
    ),
    right=shared_ngrams,
    wrong=shared_with_all,
)


def gradient_at_scores(F: np.ndarray, a: np.ndarray, g: np.ndarray) -> np.ndarray:
    """Exercise 7.4: by the Jacobian of softmax, written out."""
    return (np.diag(a) - np.outer(a, a)) @ (F @ g)


def gradient_without_context(F: np.ndarray, a: np.ndarray, g: np.ndarray) -> np.ndarray:
    """A wrong answer to 7.4: the weights' effect on each other is left out."""
    return a * (F @ g)


def _glance(rng: np.random.Generator) -> tuple:
    L, D = rng.integers(2, 6, size=2)
    a = rng.dirichlet(np.ones(L))
    return rng.normal(size=(L, D)), a, rng.normal(size=D)


EXERCISES["7.4"] = Exercise(
    like_function(
        gradient_at_scores,
        _glance,
        lambda F, a, g: f"F of shape {F.shape} and a = {np.round(a, 2)}",
    ),
    right=gradient_at_scores,
    wrong=gradient_without_context,
)


def bilinear_gradients(
    g: np.ndarray, F: np.ndarray, s: np.ndarray, M: np.ndarray
) -> np.ndarray:
    """Exercise 7.5: gradients at F, s and M, one after the other in one array."""
    z = F @ M @ s
    a = np.exp(z - z.max())
    a /= a.sum()
    dz = gradient_at_scores(F, a, g)
    dF = a[:, None] * g + dz[:, None] * (M @ s)
    dM = np.einsum("l,ld,h->dh", dz, F, s)
    return np.concatenate([dF.ravel(), dz @ F @ M, dM.ravel()])


def bilinear_without_looking(
    g: np.ndarray, F: np.ndarray, s: np.ndarray, M: np.ndarray
) -> np.ndarray:
    """A wrong answer to 7.5: F only by way of the scores."""
    right, z = bilinear_gradients(g, F, s, M), F @ M @ s
    a = np.exp(z - z.max())
    right[: F.size] -= np.outer(a / a.sum(), g).ravel()
    return right


def _bilinear(rng: np.random.Generator) -> tuple:
    L, D, H = rng.integers(2, 5, size=3)
    shapes = (D,), (L, D), (H,), (D, H)
    return tuple(rng.normal(size=shape) for shape in shapes)


EXERCISES["7.5"] = Exercise(
    like_function(
        bilinear_gradients,
        _bilinear,
        lambda g, F, s, M: f"F of shape {F.shape} and M of shape {M.shape}",
    ),
    right=bilinear_gradients,
    wrong=bilinear_without_looking,
)


def coverage_measure(A: np.ndarray) -> float:
    """Exercise 7.6: the sum of the logarithms of coverages, each at most 1."""
    return float(sum(min(np.log(kappa), 0.0) for kappa in A.sum(axis=0)))


def coverage_of_targets(A: np.ndarray) -> float:
    """A wrong answer to 7.6: without the minimum."""
    return float(np.log(A.sum(axis=0)).sum())


EXERCISES["7.6"] = Exercise(
    like_function(
        coverage_measure,
        lambda rng: (rng.dirichlet(np.ones(4), size=5),),
        lambda A: f"column sums {np.round(A.sum(axis=0), 2)}",
    ),
    right=coverage_measure,
    wrong=coverage_of_targets,
)


def copied(words: list[str], A: np.ndarray, source: list[str]) -> list[str]:
    """Exercise 7.7: unknown words replaced by what was looked at most."""
    looked_at = [source[i] for i in A.argmax(axis=1)]
    pairs = zip(words, looked_at, strict=True)
    return [there if word == "<unknown>" else word for word, there in pairs]


def copied_by_column(words: list[str], A: np.ndarray, source: list[str]) -> list[str]:
    """A wrong answer to 7.7: the source word that looked at most at this target."""
    places = [int(t) for t in A.argmax(axis=0)]
    return [
        source[places.index(t)] if word == "<unknown>" and t in places else word
        for t, word in enumerate(words)
    ]


def _translation_with_gaps(rng: np.random.Generator) -> tuple:
    T, L = rng.integers(3, 5, size=2)
    words = [str(rng.choice(["<unknown>", f"target{t}"])) for t in range(T)]
    words[int(rng.integers(T))] = "<unknown>"
    return words, rng.dirichlet(np.ones(L), size=T), [f"source{i}" for i in range(L)]


EXERCISES["7.7"] = Exercise(
    like_function(
        copied,
        _translation_with_gaps,
        lambda words, A, source: f"{words = } and A = {np.round(A, 2).tolist()}",
        fault_of_lists,
    ),
    right=copied,
    wrong=copied_by_column,
)


def linear_attention(Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> np.ndarray:
    """Exercise 7.8: by the definition, with all pairs."""
    weights = np.tril(Q @ K.T)
    return weights @ V / weights.sum(axis=1, keepdims=True)


def linear_attention_to_all(Q: np.ndarray, K: np.ndarray, V: np.ndarray) -> np.ndarray:
    """A wrong answer to 7.8: later positions are seen too."""
    weights = Q @ K.T
    return weights @ V / weights.sum(axis=1, keepdims=True)


def _positive_queries(rng: np.random.Generator) -> tuple:
    L, d, e = rng.integers(2, 6, size=3)
    Q, K = rng.uniform(0.1, 1, size=(2, L, d))
    return Q, K, rng.normal(size=(L, e))


EXERCISES["7.8"] = Exercise(
    like_function(
        linear_attention,
        _positive_queries,
        lambda Q, K, V: f"Q of shape {Q.shape} and V of shape {V.shape}",
        first=[(np.ones((1, 1)), np.ones((1, 1)), np.full((1, 2), 3.0))],
    ),
    right=linear_attention,
    wrong=linear_attention_to_all,
)


def beam_loses(beginning: tuple[int, ...]) -> list[float]:
    """Exercise 7.9: two good continuations of 1 crowd out what greedy finds."""
    table = {
        (): [0.45, 0.4, 0.15],
        (0,): [0.4, 0.3, 0.3],
        (0, 0): [0.0, 0.0, 1.0],
        (1,): [0.5, 0.5, 0.0],
    }
    return table.get(beginning, [0.33, 0.31, 0.36])


def beam_wins(beginning: tuple[int, ...]) -> list[float]:
    """A wrong answer to 7.9: the beam finds what greedy misses."""
    table = {(): [0.55, 0.4, 0.05], (0,): [0.35, 0.35, 0.3]}
    return table.get(beginning, [0.05, 0.05, 0.9])


def fault_of_losing_beam(answer: Any, rng: np.random.Generator) -> str | None:
    """Both searches are run on the table; a beam of 2 must end with less."""
    if not callable(answer):
        return f"a function is expected, but {type(answer).__name__} came."

    def step(tokens: np.ndarray, beginnings: np.ndarray) -> tuple:
        read = np.column_stack([beginnings, tokens])
        rows = [answer(tuple(map(int, row[2:]))) for row in read]
        with np.errstate(divide="ignore"):
            return np.log(np.array(rows, dtype=float)), read

    for length in range(4):
        for beginning in product((0, 1), repeat=length):
            p = np.asarray(answer(beginning), dtype=float)
            if p.shape != (3,) or p.min() < 0 or abs(p.sum() - 1) > TOLERANCE:
                return f"three probabilities are expected after {beginning}, got {p}."
    found = []
    for width in (1, 2):
        best = beam_search(step, np.zeros((1, 1), int), 9, 2, width, 4)[0][0]
        if not best.finished:
            return f"a beam of {width} does not end within four words."
        found.append(best.log_probability)
    greedy, beam = np.exp(found)
    if beam < greedy - TOLERANCE:
        return None
    return f"greedy ends with {greedy:.3f}, and a beam of 2 with {beam:.3f}."


EXERCISES["7.9"] = Exercise(fault_of_losing_beam, right=beam_loses, wrong=beam_wins)


def reordered(
    source: list[str], alignment: list[int], order: np.ndarray
) -> tuple[list[str], list[int]]:
    """Exercise 7.10: a shuffled source, and the alignment that goes with it."""
    place_of = {int(old): new for new, old in enumerate(order)}
    return [source[i] for i in order], [place_of.get(j, -1) for j in alignment]


def reordered_by_the_order(
    source: list[str], alignment: list[int], order: np.ndarray
) -> tuple[list[str], list[int]]:
    """A wrong answer to 7.10: by the permutation in place of its inverse."""
    return [source[i] for i in order], [
        int(order[j]) if j >= 0 else j for j in alignment
    ]


def _aligned(rng: np.random.Generator) -> tuple:
    L = int(rng.integers(4, 8))
    alignment = rng.integers(-1, L, size=L).tolist()
    return [f"word{i}" for i in range(L)], alignment, rng.permutation(L)


EXERCISES["7.10"] = Exercise(
    like_function(
        reordered,
        _aligned,
        lambda source, alignment, order: f"{alignment = } and order = {order.tolist()}",
        fault_of_lists,
    ),
    right=reordered,
    wrong=reordered_by_the_order,
)


def masked_loss(log_p: np.ndarray, lengths: np.ndarray) -> float:
    """Exercise 7.11: a loop over the words of all targets."""
    total = sum(log_p[t, n] for n, T in enumerate(lengths) for t in range(T))
    return float(-total / np.sum(lengths))


def mean_of_means(log_p: np.ndarray, lengths: np.ndarray) -> float:
    """The mean of the losses of the sentences: wrong."""
    return float(np.mean([-log_p[:T, n].mean() for n, T in enumerate(lengths)]))


def _losses_and_lengths(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    lengths = rng.permutation([1, 4, *rng.integers(1, 5, size=2)])
    return np.log(rng.uniform(0.05, 1, size=(4, 4))), lengths


EXERCISES["7.11"] = Exercise(
    like_function(
        masked_loss,
        _losses_and_lengths,
        lambda log_p, lengths: f"log_p of shape {log_p.shape} and {lengths = }",
    ),
    right=masked_loss,
    wrong=mean_of_means,
)


def most_frequent_pair(parts: list[list[str]], counts: list[int]) -> tuple[str, str]:
    """Exercise 7.12: the first of the most frequent pairs."""
    total: dict[tuple[str, str], int] = {}
    for word, count in zip(parts, counts, strict=True):
        for i in range(len(word) - 1):
            pair = (word[i], word[i + 1])
            total[pair] = total.get(pair, 0) + count
    most = max(total.values())
    return next(pair for pair, count in total.items() if count == most)


def most_frequent_once(parts: list[list[str]], counts: list[int]) -> tuple[str, str]:
    """Every word counted once: wrong."""
    return most_frequent_pair(parts, [1] * len(counts))


def _words_in_parts(rng: np.random.Generator) -> tuple[list[list[str]], list[int]]:
    n = int(rng.integers(2, 6))
    units = np.array(["a", "b", "c", "ab"])
    parts = [rng.choice(units, int(rng.integers(2, 6))).tolist() for _ in range(n)]
    return parts, rng.integers(1, 9, size=n).tolist()


EXERCISES["7.12"] = Exercise(
    like_function(
        most_frequent_pair,
        _words_in_parts,
        lambda parts, counts: f"{parts = } and {counts = }",
        fault_of_lists,
        first=[([["a", "b"], ["c", "b"]], [1, 3]), ([["a", "b"], ["b", "c"]], [2, 2])],
    ),
    right=most_frequent_pair,
    wrong=most_frequent_once,
)
