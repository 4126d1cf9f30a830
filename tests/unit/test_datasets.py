"""Toy data keep their promises; bundled data are what their notices say."""

import hashlib
import re
import sys
from importlib import resources
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutorial_utils import datasets
from tutorial_utils.linear_classifiers import margin


def test_topics():
    topics = datasets.load_topics()
    assert len(topics.texts) == len(topics.terms) == len(topics.y) == 3070
    assert topics.names == tuple(sorted(topics.names))
    sizes = dict(zip(topics.names, np.bincount(topics.y), strict=True))
    assert sizes["law"] == 607
    assert sizes["music"] == 205
    assert len(set(topics.texts)) == 3070, "a text twice could stand in both halves"


def test_mnist():
    mnist = datasets.load_mnist()
    assert mnist.x_train.shape == (8000, 784)
    assert mnist.x_test.shape == (2000, 784)
    for x, y in ((mnist.x_train, mnist.y_train), (mnist.x_test, mnist.y_test)):
        assert x.dtype == np.uint8
        assert (x.min(), x.max()) == (0, 255)
        assert y.shape == (len(x),)
        counts = np.bincount(y)
        assert len(counts) == 10
        assert counts.min() > 0.08 * len(y)
    # A picture twice could stand in both parts.
    pictures = {x.tobytes() for x in np.vstack([mnist.x_train, mnist.x_test])}
    assert len(pictures) == 10_000
    upright = mnist.x_train[mnist.y_train == 1].mean(axis=0).reshape(28, 28)
    assert upright[14, 12:16].mean() > 4 * upright[14, :8].mean(), "line by line"


def test_photographs():
    photographs = datasets.load_photographs()
    colour = {"astronaut", "chelsea", "coffee", "rocket"}
    assert set(photographs) == colour | {"camera", "brick", "grass", "gravel"}
    for name, picture in photographs.items():
        assert picture.dtype == np.uint8
        assert picture.shape == (224, 224, 3)[: 2 + (name in colour)]
        assert picture.std() > 10
    sky, coat = (
        photographs["camera"][rows, columns].mean()
        for rows, columns in (
            (slice(10, 40), slice(150, 220)),
            (slice(140, 190), slice(50, 80)),
        )
    )
    assert sky > 2 * coat, "line by line, light is large"


def test_dictionary_and_bible():
    dictionary, bible = datasets.load_dictionary(), datasets.load_bible()
    assert len(dictionary) == 144_996
    assert dictionary[3] == "thing: a separate and self-contained entity"
    n_words = sum(len(datasets.tokens(line)) for line in dictionary)
    assert round(n_words, -5) == 1_500_000
    assert len(bible) == 31_102
    assert bible[0] == "In the beginning God created the heaven and the earth."
    assert not any("\t" in verse for verse in bible)


def test_novel_names_and_kept_weights():
    novel = datasets.load_novel()
    assert len(novel) == 682_302
    assert len(set(novel)) == 75
    assert novel.startswith("PRIDE AND PREJUDICE\nBy Jane Austen\nChapter 1\n")
    assert "single man in possession of a good fortune" in novel
    assert not any(line != line.strip() for line in novel.splitlines())
    names, y = datasets.load_names()
    assert len(names) == len(y) == len(set(names)) == 5_163
    assert (y == 0).sum() == 4_014
    assert dict(zip(names, y, strict=True))["mary"] == 0
    assert dict(zip(names, y, strict=True))["james"] == 1
    assert set("".join(names)) <= set("abcdefghijklmnopqrstuvwxyz")
    weights = datasets.load_character_weights()
    shapes = {"V": (1024, 75), "U": (1024, 256), "b": (1024,)}
    shapes |= {"W": (75, 256), "b_out": (75,)}
    assert {name: w.shape for name, w in weights.items()} == shapes
    assert all(w.dtype == np.float64 for w in weights.values())


def test_every_bundled_file_has_its_sum_and_the_sums_hold():
    folder = resources.files("tutorial_utils") / "data"
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    sums = {name: digest for digest, name in map(str.split, lines)}
    files = {f.name for f in folder.iterdir()} - {"SHA256SUMS", "LICENSES"}
    assert set(sums) == files
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_damaged_or_missing_file_is_named(monkeypatch, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "SHA256SUMS").write_text("00 topics.tsv.gz\n")
    monkeypatch.setattr(datasets.resources, "files", lambda package: tmp_path)
    with pytest.raises(RuntimeError, match="topics.tsv.gz is missing"):
        datasets.load_topics()
    (data / "topics.tsv.gz").write_bytes(b"x")
    with pytest.raises(RuntimeError, match="topics.tsv.gz is damaged"):
        datasets.load_topics()


def test_tokens():
    assert datasets.tokens("The bat's 2nd HIT;") == ["the", "bat", "s", "nd", "hit"]


@pytest.mark.parametrize(
    ("name", "value"), [("or", max), ("and", min), ("xor", np.bitwise_xor.reduce)]
)
def test_boolean_function(name, value):
    X, y = datasets.boolean_function(name)
    assert y.tolist() == [value(row) for row in X.astype(int).tolist()]


def test_gaussian_classes_stand_about_their_centres():
    rng = np.random.default_rng(0)
    X, y = datasets.gaussian_classes(rng, [[1, 2], [30, 4]], 500, spread=0.5)
    assert y.tolist() == [0] * 500 + [1] * 500
    np.testing.assert_allclose(X[y == 1].mean(axis=0), [30, 4], atol=0.1)
    np.testing.assert_allclose(X[y == 1].std(axis=0), 0.5, atol=0.05)


def test_rings_without_noise_lie_on_their_circles():
    X, y = datasets.rings(np.random.default_rng(0), 40, n_classes=3, noise=0)
    assert y.tolist() == [0] * 40 + [1] * 40 + [2] * 40
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), y + 1)


def test_the_arms_of_a_spiral_are_turned_copies_of_one_curve():
    turns = 1.25
    X, y = datasets.spirals(np.random.default_rng(0), 40, 3, turns=turns, noise=0)
    assert y.tolist() == [0] * 40 + [1] * 40 + [2] * 40
    radius = np.linalg.norm(X, axis=1)
    assert radius.min() >= 0.2
    assert radius.max() <= 2
    angle = 2 * np.pi * (turns * radius / 2 + y / 3)
    np.testing.assert_allclose(X[:, 0], radius * np.cos(angle), atol=1e-12)
    np.testing.assert_allclose(X[:, 1], radius * np.sin(angle), atol=1e-12)


@pytest.mark.parametrize("draw", [datasets.rings, datasets.spirals])
def test_noise_moves_each_coordinate_by_its_standard_deviation(draw):
    noisy, _ = draw(np.random.default_rng(0), 2000, noise=0.3)
    exact, _ = draw(np.random.default_rng(0), 2000, noise=0)
    np.testing.assert_allclose((noisy - exact).std(axis=0), 0.3, rtol=0.05)


@pytest.mark.parametrize("n_squares", [1, 2])
def test_cards_show_squares_on_the_sides_that_their_labels_say(n_squares):
    images, y = datasets.cards(np.random.default_rng(0), 300, n_squares)
    grids = images.reshape(300, 20, 20)
    halves = np.stack([grids[..., :10], grids[..., 10:]]).sum(axis=(2, 3))  # (2, 300)
    assert set(np.unique(images)) == {0, 1}
    assert set(np.unique(y)) == {0, 1}
    if n_squares == 1:
        np.testing.assert_array_equal(halves[y, np.arange(300)], 25)
        assert (halves.sum(axis=0) == 25).all()
    else:
        np.testing.assert_array_equal((halves > 0).sum(axis=0) == 2, y == 1)
        assert (halves[:, y == 1] == 25).all()
        assert halves.max() <= 50


@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 5),
    st.integers(2, 5),
    st.floats(0.01, 0.2),
)
def test_separable_classes_have_the_margin(seed, n_features, n_classes, gamma):
    rng = np.random.default_rng(seed)
    X, y, U = datasets.separable_classes(rng, 30, n_features, n_classes, gamma)
    assert X.shape == (30, n_features)
    assert np.abs(X).max() <= 1
    assert np.linalg.norm(U) == pytest.approx(1)
    assert margin(U, X, y) >= gamma - 1e-12


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda rng: datasets.boolean_function("nand"), "name must be one of"),
        (lambda rng: datasets.gaussian_classes(rng, [0, 1], 3), "centres must have"),
        (lambda rng: datasets.gaussian_classes(rng, [[0]], 0), "n_per_class must"),
        (lambda rng: datasets.gaussian_classes(rng, [[0]], 1, 0), "spread must"),
        (lambda rng: datasets.gaussian_classes(rng, [[0]], 1, "a"), "spread must"),
        (lambda rng: datasets.gaussian_classes(3, [[0]], 1), "rng must"),
        (lambda rng: datasets.cards(rng, 0), "n must"),
        (lambda rng: datasets.cards(rng, 5, 3), "n_squares must be 1 or 2"),
        (lambda rng: datasets.rings(rng, 0), "n_per_class must"),
        (lambda rng: datasets.rings(rng, 5, noise=-1), "noise must .* at least 0"),
        (lambda rng: datasets.spirals(rng, 5, turns=0), "turns must .* above 0"),
        (lambda rng: datasets.spirals(rng, 5, 0), "n_classes must"),
        (lambda rng: datasets.boolean_function(["or"]), "name must be one of"),
        (lambda rng: datasets.tokens(["a"]), "text must be a string"),
        (lambda rng: datasets.separable_classes(rng, 5, 2, 1, 0.1), "n_classes must"),
        (
            lambda rng: datasets.separable_classes(rng, 5, 2, 2, 0),
            "margin must be a finite number above 0",
        ),
        (lambda rng: datasets.separable_classes(rng, 5, 2, 2, 9), "too large"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call(np.random.default_rng(0))


class Site:
    """Stands in for the browser's objects: a site with one answer."""

    def __init__(self, status, content):
        self.status, self.content, self.asked = status, content, []
        self.location = SimpleNamespace(
            href="https://book.example/lite/extensions/kernel/static/worker.js"
        )
        self.XMLHttpRequest = SimpleNamespace(new=lambda: self)

    def open(self, method, address, asynchronous):
        self.asked.append(address)

    def send(self):
        if self.status is None:
            raise OSError("no network")
        self.response = SimpleNamespace(to_bytes=lambda: self.content)


def in_browser_with(monkeypatch, status, content):
    site = Site(status, content)
    monkeypatch.setattr(sys, "platform", "emscripten")
    monkeypatch.setitem(sys.modules, "js", site)
    monkeypatch.setitem(
        sys.modules, "pyodide.ffi", SimpleNamespace(JsException=OSError)
    )
    return site


def test_in_a_browser_the_data_come_from_the_site(monkeypatch):
    here = datasets.load_topics()
    content = (
        resources.files(datasets.__package__) / "data/topics.tsv.gz"
    ).read_bytes()
    site = in_browser_with(monkeypatch, 200, content)
    there = datasets.load_topics()
    assert site.asked == ["https://book.example/lite/files/data/topics.tsv.gz"]
    assert there.texts == here.texts


@pytest.mark.parametrize(
    ("status", "content", "says"),
    [
        (404, b"", "topics.tsv.gz is missing: reload the page"),
        (200, b"something else", "topics.tsv.gz is damaged: reload the page"),
        (None, b"", "topics.tsv.gz cannot be fetched: is this machine online?"),
    ],
)
def test_what_a_browser_cannot_load_is_told(monkeypatch, status, content, says):
    in_browser_with(monkeypatch, status, content)
    with pytest.raises(RuntimeError, match=re.escape(says)):
        datasets.load_topics()
