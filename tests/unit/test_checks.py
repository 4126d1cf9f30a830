"""The checks must fail when they should, and say why."""

import numpy as np
import pytest

from tutorial_utils.checks import (
    assert_at_most,
    assert_equal,
    checked_array,
    checked_count,
    checked_documents,
    checked_floats,
    checked_labels,
    checked_number,
    checked_vocabulary,
    relative_error,
)


def test_relative_error():
    assert relative_error([0.0, 0.0], [0.0, 0.0]) == 0
    assert relative_error([3.0, 4.0], [0.0, 0.0]) == 1
    assert relative_error([1.0], [1.0 + 1e-9]) == pytest.approx(1e-9, rel=1e-3)
    assert relative_error([1e-200], [3e-200]) == pytest.approx(2 / 3)
    assert relative_error([1e200], [0.0]) == 1
    with pytest.raises(ValueError, match="one shape"):
        relative_error([1.0], [1.0, 2.0])


def test_assert_equal_fails_on_difference_and_on_nan():
    assert_equal([1.0, 2.0], [1.0, 2.0], "same")
    with pytest.raises(AssertionError, match="two arrays: relative error"):
        assert_equal([1.0, 2.0], [1.0, 2.1], "two arrays", 1e-3)
    with pytest.raises(AssertionError, match="a NaN"):
        assert_equal([np.nan], [np.nan], "a NaN", 1.0)


def test_assert_at_most_names_the_first_entry_that_fails():
    assert_at_most([1, 2], 2, "fine")
    assert_at_most(1 + 1e-13, 1, "rounding", slack=1e-12)
    with pytest.raises(AssertionError, match=r"bound: 3 is above 2 at entry \(0,\)"):
        assert_at_most([3, 5], 2, "bound")
    with pytest.raises(AssertionError, match="bound"):
        assert_at_most([1, np.nan], 2, "bound")
    with pytest.raises(AssertionError, match="bound"):
        assert_at_most(1, 2, "bound", slack=np.nan)
    assert_at_most(np.inf, np.inf, "equal")


@pytest.mark.parametrize(
    ("value", "shape", "says"),
    [
        ([1.0, 2.0], ("N", 2), r"a must have shape \(N, 2\), got \(2,\)"),
        ([[1.0]], (3, 1), r"a must have shape \(3, 1\), got \(1, 1\)"),
        ([], ("N",), r"a must not be empty, got shape \(0,\)"),
        ([np.inf], ("N",), "a must be finite"),
        (["x"], ("N",), r"a must be numbers of shape \(N,\)"),
        ([[1], [1, 2]], ("N", "D"), r"a must be numbers of shape \(N, D\)"),
    ],
)
def test_checked_array(value, shape, says):
    with pytest.raises(ValueError, match=says):
        checked_array(value, "a", shape)


def test_checked_labels():
    assert checked_labels([0, 2.0, 1], "y", 3, 3).dtype == np.int64
    with pytest.raises(ValueError, match="whole numbers from 0 to 2, got 3"):
        checked_labels([0, 3], "y", 3, 2)
    with pytest.raises(ValueError, match="one label for each of 2 rows, got 1"):
        checked_labels([0], "y", 3, 2)


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True, None])
def test_checked_count(value):
    assert checked_count(np.int64(4), "n") == 4
    with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
        checked_count(value, "n")


def test_an_array_without_axes_is_a_number():
    number = checked_number(np.array(0.5), "rate", above=0)
    assert type(number) is float
    assert number == 0.5
    for bad in (np.array([0.5]), np.array(True), np.array(np.nan), np.array("a")):
        with pytest.raises(ValueError, match="rate must be a finite number above 0"):
            checked_number(bad, "rate", above=0)


def test_floats_may_be_bounded_and_what_is_no_array_is_named():
    assert checked_floats([-3.0, 2.0], "x", at_most=3).tolist() == [-3, 2]
    with pytest.raises(ValueError, match="x must be at most 2 in size, got 3"):
        checked_floats([-3.0, 2.0], "x", at_most=2)

    class Stubborn:
        def __array__(self, *_, **__):
            raise RuntimeError("call detach first")

    with pytest.raises(ValueError, match="x must be an array of numbers"):
        checked_floats(Stubborn(), "x")


def test_documents_are_lists_of_words():
    given = (text.split() for text in ("a b", "c"))
    assert checked_documents(given, "documents") == [["a", "b"], ["c"]]
    mine = [("a",)]
    checked_documents(mine, "documents")
    assert mine == [("a",)], "the argument was changed"


@pytest.mark.parametrize("value", [None, 3, "a b", [], ["a b"], [["a"], [1]], [None]])
def test_other_documents_are_named(value):
    with pytest.raises(ValueError, match="^documents must be lists of words, got "):
        checked_documents(value, "documents")


def test_a_vocabulary_is_a_list_of_different_words():
    assert checked_vocabulary(np.array(["a", "b"]), "words") == ["a", "b"]
    for value in (None, "ab", [], [1], {}):
        with pytest.raises(ValueError, match="^words must be a list of words, got "):
            checked_vocabulary(value, "words")
    with pytest.raises(ValueError, match="words must hold different words, got 'a'"):
        checked_vocabulary(["a", "b", "a"], "words")
