"""Checkers of the exercises: `check("1.3", answer)` says what is wrong, in a sentence.

Each exercise has a reference and, beside it, a plausible wrong answer for the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from itertools import pairwise, product
from typing import Any

import numpy as np

N_TRIALS = 20
TOLERANCE = 1e-6  # an answer in single precision is right too


@dataclass(frozen=True)
class Report:
    """What a checker says; true if the answer is right."""

    correct: bool
    message: str

    def __bool__(self) -> bool:
        return self.correct

    def __repr__(self) -> str:
        return self.message


@dataclass(frozen=True)
class Exercise:
    """A checker, which returns what is wrong or None, a right and a wrong answer."""

    find_fault: Callable[[Any, np.random.Generator], str | None]
    right: Any
    wrong: Any


def check(exercise: str, answer: Any) -> Report:
    """Compare an answer with the reference, on fresh random inputs.

    exercise : its number, as "1.3". answer : a function or a number, as the exercise
    asks; None means not answered yet. A wrong answer is reported, whatever it does;
    ValueError only if there is no such exercise.
    """
    if exercise not in exercises():
        known = ", ".join(exercises())
        raise ValueError(f"exercise must be one of {known}, got {exercise!r}")
    if answer is None:
        return Report(False, f"Exercise {exercise}: not answered yet.")
    try:
        fault = exercises()[exercise].find_fault(answer, np.random.default_rng())
    except (Exception, SystemExit) as error:
        fault = f"the answer stopped with {type(error).__name__}: {error}"
    if fault is None:
        return Report(True, f"Exercise {exercise}: correct.")
    return Report(False, f"Exercise {exercise}: not yet right: {fault}")


# ---- what can be wrong


def fault_of_value(got: Any, expected: Any, where: str) -> str | None:
    """Say how a value differs from the expected one, None if it does not."""
    if got is None:
        return f"nothing came back {where}; is there a return?"
    if np.iscomplexobj(got):
        return f"real numbers are expected {where}, but complex ones came."
    try:
        values = np.asarray(got, dtype=float)
    except (TypeError, ValueError):
        return f"numbers are expected {where}, but {type(got).__name__} came."
    target = np.asarray(expected, dtype=float)
    if values.shape != target.shape:
        return f"shape {target.shape} is expected {where}, but {values.shape} came."
    if not np.isfinite(values).all():
        return f"NaN or infinity came {where}."
    slack = TOLERANCE * (1 + np.abs(target).max(initial=0))
    if np.abs(values - target).max(initial=0) <= slack:
        return None
    if np.abs(values + target).max(initial=0) <= slack:
        return f"the sign is wrong {where}."
    at = np.unravel_index(np.abs(values - target).argmax(), target.shape)
    entry = f" in entry {tuple(map(int, at))}" if at else ""
    return f"{target[at]:.4g} is expected{entry} {where}, but {values[at]:.4g} came."


def like_function(
    reference: Callable[..., Any],
    draw_inputs: Callable[[np.random.Generator], tuple],
    show: Callable[..., str],
) -> Callable[[Any, np.random.Generator], str | None]:
    """A checker for a function that should return what the reference returns."""

    def find_fault(answer: Any, rng: np.random.Generator) -> str | None:
        if not callable(answer):
            return f"a function is expected, but {type(answer).__name__} came."
        for _ in range(N_TRIALS):
            inputs = draw_inputs(rng)
            expected = reference(*deepcopy(inputs))
            given = deepcopy(inputs)
            fault = fault_of_value(answer(*given), expected, f"for {show(*inputs)}")
            if fault:
                return fault
        return None

    return find_fault


def like_number(reference: float) -> Callable[[Any, np.random.Generator], str | None]:
    """A checker for a number."""

    def find_fault(answer: Any, rng: np.random.Generator) -> str | None:
        if callable(answer):
            return "a number is expected, but a function came."
        fault = fault_of_value(answer, reference, "here")
        if fault and "is expected here" in fault:
            return "that is not the number."  # which stays the reader's to find
        return fault

    return find_fault


def like_lists(
    reference: Callable[..., Any],
    draw_inputs: Callable[[np.random.Generator], tuple],
    show: Callable[..., str],
) -> Callable[[Any, np.random.Generator], str | None]:
    """A checker for a function that returns lists of words or of whole numbers."""

    def find_fault(answer: Any, rng: np.random.Generator) -> str | None:
        if not callable(answer):
            return f"a function is expected, but {type(answer).__name__} came."
        for _ in range(N_TRIALS):
            inputs = draw_inputs(rng)
            expected, got = reference(*inputs), answer(*deepcopy(inputs))
            if _plain(got) != _plain(expected):
                return f"{expected} is expected for {show(*inputs)}, but {got} came."
        return None

    return find_fault


def _plain(value: Any) -> Any:
    """Lists for tuples and arrays, all the way down."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return list(map(_plain, value)) if isinstance(value, list | tuple) else value


# ---- Chapter 1


def mistakes_by_hand(one_pass_only: bool = False) -> int:
    """Exercise 1.1: the perceptron's mistakes on three examples, in the order given."""
    from .linear_classifiers import perceptron

    X = np.array([[1.0, 1.0], [2.0, 1.0], [-1.0, 1.0]])
    epochs = 1 if one_pass_only else 100
    return perceptron(X, np.array([1, 0, 1]), n_classes=2, max_epochs=epochs).mistakes


def absorb_bias(W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Exercise 1.2: weights for features with a constant appended."""
    return np.column_stack([W, b])


def averaged_perceptron(
    X: np.ndarray, y: np.ndarray, n_classes: int, n_epochs: int
) -> np.ndarray:
    """Exercise 1.3: the mean of the weights after each example, of all epochs."""
    W = np.zeros((n_classes, X.shape[1]))
    total = np.zeros_like(W)
    for _ in range(n_epochs):
        for x, label in zip(X, y, strict=True):
            guess = (W @ x).argmax()
            if guess != label:
                W[label] += x
                W[guess] -= x
            total += W
    return total / (n_epochs * len(X))


def averaged_over_mistakes(
    X: np.ndarray, y: np.ndarray, n_classes: int, n_epochs: int
) -> np.ndarray:
    """A wrong answer to 1.3: the mean of the weights after each mistake only."""
    from .linear_classifiers import perceptron

    run = perceptron(X, y, n_classes, n_epochs, keep_trace=True)
    assert run.trace is not None  # it was asked for
    return run.trace.mean(axis=0)


def mistakes_by_order(
    X: np.ndarray, y: np.ndarray, n_classes: int, orders: np.ndarray
) -> np.ndarray:
    """Exercise 1.4: the number of mistakes for each order of the examples."""
    from .linear_classifiers import perceptron

    runs = [perceptron(X[p], y[p], n_classes, max_epochs=10_000) for p in orders]
    return np.array([run.mistakes for run in runs])


def mistakes_with_stale_labels(
    X: np.ndarray, y: np.ndarray, n_classes: int, orders: np.ndarray
) -> np.ndarray:
    """A wrong answer to 1.4: shuffles the examples but not their labels."""
    from .linear_classifiers import perceptron

    runs = [perceptron(X[p], y, n_classes, max_epochs=50) for p in orders]
    return np.array([run.mistakes for run in runs])


def hinge_subgradient(w: np.ndarray, x: np.ndarray, y: int) -> np.ndarray:
    """Exercise 1.5: a subgradient of max(0, 1 - y w·x) by w."""
    return -y * x if y * (w @ x) < 1 else np.zeros_like(x)


def subgradient_of_mistakes(w: np.ndarray, x: np.ndarray, y: int) -> np.ndarray:
    """A wrong answer to 1.5: moves only on mistakes, as the perceptron does."""
    return -y * x if y * (w @ x) <= 0 else np.zeros_like(x)


def tight_data(m: int) -> tuple[np.ndarray, np.ndarray]:
    """Exercise 1.6: data on which the perceptron makes exactly R²/γ² = m mistakes."""
    return np.eye(m), np.ones(m, dtype=int)


def repeated_example(m: int) -> tuple[np.ndarray, np.ndarray]:
    """A wrong answer to 1.6: the bound stays 1, however often the example comes."""
    return np.ones((m, 2)), np.ones(m, dtype=int)


def fault_of_tight_data(answer: Any, rng: np.random.Generator) -> str | None:
    """The answer's data are run, not compared: there is more than one such set."""
    from .linear_classifiers import maximum_margin, perceptron, radius

    if not callable(answer):
        return f"a function is expected, but {type(answer).__name__} came."
    for m in map(int, rng.integers(2, 12, size=5)):
        data = answer(m)
        if not isinstance(data, tuple) or len(data) != 2:
            return f"for m = {m} the pair X, y is expected."
        X, y = data
        _, gamma = maximum_margin(X, y, n_classes=2)
        bound = radius(X) ** 2 / gamma**2
        if abs(bound - m) > 1e-6 * m:
            return f"for m = {m} the bound of the data is {bound:.4g}."
        mistakes = perceptron(X, y, n_classes=2, max_epochs=10 * m).mistakes
        if mistakes != m:
            return f"for m = {m} the perceptron makes {mistakes} mistakes."
    return None


def margin_of_two(a: np.ndarray, b: np.ndarray) -> float:
    """Exercise 1.7: the largest margin of a in class 1 and b in class 0, K = 2."""
    t = np.clip(b @ (a + b) / ((a + b) @ (a + b)), 0, 1)
    return float(np.sqrt(2) * np.linalg.norm(t * a - (1 - t) * b))


def half_distance(a: np.ndarray, b: np.ndarray) -> float:
    """A wrong answer to 1.7: the margin that a free bias would allow, unscaled."""
    return float(np.linalg.norm(a - b) / 2)


def parity_features(X: np.ndarray) -> np.ndarray:
    """Exercise 1.8: the bits as ±1, and their product."""
    signs = 1 - 2 * X
    return np.column_stack([signs, signs.prod(axis=1)])


def pairwise_products(X: np.ndarray) -> np.ndarray:
    """A wrong answer to 1.8: products of two bits are not enough for three."""
    return np.column_stack(
        [X, X[:, 0] * X[:, 1], X[:, 0] * X[:, 2], X[:, 1] * X[:, 2], np.ones(len(X))]
    )


def fault_of_parity_features(answer: Any, rng: np.random.Generator) -> str | None:
    """Any features will do that separate the parity of three bits."""
    from .linear_classifiers import maximum_margin

    if not callable(answer):
        return f"a function is expected, but {type(answer).__name__} came."
    X = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)], dtype=float)
    X = X[rng.permutation(8)]
    features = answer(X.copy())
    if np.ndim(features) != 2 or len(features) != 8:
        return f"shape (8, D) is expected, but {np.shape(features)} came."
    if not all(np.allclose(answer(X[[n]]), features[[n]]) for n in range(8)):
        return "the features of an input must not depend on the other inputs."
    try:
        maximum_margin(features, X.sum(axis=1).astype(int) % 2, n_classes=2)
    except ValueError as error:
        return f"the eight inputs are not separated by these features: {error}."
    return None


def example_gradient(W: np.ndarray, x: np.ndarray, y: int) -> np.ndarray:
    """Exercise 1.9: the gradient of one example's log-loss."""
    from .linear_classifiers import logistic_gradient

    return logistic_gradient(W, x[None], np.array([y]), l2=0)


def gradient_without_the_label(W: np.ndarray, x: np.ndarray, y: int) -> np.ndarray:
    """A wrong answer to 1.9: probabilities times features, nothing subtracted."""
    from .linear_classifiers import class_probabilities

    return np.outer(class_probabilities(W, x[None]), x)


def counting_weights(log_prior: np.ndarray, log_likelihood: np.ndarray) -> np.ndarray:
    """Exercise 1.10: the log of how many times more likely class 1 is than class 0."""
    return np.append(log_likelihood[1] - log_likelihood[0], log_prior[1] - log_prior[0])


def leave_one_out_errors(X: np.ndarray, y: np.ndarray, C: float) -> int:
    """Exercise 1.11: wrong predictions on examples left out, support vectors only."""
    from .linear_classifiers import support_vector_machine

    support = support_vector_machine(X, y, C).support
    wrong = 0
    for n in support:
        others = np.arange(len(y)) != n
        machine = support_vector_machine(X[others], y[others], C)
        wrong += int(y[n] * (machine.weights @ X[n] + machine.bias) <= 0)
    return wrong


def number_of_support_vectors(X: np.ndarray, y: np.ndarray, C: float) -> int:
    """A wrong answer to 1.11: the bound in place of the number."""
    from .linear_classifiers import support_vector_machine

    return len(support_vector_machine(X, y, C).support)


def six_features(X: np.ndarray) -> np.ndarray:
    """Exercise 1.12: the features of (x·z + 1)² for two inputs."""
    from .linear_classifiers import polynomial_features

    return polynomial_features(X, degree=2)


def six_monomials(X: np.ndarray) -> np.ndarray:
    """A wrong answer to 1.12: the right products without their factors."""
    x1, x2 = X.T
    return np.column_stack([x1**2, x2**2, x1 * x2, x1, x2, np.ones(len(X))])


def fault_of_six_features(answer: Any, rng: np.random.Generator) -> str | None:
    """The dot products are compared: features in another order are right too."""
    from .linear_classifiers import polynomial_kernel

    if not callable(answer):
        return f"a function is expected, but {type(answer).__name__} came."
    for _ in range(N_TRIALS):
        X = rng.normal(size=(5, 2))
        features = np.asarray(answer(X.copy()), dtype=float)
        if features.shape != (5, 6):
            return f"shape (5, 6) is expected for 5 inputs, but {features.shape} came."
        products, kernel = features @ features.T, polynomial_kernel(X, X, degree=2)
        fault = fault_of_value(products, kernel, "among the dot products")
        if fault:
            return fault
    return None


def fault_of_three_numbers(answer: Any, rng: np.random.Generator) -> str | None:
    """Any three numbers will do whose Gram matrix has a negative eigenvalue."""
    fault = fault_of_value(answer, np.zeros(3), "here")
    if callable(answer) or (fault and "0 is expected" not in fault):
        return "three finite numbers are expected."
    numbers = np.asarray(answer, dtype=float)
    gram = (np.abs(numbers[:, None] - numbers) <= 1 + 1e-9).astype(float)
    smallest = np.linalg.eigvalsh(gram).min()
    if smallest < -1e-9:
        return None
    return f"the smallest eigenvalue for {numbers.tolist()} is {abs(smallest):.2f}."


def wires_to_the_halves() -> np.ndarray:
    """Exercise 1.14: one unit for anything on the left, one for the right."""
    left = np.tile(np.arange(20) < 10, 20)
    return np.column_stack([left, ~left]).astype(int)


def wires_to_the_columns() -> np.ndarray:
    """A wrong answer to 1.14: the middle of each half, which a square may miss."""
    column = np.tile(np.arange(20), 20)
    return np.column_stack([column == 4, column == 16]).astype(int)


def fault_of_wires(answer: Any, rng: np.random.Generator) -> str | None:
    """The wiring is tried on random cards: other wirings may be right too."""
    from .datasets import cards
    from .linear_classifiers import append_constant, perceptron

    if callable(answer) or np.shape(answer) != (400, 2):
        return "an array of shape (400, 2) is expected."
    wiring = np.asarray(answer)
    if not np.isin(wiring, (-1, 0, 1)).all():
        return "entries other than -1, 0 and 1 came."
    images, y = cards(rng, 3000, n_squares=2)
    fires = images @ wiring >= 1
    seen = np.unique(np.column_stack([fires, y]), axis=0)
    if len(np.unique(seen[:, :2], axis=0)) < len(seen):
        return "some cards with different answers make the same units fire."
    features = append_constant(seen[:, :2])
    if not perceptron(features, seen[:, 2], 2, max_epochs=1000).converged:
        return "what the two units say is not linearly separable."
    return None


def _small_data(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    n_classes = int(rng.integers(2, 5))
    X = rng.integers(-3, 4, size=(12, 3)).astype(float)
    return X, rng.integers(n_classes, size=12), n_classes


def _separable_orders(rng: np.random.Generator) -> tuple:
    from .datasets import separable_classes

    X, y, _ = separable_classes(rng, 12, 3, 2, margin=0.1)
    return X, y, 2, np.array([rng.permutation(12) for _ in range(5)])


def _near_the_hinge(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    x, w = rng.normal(size=3), rng.normal(size=3)
    # Leads from -1 to 2, so that right answers inside the hinge occur too.
    lead, y = rng.uniform(-1, 2), int(rng.choice([-1, 1]))
    return w + (y * lead - w @ x) * x / (x @ x), x, y


def _overlapping_labels(rng: np.random.Generator) -> tuple:
    """Data on which every machine, on all or all but one, has only one bias."""
    from .linear_classifiers import support_vector_machine

    while True:
        y = rng.permutation(np.repeat([-1, 1], 6))
        X = rng.normal(size=(12, 2)) + 0.8 * y[:, None]
        others = [*~np.eye(12, dtype=bool), np.ones(12, dtype=bool)]
        duals = [support_vector_machine(X[kept], y[kept], 2.0).dual for kept in others]
        # An example between its limits fixes the bias.
        if all(((dual > 0.01) & (dual < 1.99)).any() for dual in duals):
            return X, y, 2.0


# ---- Chapter 2


def majority_neuron() -> list[float]:
    """Exercise 2.1: weights and bias of a neuron for the majority of three bits."""
    return [10, 10, 10, -15]


def fault_of_majority_neuron(answer: Any, rng: np.random.Generator) -> str | None:
    """Exercise 2.1: is the neuron high for two bits or three, and low otherwise?"""
    from .neural_networks import sigmoid

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


def number_of_parameters(sizes: list[int]) -> int:
    """Exercise 2.3: how many weights and biases a network has."""
    return sum(n * (m + 1) for m, n in pairwise(sizes))


def number_of_weights(sizes: list[int]) -> int:
    """A wrong answer to exercise 2.3: the biases are forgotten."""
    return sum(n * m for m, n in pairwise(sizes))


def parity_network(third: float = 2.0) -> list[np.ndarray]:
    """Exercise 2.4: a network for the parity of three bits, as W1, b1, W2 and b2."""
    b1 = np.array([0.0, -1.0, -2.0])
    return [np.ones((3, 3)), b1, np.array([[1.0, -2.0, third]]), np.zeros(1)]


def fault_of_parity_network(answer: Any, rng: np.random.Generator) -> str | None:
    """Exercise 2.4: does the network compute the parity of all eight inputs?"""
    from .neural_networks import MLP

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
        if abs(score - sum(bits) % 2) > TOLERANCE:
            return f"the score is {score:.4g} for the bits {bits}."
    return None


def nine_to_one(a: float, b: float) -> float:
    """Exercise 2.5: the temperature at which the score a gets 0.9 against b."""
    return (a - b) / np.log(9)


def threshold_by_hand() -> float:
    """Exercise 2.6: the threshold for four scores."""
    from .neural_networks import sparsemax_threshold

    return float(sparsemax_threshold(np.array([1.2, 0.9, 0.1, -3.0]))[0])


def threshold(z: np.ndarray) -> float:
    """Exercise 2.7: the threshold of one score vector."""
    from .neural_networks import sparsemax_threshold

    return float(sparsemax_threshold(z)[0])


def sparsemax_jacobian(p: np.ndarray) -> np.ndarray:
    """Exercise 2.8: the Jacobian of sparsemax, (K, K), from its output (K,)."""
    s = (p > 0).astype(float)
    return np.diag(s) - np.outer(s, s) / s.sum()


def softmax_jacobian(p: np.ndarray) -> np.ndarray:
    """A wrong answer to exercise 2.8: the Jacobian of softmax."""
    return np.diag(p) - np.outer(p, p)


def _sparse_output(rng: np.random.Generator) -> tuple[np.ndarray]:
    from .neural_networks import sparsemax

    return (sparsemax(rng.normal(size=rng.integers(2, 8))),)


def leads_to_certainty(K: int) -> tuple[float, float]:
    """Exercise 2.9: the leads that sparsemax needs for 1 and softmax for 0.99."""
    return 1.0, float(np.log(99 * (K - 1)))


def bumps_needed(slope: float, error: float) -> int:
    """Exercise 2.10: the smallest number of bumps whose bound is at most error."""
    M = 2
    while slope / M + 2 * slope / (1 + M**2) > error:
        M += 1
    return M


def bumps_without_tails(slope: float, error: float) -> int:
    """A wrong answer to exercise 2.10: the second term of the bound is forgotten."""
    return max(2, int(np.ceil(slope / error)))


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
    from .neural_networks import MLP

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


# ---- Chapter 3


def batch_for_noise(N: int, f: float) -> int:
    """Exercise 3.1: the smallest batch, without replacement, with noise f V or less."""
    return int(np.ceil(N / (1 + f * (N - 1))))


def _clear_batch(rng: np.random.Generator) -> tuple[int, float]:
    """N and f for 3.1: no whole number by a hair, and N - 1 is not N, f not 1 / B."""
    while True:
        N, f = int(rng.integers(3, 60)), float(rng.uniform(0.01, 0.5))
        exact = N / (1 + f * (N - 1))
        others = {np.ceil(N / (1 + f * N)), np.ceil(1 / f)}
        if abs(exact - round(exact)) > 1e-3 and np.ceil(exact) not in others:
            return N, f


def smoothed_gradient(z: np.ndarray, y: int, a: float) -> np.ndarray:
    """Exercise 3.2: the gradient of the cross-entropy with a smoothed label."""
    from .neural_networks import softmax

    q = np.full(len(z), a / len(z))
    q[y] += 1 - a
    return softmax(z) - q


def gradient_without_sharing(z: np.ndarray, y: int, a: float) -> np.ndarray:
    """A wrong answer to 3.2: the label gives up its share, and nobody gets it."""
    from .neural_networks import softmax

    return softmax(z) - (1 - a) * np.eye(len(z))[y]


def sparsemax_loss_by_hand() -> float:
    """Exercise 3.3: the sparsemax loss of three scores."""
    from .training import sparsemax_loss

    return float(sparsemax_loss(np.array([0.5, 0.2, -1.0]), np.array(1)))


def shortcut_gradient(
    X: np.ndarray, W: np.ndarray, b: np.ndarray, G: np.ndarray
) -> np.ndarray:
    """Exercise 3.4: the gradient at the input of X + tanh(X Wᵀ + b)."""
    from .neural_networks import tanh_derivative

    return G + (G * tanh_derivative(X @ W.T + b)) @ W


def gradient_without_shortcut(
    X: np.ndarray, W: np.ndarray, b: np.ndarray, G: np.ndarray
) -> np.ndarray:
    """A wrong answer to 3.4: one of the two ways only."""
    return shortcut_gradient(X, W, b, G) - G


def softplus(t: Any) -> Any:
    """Exercise 3.5: log(1 + exp(x)) as an operation of the machine."""
    from .neural_networks import sigmoid
    from .training import Tensor

    x = t.value
    return Tensor(np.logaddexp(0, x), [(t, lambda g: g * sigmoid(x))], "softplus")


def softplus_of_small_numbers(t: Any) -> Any:
    """A wrong answer to 3.5: right until the exponential overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return (1 + t.exp()).log()


def fault_of_softplus(answer: Any, rng: np.random.Generator) -> str | None:
    """Value and gradient are compared, at ordinary and at large inputs."""
    from .training import Tensor

    if not callable(answer):
        return f"a function is expected, but {type(answer).__name__} came."
    ordinary, large = rng.normal(size=(3, 2)), np.array([-1000.0, -6, 0, 6, 1000])
    for x in (ordinary, large):
        ours, theirs = Tensor(x.copy()), Tensor(x.copy())
        where = f"for x = {np.round(x, 2).tolist()}"
        expected, result = softplus(ours), answer(theirs)
        # The reader's Tensor may be the notebook's own, so the name must do.
        if type(result).__name__ != "Tensor":
            return f"a Tensor is expected {where}, but {type(result).__name__} came."
        fault = fault_of_value(result.value, expected.value, f"as the value {where}")
        if fault:
            return fault
        weights = rng.normal(size=x.shape)
        with np.errstate(invalid="ignore"):
            (result * weights).sum().backward()
        (expected * weights).sum().backward()
        if theirs.gradient is None:
            return "no gradient arrives at the argument; is there an edge to it?"
        fault = fault_of_value(
            theirs.gradient, ours.gradient, f"as the gradient {where}"
        )
        if fault:
            return fault
    return None


def elastic_net_step(v: np.ndarray, a: float, b: float) -> np.ndarray:
    """Exercise 3.6: the proximal step of a|w| + b/2 w²."""
    return np.sign(v) * np.maximum(np.abs(v) - a, 0) / (1 + b)


def elastic_net_shrunk_first(v: np.ndarray, a: float, b: float) -> np.ndarray:
    """A wrong answer to 3.6: the two steps in the other order."""
    v = v / (1 + b)
    return np.sign(v) * np.maximum(np.abs(v) - a, 0)


def leaky_variance(a: float, fan_in: int) -> float:
    """Exercise 3.7: the variance of the weights that suits leaky units."""
    return 2 / ((1 + a**2) * fan_in)


def largest_momentum_rate(lam: float, mu: float) -> float:
    """Exercise 3.8: the learning rate up to which momentum converges."""
    return 2 * (1 + mu) / lam


def dropout_variance(w: np.ndarray, h: np.ndarray, p: float) -> float:
    """Exercise 3.9: the variance of a pre-activation under plain dropout."""
    return float(p * (1 - p) * np.sum((w * h) ** 2))


def epochs_run(errors: list[float], patience: int) -> int:
    """Exercise 3.10: the number of epochs that early stopping runs."""
    from .training import EarlyStopping

    stopping = EarlyStopping(patience)
    for epoch, error in enumerate(errors, start=1):
        if stopping.update(error):
            return epoch
    return len(errors)


def epochs_until_a_rise(errors: list[float], patience: int) -> int:
    """A wrong answer to 3.10: compares with the epoch before, not with the best."""
    rises = 0
    for epoch in range(1, len(errors)):
        rises = rises + 1 if errors[epoch] >= errors[epoch - 1] else 0
        if rises == patience:
            return epoch + 1
    return len(errors)


def _validation_errors(rng: np.random.Generator) -> tuple[list[float], int]:
    """Errors and patience for 3.10: with ties, of any length; some never stop."""
    while True:
        n, turn = int(rng.integers(4, 30)), int(rng.integers(3, 40))
        trend = np.abs(np.arange(n) - turn) / 25
        errors = np.round(trend + 0.1 * rng.random(n), int(rng.integers(1, 3))).tolist()
        patience = int(rng.integers(1, 6))
        tells_apart = epochs_run(errors, patience) != epochs_until_a_rise(
            errors, patience
        )
        if tells_apart or rng.random() < 0.3:
            return errors, patience


def noise_scale(G: np.ndarray) -> float:
    """Exercise 3.11: V / ‖mean‖², from the gradients of all examples."""
    mean = G.mean(axis=0)
    return float(np.mean(np.sum((G - mean) ** 2, axis=1)) / np.sum(mean**2))


def noise_over_norm(G: np.ndarray) -> float:
    """A wrong answer to 3.11: the norm without its square."""
    return float(noise_scale(G) * np.linalg.norm(G.mean(axis=0)))


# ---- Chapter 4


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


def twice_applied_gradient(W: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Exercise 4.2: the gradient of half the squared error of W W x."""
    h = W @ x
    error = W @ h - x
    return np.outer(error, h) + np.outer(W.T @ error, x)


def upper_place_only(W: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A wrong answer to 4.2: one of the two places."""
    h = W @ x
    return np.outer(W @ h - x, h)


def smallest_loss_uncentred(X: np.ndarray, H: int) -> float:
    """Exercise 4.4: the smallest loss without biases and without centring."""
    return float(np.linalg.eigvalsh(X.T @ X / len(X))[:-H].sum() / 2)


def shrinkage(lam: float, s: float) -> tuple[float, float]:
    """Exercise 4.5: the best factor for a noisy number, and its expected loss."""
    return lam / (lam + s**2), lam * s**2 / (lam + s**2) / 2


def smoothed_ppmi(counts: np.ndarray, alpha: float) -> np.ndarray:
    """Exercise 4.6: PPMI with smoothed contexts."""
    joint = counts / counts.sum()
    smooth = counts.sum(axis=0) ** alpha
    with np.errstate(divide="ignore"):
        pmi = np.log(joint / joint.sum(axis=1, keepdims=True) / (smooth / smooth.sum()))
    return np.maximum(pmi, 0)


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


def unrolled(stack: list) -> Any:
    """Exercise 4.8: a stack of tied auto-encoders as one deep network."""
    from .neural_networks import MLP

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
    from .neural_networks import MLP
    from .representation_learning import Autoencoder

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


def share_left(counts: np.ndarray, t: float) -> float:
    """Exercise 4.10: the share of a text that subsampling leaves."""
    f = counts / counts.sum()
    return float(np.sum(f * np.minimum(1, np.sqrt(t / f))))


def share_of_words_left(counts: np.ndarray, t: float) -> float:
    """A wrong answer to 4.10: the mean over words, not over the text."""
    f = counts / counts.sum()
    return float(np.mean(np.minimum(1, np.sqrt(t / f))))


# ---- Chapter 5


def layer_cost(
    C: int, H: int, W: int, F: int, k: int, s: int, p: int, r: int
) -> tuple[int, int, int, int]:
    """Exercise 5.1: height, width, parameters and multiplications of a layer."""
    rows, columns = ((n + 2 * p - k) // s + 1 for n in (H, W))
    seen = C // r * k**2
    return rows, columns, F * (seen + 1), F * seen * rows * columns


def layer_cost_without_groups(
    C: int, H: int, W: int, F: int, k: int, s: int, p: int, r: int
) -> tuple[int, int, int, int]:
    """A wrong answer to 5.1: every filter sees all channels."""
    return layer_cost(C, H, W, F, k, s, p, 1)


def _layer_sizes(rng: np.random.Generator) -> tuple:
    k = int(rng.integers(1, 6))
    in_group, out_group, r, s = (int(n) for n in rng.integers(1, 5, size=4))
    H, W = (int(n) for n in rng.integers(k, 30, size=2))
    return r * in_group, H, W, r * out_group, k, s, int(rng.integers(3)), r


def true_convolution(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Exercise 5.2: the convolution of a picture and a filter, wherever they meet."""
    from .convolutional_networks import conv2d

    around = w.shape[0] - 1, w.shape[1] - 1
    return conv2d(x[None, None], w[None, None, ::-1, ::-1], padding=around)[0, 0]


def layers_to_see(k: int, s: int, wanted: int) -> int:
    """Exercise 5.3: how many layers it takes until a unit sees that far."""
    field, step, n = 1, 1, 0
    while field < wanted:
        field += (k - 1) * step
        step *= s
        n += 1
    return n


def layers_to_see_late(k: int, s: int, wanted: int) -> int:
    """A wrong answer to 5.3: the step is updated before the field."""
    return layers_to_see(k, s, 1 + -(-(wanted - 1) // s)) if wanted > 1 else 0


def dilated_gradients(
    g: np.ndarray, x: np.ndarray, w: np.ndarray, r: int
) -> np.ndarray:
    """Exercise 5.4: gradients of a filter with holes, by input and by weights."""
    dx, dw = np.zeros(len(x)), np.zeros(len(w))
    for a in range(len(w)):
        here = slice(r * a, r * a + len(g))
        dw[a] = g @ x[here]
        dx[here] += g * w[a]
    return np.r_[dx, dw]


def dilated_gradients_reversed(
    g: np.ndarray, x: np.ndarray, w: np.ndarray, r: int
) -> np.ndarray:
    """A wrong answer to 5.4: the input's gradient by the filter reversed."""
    right = dilated_gradients(g, x, w, r)
    other_way = dilated_gradients(g, x, w[::-1], r)
    return np.r_[other_way[: len(x)], right[len(x) :]]


def _dilated(rng: np.random.Generator) -> tuple:
    k, r, n = (int(number) for number in rng.integers(2, 5, size=3))
    T = n + r * (k - 1)
    return rng.normal(size=n), rng.normal(size=T), rng.normal(size=k), r


def nearest_separable(w: np.ndarray) -> np.ndarray:
    """Exercise 5.5: the filter of rank one that is nearest to w."""
    U, s, Vt = np.linalg.svd(w)
    return s[0] * np.outer(U[:, 0], Vt[0])


def product_of_means(w: np.ndarray) -> np.ndarray:
    """A wrong answer to 5.5: the product of the means of rows and of columns."""
    return np.outer(w.mean(axis=1), w.mean(axis=0)) / w.mean()


def _filter_with_a_leading_direction(rng: np.random.Generator) -> tuple:
    """Its first singular value stands apart, so that single precision will do."""
    k = int(rng.integers(2, 6))
    w = rng.normal(size=(k, k))
    return (w + 3 * nearest_separable(w),)


def overlapping_gradient(g: np.ndarray, x: np.ndarray, k: int, s: int) -> np.ndarray:
    """Exercise 5.6: the gradient of max pooling over windows that overlap."""
    dx = np.zeros(len(x))
    for t, share in enumerate(g):
        dx[s * t + x[s * t : s * t + k].argmax()] += share
    return dx


def overwritten_gradient(g: np.ndarray, x: np.ndarray, k: int, s: int) -> np.ndarray:
    """A wrong answer to 5.6: the last window's share, where two meet."""
    dx = np.zeros(len(x))
    for t, share in enumerate(g):
        dx[s * t + x[s * t : s * t + k].argmax()] = share
    return dx


def _overlapping(rng: np.random.Generator) -> tuple:
    n, s = (int(number) for number in rng.integers(2, 6, size=2))
    k = s + int(rng.integers(1, 4))
    x = rng.integers(-3, 2, size=s * (n - 1) + k + int(rng.integers(s))).astype(float)
    return rng.normal(size=n), x, k, s


def masked_average(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Exercise 5.7: the mean over time of what counts."""
    counted = mask[:, None, :]
    return (x * counted).sum(axis=2) / counted.sum(axis=2)


def average_over_all(x: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A wrong answer to 5.7: divided by the length of the array."""
    return (x * mask[:, None, :]).mean(axis=2)


def _padded_features(rng: np.random.Generator) -> tuple:
    N, F, T = (int(n) for n in rng.integers(2, 6, size=3))
    mask = rng.random((N, T)) < 0.5
    mask[np.arange(N), rng.integers(T, size=N)] = True
    mask[0, rng.integers(T)] = False
    mask[0, (mask[0].argmin() + 1) % T] = True
    return np.maximum(rng.normal(size=(N, F, T)), 0), mask


def mirror_filters(w: np.ndarray) -> np.ndarray:
    """Exercise 5.8: the nearest filters that are their own mirror images."""
    return (w + w[..., ::-1]) / 2


def in_disorder(images: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Exercise 5.9: pixel number order[i] at place i, in every image."""
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)


def in_inverse_disorder(images: np.ndarray, order: np.ndarray) -> np.ndarray:
    """A wrong answer to 5.9: pixel i at place order[i]."""
    return in_disorder(images, np.argsort(order))


def _images_and_order(rng: np.random.Generator) -> tuple:
    H, W = rng.integers(3, 6, size=2)
    return rng.normal(size=(3, 1, H, W)), rng.permutation(H * W)


@cache
# ---- Chapter 6


def recurrent_size(blocks: int, D: int, H: int, layers: int, both: bool) -> int:
    """Parameters of a stack of recurrent layers, read both ways or not."""
    ways = 2 if both else 1
    lowest = ways * blocks * H * (D + H + 1)
    return lowest + (layers - 1) * ways * blocks * H * (ways * H + H + 1)


def size_if_read_once(blocks: int, D: int, H: int, layers: int, both: bool) -> int:
    """The same, with upper layers that read H numbers in any case: wrong."""
    ways = 2 if both else 1
    return ways * (recurrent_size(blocks, D, H, layers, False))


def bias_to_keep(n: int, q: float) -> float:
    """The forget gate's bias that leaves the share q after n steps."""
    return float(-np.log(np.expm1(-np.log(q) / n)))


def largest_transient(U: np.ndarray) -> float:
    """The largest factor by which a gradient grows within 50 steps."""
    power, largest = np.eye(len(U)), 1.0
    for _ in range(50):
        power = power @ U
        largest = max(largest, float(np.linalg.norm(power, 2)))
    return largest


def largest_by_spectrum(U: np.ndarray) -> float:
    """The powers of the spectral radius: wrong unless U is normal."""
    return max(1.0, float(max(abs(np.linalg.eigvals(U))) ** 50))


def _growing_matrix(rng: np.random.Generator) -> tuple[np.ndarray]:
    """A matrix of spectral radius below 1 that is far from normal."""
    U = np.triu(rng.normal(size=(4, 4)), 1) * 2
    return (U + np.diag(rng.uniform(-0.9, 0.9, size=4)),)


def leaky_unit_gradient(x: np.ndarray, u: float, a: float) -> float:
    """The derivative of the last state by u, accumulated forwards."""
    h = total = 0.0
    for x_t in x:
        k = 1 - np.tanh(x_t + u * h) ** 2
        total = (1 - a) * total + a * k * (h + u * total)
        h = (1 - a) * h + a * np.tanh(x_t + u * h)
    return total


def gradient_without_the_path(x: np.ndarray, u: float, a: float) -> float:
    """The same without the additive path: wrong."""
    h = total = 0.0
    for x_t in x:
        k = 1 - np.tanh(x_t + u * h) ** 2
        total = a * k * (h + u * total)
        h = (1 - a) * h + a * np.tanh(x_t + u * h)
    return total


def cosine_after_clipping(g: np.ndarray, c: float) -> float:
    """Cosine of a gradient and what elementwise clipping makes of it."""
    clipped = np.sign(g) * np.minimum(np.abs(g), c)
    return float(g @ clipped / np.sqrt((g @ g) * (clipped @ clipped)))


def gru_from_torch(w_x: np.ndarray, w_h: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """V, U and b side by side, with the sign of the update gate changed."""
    signs = np.repeat([1.0, -1.0, 1.0], w_h.shape[1])[:, None]
    return signs * np.hstack([w_x, w_h, bias[:, None]])


def gru_with_the_old_bias(
    w_x: np.ndarray, w_h: np.ndarray, bias: np.ndarray
) -> np.ndarray:
    """The same with the sign of the bias left: wrong."""
    sides = gru_from_torch(w_x, w_h, bias)
    sides[:, -1] = bias
    return sides


def _torch_gru(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    D, H = rng.integers(1, 5, size=2)
    return (
        rng.normal(size=(3 * H, D)),
        rng.normal(size=(3 * H, H)),
        rng.normal(size=3 * H),
    )


def witten_bell(counts: np.ndarray, shorter: np.ndarray) -> np.ndarray:
    """Counts, mixed with a shorter context by the number of different followers."""
    weight = (counts > 0).sum() / (counts.sum() + (counts > 0).sum())
    return (1 - weight) * counts / counts.sum() + weight * shorter


def witten_bell_by_length(counts: np.ndarray, shorter: np.ndarray) -> np.ndarray:
    """The same with the size of the alphabet for the weight: wrong."""
    return (counts + len(counts) * shorter) / (counts.sum() + len(counts))


def _counts_and_shorter(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    counts = rng.integers(4, size=6)
    counts[0], counts[1] = 0, 2  # something unseen, something seen
    shorter = rng.uniform(0.1, 1, size=6)
    return counts, shorter / shorter.sum()


def cost_at_temperature(p: np.ndarray, theta: float) -> float:
    """Bits for a character from p, coded by p at a temperature."""
    scores = np.log2(p) / theta
    return float(np.log2(np.sum(2**scores)) - p @ scores)


def entropy_at_temperature(p: np.ndarray, theta: float) -> float:
    """The entropy of p at a temperature: wrong, the characters come from p."""
    q = p ** (1 / theta)
    q = q / q.sum()
    return float(-q @ np.log2(q))


def _distribution_and_temperature(
    rng: np.random.Generator,
) -> tuple[np.ndarray, float]:
    p = rng.uniform(0.05, 1, size=int(rng.integers(2, 7)))
    return p / p.sum(), float(rng.choice([0.4, 0.7, 1.6, 2.5]))


def bits_of_mixture(a: np.ndarray, b: np.ndarray, w: float) -> float:
    """Bits per character of two models' mixture, from their log-probabilities."""
    return float(-np.log2(w * np.exp(a) + (1 - w) * np.exp(b)).mean())


def bits_of_mixed_logarithms(a: np.ndarray, b: np.ndarray, w: float) -> float:
    """The mean of the logarithms: wrong, it is no mixture of probabilities."""
    return float(-(w * a + (1 - w) * b).mean() / np.log(2))


def _two_log_probabilities(
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, float]:
    a, b = np.log(rng.uniform(0.01, 1, size=(2, 9)))
    return a, b, rng.uniform(0.1, 0.9)


# ---- Chapter 7


def mean_drawn_length(epsilon: float, T: int) -> float:
    """Exercise 7.1: the mean length, by adding up where a sentence may end."""
    ends = [(1 - epsilon) ** (t - 1) * epsilon for t in range(1, T)]
    return sum(t * p for t, p in enumerate(ends, 1)) + T * (1 - sum(ends))


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


def coverage_measure(A: np.ndarray) -> float:
    """Exercise 7.6: the sum of the logarithms of coverages, each at most 1."""
    return float(sum(min(np.log(kappa), 0.0) for kappa in A.sum(axis=0)))


def coverage_of_targets(A: np.ndarray) -> float:
    """A wrong answer to 7.6: without the minimum."""
    return float(np.log(A.sum(axis=0)).sum())


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
    from .sequence_to_sequence import beam_search

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
            if p.shape != (3,) or p.min() < 0 or abs(p.sum() - 1) > 1e-9:
                return f"three probabilities are expected after {beginning}, got {p}."
    found = []
    for width in (1, 2):
        best = beam_search(step, np.zeros((1, 1), int), 9, 2, width, 4)[0][0]
        if not best.finished:
            return f"a beam of {width} does not end within four words."
        found.append(best.log_probability)
    greedy, beam = np.exp(found)
    if beam < greedy - 1e-9:
        return None
    return f"greedy ends with {greedy:.3f}, and a beam of 2 with {beam:.3f}."


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


# ---- Chapter 8


def both_on(w: float, b: float, c: float) -> float:
    """Exercise 8.1: the two-unit machine, its four states enumerated."""
    states = [(v, h) for v in (0, 1) for h in (0, 1)]
    weights = [np.exp(w * v * h + b * v + c * h) for v, h in states]
    return weights[-1] / sum(weights)


def both_on_of_three(w: float, b: float, c: float) -> float:
    """A wrong answer to 8.1: the state with both units off is forgotten."""
    both = np.exp(w + b + c)
    return both / (both + np.exp(b) + np.exp(c))


def _log_weights_of_two(rng: np.random.Generator) -> tuple:
    return tuple(map(float, rng.normal(size=3)))


def unit_is_on(i: int, x: np.ndarray, R: np.ndarray, b: np.ndarray) -> float:
    """Exercise 8.2: from the energies with the unit on and off."""
    energies = []
    for value in (0, 1):
        state = np.array(x, dtype=float)
        state[i] = value
        energies.append(-state @ R @ state - b @ state)
    return 1 / (1 + np.exp(energies[1] - energies[0]))


def unit_is_on_once(i: int, x: np.ndarray, R: np.ndarray, b: np.ndarray) -> float:
    """A wrong answer to 8.2: each pair is counted once, and the diagonal by x[i]."""
    return 1 / (1 + np.exp(-b[i] - R[i] @ x))


def _symmetric_machine(rng: np.random.Generator) -> tuple:
    n = int(rng.integers(3, 7))
    R = rng.normal(size=(n, n))
    x = rng.integers(2, size=n).astype(float)
    return int(rng.integers(n)), x, (R + R.T) / 2, rng.normal(size=n)


def pairs_pseudo_likelihood(v: np.ndarray, J: np.ndarray, a: np.ndarray) -> float:
    """Exercise 8.3: unit by unit, by the logistic function."""
    total = 0.0
    for i, on in enumerate(v):
        p = 1 / (1 + np.exp(-(a[i] + J[i] @ v)))
        total += np.log(p if on else 1 - p)
    return total


def pseudo_likelihood_of_on(v: np.ndarray, J: np.ndarray, a: np.ndarray) -> float:
    """A wrong answer to 8.3: every unit is taken to be on."""
    return -np.log1p(np.exp(-(a + J @ v))).sum()


def _machine_of_pairs(rng: np.random.Generator) -> tuple:
    n = int(rng.integers(2, 6))
    J = np.triu(rng.normal(size=(n, n)), k=1)
    v = rng.integers(2, size=n).astype(float)
    v[rng.integers(n)] = 0
    return v, J + J.T, rng.normal(size=n)


def log_mean_weight(log_w: np.ndarray) -> np.ndarray:
    """Exercise 8.4: the logarithm of a mean weight, and its standard error."""
    largest = max(log_w)
    w = np.array([np.exp(value - largest) for value in log_w])
    spread = np.sqrt(np.sum((w - w.mean()) ** 2) / (len(w) - 1))
    error = spread / np.sqrt(len(w)) / w.mean()
    return np.array([np.log(np.mean(w)) + largest, error])


def mean_log_weight(log_w: np.ndarray) -> np.ndarray:
    """A wrong answer to 8.4: the mean of the logarithms, and its standard error."""
    return np.array([log_w.mean(), log_w.std(ddof=1) / np.sqrt(len(log_w))])


def _log_weights(rng: np.random.Generator) -> tuple:
    around = rng.choice([-1000, 0, 1000])
    return (around + rng.normal(size=int(rng.integers(3, 20))),)


def explained_away(prior: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Exercise 8.5: by the definition of a conditional probability."""
    p = {
        (i, j): ring[i, j] * abs(1 - i - prior[0]) * abs(1 - j - prior[1])
        for i, j in product((0, 1), repeat=2)
    }
    first = (p[1, 0] + p[1, 1]) / sum(p.values())
    return np.array([first, p[1, 1] / (p[0, 1] + p[1, 1])])


def nothing_explained_away(prior: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """A wrong answer to 8.5: the causes are taken to stay independent."""
    first = explained_away(prior, ring)[0]
    return np.array([first, first])


def _two_causes(rng: np.random.Generator) -> tuple:
    return rng.uniform(0.05, 0.5, size=2), rng.uniform(0.01, 0.99, size=(2, 2))


def divergence_of_gaussians(
    mu: np.ndarray, log_variance: np.ndarray, m: np.ndarray, log_s2: np.ndarray
) -> float:
    """Exercise 8.6: entry by entry."""
    total = 0.0
    for mean, lv, centre, ls in zip(mu, log_variance, m, log_s2, strict=True):
        ratio = np.exp(lv - ls)
        total += 0.5 * (ratio + (mean - centre) ** 2 / np.exp(ls) - 1 - np.log(ratio))
    return total


def divergence_the_other_way(
    mu: np.ndarray, log_variance: np.ndarray, m: np.ndarray, log_s2: np.ndarray
) -> float:
    """A wrong answer to 8.6: the divergence of p from q."""
    return divergence_of_gaussians(m, log_s2, mu, log_variance)


def _two_gaussians(rng: np.random.Generator) -> tuple:
    L = int(rng.integers(1, 5))
    return tuple(rng.normal(size=(4, L)))


def best_discriminator(p_data: np.ndarray, p_made: np.ndarray, pi: float) -> np.ndarray:
    """Exercise 8.7: Bayes' rule."""
    return 1 / (1 + (1 - pi) / pi * p_made / p_data)


def best_at_even_shares(
    p_data: np.ndarray, p_made: np.ndarray, pi: float
) -> np.ndarray:
    """A wrong answer to 8.7: the shares are taken to be equal."""
    return p_data / (p_data + p_made)


def _shares(rng: np.random.Generator) -> tuple:
    K = int(rng.integers(2, 6))
    p_data, p_made = rng.uniform(0.1, 1, size=(2, K))
    pi = float(rng.choice([0.1, 0.25, 0.4, 0.6, 0.8]))
    return p_data / p_data.sum(), p_made / p_made.sum(), pi


def picture_bits(A: np.ndarray, b: np.ndarray, v: np.ndarray) -> float:
    """Exercise 8.8: pixel by pixel, each given those before it."""
    bits = 0.0
    for i, on in enumerate(v):
        p = 1 / (1 + np.exp(-(b[i] + A[i, :i] @ v[:i])))
        bits -= np.log2(p if on else 1 - p)
    return bits / len(v)


def picture_bits_of_all(A: np.ndarray, b: np.ndarray, v: np.ndarray) -> float:
    """A wrong answer to 8.8: a pixel is told the pixels after it, and itself."""
    log_odds = A @ v + b
    return np.logaddexp(0, (1 - 2 * v) * log_odds).sum() / len(v) / np.log(2)


def _autoregressive(rng: np.random.Generator) -> tuple:
    D = int(rng.integers(3, 8))
    v = rng.integers(2, size=D).astype(float)
    v[0] = 1
    return rng.normal(size=(D, D)), rng.normal(size=D), v


def stuck_twice() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exercise 8.9: two machines of two valleys each, side by side."""
    W = np.kron(np.eye(2), np.full((2, 1), 16.0))
    return W, np.full(4, -8.0), np.full(2, -16.0)


def stuck_once() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A wrong answer to 8.9: the one machine of two valleys."""
    return np.full((4, 2), 8.0), np.full(4, -8.0), np.full(2, -16.0)


def fault_of_stuck_chain(answer: Any, rng: np.random.Generator) -> str | None:
    """The spectrum of the chain, and the distribution, by enumeration."""
    if not callable(answer):
        return f"a function is expected, but {type(answer).__name__} came."
    W, b, c = (np.asarray(part, dtype=float) for part in answer())
    if (W.shape, b.shape, c.shape) != ((4, 2), (4,), (2,)):
        return f"shapes (4, 2), (4,) and (2,) are expected, got {W.shape}, …"
    if not max(np.abs(part).max() for part in (W, b, c)) <= 20:
        return "no entry may be above 20 in size."
    v, h = (np.array(list(product((0.0, 1.0), repeat=n))) for n in (4, 2))
    joint = np.exp(v @ W @ h.T + (v @ b)[:, None] + h @ c)
    joint /= joint.sum()
    of_v, of_h = joint.sum(axis=1), joint.sum(axis=0)
    chain = (joint / of_v[:, None]) @ (joint / of_h).T
    third = np.sort(np.linalg.eigvals(chain).real)[-3]
    if of_v.max() > 0.3:
        return f"a visible state has a probability of {of_v.max():.2f}."
    if third <= 0.99:
        return f"the third largest eigenvalue is {third:.4f}."
    return None


def exercises() -> dict[str, Exercise]:
    """All exercises by their number; made when first asked for."""
    return {
        "1.1": Exercise(
            like_number(mistakes_by_hand()),
            right=mistakes_by_hand(),
            wrong=mistakes_by_hand(one_pass_only=True),
        ),
        "1.2": Exercise(
            like_function(
                absorb_bias,
                lambda rng: (rng.normal(size=(3, 2)), rng.normal(size=3)),
                lambda W, b: f"W of shape {W.shape} and b of shape {b.shape}",
            ),
            right=absorb_bias,
            wrong=lambda W, b: W + b[:, None],
        ),
        "1.3": Exercise(
            like_function(
                averaged_perceptron,
                lambda rng: (*_small_data(rng), 3),
                lambda X, y, k, e: f"{len(X)} examples, {k} classes and {e} epochs",
            ),
            right=averaged_perceptron,
            wrong=averaged_over_mistakes,
        ),
        "1.4": Exercise(
            like_function(
                mistakes_by_order,
                _separable_orders,
                lambda X, y, k, p: f"{len(X)} examples in {len(p)} orders",
            ),
            right=mistakes_by_order,
            wrong=mistakes_with_stale_labels,
        ),
        "1.5": Exercise(
            like_function(
                hinge_subgradient,
                _near_the_hinge,
                lambda w, x, y: f"y = {y} and y w·x = {y * (w @ x):.2f}",
            ),
            right=hinge_subgradient,
            wrong=subgradient_of_mistakes,
        ),
        "1.6": Exercise(fault_of_tight_data, right=tight_data, wrong=repeated_example),
        "1.7": Exercise(
            like_function(
                margin_of_two,
                lambda rng: (rng.normal(size=3), rng.normal(size=3)),
                lambda a, b: f"a = {np.round(a, 2)} and b = {np.round(b, 2)}",
            ),
            right=margin_of_two,
            wrong=half_distance,
        ),
        "1.8": Exercise(
            fault_of_parity_features, right=parity_features, wrong=pairwise_products
        ),
        "1.9": Exercise(
            like_function(
                example_gradient,
                lambda rng: (
                    rng.normal(size=(4, 3)),
                    rng.normal(size=3),
                    int(rng.integers(4)),
                ),
                lambda W, x, y: f"W of shape {W.shape}, {len(x)} features and y = {y}",
            ),
            right=example_gradient,
            wrong=gradient_without_the_label,
        ),
        "1.10": Exercise(
            like_function(
                counting_weights,
                lambda rng: (rng.normal(size=2), rng.normal(size=(2, 4))),
                lambda p, t: f"log_prior {p.shape} and log_likelihood {t.shape}",
            ),
            right=counting_weights,
            wrong=lambda log_prior, log_likelihood: np.append(
                log_likelihood[1] - log_likelihood[0], 0
            ),
        ),
        "1.11": Exercise(
            like_function(
                leave_one_out_errors,
                _overlapping_labels,
                lambda X, y, C: f"{len(X)} examples and C = {C}",
            ),
            right=leave_one_out_errors,
            wrong=number_of_support_vectors,
        ),
        "1.12": Exercise(
            fault_of_six_features, right=six_features, wrong=six_monomials
        ),
        "1.13": Exercise(fault_of_three_numbers, right=[0, 1, 2], wrong=[0, 0.5, 1]),
        "1.14": Exercise(
            fault_of_wires, right=wires_to_the_halves(), wrong=wires_to_the_columns()
        ),
        "2.1": Exercise(
            fault_of_majority_neuron, right=majority_neuron(), wrong=[10, 10, 10, -5]
        ),
        "2.2": Exercise(
            like_function(
                leaky_slope,
                _with_a_kink,
                lambda z, a: f"z of shape {z.shape} and a = {a:.2f}",
            ),
            right=leaky_slope,
            wrong=leaky_value,
        ),
        "2.3": Exercise(
            like_function(
                number_of_parameters,
                lambda rng: (rng.integers(1, 20, size=rng.integers(2, 6)).tolist(),),
                lambda sizes: f"sizes = {sizes}",
            ),
            right=number_of_parameters,
            wrong=number_of_weights,
        ),
        "2.4": Exercise(
            fault_of_parity_network, right=parity_network(), wrong=parity_network(1.0)
        ),
        "2.5": Exercise(
            like_function(
                nine_to_one,
                lambda rng: tuple(np.sort(rng.normal(size=2))[::-1].tolist()),
                lambda a, b: f"a = {a:.2f} and b = {b:.2f}",
            ),
            right=nine_to_one,
            wrong=lambda a, b: np.log(9) / (a - b),
        ),
        "2.6": Exercise(
            like_number(threshold_by_hand()), right=threshold_by_hand(), wrong=0.2
        ),
        "2.7": Exercise(
            like_function(
                threshold,
                lambda rng: (3 * rng.normal(size=rng.integers(1, 10)),),
                lambda z: f"z = {np.round(z, 2)}",
            ),
            right=threshold,
            wrong=lambda z: (z.sum() - 1) / len(z),
        ),
        "2.8": Exercise(
            like_function(
                sparsemax_jacobian, _sparse_output, lambda p: f"p = {np.round(p, 2)}"
            ),
            right=sparsemax_jacobian,
            wrong=softmax_jacobian,
        ),
        "2.9": Exercise(
            like_function(
                leads_to_certainty,
                lambda rng: (int(rng.integers(2, 1000)),),
                lambda K: f"K = {K}",
            ),
            right=leads_to_certainty,
            wrong=lambda K: (1 / K, np.log(99 * K)),
        ),
        "2.10": Exercise(
            like_function(
                bumps_needed,
                lambda rng: (rng.uniform(1, 10), rng.uniform(0.01, 0.5)),
                lambda slope, error: f"slope {slope:.2f} and error {error:.3f}",
            ),
            right=bumps_needed,
            wrong=bumps_without_tails,
        ),
        "2.11": Exercise(
            like_function(
                linear_pieces,
                _network_with_long_pieces,
                lambda network: f"a network of sizes {network.sizes}",
            ),
            right=linear_pieces,
            wrong=kinks_of_the_first_layer,
        ),
        "3.1": Exercise(
            like_function(
                batch_for_noise,
                _clear_batch,
                lambda N, f: f"N = {N} and f = {f:.3f}",
            ),
            right=batch_for_noise,
            wrong=lambda N, f: int(np.ceil(1 / f)),
        ),
        "3.2": Exercise(
            like_function(
                smoothed_gradient,
                lambda rng: (
                    rng.normal(size=(K := int(rng.integers(2, 7)))),
                    int(rng.integers(K)),
                    rng.uniform(0.05, 0.3),
                ),
                lambda z, y, a: f"z = {np.round(z, 2)}, y = {y} and a = {a:.2f}",
            ),
            right=smoothed_gradient,
            wrong=gradient_without_sharing,
        ),
        "3.3": Exercise(
            like_number(sparsemax_loss_by_hand()),
            right=sparsemax_loss_by_hand(),
            wrong=2 * sparsemax_loss_by_hand(),
        ),
        "3.4": Exercise(
            like_function(
                shortcut_gradient,
                lambda rng: (
                    rng.normal(size=(5, 3)),
                    rng.normal(size=(3, 3)),
                    rng.normal(size=3),
                    rng.normal(size=(5, 3)),
                ),
                lambda X, W, b, G: f"X and G of shape {X.shape}, W of shape {W.shape}",
            ),
            right=shortcut_gradient,
            wrong=gradient_without_shortcut,
        ),
        "3.5": Exercise(
            fault_of_softplus, right=softplus, wrong=softplus_of_small_numbers
        ),
        "3.6": Exercise(
            like_function(
                elastic_net_step,
                lambda rng: (3 * rng.normal(size=6), *rng.uniform(0.1, 1, size=2)),
                lambda v, a, b: f"v = {np.round(v, 2)}, a = {a:.2f} and b = {b:.2f}",
            ),
            right=elastic_net_step,
            wrong=elastic_net_shrunk_first,
        ),
        "3.7": Exercise(
            like_function(
                leaky_variance,
                lambda rng: (rng.uniform(0.1, 0.9), int(rng.integers(1, 50))),
                lambda a, n: f"a = {a:.2f} and fan_in = {n}",
            ),
            right=leaky_variance,
            wrong=lambda a, fan_in: 2 / ((1 + a) * fan_in),
        ),
        "3.8": Exercise(
            like_function(
                largest_momentum_rate,
                lambda rng: (rng.uniform(0.1, 10), rng.uniform(0.1, 0.95)),
                lambda lam, mu: f"lam = {lam:.2f} and mu = {mu:.2f}",
            ),
            right=largest_momentum_rate,
            wrong=lambda lam, mu: 2 * (1 - mu) / lam,
        ),
        "3.9": Exercise(
            like_function(
                dropout_variance,
                lambda rng: (*rng.normal(size=(2, 5)), rng.uniform(0.1, 0.9)),
                lambda w, h, p: f"w and h of shape {w.shape} and p = {p:.2f}",
            ),
            right=dropout_variance,
            wrong=lambda w, h, p: p / (1 - p) * np.sum((w * h) ** 2),
        ),
        "3.10": Exercise(
            like_function(
                epochs_run,
                _validation_errors,
                lambda errors, patience: f"errors {errors[:6]} … and {patience = }",
            ),
            right=epochs_run,
            wrong=epochs_until_a_rise,
        ),
        "3.11": Exercise(
            like_function(
                noise_scale,
                lambda rng: (rng.normal(size=(8, 3)) + rng.normal(size=3),),
                lambda G: f"G of shape {G.shape}",
            ),
            right=noise_scale,
            wrong=noise_over_norm,
        ),
        "4.1": Exercise(
            like_function(
                units_needed,
                _things_and_values,
                lambda n, v: f"n = {n} and v = {v}",
            ),
            right=units_needed,
            wrong=lambda n, v: (n, *(int(np.log(n) / np.log(m)) + 1 for m in (2, v))),
        ),
        "4.2": Exercise(
            like_function(
                twice_applied_gradient,
                lambda rng: (rng.normal(size=(3, 3)), rng.normal(size=3)),
                lambda W, x: f"W of shape {W.shape} and x = {np.round(x, 2)}",
            ),
            right=twice_applied_gradient,
            wrong=upper_place_only,
        ),
        "4.3": Exercise(
            like_number(np.arctan(1 / np.sqrt(2))),
            right=np.arctan(1 / np.sqrt(2)),
            wrong=np.pi / 4,
        ),
        "4.4": Exercise(
            like_function(
                smallest_loss_uncentred,
                lambda rng: (rng.normal(size=(9, 4)) + 1, int(rng.integers(1, 4))),
                lambda X, H: f"X of shape {X.shape} and H = {H}",
            ),
            right=smallest_loss_uncentred,
            wrong=lambda X, H: smallest_loss_uncentred(X - X.mean(axis=0), H),
        ),
        "4.5": Exercise(
            like_function(
                shrinkage,
                lambda rng: tuple(rng.uniform(0.2, 3, size=2)),
                lambda lam, s: f"lam = {lam:.2f} and s = {s:.2f}",
            ),
            right=shrinkage,
            wrong=lambda lam, s: (lam / (lam + s), lam * s / (lam + s) / 2),
        ),
        "4.6": Exercise(
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
        ),
        "4.7": Exercise(
            like_function(
                conditional_from_scores,
                _optimal_scores,
                lambda s, noise, k: f"s = {np.round(s, 2)} and k = {k}",
            ),
            right=conditional_from_scores,
            wrong=softmax_of_scores,
        ),
        "4.8": Exercise(fault_of_unrolled, right=unrolled, wrong=unrolled_in_one_order),
        "4.9": Exercise(
            like_function(
                cos_mul,
                _question,
                lambda vectors, a, b, c: (
                    f"vectors {vectors.shape}, {a = }, {b = }, {c = }"
                ),
            ),
            right=cos_mul,
            wrong=cos_add,
        ),
        "4.10": Exercise(
            like_function(
                share_left,
                lambda rng: (rng.integers(1, 100, size=20), rng.uniform(0.01, 0.05)),
                lambda counts, t: f"{len(counts)} words and t = {t:.3f}",
            ),
            right=share_left,
            wrong=share_of_words_left,
        ),
        "5.1": Exercise(
            like_function(
                layer_cost,
                _layer_sizes,
                lambda C, H, W, F, k, s, p, r: (
                    f"{C, H, W = }, {F, k = }, {s = }, {p = }, {r = }"
                ),
            ),
            right=layer_cost,
            wrong=layer_cost_without_groups,
        ),
        "5.2": Exercise(
            like_function(
                true_convolution,
                lambda rng: (
                    rng.normal(size=rng.integers(2, 7, size=2)),
                    rng.normal(size=rng.integers(2, 5, size=2)),
                ),
                lambda x, w: f"x of shape {x.shape} and w of shape {w.shape}",
            ),
            right=true_convolution,
            wrong=lambda x, w: true_convolution(x, w[::-1, ::-1]),
        ),
        "5.3": Exercise(
            like_function(
                layers_to_see,
                lambda rng: (
                    int(rng.integers(2, 6)),
                    int(rng.integers(1, 4)),
                    int(rng.integers(1, 300)),
                ),
                lambda k, s, wanted: f"{k = }, {s = } and {wanted = }",
            ),
            right=layers_to_see,
            wrong=layers_to_see_late,
        ),
        "5.4": Exercise(
            like_function(
                dilated_gradients,
                _dilated,
                lambda g, x, w, r: (
                    f"x of length {len(x)}, w of length {len(w)}, {r = }"
                ),
            ),
            right=dilated_gradients,
            wrong=dilated_gradients_reversed,
        ),
        "5.5": Exercise(
            like_function(
                nearest_separable,
                _filter_with_a_leading_direction,
                lambda w: f"w of shape {w.shape}",
            ),
            right=nearest_separable,
            wrong=product_of_means,
        ),
        "5.6": Exercise(
            like_function(
                overlapping_gradient,
                _overlapping,
                lambda g, x, k, s: f"x = {x}, {k = } and {s = }",
            ),
            right=overlapping_gradient,
            wrong=overwritten_gradient,
        ),
        "5.7": Exercise(
            like_function(
                masked_average,
                _padded_features,
                lambda x, mask: f"x of shape {x.shape}, lengths {mask.sum(axis=1)}",
            ),
            right=masked_average,
            wrong=average_over_all,
        ),
        "5.8": Exercise(
            like_function(
                mirror_filters,
                lambda rng: (rng.normal(size=(2, 3, k := int(rng.integers(2, 5)), k)),),
                lambda w: f"w of shape {w.shape}",
            ),
            right=mirror_filters,
            wrong=lambda w: (w + w[..., ::-1, :]) / 2,
        ),
        "5.9": Exercise(
            like_function(
                in_disorder,
                _images_and_order,
                lambda images, order: f"images of shape {images.shape}",
            ),
            right=in_disorder,
            wrong=in_inverse_disorder,
        ),
        "6.1": Exercise(
            like_function(
                recurrent_size,
                lambda rng: (
                    int(rng.choice([1, 3, 4])),
                    *rng.integers(1, 30, size=2).tolist(),
                    int(rng.integers(2, 5)),
                    bool(rng.random() < 0.8),
                ),
                lambda blocks, D, H, layers, both: (
                    f"{blocks = }, {D = }, {H = }, {layers = }, {both = }"
                ),
            ),
            right=recurrent_size,
            wrong=size_if_read_once,
        ),
        "6.2": Exercise(
            like_function(
                bias_to_keep,
                lambda rng: (int(rng.integers(2, 500)), rng.uniform(0.05, 0.95)),
                lambda n, q: f"{n = } and q = {q:.2f}",
            ),
            right=bias_to_keep,
            wrong=lambda n, q: np.log(q / (1 - q)) / n,
        ),
        "6.3": Exercise(
            like_function(
                largest_transient,
                _growing_matrix,
                lambda U: f"U of shape {U.shape}",
            ),
            right=largest_transient,
            wrong=largest_by_spectrum,
        ),
        "6.4": Exercise(
            like_function(
                leaky_unit_gradient,
                lambda rng: (
                    rng.normal(size=6),
                    rng.normal(),
                    rng.uniform(0.2, 0.8),
                ),
                lambda x, u, a: f"x = {np.round(x, 2)}, u = {u:.2f} and a = {a:.2f}",
            ),
            right=leaky_unit_gradient,
            wrong=gradient_without_the_path,
        ),
        "6.5": Exercise(
            like_function(
                cosine_after_clipping,
                lambda rng: (3 * rng.normal(size=6) + 2, rng.uniform(0.5, 1.5)),
                lambda g, c: f"g = {np.round(g, 2)} and c = {c:.2f}",
            ),
            right=cosine_after_clipping,
            wrong=lambda g, c: 1.0,
        ),
        "6.6": Exercise(
            like_function(
                gru_from_torch,
                _torch_gru,
                lambda w_x, w_h, bias: f"w_x of shape {w_x.shape}",
            ),
            right=gru_from_torch,
            wrong=gru_with_the_old_bias,
        ),
        "6.7": Exercise(
            like_function(
                witten_bell,
                _counts_and_shorter,
                lambda counts, shorter: f"{counts = }",
            ),
            right=witten_bell,
            wrong=witten_bell_by_length,
        ),
        "6.8": Exercise(
            like_function(
                cost_at_temperature,
                _distribution_and_temperature,
                lambda p, theta: f"p = {np.round(p, 2)} and {theta = }",
            ),
            right=cost_at_temperature,
            wrong=entropy_at_temperature,
        ),
        "6.9": Exercise(
            like_function(
                bits_of_mixture,
                _two_log_probabilities,
                lambda a, b, w: f"a and b of length {len(a)} and w = {w:.2f}",
            ),
            right=bits_of_mixture,
            wrong=bits_of_mixed_logarithms,
        ),
        "7.1": Exercise(
            like_function(
                mean_drawn_length,
                lambda rng: (rng.uniform(0.02, 0.5), int(rng.integers(1, 20))),
                lambda epsilon, T: f"epsilon = {epsilon:.2f} and {T = }",
            ),
            right=mean_drawn_length,
            wrong=lambda epsilon, T: 1 / epsilon,
        ),
        "7.2": Exercise(
            like_function(
                best_by_wu,
                _hypotheses_apart,
                lambda log_p, length, alpha: (
                    f"log_p = {np.round(log_p, 2)}, {length = } and alpha = {alpha:.2f}"
                ),
            ),
            right=best_by_wu,
            wrong=best_by_length,
        ),
        "7.3": Exercise(
            like_function(
                shared_ngrams,
                _corpus_line,
                lambda hypothesis, references, m: (
                    f"{hypothesis = }, {references = } and {m = }"
                ),
            ),
            right=shared_ngrams,
            wrong=shared_with_all,
        ),
        "7.4": Exercise(
            like_function(
                gradient_at_scores,
                _glance,
                lambda F, a, g: f"F of shape {F.shape} and a = {np.round(a, 2)}",
            ),
            right=gradient_at_scores,
            wrong=gradient_without_context,
        ),
        "7.5": Exercise(
            like_function(
                bilinear_gradients,
                _bilinear,
                lambda g, F, s, M: f"F of shape {F.shape} and M of shape {M.shape}",
            ),
            right=bilinear_gradients,
            wrong=bilinear_without_looking,
        ),
        "7.6": Exercise(
            like_function(
                coverage_measure,
                lambda rng: (rng.dirichlet(np.ones(4), size=5),),
                lambda A: f"column sums {np.round(A.sum(axis=0), 2)}",
            ),
            right=coverage_measure,
            wrong=coverage_of_targets,
        ),
        "7.7": Exercise(
            like_lists(
                copied,
                _translation_with_gaps,
                lambda words, A, source: (
                    f"{words = } and A = {np.round(A, 2).tolist()}"
                ),
            ),
            right=copied,
            wrong=copied_by_column,
        ),
        "7.8": Exercise(
            like_function(
                linear_attention,
                _positive_queries,
                lambda Q, K, V: f"Q of shape {Q.shape} and V of shape {V.shape}",
            ),
            right=linear_attention,
            wrong=linear_attention_to_all,
        ),
        "7.9": Exercise(fault_of_losing_beam, right=beam_loses, wrong=beam_wins),
        "7.10": Exercise(
            like_lists(
                reordered,
                _aligned,
                lambda source, alignment, order: (
                    f"{alignment = } and order = {order.tolist()}"
                ),
            ),
            right=reordered,
            wrong=reordered_by_the_order,
        ),
        "8.1": Exercise(
            like_function(
                both_on,
                _log_weights_of_two,
                lambda w, b, c: f"w = {w:.2f}, b = {b:.2f} and c = {c:.2f}",
            ),
            right=both_on,
            wrong=both_on_of_three,
        ),
        "8.2": Exercise(
            like_function(
                unit_is_on,
                _symmetric_machine,
                lambda i, x, R, b: f"{i = } and x = {x.astype(int)}",
            ),
            right=unit_is_on,
            wrong=unit_is_on_once,
        ),
        "8.3": Exercise(
            like_function(
                pairs_pseudo_likelihood,
                _machine_of_pairs,
                lambda v, J, a: f"v = {v.astype(int)} and a = {np.round(a, 2)}",
            ),
            right=pairs_pseudo_likelihood,
            wrong=pseudo_likelihood_of_on,
        ),
        "8.4": Exercise(
            like_function(
                log_mean_weight,
                _log_weights,
                lambda log_w: f"{len(log_w)} weights around {log_w.mean():.0f}",
            ),
            right=log_mean_weight,
            wrong=mean_log_weight,
        ),
        "8.5": Exercise(
            like_function(
                explained_away,
                _two_causes,
                lambda prior, ring: (
                    f"prior = {np.round(prior, 2)} and "
                    f"ring = {np.round(ring, 2).tolist()}"
                ),
            ),
            right=explained_away,
            wrong=nothing_explained_away,
        ),
        "8.6": Exercise(
            like_function(
                divergence_of_gaussians,
                _two_gaussians,
                lambda mu, log_variance, m, log_s2: f"{len(mu)} numbers each",
            ),
            right=divergence_of_gaussians,
            wrong=divergence_the_other_way,
        ),
        "8.7": Exercise(
            like_function(
                best_discriminator,
                _shares,
                lambda p_data, p_made, pi: f"{pi = } and {len(p_data)} points",
            ),
            right=best_discriminator,
            wrong=best_at_even_shares,
        ),
        "8.8": Exercise(
            like_function(
                picture_bits,
                _autoregressive,
                lambda A, b, v: f"v = {v.astype(int)}",
            ),
            right=picture_bits,
            wrong=picture_bits_of_all,
        ),
        "8.9": Exercise(fault_of_stuck_chain, right=stuck_twice, wrong=stuck_once),
    }
