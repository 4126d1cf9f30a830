"""Checkers of the exercises: `check("1.3", answer)` says what is wrong, in a sentence.

The exercises of chapter 3 are in `chapter_3`, which is imported when the first of them
is checked. The number of an exercise is permanent: a new one comes last in its chapter,
and that of one that was dropped is not used again.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import numpy as np

from .checking import Exercise


@dataclass(frozen=True)
class Report:
    """What a checker says; true if the answer is right."""

    correct: bool
    message: str

    def __bool__(self) -> bool:
        return self.correct

    def __repr__(self) -> str:
        return self.message


def chapters() -> list[str]:
    """The numbers of the chapters that have exercises."""
    names = [module.name for module in iter_modules(__path__)]
    numbers = [n.removeprefix("chapter_") for n in names if n.startswith("chapter_")]
    return sorted(numbers, key=int)


def exercises_of(chapter: str) -> dict[str, Exercise]:
    """The exercises of a chapter, by their numbers. ValueError if it has none."""
    if chapter not in chapters():
        known = ", ".join(chapters())
        raise ValueError(f"chapter must be one of {known}, got {chapter!r}")
    return import_module(f"{__name__}.chapter_{chapter}").EXERCISES


def _told(error: BaseException) -> str:
    """An error in words, also one that has none of its own, with its line in a cell."""
    try:
        said = f"{type(error).__name__}: {error}"
    except Exception:
        said = type(error).__name__
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(("<cell ", "<ipython-input"))
        or "ipykernel_" in frame.filename
    ]
    return f"{said} (line {lines[-1]} of its cell)" if lines else said


def check(exercise: str, answer: Any) -> Report:
    """Compare an answer with the reference, on fresh random inputs.

    exercise : its number, as "1.3". answer : a function or a number, as the exercise
    asks; None means not answered yet. A wrong answer is reported, whatever it does.
    ValueError if there is no such exercise; ModuleNotFoundError if a library is not
    there, which a page then loads.
    """
    chapter = exercise.partition(".")[0] if isinstance(exercise, str) else ""
    if chapter not in chapters():
        raise ValueError(
            f"exercise must be one of chapter {', '.join(chapters())}, as text, as in "
            f"check('1.3', answer), got {exercise!r}"
        )
    known = exercises_of(chapter)
    if exercise not in known:
        raise ValueError(
            f"exercise must be one of {', '.join(known)}, got {exercise!r}"
        )
    if answer is None:
        return Report(False, f"Exercise {exercise}: not answered yet.")
    try:
        fault = known[exercise].find_fault(answer, np.random.default_rng())
    except ModuleNotFoundError:
        raise
    except (Exception, SystemExit) as error:
        fault = f"the answer stopped with {_told(error)}"
    if fault is None:
        return Report(True, f"Exercise {exercise}: correct.")
    return Report(False, f"Exercise {exercise}: not yet right: {fault}")
