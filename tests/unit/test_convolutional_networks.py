"""Chapter 5: gradients, properties on random inputs, parity with torch, bad input."""

import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import given
from hypothesis import strategies as st

from tutorial_utils.checks import assert_at_most, assert_equal
from tutorial_utils.convolutional_networks import (
    average_pool2d,
    average_pool2d_backward,
    batch_norm2d_node,
    bucket_by_length,
    col2im,
    conv1d,
    conv1d_backward,
    conv1d_node,
    conv2d,
    conv2d_backward,
    conv2d_by_lines,
    conv2d_by_lines_backward,
    conv2d_node,
    conv2d_windows,
    conv2d_windows_backward,
    correlate,
    im2col,
    k_max_pool,
    k_max_pool_backward,
    k_max_pool_node,
    largest_places,
    lenet_layers,
    masked_mean,
    max_pool2d,
    max_pool2d_backward,
    max_pool2d_node,
    max_pool_windows_backward,
    moved,
    new_lenet,
    output_size,
    pad_sequences,
    pooling_windows,
    receptive_field,
    residual_block,
    with_border,
)
from tutorial_utils.training import Node, Tensor, numerical_gradient

seeds = st.integers(0, 2**32 - 1)
X2 = np.arange(2 * 3 * 5 * 6, dtype=float).reshape(2, 3, 5, 6)
W2 = np.ones((4, 3, 2, 2))


def random_layer(seed):
    """x, w, b, a gradient at the output, stride and padding, both as pairs."""
    rng = np.random.default_rng(seed)
    N, C, F = (int(n) for n in rng.integers(1, 4, size=3))
    size, stride = rng.integers(1, 4, size=2), rng.integers(1, 4, size=2)
    padding = rng.integers(0, 3, size=2)
    H, W = np.maximum(rng.integers(1, 9, size=2), size - 2 * padding)
    x, w, b = (rng.normal(size=s) for s in ((N, C, H, W), (F, C, *size), (F,)))
    stride, padding = tuple(map(int, stride)), tuple(map(int, padding))
    g = rng.normal(size=conv2d(x, w, b, stride, padding).shape)
    return x, w, b, g, stride, padding


def snapshot(*arrays):
    return [array.copy() for array in arrays]


# ---- the readable forms


@given(seed=seeds)
def test_correlate_equals_numpy(seed):
    rng = np.random.default_rng(seed)
    k, T = np.sort(rng.integers(1, 12, size=2))
    x, w = rng.normal(size=T), rng.normal(size=k)
    assert_equal(correlate(x, w), np.correlate(x, w), "np.correlate", 1e-12)


@given(seed=seeds, kind=st.sampled_from([np.float32, np.float64]))
def test_windows_equal_columns_forward_and_backward(seed, kind):
    rng = np.random.default_rng(seed)
    N, C, F, kh, kw, stride = (int(n) for n in rng.integers(1, 4, size=6))
    padding = int(rng.integers(0, 3))
    H, W = (int(n) for n in rng.integers(3, 8, size=2))
    shapes = (N, C, H, W), (F, C, kh, kw), (F,)
    x, w, b = (rng.normal(size=shape).astype(kind) for shape in shapes)
    h = conv2d(x, w, b, stride, padding)
    g = rng.normal(size=h.shape).astype(kind)
    before = snapshot(x, w, b, g)
    ours = conv2d_windows(x, w, b, stride, padding)
    tolerance = 1e-12 if kind is np.float64 else 1e-5
    pairs = [(ours, h)]
    found = conv2d_windows_backward(g, x, w, stride, padding)
    pairs += zip(found, conv2d_backward(g, x, w, stride, padding), strict=True)
    for mine, other in pairs:
        assert (mine.shape, mine.dtype) == (other.shape, other.dtype)
        gap = np.abs(mine - other).max()
        assert_at_most(gap, tolerance * (1 + np.abs(other).max()), "windows")
    for array, copy in zip((x, w, b, g), before, strict=True):
        assert np.array_equal(array, copy), "an argument was modified"


@given(seed=seeds)
def test_pooling_windows_equal_the_fast_forms(seed):
    rng = np.random.default_rng(seed)
    N, C, k = (int(n) for n in rng.integers(1, 4, size=3))
    x = rng.integers(4, size=(N, C, *rng.integers(k, 9, size=2))).astype(float)
    windows = pooling_windows(x, k)
    assert np.array_equal(windows.max(axis=-1), max_pool2d(x, k))
    assert_equal(windows.mean(axis=-1), average_pool2d(x, k), "mean", 1e-12)
    g = rng.normal(size=windows.shape[:4])
    ours = max_pool_windows_backward(g, x, k)
    assert np.array_equal(ours, max_pool2d_backward(g, x, k)), "ties included"


def test_a_border_is_of_zeros():
    x = with_border(np.ones((1, 1, 2, 3)), 2)
    assert x.shape == (1, 1, 6, 7)
    assert x.sum() == x[:, :, 2:4, 2:5].sum() == 6


# ---- networks


@given(seed=seeds, right=st.integers(-9, 9), down=st.integers(-9, 9))
def test_moved_equals_a_roll_of_a_padded_image(seed, right, down):
    x = np.random.default_rng(seed).normal(size=(2, 1, 5, 6))
    roomy = np.pad(x, ((0, 0), (0, 0), (20, 20), (20, 20)))
    rolled = np.roll(roomy, (down, right), axis=(2, 3))[:, :, 20:25, 20:26]
    assert np.array_equal(moved(x, right, down), rolled)


@given(seed=seeds)
def test_a_receptive_field_is_what_a_gradient_reaches(seed):
    rng = np.random.default_rng(seed)
    sizes, strides = rng.integers(1, 4, size=(2, int(rng.integers(1, 4))))
    strides = np.minimum(strides, sizes)  # no input is passed over
    r, j = receptive_field(sizes, strides)
    x = Tensor(rng.normal(size=(1, 1, r + j)))
    h = x
    for k, s in zip(sizes.tolist(), strides.tolist(), strict=True):
        h = conv1d_node(h, np.ones((1, 1, k)), None, s)
    assert h.value.shape[2] == 2
    for place, first in ((0, 0), (1, j)):
        h[0, 0, place].backward()
        reached = np.flatnonzero(x.gradient[0, 0])
        assert (reached.min(), reached.max()) == (first, first + r - 1)


def test_the_largest_places_are_one_for_each_example():
    maps = np.zeros((3, 2, 4))
    maps[0, 1, 2], maps[2, 0, 3], maps[2, 1, 1] = 5, 7, 6
    assert largest_places(maps, 2).tolist() == [[2, 0, 3], [0, 1, 2]]


def test_lenet_equals_torch():
    p = new_lenet(np.random.default_rng(0))
    for name in ("b1", "b2", "b3", "b4"):
        p[name] = np.random.default_rng(1).normal(size=p[name].shape)
    nn = torch.nn
    theirs = nn.Sequential(
        *(nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10)),
    ).double()
    with torch.no_grad():
        for tensor, value in zip(theirs.parameters(), p.values(), strict=True):
            tensor.copy_(torch.tensor(value))
    x = np.random.default_rng(2).uniform(size=(3, 1, 28, 28))
    layers = lenet_layers(p, x)
    scores = theirs(torch.tensor(x)).detach().numpy()
    assert_equal(layers["scores"].value, scores, "scores", 1e-10)
    sides = {name: layer.value.shape[1:] for name, layer in layers.items()}
    assert (sides["first"], sides["pooled again"]) == ((6, 24, 24), (16, 4, 4))


@pytest.mark.parametrize("identity", [True, False])
def test_a_residual_block_has_the_gradients_of_differences(identity):
    rng = np.random.default_rng(3)
    shapes = {"w1": (2, 2, 3, 3), "w2": (2, 2, 3, 3)}
    shapes |= dict.fromkeys(("gain1", "bias1", "gain2", "bias2"), (2,))
    p = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x, g = rng.normal(size=(2, 3, 2, 4, 4))
    leaves = {name: Tensor(value) for name, value in (p | {"x": x}).items()}
    (residual_block(leaves, leaves["x"], identity) * g).sum().backward()
    for name, leaf in leaves.items():

        def loss(value, name=name):
            q = p | {"x": x, name: value}
            return np.sum(residual_block(q, Tensor(q["x"]), identity).value * g)

        numerical = numerical_gradient(loss, leaf.value, 1e-6)
        assert_equal(leaf.gradient, numerical, name, 1e-6)


@pytest.mark.parametrize("identity", [True, False])
def test_a_residual_block_equals_torch(identity):
    rng = np.random.default_rng(6)
    p = {f"w{k}": rng.normal(size=(2, 2, 3, 3)) for k in "12"}
    p |= {f"{name}{k}": rng.normal(size=2) for name in ("gain", "bias") for k in "12"}
    x = rng.normal(size=(3, 2, 4, 4))
    theirs = {name: torch.tensor(value) for name, value in (p | {"x": x}).items()}
    h, functional = theirs["x"], torch.nn.functional
    for k in "12":
        h = functional.conv2d(h, theirs[f"w{k}"], padding=1)
        sides = theirs[f"gain{k}"], theirs[f"bias{k}"]
        h = functional.batch_norm(h, None, None, *sides, training=True)
        h = h.relu() if k == "1" else h
    h = (theirs["x"] + h if identity else h).relu().numpy()
    assert_equal(residual_block(p, Tensor(x), identity).value, h, "x + F(x)", 1e-10)


def test_without_weights_a_residual_block_passes_its_input_on():
    p = {"w1": np.zeros((2, 2, 3, 3)), "w2": np.zeros((2, 2, 3, 3))}
    p |= dict.fromkeys(("gain1", "gain2"), np.ones(2))
    p |= dict.fromkeys(("bias1", "bias2"), np.zeros(2))
    x = np.random.default_rng(4).uniform(size=(2, 2, 4, 4))
    assert_equal(residual_block(p, Tensor(x)).value, x, "the identity")
    assert not residual_block(p, Tensor(x), identity=False).value.any()


def test_batch_normalisation_as_a_node_standardises_each_channel():
    x = np.random.default_rng(5).normal(3, 2, size=(4, 2, 5, 5))
    y = batch_norm2d_node(Tensor(x), np.ones(2), np.array([0.0, 1])).value
    assert_equal(y.mean(axis=(0, 2, 3)), np.array([0.0, 1]), "means", 1e-12)
    assert_at_most(np.abs(y.std(axis=(0, 2, 3)) - 1).max(), 1e-4, "deviations")


# ---- sizes and columns


@given(
    length=st.integers(1, 40),
    size=st.integers(1, 10),
    stride=st.integers(1, 5),
    padding=st.integers(0, 5),
)
def test_output_size_counts_the_windows(length, size, stride, padding):
    starts = range(0, length + 2 * padding - size + 1, stride)
    if len(starts):
        assert output_size(length, size, stride, padding) == len(starts)
    else:
        with pytest.raises(ValueError, match="size must be at most the padded length"):
            output_size(length, size, stride, padding)


@given(seed=seeds)
def test_columns_hold_the_windows_and_col2im_is_the_adjoint(seed):
    x, w, _, _, stride, padding = random_layer(seed)
    kh, kw = w.shape[2:]
    columns = im2col(x, (kh, kw), stride, padding)
    padded = np.pad(x, ((0, 0), (0, 0), *((p, p) for p in padding)))
    rows = output_size(x.shape[2], kh, stride[0], padding[0])
    across = output_size(x.shape[3], kw, stride[1], padding[1])
    expected = [
        padded[n, :, i : i + kh, j : j + kw].ravel()
        for n in range(len(x))
        for i in range(0, stride[0] * rows, stride[0])
        for j in range(0, stride[1] * across, stride[1])
    ]
    assert np.array_equal(columns, np.transpose(expected))
    M = np.random.default_rng(seed).normal(size=columns.shape)
    back = col2im(M, x.shape, (kh, kw), stride, padding)
    assert back.shape == x.shape
    gap = abs(np.sum(M * columns) - np.sum(back * x))
    assert_at_most(gap, 1e-10 * (1 + np.abs(M * columns).sum()), "adjoint")


def test_col2im_of_ones_counts_windows():
    counts = col2im(np.ones((4, 9)), (1, 1, 4, 4), 2)
    assert counts[0, 0].tolist() == [
        [1, 2, 2, 1],
        [2, 4, 4, 2],
        [2, 4, 4, 2],
        [1, 2, 2, 1],
    ]


# ---- convolution


@given(seed=seeds)
def test_conv2d_equals_torch_forward_and_backward(seed):
    x, w, b, g, stride, padding = random_layer(seed)
    leaves = [torch.tensor(value, requires_grad=True) for value in (x, w, b)]
    theirs = torch.nn.functional.conv2d(*leaves, stride=stride, padding=padding)
    theirs.backward(torch.tensor(g))
    before = snapshot(x, w, b, g)
    assert_equal(conv2d(x, w, b, stride, padding), theirs.detach().numpy(), "h", 1e-10)
    ours = conv2d_backward(g, x, w, stride, padding)
    for name, gradient, leaf in zip(("dx", "dw", "db"), ours, leaves, strict=True):
        assert gradient.shape == leaf.shape
        gap = np.abs(gradient - leaf.grad.numpy()).max()
        assert_at_most(gap, 1e-10 * (1 + np.abs(gradient).max()), name)
    for array, copy in zip((x, w, b, g), before, strict=True):
        assert np.array_equal(array, copy), "an argument was modified"


@given(seed=seeds, kind=st.sampled_from([np.float32, np.float64]))
def test_by_lines_equals_conv2d_with_stride_1(seed, kind):
    x, w, b, _, _, padding = random_layer(seed)
    x, w, b = (array.astype(kind) for array in (x, w, b))
    h = conv2d(x, w, b, padding=padding)
    g = np.random.default_rng(seed).normal(size=h.shape).astype(kind)
    before = snapshot(x, w, b, g)
    ours = (
        conv2d_by_lines(x, w, b, padding=padding),
        *conv2d_by_lines_backward(g, x, w, padding=padding),
    )
    theirs = h, *conv2d_backward(g, x, w, padding=padding)
    tolerance = 1e-12 if kind is np.float64 else 1e-5
    for mine, other in zip(ours, theirs, strict=True):
        assert (mine.shape, mine.dtype) == (other.shape, other.dtype)
        gap = np.abs(mine - other).max()
        assert_at_most(gap, tolerance * (1 + np.abs(other).max()), "lines")
    for array, copy in zip((x, w, b, g), before, strict=True):
        assert np.array_equal(array, copy), "an argument was modified"


def test_by_lines_takes_sides_apart_and_biases_as_given():
    x, w = X2[:, :, :5], W2[:, :, :2]
    for padding in ((2, 0), (0, 1), 1):
        expected = conv2d(x, w, padding=padding)
        assert_equal(conv2d_by_lines(x, w, padding=padding), expected, "sides", 1e-12)
    mixed = conv2d_by_lines(x.astype(np.float32), w.astype(np.float32), np.ones(len(w)))
    assert mixed.dtype == np.float64


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": X2[0]}, "x must have shape"),
        ({"w": W2[:, :1]}, "w must have the 3 channels of x"),
        ({"padding": -1}, "padding must"),
        ({"g": np.ones((1, 1, 1, 1))}, "g must have shape"),
        ({"w": np.ones((1, 3, 50, 2))}, "w must have windows that fit"),
    ],
    ids=["x", "channels", "padding", "g", "window"],
)
def test_by_lines_checks_its_arguments(change, message):
    arguments = {"g": conv2d(X2, W2), "x": X2, "w": W2, "padding": 0} | change
    with pytest.raises(ValueError, match=message):
        conv2d_by_lines_backward(**arguments)
    if "g" not in change:
        del arguments["g"]
        with pytest.raises(ValueError, match=message):
            conv2d_by_lines(**arguments)


@given(seed=seeds)
def test_conv1d_equals_torch_forward_and_backward(seed):
    rng = np.random.default_rng(seed)
    N, C, F, k, stride = (int(n) for n in rng.integers(1, 5, size=5))
    padding = int(rng.integers(0, 3))
    T = max(int(rng.integers(1, 9)), k - 2 * padding)
    x, w, b = (rng.normal(size=s) for s in ((N, C, T), (F, C, k), (F,)))
    leaves = [torch.tensor(value, requires_grad=True) for value in (x, w, b)]
    theirs = torch.nn.functional.conv1d(*leaves, stride=stride, padding=padding)
    assert_equal(conv1d(x, w, b, stride, padding), theirs.detach().numpy(), "h", 1e-10)
    g = rng.normal(size=theirs.shape)
    theirs.backward(torch.tensor(g))
    ours = conv1d_backward(g, x, w, stride, padding)
    for gradient, leaf in zip(ours, leaves, strict=True):
        assert gradient.shape == leaf.shape
        gap = np.abs(gradient - leaf.grad.numpy()).max()
        assert_at_most(gap, 1e-10 * (1 + np.abs(gradient).max()), "gradient")


@given(seed=seeds)
def test_gradients_against_differences(seed):
    x, w, b, g, stride, padding = random_layer(seed)
    dx, dw, db = conv2d_backward(g, x, w, stride, padding)

    def product(x=x, w=w, b=b):
        return np.sum(g * conv2d(x, w, b, stride, padding))

    for gradient, numerical in (
        (dx, numerical_gradient(lambda v: product(x=v), x, 1e-3)),
        (dw, numerical_gradient(lambda v: product(w=v), w, 1e-3)),
        (db, numerical_gradient(lambda v: product(b=v), b, 1e-3)),
    ):
        gap = np.abs(gradient - numerical).max()
        assert_at_most(gap, 1e-7 * (1 + np.abs(gradient).max()), "gradient")


def test_it_is_a_cross_correlation_and_sums_the_channels():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 3, 7, 8)), rng.normal(size=(1, 3, 3, 2))
    by_channel = [
        scipy.signal.correlate2d(x[0, c], w[0, c], mode="valid") for c in range(3)
    ]
    assert_equal(conv2d(x, w)[0, 0], sum(by_channel), "correlate2d", 1e-12)
    assert conv1d([[[1.0, 2, 4]]], [[[1.0, 10]]]).tolist() == [[[21, 42]]]


def test_bias_and_defaults():
    plain = conv2d(X2, W2)
    assert plain.shape == (2, 4, 4, 5)
    with_bias = conv2d(X2, W2, np.array([0.0, 1, 2, 3]))
    assert np.array_equal(
        with_bias - plain, np.ones(plain.shape) * [[[0]], [[1]], [[2]], [[3]]]
    )
    assert np.array_equal(conv2d(X2, W2, stride=(1, 2)), plain[..., ::2])
    assert conv2d(X2, W2, padding=1).shape == (2, 4, 6, 7)


@given(seed=seeds, shift=st.integers(0, 20))
def test_translation_equivariance(seed, shift):
    rng = np.random.default_rng(seed)
    x, w = rng.normal(size=(2, 3, 12)), rng.normal(size=(4, 3, int(rng.integers(1, 5))))

    def circular(x, stride=1):
        return conv1d(
            np.concatenate([x, x[..., : w.shape[2] - 1]], axis=2), w, stride=stride
        )

    moved = circular(np.roll(x, shift, axis=2))
    assert_equal(moved, np.roll(circular(x), shift, axis=2), "stride 1", 1e-12)
    by_three = circular(np.roll(x, 3 * shift, axis=2), stride=3)
    assert_equal(by_three, np.roll(circular(x, 3), shift, axis=2), "stride 3", 1e-12)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_floating_types_are_kept(kind):
    x, w = X2.astype(kind), W2.astype(kind)
    h = conv2d(x, w)
    results = (h, *conv2d_backward(h, x, w), max_pool2d(x, 2), average_pool2d(x, 2))
    results += max_pool2d_backward(max_pool2d(x, 2), x, 2), k_max_pool(x, 2)
    assert {result.dtype for result in results} == {np.dtype(kind)}
    assert conv2d(X2.astype(int), W2.astype(int)).dtype == np.float64


# ---- pooling


def random_images(seed):
    rng = np.random.default_rng(seed)
    size = tuple(int(n) for n in rng.integers(1, 4, size=2))
    H, W = (int(rng.integers(k, 9)) for k in size)
    shape = (*(int(n) for n in rng.integers(1, 4, size=2)), H, W)
    return rng, shape, size


@given(seed=seeds, tied=st.booleans())
def test_pooling_equals_torch_with_ties_too(seed, tied):
    rng, shape, size = random_images(seed)
    x = rng.integers(3, size=shape).astype(float) if tied else rng.normal(size=shape)
    for pool, backward, theirs in (
        (max_pool2d, max_pool2d_backward, torch.nn.functional.max_pool2d),
        (average_pool2d, average_pool2d_backward, torch.nn.functional.avg_pool2d),
    ):
        leaf = torch.tensor(x, requires_grad=True)
        pooled = theirs(leaf, size)
        assert_at_most(np.abs(pool(x, size) - pooled.detach().numpy()), 1e-12, "pool")
        g = rng.normal(size=pooled.shape)
        pooled.backward(torch.tensor(g))
        ours, before = backward(g, x, size), x.copy()
        assert_at_most(np.abs(ours - leaf.grad.numpy()), 1e-12, "gradient")
        assert np.array_equal(x, before), "the images were modified"


def test_the_first_of_tied_maxima_takes_the_gradient():
    dx = max_pool2d_backward(np.array([[[[7.0]]]]), np.zeros((1, 1, 2, 2)), 2)
    assert dx[0, 0].tolist() == [[7, 0], [0, 0]]
    late = np.array([[[[0.0, 1], [1, 1]]]])
    assert max_pool2d_backward(np.ones((1, 1, 1, 1)), late, 2)[0, 0].tolist() == [
        [0, 1],
        [0, 0],
    ]


def test_incomplete_windows_are_dropped():
    x = np.arange(25.0).reshape(1, 1, 5, 5)
    assert max_pool2d(x, 2)[0, 0].tolist() == [[6, 8], [16, 18]]
    assert average_pool2d(x, 2)[0, 0].tolist() == [[3, 5], [13, 15]]
    for backward in (max_pool2d_backward, average_pool2d_backward):
        dx = backward(np.ones((1, 1, 2, 2)), x, 2)
        assert dx.sum() == 4
        assert not dx[..., 4].any()
        assert not dx[..., 4, :].any()


def test_pooling_over_windows_of_one_is_a_copy():
    x = X2.copy()
    max_pool2d(x, 1)[:] = -1
    average_pool2d(x, 1)[:] = -1
    assert np.array_equal(x, X2)


@given(seed=seeds)
def test_pooling_gradients_against_differences(seed):
    rng, shape, size = random_images(seed)
    x = rng.permutation(np.prod(shape)).reshape(shape).astype(float)  # no ties
    for pool, backward in (
        (max_pool2d, max_pool2d_backward),
        (average_pool2d, average_pool2d_backward),
    ):
        g = rng.normal(size=pool(x, size).shape)

        def product(v, g=g, pool=pool):
            return np.sum(g * pool(v, size))

        numerical = numerical_gradient(product, x, 1e-3)
        assert_at_most(np.abs(backward(g, x, size) - numerical), 1e-7, "gradient")


def k_max_by_definition(row, k, counts):
    allowed = [i for i in range(len(row)) if counts[i]]
    best = sorted(sorted(allowed, key=lambda i: (-row[i], i))[:k])
    return [row[i] for i in best] + [0] * (k - len(best))


@given(seed=seeds, masked=st.booleans())
def test_k_max_pool_by_its_definition(seed, masked):
    rng = np.random.default_rng(seed)
    T = int(rng.integers(1, 9))
    k = int(rng.integers(1, T + 1))
    x = rng.integers(-3, 3, size=(2, 3, T)).astype(float)
    mask = rng.random((2, 1, T)) < 0.6 if masked else None
    counts = np.broadcast_to(True if mask is None else mask, x.shape)
    expected = [
        [k_max_by_definition(r, k, c) for r, c in zip(rows, cs, strict=True)]
        for rows, cs in zip(x, counts, strict=True)
    ]
    before = x.copy()
    assert np.array_equal(k_max_pool(x, k, mask), expected)
    assert np.array_equal(x, before)


@given(seed=seeds, masked=st.booleans())
def test_k_max_pool_gradient(seed, masked):
    rng = np.random.default_rng(seed)
    T = int(rng.integers(1, 7))
    k = int(rng.integers(1, T + 1))
    x = rng.permutation(6 * T).reshape(2, 3, T).astype(float)
    mask = rng.random((2, 1, T)) < 0.6 if masked else None
    g = rng.normal(size=(2, 3, k))
    numerical = numerical_gradient(
        lambda v: np.sum(g * k_max_pool(v, k, mask)), x, 1e-3
    )
    ours = k_max_pool_backward(g, x, k, mask)
    assert_at_most(np.abs(ours - numerical), 1e-7, "gradient")


def test_k_max_pool_examples():
    assert k_max_pool([3, 1, 4, 1, 5, 9, 2, 6], 3).tolist() == [5, 9, 6]
    assert k_max_pool([-1.0, -5, -2], 3).tolist() == [-1, -5, -2]
    mask = np.array([True, False, True, False])
    assert k_max_pool([-1.0, 9, -2, 9], 3, mask).tolist() == [-1, -2, 0]
    tied = k_max_pool_backward(np.array([5.0]), np.array([1.0, 2, 2]), 1)
    assert tied.tolist() == [0, 5, 0]


# ---- sequences


@given(
    lengths=st.lists(st.integers(0, 60), min_size=1, max_size=40),
    size=st.integers(1, 12),
)
def test_buckets_hold_every_index_once_in_order_of_length(lengths, size):
    batches = bucket_by_length(lengths, size)
    order = np.concatenate(batches)
    assert sorted(order) == list(range(len(lengths)))
    assert (np.diff(np.array(lengths)[order]) >= 0).all()
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    assert 1 <= len(batches[-1]) <= size
    assert all(batch.dtype.kind == "i" for batch in batches)


def test_equal_lengths_keep_their_order():
    order = np.concatenate(bucket_by_length(np.tile([1, 2], 50), 7))
    assert order.tolist() == [*range(0, 100, 2), *range(1, 100, 2)]
    assert np.concatenate(bucket_by_length([300, 2, 299], 2)).tolist() == [1, 2, 0]


@given(seed=seeds, vectors=st.booleans())
def test_padded_sequences_come_back_by_the_mask(seed, vectors):
    rng = np.random.default_rng(seed)
    tail = (3,) if vectors else ()
    sequences = [rng.normal(size=(n, *tail)) for n in rng.integers(1, 7, size=4)]
    padded, mask = pad_sequences(sequences, value=-1.5)
    assert mask.dtype == bool
    assert padded.shape == (4, max(map(len, sequences)), *tail)
    for row, row_mask, sequence in zip(padded, mask, sequences, strict=True):
        assert np.array_equal(row[row_mask], sequence)
        assert row_mask.tolist() == [i < len(sequence) for i in range(len(row))]
        assert (row[~row_mask] == -1.5).all()


def test_pad_sequences_keeps_whole_numbers():
    padded, mask = pad_sequences([[1, 2, 3], [4]])
    assert padded.dtype.kind == "i"
    assert padded.tolist() == [[1, 2, 3], [4, 0, 0]]
    assert mask.tolist() == [[True, True, True], [True, False, False]]
    with_minus_one, _ = pad_sequences([[1, 2], [4]], value=-1)
    assert with_minus_one.tolist() == [[1, 2], [4, -1]]
    assert with_minus_one.dtype == np.int64
    assert pad_sequences([[1, 2], [4]], value=0.5)[0].tolist() == [[1, 2], [4, 0.5]]
    assert pad_sequences([np.array([1, 2], np.uint8), [3]], -1)[0][1, 1] == -1
    assert (
        pad_sequences([np.ones(2, np.float32), np.ones(1, np.float32)])[0].dtype
        == np.float32
    )


def test_masked_mean():
    values, mask = np.array([[1.0, 5], [3, 7]]), np.array([[True, False], [True, True]])
    assert masked_mean(values, mask) == pytest.approx(11 / 3)
    assert masked_mean([1.0, 9.0], np.array([True, False])) == 1
    leaf = Tensor(values)
    mean = masked_mean(leaf, mask)
    mean.backward()
    assert mean.value == pytest.approx(11 / 3)
    assert_equal(leaf.gradient, mask / 3, "gradient", 1e-15)


@given(seed=seeds)
def test_padding_is_not_seen(seed):
    rng = np.random.default_rng(seed)
    sequences = [rng.normal(size=(n, 3)) for n in rng.integers(1, 6, size=4)]
    w, b, k = rng.normal(size=(5, 3, 3)), rng.normal(size=5), 2
    x, mask = pad_sequences(sequences)
    x = np.pad(x, ((0, 0), (0, 2), (0, 0)))
    mask = np.pad(mask, ((0, 0), (0, 2)))

    def of(x):
        inside = (x * mask[:, :, None]).swapaxes(1, 2)
        h = conv1d(inside, w, b, padding=1)
        return k_max_pool(h, k, mask[:, None]), masked_mean(h.sum(axis=1), mask)

    noise = np.where(mask[:, :, None], x, rng.normal(size=x.shape))
    for ours, other in zip(of(x), of(noise), strict=True):
        assert np.array_equal(ours, other)
    alone = [
        k_max_pool(
            conv1d(np.pad(s, ((0, 2), (0, 0))).T[None], w, b, padding=1),
            *(k, np.arange(len(s) + 2) < len(s)),
        )[0]
        for s in sequences
    ]
    assert_at_most(np.abs(of(x)[0] - np.array(alone)), 1e-12, "in other company")


# ---- nodes


@pytest.mark.parametrize("which", ["x", "w", "b", "xwb"])
def test_nodes_give_the_gradients_of_the_backward_functions(which):
    rng = np.random.default_rng(0)
    values = {
        "x": rng.normal(size=(2, 3, 6, 5)),
        "w": rng.normal(size=(4, 3, 3, 2)),
        "b": rng.normal(size=4),
    }
    operands = {k: Tensor(v) if k in which else v for k, v in values.items()}
    h = conv2d_node(**operands, stride=2, padding=1)
    assert_equal(h.value, conv2d(**values, stride=2, padding=1), "value")
    assert len(h.parents) == len(which)
    g = rng.normal(size=h.value.shape)
    (h * g).sum().backward()
    expected = conv2d_backward(g, values["x"], values["w"], 2, 1)
    for name, gradient in zip("xwb", expected, strict=True):
        if isinstance(operands[name], Node):
            assert_equal(operands[name].gradient, gradient, name, 1e-12)


def test_nodes_of_sequences_and_pooling():
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(2, 3, 7)), rng.normal(size=(4, 3, 3)), rng.normal(size=4)
    leaves = [Tensor(value) for value in (x, w, b)]
    h = conv1d_node(*leaves, stride=2, padding=1)
    assert_equal(h.value, conv1d(x, w, b, 2, 1), "value")
    g = rng.normal(size=h.value.shape)
    (h * g).sum().backward()
    for leaf, gradient in zip(leaves, conv1d_backward(g, x, w, 2, 1), strict=True):
        assert_equal(leaf.gradient, gradient, "conv1d", 1e-12)

    leaf, mask = Tensor(X2), np.arange(6) < 4
    for node, pooled, backward in (
        (
            max_pool2d_node(leaf, 2),
            max_pool2d(X2, 2),
            lambda g: max_pool2d_backward(g, X2, 2),
        ),
        (
            k_max_pool_node(leaf, 2, mask),
            k_max_pool(X2, 2, mask),
            lambda g: k_max_pool_backward(g, X2, 2, mask),
        ),
    ):
        assert_equal(node.value, pooled, "value")
        g = rng.normal(size=pooled.shape)
        (node * g).sum().backward()
        assert_equal(leaf.gradient, backward(g), "pooling")


def test_a_node_without_tensors_is_a_leaf():
    assert conv2d_node(X2, W2, np.zeros(4)).parents == ()


@pytest.mark.parametrize("same", ["x and w", "all leaves twice"])
def test_a_tensor_may_stand_in_several_places(same):
    rng = np.random.default_rng(0)
    x, b = rng.normal(size=(3, 3, 3, 3)), rng.normal(size=3)
    leaf = Tensor(x)
    if same == "x and w":
        h, expected = conv2d_node(leaf, leaf, b), conv2d(x, x, b)
        dx, dw, _ = conv2d_backward(np.ones(expected.shape), x, x)
        assert_equal(h.value, expected, "value")
    else:
        h = conv2d_node(leaf, x, b) + conv2d_node(leaf, x, b)
        dx, dw, _ = conv2d_backward(np.ones(h.value.shape), x, x)
        dw = dx
    h.sum().backward()
    assert_equal(leaf.gradient, dx + dw, "the shares are added", 1e-12)


def test_nodes_take_pairs_no_bias_and_plain_nodes():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 3, 7, 6)), rng.normal(size=(4, 3, 3, 2))
    sides = (2, 1), (0, 1)
    leaf = Node(x)
    h = conv2d_node(leaf, w, None, *sides)
    assert_equal(h.value, conv2d(x, w, None, *sides), "value")
    h.sum().backward()
    g = np.ones(h.value.shape)
    assert_equal(leaf.gradient, conv2d_backward(g, x, w, *sides)[0], "dx", 1e-12)
    pooled = max_pool2d_node(leaf, (2, 3))
    pooled.sum().backward()
    by_hand = max_pool2d_backward(np.ones(pooled.value.shape), x, (2, 3))
    assert_equal(leaf.gradient, by_hand, "pooling", 1e-12)
    line = Node(x[:, :, 0])
    conv1d_node(line, w[:, :, 0]).sum().backward()
    assert line.gradient.shape == line.value.shape
    mean = masked_mean(line, np.ones(line.value.shape, bool))
    mean.backward()
    assert_equal(
        line.gradient, np.full(line.value.shape, 1 / line.value.size), "mean", 1e-12
    )
    plain = k_max_pool_node(line, 1)
    (plain * np.arange(6.0).reshape(2, 3, 1)).sum().backward()
    assert_equal(line.gradient.sum(axis=2).ravel(), np.arange(6.0), "k-max", 1e-12)


# ---- what the results do not share, and what they do not change


def test_results_share_no_memory_and_arguments_stay():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 2, 6, 6)), rng.normal(size=(3, 2, 1, 1))
    g, pooled = rng.normal(size=(1, 3, 6, 6)), rng.normal(size=(1, 2, 3, 3))
    mask, k_g = rng.random(6) < 0.5, rng.normal(size=(1, 2, 6, 2))
    arguments = (x, w, g, pooled, mask, k_g)
    before = snapshot(*arguments)
    results = [
        im2col(x, 1),
        conv2d(x, w),
        *conv2d_backward(g, x, w),
        max_pool2d(x, 1),
        average_pool2d(x, 1),
        max_pool2d_backward(pooled, x, 2),
        average_pool2d_backward(pooled, x, 2),
        k_max_pool(x, 6, mask),
        k_max_pool_backward(k_g, x, 2, mask),
        *pad_sequences([x[0, 0]]),
        *pad_sequences(x[0, 0]),
        masked_mean(x, np.broadcast_to(mask, x.shape)),
    ]
    for argument, copy in zip(arguments, before, strict=True):
        assert np.array_equal(argument, copy)
        assert not any(np.shares_memory(argument, result) for result in results)
    for argument in arguments:
        argument.flags.writeable = False
    conv2d_backward(g, x, w)
    k_max_pool_backward(k_g, x, 2, mask)


def test_mixed_types_and_types_of_gradients():
    x, w = X2.astype(np.float32), W2.astype(np.float32)
    assert conv2d(x, w, np.zeros(4)).dtype == np.float64
    line, filters = x[:, :, 0], w[:, :, 0]
    g = conv1d(line, filters)
    single = [g, *conv1d_backward(g, line, filters)]
    pooled = average_pool2d(x, 2)
    single += [
        average_pool2d_backward(pooled, x, 2),
        k_max_pool_backward(k_max_pool(x, 2), x, 2),
    ]
    single += [masked_mean(x, np.ones(x.shape, bool))]
    assert {part.dtype for part in single} == {np.dtype(np.float32)}
    assert max_pool2d_backward(max_pool2d(X2, 2), x, 2).dtype == np.float64
    leaf = Tensor(x)
    masked_mean(leaf, np.ones(x.shape, bool)).backward()
    assert leaf.gradient.dtype == np.float32
    half = np.full(1000, 100, np.float16)
    assert masked_mean(half, np.ones(1000, bool)) == 100


def test_large_and_negative_values():
    assert k_max_pool(np.array([-1e9, -2e9, 5e8]), 2).tolist() == [-1e9, 5e8]
    mask = np.array([True, True, False])
    assert k_max_pool(np.array([-1e9, -2e9, 5e8]), 2, mask).tolist() == [-1e9, -2e9]
    assert max_pool2d(np.full((1, 1, 2, 2), -1e6), 2).item() == -1e6
    low = np.full((1, 1, 2, 2), -1e6)
    assert max_pool2d_backward(np.ones((1, 1, 1, 1)), low, 2).sum() == 1
    assert pad_sequences([[0.5], [1.0, 2.0]], value=-1e6)[0][0, 1] == -1e6


def test_db_is_exact_for_gradients_in_another_order():
    g = np.full((64, 64, 16, 2), 0.1, np.float32).transpose(2, 3, 0, 1)
    x, w = np.zeros((16, 1, 64, 64), np.float32), np.ones((2, 1, 1, 1), np.float32)
    assert_equal(conv2d_backward(g, x, w)[2], np.full(2, 0.1 * 65536), "db", 1e-5)


# ---- bad input

NAN = X2.copy()
NAN[0, 0, 0, 0] = np.nan
BAD_CALLS = [
    (lambda: conv2d(X2[0], W2), r"x must have shape \(N, C, H, W\)"),
    (lambda: conv2d(X2, W2[0]), r"w must have shape \(F, C, kh, kw\)"),
    (lambda: conv2d(X2, W2[:, :2]), "w must have the 3 channels of x"),
    (lambda: conv2d(X2, W2, np.zeros(3)), r"b must have shape \(4,\)"),
    (lambda: conv2d(NAN, W2), "x must be finite"),
    (lambda: conv2d(X2, W2 * np.inf), "w must be finite"),
    (lambda: conv2d(X2, W2, [0, 0, 0, np.nan]), "b must be finite"),
    (lambda: conv2d(X2[:0], W2), "x must not be empty"),
    (lambda: conv2d("photograph", W2), "x must be an array of numbers"),
    (lambda: conv2d(X2, W2, stride=0), "stride must be a whole number of at least 1"),
    (lambda: conv2d(X2, W2, stride=1.5), "stride must be a whole number"),
    (
        lambda: conv2d(X2, W2, padding=-1),
        "padding must be a whole number of at least 0",
    ),
    (lambda: conv2d(X2, W2, stride=(1, 1, 1)), "stride must be a number or a pair"),
    (
        lambda: conv2d(X2, np.ones((1, 3, 6, 1))),
        "w must have windows that fit into the padded input",
    ),
    (lambda: conv1d(X2, W2[:, :, 0]), r"x must have shape \(N, C, T\)"),
    (lambda: conv1d(X2[:, :, 0], W2), r"w must have shape \(F, C, k\)"),
    (lambda: conv2d_backward(X2, X2, W2), r"g must have shape \(2, 4, 4, 5\)"),
    (lambda: conv2d_backward(X2[0], X2, W2), "g must have shape"),
    (lambda: conv1d_backward(X2, X2[:, :, 0], W2[:, :, 0]), "g must have shape"),
    (lambda: im2col(X2[0], 2), "x must have shape"),
    (lambda: im2col(X2, 7), "size must be at most the padded length"),
    (lambda: col2im(np.ones((4, 9)), (1, 1, 4), 2), "shape must be four lengths"),
    (lambda: col2im(np.ones((4, 9)), 4, 2), "shape must be four lengths"),
    (
        lambda: col2im(np.ones((4, 8)), (1, 1, 4, 4), 2),
        r"columns must have shape \(4, 9\)",
    ),
    (lambda: max_pool2d(X2, 6), "size must be at most the padded length"),
    (lambda: max_pool2d(X2, 0), "size must be a whole number"),
    (lambda: max_pool2d(X2[0], 2), "x must have shape"),
    (lambda: average_pool2d(NAN, 2), "x must be finite"),
    (lambda: max_pool2d_backward(X2, X2, 2), r"g must have shape \(2, 3, 2, 3\)"),
    (lambda: average_pool2d_backward(X2, X2, 2), "g must have shape"),
    (lambda: k_max_pool(X2, 7), "k must be at most the length, 6"),
    (lambda: k_max_pool(X2, 0), "k must be a whole number"),
    (lambda: k_max_pool(3.0, 1), "x must have at least one axis"),
    (lambda: k_max_pool(NAN, 1), "x must be finite"),
    (lambda: k_max_pool(X2, 1, np.ones(6)), "mask must hold True and False"),
    (lambda: k_max_pool(X2, 1, np.ones(5, bool)), "mask must broadcast to shape"),
    (lambda: k_max_pool_backward(X2, X2, 1), "g must have shape"),
    (lambda: bucket_by_length([], 2), "lengths must not be empty"),
    (lambda: bucket_by_length([[1, 2]], 2), r"lengths must have shape \(N,\)"),
    (lambda: bucket_by_length([1.5], 2), "lengths must be whole numbers"),
    (lambda: bucket_by_length([-1], 2), "lengths must be whole numbers of at least 0"),
    (lambda: bucket_by_length([1, np.nan], 2), "lengths must be finite"),
    (lambda: bucket_by_length([1], 0), "batch_size must be a whole number"),
    (lambda: pad_sequences(np.array(5)), "sequences must be a list"),
    (lambda: pad_sequences([[1]], value=np.nan), "value must be finite"),
    (lambda: pad_sequences([np.ones((2, 1)), np.ones(2)]), "one d for all"),
    (lambda: conv2d_backward(conv2d(X2, W2) * np.nan, X2, W2), "g must be finite"),
    (
        lambda: max_pool2d_backward(max_pool2d(X2, 2) * np.nan, X2, 2),
        "g must be finite",
    ),
    (
        lambda: average_pool2d_backward(max_pool2d(X2, 2) * np.nan, X2, 2),
        "g must be finite",
    ),
    (
        lambda: k_max_pool_backward(k_max_pool(X2, 2) * np.nan, X2, 2),
        "g must be finite",
    ),
    (
        lambda: conv1d_backward(X2[:, :, 0] * np.nan, X2[:, :, 0], np.ones((3, 3, 1))),
        "g must be finite",
    ),
    (lambda: conv2d([[[[1e200]]]], [[[[1.0]]]]), "x must be at most 1e.150 in size"),
    (lambda: conv2d_node(NAN, W2), "x must be finite"),
    (lambda: conv2d_node([[1], [1, 2]], W2), "x must be an array of numbers"),
    (
        lambda: conv2d_node(np.ma.masked_less(X2, 3), W2),
        "x must be an array of numbers",
    ),
    (lambda: conv2d_node(X2, Tensor(W2[:, :2])), "w must have the 3 channels"),
    (lambda: conv1d_node(X2[:, :, 0], W2), r"w must have shape \(F, C, k\)"),
    (lambda: conv1d(X2[:, :, 0], np.ones((1, 2, 2))), r"got shape \(1, 2, 2\)"),
    (lambda: max_pool2d_node(np.ma.masked_less(X2, 3), 2), "x must be an array"),
    (
        lambda: masked_mean(np.ma.array([1.0, 9], mask=[0, 1]), [True, True]),
        "values must be",
    ),
    (
        lambda: masked_mean([1.0, 9], np.ma.array([True, True], mask=[0, 1])),
        "mask must hold",
    ),
    (
        lambda: masked_mean([1.0, 2], [[True], [True, False]]),
        "mask must hold True and False",
    ),
    (lambda: masked_mean(Node(np.ones(2)), Tensor([1.0, 0])), "mask must hold"),
    (lambda: k_max_pool([1.0, 2], 1, [[True], [True, False]]), "mask must hold"),
    (lambda: col2im(np.ones((4, 9)), (1, 1, 4, 0), 2), "shape must be a whole number"),
    (lambda: pad_sequences([]), "sequences must be a list, not empty"),
    (lambda: pad_sequences(3), "sequences must be a list"),
    (lambda: pad_sequences([[1], []]), r"sequences\[1\] must not be empty"),
    (lambda: pad_sequences([[1], [np.nan]]), r"sequences\[1\] must be finite"),
    (lambda: pad_sequences([[1], [[1, 2]]]), r"sequences\[1\] must have shape"),
    (lambda: pad_sequences([np.ones((2, 2)), np.ones((2, 3))]), "one d for all"),
    (lambda: pad_sequences(["word"]), r"sequences\[0\] must be an array of numbers"),
    (lambda: pad_sequences([[1]], value=[0, 1]), "value must be one number"),
    (lambda: masked_mean([1.0, 2], np.array([1, 0])), "mask must hold True and False"),
    (
        lambda: masked_mean([1.0, 2], np.array([False, False])),
        "mask must be True somewhere",
    ),
    (lambda: masked_mean([1.0, 2], np.array([True])), "mask must have shape"),
    (
        lambda: masked_mean([1.0, np.nan], np.array([True, False])),
        "values must be finite",
    ),
    (lambda: output_size(5, 2.0), "size must be a whole number"),
    (lambda: correlate([1, 2], [1, 2, 3]), "w must be at most as long as x, 2, got 3"),
    (lambda: conv2d_windows(X2, W2[:, :2], np.zeros(4)), "w must have shape"),
    (
        lambda: conv2d_windows(X2[:, :, :1], W2, np.zeros(4)),
        r"w must have windows that fit into the padded input, \(1, 6\)",
    ),
    (
        lambda: conv2d_windows(X2, W2, np.zeros(4), stride=0),
        "stride must be a whole number of at least 1",
    ),
    (
        lambda: conv2d_windows_backward(np.ones((2, 4, 5, 6)), X2, W2),
        "g must have shape",
    ),
    (lambda: pooling_windows(X2, 6), "k must be .* at most H = 5 as in x and"),
    (lambda: max_pool_windows_backward(X2, X2, 2), "g must have shape"),
    (lambda: largest_places(X2[0], 4), "n must be .* at most N = 3"),
    (lambda: receptive_field([3, 3], [1]), "strides must have shape"),
    (lambda: moved(X2[0], 1), "X must have shape"),
    (lambda: new_lenet(3), "rng must be a numpy Generator"),
    (lambda: conv1d_node(Tensor(X2), W2[:, :, 0], np.zeros(4)), "x must have shape"),
]


@pytest.mark.parametrize("number", range(len(BAD_CALLS)))
def test_bad_input(number):
    call, message = BAD_CALLS[number]
    with pytest.raises(ValueError, match=message):
        call()
