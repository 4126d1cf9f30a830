"""The states of the book's live pieces are those of the package, called by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from ask_piece import Asked
from page_python import display
from sklearn.svm import SVC

from tutorial_utils.linear_classifiers import (
    append_constant,
    binary_log_loss,
    logistic_regression,
    perceptron,
    predict,
    rbf_kernel,
)
from tutorial_utils.neural_networks import MLP, softmax, sparsemax
from tutorial_utils.training import (
    SGD,
    Adam,
    Momentum,
    backpropagation,
    cross_entropy,
)

ROOT = Path(__file__).resolve().parents[2]


def asked(chapter: str, cell: str, monkeypatch: pytest.MonkeyPatch) -> Asked:
    monkeypatch.chdir(ROOT / "chapters")
    monkeypatch.setenv("MPLBACKEND", "agg")
    return Asked(Path(f"{chapter}.ipynb"), cell)


def test_the_perceptron_after_n_steps(monkeypatch):
    perceptron_piece = asked("01_linear_classifiers", "3634c92f", monkeypatch)
    state_of = display.widgets[perceptron_piece.name]
    rng = np.random.default_rng(0)
    for n_points in (1, 2, 7, 20):
        for n_steps in (0, 1, 3, 50):
            X = np.rint(2000 * rng.uniform(-1, 1, (n_points, 2))) / 2000
            y = rng.integers(0, 2, n_points)
            points = {"X": X.ravel().tolist(), "y": y.tolist()}
            question = {"set": {"data": points}, "restart": True, "steps": n_steps}
            frame = perceptron_piece.ask(question)
            run = perceptron(append_constant(X), y, 2, 25, keep_trace=True)
            k = min(n_steps, run.mistakes)
            s = state_of.state
            assert s.k == k
            assert np.array_equal(s.run.trace[k], run.trace[k])
            assert frame["facts"]["mistakes k"] == str(k)
            assert len(frame["rows"][0][0]["marks"][-1]["ring"]) == min(k, 1)


def test_a_piece_never_counts_beyond_the_last_mistake(monkeypatch):
    piece = asked("01_linear_classifiers", "3634c92f", monkeypatch)
    last = piece.ask({"steps": 10_000})
    assert last["done"]
    more = piece.ask({"steps": 5})
    assert more["facts"] == last["facts"]
    assert more["t"] == last["t"]


def test_the_simplex_shows_softmax_and_sparsemax(monkeypatch):
    piece = asked("02_neural_networks", "28817249", monkeypatch)
    rng = np.random.default_rng(1)
    for t1, t2 in np.rint(1000 * rng.uniform(-2, 2, (20, 2))) / 1000:
        for place, temperature in enumerate((0.25, 0.5, 1.0, 2.0)):
            scores = {"X": [t1, t2], "y": [0]}
            values = {"scores": scores, "temperature": place}
            frame = piece.ask({"set": values})
            z = np.array([t1, t2, 0]) / temperature
            [_, _, shown] = frame["rows"][0]
            wanted = np.array([softmax(z), sparsemax(z)])
            assert np.allclose(shown["marks"][0]["values"], wanted, atol=1e-7)
            support = np.flatnonzero(sparsemax(z)) + 1
            assert ", ".join(map(str, support)) in frame["caption"]


PRESETS = (
    "rings, 4 tanh",
    "spirals, 4 tanh",
    "spirals, 8-8 tanh",
    "spirals, 8-8 relu",
    "spirals, 8-8-8-8 relu",
    "XOR folded, 2 relu",
)
SETTINGS = (
    ("Adam", "all", "none"),
    ("momentum", "50", "L1"),
    ("SGD", "10", "L2"),
    ("Adam", "1", "L2"),
)


def inputs_of(X: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    a, b = X[:, 0], X[:, 1]
    known = {"x₁": a, "x₂": b, "x₁²": a * a, "x₂²": b * b, "x₁x₂": a * b}
    return np.stack([known[name] for name in names], axis=1)


def trained_by_hand(values: dict, n_updates: int, seed: int) -> tuple[MLP, np.ndarray]:
    """The network after so many updates, and which points were held out."""
    data = values["data"]
    X, y = inputs_of(data.X, values["inputs"]), data.y
    held = round(1 / values["held"])  # every fifth point, for a fifth
    rows = np.array([n for n in range(len(y)) if (n + 1) % held])
    rng = np.random.default_rng(seed)
    sizes = [X.shape[1], *values["layers"], 2]
    network = MLP(sizes, values["activation"], rng)
    kinds = {"Adam": Adam, "momentum": Momentum, "SGD": SGD}
    optimiser = kinds[values["optimiser"]](values["rate"])
    size = len(rows) if values["batch"] == "all" else int(values["batch"])
    batches: list[np.ndarray] = []
    for _ in range(n_updates):
        if not batches:
            order = rows[rng.permutation(len(rows))]
            batches = [order[k : k + size] for k in range(0, len(rows), size)]
        batch = batches.pop(0)
        gradients = []
        for W, (dW, db) in zip(
            network.W, backpropagation(network, X[batch], y[batch]), strict=True
        ):
            slope = {"none": 0 * W, "L1": np.sign(W), "L2": W}[values["penalty"]]
            gradients += [dW + values["strength"] * slope, db]
        params = [p for pair in zip(network.W, network.b, strict=True) for p in pair]
        optimiser.step(params, gradients)
    out = np.ones(len(y), bool)
    out[rows] = False
    return network, out


def test_the_playground_after_n_updates(monkeypatch):
    """Each preset, with each optimiser, batch and penalty: as backpropagation says."""
    piece = asked("02_neural_networks", "2a8d414d", monkeypatch)
    live = display.widgets[piece.name]
    presets, controls = json.loads(live.spec)["presets"], live.controls
    assert tuple(presets) == PRESETS
    for seed, preset in enumerate(presets.values()):
        for optimiser, batch, penalty in SETTINGS:
            given = {"optimiser": optimiser, "batch": batch, "penalty": penalty}
            sent = {key: controls[key].sent(value) for key, value in given.items()}
            question = {"set": preset | sent | {"seed": seed}, "restart": True}
            assert piece.ask(question)["t"] == 0
            frame = piece.ask({"steps": 40})
            network, out = trained_by_hand(live.values, 40, seed)
            for mine, theirs in zip(
                live.state.network.W + live.state.network.b,
                network.W + network.b,
                strict=True,
            ):
                assert np.allclose(mine, theirs, rtol=1e-12, atol=1e-13)
            data = live.values["data"]
            scores = network.forward(inputs_of(data.X, live.values["inputs"]))
            each = cross_entropy(scores, data.y)
            facts = frame["facts"]
            assert facts["updates"] == "40"
            assert facts["loss, training"] == f"{each[~out].mean():.3g}"
            assert facts["loss, held out"] == f"{each[out].mean():.3g}"
            right = scores.argmax(axis=1) == data.y
            assert (
                f"{(~right[~out]).sum()} of {(~out).sum()} training" in frame["caption"]
            )
            [[graph, plot], *_] = frame["rows"]
            assert np.allclose(
                graph["weights"], np.concatenate([W.ravel() for W in network.W])
            )
            assert plot["marks"][1]["hollow"] == np.flatnonzero(out).tolist()
            assert len(frame["rows"][1]) == 1 + (network.sizes[-2] == 2)


def test_the_answer_of_the_playground_is_the_networks(monkeypatch):
    piece = asked("02_neural_networks", "2a8d414d", monkeypatch)
    live = display.widgets[piece.name]
    frame = piece.ask({"steps": 100})
    side = np.linspace(-3.3, 3.3, 32)
    network = live.state.network
    for k, j in ((0, 0), (5, 20), (31, 7)):
        p = softmax(network.forward([[side[j], side[k]]]))[0]
        level = frame["rows"][0][1]["marks"][0]["values"][k, j]
        assert abs(level - 127 * (2 * p[1] - 1)) <= 0.5 + 1e-9


def test_training_goes_on_with_a_moved_point_and_a_changed_weight(monkeypatch):
    piece = asked("02_neural_networks", "2a8d414d", monkeypatch)
    live = display.widgets[piece.name]
    piece.ask({"steps": 10})
    moved = {key: [*value] for key, value in live.controls["data"].start.items()}
    moved["X"][:2] = [-3.0, 3.0]
    frame = piece.ask({"set": {"data": moved, "rate": 6}, "steps": 5})
    assert (frame["t"], frame["anew"]) == (15, False)
    piece.ask({"edit": [["network", "edge", 0, 7.5]]})
    assert live.state.network.W[0].flat[0] == 7.5
    assert piece.ask({"steps": 1})["facts"]["updates"] == "16"


# ---- chapter 1


def set_points(X: np.ndarray, y: np.ndarray) -> dict:
    return {"X": X.ravel().tolist(), "y": y.tolist()}


def two_groups(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    y = rng.permutation(np.repeat([0, 1], [n // 2, n - n // 2]))
    X = 0.3 * rng.normal(size=(n, 2)) + 0.25 * (2 * y[:, None] - 1)
    return np.rint(2000 * X.clip(-1, 1)) / 2000, y


def test_features_for_xor_are_those_of_the_perceptron(monkeypatch):
    piece = asked("01_linear_classifiers", "8ab1b33e", monkeypatch)
    rng = np.random.default_rng(2)
    for chosen in ([0, 1], [2], [0, 1, 2, 3, 4], [3, 4]):
        X, y = two_groups(rng, 12)
        frame = piece.ask({"set": {"data": set_points(X, y), "features": chosen}})
        x1, x2 = X.T
        columns = np.array([x1, x2, x1 * x2, x1**2, x2**2, np.ones(12)])
        features = columns[[*chosen, 5]].T
        run = perceptron(features, y, 2, 100)
        wrong = int((predict(run.weights, features) != y).sum())
        assert frame["facts"]["points wrong"] == str(wrong)
        assert ("every point" in frame["caption"]) == run.converged
    empty = piece.ask({"set": {"data": set_points(np.zeros((0, 2)), np.zeros(0))}})
    assert [mark["mark"] for mark in empty["rows"][0][0]["marks"]] == ["dots"]


@pytest.mark.parametrize("place", [0, 3, 5])
def test_three_linear_models_are_at_their_minima(monkeypatch, place):
    piece = asked("01_linear_classifiers", "10f759b0", monkeypatch)
    penalty = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)[place]
    X, y = two_groups(np.random.default_rng(place), 24)
    frame = piece.ask({"set": {"data": set_points(X, y), "penalty": place}})
    features = append_constant(X)
    lines = display.widgets[piece.name].state.lines
    W = logistic_regression(features, y, 2, 2 * penalty)
    risks = [
        binary_log_loss(w, features, y, penalty)
        for w in (lines["logistic"], W[1] - W[0])
    ]
    assert 0 <= risks[0] - risks[1] + 1e-12 < 1e-3
    C = 1 / (penalty * len(y))
    reference = SVC(kernel="linear", C=C, tol=1e-9).fit(X, 2 * y - 1)
    assert np.allclose(lines["SVM"][:2], reference.coef_[0], atol=1e-4)
    [dots] = [m for m in frame["rows"][0][0]["marks"] if m["mark"] == "dots"]
    assert sorted(dots["ring"]) == sorted(reference.support_.tolist())
    for name, w in lines.items():
        wrong = int(((features @ w > 0) != y).sum())
        assert frame["facts"][f"wrong, {name}"] == str(wrong)


def test_models_of_one_class_or_none_say_so(monkeypatch):
    piece = asked("01_linear_classifiers", "10f759b0", monkeypatch)
    for X, y in ((np.zeros((0, 2)), np.zeros(0)), (np.zeros((3, 2)), np.ones(3))):
        frame = piece.ask({"set": {"data": set_points(X, y)}})
        assert frame["caption"] == "Points of both classes are needed."
    same_place = set_points(np.zeros((2, 2)), np.array([0, 1]))
    assert "2 points" in piece.ask({"set": {"data": same_place}})["caption"]


@pytest.mark.parametrize("kernel", [0, 1])
def test_a_kernel_machine_and_its_leave_one_out_errors(monkeypatch, kernel):
    piece = asked("01_linear_classifiers", "5bb6f13f", monkeypatch)
    X, y = two_groups(np.random.default_rng(kernel), 16)
    start = {"data": set_points(X, y), "kernel": kernel, "width": 3, "degree": 1}
    first = piece.ask({"set": start})
    gram = ((X @ X.T + 1) ** 2, rbf_kernel(X, X, 0.4))[1 - kernel]
    signs = 2 * y - 1

    def machine(kept):
        return SVC(kernel="precomputed", C=10.0, tol=1e-10).fit(
            gram[np.ix_(kept, kept)], signs[kept]
        )

    every = np.arange(16)
    whole = machine(every)
    wrong_on_all = int((whole.predict(gram) != signs).sum())
    assert first["facts"]["training errors"] == str(wrong_on_all)
    assert first["facts"]["support vectors"] == str(len(whole.support_))
    last = piece.ask({"steps": 100})
    left_out = 0
    for n in every:
        kept = np.delete(every, n)
        left_out += machine(kept).predict(gram[[n]][:, kept])[0] != signs[n]
    assert last["done"]
    assert last["facts"]["of these wrong"] == str(left_out)
    assert f"leave-one-out errors: {left_out} of 16" in last["caption"]
    few = set_points(X[:3], np.array([0, 1, 1]))
    assert piece.ask({"set": {"data": few}, "steps": 3})["done"]


def test_a_definition_is_scored_by_the_weights_of_its_words(monkeypatch):
    weights = np.zeros((2, 3, 4))
    weights[0] = [[1, 2, 0, 0.5], [0, 1, 3, 0.25], [0, 0, 0, 0]]
    weights[1, 2, 3] = 1
    names = {"topics": np.array(["a", "b", "c"]), "models": np.array(["one", "two"])}
    kept = {"W": weights, "words": np.array(["ball", "law", "the"]), **names}
    monkeypatch.setattr("tutorial_utils.live.trained", lambda *_: kept)
    source = "".join(
        next(
            cell["source"]
            for cell in json.loads(
                (ROOT / "chapters/01_linear_classifiers.ipynb").read_text()
            )["cells"]
            if cell["id"] == "type-a-definition"
        )
    )
    namespace: dict = {}
    exec(
        "import numpy as np\nfrom types import SimpleNamespace\n"
        "from tutorial_utils import datasets\n"
        "from tutorial_utils.linear_classifiers import feature_evidence\n"
        "from tutorial_utils.live import *\n"
        "from tutorial_utils.live import trained\n"
        + source.replace('"logistic regression"', '"one"'),
        namespace,
    )
    start, describe = namespace["start"], namespace["describe"]
    s = start("The law, the ball: xyz", "one")
    assert s.words == ["the", "law", "ball", "constant"]
    counts = np.array([2, 1, 1, 1])
    centred = weights[0] - weights[0].mean(axis=0)
    assert np.allclose(s.evidence, centred[:, [2, 1, 0, 3]] * counts)
    scores = s.evidence.sum(axis=1)
    whole = weights[0] @ [1, 1, 2, 1]
    assert np.allclose(scores, whole - whole.mean())
    said = describe(s, "the predicted one")
    assert said == "Predicted: b. Not in the vocabulary: xyz."
    assert describe(start("", "two"), "c").startswith("Predicted: c")
