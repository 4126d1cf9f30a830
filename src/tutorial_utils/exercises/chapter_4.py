"""The exercises of chapter 4, each beside its reference and a wrong answer."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import Any

import numpy as np

from ..neural_networks import MLP
from ..representation_learning import Autoencoder
from .checking import (
    Exercise,
    fault_of_value,
    like_function,
    like_number,
    like_numbers,
)

EXERCISES: dict[str, Exercise] = {}


def units_needed(n: int, v: int) -> tuple[int, int, int]:
    """Exercise 4.1: units of a one-hot, a binary and a v-valued code for n things."""

    def smallest(values: int) -> int:
        m = 1
        while values**m < n:
            m += 1
        return m

    return n, smallest(2), smallest(v)


def _things_and_values(rng: np.random.Generator) -> tuple[int, int]:
    """Where logarithms go wrong by a hair, up or down, in half of the draws."""
    traps = ((125, 5), (216, 6), (243, 3), (128, 2), (2**29, 2))
    if rng.random() < 0.5:
        return traps[rng.integers(len(traps))]
    v = int(rng.integers(2, 7))
    return v ** int(rng.integers(1, 6)) + int(rng.integers(2)), v


EXERCISES["4.1"] = Exercise(
    like_function(
        units_needed,
        _things_and_values,
        lambda n, v: f"n = {n} and v = {v}",
    ),
    right=units_needed,
    wrong=lambda n, v: (n, *(int(np.log(n) / np.log(m)) + 1 for m in (2, v))),
)


def twice_applied_gradient(W: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Exercise 4.2: the gradient of half the squared error of W W x."""
    h = W @ x
    error = W @ h - x
    return np.outer(error, h) + np.outer(W.T @ error, x)


def upper_place_only(W: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A wrong answer to 4.2: one of the two places."""
    h = W @ x
    return np.outer(W @ h - x, h)


EXERCISES["4.2"] = Exercise(
    like_function(
        twice_applied_gradient,
        lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=3)),
        lambda W, x: f"W of shape {W.shape} and x = {np.round(x, 2)}",
        first=[(np.eye(3), np.zeros(3)), (np.ones((1, 1)), np.ones(1))],
    ),
    right=twice_applied_gradient,
    wrong=upper_place_only,
)


EXERCISES["4.3"] = Exercise(
    like_number(np.arctan(1 / np.sqrt(2))),
    right=np.arctan(1 / np.sqrt(2)),
    wrong=np.pi / 4,
)


def smallest_loss_uncentred(X: np.ndarray, H: int) -> float:
    """Exercise 4.4: the smallest loss without biases and without centring."""
    return float(np.linalg.eigvalsh(X.T @ X / len(X))[:-H].sum() / 2)


EXERCISES["4.4"] = Exercise(
    like_function(
        smallest_loss_uncentred,
        lambda rng: (rng.normal(size=(9, 4)) + 1, int(rng.integers(1, 4))),
        lambda X, H: f"X of shape {X.shape} and H = {H}",
    ),
    right=smallest_loss_uncentred,
    wrong=lambda X, H: smallest_loss_uncentred(X - X.mean(axis=0), H),
)


def shrinkage(lam: float, s: float) -> tuple[float, float]:
    """Exercise 4.5: the best factor for a noisy number, and its expected loss."""
    return lam / (lam + s**2), lam * s**2 / (lam + s**2) / 2


EXERCISES["4.5"] = Exercise(
    like_function(
        shrinkage,
        lambda rng: tuple(rng.uniform(0.2, 3, size=2)),
        lambda lam, s: f"lam = {lam:.2f} and s = {s:.2f}",
    ),
    right=shrinkage,
    wrong=lambda lam, s: (lam / (lam + s), lam * s / (lam + s) / 2),
)


def smoothed_ppmi(counts: np.ndarray, alpha: float) -> np.ndarray:
    """Exercise 4.6: PPMI with smoothed contexts."""
    joint = counts / counts.sum()
    smooth = counts.sum(axis=0) ** alpha
    apart = joint.sum(axis=1, keepdims=True) * smooth / smooth.sum()
    lift = np.divide(joint, apart, out=np.zeros_like(joint), where=joint > 0)
    return np.log(np.maximum(lift, 1))  # a pair that is never seen has 0


EXERCISES["4.6"] = Exercise(
    like_function(
        smoothed_ppmi,
        lambda rng: (
            rng.integers(6, size=(4, 5)) + np.eye(4, 5) + (np.arange(5) == 4),
            rng.uniform(0.5, 1),
        ),
        lambda counts, a: f"counts of shape {counts.shape} and alpha = {a:.2f}",
    ),
    right=smoothed_ppmi,
    wrong=lambda counts, alpha: smoothed_ppmi(counts, 1.0),
)


def conditional_from_scores(s: np.ndarray, noise: np.ndarray, k: int) -> np.ndarray:
    """Exercise 4.7: p(c | w) from the optimal scores of negative sampling."""
    return k * noise * np.exp(s)


def softmax_of_scores(s: np.ndarray, noise: np.ndarray, k: int) -> np.ndarray:
    """A wrong answer to 4.7: as if the scores were those of a softmax."""
    return np.exp(s) / np.exp(s).sum()


def _optimal_scores(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    V, k = int(rng.integers(3, 8)), int(rng.integers(1, 10))
    conditional, noise = rng.dirichlet(np.full(V, 3.0), size=2)
    return np.log(conditional / noise / k), noise, k


EXERCISES["4.7"] = Exercise(
    like_function(
        conditional_from_scores,
        _optimal_scores,
        lambda s, noise, k: f"s = {np.round(s, 2)} and k = {k}",
    ),
    right=conditional_from_scores,
    wrong=softmax_of_scores,
)


def unrolled(stack: list) -> Any:
    """Exercise 4.8: a stack of tied auto-encoders as one deep network."""
    widths = [stack[0].W.shape[1], *(len(coder.W) for coder in stack)]
    network = MLP(
        [*widths, *widths[-2::-1]], stack[0].activation, np.random.default_rng(0)
    )
    down = stack[::-1]
    network.W = [coder.W.copy() for coder in stack] + [
        coder.W.T.copy() for coder in down
    ]
    network.b = [coder.b.copy() for coder in stack] + [coder.c.copy() for coder in down]
    return network


def unrolled_in_one_order(stack: list) -> Any:
    """A wrong answer to 4.8: the biases of the decoders from the bottom up."""
    network = unrolled(stack)
    n = len(stack)
    network.b[n:] = [
        np.resize(coder.c, b.shape)
        for coder, b in zip(stack, network.b[n:], strict=True)
    ]
    return network


def fault_of_unrolled(answer: Any, rng: np.random.Generator) -> str | None:
    """Weights and biases are compared, layer by layer, for random stacks."""
    if not callable(answer):
        return f"a function is expected, but {type(answer).__name__} came."
    for _ in range(3):
        sizes = rng.integers(2, 7, size=int(rng.integers(3, 5))).tolist()
        activation = str(rng.choice(["tanh", "relu", "sigmoid"]))
        stack = [Autoencoder(n, m, activation, rng) for n, m in pairwise(sizes)]
        for coder in stack:
            coder.b, coder.c = (
                rng.normal(size=len(coder.b)),
                rng.normal(size=len(coder.c)),
            )
        expected, own = unrolled(stack), deepcopy(stack)
        network = answer(own)
        where = f"for a stack of sizes {sizes}"
        if not isinstance(network, MLP):
            return f"an MLP is expected {where}, but {type(network).__name__} came."
        if len(network.W) != len(expected.W) or len(network.b) != len(expected.b):
            return f"{len(expected.W)} layers are expected {where}."
        for layer, (W, b) in enumerate(zip(expected.W, expected.b, strict=True), 1):
            fault = fault_of_value(
                network.W[layer - 1], W, f"as the weights of layer {layer} {where}"
            ) or fault_of_value(
                network.b[layer - 1], b, f"as the biases of layer {layer} {where}"
            )
            if fault:
                return fault
        fault = fault_of_value(network.sizes, expected.sizes, f"as the sizes {where}")
        if fault or network.activation != activation:
            return fault or f"the activation {activation} is expected {where}."
        kept = [part for coder in own for part in coder.parameters().values()]
        if any(np.shares_memory(W, part) for W in network.W for part in kept):
            return "the network shares its arrays with the stack; copy them."
    return None


EXERCISES["4.8"] = Exercise(
    fault_of_unrolled, right=unrolled, wrong=unrolled_in_one_order
)


def cos_mul(vectors: np.ndarray, a: int, b: int, c: int) -> int:
    """Exercise 4.9: the best word by products of cosines."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    to_a, to_b, to_c = ((1 + units @ units[word]) / 2 for word in (a, b, c))
    scores = to_b * to_c / (to_a + 0.001)
    scores[[a, b, c]] = -np.inf
    return int(scores.argmax())


def cos_add(vectors: np.ndarray, a: int, b: int, c: int) -> int:
    """A wrong answer to 4.9: the sum."""
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = units @ (units[b] - units[a] + units[c])
    scores[[a, b, c]] = -np.inf
    return int(scores.argmax())


def _question(rng: np.random.Generator) -> tuple[np.ndarray, int, int, int]:
    """Vectors and a question; in half of the draws b or c would be its own answer."""
    vectors = rng.normal(size=(200, 3))
    a, b, c = rng.permutation(200)[:3].tolist()
    if rng.random() < 0.5:
        for word in (b, c):
            vectors[word] = -vectors[a] + 0.1 * rng.normal(size=3)
    return vectors, a, b, c


EXERCISES["4.9"] = Exercise(
    like_function(
        cos_mul,
        _question,
        lambda vectors, a, b, c: f"vectors {vectors.shape}, {a = }, {b = }, {c = }",
    ),
    right=cos_mul,
    wrong=cos_add,
)


def share_left(counts: np.ndarray, t: float) -> float:
    """Exercise 4.10: the share of a text that subsampling leaves."""
    f = counts / counts.sum()
    return float(np.sum(f * np.minimum(1, np.sqrt(t / f))))


def share_of_words_left(counts: np.ndarray, t: float) -> float:
    """A wrong answer to 4.10: the mean over words, not over the text."""
    f = counts / counts.sum()
    return float(np.mean(np.minimum(1, np.sqrt(t / f))))


EXERCISES["4.10"] = Exercise(
    like_function(
        share_left,
        lambda rng: (rng.integers(1, 100, size=20), rng.uniform(0.01, 0.05)),
        lambda counts, t: f"{len(counts)} words and t = {t:.3f}",
    ),
    right=share_left,
    wrong=share_of_words_left,
)


# Exercise 4.11, by hand: u of the context and of the noise word after a step.
EXERCISES["4.11"] = Exercise(
    like_numbers([0.5, 0.5, np.log(3) - 0.75, -0.75]),
    right=[0.5, 0.5, 0.348612, -0.75],
    wrong=[0.5, 0.5, np.log(3) + 0.75, 0.75],  # the noise pulled towards the centre
)


def contrastive_loss(C: np.ndarray, t: float) -> float:
    """Exercise 4.12: the InfoNCE loss of cosines, both ways."""
    S = C / t
    both = (np.logaddexp.reduce(S, axis=axis) - np.diag(S) for axis in (0, 1))
    return float(np.mean([*both]))


def contrastive_loss_one_way(C: np.ndarray, t: float) -> float:
    """A wrong answer to 4.12: the rows only."""
    return float(np.mean(np.logaddexp.reduce(C / t, axis=1) - np.diag(C) / t))


EXERCISES["4.12"] = Exercise(
    like_function(
        contrastive_loss,
        lambda rng: (rng.uniform(-1, 1, size=(n := rng.integers(2, 6), n)), 0.5),
        lambda C, t: f"C of shape {C.shape} and {t = }",
        first=[(np.eye(2), 1.0)],
    ),
    right=contrastive_loss,
    wrong=contrastive_loss_one_way,
)
