"""The chapters in the reader's browser: Python in the page, nothing from outside.

`make test` runs one widget of chapter 2, at a setting that its page does not have;
`make test-release` one of each other chapter, and every chapter whole.
"""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import matplotlib.pyplot as plt
import pytest
from bs4 import BeautifulSoup
from conftest import watch_policy
from playwright.sync_api import Browser, Locator, Page, expect

from tutorial_utils import widgets

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tools"))
from cell_slices import code_cells, with_what_it_needs  # noqa: E402
from published_notebook import read_published  # noqa: E402

SITE = ROOT / "_build" / "html"
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))
EXAMPLE = next(path for path in CHAPTERS if path.stem == "02_neural_networks")
pytestmark = pytest.mark.usefixtures("lite")
START_MS, CHAPTER_MS = 180_000, 400_000  # several times what a quiet machine takes


class Lab:
    """The browser's Python in a window of its own, and what went wrong in it."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.address = address
        self.wrong: list[str] = []
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        own = (address, "data:", "blob:")
        say = self.wrong.append
        self.context.on(
            "request", lambda r: r.url.startswith(own) or say(f"outside: {r.url}")
        )
        self.context.on(
            "response",
            # Chromium's own wish, for pages whose icon a script sets.
            lambda r: r.status < 400 or "favicon" in r.url or say(f"missing: {r.url}"),
        )
        watch_policy(self.context, say)
        self.context.on("weberror", lambda e: say(f"script: {e.error}"))

    def open(self, path: str) -> Page:
        page = self.context.new_page()
        page.goto(self.address + path)
        return page

    def notebook(self, chapter: str) -> Page:
        page = self.open(f"lite/notebooks/index.html?path={chapter}")
        page.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=START_MS)
        return page


@pytest.fixture
def lab(browser: Browser, address: str) -> Iterator[Lab]:
    lab = Lab(browser, address)
    yield lab
    lab.context.close()


ERRORS = "[data-mime-type='application/vnd.jupyter.error']"
BUSY = """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
  .some((prompt) => prompt.innerText === '[*]:')"""


def run_all_cells(page: Page, n_cells: int) -> None:
    """Run the notebook to its end; fail at an error or a cell that was left out."""
    expect(page.locator(".jp-CodeCell")).to_have_count(n_cells, timeout=START_MS)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(BUSY, timeout=START_MS)
    page.wait_for_function(f"() => !({BUSY})()", timeout=CHAPTER_MS)
    prompts = page.locator(".jp-CodeCell .jp-InputPrompt").all_inner_texts()
    wanted = [f"[{n}]:" for n in range(1, n_cells + 1)]
    if prompts != wanted:
        page.wait_for_timeout(2000)  # what went wrong is shown after the prompts
    assert page.locator(ERRORS).all_inner_texts() == []
    assert prompts == wanted


def picture_of(explorer: Locator) -> list[int]:
    """The bytes of a widget's picture, which must be one."""
    picture = explorer.locator("img")
    expect(picture).to_be_visible()
    assert picture.evaluate("(i) => i.decode().then(() => i.naturalWidth)") > 200
    return picture.evaluate(
        "async (i) => [...new Uint8Array(await (await fetch(i.src)).arrayBuffer())]"
    )


def site_notebook(chapter: Path) -> Path:
    return SITE / "lite" / "files" / chapter.name


@pytest.mark.release
def test_a_chapter_runs_whole_and_its_widgets_answer(lab, chapter):
    cells = code_cells(site_notebook(chapter))
    page = lab.notebook(chapter.name)
    run_all_cells(page, len(cells))
    n_widgets = sum("explore(" in "".join(cell["source"]) for cell in cells)
    explorers = page.locator(".explore")
    expect(explorers).to_have_count(n_widgets, timeout=START_MS)
    for explorer in explorers.all():
        before = picture_of(explorer)
        setting = explorer.locator("img").get_attribute("data-setting")
        knob = explorer.locator("input, select").first
        at_end = knob.evaluate("(k) => +k.value === +(k.max ?? k.length - 1)")
        knob.press("Home" if at_end else "End")
        expect(explorer.locator("img")).not_to_have_attribute(
            "data-setting", setting, timeout=30_000
        )
        assert picture_of(explorer) != before
        expect(explorer.get_by_role("alert")).to_be_hidden()
    assert lab.wrong == []


# ---- one widget, with the cells that it needs


def widget_with_more_settings(sources: list[str]) -> int:
    """The place of the first widget that has settings beyond its page's, else any."""
    places = [n for n, source in enumerate(sources) if "explore(" in source]
    return next((n for n in places if "published=" in sources[n]), places[0])


def unpublished_setting(sources: list[str], patch: pytest.MonkeyPatch) -> list[int]:
    """Run the cells here, and choose a setting of the widget that its page lacks."""
    asked: dict = {}

    def remember(name, draw, describe, published=None, **controls):
        asked.update(published=published or {}, controls=controls)

    patch.setattr(widgets, "explore", remember)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for source in sources:
        exec(compile(source, "a cell", "exec"), namespace)
    plt.close("all")
    setting = []
    for key, control in asked["controls"].items():
        public = asked["published"].get(key, control.values)
        others = [n for n, value in enumerate(control.values) if value not in public]
        setting.append(others[-1] if others else control.start)
    if not asked["published"]:
        setting[0] = len(next(iter(asked["controls"].values())).values) - 1
    return setting


def test_a_widget_answers_beyond_what_its_page_has(lab, one_framed, monkeypatch):
    cells = code_cells(site_notebook(one_framed))
    sources = ["".join(cell["source"]) for cell in cells]
    kept = with_what_it_needs(sources, widget_with_more_settings(sources))
    setting = unpublished_setting([sources[n] for n in kept], monkeypatch)

    whole = json.loads(site_notebook(one_framed).read_text(encoding="utf-8"))
    short = json.dumps(whole | {"cells": [cells[n] for n in kept]})
    served = re.compile(rf"/lite/files/{re.escape(one_framed.name)}")
    lab.context.route(served, lambda route: route.fulfill(body=short))
    page = lab.notebook(one_framed.name)
    run_all_cells(page, len(kept))
    explorer = page.locator(".explore").last  # it may build on another's cell
    before = picture_of(explorer)
    knobs = explorer.locator("input, select").all()
    for knob, value in zip(knobs, setting, strict=True):
        knob.evaluate(
            """(knob, value) => {
              if (knob.value === value) return;
              knob.value = value;
              const kind = knob.tagName === 'SELECT' ? 'change' : 'input';
              knob.dispatchEvent(new Event(kind, { bubbles: true }));
            }""",
            str(value),
        )
    wanted = "-".join(map(str, setting))
    expect(explorer.locator("img")).to_have_attribute(
        "data-setting", wanted, timeout=60_000
    )
    assert picture_of(explorer) != before
    expect(explorer.get_by_role("alert")).to_be_hidden()
    assert lab.wrong == []


# ---- the reader's changes, the buttons, the copies


@pytest.mark.release
def test_changes_survive_a_reload_and_can_be_dropped(lab):
    name = CHAPTERS[0].name
    page = lab.notebook(name)
    editor = page.locator(".jp-CodeCell .cm-content").first
    editor.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("# my own change\n")
    page.wait_for_timeout(20_000)  # saved by itself
    page.close()

    page = lab.notebook(name)
    expect(page.locator(".jp-CodeCell .cm-content").first).to_contain_text("my own")
    page.close()

    page = lab.open(f"lite/start_afresh.html?path={name}")
    page.get_by_role("button", name="Drop my changes").click()
    page.wait_for_url("**/notebooks/index.html**")
    editor = page.locator(".jp-CodeCell .cm-content").first
    expect(editor).to_contain_text("import", timeout=START_MS)
    expect(editor).not_to_contain_text("my own")
    assert lab.wrong == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_way_back_can_be_used_by_all(lab, theme):
    page = lab.context.new_page()
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(f"{lab.address}lite/start_afresh.html?path={CHAPTERS[0].name}")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    page.add_script_tag(path=AXE)
    result = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    assert result["violations"] == []
    # Nothing was changed: there is nothing to drop, and the chapter opens.
    page.get_by_role("button", name="Drop my changes").press("Enter")
    page.wait_for_url(f"**/notebooks/index.html?path={CHAPTERS[0].name}")


def test_the_way_back_needs_a_chapter(lab):
    page = lab.open("lite/start_afresh.html?path=../other")
    expect(page.get_by_role("button", name="Drop my changes")).to_be_disabled()
    expect(page.get_by_role("status")).to_contain_text("from the menu of a chapter")


PLACES = (
    ("Open as a notebook", "notebooks/index.html"),
    ("in the full lab", "lab/index.html"),
    ("without my changes", "start_afresh.html"),
)


def test_each_chapter_has_the_buttons(chapter):
    page = BeautifulSoup(
        (SITE / "chapters" / f"{chapter.stem}.html").read_bytes(), "html.parser"
    )
    for text, place in PLACES:
        [link] = [a for a in page.select(".dropdown-menu a") if text in a.text]
        assert link["href"] == f"../lite/{place}?path={chapter.name}"


def test_the_menu_of_buttons_opens(visit):
    page = visit(f"chapters/{EXAMPLE.stem}.html", formulas=False)
    page.get_by_role("button", name="Run this chapter").click()
    for text, place in PLACES:
        link = page.locator(".dropdown-menu.show a", has_text=text)
        expect(link).to_be_visible()
        target = link.evaluate("(a) => a.href")
        assert target == f"{visit.address}lite/{place}?path={EXAMPLE.name}"


def test_the_browsers_copy_differs_in_the_cells_it_cannot_run_alone(chapter):
    ours = read_published(chapter)
    theirs = json.loads(site_notebook(chapter).read_text(encoding="utf-8"))
    assert ours["metadata"] == theirs["metadata"]
    for one, other in zip(ours["cells"], theirs["cells"], strict=True):
        if "not-in-browser" in one["metadata"].get("tags", []):
            assert other["cell_type"] == "markdown"
            assert "lacks" in other["source"]
        else:
            assert one == other


def test_the_package_for_the_browser_has_no_data():
    [wheel] = (SITE / "lite/static/pyodide").glob("tutorial_utils-*.whl")
    packed = {Path(name).name for name in ZipFile(wheel).namelist()}
    data = {path.name for path in (ROOT / "src/tutorial_utils/data").glob("*.*")}
    assert data
    assert not data & packed
    served = {path.name for path in (SITE / "lite/files/data").iterdir()}
    assert data <= served
