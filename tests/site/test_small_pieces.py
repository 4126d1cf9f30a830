"""Live pieces in a browser, answered by this Python: all controls, panels and hands.

Small pieces of these tests' own; those of the book have theirs in test_pieces.py.
"""

import re
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from small_pieces import served
from test_pages import AXE, serious_findings

from tutorial_utils.live import (
    Live,
    arrow,
    bars,
    cells,
    cloud,
    curve,
    dots,
    drawing,
    graph,
    heat,
    images,
    live,
    plane,
    plot,
    scene,
    table,
    text,
)
from tutorial_utils.live.passes import ByHand
from tutorial_utils.neural_networks import ACTIVATIONS, MLP
from tutorial_utils.widgets import choice, slider

TWO = {"two": ([[-0.5, 0], [0.5, 0]], [0, 1]), "one": ([[0, 0.5]], [0])}


def shown(points) -> str:
    """Points as a fact, so that a test can read them."""
    both = zip(points.X.round(4).tolist(), points.y.tolist(), strict=True)
    return " ".join(f"{x},{y}:{c}" for (x, y), c in both)


def points() -> Live:
    """A cloud, a slider and a menu; a walk that is begun anew when a point moves."""

    def start(data):
        return SimpleNamespace(n=0, middle=data.X.mean(axis=0))

    def step(state, by):
        state.n += by
        return state.n < 12

    def view(state, data, by, rule):
        map_of = np.tanh(plane(16) @ [1, 2]).reshape(16, 16)
        return scene(
            [
                plot(heat(map_of, contour=[0]), dots("data", ring=[0]), title="Points"),
                plot(
                    curve([0, 1, 2], [0, state.n, 1], "area", "walk", 2),
                    arrow((0, 0), (1, 5), "arrow"),
                    dots(np.array([[2, 1]]), names=("end",)),
                    title="Walk",
                    xlabel="steps",
                    fit=True,
                ),
            ],
            facts={"points": shown(data), "n": state.n, "rule": rule},
        )

    def describe(state, by):
        return f"The walk is at {state.n}, by steps of {by}."

    return live(
        "points",
        start,
        view,
        describe,
        step,
        pace=20,
        replay=True,
        data=cloud("Data", TWO, ("circle", "square"), most=4),
        by=slider("Step", (1, 2, 3)),
        rule=choice("Rule", ("first", "second")),
    )


def made() -> Live:
    """A drawing, a table, a text; images, cells and bars."""

    def view(state, ink, kernel, words):
        values = np.array([[len(word) for word in words.split()] or [0.0]])
        return scene(
            [
                images("ink", title="Draw"),
                cells("kernel", title="Kernel"),
                images(np.stack([ink, -ink]), labels=("+", "-"), signed=True),
            ],
            [
                cells(values, words=[words.split() or ["nothing"]], title="Words"),
                plot(bars(values, words.split()), y=(0, 10), shape=2),
            ],
            facts={
                "ink": "".join(str(int(v)) for v in ink.ravel()),
                "kernel": " ".join(f"{v:g}" for v in kernel.ravel()),
                "words": words,
            },
        )

    return live(
        "made",
        lambda: None,
        view,
        lambda state, words: f"The words are {words or 'none'}.",
        ink=drawing("Ink", np.eye(4)),
        kernel=table("Kernel", [[1, 0], [0, -1]], low=-5, high=5, step=0.5),
        words=text("Words", "one three", longest=20),
    )


def pens() -> Live:
    """A drawing whose pens have names, two cells wide."""
    return live(
        "pens",
        lambda: None,
        lambda state, ink: scene(
            [images("ink", title="Draw")],
            facts={"ink": "".join("-01"[int(v) + 1] for v in ink.ravel())},
        ),
        lambda state: "Drawn.",
        ink=drawing(
            "Ink", np.zeros((4, 4)), {"Free": 0, "Paper": -1, "Ink": 1}, width=2
        ),
    )


def net() -> Live:
    """A network whose weights and biases are edited, and cells that are clamped."""

    def start():
        return SimpleNamespace(w=np.array([0.5, -1.0]), b=0.0, cells=-np.ones(4), n=0)

    def step(state):
        state.n += 1
        state.w = state.w + 0.125

    def edit(state, name, of, index, value):
        if name == "units":
            state.cells[index] = value
        elif of == "edge":
            state.w[index] = value
        else:
            state.b = value

    def view(state):
        at = [(0.2, 0.3), (0.2, 0.7), (0.8, 0.5)]
        return scene(
            [
                graph(
                    at,
                    [(0, 2), (1, 2)],
                    state.w,
                    maps=np.stack([plane(8)[:, 0].reshape(8, 8)] * 3),
                    labels=("x1", "x2", "out"),
                    values=[0, 0, state.b],
                    edit="net",
                    title="Network",
                ),
                images(state.cells.reshape(1, 2, 2), edit="units", signed=True),
            ],
            facts={
                "w": " ".join(f"{v:g}" for v in state.w),
                "b": f"{state.b:g}",
                "cells": " ".join(f"{v:g}" for v in state.cells),
                "n": state.n,
            },
        )

    return live("net", start, view, lambda s: f"After {s.n} steps.", step, edit)


def slow() -> Live:
    """A step that hangs, and a value that cannot be."""

    def step(state, by):
        if by == 3:
            time.sleep(20)
        if by == 2:
            raise ArithmeticError("the step is too long")
        state.n += 1

    return live(
        "slow",
        lambda: SimpleNamespace(n=0),
        lambda state: scene(facts={"n": state.n}),
        lambda state: f"At {state.n}.",
        step,
        by=slider("Step", (1, 2, 3)),
    )


def passes() -> Live:
    """A graph with words on its edges, some of which are fixed."""

    def start():
        return ByHand(MLP([2, 2, 1], "tanh", np.random.default_rng(0)))

    number = np.linspace(-3, 3, 61).round(1).tolist()
    return live(
        "passes",
        *(start, ByHand.scene, ByHand.told, ByHand.advance, ByHand.change),
        pace=1,
        x1=slider("Input x1", number, 1.0),
        x2=slider("Input x2", number, 2.0),
        y=slider("Answer y", number, 1.0),
        activation=choice("Activation", ACTIVATIONS, "tanh"),
        rate=slider("Learning rate", (0.1, 0.5), 0.5),
    )


def touched() -> Live:
    """Two grids of which a cell is touched, and the last touched one is framed."""
    grids = np.linspace(-1, 1, 24).reshape(2, 3, 4)

    def view(state):
        k, i, j = np.unravel_index(state.place, grids.shape)
        there = images(
            grids,
            ("one", "two"),
            touch="grids",
            frames=[[k, i, j, 1, 1]],
            title="Grids",
        )
        return scene([there], facts={"place": state.place})

    def edit(state, name, of, index, value):
        assert (name, of, index) == ("grids", "cell", 0)
        state.place = int(value)

    return live(
        "touched",
        lambda: SimpleNamespace(place=0),
        view,
        lambda state: f"Cell {state.place} is touched.",
        edit=edit,
    )


def chart() -> Live:
    """A table whose cells append their number when they are touched."""

    def view(state):
        words = [["a", "b", "c"], ["d", "e", ""]]
        there = cells(
            np.arange(6).reshape(2, 3),
            words,
            title="Letters",
            touch=f"add{len(state.read)}",
            marked=state.read[-1:],
        )
        return scene(
            [there], facts={"read": "read: " + "".join("abcde"[k] for k in state.read)}
        )

    def edit(state, name, of, index, value):
        assert (name, of, index) == (f"add{len(state.read)}", "cell", 0)
        state.read.append(int(value))

    return live(
        "chart",
        lambda: SimpleNamespace(read=[]),
        view,
        lambda state: f"{len(state.read)} letters.",
        edit=edit,
    )


MAKERS: dict[str, Callable[[], Live]] = {
    "chart": chart,
    "points": points,
    "made": made,
    "pens": pens,
    "net": net,
    "passes": passes,
    "slow": slow,
    "touched": touched,
}


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with served(MAKERS, tmp_path_factory.mktemp("pieces")) as address:
        yield address


@pytest.fixture(params=["chromium", "firefox"])
def either(request) -> Browser:
    return request.getfixturevalue(
        "browser" if request.param == "chromium" else "firefox"
    )


class Pieces:
    """The page of the pieces, and what went wrong on it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address, self.wrong = page, address, []
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on(
            "console",
            lambda m: m.type != "error" or "500" in m.text or self.wrong.append(m.text),
        )

    def open(self, name: str, fragment: str = "") -> Locator:
        self.page.goto("about:blank")
        self.page.goto(self.address + fragment)
        piece = self.page.locator(f"#{name}")
        expect(piece.locator(".live-facts dd").first).to_be_visible()
        return piece


@pytest.fixture
def pieces(either, address) -> Iterator[Pieces]:
    context = either.new_context(viewport={"width": 1000, "height": 900})
    pieces = Pieces(context.new_page(), address)
    yield pieces
    context.close()
    assert pieces.wrong == []


def fact(piece: Locator, name: str) -> Locator:
    term = piece.page.get_by_text(name, exact=True).and_(piece.page.locator("dt"))
    return piece.locator(".live-facts div").filter(has=term).locator("dd")


def at(piece: Locator, x: float, y: float) -> tuple[float, float]:
    """Where a place of the first plot is on the page."""
    box = piece.locator(".pad").first.bounding_box()
    return (
        box["x"] + (x + 1) / 2 * box["width"],
        box["y"] + (1 - y) / 2 * box["height"],
    )


def put(field: Locator, value: str) -> None:
    """Type a number in the place of what stands there."""
    field.press("Control+a")
    field.press_sequentially(value)


# ---- points


def by_mouse(page: Page, piece: Locator) -> None:
    piece.scroll_into_view_if_needed()
    page.mouse.move(*at(piece, -0.5, 0))
    page.mouse.down()
    page.mouse.move(*at(piece, -0.1, 0.3), steps=4)
    page.mouse.move(*at(piece, 0, 0.4), steps=4)
    page.mouse.up()


def by_keys(page: Page, piece: Locator) -> None:
    cloud_of = piece.locator(".handles")
    cloud_of.focus()
    page.keyboard.press("ArrowRight")  # the first point is chosen
    for _ in range(10):
        page.keyboard.press("Shift+ArrowUp")
    for _ in range(12):
        page.keyboard.press("Shift+ArrowRight")
    for label, value in (("x", "0"), ("y", "0.4")):
        field = piece.locator(".live-numbers").get_by_label(label, exact=True)
        put(field, value)


def touch(page: Page, *ways: tuple[float, float]) -> None:
    """A finger goes along these places, and leaves."""
    session = page.context.new_cdp_session(page)
    for k, (x, y) in enumerate(ways):
        kind = "touchMove" if k else "touchStart"
        touched = {"type": kind, "touchPoints": [{"x": x, "y": y}]}
        session.send("Input.dispatchTouchEvent", touched)
        page.wait_for_timeout(20)
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def near(piece: Locator, wanted: str) -> None:
    """The points come to be these, to the grid of the screen."""

    def numbers(told: str) -> np.ndarray:
        parts = [part.replace(":", ",").split(",") for part in told.split()]
        return np.array(parts, float)

    for _ in range(50):
        now = numbers(fact(piece, "points").inner_text())
        is_as_many = now.shape == numbers(wanted).shape
        if is_as_many and np.allclose(now, numbers(wanted), atol=0.012):
            return
        piece.page.wait_for_timeout(100)
    pytest.fail(f"the points are {now.tolist()}")


@pytest.mark.parametrize("hand", [by_mouse, by_keys])
def test_a_point_is_moved_alike_by_mouse_and_by_keys(pieces, hand):
    piece = pieces.open("points")
    hand(pieces.page, piece)
    near(piece, "0.0,0.4:0 0.5,0.0:1")


def test_a_point_is_moved_by_touch_and_the_page_is_scrolled_beside_it(browser, address):
    context = browser.new_context(
        viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True
    )
    pieces = Pieces(context.new_page(), address)
    piece = pieces.open("points")
    piece.locator(".pad").scroll_into_view_if_needed()
    touch(pieces.page, at(piece, -0.5, 0), at(piece, -0.2, 0.2), at(piece, 0, 0.4))
    near(piece, "0.0,0.4:0 0.5,0.0:1")
    # Beside the points a thumb scrolls the page, until it is to add some.
    x, y = at(piece, 0.8, 0.5)
    upwards = [(x, y - 15 * k) for k in range(10)]
    before = pieces.page.evaluate("scrollY")
    touch(pieces.page, *upwards)
    pieces.page.wait_for_timeout(500)
    assert pieces.page.evaluate("scrollY") > before + 60
    near(piece, "0.0,0.4:0 0.5,0.0:1")
    piece.get_by_label("Add points of class square").check(force=True)
    piece.locator(".pad").scroll_into_view_if_needed()
    x, y = at(piece, 0.8, 0.5)
    before = pieces.page.evaluate("scrollY")
    touch(pieces.page, (x, y), (x, y - 40))
    pieces.page.wait_for_timeout(500)
    assert pieces.page.evaluate("scrollY") == before
    assert len(fact(piece, "points").inner_text().split()) > 2
    context.close()
    assert pieces.wrong == []


def test_points_are_added_flipped_and_erased_alike(pieces):
    page, told = pieces.page, []
    piece = pieces.open("points")
    tools = piece.locator(".live-tools")
    tools.get_by_label("Add points of class square").check(force=True)
    page.mouse.click(*at(piece, 0, 0.5))
    tools.get_by_label("Change the class of points").check(force=True)
    page.mouse.click(*at(piece, -0.5, 0))
    tools.get_by_label("Remove points").check(force=True)
    page.mouse.click(*at(piece, 0.5, 0))
    near(piece, "-0.5,0:1 0,0.5:1")
    told.append(piece.locator(".handles").get_attribute("aria-label"))
    piece = pieces.open("points")
    piece.locator(".handles").focus()
    for key in ("ArrowRight", "c", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    for label, value in (("x", "0"), ("y", "0.5")):
        field = piece.locator(".live-numbers").get_by_label(label, exact=True)
        put(field, value)
    piece.locator(".handles").focus()
    for key in ("ArrowRight", "Delete"):
        page.keyboard.press(key)
    near(piece, "-0.5,0:1 0,0.5:1")
    told.append(piece.locator(".handles").get_attribute("aria-label"))
    assert told[0] == told[1]


def test_a_cloud_keeps_its_limits(pieces):
    piece = pieces.open("points")
    piece.locator(".handles").focus()
    for key in ("ArrowRight", *["Enter"] * 3):
        pieces.page.keyboard.press(key)
    expect(piece.get_by_role("alert")).to_contain_text("from 1 to 4 points")
    for _ in range(4):
        pieces.page.keyboard.press("Delete")
    expect(piece.get_by_role("alert")).to_contain_text("from 1 to 4 points")
    expect(piece.get_by_role("status")).to_contain_text("Point 1 of 1")
    put(piece.locator(".live-numbers").get_by_label("x", exact=True), "3")
    expect(piece.get_by_role("alert")).to_contain_text("numbers from -1 to 1")
    expect(fact(piece, "points")).to_have_text(re.compile(r"^\S+$"))  # one point


# ---- steps, knobs and the address


def test_steps_knobs_and_the_link_to_what_is_seen(pieces):
    page = pieces.page
    piece = pieces.open("points")
    piece.get_by_role("button", name="Step").click()
    expect(fact(piece, "n")).to_have_text("1")
    piece.get_by_label("Step", exact=True).and_(page.locator("input")).press("End")
    piece.get_by_label("Rule").select_option("second")
    piece.get_by_role("button", name="Step").click()
    expect(fact(piece, "n")).to_have_text("4")
    by_mouse(page, piece)  # it steps again to where it was, with steps of three
    expect(fact(piece, "n")).to_have_text("6")
    expect(fact(piece, "rule")).to_have_text("second")
    page.wait_for_timeout(900)
    fragment = page.evaluate("location.hash")
    before = piece.locator(".live-facts").inner_text()
    again = pieces.open("points", fragment)
    expect(again).to_contain_text("are not in the picture yet")
    again.get_by_role("button", name="Compute it with Python").press("Enter")
    expect(fact(again, "n")).to_have_text("6")
    assert again.locator(".live-facts").inner_text() == before


def test_a_link_that_was_changed_says_so(pieces):
    piece = pieces.open("points", "#points?data=~zzz&by=7&t=2")
    expect(piece.get_by_role("alert")).to_contain_text("it has no Data, Step")
    piece.get_by_role("button", name="Compute it with Python").click()
    expect(fact(piece, "n")).to_have_text("2")


def test_play_ends_where_there_is_nothing_left_to_do_and_begins_again(pieces):
    piece = pieces.open("points")
    play = piece.locator(".live-play")
    play.press("Enter")
    expect(play).to_have_text("Pause")
    caption = piece.locator(".live-caption")
    expect(caption).to_have_attribute("aria-live", "off")
    expect(fact(piece, "n")).to_have_text("12")
    expect(play).to_have_text("Play")
    expect(caption).to_have_attribute("aria-live", "polite")
    expect(caption).to_have_text("The walk is at 12, by steps of 1.")
    piece.get_by_role("button", name="Step").click()
    expect(piece.get_by_role("alert")).to_contain_text("No step is left to take")
    play.press("Enter")
    expect(fact(piece, "n")).not_to_have_text("12")
    play.press("Enter")
    piece.get_by_role("button", name="Restart").click()
    expect(fact(piece, "n")).to_have_text("0")


# ---- drawings, tables, texts


def test_a_drawing_with_pens(pieces):
    page = pieces.page
    piece = pieces.open("pens")
    pad = piece.locator(".grids.drawn .frame")

    def press(i, j):
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        cell = box["width"] / 4
        page.mouse.click(box["x"] + (j + 0.5) * cell, box["y"] + (i + 0.5) * cell)

    press(0, 0)
    expect(fact(piece, "ink")).to_have_text("1100" + "1100" + "0000" * 2)
    press(0, 0)  # the same pen leaves the same
    expect(fact(piece, "ink")).to_have_text("1100" + "1100" + "0000" * 2)
    piece.get_by_role("radio", name="Paper").check(force=True)
    press(1, 3)  # at the border the pen is cut
    expect(fact(piece, "ink")).to_have_text("1100" + "110-" + "000-" + "0000")
    piece.get_by_role("radio", name="Free").check(force=True)
    piece.locator(".grids.drawn").focus()
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", " "):
        page.keyboard.press(key)
    expect(fact(piece, "ink")).to_have_text("1000" + "100-" + "000-" + "0000")
    piece.get_by_role("button", name="As at the start").first.click()
    expect(fact(piece, "ink")).to_have_text("0" * 16)


def test_a_drawing_a_table_and_a_text(pieces):
    page = pieces.page
    piece = pieces.open("made")
    pad = piece.locator(".grids.drawn .frame")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    cell = box["width"] / 4
    page.mouse.move(box["x"] + 1.5 * cell, box["y"] + 0.5 * cell)
    page.mouse.down()
    page.mouse.move(box["x"] + 3.5 * cell, box["y"] + 0.5 * cell, steps=8)
    page.mouse.up()
    expect(fact(piece, "ink")).to_have_text("1111010000100001")
    by_pointer = fact(piece, "ink").inner_text()
    piece.get_by_role("button", name="As at the start").first.click()
    expect(fact(piece, "ink")).to_have_text("1000010000100001")
    piece.locator(".grids.drawn").focus()
    for key in (*["ArrowLeft"] * 3, *["ArrowRight", " "] * 3):
        page.keyboard.press(key)
    expect(fact(piece, "ink")).to_have_text(by_pointer)
    first = piece.get_by_label("1, 2", exact=True)
    put(first, "2.5")
    expect(fact(piece, "kernel")).to_have_text("1 2.5 0 -1")
    put(first, "77")
    expect(piece.get_by_role("alert")).to_contain_text("from -5 to 5")
    expect(fact(piece, "kernel")).to_have_text("1 2.5 0 -1")
    piece.get_by_label("Words", exact=True).and_(page.locator("input")).fill("a b")
    expect(fact(piece, "words")).to_have_text("a b")
    expect(piece.locator("table").nth(1)).to_contain_text("b")
    page.wait_for_timeout(900)
    fragment = page.evaluate("location.hash")
    again = pieces.open("made", fragment)
    again.get_by_role("button", name="Compute it with Python").click()
    expect(fact(again, "kernel")).to_have_text("1 2.5 0 -1")
    expect(fact(again, "ink")).to_have_text(by_pointer)
    expect(fact(again, "words")).to_have_text("a b")


# ---- weights


def test_weights_and_biases_are_edited_alike(pieces):
    page = pieces.page
    piece = pieces.open("net")
    link = piece.locator(".hit").nth(1)
    link.dispatch_event("pointerdown", {"pointerType": "touch"})
    field = piece.get_by_label("Weight from x2 to out").first
    put(field, "-0.75")
    expect(fact(piece, "w")).to_have_text("0.5 -0.75")
    piece.locator(".node").nth(2).dispatch_event("pointerdown")
    bias = piece.get_by_label("Bias of out").first
    put(bias, "0.25")
    expect(fact(piece, "b")).to_have_text("0.25")
    piece = pieces.open("net")
    piece.locator(".graph").focus()
    # The inputs, the unit, and the weights into it.
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    expect(fact(piece, "b")).to_have_text("0.25")
    said = piece.get_by_role("status")
    expect(said).to_have_text("Bias of out: 0.25.")
    for key in ("ArrowRight", "ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    expect(fact(piece, "w")).to_have_text("0.5 -0.75")
    piece.locator(".grids.drawn").focus()
    for key in ("ArrowRight", "ArrowRight", " "):
        page.keyboard.press(key)
    expect(fact(piece, "cells")).to_have_text("-1 1 -1 -1")


def test_a_cell_is_touched_alike_by_mouse_and_by_keys(pieces):
    piece = pieces.open("touched")
    page, place = pieces.page, fact(piece, "place")
    outline = piece.locator(".outline")
    expect(outline).to_have_count(1)
    piece.scroll_into_view_if_needed()
    before = outline.bounding_box()
    box = piece.locator(".grids .frame").nth(1).bounding_box()
    cell = box["width"] / 4
    page.mouse.move(box["x"] + 2.5 * cell, box["y"] + 1.5 * cell)
    page.mouse.down()
    expect(place).to_have_text("18")
    page.mouse.move(box["x"] + 3.5 * cell, box["y"] + 2.5 * cell)
    page.mouse.up()
    expect(place).to_have_text("23")
    expect(piece.locator(".live-caption")).to_have_text("Cell 23 is touched.")
    after = outline.bounding_box()
    assert after["x"] > before["x"] + 4 * cell
    piece.get_by_role("application").focus()
    page.keyboard.press("ArrowLeft")
    expect(place).to_have_text("23")  # only chosen
    page.keyboard.press("Space")
    expect(place).to_have_text("22")
    page.keyboard.press("PageUp")
    page.keyboard.press("Enter")
    expect(place).to_have_text("10")
    # One touch replaces the other, so that the link holds the last.
    page.wait_for_timeout(900)
    link = page.evaluate("location.hash")
    assert link.count("%2C") == 4, "one edit: after how many steps, what, where, value"
    again = pieces.open("touched", link)
    again.get_by_role("button", name="Compute it with Python").click()
    expect(fact(again, "place")).to_have_text("10")


def test_a_cell_of_a_table_is_touched_by_mouse_and_by_keys(pieces):
    piece = pieces.open("chart")
    page, read = pieces.page, fact(piece, "read")
    buttons = piece.locator(".live-cells button")
    expect(buttons).to_have_count(5)  # the empty cell has none
    buttons.nth(3).click()
    expect(read).to_have_text("read: d")
    expect(buttons.nth(3)).to_have_attribute("aria-pressed", "true")
    # One tab stop, at the marked cell; arrows go on from there.
    assert buttons.evaluate_all("all => all.map((b) => b.tabIndex)") == [-1] * 3 + [
        0,
        -1,
    ]
    buttons.nth(3).focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(read).to_have_text("read: db")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(read).to_have_text("read: dbe")
    page.keyboard.press("ArrowRight")  # to a cell that cannot be touched
    page.keyboard.press("Space")
    expect(read).to_have_text("read: dbee")
    # Names that differ are edits of their own, and the link holds them all.
    page.wait_for_timeout(900)
    again = pieces.open("chart", page.evaluate("location.hash"))
    again.get_by_role("button", name="Compute it with Python").click()
    expect(fact(again, "read")).to_have_text("read: dbee")


def test_words_on_edges_and_weights_that_cannot_be_set(pieces):
    page = pieces.page
    piece = pieces.open("passes")
    expect(piece.locator(".node")).to_have_count(8)
    expect(piece.locator(".hit")).to_have_count(6)  # of nine edges
    step = piece.get_by_role("button", name="Step")
    for n in range(15):
        step.click()
        expect(fact(piece, "number")).to_have_text(f"{n + 1} of 15")
    expect(piece.locator(".node.chosen")).to_have_count(2)
    expect(piece.locator(".link.lit")).to_have_count(4)
    notes = piece.locator(".note").all_text_contents()
    assert len(notes) == 9
    assert all("←" in note for note in notes)
    assert sum("∂w" in note for note in notes) == 6
    piece.locator(".graph").focus()
    said = piece.get_by_role("status")
    for name in (
        *("Input x1", "Input x2", "Bias of z1", "Weight from x1 to z1"),
        *("Weight from x2 to z1", "Bias of z2", "Weight from x1 to z2"),
        *("Weight from x2 to z2", "Node h1", "Node h2", "Bias of f"),
        *("Weight from h1 to f", "Weight from h2 to f", "Node L", "Input x1"),
    ):
        page.keyboard.press("ArrowRight")
        expect(said).to_contain_text(name)
    page.keyboard.press("ArrowUp")
    expect(piece.get_by_role("alert")).to_contain_text("Input x1 has no bias")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    expect(piece.locator(".word").nth(2)).to_contain_text("b 0.25")


def test_a_wordy_graph_runs_downwards_on_a_narrow_screen(either, address):
    context = either.new_context(viewport={"width": 360, "height": 800})
    pieces = Pieces(context.new_page(), address)
    piece = pieces.open("passes")
    step = piece.get_by_role("button", name="Step")
    for n in range(15):
        step.click()
        expect(fact(piece, "number")).to_have_text(f"{n + 1} of 15")
    nodes = [node.bounding_box() for node in piece.locator(".node").all()]
    assert nodes[0]["y"] == nodes[1]["y"] < nodes[2]["y"] < nodes[7]["y"]
    assert nodes[0]["x"] < nodes[1]["x"]
    boxes = [text.bounding_box() for text in piece.locator(".note, .word").all()]
    assert all(b["x"] >= 0 and b["x"] + b["width"] <= 360 for b in boxes)
    for i, one in enumerate(boxes):
        for other in boxes[:i]:
            apart = (
                one["x"] + one["width"] <= other["x"] + 1
                or other["x"] + other["width"] <= one["x"] + 1
                or one["y"] + one["height"] <= other["y"] + 1
                or other["y"] + other["height"] <= one["y"] + 1
            )
            assert apart, "texts lie on each other"
    context.close()
    assert pieces.wrong == []


def test_a_link_makes_the_edits_after_the_same_steps(pieces):
    piece = pieces.open("net")
    step = piece.get_by_role("button", name="Step")
    for n in range(3):
        step.click()
        expect(fact(piece, "n")).to_have_text(str(n + 1))
    piece.locator(".graph").focus()
    for key in (*["ArrowRight"] * 4, "ArrowUp"):
        pieces.page.keyboard.press(key)
    expect(fact(piece, "w")).to_have_text("1.125 -0.625")
    step.click()
    expect(fact(piece, "w")).to_have_text("1.25 -0.5")
    pieces.page.wait_for_timeout(900)
    again = pieces.open("net", pieces.page.evaluate("location.hash"))
    again.get_by_role("button", name="Compute it with Python").click()
    expect(fact(again, "n")).to_have_text("4")
    expect(fact(again, "w")).to_have_text("1.25 -0.5")


def test_many_changes_are_not_in_the_link_and_it_says_so(pieces):
    """A drag that goes on while steps are taken is a change after each step."""
    piece = pieces.open("net")
    piece.locator(".hit").first.dispatch_event("pointerdown", {"pointerType": "touch"})
    field = piece.get_by_label("Weight from x1 to out").first
    step = piece.get_by_role("button", name="Step")
    field.evaluate(
        """async (field) => {
          const step = [...document.querySelectorAll("#net button")]
            .find((button) => button.textContent === "Step");
          const place = document.querySelector("#net");
          for (let n = 0; n < 180; n++) {
            const answered = new Promise((done) =>
              place.addEventListener("live-frame", done, { once: true }));
            step.click();
            await answered;
            field.value = String(n / 100);
            field.dispatchEvent(new Event("input", { bubbles: true }));
          }
        }"""
    )
    step.click()
    expect(piece.locator(".live-caption")).to_contain_text("leads to another state")
    pieces.page.wait_for_timeout(900)
    assert "edits" not in pieces.page.evaluate("location.hash")
    piece.get_by_role("button", name="Restart").click()
    expect(piece.locator(".live-caption")).not_to_contain_text("leads to another")


# ---- what goes wrong


def test_an_error_is_told_and_the_piece_goes_on(pieces):
    piece = pieces.open("slow")
    step = piece.get_by_role("button", name="Step")
    step.click()
    expect(fact(piece, "n")).to_have_text("1")
    knob = piece.locator("input[type=range]")
    knob.press("ArrowRight")
    step.click()
    alert = piece.get_by_role("alert")
    expect(alert).to_contain_text("ArithmeticError: the step is too long")
    knob.press("Home")
    step.click()
    expect(fact(piece, "n")).to_have_text("2")
    expect(alert).to_be_hidden()


def test_a_step_that_hangs_is_stopped_and_the_piece_goes_on(pieces):
    piece = pieces.open("slow")
    step = piece.get_by_role("button", name="Step")
    for n in range(2):
        step.click()
        expect(fact(piece, "n")).to_have_text(str(n + 1))
    piece.locator("input[type=range]").press("End")
    step.click()
    piece.get_by_role("button", name="Stop").click()
    expect(piece.get_by_role("alert")).to_contain_text("Stopped")
    piece.locator("input[type=range]").press("Home")
    step.click()
    expect(fact(piece, "n")).to_have_text("3")


# ---- how it looks, and for whom


def test_what_a_screen_reader_finds(pieces):
    points_of = pieces.open("points")
    expect(points_of.get_by_role("application").first).to_be_visible()
    view = points_of.aria_snapshot()
    for line in (
        'application "Data: 2 points. Arrows choose a point, Shift and arrows move it',
        'slider "Step"',
        'combobox "Rule"',
        'radiogroup "What the pointer does: Data"',
        'button "Play"',
    ):
        assert line in view, view
    net = pieces.open("net")
    expect(net.get_by_role("application").first).to_be_visible()  # once it has a width
    view = net.aria_snapshot()
    assert 'application "2 weights and 1 biases' in view, view
    made = pieces.open("made")
    expect(made.get_by_role("table", name="Kernel")).to_be_visible()
    view = made.aria_snapshot()
    for line in ('textbox "Words"', 'table "Kernel"', 'spinbutton "1, 2"'):
        assert line in view, view


@pytest.mark.parametrize("look", ["light", "dark", "forced"])
def test_nothing_serious_is_found(browser, address, look):
    context = browser.new_context(
        viewport={"width": 1000, "height": 900},
        forced_colors="active" if look == "forced" else "none",
    )
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#slow .live-facts dd")).to_be_visible()
    if look == "dark":
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.locator("#points .handles").focus()
    page.keyboard.press("ArrowRight")
    page.add_script_tag(path=AXE)
    assert serious_findings(page) == []
    context.close()


def test_no_sideways_scrolling_at_320_pixels(either, address):
    context = either.new_context(viewport={"width": 320, "height": 800})
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#slow .live-facts dd")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()


def test_for_those_who_want_no_motion_pictures_are_a_second_apart(browser, address):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(address)
    piece = page.locator("#net")
    expect(fact(piece, "n")).to_be_visible()
    piece.evaluate(
        "(e) => { window.frames_at = [];"
        " e.addEventListener('live-frame', ({detail}) => frames_at.push(detail.at)) }"
    )
    piece.locator(".live-play").click()
    page.wait_for_timeout(3500)
    piece.locator(".live-play").click()
    gaps = np.diff(page.evaluate("window.frames_at"))
    assert len(gaps) >= 1
    assert gaps[:-1].min(initial=2000) > 900
    context.close()
