"""Live pieces on the Python side: controls, scenes, questions and frames."""

import hashlib
import json
import re
from types import SimpleNamespace

import numpy as np
import pytest
from live_frames import unpacked

from tutorial_utils import live as pieces
from tutorial_utils.convolutional_networks import conv2d, lenet_layers, new_lenet
from tutorial_utils.generative_models import (
    GAN,
    decoder,
    discriminator_gradient,
    free_energy,
    generator_gradient,
    gibbs_step,
    tempered,
    two_hidden_layers,
    visible_probabilities,
)
from tutorial_utils.live import (
    cells,
    cloud,
    curve,
    dots,
    drawing,
    heat,
    live,
    plot,
    recurrent,
    scene,
    sizes,
    table,
    text,
    toggles,
)
from tutorial_utils.live.adversaries import SIDE, Game, blots, cells_of, drawn_points
from tutorial_utils.live.boltzmann import FREE, INK, PAPER, PENS, Painting, clamped_part
from tutorial_utils.live.clouds import Points
from tutorial_utils.live.codes import LARGEST, Digit
from tutorial_utils.live.digits import COVERS, Covering, Reading, in_pens
from tutorial_utils.live.fitting import (
    LONGEST,
    MODELS,
    MOMENTUM,
    PATIENCES,
    UPDATES,
    Fit,
    noisy_curves,
)
from tutorial_utils.live.kernels import DIGIT, INPUT, OUTPUT, SIZE, Sliding, reached
from tutorial_utils.live.latent import Plane
from tutorial_utils.live.networks import (
    OPTIMISERS,
    Training,
    edit_network,
    folded_plane,
    held_out,
    network_graph,
    training_controls,
    unit_outputs,
)
from tutorial_utils.live.passes import STAGES, ByHand
from tutorial_utils.live.surfaces import METHODS, SURFACES, Race
from tutorial_utils.live.translation import (
    SHOWN,
    Searching,
    Translating,
    logs_of_table,
    packed,
)
from tutorial_utils.live.translation import unpacked as unpacked_model
from tutorial_utils.live.words import Lexicon
from tutorial_utils.neural_networks import ACTIVATIONS, MLP, sigmoid, softmax, sparsemax
from tutorial_utils.recurrent_networks import (
    clip_by_norm,
    gradient_norms,
    lstm_forward,
    lstm_gates,
    lstm_step,
    recall_batch,
    recall_gradients,
    recurrent_parameters,
    recurrent_states,
    sample_next,
    scaled_matrix,
)
from tutorial_utils.representation_learning import analogy, nearest
from tutorial_utils.sequence_to_sequence import (
    Seq2Seq,
    beam_steps,
    exact_search,
    segment,
)
from tutorial_utils.training import (
    DERIVATIVES,
    SGD,
    Adagrad,
    Adam,
    Momentum,
    Nesterov,
    RMSprop,
    Tensor,
    backpropagation,
    forward_pass,
    numerical_gradient,
    penalised,
    soft_threshold,
)
from tutorial_utils.widgets import choice, slider


def counter(**how):
    def start(data):
        return SimpleNamespace(n=0, starts=len(data.y))

    def step(state, by):
        state.n += by
        return state.n < 10

    def view(state, data, factor):
        return scene(
            [plot(dots("data"), curve([0, 1], [0, factor]))], facts={"n": state.n}
        )

    def describe(state, factor):
        return f"{state.n} of {factor}"

    def edit(state, name, of, index, value):
        state.n = value

    return live(
        "counter",
        start,
        view,
        describe,
        step,
        edit,
        data=cloud(
            "points",
            {"one": ([[0.1, 0.2]], [0]), "none": (np.zeros((0, 2)), [])},
            least=0,
        ),
        by=slider("by", (1, 2)),
        factor=choice("factor", ("a", "b"))
        if how.pop("words", False)
        else slider("f", (1.0, 2.0)),
        **how,
    )


def test_a_frame_holds_what_view_and_describe_say():
    seen = unpacked(counter().ask({"steps": 3}))
    assert (seen["t"], seen["done"], seen["taken"]) == (3, False, 3)
    assert seen["caption"] == "3 of 1.0"
    assert seen["facts"] == {"n": "3"}
    [[panel]] = seen["rows"]
    assert panel["marks"][1]["y"].tolist() == [0, 1]


def test_a_control_of_start_begins_anew_and_others_do_not():
    piece = counter()
    piece.ask({"steps": 3})
    assert unpacked(piece.ask({"set": {"factor": 1}}))["t"] == 3
    assert unpacked(piece.ask({"set": {"by": 1}, "steps": 1}))["facts"]["n"] == "5"
    moved = {"X": [0.5, 0.5], "y": [0]}
    assert unpacked(piece.ask({"set": {"data": moved}}))["t"] == 0


def test_replay_goes_on_to_where_it_was_or_to_the_end():
    piece = counter(replay=True)
    piece.ask({"steps": 3})
    moved = {"X": [0.5, 0.5], "y": [0]}
    assert unpacked(piece.ask({"set": {"data": moved}}))["t"] == 3
    piece.ask({"steps": 50})
    seen = unpacked(piece.ask({"set": {"data": moved}}))
    assert (seen["t"], seen["done"]) == (10, True)
    assert unpacked(piece.ask({"restart": True, "set": {"data": moved}}))["t"] == 0


def test_steps_end_when_there_is_nothing_left_to_do():
    seen = unpacked(counter(ahead=100).ask({"ms": 1000, "steps": 5}))
    assert (seen["t"], seen["taken"], seen["done"]) == (10, 0, True)


def test_more_steps_are_taken_as_long_as_there_is_time():
    def step(state):
        state[0] += 1

    seen = unpacked(
        live(
            "clock",
            lambda: [0],
            lambda s: scene(),
            lambda s: "it runs",
            step,
        ).ask({"ms": 5})
    )
    assert seen["taken"] == seen["t"] > 10


def test_an_edit_changes_the_state():
    piece = counter()
    seen = unpacked(piece.ask({"edit": [["net", "edge", 3, 7]]}))
    assert seen["facts"]["n"] == "7"


def test_maps_are_whole_numbers_and_arrays_in_single_precision():
    marks = plot(heat(np.array([[-2.0, 0.5], [0, 1]])), curve([1e-9], [1 / 3]))["marks"]
    assert marks[0]["values"].tolist() == [[-127, 64], [0, 127]]
    assert marks[1]["y"].dtype == np.float32


def test_what_cannot_be_sent_is_named():
    with pytest.raises(TypeError, match="cannot hold object"):
        live("a", lambda: 0, lambda s: {"rows": [object()]}, lambda s: "")


@pytest.mark.parametrize(
    ("control", "value", "says"),
    [
        (cloud("p", {"a": ([[0, 0]], [0])}), {"X": [2, 0], "y": [0]}, "lie within 1"),
        (cloud("p", {"a": ([[0, 0]], [0])}), {"X": [0, 0], "y": [1]}, "has classes"),
        (cloud("p", {"a": ([[0, 0]], [0])}), {"X": [0, 0], "y": []}, "as many classes"),
        (cloud("p", {"a": ([[0, 0]], [0])}), {"X": [], "y": []}, "from 1 to 120"),
        (
            cloud("p", {"a": ([[0, 0]], [0])}),
            {"X": [np.nan, 0], "y": [0]},
            "lie within",
        ),
        (drawing("d", [[0, 1]]), [0], "2 cells"),
        (drawing("d", [[0, 1]]), [0, 2], "values of"),
        (table("t", [[1, 2]]), [1, 99], "must lie in"),
        (table("t", [[1, 2]]), [1], "2 numbers"),
        (text("w", "ab", longest=3), "abcd", "at most 3"),
        (toggles("i", "abc", "a"), [], "must be some of"),
        (toggles("i", "abc", "a"), [3], "must be some of"),
        (sizes("l", (2,), "layer", longest=2), [1, 1, 1], "at most 2 numbers"),
        (sizes("l", (2,), "layer", most=4), [5], "from 1 to 4"),
        (sizes("l", (2,), "layer"), [0], "from 1 to 8"),
    ],
)
def test_a_value_that_cannot_be_is_refused(control, value, says):
    with pytest.raises(ValueError, match=says):
        control.read(value)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: counter(other=3), "other must be a control"),
        (lambda: live("a b", print, print, print), "name must be"),
        (lambda: cloud("p", {}), "at least one"),
        (lambda: drawing("d", [[0.5]]), "with values of"),
        (lambda: drawing("d", [[0, 1]], width=2), "width must be from 1 to 1, got 2"),
        (lambda: table("t", [1, 2]), r"shape \(R, C\)"),
        (lambda: table("t", [[1, 2]], rows=("a", "b")), "must name"),
        (lambda: curve([0], [0], look="wavy"), "look must be"),
        (lambda: toggles("i", "abc", "d"), "start must be some of"),
        (lambda: toggles("i", "abc", ""), "start must be some of"),
        (lambda: sizes("l", (9,), "layer"), "from 1 to 8"),
        (lambda: counter(folded=("nothing",)), "must name controls, got 'nothing'"),
        (lambda: counter(presets={"a": {"c": 1}}), "must name controls, got 'c'"),
        (lambda: pieces.border(np.zeros(3)), "must have a slope"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_values_come_back_as_they_were_sent():
    rng = np.random.default_rng(0)
    points = cloud(
        "p",
        {"a": (rng.uniform(-1, 1, (20, 2)), rng.integers(0, 2, 20))},
        classes=("a", "b"),
    )
    assert np.allclose(points.read(points.start).X, points.presets["a"].X)
    assert points.start == points.sent("a")
    inputs = toggles("i", ("x", "y", "z"), ("z", "x"))
    assert inputs.read(inputs.start) == ("x", "z")
    layers = sizes("l", (3, 2), "layer")
    assert layers.read(layers.start) == (3, 2)
    grid = drawing("d", rng.integers(0, 2, (3, 4)))
    assert (grid.read(grid.start) == grid.grid).all()
    painted = drawing("d", [[1, -1], [0, 0]], PENS, width=2)
    assert painted.start == [2, 1, 0, 0]
    assert painted.read([0, 1, 2, 0]).tolist() == [[FREE, PAPER], [INK, FREE]]
    assert painted.spec()["pens"] == ["Free", "Paper", "Ink"]
    assert (grid.spec()["pens"], grid.spec()["width"]) == ([], 1)
    numbers = table("t", rng.normal(size=(2, 3)))
    assert (numbers.read(numbers.start) == numbers.numbers).all()


def test_the_border_is_where_the_score_is_zero():
    rng = np.random.default_rng(1)
    for w in rng.normal(size=(20, 3)):
        ends = pieces.border(w)
        assert np.allclose(w[:2] @ ends + w[2], 0, atol=1e-9)
        assert np.hypot(*(ends[:, 1] - ends[:, 0])) > 4


def test_the_arrow_stands_on_its_line_and_away_from_the_points():
    w = np.array([1.0, 1.0, 0.1])
    crowd = np.array([[0.4, -0.2], [0.5, -0.3]])
    start, end = pieces.arrow_with_room(pieces.border(w), w[:2], 0.3, crowd)
    assert abs(w[:2] @ start + w[2]) < 1e-9
    assert np.isclose(np.hypot(*(end - start)), 0.3)
    assert np.linalg.norm(end - crowd, axis=1).min() > 0.5


# ---- weights that a page fetches


def test_a_kernel_makes_the_weights_and_keeps_them_for_the_page(tmp_path, monkeypatch):
    monkeypatch.setenv("TUTORIAL_FRAMES", str(tmp_path))
    monkeypatch.setenv("TUTORIAL_FRAME_KEYS", '{"small": "a key"}')
    exact = np.array([[1 / 3, -2.0]])
    made = pieces.trained("small", lambda: {"W": exact})
    assert made["W"].dtype == np.float32
    assert np.array_equal(made["W"], exact.astype(np.float16))
    content = (tmp_path / "small" / "weights.npz").read_bytes()
    assert json.loads((tmp_path / "small/report.json").read_text())["key"] == "a key"
    pieces.trained("small", lambda: {"W": exact})
    again = (tmp_path / "small" / "weights.npz").read_bytes()
    assert content == again, "two builds keep the same file"


def test_words_are_kept_as_they_are():
    made = pieces.trained("words", lambda: {"words": np.array(["a", "été"]), "n": [1]})
    assert made["words"].tolist() == ["a", "été"]
    assert made["n"].dtype == np.float32


def fetch(monkeypatch, content: bytes | None, sha256: str) -> dict[str, np.ndarray]:
    """What a page gets of these weights."""

    def fetched(address: str) -> bytes:
        assert address == "../weights/small-1.npz"
        if content is None:
            raise FileNotFoundError(address)
        return content

    monkeypatch.setattr("tutorial_utils.live.weights.fetched", fetched)
    file = {"address": "../weights/small-1.npz", "sha256": sha256}
    monkeypatch.setenv("TUTORIAL_WEIGHTS", json.dumps({"small": file}))

    def never() -> dict[str, np.ndarray]:
        raise AssertionError("a page does not train")

    return pieces.trained("small", never)


def test_a_page_fetches_the_weights_and_checks_their_sum(tmp_path, monkeypatch):
    monkeypatch.setenv("TUTORIAL_FRAMES", str(tmp_path))
    made = pieces.trained("small", lambda: {"b": np.arange(3) / 7})
    content = (tmp_path / "small" / "weights.npz").read_bytes()
    total = hashlib.sha256(content).hexdigest()
    assert np.array_equal(fetch(monkeypatch, content, total)["b"], made["b"])
    with pytest.raises(RuntimeError, match="damaged: reload"):
        fetch(monkeypatch, content, "0")
    with pytest.raises(RuntimeError, match="missing: reload"):
        fetch(monkeypatch, None, total)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e6])
def test_weights_that_half_precision_cannot_hold_are_named(value):
    with pytest.raises(
        ValueError, match=r"W of small must be finite and at most 65504"
    ):
        pieces.trained("small", lambda: {"W": np.array([value])})
    with pytest.raises(ValueError, match="name must be"):
        pieces.trained("two words", dict)


# ---- what several pieces need


def test_seen_from_above_a_projection_stays_where_it_is():
    rng = np.random.default_rng(2)
    for z in rng.normal(scale=2, size=(50, 3)):
        nearest = sparsemax(z)
        a, b, *corners = pieces.in_triangle(np.array([nearest, z, *np.eye(3)]))
        # No point of the triangle is nearer to it, in the drawing as in space.
        shares = rng.dirichlet(np.ones(3), size=200)
        others = shares @ np.array(corners)
        assert np.linalg.norm(a - b) <= np.linalg.norm(others - b, axis=1).min() + 1e-9


def test_a_turned_line_shows_the_update():
    old = np.array([[0.0, 0, 0], [1, 0, 0.1]])
    new = np.array([[0.0, 0, 0], [1, 1, 0.1]])
    *_, before, update, after = pieces.turned_line(old, new, np.zeros((1, 3)))
    assert before["start"] == after["start"]
    assert before["end"] == update["start"]
    assert update["end"] == after["end"]
    way = np.subtract(update["end"], update["start"])
    assert np.isclose(way[0], 0)
    assert way[1] > 0
    assert pieces.turned_line(old, np.zeros((2, 3)), np.zeros((1, 3))) == []


def test_a_fitted_plot_holds_its_curves_and_zero():
    panel = plot(curve([1, 3], [-2, 4]), curve([0, 5], [1, np.nan]), fit=True)
    assert panel["x"] == [0, pytest.approx(5.3)]
    assert panel["y"] == [-2, pytest.approx(4.24)]


# ---- in a notebook


def test_a_notebook_gets_frames_or_the_error():
    piece = counter()
    sent = []
    piece.send = lambda content, buffers=(): sent.append((content, buffers))
    piece._hear(None, {"id": "1", "question": {"steps": 2}}, None)
    bad = {"set": {"data": {"X": [9, 9], "y": [0]}}}
    piece._hear(None, {"id": "2", "question": bad}, None)
    (first, [frame]), (second, _) = sent
    assert first == {"id": "1"}
    assert unpacked(frame)["facts"]["n"] == "2"
    assert second["id"] == "2"
    assert second["error"].startswith("ValueError: points must lie within 1")


def test_a_preset_can_be_moved_at_random_and_keeps_its_classes():
    X, y = np.zeros((100, 2)), np.arange(100) % 2
    points = cloud("p", {"a": (X, y)}, "ab", limit=3, noisy=True)
    assert points.start["noise"] == [0, 0]
    sent = points.sent(("a", 0.1))
    moved = points.read(sent)
    assert sent["noise"] == [3, 0]
    assert 0.2 < moved.X.std() < 0.4
    assert (moved.y == y).all()
    assert len(points.spec()["noise"]["moves"]) == 2 * points.most


def test_a_preset_of_several_controls_is_sent_as_the_controls_are():
    piece = counter(presets={"twice": {"data": "none", "by": 2}}, folded=("by",))
    spec = json.loads(piece.spec)
    assert spec["presets"] == {"twice": {"data": {"X": [], "y": []}, "by": 1}}
    assert spec["folded"] == ["by"]
    assert [*spec["controls"]] == [*piece.controls]


# ---- passes by hand


def by_hand(activation="tanh", seed=0):
    rng = np.random.default_rng(seed)
    network = MLP([2, 2, 1], activation, rng)
    network.b = [rng.normal(size=b.shape) for b in network.b]
    return ByHand(network)


def numbers_in(texts, mark):
    """The number after a mark in each text that has it."""
    pattern = re.compile(rf"(?:^|\n){re.escape(mark)} (-?[\d.]+)")
    return [float(m[1]) for text in texts if (m := pattern.search(text))]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_numbers_of_both_passes_are_those_of_backpropagation(activation):
    piece, (x1, x2, y) = by_hand(activation, seed=3), (0.7, -1.2, 0.4)
    for _ in STAGES:
        piece.advance(x1, x2, y, activation, 0.5)
    [[panel]] = piece.scene(x1, x2, y, activation)["rows"]
    (dW1, db1), (dW2, db2) = backpropagation(
        piece.network, np.array([[x1, x2]]), np.array([[y]]), "squared"
    )
    words, labels = panel["words"], panel["labels"]
    seen = numbers_in(words, "∂w")
    np.testing.assert_allclose(seen, [*dW1.flat, *dW2.flat], atol=6e-4)
    np.testing.assert_allclose(
        numbers_in(labels[2:4] + labels[6:7], "∂"), [*db1, *db2], atol=6e-4
    )
    (z, f), (_, h) = forward_pass(piece.network, np.array([[x1, x2]]))
    values = [float(label.split("\n")[0].split()[1]) for label in labels]
    wanted = [x1, x2, *z[0], *h[0], f[0, 0], 0.5 * (f[0, 0] - y) ** 2]
    np.testing.assert_allclose(values, wanted, atol=6e-4)
    # What comes back to an input is the sum over its two paths.
    back = numbers_in(words, "←")
    at_inputs = numbers_in(labels[:2], "∂")
    np.testing.assert_allclose(at_inputs, np.add(back[:2], back[2:4]), atol=2e-3)
    np.testing.assert_allclose(at_inputs, db1 @ piece.network.W[0], atol=6e-4)
    slopes = numbers_in(words, "×")
    np.testing.assert_allclose(slopes[:2], DERIVATIVES[activation](z)[0], atol=6e-4)


def test_each_step_brings_one_number_and_says_how():
    piece, values = by_hand(), (1.0, 2.0, 1.0, "tanh")
    told, texts = set(), set()
    for n in range(len(STAGES) + 1):
        [[panel]] = piece.scene(*values)["rows"]
        told.add(piece.told(*values))
        texts.add((*panel["labels"], *panel["words"]))
        assert panel["title"] == ("Backward pass" if n > 6 else "Forward pass")
        piece.advance(*values, 0.1)
    assert len(told) == len(texts) == len(STAGES) + 1
    assert "one step of gradient descent: minus 0.1 times" in piece.told(*values)
    assert (piece.stage, piece.updates) == (0, 1)


def test_the_update_is_a_step_of_gradient_descent():
    piece, twin = by_hand(), by_hand()
    x, y = np.array([[1.0, 2.0]]), np.array([[1.0]])
    for _ in range(len(STAGES) + 1):
        piece.advance(1.0, 2.0, 1.0, "tanh", 0.5)
    gradients = backpropagation(twin.network, x, y, "squared")
    for (dW, db), W, b, old_W, old_b in zip(
        gradients,
        piece.network.W,
        piece.network.b,
        twin.network.W,
        twin.network.b,
        strict=True,
    ):
        np.testing.assert_array_equal(W, old_W - 0.5 * dW)
        np.testing.assert_array_equal(b, old_b - 0.5 * db)


def test_a_step_that_would_overflow_is_refused_and_said():
    piece = by_hand("linear")
    piece.network.W = [np.full((2, 2), 20.0), np.full((1, 2), 20.0)]
    old = [W.copy() for W in piece.network.W]
    for _ in range(len(STAGES) + 1):
        piece.advance(3.0, 3.0, -3.0, "linear", 1.0)
    assert "the learning rate is too large" in piece.told(3.0, 3.0, -3.0, "linear")
    for W, was in zip(piece.network.W, old, strict=True):
        np.testing.assert_array_equal(W, was)
    assert piece.updates == 0
    piece.scene(3.0, 3.0, -3.0, "linear")


def test_each_weight_and_bias_of_the_small_network_can_be_set():
    piece = by_hand()
    [[panel]] = piece.scene(1.0, 2.0, 1.0, "tanh")["rows"]
    edges = [e for e in range(len(panel["edges"])) if e not in panel["fixed"]]
    for edge in edges:
        piece.change("network", "edge", edge, 0.25)
    for node in (2, 3, 6):
        piece.change("network", "node", node, -0.5)
    assert all((W == 0.25).all() for W in piece.network.W)
    assert all((b == -0.5).all() for b in piece.network.b)
    [[panel]] = piece.scene(1.0, 2.0, 1.0, "tanh")["rows"]
    assert [panel["values"][k] for k in (2, 3, 6)] == [-0.5] * 3
    for of, index, value, says in (
        *[("edge", k, 1.0, f"no edge number {k}") for k in panel["fixed"]],
        ("node", 0, 1.0, "no node number 0"),
        ("node", 7, 1.0, "no node number 7"),
        ("edge", -1, 1.0, "no edge number -1"),
        ("edge", 0, 21.0, "between -20 and 20, got 21"),
        ("node", 2, np.nan, "between -20 and 20"),
    ):
        with pytest.raises(ValueError, match=says):
            piece.change("network", of, index, value)


def test_only_a_small_network_is_done_by_hand():
    with pytest.raises(ValueError, match="the sizes 2, 2, 1, got 2, 3, 1"):
        ByHand(net(2, 3, 1))


# ---- networks


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
def test_held_out_points_are_a_share_and_evenly_among_all(share):
    for n in (1, 2, 10, 57, 250):
        out = held_out(n, share)
        assert out.shape == (n,)
        counts = np.cumsum(out)
        assert (np.abs(counts - share * np.arange(1, n + 1)) < 1).all()
    assert held_out(250, share).sum() == round(250 * share)


def net(*layers, seed=0):
    return MLP(layers, "tanh", np.random.default_rng(seed))


def test_the_drawn_network_has_the_networks_weights_in_their_places():
    training = Training([3, 4, 2, 2], "tanh", "SGD", 0)
    network = training.network
    network.b = [np.arange(b.size) + 10.0 * l for l, b in enumerate(network.b)]
    X = np.random.default_rng(1).normal(size=(25, 3))
    panel = network_graph(network, unit_outputs(network, X), "abc", ("no", "yes"))
    assert panel["maps"].shape == (11, 5, 5)
    assert (panel["maps"][-2] < 0).all()
    assert (panel["maps"][-1] > 0).all()
    assert np.abs(panel["maps"]).max() == 127
    names = panel["names"]
    assert names[:4] == ["a", "b", "c", "unit 1 of layer 1"]
    assert names[-3:] == ["unit 2 of layer 2", "no", "yes"]
    first = [0, 3, 7, 9]
    at = {tuple(edge): k for k, edge in enumerate(panel["edges"].tolist())}
    for l, W in enumerate(network.W):
        for j, i in np.ndindex(W.shape):
            k = at[first[l] + i, first[l + 1] + j]
            assert panel["weights"][k] == np.float32(W[j, i])
            edit_network(training, "", "edge", k, 0.5)
            assert W[j, i] == 0.5
        for j in range(len(W)):
            k = first[l + 1] + j
            assert panel["values"][k] == network.b[l][j]
            edit_network(training, "", "node", k, -1.5)
            assert network.b[l][j] == -1.5


@pytest.mark.parametrize(
    ("of", "index", "value", "says"),
    [
        ("edge", 0, 21.0, "between -20 and 20, got 21"),
        ("edge", 0, np.nan, "between -20 and 20"),
        ("edge", 99, 0.0, "no edge number 99"),
        ("node", 1, 0.0, "no node number 1"),
        ("node", 6, 0.0, "no node number 6"),
    ],
)
def test_what_a_network_cannot_have_is_named(of, index, value, says):
    with pytest.raises(ValueError, match=says):
        edit_network(Training([2, 2, 2], "tanh", "SGD", 0), "", of, index, value)


def test_the_folded_plane_is_that_of_two_hidden_units():
    X, y = np.random.default_rng(0).normal(size=(9, 2)), np.zeros(9, int)
    for layers, panels in (
        ((2, 2), 0),
        ((2, 3, 2), 0),
        ((2, 2, 2), 1),
        ((2, 3, 2, 2), 1),
    ):
        assert len(folded_plane(net(*layers), X, y, np.tanh)) == panels
    network = net(2, 2, 2)
    [panel] = folded_plane(network, X, y, np.tanh)
    H = np.tanh(X @ network.W[0].T)
    assert np.allclose(panel["marks"][-1]["at"], H, atol=1e-6)
    x1, y0 = panel["x"][1], panel["y"][0]
    corner = softmax(network.W[1] @ [x1, y0])
    assert panel["marks"][0]["values"][0, -1] == np.rint(127 * (2 * corner[1] - 1))


def test_losses_are_kept_evenly_and_not_too_many():
    X, y = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2
    training = Training([2, 3, 2], "tanh", "SGD", 0)
    for _ in range(1000):
        training.update(X, y, held_out(20, 0.2), "5", 0.1, "none", 0)
    at = [updates for updates, _, _ in training.losses]
    assert 100 <= len(at) <= 200
    assert {b - a for a, b in zip(at, at[1:], strict=False)} == {8}
    assert training.updates == 1000
    assert training.epochs == 250


def test_all_settings_of_a_training_lead_to_a_step():
    X, y = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2
    for key, control in training_controls((4,), "tanh").items():
        if hasattr(control, "values"):
            assert len(control.values) >= 2, key
    for optimiser in OPTIMISERS:
        for batch in ("all", "100", "1"):
            for penalty in ("none", "L1", "L2"):
                training = Training([2, 2], "tanh", optimiser, 0)
                before = training.network.W[0].copy()
                training.update(X, y, held_out(20, 0), batch, 0.1, penalty, 0.1)
                assert (training.network.W[0] != before).all()


# ---- methods on a surface


RULES = {
    "SGD": lambda rate, momentum: SGD(rate),
    "momentum": Momentum,
    "Nesterov": Nesterov,
    "Adagrad": lambda rate, momentum: Adagrad(rate),
    "RMSprop": lambda rate, momentum: RMSprop(rate, 0.9),
    "Adam": Adam,
}


def race(
    methods,
    surface="valley",
    kappa=20.0,
    place=(-1.8, 1.2),
    n=0,
    rate=0.03,
    momentum=0.8,
    noise=0.0,
):
    start = Points(np.array([place]), np.array([0]))
    rules = {name: RULES[name](rate, momentum) for name in methods}
    made = Race(start, SURFACES[surface](kappa), rules, noise)
    for _ in range(n):
        made.advance()
    return made


@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("kappa", [1.0, 20.0])
def test_the_gradients_of_surfaces_by_differences(surface, kappa):
    made = SURFACES[surface](kappa)
    for place in np.random.default_rng(0).uniform(-2, 2, size=(10, 2)):
        by_differences = numerical_gradient(made.value, place)
        np.testing.assert_allclose(made.gradient(place), by_differences, atol=1e-6)
    side = np.linspace(-2, 2, 401)
    heights = made.value(np.stack(np.meshgrid(side, side), axis=-1))
    assert 0 <= heights.min() - made.lowest < 1e-3


@pytest.mark.parametrize("name", METHODS)
def test_a_path_is_that_of_the_optimiser(name):
    ours, place = race([name], n=30), np.array([-1.8, 1.2])
    optimiser = RULES[name](0.03, 0.8)
    for _ in range(30):
        optimiser.step([place], [place * [1.0, 20.0]])
    np.testing.assert_array_equal(ours.paths[name][-1], place)
    assert len(ours.paths[name]) == 31


def test_the_edge_of_stability_in_the_valley():
    for rate, leaves in ((0.095, False), (0.105, True)):  # 2 / κ = 0.1
        assert ("has left" in race(["SGD"], rate=rate, n=300).told()) == leaves


def test_methods_get_the_same_noise():
    how = {"momentum": 0.0, "noise": 1.0, "n": 5}
    both = race(["SGD", "momentum"], "saddle", place=(1.0, 0.0), **how)
    np.testing.assert_array_equal(both.paths["SGD"], both.paths["momentum"])
    assert both.scene()["facts"]["steps"] == "5"


def test_on_the_ridge_only_noise_leaves_the_saddle():
    for noise, moves in ((0.0, False), (0.1, True)):
        ours = race(["SGD"], "saddle", 5.0, (1.0, 0.0), 200, rate=0.1, noise=noise)
        assert (abs(ours.paths["SGD"][-1][1]) > 0.5) == moves


# ---- overfitting


PLAIN = {"rate": 0.1, "l2": 0.0, "l1": 0.0, "p": 0.0, "patience": "never"}


def curve_network(model):
    sizes = [1, 16, 16, 1] if model == "network" else [12, 1]
    return MLP(sizes, "tanh", np.random.default_rng(0))


def fitted(model="network", n_steps=300, points=None, **how):
    points = Points(*noisy_curves()["wave"]) if points is None else points
    fit = Fit(curve_network(model))
    for _ in range(n_steps):
        if not fit.step(points, **(PLAIN | how)):
            break
    return fit, points


@pytest.mark.parametrize("model", MODELS)
def test_over_fitting_and_what_helps(model):
    training, validation = fitted(model)[0].errors[-1][1:]
    assert training < 0.1
    assert validation > 3 * training
    for how in ({"l2": 0.003}, {"l1": 0.003}, {"p": 0.1}, {"patience": "patience 500"}):
        assert fitted(model, **how)[0].errors[-1][2] < validation, how


def test_steps_of_a_fit_are_proximal_steps_with_momentum():
    fit, points = fitted(n_steps=3, l2=0.01, l1=0.02)
    again = Fit(curve_network("network"))
    rule = Momentum(0.1, MOMENTUM)
    X, y = 3 * points.X[points.y == 0, :1], points.X[points.y == 0, 1:]
    for _ in range(3 * UPDATES):
        gradients = backpropagation(again.network, X, y, "squared")
        gradients = penalised(gradients, again.network, 0.01)
        both = zip(again.network.W, again.network.b, strict=True)
        rule.step(
            [p for pair in both for p in pair], [g for g2 in gradients for g in g2]
        )
        for W in again.network.W:
            W[...] = soft_threshold(W, 0.1 / (1 - MOMENTUM) * 0.02)
    np.testing.assert_allclose(fit.parameters, again.parameters, rtol=1e-12, atol=1e-15)


def test_the_polynomial_is_one():
    fit, _ = fitted("polynomial")
    x = np.linspace(-1, 1, 40)
    coefficients = np.polynomial.Polynomial.fit(x, fit.heights(x), 12)
    np.testing.assert_allclose(coefficients(x), fit.heights(x), atol=1e-9)


def test_stopping_early_returns_to_the_best_parameters():
    fit, points = fitted(patience="patience 200")
    assert fit.stopped
    assert fit.updates - fit.best[1] == PATIENCES["patience 200"] * UPDATES
    assert fit.both_errors(points)[1] == fit.best[0]
    assert not fit.step(points, **PLAIN)
    assert "Stopped early" in fit.told(points)


def test_a_fit_without_points_of_a_set():
    X, y = noisy_curves()["line"]
    nobody = Points(X, np.ones_like(y))
    fit, _ = fitted(points=nobody)
    assert fit.updates == 0
    assert "no training points" in fit.told(nobody)
    only = Points(X, np.zeros_like(y))
    fit, _ = fitted(points=only, n_steps=20, patience="patience 200")
    assert fit.updates == 20 * UPDATES
    assert "validation" not in fit.told(only)
    assert fit.scene(only)["facts"]["validation error"] == "–"


def test_a_fit_that_diverges_says_so_and_one_that_is_long_ends():
    fit, points = fitted("polynomial", rate=300.0)
    assert "diverged" in fit.told(points)
    assert fit.scene(points)
    assert fitted("polynomial", LONGEST + 5)[0].updates == LONGEST * UPDATES


# ---- codes of digits


def digit(kind="masking", p=0.0):
    rng = np.random.default_rng(0)
    weights = {
        "kinds": np.array(["plain", "masking"]),
        "W": rng.normal(size=(2, 4, 196)),
        "b": rng.normal(size=(2, 4)),
        "c": rng.normal(size=(2, 196)),
        "alive": np.array([4, 2]),
        "mean": rng.normal(size=196),
        "directions": np.linalg.qr(rng.normal(size=(196, 4)))[0].T,
    }
    ink = (rng.random((14, 14)) < 0.2).astype(float)
    return weights, ink, Digit(weights, ink, kind, p, 0)


@pytest.mark.parametrize(("kind", "k", "alive"), [("plain", 0, 4), ("masking", 1, 2)])
def test_a_digits_pictures_are_those_of_its_auto_encoder(kind, k, alive):
    weights, ink, live_digit = digit(kind)
    x, W = ink.ravel(), weights["W"][k]
    h = np.maximum(0, W @ x + weights["b"][k])
    directions, mean = weights["directions"][:alive], weights["mean"]
    by_pca = mean + directions.T @ (directions @ (x - mean))
    [_, units], [others] = live_digit.scene()["rows"]
    wanted = [x, W.T @ h + weights["c"][k], by_pca]
    pictures = unpacked_grids(others["grids"])
    for found, picture in zip(pictures, wanted, strict=True):
        assert np.abs(found.ravel() - picture.clip(0, 1)).max() <= 1 / 127
    assert others["labels"][2] == f"PCA, {alive}"
    assert np.allclose(units["values"], h, rtol=1e-6)


def unpacked_grids(grids):
    return np.asarray(grids, float).reshape(3, 14, 14) / 127


def test_the_damage_is_masking_noise_and_a_unit_can_be_set():
    _, ink, damaged = digit(p=0.5)
    lost = ink.ravel() - damaged.seen[0]
    assert 0 < lost.sum() < ink.sum()
    damaged.set_unit("code", "units", 1, 2.5)
    assert damaged.code[1] == 2.5
    assert "1 of them set by hand" in damaged.told()
    for asked, kept in ((-1, 0), (LARGEST + 1, LARGEST)):
        damaged.set_unit("code", "units", 1, asked)
        assert damaged.code[1] == kept


# ---- a filter that slides


def test_a_name_for_touches_must_fit_into_an_address():
    with pytest.raises(ValueError, match="touch and edit must be one word"):
        pieces.images(np.zeros((1, 2, 2)), touch="two words")


def sliding(picture=DIGIT):
    rng = np.random.default_rng(0)
    return rng.normal(size=(SIZE, SIZE)), Sliding(
        conv2d, {"cat": rng.random((12, 12))}, picture, rng.random((9, 9))
    )


@pytest.mark.parametrize("picture", [DIGIT, "cat"])
@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_an_output_that_is_touched_is_the_sum_of_its_products(picture, stride, padding):
    weights, state = sliding(picture)
    seen = state.scene(weights, stride, padding)
    x = np.pad(state.image, padding)
    h = conv2d(x[None, None], weights[None, None], None, stride)[0, 0]
    assert len(seen["rows"][0]) == (3 if picture == DIGIT else 2)
    state.touch(OUTPUT, "cell", 0, h.shape[1] + 2)  # row 1, column 2
    *_, of_input, of_output = state.scene(weights, stride, padding)["rows"][0]
    _, window, products = state.scene(weights, stride, padding)["rows"][1]
    assert of_output["frames"] == [[0, 1, 2, 1, 1]]
    assert of_input["frames"] == [[0, stride, 2 * stride, SIZE, SIZE]]
    assert np.isclose(products["values"].sum(), h[1, 2], atol=1e-5)
    assert np.allclose(window["values"] * weights, products["values"], atol=1e-5)
    assert f"{h[1, 2]:.3g}" in state.told(weights, stride, padding)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 1), (3, 2)])
def test_an_input_that_is_touched_reaches_the_outputs_that_depend_on_it(
    stride, padding
):
    weights, state = sliding()
    state.scene(weights, stride, padding)
    x = np.pad(state.image, padding)
    for i, j in ((0, 0), (4, 5), (len(x) - 1, 3)):
        state.touch(INPUT, "cell", 0, len(x) * i + j)
        seen = state.scene(weights, stride, padding)
        one = np.zeros_like(x)
        one[i, j] = 1
        depends = conv2d(one[None, None], weights[None, None], None, stride)[0, 0]
        rows, columns = np.nonzero(depends)
        frames = seen["rows"][0][2]["frames"]
        assert seen["facts"]["outputs reached"] == str(len(rows))
        if not len(rows):
            assert frames == []
            continue
        [[_, top, left, down, across]] = frames
        assert (top, left) == (rows.min(), columns.min())
        assert down * across == len(rows)
        there = depends[top : top + down, left : left + across]
        assert np.allclose(seen["rows"][1][1]["values"], there, atol=1e-6)


def test_what_was_touched_stays_inside_a_smaller_output():
    weights, state = sliding()
    state.scene(weights, 1, 0)
    state.touch(OUTPUT, "cell", 0, 48)  # the last of 7 x 7
    assert state.scene(weights, 3, 0)["rows"][0][2]["frames"] == [[0, 2, 2, 1, 1]]
    assert reached(0, 1, 5) == range(1)


# ---- digits that LeNet reads


def lenet_digit():
    ink = in_pens(np.random.default_rng(1).random((28, 28)))
    assert {*np.unique(ink)} <= {0, 0.5, 1}
    return new_lenet(np.random.default_rng(0)), ink


@pytest.mark.parametrize("layer", ["first", "pooled", "second", "pooled again"])
def test_a_unit_that_is_touched_depends_on_the_framed_pixels(layer):
    p, ink = lenet_digit()
    state = Reading(lenet_layers, p, ink)
    shape = lenet_layers(p, ink[None, None])[layer].value.shape[1:]
    unit = 1, 2, 1
    name = layer.replace(" ", "-")
    state.touch(name, "cell", 0, np.ravel_multi_index(unit, shape))
    seen = state.scene(0, 0)
    [[_, top, left, height, width]] = seen["rows"][0][1]["frames"]
    x = Tensor(ink[None, None])
    before = "second before ReLU" if layer == "second" else layer
    lenet_layers(p, x)[before][(0, *unit)].backward()
    outside = x.gradient[0, 0].copy()
    outside[top : top + height, left : left + width] = 0
    assert not outside.any()
    every = [panel for row in seen["rows"][1:] for panel in row]
    assert [panel["frames"] for panel in every if panel["touch"] == name] == [
        [[*unit, 1, 1]]
    ]
    assert sum(len(panel["frames"]) for panel in every) == 1


def test_a_shifted_digit_is_read_where_it_stands():
    p, ink = lenet_digit()
    state = Reading(lenet_layers, p, ink)
    seen, layers = state.read(3, -2)
    assert np.array_equal(seen[:26, 3:], ink[2:, :25])
    assert np.array_equal(
        layers["scores"].value, lenet_layers(p, seen[None, None])["scores"].value
    )
    told = softmax(layers["scores"].value[0])
    assert f"LeNet gives a {told.argmax()} with probability" in state.told(3, -2)


@pytest.mark.parametrize("cover", COVERS)
def test_a_cover_lies_inside_and_changes_the_answer(cover):
    p, ink = lenet_digit()
    state = Covering(lenet_layers, p, ink)
    state.touch("cover", "cell", 0, 0)  # a corner
    x, frame, found = state.covered(5, cover)
    assert frame == [0, 0, 0, 5, 5]
    assert (x[:5, :5] == COVERS[cover]).all()
    assert np.array_equal(x[5:], ink[5:])
    scores = lenet_layers(p, x[None, None])["scores"].value[0]
    assert np.allclose(found, softmax(scores))
    seen = state.scene(5, cover)
    bars = seen["rows"][1][0]["marks"][0]["values"]
    assert np.allclose(bars, [state.p, found], atol=1e-6)
    assert f"a {found.argmax()}" in state.told(5, cover)


def test_saliency_is_the_gradient_of_the_answers_score():
    p, ink = lenet_digit()
    state = Covering(lenet_layers, p, ink)
    step = np.zeros((28, 28))
    step[13, 12] = 1e-5
    above, below = (
        lenet_layers(p, x[None, None])["scores"].value[0, state.answer]
        for x in (ink + step, ink - step)
    )
    assert np.isclose(state.saliency[13, 12], abs(above - below) / 2e-5, rtol=1e-4)


# ---- words


WORDS = "king queen man woman river bank tree sea sun moon"
VOCABULARY = np.array(WORDS.split())


def lexicon():
    vectors = np.random.default_rng(0).normal(size=(10, 4))
    vectors[1] = vectors[0] + vectors[3] - vectors[2]  # queen
    kinds = {"one": vectors, "other": vectors[::-1]}
    lexicons = {kind: {"vectors": rows} for kind, rows in kinds.items()}
    lexicons["one"]["vocabulary"] = VOCABULARY
    return kinds, Lexicon(lexicons, nearest, analogy)


def test_a_lexicons_lists_are_those_of_nearest_and_analogy():
    kinds, live_words = lexicon()
    rows = live_words.scene("King ", "man", "woman", "king")["rows"]
    [[near], [answers, control]] = rows
    for column, (kind, vectors) in enumerate(kinds.items()):
        listed = {
            panel["title"]: [row[column].split() for row in panel["words"]]
            for panel in (near, answers, control)
        }
        units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        order = [*VOCABULARY[nearest(vectors, 0, 9)]]
        found = listed["Nearest to King "]
        assert [word for word, _ in found] == order[:8]
        assert found[0][1] == f"{units[nearest(vectors, 0, 1)][0] @ units[0]:.2f}"
        assert near["columns"][column] == kind
        best = analogy(vectors, 2, 3, 0, 5)
        found = listed["man : woman :: king : ?"]
        assert [word for word, _ in found] == [*VOCABULARY[best]]
        target = units[3] - units[2] + units[0]
        cosine = units[best] @ target / np.linalg.norm(target)
        values = np.reshape(answers["values"], (5, 2))[:, column]
        assert np.allclose(values, cosine, rtol=1e-6)
        found = [word for word, _ in listed["Control: nearest to king"]]
        assert found == [w for w in order if w not in ("man", "woman")][:5]


def test_a_word_that_is_not_known_is_said_with_words_like_it():
    kinds, live_words = lexicon()
    told = live_words.told("rivr", "man", "woman", "king")
    assert told == "“rivr” is not in the vocabulary. Near it: river."
    assert len(live_words.scene("rivr", "man", "woman", "king")["rows"]) == 1
    assert live_words.scene("rivr", "man", "woman", "kin")["rows"] == []
    said = live_words.told("king", "man", "woman", "king")
    near, best = (
        ", ".join(f"{VOCABULARY[first(rows)[0]]} ({k})" for k, rows in kinds.items())
        for first in (lambda v: nearest(v, 0, 1), lambda v: analogy(v, 2, 3, 0, 1))
    )
    assert said == f"Nearest to “king”: {near}. man is to woman as king is to: {best}."


# ---- recurrent networks


LETTERS = "abcdefg .\n"


def reading(text="ab a"):
    rng = np.random.default_rng(0)
    params = recurrent_parameters(rng, "lstm", len(LETTERS), 5)
    params |= {"W": rng.normal(size=(len(LETTERS), 5)), "b_out": np.zeros(len(LETTERS))}
    tools = lstm_step, lstm_gates, sample_next
    return recurrent.Reading(tools, params, LETTERS, text), params


def test_a_text_is_read_by_the_lstm():
    state, params = reading("ab.\nxa")
    assert state.text == "ab.\na"
    assert state.left_out == ["x"]
    tokens = [LETTERS.index(one) for one in state.text]
    zero = np.zeros((1, 5))
    lstm = {name: params[name] for name in ("V", "U", "b")}
    h, c, cache = lstm_forward(np.eye(len(LETTERS))[tokens][:, None], zero, zero, lstm)
    states = np.array([stored[0] for _, stored in state.states[1:]])
    assert np.allclose(states, c[:, 0])
    assert np.allclose(state.logits(), h[-1, 0] @ params["W"].T + params["b_out"])
    assert list(state.offered()) == list(np.argsort(-state.logits()))
    seen = state.scene(3, 1.0)
    letters, stored = seen["rows"][0][0], seen["rows"][1][0]
    assert letters["words"][0][:5] == ["a", "b", ".", "⏎", "a"]
    assert np.allclose(letters["values"][0, :5], c[:, 0, 3], atol=1e-6)
    assert np.isnan(letters["values"][0, 5:]).all()
    assert letters["marked"] == [4]
    assert np.allclose(stored["marks"][0]["y"], c[:, 0, 3], atol=1e-6)
    state.touch("read", "cell", 0, 1)
    gates = state.scene(3, 1.0)["rows"][1][1]["marks"][0]["values"][0]
    i, f, candidate, o = cache[3][1][:, 0, 3]
    assert np.allclose(gates, [i, f, o, candidate, h[1, 0, 3]], atol=1e-6)
    assert "Not in the alphabet and left out: x" in state.told(3, 1.0)
    assert f"After “b” cell 3 stores {c[1, 0, 3]:.2f}." in state.told(3, 1.0)


def test_a_text_goes_on():
    state, _ = reading("ab a")
    offered = state.scene(0, 0.5)["rows"][2][1]
    name, third = offered["touch"], LETTERS[state.offered()[2]]
    p = softmax(state.logits() / 0.5)[state.offered()]
    assert np.allclose(offered["values"].ravel(), p, atol=1e-6)
    state.touch(name, "cell", 0, 2)
    assert state.text == "ab a" + third
    assert state.scene(0, 0.5)["rows"][2][1]["touch"] != name, "an edit of its own"
    for _ in range(recurrent.LONGEST - 5):
        assert state.step(1.0)
    assert not state.step(1.0)
    state.touch(name, "cell", 0, 0)
    assert len(state.text) == recurrent.LONGEST
    assert {*state.text} <= {*LETTERS}


def test_without_a_text_there_is_a_first_character():
    state, _ = reading("")
    assert len(state.scene(0, 1.0)["rows"]) == 1
    assert state.told(0, 1.0).startswith("Most probable next:")
    state.touch("read", "cell", 0, 7)
    state.touch("next0", "cell", 0, 0)
    assert len(state.text) == 1


@pytest.mark.parametrize("activation", ["tanh", "linear", "ReLU"])
def test_vanishing_gradients_are_those_of_the_chapter(activation):
    state = recurrent.Vanishing(scaled_matrix, recurrent_states, gradient_norms)
    settings = {"radius": 1.2, "noise": 0.1, "kind": "random", "steps": 20, "draw": 2}
    h, norms = state.run(activation=activation, **settings)
    U = 1.2 * state.matrix("random", 2)
    assert np.abs(np.linalg.eigvals(U)).max() == pytest.approx(1.2)
    last = np.full(32, 32**-0.5)
    assert np.allclose(norms, gradient_norms(U, h, last, activation))
    assert norms[0] == pytest.approx(1)
    seen = state.scene(activation=activation, **settings)
    lengths, path = seen["rows"][0]
    assert np.allclose(lengths["marks"][0]["y"], np.log10(norms), atol=1e-5)
    assert np.allclose(lengths["marks"][1]["y"][-1], 20 * np.log10(1.2), atol=1e-5)
    assert np.allclose(path["marks"][0]["x"], h[:, 0], atol=1e-5)
    assert f"to {norms[-1]:.2g} times" in state.told(activation=activation, **settings)


def test_an_orthogonal_matrix_keeps_the_length():
    state = recurrent.Vanishing(scaled_matrix, recurrent_states, gradient_norms)
    _, norms = state.run(1.0, 0.5, "linear", "orthogonal", 50, 1)
    assert np.allclose(norms, 1)


@pytest.mark.parametrize("cell", ["elman", "gru", "lstm"])
def test_the_recall_task_is_learnt_step_by_step(cell):
    rng = np.random.default_rng(1)
    answer = {"W": 0.3 * rng.normal(size=(4, 16)), "b_out": np.zeros(4)}
    params = recurrent_parameters(rng, cell, 9, 16, 1.0) | answer
    tools = recall_batch, recall_gradients, clip_by_norm, Adam(0.01)
    state = recurrent.Recalling(tools, cell, params, 4)
    assert "not trained yet" in state.told("1")
    assert len(state.scene("1")["rows"][0]) == 3
    before = {name: value.copy() for name, value in params.items()}
    x, y = recall_batch(np.random.default_rng(0), 16, 4)
    loss, _, gradients = recall_gradients(cell, before, x, y)
    assert state.step("1")
    assert state.losses == [loss]
    squares = sum(np.sum(g**2) for g in gradients.values())
    assert state.norms[0] == pytest.approx(np.sqrt(squares))
    while state.step("1"):
        pass
    assert state.solved()
    assert "solved" in state.told("1")
    steps = np.arange(1, len(state.losses) + 1)
    losses, lengths, right = state.scene("0.1")["rows"][0]
    assert np.array_equal(losses["marks"][0]["x"], steps)
    assert np.allclose(lengths["marks"][0]["y"], np.log10(state.norms), atol=1e-6)
    assert right["marks"][0]["y"][-5:].tolist() == [1] * 5
    assert len(lengths["marks"]) == 2, "where it is clipped"
    assert len(state.scene("never")["rows"][0][1]["marks"]) == 1


def test_touched_cells_have_one_word_for_a_name():
    there = cells([[1.0, 2.0]], [["a", ""]], touch="next3", marked=[np.int64(1)])
    assert there["touch"] == "next3"
    assert there["marked"] == [1]
    with pytest.raises(ValueError, match="touch and edit must be one word, got 'a b'"):
        cells([[1.0]], touch="a b")


# ---- translation

MERGES = (("a", "t"), ("c", "at"))


def small_translator(attention="softmax", merges=()):
    parts = ["cat", "s", "c@@", "h@@", "at@@", "at", ","] if merges else ["a", "b", ","]
    rng = np.random.default_rng(2)
    model = Seq2Seq(parts, ["x", "y"], 3, rng, attention=attention, embedding=2)
    return model, packed(model, merges)


@pytest.mark.parametrize("attention", ["softmax", "sparsemax", None])
def test_a_model_comes_back_from_its_arrays(attention):
    model, arrays = small_translator(attention)
    again = unpacked_model(Seq2Seq, arrays)
    assert again.attention == attention
    assert again.decode([["a", "b"]]) == model.decode([["a", "b"]])


def test_a_translation_shows_the_weights_of_the_chosen_word():
    model, arrays = small_translator()
    state = Translating((Seq2Seq, segment), arrays, "A, b zebra")
    assert state.source == ["a", ",", "b"]
    assert state.left_out == ["zebra"]
    (target,) = model.decode([state.source], max_length=52)
    assert state.target == target
    (weights,) = model.attend([state.source], [target])
    links, said, looked, coverage = (row[0] for row in state.scene()["rows"])
    assert links["labels"] == [*state.source, *target, "STOP"]
    assert (weights >= SHOWN).sum() == len(links["edges"])
    assert said["marked"] == [0]
    assert looked["words"][0][0] == f"a {weights[0, 0]:.2f}"
    assert coverage["words"][0][2] == f"b {weights[:, 2].sum():.2f}"
    state.touch("choose", "cell", 0, 99)
    assert state.chosen == len(target)
    assert "Before “STOP”" in state.told()
    assert "Left out: zebra." in state.told()


def test_sub_words_are_found_by_the_merges():
    _, arrays = small_translator(merges=MERGES)
    state = Translating((Seq2Seq, segment), arrays, "cat hats")
    assert state.source == ["cat", "h@@", "at@@", "s"]


def test_a_text_of_unknown_words_is_told():
    _, arrays = small_translator()
    state = Translating((Seq2Seq, segment), arrays, "zebra")
    assert state.told() == "No word is known. Left out: zebra."
    assert "none of these words" in state.scene()["rows"][0][0]["words"][0][0]


GREETING = np.array([[0.45, 0.55, 0, 0, 0], [0, 0, 0.98, 0.02, 0], [0, 0, 0.1, 0.9, 0]])


def greeting_logs(y):
    rows = [*GREETING, [0, 0, 0, 0, 1.0], [0, 0, 0, 0, 1.0]]
    with np.errstate(divide="ignore"):
        return np.log(rows[y[-1] + 1 if y else 0])


@pytest.mark.parametrize(
    ("first", "width", "wanted", "says"),
    [
        (0.45, 1, ["bom", "dia"], "No target is more probable: no search error"),
        (0.53, 1, ["bom", "dia"], "The most probable target is the right translation"),
        (0.45, 1, ["bom", "dia"], "a model error"),
        (0.52, 2, None, "no search error."),
    ],
)
def test_a_search_says_which_kind_of_error_there_is(first, width, wanted, says):
    def logs(y):
        if y:
            return greeting_logs(y)
        with np.errstate(divide="ignore"):
            return np.log([first, 1 - first, 0, 0, 0])

    words = ["bom", "boa", "dia", "tarde", "STOP"]
    state = Searching((beam_steps, exact_search), logs, words, wanted, width, 4)
    assert "Step 1" in state.told()
    while state.step():
        pass
    assert says in state.told()


def test_a_search_error_is_named():
    p = np.array([[0.45, 0.55, 0], [0.9, 0.05, 0.05], [0.4, 0.3, 0.3], [0, 0, 1]])

    def logs(y):
        with np.errstate(divide="ignore"):
            return np.log(p[min(len(y), 1) + y[0] if y and len(y) < 2 else 3 * bool(y)])

    words = ["a", "b", "STOP"]
    state = Searching((beam_steps, exact_search), logs, words, ["a", "a"], 1, 5)
    while state.step():
        pass
    assert "A search error: “a a STOP”" in state.told()
    assert "The most probable target is the right translation." in state.told()
    tree, listed = (row[0] for row in state.scene()["rows"])
    assert tree["labels"][0] == "START"
    assert len(tree["edges"]) == len(tree["weights"]) == len(tree["labels"]) - 1
    assert listed["words"][0][0].startswith("b a STOP")


def test_a_search_shows_the_table_that_it_is_read_from():
    p = np.array([[3, 1, 0], [0, 0, 0], [1, 1, 2]])  # after START, "word", "noticeable"
    logs = logs_of_table(p)
    np.testing.assert_allclose(np.exp(logs(())), [0.75, 0.25, 0])
    np.testing.assert_allclose(np.exp(logs((1, 0))), [0, 0, 1], err_msg="zeros: STOP")
    np.testing.assert_allclose(np.exp(logs((0, 1))), [0.25, 0.25, 0.5])
    words, tools = ["word", "noticeable", "STOP"], (beam_steps, exact_search)
    state = Searching(tools, logs, words, None, 2, 4, "p")
    tree, _, control = (row[0] for row in state.scene()["rows"])
    assert control["values"] == "p"
    assert {"word", "notice…"} < set(tree["labels"]), "a long word is cut"
    assert tree["turned"] == "always"
    with pytest.raises(ValueError, match="turned must be narrow, always or never"):
        pieces.graph(np.zeros((1, 2)), np.zeros((0, 2)), np.zeros(0), turned="down")


def test_the_tree_of_a_beam_shows_what_is_kept_and_what_is_dropped():
    p = np.array([[0.45, 0.55, 0], [0.9, 0, 0.1], [0.3, 0.3, 0.4], [0, 0, 1]])
    words, tools = ["a", "b", "STOP"], (beam_steps, exact_search)
    state = Searching(tools, logs_of_table(p), words, ["a", "a"], 1, 3)
    (tree,), _ = state.scene()["rows"]
    assert tree["labels"] == ["START", "b", "a"], (
        "STOP has probability 0, and is left out"
    )
    depths = np.reshape(tree["at"], (-1, 2))[:, 0]
    np.testing.assert_allclose(depths, np.array([0, 1, 1]) / len(state.beams))
    assert (np.sign(tree["weights"]) == [1, -1]).all(), "b is kept, a is dropped"
    assert tree["lit"] == {"nodes": [1], "edges": [0]}
    while state.step():
        pass
    (tree,), _ = state.scene()["rows"]
    assert tree["labels"] == ["START", "b", "a", "STOP", "a", "b"]
    ends = np.reshape(tree["edges"], (-1, 2)).tolist()
    assert ends == [[0, 1], [0, 2], [1, 3], [1, 4], [1, 5]]
    assert tree["lit"]["nodes"] == [1, 3]


# ---- a restricted Boltzmann machine that is painted on


def painting(chains=3, begin="noise"):
    rng = np.random.default_rng(0)
    arrays = {"W": rng.normal(scale=0.1, size=(784, 32)), "b": rng.normal(size=784)}
    arrays |= {"c": rng.normal(size=32), "digits": rng.integers(2, size=(16, 784))}
    arrays = {name: array.astype(np.float32) for name, array in arrays.items()}
    tools = (gibbs_step, visible_probabilities, free_energy, tempered)
    return Painting(tools, arrays, chains, begin), arrays


def test_what_is_painted_stays_and_the_rest_is_drawn():
    state, arrays = painting()
    pixels = np.full((28, 28), FREE)
    pixels[3, 4:9], pixels[20, :5] = INK, PAPER
    free = pixels.ravel() == FREE
    for _ in range(30):
        before = state.v
        assert state.step(pixels, 1.0)
        assert (state.v[:, ~free] == (pixels.ravel()[~free] == INK)).all()
        assert np.isin(state.v, (0, 1)).all()
        assert (state.v != before).any()
    p = visible_probabilities(state.h, arrays["W"], arrays["b"])
    np.testing.assert_allclose(state.shown[:, free], p[:, free], rtol=1e-6)
    energies = free_energy(state.v, arrays["W"], arrays["b"], arrays["c"])
    np.testing.assert_allclose(state.energies[-1], energies, rtol=1e-5)
    assert len(state.energies) == state.steps == 30


def test_a_cold_chain_takes_the_likelier_value_and_a_hot_one_either():
    shares = {}
    for temperature in (0.01, 1.0, 1000.0):
        state, arrays = painting(chains=9)
        for _ in range(10):
            state.step(np.full((28, 28), FREE), temperature)
        u = state.h @ arrays["W"].T + arrays["b"]
        shares[temperature] = np.mean(state.v == (u > 0))
    assert shares[0.01] > 0.99 > shares[1.0] > shares[1000.0]
    assert abs(shares[1000.0] - 0.5) < 0.03


def test_the_scene_and_the_words_of_a_painting():
    state, arrays = painting(chains=4, begin="digits")
    assert (state.v == arrays["digits"][:4]).all()
    blank = np.full((28, 28), FREE)
    half = clamped_part(arrays["digits"][0], slice(0, 14))
    assert (half[14:] == FREE).all()
    assert (np.where(half[:14] == INK, 1, 0).ravel() == arrays["digits"][0][:392]).all()
    first = state.scene(blank, 1.0)
    assert len(first["rows"]) == 1, "no energies before the first step"
    assert state.told(blank, 1.0) == "Step 0, temperature 1: press Step or Play."
    for _ in range(200):
        state.step(half, 1.0)
    (painted, chains), (energies, hidden) = state.scene(half, 1.0)["rows"]
    assert painted["grids"] == "pixels"
    assert chains["grids"].shape == (4, 28, 28)
    assert hidden["grids"].shape == (1, 2, 16)
    lines = [mark for mark in energies["marks"] if mark["mark"] == "curve"]
    assert len(lines) == 3, "the first three chains"
    assert "392 pixels clamped" in state.told(half, 1.0)
    assert state.scene(half, 1.5)["facts"]["step"] == "200"


def test_a_painting_of_one_chain_has_one_line():
    state, _ = painting(chains=1)
    state.step(np.full((28, 28), FREE), 1.0)
    _, (energies, _) = state.scene(np.full((28, 28), FREE), 1.0)["rows"]
    assert len([m for m in energies["marks"] if m["mark"] == "curve"]) == 1
    assert energies["marks"][0]["name"] == "chain 1"


def latent_plane(n=12, hidden=5):
    rng = np.random.default_rng(60)
    arrays = {
        "decoder.W": rng.normal(size=(hidden, 2)),
        "decoder.b": rng.normal(size=hidden),
        "output.W": rng.normal(size=(784, hidden)),
        "output.b": rng.normal(size=784),
        "means": rng.normal(size=(n, 2)),
        "labels": np.arange(n) % 10,
    }
    return Plane(decoder, arrays), arrays


def test_the_pictures_of_the_latent_plane_are_the_decoders():
    level = 1 / 127  # pictures are sent in 127 levels
    state, arrays = latent_plane()
    ends = Points(np.array([[0.3, -1.0], [-2.0, 0.0], [2.0, 1.0]]), np.arange(3))
    params = {name: arrays[name] for name in arrays if "." in name}
    (plane_plot, at_point), (both,) = state.scene(ends)["rows"]
    expected = sigmoid(decoder(ends.X, params)).reshape(3, 28, 28)
    np.testing.assert_allclose(at_point["grids"] / 127, expected[:1], atol=level)
    on_path, mixed = np.split(both["grids"] / 127, 2)
    for pictures in (on_path, mixed):
        np.testing.assert_allclose(pictures[[0, 8]], expected[1:], atol=level)
    np.testing.assert_allclose(mixed[4], expected[1:].mean(axis=0), atol=level)
    middle = sigmoid(decoder(np.array([[0.0, 0.5]]), params)).reshape(28, 28)
    np.testing.assert_allclose(on_path[4], middle, atol=level)
    assert [mark["mark"] for mark in plane_plot["marks"]] == ["words", "curve", "dots"]


def test_the_latent_plane_tells_the_nearest_digits():
    state, arrays = latent_plane()
    means = arrays["means"]
    ends = Points(means[[4, 1, 1]], np.arange(3))
    said = state.told(ends)
    assert "the nearest digit is a 4, at a distance of 0.00" in said
    assert said.endswith("The path passes 1.")


GAME_TOOLS = (GAN, discriminator_gradient, generator_gradient, two_hidden_layers)
GAME = {
    "loss": "non-saturating",
    "generator_rate": 0.002,
    "discriminator_rate": 0.002,
    "generator_steps": 1,
    "discriminator_steps": 1,
    "penalty": 0.0,
}


def test_the_points_of_a_drawing_lie_on_its_ink():
    target = blots(3, 0.6)
    points = drawn_points(np.random.default_rng(61), target, 500)
    row, column, inside = cells_of(points)
    assert inside.all()
    assert (target[row, column] == 1).all()
    assert len({*zip(row, column, strict=True)}) == target.sum(), "all of the ink"


def test_a_turn_of_the_drawn_game_is_a_turn_of_the_pair():
    game, target = Game(GAME_TOOLS, 3), blots(8, 0.8)
    before = {name: value.copy() for name, value in game.generator.items()}
    assert game.step(target, **GAME | {"generator_rate": 0.0})
    for name, value in before.items():
        np.testing.assert_array_equal(game.generator[name], value)
    first = {name: value.copy() for name, value in game.discriminator.items()}
    assert game.step(target, **GAME | {"discriminator_rate": 0.0})
    for name, value in first.items():
        np.testing.assert_array_equal(game.discriminator[name], value)
    assert any((game.generator[name] != before[name]).any() for name in before)
    assert len(game.losses) == game.turns == 2


@pytest.mark.parametrize(
    ("change", "least", "most"), [({}, 7, 8), ({"generator_steps": 10}, 0, 1)]
)
def test_equal_steps_reach_all_blots_and_ten_of_the_generator_one(change, least, most):
    game, target = Game(GAME_TOOLS, 0), blots(8, 0.8)
    for _ in range(900):
        assert game.step(target, **GAME | change)
    row, column, _ = cells_of(game.made())
    reached = 0
    for blot in range(8):
        angle = 2 * np.pi * blot / 8
        place = (
            11 * (1 - 0.8 * np.sin(angle)) + 0.5,
            11 * (1 + 0.8 * np.cos(angle)) + 0.5,
        )
        reached += np.hypot(row - place[0], column - place[1]).min() < 2.5
    assert least <= reached <= most


def test_nothing_drawn_ends_the_game():
    game = Game(GAME_TOOLS, 0)
    nothing = np.zeros((SIDE, SIDE))
    assert not game.step(nothing, **GAME)
    assert game.told(nothing) == "Nothing is drawn: draw with the pen Ink."


def test_the_losses_of_a_long_game_are_thinned():
    game = Game(GAME_TOOLS, 0)
    for _ in range(450):
        game.step(blots(2, 0.5), **GAME)
    turns = np.array(game.losses)[:, 0]
    assert len(turns) <= 200
    assert turns[-1] > 440
    assert len(set(np.diff(turns))) == 1, "evenly"
    (drawn, picture), (losses,) = game.scene(blots(2, 0.5))["rows"]
    assert drawn["grids"] == "target"
    assert len(losses["marks"]) == 2
    assert picture["marks"][0]["mark"] == "heat"
    assert game.scene(blots(2, 0.5))["facts"]["turns"] == "450"
