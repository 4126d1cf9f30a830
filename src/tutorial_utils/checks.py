"""Numerical comparison with readable failures, and validation of arguments.

What a signature can state is enforced by `contracts`; here is the rest.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

F = TypeVar("F", bound=Callable)
R = TypeVar("R")


class Overflow(ValueError):
    """Numbers that must be finite are not, or are too large to compute with."""


def relative_error(a: ArrayLike, b: ArrayLike) -> float:
    """Return ‖a − b‖ / max(‖a‖, ‖b‖), and 0 where both are zero.

    a, b : arrays of one shape. Raises ValueError if the shapes differ.
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape != b.shape:
        raise ValueError(f"a and b must have one shape, got {a.shape} and {b.shape}")
    largest = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    if largest == 0:
        return 0.0
    # Norms of numbers near 1: neither overflow nor underflow spoils the comparison.
    unit_a, unit_b = a / largest, b / largest
    larger_norm = max(np.linalg.norm(unit_a), np.linalg.norm(unit_b))
    return float(np.linalg.norm(unit_a - unit_b) / larger_norm)


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
    message and the first entry that fails; a NaN anywhere fails.
    """
    value, bound = np.broadcast_arrays(
        np.asarray(value, dtype=float), np.asarray(bound, dtype=float)
    )
    fails = np.argwhere(~(value <= bound + slack))
    if len(fails):
        at = tuple(map(int, fails[0]))
        place = f" at entry {at}" if at else ""
        raise AssertionError(
            f"{message}: {value[at]:.6g} is above {bound[at]:.6g}{place}"
        )


# The square of a larger number is not finite.
LARGEST = 1e150


def checked_array(
    value: ArrayLike, name: str, shape: Sequence[int | str], *, dtype: type = np.float64
) -> np.ndarray:
    """Return value as a finite, non-empty array of the given shape.

    shape : one entry an axis, a number where the length is fixed and a letter where
    any length of at least 1 will do, as in ("N", 3). The result may share memory
    with the argument, so treat it as read-only. Raises ValueError.
    """
    expected = f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"
    given = numbers(value)
    if given is None:
        raise ValueError(
            f"{name} must be numbers of shape {expected}, got {short(value)}"
        )
    if given.ndim != len(shape) or any(
        isinstance(want, int) and want != have
        for want, have in zip(shape, given.shape, strict=True)
    ):
        raise ValueError(f"{name} must have shape {expected}, got {given.shape}")
    largest = _largest(given, name)
    if largest > LARGEST:
        raise Overflow(f"{name} must be at most {LARGEST:g} in size, got {largest:g}")
    return given.astype(dtype, copy=False)


def checked_floats(value: ArrayLike, name: str, at_most: float = np.inf) -> np.ndarray:
    """Return value as a finite, non-empty floating array of its own shape.

    A floating type is kept, whole numbers become float64. at_most : of an entry's
    size. The result may share memory with the argument, so treat it as read-only.
    Raises ValueError.
    """
    given = numbers(value)
    if given is None:
        raise ValueError(f"{name} must be an array of numbers, got {short(value)}")
    largest = _largest(given, name)
    if largest > at_most:
        raise Overflow(f"{name} must be at most {at_most:g} in size, got {largest:g}")
    is_floating = given.dtype.kind == "f"
    return given if is_floating else given.astype(np.float64)


def numbers(value: ArrayLike) -> np.ndarray | None:
    """The value as an array of numbers or truth values, None if it is something else.

    Complex numbers and masked entries are something else.
    """
    try:
        given = np.asarray(value)
    except (ValueError, TypeError, RuntimeError):  # rows of different lengths, say
        return None
    is_numeric = given.dtype.kind in "biuf" and not np.ma.is_masked(value)
    return given if is_numeric else None


def is_finite(given: np.ndarray) -> bool:
    """Whether a floating array holds neither NaN nor infinity."""
    # One pass without a copy: a sum of squares is finite if all entries are. Where it
    # overflows, the entries are looked at.
    flat = given.ravel("K")
    return math.isfinite(flat.dot(flat)) or bool(np.isfinite(flat).all())


def _largest(given: np.ndarray, name: str) -> float:
    """The largest modulus of an array; ValueError if it is empty or not finite."""
    if given.size == 0:
        raise ValueError(f"{name} must not be empty, got shape {given.shape}")
    # Without a copy, since chapters check large matrices often; a NaN comes through.
    largest = max(float(given.max()), -float(given.min()))
    if not math.isfinite(largest):
        raise Overflow(f"{name} must be finite, got NaN or infinity")
    return largest


@contextmanager
def overflow_blamed_on(cause: str) -> Iterator[None]:
    """Where numbers computed here are no longer finite, say of what they come.

    cause : begins with the caller's argument and says what it must do, as in
    "optimiser must take smaller steps". What the caller gave is checked before.
    """
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            yield
    except Overflow:
        raise Overflow(f"{cause}: the numbers have overflowed") from None


def weights_blamed(method: F) -> F:
    """Where a model's numbers overflow, and not the caller's, name its weights."""
    names = {*inspect.signature(method).parameters}

    @functools.wraps(method)
    def named(*args: Any, **kwargs: Any) -> Any:
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                return method(*args, **kwargs)
        except Overflow as error:
            if {*str(error).partition(" must ")[0].split(" and ")} <= names:
                raise
            raise Overflow(
                "the model's weights must be smaller: the numbers have overflowed"
            ) from None

    return named  # type: ignore[return-value]


def check_growth(weights: Iterable[np.ndarray]) -> None:
    """Raise Overflow where the weights of a model are too large to compute with."""
    if not all(np.abs(W).max(initial=0) < LARGEST for W in weights):
        raise Overflow(f"weights must be at most {LARGEST:g} in size")


def check_weights(weights: Iterable[np.ndarray]) -> None:
    """Raise ValueError where earlier training has spoiled the weights of a model."""
    try:
        check_growth(weights)
    except Overflow:
        raise ValueError(
            "the model must be made anew: its weights have overflowed in training"
        ) from None


def finite(computed: R) -> R:
    """Return a computed number or array; Overflow if it has overflowed."""
    if not np.all(np.isfinite(computed)):  # type: ignore[call-overload]
        raise Overflow("what was computed must be finite, got NaN or infinity")
    return computed


# ---- half precision


def widened(value: Any) -> Any:
    """Half precision as single: arrays, and those in lists, tuples and dicts."""
    if isinstance(value, np.ndarray | np.generic):
        return value.astype(np.float32) if value.dtype == np.float16 else value
    if isinstance(value, list | tuple) and any(widened(x) is not x for x in value):
        return _like(value, map(widened, value))
    if isinstance(value, dict) and any(widened(x) is not x for x in value.values()):
        return {key: widened(x) for key, x in value.items()}
    return value


def narrowed(value: Any) -> Any:
    """Single precision as half; the rest as it is."""
    if isinstance(value, np.ndarray | np.generic):
        return value.astype(np.float16) if value.dtype == np.float32 else value
    if isinstance(value, list | tuple):
        return _like(value, map(narrowed, value))
    if isinstance(value, dict):
        return {key: narrowed(x) for key, x in value.items()}
    return value


def _like(value: list | tuple, entries: Iterable[Any]) -> Any:
    """Entries as the list or the tuple, with names or without, that a value is."""
    return getattr(value, "_make", type(value))(entries)


def floating_types(value: Any) -> set[np.dtype]:
    """The floating types of the arrays in a value."""
    if isinstance(value, np.ndarray | np.generic):
        return {value.dtype} if value.dtype.kind == "f" else set()
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return set().union(*map(floating_types, value))
    return set()


HALF = {np.dtype(np.float16)}


def half_in_single(function: F) -> F:
    """Compute half-precision arguments in single precision.

    Where all floating arrays are in half precision, so are the results. Sums over many
    entries lose their digits in half precision, and overflow at 65,504.
    """

    @functools.wraps(function)
    def computed(*args: Any, **kwargs: Any) -> Any:
        types = floating_types([*args, *kwargs.values()])
        if not types >= HALF:
            return function(*args, **kwargs)
        result = function(*widened(args), **widened(kwargs))
        return narrowed(result) if types == HALF else result

    return computed  # type: ignore[return-value]


def checked_labels(y: ArrayLike, name: str, n_classes: int, length: int) -> np.ndarray:
    """Return y as an integer array of shape (length,) with entries 0 … n_classes − 1.

    Raises ValueError for another shape, a fraction, or a label out of range.
    """
    labels = checked_array(y, name, ("N",))
    if len(labels) != length:
        raise ValueError(
            f"{name} must have one label for each of {length} rows, got {len(labels)}"
        )
    whole = (labels == np.floor(labels)) & (labels >= 0) & (labels < n_classes)
    if not whole.all():
        raise ValueError(
            f"{name} must hold whole numbers from 0 to {n_classes - 1}, "
            f"got {labels[~whole][0]:g}"
        )
    return labels.astype(np.int64)


def checked_label(y: int, name: str, n_classes: int) -> int:
    """Return y as an int from 0 to n_classes − 1, or raise ValueError."""
    if np.ndim(y):
        raise ValueError(f"{name} must be one whole number, got {short(y)}")
    return int(checked_labels([y], name, n_classes, 1)[0])


def checked_count(value: int, name: str, at_least: int = 1) -> int:
    """Return value as an int of at least `at_least`, or raise ValueError."""
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, np.integer))
        or value < at_least
    ):
        raise ValueError(
            f"{name} must be a whole number of at least {at_least}, got {short(value)}"
        )
    return int(value)


def checked_sizes(value: Sequence[int], name: str) -> list[int]:
    """Return value as a list of two counts or more, or raise ValueError."""
    is_vector = isinstance(value, np.ndarray) and value.ndim == 1
    if not (isinstance(value, Sequence) or is_vector) or len(value) < 2:
        raise ValueError(f"{name} must hold at least two numbers, got {short(value)}")
    return [checked_count(size, name) for size in value]


def checked_number(
    value: float | np.ndarray,
    name: str,
    *,
    above: float = -np.inf,
    at_least: float = -np.inf,
) -> float:
    """Return value as a finite float, above or at least a limit; else ValueError."""
    try:
        kinds = (int, float, np.integer, np.floating)
        plain: object = value
        if isinstance(value, np.ndarray) and value.ndim == 0:
            plain = value[()]
        number = float(plain) if isinstance(plain, kinds) else np.nan
    except OverflowError:  # a whole number of hundreds of digits
        number = np.inf
    in_range = above < number < np.inf and at_least <= number
    if not in_range or isinstance(value, bool):
        limit = f" above {above:g}" if above > -np.inf else ""
        limit += f" of at least {at_least:g}" if at_least > -np.inf else ""
        raise ValueError(f"{name} must be a finite number{limit}, got {short(value)}")
    return number


def checked_generator(rng: np.random.Generator, name: str) -> np.random.Generator:
    """Return rng if it is a numpy Generator, or raise ValueError."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"{name} must be a numpy Generator, got {short(rng)}")
    return rng


def checked_documents(value: Any, name: str) -> list[list[str]]:
    """Return value as a list of lists of words; ValueError if it is none, or empty.

    A text is no list of words: Python would take it apart into letters.
    """
    documents = _entries(value)
    if not documents:
        raise ValueError(f"{name} must be lists of words, got {short(value)}")
    for n, document in enumerate(documents):
        words = _entries(document)
        if words is None or not all(isinstance(word, str) for word in words):
            raise ValueError(
                f"{name} must be lists of words, got {short(document)} at position {n}"
            )
        documents[n] = words
    return documents


def checked_vocabulary(value: Any, name: str) -> list[str]:
    """Return value as a list of different words; ValueError if it is none, or empty."""
    words = _entries(value)
    if not words or not all(isinstance(word, str) for word in words):
        raise ValueError(f"{name} must be a list of words, got {short(value)}")
    if len(set(words)) < len(words):
        twice = next(word for word, n in Counter(words).items() if n > 1)
        raise ValueError(f"{name} must hold different words, got {twice!r} twice")
    return words


def _entries(value: Any) -> list | None:
    """What can be gone through, as a list; None for a text and for anything else."""
    is_many = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    return list(value) if is_many else None


def as_list(value: Any) -> list | None:
    """The entries of a list, a tuple or an array, None for anything else, as a text.

    The entries of an array of one axis become Python's own numbers and words.
    """
    if isinstance(value, np.ndarray) and value.ndim:
        return value.tolist() if value.ndim == 1 else list(value)
    return list(value) if isinstance(value, list | tuple) else None


def short(value: object) -> str:
    """How a message shows a value: at most 60 characters of its repr."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
