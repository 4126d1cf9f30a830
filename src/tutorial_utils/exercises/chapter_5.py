"""The exercises of chapter 5, each beside its reference and a wrong answer."""

from __future__ import annotations

import numpy as np

from ..convolutional_networks import conv2d
from .checking import Exercise, like_function, like_numbers

EXERCISES: dict[str, Exercise] = {}


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


EXERCISES["5.1"] = Exercise(
    like_function(
        layer_cost,
        _layer_sizes,
        lambda C, H, W, F, k, s, p, r: (
            f"{C, H, W = }, {F, k = }, {s = }, {p = }, {r = }"
        ),
    ),
    right=layer_cost,
    wrong=layer_cost_without_groups,
)


def true_convolution(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Exercise 5.2: the convolution of a picture and a filter, wherever they meet."""
    around = w.shape[0] - 1, w.shape[1] - 1
    return conv2d(x[None, None], w[None, None, ::-1, ::-1], padding=around)[0, 0]


EXERCISES["5.2"] = Exercise(
    like_function(
        true_convolution,
        lambda rng: (
            rng.normal(size=rng.integers(2, 7, size=2)),
            rng.normal(size=rng.integers(2, 5, size=2)),
        ),
        lambda x, w: f"x of shape {x.shape} and w of shape {w.shape}",
        first=[(np.ones((1, 1)), np.full((1, 1), 2.0)), (np.eye(3), np.eye(2))],
    ),
    right=true_convolution,
    wrong=lambda x, w: true_convolution(x, w[::-1, ::-1]),
)


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


def _stack_of_layers(rng: np.random.Generator) -> tuple[int, int, int]:
    """A window, a stride of at most its size, and a wanted length."""
    k = int(rng.integers(2, 6))
    return k, int(rng.integers(1, k + 1)), int(rng.integers(1, 300))


EXERCISES["5.3"] = Exercise(
    like_function(
        layers_to_see,
        _stack_of_layers,
        lambda k, s, wanted: f"{k = }, {s = } and {wanted = }",
        first=[(3, 1, 1), (3, 1, 5)],
    ),
    right=layers_to_see,
    wrong=layers_to_see_late,
)


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


EXERCISES["5.4"] = Exercise(
    like_function(
        dilated_gradients,
        _dilated,
        lambda g, x, w, r: f"x of length {len(x)}, w of length {len(w)}, {r = }",
    ),
    right=dilated_gradients,
    wrong=dilated_gradients_reversed,
)


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


EXERCISES["5.5"] = Exercise(
    like_function(
        nearest_separable,
        _filter_with_a_leading_direction,
        lambda w: f"w of shape {w.shape}",
    ),
    right=nearest_separable,
    wrong=product_of_means,
)


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


EXERCISES["5.6"] = Exercise(
    like_function(
        overlapping_gradient,
        _overlapping,
        lambda g, x, k, s: f"x = {x}, {k = } and {s = }",
    ),
    right=overlapping_gradient,
    wrong=overwritten_gradient,
)


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


EXERCISES["5.7"] = Exercise(
    like_function(
        masked_average,
        _padded_features,
        lambda x, mask: f"x of shape {x.shape}, lengths {mask.sum(axis=1)}",
    ),
    right=masked_average,
    wrong=average_over_all,
)


def mirror_filters(w: np.ndarray) -> np.ndarray:
    """Exercise 5.8: the nearest filters that are their own mirror images."""
    return (w + w[..., ::-1]) / 2


EXERCISES["5.8"] = Exercise(
    like_function(
        mirror_filters,
        lambda rng: (rng.normal(size=(2, 3, k := int(rng.integers(2, 5)), k)),),
        lambda w: f"w of shape {w.shape}",
        first=[(np.ones((1, 1, 2, 2)),), (np.zeros((1, 1, 3, 3)),)],
    ),
    right=mirror_filters,
    wrong=lambda w: (w + w[..., ::-1, :]) / 2,
)


def in_disorder(images: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Exercise 5.9: pixel number order[i] at place i, in every image."""
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)


def in_inverse_disorder(images: np.ndarray, order: np.ndarray) -> np.ndarray:
    """A wrong answer to 5.9: pixel i at place order[i]."""
    return in_disorder(images, np.argsort(order))


def _images_and_order(rng: np.random.Generator) -> tuple:
    H, W = rng.integers(3, 6, size=2)
    return rng.normal(size=(3, 1, H, W)), rng.permutation(H * W)


EXERCISES["5.9"] = Exercise(
    like_function(
        in_disorder,
        _images_and_order,
        lambda images, order: f"images of shape {images.shape}",
    ),
    right=in_disorder,
    wrong=in_inverse_disorder,
)


EXERCISES["5.10"] = Exercise(
    like_numbers([-2, 5, 2]),
    right=[-2, 5, 2],
    wrong=[-2, 2, 5],  # the filter reversed
)


def stacked_derivatives(a: float, L: int) -> tuple[float, float]:
    """Exercise 5.11: the derivatives of L plain and of L residual blocks."""
    return a**L, (1 + a) ** L


EXERCISES["5.11"] = Exercise(
    like_function(
        stacked_derivatives,
        lambda rng: (float(rng.uniform(-1, 1)), int(rng.integers(1, 9))),
        lambda a, L: f"{a = :.3f} and {L = }",
        first=[(0.0, 3), (0.5, 1)],
    ),
    right=stacked_derivatives,
    wrong=lambda a, L: (a**L, 1 + a**L),
)
EXERCISES["5.12"] = Exercise(
    like_numbers([16, 4]),
    right=[16, 4],
    wrong=[18, 4],  # the step before the field
)
