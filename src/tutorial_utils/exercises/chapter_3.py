"""The exercises of chapter 3, each beside its reference and a wrong answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..neural_networks import sigmoid, softmax, tanh_derivative
from ..training import (
    EarlyStopping,
    Tensor,
    batch_norm_backward,
    batch_norm_forward,
    sparsemax_loss,
)
from .checking import (
    Exercise,
    fault_of_value,
    like_function,
    like_number,
    like_numbers,
)

EXERCISES: dict[str, Exercise] = {}


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


EXERCISES["3.1"] = Exercise(
    like_function(
        batch_for_noise,
        _clear_batch,
        lambda N, f: f"N = {N} and f = {f:.3f}",
        first=[(5, 1.0)],
    ),
    right=batch_for_noise,
    wrong=lambda N, f: int(np.ceil(1 / f)),
)


def smoothed_gradient(z: np.ndarray, y: int, a: float) -> np.ndarray:
    """Exercise 3.2: the gradient of the cross-entropy with a smoothed label."""
    q = np.full(len(z), a / len(z))
    q[y] += 1 - a
    return softmax(z) - q


def gradient_without_sharing(z: np.ndarray, y: int, a: float) -> np.ndarray:
    """A wrong answer to 3.2: the label gives up its share, and nobody gets it."""
    return softmax(z) - (1 - a) * np.eye(len(z))[y]


EXERCISES["3.2"] = Exercise(
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
)


def sparsemax_loss_by_hand() -> float:
    """Exercise 3.3: the sparsemax loss of three scores."""
    return float(sparsemax_loss(np.array([0.5, 0.2, -1.0]), np.array(1)))


EXERCISES["3.3"] = Exercise(
    like_number(sparsemax_loss_by_hand()),
    right=sparsemax_loss_by_hand(),
    wrong=2 * sparsemax_loss_by_hand(),
)


def shortcut_gradient(
    X: np.ndarray, W: np.ndarray, b: np.ndarray, G: np.ndarray
) -> np.ndarray:
    """Exercise 3.4: the gradient at the input of X + tanh(X Wᵀ + b)."""
    return G + (G * tanh_derivative(X @ W.T + b)) @ W


def gradient_without_shortcut(
    X: np.ndarray, W: np.ndarray, b: np.ndarray, G: np.ndarray
) -> np.ndarray:
    """A wrong answer to 3.4: one of the two ways only."""
    return shortcut_gradient(X, W, b, G) - G


EXERCISES["3.4"] = Exercise(
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
)


def softplus(t: Any) -> Any:
    """Exercise 3.5: log(1 + exp(x)) as an operation of the machine."""
    x = t.value
    return Tensor(np.logaddexp(0, x), [(t, lambda g: g * sigmoid(x))], "softplus")


def softplus_of_small_numbers(t: Any) -> Any:
    """A wrong answer to 3.5: right until the exponential overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        return (1 + t.exp()).log()


def fault_of_softplus(answer: Any, rng: np.random.Generator) -> str | None:
    """Value and gradient are compared, at ordinary and at large inputs."""
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


EXERCISES["3.5"] = Exercise(
    fault_of_softplus, right=softplus, wrong=softplus_of_small_numbers
)


def elastic_net_step(v: np.ndarray, a: float, b: float) -> np.ndarray:
    """Exercise 3.6: the proximal step of a|w| + b/2 w²."""
    return np.sign(v) * np.maximum(np.abs(v) - a, 0) / (1 + b)


def elastic_net_shrunk_first(v: np.ndarray, a: float, b: float) -> np.ndarray:
    """A wrong answer to 3.6: the two steps in the other order."""
    v = v / (1 + b)
    return np.sign(v) * np.maximum(np.abs(v) - a, 0)


EXERCISES["3.6"] = Exercise(
    like_function(
        elastic_net_step,
        lambda rng: (3 * rng.normal(size=6), *rng.uniform(0.1, 1, size=2)),
        lambda v, a, b: f"v = {np.round(v, 2)}, a = {a:.2f} and b = {b:.2f}",
        first=[(np.zeros(2), 0.5, 0.5), (np.array([0.5, -0.5, 2.0]), 0.5, 0.0)],
    ),
    right=elastic_net_step,
    wrong=elastic_net_shrunk_first,
)


def leaky_variance(a: float, fan_in: int) -> float:
    """Exercise 3.7: the variance of the weights that suits leaky units."""
    return 2 / ((1 + a**2) * fan_in)


EXERCISES["3.7"] = Exercise(
    like_function(
        leaky_variance,
        lambda rng: (rng.uniform(0.1, 0.9), int(rng.integers(1, 50))),
        lambda a, n: f"a = {a:.2f} and fan_in = {n}",
    ),
    right=leaky_variance,
    wrong=lambda a, fan_in: 2 / ((1 + a) * fan_in),
)


def largest_momentum_rate(lam: float, mu: float) -> float:
    """Exercise 3.8: the learning rate up to which momentum converges."""
    return 2 * (1 + mu) / lam


EXERCISES["3.8"] = Exercise(
    like_function(
        largest_momentum_rate,
        lambda rng: (rng.uniform(0.1, 10), rng.uniform(0.1, 0.95)),
        lambda lam, mu: f"lam = {lam:.2f} and mu = {mu:.2f}",
    ),
    right=largest_momentum_rate,
    wrong=lambda lam, mu: 2 * (1 - mu) / lam,
)


def dropout_variance(w: np.ndarray, h: np.ndarray, p: float) -> float:
    """Exercise 3.9: the variance of a pre-activation under plain dropout."""
    return float(p * (1 - p) * np.sum((w * h) ** 2))


EXERCISES["3.9"] = Exercise(
    like_function(
        dropout_variance,
        lambda rng: (*rng.normal(size=(2, 5)), rng.uniform(0.1, 0.9)),
        lambda w, h, p: f"w and h of shape {w.shape} and p = {p:.2f}",
    ),
    right=dropout_variance,
    wrong=lambda w, h, p: p / (1 - p) * np.sum((w * h) ** 2),
)


def epochs_run(errors: list[float], patience: int) -> int:
    """Exercise 3.10: the number of epochs that early stopping runs."""
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


EXERCISES["3.10"] = Exercise(
    like_function(
        epochs_run,
        _validation_errors,
        lambda errors, patience: f"errors {errors[:6]} … and {patience = }",
    ),
    right=epochs_run,
    wrong=epochs_until_a_rise,
)


def noise_scale(G: np.ndarray) -> float:
    """Exercise 3.11: V / ‖mean‖², from the gradients of all examples."""
    mean = G.mean(axis=0)
    return float(np.mean(np.sum((G - mean) ** 2, axis=1)) / np.sum(mean**2))


def noise_over_norm(G: np.ndarray) -> float:
    """A wrong answer to 3.11: the norm without its square."""
    return float(noise_scale(G) * np.linalg.norm(G.mean(axis=0)))


EXERCISES["3.11"] = Exercise(
    like_function(
        noise_scale,
        lambda rng: (rng.normal(size=(8, 3)) + rng.normal(size=3),),
        lambda G: f"G of shape {G.shape}",
    ),
    right=noise_scale,
    wrong=noise_over_norm,
)


# Exercise 3.12, by hand: the derivatives of the hidden weights with relu.
EXERCISES["3.12"] = Exercise(
    like_numbers([0.439, 0.878, 0.0, 0.0]),
    right=[0.439, 0.878, 0, 0],
    wrong=[0.439, 0.878, -0.2195, -0.439],  # through the inactive unit
)


def poisson_gradient(z: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Exercise 3.13: the derivative of minus the log of a Poisson probability."""
    return np.exp(z) - y


EXERCISES["3.13"] = Exercise(
    like_function(
        poisson_gradient,
        lambda rng: (z := rng.normal(size=4), rng.poisson(np.exp(z))),
        lambda z, y: f"z = {z.round(2).tolist()} and y = {y.tolist()}",
        first=[(np.zeros(1), np.array([1]))],
    ),
    right=poisson_gradient,
    wrong=lambda z, y: np.exp(z) - y * z,
)


def forward_mode_of_layer(
    X: np.ndarray, W: np.ndarray, b: np.ndarray, V: np.ndarray
) -> np.ndarray:
    """Exercise 3.14: how tanh(X Wᵀ + b) changes as W moves along V."""
    return (X @ V.T) * tanh_derivative(X @ W.T + b)


def _layer_and_direction(rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    N, K, D = rng.integers(1, 5, size=3)
    X, W, V = rng.normal(size=(N, D)), rng.normal(size=(K, D)), rng.normal(size=(K, D))
    return X, W, rng.normal(size=K), V


EXERCISES["3.14"] = Exercise(
    like_function(
        forward_mode_of_layer,
        _layer_and_direction,
        lambda X, W, b, V: f"X of shape {X.shape} and W and V of shape {W.shape}",
    ),
    right=forward_mode_of_layer,
    wrong=lambda X, W, b, V: (X @ V.T) * np.tanh(X @ W.T + b),
)


# Exercise 3.15, by hand: 2 / (w₁² + w₂²) at (1, 1) and at (2, ½).
EXERCISES["3.15"] = Exercise(
    like_numbers([1, 8 / 17]),
    right=[1, 0.470588],
    wrong=[1, 0.5],  # 2 over the larger of the two second derivatives
)


def layer_norm_gradient(X: np.ndarray, G: np.ndarray, eps: float) -> np.ndarray:
    """Exercise 3.16: the gradient of layer normalisation with respect to its input."""
    ones, zeros = np.ones(len(X)), np.zeros(len(X))
    _, cache = batch_norm_forward(X.T, ones, zeros, eps)
    return batch_norm_backward(G.T, cache)[0].T


def layer_norm_gradient_without_mean(
    X: np.ndarray, G: np.ndarray, eps: float
) -> np.ndarray:
    """A wrong answer to 3.16: as if mean and variance were given numbers."""
    return G / np.sqrt(X.var(axis=1, keepdims=True) + eps)


def _examples_and_gradient(rng: np.random.Generator) -> tuple:
    shape = rng.integers(1, 5), rng.integers(4, 8)
    return rng.normal(size=shape), rng.normal(size=shape), 10.0 ** -rng.integers(1, 4)


EXERCISES["3.16"] = Exercise(
    like_function(
        layer_norm_gradient,
        _examples_and_gradient,
        lambda X, G, eps: f"X and G of shape {X.shape} and {eps = :g}",
    ),
    right=layer_norm_gradient,
    wrong=layer_norm_gradient_without_mean,
)


def inverse_root_schedule(step: float, warmup: float) -> float:
    """Exercise 3.17: a linear warm-up, then the inverse square root."""
    return min(step / warmup, float(np.sqrt(warmup / step)))


EXERCISES["3.17"] = Exercise(
    like_function(
        inverse_root_schedule,
        lambda rng: tuple(rng.integers(1, 100, size=2).tolist()),
        lambda step, warmup: f"{step = } and {warmup = }",
        first=[(10, 10), (40, 10)],
    ),
    right=inverse_root_schedule,
    wrong=lambda step, warmup: min(step / warmup, 1 / np.sqrt(step)),
)


def clipping_factor(gradients: list[np.ndarray], c: float) -> float:
    """Exercise 3.18: the factor that makes the whole gradient at most c long."""
    length = np.linalg.norm(np.concatenate([g.ravel() for g in gradients]))
    return min(1.0, float(c / length))


def clipping_factor_of_longest(gradients: list[np.ndarray], c: float) -> float:
    """A wrong answer to 3.18: by the longest of the arrays."""
    return min(1.0, float(c / max(np.linalg.norm(g) for g in gradients)))


def _gradients_and_limit(rng: np.random.Generator) -> tuple:
    shapes = [(3, 2), (3,), (2, 3), (2,)]
    return [rng.normal(size=shape) for shape in shapes], float(rng.uniform(0.5, 6))


EXERCISES["3.18"] = Exercise(
    like_function(
        clipping_factor,
        _gradients_and_limit,
        lambda gradients, c: f"{len(gradients)} arrays and c = {c:.3g}",
        first=[([np.array([3.0]), np.array([4.0])], 10.0)],
    ),
    right=clipping_factor,
    wrong=clipping_factor_of_longest,
)
