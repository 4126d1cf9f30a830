"""The exercises of chapter 8, each beside its reference and a wrong answer."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from .checking import Exercise, like_function, told_apart

EXERCISES: dict[str, Exercise] = {}


def both_on(w: float, b: float, c: float) -> float:
    """Exercise 8.1: the four states of two units, enumerated."""
    states = [(v, h) for v in (0, 1) for h in (0, 1)]
    weights = [np.exp(w * v * h + b * v + c * h) for v, h in states]
    return weights[-1] / sum(weights)


def both_on_of_three(w: float, b: float, c: float) -> float:
    """A wrong answer to 8.1: the state with both units off is forgotten."""
    both = np.exp(w + b + c)
    return both / (both + np.exp(b) + np.exp(c))


def _log_weights_of_two(rng: np.random.Generator) -> tuple:
    return tuple(map(float, rng.normal(size=3)))


EXERCISES["8.1"] = Exercise(
    like_function(
        both_on,
        _log_weights_of_two,
        lambda w, b, c: f"w = {w:.2f}, b = {b:.2f} and c = {c:.2f}",
        first=[(0.0, 0.0, 0.0), (1.0, 0.0, 0.0)],
    ),
    right=both_on,
    wrong=both_on_of_three,
)


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


EXERCISES["8.2"] = Exercise(
    like_function(
        unit_is_on,
        _symmetric_machine,
        lambda i, x, R, b: f"{i = } and x = {x.astype(int)}",
    ),
    right=unit_is_on,
    wrong=unit_is_on_once,
)


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


EXERCISES["8.3"] = Exercise(
    like_function(
        pairs_pseudo_likelihood,
        _machine_of_pairs,
        lambda v, J, a: f"v = {v.astype(int)} and a = {np.round(a, 2)}",
    ),
    right=pairs_pseudo_likelihood,
    wrong=pseudo_likelihood_of_on,
)


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


EXERCISES["8.4"] = Exercise(
    like_function(
        log_mean_weight,
        _log_weights,
        lambda log_w: f"{len(log_w)} weights around {log_w.mean():.0f}",
        first=[(np.zeros(3),)],
    ),
    right=log_mean_weight,
    wrong=mean_log_weight,
)


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


EXERCISES["8.5"] = Exercise(
    like_function(
        explained_away,
        _two_causes,
        lambda prior, ring: (
            f"prior = {np.round(prior, 2)} and ring = {np.round(ring, 2).tolist()}"
        ),
    ),
    right=explained_away,
    wrong=nothing_explained_away,
)


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


EXERCISES["8.6"] = Exercise(
    like_function(
        divergence_of_gaussians,
        _two_gaussians,
        lambda mu, log_variance, m, log_s2: f"{len(mu)} numbers each",
        first=[(np.ones(2),) * 4, (np.zeros(1),) * 4],
    ),
    right=divergence_of_gaussians,
    wrong=divergence_the_other_way,
)


def best_discriminator(p_data: np.ndarray, p_made: np.ndarray, pi: float) -> np.ndarray:
    """Exercise 8.7: Bayes' rule."""
    return pi * p_data / (pi * p_data + (1 - pi) * p_made)


def best_of_equal_parts(
    p_data: np.ndarray, p_made: np.ndarray, pi: float
) -> np.ndarray:
    """A wrong answer to 8.7: half of the batch is taken to be data."""
    return p_data / (p_data + p_made)


def _unequal_parts(rng: np.random.Generator) -> tuple:
    K = int(rng.integers(2, 6))
    p_data, p_made = rng.uniform(0.1, 1, size=(2, K))
    pi = float(rng.choice([0.1, 0.25, 0.4, 0.6, 0.8]))
    return p_data / p_data.sum(), p_made / p_made.sum(), pi


EXERCISES["8.7"] = Exercise(
    like_function(
        best_discriminator,
        _unequal_parts,
        lambda p_data, p_made, pi: f"{pi = } and {len(p_data)} points",
        first=[(np.array([0.5, 0.0]), np.array([0.5, 1.0]), 0.5)],
    ),
    right=best_discriminator,
    wrong=best_of_equal_parts,
)


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
    # Bounded, so that no probability is within rounding of 1 in single precision.
    return rng.uniform(-1, 1, size=(D, D)), rng.uniform(-1, 1, size=D), v


EXERCISES["8.8"] = Exercise(
    like_function(
        picture_bits,
        _autoregressive,
        lambda A, b, v: f"v = {v.astype(int)}",
    ),
    right=picture_bits,
    wrong=picture_bits_of_all,
)


def stuck_twice() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Exercise 8.9: two RBMs of two patterns each, side by side."""
    W = np.kron(np.eye(2), np.full((2, 1), 16.0))
    return W, np.full(4, -8.0), np.full(2, -16.0)


def stuck_once() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A wrong answer to 8.9: one RBM of two patterns."""
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
        _, shown = told_apart(0.3, float(of_v.max()))
        return f"a visible state has a probability of {shown}."
    if third <= 0.99:
        _, shown = told_apart(0.99, float(third))
        return f"the third largest eigenvalue is {shown}."
    return None


EXERCISES["8.9"] = Exercise(fault_of_stuck_chain, right=stuck_twice, wrong=stuck_once)


def weight_direction(
    v: np.ndarray, v_model: np.ndarray, W: np.ndarray, c: np.ndarray
) -> np.ndarray:
    """Exercise 8.10: both phases by a loop over the rows."""
    W, c = np.asarray(W, float), np.asarray(c, float)
    direction = np.zeros_like(W)
    for rows, sign in ((v, 1), (v_model, -1)):
        for row in np.asarray(rows, float):
            on = 1 / (1 + np.exp(-(row @ W + c)))
            direction += sign * np.outer(row, on) / len(rows)
    return direction


def weight_direction_of_sums(
    v: np.ndarray, v_model: np.ndarray, W: np.ndarray, c: np.ndarray
) -> np.ndarray:
    """A wrong answer to 8.10: sums over the rows in the place of means."""
    return weight_direction(v, v_model, W, c) * len(v)


def _two_phases(rng: np.random.Generator) -> tuple:
    D, H = (int(n) for n in rng.integers(2, 5, size=2))
    v, v_model = (
        rng.integers(2, size=(int(rng.integers(2, 6)), D)).astype(float)
        for _ in range(2)
    )
    return v, v_model, rng.uniform(-1, 1, size=(D, H)), rng.uniform(-1, 1, size=H)


EXERCISES["8.10"] = Exercise(
    like_function(
        weight_direction,
        _two_phases,
        lambda v, v_model, W, c: f"{len(v)} and {len(v_model)} rows, W of {W.shape}",
    ),
    right=weight_direction,
    wrong=weight_direction_of_sums,
)


def tempered_free_energy(
    v: np.ndarray, W: np.ndarray, b: np.ndarray, c: np.ndarray, tau: float
) -> float:
    """Exercise 8.11: the hidden units of the tempered model, enumerated."""
    states = np.array(list(product((0.0, 1.0), repeat=len(c))))
    minus_energies = (v @ b + states @ c + states @ (v @ W)) / tau
    return -float(np.log(np.exp(minus_energies).sum()))


def divided_free_energy(
    v: np.ndarray, W: np.ndarray, b: np.ndarray, c: np.ndarray, tau: float
) -> float:
    """A wrong answer to 8.11: the free energy divided by the temperature."""
    return tempered_free_energy(v, W, b, c, 1.0) / tau


def _at_a_temperature(rng: np.random.Generator) -> tuple:
    D, H = (int(n) for n in rng.integers(2, 5, size=2))
    v = rng.integers(2, size=D).astype(float)
    sizes = ((D, H), D, H)
    return v, *(rng.uniform(-1, 1, size=size) for size in sizes), rng.uniform(0.5, 3)


EXERCISES["8.11"] = Exercise(
    like_function(
        tempered_free_energy,
        _at_a_temperature,
        lambda v, W, b, c, tau: f"v = {v.astype(int)} and tau = {tau:.2f}",
    ),
    right=tempered_free_energy,
    wrong=divided_free_energy,
)


def acceptance(E: float, E_other: float, beta: float, beta_other: float) -> float:
    """Exercise 8.12: the ratio of the weights after and before, at most 1."""
    before = -beta * E - beta_other * E_other
    after = -beta * E_other - beta_other * E
    return min(1.0, float(np.exp(after - before)))


def acceptance_reversed(
    E: float, E_other: float, beta: float, beta_other: float
) -> float:
    """A wrong answer to 8.12: the weights before and after are exchanged."""
    return acceptance(E_other, E, beta, beta_other)


def _two_energies(rng: np.random.Generator) -> tuple:
    return (*map(float, rng.uniform(-5, 5, size=2)), *map(float, rng.uniform(size=2)))


EXERCISES["8.12"] = Exercise(
    like_function(
        acceptance,
        _two_energies,
        lambda E, E_other, beta, beta_other: (
            f"energies {E:.2f} and {E_other:.2f}, betas {beta:.2f} and {beta_other:.2f}"
        ),
        first=[(1.0, 0.0, 1.0, 0.5), (0.0, 1.0, 1.0, 0.5)],
    ),
    right=acceptance,
    wrong=acceptance_reversed,
)


def sigma_estimates(
    f: Callable, df: Callable, mu: float, sigma: float, eps: np.ndarray
) -> np.ndarray:
    """Exercise 8.13: draw by draw."""
    rows = []
    for e in eps:
        z = mu + sigma * e
        rows.append([f(z) * ((z - mu) ** 2 / sigma**3 - 1 / sigma), df(z) * e])
    return np.array(rows)


def sigma_estimates_of_mu(
    f: Callable, df: Callable, mu: float, sigma: float, eps: np.ndarray
) -> np.ndarray:
    """A wrong answer to 8.13: the derivatives with respect to mu."""
    z = mu + sigma * eps
    return np.column_stack([f(z) * (z - mu) / sigma**2, df(z)])


def _draws(rng: np.random.Generator) -> tuple:
    k = float(rng.integers(1, 4))
    f, df = (lambda z: np.sin(k * z)), (lambda z: k * np.cos(k * z))
    n = int(rng.integers(1, 6))
    return f, df, float(rng.normal()), float(rng.uniform(0.3, 2)), rng.normal(size=n)


EXERCISES["8.13"] = Exercise(
    like_function(
        sigma_estimates,
        _draws,
        lambda f, df, mu, sigma, eps: (
            f"mu = {mu:.2f}, sigma = {sigma:.2f} and {len(eps)} draws"
        ),
        first=[(np.square, lambda z: 2 * z, 0.0, 1.0, np.array([1.0, -1.0]))],
    ),
    right=sigma_estimates,
    wrong=sigma_estimates_of_mu,
)


def two_steps_in_turn(theta: float, psi: float, eta: float, gamma: float) -> np.ndarray:
    """Exercise 8.14: by differences of the value of the game."""

    def value(theta: float, psi: float) -> float:
        return -float(np.logaddexp(0, psi * theta)) - gamma / 2 * psi**2

    h = 1e-5
    psi += eta * (value(theta, psi + h) - value(theta, psi - h)) / (2 * h)
    theta -= eta * (value(theta + h, psi) - value(theta - h, psi)) / (2 * h)
    return np.array([theta, psi])


def two_steps_at_once(theta: float, psi: float, eta: float, gamma: float) -> np.ndarray:
    """A wrong answer to 8.14: both players move at the same time."""
    s = 1 / (1 + np.exp(-psi * theta))
    return np.array([theta + eta * s * psi, psi - eta * (s * theta + gamma * psi)])


def _two_players(rng: np.random.Generator) -> tuple:
    theta, psi = map(float, rng.normal(size=2))
    return theta, psi, *map(float, rng.uniform(0.1, 0.9, size=2))


EXERCISES["8.14"] = Exercise(
    like_function(
        two_steps_in_turn,
        _two_players,
        lambda theta, psi, eta, gamma: (
            f"theta = {theta:.2f}, psi = {psi:.2f}, {eta = :.2f} and {gamma = :.2f}"
        ),
        first=[(1.0, 0.0, 0.5, 0.0), (1.0, 1.0, 0.5, 1.0)],
    ),
    right=two_steps_in_turn,
    wrong=two_steps_at_once,
)


def window_places(g: float, delta: float, K: int, side: int) -> np.ndarray:
    """Exercise 8.15: from the middle of the picture outwards."""
    middle = (side - 1) / 2
    gap = delta * (side - 1) / (K - 1)
    return np.array([middle * (g + 1) + (k - (K - 1) / 2) * gap for k in range(K)])


def window_places_half_a_pixel_off(
    g: float, delta: float, K: int, side: int
) -> np.ndarray:
    """A wrong answer to 8.15: the formula of the paper, which counts from 1."""
    gap = delta * (side - 1) / (K - 1)
    return (side + 1) / 2 * (g + 1) + (np.arange(1, K + 1) - K / 2 - 0.5) * gap


def _a_window(rng: np.random.Generator) -> tuple:
    g, delta = float(rng.uniform(-0.8, 0.8)), float(rng.uniform(0.1, 1))
    return g, delta, int(rng.integers(2, 7)), int(rng.integers(8, 33))


EXERCISES["8.15"] = Exercise(
    like_function(
        window_places,
        _a_window,
        lambda g, delta, K, side: f"{g = :.2f}, {delta = :.2f}, {K = } and {side = }",
        first=[(0.0, 1.0, 2, 28), (0.0, 0.5, 3, 28)],
    ),
    right=window_places,
    wrong=window_places_half_a_pixel_off,
)
