"""Chapter 3: gradients, properties on random inputs, parity with torch, bad input."""

import inspect
import itertools
import warnings

import entmax
import numpy as np
import pytest
import sklearn.preprocessing
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutorial_utils.checks import assert_at_most, assert_equal
from tutorial_utils.neural_networks import ACTIVATIONS, MLP, softmax, sparsemax
from tutorial_utils.training import (
    LOSSES,
    SGD,
    Adagrad,
    Adam,
    EarlyStopping,
    Momentum,
    Nesterov,
    RMSprop,
    Tensor,
    backpropagation,
    batch_norm_backward,
    batch_norm_forward,
    batch_norm_infer,
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    concatenate,
    cross_entropy,
    cross_entropy_gradient,
    dropout_mask,
    forward_pass,
    glorot_uniform,
    he_normal,
    loss_node,
    minibatches,
    numerical_gradient,
    penalised,
    regularised_risk,
    ring_all_reduce,
    soft_threshold,
    sparsemax_loss,
    sparsemax_loss_and_gradient,
    sparsemax_loss_gradient,
    squared_loss,
    squared_loss_gradient,
    standardise,
    topological_order,
    warmup_cosine,
)

seeds = st.integers(0, 2**32 - 1)
CLASS_LOSSES = {
    cross_entropy: cross_entropy_gradient,
    sparsemax_loss: sparsemax_loss_gradient,
}


def flat(gradients):
    return np.concatenate([part.ravel() for pair in gradients for part in pair])


# ---- losses


@given(seeds, st.sampled_from([(3,), (4, 3), (2, 5, 6), (7, 1)]))
def test_losses_take_any_leading_axes(seed, shape):
    rng = np.random.default_rng(seed)
    z, y = rng.normal(scale=3, size=shape), rng.integers(shape[-1], size=shape[:-1])
    for loss, gradient in CLASS_LOSSES.items():
        assert loss(z, y).shape == shape[:-1]
        assert gradient(z, y).shape == shape
        assert (loss(z, y) >= 0).all()
        np.testing.assert_allclose(gradient(z, y).sum(axis=-1), 0, atol=1e-12)
        for at in np.ndindex(shape[:-1]):
            assert_equal(loss(z[at], y[at]), loss(z, y)[at], "one by one", 1e-12)
    f, target = rng.normal(size=(2, *shape))
    assert squared_loss(f, target).shape == shape[:-1]
    np.testing.assert_array_equal(squared_loss_gradient(f, target), f - target)


def test_the_squared_loss_is_half_the_squared_distance():
    assert squared_loss([3.0, 4.0], [0.0, 0.0]) == 12.5


@given(seeds)
def test_loss_gradients_are_those_of_torch_and_entmax(seed):
    rng = np.random.default_rng(seed)
    z, y = rng.normal(scale=4, size=(20, 6)), rng.integers(6, size=20)
    z_torch, y_torch = torch.tensor(z, requires_grad=True), torch.tensor(y)
    theirs = {
        cross_entropy: torch.nn.functional.cross_entropy(
            z_torch, y_torch, reduction="none"
        ),
        sparsemax_loss: entmax.sparsemax_loss(z_torch, y_torch),
    }
    for loss, gradient in CLASS_LOSSES.items():
        (slope,) = torch.autograd.grad(theirs[loss].sum(), z_torch)
        np.testing.assert_allclose(
            loss(z, y), theirs[loss].detach(), rtol=1e-10, atol=1e-12
        )
        assert_equal(gradient(z, y), slope.numpy(), loss.__name__, 1e-12)


BINARY = (binary_cross_entropy, binary_cross_entropy_gradient)


@given(seeds, st.sampled_from([(), (1,), (7,), (3, 4), (2, 1, 5)]))
def test_binary_cross_entropy_takes_any_shape_and_is_torchs(seed, shape):
    rng = np.random.default_rng(seed)
    z, y = rng.normal(scale=5, size=shape), rng.integers(2, size=shape)
    z_torch = torch.tensor(z, requires_grad=True)
    theirs = torch.nn.functional.binary_cross_entropy_with_logits(
        z_torch, torch.tensor(y, dtype=torch.float64), reduction="none"
    )
    (slope,) = torch.autograd.grad(theirs.sum(), z_torch)
    assert binary_cross_entropy(z, y).shape == shape
    # Torch's slope, a difference of nearly equal numbers, has rounding errors of 1e-15.
    for ours, other in zip((f(z, y) for f in BINARY), (theirs, slope), strict=True):
        np.testing.assert_allclose(ours, other.detach(), rtol=1e-12, atol=1e-14)


@given(seeds)
def test_binary_cross_entropy_is_the_cross_entropy_of_zero_and_the_score(seed):
    rng = np.random.default_rng(seed)
    z, y = rng.normal(scale=30, size=50), rng.integers(2, size=50)
    two = np.column_stack([np.zeros(50), z])
    assert_equal(binary_cross_entropy(z, y), cross_entropy(two, y), "value", 1e-13)
    slopes = cross_entropy_gradient(two, y)[:, 1]
    assert_equal(binary_cross_entropy_gradient(z, y), slopes, "slope", 1e-13)


def test_binary_cross_entropy_keeps_its_digits_far_from_zero():
    z = np.array([1e4, -1e4, 1e4, -1e4, 40, -40, 0])
    y = np.array([1, 0, 0, 1, 1, 0, 1])
    with np.errstate(all="raise", under="ignore"):
        loss, slope = (f(z, y) for f in BINARY)
    np.testing.assert_array_equal(loss[:4], [0, 0, 1e4, 1e4])
    np.testing.assert_array_equal(slope[:4], [0, 0, 1, -1])
    small = np.exp(-40)  # but for its square
    np.testing.assert_allclose(loss[4:6], small, rtol=1e-14)
    np.testing.assert_allclose(slope[4:6], [-small, small], rtol=1e-14)
    assert loss[6] == np.log(2)
    assert slope[6] == -0.5


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_binary_cross_entropy_keeps_the_type(kind):
    z = np.array([-9, -1, 0, 3, 300], kind)
    exact = [f(z.astype(np.float64), [1, 0, 1, 1, 0]) for f in BINARY]
    for f, wanted in zip(BINARY, exact, strict=True):
        assert f(z, [1, 0, 1, 1, 0]).dtype == kind
        np.testing.assert_allclose(
            f(z, [1, 0, 1, 1, 0]), wanted, rtol=2 * np.finfo(kind).eps
        )


@pytest.mark.parametrize("f", BINARY)
@pytest.mark.parametrize(
    ("z", "y", "message"),
    [
        ([0.0, 1.0], [0, 2], "y must hold 0 and 1 only, got 2"),
        ([0.0, 1.0], [0, -1], "y must hold 0 and 1 only, got -1"),
        ([0.0, 1.0], [0, 0.5], "y must hold whole numbers, got 0.5"),
        ([0.0, 1.0], [0, 1, 1], r"y must have shape .*\(2,\) as in z, got \(3,\)"),
        ([0.0, np.inf], [0, 1], "z must be finite"),
        ([], [], "z must not be empty"),
        ("text", [0], "z must be numbers"),
    ],
)
def test_bad_scores_and_labels_of_two_classes(f, z, y, message):
    with pytest.raises(ValueError, match=message):
        f(z, y)


@given(seeds)
def test_sparsemax_loss_is_zero_exactly_from_a_lead_of_one(seed):
    rng = np.random.default_rng(seed)
    z, y = rng.normal(size=5), int(rng.integers(5))
    others = np.delete(z, y).max()
    for lead, is_zero in ((1.001, True), (2.0, True), (0.999, False), (-3.0, False)):
        z[y] = others + lead
        assert (sparsemax_loss(z, y) == 0) == is_zero


@given(seeds, st.floats(0, 1))
def test_losses_are_convex_and_do_not_see_a_shift(seed, share):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(scale=3, size=(2, 4))
    y = int(rng.integers(4))
    for loss in CLASS_LOSSES:
        between = loss(share * a + (1 - share) * b, y)
        assert between <= share * loss(a, y) + (1 - share) * loss(b, y) + 1e-12
        assert_equal(loss(a + 100, y), loss(a, y), "shift", 1e-9)


def test_losses_survive_huge_scores():
    z = np.array([[1e4, -1e4, 0], [1e100, 0, -1e100]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for loss, gradient in CLASS_LOSSES.items():
            np.testing.assert_array_equal(loss(z, [0, 0]), 0)
            assert_equal(loss(z, [1, 1]), [2e4, 1e100], loss.__name__, 1e-3)
            assert np.isfinite(gradient(z, [2, 2])).all()


def test_the_sparsemax_loss_shares_ties():
    assert sparsemax_loss([0.0, 0.0], 0) == 0.25
    np.testing.assert_array_equal(sparsemax_loss_gradient([0.0, 0.0], 0), [-0.5, 0.5])


@pytest.mark.parametrize("f", [*CLASS_LOSSES, *CLASS_LOSSES.values()])
@pytest.mark.parametrize(
    ("z", "y", "message"),
    [
        ([[1.0, 2.0]], [2], "of at least 0 and below K = 2 as in z, got 2"),
        ([[1.0, 2.0]], [-1], "of at least 0 and below K = 2 as in z, got -1"),
        ([[1.0, 2.0]], [0.5], "y must hold whole numbers, got 0.5"),
        (
            [[1.0, 2.0]],
            [0, 1],
            r"y must have shape .* batch = \(1,\) as in z, got \(2,\)",
        ),
        ([[1.0, 2.0]], 0, r"y must have shape .* batch = \(1,\) as in z, got \(\)"),
        (1.0, 0, r"z must have shape .* got \(\)"),
        ([[1.0, np.nan]], [0], "z must be finite"),
        (np.empty((0, 2)), np.empty(0), "z must not be empty"),
        ([[1.0, 2.0]], [np.nan], "y must be finite"),
        ("text", [0], "z must be numbers of shape"),
        ([[1.0, 2.0], [1.0]], [0, 0], "z must be numbers of shape"),
    ],
)
def test_bad_scores_and_labels(f, z, y, message):
    with pytest.raises(ValueError, match=message):
        f(z, y)


@pytest.mark.parametrize("f", [squared_loss, squared_loss_gradient])
@pytest.mark.parametrize(
    ("f_value", "y"), [([1.0, 2.0], [1.0]), (1.0, 1.0), ([np.inf], [0.0]), ([], [])]
)
def test_bad_outputs(f, f_value, y):
    with pytest.raises(ValueError, match="must"):
        f(f_value, y)


def test_labels_may_be_many_and_the_shift_keeps_large_scores_apart():
    z = np.zeros((2, 300))
    z[0, 250] = z[1, 299] = 900.0
    for loss, gradient in CLASS_LOSSES.items():
        np.testing.assert_array_equal(loss(z, [250, 299]), 0)
        assert gradient(z, [250, 0])[1, 0] == -1
    assert cross_entropy(z, [0, 0])[0] == pytest.approx(900)


def test_losses_leave_their_arguments_alone_and_keep_single_precision():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(4, 3)).astype(np.float32), np.array([0, 1, 2, 0])
    before = z.copy()
    for loss, gradient in CLASS_LOSSES.items():
        assert loss(z, y).dtype == gradient(z, y).dtype == np.float32
    np.testing.assert_array_equal(z, before)


# ---- risk and backpropagation


def network_and_data(rng, sizes, activation, loss, n=5):
    mlp = MLP(sizes, activation, rng)
    mlp.b = [rng.normal(size=b.shape) for b in mlp.b]
    X = rng.normal(size=(n, sizes[0]))
    if loss == "squared":
        return mlp, X, rng.normal(size=(n, sizes[-1]))
    return mlp, X, rng.integers(sizes[-1], size=n)


def in_torch(mlp):
    modules = {
        "linear": torch.nn.Identity,
        "sigmoid": torch.nn.Sigmoid,
        "tanh": torch.nn.Tanh,
        "relu": torch.nn.ReLU,
    }
    layers = []
    for W, b in zip(mlp.W, mlp.b, strict=True):
        layer = torch.nn.Linear(*W.T.shape, dtype=torch.float64)
        layer.weight.data, layer.bias.data = torch.tensor(W), torch.tensor(b)
        layers += [layer, modules[mlp.activation]()]
    return torch.nn.Sequential(*layers[:-1])


TORCH_LOSSES = {
    "squared": lambda z, y: 0.5 * ((z - y) ** 2).sum(dim=1).mean(),
    "cross_entropy": torch.nn.functional.cross_entropy,
    "sparsemax": lambda z, y: entmax.sparsemax_loss(z, y).mean(),
}


@pytest.mark.parametrize("sizes", [[3, 2], [3, 5, 4], [3, 4, 6, 5, 2], [1, 1, 1]])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_backpropagation_equals_torch(sizes, activation, loss):
    rng = np.random.default_rng(0)
    for _ in range(5):
        mlp, X, y = network_and_data(rng, sizes, activation, loss)
        model = in_torch(mlp)
        value = TORCH_LOSSES[loss](model(torch.tensor(X)), torch.tensor(y))
        value.backward()
        theirs = np.concatenate([p.grad.numpy().ravel() for p in model.parameters()])
        assert_equal(flat(backpropagation(mlp, X, y, loss)), theirs, "gradient", 1e-11)
        risk = regularised_risk(mlp, X, y, loss)
        assert_equal(risk, value.item(), "value", 1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_backpropagation_equals_central_differences(loss):
    rng = np.random.default_rng(1)
    for activation in ("linear", "sigmoid", "tanh"):
        mlp, X, y = network_and_data(rng, [3, 4, 5, 3], activation, loss)
        slopes = []
        for parameter in [p for pair in zip(mlp.W, mlp.b, strict=True) for p in pair]:

            def risk(value, parameter=parameter, mlp=mlp, X=X, y=y):
                kept, parameter[...] = parameter.copy(), value
                result = regularised_risk(mlp, X, y, loss)
                parameter[...] = kept
                return result

            slopes.append(numerical_gradient(risk, parameter).ravel())
        ours = flat(backpropagation(mlp, X, y, loss))
        assert_equal(ours, np.concatenate(slopes), activation, 1e-7)


def test_backpropagation_returns_pairs_in_order_and_changes_nothing():
    rng = np.random.default_rng(0)
    mlp, X, y = network_and_data(rng, [3, 5, 4, 2], "relu", "cross_entropy")
    before = [p.copy() for p in [*mlp.W, *mlp.b, X, y]]
    gradients = backpropagation(mlp, X, y)
    assert [(dW.shape, db.shape) for dW, db in gradients] == [
        (W.shape, b.shape) for W, b in zip(mlp.W, mlp.b, strict=True)
    ]
    for old, new in zip(before, [*mlp.W, *mlp.b, X, y], strict=True):
        np.testing.assert_array_equal(old, new)


@given(seeds)
def test_the_gradient_of_a_batch_is_the_mean_over_its_examples(seed):
    rng = np.random.default_rng(seed)
    mlp, X, y = network_and_data(rng, [3, 4, 3], "tanh", "cross_entropy")
    each = [flat(backpropagation(mlp, X[[n]], y[[n]])) for n in range(len(X))]
    assert_equal(flat(backpropagation(mlp, X, y)), np.mean(each, axis=0), "", 1e-12)


def test_masks_go_forward_and_backward():
    rng = np.random.default_rng(0)
    mlp, X, y = network_and_data(rng, [3, 6, 5, 4], "sigmoid", "cross_entropy", n=7)
    masks = [dropout_mask(rng, (7, size), 0.5) for size in (6, 5)]
    Z, H = forward_pass(mlp, X, masks)
    for h, z, mask in zip(H[1:], Z, masks, strict=False):
        np.testing.assert_allclose(h, mask / (1 + np.exp(-z)), rtol=1e-12)
    model = in_torch(mlp)
    h = torch.tensor(X)
    for layer, mask in zip(model[::2][:-1], masks, strict=True):
        h = torch.sigmoid(layer(h)) * torch.tensor(mask)
    torch.nn.functional.cross_entropy(model[-1](h), torch.tensor(y)).backward()
    theirs = np.concatenate([p.grad.numpy().ravel() for p in model.parameters()])
    assert_equal(flat(backpropagation(mlp, X, y, masks=masks)), theirs, "masks", 1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mlp": "network"}, "mlp must be of type MLP, got str"),
        ({"X": np.ones((5, 4))}, r"X must have shape \(N, 3\)"),
        ({"X": np.full((5, 3), np.nan)}, "X must be finite"),
        ({"X": np.empty((0, 3))}, "X must not be empty"),
        (
            {"y": [0, 1, 2, 0]},
            r"y must have shape .* batch = \(5,\) as in z, got \(4,\)",
        ),
        (
            {"y": [0, 1, 2, 0, 4]},
            "y must hold whole numbers of at least 0 and below K = 4",
        ),
        ({"loss": "hinge"}, "loss must be one of squared, cross_entropy, sparsemax"),
        ({"loss": None}, "loss must be one of"),
        ({"loss": "squared"}, r"y must have shape .* as in f, got \(5,\)"),
        ({"masks": [np.ones((5, 6))]}, "masks must be a list, one for each of 2"),
        ({"masks": np.ones((2, 5, 6))}, "hidden layers, got ndarray"),
        (
            {"masks": [np.ones((5, 6)), np.ones((4, 5))]},
            r"masks\[1\] must have shape \(5, 5\)",
        ),
    ],
)
def test_bad_input_of_backpropagation(change, message):
    rng = np.random.default_rng(0)
    mlp, X, y = network_and_data(rng, [3, 6, 5, 4], "tanh", "cross_entropy")
    arguments = {"mlp": mlp, "X": X, "y": y} | change
    with pytest.raises(ValueError, match=message):
        backpropagation(**arguments)


def test_penalties_count_the_weights_and_not_the_biases():
    rng = np.random.default_rng(0)
    mlp, X, y = network_and_data(rng, [3, 4, 2], "tanh", "cross_entropy")
    plain = regularised_risk(mlp, X, y)
    weights = np.concatenate([W.ravel() for W in mlp.W])
    l2 = regularised_risk(mlp, X, y, l2=0.3) - plain
    l1 = regularised_risk(mlp, X, y, l1=0.2) - plain
    assert l2 == pytest.approx(0.15 * np.sum(weights**2))
    assert l1 == pytest.approx(0.2 * np.abs(weights).sum())
    gradients = backpropagation(mlp, X, y)
    for (dW, db), (old_W, old_b), W in zip(
        penalised(gradients, mlp, l2=0.3, l1=0.2), gradients, mlp.W, strict=True
    ):
        np.testing.assert_allclose(dW, old_W + 0.3 * W + 0.2 * np.sign(W))
        np.testing.assert_array_equal(db, old_b)
    for bad in ({"l2": -1}, {"l1": np.nan}, {"l2": "much"}):
        with pytest.raises(ValueError, match="must be a finite number of at least 0"):
            regularised_risk(mlp, X, y, **bad)
        with pytest.raises(ValueError, match="must be a finite number of at least 0"):
            penalised(gradients, mlp, **bad)
    with pytest.raises(ValueError, match="mlp must be of type MLP, got str"):
        regularised_risk("network", X, y)
    with pytest.raises(ValueError, match="mlp must be of type MLP, got str"):
        penalised(gradients, "network")
    with pytest.raises(ValueError, match="a pair for each of 2 layers, got 1"):
        penalised(gradients[:1], mlp)


# ---- numerical gradients


@given(seeds)
def test_numerical_gradient_of_a_quadratic_is_exact(seed):
    rng = np.random.default_rng(seed)
    A, x = rng.normal(size=(4, 4)), rng.normal(size=4)
    before = x.copy()
    slope = numerical_gradient(lambda v: v @ A @ v, x)
    assert_equal(slope, (A + A.T) @ x, "quadratic", 1e-7)
    np.testing.assert_array_equal(x, before)


def test_numerical_gradient_keeps_the_shape_and_guards_its_input():
    def spoils(x):
        x *= 2
        return x.sum()

    for shape in ((), (3,), (2, 3)):
        x = np.ones(shape)
        assert numerical_gradient(lambda v: np.sum(v**2), x).shape == shape
        assert_equal(numerical_gradient(spoils, x), 2 * np.ones(shape), "", 1e-7)
        np.testing.assert_array_equal(x, np.ones(shape))
    assert numerical_gradient(lambda v: v[0] ** 2, np.array([3])).dtype == np.float64
    assert numerical_gradient(lambda v: v**2, 3.0, eps=1e-3) == pytest.approx(6)
    assert numerical_gradient(lambda v: v[0], [1e9]) == pytest.approx(1, abs=1e-12)
    single = np.ones(2, dtype=np.float32)
    assert_equal(numerical_gradient(lambda v: v @ v, single), [2, 2], "", 1e-7)


@pytest.mark.parametrize(
    ("f", "x", "eps", "message"),
    [
        (np.sum, np.array([]), 1e-6, "x must not be empty"),
        (np.sum, [np.nan], 1e-6, "x must be finite"),
        (np.sum, [1.0], 0, "eps must be a finite number above 0"),
        (lambda x: x, [1.0, 2.0], 1e-6, "f must return one finite number"),
        (lambda x: np.nan, [1.0], 1e-6, "f must return one finite number"),
        (lambda x: None, [1.0], 1e-6, "f must return one finite number, got None"),
        (lambda x: Tensor(1.0), [1.0], 1e-6, "f must return one finite number"),
        (None, [1.0], 1e-6, "f must be a function, got None"),
        (lambda x: "3.5", [1.0], 1e-6, "f must return one finite number"),
        (lambda x: x[0] + 1j, [1.0], 1e-6, "f must return one finite number"),
        (np.sum, [1.0], 1e-17, "eps must be large enough to change x, got 1e-17"),
    ],
)
def test_bad_input_of_numerical_gradient(f, x, eps, message):
    with pytest.raises(ValueError, match=message):
        numerical_gradient(f, x, eps)


# ---- the machine


def assert_gradients(operation, *inputs, tolerance=1e-7):
    """The machine's gradients of a weighted sum against central differences."""
    tensors = [Tensor(x) for x in inputs]
    result = operation(*tensors)
    weights = np.random.default_rng(0).normal(size=result.value.shape)
    (result * weights).sum().backward()
    for i, tensor in enumerate(tensors):

        def weighted(x, i=i):
            changed = [Tensor(a) for a in [*inputs[:i], x, *inputs[i + 1 :]]]
            return (operation(*changed).value * weights).sum()

        assert tensor.gradient.shape == tensor.value.shape
        slopes = numerical_gradient(weighted, inputs[i])
        assert_equal(tensor.gradient, slopes, f"input {i}", tolerance)


SHAPES = [((), ()), ((3,), ()), ((4, 3), (3,)), ((4, 1), (1, 3)), ((2, 1, 3), (4, 1))]


@pytest.mark.parametrize("shapes", [*SHAPES, *[pair[::-1] for pair in SHAPES]])
@pytest.mark.parametrize("symbol", "+-*/")
def test_arithmetic_broadcasts_forward_and_backward(shapes, symbol):
    rng = np.random.default_rng(0)
    a, b = (rng.uniform(0.5, 2, size=shape) for shape in shapes)
    operation = {
        "+": lambda x, y: x + y,
        "-": lambda x, y: x - y,
        "*": lambda x, y: x * y,
        "/": lambda x, y: x / y,
    }[symbol]
    assert_gradients(operation, a, b)
    for other in (b, 1.5, 2):
        from_left = operation(Tensor(a), other)
        from_right = operation(other, Tensor(a))
        np.testing.assert_allclose(from_left.value, operation(a, other))
        np.testing.assert_allclose(from_right.value, operation(other, a))
        assert isinstance(from_right, Tensor)
        assert_gradients(lambda x, other=other: operation(x, other), a)
        assert_gradients(lambda x, other=other: operation(other, x), a)


@pytest.mark.parametrize(
    "shapes",
    [
        ((3,), (3,)),
        ((4, 3), (3,)),
        ((3,), (3, 2)),
        ((4, 3), (3, 2)),
        ((5, 4, 3), (3,)),
        ((3,), (5, 3, 2)),
        ((5, 4, 3), (3, 2)),
        ((4, 3), (5, 3, 2)),
        ((5, 1, 4, 3), (2, 3, 2)),
    ],
)
def test_matrix_products_of_all_shapes(shapes):
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=shape) for shape in shapes)
    assert_gradients(lambda x, y: x @ y, a, b)
    assert_gradients(lambda x: x @ b, a)
    assert_gradients(lambda y: a @ y, b)
    ours, theirs = (
        (Tensor(a), Tensor(b)),
        [torch.tensor(x, requires_grad=True) for x in (a, b)],
    )
    ((ours[0] @ ours[1]) ** 2).sum().backward()
    (torch.matmul(*theirs) ** 2).sum().backward()
    for x, t in zip(ours, theirs, strict=True):
        assert_equal(x.gradient, t.grad.numpy(), "torch", 1e-12)


UNARY = {
    "negative": lambda x: -x,
    "square": lambda x: x**2,
    "root": lambda x: x**0.5,
    "inverse": lambda x: x**-1,
    "constant": lambda x: x**0,
    "transpose": lambda x: x.T,
    "reshape": lambda x: x.reshape(2, 6),
    "reshape by tuple": lambda x: x.reshape((3, -1)),
    "sum": lambda x: x.sum(),
    "sum 0": lambda x: x.sum(axis=0),
    "sum 1": lambda x: x.sum(axis=1),
    "sum of the middle": lambda x: x.reshape(2, 2, 3).sum(axis=1),
    "sum -1 kept": lambda x: x.sum(axis=-1, keepdims=True),
    "sum both": lambda x: x.sum(axis=(0, 1)),
    "exp": Tensor.exp,
    "log": Tensor.log,
    "tanh": Tensor.tanh,
    "relu": lambda x: (x - 1).relu(),
    "sigmoid": Tensor.sigmoid,
    "softmax": Tensor.softmax,
    "softmax 0": lambda x: x.softmax(axis=0),
    "sparsemax": lambda x: (3 * x).sparsemax(),
    "row": lambda x: x[1],
    "entry": lambda x: x[1, 2],
    "slice": lambda x: x[1:, ::-2],
    "new axis": lambda x: x[:, None, ..., 1],
    "rows twice": lambda x: x[[0, 2, 2, 2]],
    "array index": lambda x: x[np.array([[0, 1], [1, 1]]), np.array([2, 0])],
    "mask": lambda x: x[np.array([True, False, True])],
    "concatenate": lambda x: concatenate([x, x * 2, np.ones((3, 4))], axis=0),
    "concatenate 1": lambda x: concatenate([x[:, :1], x.exp()], axis=1),
    "twice the same": lambda x: x * x + x,
    "number and list": lambda x: x[1, [2, 2, 0]],
    "negative divisor": lambda x: 1 / (x - 3),
    "sum used twice": lambda x: (x + 2 * x).sum() * 2 + (x * 5).sum(),
}


@pytest.mark.parametrize("name", UNARY)
def test_operations_are_differentiated(name):
    x = np.random.default_rng(3).uniform(0.5, 2, size=(3, 4))
    assert_gradients(UNARY[name], x)


def test_slopes_at_kinks_and_far_out_are_torchs():
    x = [-40.0, -1.0, 0.0, 4.0, 40.0]
    for ours, theirs in (
        (lambda t: t.relu() ** 0.5, lambda t: torch.relu(t) ** 0.5),
        (lambda t: (t**0) * t, lambda t: (t**0) * t),
        (Tensor.sigmoid, torch.sigmoid),
        (Tensor.relu, torch.relu),
    ):
        a, b = Tensor(x), torch.tensor(x, dtype=torch.float64, requires_grad=True)
        with np.errstate(divide="ignore"):
            ours(a).sum().backward()
        theirs(b).sum().backward()
        np.testing.assert_allclose(a.gradient, b.grad.numpy(), rtol=1e-12, atol=1e-15)


def test_gradients_that_two_nodes_share_are_not_added_to_each_other():
    a, b = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    (((a + b) * 2).sum() + (a * 5).sum()).backward()
    np.testing.assert_array_equal(a.gradient, [7, 7])
    np.testing.assert_array_equal(b.gradient, [2, 2])


@pytest.mark.parametrize("vjp", [lambda g: np.ones(4), lambda g: g.sum()])
def test_a_vjp_of_the_wrong_shape_is_refused(vjp):
    a = Tensor(np.ones(3))
    with pytest.raises(ValueError, match=r"a VJP must fit its parent.* \(3,\), got"):
        Tensor(a.value, [(a, vjp)]).sum().backward()


def test_a_tensor_is_not_taken_for_an_array():
    for f in (np.mean, np.asarray, np.linalg.norm):
        with pytest.raises(ValueError, match="a Tensor is no array"):
            f(Tensor(np.ones(4)))
    assert Tensor([[2.0]]).sum().value == 2
    Tensor([[2.0]]).backward()  # one number, whatever its axes


def test_values_are_numpys():
    x = np.random.default_rng(0).normal(size=(3, 4))
    t = Tensor(x)
    np.testing.assert_array_equal(t.value, x)
    np.testing.assert_array_equal(t.T.value, x.T)
    np.testing.assert_array_equal(t.relu().value, np.maximum(x, 0))
    np.testing.assert_array_equal(t.softmax(0).value, softmax(x, 0))
    np.testing.assert_array_equal(t.sparsemax().value, sparsemax(x))
    np.testing.assert_array_equal(t.sum(axis=1, keepdims=True).value, x.sum(1)[:, None])
    np.testing.assert_array_equal((2**0.5 * t / 3).value, 2**0.5 * x / 3)


def test_gradients_are_torchs_on_a_large_expression():
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in ((5, 4), (4, 3), (3,), (3, 3))]

    def expression(X, W, b, V, tanh, exp, sigmoid):
        h = tanh(X @ W + b)
        g = sigmoid(h @ V - h * 0.5) * exp(-(h**2))
        return (g[1:] * g[:-1] / (1 + h[[0, 0, 2, 4]] ** 2)).sum()

    ours = [Tensor(a) for a in arrays]
    value = expression(*ours, Tensor.tanh, Tensor.exp, Tensor.sigmoid)
    value.backward()
    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = expression(*theirs, torch.tanh, torch.exp, torch.sigmoid)
    expected.backward()
    assert_equal(value.value, expected.item(), "value", 1e-12)
    for x, t in zip(ours, theirs, strict=True):
        assert_equal(x.gradient, t.grad.numpy(), "gradient", 1e-12)


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_as_nodes(loss):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(4, 3))
    y = rng.normal(size=(4, 3)) if loss == "squared" else rng.integers(3, size=4)
    np.testing.assert_array_equal(
        loss_node(Tensor(z), y, loss).value, LOSSES[loss][0](z, y)
    )
    assert_gradients(lambda t: loss_node(t, y, loss), z)
    with pytest.raises(ValueError, match="loss must be one of"):
        loss_node(Tensor(z), y, "hinge")
    with pytest.raises(ValueError, match="z must be of type Tensor, got ndarray"):
        loss_node(z, y, loss)


def test_long_chains_and_wide_graphs():
    t = x = Tensor(1.0)
    for _ in range(5000):
        t = t * 0.999 + 0.001
    t.backward()
    assert x.gradient == pytest.approx(0.999**5000)
    # Without visiting each node once this would take 2 to the 200 steps.
    t = x = Tensor(1.0)
    for _ in range(200):
        t = (t + t) * 0.5
    t.backward()
    assert x.gradient == 1
    assert len(topological_order(t)) == 401


def test_each_node_is_visited_once_and_after_all_that_it_feeds():
    visits = []
    x = Tensor(2.0)

    def watched(parent, name):
        return Tensor(parent.value, [(parent, lambda g: visits.append(name) or g)])

    y = watched(x, "y")
    (watched(y, "a") * watched(y, "b") + y).sum().backward()
    assert visits.count("y") == 1
    assert visits[-1] == "y"
    assert x.gradient == 2 * 2 + 1


def test_many_parts_are_joined_and_parted_along_any_axis():
    rng = np.random.default_rng(0)
    parts = [Tensor(rng.normal(size=(2, n, 3))) for n in (1, 4, 2)]
    for axis in (1, -2):
        joined = concatenate((part for part in parts), axis=axis)
        weights = rng.normal(size=(2, 7, 3))
        (joined * weights).sum().backward()
        back = np.concatenate([part.gradient for part in parts], axis=1)
        np.testing.assert_array_equal(back, weights)


def test_backward_starts_anew():
    x = Tensor([1.0, 2.0])
    y = (x**2).sum()
    for _ in range(2):
        y.backward()
        np.testing.assert_array_equal(x.gradient, [2, 4])
    assert Tensor(1.0).gradient is None


def test_constants_have_no_node():
    x = Tensor(np.ones((2, 3)))
    y = (np.ones((4, 2)) @ x * 2 + np.ones(3)).sum()
    assert sum(not node.parents for node in topological_order(y)) == 1


def test_types_and_values_of_leaves():
    assert Tensor(3).value.dtype == np.float64
    single = Tensor(np.ones(3, dtype=np.float32))
    assert (2 * single.tanh() / 3 - 1.5).value.dtype == np.float32
    (single**2).sum().backward()
    assert single.gradient.dtype == np.float32
    assert isinstance(Tensor([1.0, 2.0])[0].value, np.ndarray)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: Tensor(np.nan),
        lambda: Tensor([]),
        lambda: Tensor("text"),
        lambda: Tensor([[1.0], [1.0, 2.0]]),
        lambda: Tensor(np.ones(3)) + np.ones(2),
        lambda: Tensor(np.ones(3)) * np.nan,
        lambda: Tensor(np.ones(3)) + "text",
        lambda: Tensor(np.ones((2, 3))) @ np.ones(2),
        lambda: Tensor(np.ones(3)) @ 2.0,
        lambda: Tensor(np.ones(3)) ** np.nan,
        lambda: Tensor(np.ones(3)) ** Tensor(2.0),
        lambda: Tensor(np.ones(3)).reshape(2, 2),
        lambda: Tensor(np.ones(3)).backward(),
        lambda: concatenate([]),
        lambda: concatenate([np.ones(2)]),
        lambda: concatenate([Tensor(np.ones((2, 2))), Tensor(np.ones((2, 3)))]),
    ],
)
def test_bad_input_of_the_machine(bad):
    with pytest.raises(ValueError, match="."):
        bad()


# ---- steps


MAKERS = {
    "SGD": (lambda: SGD(0.1), lambda p: torch.optim.SGD(p, lr=0.1)),
    "Momentum": (
        lambda: Momentum(0.1, 0.8),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8),
    ),
    "Nesterov": (
        lambda: Nesterov(0.1, 0.8),
        lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, nesterov=True),
    ),
    "Adagrad": (lambda: Adagrad(0.1), lambda p: torch.optim.Adagrad(p, lr=0.1)),
    "RMSprop": (
        lambda: RMSprop(0.02, 0.95),
        lambda p: torch.optim.RMSprop(p, lr=0.02, alpha=0.95),
    ),
    "Adam": (
        lambda: Adam(0.02, 0.8, 0.99),
        lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.99)),
    ),
}


@pytest.mark.parametrize("name", MAKERS)
def test_optimisers_step_as_torchs(name):
    rng = np.random.default_rng(0)
    params = [rng.normal(size=(3, 2)), rng.normal(size=4), np.array(1.0)]
    own = [id(p) for p in params]
    tensors = [torch.tensor(p, requires_grad=True) for p in params]
    ours, theirs = MAKERS[name][0](), MAKERS[name][1](tensors)
    for _ in range(100):
        scale = 10.0 ** rng.integers(-9, 4)
        gradients = [scale * rng.normal(size=p.shape) for p in params]
        gradients[1][:2] = 0
        before = [g.copy() for g in gradients]
        ours.step(params, gradients)
        for tensor, g in zip(tensors, gradients, strict=True):
            tensor.grad = torch.tensor(g)
        theirs.step()
        for p, tensor in zip(params, tensors, strict=True):
            assert_equal(p, tensor.detach().numpy(), name, 1e-12)
        for g, old in zip(gradients, before, strict=True):
            np.testing.assert_array_equal(g, old)
    assert [id(p) for p in params] == own


@pytest.mark.parametrize("name", MAKERS)
def test_optimisers_reach_the_bottom_of_a_bowl(name):
    optimiser, theta = MAKERS[name][0](), np.array([1.0, -2.0])
    for _ in range(3000):
        optimiser.step([theta], [theta * [1.0, 3.0]])
    assert_at_most(np.abs(theta), 0.02, name)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize(
    ("params", "gradients", "message"),
    [
        ([], [], "lists of one length, at least 1, got 0 and 0"),
        ([np.ones(2)], [], "lists of one length"),
        ([np.ones(2)], None, "gradients must be a list, got NoneType"),
        ([np.ones(2)], np.ones((1, 2)), "gradients must be a list, got ndarray"),
        ([np.ones(2)], [np.ones(3)], r"gradients\[0\] must have shape \(2,\)"),
        ([np.ones(2)], [[np.nan, 0]], r"gradients\[0\] must be finite"),
        ([np.ones(2), [1.0]], [np.ones(2)] * 2, r"params\[1\] must be a float64"),
        ([np.ones(2, dtype=int)], [np.ones(2)], "float64 array, got int64"),
        ([np.array([1.0, np.nan])], [np.ones(2)], r"params\[0\] must be finite"),
    ],
)
def test_bad_steps_change_nothing(name, params, gradients, message):
    before = [np.array(p) for p in params]
    with pytest.raises(ValueError, match=message):
        MAKERS[name][0]().step(params, gradients)
    for p, old in zip(params, before, strict=True):
        np.testing.assert_array_equal(p, old)


def test_optimisers_want_writeable_parameters_of_the_same_shapes():
    fixed = np.ones(2)
    fixed.flags.writeable = False
    for name, (make, _) in MAKERS.items():
        with pytest.raises(ValueError, match="must be writeable"):
            make().step([fixed], [np.ones(2)])
        if name != "SGD":
            optimiser = make()
            optimiser.step([np.ones(2)], [np.ones(2)])
            with pytest.raises(ValueError, match="shapes of the first step"):
                optimiser.step([np.ones(3)], [np.ones(3)])


@pytest.mark.parametrize("make", [SGD, Momentum, Nesterov, Adagrad, RMSprop, Adam])
@pytest.mark.parametrize("rate", [0, -1, np.nan, np.inf, "fast", None, True])
def test_learning_rates_must_be_positive(make, rate):
    with pytest.raises(ValueError, match="learning_rate must be a finite number above"):
        make(rate)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Momentum(0.1, 1.0),
        lambda: Momentum(0.1, -0.1),
        lambda: Nesterov(0.1, 1.0),
        lambda: RMSprop(0.1, beta=1.0),
        lambda: Adam(0.1, beta1=1.5),
        lambda: Adam(0.1, beta2=np.nan),
    ],
)
def test_decays_must_be_below_one(make):
    with pytest.raises(ValueError, match="must be"):
        make()


@pytest.mark.parametrize("name", MAKERS)
def test_a_refused_step_is_forgotten(name):
    ours, again = MAKERS[name][0](), MAKERS[name][0]()
    p, q = np.ones(2), np.ones(2)
    ours.step([p], [np.array([1.0, 2.0])])
    again.step([q], [np.array([1.0, 2.0])])
    with pytest.raises(ValueError, match="must be finite"):
        ours.step([p], [np.array([np.nan, 0])])
    ours.step([p], [np.array([3.0, -1.0])])
    again.step([q], [np.array([3.0, -1.0])])
    np.testing.assert_array_equal(p, q)


@pytest.mark.parametrize("name", MAKERS)
def test_parameters_may_be_views_and_gradients_of_one_another(name):
    whole = np.arange(12.0).reshape(3, 4)
    column, copy = whole[:, 1], whole[:, 1].copy()
    MAKERS[name][0]().step([column], [np.ones(3)])
    MAKERS[name][0]().step([copy], [np.ones(3)])
    np.testing.assert_array_equal(whole[:, 1], copy)
    a, b = np.array([1.0]), np.array([3.0])
    swapped = [np.array([1.0]), np.array([3.0])]
    MAKERS[name][0]().step([a, b], [b, a])  # the gradients of a b
    MAKERS[name][0]().step(swapped, [np.array([3.0]), np.array([1.0])])
    np.testing.assert_array_equal([a, b], swapped)


def test_defaults_are_those_that_were_promised():
    def default(f, name):
        return inspect.signature(f).parameters[name].default

    assert default(Momentum, "momentum") == 0.9
    assert default(RMSprop, "beta") == 0.99
    assert (default(Adam, "beta1"), default(Adam, "beta2")) == (0.9, 0.999)
    assert default(numerical_gradient, "eps") == 1e-6
    assert default(dropout_mask, "inverted") is True
    for f in (backpropagation, regularised_risk, loss_node):
        assert default(f, "loss") == "cross_entropy"


def test_the_learning_rate_can_be_changed_between_steps():
    theta, optimiser = np.array([1.0]), SGD(0.5)
    optimiser.step([theta], [np.array([1.0])])
    optimiser.learning_rate /= 2
    optimiser.step([theta], [np.array([1.0])])
    assert theta[0] == 0.25


# ---- batches, starts, masks, stopping


@given(seeds, st.integers(1, 40), st.integers(1, 50))
def test_minibatches_hold_each_number_once(seed, n, size):
    batches = list(minibatches(np.random.default_rng(seed), n, size))
    assert [len(b) for b in batches[:-1]] == [size] * (len(batches) - 1)
    assert 1 <= len(batches[-1]) <= size
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(n))
    assert all(b.dtype.kind == "i" for b in batches)


def test_minibatches_are_shuffled_anew_and_by_the_generator_alone():
    rng = np.random.default_rng(0)
    first, second = (np.concatenate(list(minibatches(rng, 50, 8))) for _ in range(2))
    assert (first != second).any()
    assert (first != np.arange(50)).any()
    again = np.concatenate(list(minibatches(np.random.default_rng(0), 50, 8)))
    np.testing.assert_array_equal(again, first)


@pytest.mark.parametrize(
    ("rng", "n", "size"), [(None, 3, 1), (0, 0, 1), (0, 3, 0), (0, 2.5, 1), (0, 3, -1)]
)
def test_bad_minibatches_are_refused_at_the_call(rng, n, size):
    rng = rng if rng is None else np.random.default_rng(rng)
    with pytest.raises(ValueError, match="must be"):
        minibatches(rng, n, size)


def test_glorot_and_he_have_their_ranges_and_variances():
    W = glorot_uniform(np.random.default_rng(0), 300, 500)
    t = np.sqrt(6 / 800)
    assert W.shape == (300, 500)
    assert np.abs(W).max() <= t
    assert np.abs(W).max() > 0.999 * t
    assert W.var() == pytest.approx(2 / 800, rel=0.02)
    assert W.mean() == pytest.approx(0, abs=4 * W.std() / np.sqrt(W.size))
    W = he_normal(np.random.default_rng(0), 300, 500)
    assert W.shape == (300, 500)
    assert W.var() == pytest.approx(2 / 500, rel=0.02)
    kurtosis = np.mean(W**4) / W.var() ** 2
    assert kurtosis == pytest.approx(3, rel=0.05)


@pytest.mark.parametrize("f", [glorot_uniform, he_normal])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2.0, 3), ("a", 3), (-1, 2)])
def test_bad_starts(f, shape):
    with pytest.raises(ValueError, match="must be a whole number"):
        f(np.random.default_rng(0), *shape)
    with pytest.raises(ValueError, match="rng must be a numpy Generator"):
        f(0, 2, 3)


@pytest.mark.parametrize("p", [0.0, 0.2, 0.5, 0.9])
def test_masks_drop_the_right_share(p):
    rng = np.random.default_rng(0)
    for inverted in (True, False):
        mask = dropout_mask(rng, (400, 500), p, inverted)
        kept = 1 / (1 - p) if inverted else 1
        assert set(np.unique(mask)) <= {0, kept}
        assert np.mean(mask == 0) == pytest.approx(p, abs=0.005)
        assert mask.mean() == pytest.approx(1 if inverted else 1 - p, rel=0.02)
    assert dropout_mask(rng, 5, p).shape == (5,)
    assert dropout_mask(rng, [2, 3], p).dtype == np.float64


@pytest.mark.parametrize(
    ("shape", "p"), [((2, 3), 1.0), ((2, 3), -0.1), ((2, 3), np.nan), ((2, 0), 0.5)]
)
def test_bad_masks(shape, p):
    with pytest.raises(ValueError, match="must be"):
        dropout_mask(np.random.default_rng(0), shape, p)
    with pytest.raises(ValueError, match="rng must be"):
        dropout_mask(None, (2, 3), 0.5)


def test_early_stopping_waits_for_its_patience():
    stopping = EarlyStopping(patience=2)
    assert stopping.best == np.inf
    assert stopping.best_epoch is None
    assert not EarlyStopping(1).update(np.array(0.5))
    answers = [stopping.update(e) for e in (5, 3, 4, 2, 2, 2.5, 1)]
    assert answers == [False, False, False, False, False, True, False]
    assert (stopping.best, stopping.best_epoch) == (1, 6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(1, 5))
def test_early_stopping_by_its_definition(errors, patience):
    stopping = EarlyStopping(patience)
    for epoch, error in enumerate(errors):
        stop = stopping.update(error)
        seen = errors[: epoch + 1]
        assert stopping.best == min(seen)
        assert stopping.best_epoch == seen.index(min(seen))
        assert stop == (epoch - stopping.best_epoch >= patience)


def test_bad_input_of_early_stopping():
    for patience in (0, -1, 1.5, "long", None):
        with pytest.raises(ValueError, match="patience must be a whole number"):
            EarlyStopping(patience)
    for error in (np.nan, "low", None, np.inf):
        with pytest.raises(ValueError, match="error must be a finite number"):
            EarlyStopping(1).update(error)


@given(seeds, st.floats(0, 3))
def test_soft_threshold_is_the_minimiser(seed, amount):
    rng = np.random.default_rng(seed)
    v = rng.normal(scale=2, size=5)
    w = soft_threshold(v, amount)
    grid = np.linspace(-8, 8, 3201)[:, None]
    costs = 0.5 * (grid - v) ** 2 + amount * np.abs(grid)
    assert_at_most(
        0.5 * (w - v) ** 2 + amount * np.abs(w), costs.min(axis=0), "", 1e-12
    )


def test_soft_threshold_makes_exact_zeros_and_refuses_bad_input():
    np.testing.assert_array_equal(soft_threshold([-2.0, 0.5, 1.0], 1), [-1, 0, 0])
    for v, amount in (([np.nan], 1), ([1.0], -1), ([], 1)):
        with pytest.raises(ValueError, match="must"):
            soft_threshold(v, amount)


def test_standardised_features_are_scikit_learns():
    rng = np.random.default_rng(0)
    train, new = rng.normal(5, 3, size=(40, 4)), rng.normal(size=(7, 4))
    train[:, 2] = 0.1  # constant, and not exact in binary
    scaler = sklearn.preprocessing.StandardScaler().fit(train)
    assert_equal(standardise(new, train), scaler.transform(new), "", 1e-12)
    ours = standardise(train, train)
    np.testing.assert_allclose(ours.std(axis=0), [1, 1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(ours.mean(axis=0), 0, atol=1e-12)
    with pytest.raises(ValueError, match=r"with D = 3 as in X, got \(40, 4\)"):
        standardise(new[:, :3], train)


def test_the_same_network_by_hand_and_by_the_machine():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 5)), rng.integers(3, size=40)
    networks = [MLP([5, 8, 3], "tanh", np.random.default_rng(1)) for _ in range(2)]
    optimisers = [Adam(0.01), Adam(0.01)]
    for _ in range(100):
        pairs = backpropagation(networks[0], X, y)
        gradients = [[dW for dW, _ in pairs] + [db for _, db in pairs]]
        W, b = ([Tensor(p) for p in part] for part in (networks[1].W, networks[1].b))
        scores = (X @ W[0].T + b[0]).tanh() @ W[1].T + b[1]
        (loss_node(scores, y).sum() / len(X)).backward()
        gradients.append([t.gradient for t in W + b])
        for network, optimiser, g in zip(networks, optimisers, gradients, strict=True):
            optimiser.step(network.W + network.b, g)
    for ours, theirs in itertools.chain(
        zip(networks[0].W, networks[1].W, strict=True),
        zip(networks[0].b, networks[1].b, strict=True),
    ):
        assert_at_most(np.abs(ours - theirs), 1e-10, "after 100 steps")


def test_a_small_cross_entropy_keeps_its_digits():
    for lead in (10.0, 40.0, 300.0):
        loss = cross_entropy(np.array([0.0, -lead]), np.array(0))
        assert loss == pytest.approx(np.log1p(np.exp(-lead)), rel=1e-12)
        assert loss > 0


def test_sparsemax_loss_and_gradient_come_together_and_far_apart():
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(4, 3, 5)), rng.integers(5, size=(4, 3))
    loss, gradient = sparsemax_loss_and_gradient(z, y)
    np.testing.assert_array_equal(loss, sparsemax_loss(z, y))
    np.testing.assert_array_equal(gradient, sparsemax_loss_gradient(z, y))
    far = np.array([1e308, -1e308])
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(sparsemax_loss_gradient(far, 1), [1, -1])
        assert sparsemax_loss(far, 0) == 0


@pytest.mark.parametrize("kind", [np.int64, np.float16, np.float32, np.float64])
def test_weights_of_another_type_take_the_inputs_as_they_are(kind):
    network = MLP([2, 2, 1], "relu", np.random.default_rng(0))
    network.W = [np.array([[1, 1], [1, 1]], kind), np.array([[1, -2]], kind)]
    network.b = [np.array([0, -1], kind), np.array([0], kind)]
    X = np.array([[0.5, 0.75]])
    assert network.forward(X) == pytest.approx(1.25 - 2 * 0.25)
    assert forward_pass(network, X)[0][-1] == pytest.approx(0.75)


# ---- more than one machine


@given(seed=seeds)
def test_ring_all_reduce_leaves_the_sum_with_everyone(seed):
    rng = np.random.default_rng(seed)
    M, P = rng.integers(1, 8), rng.integers(1, 20)
    vectors = rng.normal(size=(M, P))
    kept = vectors.copy()
    reduced, sent = ring_all_reduce(vectors)
    assert_equal(reduced, np.tile(vectors.sum(axis=0), (M, 1)), "sum", 1e-12)
    assert np.array_equal(vectors, kept), "the argument was modified"
    assert not np.shares_memory(reduced, vectors)
    # All vectors but one must reach their place, and the sums their M - 1 others.
    assert sent.sum() == 2 * (M - 1) * P
    assert_at_most(sent, 2 * (M - 1) * -(-P // M), "numbers sent")


def test_ring_all_reduce_by_hand():
    reduced, sent = ring_all_reduce([[1, 2, 3], [10, 20, 30]])
    np.testing.assert_array_equal(reduced, [[11, 22, 33]] * 2)
    # Pieces of 2 and 1: worker 0 sends piece 0, then piece 1; worker 1 the reverse.
    assert sent.tolist() == [3, 3]


@pytest.mark.parametrize(
    "vectors",
    [[1, 2], [[1, np.nan]], np.empty((0, 2)), np.empty((2, 0)), [["a"]], [[1], [1, 2]]],
    ids=["one axis", "NaN", "nobody", "nothing", "text", "unequal"],
)
def test_ring_all_reduce_refuses(vectors):
    with pytest.raises(ValueError, match="vectors must"):
        ring_all_reduce(vectors)


# ---- batch normalisation and schedules


SHAPES = [(2, 1), (7, 3), (4, 2, 3, 5), (1, 3, 2, 2)]


def norm_inputs(seed, shape):
    rng = np.random.default_rng(seed)
    x, g = rng.normal(1, 3, size=(2, *shape))
    gain, bias = rng.normal(size=(2, shape[1]))
    return x, g, gain, bias


@given(seeds, st.sampled_from(SHAPES))
def test_batch_norm_is_torchs(seed, shape):
    x, g, gain, bias = norm_inputs(seed, shape)
    layer = (torch.nn.BatchNorm1d if len(shape) == 2 else torch.nn.BatchNorm2d)(
        shape[1], dtype=torch.float64
    )
    layer.weight.data, layer.bias.data = torch.tensor(gain), torch.tensor(bias)
    x_torch = torch.tensor(x, requires_grad=True)
    theirs = layer(x_torch)
    (theirs * torch.tensor(g)).sum().backward()
    y, cache = batch_norm_forward(x, gain, bias)
    np.testing.assert_allclose(y, theirs.detach(), atol=1e-10)
    slopes = (x_torch.grad, layer.weight.grad, layer.bias.grad)
    for ours, slope in zip(batch_norm_backward(g, cache), slopes, strict=True):
        np.testing.assert_allclose(ours, slope, atol=1e-9)
    layer.eval()
    kept = layer.running_mean.numpy(), layer.running_var.numpy()
    np.testing.assert_allclose(
        batch_norm_infer(x, gain, bias, *kept),
        layer(torch.tensor(x)).detach(),
        atol=1e-10,
    )


@given(seeds, st.sampled_from(SHAPES[1:3]))
def test_batch_norm_standardises_and_forgets_shift_and_scale(seed, shape):
    x, g, gain, bias = norm_inputs(seed, shape)
    axes = (0, *range(2, len(shape)))
    y, cache = batch_norm_forward(x, np.ones(shape[1]), np.zeros(shape[1]), eps=1e-12)
    np.testing.assert_allclose(y.mean(axes), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axes), 1, atol=1e-8)
    moved, _ = batch_norm_forward(3 * x + 5, gain, bias, eps=1e-12)
    same, cache = batch_norm_forward(x, gain, bias, eps=1e-12)
    np.testing.assert_allclose(moved, same, atol=1e-6)
    dx, _, _ = batch_norm_backward(g, cache)
    np.testing.assert_allclose(dx.sum(axes), 0, atol=1e-9)


def test_batch_norm_gradients_by_differences():
    x, g, gain, bias = norm_inputs(0, (5, 2, 2, 3))
    _, cache = batch_norm_forward(x, gain, bias)
    ours = batch_norm_backward(g, cache)
    for k, value in enumerate((x, gain, bias)):

        def weighted(v, k=k):
            given = [v if k == i else w for i, w in enumerate((x, gain, bias))]
            return (batch_norm_forward(*given)[0] * g).sum()

        assert_equal(ours[k], numerical_gradient(weighted, value), "slope", 1e-7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: batch_norm_forward([1.0], [1], [0]), "x must have shape"),
        (lambda: batch_norm_forward([[1.0, 2]], [1], [0]), "gain must have shape"),
        (lambda: batch_norm_forward([[1.0]], [1], [0], 0), "eps must be"),
        (lambda: batch_norm_backward([[1.0]], None), "cache must be what"),
        (
            lambda: batch_norm_backward(
                [[1.0]], batch_norm_forward([[1.0], [2]], [1], [0])[1]
            ),
            r"g must have shape \(2, 1\), got \(1, 1\)",
        ),
        (lambda: batch_norm_infer([[1.0]], [1], [0], [0], [-1]), "variance must hold"),
        (lambda: warmup_cosine(101, 100, 5), "step must be"),
        (lambda: warmup_cosine(-1, 100, 5), "step must be"),
        (lambda: warmup_cosine(1, 100, 100), "warmup must be"),
        (lambda: warmup_cosine(1, 0, 0), "n_steps must be"),
    ],
)
def test_bad_input_of_part_2(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@given(seeds, st.sampled_from([0.0, 0.5, 0.9, 0.99]))
def test_nesterov_is_torchs(seed, momentum):
    rng = np.random.default_rng(seed)
    ours, p = Nesterov(0.1, momentum), rng.normal(size=4)
    q = torch.tensor(p, requires_grad=True)
    how = {"momentum": momentum, "nesterov": momentum > 0}
    theirs = torch.optim.SGD([q], lr=0.1, **how)
    for _ in range(30):
        g = rng.normal(size=4)
        ours.step([p], [g])
        q.grad = torch.tensor(g)
        theirs.step()
        np.testing.assert_allclose(p, q.detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("n_steps", "warmup"), [(100, 20), (10, 0), (7, 6), (1, 0)])
def test_warmup_cosine(n_steps, warmup):
    factors = [warmup_cosine(t, n_steps, warmup) for t in range(n_steps + 1)]
    assert factors[0] == (0 if warmup else 1)
    assert factors[warmup] == 1
    assert abs(factors[-1]) < 1e-15
    assert all(0 <= f <= 1 for f in factors)
    assert (np.diff(factors[: warmup + 1]) > 0).all()
    assert (np.diff(factors[warmup:]) < 0).all()
    q = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.SGD([q], lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps - warmup)
    for t in range(warmup, n_steps + 1):
        assert abs(factors[t] - schedule.get_last_lr()[0]) < 1e-10
        optimiser.step()
        schedule.step()
