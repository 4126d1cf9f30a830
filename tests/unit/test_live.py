"""Live pieces on the Python side: controls, scenes, questions and frames."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from tutorial_utils import live as pieces
from tutorial_utils.live import (
    cloud,
    curve,
    dots,
    drawing,
    heat,
    live,
    plot,
    scene,
    table,
    text,
)
from tutorial_utils.widgets import choice, slider


def unpacked(frame: bytes) -> dict:
    """A frame read back, by another program than the one that packed it."""
    n = int.from_bytes(frame[:4], "little")
    body = frame[4 + n :]

    def array(value: dict) -> object:
        if "$" not in value:
            return value
        place, kind, shape = value["$"]
        count = int(np.prod(shape, dtype=int))
        return np.frombuffer(body, f"<{kind}", count, place).reshape(shape)

    return json.loads(frame[4 : 4 + n], object_hook=array)


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
        (lambda: table("t", [1, 2]), r"shape \(R, C\)"),
        (lambda: table("t", [[1, 2]], rows=("a", "b")), "must name"),
        (lambda: curve([0], [0], look="wavy"), "look must be"),
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
    again = points.sent(points.read(points.start))
    assert again == points.start
    grid = drawing("d", rng.integers(0, 2, (3, 4)))
    assert (grid.read(grid.start) == grid.grid).all()
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
