"""The exercises of chapter 2, each beside its reference and a wrong answer."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from ..neural_networks import MLP, relu, sigmoid, sparsemax, sparsemax_threshold
from .checking import TOLERANCE, Exercise, like_function, like_number, told_apart

EXERCISES: dict[str, Exercise] = {}


def majority_neuron() -> list[float]:
    """Exercise 2.1: weights and bias of a neuron for the majority of three bits."""
    return [10, 10, 10, -15]


def fault_of_majority_neuron(answer: Any, rng: np.random.Generator) -> str | None:
    """Exercise 2.1: is the neuron high for two bits or three, and low otherwise?"""
    parameters = np.asarray(answer, dtype=float)
    if parameters.shape != (4,):
        return f"four numbers are expected, but shape {parameters.shape} came."
    if not np.isfinite(parameters).all():
        return "NaN or infinity came."
    for bits in np.ndindex(2, 2, 2):
        activation = sigmoid(parameters @ [*bits, 1])
        if not (activation > 0.9 if sum(bits) >= 2 else activation < 0.1):
            return f"the activation is {activation:.2f} for the bits {bits}."
    return None


EXERCISES["2.1"] = Exercise(
    fault_of_majority_neuron, right=majority_neuron(), wrong=[10, 10, 10, -5]
)


def leaky_slope(z: np.ndarray, a: float) -> np.ndarray:
    """Exercise 2.2: the derivative of the leaky rectified linear unit."""
    return np.where(z > 0, 1.0, a)


def leaky_value(z: np.ndarray, a: float) -> np.ndarray:
    """A wrong answer to exercise 2.2: the unit itself."""
    return np.where(z > 0, z, a * z)


def _with_a_kink(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    shape = tuple(rng.integers(1, 5, size=rng.integers(1, 4)))
    z = rng.normal(size=shape)
    z.flat[0] = 0
    return z, rng.uniform(0.01, 0.5)


EXERCISES["2.2"] = Exercise(
    like_function(
        leaky_slope,
        _with_a_kink,
        lambda z, a: f"z of shape {z.shape} and a = {a:.2f}",
    ),
    right=leaky_slope,
    wrong=leaky_value,
)


def number_of_parameters(sizes: list[int]) -> int:
    """Exercise 2.3: how many weights and biases a network has."""
    return sum(n * (m + 1) for m, n in pairwise(sizes))


def number_of_weights(sizes: list[int]) -> int:
    """A wrong answer to exercise 2.3: the biases are forgotten."""
    return sum(n * m for m, n in pairwise(sizes))


EXERCISES["2.3"] = Exercise(
    like_function(
        number_of_parameters,
        lambda rng: (rng.integers(1, 20, size=rng.integers(2, 6)).tolist(),),
        lambda sizes: f"sizes = {sizes}",
    ),
    right=number_of_parameters,
    wrong=number_of_weights,
)


def parity_network(third: float = 2.0) -> list[np.ndarray]:
    """Exercise 2.4: a network for the parity of three bits, as W1, b1, W2 and b2."""
    b1 = np.array([0.0, -1.0, -2.0])
    return [np.ones((3, 3)), b1, np.array([[1.0, -2.0, third]]), np.zeros(1)]


def fault_of_parity_network(answer: Any, rng: np.random.Generator) -> str | None:
    """Exercise 2.4: does the network compute the parity of all eight inputs?"""
    network = MLP([3, 3, 1], "relu", rng)
    shapes = [(3, 3), (3,), (1, 3), (1,)]
    if not isinstance(answer, list | tuple) or len(answer) != len(shapes):
        return "a list of four arrays is expected."
    arrays = [np.asarray(part, dtype=float) for part in answer]
    for name, array, shape in zip(
        ("W1", "b1", "W2", "b2"), arrays, shapes, strict=True
    ):
        if array.shape != shape:
            return f"{name} must have shape {shape}, but {array.shape} came."
        if not np.isfinite(array).all():
            return f"NaN or infinity came in {name}."
    network.W, network.b = arrays[::2], arrays[1::2]
    for bits in np.ndindex(2, 2, 2):
        score = network.forward(np.array([bits]))[0, 0]
        parity = sum(bits) % 2
        if abs(score - parity) > TOLERANCE:
            _, shown = told_apart(parity, score)
            return f"the score is {shown} for the bits {bits}."
    return None


EXERCISES["2.4"] = Exercise(
    fault_of_parity_network, right=parity_network(), wrong=parity_network(1.0)
)


def nine_to_one(a: float, b: float) -> float:
    """Exercise 2.5: the temperature at which the score a gets 0.9 against b."""
    return (a - b) / np.log(9)


EXERCISES["2.5"] = Exercise(
    like_function(
        nine_to_one,
        lambda rng: tuple(np.sort(rng.normal(size=2))[::-1].tolist()),
        lambda a, b: f"a = {a:.2f} and b = {b:.2f}",
    ),
    right=nine_to_one,
    wrong=lambda a, b: np.log(9) / (a - b),
)


def threshold_by_hand() -> float:
    """Exercise 2.6: the threshold for four scores."""
    return float(sparsemax_threshold(np.array([1.2, 0.9, 0.1, -3.0]))[0])


EXERCISES["2.6"] = Exercise(
    like_number(threshold_by_hand()), right=threshold_by_hand(), wrong=0.2
)


def threshold(z: np.ndarray) -> float:
    """Exercise 2.7: the threshold of one score vector."""
    return float(sparsemax_threshold(z)[0])


EXERCISES["2.7"] = Exercise(
    like_function(
        threshold,
        lambda rng: (3 * rng.normal(size=rng.integers(1, 10)),),
        lambda z: f"z = {np.round(z, 2)}",
        first=[(np.array([2.0]),), (np.zeros(3),), (np.array([1.0, 1.0, -5.0]),)],
    ),
    right=threshold,
    wrong=lambda z: (z.sum() - 1) / len(z),
)


def sparsemax_jacobian(p: np.ndarray) -> np.ndarray:
    """Exercise 2.8: the Jacobian of sparsemax, (K, K), from its output (K,)."""
    s = (p > 0).astype(float)
    return np.diag(s) - np.outer(s, s) / s.sum()


def softmax_jacobian(p: np.ndarray) -> np.ndarray:
    """A wrong answer to exercise 2.8: the Jacobian of softmax."""
    return np.diag(p) - np.outer(p, p)


def _sparse_output(rng: np.random.Generator) -> tuple[np.ndarray]:
    return (sparsemax(rng.normal(size=rng.integers(2, 8))),)


EXERCISES["2.8"] = Exercise(
    like_function(
        sparsemax_jacobian,
        _sparse_output,
        lambda p: f"p = {np.round(p, 2)}",
        first=[(np.array([1.0]),), (np.array([0.0, 1.0]),), (np.array([0.5, 0.5]),)],
    ),
    right=sparsemax_jacobian,
    wrong=softmax_jacobian,
)


def leads_to_certainty(K: int) -> tuple[float, float]:
    """Exercise 2.9: the leads that sparsemax needs for 1 and softmax for 0.99."""
    return 1.0, float(np.log(99 * (K - 1)))


EXERCISES["2.9"] = Exercise(
    like_function(
        leads_to_certainty,
        lambda rng: (int(rng.integers(2, 1000)),),
        lambda K: f"K = {K}",
    ),
    right=leads_to_certainty,
    wrong=lambda K: (1 / K, np.log(99 * K)),
)


def bumps_needed(slope: float, error: float) -> int:
    """Exercise 2.10: the smallest number of bumps whose bound is at most error."""
    M = 2
    while slope / M + 2 * slope / (1 + M**2) > error:
        M += 1
    return M


def bumps_without_tails(slope: float, error: float) -> int:
    """A wrong answer to exercise 2.10: the second term of the bound is forgotten."""
    return max(2, int(np.ceil(slope / error)))


EXERCISES["2.10"] = Exercise(
    like_function(
        bumps_needed,
        lambda rng: (rng.uniform(1, 10), rng.uniform(0.01, 0.5)),
        lambda slope, error: f"slope {slope:.2f} and error {error:.3f}",
    ),
    right=bumps_needed,
    wrong=bumps_without_tails,
)


def linear_pieces(network: Any) -> int:
    """Exercise 2.11: the number of linear pieces of a relu network on [0, 1], exactly.

    network : an MLP with one input, one output and activation relu.
    """
    kinks = _kinks(network)
    slopes = np.diff(network.forward(kinks[:, None])[:, 0]) / np.diff(kinks)
    return 1 + int(np.count_nonzero(np.abs(np.diff(slopes)) > TOLERANCE))


def _kinks(network: Any) -> np.ndarray:
    """0, 1, and between them, in order, where a unit of a relu network has its kink."""
    kinks = np.array([0.0, 1.0])
    H = kinks[:, None]
    for W, b in zip(network.W[:-1], network.b[:-1], strict=True):
        Z = H @ W.T + b  # linear between neighbouring kinks
        low, high = Z[:-1], Z[1:]
        place, unit = np.nonzero(low * high < 0)
        share = low[place, unit] / (low[place, unit] - high[place, unit])
        new = kinks[place] + share * (kinks[place + 1] - kinks[place])
        between = Z[place] + share[:, None] * (Z[place + 1] - Z[place])
        order = np.argsort(np.concatenate([kinks, new]))
        kinks = np.concatenate([kinks, new])[order]
        H = np.maximum(np.concatenate([Z, between])[order], 0)
    return kinks


def kinks_of_the_first_layer(network: Any) -> int:
    """A wrong answer to exercise 2.11: only the first layer has kinks."""
    kinks = -network.b[0] / network.W[0][:, 0]
    return 1 + int(np.count_nonzero((kinks > 0) & (kinks < 1)))


def _network_with_long_pieces(rng: np.random.Generator) -> tuple[Any]:
    """A network whose pieces a grid cannot miss, with kinks in two layers."""
    while True:
        network = MLP([1, 4, 4, 1], "relu", rng)
        network.W = [rng.normal(size=W.shape) for W in network.W]
        network.b = [rng.normal(size=b.shape) for b in network.b]
        kinks = _kinks(network)
        lengths = np.diff(kinks)
        if lengths.min() < 0.01 or len(kinks) < 4:
            continue
        slopes = np.diff(network.forward(kinks[:, None])[:, 0]) / lengths
        clear = np.abs(np.diff(slopes)).min() > 0.05
        if clear and linear_pieces(network) != kinks_of_the_first_layer(network):
            return (network,)


EXERCISES["2.11"] = Exercise(
    like_function(
        linear_pieces,
        _network_with_long_pieces,
        lambda network: f"a network of sizes {network.sizes}",
    ),
    right=linear_pieces,
    wrong=kinks_of_the_first_layer,
)


def forward_by_hand() -> list[float]:
    """Exercise 2.12: two hidden values and the score of a small network."""
    hidden = relu(np.array([[1.0, -1.0], [2.0, 1.0]]) @ [2, 1] + [0, -1])
    return [*hidden.tolist(), float(hidden @ [3, -2] + 0.5)]


def fault_of_forward_pass(answer: Any, rng: np.random.Generator) -> str | None:
    """Exercise 2.12: which of the three numbers is not right?"""
    given, right = np.asarray(answer, dtype=float), forward_by_hand()
    if given.shape != (3,):
        return f"three numbers are expected, but shape {given.shape} came."
    for name, ours, theirs in zip(("h1", "h2", "z"), right, given, strict=True):
        if not abs(ours - theirs) <= TOLERANCE:
            return f"{name} is not {theirs:g}."
    return None


EXERCISES["2.12"] = Exercise(
    fault_of_forward_pass, right=forward_by_hand(), wrong=[1, 4, -5]
)
