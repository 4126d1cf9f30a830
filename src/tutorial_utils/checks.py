"""Numerical comparison with readable failures, and validation of arguments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def relative_error(a: ArrayLike, b: ArrayLike) -> float:
    """Return ‖a − b‖ / max(‖a‖, ‖b‖), and 0 where both are zero.

    a, b : arrays of one shape. Raises ValueError if the shapes differ.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"a and b must have one shape, got {a.shape} and {b.shape}")
    scale = max(np.linalg.norm(a), np.linalg.norm(b))
    return 0.0 if scale == 0 else float(np.linalg.norm(a - b) / scale)


def assert_equal(
    a: ArrayLike, b: ArrayLike, message: str, tolerance: float = 0.0
) -> None:
    """Assert that a and b agree up to a relative error (0: to the last bit).

    a, b : arrays of one shape. Raises AssertionError with the message, the error
    found and the tolerance; a NaN anywhere fails.
    """
    error = relative_error(a, b)
    if not error <= tolerance:
        raise AssertionError(
            f"{message}: relative error {error:.2e}, allowed {tolerance:.0e}"
        )


def assert_at_most(
    value: ArrayLike, bound: ArrayLike, message: str, slack: float = 0.0
) -> None:
    """Assert value ≤ bound + slack, entry by entry.

    value, bound : arrays whose shapes broadcast. Raises AssertionError with the
    message and the entry that fails by most; a NaN anywhere fails.
    """
    value, bound = np.broadcast_arrays(
        np.asarray(value, dtype=float), np.asarray(bound, dtype=float)
    )
    excess = np.where(np.isnan(value - bound), np.inf, value - bound)
    if excess.size and excess.max() > slack:
        at = np.unravel_index(excess.argmax(), excess.shape)
        place = f" at entry {tuple(map(int, at))}" if excess.ndim else ""
        raise AssertionError(
            f"{message}: {value[at]:.6g} is above {bound[at]:.6g}{place}"
        )


def checked_array(
    value: ArrayLike, name: str, shape: Sequence[int | str], *, dtype: type = np.float64
) -> np.ndarray:
    """Return value as a finite, non-empty array of the given shape.

    shape : one entry an axis, a number where the length is fixed and a letter where
    any length of at least 1 will do, as in ("N", 3). The result may share memory
    with the argument, so treat it as read-only. Raises ValueError.
    """
    expected = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
    try:
        array: np.ndarray = np.asarray(value, dtype=dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be numbers of shape {expected}, got {_short(value)}"
        ) from error
    if array.ndim != len(shape) or any(
        isinstance(want, int) and want != have
        for want, have in zip(shape, array.shape, strict=True)
    ):
        raise ValueError(f"{name} must have shape {expected}, got {array.shape}")
    if array.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return array


def checked_labels(y: ArrayLike, name: str, n_classes: int, length: int) -> np.ndarray:
    """Return y as an integer array of shape (length,) with entries 0 … n_classes − 1.

    Raises ValueError for another shape, a fraction, or a label out of range.
    """
    labels = checked_array(y, name, ("N",))
    if len(labels) != length:
        raise ValueError(
            f"{name} must have one label for each of {length} rows, got {len(labels)}"
        )
    integers = labels.astype(np.int64)
    bad = labels[(integers != labels) | (integers < 0) | (integers >= n_classes)]
    if len(bad):
        raise ValueError(
            f"{name} must hold whole numbers from 0 to {n_classes - 1}, got {bad[0]:g}"
        )
    return integers


def checked_count(value: int, name: str, at_least: int = 1) -> int:
    """Return value as an int of at least `at_least`, or raise ValueError."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, np.integer))
        or value < at_least
    ):
        raise ValueError(
            f"{name} must be a whole number of at least {at_least}, got {value!r}"
        )
    return int(value)


def checked_generator(
    rng: np.random.Generator | None, name: str
) -> np.random.Generator | None:
    """Return rng if it is a numpy Generator or None; raise ValueError otherwise."""
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise ValueError(f"{name} must be a numpy Generator or None, got {_short(rng)}")
    return rng


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
