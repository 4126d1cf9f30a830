"""Chapter 6: gradients, properties on random inputs, parity with torch, bad input."""

import itertools
import math
import warnings
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tutorial_utils.checks import assert_at_most, assert_equal
from tutorial_utils.recurrent_networks import (
    CELLS,
    CharacterModel,
    LanguageModel,
    NGram,
    bidirectional_node,
    clip_by_norm,
    clip_elementwise,
    elman_backward,
    elman_forward,
    follower_counts,
    gradient_norms,
    gru_backward,
    gru_forward,
    gru_gates,
    gru_step,
    gru_step_backward,
    kneser_ney,
    last_states,
    lstm_backward,
    lstm_forward,
    lstm_gates,
    lstm_step,
    lstm_step_backward,
    orthogonal,
    recall_batch,
    recall_gradients,
    recurrent_node,
    recurrent_parameters,
    recurrent_states,
    reverse_sequences,
    sample_next,
    scaled_matrix,
    text_streams,
)
from tutorial_utils.training import Node, Tensor, numerical_gradient

seeds = st.integers(0, 2**32 - 1)
shapes = st.tuples(st.integers(1, 5), *[st.integers(1, 4)] * 3)  # T, N, D, H
BLOCKS = {"elman": 1, "gru": 3, "gru, reset after": 3, "lstm": 4}


def on_random_layers(test):
    """Run a test with every cell, on random sizes and on sizes of one."""
    test = given(shape=shapes, seed=seeds)(test)
    test = example(shape=(1, 1, 1, 1), seed=0)(settings(max_examples=50)(test))
    return pytest.mark.parametrize("case", BLOCKS)(test)


def random_layer(case, shape, seed):
    """x, the first states and the parameters by name, and a gradient at the states."""
    T, N, D, H = shape
    rng, rows = np.random.default_rng(seed), BLOCKS[case] * H
    sizes = {"x": (T, N, D), "h0": (N, H)}
    sizes |= {"c0": (N, H)} if case == "lstm" else {}
    bias = "c" if case == "elman" else "b"
    sizes |= {"V": (rows, D), "U": (rows, H), bias: (rows,)}
    values = {name: rng.normal(size=size) for name, size in sizes.items()}
    return values, rng.normal(size=(T, N, H))


def parameters(values):
    return {k: v for k, v in values.items() if k not in ("x", "h0", "c0")}


def forward_all(case, values):
    """The states, the cells (None but for an LSTM) and the cache."""
    x, h0, params = values["x"], values["h0"], parameters(values)
    if case == "lstm":
        return lstm_forward(x, h0, values["c0"], params)
    if case == "elman":
        h, cache = elman_forward(x, h0, params)
    elif case == "gru":
        h, cache = gru_forward(x, h0, params)
    else:
        h, cache = gru_forward(x, h0, params, reset_after=True)
    return h, None, cache


def forward(case, values):
    h, _, cache = forward_all(case, values)
    return h, cache


def backward(case, g, cache):
    """The gradients under the names and in the order of `random_layer`."""
    backwards = {"elman": elman_backward, "lstm": lstm_backward}
    *starts, params = backwards.get(case, gru_backward)(g, cache)
    names = ["x", "h0", "c0"][: len(starts)]
    return dict(zip(names, starts, strict=True)) | params


def gradients_of(case, values, g):
    return backward(case, g, forward(case, values)[1])


def by_definition(case, leaves, T, H):
    """States and cells, step by step, of tensors of torch or of the book."""
    x, h, V, U = (leaves[name] for name in ("x", "h0", "V", "U"))
    c, bias = leaves.get("c0"), leaves["c" if case == "elman" else "b"]
    rows = [slice(k * H, (k + 1) * H) for k in range(BLOCKS[case])]
    V, U, bias = ([whole[part] for part in rows] for whole in (V, U, bias))
    states, cells = [], []
    for t in range(T):
        read = [x[t] @ v.T + b for v, b in zip(V, bias, strict=True)]
        full = [z + h @ u.T for z, u in zip(read, U, strict=True)]
        if case == "elman":
            h = full[0].tanh()
        elif case == "lstm":
            i, f, o = (full[k].sigmoid() for k in (0, 1, 3))
            c = f * c + i * full[2].tanh()
            h = o * c.tanh()
        else:
            r, u = full[0].sigmoid(), full[1].sigmoid()
            product = (r * h) @ U[2].T if case == "gru" else r * (h @ U[2].T)
            h = u * (read[2] + product).tanh() + (1 - u) * h
        states.append(h)
        cells.append(c)
    return states, cells


def torch_leaves(values):
    return {k: torch.tensor(v, requires_grad=True) for k, v in values.items()}


def torch_layer(case, values, suffixes=("l0",), **options):
    """A layer of torch with our weights. Of two biases, each has a part of ours."""
    kind = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM}.get(case, torch.nn.GRU)
    D, H = values[0]["V"].shape[1], values[0]["U"].shape[1]
    layer = kind(D, H, dtype=torch.float64, **options)
    part = 0 if "gru" in case else 0.25  # inside of the bracket in torch's GRU
    with torch.no_grad():
        for suffix, own in zip(suffixes, values, strict=True):
            bias = own["c" if case == "elman" else "b"]
            sign = update_gate_sign(case, H)
            for name, value in (
                ("weight_ih", sign[:, None] * own["V"]),
                ("weight_hh", sign[:, None] * own["U"]),
                ("bias_ih", (1 - part) * sign * bias),
                ("bias_hh", part * sign * bias),
            ):
                getattr(layer, f"{name}_{suffix}").copy_(torch.tensor(value))
    return layer


def update_gate_sign(case, H):
    """torch's update gate is one minus ours: minus its rows."""
    sign = np.ones(BLOCKS[case] * H)
    if "gru" in case:
        sign[H : 2 * H] = -1
    return sign


def torch_gradients(case, layer, H, suffix="l0"):
    sign = update_gate_sign(case, H)
    of = {n: getattr(layer, f"{n}_{suffix}").grad.numpy() for n in TORCH_NAMES}
    bias = "c" if case == "elman" else "b"
    return {
        "V": sign[:, None] * of["weight_ih"],
        "U": sign[:, None] * of["weight_hh"],
        bias: sign * of["bias_ih"],
    }


TORCH_NAMES = ("weight_ih", "weight_hh", "bias_ih")


def assert_same_gradients(ours, theirs, tolerance=1e-10):
    assert list(ours) == list(theirs)
    for name, gradient in ours.items():
        other = np.asarray(theirs[name])
        assert gradient.shape == other.shape
        gap = np.abs(gradient - other).max()
        assert_at_most(gap, tolerance * (1 + np.abs(other).max()), name)


def arrays_in(cache):
    """All arrays of a cache, those in its dicts too."""
    for part in cache:
        if isinstance(part, np.ndarray):
            yield part
        elif isinstance(part, dict):
            yield from part.values()


# ---- the cells against torch, differences and automatic differentiation


@pytest.mark.parametrize("case", ["elman", "gru, reset after", "lstm"])
@example(shape=(1, 1, 1, 1), seed=0)
@settings(max_examples=25)
@given(shape=shapes, seed=seeds)
def test_cells_equal_those_of_torch(case, shape, seed):
    values, g = random_layer(case, shape, seed)
    H = shape[3]
    layer = torch_layer(case, [values])
    leaves = torch_leaves({k: v for k, v in values.items() if k in ("x", "h0", "c0")})
    start = leaves["h0"][None]
    start = (start, leaves["c0"][None]) if case == "lstm" else start
    theirs, end = layer(leaves["x"], start)
    (theirs * torch.tensor(g)).sum().backward()
    h, c, cache = forward_all(case, values)
    assert h.shape == g.shape
    assert_equal(h, theirs.detach().numpy(), "h", 1e-10)
    if case == "lstm":
        assert_equal(c[-1], end[1][0].detach().numpy(), "c", 1e-10)
    expected = {k: leaf.grad.numpy() for k, leaf in leaves.items()}
    expected |= torch_gradients(case, layer, H)
    assert_same_gradients(backward(case, g, cache), expected)


@on_random_layers
def test_cells_equal_their_definition_in_torch(case, shape, seed):
    values, g = random_layer(case, shape, seed)
    leaves = torch_leaves(values)
    states, cells = by_definition(case, leaves, shape[0], shape[3])
    sum((h * torch.tensor(k)).sum() for h, k in zip(states, g, strict=True)).backward()
    h, c, cache = forward_all(case, values)
    assert_equal(h, torch.stack(states).detach().numpy(), "h", 1e-10)
    if case == "lstm":
        assert_equal(c, torch.stack(cells).detach().numpy(), "c", 1e-10)
    expected = {name: leaf.grad.numpy() for name, leaf in leaves.items()}
    assert_same_gradients(backward(case, g, cache), expected)


@on_random_layers
def test_cells_equal_their_definition_in_the_machine_of_chapter_3(case, shape, seed):
    values, g = random_layer(case, shape, seed)
    leaves = {name: Tensor(value) for name, value in values.items()}
    states, _ = by_definition(case, leaves, shape[0], shape[3])
    sum((h * k).sum() for h, k in zip(states, g, strict=True)).backward()
    h, cache = forward(case, values)
    assert_equal(h, [state.value for state in states], "h", 1e-12)
    expected = {name: leaf.gradient for name, leaf in leaves.items()}
    assert_same_gradients(backward(case, g, cache), expected, 1e-12)


@pytest.mark.parametrize("shape", [(3, 2, 2, 3), (1, 1, 1, 1), (4, 1, 3, 1)])
@pytest.mark.parametrize("case", BLOCKS)
def test_gradients_against_differences(case, shape):
    values, g = random_layer(case, shape, seed=5)
    ours = gradients_of(case, values, g)
    for name, value in values.items():

        def product(v, name=name):
            return np.sum(g * forward(case, values | {name: v})[0])

        numerical = numerical_gradient(product, value, 1e-5)
        assert_equal(ours[name], numerical, f"{case}, {name}", 1e-7)


@pytest.mark.parametrize("shape", [(3, 2, 2, 3), (1, 1, 1, 1)])
def test_gradients_at_the_cells_of_an_lstm_against_differences(shape):
    values, g = random_layer("lstm", shape, seed=6)
    g_cells = np.random.default_rng(7).normal(size=g.shape)
    _, _, cache = forward_all("lstm", values)
    dx, dh0, dc0, params = lstm_backward(g, cache, g_cells)
    ours = {"x": dx, "h0": dh0, "c0": dc0} | params
    for name, value in values.items():

        def product(v, name=name):
            h, c, _ = forward_all("lstm", values | {name: v})
            return np.sum(g * h) + np.sum(g_cells * c)

        assert_equal(ours[name], numerical_gradient(product, value, 1e-5), name, 1e-7)


def test_gradients_at_the_cells_of_an_lstm_refuse_another_shape():
    values, g = random_layer("lstm", (3, 2, 2, 3), seed=6)
    _, _, cache = forward_all("lstm", values)
    with pytest.raises(ValueError, match="g_cells"):
        lstm_backward(g, cache, g[:-1])


# ---- the cells: properties


@on_random_layers
def test_backward_is_linear(case, shape, seed):
    values, g = random_layer(case, shape, seed)
    _, cache = forward(case, values)
    other = np.random.default_rng(seed + 1).normal(size=g.shape)
    a, b = backward(case, g, cache), backward(case, other, cache)
    both = backward(case, 2 * g - 3 * other, cache)
    assert_same_gradients(both, {k: 2 * a[k] - 3 * b[k] for k in a}, 1e-12)
    for gradient in backward(case, np.zeros_like(g), cache).values():
        assert not gradient.any()


@on_random_layers
def test_states_do_not_depend_on_later_inputs(case, shape, seed):
    values, g = random_layer(case, shape, seed)
    rng = np.random.default_rng(seed)
    t = int(rng.integers(shape[0]))
    changed = values["x"].copy()
    changed[t:] += rng.normal(size=changed[t:].shape)
    h, cache = forward(case, values)
    other, _ = forward(case, values | {"x": changed})
    assert_at_most(np.abs(h[:t] - other[:t]), 1e-13, "earlier states")
    assert (h[t:] != other[t:]).any()
    g[t + 1 :] = 0
    dx = backward(case, g, cache)["x"]
    assert not dx[t + 1 :].any()
    assert dx[t].any()


@on_random_layers
def test_examples_do_not_see_each_other(case, shape, seed):
    values, g = random_layer(case, shape, seed)
    h, cache = forward(case, values)
    whole, parts = backward(case, g, cache), []
    for n in range(shape[1]):
        own = {
            k: v[:, [n]] if k == "x" else v[[n]]
            for k, v in values.items()
            if k in ("x", "h0", "c0")
        }
        alone, cache = forward(case, values | own)
        assert_equal(alone[:, 0], h[:, n], "states", 1e-12)
        parts.append(backward(case, g[:, [n]], cache))
        for name in own:
            axis = 1 if name == "x" else 0
            share = whole[name].take([n], axis)
            assert_at_most(np.abs(parts[-1][name] - share), 1e-11, name)
    for name in parameters(values):
        total = sum(part[name] for part in parts)
        assert_at_most(np.abs(total - whole[name]), 1e-10, name)


@on_random_layers
def test_a_sequence_may_be_cut_in_two(case, shape, seed):
    shape = (shape[0] + 1, *shape[1:])
    values, g = random_layer(case, shape, seed)
    cut = int(np.random.default_rng(seed).integers(1, shape[0]))
    h, c, cache = forward_all(case, values)
    first = values | {"x": values["x"][:cut]}
    h_1, c_1, cache_1 = forward_all(case, first)
    second = values | {"x": values["x"][cut:], "h0": h_1[-1]}
    if case == "lstm":
        second |= {"c0": c_1[-1]}
    h_2, c_2, cache_2 = forward_all(case, second)
    assert_equal(np.concatenate([h_1, h_2]), h, "h", 1e-12)
    if case == "lstm":  # the gradient at a cell has no way back into a piece
        assert_equal(np.concatenate([c_1, c_2]), c, "c", 1e-12)
        return
    after = backward(case, g[cut:], cache_2)
    g[cut - 1] += after["h0"]
    before = backward(case, g[:cut], cache_1)
    joined = {"x": np.concatenate([before["x"], after["x"]]), "h0": before["h0"]}
    joined |= {k: before[k] + after[k] for k in parameters(values)}
    g[cut - 1] -= after["h0"]
    assert_same_gradients(joined, backward(case, g, cache), 1e-11)


@on_random_layers
def test_single_precision_is_kept_and_close(case, shape, seed):
    values, g = random_layer(case, shape, seed)
    single = {name: value.astype(np.float32) for name, value in values.items()}
    h, c, cache = forward_all(case, single)
    assert h.dtype == np.float32
    assert c is None or c.dtype == np.float32
    exact = {name: value.astype(np.float64) for name, value in single.items()}
    h_exact, cache_exact = forward(case, exact)
    assert_at_most(np.abs(h - h_exact), 1e-4, "h")
    ours = backward(case, g.astype(np.float32), cache)
    assert {gradient.dtype for gradient in ours.values()} == {np.dtype(np.float32)}
    theirs = backward(case, g.astype(np.float32).astype(float), cache_exact)
    assert_same_gradients(ours, theirs, 1e-3)


@pytest.mark.parametrize("case", BLOCKS)
def test_other_types(case):
    values, g = random_layer(case, (3, 2, 2, 2), 0)
    single = {name: value.astype(np.float32) for name, value in values.items()}
    for name in values:  # one array in double precision, the others in single
        h, cache = forward(case, single | {name: values[name]})
        assert h.dtype == np.float64
        ours = backward(case, g, cache)
        assert {gradient.dtype for gradient in ours.values()} == {np.dtype(float)}
    whole = {name: np.rint(value).astype(int) for name, value in values.items()}
    h, _ = forward(case, whole)
    assert h.dtype == np.float64
    lists = {name: value.tolist() for name, value in values.items()}
    assert_equal(forward(case, lists)[0], forward(case, values)[0], "lists")


@on_random_layers
def test_arguments_stay_and_results_share_no_memory(case, shape, seed):
    values, g = random_layer(case, shape, seed)
    for array in (*values.values(), g):
        array.flags.writeable = False
    h, c, cache = forward_all(case, values)
    results = [h] if c is None else [h, c]
    once = backward(case, g, cache)
    arguments = (*values.values(), g)
    for ours in (*results, *once.values()):
        assert not any(np.shares_memory(ours, given) for given in arguments)
        assert not any(np.shares_memory(ours, kept) for kept in arrays_in(cache))
    for a, b in itertools.combinations((*results, *once.values()), 2):
        assert not np.shares_memory(a, b)
    for ours in results:
        ours[:] = 7  # a caller may do as it likes with what it was given
    expected = {name: gradient.copy() for name, gradient in once.items()}
    for gradient in once.values():
        gradient[:] = 7
    again = backward(case, g, cache)
    for name, gradient in again.items():
        assert np.array_equal(gradient, expected[name])


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("case", BLOCKS)
def test_large_inputs_saturate_without_warnings(case, kind):
    values, g = random_layer(case, (6, 3, 2, 4), 1)
    values = {name: value.astype(kind) for name, value in values.items()}
    values["x"] *= 1e5
    values["h0"] = np.tanh(values["h0"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        h, cache = forward(case, values)
        ours = backward(case, g.astype(kind), cache)
    assert_at_most(np.abs(h), 1, "states")
    assert all(np.isfinite(gradient).all() for gradient in ours.values())


@given(seed=seeds)
def test_states_stay_in_their_range(seed):
    for case in BLOCKS:
        values, _ = random_layer(case, (8, 2, 2, 3), seed)
        h, _ = forward(case, values)
        limit = np.maximum(1, np.abs(values["h0"])) if "gru" in case else 1
        assert_at_most(np.abs(h), limit, case, 1e-12)


# ---- the cells: by hand


def test_an_elman_network_by_hand():
    params = {"V": [[2.0]], "U": [[-1.0]], "c": [0.5]}
    h, cache = elman_forward([[[1.0]], [[3.0]]], [[0.25]], params)
    first = math.tanh(2 - 0.25 + 0.5)
    second = math.tanh(6 - first + 0.5)
    assert_equal(h[:, 0, 0], [first, second], "h", 1e-14)
    dx, dh0, gradients = elman_backward(np.array([[[0.0]], [[1.0]]]), cache)
    at_second = 1 - second**2
    at_first = -at_second * (1 - first**2)
    assert_equal(dx[:, 0, 0], [2 * at_first, 2 * at_second], "dx", 1e-13)
    assert_equal(dh0, [[-at_first]], "dh0", 1e-13)
    assert_equal(gradients["V"], [[at_first + 3 * at_second]], "dV", 1e-13)
    assert_equal(gradients["U"], [[0.25 * at_first + first * at_second]], "dU", 1e-13)
    assert_equal(gradients["c"], [at_first + at_second], "dc", 1e-13)


@pytest.mark.parametrize("case", ["gru", "gru, reset after"])
def test_a_closed_update_gate_keeps_the_state_and_its_gradient(case):
    values, g = random_layer(case, (5, 2, 3, 4), 0)
    values["b"][4:8] = -1e4
    h, cache = forward(case, values)
    assert np.array_equal(h, np.broadcast_to(values["h0"], h.shape))
    assert_equal(backward(case, g, cache)["h0"], g.sum(axis=0), "dh0", 1e-14)


@pytest.mark.parametrize("case", ["gru", "gru, reset after"])
def test_an_open_update_gate_and_a_closed_reset_gate_forget(case):
    values, _ = random_layer(case, (5, 2, 3, 4), 0)
    values["b"][:4], values["b"][4:8] = -1e4, 1e4
    h, _ = forward(case, values)
    candidate = np.tanh(values["x"] @ values["V"][8:].T + values["b"][8:])
    assert_equal(h, candidate, "candidate", 1e-14)


def test_the_two_conventions_of_the_gru_differ():
    values, _ = random_layer("gru", (5, 2, 3, 4), 0)
    before, _ = forward("gru", values)
    after, _ = forward("gru, reset after", values)
    assert np.abs(before - after).max() > 0.01


def test_an_lstm_with_an_open_forget_gate_remembers():
    values, g = random_layer("lstm", (5, 2, 3, 4), 0)
    values["b"][:4], values["b"][4:8] = -1e4, 1e4
    values["U"][12:] = 0  # or the gradient also takes the way by the output gate
    h, c, cache = forward_all("lstm", values)
    assert np.array_equal(c, np.broadcast_to(values["c0"], c.shape))
    output = h / np.tanh(values["c0"])
    to_cell = (g * output * (1 - np.tanh(values["c0"]) ** 2)).sum(axis=0)
    assert_equal(backward("lstm", g, cache)["c0"], to_cell, "dc0", 1e-12)


def test_an_lstm_by_hand():
    params = {"V": [[1.0], [2], [3], [4]], "U": [[0.5], [1], [1.5], [-1]]}
    params["b"] = [0.0, 0.1, 0.2, 0.3]
    h, c, _ = lstm_forward([[[0.5]]], [[0.2]], [[-0.7]], params)

    def gate(z):
        return 1 / (1 + math.exp(-z))

    cell = gate(1 + 0.2 + 0.1) * -0.7
    cell += gate(0.5 + 0.1) * math.tanh(1.5 + 0.3 + 0.2)
    assert_equal(c, [[[cell]]], "c", 1e-14)
    assert_equal(h, [[[gate(2 - 0.2 + 0.3) * math.tanh(cell)]]], "h", 1e-14)


# ---- orthogonal matrices and parameters to start from


@given(seed=seeds, n=st.integers(1, 12))
def test_orthogonal(seed, n):
    Q = orthogonal(np.random.default_rng(seed), n)
    assert Q.shape == (n, n)
    assert Q.dtype == np.float64
    assert_equal(Q.T @ Q, np.eye(n), "columns", 1e-13)
    assert_equal(Q @ Q.T, np.eye(n), "rows", 1e-13)
    assert np.array_equal(Q, orthogonal(np.random.default_rng(seed), n))


def test_orthogonal_matrices_are_equally_likely():
    rng = np.random.default_rng(0)
    draws = np.array([orthogonal(rng, 2).ravel() for _ in range(4000)])
    assert_at_most(np.abs(draws.mean(axis=0)), 0.05, "means")
    assert_at_most(np.abs(draws.T @ draws / 4000 - np.eye(4) / 2), 0.05, "products")
    angle = np.arctan2(draws[:, 2], draws[:, 0])  # of the first column
    share = np.histogram(angle, bins=8, range=(-np.pi, np.pi))[0] / 4000
    assert_at_most(np.abs(share - 1 / 8), 0.03, "angles")
    determinants = draws[:, 0] * draws[:, 3] - draws[:, 1] * draws[:, 2]
    for half in (draws[:, 0] > 0, draws[:, 2] > 0):
        assert abs(determinants[half].mean()) < 0.1, "turns and reflections"
    signs = [orthogonal(rng, 1).item() for _ in range(1000)]
    assert set(signs) == {-1.0, 1.0}
    assert abs(np.mean(signs)) < 0.15


@given(seed=seeds, D=st.integers(1, 5), H=st.integers(1, 5), keep=st.floats(0, 3))
def test_recurrent_parameters(seed, D, H, keep):
    for cell in ("elman", "gru", "lstm"):
        rng, rows = np.random.default_rng(seed), BLOCKS[cell] * H
        params = recurrent_parameters(rng, cell, D, H, keep)
        bias = "c" if cell == "elman" else "b"
        assert list(params) == ["V", "U", bias]
        assert {value.dtype for value in params.values()} == {np.dtype(float)}
        assert params["V"].shape == (rows, D)
        assert_at_most(np.abs(params["V"]), np.sqrt(6 / (rows + D)), "range")
        blocks = params["U"].reshape(BLOCKS[cell], H, H)
        for U in blocks:
            assert_equal(U @ U.T, np.eye(H), "orthogonal", 1e-12)
        expected = np.zeros(rows)
        if cell != "elman":
            expected[H : 2 * H] = keep if cell == "lstm" else -keep
        assert_equal(params[bias], expected, "bias")
        again = recurrent_parameters(np.random.default_rng(seed), cell, D, H, keep)
        assert all(np.array_equal(params[name], again[name]) for name in params)


def test_recurrent_parameters_fill_the_range_and_keep_by_one():
    params = recurrent_parameters(np.random.default_rng(0), "lstm", 30, 20)
    assert params["V"].max() > 0.98 * np.sqrt(6 / 110)
    assert abs(params["V"].mean()) < 0.02
    assert params["b"].tolist() == [0] * 20 + [1] * 20 + [0] * 40
    blocks = params["U"].reshape(4, 20, 20)
    assert not any(np.array_equal(a, b) for a, b in itertools.combinations(blocks, 2))
    gru = recurrent_parameters(np.random.default_rng(0), "gru", 2, 2)
    assert gru["b"].tolist() == [0, 0, -1, -1, 0, 0]


# ---- clipping


def random_gradients(seed, scale=1.0):
    rng = np.random.default_rng(seed)
    sizes = [rng.integers(1, 4, size=int(rng.integers(1, 4))) for _ in range(3)]
    return [scale * rng.normal(size=size) for size in sizes]


def joint(gradients):
    return np.concatenate([np.ravel(g) for g in gradients]).astype(float)


@given(seed=seeds, scale=st.integers(-200, 200), c=st.floats(1e-3, 1e3))
def test_clip_by_norm(seed, scale, c):
    gradients = random_gradients(seed, 10.0**scale)
    before = [g.copy() for g in gradients]
    clipped = clip_by_norm(gradients, c)
    assert isinstance(clipped, list)
    norm = math.hypot(*joint(gradients))
    assert_equal(math.hypot(*joint(clipped)), min(norm, c), "norm", 1e-12)
    assert_at_most(math.hypot(*joint(clipped)), c, "norm", 1e-12 * c)
    assert_equal(
        joint(clipped) / min(norm, c), joint(gradients) / norm, "direction", 1e-12
    )
    for g, copy, ours in zip(gradients, before, clipped, strict=True):
        assert np.array_equal(g, copy)
        assert ours.shape == g.shape
        assert not np.shares_memory(ours, g)
        if norm < 0.999 * c:
            assert np.array_equal(ours, g)


@given(seed=seeds, c=st.floats(1e-3, 10))
def test_clip_elementwise(seed, c):
    gradients = random_gradients(seed, scale=3.0)
    before = [g.copy() for g in gradients]
    clipped = clip_elementwise(gradients, c)
    assert isinstance(clipped, list)
    for g, copy, ours in zip(gradients, before, clipped, strict=True):
        assert np.array_equal(g, copy)
        assert not np.shares_memory(ours, g)
        assert np.array_equal(ours, np.sign(g) * np.minimum(np.abs(g), c))


@given(seed=seeds, c=st.floats(0.1, 10))
def test_clipping_equals_that_of_torch(seed, c):
    gradients = random_gradients(seed)
    for ours, theirs in (
        (clip_by_norm, torch.nn.utils.clip_grad_norm_),
        (clip_elementwise, torch.nn.utils.clip_grad_value_),
    ):
        leaves = torch_leaves(dict(enumerate(gradients))).values()
        for leaf, g in zip(leaves, gradients, strict=True):
            leaf.grad = torch.tensor(g)
        theirs(leaves, c)  # torch adds 1e-6 to the norm
        for clipped, leaf in zip(ours(gradients, c), leaves, strict=True):
            assert_equal(clipped, leaf.grad.numpy(), "clipped", 2e-5)


def test_the_norm_is_that_of_all_gradients_together():
    clipped = clip_by_norm([np.array([3.0]), np.array([[0.0, -4.0]])], 1)
    assert_equal(joint(clipped), [0.6, 0, -0.8], "clipped", 1e-15)
    separately = clip_by_norm([np.array([3.0, 4.0])], 10)
    assert separately[0].tolist() == [3, 4]
    assert clip_by_norm((np.array([3.0, 4.0]),), 5)[0].tolist() == [3, 4]


def test_clipping_of_huge_gradients_and_of_zeros():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        huge = clip_by_norm([np.full(4, 1e200), np.zeros(2)], 2.0)
        assert_equal(joint(huge), [1, 1, 1, 1, 0, 0], "huge", 1e-15)
        largest = clip_by_norm([np.full(4, np.finfo(float).max)], 2.0)
        assert_equal(largest[0], np.ones(4), "largest", 1e-15)
        small = clip_by_norm([np.full(4, 1e-200)], 1.0)
        assert np.array_equal(small[0], np.full(4, 1e-200))
        zeros = [np.zeros((2, 3)), np.zeros(1)]
        for clip in (clip_by_norm, clip_elementwise):
            clipped = clip(zeros, 1.0)
            assert [g.shape for g in clipped] == [(2, 3), (1,)]
            assert not joint(clipped).any()
            assert not any(
                np.shares_memory(a, b) for a, b in zip(clipped, zeros, strict=True)
            )
    assert clip_elementwise([np.array([1e200, -1e200])], 2)[0].tolist() == [2, -2]


@pytest.mark.parametrize("clip", [clip_by_norm, clip_elementwise])
def test_clipping_keeps_the_types(clip):
    mixed = [np.full(2, 3, np.float32), np.full(2, 4.0), np.full(2, 4)]
    for c in (0.5, 100):
        kinds = [g.dtype for g in clip(mixed, c)]
        assert kinds == [np.float32, np.float64, np.float64]
    single = clip([np.full(3, 1e30, np.float32)], 1.0)[0]
    assert single.dtype == np.float32
    assert np.isfinite(single).all()


# ---- layers as nodes


def start_from_zero(cell, shape, seed):
    values, g = random_layer(cell, shape, seed)
    for name in ("h0", "c0"):
        if name in values:
            values[name] = np.zeros_like(values[name])
    return values, g


@given(shape=shapes, seed=seeds)
def test_cells_by_name_start_from_zeros(shape, seed):
    assert list(CELLS) == ["elman", "gru", "lstm"]
    for cell, (blocks, bias, from_zero, back) in CELLS.items():
        values, g = start_from_zero(cell, shape, seed)
        assert blocks == BLOCKS[cell]
        assert bias in values
        h, cache = from_zero(values["x"], parameters(values))
        expected, expected_cache = forward(cell, values)
        assert np.array_equal(h, expected)
        dx, *_, gradients = back(g, cache)
        theirs = backward(cell, g, expected_cache)
        assert_equal(dx, theirs["x"], "dx")
        assert_equal(gradients["U"], theirs["U"], "dU")
        single = {k: v.astype(np.float32) for k, v in values.items()}
        assert from_zero(single["x"], parameters(single))[0].dtype == np.float32


@pytest.mark.parametrize("which", ["x", "V", "U", "bias", "x, V, U and bias"])
@pytest.mark.parametrize("cell", CELLS)
def test_nodes_give_the_gradients_of_the_backward_functions(cell, which):
    values, g = start_from_zero(cell, (4, 3, 2, 3), 0)
    bias = CELLS[cell][1]
    names = ["x", "V", "U", bias]
    chosen = [n for n in names if ("bias" if n == bias else n) in which.split(", ")]
    chosen = names if "and" in which else chosen
    operands = {n: Tensor(values[n]) if n in chosen else values[n] for n in names}
    x = operands.pop("x")
    h = recurrent_node(cell, x, operands)
    assert isinstance(h, Tensor)
    assert h.operation == cell
    assert np.array_equal(h.value, forward(cell, values)[0])
    assert len(h.parents) == len(chosen)
    expected = gradients_of(cell, values, g)
    (h * g).sum().backward()
    for name in chosen:
        leaf = x if name == "x" else operands[name]
        assert_equal(leaf.gradient, expected[name], name, 1e-13)
    (h * (g - 2)).sum().backward()  # another loss above the same node
    expected = gradients_of(cell, values, g - 2)
    for name in chosen:
        leaf = x if name == "x" else operands[name]
        assert_equal(leaf.gradient, expected[name], name, 1e-13)


def test_a_node_without_tensors_is_a_leaf_and_single_precision_stays():
    values, _ = start_from_zero("gru", (2, 2, 2, 2), 0)
    assert recurrent_node("gru", values["x"], parameters(values)).parents == ()
    single = {k: Tensor(v.astype(np.float32)) for k, v in values.items()}
    h = recurrent_node("gru", single["x"], parameters(single))
    h.sum().backward()
    assert h.value.dtype == np.float32
    assert single["x"].gradient.dtype == np.float32


def test_a_tensor_may_stand_in_several_places():
    rng = np.random.default_rng(0)
    leaf, c, x = (
        Tensor(rng.normal(size=(2, 2))),
        np.zeros(2),
        rng.normal(size=(3, 1, 2)),
    )
    values = {"x": x, "h0": np.zeros((1, 2)), "V": leaf.value, "U": leaf.value, "c": c}
    g = rng.normal(size=(3, 1, 2))
    ours = gradients_of("elman", values, g)
    h = recurrent_node("elman", x, {"V": leaf, "U": leaf, "c": c})
    (h * g).sum().backward()
    assert_equal(leaf.gradient, ours["V"] + ours["U"], "in one node", 1e-13)
    params = {"V": values["V"], "U": values["U"], "c": c}
    x_leaf, both = Tensor(x), Node(values["U"])
    total = recurrent_node("elman", x_leaf, params) * g
    total = total + recurrent_node("elman", x_leaf, params | {"U": both}) * g
    total.sum().backward()
    assert_equal(x_leaf.gradient, 2 * ours["x"], "in two nodes", 1e-13)
    assert_equal(both.gradient, ours["U"], "a plain node", 1e-13)


@pytest.mark.parametrize("cell", ["elman", "lstm"])
def test_stacked_layers_equal_those_of_torch(cell):
    lower, _ = start_from_zero(cell, (5, 3, 3, 3), 0)
    upper, g = start_from_zero(cell, (5, 3, 3, 3), 1)
    layer = torch_layer(cell, [lower, upper], ("l0", "l1"), num_layers=2)
    theirs, _ = layer(torch.tensor(lower["x"]))
    (theirs * torch.tensor(g)).sum().backward()
    first, second = ({k: Tensor(v) for k, v in w.items()} for w in (lower, upper))
    h = recurrent_node(cell, lower["x"], parameters(first))
    h = recurrent_node(cell, h, parameters(second))
    assert_equal(h.value, theirs.detach().numpy(), "h", 1e-12)
    (h * g).sum().backward()
    for leaves, suffix in ((first, "l0"), (second, "l1")):
        ours = {name: leaf.gradient for name, leaf in parameters(leaves).items()}
        assert_same_gradients(ours, torch_gradients(cell, layer, 3, suffix))


# ---- both ways, and padding


def random_batch(seed, shape):
    """An array (T, N, D) and lengths, from 1 to T."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape), rng.integers(1, shape[0] + 1, size=shape[1])


@given(shape=shapes, seed=seeds)
def test_reverse_sequences(shape, seed):
    x, lengths = random_batch(seed, shape[:3])
    before = x.copy()
    turned = reverse_sequences(x, lengths)
    for n, length in enumerate(lengths):
        assert np.array_equal(turned[:length, n], x[:length, n][::-1])
        assert np.array_equal(turned[length:, n], x[length:, n])
    assert np.array_equal(reverse_sequences(turned, lengths), x)
    assert not np.shares_memory(turned, x)
    assert np.array_equal(x, before)
    assert np.array_equal(reverse_sequences(x, lengths.tolist()), turned)
    single = reverse_sequences(x.astype(np.float32), lengths)
    assert single.dtype == np.float32
    leaf, g = Tensor(x), np.random.default_rng(seed).normal(size=x.shape)
    node = reverse_sequences(leaf, lengths)
    assert isinstance(node, Tensor)
    assert np.array_equal(node.value, turned)
    (node * g).sum().backward()
    assert np.array_equal(leaf.gradient, reverse_sequences(g, lengths))
    (reverse_sequences(node, lengths) * g).sum().backward()
    assert np.array_equal(leaf.gradient, g)


@given(shape=shapes, seed=seeds)
def test_last_states(shape, seed):
    h, lengths = random_batch(seed, shape[:3])
    before = h.copy()
    last = last_states(h, lengths)
    expected = np.array([h[length - 1, n] for n, length in enumerate(lengths)])
    assert isinstance(last, np.ndarray)
    assert np.array_equal(last, expected)
    assert not np.shares_memory(last, h)
    assert last_states(h.astype(np.float32), lengths).dtype == np.float32
    leaf, g = Tensor(h), np.random.default_rng(seed).normal(size=last.shape)
    node = last_states(leaf, lengths)
    assert isinstance(node, Tensor)
    assert np.array_equal(node.value, expected)
    (node * g).sum().backward()
    for n, length in enumerate(lengths):
        assert np.array_equal(leaf.gradient[length - 1, n], g[n])
        assert not np.delete(leaf.gradient[:, n], length - 1, axis=0).any()
    assert np.array_equal(h, before)


def test_reverse_and_last_by_hand():
    x = np.array([[1, 10], [2, 20], [3, 30]])[:, :, None]
    assert reverse_sequences(x, [3, 2])[..., 0].tolist() == [[3, 20], [2, 10], [1, 30]]
    assert last_states(x, [3, 2])[:, 0].tolist() == [3, 20]


@pytest.mark.parametrize("cell", ["elman", "lstm"])
@settings(max_examples=25)
@given(shape=shapes, seed=seeds)
def test_bidirectional_layers_equal_packed_ones_of_torch(cell, shape, seed):
    forwards, _ = start_from_zero(cell, shape, seed)
    backwards, _ = start_from_zero(cell, shape, seed + 1)
    T, N, _, H = shape
    x, lengths = random_batch(seed, shape[:3])
    inside = np.arange(T)[:, None] < lengths  # (T, N)
    g = np.random.default_rng(seed).normal(size=(T, N, 2 * H)) * inside[:, :, None]
    suffixes = ("l0", "l0_reverse")
    layer = torch_layer(cell, [forwards, backwards], suffixes, bidirectional=True)
    leaf = torch.tensor(x, requires_grad=True)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        leaf, torch.tensor(lengths), enforce_sorted=False
    )
    theirs, _ = torch.nn.utils.rnn.pad_packed_sequence(layer(packed)[0], total_length=T)
    (theirs * torch.tensor(g)).sum().backward()
    to_right, to_left = (
        {k: Tensor(v) for k, v in parameters(w).items()} for w in (forwards, backwards)
    )
    ours = Tensor(x)
    h = bidirectional_node(cell, ours, to_right, to_left, lengths)
    assert h.value.shape == (T, N, 2 * H)
    assert_equal(h.value[inside], theirs.detach().numpy()[inside], "h", 1e-10)
    (h * g).sum().backward()
    for leaves, suffix in ((to_right, "l0"), (to_left, "l0_reverse")):
        gradients = {name: tensor.gradient for name, tensor in leaves.items()}
        assert_same_gradients(gradients, torch_gradients(cell, layer, H, suffix))
    assert_same_gradients({"x": ours.gradient}, {"x": leaf.grad.numpy()})


@settings(max_examples=25)
@given(shape=shapes, seed=seeds)
def test_bidirectional_layers_read_each_sequence_alone_both_ways(shape, seed):
    for cell in CELLS:
        forwards, _ = start_from_zero(cell, shape, seed)
        backwards, _ = start_from_zero(cell, shape, seed + 1)
        x, lengths = random_batch(seed, shape[:3])
        h = bidirectional_node(
            cell, x, parameters(forwards), parameters(backwards), lengths
        )
        assert isinstance(h, Tensor)
        for n, length in enumerate(lengths):
            alone, H = x[:length, [n]], shape[3]
            zero = {k: np.zeros((1, H)) for k in ("h0", "c0") if k in forwards}
            right, _ = forward(cell, forwards | zero | {"x": alone})
            left, _ = forward(cell, backwards | zero | {"x": alone[::-1]})
            assert_equal(h.value[:length, n, :H], right[:, 0], "to the right", 1e-12)
            assert_equal(h.value[:length, n, H:], left[::-1, 0], "to the left", 1e-12)


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=20)
@given(shape=shapes, seed=seeds)
def test_the_padding_is_not_seen(cell, shape, seed):
    T, N, D, H = shape
    x, lengths = random_batch(seed, (T, N, D))
    inside = (np.arange(T)[:, None] < lengths)[:, :, None]
    rng = np.random.default_rng(seed)
    weights = [
        parameters(random_layer(cell, (T, N, size, H), seed + i)[0])
        for i, size in enumerate((D, D, 2 * H, 2 * H))
    ]
    g, g_last = rng.normal(size=(T, N, 2 * H)) * inside, rng.normal(size=(N, 2 * H))

    def run(x):
        leaf = Tensor(x)
        tensors = [{k: Tensor(v) for k, v in w.items()} for w in weights]
        lower = bidirectional_node(cell, leaf, *tensors[:2], lengths)
        upper = bidirectional_node(cell, lower, *tensors[2:], lengths)
        loss = (upper * g).sum() + (last_states(upper, lengths) * g_last).sum()
        loss.backward()
        return loss.value, leaf.gradient, [w["U"].gradient for w in tensors]

    noise = np.where(inside, x, 100 * rng.normal(size=x.shape))
    (loss, dx, dU), (other_loss, other_dx, other_dU) = run(x), run(noise)
    for gradient in (dx, other_dx):
        assert not (gradient * ~inside).any(), "exactly zero at the padding"
        assert gradient[0].any()
    assert_at_most(abs(loss - other_loss), 1e-11 * (1 + abs(loss)), "loss")
    for a, b in zip([dx, *dU], [other_dx, *other_dU], strict=True):
        assert_at_most(np.abs(a - b), 1e-11 * (1 + np.abs(a).max()), "gradients")


# ---- language models in general


class Cycle(LanguageModel):
    """After a letter, most likely the next one; the state is all that was read."""

    alphabet = "xyz"

    def _start(self):
        return ""

    def _read(self, state, text):
        return state + text

    def _probabilities(self, state):
        p = np.full(3, 1e-12)
        p["xyz".index(state[-1]) + 1 - 3 if state else 0] = 1
        return p / p.sum()

    def log_probability(self, text):
        steps = range(len(text))
        return sum(
            np.log(self.next_probabilities(text[:t])["xyz".index(text[t])])
            for t in steps
        )


def test_what_language_models_share():
    model = Cycle()
    assert model.sample(np.random.default_rng(0), 7) == "xyzxyzx"
    assert model.sample(np.random.default_rng(0), 4, "xy") == "zxyz"
    assert model.next_probabilities("xy").argmax() == 2
    assert model.next_probabilities().argmax() == 0
    assert model.bits_per_character("xyzx") == pytest.approx(0, abs=1e-10)
    expected = -np.log2(1e-12) / 2
    assert model.bits_per_character("xz") == pytest.approx(expected)
    with pytest.raises(ValueError, match="characters of the alphabet only, got 'a'"):
        model.next_probabilities("xa")
    with pytest.raises(ValueError, match="characters of the alphabet only, got 'a'"):
        model.sample(np.random.default_rng(0), 1, "a")
    for call in (
        LanguageModel().next_probabilities,
        lambda: LanguageModel().log_probability("a"),
    ):
        with pytest.raises(NotImplementedError):
            call()


class Independent(Cycle):
    """Every character is drawn from one distribution."""

    def _probabilities(self, state):
        return np.array([0.5, 0.3, 0.2])


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_frequencies_at_a_temperature(temperature):
    text = Independent().sample(np.random.default_rng(0), 4000, temperature=temperature)
    expected = np.array([0.5, 0.3, 0.2]) ** (1 / temperature)
    expected /= expected.sum()
    counts = Counter(text)
    share = np.array([counts[x] / 4000 for x in "xyz"])
    assert len(text) == 4000
    assert_at_most(np.abs(share - expected), 0.03, "frequencies")


def test_temperature_one_is_the_default():
    model = Independent()
    for _ in range(3):
        plain = model.sample(np.random.default_rng(5), 50)
        assert plain == model.sample(np.random.default_rng(5), 50, "", 1.0)
    assert plain != model.sample(np.random.default_rng(6), 50)


# ---- n-grams


def slow_kneser_ney(text, alphabet, order, discount, context, x):
    """Equation eq-kneser-ney, every count by a search through the text."""

    def count(gram):
        places = [i for i in range(len(text)) if text.startswith(gram, i)]
        if len(gram) == order:
            return len(places)
        return len({text[i - 1] for i in places if i > 0})

    lower = 1 / len(alphabet)
    if context:
        lower = slow_kneser_ney(text, alphabet, order, discount, context[1:], x)
    counts = {y: count(context + y) for y in alphabet}
    total = sum(counts.values())
    if total == 0:
        return lower
    different = sum(n > 0 for n in counts.values())
    return max(counts[x] - discount, 0) / total + discount * different / total * lower


def random_text(rng, length, letters="abc"):
    return "".join(rng.choice(list(letters), size=length))


@settings(max_examples=40)
@given(seed=seeds, order=st.integers(1, 4), discount=st.floats(0.01, 0.99))
def test_n_grams_equal_the_definition(seed, order, discount):
    rng = np.random.default_rng(seed)
    text = random_text(rng, int(rng.integers(order, 25)))
    text += text[: order - 1]  # so that no gram stands at the start alone
    model = NGram(order, discount).fit(text, "abcd")
    assert model.alphabet == "abcd"
    for length in range(order):
        context = random_text(rng, length, "abcd")
        p = [slow_kneser_ney(text, "abcd", order, discount, context, x) for x in "abcd"]
        assert_equal(model.next_probabilities(context), p, "probabilities", 1e-12)
        longer = random_text(rng, 3, "abcd") + context
        if length == order - 1:
            assert_equal(model.next_probabilities(longer), p, "the context", 1e-12)


@settings(max_examples=30)
@given(seed=seeds, order=st.integers(1, 2))
def test_bigrams_of_any_text_equal_the_definition(seed, order):
    rng = np.random.default_rng(seed)
    text = random_text(rng, int(rng.integers(order, 12)))
    alphabet = "".join(sorted(set(text)))
    model = NGram(order).fit(text)
    assert model.alphabet == alphabet
    for context in ["", *alphabet][: 1 if order == 1 else None]:
        p = [slow_kneser_ney(text, alphabet, order, 0.75, context, x) for x in alphabet]
        assert_equal(model.next_probabilities(context), p, "probabilities", 1e-12)


@settings(max_examples=40)
@given(seed=seeds, order=st.integers(1, 5), discount=st.floats(0.01, 0.99))
def test_n_grams_are_distributions(seed, order, discount):
    rng = np.random.default_rng(seed)
    text = random_text(rng, int(rng.integers(order, 20)), "ab")
    model = NGram(order, discount).fit(text, "abc")
    for length in range(5):
        for letters in itertools.product("abc", repeat=length):
            p = model.next_probabilities("".join(letters))
            assert p.shape == (3,)
            assert_equal(p.sum(), 1, "sum", 1e-12)
            assert p.min() > 0
    for length in (1, 4):
        texts = map("".join, itertools.product("abc", repeat=length))
        total = sum(math.exp(model.log_probability(t)) for t in texts)
        assert_equal(total, 1, "all texts", 1e-12)


@settings(max_examples=40)
@given(seed=seeds, order=st.integers(1, 5))
def test_the_chain_rule_of_n_grams(seed, order):
    rng = np.random.default_rng(seed)
    model = NGram(order).fit(random_text(rng, 30), "abcd")
    text = random_text(rng, int(rng.integers(1, 12)), "abcd")
    logarithm = sum(
        math.log(model.next_probabilities(text[:t])["abcd".index(x)])
        for t, x in enumerate(text)
    )
    assert model.log_probability(text) == pytest.approx(logarithm, rel=1e-12)
    bits = -logarithm / len(text) / math.log(2)
    assert model.bits_per_character(text) == pytest.approx(bits, rel=1e-12)


def test_n_grams_by_hand():
    model = NGram(1, 0.5).fit("aab", "abc")
    p = model.next_probabilities()
    assert_equal(p, [1.5 / 3 + 1 / 9, 0.5 / 3 + 1 / 9, 1 / 9], "unigrams", 1e-15)
    assert np.array_equal(model.next_probabilities("cab"), p)
    # b follows a twice and c once; below, a, b and c each follow one letter
    model = NGram(2, 0.5).fit("ababac")
    p = model.next_probabilities("a")
    lower = np.array([1, 1, 1]) / 3
    expected = np.array([0, 1.5, 0.5]) / 3 + 0.5 * 2 / 3 * lower
    assert_equal(p, expected, "bigrams", 1e-15)
    assert_equal(model.next_probabilities("c"), lower, "unseen context", 1e-15)
    assert_equal(model.next_probabilities(), lower, "no context", 1e-15)


def test_fitting_n_grams():
    model = NGram(2)
    assert (model.order, model.discount) == (2, 0.75)
    assert model.fit("abab") is model
    assert NGram(2).fit("cabba", "cbbad").alphabet == "abcd"
    once = NGram(2).fit("ab")  # as short as may be
    assert_equal(once.next_probabilities("a").sum(), 1, "sum", 1e-15)
    again = model.fit("ccdd")
    fresh = NGram(2).fit("ccdd")
    assert again.alphabet == "cd"
    assert again.log_probability("cdcd") == fresh.log_probability("cdcd")
    with pytest.raises(ValueError, match="text must hold"):
        model.fit("xyz", "xy")
    assert model.log_probability("cdcd") == fresh.log_probability("cdcd")
    likely = NGram(3).fit("hello " * 20)
    assert likely.bits_per_character("hello hello ") < 1
    assert likely.bits_per_character("hello ") < likely.bits_per_character("olleh ")


def test_samples_of_n_grams():
    text = random_text(np.random.default_rng(0), 60) + "abcabcabc"
    model = NGram(3).fit(text, "abcd")
    drawn = model.sample(np.random.default_rng(1), 3000, "ab")
    assert len(drawn) == 3000
    assert drawn == model.sample(np.random.default_rng(1), 3000, "ab")
    assert drawn != model.sample(np.random.default_rng(2), 3000, "ab")
    p = model.next_probabilities("ab")
    places = [i + 2 for i in range(len(drawn) - 2) if drawn[i : i + 2] == "ab"]
    counts = Counter(drawn[i] for i in places)
    share = np.array([counts[x] / len(places) for x in "abcd"])
    spread = np.sqrt(p * (1 - p) / len(places))
    assert_at_most(np.abs(share - p), 4 * spread, "after ab")


@settings(max_examples=25)
@given(seed=seeds, order=st.integers(1, 4))
def test_near_temperature_zero_the_likeliest_is_drawn(seed, order):
    rng = np.random.default_rng(seed)
    model = NGram(order).fit(random_text(rng, 23), "abcd")
    prefix = random_text(rng, int(rng.integers(6)))
    drawn = model.sample(rng, 8, prefix, temperature=1e-9)
    assert len(drawn) == 8
    for t, x in enumerate(drawn):
        p = model.next_probabilities(prefix + drawn[:t])
        assert p["abcd".index(x)] > p.max() - 1e-6


# ---- networks of characters


def small_model(seed, alphabet="abc", hidden=4):
    """A model whose upper layer is random too: it predicts something."""
    rng = np.random.default_rng(seed)
    model = CharacterModel(alphabet, hidden, rng)
    for name in ("W", "b_out"):
        model.params[name][...] = rng.normal(size=model.params[name].shape)
    return model


def slow_log_probabilities(model, text):
    """For each prefix, one letter at a time, in double precision."""
    p = model.params
    h = c = np.zeros((1, p["U"].shape[1]))
    logarithms = []
    for x in text:
        z = p["W"] @ h[0] + p["b_out"]
        logarithms.append(z - np.log(np.exp(z).sum()))
        one_hot = np.eye(len(model.alphabet))[model.alphabet.index(x)]
        lstm = {name: p[name] for name in ("V", "U", "b")}
        h, c, _ = lstm_forward(one_hot[None, None], h, c, lstm)
        h, c = h[0], c[0]
    return np.array(logarithms)


def test_the_parameters_of_a_character_model():
    model = CharacterModel("dabc", 3, np.random.default_rng(0))
    sizes = {name: value.shape for name, value in model.params.items()}
    assert sizes == {"V": (12, 4), "U": (12, 3), "b": (12,), "W": (4, 3), "b_out": (4,)}
    assert {value.dtype for value in model.params.values()} == {np.dtype(float)}
    assert model.alphabet == "dabc"
    expected = recurrent_parameters(np.random.default_rng(0), "lstm", 4, 3)
    assert all(np.array_equal(model.params[k], v) for k, v in expected.items())
    assert_equal(model.next_probabilities("abd"), np.full(4, 0.25), "uniform", 1e-15)
    assert model.bits_per_character("abcd") == pytest.approx(2, rel=1e-6)


@settings(max_examples=15)
@given(seed=seeds)
def test_character_models_are_distributions(seed):
    model = small_model(seed)
    for length in (1, 4):
        texts = map("".join, itertools.product("abc", repeat=length))
        total = sum(math.exp(model.log_probability(text)) for text in texts)
        assert_equal(total, 1, "all texts", 1e-5)
    for prefix in ("", "a", "cab"):
        p = model.next_probabilities(prefix)
        assert p.shape == (3,)
        assert p.dtype == np.float64
        assert_equal(p.sum(), 1, "sum", 1e-12)


@settings(max_examples=15)
@given(seed=seeds)
def test_the_chain_rule_of_character_models(seed):
    model, rng = small_model(seed), np.random.default_rng(seed)
    text = random_text(rng, int(rng.integers(1, 20)))
    expected = slow_log_probabilities(model, text)
    for t in range(len(text)):
        p = model.next_probabilities(text[:t])
        assert_at_most(np.abs(np.log(p) - expected[t]), 1e-5, "next")
    total = sum(row["abc".index(x)] for row, x in zip(expected, text, strict=True))
    assert model.log_probability(text) == pytest.approx(total, rel=1e-5)
    bits = -total / len(text) / math.log(2)
    assert model.bits_per_character(text) == pytest.approx(bits, rel=1e-5)


@pytest.mark.parametrize("length", [999, 1000, 1001, 2500])
def test_long_texts_are_read_in_pieces(length):
    model = small_model(0)
    text = random_text(np.random.default_rng(0), length)
    expected = slow_log_probabilities(model, text)
    each = [row["abc".index(x)] for row, x in zip(expected, text, strict=True)]
    assert model.log_probability(text) == pytest.approx(sum(each), rel=1e-6)
    last = model.log_probability(text) - model.log_probability(text[:-1])
    assert last == pytest.approx(each[-1], abs=1e-3)
    p = model.next_probabilities(text[:-1])
    assert_at_most(np.abs(np.log(p) - expected[-1]), 1e-5, "next")


def test_the_first_factor_has_read_nothing():
    model = small_model(0)
    b_out = model.params["b_out"]
    p = np.exp(b_out) / np.exp(b_out).sum()
    assert_equal(model.next_probabilities(), p, "first", 1e-12)
    assert model.log_probability("b") == pytest.approx(np.log(p[1]), rel=1e-6)


@settings(max_examples=15)
@given(seed=seeds)
def test_samples_of_character_models(seed):
    model, prefix = small_model(seed), "abca"
    greedy = model.sample(np.random.default_rng(seed), 6, prefix, temperature=1e-6)
    for t, x in enumerate(greedy):
        p = model.next_probabilities(prefix + greedy[:t])
        assert p["abc".index(x)] > p.max() - 1e-4
    drawn = model.sample(np.random.default_rng(seed), 20)
    assert len(drawn) == 20
    assert set(drawn) <= set("abc")
    assert drawn == model.sample(np.random.default_rng(seed), 20)


@pytest.mark.parametrize("shape", [(4, 3), (1, 1), (2, 1)])
def test_gradients_of_character_models_against_differences(shape):
    model, rng = small_model(1), np.random.default_rng(1)
    inputs, targets = rng.integers(3, size=shape), rng.integers(3, size=shape)
    h0, c0 = rng.normal(size=(2, shape[1], 4))
    arguments = (inputs, targets, h0, c0)
    before = [a.copy() for a in arguments]
    loss, gradients, h, c = model.loss_and_gradients(*arguments)
    for argument, copy in zip(arguments, before, strict=True):
        assert np.array_equal(argument, copy)
    assert sorted(gradients) == sorted(model.params)
    for name, value in list(model.params.items()):

        def mean(v, name=name, value=value):
            model.params[name] = v
            result = model.loss_and_gradients(*arguments)[0]
            model.params[name] = value
            return result

        numerical = numerical_gradient(mean, value, 1e-5)
        gap = np.abs(gradients[name] - numerical).max()
        assert_at_most(gap, 1e-9, name)
    lstm = {name: model.params[name] for name in ("V", "U", "b")}
    states, cells, _ = lstm_forward(np.eye(3)[inputs], h0, c0, lstm)
    assert_equal(h, states[-1], "h", 1e-12)
    assert_equal(c, cells[-1], "c", 1e-12)
    z = states @ model.params["W"].T + model.params["b_out"]
    p = torch.nn.functional.cross_entropy(
        torch.tensor(z.reshape(-1, 3)), torch.tensor(targets.ravel())
    )
    assert loss == pytest.approx(p.item(), rel=1e-12)


def test_a_piece_is_computed_in_the_type_of_its_states():
    model, rng = small_model(1), np.random.default_rng(1)
    inputs, targets = rng.integers(3, size=(2, 5, 2))
    zero = np.zeros((2, 4), np.float32)
    loss, gradients, h, c = model.loss_and_gradients(inputs, targets, zero, zero)
    kinds = {a.dtype for a in (*gradients.values(), h, c)}
    assert kinds == {np.dtype(np.float32)}
    exact = model.loss_and_gradients(inputs, targets, zero.astype(float), zero * 1.0)
    assert loss == pytest.approx(exact[0], rel=1e-5)
    assert_same_gradients(gradients, exact[1], 1e-5)
    assert {value.dtype for value in model.params.values()} == {np.dtype(float)}


def test_training_equals_that_of_torch():
    alphabet, hidden, N, T, rate, clip, epochs = "abcd", 6, 3, 5, 0.02, 0.1, 1.7
    rng = np.random.default_rng(0)
    text = random_text(rng, N * T * 4 + T + 2, alphabet)
    ours = CharacterModel(alphabet, hidden, rng)
    lstm = torch_layer("lstm", [{k: v.copy() for k, v in ours.params.items()}])
    lstm.bias_hh_l0.requires_grad_(False)
    top = torch.nn.Linear(hidden, 4, dtype=torch.float64)
    for value in top.parameters():
        torch.nn.init.zeros_(value)
    learnt = [p for p in (*lstm.parameters(), *top.parameters()) if p.requires_grad]
    optimiser = torch.optim.Adam(learnt, rate)
    tokens = torch.tensor([alphabet.index(x) for x in text])
    streams = [tokens[n * 4 * T : (n + 1) * 4 * T + 1] for n in range(N)]
    streams = torch.stack(streams, dim=1)  # four pieces and the letter after them
    expected, total, shortened = [], 7, 0  # 1.7 epochs of four pieces
    for step in range(total):
        if step % 4 == 0:
            state = None
        rows = slice(step % 4 * T, step % 4 * T + T + 1)
        piece = streams[rows]
        one_hot = torch.nn.functional.one_hot(piece[:-1], 4).double()
        h, state = lstm(one_hot, state)
        state = tuple(part.detach() for part in state)
        loss = torch.nn.functional.cross_entropy(
            top(h).reshape(-1, 4), piece[1:].reshape(-1)
        )
        optimiser.zero_grad()
        loss.backward()
        shortened += torch.nn.utils.clip_grad_norm_(learnt, clip).item() > clip
        # constant for one half of the time, then falling to nearly zero
        share = min(1, 2 * (1 - step / total) + 0.02)
        optimiser.param_groups[0]["lr"] = rate * share
        optimiser.step()
        expected.append(loss.item() / math.log(2))
    assert shortened
    losses = ours.fit(text, epochs, N, T, rate, clip)
    assert len(losses) == total
    assert_at_most(np.abs(np.array(losses) - expected), 1e-4, "bits")
    bias = lstm.bias_ih_l0 + lstm.bias_hh_l0
    for name, value in (
        ("V", lstm.weight_ih_l0),
        ("U", lstm.weight_hh_l0),
        ("b", bias),
        ("W", top.weight),
        ("b_out", top.bias),
    ):
        gap = np.abs(ours.params[name] - value.detach().numpy()).max()
        assert_at_most(gap, 2e-4, name)


def test_training_learns_a_periodic_text():
    text = "hello " * 50
    options = {"epochs": 25, "batch_size": 4, "steps": 12, "learning_rate": 0.03}
    runs = []
    for _ in range(2):
        model = CharacterModel(" ehlo", 12, np.random.default_rng(3))
        before = model.bits_per_character(text)
        losses = model.fit(text, **options)
        runs.append((losses, model.params))
    assert before == pytest.approx(math.log2(5), rel=1e-5)
    assert losses[0] == pytest.approx(math.log2(5), rel=1e-5)
    assert losses[-1] < 0.2
    assert model.bits_per_character(text) < 0.2
    continued = model.sample(np.random.default_rng(0), 11, "hello h", 0.1)
    assert continued == "ello hello "
    (losses, params), (again, other) = runs
    assert losses == again
    assert all(np.array_equal(params[name], other[name]) for name in params)
    assert {value.dtype for value in params.values()} == {np.dtype(float)}


@pytest.mark.parametrize(
    ("length", "epochs", "expected"),
    [(13, 1, 2), (7, 1, 1), (12, 1, 1), (13, 0.1, 1), (13, 2, 4), (13, 1.3, 3)],
)
def test_how_many_pieces_are_trained_on(length, epochs, expected):
    model = CharacterModel("ab", 2, np.random.default_rng(0))
    text = random_text(np.random.default_rng(0), length, "ab")
    losses = model.fit(text, epochs, batch_size=2, steps=3)
    assert len(losses) == expected
    assert all(isinstance(loss, float) for loss in losses)


def test_training_goes_on_and_bad_calls_change_nothing():
    model = CharacterModel("ab", 3, np.random.default_rng(0))
    text = "aab" * 20
    model.fit(text, 3, 2, 5)
    kept = {name: value.copy() for name, value in model.params.items()}
    assert model.fit(text, 1, 2, 5)[0] < 1
    model.params = {name: value.copy() for name, value in kept.items()}
    for bad in (
        {"epochs": 0},
        {"batch_size": 0},
        {"steps": 0},
        {"learning_rate": 0},
        {"clip": 0},
        {"clip": np.nan},
        {"batch_size": 20, "steps": 5},
    ):
        with pytest.raises(ValueError, match="must be"):
            model.fit(text, **({"batch_size": 2, "steps": 5} | bad))
        assert all(np.array_equal(model.params[name], kept[name]) for name in kept)


# ---- bad input

RNG = np.random.default_rng(0)
X = np.ones((3, 2, 2))  # T, N, D
H0 = np.zeros((2, 2))
G = np.ones((3, 2, 2))


def params_of(cell, **changed):
    bias, rows = "c" if cell == "elman" else "b", 2 * BLOCKS[cell]
    weights = {"V": np.ones((rows, 2)), "U": np.ones((rows, 2)), bias: np.ones(rows)}
    return weights | changed


def call(cell, x=X, h0=H0, c0=H0, params=None, **changed):
    params = params_of(cell, **changed) if params is None else params
    if cell == "lstm":
        return lstm_forward(x, h0, c0, params)
    return (elman_forward if cell == "elman" else gru_forward)(x, h0, params)


def without(cell, name):
    return {k: v for k, v in params_of(cell).items() if k != name}


RAGGED = [[[1.0], [1.0, 2.0]]]
BAD_ARGUMENTS = [
    ({"x": X[0]}, r"x must have shape \(T, N, D\)"),
    ({"x": X * np.nan}, "x must be finite"),
    ({"x": X * np.inf}, "x must be finite"),
    ({"x": X[:0]}, "x must not be empty"),
    ({"x": X[..., :0]}, "x must not be empty"),
    ({"x": RAGGED}, "x must be an array of numbers"),
    ({"x": "letters"}, "x must be an array of numbers"),
    ({"x": X * 1e200}, r"x must be at most 1e\+150 in size"),
    ({"x": np.ones((3, 2, 5))}, r"V must have shape \(\d+, 5\)"),
    ({"x": np.ones((3, 4, 2))}, r"h0 must have shape \(4, 2\)"),
    ({"h0": H0[0]}, r"h0 must have shape \(2, 2\)"),
    ({"h0": np.zeros((2, 3))}, r"h0 must have shape \(2, 2\)"),
    ({"h0": H0 + np.nan}, "h0 must be finite"),
    ({"h0": [[1.0], [1.0, 2.0]]}, "h0 must be an array of numbers"),
    ({"V": np.ones((1, 2))}, "V must have shape"),
    ({"V": np.ones(2)}, "V must have shape"),
    ({"V": np.inf}, "V must be finite"),
    ({"V": RAGGED}, "V must be an array of numbers"),
    ({"U": np.ones((1, 2))}, "U must have shape"),
    ({"U": np.ones((2, 1, 2))}, "U must have shape"),
    ({"U": [[np.nan]]}, "U must be finite"),
    ({"U": []}, "U must not be empty"),
]


@pytest.mark.parametrize("cell", CELLS)
def test_bad_arguments_of_the_cells(cell):
    for arguments, message in BAD_ARGUMENTS:
        with pytest.raises(ValueError, match=message):
            call(cell, **arguments)
    bias = "c" if cell == "elman" else "b"
    names = f"params must be a dict with V, U and {bias}"
    for params in (
        [1, 2],
        "V",
        {},
        without(cell, "V"),
        without(cell, "U"),
        without(cell, bias),
        params_of(cell, W=np.ones(2)),
        without(cell, bias) | {"bias": np.ones(2)},
    ):
        with pytest.raises(ValueError, match=names):
            call(cell, params=params)
    for value, message in (
        (np.ones((2, 2)), rf"{bias} must have shape \(rows\)"),
        (np.full(2 * BLOCKS[cell], np.nan), f"{bias} must be finite"),
        ([], f"{bias} must not be empty"),
        ([[1], [1, 2]], f"{bias} must be an array of numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            call(cell, **{bias: value})
    if cell != "elman":
        rows = 2 * BLOCKS[cell] + 1
        message = f"b must have {BLOCKS[cell]} blocks of equal length, got {rows}"
        with pytest.raises(ValueError, match=message):
            call(cell, b=np.ones(rows))


@pytest.mark.parametrize("cell", CELLS)
def test_bad_gradients_for_the_cells(cell):
    *_, cache = call(cell)
    back = CELLS[cell][3]
    for g, message in (
        (G[0], r"g must have shape \(3, 2, 2\)"),
        (G[:2], r"g must have shape \(3, 2, 2\)"),
        (np.ones((3, 2, 3)), "g must have shape"),
        (G * np.nan, "g must be finite"),
        (G * np.inf, "g must be finite"),
        (RAGGED, "g must be an array of numbers"),
        (G[:0], "g must not be empty"),
        (G * 1e200, r"g must be at most 1e\+150 in size"),
    ):
        with pytest.raises(ValueError, match=message):
            back(g, cache)


ELMAN = params_of("elman")
FITTED = NGram(2).fit("abab")
NETWORK = CharacterModel("ab", 2, np.random.default_rng(0))
TEXT = "ab" * 20
BAD_CALLS = [
    (lambda: call("lstm", c0=H0[0]), r"c0 must have shape \(2, 2\)"),
    (lambda: call("lstm", c0=H0 * np.nan), "c0 must be finite"),
    (lambda: call("lstm", c0=np.ones((2, 3))), "c0 must have shape"),
    (lambda: orthogonal(0, 2), "rng must be a numpy Generator"),
    (lambda: orthogonal(np.random, 2), "rng must be a numpy Generator"),
    (lambda: orthogonal(RNG, 0), "n must be a whole number of at least 1"),
    (lambda: orthogonal(RNG, 2.0), "n must be a whole number"),
    (lambda: orthogonal(RNG, True), "n must be a whole number"),
    (lambda: clip_by_norm([], 1), "gradients must be a list, not empty"),
    (lambda: clip_by_norm(G, 1), "gradients must be a list"),
    (lambda: clip_by_norm({"a": G}, 1), "gradients must be a list"),
    (lambda: clip_by_norm([G, G * np.nan], 1), r"gradients\[1\] must be finite"),
    (lambda: clip_by_norm([G * np.inf], 1), r"gradients\[0\] must be finite"),
    (lambda: clip_by_norm([G, RAGGED], 1), r"gradients\[1\] must be an array"),
    (lambda: clip_by_norm([G[:0]], 1), r"gradients\[0\] must not be empty"),
    (lambda: clip_by_norm([G], 0), "c must be a finite number above 0"),
    (lambda: clip_by_norm([G], -1), "c must be a finite number above 0"),
    (lambda: clip_by_norm([G], np.inf), "c must be a finite number above 0"),
    (lambda: clip_by_norm([G], "1"), "c must be a finite number above 0"),
    (lambda: clip_elementwise([], 1), "gradients must be a list, not empty"),
    (lambda: clip_elementwise([G * np.nan], 1), r"gradients\[0\] must be finite"),
    (lambda: clip_elementwise([G], 0), "c must be a finite number above 0"),
    (lambda: clip_elementwise([G], np.nan), "c must be a finite number above 0"),
    (lambda: recurrent_node("rnn", X, ELMAN), "cell must be one of elman, gru, lstm"),
    (lambda: recurrent_node(["elman"], X, ELMAN), "cell must be one of"),
    (lambda: recurrent_node("elman", X[0], ELMAN), r"x must have shape \(T, N, D\)"),
    (lambda: recurrent_node("elman", X * np.nan, ELMAN), "x must be finite"),
    (lambda: recurrent_node("elman", Tensor(X[0]), ELMAN), "x must have shape"),
    (lambda: recurrent_node("elman", RAGGED, ELMAN), "x must be an array of numbers"),
    (lambda: recurrent_node("elman", X, [1]), "params must be a dict with V, U and c"),
    (
        lambda: recurrent_node("gru", X, without("gru", "U")),
        "params must be a dict with V, U and b",
    ),
    (
        lambda: recurrent_node("elman", X, without("elman", "c")),
        "params must be a dict with V, U and c",
    ),
    (lambda: recurrent_node("lstm", X, ELMAN), "params must be a dict with V, U and b"),
    (
        lambda: recurrent_node("elman", X, ELMAN | {"U": np.ones(2)}),
        "U must have shape",
    ),
    (
        lambda: recurrent_node("elman", X, ELMAN | {"V": Tensor(np.ones((2, 3)))}),
        r"V must have shape \(2, 2\)",
    ),
    (lambda: recurrent_parameters(0, "gru", 1, 1), "rng must be a numpy Generator"),
    (lambda: recurrent_parameters(RNG, "rnn", 1, 1), "cell must be one of"),
    (lambda: recurrent_parameters(RNG, None, 1, 1), "cell must be one of"),
    (lambda: recurrent_parameters(RNG, "gru", 0, 1), "D must be a whole number"),
    (lambda: recurrent_parameters(RNG, "gru", 1, 0), "H must be a whole number"),
    (lambda: recurrent_parameters(RNG, "gru", 1, 1.0), "H must be a whole number"),
    (
        lambda: recurrent_parameters(RNG, "gru", 1, 1, -0.5),
        "keep must be a finite number of at least 0",
    ),
    (lambda: recurrent_parameters(RNG, "lstm", 1, 1, np.nan), "keep must be a finite"),
    (lambda: NGram(0), "order must be a whole number of at least 1"),
    (lambda: NGram(1.5), "order must be a whole number"),
    (lambda: NGram(2, 0), "discount must be a finite number above 0"),
    (lambda: NGram(2, -0.5), "discount must be a finite number above 0"),
    (lambda: NGram(2, np.nan), "discount must be a finite number above 0"),
    (lambda: NGram(2, 1), "discount must be below 1"),
    (lambda: NGram(2, 1.5), "discount must be below 1"),
    (lambda: NGram(3).fit("ab"), "text must be a string of at least 3 characters"),
    (lambda: NGram(1).fit(""), "text must be a string of at least 1 characters"),
    (lambda: NGram(1).fit(["a"]), "text must be a string"),
    (lambda: NGram(1).fit(None), "text must be a string"),
    (lambda: NGram(1).fit("abc", "ab"), "characters of the alphabet only, got 'c'"),
    (
        lambda: NGram(1).fit("abc", ""),
        "alphabet must be a string of at least 1 characters",
    ),
    (lambda: NGram(1).log_probability("a"), "text must come after fit"),
    (lambda: NGram(1).next_probabilities(), "text must come after fit"),
    (lambda: NGram(1).sample(RNG, 1), "text must come after fit"),
    (lambda: NGram(1).bits_per_character("a"), "text must come after fit"),
    (lambda: FITTED.log_probability(""), "text must be a string of at least 1"),
    (lambda: FITTED.log_probability("abz"), "characters of the alphabet only"),
    (lambda: FITTED.log_probability(3), "text must be a string"),
    (lambda: FITTED.bits_per_character(""), "text must be a string of at least 1"),
    (lambda: FITTED.bits_per_character("z"), "characters of the alphabet only"),
    (lambda: FITTED.next_probabilities("za"), "characters of the alphabet only"),
    (lambda: FITTED.next_probabilities(None), "text must be a string"),
    (lambda: FITTED.sample(0, 1), "rng must be a numpy Generator"),
    (lambda: FITTED.sample(RNG, 0), "length must be a whole number of at least 1"),
    (lambda: FITTED.sample(RNG, 1.0), "length must be a whole number"),
    (lambda: FITTED.sample(RNG, 1, "z"), "characters of the alphabet only"),
    (lambda: FITTED.sample(RNG, 1, 5), "text must be a string"),
    (
        lambda: FITTED.sample(RNG, 1, "a", 0),
        "temperature must be a finite number above 0",
    ),
    (lambda: FITTED.sample(RNG, 1, "a", -1), "temperature must be a finite number"),
    (lambda: FITTED.sample(RNG, 1, "a", np.inf), "temperature must be a finite"),
    (lambda: CharacterModel("a", 2, RNG), "string of at least 2 characters, got 'a'"),
    (lambda: CharacterModel(["a", "b"], 2, RNG), "must be a string of at least 2"),
    (lambda: CharacterModel("aba", 2, RNG), "alphabet must not repeat a character"),
    (lambda: CharacterModel("ab", 0, RNG), "hidden must be a whole number"),
    (lambda: CharacterModel("ab", 2, 0), "rng must be a numpy Generator"),
    (lambda: NETWORK.log_probability(""), "text must be a string of at least 1"),
    (lambda: NETWORK.log_probability("abc"), "characters of the alphabet only"),
    (lambda: NETWORK.log_probability(None), "text must be a string"),
    (lambda: NETWORK.bits_per_character(""), "text must be a string of at least 1"),
    (lambda: NETWORK.next_probabilities("c"), "characters of the alphabet only"),
    (lambda: NETWORK.sample(RNG, 1, "c"), "characters of the alphabet only"),
    (lambda: NETWORK.sample(7, 1), "rng must be a numpy Generator"),
    (lambda: NETWORK.sample(RNG, 0), "length must be a whole number"),
    (lambda: NETWORK.sample(RNG, 1, "", 0), "temperature must be a finite number"),
    (
        lambda: NETWORK.fit("abababab", batch_size=2, steps=4),
        "text must be a string of at least 9 characters",
    ),
    (lambda: NETWORK.fit(TEXT), "text must be a string of at least 1025 characters"),
    (lambda: NETWORK.fit("c" * 50, 1, 2, 2), "characters of the alphabet only"),
    (lambda: NETWORK.fit(TEXT, 0, 2, 2), "epochs must be a finite number above 0"),
    (lambda: NETWORK.fit(TEXT, np.nan, 2, 2), "epochs must be a finite number"),
    (lambda: NETWORK.fit(TEXT, 1, 0, 2), "batch_size must be a whole number"),
    (lambda: NETWORK.fit(TEXT, 1, 2, 1.5), "steps must be a whole number"),
    (
        lambda: NETWORK.fit(TEXT, 1, 2, 2, 0),
        "learning_rate must be a finite number above 0",
    ),
    (lambda: NETWORK.fit(TEXT, 1, 2, 2, 0.1, 0), "must be a finite number above 0"),
    (lambda: reverse_sequences(X[0], [1, 1]), r"x must have shape \(T, N, D\)"),
    (lambda: reverse_sequences(X * np.nan, [1, 1]), "x must be finite"),
    (lambda: reverse_sequences(RAGGED, [1, 1]), "x must be an array of numbers"),
    (lambda: reverse_sequences(Tensor(X[0]), [1, 1]), "x must have shape"),
    (lambda: reverse_sequences(X, [0, 1]), "lengths must be whole numbers from 1 to 3"),
    (lambda: reverse_sequences(X, [1, 4]), "lengths must be whole numbers from 1 to 3"),
    (lambda: reverse_sequences(X, [-1, 1]), "lengths must be whole numbers"),
    (lambda: reverse_sequences(X, [1.5, 1]), "lengths must be whole numbers"),
    (lambda: reverse_sequences(X, [1]), r"lengths must have shape \(2,\)"),
    (lambda: reverse_sequences(X, [1, 1, 1]), r"lengths must have shape \(2,\)"),
    (lambda: reverse_sequences(X, [[1, 1]]), r"lengths must have shape \(2,\)"),
    (lambda: reverse_sequences(X, [1, np.nan]), "lengths must be finite"),
    (lambda: reverse_sequences(X, [[1], [1, 2]]), "lengths must be numbers"),
    (lambda: reverse_sequences(X, None), "lengths must be numbers"),
    (lambda: last_states(X[0], [1, 1]), r"h must have shape \(T, N, H\)"),
    (lambda: last_states(X * np.inf, [1, 1]), "h must be finite"),
    (lambda: last_states(X, [0, 3]), "lengths must be whole numbers from 1 to 3"),
    (lambda: last_states(X, [4, 3]), "lengths must be whole numbers from 1 to 3"),
    (lambda: last_states(X, [2.5, 3]), "lengths must be whole numbers"),
    (lambda: last_states(X, [3]), r"lengths must have shape \(2,\)"),
    (lambda: last_states(Tensor(X), []), "lengths must have shape"),
    (lambda: bidirectional_node("rnn", X, ELMAN, ELMAN, [1, 1]), "cell must be one of"),
    (
        lambda: bidirectional_node("elman", X[0], ELMAN, ELMAN, [1, 1]),
        "x must have shape",
    ),
    (
        lambda: bidirectional_node("elman", X, {}, ELMAN, [1, 1]),
        "params must be a dict",
    ),
    (lambda: bidirectional_node("elman", X, ELMAN, 3, [1, 1]), "params must be a dict"),
    (
        lambda: bidirectional_node("elman", X, ELMAN, ELMAN, [1, 4]),
        "lengths must be whole numbers from 1 to 3",
    ),
    (
        lambda: bidirectional_node("elman", X, ELMAN, ELMAN, [1]),
        r"lengths must have shape \(2,\)",
    ),
]


@pytest.mark.parametrize("number", range(len(BAD_CALLS)))
def test_bad_input(number):
    bad_call, message = BAD_CALLS[number]
    with pytest.raises(ValueError, match=message):
        bad_call()


# ---- one step at a time


def step_case(cell, shape, seed):
    """One step's arguments of a gated cell: x (N, D), h, c (N, H) and params."""
    values, _ = random_layer(cell, (1, *shape[1:]), seed)
    c = values.get("c0")
    return values["x"][0], values["h0"], c, parameters(values)


@settings(max_examples=60)
@given(shape=shapes, seed=seeds, reset_after=st.booleans())
def test_a_gru_step_is_one_step_of_the_fused_form(shape, seed, reset_after):
    x, h, _, params = step_case("gru", shape, seed)
    whole, _ = gru_forward(x[None], h, params, reset_after)
    ours = gru_step(x, h, params, reset_after=reset_after)
    assert_equal(ours, whole[0], "the state", 1e-12)
    r, u, candidate = gru_gates(x, h, params, reset_after)
    assert ((r > 0) & (r < 1) & (u > 0) & (u < 1)).all()
    assert_equal(ours, u * candidate + (1 - u) * h, "from its gates", 1e-12)


@settings(max_examples=60)
@given(shape=shapes, seed=seeds)
def test_an_lstm_step_is_one_step_of_the_fused_form(shape, seed):
    x, h, c, params = step_case("lstm", shape, seed)
    outputs, cells, _ = lstm_forward(x[None], h, c, params)
    ours = lstm_step(x, h, c, params)
    assert_equal(ours, [outputs[0], cells[0]], "h and c", 1e-12)
    i, f, candidate, o = lstm_gates(x, h, params)
    assert_equal(ours[1], f * c + i * candidate, "from its gates", 1e-12)
    assert_equal(ours[0], o * np.tanh(ours[1]), "from its gates", 1e-12)


@settings(max_examples=40)
@given(shape=shapes, seed=seeds)
def test_the_gradients_of_one_step(shape, seed):
    rng = np.random.default_rng(seed)
    x, h, _, params = step_case("gru", shape, seed)
    s = rng.normal(size=h.shape)
    dx, dh, dparams = gru_step_backward(s, x, h, params)
    found = {"x": dx, "h": dh} | dparams
    for name, array in ({"x": x, "h": h} | params).items():
        numerical = numerical_gradient(
            lambda a, n=name: np.sum(
                s
                * gru_step(
                    a if n == "x" else x,
                    a if n == "h" else h,
                    params | ({n: a} if n in params else {}),
                )
            ),
            array,
        )
        # A saturated gate has a gradient below what differences can resolve.
        assert_at_most(np.abs(found[name] - numerical), 1e-7, name)
    x, h, c, params = step_case("lstm", shape, seed)
    s, q = rng.normal(size=(2, *h.shape))
    dx, dh, dc, dparams = lstm_step_backward(s, q, x, h, c, params)
    found = {"x": dx, "h": dh, "c": dc} | dparams

    def loss(name, a):
        new_h, new_c = lstm_step(
            a if name == "x" else x,
            a if name == "h" else h,
            a if name == "c" else c,
            params | ({name: a} if name in params else {}),
        )
        return np.sum(s * new_h) + np.sum(q * new_c)

    for name, array in ({"x": x, "h": h, "c": c} | params).items():
        numerical = numerical_gradient(lambda a, n=name: loss(n, a), array)
        # A saturated gate has a gradient below what differences can resolve.
        assert_at_most(np.abs(found[name] - numerical), 1e-7, name)


def test_steps_take_lists_and_keep_single_and_half_precision():
    x, h, c, params = step_case("lstm", (1, 2, 3, 4), 0)
    as_lists = {name: value.tolist() for name, value in params.items()}
    from_lists = lstm_step(x.tolist(), h.tolist(), c.tolist(), as_lists)
    assert_equal(from_lists, lstm_step(x, h, c, params), "lists", 1e-15)
    for kind in (np.float16, np.float32):
        single = [a.astype(kind) for a in (x, h, c)]
        kept = {name: value.astype(kind) for name, value in params.items()}
        assert {part.dtype for part in lstm_step(*single, kept)} == {np.dtype(kind)}
    x, h, _, params = step_case("gru", (1, 2, 3, 4), 0)
    kept = {name: value.astype(np.float32) for name, value in params.items()}
    assert gru_step(*(a.astype(np.float32) for a in (x, h)), kept).dtype == np.float32


ONE_STEP = (np.ones((2, 2)), H0)
LSTM_PARAMS, GRU_PARAMS = params_of("lstm"), params_of("gru")


@pytest.mark.parametrize(
    ("bad_call", "message"),
    [
        (lambda: lstm_step(X, H0, H0, LSTM_PARAMS), r"x must have shape \(N, D\)"),
        (lambda: lstm_step(ONE_STEP[0] * np.nan, H0, H0, LSTM_PARAMS), "x must be fin"),
        (lambda: lstm_step(*ONE_STEP, H0[0], LSTM_PARAMS), r"c must have shape \(2, 2"),
        (lambda: lstm_step(*ONE_STEP, H0, GRU_PARAMS), "b must have 4 blocks"),
        (lambda: lstm_step(*ONE_STEP, H0, {"V": 1}), "params must be a dict with V, U"),
        (lambda: lstm_gates(ONE_STEP[0], H0[:1], LSTM_PARAMS), "h must have shape"),
        (lambda: gru_step(X[0], H0[0], GRU_PARAMS), "h must have shape"),
        (lambda: gru_step(*ONE_STEP, 3), "params must be a dict with V, U and b"),
        (
            lambda: gru_gates(*ONE_STEP, params_of("lstm")),
            "b must have 3 blocks of|U mu",
        ),
        (lambda: gru_step_backward(H0[0], *ONE_STEP, GRU_PARAMS), "s must have shape"),
        (
            lambda: lstm_step_backward(H0, H0[0], *ONE_STEP, H0, LSTM_PARAMS),
            "q must have shape",
        ),
    ],
)
def test_bad_input_of_one_step(bad_call, message):
    with pytest.raises(ValueError, match=message):
        bad_call()


# ---- gradients that vanish


@settings(max_examples=40)
@given(
    H=st.integers(1, 6),
    T=st.integers(1, 12),
    seed=seeds,
    activation=st.sampled_from(("linear", "tanh", "ReLU")),
)
def test_states_and_gradients_against_torch(H, T, seed, activation):
    rng = np.random.default_rng(seed)
    U, inputs, last = (
        rng.normal(size=(H, H)),
        rng.normal(size=(T, H)),
        rng.normal(size=H),
    )
    g = {"linear": lambda z: z, "tanh": torch.tanh, "ReLU": torch.relu}[activation]
    h = torch.zeros(H, dtype=torch.float64, requires_grad=True)
    states = [h]
    for one in torch.tensor(inputs):
        states.append(g(torch.tensor(U) @ states[-1] + one))
        states[-1].retain_grad()
    (states[-1] * torch.tensor(last)).sum().backward()
    ours = recurrent_states(U, inputs, activation)
    assert_equal(ours, torch.stack(states).detach().numpy(), "states", 1e-12)
    norms = [float(state.grad.norm()) for state in reversed(states)]
    found = gradient_norms(U, ours, last, activation)
    assert_equal(found, norms, "norms", 1e-10)


@pytest.mark.parametrize("kind", ["random", "orthogonal"])
def test_scaled_matrices(kind):
    rng = np.random.default_rng(0)
    for H, radius in ((1, 0.5), (5, 1.0), (20, 1.7), (3, 0.0)):
        U = scaled_matrix(rng, H, radius, kind)
        largest = np.abs(np.linalg.eigvals(U)).max()
        assert_equal(largest, radius, "the radius", 1e-10)
        if kind == "orthogonal":
            assert_equal(U.T @ U, radius**2 * np.eye(H), "orthogonal", 1e-12)
    for bad, message in (
        ({"H": 0}, "H must be a whole number of at least 1"),
        ({"radius": -1.0}, "radius must be a finite number of at least 0"),
        ({"kind": "normal"}, "kind must be"),
    ):
        with pytest.raises(ValueError, match=message):
            scaled_matrix(rng, **({"H": 2, "radius": 1.0} | bad))


# ---- the recall task


@settings(max_examples=30)
@given(N=st.integers(1, 6), delay=st.integers(1, 8), n=st.integers(1, 5), seed=seeds)
def test_a_batch_of_the_recall_task(N, delay, n, seed):
    x, y = recall_batch(np.random.default_rng(seed), N, delay, n)
    assert x.shape == (delay + 1, N, 2 * n + 1)
    assert (x.sum(axis=2) == 1).all()
    symbols = x.argmax(axis=2)
    if delay > 1:
        assert ((symbols[1:-1] >= n) & (symbols[1:-1] < 2 * n)).all(), "noise"
    assert (symbols[0] == y).all()
    assert ((y >= 0) & (y < n)).all()
    assert (symbols[-1] == 2 * n).all(), "the question"


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_of_the_recall_task(cell):
    rng = np.random.default_rng(3)
    params = recurrent_parameters(rng, cell, 9, 3)
    params |= {"W": rng.normal(size=(4, 3)), "b_out": rng.normal(size=4)}
    x, y = recall_batch(rng, 5, 4)
    loss, right, gradients = recall_gradients(cell, params, x, y)
    assert 0 <= right <= 1
    assert set(gradients) == set(params)
    for name, array in params.items():
        numerical = numerical_gradient(
            lambda a, n=name: recall_gradients(cell, params | {n: a}, x, y)[0], array
        )
        assert_equal(gradients[name], numerical, name, 1e-6)
    assert loss > 0


# ---- drawing the next symbol


def allowed(logits, temperature=1.0, top_k=None, top_p=None):
    """What may be drawn, with its probabilities, by sorting pairs in a loop."""
    weights = [math.exp((z - max(logits)) / temperature) for z in logits]
    total = sum(weights)
    pairs = sorted(((-w / total, k) for k, w in enumerate(weights)))
    if top_k is not None:
        pairs = pairs[:top_k]
    if top_p is not None:
        share, kept, whole = 0.0, [], sum(-w for w, _ in pairs)
        for w, k in pairs:
            kept.append((w, k))
            share += -w / whole
            if share >= top_p - 1e-12:
                break
        pairs = kept
    whole = sum(-w for w, _ in pairs)
    return {k: -w / whole for w, k in pairs}


@settings(max_examples=80)
@given(
    seed=seeds,
    K=st.integers(1, 7),
    temperature=st.sampled_from((0.3, 1.0, 2.5)),
    top_k=st.one_of(st.none(), st.integers(1, 8)),
    top_p=st.one_of(st.none(), st.floats(0.05, 0.99)),
)
def test_only_what_is_allowed_is_drawn(seed, K, temperature, top_k, top_p):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=K)
    expected = allowed(logits.tolist(), temperature, top_k, top_p)
    drawn = {
        sample_next(logits, rng, temperature, top_k=top_k, top_p=top_p)
        for _ in range(60)
    }
    assert drawn <= set(expected)
    assert all(type(k) is int for k in drawn)


@pytest.mark.parametrize(
    "settings_of",
    [
        {},
        {"temperature": 0.5},
        {"top_k": 3},
        {"top_p": 0.8},
        {"temperature": 2.0, "top_k": 4, "top_p": 0.7},
    ],
)
def test_frequencies_of_what_is_drawn(settings_of):
    logits = np.log([0.4, 0.25, 0.15, 0.12, 0.08])
    rng, n = np.random.default_rng(0), 6000
    counts = Counter(sample_next(logits, rng, **settings_of) for _ in range(n))
    expected = allowed(logits.tolist(), **settings_of)
    assert set(counts) == set(expected)
    for k, p in expected.items():
        assert abs(counts[k] / n - p) < 5 * math.sqrt(p * (1 - p) / n) + 1e-9


def test_top_k_of_one_and_a_small_top_p_are_greedy():
    rng = np.random.default_rng(0)
    for _ in range(20):
        logits = rng.normal(size=6)
        best = int(logits.argmax())
        assert sample_next(logits, rng, top_k=1) == best
        assert sample_next(logits, rng, top_p=1e-9) == best
        assert sample_next(logits, rng, temperature=1e-300) == best
    assert sample_next([2.0, 2.0, 1.0], rng, top_k=1) == 0, "of equal ones the earlier"


def test_the_last_one_of_the_nucleus_is_kept():
    rng = np.random.default_rng(1)
    logits = np.log([0.5, 0.25, 0.25])  # exact: one has 0.5, two have 0.75
    assert {sample_next(logits, rng, top_p=0.5) for _ in range(50)} == {0}
    assert {sample_next(logits, rng, top_p=0.51) for _ in range(99)} == {0, 1}
    assert {sample_next(logits, rng, top_p=1.0) for _ in range(99)} == {0, 1, 2}
    # among what top_k leaves: (2/3, 1/3)
    assert {sample_next(logits, rng, top_k=2, top_p=0.6) for _ in range(50)} == {0}


def test_extreme_logits_are_drawn():
    rng = np.random.default_rng(2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert sample_next([1e308, -1e308], rng, temperature=1e-3) == 0
        assert sample_next(np.array([1.0, 50.0], np.float32), rng) == 1
        assert sample_next([3], rng) == 0
        assert {sample_next([0.0, 0.0], rng, temperature=1e9) for _ in range(60)} == {
            0,
            1,
        }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([[0.0]], RNG), "logits must have shape"),
        (([0.0, np.inf], RNG), "logits must be finite"),
        (([], RNG), "logits must"),
        (([0.0], 3), "rng must be a numpy Generator"),
        (([0.0], RNG, 0.0), "temperature must be a finite number above 0"),
        (([0.0], RNG, np.nan), "temperature must be a finite number"),
        (([0.0], RNG, 1.0, 0), "top_k must be a whole number of at least 1"),
        (([0.0], RNG, 1.0, 1.5), "top_k must be a whole number"),
        (([0.0], RNG, 1.0, None, 0.0), "top_p must be a finite number above 0"),
        (([0.0], RNG, 1.0, None, 1.1), "top_p must be a finite number .*at most 1"),
    ],
)
def test_bad_input_of_sampling(arguments, message):
    with pytest.raises(ValueError, match=message):
        sample_next(*arguments)


def test_models_sample_with_top_k_and_top_p():
    model = Independent()
    greedy = model.sample(np.random.default_rng(0), 20, top_k=1)
    assert greedy == "x" * 20
    two = model.sample(np.random.default_rng(0), 200, top_p=0.7)
    assert set(two) == {"x", "y"}


# ---- the functions below the language models


def test_counts_of_abracadabra_by_hand():
    tables = follower_counts("abracadabra", 2)
    assert tables[1]["a"] == {"b": 2, "c": 1, "d": 1}
    assert tables[0][""] == {"a": 3, "b": 1, "c": 1, "d": 1, "r": 1}
    assert kneser_ney(tables, "a", "b", 5) == pytest.approx(0.3125 + 0.5625 / 7)
    assert kneser_ney(tables, "a", "a", 5) == pytest.approx(0.5625 * 3 / 7)
    assert kneser_ney(tables, "z", "a", 5) == pytest.approx(3 / 7), "not seen"
    assert kneser_ney(tables, "", "a", 5) == pytest.approx(3 / 7)
    with pytest.raises(ValueError, match="text must be a string of at least 3"):
        follower_counts("ab", 3)
    with pytest.raises(ValueError, match="order must be a whole number"):
        follower_counts("ab", 0)


def test_streams_of_a_text():
    inputs, targets = text_streams(np.arange(14), 2, 3)
    assert inputs.T.tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert (targets == inputs + 1).all()
    with pytest.raises(ValueError, match="tokens must be at least 7, got 6"):
        text_streams(np.arange(6), 2, 3)


def test_log_probabilities_add_up():
    text = "abbabab" * 30
    for model in (NGram(3).fit(text), CharacterModel("ab", 3, RNG)):
        each = model.log_probabilities(text[:150])
        assert each.shape == (150,)
        assert each.sum() == pytest.approx(model.log_probability(text[:150]))
        after = np.log(model.next_probabilities(text[:9]))["ab".index(text[9])]
        assert each[9] == pytest.approx(after, rel=1e-5)
