"""The exercises of chapter 6, each beside its reference and a wrong answer."""

from __future__ import annotations

import numpy as np

from .checking import Exercise, like_function

EXERCISES: dict[str, Exercise] = {}


def recurrent_size(blocks: int, D: int, H: int, layers: int, both: bool) -> int:
    """Parameters of a stack of recurrent layers, read both ways or not."""
    ways = 2 if both else 1
    lowest = ways * blocks * H * (D + H + 1)
    return lowest + (layers - 1) * ways * blocks * H * (ways * H + H + 1)


def size_if_read_once(blocks: int, D: int, H: int, layers: int, both: bool) -> int:
    """The same, with upper layers that read H numbers in any case: wrong."""
    ways = 2 if both else 1
    return ways * (recurrent_size(blocks, D, H, layers, False))


EXERCISES["6.1"] = Exercise(
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
)


def bias_to_keep(n: int, q: float) -> float:
    """The forget gate's bias that leaves the share q after n steps."""
    return float(-np.log(np.expm1(-np.log(q) / n)))


EXERCISES["6.2"] = Exercise(
    like_function(
        bias_to_keep,
        lambda rng: (int(rng.integers(2, 500)), rng.uniform(0.05, 0.95)),
        lambda n, q: f"{n = } and q = {q:.2f}",
    ),
    right=bias_to_keep,
    wrong=lambda n, q: np.log(q / (1 - q)) / n,
)


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


EXERCISES["6.3"] = Exercise(
    like_function(
        largest_transient,
        _growing_matrix,
        lambda U: f"U of shape {U.shape}",
        first=[(np.eye(3),), (np.zeros((2, 2)),), (np.full((1, 1), 0.5),)],
    ),
    right=largest_transient,
    wrong=largest_by_spectrum,
)


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


EXERCISES["6.4"] = Exercise(
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
)


def cosine_after_clipping(g: np.ndarray, c: float) -> float:
    """Cosine of a gradient and what elementwise clipping makes of it."""
    clipped = np.sign(g) * np.minimum(np.abs(g), c)
    return float(g @ clipped / np.sqrt((g @ g) * (clipped @ clipped)))


EXERCISES["6.5"] = Exercise(
    like_function(
        cosine_after_clipping,
        lambda rng: (3 * rng.normal(size=6) + 2, rng.uniform(0.5, 1.5)),
        lambda g, c: f"g = {np.round(g, 2)} and c = {c:.2f}",
        first=[(np.array([-3.0]), 1.0), (np.array([0.5, 0.0]), 1.0)],
    ),
    right=cosine_after_clipping,
    wrong=lambda g, c: 1.0,
)


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


EXERCISES["6.6"] = Exercise(
    like_function(
        gru_from_torch,
        _torch_gru,
        lambda w_x, w_h, bias: f"w_x of shape {w_x.shape}",
    ),
    right=gru_from_torch,
    wrong=gru_with_the_old_bias,
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


EXERCISES["6.7"] = Exercise(
    like_function(
        witten_bell,
        _counts_and_shorter,
        lambda counts, shorter: f"{counts = }",
    ),
    right=witten_bell,
    wrong=witten_bell_by_length,
)


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


EXERCISES["6.8"] = Exercise(
    like_function(
        cost_at_temperature,
        _distribution_and_temperature,
        lambda p, theta: f"p = {np.round(p, 2)} and {theta = }",
    ),
    right=cost_at_temperature,
    wrong=entropy_at_temperature,
)


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


EXERCISES["6.9"] = Exercise(
    like_function(
        bits_of_mixture,
        _two_log_probabilities,
        lambda a, b, w: f"a and b of length {len(a)} and w = {w:.2f}",
        first=[(np.array([-1.0]), np.array([-1.0]), 0.5)],
    ),
    right=bits_of_mixture,
    wrong=bits_of_mixed_logarithms,
)


def tanh_states(x: np.ndarray, v: float, u: float, c: float) -> np.ndarray:
    """The states of one tanh unit, from zero."""
    states = np.zeros(len(x) + 1)
    for t in range(len(x)):
        states[t + 1] = np.tanh(u * states[t] + v * x[t] + c)
    return states[1:]


def states_without_feedback(x: np.ndarray, v: float, u: float, c: float) -> np.ndarray:
    """The same without the old state: wrong."""
    return np.tanh(v * np.asarray(x, float) + c)


EXERCISES["6.10"] = Exercise(
    like_function(
        tanh_states,
        lambda rng: (rng.normal(size=5), *rng.uniform(-2, 2, size=3).tolist()),
        lambda x, v, u, c: (
            f"x = {np.round(x, 2)}, {v = :.2f}, {u = :.2f} and {c = :.2f}"
        ),
        first=[
            (np.array([1.0, -1.0]), 1.0, 2.0, 0.0),
            (np.array([0.5]), 1.0, 1.0, 0.0),
        ],
    ),
    right=tanh_states,
    wrong=states_without_feedback,
)


def stored_number(
    f: np.ndarray, i: np.ndarray, candidate: np.ndarray, c0: float
) -> float:
    """The last cell state, as a sum over what is left of each part."""
    kept = np.append(np.cumprod(np.asarray(f, float)[::-1])[::-1], 1.0)
    added = np.asarray(i, float) * np.asarray(candidate, float)
    return float(kept[0] * c0 + kept[1:] @ added)


def stored_without_forgetting(
    f: np.ndarray, i: np.ndarray, candidate: np.ndarray, c0: float
) -> float:
    """The same with a forget gate of 1: wrong."""
    return float(c0 + np.asarray(i, float) @ np.asarray(candidate, float))


EXERCISES["6.11"] = Exercise(
    like_function(
        stored_number,
        lambda rng: (
            *rng.uniform(0, 1, size=(2, 4)),
            rng.uniform(-1, 1, size=4),
            rng.normal(),
        ),
        lambda f, i, candidate, c0: (
            f"f = {np.round(f, 2)}, i = {np.round(i, 2)}, "
            f"candidate = {np.round(candidate, 2)} and {c0 = :.2f}"
        ),
    ),
    right=stored_number,
    wrong=stored_without_forgetting,
)


def nucleus_size(p: np.ndarray, top_p: float) -> int:
    """The fewest probabilities, from the largest, that sum to at least top_p."""
    return int(np.searchsorted(np.cumsum(np.sort(p)[::-1]), top_p)) + 1


def nucleus_before_the_last(p: np.ndarray, top_p: float) -> int:
    """Without the one that reaches top_p: wrong."""
    return nucleus_size(p, top_p) - 1


def _probabilities_and_share(rng: np.random.Generator) -> tuple[np.ndarray, float]:
    p = rng.dirichlet(np.full(int(rng.integers(3, 9)), 0.7))
    return p, float(rng.uniform(0.2, 0.95))


EXERCISES["6.12"] = Exercise(
    like_function(
        nucleus_size,
        _probabilities_and_share,
        lambda p, top_p: f"p = {np.round(p, 3)} and {top_p = :.2f}",
        first=[
            (np.array([0.5, 0.3, 0.15, 0.05]), 0.9),
            (np.array([0.02, 0.95, 0.03]), 0.9),
        ],
    ),
    right=nucleus_size,
    wrong=nucleus_before_the_last,
)
