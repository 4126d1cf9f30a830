"""Checkers accept the right answer, refuse a plausible wrong one, and never break."""

import subprocess
import sys

import numpy as np
import pytest

from tutorial_utils import exercises
from tutorial_utils.linear_classifiers import maximum_margin

ALL = list(exercises.exercises())


@pytest.mark.parametrize("number", ALL)
def test_the_right_answer_is_accepted_every_time(number):
    for _ in range(5):
        report = exercises.check(number, exercises.exercises()[number].right)
        assert report, report
        assert repr(report) == f"Exercise {number}: correct."


@pytest.mark.parametrize("number", ALL)
def test_a_plausible_wrong_answer_is_refused_every_time(number):
    for _ in range(5):
        report = exercises.check(number, exercises.exercises()[number].wrong)
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


def test_an_unknown_exercise_is_named():
    with pytest.raises(ValueError, match="exercise must be one of 1.1, .* got '0.7'"):
        exercises.check("0.7", 1)


def test_the_sign_and_the_shape_are_told():
    right = exercises.exercises()["1.5"].right
    negated = exercises.check("1.5", lambda w, x, y: -right(w, x, y))
    assert "the sign is wrong" in repr(negated)
    shaped = exercises.check("1.5", lambda w, x, y: right(w, x, y)[:, None])
    assert "shape (3,) is expected" in repr(shaped)


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
        assert exercises.margin_of_two(a, b) == pytest.approx(gamma, rel=1e-9)


def test_chapters_are_imported_only_when_asked():
    code = (
        "import sys, tutorial_utils.exercises;"
        "print('tutorial_utils.linear_classifiers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr
