"""Figures carry their classes by more than colour."""

import itertools
import os
import subprocess
import sys

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tutorial_utils import plotting


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    plt.close(fig)


def test_classes_differ_in_marker_and_have_a_name(ax):
    y = np.arange(4)
    plotting.scatter_classes(ax, np.eye(4)[:, :2], y, names=list("abcd"))
    shapes = {c.get_paths()[0].vertices.tobytes() for c in ax.collections}
    assert len(shapes) == 4
    assert [t.get_text() for t in ax.legend().get_texts()] == list("abcd")


def test_regions_differ_in_hatching(ax):
    limits = (-1, 1, -1, 1)
    plotting.decision_regions(ax, lambda X: (X[:, 0] > 0).astype(int), 2, limits)
    hatches = [c.hatches for c in ax.collections if getattr(c, "filled", False)]
    assert len(hatches) == 2
    assert hatches[0] != hatches[1]
    assert (ax.get_xlim(), ax.get_ylim()) == ((-1, 1), (-1, 1))


def test_a_class_without_region_is_no_error(ax):
    plotting.decision_regions(ax, lambda X: np.zeros(len(X), int), 3, (0, 1, 0, 1))


def test_colours_stand_out_from_the_white_ground():
    def luminance(colour):
        rgb = np.array(matplotlib.colors.to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    for colour in plotting.COLOURS:
        assert 1.05 / (luminance(colour) + 0.05) >= 3.8, colour


def test_style_sets_a_white_ground():
    with matplotlib.rc_context():
        plotting.use_style()
        assert matplotlib.rcParams["figure.facecolor"] == "white"


def test_a_graph_is_drawn_downwards_with_an_arrow_for_each_edge(ax):
    parents = [[], [], [0, 1], [], [2, 3], [4, 2]]
    labels = ["a", "b", "a + b", "c", "product", "result"]
    plotting.computation_graph(ax, parents, labels, current=2)
    boxes = {text.get_text(): text for text in ax.texts if text.get_text()}
    assert set(boxes) == set(labels)
    heights = {label: text.get_position()[1] for label, text in boxes.items()}
    for child, own in enumerate(parents):
        for parent in own:
            assert heights[labels[parent]] > heights[labels[child]]
    places = [text.get_position() for text in boxes.values()]
    assert len(set(places)) == len(places), "two nodes in one place"
    arrows = [text for text in ax.texts if not text.get_text()]
    assert len(arrows) == sum(map(len, parents))
    styles = {label: text.get_bbox_patch() for label, text in boxes.items()}
    assert styles["a + b"].get_linestyle() == "--", "the current node"
    assert styles["result"].get_linestyle() == "-"
    round_corners = matplotlib.patches.BoxStyle.Round
    assert isinstance(styles["c"].get_boxstyle(), round_corners)
    assert not isinstance(styles["product"].get_boxstyle(), round_corners)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_labels_stand_beside_their_points_and_not_over_one_another(seed):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(12, 2)) * [3, 0.1]
    points[1] = points[0]
    names = ["".join(rng.choice(list("mWi$"), rng.integers(1, 9))) for _ in points]
    fig, ax = plt.subplots(figsize=(6, 4))
    plotting.label_points(ax, points, names, bold=[3])
    fig.canvas.draw()
    labels = [text for text in ax.texts if text.get_text()]
    assert sorted(text.get_text() for text in labels) == sorted(names)
    assert [t.get_weight() for t in labels].count("bold") == 1
    boxes = [text.get_window_extent() for text in labels]
    for one, other in itertools.combinations(boxes, 2):
        assert not one.padded(-1).overlaps(other.padded(-1))
    for text, at in zip(labels, (t.xy for t in labels), strict=True):
        start = ax.transData.transform(at)
        assert 0 < text.get_window_extent().x0 - start[0] < 12
        assert text.get_window_extent().y0 > start[1] - 8
    moved = [text.xy for text in labels if text.xyann[1] > 1 + 9]
    joined = [line.xy for line in ax.texts if not line.get_text()]
    assert moved
    np.testing.assert_array_equal(joined, moved)  # a line leads to its point
    plt.close(fig)


def test_regions_by_sign_are_hatched_and_parted_where_the_lead_is_nothing():
    fig, ax = plt.subplots()
    side = np.linspace(-1, 1, 21)
    plotting.sign_regions(ax, side, np.tile(side - 0.25, (21, 1)))
    tints, line = ax.collections
    assert tints.hatches == ("", "//")
    np.testing.assert_allclose(line.get_paths()[0].vertices[:, 0], 0.25)
    plt.close(fig)


@pytest.mark.parametrize(
    "text", ["text.color: white\naxes.facecolor: black\n", "text.usetex: True\n"]
)
def test_the_style_does_not_depend_on_whose_machine_it_is(tmp_path, text):
    program = (
        "import matplotlib; from tutorial_utils import plotting; plotting.use_style();"
        "print({k: v for k, v in matplotlib.rcParams.items() if k != 'backend'})"
    )

    def style(**environment):
        done = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | environment,
        )
        return done.stdout

    (tmp_path / "matplotlibrc").write_text(text)
    assert style(MATPLOTLIBRC=str(tmp_path / "matplotlibrc")) == style()
