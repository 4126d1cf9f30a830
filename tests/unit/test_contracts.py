"""Shapes in signatures: what is let through, what is refused, and how it is said."""

import functools
import inspect
import re
import subprocess
import sys
import timeit
from collections.abc import Callable
from typing import Annotated

import jaxtyping
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes

from tutorial_utils import contracts
from tutorial_utils.checks import Overflow
from tutorial_utils.contracts import (
    Array,
    AxisOf,
    Bool,
    Count,
    Float,
    Int,
    OneOf,
    Range,
    Symmetric,
    contract,
)
from tutorial_utils.neural_networks import (
    MLP,
    relu,
    softmax,
    softmax_vjp,
    sparsemax,
    sparsemax_vjp,
)


@contract
def scores(
    X: Float[Array, "N D"],
    W: Float[Array, "K D"],
    y: Annotated[Int[Array, "N"], Range(0, below="K")] | None = None,
    mask: Bool[Array, "N"] | None = None,
    *,
    rate: Annotated[float, Range(above=0, at_most=1)] = 0.5,
    n_steps: Count = 3,
    rng: np.random.Generator | None = None,
    kind: Annotated[str, OneOf(("dense", "sparse"))] = "dense",
    other=None,
) -> Float[Array, "N K"]:
    """Scores."""
    scores.seen = X, W, y, mask, rate, n_steps, rng, kind, other
    return X @ W.T


X, W = np.ones((10, 3)), np.ones((4, 3))


# ---- what comes through


def test_the_function_gets_what_it_was_given():
    rng = np.random.default_rng(0)
    y, mask = np.zeros(10, int), np.zeros(10, bool)
    scores(X, W, y, mask, rng=rng, other="anything")
    for got, sent in zip(scores.seen, (X, W, y, mask, 0.5, 3, rng), strict=False):
        assert got is sent or got == sent
    assert scores.seen[-1] == "anything"


def test_lists_whole_numbers_and_truth_values_become_arrays():
    scores([[1, 2]], [[True, False]], [0.0], [1], rate=1, n_steps=np.int8(2))
    got_X, got_W, y, mask, rate, n_steps, *_ = scores.seen
    for array, dtype in ((got_X, float), (got_W, float), (y, np.int64), (mask, bool)):
        assert isinstance(array, np.ndarray)
        assert array.dtype == dtype
    assert (type(rate), type(n_steps)) == (float, int)


def test_half_precision_is_computed_in_single_and_comes_back():
    half = X.astype(np.float16)
    assert scores(half, W.astype(np.float16)).dtype == np.float16
    assert scores.seen[0].dtype == np.float32
    assert scores(half, W.astype(np.float32)).dtype == np.float32
    assert scores(half, W).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_a_floating_type_is_kept_and_nothing_copied(dtype):
    given_X = X.astype(dtype)
    for x in (given_X, given_X.T.copy().T, given_X[::2, ::-1]):
        scores(x, W)
        assert np.shares_memory(scores.seen[0], x)
        assert scores.seen[0].dtype == dtype


def test_none_is_let_through_where_it_may_be():
    scores(X, W, None, None, rng=None)
    with pytest.raises(ValueError, match=r"X must be numbers of shape \(N, D\), got N"):
        scores(None, W)


def test_names_defaults_text_and_signature_stay():
    assert scores.__doc__ == "Scores."
    assert scores.__name__ == "scores"
    assert inspect.signature(scores) == inspect.signature(scores.unchecked)
    np.testing.assert_array_equal(scores(W=W, X=X), scores.unchecked(X, W))


def test_the_plain_function_checks_nothing():
    assert np.isnan(scores.unchecked(np.full((1, 3), np.nan), W)).all()


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ((), {}),
        ((X,), {}),
        ((X, W), {"X": X}),
        ((X, W) + (None,) * 9, {}),
        ((X, W, None, None, 0.5), {}),  # the rate has to be named
    ],
)
def test_a_call_that_does_not_fit_is_pythons_own_error(args, kwargs):
    with pytest.raises(TypeError):
        scores(*args, **kwargs)
    with pytest.raises(TypeError, match="nothing"):
        scores(X, W, nothing=1)


# ---- what is refused, and how


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((X[0], W), "X must have shape (N, D), got (3,)"),
        ((X, W.T), "W must have shape (K, D) with D = 3 as in X, got (3, 4)"),
        ((X, W, [0] * 9), "y must have shape (N,) with N = 10 as in X, got (9,)"),
        ((X[:0], W), "X must not be empty, got shape (0, 3)"),
        ((X, [[1, 2, np.nan]]), "W must be finite, got NaN or infinity"),
        ((X, [[1, 2, -np.inf]]), "W must be finite, got NaN or infinity"),
        (("text", W), "X must be numbers of shape (N, D), got 'text'"),
        ((X * 1j, W), "X must be numbers of shape (N, D), got array("),
        (([[1], [1, 2]], W), "X must be numbers of shape (N, D), got [[1], [1, 2]]"),
        (
            (X, W, [0] * 9 + [4]),
            "y must hold whole numbers of at least 0 and below K = 4 as in W, got 4",
        ),
        (
            (X, W, [-1] + [0] * 9),
            "y must hold whole numbers of at least 0 and below K = 4 as in W, got -1",
        ),
        ((X, W, [0.5] * 10), "y must hold whole numbers, got 0.5"),
        ((X, W, [1e300] * 10), "y must hold whole numbers, got 1e+300"),
        ((X, W, [np.nan] * 10), "y must be finite, got NaN or infinity"),
        (
            (X, W, ["a"] * 10),
            "y must be whole numbers of shape (N,) with N = 10 as in X, got ['a', ",
        ),
        ((X, W, None, [2] * 10), "mask must hold True and False, got 2"),
        ((X, W, None, True), "mask must have shape (N,) with N = 10 as in X, got ()"),
    ],
)
def test_a_wrong_array_is_named_with_what_was_expected_and_what_came(arguments, says):
    with pytest.raises(ValueError, match="must") as error:
        scores(*arguments)
    assert str(error.value).startswith(says)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("rate", 0, "a finite number above 0 and at most 1, got 0"),
        ("rate", 1.5, "a finite number above 0 and at most 1, got 1.5"),
        ("rate", np.nan, "a finite number above 0 and at most 1, got nan"),
        ("rate", True, "a finite number above 0 and at most 1, got True"),
        ("rate", "fast", "a finite number above 0 and at most 1, got 'fast'"),
        ("rate", 10**400, "a finite number above 0 and at most 1, got 1000"),
        ("n_steps", 0, "a whole number of at least 1, got 0"),
        ("n_steps", 2.0, "a whole number of at least 1, got 2.0"),
        ("n_steps", True, "a whole number of at least 1, got True"),
        ("n_steps", [2], "a whole number of at least 1, got [2]"),
        ("rng", 7, "a numpy Generator, got 7"),
        ("kind", "dence", "one of dense, sparse, got 'dence'"),
        ("kind", ["dense"], "one of dense, sparse, got ['dense']"),
    ],
)
def test_a_wrong_number_or_name_likewise(name, value, says):
    with pytest.raises(ValueError, match=f"^{name} must be ") as error:
        scores(X, W, **{name: value})
    assert str(error.value).startswith(f"{name} must be {says}")


def test_limits_add_up():
    @contract
    def f(n: Annotated[Count, Range(at_most=10)]) -> None:
        return None

    f(10)
    for wrong in (0, 11, 10**400):
        with pytest.raises(ValueError, match="of at least 1 and at most 10, got 1?0?"):
            f(wrong)


@pytest.mark.parametrize(
    ("hint", "value", "came"),
    [
        (Int[Array, "N"], [2.0000001], "2.0000001"),
        (Int[Array, "N"], [1000000.5], "1000000.5"),
        (Int[Array, "N"], [2**63], str(2**63)),
        (Bool[Array, "N"], [0.9999999], "0.9999999"),
        (Annotated[Float[Array, "N"], Range(0, at_most=1)], [1.0000001], "1.0000001"),
        (Annotated[Int[Array, "N"], Range(below=1234567)], [1234567], "1234567"),
    ],
)
def test_what_came_is_told_in_all_its_digits(hint, value, came):
    def f(a) -> None:
        return None

    f.__annotations__["a"] = hint
    with pytest.raises(ValueError, match="a must hold") as error:
        contract(f)(value)
    assert str(error.value).endswith(f", got {came}")


def test_underflow_is_no_error():
    with np.errstate(all="raise"):
        vjp([1e-200, 1.0], [0.0, 0.0])
        relu([1e-200, 1.0])


def test_defaults_of_arrays_are_arrays_and_must_fit():
    @contract
    def f(W: Float[Array, "K D"], b: Float[Array, "K"] = (0, 0)) -> Float[Array, "K"]:
        return b

    np.testing.assert_array_equal(f(np.ones((2, 3))), [0, 0])
    with pytest.raises(
        ValueError, match=r"b must have shape \(K,\) with K = 3 as in W"
    ):
        f(np.ones((3, 3)))


def test_a_limit_may_be_an_array_without_axes():
    @contract
    def f(y: Annotated[Int[Array, "N"], Range(below="n")], n: Count) -> None:
        return None

    with pytest.raises(ValueError, match="below n = 3, got 7"):
        f([7], np.array(3))


def test_a_limit_may_be_an_argument_that_comes_later_or_has_a_default():
    @contract
    def f(
        y: Annotated[Int[Array, "N"], Range(0, below="n_classes")],
        n_classes: Count = 3,
        low: Annotated[float, Range(at_most="high")] = 0.0,
        high: float = 1.0,
    ) -> Int[Array, "N"]:
        return y

    f([0, 2])
    f([4], 5)
    with pytest.raises(ValueError, match="below n_classes = 3, got 3"):
        f([3])
    with pytest.raises(ValueError, match="n_classes must be a whole number"):
        f([3], "many")
    with pytest.raises(ValueError, match="low must be .* at most high = 1.0, got 2"):
        f([0], low=2)


def test_letters_of_an_argument_that_was_not_given_set_no_limit():
    @contract
    def f(
        y: Annotated[Int[Array, "N"], Range(below="K")],
        z: Float[Array, "N K"] | None = None,
    ) -> Int[Array, "N"]:
        return y

    f([7])
    with pytest.raises(ValueError, match="below K = 2 as in z, got 7"):
        f([7], [[0, 1]])


# ---- shapes


@contract
def vjp(p: Float[Array, "*batch K"], g: Float[Array, "*batch K"]) -> Float[Array, ""]:
    return np.vdot(p, g)


@given(array_shapes(min_dims=1), st.data())
def test_many_axes_are_the_same_axes(shape, data):
    vjp(np.ones(shape), np.ones(shape))
    other = data.draw(array_shapes(min_dims=1).filter(lambda s: s != shape))
    with pytest.raises(ValueError, match=r"g must have shape \(\*batch, K\) with ba"):
        vjp(np.ones(shape), np.ones(other))


def test_the_sizes_of_many_axes_are_told():
    says = "with batch = (2, 3) and K = 4 as in p, got (2, 4)"
    with pytest.raises(ValueError, match="g must have shape") as error:
        vjp(np.ones((2, 3, 4)), np.ones((2, 4)))
    assert str(error.value) == f"g must have shape (*batch, K) {says}"


@pytest.mark.parametrize(
    ("shape", "good", "bad", "says"),
    [
        ("", [()], [(1,)], "()"),
        ("3", [(3,)], [(2,), (), (3, 1)], "(3,)"),
        ("N N", [(2, 2)], [(2, 3)], "(N, N)"),
        ("_ 2", [(5, 2)], [(5, 3), (2,)], "(_, 2)"),
        ("...", [(), (1,), (2, 3)], [], ""),
        ("... D", [(4,), (2, 4)], [()], "(..., D)"),
        ("N *rest 2", [(3, 2), (3, 5, 6, 2)], [(2,), (3, 3)], "(N, *rest, 2)"),
        ("D 2*D+1", [(2, 5)], [(2, 4)], "(D, 2*D+1)"),
        ("D *rest D-1", [(4, 3), (4, 9, 3)], [(4, 4)], "(D, *rest, D-1)"),
    ],
)
def test_shapes_as_jaxtyping_writes_them(shape, good, bad, says):
    @contract
    def f(a: Float[Array, shape]) -> None:
        return None

    for fits in good:
        f(np.ones(fits))
    for breaks in bad:
        with pytest.raises(ValueError, match="a must have shape ") as error:
            f(np.ones(breaks))
        assert str(error.value) == f"a must have shape {says}, got {breaks}"


@pytest.mark.parametrize(
    "shape",
    ["N", "N N", "... D", "N *rest 2", "*batch K", "3", "_ _", "*_ K", "_n _n K"],
)
@given(sizes=array_shapes(min_dims=0, max_dims=4, max_side=3))
def test_a_shape_fits_where_jaxtypings_own_check_says_so(shape, sizes):
    hint = Float[Array, shape]

    @contract
    def f(a: hint) -> None:
        return None

    array = np.ones(sizes)
    with jaxtyping.jaxtyped("context"):
        fits = isinstance(array, hint)
    if fits:
        f(array)
    else:
        with pytest.raises(ValueError, match="a must have shape"):
            f(array)


def test_a_size_may_be_computed_from_letters_of_others():
    @contract
    def f(
        full: Float[Array, "N K+1"],
        x: Float[Array, "N K"],
        n: int,
        y: Float[Array, "{n}"],
    ) -> None:
        return None

    f(np.ones((2, 4)), np.ones((2, 3)), 5, np.ones(5))
    with pytest.raises(ValueError, match="full must have shape") as error:
        f(np.ones((2, 3)), np.ones((2, 3)), 5, np.ones(5))
    assert str(error.value).endswith("(N, K+1) with K = 3 as in x, got (2, 3)")
    with pytest.raises(ValueError, match=r"y must have shape \(5,\), got \(4,\)"):
        f(np.ones((2, 4)), np.ones((2, 3)), 5, np.ones(4))


def test_a_size_may_be_an_argument_that_has_a_default_or_is_wrong():
    @contract
    def f(x: Float[Array, "{n}"], n: Count = 2) -> None:
        return None

    f([1, 2])
    f([1, 2, 3], 3)
    with pytest.raises(ValueError, match=r"x must have shape \(2,\), got \(3,\)"):
        f([1, 2, 3])
    with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
        f([1, 2, 3], "three")
    with pytest.raises(ValueError, match=r"x must have shape \(0,\), got \(1,\)"):
        f([1], 0)

    @contract
    def g(x: Float[Array, "{n}"], n: int) -> None:
        return None

    with pytest.raises(TypeError, match="missing .* 'n'"):
        g([1])


def test_none_may_stand_inside_of_the_limits():
    @contract
    def f(y: Annotated[Int[Array, "N"] | None, Range(at_least=0)] = None) -> None:
        return None

    f(None)
    f([1])
    with pytest.raises(ValueError, match="y must hold whole numbers of at least 0"):
        f([-1])


def test_methods_see_their_object():
    class Layer:
        sizes = (2, 3)

        @contract
        def forward(self, X: Float[Array, "N {self.sizes[0]}"]) -> Float[Array, "N 2"]:
            return X

    np.testing.assert_array_equal(Layer().forward([[1, 2]]), [[1, 2]])
    Layer.forward.unchecked(Layer(), np.ones((1, 7)))
    with pytest.raises(ValueError, match=r"X must have shape \(N, 2\), got \(1, 3\)"):
        Layer().forward([[1, 2, 3]])


def test_annotations_may_be_strings():
    source = "def f(a: 'Float[Array, \"N\"]', b: 'Unheard | None' = None): return a"
    namespace = {"Float": Float, "Array": Array, "Unheard": int}
    exec(source, namespace)
    f = contract(namespace["f"])
    with pytest.raises(ValueError, match="a must have shape"):
        f(1.0)


@pytest.mark.parametrize(
    ("hint", "says"),
    [
        (lambda: Float[Array, "N K+"], "no size"),
        (lambda: Float[Array, "K**len(K)"], "no size"),
        (lambda: Float[Array, "*a *b"], "more than once"),
        (lambda: jaxtyping.Complex[Array, "N"], "knows Float, Int and Bool"),
        (lambda: Float[list, "N"], "knows Float, Int and Bool of Array"),
        (lambda: Annotated[Int[Array, "N"], Range(below="K")], "names 'K'"),
        (lambda: Annotated[int, AxisOf("z")], "names 'z'"),
        (lambda: Float[Array, "N K+1"], "names 'K'"),
        (lambda: Float[Array, "{m}"], "names 'm'"),
    ],
)
def test_what_is_no_contract_is_told_where_the_function_is_defined(hint, says):
    def f(a) -> None:
        return None

    def define():
        f.__annotations__["a"] = hint()
        contract(f)

    with pytest.raises((TypeError, ValueError), match=says):
        define()


@pytest.mark.parametrize("f", [lambda *a: 0, lambda **a: 0, lambda a, /: 0])
def test_parameters_need_names(f):
    with pytest.raises(TypeError, match="parameters with names"):
        contract(f)


# ---- results


@pytest.mark.parametrize(
    ("result", "says"),
    [
        (np.ones((10, 3)), r"shape \(N, K\) with N = 10 as in X and K = 4 as in W"),
        (np.ones((10, 4), int), "must be .*Float.*, got int64"),
        ([1.0], "must be an array"),
    ],
)
def test_results_are_checked_in_tests(result, says, monkeypatch):
    @contract
    def f(X: Float[Array, "N D"], W: Float[Array, "K D"]) -> Float[Array, "N K"]:
        return result

    with pytest.raises(AssertionError, match=says):
        f(X, W)
    monkeypatch.setattr(contracts, "check_results", False)
    f(X, W)


def test_each_part_of_a_result_is_checked():
    @contract
    def f(X: Float[Array, "N D"]) -> tuple[Float[Array, "N"], int, Int[Array, "M"]]:
        return X[:, 0], 1, np.arange(len(X[0]))

    f(X)
    with pytest.raises(AssertionError, match="3 parts"):
        contract(functools.wraps(f.unchecked)(lambda X: (X,)))(X)


# ---- chapter 2: the messages before the contract, and now

BEFORE = [
    (relu, ("text",), "z must be an array of numbers, got 'text'"),
    (relu, ([],), "z must not be empty, got shape (0,)"),
    (relu, ([np.inf],), "z must be finite, got NaN or infinity"),
    (softmax, (1.0,), "z must have at least one axis, got the scalar 1.0"),
    (softmax, ([1, 2], 1), "axis must be one of the 1 axes of z, got 1"),
    (sparsemax, ([1, 2], None), "axis must be one of the 1 axes of z, got None"),
    (sparsemax, ([[1, 2]], True), "axis must be one of the 2 axes of z, got True"),
    (softmax_vjp, ([0.5, 0.5], [1]), "g must have the shape of p, (2,), got (1,)"),
    (sparsemax_vjp, ([0.5] * 2, 1), "g must have the shape of p, (2,), got ()"),
    (MLP, ([2, 2], "step", 0), "activation must be one of linear, tanh, got 'step'"),
    (MLP, ([2, 2], "relu", 7), "rng must be a numpy Generator, got 7"),
    (MLP, ([2, 0], "relu", np.random.default_rng(0)), "sizes must be …, got 0"),
    (
        MLP([2, 2], "relu", np.random.default_rng(0)).forward,
        ([[1, 2, 3]],),
        "X must have shape (N, 2), got (1, 3)",
    ),
]


@pytest.mark.parametrize(("f", "arguments", "before"), BEFORE)
def test_a_message_says_no_less_than_before(f, arguments, before):
    """The argument, an expectation in words, and what came: its value or its shape."""
    with pytest.raises(ValueError, match=" must ") as error:
        f(*arguments)
    now = str(error.value)
    assert now.split()[0] == before.split()[0]
    came = before.rpartition("got ")[2].removeprefix("the scalar 1.0") or "()"
    assert now.endswith(f"got {came}")
    expectation = now.partition(" must ")[2].rpartition(", got ")[0]
    assert len(expectation.split()) >= 2
    # The numbers of what was expected are still said.
    wanted = before.partition(" must ")[2].rpartition(", got ")[0]
    assert set(re.findall(r"\d+", wanted)) <= set(re.findall(r"\d+", expectation))


# ---- cost


def test_a_contract_costs_little(monkeypatch):
    """As much as some additions of small arrays, and little beside large ones."""
    monkeypatch.setattr(contracts, "check_results", False)

    @contract
    def f(
        a: Float[Array, "N D"], b: Float[Array, "N D"], c: Float[Array, "D"]
    ) -> Float[Array, "N D"]:
        return a

    small = np.ones((10, 3)), np.ones((10, 3)), np.ones(3)
    large = np.ones((1000, 1000)), np.ones((1000, 1000)), np.ones(1000)

    def seconds(call, number):
        return min(timeit.repeat(call, number=number, repeat=7)) / number

    addition = seconds(lambda: small[0] + small[1], 2000)
    assert seconds(lambda: f(*small), 2000) < 100 * addition
    exponentials = seconds(lambda: np.exp(large[0]), 3)
    assert seconds(lambda: f(*large), 3) < 2 * exponentials


def test_importing_it_takes_neither_scipy_nor_torch():
    code = "import sys, tutorial_utils.contracts; print({*sys.modules} & {%s})"
    names = "'scipy', 'torch', 'jax', 'matplotlib'"
    done = subprocess.run(
        [sys.executable, "-c", code % names], capture_output=True, text=True
    )
    assert done.stdout.strip() == "set()", done.stderr


# ---- entries among a few, symmetry, functions


@contract
def signed(
    K: Annotated[Float[Array, "N N"], Symmetric()],
    y: Annotated[Int[Array, "N"], OneOf((-1, 1))],
    weigh: Callable[[float], float] = abs,
    n_classes: Count = 2,
    label: Annotated[int, Range(at_least=0, below="n_classes")] = 0,
) -> Float[Array, "N"]:
    """K @ y."""
    return K @ y


def test_entries_among_a_few_a_symmetric_array_and_a_function():
    assert signed([[2, 1], [1, 0]], [1, -1.0]).tolist() == [1, 1]
    nearly = np.array([[1, 1], [1 + 1e-9, 1]])
    assert signed(nearly, [1, 1]).shape == (2,)
    half = np.array([[1, 1], [1.002, 1]], np.float16)
    assert signed(half, [1, 1]).shape == (2,)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([[1, 2], [2, 1]], [1, 0]), "y must hold -1 and 1 only, got 0"),
        (([[1, 2], [3, 1]], [1, 1]), "K must be symmetric, got entries that differ by"),
        (([[1, 2]], [1, 1]), r"K must have shape \(N, N\), got \(1, 2\)"),
        (([[1.0]], [1], 3), "weigh must be a function, got 3"),
        (([[1.0]], [1], abs, 0), "n_classes must be a whole number of at least 1"),
        (([[1.0]], [1], abs, 2, 2), "label must be a whole number .* n_classes = 2"),
    ],
)
def test_what_is_not_among_them_is_named(arguments, says):
    with pytest.raises(ValueError, match=says):
        signed(*arguments)


def test_symmetry_is_of_arrays_alone():
    with pytest.raises(TypeError, match="no contract enforces"):

        @contract
        def f(text: Annotated[str, Symmetric()]) -> str:
            """A text."""
            return text


class Thing:
    """A class of which a contract wants an object."""


@contract
def with_a_thing(thing: Thing, maybe: Thing | None = None) -> str:
    return type(thing).__name__


def test_an_object_of_a_class():
    class Special(Thing):
        pass

    assert with_a_thing(Thing()) == "Thing"
    assert with_a_thing(Special(), None) == "Special"
    for value, got in ((3, "int"), (Thing, "type"), (None, "NoneType")):
        with pytest.raises(ValueError, match=f"thing must be of type Thing, got {got}"):
            with_a_thing(value)
    with pytest.raises(ValueError, match="maybe must be of type Thing, got str"):
        with_a_thing(Thing(), "no")


def test_labels_may_be_one_whole_number():
    @contract
    def f(y: Annotated[Int[Array, "*shape"], OneOf((0, 1))]) -> Int[Array, "*shape"]:
        return y

    for one in (1, True, np.int8(1), np.uint8(1), np.array(1)):
        assert f(one) == 1
    with pytest.raises(ValueError, match="y must hold 0 and 1 only, got 3"):
        f(3)


def test_an_overflow_without_arrays_is_told_as_it_is():
    @contract
    def f(x: float) -> float:
        raise Overflow("the answer must be finite")

    with pytest.raises(Overflow, match="^the answer must be finite"):
        f(1.0)
