"""In a real JupyterLab: what a kernel answers, and a notebook as published."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_lab import jupyter_lab
from playwright.sync_api import Browser, expect

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))
from published_notebook import read_published  # noqa: E402

CHAPTER = ROOT / "chapters" / "02_neural_networks.ipynb"

PROBE = """
import matplotlib.pyplot as plt
from tutorial_utils.widgets import choice, explore, slider

def draw(height, colour):
    if height == 4:
        raise RuntimeError("no fourth floor")
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.bar([0], [height], color=colour)
    return fig

def describe(height, colour):
    return f"A {colour} bar of height {height} stands alone."

explore(
    "bars",
    draw,
    describe,
    published={"height": (1, 2)},
    height=slider("height", (1, 2, 3, 4), play=True),
    colour=choice("colour", ("red", "blue")),
)
"""


LIVE_PROBE = """
from types import SimpleNamespace
from tutorial_utils.live import cloud, dots, live, plot, scene, slider

def step(state, by):
    if by == 3:
        raise RuntimeError("no third step")
    state.n += by

live(
    "probe",
    lambda: SimpleNamespace(n=0),
    lambda state, data: scene(
        [plot(dots("data"))], facts={"n": state.n, "x": data.X[0, 0]}
    ),
    lambda state: f"The piece is at {state.n} now.",
    step,
    data=cloud("Points", {"one": ([[0, 0]], [0])}, fixed=True),
    by=slider("by", (1, 2, 3)),
)
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab's address; it has a notebook with the widget, and a chapter."""
    tmp_path = tmp_path_factory.mktemp("lab")
    for name, source in (("probe", PROBE), ("live", LIVE_PROBE)):
        cell = nbformat.v4.new_code_cell(source.strip())
        notebook = nbformat.v4.new_notebook(cells=[cell])
        kernel = {"name": "python3", "display_name": "Python 3"}
        notebook.metadata["kernelspec"] = kernel
        nbformat.write(notebook, tmp_path / f"{name}.ipynb")
    chapter = json.dumps(read_published(CHAPTER))
    (tmp_path / CHAPTER.name).write_text(chapter, encoding="utf-8")
    with jupyter_lab(tmp_path) as (address, _):
        yield address


def test_the_kernel_draws_what_is_not_published_and_reports_errors(
    browser: Browser, lab: str
):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{lab}lab/tree/probe.ipynb")
    page.locator(".jp-Notebook .jp-CodeCell").first.click(timeout=60_000)
    expect(page.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute(
        "data-status", "idle", timeout=60_000
    )
    page.keyboard.press("Shift+Enter")

    explorer = page.locator(".explore")
    picture = explorer.locator("img")
    expect(picture).to_have_attribute(
        "alt", "A red bar of height 1 stands alone.", timeout=60_000
    )
    assert picture.evaluate("(i) => i.naturalWidth") > 200

    height, colour = explorer.get_by_label("height"), explorer.get_by_label("colour")
    source = picture.get_attribute("src")
    height.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(picture).to_have_attribute("alt", "A red bar of height 3 stands alone.")
    assert picture.get_attribute("src") != source
    colour.select_option("blue")
    expect(picture).to_have_attribute("alt", "A blue bar of height 3 stands alone.")
    expect(explorer.locator("[aria-live]")).to_have_text(
        "A blue bar of height 3 stands alone."
    )

    height.focus()
    page.keyboard.press("End")
    expect(explorer.get_by_role("alert")).to_contain_text(
        "RuntimeError: no fourth floor"
    )
    expect(picture).to_be_hidden()
    page.keyboard.press("Home")
    expect(picture).to_have_attribute("alt", "A blue bar of height 1 stands alone.")
    expect(picture).to_be_visible()
    expect(explorer.get_by_role("alert")).to_be_hidden()
    page.close()


def test_the_kernel_answers_a_live_piece(browser: Browser, lab: str):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{lab}lab/workspaces/live/tree/live.ipynb")
    page.locator(".jp-Notebook .jp-CodeCell").first.click(timeout=60_000)
    expect(page.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute(
        "data-status", "idle", timeout=60_000
    )
    page.keyboard.press("Shift+Enter")
    piece = page.locator("div.live")
    caption = piece.locator(".live-caption")
    expect(caption).to_have_text("The piece is at 0 now.", timeout=60_000)
    assert piece.locator("canvas").bounding_box()["width"] > 200
    piece.get_by_role("button", name="Step").click()
    expect(caption).to_have_text("The piece is at 1 now.")
    knob = piece.get_by_label("by", exact=True)
    knob.focus()
    page.keyboard.press("ArrowRight")  # it is the knob's, not JupyterLab's
    piece.get_by_role("button", name="Step").click()
    expect(caption).to_have_text("The piece is at 3 now.")
    piece.locator(".handles").focus()
    page.keyboard.press("Shift+ArrowRight")
    expect(piece.locator(".live-facts")).to_contain_text("0.04")
    knob.press("End")
    piece.get_by_role("button", name="Step").click()
    alert = piece.get_by_role("alert")
    expect(alert).to_contain_text("RuntimeError: no third step")
    knob.press("Home")
    piece.get_by_role("button", name="Step").click()
    expect(caption).to_have_text("The piece is at 4 now.")
    expect(alert).to_be_hidden()
    page.close()


def test_a_published_notebook_reads_as_text_and_folds_its_solutions(
    browser: Browser, lab: str
):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{lab}lab/tree/{CHAPTER.name}")
    exercise = page.locator(".jp-MarkdownOutput h3", has_text="Exercise 2.1").first
    exercise.wait_for(timeout=60_000)
    exercise.scroll_into_view_if_needed()
    opened = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Notebook")
    text = opened.inner_text()
    assert len(text) > 20_000
    assert re.findall(r":::|\{\w+(?::\w+)?\}`|^\([\w-]+\)=", text, re.MULTILINE) == []
    formulas = page.locator(".jp-MarkdownOutput mjx-container")
    assert formulas.count() > 100
    assert page.locator("mjx-merror").count() == 0
    drawing = page.locator(".jp-MarkdownOutput img").first
    assert drawing.evaluate("(i) => i.naturalWidth") > 200
    hint = page.locator(".jp-MarkdownOutput details", has_text="Hint").first
    assert not hint.evaluate("(d) => d.open")
    solutions = page.locator(".jp-CodeCell", has_text="def solution_2_")
    assert solutions.count() > 0
    assert not any(cell.is_visible() for cell in solutions.all())
    page.close()
