"""Python in the page: cells run where they stand and print what is printed.

At least ten cells of each page with pictures among them, all for a release; what
starts it, what stops it, and what is told when it cannot start.
"""

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browsers import BROWSERS, FLAGS, found
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Locator, Page, expect
from test_pages import AXE, serious_findings

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "frontend" / "python")]
from page_python.needs import Chapter  # noqa: E402
from page_python.session import Session  # noqa: E402
from page_python.statements import statements_of  # noqa: E402

pytestmark = pytest.mark.usefixtures("lite")

CHAPTER = "chapters/02_neural_networks"
NUMPY, PICTURE, SCIPY, PIECE = "c79ea364", "fccd3de5", "7dce2455", "2a8d414d"
# A widget with frames, and another picture: of chapter 5.
FRAMES = "chapters/05_convolutional_networks"
WIDGET, COLUMNS = "ascent-explore", "551dd5ea"
LONG_MS = 180_000  # several times what the longest cell takes
MOST_SECONDS = 15  # for a cell with what it needs
MOST_SENT = 18_000_000  # bytes of the first run, data apart
PAGES = sorted(
    page.relative_to(SITE).as_posix().removesuffix(".cells.json")
    for page in SITE.glob("*/*.cells.json")
)


def facts_of(page: str) -> dict:
    return json.loads((SITE / f"{page}.cells.json").read_text(encoding="utf-8"))


UNFOLD = """() => {
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  for (const folded of document.querySelectorAll(".toggle-hidden")) {
    folded.classList.remove("toggle-hidden");
  }
}"""


def opened(visit, page: str = CHAPTER, **how: object) -> Page:
    """A page whose cells can be run; nothing of Python is there yet."""
    there = visit(f"{page}.html", formulas=False, **how)
    expect(there.locator("html")).to_have_attribute("data-python", "offered")
    there.evaluate(UNFOLD)
    return there


def cell_of(page: Page, name: str) -> Locator:
    return page.locator(f'[data-cell="{name}"]')


def press(page: Page, name: str) -> Locator:
    cell = cell_of(page, name)
    cell.get_by_role("button", name=re.compile("^Run cell")).press("Enter")
    return cell


def run(page: Page, name: str) -> tuple[Locator, str]:
    """Run a cell to its end: the cell and what is said of it."""
    cell = press(page, name)
    expect(cell).not_to_have_attribute("aria-busy", "true", timeout=LONG_MS)
    return cell, cell.locator(".page-status").first.inner_text()


def fault_of(
    page: Page, name: str, wants_pictures: bool, shortened: dict | None = None
) -> str | None:
    """Run a cell and say how what it shows differs from the page as it was built.

    shortened : gets what a cell prints whose loops are shorter here.
    """
    cell = cell_of(page, name)
    n_printed = cell.locator(".cell_output img").count()
    cell, said = run(page, name)
    output = cell.locator(".page-output")
    if not said.startswith("Done in"):
        return f"{name}: {said} {output.all_inner_texts()}"
    if "tag_nbval-check-output" in (cell.get_attribute("class") or ""):
        is_short = output.locator(".page-note", has_text="loops are shorter").count()
        if is_short and shortened is not None:
            texts = output.locator(".page-stdout").all_inner_texts()
            shortened[name] = "".join(texts).rstrip("\n")
        if not is_short and not said.endswith("As in the book."):
            return f"{name}: {said} {output.all_inner_texts()}"
    if wants_pictures and output.locator("img").count() != n_printed:
        return f"{name}: {output.locator('img').count()} pictures for {n_printed}"
    return None


def costs_of(page: str) -> dict[str, float]:
    """Seconds of each cell with what it needs, as measured last; 0 for quick ones."""
    facts = facts_of(page)
    chapter, seconds = Chapter(facts), facts["seconds"]
    session = Session(chapter)
    return {
        cell.id: sum(seconds.get(chapter.cells[j].id, 0) for j, _ in session.plan(k))
        for k, cell in enumerate(chapter.cells)
        if not cell.blocked
    }


def runnable(page: str) -> list[str]:
    """The cells of a page that have a button: what checks an answer has none."""
    cells = [cell for cell in facts_of(page)["cells"] if "blocked" not in cell]
    return [cell["id"] for cell in cells if not cell["source"].startswith("check(")]


def chosen(page: str) -> list[str]:
    """Eleven cells: the quickest with pictures, and the quickest checked ones."""
    names, costs = runnable(page), costs_of(page)
    text = (SITE / f"{page}.html").read_text(encoding="utf-8")
    there = BeautifulSoup(text, "html.parser").select("div.cell[data-cell]")
    there = sorted(
        (cell for cell in there if cell["data-cell"] in names),
        key=lambda cell: costs[cell["data-cell"]],
    )
    there = [cell for cell in there if costs[cell["data-cell"]] <= MOST_SECONDS]
    with_picture = [cell for cell in there if cell.select(".cell_output img")][:6]
    checked = [cell for cell in there if "tag_nbval-check-output" in cell["class"]]
    checked = [cell for cell in checked if cell not in with_picture]
    quick = [*with_picture, *checked[: 11 - len(with_picture)]]
    return sorted({cell["data-cell"] for cell in quick}, key=names.index)


def printed_natively(place: str, names: list[str]) -> dict[str, str]:
    """What cells print on this machine, with loops as short as in a browser."""
    if not names:
        return {}
    page = next(ROOT.glob(f"{place}.*"))
    program = ROOT / "tests/frontend/orders.py"
    done = subprocess.run(
        [sys.executable, str(program), str(page), "cells", *names],
        cwd=page.parent,
        env=os.environ | {"TUTORIAL_BUDGET": "browser", "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    return {name: text.rstrip("\n") for name, text in found.items()}


def check_cells(visit, place: str, names: list[str]) -> None:
    page = opened(visit, place)
    shortened: dict[str, str] = {}
    faults = [fault_of(page, name, True, shortened) for name in names]
    assert [fault for fault in faults if fault] == []
    assert shortened == printed_natively(place, [*shortened])
    assert visit.wrong == []


@pytest.mark.parametrize("place", PAGES)
def test_cells_give_what_the_page_shows(visit, place):
    names = runnable(place)
    if len(names) > 12:
        names = chosen(place)
        assert len(names) >= 10
    check_cells(visit, place, names)


@pytest.mark.release
@pytest.mark.parametrize("place", PAGES)
def test_all_cells_give_what_the_page_shows(visit, place):
    check_cells(visit, place, runnable(place))


def test_nothing_is_loaded_before_it_is_asked_for(visit):
    page = opened(visit)
    page.wait_for_timeout(1000)
    before = len(visit.responses)
    asked = [urlsplit(response.url).path for response in visit.responses]
    assert not [path for path in asked if "pyodide" in path or "worker" in path]
    cell, said = run(page, NUMPY)
    assert said.startswith("Done in")
    sent = visit.responses[before:]
    size = sum(len(response.body()) for response in sent if is_of_start(response.url))
    assert size <= MOST_SENT * 1.45, "uncompressed"
    assert cell.locator(".page-output").inner_text().strip() != ""


def is_of_start(url: str) -> bool:
    later = ("matplotlib", "scipy", "pillow", "contourpy", "kiwisolver", "pyparsing")
    return not any(name in url for name in later)


def test_the_start_says_how_much_it_loads(visit):
    page = opened(visit)
    page.route("**/python.bin.gz", lambda route: None)  # it never comes
    cell = press(page, NUMPY)
    expect(cell.locator(".page-status")).to_contain_text(re.compile(r"\(1\d MB\)"))
    expect(cell.get_by_role("progressbar")).to_be_visible()
    cell.get_by_role("button", name="Stop cell").press("Enter")
    expect(cell).not_to_have_attribute("aria-busy", "true")


def test_a_widget_answers_when_its_cell_has_run(visit):
    page = opened(visit, FRAMES)
    cell, said = run(page, WIDGET)
    assert said.startswith("Done in")
    explorer = cell.locator(".page-output .explore")
    picture = explorer.locator("img.explore-picture")
    before = picture.get_attribute("src")
    explorer.locator("input").first.press("End")
    expect(picture).not_to_have_attribute("src", before, timeout=20_000)
    expect(explorer.get_by_role("alert")).to_be_hidden()
    # It answers with its own names, whatever ran since.
    run(page, COLUMNS)
    before = picture.get_attribute("src")
    explorer.locator("input").first.press("Home")
    expect(picture).not_to_have_attribute("src", before, timeout=20_000)
    assert visit.wrong == []


def test_figures_keep_their_words(visit):
    page = opened(visit)
    printed = cell_of(page, PICTURE).locator(".cell_output:not(.page-output) figure")
    alt, caption = printed.locator("img").get_attribute("alt"), printed.inner_text()
    cell, _ = run(page, PICTURE)
    figure = cell.locator(".page-output figure")
    image = figure.locator("img")
    assert image.get_attribute("alt") == alt
    assert image.get_attribute("src").startswith("data:image/png")
    assert image.evaluate("(i) => i.naturalWidth") > 300
    assert caption.strip().rstrip("#") in figure.inner_text().replace("#", "")
    expect(cell.locator(".page-note")).to_have_text("Redrawn in your browser.")
    expect(printed.first).to_be_hidden()


# ---- cells that a test has put there


def plant(page: Page, source: str, name: str = NUMPY) -> None:
    """Serve the page another source for one of its cells."""
    facts = facts_of(CHAPTER)
    [cell] = [cell for cell in facts["cells"] if cell["id"] == name]
    cell["source"] = source
    cell["statements"] = [asdict(one) for one in statements_of(source)]
    page.route("**/*.cells.json", lambda route: route.fulfill(body=json.dumps(facts)))


def test_stop_ends_an_endless_loop_and_python_is_ready_again(visit):
    page = opened(visit)
    plant(page, "print('begun')\nwhile True:\n    pass")
    cell = press(page, NUMPY)
    expect(cell.locator(".page-output")).to_contain_text("begun", timeout=LONG_MS)
    stop = cell.get_by_role("button", name="Stop cell")
    stop.press("Enter")
    expect(cell).not_to_have_attribute("aria-busy", "true", timeout=1000)
    expect(cell.locator(".page-status")).to_contain_text("ready", timeout=20_000)
    _, said = run(page, SCIPY)
    assert said.startswith("Done in")


def test_an_error_shows_the_readers_own_lines(visit):
    page = opened(visit)
    plant(page, "def half(x):\n    return x / 0\n\n\nprint('first')\nhalf(1)")
    cell, said = run(page, NUMPY)
    assert said == "It stopped with an error."
    shown = cell.locator(".page-output").inner_text()
    assert "first" in shown
    assert "This cell, line 6:\n    half(1)" in shown
    assert "This cell, line 2, in half:\n    return x / 0" in shown
    assert shown.rstrip().endswith("ZeroDivisionError: division by zero")
    assert "page_python" not in shown
    printed = cell.locator(".cell_output:not(.page-output)")
    expect(printed).to_be_visible()


def test_a_contract_is_told_in_one_line(visit):
    page = opened(visit)
    plant(page, "import numpy as np\nsigmoid(np.array([np.nan]))")
    cell, _ = run(page, NUMPY)
    shown = cell.locator(".page-error").inner_text()
    assert shown.rstrip().endswith("ValueError: z must be finite, got NaN or infinity")
    assert "This cell, line 2:" in shown
    assert len(shown.strip().split("\n")) == 3, "without the contract's own lines"


def test_a_long_cell_shows_its_progress(visit):
    page = opened(visit)
    plant(
        page,
        "import time\nfor _ in progress(range(40), 'rounds'):\n    time.sleep(0.1)",
    )
    cell = press(page, NUMPY)
    expect(cell.locator(".page-status")).to_contain_text("rounds", timeout=LONG_MS)
    bar = cell.get_by_role("progressbar")
    expect(bar).to_be_visible()
    assert bar.evaluate("(bar) => [bar.max, bar.value < bar.max]") == [40, True]
    expect(cell).not_to_have_attribute("aria-busy", "true", timeout=LONG_MS)
    expect(bar).to_be_hidden()


def test_what_a_cell_needs_is_said_to_run_first(visit):
    page = opened(visit)
    cell, said = run(page, SCIPY)
    assert re.search(r"with \d cells? before it", said)
    assert cell.locator(".page-status").first.inner_text() == said


def test_shortened_loops_are_told_beside_the_printed_result(visit):
    page = opened(visit, "chapters/03_training")
    name = "8b8584b1"
    cell, said = run(page, name)
    assert said.startswith("Done in")
    note = cell.locator(".page-output .page-note").first
    expect(note).to_contain_text(re.compile(r"loops are shorter: .*20,000 instead of"))
    expect(cell.locator(".cell_output.page-beside")).to_be_visible()


def test_cells_that_cannot_run_say_why(visit):
    for path in PAGES:
        blocked = {
            cell["id"]: cell["blocked"]
            for cell in facts_of(path)["cells"]
            if "blocked" in cell
        }
        if not blocked:
            continue
        page = opened(visit, path)
        for name, library in blocked.items():
            assert library
            cell = cell_of(page, name)
            expect(cell.locator(".page-status")).to_contain_text(
                f"needs {library}, which Python in the browser lacks"
            )
            assert cell.locator(".page-run").count() == 0


# ---- what can go wrong


def garbage(route: object) -> None:
    route.fulfill(body=b"no snapshot", content_type="application/gzip")  # type: ignore[attr-defined]


def test_a_snapshot_that_is_refused_is_done_without(visit):
    page = opened(visit)
    page.route("**/python.bin.gz", garbage)
    _, said = run(page, NUMPY)
    assert said.startswith("Done in")
    assert page.evaluate("() => localStorage.getItem('page-python-snapshot-refused')")


@pytest.mark.parametrize("file", ["book.zip", "numpy-*", "pyodide.mjs", "*.cells.json"])
def test_a_missing_file_is_told_once_and_the_page_stays(visit, file):
    page = opened(visit)
    page.route(f"**/{file}", lambda route: route.fulfill(status=404))
    for _ in range(2):
        press(page, NUMPY)
        trouble = page.locator(".page-trouble")
        expect(trouble).to_contain_text("Python could not start", timeout=LONG_MS)
        expect(cell_of(page, NUMPY)).not_to_have_attribute("aria-busy", "true")
    assert trouble.count() == 1
    printed = cell_of(page, NUMPY).locator(".cell_output:not(.page-output)")
    expect(printed).to_be_visible()
    page.unroute(f"**/{file}")
    _, said = run(page, NUMPY)
    assert said.startswith("Done in"), "it can be tried again"
    expect(trouble).to_be_hidden()


def test_a_library_that_does_not_come_is_told(visit):
    page = opened(visit)
    page.route("**/matplotlib-*", lambda route: route.fulfill(status=404))
    press(page, PICTURE)
    trouble = page.locator(".page-trouble")
    expect(trouble).to_contain_text("Matplotlib could not be loaded", timeout=LONG_MS)
    _, said = run(page, NUMPY)
    assert said.startswith("Done in")


def test_a_worker_that_closes_itself_and_goes_on_can_be_stopped(visit):
    page = opened(visit)
    plant(page, "import js\njs.close()\nwhile True:\n    pass")
    cell = press(page, NUMPY)
    expect(cell.locator(".page-status")).to_contain_text("Running", timeout=LONG_MS)
    cell.get_by_role("button", name="Stop cell").press("Enter")
    expect(cell).not_to_have_attribute("aria-busy", "true")
    _, said = run(page, SCIPY)
    assert said.startswith("Done in")


def test_a_worker_that_ends_itself_is_replaced(visit):
    page = opened(visit)
    plant(page, "import js\njs.close()\nraise SystemError('the end')")
    press(page, NUMPY)
    expect(cell_of(page, NUMPY)).not_to_have_attribute(
        "aria-busy", "true", timeout=20_000
    )
    page.wait_for_timeout(500)
    _, said = run(page, SCIPY)
    assert said.startswith("Done in")


@pytest.mark.parametrize("name", ["WebAssembly", "Worker", "DecompressionStream"])
def test_a_browser_without_what_it_takes_says_so_once(browser: Browser, address, name):
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(f"delete globalThis.{name}")
    page.goto(f"{address}{CHAPTER}.html")
    trouble = page.locator(".page-trouble")
    expect(trouble).to_contain_text("Python cannot run in this browser")
    assert trouble.count() == 1
    assert page.get_by_role("button", name="Run cell").count() == 0
    expect(page.locator("#simplex svg").first).to_be_visible()
    context.close()


def test_where_storage_is_blocked_cells_run(playwright, address, tmp_path):
    (tmp_path / "Default").mkdir()
    wish = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default/Preferences").write_text(json.dumps(wish))
    context = playwright.chromium.launch_persistent_context(
        str(tmp_path), executable_path=found(BROWSERS, "chromium"), args=FLAGS
    )
    page = context.new_page()
    page.goto(f"{address}{CHAPTER}.html")
    expect(page.locator("html")).to_have_attribute("data-python", "offered")
    cell, said = run(page, NUMPY)
    assert said.startswith("Done in")
    cell.get_by_role("button", name="Edit cell").press("Enter")
    expect(cell.locator(".cm-content")).to_be_focused()
    page.keyboard.type("# mine")
    expect(cell.locator(".page-status")).to_contain_text("keeps no edits")
    context.close()


# ---- for all readers

STOPS = """(cell) => [...cell.querySelectorAll("button, summary, pre, a, [tabindex]")]
  .filter((e) => !e.closest(".cell_output") && e.tabIndex >= 0
    && e.checkVisibility({ visibilityProperty: true })).length"""


def test_a_cell_is_one_tab_stop_until_it_has_the_focus(visit):
    page = visit(f"{CHAPTER}.html", formulas=False)
    expect(page.locator("html")).to_have_attribute("data-python", "offered")
    page.wait_for_timeout(500)
    cells = page.locator("div.cell[data-cell]")
    stops = cells.evaluate_all(f"all => all.map({STOPS})")
    assert max(stops) <= 1
    assert sum(stops) > 60
    cell = cell_of(page, NUMPY)
    cell.get_by_role("button", name="Run cell").focus()
    assert cell.evaluate(STOPS) > 1, "inside, the others are reached"
    page.locator("button.theme-switch-button").first.focus()
    assert cell.evaluate(STOPS) == 1


def test_nothing_serious_before_during_and_after_a_run(looks):
    page = looks(f"{CHAPTER}.html")
    expect(page.locator("html")).to_have_attribute("data-python", "offered")
    page.add_script_tag(path=AXE)
    where = [f"[data-cell='{name}']" for name in (PICTURE, SCIPY, "1558e097")]
    assert serious_findings(page, within=where) == []
    plant(page, "print('begun')\nwhile True:\n    pass", "1558e097")
    run(page, PICTURE)
    run(page, SCIPY)
    press(page, "1558e097")
    expect(cell_of(page, "1558e097")).to_contain_text("begun", timeout=LONG_MS)
    assert serious_findings(page, within=where) == []
    page.get_by_role("button", name="Stop cell").press("Enter")
    page.route("**/book.zip", lambda route: route.fulfill(status=404))
    expect(cell_of(page, "1558e097")).not_to_have_attribute("aria-busy", "true")
    assert serious_findings(page, within=where) == []
