"""What the checkers share: how a value can be wrong, and how to say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np

N_TRIALS = 20
TOLERANCE = 1e-5  # an answer in single precision is right too


@dataclass(frozen=True)
class Exercise:
    """A checker, which returns what is wrong or None, a right and a wrong answer."""

    find_fault: Callable[[Any, np.random.Generator], str | None]
    right: Any
    wrong: Any


def fault_of_value(got: Any, expected: Any, where: str) -> str | None:
    """Say how a value differs from the expected one, None if it does not."""
    if got is None:
        return f"nothing came back {where}; is there a return?"
    try:
        given = np.asarray(got)
        if np.iscomplexobj(given):
            return f"real numbers are expected {where}, but complex ones came."
        values = given.astype(float)
    except (TypeError, ValueError, OverflowError):
        return f"numbers are expected {where}, but {type(got).__name__} came."
    if given.dtype.kind in "US":
        return f"numbers are expected {where}, but text came."
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
    wanted, came = told_apart(float(target[at]), float(values[at]))
    return f"{wanted} is expected{entry} {where}, but {came} came."


def told_apart(a: float, b: float) -> tuple[str, str]:
    """Two different numbers with four digits, or as many as show the difference."""
    for digits in range(4, 18):
        shown = f"{a:.{digits}g}", f"{b:.{digits}g}"
        if shown[0] != shown[1]:
            break
    return shown


def like_function(
    reference: Callable[..., Any],
    draw_inputs: Callable[[np.random.Generator], tuple],
    show: Callable[..., str],
    fault_of: Callable[[Any, Any, str], str | None] = fault_of_value,
    first: Sequence[tuple] = (),
) -> Callable[[Any, np.random.Generator], str | None]:
    """A checker for a function that should return what the reference returns.

    fault_of : compares what came with what was expected, for the inputs as shown.
    first : inputs that readers try first, such as zeros or one element, before what is
    drawn.
    """

    def find_fault(answer: Any, rng: np.random.Generator) -> str | None:
        if not callable(answer):
            return f"a function is expected, but {type(answer).__name__} came."
        drawn = (draw_inputs(rng) for _ in range(N_TRIALS))
        for inputs in (*first, *drawn):
            expected = reference(*deepcopy(inputs))
            given = deepcopy(inputs)
            fault = fault_of(answer(*given), expected, f"for {show(*inputs)}")
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
        if fault and "is expected here" in fault and np.ndim(answer) == 0:
            return "that is not the number."  # which stays the reader's to find
        return fault

    return find_fault


def like_numbers(
    reference: Sequence[float],
) -> Callable[[Any, np.random.Generator], str | None]:
    """A checker for a list of numbers, which says which of them is wrong."""

    def find_fault(answer: Any, rng: np.random.Generator) -> str | None:
        if callable(answer):
            return f"{len(reference)} numbers are expected, but a function came."
        fault = fault_of_value(answer, reference, "here")
        if fault is None or np.shape(answer) != np.shape(reference):
            return fault
        for n, (got, wanted) in enumerate(zip(answer, reference, strict=True), start=1):
            if fault_of_value(got, wanted, "here"):
                return f"number {n} of {len(reference)} is not right."
        return fault

    return find_fault


def fault_of_lists(got: Any, expected: Any, where: str) -> str | None:
    """Say how lists of words or of whole numbers differ, None if they do not."""
    if _plain(got) == _plain(expected):
        return None
    return f"{expected} is expected {where}, but {got} came."


def _plain(value: Any) -> Any:
    """Lists for tuples and arrays, all the way down."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return list(map(_plain, value)) if isinstance(value, list | tuple) else value
