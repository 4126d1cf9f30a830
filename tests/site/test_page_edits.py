"""What a reader writes in the page: edits of cells, and answers to exercises.

Five exercises of each chapter are answered, rightly and wrongly; all for a release.
"""

import ast
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from test_page_python import (
    CHAPTER,
    FRAMES,
    LONG_MS,
    NUMPY,
    SITE,
    UNFOLD,
    cell_of,
    facts_of,
    opened,
    run,
)
from test_pages import AXE, serious_findings

pytestmark = pytest.mark.usefixtures("lite")

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted(page.stem for page in (ROOT / "chapters").glob("*.ipynb"))
FIRST = "1cf21c50"  # a cell of the chapter with frames
IN_EVERY_RUN = 5  # exercises of a chapter


def exercises_of(page: Page) -> dict[str, list[str]]:
    facts = page.locator("#page-facts").text_content()
    return json.loads(facts)["exercises"]


def solution(chapter: str, number: str) -> str:
    """The code of an exercise's solution, as an answer."""
    name = number.replace(".", "_")
    [source] = [
        cell["source"]
        for cell in facts_of(f"chapters/{chapter}")["cells"]
        if f'assert check("{number}", ' in cell["source"]
    ]
    tree = ast.parse(source)
    tree.body = [one for one in tree.body if not isinstance(one, ast.Assert)]
    return ast.unparse(tree).replace(f"solution_{name}", f"answer_{name}")


def editor_of(page: Page, cell: Locator) -> Locator:
    """The editor of a cell, with the focus in it."""
    field = cell.locator(".page-source textarea, .cm-content")
    if field.count() == 0:
        cell.get_by_role("button", name=re.compile("^Edit cell")).press("Enter")
    else:
        field.click()
    editor = cell.locator(".cm-content")
    expect(editor).to_be_focused(timeout=LONG_MS)
    return editor


def write(page: Page, cell: Locator, source: str) -> None:
    editor_of(page, cell)
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(source)


def verdict(page: Page, checker: str) -> str:
    said = cell_of(page, checker).locator(".page-verdict p")
    expect(said).to_be_visible(timeout=LONG_MS)
    expect(cell_of(page, checker)).not_to_have_attribute("aria-busy", "true")
    return said.inner_text()


def answer(page: Page, number: str, source: str, by_key: bool) -> str:
    """Write an answer and check it: what is said below."""
    name, checker = exercises_of(page)[number]
    cell = cell_of(page, name)
    write(page, cell, source)
    if by_key:
        page.keyboard.press("Shift+Enter")
    else:
        cell.get_by_role("button", name=f"Check exercise {number}").press("Enter")
    expect(cell).not_to_have_attribute("aria-busy", "true", timeout=LONG_MS)
    return verdict(page, checker)


def answer_rightly_and_wrongly(page: Page, chapter: str, numbers: list[str]) -> None:
    """Answer exercises; each is marked as solved once it is right, and stays so."""
    for number in numbers:
        name = f"answer_{number.replace('.', '_')}"
        exercise = page.locator(f"#exercise-{number.replace('.', '-')}")
        wrong = answer(page, number, f"{name} = lambda *all: None", by_key=False)
        assert wrong.startswith(f"\u2717 Exercise {number}: not yet right"), wrong
        expect(exercise.locator(".page-solved")).to_be_hidden()
        right = answer(page, number, solution(chapter, number), by_key=True)
        assert right == f"\u2713 Exercise {number}: correct."
        expect(exercise.locator(".page-solved")).to_be_visible()
    solved = page.locator(
        ".page-exercises li", has=page.locator(".page-solved:visible")
    )
    expect(solved).to_have_count(len(numbers))


def test_five_exercises_of_each_chapter(visit, chapter):
    page = opened(visit, f"chapters/{chapter.stem}")
    numbers = [*exercises_of(page)]
    answer_rightly_and_wrongly(page, chapter.stem, numbers[:IN_EVERY_RUN])
    assert visit.wrong == []
    note = page.locator(".page-progress").inner_text()
    assert f"solved {IN_EVERY_RUN} of {len(numbers)}" in note


@pytest.mark.release
def test_the_other_exercises(visit, chapter):
    page = opened(visit, f"chapters/{chapter.stem}")
    answer_rightly_and_wrongly(page, chapter.stem, [*exercises_of(page)][IN_EVERY_RUN:])
    assert visit.wrong == []


def test_every_exercise_can_be_answered_in_the_page():
    for chapter in CHAPTERS:
        text = (SITE / f"chapters/{chapter}.html").read_text(encoding="utf-8")
        facts = json.loads(re.search(r'id="page-facts">(.*?)</script>', text)[1])
        labels = re.findall(r'id="exercise-([\d-]+)"', text)
        assert [*facts["exercises"]] == [label.replace("-", ".") for label in labels]


# ---- edits


def cell_with(text: str, page: str = CHAPTER) -> str:
    """The first cell whose source holds a text."""
    cells = facts_of(page)["cells"]
    return next(cell["id"] for cell in cells if text in cell["source"])


def source_of(name: str) -> str:
    [cell] = [cell for cell in facts_of(CHAPTER)["cells"] if cell["id"] == name]
    return cell["source"]


SIGMOID = cell_with("def sigmoid(")
MINE = "def sigmoid(z):\n    return 0 * z + 0.25"
STALE = re.compile(r"^Out of date: it builds on cell \d+, which was edited\.$")


def stale(page: Page, name: str) -> Locator:
    return cell_of(page, name).locator(".page-stale")


def test_an_edited_function_is_used_by_what_builds_on_it_until_it_is_reset(visit):
    page = opened(visit)
    _, said = run(page, NUMPY)
    assert said.endswith("As in the book.")
    write(page, cell_of(page, SIGMOID), MINE)
    expect(stale(page, SIGMOID)).to_have_text("Edited.")
    expect(stale(page, NUMPY)).to_have_text(STALE)
    link = stale(page, NUMPY).get_by_role("link")
    assert (
        link.get_attribute("href") == f"#{cell_of(page, SIGMOID).get_attribute('id')}"
    )
    cell, said = run(page, NUMPY)
    assert said == "It stopped with an error.", "0.25 is not above 0.5"
    assert "the neuron does not compute or" in cell.inner_text()
    expect(stale(page, NUMPY)).to_be_hidden()
    expect(stale(page, SIGMOID)).to_be_visible()
    reset = cell_of(page, SIGMOID).get_by_role("button", name="Reset cell")
    reset.press("Enter")
    undo = cell_of(page, SIGMOID).get_by_role("button", name="Undo Reset")
    expect(undo).to_be_focused()
    expect(cell_of(page, SIGMOID).locator(".cell_input .highlight")).to_be_visible()
    expect(stale(page, SIGMOID)).to_be_hidden()
    expect(stale(page, NUMPY)).to_have_text("Out of date: what it builds on was reset.")
    undo.press("Enter")
    expect(cell_of(page, SIGMOID).locator(".page-source")).to_contain_text("0.25")
    expect(stale(page, NUMPY)).to_be_hidden()
    reset.press("Enter")
    _, said = run(page, NUMPY)
    assert said.endswith("As in the book.")
    expect(stale(page, NUMPY)).to_be_hidden()
    assert visit.wrong == []


def test_the_last_of_several_edited_cells_resets_all(visit):
    page = opened(visit)
    for name in (SIGMOID, NUMPY):
        write(page, cell_of(page, name), source_of(name) + "\n# mine")
        expect(
            cell_of(page, name).get_by_role("button", name="Reset cell")
        ).to_be_visible()
    number, (answered, _) = next(iter(exercises_of(page).items()))
    write(page, cell_of(page, answered), "answer_2_1 = 3")
    cell_of(page, NUMPY).get_by_role("button", name="Reset all 2").press("Enter")
    expect(page.locator(".page-stale:visible")).to_have_count(0)
    expect(cell_of(page, answered).locator(".cm-content")).to_have_text(
        "answer_2_1 = 3"
    )
    expect(cell_of(page, NUMPY).locator(".cell_input .highlight")).to_be_visible()


def test_the_book_s_own_source_is_no_edit(visit):
    page = opened(visit)
    write(page, cell_of(page, SIGMOID), MINE)
    expect(stale(page, SIGMOID)).to_be_visible()
    write(page, cell_of(page, SIGMOID), source_of(SIGMOID))
    expect(stale(page, SIGMOID)).to_be_hidden()
    expect(stale(page, NUMPY)).to_be_hidden()


def test_edits_and_what_is_solved_outlast_a_reload(visit):
    page = opened(visit)
    write(page, cell_of(page, NUMPY), "print('mine')")
    [number, (answered, checker)] = next(iter(exercises_of(page).items()))
    answer(page, number, solution("02_neural_networks", number), by_key=True)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-python", "offered")
    expect(cell_of(page, NUMPY).locator(".page-source")).to_have_text("print('mine')")
    expect(cell_of(page, answered).locator("textarea")).to_have_value(
        solution("02_neural_networks", number)
    )
    expect(page.locator("#exercise-2-1 .page-solved")).to_be_visible()
    cell, said = run(page, NUMPY)
    assert cell.locator(".page-output").inner_text().strip() == "mine"
    assert said.endswith("With your edits; the book's output is another.")
    page.goto(page.url.replace("chapters/02_neural_networks", "book/exercises"))
    solved = page.locator("li", has_text="2.1").first.locator(".page-solved")
    expect(solved).to_be_visible()
    page.get_by_role("button", name="Forget what I solved").press("Enter")
    expect(page.locator(".page-solved:visible")).to_have_count(0)
    page.reload()
    expect(page.locator(".page-progress")).to_contain_text("solved 0 of")


OF_ANOTHER_RELEASE = """() => {
  for (const key of Object.keys(localStorage)) {
    const text = localStorage.getItem(key);
    localStorage.setItem(key, text.replace(/"of":"\\w+"/g, '"of":"another"'));
  }
}"""


@pytest.mark.parametrize("chosen", ["Keep mine", "Take the book's"])
def test_after_a_change_of_the_book_the_reader_chooses(visit, chosen):
    page = opened(visit)
    write(page, cell_of(page, NUMPY), "print('mine')")
    page.evaluate(OF_ANOTHER_RELEASE)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-python", "offered")
    cell = cell_of(page, NUMPY)
    choice = cell.get_by_role("group", name="Your edit of cell")
    expect(choice).to_contain_text("print('mine')")
    expect(cell.locator(".highlight").first).to_be_visible()
    choice.get_by_role("button", name=chosen).press("Enter")
    expect(choice).to_have_count(0)
    expect(cell.get_by_role("button", name="Edit cell")).to_be_focused()
    _, said = run(page, NUMPY)
    assert ("With your edits" in said) == (chosen == "Keep mine")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-python", "offered")
    expect(page.locator(".page-choice")).to_have_count(0)
    expect(stale(page, NUMPY)).to_be_visible(visible=chosen == "Keep mine")


def test_the_editor_by_keys_only(visit):
    page = opened(visit)
    cell = cell_of(page, NUMPY)
    cell.get_by_role("button", name="Run cell").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    editor = cell.locator(".cm-content")
    expect(editor).to_be_focused(timeout=LONG_MS)
    page.keyboard.press("Control+a")
    page.keyboard.type("for i in range(2):\nprint((i))")
    assert (
        "".join(editor.locator(".cm-line").nth(1).all_inner_texts()) == "    print((i))"
    )
    expect(editor.locator(".cm-matchingBracket")).to_have_count(2)
    expect(editor.locator(".tok-keyword").first).to_have_text("for")
    page.keyboard.press("Tab")
    expect(editor).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Enter")
    expect(cell.locator(".page-output")).to_have_text("0\n1\n", timeout=LONG_MS)
    expect(editor).to_be_focused()
    page.keyboard.press("Escape")
    page.wait_for_timeout(2500)  # no hurry
    page.keyboard.press("Tab")
    expect(cell.get_by_role("button", name="Run cell")).to_be_focused()


def test_the_tab_key_passes_by_a_field_until_it_is_used(visit):
    page = opened(visit)
    name, _ = exercises_of(page)["2.1"]
    cell = cell_of(page, name)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    check = cell.get_by_role("button", name="Check exercise")
    cell.locator("textarea").focus()
    page.keyboard.press("Tab")
    expect(check).to_be_focused()
    assert loaded == []
    write(page, cell, "answer_2_1 = 3")
    page.keyboard.press("Tab")  # now it indents
    expect(cell.locator(".cm-content")).to_be_focused()
    check.focus()
    page.keyboard.press("Shift+Tab")
    expect(cell.locator(".cm-content")).to_be_focused()
    page.keyboard.press("Tab")
    expect(check).to_be_focused()


def test_a_cell_with_an_editor_is_one_tab_stop(visit):
    page = opened(visit)
    cell = cell_of(page, NUMPY)
    write(page, cell, "print('mine')")
    page.locator("button.theme-switch-button").first.focus()
    stops = """(cell) => [...cell.querySelectorAll(
      "button, summary, pre, a, textarea, [contenteditable=true], [tabindex]")]
      .filter((e) => !e.closest(".cell_output") && e.tabIndex >= 0
        && e.checkVisibility({ visibilityProperty: true })).length"""
    assert cell.evaluate(stops) == 1
    answers = [names[0] for names in exercises_of(page).values()]
    assert [cell_of(page, name).evaluate(stops) for name in answers] == [1] * len(
        answers
    )


def test_what_a_screen_reader_finds(visit):
    page = opened(visit)
    number, (answered, checker) = next(iter(exercises_of(page).items()))
    view = cell_of(page, answered).aria_snapshot()
    assert f'textbox "Your answer to exercise {number}"' in view
    assert f'button "Check exercise {number}"' in view
    told = page.locator(".page-told")
    answer(page, number, "answer_2_1 = [1, 1, 1, 1]", by_key=False)
    expect(told).to_have_text(re.compile(f"Exercise {number}: not yet right"))
    assert told.get_attribute("role") == "status"
    editor = cell_of(page, answered).locator(".cm-content")
    assert editor.get_attribute("role") == "textbox"
    assert editor.get_attribute("aria-multiline") == "true"
    described = page.locator(f"#{editor.get_attribute('aria-describedby')}")
    expect(described).to_contain_text("Escape, then Tab leaves the editor")
    page.locator("#exercise-2-2").scroll_into_view_if_needed()
    assert page.locator(".page-exercises").aria_snapshot().startswith("- list")


def test_without_the_editor_s_script_a_plain_field_takes_its_place(visit):
    page = opened(visit)
    page.route("**/editor.js", lambda route: route.fulfill(status=404))
    cell = cell_of(page, NUMPY)
    cell.get_by_role("button", name="Edit cell").press("Enter")
    field = cell.locator("textarea")
    expect(field).to_be_focused()
    assert field.input_value() == source_of(NUMPY)
    field.fill("print('mine')")
    field.press("Shift+Enter")
    expect(cell.locator(".page-output")).to_have_text("mine\n", timeout=LONG_MS)


def test_an_answer_that_is_no_python_says_where(visit):
    page = opened(visit)
    number, (name, checker) = next(iter(exercises_of(page).items()))
    cell = cell_of(page, name)
    write(page, cell, "answer_2_1 = [1,\n  2")
    cell.get_by_role("button", name="Check").press("Enter")
    shown = cell.locator(".page-error")
    expect(shown).to_contain_text("This cell, line 1", timeout=LONG_MS)
    expect(shown).to_contain_text("SyntaxError: '[' was never closed")
    expect(cell_of(page, checker).locator(".page-verdict")).to_have_count(0)


def test_an_endless_answer_is_stopped_and_the_next_is_checked(visit):
    page = opened(visit)
    number, (name, checker) = next(iter(exercises_of(page).items()))
    cell = cell_of(page, name)
    write(page, cell, "print('begun')\nwhile True:\n    pass")
    page.keyboard.press("Shift+Enter")
    expect(cell.locator(".page-output")).to_contain_text("begun", timeout=LONG_MS)
    cell.get_by_role("button", name="Stop").press("Enter")
    expect(cell).not_to_have_attribute("aria-busy", "true")
    right = answer(page, number, solution("02_neural_networks", number), by_key=True)
    assert right.endswith("correct.")


ENDLESS = "def answer_2_2(z, a):\n    while True:\n        pass"


def test_an_answer_that_hangs_in_the_checker_is_stopped(visit):
    page = opened(visit)
    name, checker = exercises_of(page)["2.2"]
    cell = cell_of(page, name)
    write(page, cell, ENDLESS)
    page.keyboard.press("Shift+Enter")
    stop = cell.get_by_role("button", name="Stop checking exercise 2.2")
    expect(cell_of(page, checker)).to_have_attribute(
        "aria-busy", "true", timeout=LONG_MS
    )
    stop.press("Enter")
    expect(cell_of(page, checker)).not_to_have_attribute("aria-busy", "true")
    right = answer(page, "2.2", solution("02_neural_networks", "2.2"), by_key=True)
    assert right.endswith("correct.")


def test_hints_open_one_by_one(visit):
    page = opened(visit)
    text = (SITE / f"{CHAPTER}.html").read_text(encoding="utf-8")
    start = text.index('<div class="dropdown admonition hint">')
    end = text.index("</div>", start) + len("</div>")
    text = text[:end] + 2 * text[start:end] + text[end:]
    page.route(
        "**/02_neural_networks.html",
        lambda route: route.fulfill(body=text, content_type="text/html"),
    )
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-python", "offered")
    hints = page.locator("#exercise-2-1 ~ .hint").filter(has_text=" of 3")
    expect(hints).to_have_count(3)
    expect(hints.locator("visible=true").first).to_contain_text("Hint 1 of 3")
    for n in range(3):
        expect(hints.nth(n)).to_be_visible()
        if n < 2:
            expect(hints.nth(n + 1)).to_be_hidden()
        hints.nth(n).get_by_role("button").press("Enter")


def test_a_page_at_320_pixels_does_not_scroll_sideways(visit):
    page = opened(visit)
    page.set_viewport_size({"width": 320, "height": 800})
    write(page, cell_of(page, NUMPY), "print('" + "long " * 100 + "')")
    page.keyboard.press("Shift+Enter")
    expect(cell_of(page, NUMPY).locator(".page-output")).to_contain_text(
        "long", timeout=LONG_MS
    )
    number, _ = next(iter(exercises_of(page).items()))
    answer(page, number, "answer_2_1 = [" + "1, " * 200 + "]", by_key=True)
    width = page.evaluate("() => document.documentElement.scrollWidth")
    assert width <= 320


def test_nothing_serious_where_a_reader_has_written(looks):
    page = looks(f"{CHAPTER}.html")
    expect(page.locator("html")).to_have_attribute("data-python", "offered")
    page.add_script_tag(path=AXE)
    page.evaluate(UNFOLD)
    number, (answered, checker) = next(iter(exercises_of(page).items()))
    cells = [f"[data-cell='{n}']" for n in (SIGMOID, NUMPY, answered, checker)]
    where = [*cells, "#exercise-2-1", ".page-exercises", ".page-progress"]
    write(page, cell_of(page, SIGMOID), MINE)
    answer(page, number, "answer_2_1 = [1, 1, 1, 1]", by_key=False)
    assert serious_findings(page, within=where) == []
    answer(page, number, solution("02_neural_networks", number), by_key=True)
    run(page, SIGMOID)
    assert serious_findings(page, within=where) == []
    page.evaluate(OF_ANOTHER_RELEASE)
    page.reload()
    expect(page.locator(".page-choice")).to_have_count(2)
    page.add_script_tag(path=AXE)
    assert serious_findings(page, within=where) == []


def test_a_result_stays_out_of_date_where_an_edit_takes_its_names_away(visit):
    page = opened(visit)
    write(page, cell_of(page, SIGMOID), "a = 1")
    run(page, SIGMOID)
    expect(stale(page, NUMPY)).to_have_text(STALE)
    _, said = run(page, NUMPY)
    assert said == "It stopped with an error."
    cell_of(page, SIGMOID).get_by_role("button", name="Reset cell").press("Enter")
    expect(stale(page, NUMPY)).to_have_text("Out of date: what it builds on was reset.")


def test_a_verdict_goes_when_its_answer_changes(visit):
    page = opened(visit)
    number, (name, checker) = next(iter(exercises_of(page).items()))
    right = solution("02_neural_networks", number)
    assert answer(page, number, right, by_key=True).endswith("correct.")
    write(page, cell_of(page, name), "answer_2_1 = 3")
    expect(cell_of(page, checker).locator(".page-verdict")).to_have_count(0)


def test_what_runs_is_not_shown_after_reset(visit):
    page = opened(visit)
    run(page, NUMPY)
    cell = cell_of(page, NUMPY)
    write(
        page,
        cell,
        "import time\nfor n in range(20):\n    time.sleep(0.1)\n    print(n)",
    )
    page.keyboard.press("Shift+Enter")
    expect(cell.locator(".page-output")).to_contain_text("1", timeout=LONG_MS)
    cell.get_by_role("button", name="Reset cell").press("Enter")
    expect(cell).not_to_have_attribute("aria-busy", "true", timeout=LONG_MS)
    expect(cell.locator(".cell_output")).to_have_count(1)
    expect(cell.locator(".page-status")).to_have_text("")
    expect(stale(page, NUMPY)).to_be_hidden()


TRIED = {
    "input('name? ')": "a cell in a page cannot ask",
    "raise SystemExit(3)": "SystemExit: 3",
    "await something()": "This cell, line 1",
    "import pandas": "Python in the browser has no pandas",
    "print('a' * 3_000_000)": "more characters are not shown]",
    "import warnings\nwarnings.warn('so')": "line 2: UserWarning: so",
    "%timeit 1": "work in a notebook only",
}


def test_what_a_reader_tries(visit):
    page = opened(visit)
    for source, shows in TRIED.items():
        write(page, cell_of(page, NUMPY), source)
        cell, _ = run(page, NUMPY)
        expect(cell.locator(".page-output")).to_contain_text(shows)


def test_a_cell_that_ends_python_is_told_and_python_starts_again(visit):
    page = opened(visit)
    write(page, cell_of(page, NUMPY), "import os\nos._exit(1)")
    page.keyboard.press("Shift+Enter")
    trouble = page.locator(".page-trouble")
    expect(trouble).to_contain_text("ended in the middle of its work", timeout=LONG_MS)
    write(page, cell_of(page, NUMPY), "print('again')")
    cell, _ = run(page, NUMPY)
    expect(cell.locator(".page-output")).to_contain_text("again")
    expect(trouble).to_be_hidden()


def test_an_edit_in_another_tab_is_told(visit):
    page = opened(visit)
    write(page, cell_of(page, NUMPY), "print('one')")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("html")).to_have_attribute("data-python", "offered")
    write(other, cell_of(other, NUMPY), "print('other')")
    status = cell_of(page, NUMPY).locator(".page-status")
    expect(status).to_contain_text("Edited in another tab too")


def test_each_button_that_unfolds_says_what(visit):
    page = opened(visit)
    solution = "Solution to Exercise 2.1 (Majority of three bits)"
    expect(page.get_by_role("button", name=solution)).to_have_count(1)
    names = page.locator("button.toggle-button").evaluate_all(
        "all => all.map((b) => b.getAttribute('aria-label'))"
    )
    assert all(
        re.fullmatch(r"(Click to show|Click to hide|Show): .+", n) for n in names
    )


# ---- widgets


# Places of the slider: two without pictures, 2 and 10 steps, and one with, 5 steps.
FEW, MORE, DRAWN = "1", "3", "2"


def test_with_python_running_every_setting_is_drawn(visit):
    page = opened(visit, FRAMES)
    run(page, FIRST)
    there = ascent(page)
    steps_of(there).fill(FEW)
    expect(there.locator(".explore-caption")).to_contain_text(
        "After 2 steps", timeout=LONG_MS
    )
    expect(there.get_by_role("button", name="Draw it with Python")).to_be_hidden()
    expect(there.get_by_role("alert")).to_be_hidden()


def test_a_link_to_a_setting_without_a_picture_offers_python(visit):
    page = visit(f"{FRAMES}.html#ascent-steps?y=7&steps=40", formulas=False)
    there = ascent(page)
    wish = there.get_by_role("button", name="Draw it with Python")
    wish.press("Enter")
    steps_of(there).fill(MORE)  # while Python starts
    caption = there.locator(".explore-caption")
    expect(caption).to_contain_text("After 10 steps towards class 7", timeout=LONG_MS)


def ascent(page: Page) -> Locator:
    return page.locator(".explore#ascent-steps")


def steps_of(there: Locator) -> Locator:
    return there.get_by_label("steps", exact=True)


@pytest.mark.release
def test_a_setting_without_a_picture_is_drawn_with_python(visit):
    page = opened(visit, FRAMES)
    there = ascent(page)
    picture = there.locator("img.explore-picture")
    caption = there.locator(".explore-caption")
    steps = steps_of(there)
    steps.fill(FEW)
    wish = there.get_by_role("button", name="Draw it with Python")
    expect(wish).to_be_visible()
    wish.press("Enter")
    expect(steps).to_be_focused()
    expect(caption).to_contain_text("After 2 steps", timeout=LONG_MS)
    expect(picture).to_have_attribute("src", re.compile("^blob:"))
    steps.fill(MORE)  # Python is there now
    expect(wish).to_be_hidden()
    expect(caption).to_contain_text("After 10 steps", timeout=LONG_MS)
    steps.fill(DRAWN)  # a picture of the page
    expect(picture).to_have_attribute("src", re.compile("png$|^blob:"))
    expect(caption).to_contain_text("After 5 steps")
    # After Stop its cell runs again by itself.
    cell = cell_of(page, FIRST)
    write(page, cell, "print('begun')\nwhile True:\n    pass")
    page.keyboard.press("Shift+Enter")
    expect(cell.locator(".page-output")).to_contain_text("begun", timeout=LONG_MS)
    cell.get_by_role("button", name="Stop cell").press("Enter")
    steps.fill(FEW)
    expect(caption).to_contain_text("After 2 steps", timeout=LONG_MS)
    assert visit.wrong == []
