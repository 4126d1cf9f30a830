"""`explore` on the Python side: frames, captions, answers to the browser, bad input."""

import io
import json

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from tutorial_utils.widgets import choice, explore, slider


def draw(height, colour):
    if height == 13:
        raise RuntimeError("no thirteenth floor")
    fig, ax = plt.subplots(figsize=(2, 2))
    ax.bar([0], [height], color=colour)
    return fig


def describe(height, colour):
    return f"A {colour} bar of height {height}."


def bars(**changes):
    controls = {
        "height": slider("height", (1, 2.5, 13), start=2.5),
        "colour": choice("colour", ("red", "blue")),
    }
    return explore("bars", draw, describe, **(controls | changes))


def test_starts_at_the_start_values_and_leaves_no_figure_open():
    widget = bars()
    assert widget.setting == [1, 0]
    assert widget.caption == "A red bar of height 2.5."
    assert widget.picture.startswith(b"\x89PNG")
    assert widget.controls[0]["values"] == ["1", "2.5", "13"]
    assert plt.get_fignums() == []


def test_a_picture_keeps_the_colours_of_small_areas():
    """Violet and orange cells among many greys, as the chapters' texts name them."""
    greys = np.random.default_rng(0).random((40, 40))
    signs = np.random.default_rng(1).normal(size=(4, 20))

    def draw(n):
        fig, (left, right) = plt.subplots(2, 1, figsize=(5, 4))
        left.imshow(greys, cmap="Greys", aspect="auto")
        right.imshow(n * signs, cmap="PuOr", vmin=-2, vmax=2, aspect="auto")
        return fig

    widget = explore("cells", draw, "sign {n}".format, n=slider("n", (1, 2)))
    canvas = FigureCanvasAgg(draw(1))
    canvas.draw()
    plt.close("all")
    whole = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)
    kept = np.asarray(Image.open(io.BytesIO(widget.picture)).convert("RGB"))
    assert np.abs(kept - whole).max() <= 24, "a colour has become another"


def test_repr_is_deterministic():
    assert repr(bars()) == repr(bars()) == "Explorer(bars; height: 3, colour: 2)"


def test_a_change_of_setting_is_drawn():
    widget = bars()
    widget.setting = [0, 1]
    assert widget.caption == "A blue bar of height 1."
    assert widget.picture == widget.frame((0, 1))
    assert widget.shown == [0, 1]


@pytest.mark.parametrize(
    ("setting", "says"),
    [([2, 0], "RuntimeError: no thirteenth"), ([0, 7], "colour is out of range")],
)
def test_an_error_becomes_a_message_and_goes_away(setting, says):
    widget = bars()
    widget.setting = setting
    assert says in widget.error
    assert widget.shown == setting
    assert plt.get_fignums() == []
    widget.setting = [0, 0]
    assert widget.error == ""


def test_frames_are_written_when_the_book_is_built(tmp_path, monkeypatch):
    monkeypatch.setenv("TUTORIAL_FRAMES", str(tmp_path))
    stale = tmp_path / "bars" / "9-9.png"
    stale.parent.mkdir()
    stale.touch()
    widget = bars(height=slider("height", (1, 2)))
    files = {file.name for file in (tmp_path / "bars").iterdir()}
    assert files == {"0-0.png", "0-1.png", "1-0.png", "1-1.png", "report.json"}
    for setting in widget.settings():
        name = "-".join(map(str, setting))
        assert (tmp_path / "bars" / f"{name}.png").read_bytes() == widget.frame(setting)
    assert widget.captions == [
        widget.sentence(setting) for setting in widget.settings()
    ]
    report = json.loads((tmp_path / "bars" / "report.json").read_text())
    assert report["frames"] == 4
    assert report["bytes"] == sum(f.stat().st_size for f in stale.parent.glob("*.png"))


def test_frames_are_drawn_again_only_under_another_key(tmp_path, monkeypatch):
    monkeypatch.setenv("TUTORIAL_FRAMES", str(tmp_path))
    picture = tmp_path / "bars" / "0-0.png"
    captions = []
    for key, is_kept in (("one", False), ("one", True), ("two", False), ("", False)):
        if key:
            monkeypatch.setenv("TUTORIAL_FRAME_KEYS", json.dumps({"bars": key}))
        else:
            monkeypatch.delenv("TUTORIAL_FRAME_KEYS")
        captions.append(bars(height=slider("height", (1, 2))).captions)
        assert (picture.read_bytes() == b"kept") == is_kept
        picture.write_bytes(b"kept")
    assert captions == captions[:1] * 4


def test_an_error_while_frames_are_written_stops_the_build(tmp_path, monkeypatch):
    monkeypatch.setenv("TUTORIAL_FRAMES", str(tmp_path))
    with pytest.raises(RuntimeError, match="no thirteenth floor"):
        bars()


def test_the_page_has_all_knobs_and_the_published_pictures(tmp_path, monkeypatch):
    def widget():
        return bars(published={"height": (1, 2.5)})

    assert widget().published == []
    assert len(widget().settings()) == 6
    monkeypatch.setenv("TUTORIAL_FRAMES", str(tmp_path))
    on_page = widget()
    assert on_page.controls[0]["values"] == ["1", "2.5", "13"]
    assert on_page.setting == [1, 0]
    assert on_page.published == [[0, 1], [0, 1]]
    assert on_page.settings() == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert on_page.captions == [on_page.sentence(s) for s in on_page.settings()]
    pictures = {file.name for file in (tmp_path / "bars").glob("*.png")}
    assert pictures == {"0-0.png", "0-1.png", "1-0.png", "1-1.png"}


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: slider("h", (2, 1)), "values must increase"),
        (lambda: slider("h", (1,)), "at least two different"),
        (lambda: slider("h", (1, 2), start=3), "start must be one of"),
        (lambda: choice("c", ("a", "a")), "at least two different"),
        (lambda: choice("c", ("a", "b"), start="c"), "start must be one of"),
        (lambda: explore("two words", draw, describe), "name must be"),
        (lambda: explore("bars", draw, describe), "at least one slider"),
        (lambda: bars(height=3), "height must be a slider or a choice"),
        (lambda: bars(published={"width": (1,)}), "published must name controls"),
        (lambda: bars(published={"colour": ("blue",)}), "must hold the start value"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()
