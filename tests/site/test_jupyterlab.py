"""A widget in a real JupyterLab: settings are drawn by the kernel when asked for."""

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_lab import jupyter_lab
from playwright.sync_api import Browser, expect

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


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """The address of a JupyterLab with a notebook that has the widget."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(PROBE.strip())]
    )
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, tmp_path / "probe.ipynb")
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
