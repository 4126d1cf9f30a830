"""The exercises of chapter 1, each beside its reference and a wrong answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..datasets import cards, separable_classes
from ..linear_classifiers import (
    append_constant,
    averaged_perceptron,
    class_probabilities,
    least_squares,
    logistic_gradient,
    maximum_margin,
    perceptron,
    polynomial_features,
    polynomial_kernel,
    radius,
    support_vector_machine,
)
from .checking import (
    N_TRIALS,
    TOLERANCE,
    Exercise,
    fault_of_value,
    like_function,
    like_number,
    told_apart,
)

EXERCISES: dict[str, Exercise] = {}


def mistakes_by_hand(one_pass_only: bool = False) -> int:
    """Exercise 1.1: the perceptron's mistakes on three examples, in the order given."""
    X = np.array([[1.0, 1.0], [2.0, 1.0], [-1.0, 1.0]])
    epochs = 1 if one_pass_only else 100
    return perceptron(X, np.array([1, 0, 1]), n_classes=2, max_epochs=epochs).mistakes


EXERCISES["1.1"] = Exercise(
    like_number(mistakes_by_hand()),
    right=mistakes_by_hand(),
    wrong=mistakes_by_hand(one_pass_only=True),
)


def absorb_bias(W: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Exercise 1.2: weights for features with a constant appended."""
    return np.column_stack([W, b])


EXERCISES["1.2"] = Exercise(
    like_function(
        absorb_bias,
        lambda rng: (rng.normal(size=(3, 2)), rng.normal(size=3)),
        lambda W, b: f"W of shape {W.shape} and b of shape {b.shape}",
    ),
    right=absorb_bias,
    wrong=lambda W, b: W + b[:, None],
)


def averaged_over_mistakes(
    X: np.ndarray, y: np.ndarray, n_classes: int, n_epochs: int
) -> np.ndarray:
    """A wrong answer to 1.3: each weight vector once, however long it was kept."""
    run = perceptron(X, y, n_classes, n_epochs, keep_trace=True)
    assert run.trace is not None  # it was asked for
    return run.trace.mean(axis=0)


def _small_data(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    n_classes = int(rng.integers(2, 5))
    X = rng.integers(-3, 4, size=(12, 3)).astype(float)
    return X, rng.integers(n_classes, size=12), n_classes


EXERCISES["1.3"] = Exercise(
    like_function(
        averaged_perceptron,
        lambda rng: (*_small_data(rng), 3),
        lambda X, y, k, e: f"{len(X)} examples, {k} classes and {e} epochs",
    ),
    right=averaged_perceptron,
    wrong=averaged_over_mistakes,
)


def mistakes_by_order(
    X: np.ndarray, y: np.ndarray, n_classes: int, orders: np.ndarray
) -> np.ndarray:
    """Exercise 1.4: the number of mistakes for each order of the examples."""
    runs = [perceptron(X[p], y[p], n_classes, max_epochs=10_000) for p in orders]
    return np.array([run.mistakes for run in runs])


def mistakes_with_stale_labels(
    X: np.ndarray, y: np.ndarray, n_classes: int, orders: np.ndarray
) -> np.ndarray:
    """A wrong answer to 1.4: shuffles the examples but not their labels."""
    runs = [perceptron(X[p], y, n_classes, max_epochs=50) for p in orders]
    return np.array([run.mistakes for run in runs])


def _separable_orders(rng: np.random.Generator) -> tuple:
    X, y, _ = separable_classes(rng, 12, 3, 2, margin=0.1)
    return X, y, 2, np.array([rng.permutation(12) for _ in range(5)])


# A small margin: more than a hundred epochs.
SLOW = np.array([[1.0, 1.0], [1.0, 1 - 1 / 128]])

EXERCISES["1.4"] = Exercise(
    like_function(
        mistakes_by_order,
        _separable_orders,
        lambda X, y, k, p: f"{len(X)} examples in {len(p)} orders",
        first=[(SLOW, np.array([1, 0]), 2, np.array([[0, 1], [1, 0]]))],
    ),
    right=mistakes_by_order,
    wrong=mistakes_with_stale_labels,
)


def hinge_subgradient(w: np.ndarray, x: np.ndarray, y: int) -> np.ndarray:
    """Exercise 1.5: a subgradient of max(0, 1 - y w·x) by w."""
    return -y * x if y * (w @ x) < 1 else np.zeros_like(x)


def subgradient_of_mistakes(w: np.ndarray, x: np.ndarray, y: int) -> np.ndarray:
    """A wrong answer to 1.5: moves only on mistakes, as the perceptron does."""
    return -y * x if y * (w @ x) <= 0 else np.zeros_like(x)


def _near_the_hinge(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    x, w = rng.normal(size=3), rng.normal(size=3)
    # Leads from -1 to 2, so that right answers inside the hinge occur too.
    lead, y = rng.uniform(-1, 2), int(rng.choice([-1, 1]))
    return w + (y * lead - w @ x) * x / (x @ x), x, y


EXERCISES["1.5"] = Exercise(
    like_function(
        hinge_subgradient,
        _near_the_hinge,
        lambda w, x, y: f"y = {y} and y w·x = {y * (w @ x):.2f}",
        first=[(np.eye(3)[0], np.eye(3)[0], 1), (-np.eye(3)[1], np.eye(3)[1], -1)],
    ),
    right=hinge_subgradient,
    wrong=subgradient_of_mistakes,
)


def tight_data(m: int) -> tuple[np.ndarray, np.ndarray]:
    """Exercise 1.6: data on which the perceptron makes exactly R²/γ² = m mistakes."""
    return np.eye(m), np.ones(m, dtype=int)


def repeated_example(m: int) -> tuple[np.ndarray, np.ndarray]:
    """A wrong answer to 1.6: the bound stays 1, however often the example comes."""
    return np.ones((m, 2)), np.ones(m, dtype=int)


def fault_of_tight_data(answer: Any, rng: np.random.Generator) -> str | None:
    """The answer's data are run, not compared: there is more than one such set."""
    if not callable(answer):
        return f"a function is expected, but {type(answer).__name__} came."
    for m in map(int, rng.integers(2, 12, size=5)):
        data = answer(m)
        if not isinstance(data, tuple) or len(data) != 2:
            return f"for m = {m} the pair X, y is expected."
        X, y = data
        _, gamma = maximum_margin(X, y, n_classes=2)
        bound = radius(X) ** 2 / gamma**2
        if abs(bound - m) > TOLERANCE * m:
            _, shown = told_apart(m, bound)
            return f"for m = {m} the bound of the data is {shown}."
        mistakes = perceptron(X, y, n_classes=2, max_epochs=10 * m).mistakes
        if mistakes != m:
            return f"for m = {m} the perceptron makes {mistakes} mistakes."
    return None


EXERCISES["1.6"] = Exercise(
    fault_of_tight_data, right=tight_data, wrong=repeated_example
)


def margin_of_two(a: np.ndarray, b: np.ndarray) -> float:
    """Exercise 1.7: the largest margin of a in class 1 and b in class 0, K = 2."""
    square = (a + b) @ (a + b)
    t = np.clip(b @ (a + b) / square, 0, 1) if square > 0 else 0.5  # b = -a: any t
    nearest = np.sqrt(2) * np.linalg.norm(t * a - (1 - t) * b)
    longest = max(np.linalg.norm(a), np.linalg.norm(b))
    return float(nearest) if nearest > 1e-12 * longest else 0.0


def half_distance(a: np.ndarray, b: np.ndarray) -> float:
    """A wrong answer to 1.7: the margin that a free bias would allow, unscaled."""
    return float(np.linalg.norm(a - b) / 2)


A = np.array([1.0, 2.0, -1.0])
EXERCISES["1.7"] = Exercise(
    like_function(
        margin_of_two,
        lambda rng: (rng.normal(size=3), rng.normal(size=3)),
        lambda a, b: f"a = {np.round(a, 2)} and b = {np.round(b, 2)}",
        first=[(A, -A), (A, A), (A, 2 * A), (A, np.zeros(3)), (A[:1], -A[:1])],
    ),
    right=margin_of_two,
    wrong=half_distance,
)


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
    if not callable(answer):
        return f"a function is expected, but {type(answer).__name__} came."
    X = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)], dtype=float)
    X = X[rng.permutation(8)]
    features = answer(X.copy())
    if np.ndim(features) != 2 or len(features) != 8:
        return f"shape (8, D) is expected, but {np.shape(features)} came."
    alone = [np.asarray(answer(X[[n]])) for n in range(8)]
    if not all(
        np.allclose(one, features[[n]], atol=TOLERANCE) for n, one in enumerate(alone)
    ):
        return "the features of an input must not depend on the other inputs."
    try:
        maximum_margin(features, X.sum(axis=1).astype(int) % 2, n_classes=2)
    except ValueError as error:
        return f"the eight inputs are not separated by these features: {error}."
    return None


EXERCISES["1.8"] = Exercise(
    fault_of_parity_features, right=parity_features, wrong=pairwise_products
)


def example_gradient(W: np.ndarray, x: np.ndarray, y: int) -> np.ndarray:
    """Exercise 1.9: the gradient of one example's log-loss."""
    return logistic_gradient(W, x[None], np.array([y]), l2=0)


def gradient_without_the_label(W: np.ndarray, x: np.ndarray, y: int) -> np.ndarray:
    """A wrong answer to 1.9: probabilities times features, nothing subtracted."""
    return np.outer(class_probabilities(W, x[None]), x)


EXERCISES["1.9"] = Exercise(
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
)


def counting_weights(log_prior: np.ndarray, log_likelihood: np.ndarray) -> np.ndarray:
    """Exercise 1.10: the log of how many times more likely class 1 is than class 0."""
    return np.append(log_likelihood[1] - log_likelihood[0], log_prior[1] - log_prior[0])


EXERCISES["1.10"] = Exercise(
    like_function(
        counting_weights,
        lambda rng: (rng.normal(size=2), rng.normal(size=(2, 4))),
        lambda p, t: f"log_prior {p.shape} and log_likelihood {t.shape}",
    ),
    right=counting_weights,
    wrong=lambda log_prior, log_likelihood: np.append(
        log_likelihood[1] - log_likelihood[0], 0
    ),
)


def leave_one_out_errors(X: np.ndarray, y: np.ndarray, C: float) -> int:
    """Exercise 1.11: wrong predictions on examples left out, support vectors only."""
    support = support_vector_machine(X, y, C).support
    wrong = 0
    for n in support:
        others = np.arange(len(y)) != n
        machine = support_vector_machine(X[others], y[others], C)
        wrong += int(y[n] * (machine.weights @ X[n] + machine.bias) <= 0)
    return wrong


def number_of_support_vectors(X: np.ndarray, y: np.ndarray, C: float) -> int:
    """A wrong answer to 1.11: the bound in place of the number."""
    return len(support_vector_machine(X, y, C).support)


def _overlapping_labels(rng: np.random.Generator) -> tuple:
    """Data on which every machine, on all or all but one, has only one bias."""
    while True:
        y = rng.permutation(np.repeat([-1, 1], 6))
        X = rng.normal(size=(12, 2)) + 0.8 * y[:, None]
        others = [*~np.eye(12, dtype=bool), np.ones(12, dtype=bool)]
        duals = [support_vector_machine(X[kept], y[kept], 2.0).dual for kept in others]
        # An example between its limits fixes the bias.
        if all(((dual > 0.01) & (dual < 1.99)).any() for dual in duals):
            return X, y, 2.0


EXERCISES["1.11"] = Exercise(
    like_function(
        leave_one_out_errors,
        _overlapping_labels,
        lambda X, y, C: f"{len(X)} examples and C = {C}",
    ),
    right=leave_one_out_errors,
    wrong=number_of_support_vectors,
)


def six_features(X: np.ndarray) -> np.ndarray:
    """Exercise 1.12: the features of (x·z + 1)² for two inputs."""
    return polynomial_features(X, degree=2)


def six_monomials(X: np.ndarray) -> np.ndarray:
    """A wrong answer to 1.12: the right products without their factors."""
    x1, x2 = X.T
    return np.column_stack([x1**2, x2**2, x1 * x2, x1, x2, np.ones(len(X))])


def fault_of_six_features(answer: Any, rng: np.random.Generator) -> str | None:
    """The dot products are compared: features in another order are right too."""
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


EXERCISES["1.12"] = Exercise(
    fault_of_six_features, right=six_features, wrong=six_monomials
)


def fault_of_three_numbers(answer: Any, rng: np.random.Generator) -> str | None:
    """Any three numbers will do whose Gram matrix has a negative eigenvalue."""
    fault = fault_of_value(answer, np.zeros(3), "here")
    if callable(answer) or (fault and "0 is expected" not in fault):
        return "three finite numbers are expected."
    numbers = np.asarray(answer, dtype=float)
    gram = (np.abs(numbers[:, None] - numbers) <= 1 + TOLERANCE).astype(float)
    smallest = np.linalg.eigvalsh(gram).min()
    if smallest < -1e-9:
        return None
    return f"the smallest eigenvalue for {numbers.tolist()} is {abs(smallest):.2f}."


EXERCISES["1.13"] = Exercise(fault_of_three_numbers, right=[0, 1, 2], wrong=[0, 0.5, 1])


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


EXERCISES["1.14"] = Exercise(
    fault_of_wires, right=wires_to_the_halves(), wrong=wires_to_the_columns()
)


def nearest_on_hyperplane(w: np.ndarray, b: float, X: np.ndarray) -> np.ndarray:
    """Exercise 1.15: the nearest points of the hyperplane w·x + b = 0."""
    return X - np.outer(X @ w + b, w) / (w @ w)


def step_of_the_score(w: np.ndarray, b: float, X: np.ndarray) -> np.ndarray:
    """A wrong answer to 1.15: takes the score for the distance."""
    return X - np.outer(X @ w + b, w) / np.linalg.norm(w)


EXERCISES["1.15"] = Exercise(
    like_function(
        nearest_on_hyperplane,
        lambda rng: (rng.normal(size=3), float(rng.normal()), rng.normal(size=(4, 3))),
        lambda w, b, X: f"w = {np.round(w, 2)}, b = {b:.2f} and {len(X)} points",
    ),
    right=nearest_on_hyperplane,
    wrong=step_of_the_score,
)


def slope_and_intercept(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Exercise 1.16: the line of least squares."""
    return least_squares(append_constant(x[:, None]), t)


def through_the_origin(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """A wrong answer to 1.16: the best line without an intercept."""
    return np.array([(x @ t) / (x @ x), 0.0])


EXERCISES["1.16"] = Exercise(
    like_function(
        slope_and_intercept,
        lambda rng: (rng.normal(size=7), 1 + rng.normal(size=7)),
        lambda x, t: f"{len(x)} points",
    ),
    right=slope_and_intercept,
    wrong=through_the_origin,
)
