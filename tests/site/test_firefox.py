"""What readers do, in Firefox: one chapter in every run, all for a release.

The checks are those of Chromium's tests.
"""

import inspect
from collections.abc import Callable

import pytest
import test_page_edits
import test_pieces
from playwright.sync_api import Browser, expect
from test_page_python import (
    NUMPY,
    PICTURE,
    PIECE,
    SCIPY,
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
    check_on_a_phone,
    check_play,
    check_settings_without_pictures,
    explorers,
    open_chapter,
)
from test_pages import (
    WIDTH,
    check_alt_texts,
    check_formulas,
    check_search_theme_and_menus,
)

RELEASE = pytest.mark.release


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


def test_the_widgets(visit, one_framed):
    page = open_chapter(visit, one_framed)
    for explorer in explorers(page):
        check_keyboard(page, explorer)
        check_captions(page, explorer)
        check_play(page, explorer)
    check_settings_without_pictures(one_framed, page)
    check_on_a_phone(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    restored = check_addresses(visit, one_framed, page)
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
    cells = (NUMPY, PICTURE, SCIPY, PIECE)
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


# The book's live pieces: the same frames and links as in Chromium. The first of each
# chapter in every run, all for a release.
FIRST = {path: name for path, name, *_ in reversed(test_pieces.PIECES)}
SHOWN = [
    pytest.param(one, id=one[1], marks=() if one[1] == FIRST[one[0]] else RELEASE)
    for one in test_pieces.PIECES
]


@pytest.fixture(params=SHOWN)
def piece(request) -> tuple[str, str, str]:
    return test_pieces.page_name_and_cell(request.param)


@pytest.fixture(params=SHOWN)
def linked(request) -> tuple[str, str, str]:
    return test_pieces.page_name_and_cell(request.param)


test_frames_of_pieces = test_pieces.test_the_pages_python_gives_the_frames_of_this_one
test_links_to_pieces = test_pieces.test_a_link_restores_what_was_seen

# What a reader writes: these in every run, all for a release.
IN_EVERY_RUN = (
    "test_an_edited_function_is_used_by_what_builds_on_it_until_it_is_reset",
    "test_edits_and_what_is_solved_outlast_a_reload",
    "test_the_editor_by_keys_only",
    "test_an_endless_answer_is_stopped_and_the_next_is_checked",
)
WRITTEN = [
    pytest.param(test, id=name, marks=() if name in IN_EVERY_RUN else RELEASE)
    for name, test in vars(test_page_edits).items()
    if name.startswith("test_") and [*inspect.signature(test).parameters] == ["visit"]
]


@pytest.mark.usefixtures("lite")
@pytest.mark.parametrize("test", WRITTEN)
def test_what_a_reader_writes(visit, test: Callable):
    test(visit)
