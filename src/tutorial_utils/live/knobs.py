"""Knobs: sliders and choices, of `explore` and of live pieces."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Control:
    """One knob: its label, its values, the index of its start value, and its kind.

    kind : "slider" or "choice". play : whether it has a button that steps through it.
    """

    label: str
    values: tuple[Any, ...]
    start: int
    kind: str
    play: bool = False

    def places(self, values: Iterable[Any]) -> list[int]:
        """The indices of some of its values; they must hold its start value."""
        wanted = {*values}
        kept = [i for i, value in enumerate(self.values) if value in wanted]
        if self.start not in kept:
            raise ValueError(
                f"published must hold the start value {self.values[self.start]!r} of "
                f"{self.label!r}, got {tuple(self.values[i] for i in kept)}"
            )
        return kept


def slider(
    label: str, values: Iterable[float], start: float | None = None, play: bool = False
) -> Control:
    """A knob for numbers in increasing order; starts at the first if not told.

    play : adds a button that steps through the values. Raises ValueError if there are
    fewer than two values, they do not increase, or start is not among them.
    """
    numbers = tuple(values)
    if any(a >= b for a, b in itertools.pairwise(numbers)):
        raise ValueError(f"values must increase, got {numbers}")
    return _control(label, numbers, start, "slider", play)


def choice(label: str, values: Iterable[str], start: str | None = None) -> Control:
    """A knob for names; starts at the first if not told.

    Raises ValueError if there are fewer than two names, one stands twice, or start is
    not among them.
    """
    return _control(label, tuple(values), start, "choice", play=False)


def _control(
    label: str, values: tuple[Any, ...], start: Any, kind: str, play: bool
) -> Control:
    if len(values) < 2 or len(set(values)) < len(values):
        raise ValueError(f"values must be at least two different ones, got {values}")
    if start is not None and start not in values:
        raise ValueError(f"start must be one of {values}, got {start!r}")
    return Control(
        label, values, 0 if start is None else values.index(start), kind, play
    )
