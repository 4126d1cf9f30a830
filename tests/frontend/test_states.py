"""The states of the book's live pieces are those of the package, called by hand."""

from pathlib import Path

import numpy as np
import pytest
from ask_piece import Asked
from page_python import display

from tutorial_utils.linear_classifiers import append_constant, perceptron
from tutorial_utils.neural_networks import softmax, sparsemax

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
