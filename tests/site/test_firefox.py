"""What readers do, in Firefox: one chapter in every run, all for a release.

The checks are those of Chromium's tests.
"""

import pytest
from playwright.sync_api import Browser, expect
from test_page_python import (
    NUMPY,
    PICTURE,
    SCIPY,
    WIDGET,
    fault_of,
    opened,
    plant,
    press,
)
from test_page_widgets import (
    check_a_missing_frame,
    check_addresses,
    check_captions,
    check_keyboard,
    check_notes,
    check_on_a_phone,
    check_play,
    explorers,
    open_chapter,
)
from test_pages import (
    WIDTH,
    check_alt_texts,
    check_formulas,
    check_search_theme_and_menus,
)


@pytest.fixture(scope="module")
def browser(firefox: Browser) -> Browser:
    """What `visit` opens pages with."""
    return firefox


def test_a_first_visit(visit, one_chapter):
    """Nothing is stored yet: no error in the console, no request elsewhere."""
    page = visit(f"chapters/{one_chapter.stem}.html", theme=None)
    assert visit.wrong == []
    assert page.evaluate("() => document.documentElement.dataset.mode") == "auto"
    check_formulas(page)
    check_alt_texts(page)
    for width in (320, 768, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        assert page.evaluate(WIDTH) <= width, f"scrolls sideways at {width} pixels"
    assert visit.wrong == []


def test_the_widgets(visit, one_chapter):
    page = open_chapter(visit, one_chapter)
    for explorer in explorers(page):
        check_keyboard(page, explorer)
        check_captions(page, explorer)
        check_play(page, explorer)
    check_notes(visit, one_chapter, page)
    check_on_a_phone(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    restored = check_addresses(visit, one_chapter, page)
    assert visit.wrong == []
    check_a_missing_frame(restored)


def test_menus_search_and_theme(visit):
    page = visit("book/how_to_read.html", theme=None, formulas=False)
    check_search_theme_and_menus(page)
    found = visit("search.html?q=perceptron", theme=None, formulas=False)
    expect(found.locator("#search-results li").first).to_be_visible()
    assert visit.wrong == []


@pytest.mark.usefixtures("lite")
def test_cells_run_where_they_stand_and_can_be_stopped(visit):
    page = opened(visit)
    cells = (NUMPY, PICTURE, SCIPY, WIDGET)
    faults = [fault_of(page, name, name == PICTURE) for name in cells]
    assert [fault for fault in faults if fault] == []
    assert visit.wrong == []
    page = opened(visit)
    plant(page, "print('begun')\nwhile True:\n    pass")
    cell = press(page, NUMPY)
    expect(cell.locator(".page-output")).to_contain_text("begun", timeout=60_000)
    cell.get_by_role("button", name="Stop cell").press("Enter")
    expect(cell).not_to_have_attribute("aria-busy", "true", timeout=2000)
    assert fault_of(page, SCIPY, False) is None
