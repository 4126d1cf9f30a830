"""Checkers accept the right answer, refuse a plausible wrong one, and never break."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tutorial_utils import exercises
from tutorial_utils.exercises.chapter_1 import margin_of_two
from tutorial_utils.linear_classifiers import maximum_margin

EXERCISES = {
    number: exercise
    for chapter in exercises.chapters()
    for number, exercise in exercises.exercises_of(chapter).items()
}
ALL = list(EXERCISES)
CHAPTERS = (Path(__file__).parents[2] / "chapters").glob("*.ipynb")
MODULES = [path.stem[3:] for path in CHAPTERS]


@pytest.mark.parametrize("number", ALL)
def test_the_right_answer_is_accepted_every_time(number):
    for _ in range(5):
        report = exercises.check(number, EXERCISES[number].right)
        assert report, report
        assert repr(report) == f"Exercise {number}: correct."


@pytest.mark.parametrize("number", ALL)
def test_a_plausible_wrong_answer_is_refused_every_time(number):
    for _ in range(5):
        report = exercises.check(number, EXERCISES[number].wrong)
        assert not report
        assert repr(report).startswith(f"Exercise {number}: not yet right: ")
        assert repr(report).endswith(".")


def raises(*arguments):
    raise KeyError("reader's own")


@pytest.mark.parametrize("number", ALL)
@pytest.mark.parametrize(
    "answer",
    [
        raises,
        lambda: 0,
        lambda *arguments: None,
        lambda *arguments: "text",
        lambda *arguments: np.full((2, 2), np.nan),
        lambda *arguments: np.empty((0, 3)),
        "text",
        np.nan,
        [1, [2]],
        -1,
    ],
)
def test_nonsense_is_reported_and_never_raised(number, answer):
    report = exercises.check(number, answer)
    assert not report
    assert len(repr(report)) < 400


@pytest.mark.parametrize("number", ALL)
def test_none_is_not_answered_yet(number):
    report = exercises.check(number, None)
    assert not report
    assert repr(report) == f"Exercise {number}: not answered yet."


@pytest.mark.parametrize("number", ["0.7", "12.1", "x", None, 1.3, 3])
def test_an_unknown_chapter_is_named(number):
    with pytest.raises(ValueError, match="exercise must be one of chapter 1, .* got"):
        exercises.check(number, 1)


@pytest.mark.parametrize("number", ["1.99", "1.", "1"])
def test_an_unknown_exercise_is_named(number):
    with pytest.raises(ValueError, match="must be one of 1.1, 1.2, .*, got '?1"):
        exercises.check(number, 1)


def test_the_number_of_an_exercise_is_that_of_its_chapter_and_its_place():
    assert exercises.chapters()[:8] == [*"12345678"]
    for chapter in exercises.chapters():
        numbers = [*exercises.exercises_of(chapter)]
        places = [int(n.removeprefix(f"{chapter}.")) for n in numbers]
        assert places == sorted({*places}), "new ones come last"


def test_the_sign_and_the_shape_are_told():
    right = EXERCISES["1.5"].right
    negated = exercises.check("1.5", lambda w, x, y: -right(w, x, y))
    assert "the sign is wrong" in repr(negated)
    shaped = exercises.check("1.5", lambda w, x, y: right(w, x, y)[:, None])
    assert "shape (3,) is expected" in repr(shaped)


class Wordless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def raises_wordless():
    raise Wordless


@pytest.mark.parametrize(
    ("number", "answer", "says"),
    [
        (
            "1.1",
            str(EXERCISES["1.1"].right),
            "numbers are expected here, but text came.",
        ),
        ("1.1", [EXERCISES["1.1"].right], "shape () is expected here, but (1,) came."),
        ("1.1", 10**400, "numbers are expected here, but int came."),
        ("2.3", lambda sizes: "12", "numbers are expected"),
        ("1.6", lambda m: raises_wordless(), "the answer stopped with Wordless"),
    ],
)
def test_what_is_nearly_an_answer_is_told(number, answer, says):
    report = exercises.check(number, answer)
    assert not report
    assert says in repr(report)


def test_an_answer_may_spoil_its_inputs():
    def spoils(W, b):
        result = np.column_stack([W, b])
        W[:] = b[:] = 0
        return result

    assert exercises.check("1.2", spoils)


def test_the_formula_for_two_points_is_the_solvers():
    rng = np.random.default_rng(0)
    for _ in range(50):
        a, b = rng.normal(size=(2, 4))
        _, gamma = maximum_margin(np.array([a, b]), [1, 0], n_classes=2)
        assert margin_of_two(a, b) == pytest.approx(gamma, rel=1e-9)


CHECK_ONE = """
import sys

others = %r
for name in others:
    sys.modules[name] = None  # so that its import fails
import tutorial_utils.exercises as exercises

assert not [name for name in sys.modules if "exercises.chapter_" in name]
print(exercises.check("2.1", [10, 10, 10, -15]))
print(sorted(name for name in sys.modules if "exercises.chapter_" in name))
"""


def test_a_check_needs_its_own_chapter_only():
    """Not scipy, not the other chapters, and of the exercises those of its chapter."""
    others = [f"tutorial_utils.{name}" for name in MODULES if name != "neural_networks"]
    code = CHECK_ONE % ["scipy", "sklearn", "torch", "matplotlib", *others]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split("\n")[:2] == [
        "Exercise 2.1: correct.",
        "['tutorial_utils.exercises.chapter_2']",
    ], done.stderr


# ---- inputs that readers try first, answers in single precision, shown digits


def test_the_margin_of_opposite_equal_and_zero_points():
    a = np.array([1.0, 2.0, -1.0])
    for b in (-a, a, 2 * a, np.zeros(3)):
        got = margin_of_two(a, b)
        if np.allclose(b, -a):
            wanted = np.sqrt(2) * np.linalg.norm(a)
            assert got == pytest.approx(wanted)
            X, y = np.array([a, b]), np.array([1, 0])
            assert got == pytest.approx(maximum_margin(X, y, n_classes=2)[1])
        else:
            assert np.isfinite(got)
    assert margin_of_two(np.zeros(2), np.zeros(2)) == 0


def test_an_answer_that_fails_where_readers_try_first_is_refused():
    def not_for_opposite_points(a, b):
        t = np.clip(b @ (a + b) / ((a + b) @ (a + b)), 0, 1)
        return np.sqrt(2) * np.linalg.norm(t * a - (1 - t) * b)

    with np.errstate(all="ignore"):
        report = exercises.check("1.7", not_for_opposite_points)
    assert not report
    assert "NaN or infinity came for a = " in repr(report)


def single(value):
    if isinstance(value, np.ndarray) and value.dtype == np.float64:
        return value.astype(np.float32)
    if isinstance(value, float):
        return float(np.float32(value))
    if isinstance(value, list | tuple):
        return type(value)(map(single, value))
    return value


@pytest.mark.parametrize("number", ALL)
def test_a_right_answer_in_single_precision_is_accepted(number):
    right = EXERCISES[number].right
    for _ in range(10):
        if callable(right):
            answer = lambda *given: single(right(*map(single, given)))  # noqa: E731
        else:
            answer = single(right)
        report = exercises.check(number, answer)
        assert report, report


@pytest.mark.parametrize("share", [3e-5, 1e-4, 1e-2])
def test_a_message_shows_the_difference(share):
    """An answer that is a little off is never refused with two equal numbers."""
    told = 0
    for number in ALL:
        right = EXERCISES[number].right
        if not callable(right):
            continue
        report = exercises.check(
            number, lambda *given, f=right: np.asarray(f(*given), float) * (1 + share)
        )
        found = re.search(r": (\S+) is expected.* but (\S+) came", repr(report))
        if found:
            told += 1
            assert found[1] != found[2], report
    assert told > 20


def test_a_library_that_is_not_there_is_no_fault_of_the_answer():
    """The browser's Python hears of it, loads the library and runs the cell again."""

    def answer(*_):
        import no_such_library  # noqa: F401

    with pytest.raises(ModuleNotFoundError, match="no_such_library"):
        exercises.check("2.2", answer)
