"""Every widget of every chapter, on the built page without Python and against its draw.

A widget added to a chapter is found here by itself.
"""

import itertools
import random
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import matplotlib
import matplotlib.pyplot as plt
import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from tutorial_utils import widgets
from tutorial_utils.widgets import Explorer, explore

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html" / "chapters"
WIDGET = re.compile(r"\b(?:explore|live)\(")
ADDRESS_MS = 1000  # the address follows within this time


def open_chapter(visit, chapter: Path, fragment: str = "", **how: object) -> Page:
    page = visit(f"chapters/{chapter.stem}.html{fragment}", formulas=False, **how)
    n_widgets = sum("explore(" in source for source in code(chapter))
    expect(page.locator(".explore-picture")).to_have_count(n_widgets, timeout=20_000)
    return page


def code(chapter: Path) -> Iterator[str]:
    for cell in nbformat.read(chapter, as_version=4).cells:
        if cell.cell_type == "code":
            yield cell.source


def explorers(page: Page) -> list[Locator]:
    return page.locator(".explore").all()


def places(knob: Locator) -> list[int]:
    """The places of a knob's values that have pictures on the page."""
    return [int(place) for place in knob.get_attribute("data-places").split(",")]


def reach(knob: Locator, key: str) -> None:
    """Press a key, and others until a value is reached whose picture the page has."""
    knob.press(key)
    value, there = int(knob.input_value()), places(knob)
    if value in there:
        return
    is_slider = knob.get_attribute("type") == "range"
    more, less = ("ArrowUp", "ArrowDown") if is_slider else ("ArrowDown", "ArrowUp")
    above = [place for place in there if place > value]
    below = [place for place in there if place < value]
    goal = min(above) if above and (key in ("Home", more) or not below) else max(below)
    for _ in range(abs(goal - value)):
        knob.press(more if goal > value else less)


def state(explorer: Locator) -> tuple[str, str, str]:
    """What a reader gets: the picture's address, its alt text and the caption."""
    picture = explorer.locator("img")
    picture.evaluate("(i) => i.decode()")
    assert picture.evaluate("(i) => i.naturalWidth") > 200
    alt, caption = (
        picture.get_attribute("alt"),
        explorer.locator("[aria-live]").inner_text(),
    )
    assert alt == caption
    assert len(alt.split()) >= 5
    return picture.get_attribute("src"), alt, picture.get_attribute("data-setting")


def test_the_widgets_of_a_page(visit, framed):
    """At a desk, then on a phone, then as a link restores them: two loads of a page."""
    page = open_chapter(visit, framed)
    for explorer in explorers(page):
        check_style(explorer)
        check_speed(page, explorer)  # first: later, all pictures have been fetched
        check_keyboard(page, explorer)
        check_captions(page, explorer)
        check_play(page, explorer)
        check_what_a_screen_reader_finds(explorer)
    check_settings_without_pictures(framed, page)
    check_on_a_phone(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    restored = check_addresses(visit, framed, page)
    assert visit.wrong == []
    check_a_missing_frame(restored)


def check_style(explorer: Locator) -> None:
    """Its style is there: a control in a row with its label, the picture on white."""
    style = "(e, name) => getComputedStyle(e)[name]"
    assert explorer.locator(".explore-row").first.evaluate(style, "display") == "flex"
    white = explorer.locator("img").evaluate(style, "backgroundColor")
    assert white == "rgb(255, 255, 255)"


def check_speed(page: Page, explorer: Locator) -> None:
    """From the key to the new picture, its neighbours having been fetched ahead."""
    knob = explorer.locator("input, select").first
    reach(knob, "Home")
    times = []
    for key in ("ArrowDown", "ArrowUp") * 4:
        page.wait_for_timeout(150)
        reach(knob, key)
        times.append(
            explorer.locator("img").evaluate(
                "async (i) => { const t = performance.now(); await i.decode();"
                " return performance.now() - t; }"
            )
        )
    # The quickest: what the page can do, not what else the machine was doing.
    assert min(times) < 50


def check_keyboard(page: Page, explorer: Locator) -> None:
    for knob in explorer.locator("input, select").all():
        seen = [state(explorer)]
        for key in ("End", "Home"):
            reach(knob, key)
            seen.append(state(explorer))
        pictures, _, settings = (set(values) for values in zip(*seen, strict=True))
        assert len(pictures) > 1
        assert len(settings) > 1


def check_captions(page: Page, explorer: Locator) -> None:
    """Captions change with the picture: they tell most settings apart."""
    for knob in explorer.locator("input, select").all():
        captions = set()
        for key in ("Home", "ArrowDown", "ArrowUp", "ArrowUp", "End"):
            reach(knob, key)
            captions.add(state(explorer)[1])
        if len(captions) > 1:
            return
    pytest.fail("no control changes the caption")


def check_play(page: Page, explorer: Locator) -> None:
    """A control that plays steps to its end, begins again, and can be stopped."""
    rows, play = explorer.locator(".explore-row"), page.locator(".explore-play")
    for row in rows.filter(has=play).all():
        button, knob = row.locator(".explore-play"), row.locator("input")
        there = places(knob)
        reach(knob, "Home")
        button.press("Enter")
        expect(button).to_have_text("Pause")
        expect(knob).not_to_have_value(str(there[0]), timeout=5000)
        button.press("Enter")
        expect(button).to_have_text("Play")
        reach(knob, "End")
        button.click()
        expect(knob).to_have_value(str(there[1]), timeout=5000)
        button.click()
        state(explorer)


def check_what_a_screen_reader_finds(explorer: Locator) -> None:
    view = explorer.aria_snapshot()
    assert "- group" in view
    for knob in explorer.locator("input, select").all():
        role = "slider" if knob.get_attribute("type") == "range" else "combobox"
        label = explorer.locator(
            f"label[for='{knob.get_attribute('id')}']"
        ).inner_text()
        assert re.search(rf"- {role} \"?{re.escape(label)}", view), view
    assert re.search(r"\bimg \"", view), view
    assert explorer.locator("p[aria-live=polite]").count() == 1


def check_settings_without_pictures(chapter: Path, page: Page) -> None:
    """All settings can be chosen; those without pictures say what they take."""
    limited = page.locator(".explore").filter(has=page.locator("datalist"))
    menus = page.locator(".explore").filter(
        has=page.locator("option", has_text="(Python)")
    )
    limited = limited.or_(menus)
    expect(limited).to_have_count(
        sum("published=" in source for source in code(chapter))
    )
    for explorer in limited.all():
        wish = explorer.get_by_role("button", name="Draw it with Python")
        for knob in explorer.locator("input, select").all():
            reach(knob, "Home")
            n_values = knob.evaluate(
                "(e) => e.type === 'range' ? +e.max + 1 : e.options.length"
            )
            free = sorted({*range(n_values)} - {*places(knob)})
            if not free:
                continue
            before = state(explorer)
            knob.evaluate(
                """(e, place) => {
                  e.value = place;
                  e.dispatchEvent(new Event(e.type === "range" ? "input" : "change"));
                }""",
                free[0],
            )
            expect(explorer.get_by_role("alert")).to_contain_text("takes Python")
            assert state(explorer) == before
            if (SITE.parent / "lite").exists():
                expect(wish).to_be_visible()
            reach(knob, "Home")
            expect(explorer.get_by_role("alert")).to_be_hidden()
            expect(wish).to_be_hidden()


def check_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 900})
    for explorer in explorers(page):
        for knob in explorer.locator("input[type=range]").all():
            knob.scroll_into_view_if_needed()
            box, before = knob.bounding_box(), state(explorer)
            there = box["width"] * (
                0.1 if knob.evaluate("(e) => e.value == e.max") else 0.9
            )
            page.mouse.click(box["x"] + there, box["y"] + box["height"] / 2)
            if int(knob.input_value()) not in places(knob):
                expect(explorer.get_by_role("alert")).to_contain_text("takes Python")
                reach(knob, "ArrowUp")
            assert state(explorer)[::2] != before[::2]
        for knob in explorer.locator("select").all():
            before, there = state(explorer), places(knob)
            is_last = int(knob.input_value()) == there[-1]
            knob.select_option(value=str(there[0] if is_last else there[-1]))
            assert state(explorer)[::2] != before[::2]
    for theme in ("light", "dark"):
        page.evaluate(
            "(theme) => { document.documentElement.dataset.theme = theme }", theme
        )
        for explorer in explorers(page):
            box = explorer.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 360


def check_addresses(visit, chapter: Path, page: Page) -> Page:
    """The address keeps a setting, and an open page follows it. Returns that page."""
    restored = None
    for explorer in explorers(page):
        for knob in explorer.locator("input, select").all():
            reach(knob, "Home")
            reach(knob, "End")
        page.wait_for_timeout(ADDRESS_MS)
        fragment = page.evaluate("() => location.hash")
        if restored is None:
            restored = open_chapter(visit, chapter, fragment)
        else:
            restored.evaluate("(there) => { location.hash = there; }", fragment)
        again = restored.locator(f".explore[id='{explorer.get_attribute('id')}']")
        setting = explorer.locator("img").get_attribute("data-setting")
        expect(again.locator("img")).to_have_attribute("data-setting", setting)
        assert state(again) == state(explorer)
        expect(again).to_be_in_viewport()
    return restored


def test_the_address_is_not_written_too_often(visit):
    """Firefox takes 200 changes in ten seconds, Safari 100 in thirty, then throws."""
    page = open_chapter(visit, ROOT / "chapters" / "03_training.ipynb")
    page.evaluate(
        """() => {
          window.n_written = 0;
          const write = history.replaceState.bind(history);
          history.replaceState = (...all) => { window.n_written += 1; write(...all); };
        }"""
    )
    knob = explorers(page)[0].locator("input").first
    knob.evaluate(
        """(input) => {
          for (let n = 0; n < 300; n += 1) {
            input.value = n % 2;
            input.dispatchEvent(new Event("input"));
          }
        }"""
    )
    knob.press("End")
    page.wait_for_timeout(ADDRESS_MS)
    assert 2 <= page.evaluate("() => window.n_written") <= 10
    last = knob.evaluate("(e) => e.getAttribute('aria-valuetext')")
    assert last in page.evaluate("() => decodeURIComponent(location.hash)")


LINKS = {
    "as it was written": lambda query: f"?{query}",
    "the question mark": lambda query: f"%3F{query}",
    "its marks": lambda query: "?" + query.replace("=", "%3D").replace("&", "%26"),
    "all": lambda query: quote(f"?{query}", safe=""),
    "twice": lambda query: quote(quote(f"?{query}", safe=""), safe=""),
    "the ampersands": lambda query: "?" + query.replace("&", "%26"),
    "one mark": lambda query: "?" + query.replace("=", "%3D", 1),
    "as HTML": lambda query: f"?{query}".replace("&", "&amp;"),
}


@pytest.mark.parametrize("how", LINKS)
def test_a_link_that_was_encoded_on_its_way_keeps_its_setting(visit, how):
    chapter = ROOT / "chapters" / "03_training.ipynb"
    query = "activation=tanh&scheme=Glorot&depth=10"
    fragment = "#initialisation" + LINKS[how](query)
    page = open_chapter(visit, chapter, fragment)
    knob = page.locator("#explore-initialisation-depth")
    expect(knob).to_have_attribute("aria-valuetext", "10")
    expect(page.locator("#initialisation")).to_be_in_viewport()
    expect(page.locator("#initialisation").get_by_role("alert")).to_be_hidden()


def test_a_link_to_what_is_not_there_says_so(visit):
    chapter = ROOT / "chapters" / "03_training.ipynb"
    page = open_chapter(visit, chapter, "#initialisation?depth=9999&scheme=Glorot")
    alert = page.locator("#initialisation").get_by_role("alert")
    expect(alert).to_contain_text("9999")
    expect(page.locator("#initialisation img")).to_be_visible()
    page.locator("#explore-initialisation-depth").press("Home")
    expect(alert).to_be_hidden()


def test_without_javascript_each_widget_shows_its_first_picture(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for chapter in sorted(ROOT.glob("chapters/*.ipynb")):
        page.goto(f"{address}chapters/{chapter.stem}.html")
        n_widgets = sum(bool(WIDGET.search(source)) for source in code(chapter))
        still = page.locator(".explore img.explore-picture")
        expect(still).to_have_count(n_widgets)
        for picture in still.all():
            picture.scroll_into_view_if_needed()
            assert picture.bounding_box()["width"] > 200
            assert len(picture.get_attribute("alt").split()) >= 5
        expect(page.locator(".explore-note", has_text="JavaScript")).to_have_count(
            n_widgets
        )
    context.close()


def check_a_missing_frame(page: Page) -> None:
    """A picture that does not come is told; those that are there may be shown."""
    page.route(re.compile(r"/[\d-]+\.png$"), lambda route: route.abort())
    for explorer in explorers(page):
        alert = explorer.get_by_role("alert")
        knobs = explorer.locator("input, select").all()
        for knob, key in itertools.product(knobs, ("Home", *["ArrowDown"] * 3, "End")):
            reach(knob, key)
            page.wait_for_timeout(150)
            if alert.is_visible():
                break
        expect(alert).to_contain_text("missing from this page")
        expect(explorer.locator("img")).to_be_hidden()


def widgets_made_by(chapter: Path, patch: pytest.MonkeyPatch) -> list[Explorer]:
    """Run a chapter's cells in this process and collect what `explore` returns."""
    made = []

    def collect(*arguments: object, **options: object) -> Explorer:
        made.append(explore(*arguments, **options))
        return made[-1]

    patch.setattr(widgets, "explore", collect)
    patch.chdir(chapter.parent)
    # As when the book is built, but without drawing every frame again.
    patch.setenv("TUTORIAL_FRAMES", "unused")
    patch.setattr(Explorer, "write_frames", lambda self, folder, key: None)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for source in code(chapter):
        exec(compile(source, chapter.name, "exec"), namespace)
    plt.close("all")  # the chapter's own figures
    return made


# A run of all cells, which the build has made already.
@pytest.mark.release
def test_frames_are_what_draw_gives(chapter, monkeypatch):
    rng = random.Random(0)
    matplotlib.use("agg")
    with matplotlib.rc_context():
        made = widgets_made_by(chapter, monkeypatch)
        assert len(made) == sum("explore(" in source for source in code(chapter))
        for widget in made:
            folder = SITE / chapter.stem / widget.name
            settings = list(widget.settings())
            assert len(list(folder.glob("*.png"))) == len(settings)
            for setting in rng.sample(settings, min(10, len(settings))):
                file = folder / f"{'-'.join(map(str, setting))}.png"
                assert file.read_bytes() == widget.frame(setting), file.name
