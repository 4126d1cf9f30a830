"""Chapter 7: gradients, exhaustive search, parity with torch and sacrebleu, bad input.

The whole model is compared with a second one in torch, a sentence at a time, in double
precision; beam search with a slow loop and with all targets of a small table.
"""

import collections
import copy
import dataclasses
import itertools
import warnings

import numpy as np
import pytest
import sacrebleu
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tutorial_utils import sequence_to_sequence as module
from tutorial_utils.checks import assert_at_most, assert_equal
from tutorial_utils.neural_networks import softmax, sparsemax
from tutorial_utils.recurrent_networks import (
    lstm_forward,
    recurrent_parameters,
)
from tutorial_utils.sequence_to_sequence import (
    Hypothesis,
    Seq2Seq,
    additive_attention,
    additive_attention_backward,
    attention_decoder,
    attention_keys,
    attention_node,
    attention_parameters,
    beam_search,
    beam_steps,
    bleu,
    byte_pair_encoding,
    conditional,
    decoder_step,
    decoder_step_backward,
    ensemble,
    exact_search,
    greedy,
    merged,
    named,
    recurrence_node,
    scaled_dot_product_attention,
    segment,
    state_output,
    teacher_forcing,
    vector_decoder,
    vector_encoder,
)
from tutorial_utils.training import Adam, Tensor, numerical_gradient

seeds = st.integers(0, 2**32 - 1)
NORMALIZERS = [softmax, sparsemax]
VECTORS = {"gru": 1, "lstm": 2}
on_both_cells = pytest.mark.parametrize("cell", VECTORS)
on_both_normalizers = pytest.mark.parametrize("normalizer", NORMALIZERS)


def in_torch(values):
    return {k: torch.tensor(v, requires_grad=True) for k, v in values.items()}


def gradients_in(leaves):
    return {k: leaf.grad.numpy() for k, leaf in leaves.items()}


def assert_same_gradients(ours, theirs, tolerance=1e-10):
    assert set(ours) == set(theirs)
    for name, gradient in ours.items():
        assert gradient.shape == theirs[name].shape
        gap = np.abs(gradient - theirs[name]).max()
        assert_at_most(gap, tolerance * (1 + np.abs(theirs[name]).max()), name)


def read_only(*values):
    """Arrays, or dicts of arrays, that nobody can write to."""
    for value in values:
        for array in value.values() if isinstance(value, dict) else [value]:
            array.flags.writeable = False


# ---- teacher forcing

words = st.lists(st.integers(0, 7), max_size=5)


@given(st.lists(words, min_size=1, max_size=5))
def test_teacher_forcing_shifts_a_target_by_one(targets):
    before = copy.deepcopy(targets)
    inputs, answers, mask = teacher_forcing(targets, 8, 9)
    assert targets == before
    T = max(map(len, targets)) + 1
    assert inputs.shape == answers.shape == mask.shape == (T, len(targets))
    assert inputs.dtype == answers.dtype == np.int64
    assert mask.dtype == bool
    for n, target in enumerate(targets):
        end = len(target) + 1
        assert inputs[:end, n].tolist() == [9, *target]
        assert answers[:end, n].tolist() == [*target, 8]
        assert mask[:, n].tolist() == [True] * end + [False] * (T - end)
        assert (inputs[end:, n] == 8).all()
        assert (answers[end:, n] == 8).all()


def test_teacher_forcing_takes_tuples_arrays_and_a_batch_of_nothing():
    inputs, answers, mask = teacher_forcing([[], ()], 2, 3)
    assert inputs.tolist() == [[3, 3]]
    assert answers.tolist() == [[2, 2]]
    assert mask.all()
    inputs, answers, _ = teacher_forcing(np.array([[0, 1]]), 2, 3)
    assert inputs[:, 0].tolist() == [3, 0, 1]
    assert answers[:, 0].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (([[0]], -1, 3), "stop must be a whole number of at least 0"),
        (([[0]], 1.5, 3), "stop must"),
        (([[0]], 2, "3"), "start must"),
        (([[0]], 2, None), "start must"),
        (([[0], [-1]], 2, 3), r"targets\[1\] must be a list of whole numbers"),
        (([[0.5]], 2, 3), r"targets\[0\] must be a list of whole numbers"),
        (([[np.nan]], 2, 3), r"targets\[0\] must be a list of whole numbers"),
        (([[[1]]], 2, 3), r"targets\[0\] must be a list of whole numbers"),
        (("ab", 2, 3), "targets must be a list"),
        ((["ab"], 2, 3), r"targets\[0\] must be a list of whole numbers"),
        (([3], 2, 3), r"targets\[0\] must be a list of whole numbers"),
        (([["a"]], 2, 3), r"targets\[0\] must be a list of whole numbers"),
        (([[1, [2, 3]]], 2, 4), r"targets\[0\] must be a list of whole numbers"),
        (([[0, 2]], 2, 3), r"targets\[0\] must be .* without stop"),
        (([[0], [3]], 2, 3), r"targets\[1\] must be .* without stop and start"),
        (([[0]], 3, 3), "start must differ from stop"),
        (([], 2, 3), "targets must be a list, not empty"),
        ((5, 2, 3), "targets must be a list"),
        ((None, 2, 3), "targets must be a list"),
        (([], 2, 3), "must be a list, not empty"),
    ],
)
def test_teacher_forcing_names_bad_input(arguments, says):
    with pytest.raises(ValueError, match=says):
        teacher_forcing(*arguments)


# ---- a recurrent layer with a state to start from


def random_recurrence(cell, shape, seed):
    """x, start and the parameters by name, and a gradient at the states."""
    T, N, D, H = shape
    rng, rows = np.random.default_rng(seed), {"gru": 3, "lstm": 4}[cell] * H
    sizes = {"x": (T, N, D), "start": (N, VECTORS[cell] * H)}
    sizes |= {"V": (rows, D), "U": (rows, H), "b": (rows,)}
    values = {name: rng.normal(size=size) for name, size in sizes.items()}
    return values, rng.normal(size=(T, N, VECTORS[cell] * H))


def recurrence(cell, operands):
    params = {name: operands[name] for name in ("V", "U", "b")}
    return recurrence_node(cell, operands["x"], operands["start"], params)


def torch_step(cell, x, state, params):
    """The state after x, by definition; state (..., S) with S = H, or 2H."""
    H = params["U"].shape[1]
    V, U, b = (params[name].split(H) for name in ("V", "U", "b"))
    h = state[..., :H]
    if cell == "gru":
        r, u = ((x @ V[k].T + h @ U[k].T + b[k]).sigmoid() for k in range(2))
        candidate = (x @ V[2].T + (r * h) @ U[2].T + b[2]).tanh()
        return u * candidate + (1 - u) * h
    z = [x @ v.T + h @ u.T + a for v, u, a in zip(V, U, b, strict=True)]
    c = z[1].sigmoid() * state[..., H:] + z[0].sigmoid() * z[2].tanh()
    return torch.cat([z[3].sigmoid() * c.tanh(), c], dim=-1)


recurrence_shapes = st.tuples(st.integers(1, 4), *[st.integers(1, 3)] * 3)


@on_both_cells
@example(shape=(1, 1, 1, 1), seed=0)
@settings(max_examples=25)
@given(shape=recurrence_shapes, seed=seeds)
def test_a_layer_with_a_start_equals_its_definition_in_torch(cell, shape, seed):
    values, g = random_recurrence(cell, shape, seed)
    leaves = in_torch(values)
    state, states = leaves["start"], []
    for x in leaves["x"]:
        state = torch_step(cell, x, state, leaves)
        states.append(state)
    theirs = torch.stack(states)
    (theirs * torch.tensor(g)).sum().backward()
    read_only(values)
    nodes = {name: Tensor(value) for name, value in values.items()}
    ours = recurrence(cell, nodes)
    assert_equal(ours.value, theirs.detach().numpy(), "states", 1e-12)
    (ours * g).sum().backward()
    found = {name: node.gradient for name, node in nodes.items()}
    assert_same_gradients(found, gradients_in(leaves))


@on_both_cells
def test_gradients_of_a_layer_with_a_start_against_differences(cell):
    values, g = random_recurrence(cell, (3, 2, 2, 3), seed=1)
    nodes = {name: Tensor(value) for name, value in values.items()}
    (recurrence(cell, nodes) * g).sum().backward()
    for name, value in values.items():

        def product(v, name=name):
            return np.sum(g * recurrence(cell, values | {name: v}).value)

        numerical = numerical_gradient(product, value, 1e-5)
        assert_equal(nodes[name].gradient, numerical, f"{cell}, {name}", 1e-7)


@on_both_cells
def test_a_sequence_read_in_two_parts_ends_in_the_same_state(cell):
    values, _ = random_recurrence(cell, (5, 2, 2, 3), seed=2)
    whole = recurrence(cell, values).value
    first = recurrence(cell, values | {"x": values["x"][:2]}).value
    rest = values | {"x": values["x"][2:], "start": first[-1]}
    assert_equal(recurrence(cell, rest).value, whole[2:], "states", 1e-13)


def test_the_state_of_an_lstm_is_its_output_and_its_cell():
    values, _ = random_recurrence("lstm", (4, 2, 3, 2), seed=3)
    h0, c0 = values["start"][:, :2], values["start"][:, 2:]
    params = {name: values[name] for name in ("V", "U", "b")}
    h, c, _ = lstm_forward(values["x"], h0, c0, params)
    states = recurrence("lstm", values).value
    assert_equal(states[:, :, :2], h, "outputs")
    assert_equal(states[:, :, 2:], c, "cells")


@on_both_cells
def test_a_layer_keeps_single_precision_and_takes_lists(cell):
    values, _ = random_recurrence(cell, (2, 2, 2, 2), seed=4)
    single = {name: value.astype(np.float32) for name, value in values.items()}
    assert recurrence(cell, single).value.dtype == np.float32
    lists = {name: value.tolist() for name, value in values.items()}
    states = recurrence(cell, values).value
    assert states.dtype == np.float64
    assert_equal(recurrence(cell, lists).value, states, "lists")


@pytest.mark.parametrize(
    ("cell", "change", "says"),
    [
        ("elman", {}, "cell must be one of gru, lstm"),
        (["gru"], {}, "cell must be one of gru, lstm"),
        ("lstm", {"start": np.zeros((2, 5))}, r"start must be \(2, 6\)"),
        ("lstm", {"start": np.zeros(6)}, r"start must be \(2, 6\)"),
        ("lstm", {"start": None}, r"start must be \(2, 6\)"),
        ("lstm", {"start": np.full((2, 6), np.inf)}, "start must be finite"),
        ("lstm", {"start": np.zeros((2, 4))}, r"start must be \(2, 6\)"),
        ("gru", {"start": np.zeros((3, 3))}, r"start must be \(2, 3\)"),
        ("gru", {"x": np.full((3, 2, 2), np.nan)}, "x must be finite"),
        ("gru", {"x": np.zeros((3, 2))}, "x must have shape"),
        (
            "gru",
            {"U": np.zeros((9, 2)), "start": np.zeros((2, 2))},
            "U must have shape",
        ),
    ],
)
def test_a_layer_with_a_start_names_bad_input(cell, change, says):
    own = cell if isinstance(cell, str) and cell in VECTORS else "gru"
    values, _ = random_recurrence(own, (3, 2, 2, 3), seed=0)
    with pytest.raises(ValueError, match=says):
        recurrence(cell, values | change)


def test_params_of_a_layer_must_be_a_complete_dict():
    x, start = np.zeros((1, 1, 1)), np.zeros((1, 1))
    with pytest.raises(ValueError, match="params must be a dict with V, U and b"):
        recurrence_node("gru", x, start, [1])
    with pytest.raises(ValueError, match="params must be a dict with V, U and b"):
        recurrence_node("gru", x, start, {"V": np.zeros((3, 1))})


# ---- additive attention

attention_shapes = st.tuples(*[st.integers(1, 4)] * 5)  # N, L, D, H, A


def random_attention(shape, seed, masked):
    """F, s and the parameters by name, the mask or None, a gradient at the context."""
    N, L, D, H, A = shape
    rng = np.random.default_rng(seed)
    sizes = {"F": (N, L, D), "s": (N, H), "W": (A, D), "U": (A, H), "b": A, "v": A}
    values = {name: rng.normal(size=size) for name, size in sizes.items()}
    mask = None
    if masked:
        mask = rng.random((N, L)) < 0.6
        mask[np.arange(N), rng.integers(L, size=N)] = True
    return values, mask, rng.normal(size=(N, D))


def parameters(values):
    return {name: values[name] for name in ("W", "U", "b", "v")}


def attended(values, mask=None, normalizer=softmax):
    F, s = values["F"], values["s"]
    return additive_attention(F, s, parameters(values), mask, normalizer)


def gradients_of_attention(g, values, weights, normalizer=softmax):
    F, s, params = values["F"], values["s"], parameters(values)
    found = additive_attention_backward(g, F, s, params, weights, normalizer)
    dF, ds, dparams = found
    return {"F": dF, "s": ds} | dparams


def torch_sparsemax(z):
    """Of a vector: what is above the threshold of the largest scores that fit."""
    ordered = z.sort(descending=True).values
    k = torch.arange(1, len(z) + 1, dtype=z.dtype)
    support = int((1 + k * ordered > ordered.cumsum(0)).sum())
    return (z - (ordered[:support].sum() - 1) / support).clamp(min=0)


def torch_attention(F, s, params, normalizer, mask=None):
    """Context (D,) and weights (L,) of one sentence, F (L, D), at the places kept."""
    kept = F if mask is None else F[mask]
    hidden = (kept @ params["W"].T + params["U"] @ s + params["b"]).tanh()
    scores = hidden @ params["v"]
    weights = scores.softmax(0) if normalizer is softmax else torch_sparsemax(scores)
    return weights @ kept, weights


def on_random_attention(test):
    test = given(shape=attention_shapes, seed=seeds, masked=st.booleans())(test)
    test = example(shape=(1, 1, 1, 1, 1), seed=0, masked=False)(
        settings(max_examples=40)(test)
    )
    return on_both_normalizers(test)


@on_random_attention
def test_attention_equals_its_definition_in_torch(normalizer, shape, seed, masked):
    values, mask, g = random_attention(shape, seed, masked)
    leaves = in_torch(values)
    rows = []
    for n in range(shape[0]):
        own = None if mask is None else torch.tensor(mask[n])
        F, s = leaves["F"][n], leaves["s"][n]
        rows.append(torch_attention(F, s, leaves, normalizer, own))
    theirs = torch.stack([context for context, _ in rows])
    (theirs * torch.tensor(g)).sum().backward()
    context, weights = attended(values, mask, normalizer)
    assert_equal(context, theirs.detach().numpy(), "context", 1e-11)
    for n in range(shape[0]):
        own = slice(None) if mask is None else mask[n]
        theirs = rows[n][1].detach().numpy()
        assert_equal(weights[n, own], theirs, "weights", 1e-11)
    found = gradients_of_attention(g, values, weights, normalizer)
    assert_same_gradients(found, gradients_in(leaves))


@on_both_normalizers
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape", [(2, 4, 3, 2, 3), (1, 1, 1, 1, 1), (3, 2, 1, 2, 1)])
def test_gradients_of_attention_against_differences(normalizer, masked, shape):
    values, mask, g = random_attention(shape, 4, masked)
    _, weights = attended(values, mask, normalizer)
    found = gradients_of_attention(g, values, weights, normalizer)
    for name, value in values.items():

        def product(v, name=name):
            return np.sum(g * attended(values | {name: v}, mask, normalizer)[0])

        numerical = numerical_gradient(product, value, 1e-5)
        scale = max(np.abs(numerical).max(), np.abs(found[name]).max())
        if scale < 1e-9:  # of a single place, whatever its score
            continue
        assert_equal(found[name], numerical, f"{normalizer.__name__}, {name}", 1e-7)


@on_random_attention
def test_weights_are_a_distribution_over_what_is_not_masked(
    normalizer, shape, seed, masked
):
    values, mask, _ = random_attention(shape, seed, masked)
    context, weights = attended(values, mask, normalizer)
    assert weights.shape == shape[:2]
    assert (weights >= 0).all()
    assert_equal(weights.sum(axis=1), np.ones(shape[0]), "sums", 1e-12)
    kept = np.ones(shape[:2], bool) if mask is None else mask
    assert (weights[~kept] == 0).all()
    assert normalizer is sparsemax or (weights[kept] > 0).all()
    for n, own in enumerate(kept):  # the context is between the vectors
        assert_at_most(context[n], values["F"][n, own].max(axis=0), "context", 1e-12)
        assert_at_most(values["F"][n, own].min(axis=0), context[n], "context", 1e-12)


@on_random_attention
def test_padding_does_not_matter_for_attention(normalizer, shape, seed, masked):
    values, mask, g = random_attention(shape, seed, True)
    changed = values["F"].copy()
    rng = np.random.default_rng(seed)
    changed[~mask] = rng.normal(scale=100, size=changed[~mask].shape)
    context, weights = attended(values, mask, normalizer)
    other = values | {"F": changed}
    other_context, other_weights = attended(other, mask, normalizer)
    assert_equal(other_context, context, "context", 1e-12)
    assert_equal(other_weights, weights, "weights", 1e-12)
    ours = gradients_of_attention(g, values, weights, normalizer)
    theirs = gradients_of_attention(g, other, weights, normalizer)
    assert (ours["F"][~mask] == 0).all()
    assert_same_gradients(ours, theirs)


@on_random_attention
def test_attention_moves_with_the_places(normalizer, shape, seed, masked):
    values, mask, g = random_attention(shape, seed, masked)
    order = np.random.default_rng(seed).permutation(shape[1])
    context, weights = attended(values, mask, normalizer)
    moved = values | {"F": values["F"][:, order]}
    moved_mask = None if mask is None else mask[:, order]
    other_context, other = attended(moved, moved_mask, normalizer)
    assert_at_most(np.abs(other_context - context), 1e-12, "context")
    assert_at_most(np.abs(other - weights[:, order]), 1e-12, "weights")
    ours = gradients_of_attention(g, values, weights, normalizer)
    theirs = gradients_of_attention(g, moved, other, normalizer)
    assert_same_gradients(ours | {"F": ours["F"][:, order]}, theirs)


@on_random_attention
def test_examples_of_attention_do_not_see_each_other(normalizer, shape, seed, masked):
    values, mask, g = random_attention(shape, seed, masked)
    context, weights = attended(values, mask, normalizer)
    whole, total = gradients_of_attention(g, values, weights, normalizer), {}
    for n in range(shape[0]):
        own = values | {"F": values["F"][[n]], "s": values["s"][[n]]}
        own_mask = None if mask is None else mask[[n]]
        alone, own_weights = attended(own, own_mask, normalizer)
        assert_equal(alone[0], context[n], "context", 1e-11)
        part = gradients_of_attention(g[[n]], own, own_weights, normalizer)
        assert_at_most(np.abs(part["F"][0] - whole["F"][n]), 1e-10, "F")
        assert_at_most(np.abs(part["s"][0] - whole["s"][n]), 1e-10, "s")
        for name in parameters(values):
            total[name] = total.get(name, 0) + part[name]
    assert_same_gradients(total, {name: whole[name] for name in total})


@on_random_attention
def test_attention_leaves_its_arguments_alone(normalizer, shape, seed, masked):
    values, mask, g = random_attention(shape, seed, masked)
    read_only(values, g)
    if mask is not None:
        read_only(mask)
    _, weights = attended(values, mask, normalizer)
    read_only(weights)
    found = gradients_of_attention(g, values, weights, normalizer)
    for gradient in found.values():
        gradient += 1  # shares no memory with an argument


@on_random_attention
def test_attention_keeps_single_precision(normalizer, shape, seed, masked):
    values, mask, g = random_attention(shape, seed, masked)
    single = {name: value.astype(np.float32) for name, value in values.items()}
    context, weights = attended(single, mask, normalizer)
    assert context.dtype == weights.dtype == np.float32
    exact = {name: value.astype(np.float64) for name, value in single.items()}
    exact_context, exact_weights = attended(exact, mask, normalizer)
    assert_at_most(np.abs(context - exact_context), 1e-4, "context")
    assert_at_most(np.abs(weights - exact_weights), 1e-4, "weights")
    found = gradients_of_attention(g.astype(np.float32), single, weights, normalizer)
    assert {gradient.dtype for gradient in found.values()} == {np.dtype(np.float32)}
    found = gradients_of_attention(g, single, weights, normalizer)
    assert {gradient.dtype for gradient in found.values()} == {np.dtype(np.float32)}
    mixed = single | {"s": values["s"]}
    assert attended(mixed, mask, normalizer)[0].dtype == np.float64


@on_both_normalizers
def test_masks_may_be_all_true_lists_or_repeated(normalizer):
    values, _, g = random_attention((2, 3, 2, 2, 2), 0, False)
    context, weights = attended(values, None, normalizer)
    for mask in (np.ones((2, 3), bool), [[True] * 3] * 2, [True] * 3, True):
        same, also = attended(values, mask, normalizer)
        assert_equal(same, context, "context", 1e-12)
        assert_equal(also, weights, "weights", 1e-12)
    lists = {name: value.tolist() for name, value in values.items()}
    assert_equal(attended(lists, None, normalizer)[0], context, "lists")
    found = gradients_of_attention(g.tolist(), lists, weights.tolist(), normalizer)
    assert_same_gradients(found, gradients_of_attention(g, values, weights, normalizer))


def test_without_a_score_attention_is_the_mean():
    values, mask, _ = random_attention((3, 4, 2, 2, 2), 1, True)
    context, weights = attended(values | {"v": np.zeros(2)}, mask)
    expected = mask / mask.sum(axis=1, keepdims=True)
    assert_equal(weights, expected, "weights", 1e-14)
    mean = [F[own].mean(axis=0) for F, own in zip(values["F"], mask, strict=True)]
    assert_equal(context, mean, "context", 1e-13)


@on_both_normalizers
def test_far_scores_give_all_weight_to_one_place(normalizer):
    F = np.array([[[1.0], [-1.0], [3.0]]])
    params = {"W": [[1.0]], "U": [[0.0]], "b": [0.0], "v": [1e140]}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for mask, place in ((None, 2), ([[True, True, False]], 0)):
            context, weights = additive_attention(F, [[0.0]], params, mask, normalizer)
            assert weights.tolist() == [[float(k == place) for k in range(3)]]
            assert context.tolist() == [F[0, place].tolist()]
        huge = {name: np.full(np.shape(v), 1e150) for name, v in params.items()}
        _, weights = additive_attention(F * 1e149, [[1e150]], huge, None, normalizer)
    assert np.isfinite(weights).all()
    assert weights.sum() == pytest.approx(1)


def test_a_masked_score_far_above_the_others_has_no_weight():
    F = np.array([[[10.0], [0.1], [-0.1]]])
    params = {"W": [[1.0]], "U": [[1.0]], "b": [0.0], "v": [1e6]}
    mask = np.array([[False, True, True]])
    _, weights = additive_attention(F, [[0.0]], params, mask)
    assert weights.tolist() == [[0.0, 1.0, 0.0]]
    params["v"] = [1.0]
    _, weights = additive_attention(F, [[0.0]], params, mask)
    assert_equal(weights[0, 1:], softmax(np.tanh([0.1, -0.1])), "weights", 1e-14)


def test_a_masked_score_far_below_zero_has_no_weight_either():
    """All scores are below -1e4, where a filler of -1e4 would be the largest."""
    F = np.array([[[10.0], [11.0]]])
    params = {"W": [[1.0]], "U": [[1.0]], "b": [0.0], "v": [-1e6]}
    _, weights = additive_attention(F, [[0.0]], params, [[True, False]])
    assert weights.tolist() == [[1.0, 0.0]]


def test_another_normalizer_is_used():
    values, mask, _ = random_attention((2, 3, 2, 2, 2), 2, True)
    _, sharper = attended(values, mask, lambda z: softmax(2 * z))
    _, expected = attended(values | {"v": 2 * values["v"]}, mask)
    assert_equal(sharper, expected, "weights", 1e-12)
    _, sparse = attended(values | {"v": 5 * values["v"]}, None, sparsemax)
    assert (sparse == 0).any()


BAD_ATTENTION = [
    ({"F": np.zeros((2, 2))}, "F must have shape"),
    ({"F": np.full((2, 3, 2), np.nan)}, "F must be finite"),
    ({"F": np.zeros((2, 0, 2))}, "F must not be empty"),
    ({"F": "words"}, "F must be an array of numbers"),
    ({"s": np.zeros(3)}, "s must have shape"),
    ({"s": np.zeros((3, 3))}, "s must have a row for each of 2 of F, got 3"),
    ({"s": np.full((2, 3), np.inf)}, "s must be finite"),
    ({"W": np.zeros((2, 3))}, "W must have shape"),
    ({"U": np.zeros((2, 2))}, "U must have shape"),
    ({"b": np.zeros(3)}, "b must have shape"),
    ({"v": np.zeros((2, 2))}, "v must have shape"),
    ({"v": [1.0, np.nan]}, "v must be finite"),
]


@pytest.mark.parametrize(("change", "says"), BAD_ATTENTION)
def test_attention_and_its_gradient_name_bad_input(change, says):
    values, _, g = random_attention((2, 3, 2, 3, 2), 0, False)
    _, weights = attended(values)
    with pytest.raises(ValueError, match=says):
        attended(values | change)
    with pytest.raises(ValueError, match=says):
        gradients_of_attention(g, values | change, weights)


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (np.array([[True, False, True], [False] * 3]), "True somewhere in each row"),
        (np.ones((2, 3)), "mask must hold True and False"),
        (np.ones((2, 4), bool), "mask must broadcast to shape"),
        (np.ones((1, 2, 3), bool), "mask must broadcast to shape"),
        ([[True], [True, False]], "mask must hold True and False"),
    ],
)
def test_attention_names_a_bad_mask(mask, says):
    values, _, _ = random_attention((2, 3, 2, 2, 2), 0, False)
    with pytest.raises(ValueError, match=says):
        attended(values, mask)


def test_attention_names_bad_params_normalizers_and_gradients():
    values, _, g = random_attention((2, 3, 2, 2, 2), 0, False)
    _, weights = attended(values)
    F, s, params = values["F"], values["s"], parameters(values)
    for bad in ([1], params | {"c": 1}, {"W": 1}, None):
        with pytest.raises(ValueError, match="params must be a dict with W, U, b"):
            additive_attention(F, s, bad)
        with pytest.raises(ValueError, match="params must be a dict with W, U, b"):
            additive_attention_backward(g, F, s, bad, weights)
    with pytest.raises(ValueError, match="normalizer must be a function"):
        attended(values, None, "softmax")
    for bad in ("softmax", max, [softmax]):
        with pytest.raises(ValueError, match="normalizer must be softmax or sparsemax"):
            gradients_of_attention(g, values, weights, bad)
    with pytest.raises(ValueError, match="g must have shape"):
        gradients_of_attention(g[:1], values, weights)
    with pytest.raises(ValueError, match="g must be finite"):
        gradients_of_attention(g * np.nan, values, weights)
    with pytest.raises(ValueError, match="weights must have shape"):
        gradients_of_attention(g, values, weights[:, :2])


def test_first_weights_of_attention():
    D, H, A = 4, 3, 50
    params = attention_parameters(np.random.default_rng(0), D, H, A)
    shapes = {"W": (A, D), "U": (A, H), "b": (A,), "v": (A,)}
    assert {name: array.shape for name, array in params.items()} == shapes
    assert {array.dtype for array in params.values()} == {np.dtype(float)}
    assert not params["b"].any()
    for name, units in (("W", A + D), ("U", A + H), ("v", A + 1)):
        bound = np.sqrt(6 / units)
        assert_at_most(np.abs(params[name]), bound, name)
        assert np.abs(params[name]).max() > 0.8 * bound
    again = attention_parameters(np.random.default_rng(0), D, H, A)
    for name, array in params.items():
        assert_equal(again[name], array, name)
    with pytest.raises(ValueError, match="rng must be a numpy Generator"):
        attention_parameters(0, D, H, A)
    for sizes in ((0, 1, 1), (1, 0, 1), (1, 1, 0), (1.5, 1, 1)):
        with pytest.raises(ValueError, match="must be a whole number of at least 1"):
            attention_parameters(np.random.default_rng(0), *sizes)


# ---- attention as nodes of a graph


def node_of_attention(operands, mask=None, normalizer=softmax):
    F, params = operands["F"], parameters(operands)
    F = F if isinstance(F, Tensor) else Tensor(F)
    keys = attention_keys(F, params)
    return attention_node(F, keys, operands["s"], params, mask, normalizer)


@on_random_attention
def test_nodes_of_attention_equal_its_gradients(normalizer, shape, seed, masked):
    values, mask, g = random_attention(shape, seed, masked)
    read_only(values)
    nodes = {name: Tensor(value) for name, value in values.items()}
    context, weights = node_of_attention(nodes, mask, normalizer)
    expected, expected_weights = attended(values, mask, normalizer)
    assert_equal(context.value, expected, "context", 1e-12)
    assert_equal(weights, expected_weights, "weights", 1e-12)
    (context * g).sum().backward()
    found = {name: node.gradient for name, node in nodes.items()}
    theirs = gradients_of_attention(g, values, expected_weights, normalizer)
    assert_same_gradients(found, theirs)


@on_both_normalizers
def test_a_graph_with_attention_can_be_gone_through_twice(normalizer):
    values, mask, g = random_attention((2, 3, 2, 2, 2), 5, True)
    nodes = {name: Tensor(value) for name, value in values.items()}
    context, _ = node_of_attention(nodes, mask, normalizer)
    result, found = (context * g).sum(), []
    for _ in range(2):
        result.backward()
        found.append({name: node.gradient.copy() for name, node in nodes.items()})
    assert_same_gradients(found[1], found[0], 0)


def test_keys_are_one_layer_above_all_places():
    values, _, _ = random_attention((2, 3, 4, 2, 5), 0, False)
    keys = attention_keys(Tensor(values["F"]), parameters(values))
    expected = values["F"] @ values["W"].T + values["b"]
    assert_equal(keys.value, expected, "keys", 1e-13)


@pytest.mark.parametrize("leaf", ["s", "U", "v", "W", "b"])
def test_nodes_of_attention_take_arrays_beside_a_leaf(leaf):
    values, mask, g = random_attention((2, 3, 2, 2, 2), 3, True)
    node = Tensor(values[leaf])
    context, weights = node_of_attention(values | {leaf: node}, mask)
    (context * g).sum().backward()
    found = gradients_of_attention(g, values, weights)
    assert_equal(node.gradient, found[leaf], leaf, 1e-12)


def random_decoder(cell, shape, seed, masked):
    """Leaves by name, the mask, and a gradient at the states."""
    T, N, L, D, M, H, A = shape
    values, mask, _ = random_attention((N, L, D, H, A), seed, masked)
    rng = np.random.default_rng([seed, 1])
    rows = {"gru": 3, "lstm": 4}[cell] * H
    sizes = {"inputs": (T, N, M), "start": (N, VECTORS[cell] * H)}
    sizes |= {"V": (rows, M + D), "cell U": (rows, H), "cell b": (rows,)}
    del values["s"]
    values |= {name: rng.normal(size=size) for name, size in sizes.items()}
    return values, mask, rng.normal(size=(T, N, VECTORS[cell] * H))


def decoded(cell, operands, mask, normalizer):
    own = {"V": operands["V"], "U": operands["cell U"], "b": operands["cell b"]}
    params = {"attention": parameters(operands), "cell": own}
    F, start, inputs = (operands[name] for name in ("F", "start", "inputs"))
    F = F if isinstance(F, Tensor) else Tensor(F)
    keys = attention_keys(F, params["attention"])
    return attention_decoder(cell, F, keys, start, inputs, params, mask, normalizer)


@on_both_cells
@on_both_normalizers
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape", [(3, 2, 4, 3, 2, 2, 3), (1,) * 7])
def test_a_decoder_with_attention_against_a_loop_in_torch(
    cell, normalizer, masked, shape
):
    values, mask, g = random_decoder(cell, shape, 1, masked)
    leaves, H = in_torch(values), shape[5]
    cell_params = {"V": leaves["V"], "U": leaves["cell U"], "b": leaves["cell b"]}
    total, expected = 0, np.empty(g.shape)
    expected_weights = np.zeros((*g.shape[:2], shape[2]))
    for n in range(shape[1]):
        own = np.ones(shape[2], bool) if mask is None else mask[n]
        state = leaves["start"][n]
        for t, y in enumerate(leaves["inputs"][:, n]):
            context, weights = torch_attention(
                leaves["F"][n], state[:H], leaves, normalizer, torch.tensor(own)
            )
            state = torch_step(cell, torch.cat([y, context]), state, cell_params)
            total = total + (state * torch.tensor(g[t, n])).sum()
            expected[t, n] = state.detach().numpy()
            expected_weights[t, n, own] = weights.detach().numpy()
    total.backward()
    read_only(values)
    nodes = {name: Tensor(value) for name, value in values.items()}
    states, weights = decoded(cell, nodes, mask, normalizer)
    assert_equal(states.value, expected, "states", 1e-11)
    assert_equal(weights, expected_weights, "weights", 1e-11)
    (states * g).sum().backward()
    found = {name: node.gradient for name, node in nodes.items()}
    assert_same_gradients(found, gradients_in(leaves))
    plain, _ = decoded(cell, values, mask, normalizer)
    assert_equal(plain.value, expected, "states of arrays", 1e-11)


@on_both_cells
@on_both_normalizers
def test_gradients_of_a_decoder_with_attention_against_differences(cell, normalizer):
    values, mask, g = random_decoder(cell, (2, 2, 3, 2, 1, 2, 2), 2, True)
    nodes = {name: Tensor(value) for name, value in values.items()}
    states, _ = decoded(cell, nodes, mask, normalizer)
    (states * g).sum().backward()
    for name, value in values.items():

        def product(v, name=name):
            changed = values | {name: v}
            return np.sum(g * decoded(cell, changed, mask, normalizer)[0].value)

        numerical = numerical_gradient(product, value, 1e-5)
        assert_equal(nodes[name].gradient, numerical, f"{cell}, {name}", 1e-7)


def test_a_decoder_with_attention_refuses_another_cell():
    values, mask, _ = random_decoder("gru", (1,) * 7, 0, False)
    with pytest.raises(ValueError, match="cell must be one of gru, lstm"):
        decoded("elman", values, mask, softmax)


# ---- scaled dot-product attention


@example(front=(), seed=0, sizes=(1, 1, 1, 1), kind="none")
@given(
    front=st.lists(st.integers(1, 3), max_size=2).map(tuple),
    seed=seeds,
    sizes=st.tuples(*[st.integers(1, 5)] * 4),
    kind=st.sampled_from(["none", "full", "shared", "keys"]),
)
def test_scaled_attention_equals_that_of_torch(front, seed, sizes, kind):
    T, L, d, e = sizes
    rng = np.random.default_rng(seed)
    Q, K, V = (
        rng.normal(scale=2, size=(*front, *own)) for own in ((T, d), (L, d), (L, e))
    )
    mask = None
    if kind != "none":
        shape = {"full": (*front, T, L), "shared": (T, L), "keys": (L,)}[kind]
        mask = rng.random(shape) < 0.5
        mask[..., rng.integers(L)] = True
        read_only(mask)
    read_only(Q, K, V)
    theirs = torch.nn.functional.scaled_dot_product_attention(
        *map(torch.tensor, (Q, K, V)),
        attn_mask=None
        if mask is None
        else torch.tensor(np.broadcast_to(mask, (*front, T, L)).copy()),
    )
    ours = scaled_dot_product_attention(Q, K, V, mask)
    assert ours.shape == (*front, T, e)
    assert_equal(ours, theirs.numpy(), "outputs", 1e-11)


@given(seed=seeds)
def test_what_is_masked_does_not_matter_for_scaled_attention(seed):
    rng = np.random.default_rng(seed)
    Q, K, V = (rng.normal(size=(2, 4, 3)) for _ in "QKV")
    mask = np.tri(4, dtype=bool)  # a query sees what is not after it
    ours = scaled_dot_product_attention(Q, K, V, mask)
    K[:, 2:], V[:, 2:] = 1e3, -1e3
    other = scaled_dot_product_attention(Q, K, V, mask)
    assert_equal(other[:, :2], ours[:, :2], "earlier outputs", 1e-13)
    order = rng.permutation(4)
    moved = scaled_dot_product_attention(Q, K[:, order], V[:, order], mask[:, order])
    assert_equal(moved, other, "keys in another order", 1e-12)


def test_scaled_attention_keeps_single_precision_and_takes_lists():
    rng = np.random.default_rng(0)
    Q, K, V = (rng.normal(size=(3, 2)).astype(np.float32) for _ in "QKV")
    for mask in (None, np.tri(3, dtype=bool)):
        ours = scaled_dot_product_attention(Q, K, V, mask)
        assert ours.dtype == np.float32
        exact = scaled_dot_product_attention(
            *(a.astype(float) for a in (Q, K, V)), mask
        )
        assert exact.dtype == np.float64
        assert_equal(ours, exact, "outputs", 1e-5)
    assert scaled_dot_product_attention(Q, K.astype(float), V).dtype == np.float64
    assert scaled_dot_product_attention([[1]], [[1]], [[3]]).tolist() == [[3.0]]


def test_scaled_attention_stands_large_numbers():
    Q, K = np.array([[1e150, 0]]), np.array([[1e150, 0], [-1e150, 0], [0, 0]])
    V = np.array([[1.0], [2], [3]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert scaled_dot_product_attention(Q, K, V).tolist() == [[1.0]]
        mask = np.array([[False, True, True]])
        assert scaled_dot_product_attention(Q, K, V, mask).tolist() == [[3.0]]
        mask = np.array([[False, True, False]])
        assert scaled_dot_product_attention(Q, K, V, mask).tolist() == [[2.0]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"Q": np.zeros(4)}, r"Q and K must be \(..., T, d\)"),
        ({"Q": np.zeros((2, 3, 5))}, r"Q and K must be \(..., T, d\)"),
        ({"Q": np.zeros((1, 3, 4))}, "K and V must have the axes in front of Q"),
        ({"K": np.zeros((5, 4))}, "K and V must have the axes in front of Q"),
        ({"V": np.zeros((2, 4, 2))}, "V a row for each of K"),
        ({"V": np.zeros(5)}, "must be"),
        ({"Q": np.full((2, 3, 4), np.nan)}, "Q must be finite"),
        ({"K": np.full((2, 5, 4), np.inf)}, "K must be finite"),
        ({"V": np.full((2, 5, 2), 1e151)}, "V must be at most"),
        ({"Q": np.zeros((2, 0, 4))}, "Q must not be empty"),
        ({"K": None}, "K must be an array of numbers"),
        ({"mask": np.zeros((3, 5), bool)}, "mask must be True somewhere in each row"),
        ({"mask": np.ones((4, 5), bool)}, "mask must broadcast to shape"),
        ({"mask": np.ones((1, 2, 3, 5), bool)}, "mask must broadcast to shape"),
        ({"mask": np.ones((3, 5))}, "mask must hold True and False"),
    ],
)
def test_scaled_attention_names_bad_input(change, says):
    good = {"Q": np.ones((2, 3, 4)), "K": np.ones((2, 5, 4)), "V": np.ones((2, 5, 2))}
    with pytest.raises(ValueError, match=says):
        scaled_dot_product_attention(**good | change)


# ---- search


class Table:
    """A random model of N sentences: the next word depends on all words before.

    The state is the sentence, the place to which the words so far have led in an
    automaton, and their number, without which many targets would be alike.
    """

    def __init__(self, seed, N=2, K=3, places=5, kind="real"):
        rng = np.random.default_rng(seed)
        z = rng.normal(scale=2, size=(N, 8, places, K))
        self.logs = z - np.log(np.exp(z).sum(axis=3, keepdims=True))
        if kind == "whole":  # many are equal, and their sums are exact
            self.logs = -rng.integers(1, 4, size=z.shape).astype(float)
        elif kind == "holes":
            holes = rng.random(z.shape) < 0.4
            holes[..., rng.integers(K)] = False
            self.logs[holes] = -np.inf
        self.next = rng.integers(places, size=(places, K + 1))
        self.stop, self.start, self.K = int(rng.integers(K)), K, K
        self.state = np.stack(
            [np.arange(N), np.zeros(N, int), np.zeros(N, int)], axis=1
        )
        self.calls = 0

    def step(self, tokens, state):
        self.calls += 1
        assert tokens.shape == (len(state),)
        n, place, t = state.T
        place = self.next[place, tokens]
        return self.logs[n, t, place], np.stack([n, place, t + 1], axis=1)

    def log_probability(self, n, words):
        place, total = self.next[0, self.start], 0.0
        for t, word in enumerate(words):
            total = total + self.logs[n, t, place, word]
            place = self.next[place, word]
        return total

    def search(self, width, max_length, alpha=0.0, n=slice(None)):
        return beam_search(
            self.step, self.state[n], self.start, self.stop, width, max_length, alpha
        )

    def hypothesis(self, n, tokens, finished, alpha):
        words = (*tokens, self.stop) if finished else tokens
        log_p = self.log_probability(n, words)
        return Hypothesis(tuple(tokens), log_p, log_p / len(words) ** alpha, finished)

    def everything(self, n, max_length, alpha):
        """All targets that end, and all beginnings of full length, in order."""
        own = [k for k in range(self.K) if k != self.stop]
        found = [
            self.hypothesis(n, tokens, True, alpha)
            for T in range(max_length)
            for tokens in itertools.product(own, repeat=T)
        ]
        full = itertools.product(own, repeat=max_length)
        found += [self.hypothesis(n, tokens, False, alpha) for tokens in full]
        return in_order([one for one in found if one.log_probability > -np.inf])

    def slowly(self, n, width, max_length, alpha):
        """The beam of one sentence, one candidate after the other."""
        beam = [Hypothesis((), 0.0, 0.0, False)]
        for _ in range(max_length):
            candidates = []
            for one in beam:
                if one.finished:
                    candidates.append(one)
                    continue
                for k in range(self.K):
                    done = k == self.stop
                    tokens = one.tokens if done else (*one.tokens, k)
                    candidates.append(self.hypothesis(n, tokens, done, alpha))
            candidates = [one for one in candidates if one.log_probability > -np.inf]
            beam = sorted(candidates, key=lambda one: -one.score)[:width]
            if all(one.finished for one in beam):
                break
        return in_order(beam)


def in_order(hypotheses):
    return sorted(hypotheses, key=lambda one: (not one.finished, -one.score))


def assert_same_beams(ours, theirs):
    assert [(one.tokens, one.finished) for one in ours] == [
        (one.tokens, one.finished) for one in theirs
    ]
    for a, b in zip(ours, theirs, strict=True):
        assert a.log_probability == pytest.approx(b.log_probability, rel=1e-12)
        assert a.score == pytest.approx(b.score, rel=1e-12)


@settings(max_examples=40)
@given(
    seed=seeds,
    K=st.integers(2, 3),
    max_length=st.integers(1, 4),
    alpha=st.sampled_from([0, 0.6, 1, 2.5]),
    kind=st.sampled_from(["real", "holes"]),
)
def test_a_full_beam_finds_every_target_in_order(seed, K, max_length, alpha, kind):
    table = Table(seed, K=K, kind=kind)
    found = table.search(K**max_length, max_length, alpha)
    assert len(found) == 2
    for n, ours in enumerate(found):
        theirs = table.everything(n, max_length, alpha)
        assert_same_beams(ours, theirs)
        assert ours[0] == max(ours, key=lambda one: (one.finished, one.score))


@settings(max_examples=150)
@given(
    seed=seeds,
    K=st.integers(2, 4),
    width=st.integers(1, 5),
    max_length=st.integers(1, 6),
    alpha=st.sampled_from([0, 0.6, 1]),
    kind=st.sampled_from(["real", "holes", "whole"]),
)
def test_a_beam_equals_a_slow_loop(seed, K, width, max_length, alpha, kind):
    table = Table(seed, N=3, K=K, kind=kind)
    before = table.state.copy(), table.logs.copy()
    found = table.search(width, max_length, alpha)
    for n, ours in enumerate(found):
        assert_same_beams(ours, table.slowly(n, width, max_length, alpha))
        assert 1 <= len(ours) <= width
        assert len({(one.tokens, one.finished) for one in ours}) == len(ours)
        for one in ours:
            assert table.stop not in one.tokens
            assert len(one.tokens) + one.finished <= max_length
            words = (*one.tokens, table.stop) if one.finished else one.tokens
            log_p = table.log_probability(n, words)
            assert one.log_probability == pytest.approx(log_p, rel=1e-12)
            score = log_p / len(words) ** alpha
            assert one.score == pytest.approx(score, rel=1e-12)
    assert (table.state == before[0]).all()
    assert (table.logs == before[1]).all()


@given(seed=seeds, width=st.integers(1, 4), alpha=st.sampled_from([0, 1]))
def test_a_search_does_not_depend_on_the_other_sentences(seed, width, alpha):
    table = Table(seed, N=4, K=3)
    together = table.search(width, 5, alpha)
    for n in range(4):
        assert table.search(width, 5, alpha, [n]) == [together[n]]
    assert table.search(width, 5, alpha, [3, 0, 2, 1]) == [
        together[n] for n in (3, 0, 2, 1)
    ]


@given(seed=seeds, kind=st.sampled_from(["real", "holes", "whole"]))
def test_greedy_takes_the_most_probable_word_at_each_step(seed, kind):
    table = Table(seed, N=3, K=4, kind=kind)
    found = greedy(table.step, table.state, table.start, table.stop, 6)
    assert [[one] for one in found] == table.search(1, 6)
    for n, one in enumerate(found):
        place, tokens, finished = table.next[0, table.start], [], False
        while len(tokens) < 6 and not finished:
            word = int(table.logs[n, len(tokens), place].argmax())
            place, finished = table.next[place, word], word == table.stop
            tokens += [] if finished else [word]
        assert (list(one.tokens), one.finished) == (tokens, finished)
        assert one.score == one.log_probability


def array_of(parts):
    return np.concatenate(parts, axis=1)


STATES = {
    "tuple": (tuple, array_of),
    "list": (list, array_of),
    "dict": (lambda p: {"a": p[0], "b": p[1]}, lambda s: array_of([s["a"], s["b"]])),
    "nested": (
        lambda p: {"a": (p[0], None), "b": [{"c": p[1]}]},
        lambda s: array_of([s["a"][0], s["b"][0]["c"]]),
    ),
}


@pytest.mark.parametrize("kind", STATES)
@pytest.mark.parametrize("width", [1, 3])
def test_states_may_be_nested(kind, width):
    pack, unpack = STATES[kind]
    table = Table(7, N=3, K=4)

    def step(tokens, state):
        assert type(state) is type(packed)
        logs, after = table.step(tokens, unpack(state))
        return logs, pack([after[:, :1], after[:, 1:]])

    packed = pack([table.state[:, :1], table.state[:, 1:]])
    found = beam_search(step, packed, table.start, table.stop, width, 5)
    assert found == table.search(width, 5)


def test_without_a_state_there_is_one_sentence():
    logs = np.log([0.5, 0.2, 0.3])

    def step(tokens, state):
        assert state is None
        return np.tile(logs, (len(tokens), 1)), None

    (found,) = beam_search(step, None, 0, 1, 3, 2)
    expected = [((), True, 0.2), ((0, 0), False, 0.25), ((0, 2), False, 0.15)]
    assert [(one.tokens, one.finished) for one in found] == [
        (tokens, finished) for tokens, finished, _ in expected
    ]
    probabilities = np.exp([one.log_probability for one in found])
    assert_equal(probabilities, [0.2, 0.25, 0.15], "probabilities", 1e-12)
    (one,) = greedy(step, None, 0, 1, 4)
    assert (one.tokens, one.finished) == ((0, 0, 0, 0), False)


def fixed(*rows):
    """A step whose log-probabilities are those of the steps so far, for all rows."""
    with np.errstate(divide="ignore"):
        left = [np.log(row) for row in rows]

    def step(tokens, state):
        logs = left.pop(0) if len(left) > 1 else left[0]
        return np.tile(logs, (len(tokens), 1)), state

    return step


def test_a_finished_hypothesis_keeps_its_score_and_its_length():
    step = fixed([0.6, 0.4], [0.01, 0.99])  # stop is 0
    ((first, second),) = beam_search(step, None, 1, 0, 2, 8, 1.0)
    assert (first.tokens, first.finished) == ((), True)
    assert first.log_probability == first.score == pytest.approx(np.log(0.6), rel=1e-15)
    assert (second.tokens, second.finished) == ((1,) * 8, False)
    log_p = np.log(0.4) + 7 * np.log(0.99)
    assert second.log_probability == pytest.approx(log_p, rel=1e-12)
    assert second.score == pytest.approx(log_p / 8, rel=1e-12)


def test_finished_ones_come_first_even_if_their_score_is_lower():
    step = fixed([0.1, 0.9])
    (found,) = beam_search(step, None, 1, 0, 3, 3)
    assert [one.finished for one in found] == [True, True, False]
    assert found[2].score > found[0].score > found[1].score


def test_a_length_penalty_prefers_longer_targets():
    tokens = [
        beam_search(fixed([0.5, 0.5], [0.35, 0.65]), None, 1, 0, 8, 8, alpha)[0][
            0
        ].tokens
        for alpha in (0, 2)
    ]
    assert tokens[0] == ()
    assert len(tokens[1]) > 3


def test_of_equal_ones_the_first_word_is_taken():
    step = fixed([0.25] * 4)
    (found,) = beam_search(step, None, 0, 3, 4, 2)
    assert [one.tokens for one in found] == [(), (0, 0), (0, 1), (0, 2)]
    (one,) = greedy(step, None, 0, 3, 3)
    assert one.tokens == (0, 0, 0)


def test_a_search_ends_when_all_are_finished():
    table = Table(0, N=3)
    table.logs[:] = -5.0
    table.logs[..., table.stop] = -0.01
    (*_, last) = greedy(table.step, table.state, table.start, table.stop, 50)
    assert table.calls == 1
    assert last == Hypothesis((), -0.01, -0.01, True)


def test_a_beam_may_be_wider_than_what_is_possible():
    found = beam_search(fixed([1e-300, 0, 1]), None, 0, 2, 9, 1)
    assert [(one.tokens, one.finished) for one in found[0]] == [
        ((), True),
        ((0,), False),
    ]


def test_hypotheses_hold_plain_numbers_and_are_frozen():
    (one,), *_ = Table(1).search(1, 3)
    kinds = [type(getattr(one, field.name)) for field in dataclasses.fields(one)]
    assert kinds == [tuple, float, float, bool]
    assert {type(token) for token in one.tokens} <= {int}
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.score = 0.0


def test_logarithms_may_be_lists_single_and_a_little_above_zero():
    def step(tokens, state):
        return [[np.float32(1e-7), -20.0]] * len(tokens), state

    (found,) = beam_search(step, None, 1, 0, 1, 3)
    assert found[0].tokens == ()
    single = Table(3)
    exact = single.search(3, 4)
    single.logs = single.logs.astype(np.float32)
    for ours, theirs in zip(single.search(3, 4), exact, strict=True):
        assert [one.tokens for one in ours] == [one.tokens for one in theirs]
        assert ours[0].score == pytest.approx(theirs[0].score, rel=1e-5)


SEARCH = {"start": 3, "stop": 2, "width": 2, "max_length": 3, "length_penalty": 0.0}


def uniform(tokens, state):
    return np.full((len(tokens), 3), -1.0), state


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"step": 5}, "step must be a function, got int"),
        ({"state": 5}, "state must be arrays, in tuples, lists or dicts, got int"),
        ({"state": "ab"}, "state must be arrays"),
        ({"state": [1.0]}, "state must be arrays"),
        ({"state": ()}, "state must hold arrays with a row for each"),
        ({"state": (None,)}, "state must hold arrays with a row for each"),
        ({"state": np.zeros((0, 2))}, "state must hold arrays with a row for each"),
        ({"state": (np.zeros(2), np.zeros(3))}, r"a row for each .* \[2, 3\]"),
        ({"start": -1}, "start must"),
        ({"start": 1.0}, "start must"),
        ({"stop": -1}, "stop must"),
        ({"stop": None}, "stop must"),
        ({"stop": 3}, "stop must be below 3, got 3"),
        ({"width": 0}, "width must"),
        ({"width": 1.5}, "width must"),
        ({"max_length": 0}, "max_length must"),
        ({"max_length": True}, "max_length must"),
        ({"length_penalty": -0.1}, "length_penalty must .* at least 0"),
        ({"length_penalty": np.nan}, "length_penalty must"),
        ({"length_penalty": "a"}, "length_penalty must"),
    ],
)
def test_a_search_names_bad_input(change, says):
    good = {"step": uniform, "state": np.zeros((2, 1))} | SEARCH
    with pytest.raises(ValueError, match=says):
        beam_search(**good | change)
    greedy_knows = set(change) <= {"step", "state", "start", "stop", "max_length"}
    if greedy_knows:
        del good["width"], good["length_penalty"]
        with pytest.raises(ValueError, match=says):
            greedy(**good | change)


@pytest.mark.parametrize(
    ("logs", "says"),
    [
        (np.full((4, 3), np.nan), "step must return logarithms of at most 0, got nan"),
        (np.full((4, 3), 0.1), "step must return logarithms of at most 0, got 0.1"),
        (np.full((4, 3), np.inf), "step must return logarithms of at most 0, got inf"),
        (np.full((4, 3), -np.inf), "step must leave some word a probability above 0"),
        (np.zeros((3, 3)), r"step must return log-probabilities of shape \(4, K\)"),
        (np.zeros((1, 3)), r"step must return log-probabilities of shape \(4, K\)"),
        (np.zeros(3), r"step must return log-probabilities of shape \(4, K\)"),
        (np.zeros((4, 3, 1)), r"step must return log-probabilities of shape \(4, K\)"),
        (np.zeros((4, 3), int), "step must return log-probabilities"),
        ("abc", "step must return log-probabilities"),
        (None, "step must return log-probabilities"),
        (np.zeros((4, 2)), "stop must be below 2, got 2"),
        (np.zeros((4, 0)), "stop must be below 0"),
    ],
)
def test_a_search_names_a_step_that_returns_something_else(logs, says):
    with pytest.raises(ValueError, match=says):
        beam_search(lambda tokens, state: (logs, state), np.zeros((2, 1)), **SEARCH)


def test_a_search_refuses_one_nan_and_a_state_it_does_not_know():
    logs = np.full((4, 3), -1.0)
    logs[3, 2] = np.nan
    with pytest.raises(ValueError, match="step must return logarithms"):
        beam_search(lambda tokens, state: (logs, state), np.zeros((2, 1)), **SEARCH)
    with pytest.raises(ValueError, match="state must be arrays"):
        beam_search(lambda t, _: (uniform(t, 0)[0], 5), np.zeros((2, 1)), **SEARCH)


@given(seed=seeds, count=st.integers(1, 3), kind=st.sampled_from(["real", "holes"]))
def test_an_ensemble_averages_probabilities(seed, count, kind):
    tables = [Table([seed, k], N=2, K=3, kind=kind) for k in range(count)]
    step = ensemble([table.step for table in tables])
    tokens, states = np.array([0, 2]), tuple(table.state for table in tables)
    logs, after = step(tokens, states)
    parts = [table.step(tokens, table.state) for table in tables]
    mean = sum(np.exp(own) for own, _ in parts) / count
    assert_equal(np.exp(logs), mean, "probabilities", 1e-12)
    assert isinstance(after, tuple)
    for ours, (_, theirs) in zip(after, parts, strict=True):
        assert (ours == theirs).all()
    assert (np.isneginf(logs) == (mean == 0)).all()


def test_an_ensemble_can_be_searched():
    table = Table(5, N=2, K=4)
    step = ensemble((table.step, table.step))
    for states in ((table.state, table.state), [table.state, table.state]):
        found = beam_search(step, states, table.start, table.stop, 3, 5)
        for ours, theirs in zip(found, table.search(3, 5), strict=True):
            assert_same_beams(ours, theirs)
    pair = table, Table(6, N=2, K=4)
    pair[1].stop = table.stop
    step = ensemble([own.step for own in pair])
    states = tuple(own.state for own in pair)
    for n, one in enumerate(greedy(step, states, table.start, table.stop, 4)):
        places = [own.next[0, own.start] for own in pair]
        total, words = 0.0, (*one.tokens, table.stop) if one.finished else one.tokens
        for t, word in enumerate(words):
            both = list(zip(pair, places, strict=True))
            mean = sum(np.exp(own.logs[n, t, at]) for own, at in both) / 2
            assert mean.argmax() == word
            total += np.log(mean[word])
            places = [own.next[at, word] for own, at in both]
        assert one.log_probability == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize(
    "steps", [[], (), uniform, None, [uniform, 5], "ab", {uniform}]
)
def test_an_ensemble_names_bad_steps(steps):
    with pytest.raises(ValueError, match="steps must be a list of functions"):
        ensemble(steps)


def test_an_ensemble_needs_a_state_for_each():
    step = ensemble([uniform, uniform])
    with pytest.raises(ValueError, match="zip|states"):
        beam_search(step, (np.zeros((2, 1)),), **SEARCH)


# ---- BLEU

sentences = st.lists(st.sampled_from(["a", "b", "c"]), max_size=9)
corpora = st.lists(st.tuples(sentences, sentences.filter(len)), min_size=1, max_size=4)


@settings(max_examples=150)
@given(corpus=corpora, order=st.integers(1, 5))
def test_bleu_equals_that_of_sacrebleu(corpus, order):
    hypotheses, references = map(list, zip(*corpus, strict=True))
    metric = sacrebleu.metrics.BLEU(
        tokenize="none", smooth_method="none", max_ngram_order=order, force=True
    )
    theirs = metric.corpus_score(
        [" ".join(one) for one in hypotheses], [[" ".join(one) for one in references]]
    )
    ours = bleu(hypotheses, references, order)
    assert isinstance(ours, float)
    assert 0 <= ours <= 100 + 1e-9
    assert ours == pytest.approx(theirs.score, abs=1e-9)
    if order == 4:
        assert bleu(hypotheses, references) == ours


def test_bleu_of_long_sentences_equals_that_of_sacrebleu():
    rng = np.random.default_rng(0)
    references = [list(rng.choice(list("abcdefgh"), 20)) for _ in range(30)]
    for cut in (12, 20, 24):  # shorter, as long, longer
        hypotheses = [(list(one) + ["x"] * 4)[:cut] for one in references]
        for one in hypotheses[::3]:
            one[3] = one[4] = "y"
        theirs = sacrebleu.corpus_bleu(
            [" ".join(one) for one in hypotheses],
            [[" ".join(one) for one in references]],
            tokenize="none",
            smooth_method="none",
            force=True,
        ).score
        assert bleu(hypotheses, references) == pytest.approx(theirs, rel=1e-12)


def test_bleu_of_known_cases():
    reference = ["the", "cat", "is", "on", "the", "mat"]
    assert bleu([reference], [reference]) == pytest.approx(100)
    assert bleu([tuple(reference)], [tuple(reference)]) == pytest.approx(100)
    assert bleu([["the"] * 7], [reference], 1) == pytest.approx(100 * 2 / 7)
    brief = bleu([reference[:3]], [reference], 1)
    assert brief == pytest.approx(100 * np.exp(1 - 6 / 3))
    assert bleu([[]], [reference]) == 0
    assert bleu([["dog"]], [reference]) == 0
    assert bleu([["cat", "the", "is", "on"]], [reference]) == 0, "no four in order"
    # Counts are added over the corpus before they are divided.
    both = bleu([["a"], ["b", "c", "d"]], [["a"], ["b", "x", "y"]], 1)
    assert both == pytest.approx(100 * 2 / 4)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ab", [["a"]]), "hypotheses must be a list of lists of words"),
        ((None, [["a"]]), "hypotheses must be a list of lists of words"),
        (([], []), "hypotheses must be a list of lists of words, not empty"),
        ((["ab"], [["a"]]), r"hypotheses\[0\] must be a list of words"),
        (([["a"], [1]], [["a"], ["b"]]), r"hypotheses\[1\] must be a list of words"),
        (([["a"]], "a"), "references must be a list of lists of words"),
        (([["a"]], ["a"]), r"references\[0\] must be a list of words"),
        (([["a"]], [[]]), r"references\[0\] must have at least one word"),
        (([["a"]], [["a"], ["b"]]), "references must be one for each of 1 hyp.* got 2"),
        (([["a"]], [["a"]], 0), "max_order must"),
        (([["a"]], [["a"]], 1.5), "max_order must"),
    ],
)
def test_bleu_names_bad_input(arguments, says):
    with pytest.raises(ValueError, match=says):
        bleu(*arguments)


# ---- the whole model

MODELS = {
    "gru": {"cell": "gru"},
    "lstm, two layers, reversed": {"cell": "lstm", "layers": 2, "reverse": True},
    "gru, softmax": {"cell": "gru", "attention": "softmax"},
    "gru, sparsemax": {"cell": "gru", "attention": "sparsemax"},
    "lstm, softmax": {"cell": "lstm", "attention": "softmax"},
}
on_all_models = pytest.mark.parametrize("kind", MODELS)
SOURCES = [["a", "b", "c"], ["c"], ["b", "b"], ["a", "c", "c", "a"]]
TARGETS = [["y", "x"], [], ["x", "x", "y"], ["y"]]


def tiny(kind, seed=0, double=False, hidden=3):
    """A model with weights that matter, which may compute in double precision."""
    rng = np.random.default_rng(seed)
    model = Seq2Seq(list("abc"), ["x", "y"], hidden, rng, embedding=2, **MODELS[kind])
    for name, value in model.params.items():
        value += np.random.default_rng(len(name)).normal(scale=0.5, size=value.shape)
    if double:
        model._weights = lambda: {k: Tensor(v) for k, v in model.params.items()}
    return model


def group(leaves, name):
    start = name + "."
    return {k.removeprefix(start): v for k, v in leaves.items() if k.startswith(start)}


def torch_translation(model, kind, leaves, source, target):
    """Log-probabilities (T, V + 1) under a target, and attention's weights (T, L)."""
    options, vectors = MODELS[kind], VECTORS[MODELS[kind]["cell"]]
    cell, H = options["cell"], leaves["P"].shape[1]
    x = leaves["source"][[model.source_words.index(word) for word in source]]
    numbers = [model.target_words.index(word) for word in target]
    y = leaves["target"][[len(model.target_words) + 1, *numbers]]

    def layer(x, state, params):
        states = []
        for row in x:
            state = torch_step(cell, row, state, params)
            states.append(state)
        return torch.stack(states)

    zero = torch.zeros(vectors * H, dtype=torch.float64)
    outputs, seen = [], []
    if "attention" not in options:
        x = x.flip(0) if options.get("reverse") else x
        for k in range(options.get("layers", 1)):
            states = layer(x, zero, group(leaves, f"encoder{k}"))
            x = states[:, :H]
            y = layer(y, states[-1], group(leaves, f"decoder{k}"))[:, :H]
        outputs = y
    else:
        to_right = layer(x, zero, group(leaves, "forwards"))[:, :H]
        to_left = layer(x.flip(0), zero, group(leaves, "backwards"))[:, :H].flip(0)
        F, state = torch.cat([to_right, to_left], dim=1), leaves["first"]
        normalizer = {"softmax": softmax, "sparsemax": sparsemax}[options["attention"]]
        for row in y:
            params = group(leaves, "attention")
            context, weights = torch_attention(F, state[:H], params, normalizer)
            read = torch.cat([row, context])
            state = torch_step(cell, read, state, group(leaves, "cell"))
            outputs.append(state[:H])
            seen.append(weights.detach().numpy())
        outputs = torch.stack(outputs)
    return (outputs @ leaves["P"].T + leaves["b"]).log_softmax(dim=1), np.array(seen)


def torch_log_probabilities(model, kind, leaves, sources=SOURCES, targets=TARGETS):
    totals = []
    for source, target in zip(sources, targets, strict=True):
        logs, _ = torch_translation(model, kind, leaves, source, target)
        numbers = [model.target_words.index(word) for word in target]
        totals.append(sum(logs[t, k] for t, k in enumerate([*numbers, model.stop])))
    return torch.stack(totals)


class Recorder(Adam):
    """Keeps what an optimiser is given, and does nothing."""

    def __init__(self, learning_rate):
        super().__init__(learning_rate)
        self.seen = []
        Recorder.last = self

    def step(self, params, gradients):
        self.seen.append((self.learning_rate, [g.copy() for g in gradients]))


@on_all_models
def test_log_probability_equals_that_of_a_model_in_torch(kind):
    model = tiny(kind)
    theirs = torch_log_probabilities(model, kind, in_torch(model.params))
    theirs = theirs.detach().numpy()
    assert_equal(model.log_probability(SOURCES, TARGETS), theirs, "single", 1e-5)
    double = tiny(kind, double=True)
    found = double.log_probability(SOURCES, TARGETS)
    assert found.dtype == np.float64
    assert_equal(found, theirs, "double", 1e-12)


@on_all_models
def test_the_gradient_of_the_loss_equals_that_of_a_model_in_torch(kind, monkeypatch):
    model = tiny(kind, double=True)
    monkeypatch.setattr(module, "Adam", Recorder)
    (loss,) = model.fit(SOURCES, TARGETS, epochs=1, clip=1e9)
    leaves = in_torch(model.params)
    n_words = sum(len(target) + 1 for target in TARGETS)
    theirs = -torch_log_probabilities(model, kind, leaves).sum() / n_words
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), rel=1e-12)
    ((_, gradients),) = Recorder.last.seen
    ours = dict(zip(model.params, gradients, strict=True))
    assert_same_gradients(ours, gradients_in(leaves), 1e-11)


@pytest.mark.parametrize("kind", ["gru", "lstm, softmax"])
def test_the_gradient_of_the_loss_against_differences(kind, monkeypatch):
    model = tiny(kind, double=True, hidden=2)
    monkeypatch.setattr(module, "Adam", Recorder)
    sources, targets = SOURCES[:2], TARGETS[:2]
    model.fit(sources, targets, epochs=1, clip=1e9)
    ((_, gradients),) = Recorder.last.seen
    n_words = sum(len(target) + 1 for target in targets)
    for (name, value), ours in zip(model.params.items(), gradients, strict=True):

        def loss(v, name=name, value=value):
            model.params[name] = v
            total = -model.log_probability(sources, targets).sum() / n_words
            model.params[name] = value
            return total

        numerical = numerical_gradient(loss, value, 1e-5)
        if max(np.abs(numerical).max(), np.abs(ours).max()) > 1e-9:
            assert_equal(ours, numerical, name, 1e-6)


@on_all_models
def test_log_probability_is_the_sum_of_the_steps(kind):
    model = tiny(kind)
    whole = model.log_probability(SOURCES, TARGETS)
    for n, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        state, last, total = model.encode([source]), model.start, 0.0
        for word in [*target, None]:
            logs, state = model.step(np.array([last]), state)
            assert logs.shape == (1, 3)
            assert logs.dtype == np.float64
            assert np.exp(logs).sum() == pytest.approx(1)
            last = model.stop if word is None else model.target_words.index(word)
            total += logs[0, last]
        assert whole[n] == pytest.approx(total, rel=1e-5)


@on_all_models
def test_padding_does_not_change_a_sentence(kind):
    model = tiny(kind, double=True)
    together = model.log_probability(SOURCES, TARGETS)
    state = model.encode(SOURCES)
    for n, (source, target) in enumerate(zip(SOURCES, TARGETS, strict=True)):
        (alone,) = model.log_probability([source], [target])
        assert together[n] == pytest.approx(alone, rel=1e-12)
        first, _ = model.step(np.array([model.start]), model.encode([source]))
        among, _ = model.step(np.full(4, model.start), state)
        assert_equal(among[n], first[0], "first word", 1e-12)


@on_all_models
def test_the_probabilities_of_all_targets_add_up(kind):
    """With those of all beginnings of full length, which do not stop."""
    model = tiny(kind, double=True)
    targets = [list(t) for T in range(3) for t in itertools.product("xy", repeat=T)]
    sources = [["a", "b"]] * len(targets)
    total = np.exp(model.log_probability(sources, targets)).sum()
    rest = beam_search(
        model.step, model.encode([["a", "b"]]), model.start, model.stop, 27, 3
    )[0]
    total += np.exp([one.log_probability for one in rest if not one.finished]).sum()
    assert total == pytest.approx(1, rel=1e-9)


@on_all_models
def test_a_wide_beam_decodes_the_most_probable_target(kind):
    model = tiny(kind, seed=3, double=True)
    targets = [list(t) for T in range(3) for t in itertools.product("xy", repeat=T)]
    found = model.decode(SOURCES, width=27, max_length=3)
    for source, best in zip(SOURCES, found, strict=True):
        logs = model.log_probability([source] * len(targets), targets)
        assert best == targets[int(logs.argmax())]
    penalised = model.decode(SOURCES, 27, 3, 1.5)
    for source, best in zip(SOURCES, penalised, strict=True):
        logs = model.log_probability([source] * len(targets), targets)
        scores = logs / np.array([len(t) + 1 for t in targets]) ** 1.5
        assert best == targets[int(scores.argmax())]


@on_all_models
def test_greedy_decoding_equals_a_loop(kind):
    model = tiny(kind, seed=1)
    found = model.decode(SOURCES, max_length=6)
    assert found == model.decode(SOURCES, width=1, max_length=6)
    for source, ours in zip(SOURCES, found, strict=True):
        state, last, written = model.encode([source]), model.start, []
        for _ in range(6):
            logs, state = model.step(np.array([last]), state)
            last = int(logs.argmax())
            if last == model.stop:
                break
            written.append(model.target_words[last])
        assert ours == written
    wide = model.decode(SOURCES, width=4, max_length=6)
    assert wide == [model.decode([one], width=4, max_length=6)[0] for one in SOURCES]
    model.params["b"][model.stop] = -1e3
    assert [len(one) for one in model.decode(SOURCES, max_length=5)] == [5] * 4
    model.params["b"][model.stop] = 1e3
    assert model.decode(SOURCES) == [[]] * 4


@pytest.mark.parametrize("kind", [kind for kind in MODELS if "max" in kind])
def test_attention_of_a_model_equals_that_in_torch(kind):
    model = tiny(kind, double=True)
    seen = model.attend(SOURCES, TARGETS)
    leaves = in_torch(model.params)
    for weights, source, target in zip(seen, SOURCES, TARGETS, strict=True):
        assert weights.shape == (len(target) + 1, len(source))
        assert (weights >= 0).all()
        assert_equal(weights.sum(axis=1), np.ones(len(target) + 1), "sums", 1e-12)
        _, theirs = torch_translation(model, kind, leaves, source, target)
        assert_equal(weights, theirs, "weights", 1e-11)
    single = tiny(kind).attend(SOURCES, TARGETS)
    for weights, exact in zip(single, seen, strict=True):
        assert_at_most(np.abs(weights - exact), 1e-4, "weights")


@on_all_models
def test_parameters_are_double_and_change_by_fitting_alone(kind):
    model = tiny(kind)
    shapes = {"source": (3, 2), "target": (4, 2), "P": (3, 3), "b": (3,)}
    for name, shape in shapes.items():
        assert model.params[name].shape == shape
    before, arrays = copy.deepcopy(model.params), dict(model.params)
    sources, targets = copy.deepcopy(SOURCES), copy.deepcopy(TARGETS)
    model.log_probability(sources, targets)
    state = model.encode(sources)
    read_only(*state)
    model.step(np.zeros(4, int), state)
    model.decode(sources, 2, 3, 0.5)
    if model.attention:
        model.attend(sources, targets)
    for name, value in model.params.items():
        assert_equal(value, before[name], name)
    losses = model.fit(sources, targets, epochs=3, batch_size=2)
    assert (sources, targets) == (SOURCES, TARGETS)
    assert len(losses) == 3
    assert {type(loss) for loss in losses} == {float}
    for name, value in model.params.items():
        assert value.dtype == np.float64
        assert value is arrays[name]
        assert (value != before[name]).any(), name


@on_all_models
def test_states_of_a_model_are_in_single_precision(kind):
    model = tiny(kind)
    state = model.encode(SOURCES)
    _, after = model.step(np.zeros(4, int), state)
    for before, part in zip(state, after, strict=True):
        assert len(part) == 4
        assert part.shape == before.shape
        assert part.dtype == before.dtype
        assert part.dtype in (np.float32, bool)


def test_batches_are_of_pairs_of_similar_length(monkeypatch):
    seen = []
    cut = module.bucket_by_length

    def spy(lengths, batch_size):
        seen.append((list(lengths), batch_size))
        return cut(lengths, batch_size)

    monkeypatch.setattr(module, "bucket_by_length", spy)
    tiny("gru").fit(SOURCES, TARGETS, epochs=2, batch_size=3)
    assert seen == [([5, 1, 5, 5], 3)]


@on_all_models
def test_a_model_is_determined_by_its_generator(kind):
    models = [
        Seq2Seq(list("abc"), ["x", "y"], 3, np.random.default_rng(seed), **MODELS[kind])
        for seed in (1, 1, 2)
    ]
    losses = [model.fit(SOURCES, TARGETS, epochs=2, batch_size=1) for model in models]
    assert losses[0] == losses[1] != losses[2]
    for name, value in models[0].params.items():
        assert_equal(models[1].params[name], value, name)


def test_first_weights_of_a_model():
    rng = np.random.default_rng(0)
    model = Seq2Seq([str(k) for k in range(400)], list("xy"), 4, rng, layers=2)
    assert model.params["source"].shape == (400, 32)
    assert model.params["source"].std() == pytest.approx(0.3, rel=0.05)
    assert model.params["encoder0.V"].shape == (12, 32)
    assert model.params["encoder1.V"].shape == (12, 4)
    assert model.params["decoder1.U"].shape == (12, 4)
    assert not model.params["b"].any()
    assert (model.stop, model.start) == (2, 3)
    rng = np.random.default_rng(0)
    model = Seq2Seq(["a"], ["x"], 4, rng, "softmax", 5, cell="lstm")
    shapes = {"first": (8,), "cell.V": (16, 13), "attention.W": (4, 8)}
    shapes |= {"attention.U": (4, 4), "forwards.V": (16, 5), "backwards.U": (16, 4)}
    for name, shape in shapes.items():
        assert model.params[name].shape == shape
    assert not model.params["first"].any()
    assert model.attention == "softmax"


def test_the_learning_rate_falls_and_gradients_are_clipped(monkeypatch):
    monkeypatch.setattr(module, "Adam", Recorder)
    model = tiny("gru", double=True)
    model.fit(SOURCES, TARGETS, epochs=4, batch_size=2, learning_rate=0.1, clip=0.01)
    seen = Recorder.last.seen
    left = 1 - np.arange(8) / 8
    expected = 0.1 * np.minimum(1, 2 * left + 0.02)
    assert_equal([rate for rate, _ in seen], expected, "rates", 1e-12)
    for _, gradients in seen:
        norm = np.sqrt(sum((g**2).sum() for g in gradients))
        assert norm == pytest.approx(0.01)


def test_the_loss_of_an_epoch_is_the_mean_over_batches_of_any_size(monkeypatch):
    monkeypatch.setattr(module, "Adam", Recorder)
    model = tiny("gru, softmax", double=True)
    sources = [["a"], ["b"], ["c"], ["a"], ["b"]]
    targets = [["x"], ["y"], ["x"], ["y"], ["y"]]
    losses = model.fit(sources, targets, epochs=2, batch_size=2)
    expected = -model.log_probability(sources, targets).sum() / 10
    assert losses == pytest.approx([expected, expected], rel=1e-12)
    assert len(Recorder.last.seen) == 6


LEARNERS = {
    "gru": ({"cell": "gru", "reverse": True}, 20),
    "lstm": ({"cell": "lstm", "layers": 1}, 30),
    "gru, softmax": ({"cell": "gru", "attention": "softmax"}, 12),
    "gru, sparsemax": ({"cell": "gru", "attention": "sparsemax"}, 12),
    "lstm, softmax": ({"cell": "lstm", "attention": "softmax"}, 14),
    "lstm, sparsemax": ({"cell": "lstm", "attention": "sparsemax"}, 14),
}


@pytest.mark.parametrize("kind", LEARNERS)
def test_a_model_learns_to_say_words_backwards(kind):
    options, epochs = LEARNERS[kind]
    sources = [
        list(words)
        for T in range(1, 4)
        for words in itertools.product("abcd", repeat=T)
    ]
    targets = [[word.upper() for word in reversed(one)] for one in sources]
    rng = np.random.default_rng(0)
    model = Seq2Seq(list("abcd"), list("ABCD"), 24, rng, embedding=8, **options)
    losses = model.fit(sources, targets, epochs, batch_size=4, learning_rate=0.02)
    assert losses[-1] < 0.1 * losses[0]
    for width in (1, 3):
        found = model.decode(sources, width, max_length=8)
        right = np.mean([a == b for a, b in zip(found, targets, strict=True)])
        assert right > 0.9
    own = np.exp(model.log_probability(sources, targets))
    assert own.mean() > 0.8


def test_two_models_decode_together():
    models = [tiny("gru", 1, double=True), tiny("lstm, softmax", 2, double=True)]
    step = ensemble([model.step for model in models])
    states = tuple(model.encode(SOURCES) for model in models)
    start, stop = models[0].start, models[0].stop
    found = beam_search(step, states, start, stop, 27, 3)
    for n, (best, *_) in enumerate(found):
        alone = tuple(model.encode([SOURCES[n]]) for model in models)
        own = beam_search(step, alone, start, stop, 27, 3)[0][0]
        assert own.tokens == best.tokens
        assert own.score == pytest.approx(best.score, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"source_words": "abc"}, "source_words must be a list of words"),
        ({"source_words": []}, "source_words must be different words, at least one"),
        ({"source_words": ["a", "a"]}, "source_words must be different words"),
        ({"source_words": [1]}, "source_words must be a list of words"),
        ({"target_words": "xy"}, "target_words must be a list of words"),
        ({"target_words": ["x", "x"]}, "target_words must be different words"),
        ({"hidden": 0}, "hidden must"),
        ({"hidden": 2.5}, "hidden must"),
        ({"embedding": 0}, "embedding must"),
        ({"layers": 0}, "layers must"),
        ({"rng": 3}, "rng must be a numpy Generator"),
        ({"cell": "elman"}, "cell must be one of gru, lstm"),
        ({"cell": None}, "cell must be one of gru, lstm"),
        ({"cell": "rnn", "attention": "softmax"}, "cell must be one of gru, lstm"),
        ({"attention": "dot"}, "attention must be None, softmax or sparsemax"),
        ({"attention": softmax}, "attention must be None, softmax or sparsemax"),
        ({"attention": "softmax", "layers": 2}, "layers must be 1"),
        ({"attention": "sparsemax", "reverse": True}, "reverse False"),
    ],
)
def test_a_model_names_bad_input(change, says):
    good = {"source_words": ["a"], "target_words": ["x"], "hidden": 2}
    good |= {"rng": np.random.default_rng(0)}
    with pytest.raises(ValueError, match=says):
        Seq2Seq(**good | change)


BAD_SENTENCES = [
    (5, "{} must be a list of lists of words"),
    (None, "{} must be a list of lists of words"),
    ("ab", "{} must be a list of lists of words"),
    ([], "{} must hold at least one sentence"),
    (["ab"], r"{}\[0\] must be a list of words"),
    ([5], r"{}\[0\] must be a list of words"),
    ([["q"]], r"{}\[0\] has an unknown word, 'q'"),
    ([[99]], r"{}\[0\] has an unknown word, 99"),
    ([[-1]], r"{}\[0\] has an unknown word, -1"),
    ([[True]], r"{}\[0\] has an unknown word, True"),
]


@pytest.mark.parametrize(("bad", "says"), BAD_SENTENCES)
def test_a_model_names_bad_sentences(bad, says):
    model = tiny("gru, softmax")
    before = copy.deepcopy(model.params)
    for call in (model.fit, model.log_probability, model.attend):
        with pytest.raises(ValueError, match=says.format("sources")):
            call(bad, [["x"]])
        with pytest.raises(ValueError, match=says.format("targets")):
            call([["a"]], bad)
    for call in (model.encode, model.decode):
        with pytest.raises(ValueError, match=says.format("sources")):
            call(bad)
    for name, value in model.params.items():
        assert_equal(value, before[name], name)


def test_a_model_names_empty_sources_and_pairs_that_do_not_match():
    model = tiny("gru")
    for call in (model.encode, model.decode):
        with pytest.raises(ValueError, match=r"sources\[1\] must have at least one wo"):
            call([["a"], []])
    for call in (model.fit, model.log_probability):
        with pytest.raises(ValueError, match=r"sources\[1\] must have at least one wo"):
            call([["a"], []], [["x"], ["x"]])
        with pytest.raises(ValueError, match="targets must be one for each of 1 sourc"):
            call([["a"]], [["x"], ["y"]])
    with pytest.raises(ValueError, match="attention must be softmax or sparsemax"):
        model.attend([["a"]], [["x"]])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"epochs": 0}, "epochs must"),
        ({"epochs": 1.5}, "epochs must"),
        ({"batch_size": 0}, "batch_size must"),
        ({"learning_rate": 0}, "learning_rate must .* above 0"),
        ({"learning_rate": np.inf}, "learning_rate must"),
        ({"clip": 0}, "clip must .* above 0"),
        ({"clip": "a"}, "clip must"),
    ],
)
def test_fitting_names_bad_input(change, says):
    model = tiny("gru")
    with pytest.raises(ValueError, match=says):
        model.fit(SOURCES, TARGETS, **change)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"width": 0}, "width must"),
        ({"max_length": 0}, "max_length must"),
        ({"length_penalty": -1}, "length_penalty must"),
    ],
)
def test_decoding_names_bad_input(change, says):
    with pytest.raises(ValueError, match=says):
        tiny("lstm, softmax").decode(SOURCES, **change)


def test_sentences_may_be_tuples_and_the_vocabulary_is_copied():
    source_words = ["a", "b", "c"]
    model = Seq2Seq(source_words, ("x", "y"), 2, np.random.default_rng(0))
    ours = model.log_probability((("a", "b"),), ((),))
    assert ours.shape == (1,)
    assert_equal(ours, model.log_probability([["a", "b"]], [[]]), "tuples")
    source_words.append("d")
    assert model.source_words == ["a", "b", "c"]
    assert model.target_words == ["x", "y"]


# ---- what a search, an ensemble and a model refuse


def test_a_search_refuses_states_with_other_rows_than_its_hypotheses():
    for rows in (2, 8):
        with pytest.raises(ValueError, match="step must return states of 4 rows"):
            beam_search(
                lambda tokens, _, rows=rows: (
                    np.full((4, 3), -1.0),
                    np.zeros((rows, 1)),
                ),
                np.zeros((2, 1)),
                **SEARCH,
            )


@pytest.mark.parametrize("result", [None, (1, 2, 3), np.zeros((4, 3))])
def test_a_search_asks_a_step_for_a_pair(result):
    with pytest.raises(ValueError, match="step must return a pair"):
        beam_search(lambda tokens, state: result, np.zeros((2, 1)), **SEARCH)


def test_a_search_refuses_what_it_cannot_raise_to_a_power():
    with pytest.raises(ValueError, match="length_penalty must be at most 10"):
        beam_search(uniform, np.zeros((2, 1)), **(SEARCH | {"length_penalty": 700}))


@pytest.mark.parametrize("state", [np.array(5.0), (np.zeros((2, 1)), np.array(5.0))])
def test_a_state_has_a_row_for_each_sentence(state):
    with pytest.raises(ValueError, match="a row for each sentence"):
        beam_search(uniform, state, **SEARCH)


def test_a_state_may_be_a_named_tuple():
    state_type = collections.namedtuple("state_type", "first second")
    seen = []

    def step(tokens, state):
        seen.append(type(state))
        return np.log(np.full((len(tokens), 3), 1 / 3)), state

    beam_search(step, state_type(np.zeros((2, 1)), np.ones(2)), **SEARCH)
    assert set(seen) == {state_type}


@pytest.mark.parametrize(
    ("log_p", "kind"), [(-760.0, np.float64), (-120.0, np.float32)]
)
def test_an_ensemble_does_not_round_to_nothing(log_p, kind):
    def step(tokens, state):
        return np.full((len(tokens), 2), log_p, kind), state

    logs, _ = ensemble([step, step])(np.zeros(1, int), (None, None))
    assert_equal(logs, np.full((1, 2), log_p), "the mean of equals", 1e-6)


def test_an_ensemble_names_states_and_vocabularies_that_do_not_fit():
    def step(words):
        return lambda tokens, state: (np.zeros((len(tokens), words)), state)

    for states in (None, (None,), (None,) * 3):
        with pytest.raises(ValueError, match="states must be one for each of 2"):
            ensemble([step(2), step(2)])(np.zeros(1, int), states)
    with pytest.raises(ValueError, match="steps must return .* one shape"):
        ensemble([step(2), step(3)])(np.zeros(1, int), (None, None))


def test_a_glance_refuses_what_does_not_fit():
    values, _, _ = random_node_arguments()
    F, keys, s, params = values
    with pytest.raises(ValueError, match="mask must be True somewhere in each row"):
        attention_node(F, keys, s, params, np.zeros((2, 4), bool))
    with pytest.raises(ValueError, match="mask must hold True and False"):
        attention_node(F, keys, s, params, np.ones((2, 4), int))
    for wrong in ((F, keys[:1], s), (F, keys[:, :3], s), (F, keys, s[:1])):
        with pytest.raises(ValueError, match="keys and s must fit F"):
            attention_node(*wrong, params)
    context, _ = attention_node(Tensor(F), keys, s, params, None, lambda z: softmax(z))
    with pytest.raises(ValueError, match="normalizer must be softmax or sparsemax"):
        context.sum().backward()


def random_node_arguments():
    rng = np.random.default_rng(0)
    F, s = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 5))
    params = attention_parameters(rng, 3, 5, 6)
    return (F, attention_keys(F, params).value, s, params), None, None


@pytest.mark.parametrize(
    ("sizes", "name"), [((0, 2, 2), "D"), ((2, 0, 2), "H"), ((2, 2, 0), "A")]
)
def test_parameters_of_attention_name_the_size_that_is_wrong(sizes, name):
    with pytest.raises(ValueError, match=f"^{name} must be a whole number"):
        attention_parameters(np.random.default_rng(0), *sizes)


def test_a_decoder_needs_a_step():
    rng = np.random.default_rng(0)
    (F, keys, s, params), _, _ = random_node_arguments()
    own = {"attention": params, "cell": recurrent_parameters(rng, "gru", 5, 5)}
    with pytest.raises(ValueError, match="inputs must have at least one step"):
        attention_decoder("gru", F, keys, s, np.zeros((0, 2, 2)), own)


@pytest.mark.parametrize("words", [{"a", "b"}, {"a": 1}, 5, None, (w for w in "ab")])
def test_vocabularies_have_an_order(words):
    with pytest.raises(ValueError, match="source_words must be a list of words"):
        Seq2Seq(words, ["a"], 3, np.random.default_rng(0))


def test_reverse_is_a_truth_value():
    with pytest.raises(ValueError, match="reverse must be True or False"):
        Seq2Seq(["a"], ["a"], 3, np.random.default_rng(0), reverse="no")


def test_a_model_names_words_that_it_cannot_read():
    model = Seq2Seq(["a"], ["a"], 3, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"sources\[0\] has an unknown word"):
        model.encode([[["a"]]])
    for words in ([-1], [3], [0.5]):
        with pytest.raises(ValueError, match="words must hold whole numbers"):
            model.step(np.array(words), model.encode([["a"]]))


def test_the_loss_of_an_epoch_is_a_mean_over_words():
    model = Seq2Seq(["a"], ["x", "y"], 3, np.random.default_rng(0))
    sources, targets = [["a"]] * 3, [[], [], ["x"] * 9]
    before = -model.log_probability(sources, targets).sum() / 12
    (loss,) = model.fit(sources, targets, epochs=1, batch_size=2, learning_rate=1e-12)
    assert_equal(loss, before, "nats a word", 1e-5)


def test_words_come_in_arrays_and_by_number_too():
    sources, targets = [["a", "b"], ["b"]], [["x", "y"], ["y"]]
    model = Seq2Seq(["a", "b"], ["x", "y"], 4, np.random.default_rng(0), embedding=3)
    model.fit(sources, targets, epochs=1)
    wanted = model.decode(sources)
    arrays = [np.array(words) for words in sources]
    assert (
        model.decode(arrays) == model.decode(np.array(arrays, dtype=object)) == wanted
    )
    numbers = [np.array([0, 1]), [np.int64(1)]]
    assert model.decode(numbers) == wanted
    right = model.log_probability(sources, targets)
    for words in ([np.array(words) for words in targets], [np.array([0, 1]), [1]]):
        np.testing.assert_array_equal(model.log_probability(numbers, words), right)
    assert Seq2Seq(np.array(["a", "b"]), ("x",), 4, np.random.default_rng(0))

    hypotheses, references = [list("abcdea")], [list("abcdee")]
    score = bleu(hypotheses, references)
    assert 0 < score < 100
    assert bleu([np.array(h) for h in hypotheses], np.array(references)) == score
    by_number = [[ord(c) for c in words] for words in (*hypotheses, *references)]
    assert bleu(by_number[:1], np.array(by_number[1:])) == score


def test_an_ensemble_gives_each_step_its_own_words():
    def greedy_hand(tokens, state):
        tokens[:] = 0  # works in place
        return np.log(np.full((len(tokens), 3), 1 / 3)), state

    def reader(tokens, state):
        assert (tokens == 2).all()
        return np.log(np.full((len(tokens), 3), 1 / 3)), state

    state = np.zeros((1, 1))
    ensemble([greedy_hand, reader])(np.array([2]), (state, state))


# ---- byte-pair encoding


def test_merges_and_segments_by_hand():
    words = {"cat": 3, "cats": 2, "hat": 2, "hats": 1}
    merges = byte_pair_encoding(words, 4)
    assert merges == [("a", "t"), ("c", "at"), ("h", "at"), ("cat", "s")]
    assert segment("hats", merges) == ["hat", "s"]
    assert segment("chats", merges) == ["c", "hat", "s"]
    assert segment("", merges) == []
    assert segment("xyz", []) == ["x", "y", "z"]


@pytest.mark.parametrize(
    ("words", "n_merges", "expected"),
    [
        ({"ab": 2, "cd": 2}, 1, [("a", "b")]),  # of equal pairs the first
        ({"cd": 2, "ab": 2}, 1, [("c", "d")]),
        ({"abc": 1}, 1, [("a", "b")]),
        ({"ab": 1, "cd": 5}, 9, [("c", "d"), ("a", "b")]),  # no pair is left
        ({"a": 7}, 3, []),
        ({}, 3, []),
        ({"ab": 1}, 0, []),
        ({"aaa": 1, "ab": 1}, 1, [("a", "a")]),  # counted at both of its places
    ],
)
def test_which_pairs_are_merged(words, n_merges, expected):
    assert byte_pair_encoding(words, n_merges) == expected


def test_pairs_are_joined_from_left_to_right():
    assert merged(list("aaaaa"), ("a", "a")) == ["aa", "aa", "a"]
    assert merged(["a", "b", "ab"], ("a", "b")) == ["ab", "ab"]


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=7), st.integers(1, 5)),
    st.integers(0, 12),
)
def test_segments_of_known_words_are_what_training_left(words, n_merges):
    merges = byte_pair_encoding(words, n_merges)
    parts = {word: list(word) for word in words}
    for done, pair in enumerate(merges):
        counts = collections.Counter()
        for word, own in parts.items():
            for both in itertools.pairwise(own):
                counts[both] += words[word]
        assert counts[pair] == max(counts.values())
        assert pair == next(p for p in counts if counts[p] == counts[pair])
        parts = {word: merged(own, pair) for word, own in parts.items()}
        assert done < n_merges
    for word, own in parts.items():
        assert segment(word, merges) == own
        assert "".join(own) == word


@pytest.mark.parametrize(
    ("words", "n_merges", "says"),
    [
        (["ab"], 1, "words must map words to their counts"),
        ({3: 1}, 1, "words must have strings as keys, got 3"),
        ({"ab": 0}, 1, "words\\['ab'\\] must"),
        ({"ab": 1.5}, 1, "words\\['ab'\\] must"),
        ({"ab": 1}, -1, "n_merges must"),
        ({"ab": 1}, 1.5, "n_merges must"),
    ],
)
def test_byte_pair_encoding_names_bad_input(words, n_merges, says):
    with pytest.raises(ValueError, match=says):
        byte_pair_encoding(words, n_merges)


@pytest.mark.parametrize(
    ("word", "merges", "says"),
    [
        (["a"], [], "word must be a string"),
        ("ab", "ab", "merges must be a list of pairs"),
        ("ab", [("a",)], r"merges\[0\] must be a pair of strings"),
        ("ab", [("a", "b"), ("a", 3)], r"merges\[1\] must be a pair of strings"),
    ],
)
def test_segment_names_bad_input(word, merges, says):
    with pytest.raises(ValueError, match=says):
        segment(word, merges)


# ---- searches for one sentence


def random_conditional(seed, n_words=3):
    def logs(y):
        z = np.random.default_rng([seed, *(k + 1 for k in y)]).normal(size=n_words + 1)
        return np.log(softmax(1.5 * z))

    return logs


def all_targets(n_words, longest):
    for n in range(longest):
        for inner in itertools.product(range(n_words), repeat=n):
            yield (*inner, n_words)


@pytest.mark.parametrize("seed", range(10))
def test_exact_search_finds_what_trying_all_finds(seed):
    logs = random_conditional(seed)

    def total(y):
        return sum(logs(y[:t])[word] for t, word in enumerate(y))

    best = max(all_targets(3, 5), key=total)
    found, log_p = exact_search(logs, 3, 5)
    assert found == best
    assert log_p == pytest.approx(total(best))
    assert exact_search(logs, 3, 5, log_p + 1e-9) == ((), log_p + 1e-9)
    *_, beam = beam_steps(logs, 3, 400, 5)
    assert beam[0][0] == best


def test_a_beam_for_one_sentence_leaves_out_what_is_impossible():
    def logs(y):
        return np.array([-np.inf, 0.0 if not y else -np.inf, -np.inf if not y else 0.0])

    steps = beam_steps(logs, 2, 5, 4)
    assert steps == [[((1,), 0.0)], [((1, 2), 0.0)]]


@pytest.mark.parametrize("kind", ["gru", "gru, softmax"])
def test_a_step_as_a_function_of_the_beginning(kind):
    model = tiny(kind)
    state = model.encode(SOURCES[:1])
    logs = conditional(model.step, state, model.start)
    first, after = model.step(np.array([model.start]), state)
    second, _ = model.step(np.array([1]), after)
    assert_equal(logs(()), first[0], "the first word")
    assert_equal(logs((1,)), second[0], "the second word")


# ---- one step of the decoder


@on_both_normalizers
@pytest.mark.parametrize("masked", [False, True])
def test_gradients_of_one_step_of_the_decoder(normalizer, masked):
    rng = np.random.default_rng(3)
    y, s, F = (rng.normal(size=shape) for shape in ((3, 2), (3, 4), (3, 6, 5)))
    shapes = {"W": (7, 5), "U": (7, 4), "b": (7,), "v": (7,)}
    params = {
        "attention": {name: rng.normal(size=shape) for name, shape in shapes.items()},
        "cell": recurrent_parameters(rng, "gru", 7, 4),
    }
    mask = np.arange(6) < np.array([[6], [3], [1]]) if masked else None
    g = rng.normal(size=(3, 4))
    dy, ds, dF, dparams = decoder_step_backward(g, y, s, F, params, mask, normalizer)
    given_arrays = {"y": y, "s": s, "F": F}
    for part in params:
        given_arrays |= named(part, params[part])
    ours = {"y": dy, "s": ds, "F": dF}
    for part, own in dparams.items():
        ours |= named(part, own)
    assert set(ours) == set(given_arrays)

    def loss(changed):
        new = {part: dict(own) for part, own in params.items()}
        for name, value in changed.items():
            if "." in name:
                part, short = name.split(".")
                new[part][short] = value
        arrays = [changed.get(name, given_arrays[name]) for name in ("y", "s", "F")]
        state, _ = decoder_step(*arrays, new, mask, normalizer)
        return float(np.sum(g * state))

    for name, gradient in ours.items():
        differences = numerical_gradient(
            lambda v, name=name: loss({name: v}), given_arrays[name], 1e-5
        )
        gap = np.abs(gradient - differences).max()
        assert_at_most(gap, 1e-7 * (1 + np.abs(differences).max()), name)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"y": np.ones((2, 2))}, "y must have a row for each of 3 of F, got 2"),
        ({"y": np.ones(2)}, "y must"),
        ({"params": {"attention": {}}}, "params must be a dict of attention and cell"),
        ({"F": np.ones((3, 6))}, "F must"),
    ],
)
def test_a_step_of_the_decoder_names_bad_input(change, says):
    rng = np.random.default_rng(3)
    shapes = {"W": (7, 5), "U": (7, 4), "b": (7,), "v": (7,)}
    good = {
        "y": np.ones((3, 2)),
        "s": np.ones((3, 4)),
        "F": np.ones((3, 6, 5)),
        "params": {
            "attention": {name: np.ones(shape) for name, shape in shapes.items()},
            "cell": recurrent_parameters(rng, "gru", 7, 4),
        },
    }
    with pytest.raises(ValueError, match=says):
        decoder_step(**good | change)


def test_layers_hand_their_states_to_the_same_layers():
    rng = np.random.default_rng(4)
    layers = [
        recurrent_parameters(rng, "lstm", 3, 2),
        recurrent_parameters(rng, "lstm", 2, 2),
    ]
    x, y = rng.normal(size=(5, 2, 3)), rng.normal(size=(4, 2, 3))
    first = vector_encoder("lstm", x, [5, 3], layers)
    assert [state.value.shape for state in first] == [(2, 4), (2, 4)]
    outputs, last = vector_decoder("lstm", y, first, layers)
    assert outputs.value.shape == (4, 2, 2)
    states = recurrence_node("lstm", y, first[0], layers[0])
    above = recurrence_node("lstm", state_output("lstm", states), first[1], layers[1])
    assert_equal(outputs.value, above.value[:, :, :2], "the outputs")
    assert_equal(last[1].value, above.value[-1], "the last state")


# ---- a model's own words in training


def test_own_words_are_the_most_probable_ones_of_a_first_pass():
    model = tiny("gru")
    x, y = model._pairs(SOURCES, TARGETS)
    weights = model._weights()
    z, *_ = model._forced(weights, x, y)
    said = z.value.argmax(axis=2)
    inputs, *_ = teacher_forcing(y, model.stop, model.start)
    inputs[1:] = said[:-1]
    expected, *_ = model._decoded(weights, inputs, model._encoded(weights, x))
    found, *_ = model._forced(weights, x, y, own_words=1.0)
    assert_equal(found.value, expected.value, "all words are the model's own")


def test_training_on_own_words_learns():
    losses = tiny("gru").fit(SOURCES, TARGETS, 60, 4, 0.05, own_words=0.5)
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("own_words", [-0.1, 1.1, np.nan, "all"])
def test_the_share_of_own_words_is_checked(own_words):
    with pytest.raises(ValueError, match="own_words must"):
        tiny("gru").fit(SOURCES, TARGETS, own_words=own_words)
