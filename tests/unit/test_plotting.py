"""Figures carry their classes by more than colour."""

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest

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
