"""Live pieces of the book on their pages: before Python, with it, and beside this one.

A piece added to a chapter is found here by itself.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from test_page_python import LONG_MS, cell_of, facts_of, opened

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
sys.path += [str(ROOT / "tools"), str(ROOT / "frontend" / "python")]
from build_book import WIDGET  # noqa: E402
from page_python.statements import statements_of  # noqa: E402

LIVE = re.compile(r"^(?:\w+ = )?live\(", re.MULTILINE)
CHAPTERS = sorted(ROOT.glob("chapters/*.ipynb"))


def cells_with_pieces(notebook: Path) -> list[tuple[str, str, str]]:
    """Name, cell and source of each live piece of a chapter."""
    cells = nbformat.read(notebook, as_version=4).cells
    return [
        (WIDGET.findall(cell.source)[0], cell.id, cell.source)
        for cell in cells
        if cell.cell_type == "code" and LIVE.search(cell.source)
    ]


PIECES = [(path, *piece) for path in CHAPTERS for piece in cells_with_pieces(path)]


def page_name_and_cell(piece: tuple[Path, str, str, str]) -> tuple[str, str, str]:
    path, name, cell, _ = piece
    return f"chapters/{path.stem}", name, cell


@pytest.fixture(params=PIECES, ids=[name for _, name, _, _ in PIECES])
def piece(request) -> tuple[str, str, str]:
    """The page of a piece, its name and its cell."""
    return page_name_and_cell(request.param)


FIRST = {path: name for path, name, _, _ in reversed(PIECES)}  # of each chapter


@pytest.fixture(
    params=[
        pytest.param(one, marks=() if FIRST[one[0]] == one[1] else pytest.mark.release)
        for one in PIECES
    ],
    ids=[name for _, name, _, _ in PIECES],
)
def linked(request) -> tuple[str, str, str]:
    """The first piece of a chapter; all for a release."""
    return page_name_and_cell(request.param)


def place_of(page: Page, name: str) -> Locator:
    place = page.locator(f"#{name}")
    expect(place.locator("canvas, table").first).to_be_visible()
    return place


WATCH = """(e) => {
  window.frames_of = [];
  const plain = (v) => ArrayBuffer.isView(v) ? [...v] : v && typeof v === "object"
    ? Array.isArray(v) ? v.map(plain)
      : Object.fromEntries(Object.entries(v).map(([k, w]) => [k, plain(w)]))
    : v;
  e.addEventListener("live-frame", ({ detail }) => frames_of.push(plain(detail.frame)));
}"""


def frame_after(page: Page, n: int) -> dict[str, Any]:
    """The frame that is shown after n others."""
    page.wait_for_function("(n) => frames_of.length > n", arg=n, timeout=LONG_MS)
    return page.evaluate("() => frames_of.at(-1)")


def state_of(frame: dict[str, Any]) -> dict[str, Any]:
    """A frame without how it was asked for."""
    return {key: frame[key] for key in frame.keys() - {"taken", "anew"}}


def stepped(page: Page, place: Locator, n: int) -> dict[str, Any]:
    """The frame after so many steps more, by the button."""
    button = place.get_by_role("button", name="Step")
    for _ in range(n):
        if page.evaluate("() => frames_of.at(-1).done"):
            break
        before = page.evaluate("() => frames_of.length")
        button.press("Enter")
        frame_after(page, before)
    return page.evaluate("() => frames_of.at(-1)")


@cache
def native(page: str, cell: str, questions: str) -> list[dict[str, Any]]:
    """What this Python answers to questions, in a process of its own."""
    program = str(ROOT / "tests/frontend/ask_piece.py")
    done = subprocess.run(
        [sys.executable, program, str(ROOT / f"{page}.ipynb"), cell, questions],
        cwd=ROOT / "chapters",
        env=os.environ | {"TUTORIAL_BUDGET": "browser", "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def assert_alike(here: Any, there: Any, where: str = "frame") -> None:
    """Equal, floats to 1e-5 of their size, maps to one level."""
    if isinstance(here, dict):
        assert here.keys() == there.keys(), where
        for key in here:
            assert_alike(here[key], there[key], f"{where}.{key}")
    elif isinstance(here, list) and here and isinstance(here[0], int | float):
        a, b = np.array(here, float), np.array(there, float)
        is_map = where.endswith((".values", ".maps", ".grids"))
        is_whole = is_map and all(isinstance(v, int) for v in here)
        near = 1 if is_whole else 1e-5 * np.abs(a[np.isfinite(a)]).max(initial=1.0)
        assert a.shape == b.shape, where
        assert np.allclose(a, b, rtol=0, atol=near, equal_nan=True), where
    elif isinstance(here, list):
        assert len(here) == len(there), where
        for k, (one, other) in enumerate(zip(here, there, strict=True)):
            assert_alike(one, other, f"{where}[{k}]")
    elif isinstance(here, float) or isinstance(there, float):
        assert abs(here - there) <= 1e-6 * max(1, abs(here)), where
    else:
        assert here == there, where


# ---- before Python


def test_each_piece_is_drawn_and_can_be_moved_before_python(visit, piece):
    page_name, name, _ = piece
    page = visit(f"{page_name}.html", formulas=False)
    place = place_of(page, name)
    assert place.locator("svg path, svg rect, td").count() > 5
    caption = place.locator(".live-caption")
    assert len(caption.inner_text().split()) >= 5
    heavy = ("pyodide", "python.bin", "book.zip", ".whl")
    assert not any(h in r.url for r in visit.responses for h in heavy)
    assert visit.wrong == []


def test_without_scripts_and_on_paper(visit, browser, address, piece):
    page_name, name, _ = piece
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}{page_name}.html")
    still = page.locator(f'img[src$="/{name}/first.svg"]')
    still.scroll_into_view_if_needed()
    assert still.bounding_box()["width"] > 200
    assert len(still.get_attribute("alt").split()) >= 5
    context.close()
    drawn = (SITE / page_name / name / "first.svg").read_text(encoding="utf-8")
    assert drawn.count("<path") + drawn.count("<rect") > 5
    page = visit(f"{page_name}.html", formulas=False)
    place = place_of(page, name)
    page.emulate_media(media="print")
    expect(place.locator(".live-bar")).to_be_hidden()
    expect(place.locator("svg, table").first).to_be_visible()
    expect(place.locator(".live-caption")).to_be_visible()


# ---- with Python


@pytest.mark.usefixtures("lite")
def test_the_pages_python_gives_the_frames_of_this_one(visit, piece):
    """The first frame, fifty steps, knobs at their ends, moved points, other texts.

    The steps come first: from the ends of its knobs a training may be chaotic, and
    two processors differ.
    """
    page_name, name, cell = piece
    page = opened(visit, page_name)
    place = place_of(page, name)
    place.evaluate(WATCH)
    questions: list[dict[str, Any]] = []
    seen = []

    def ask(question: dict[str, Any], act) -> None:
        before = page.evaluate("() => frames_of.length")
        act()
        frame_after(page, before)
        page.wait_for_timeout(150)  # the last of several
        seen.append(page.evaluate("() => frames_of.at(-1)"))
        questions.append(question)

    spec = spec_of(page, name)
    if spec["steps"]:
        restart = place.get_by_role("button", name="Restart")
        ask({"restart": True}, lambda: restart.press("Enter"))
        for _ in range(5):
            if seen[-1]["done"]:
                break
            ask({"steps": 10}, lambda: stepped(page, place, 10))
    for key, control in spec["controls"].items():
        if control["kind"] == "slider":
            last = len(control["values"]) - 1
            knob = place.get_by_label(control["label"], exact=True)
            wanted, press = (0, "Home") if control["start"] == last else (last, "End")
            ask(
                {"set": {key: wanted}}, lambda knob=knob, press=press: knob.press(press)
            )
        elif control["kind"] == "choice":
            last = len(control["values"]) - 1
            menu = place.get_by_label(control["label"], exact=True)
            ask(
                {"set": {key: last}},
                lambda menu=menu, last=last: menu.select_option(index=last),
            )
        elif control["kind"] == "toggles":
            box = place.get_by_role("checkbox", name=control["names"][-1], exact=True)
            chosen = [*control["start"], len(control["names"]) - 1]
            ask({"set": {key: chosen}}, lambda box=box: box.press("Space"))
        elif control["kind"] == "text":
            line = place.get_by_label(control["label"], exact=True)
            ask({"set": {key: "river"}}, lambda line=line: line.fill("river"))
        elif control["kind"] == "sizes":
            more = place.get_by_role("button", name=f"Add a {control['part']}")
            sizes = [*control["start"], control["start"][-1]]
            ask({"set": {key: sizes}}, lambda more=more: more.press("Enter"))
        elif control["kind"] == "cloud":
            group = place.locator(".handles").first
            X = [*control["start"]["X"]]
            X[0] = 0.25 * control["limit"]
            group.press("ArrowRight")
            field = place.locator(".live-numbers").get_by_label(
                control["axes"][0], exact=True
            )
            field.press("Control+a")
            moved = {"X": X, "y": control["start"]["y"]}
            ask(
                {"set": {key: moved}},
                lambda field=field, X=X: field.press_sequentially(f"{X[0]:g}"),
            )
    assert seen
    for shown, wanted in zip(
        seen, native(page_name, cell, json.dumps(questions)), strict=True
    ):
        assert_alike(state_of(wanted), state_of(shown))
    assert visit.wrong == []


def spec_of(page: Page, name: str) -> dict[str, Any]:
    known = page.locator('script[type="application/vnd.jupyter.widget-state+json"]')
    states = json.loads(known.text_content())["state"].values()
    specs = (json.loads(one["state"].get("spec", "{}")) for one in states)
    return next(spec for spec in specs if spec.get("name") == name)


@pytest.mark.usefixtures("lite")
def test_a_link_restores_what_was_seen(visit, linked):
    page_name, name, _ = linked
    page = opened(visit, page_name)
    place = place_of(page, name)
    place.evaluate(WATCH)
    points = place.locator(".handles").first
    if points.count():
        points.focus()
        for key in ("ArrowRight", *["Shift+ArrowUp"] * 3, *["Shift+ArrowLeft"] * 2):
            page.keyboard.press(key)
    elif place.locator(".graph[tabindex]").count():  # its weights can be changed
        place.locator(".graph[tabindex]").focus()
        for key in (*["ArrowRight"] * 4, "ArrowUp"):  # to the first weight
            page.keyboard.press(key)
    elif place.locator(".grids.drawn").count():
        place.locator(".grids.drawn").first.focus()
        for key in (*["ArrowRight"] * 4, "Space"):  # draw a pixel
            page.keyboard.press(key)
        place.locator(".grids.drawn").last.focus()
        for key in (*["ArrowDown"] * 3, "Space"):  # touch a cell
            page.keyboard.press(key)
    elif place.get_by_role("textbox").count():
        place.get_by_role("textbox").first.fill("the judge of a court")
    else:
        place.get_by_role("slider").first.press("ArrowRight")
    frame_after(page, 0)
    if place.get_by_role("button", name="Restart").count():
        place.get_by_role("button", name="Restart").press("Enter")
        page.wait_for_timeout(500)
        stepped(page, place, 4)
    page.wait_for_timeout(1200)
    before = page.evaluate("() => frames_of.at(-1)")
    fragment = page.evaluate("() => location.hash")
    again = visit(f"{page_name}.html{fragment}", formulas=False)
    there = place_of(again, name)
    expect(there).to_be_in_viewport()
    there.evaluate(WATCH)
    there.get_by_role("button", name="Compute it with Python").press("Enter")
    after = frame_after(again, 0)
    assert_alike(state_of(before), state_of(after))
    assert visit.wrong == []


@pytest.mark.usefixtures("lite")
def test_a_step_that_hangs_is_stopped_and_the_piece_goes_on(visit):
    page_name, name, cell = "chapters/01_linear_classifiers", "perceptron", PIECES[0][2]
    page = opened(visit, page_name)
    facts = facts_of(page_name)
    [own] = [one for one in facts["cells"] if one["id"] == cell]
    hang = "def step(s, data):\n    while data.X[0, 0] > 0.9:\n        pass\n"
    own["source"] = own["source"].replace("def step(s):\n", hang)
    assert hang in own["source"]
    own["statements"] = [asdict(one) for one in statements_of(own["source"])]
    page.route("**/*.cells.json", lambda route: route.fulfill(body=json.dumps(facts)))
    place = place_of(page, name)
    place.evaluate(WATCH)
    place.get_by_role("button", name="Restart").press("Enter")
    frame_after(page, 0)
    assert stepped(page, place, 2)["facts"]["mistakes k"] == "2"
    place.locator(".handles").press("ArrowRight")
    field = place.locator(".live-numbers").get_by_label("x", exact=True)
    field.press("Control+a")
    field.press_sequentially("0.95")
    place.get_by_role("button", name="Stop").press("Enter")
    expect(place.get_by_role("alert")).to_contain_text("Stopped")
    field.blur()
    # What was typed goes back to the last that Python has answered.
    expect(field).not_to_have_value("0.95")
    assert float(field.input_value()) <= 0.9
    assert stepped(page, place, 1)["facts"]["mistakes k"] == "3"
    expect(place.get_by_role("alert")).to_be_hidden()


@pytest.mark.usefixtures("lite")
def test_a_piece_follows_the_edit_of_its_cell_and_its_reset(visit):
    page_name, name = "chapters/02_neural_networks", "simplex"
    [cell] = [cell for _, one, cell, _ in PIECES if one == name]
    page = opened(visit, page_name)
    place = place_of(page, name)
    place.evaluate(WATCH)
    place.locator("input[type=range]").press("End")
    frame_after(page, 0)
    there = cell_of(page, cell)
    there.get_by_role("button", name=re.compile("^Run cell")).press("Enter")
    own = there.locator(".page-output .live")
    expect(own).to_be_visible(timeout=LONG_MS)
    own.locator("input[type=range]").press("Home")
    expect(own.locator(".live-control output")).to_have_text("0.25")
    expect(own.locator(".live-caption")).to_contain_text("Sparsemax keeps")
    assert visit.wrong == []
