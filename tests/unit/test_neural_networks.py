"""Chapter 2: properties on random inputs, parity with other software, edge cases."""

import warnings

import entmax
import numpy as np
import pytest
import quadprog
import scipy.special
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tutorial_utils import neural_networks
from tutorial_utils.checks import assert_equal, relative_error
from tutorial_utils.neural_networks import (
    ACTIVATIONS,
    MLP,
    bump_bound,
    bump_middles,
    bump_network,
    largest_change,
    linear,
    linear_derivative,
    relu,
    relu_derivative,
    sigmoid,
    sigmoid_derivative,
    softmax,
    softmax_vjp,
    sparsemax,
    sparsemax_by_sorting,
    sparsemax_threshold,
    sparsemax_vjp,
    tanh,
    tanh_derivative,
)

seeds = st.integers(0, 2**32 - 1)
ELEMENTWISE = [
    *ACTIVATIONS.values(),
    linear_derivative,
    sigmoid_derivative,
    tanh_derivative,
    relu_derivative,
]
MAPS = [softmax, sparsemax, sparsemax_threshold]
PRODUCTS = [softmax_vjp, sparsemax_vjp]
IN_TORCH = {
    "linear": torch.nn.Identity,
    "sigmoid": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "relu": torch.nn.ReLU,
}


@st.composite
def scores(draw):
    """Scores of one to three axes, often with ties, and an axis of them."""
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=6))
    rng = np.random.default_rng(draw(seeds))
    z = rng.normal(scale=draw(st.sampled_from([0.01, 0.3, 1, 5, 300])), size=shape)
    if draw(st.booleans()):
        z = z.round(1)
    return z, draw(st.integers(-len(shape), len(shape) - 1))


# ---- activations


@pytest.mark.parametrize("f", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_a_floating_type_and_the_shape_are_kept(f, dtype):
    for shape in [(), (3,), (2, 3, 4)]:
        result = f(np.full(shape, 0.5, dtype=dtype))
        assert result.dtype == dtype
        assert result.shape == shape


@pytest.mark.parametrize("f", ELEMENTWISE)
def test_whole_numbers_and_lists_become_float64(f):
    result = f([[1, 2], [-3, 0]])
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, f(np.array([[1.0, 2.0], [-3.0, 0.0]])))


@pytest.mark.parametrize("f", ELEMENTWISE)
def test_activations_leave_their_argument_alone(f):
    z = np.linspace(-2, 2, 9)
    before = z.copy()
    result = f(z)
    assert not np.shares_memory(result, z)
    np.testing.assert_array_equal(z, before)


@pytest.mark.parametrize("f", ELEMENTWISE)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_nothing_overflows(f, dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isfinite(f(np.array([-1e4, -1e30, 0, 1e30, 1e4], dtype=dtype))).all()


@pytest.mark.parametrize("f", ELEMENTWISE)
@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ([], "z must not be empty"),
        ([1, np.nan], "z must be finite"),
        ([np.inf], "z must be finite"),
        ("text", "z must be an array of numbers, got 'text'"),
        (None, "z must be an array of numbers"),
        ([[1], [1, 2]], "z must be an array of numbers"),
        ([1j], "z must be an array of numbers"),
    ],
)
def test_activations_refuse_what_is_no_number(f, bad, says):
    with pytest.raises(ValueError, match=says):
        f(bad)


def test_activations_at_known_places():
    np.testing.assert_array_equal(linear([-1, 2]), [-1, 2])
    np.testing.assert_array_equal(relu([-1, 0, 2]), [0, 0, 2])
    np.testing.assert_array_equal(relu_derivative([-1, 0, 1e-300]), [0, 0, 1])
    np.testing.assert_array_equal(linear_derivative([-1, 0, 2]), [1, 1, 1])
    assert sigmoid(0) == 0.5
    assert sigmoid_derivative(0) == 0.25
    assert tanh(0) == 0
    assert tanh_derivative(0) == 1


@given(hnp.arrays(float, 20, elements=st.floats(-700, 700)))
def test_sigmoid_and_tanh_against_scipy_and_each_other(z):
    np.testing.assert_allclose(sigmoid(z), scipy.special.expit(z), rtol=1e-13)
    np.testing.assert_allclose(sigmoid(-z), 1 - sigmoid(z), atol=1e-15)
    np.testing.assert_allclose(sigmoid(z), (1 + tanh(z / 2)) / 2, atol=1e-15)
    exact = scipy.special.expit(z) * scipy.special.expit(-z)
    np.testing.assert_allclose(sigmoid_derivative(z), exact, rtol=1e-13)
    np.testing.assert_allclose(tanh_derivative(z / 2), 4 * exact, rtol=1e-13)
    for f in (sigmoid, tanh, relu):
        assert (np.diff(f(np.sort(z))) >= 0).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivatives_by_differences_and_by_torch(name):
    derivative = getattr(neural_networks, f"{name}_derivative")
    z = np.random.default_rng(0).normal(scale=3, size=500)
    z = z[np.abs(z) > 1e-3]
    by_differences = (ACTIVATIONS[name](z + 1e-6) - ACTIVATIONS[name](z - 1e-6)) / 2e-6
    assert_equal(derivative(z), by_differences, name, 1e-7)
    z_torch = torch.tensor(z, requires_grad=True)
    IN_TORCH[name]()(z_torch).sum().backward()
    assert_equal(derivative(z), z_torch.grad.numpy(), name, 1e-12)


# ---- softmax and sparsemax


@given(scores())
def test_both_maps_end_on_the_simplex_and_ignore_a_constant(case):
    z, axis = case
    for f in (softmax, sparsemax):
        p = f(z, axis=axis)
        assert p.shape == z.shape
        assert (p >= 0).all()
        np.testing.assert_allclose(p.sum(axis=axis), 1, atol=1e-12)
        np.testing.assert_allclose(f(z + 7.25, axis=axis), p, atol=1e-12)
        # The order of probabilities is that of scores.
        order = np.argsort(z, axis=axis)
        assert (np.diff(np.take_along_axis(p, order, axis), axis=axis) >= 0).all()


@given(scores())
def test_softmax_equals_scipy_and_torch(case):
    z, axis = case
    np.testing.assert_allclose(
        softmax(z, axis=axis), scipy.special.softmax(z, axis=axis), atol=1e-14
    )
    in_torch = torch.softmax(torch.tensor(z), dim=axis).numpy()
    np.testing.assert_allclose(softmax(z, axis=axis), in_torch, atol=1e-14)


@given(scores(), seeds)
def test_sparsemax_equals_entmax_in_value_and_gradient(case, seed):
    z, axis = case
    z_torch = torch.tensor(z, requires_grad=True)
    theirs = entmax.sparsemax(z_torch, dim=axis)
    p = sparsemax(z, axis=axis)
    np.testing.assert_allclose(p, theirs.detach().numpy(), atol=1e-10)
    support = np.abs(z - sparsemax_threshold(z, axis=axis))
    if support.min() < 1e-9:
        return  # in a corner the two libraries may choose different sides
    g = np.random.default_rng(seed).normal(size=z.shape)
    theirs.backward(torch.tensor(g))
    ours = sparsemax_vjp(p, g, axis=axis)
    np.testing.assert_allclose(ours, z_torch.grad.numpy(), atol=1e-10)


@given(seeds)
def test_sparsemax_equals_a_quadratic_program(seed):
    rng = np.random.default_rng(seed)
    K = rng.integers(1, 12)
    z = rng.normal(scale=rng.choice([0.1, 1, 10]), size=K)
    constraints = np.column_stack([np.ones(K), np.eye(K)])
    p = quadprog.solve_qp(np.eye(K), z, constraints, np.eye(K + 1)[0], meq=1)[0]
    np.testing.assert_allclose(sparsemax(z), p, atol=1e-10)


@given(scores())
def test_the_threshold_is_the_root_of_its_equation(case):
    z, axis = case
    tau = sparsemax_threshold(z, axis=axis)
    assert tau.shape == tuple(
        1 if k == axis % z.ndim else n for k, n in enumerate(z.shape)
    )
    mass = np.maximum(z - tau, 0).sum(axis=axis)
    np.testing.assert_allclose(mass, 1, atol=1e-10)
    np.testing.assert_allclose(
        sparsemax(z, axis=axis), np.maximum(z - tau, 0), atol=1e-12
    )


@given(seeds)
def test_sparsemax_is_idempotent(seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(rng.integers(1, 9), 0.5))
    np.testing.assert_allclose(sparsemax(p), p, atol=1e-14)
    p = sparsemax(rng.normal(size=(4, 6)))
    np.testing.assert_allclose(sparsemax(p), p, atol=1e-14)


def test_zeros_ties_and_one_class():
    np.testing.assert_array_equal(sparsemax([1.0, 0.0]), [1, 0])
    np.testing.assert_array_equal(sparsemax([2, 2, 0]), [0.5, 0.5, 0])
    np.testing.assert_allclose(sparsemax(np.zeros(7)), np.full(7, 1 / 7), rtol=1e-15)
    np.testing.assert_array_equal(sparsemax([[5.0], [-1e9]]), [[1], [1]])
    np.testing.assert_array_equal(sparsemax_threshold([3.0]), [2])
    np.testing.assert_array_equal(softmax([3.0]), [1])
    assert sparsemax([0.6, 0.5, -0.9])[2] == 0
    np.testing.assert_array_equal(softmax([0.0, 800.0]), [0, 1])


@pytest.mark.parametrize("scale", [1e-300, 1e-8, 1e8, 1e300])
def test_scores_of_any_size(scale):
    z = scale * np.array([1.0, 0.5, -1.0])
    for f in (softmax, sparsemax):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            p = f(z)
        expected = [1, 0, 0] if scale > 1 else [1 / 3] * 3
        np.testing.assert_allclose(p, expected, atol=1e-7)


def test_low_and_high_temperature():
    z = np.array([1.0, 3.0, 3.0])
    np.testing.assert_allclose(softmax(z / 1e-3), [0, 0.5, 0.5], atol=1e-15)
    np.testing.assert_allclose(softmax(z / 1e9), np.full(3, 1 / 3), atol=1e-8)


def test_many_classes_in_single_precision():
    z = np.random.default_rng(0).normal(size=(3, 100_000)).astype(np.float32)
    for scale in (np.float32(1), np.float32(1e-6)):
        np.testing.assert_allclose(sparsemax(scale * z).sum(axis=1), 1, atol=1e-4)
    theirs = entmax.sparsemax(torch.tensor(z), dim=1).numpy()
    np.testing.assert_allclose(sparsemax(z), theirs, atol=1e-6)
    ties = sparsemax(np.zeros(4096, dtype=np.float16))
    np.testing.assert_array_equal(ties, np.full(4096, 2.0**-12))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_maps_and_products_keep_the_floating_type(dtype):
    z = np.array([[0.5, 0.25, -3.0], [1, 1, 1]], dtype=dtype)
    for f in MAPS:
        assert f(z).dtype == dtype
        assert f(z, axis=0).dtype == dtype
    for f in PRODUCTS:
        assert f(softmax(z), z).dtype == dtype
        assert f(np.array([1, 0]), np.array([2, 3])).dtype == np.float64
    assert softmax([1, 2]).dtype == sparsemax([1, 2]).dtype == np.float64


def test_maps_and_products_leave_their_arguments_alone():
    z = np.random.default_rng(0).normal(size=(3, 4))
    g, before = z[::-1].copy(), z.copy()
    for f in MAPS:
        assert not np.shares_memory(f(z), z)
    for f in PRODUCTS:
        p = softmax(z)
        held = p.copy()
        f(p, g)
        np.testing.assert_array_equal(p, held)
    np.testing.assert_array_equal(z, before)
    np.testing.assert_array_equal(g, before[::-1])


@given(seeds)
def test_products_by_differences(seed):
    rng = np.random.default_rng(seed)
    z, g = rng.normal(size=(2, 5))
    for f, vjp in ((softmax, softmax_vjp), (sparsemax, sparsemax_vjp)):
        if f is sparsemax and np.abs(z - sparsemax_threshold(z)).min() < 1e-4:
            continue
        units = 1e-6 * np.eye(5)
        slopes = np.array([g @ (f(z + u) - f(z - u)) / 2e-6 for u in units])
        error = np.linalg.norm(vjp(f(z), g) - slopes)
        assert error <= 1e-7 * max(1, np.linalg.norm(g)), f.__name__


@given(scores(), seeds)
def test_softmax_product_equals_torch_along_any_axis(case, seed):
    z, axis = case
    g = np.random.default_rng(seed).normal(size=z.shape)
    z_torch = torch.tensor(z, requires_grad=True)
    torch.softmax(z_torch, dim=axis).backward(torch.tensor(g))
    ours = softmax_vjp(softmax(z, axis=axis), g, axis=axis)
    np.testing.assert_allclose(ours, z_torch.grad.numpy(), atol=1e-12)


@given(scores(), seeds)
def test_products_are_those_of_symmetric_matrices_that_map_constants_to_0(case, seed):
    z, axis = case
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, *z.shape))
    for f, vjp in ((softmax, softmax_vjp), (sparsemax, sparsemax_vjp)):
        p = f(z, axis=axis)
        left = np.sum(a * vjp(p, b, axis=axis))
        assert left == pytest.approx(np.sum(b * vjp(p, a, axis=axis)), abs=1e-10)
        np.testing.assert_allclose(vjp(p, np.ones_like(p), axis=axis), 0, atol=1e-12)


@pytest.mark.parametrize("f", MAPS)
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((1.0,), r"z must have shape \(\*batch, K\), got \(\)"),
        (([],), "z must not be empty"),
        ((np.empty((3, 0)),), "z must not be empty"),
        (([1, np.nan],), "z must be finite"),
        (([1, np.inf],), "z must be finite"),
        (([[1], [1, 2]],), r"z must be numbers of shape \(\*batch, K\), got \[\[1"),
        (([1, 2], 1), "axis must be one of the 1 axes of z, got 1"),
        (([1, 2], -2), "axis must be one of"),
        (([1, 2], 0.0), "axis must be one of"),
        (([1, 2], None), "axis must be one of"),
    ],
)
def test_maps_refuse_bad_input(f, arguments, says):
    with pytest.raises(ValueError, match=says):
        f(*arguments)


@pytest.mark.parametrize("f", PRODUCTS)
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((0.5, 0.5), r"p must have shape \(\*batch, K\), got \(\)"),
        (
            ([0.5, 0.5], [1, 2, 3]),
            r"g must have shape \(\*batch, K\) with batch = \(\) and K = 2 as in p, "
            r"got \(3,\)",
        ),
        (([0.5, 0.5], [[1, 2]]), "g must have shape .* as in p, got"),
        (([0.5, np.nan], [1, 2]), "p must be finite"),
        (([0.5, 0.5], [1, np.nan]), "g must be finite"),
        (([], []), "p must not be empty"),
        (([0.5, 0.5], [1, 2], 1), "axis must be one of the 1 axes of p"),
    ],
)
def test_products_refuse_bad_input(f, arguments, says):
    with pytest.raises(ValueError, match=says):
        f(*arguments)


# ---- the network


@given(st.lists(st.integers(1, 7), min_size=2, max_size=6), seeds)
def test_forward_equals_torch(sizes, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(4, sizes[0]))
    for name, activation in IN_TORCH.items():
        network = MLP(sizes, name, rng)
        layers = []
        for W, b in zip(network.W, network.b, strict=True):
            b += rng.normal(size=b.shape)
            layer = torch.nn.Linear(*W.T.shape, dtype=torch.float64)
            layer.weight.data, layer.bias.data = torch.tensor(W), torch.tensor(b)
            layers += [layer, activation()]
        by_torch = torch.nn.Sequential(*layers[:-1])(torch.tensor(X)).detach().numpy()
        assert relative_error(network.forward(X), by_torch) <= 1e-12


def test_shapes_and_types_of_the_parameters():
    network = MLP([4, 7, 5, 3], "tanh", np.random.default_rng(0))
    assert [W.shape for W in network.W] == [(7, 4), (5, 7), (3, 5)]
    assert [b.shape for b in network.b] == [(7,), (5,), (3,)]
    assert {a.dtype for a in network.W + network.b} == {np.dtype(float)}
    assert network.forward(np.zeros((6, 4), dtype=np.float32)).shape == (6, 3)


def test_the_generator_decides_the_weights():
    one, same, other = (
        MLP([3, 4, 2], "relu", np.random.default_rng(k)) for k in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.W[0], same.W[0])
    assert (one.W[0] != other.W[0]).any()


def test_the_start_keeps_the_size_of_the_signal():
    rng = np.random.default_rng(0)
    network = MLP([400, 400, 400, 400], "linear", rng)
    scores = network.forward(rng.normal(size=(200, 400)))
    assert scores.std() == pytest.approx(1, abs=0.1)


def test_linear_layers_are_one_layer():
    rng = np.random.default_rng(0)
    network = MLP([3, 6, 5, 2], "linear", rng)
    X = rng.normal(size=(8, 3))
    W = network.W[2] @ network.W[1] @ network.W[0]
    np.testing.assert_allclose(network.forward(X), X @ W.T, atol=1e-12)


def test_forward_leaves_its_argument_alone():
    network = MLP([2, 2], "relu", np.random.default_rng(0))
    X = np.ones((3, 2))
    network.forward(X)
    np.testing.assert_array_equal(X, np.ones((3, 2)))


@pytest.mark.parametrize(
    ("sizes", "activation", "rng", "says"),
    [
        ([3], "relu", 0, "sizes must hold at least two numbers, got"),
        (3, "relu", 0, "sizes must hold at least two numbers, got 3"),
        ([], "relu", 0, "sizes must hold at least two numbers"),
        ([[1, 2], 3], "relu", 0, "sizes must be a whole number"),
        ([3, 0], "relu", 0, "sizes must be a whole number of at least 1, got 0"),
        ([3, 2.5], "relu", 0, "sizes must be a whole number"),
        ([3, True], "relu", 0, "sizes must be a whole number"),
        ([3, 2], "step", 0, "activation must be one of linear, .*, got 'step'"),
        ([3, 2], ["relu"], 0, "activation must be one of"),
        ([3, 2], None, 0, "activation must be one of"),
        ([3, 2], "relu", None, "rng must be a numpy Generator, got 7"),
    ],
)
def test_the_network_refuses_bad_input(sizes, activation, rng, says):
    generator = 7 if rng is None else np.random.default_rng(rng)
    with pytest.raises(ValueError, match=says):
        MLP(sizes, activation, generator)


@pytest.mark.parametrize(
    ("X", "says"),
    [
        ([1.0, 2.0], r"X must have shape \(N, 2\), got \(2,\)"),
        ([[1.0, 2.0, 3.0]], r"X must have shape \(N, 2\), got \(1, 3\)"),
        (np.empty((0, 2)), "X must not be empty"),
        ([[1.0, np.nan]], "X must be finite"),
        ("text", "X must be numbers"),
    ],
)
def test_forward_refuses_bad_input(X, says):
    network = MLP([2, 3, 2], "relu", np.random.default_rng(0))
    with pytest.raises(ValueError, match=says):
        network.forward(X)


# ---- the readable form of sparsemax


@given(scores())
def test_sorting_all_scores_gives_sparsemax(case):
    z, axis = case
    by_sorting = np.moveaxis(sparsemax_by_sorting(np.moveaxis(z, axis, -1)), -1, axis)
    assert_equal(by_sorting, sparsemax(z, axis=axis), "sparsemax", 1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("scale", [1e-3, 1, 1e4])
def test_sorting_all_scores_of_any_size_and_type(dtype, scale):
    z = (scale * np.random.default_rng(0).uniform(size=(20, 9))).astype(dtype)
    p = sparsemax_by_sorting(z)
    assert p.dtype == dtype
    assert (p >= 0).all()
    ours, exact = p.astype(float), sparsemax(z.astype(float))
    assert_equal(ours, exact, "sparsemax", 4 * np.finfo(dtype).eps)


def test_sorting_refuses_bad_input():
    with pytest.raises(ValueError, match="z must be finite"):
        sparsemax_by_sorting([0, np.nan])
    with pytest.raises(ValueError, match="z must not be empty"):
        sparsemax_by_sorting(np.empty((0, 3)))


# ---- bumps


def smooth(x):
    return np.sin(7 * x) + 0.3 * np.cos(19 * x)


@pytest.mark.parametrize("M", [2, 3, 8, 40])
def test_a_network_of_bumps_is_its_formula(M):
    heights = np.random.default_rng(M).normal(size=M)
    network, x = bump_network(heights), np.linspace(0, 1, 101)
    t, s = np.arange(1, M) / M, 4 * M * np.log(M)
    steps = scipy.special.expit(s * (x[:, None] - t))
    steps = np.column_stack([np.ones(101), steps, np.zeros(101)])
    formula = -np.diff(steps, axis=1) @ heights
    assert network.sizes == [1, M - 1, 1]
    assert_equal(network.forward(x[:, None])[:, 0], formula, "eq-bumps", 1e-12)


def test_the_error_of_bumps_stays_below_its_bound_and_halves():
    x = np.linspace(0, 1, 2001)
    errors = []
    for M in (20, 40, 80, 160):
        network = bump_network(smooth(bump_middles(M)))
        error = np.abs(network.forward(x[:, None])[:, 0] - smooth(x)).max()
        assert error <= bump_bound(smooth(x), M)
        errors.append(error)
    ratios = np.array(errors[:-1]) / errors[1:]
    assert ((ratios > 1.6) & (ratios < 2.4)).all()


@given(seeds, st.integers(1, 60), st.floats(0, 1))
def test_the_largest_change_is_never_too_small(seed, n, r):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=n)
    places = np.linspace(0, 1, n) if n > 1 else np.zeros(1)
    x = rng.uniform(0, 1, size=200)
    other = np.clip(x + rng.uniform(-r, r, size=200), 0, 1)
    changes = np.abs(np.interp(x, places, values) - np.interp(other, places, values))
    assert changes.max() <= largest_change(values, r) + 1e-12
    assert largest_change(values, 1.0) == np.ptp(values)


def test_the_largest_change_of_a_line():
    line = 3 * np.linspace(0, 1, 1001)
    assert_equal(largest_change(line, 0.25), 0.75, "slope times distance", 0.004)


@pytest.mark.parametrize("M", [2, 5, 30])
def test_the_bound_of_bumps_for_a_line(M):
    line = 3 * np.linspace(0, 1, 6001)
    exact = 3 / M + 2 * 3 / (1 + M**2)  # eq-bumps-bound with slope 3
    assert exact <= bump_bound(line, M) <= exact + 2 * 3 / 6000 + 1e-12


def test_middles():
    assert_equal(bump_middles(4), [0.125, 0.375, 0.625, 0.875], "middles", 1e-15)


@pytest.mark.parametrize(
    ("f", "arguments", "says"),
    [
        (bump_middles, (0,), "M must be a whole number of at least 1, got 0"),
        (bump_middles, (2.5,), "M must be a whole number"),
        (bump_network, ([1.0],), "the length of heights must be .* at least 2, got 1"),
        (bump_network, ([[1, 2]],), r"heights must have shape \(M,\), got \(1, 2\)"),
        (bump_bound, ([0, 1], 1), "M must be a whole number of at least 2, got 1"),
        (bump_bound, ([0, np.inf], 4), "values must be finite"),
        (largest_change, ([0, 1], 2), "r must be a finite number of at least 0"),
    ],
)
def test_bumps_refuse_bad_input(f, arguments, says):
    with pytest.raises(ValueError, match=says):
        f(*arguments)
