"""The playground of chapter 2 in browsers, answered by this Python: every control.

What its numbers are is tested in tests/frontend/test_states.py.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from small_pieces import ROOT, served
from test_pages import AXE, serious_findings
from test_small_pieces import fact, put, touch

from tutorial_utils.live import Live

LIMIT = 3.3


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "tests" / "frontend"))
        patch.setenv("MPLBACKEND", "agg")
        patch.chdir(ROOT / "chapters")
        from ask_piece import Asked
        from page_python import display

        def playground() -> Live:
            asked = Asked(Path("02_neural_networks.ipynb"), "2a8d414d")
            return display.widgets[asked.name]

        folder = tmp_path_factory.mktemp("playground")
        with served({"playground": playground}, folder) as address:
            yield address


@pytest.fixture(params=["chromium", "firefox"])
def either(request) -> Browser:
    return request.getfixturevalue(
        "browser" if request.param == "chromium" else "firefox"
    )


def opened(page: Page, address: str, fragment: str = "") -> Locator:
    page.goto("about:blank")
    page.goto(address + fragment)
    piece = page.locator("#playground")
    expect(piece.locator(".live-facts dd").first).to_be_visible()
    piece.evaluate(
        "(e) => { window.frame = undefined; e.addEventListener('live-frame',"
        " ({detail}) => { window.frame = detail.frame; }); }"
    )
    return piece


@pytest.fixture
def piece(either, address) -> Iterator[Locator]:
    context = either.new_context(viewport={"width": 1000, "height": 1100})
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    yield opened(page, address)
    context.close()
    assert wrong == []


def weights(piece: Locator) -> np.ndarray:
    """All weights that are shown."""
    script = "() => [...window.frame.rows[0][0].weights]"
    return np.array(piece.page.evaluate(script))


def steps(piece: Locator, n: int) -> None:
    at = int(fact(piece, "updates").inner_text())
    for k in range(n):
        piece.get_by_role("button", name="Step", exact=True).press("Enter")
        expect(fact(piece, "updates")).to_have_text(str(at + k + 1))


def title(piece: Locator) -> Locator:
    return piece.locator(".live-title").nth(1)


def test_it_trains_pauses_steps_and_begins_anew(piece):
    play = piece.locator(".live-play")
    play.press("Enter")
    expect(piece.locator(".live-caption")).to_have_attribute("aria-live", "off")
    piece.page.wait_for_function(
        "() => window.frame && +window.frame.facts.updates > 200"
    )
    play.press("Enter")
    expect(piece.locator(".live-caption")).to_have_attribute("aria-live", "polite")
    loss = float(fact(piece, "loss, training").inner_text())
    assert loss < 0.3
    expect(piece.locator(".live-caption")).to_contain_text("of 200 training points")
    piece.get_by_role("button", name="Restart").press("Enter")
    expect(fact(piece, "updates")).to_have_text("0")
    steps(piece, 2)


def test_a_weight_is_changed_alike_by_pointer_and_keys(piece):
    page = piece.page
    piece.locator(".graph").focus()
    # The inputs, then the first unit, then the weights into it.
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    said = piece.get_by_role("status")
    expect(said).to_contain_text("Weight from x₁ to unit 1 of layer 1:")
    page.keyboard.press("ArrowUp")
    page.wait_for_function("() => window.frame")
    by_keys = weights(piece)
    put(piece.get_by_label("Weight from x₁ to unit 1 of layer 1").first, "-1.5")
    page.wait_for_function("() => window.frame.rows[0][0].weights[0] === -1.5")
    typed = weights(piece)
    assert np.flatnonzero(by_keys != typed).tolist() == [0]
    # By a pointer that drags the edge up and down.
    box = piece.locator(".hit").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y - 50, steps=5)
    page.mouse.up()
    page.wait_for_function(
        "() => window.frame.rows[0][0].weights.some((w, k) => "
        f"Math.abs(w - {typed.tolist()}[k] - 1) < 0.05)"
    )
    assert np.count_nonzero(weights(piece) != typed) == 1


def test_a_bias_by_its_name_and_the_map_of_its_unit(piece):
    page = piece.page
    expect(title(piece)).to_have_text("The answer")
    piece.locator(".node").nth(4).dispatch_event("pointerdown")  # after two inputs
    expect(title(piece)).to_have_text("Unit 3 of layer 1")
    put(piece.get_by_label("Bias of unit 3 of layer 1").first, "2.5")
    page.wait_for_function("() => window.frame?.rows[0][0].values[4] === 2.5")
    piece.get_by_role("button", name="The next one").press("Enter")
    expect(title(piece)).to_have_text("The answer")
    expect(
        piece.get_by_label("Weight from x₁ to unit 3 of layer 1").first
    ).to_be_visible()
    piece.get_by_role("button", name="The one before").press("Enter")
    expect(title(piece)).to_have_text("Unit 3 of layer 1")
    piece.locator(".graph").focus()
    page.keyboard.press("Escape")
    expect(title(piece)).to_have_text("The answer")
    piece.locator(".node").first.dispatch_event("pointerdown")
    expect(title(piece)).to_have_text("X₁")
    piece.locator(".node").first.dispatch_event("pointerdown")
    expect(title(piece)).to_have_text("The answer")


def test_experiments_set_several_controls_and_begin_anew(piece):
    menu = piece.get_by_label("Experiment")
    chosen = "[...document.querySelectorAll('#playground select')].map((s) => s.value)"
    expect(menu).to_have_value("rings, 4 tanh")
    steps(piece, 1)
    menu.select_option("XOR folded, 2 relu")
    expect(fact(piece, "updates")).to_have_text("0")
    expect(piece.locator(".node")).to_have_count(6)
    expect(piece.locator(".live-title").last).to_contain_text("After the hidden layer")
    assert piece.page.evaluate(chosen)[1:3] == ["XOR clouds", "relu"]
    menu.select_option("spirals, 8-8-8-8 relu")
    expect(piece.locator(".node")).to_have_count(5 + 32 + 2)
    expect(piece.get_by_role("checkbox", name="x₁x₂")).to_be_checked()
    piece.get_by_label("Activation").select_option("tanh")
    expect(menu).to_have_value("your own")


def test_inputs_layers_and_units(piece):
    piece.get_by_role("checkbox", name="sin x₂").press("Space")
    expect(piece.locator(".node")).to_have_count(3 + 4 + 2)
    for name in ("sin x₂", "x₁"):
        piece.get_by_role("checkbox", name=name, exact=True).press("Space")
    expect(piece.locator(".node")).to_have_count(1 + 4 + 2)
    last = piece.get_by_role("checkbox", name="x₂", exact=True)
    last.press("Space")
    expect(piece.get_by_role("alert")).to_contain_text("Inputs: at least one.")
    expect(last).to_be_checked()
    piece.get_by_role("button", name="Add a layer").press("Enter")
    expect(piece.locator(".node")).to_have_count(1 + 4 + 4 + 2)
    units = piece.get_by_label("Units in each hidden layer: layer 2")
    put(units, "7")
    expect(piece.locator(".node")).to_have_count(1 + 4 + 7 + 2)
    put(units, "9")
    expect(piece.get_by_role("alert")).to_contain_text("hidden layer: from 1 to 8.")
    remove = piece.get_by_role("button", name="Remove the last layer")
    remove.evaluate("(button) => { button.click(); button.click(); }")  # in one frame
    expect(piece.locator(".node")).to_have_count(1 + 2)
    steps(piece, 1)


def test_what_is_folded_changes_the_training(piece):
    piece.get_by_text("More settings").click()
    piece.get_by_label("Held out").press("Home")
    expect(piece.locator(".live-caption")).to_contain_text("of 250 training points")
    piece.get_by_label("Mini-batch").select_option("10")
    piece.get_by_label("Optimiser").select_option("SGD")
    piece.get_by_label("Regularisation", exact=True).select_option("L1")
    expect(fact(piece, "updates")).to_have_text("0")
    steps(piece, 1)
    page = piece.page
    before = weights(piece)
    piece.get_by_label("Random start").press("End")
    page.wait_for_function(
        "(w) => window.frame.rows[0][0].weights[0] !== w", arg=before[0]
    )
    piece.get_by_label("Show", exact=True).select_option("decision")
    levels = "() => new Set(window.frame.rows[0][1].marks[0].values).size"
    page.wait_for_function(f"() => ({levels})() <= 3")


def test_noise_moves_the_points_and_their_name_stays(piece):
    page = piece.page
    data = piece.get_by_label("Points", exact=True)
    where = (
        "() => [...document.querySelectorAll('#playground .handles > g')]"
        ".map((g) => g.getAttribute('transform')).join()"
    )
    still = page.evaluate(where)
    noise = piece.get_by_label("Noise")
    again = piece.get_by_role("button", name="New noise")
    expect(again).to_have_attribute("aria-disabled", "true")
    noise.press("End")
    assert soon(lambda: page.evaluate(where) != still)
    moved = page.evaluate(where)
    again.press("Enter")
    assert soon(lambda: page.evaluate(where) != moved)
    expect(data).to_have_value("rings")
    noise.press("Home")
    assert soon(lambda: page.evaluate(where) == still)


def soon(is_so) -> bool:
    """Whether something comes true within five seconds."""
    end = time.monotonic() + 5
    while not (came := is_so()) and time.monotonic() < end:
        time.sleep(0.05)
    return came


def at(piece: Locator, x: float, y: float) -> tuple[float, float]:
    box = piece.locator(".pad").first.bounding_box()
    return (
        box["x"] + (x + LIMIT) / (2 * LIMIT) * box["width"],
        box["y"] + (LIMIT - y) / (2 * LIMIT) * box["height"],
    )


def test_points_of_ones_own_are_drawn_and_learnt(piece):
    page = piece.page
    piece.get_by_label("Points", exact=True).select_option("XOR clouds")
    piece.get_by_role("radio", name="Add points of class circle").check(force=True)
    piece.locator(".pad").first.scroll_into_view_if_needed()
    x, y = at(piece, -3, -3)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y, steps=6)
    page.mouse.up()
    expect(piece.get_by_label("Points", exact=True)).to_have_value("your own")
    page.wait_for_function(
        "() => window.frame?.rows[0][1].marks[1].hollow.length >= 50"
    )
    drawn = int(piece.locator(".handles > g").count())
    assert 250 <= drawn <= 256
    group = piece.locator(".handles")
    group.focus()
    for key in ("ArrowRight", "Delete", "Enter", "c"):
        page.keyboard.press(key)
    expect(piece.get_by_role("status")).to_contain_text(f"of {drawn}, ")
    steps(piece, 2)


def test_from_an_empty_plane_and_back_to_one(piece):
    page = piece.page
    piece.get_by_label("Points", exact=True).select_option("your own")
    expect(piece.locator(".handles > g")).to_have_count(0)
    caption = piece.locator(".live-caption")
    expect(caption).to_contain_text("There are no points.")
    expect(fact(piece, "loss, training")).to_have_text("–")
    piece.get_by_role("button", name="Step", exact=True).press("Enter")
    page.wait_for_timeout(300)
    expect(piece.get_by_role("alert")).to_be_hidden()
    piece.locator(".pad").first.scroll_into_view_if_needed()
    for kind, row in (("circle", -1), ("square", 1)):
        piece.get_by_role("radio", name=f"Add points of class {kind}").check(force=True)
        x, y = at(piece, -2, row)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 120, y, steps=12)
        page.mouse.up()
    expect(caption).to_contain_text("training points wrong")
    steps(piece, 1)
    count = piece.locator(".handles > g").count()
    assert count >= 10
    # A stroke of the eraser takes one of the two rows away.
    piece.get_by_role("radio", name="Remove points").check(force=True)
    x, y = at(piece, -2.2, -1)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 150, y, steps=30)
    page.mouse.up()
    left = piece.locator(".handles > g")
    expect(left).to_have_count(piece.locator(".handles path.c1").count())
    assert 0 < left.count() < count
    piece.get_by_role("button", name="Clear").press("Enter")
    expect(left).to_have_count(0)


def test_what_is_said_of_a_weight_is_its_value_and_ends_with_it(piece):
    page = piece.page
    said = piece.get_by_role("status")
    piece.locator(".node").nth(4).dispatch_event("pointerdown")
    put(piece.get_by_label("Bias of unit 3 of layer 1").first, "9.5")
    expect(said).to_have_text("Bias of unit 3 of layer 1: 9.50.")
    slider = piece.get_by_role("slider", name="Bias of unit 3 of layer 1")
    put(piece.get_by_label("Units in each hidden layer: layer 1"), "2")
    expect(title(piece)).to_have_text("The answer")
    expect(said).to_have_text("")
    expect(slider).to_have_count(0)
    # A weight beyond the slider's usual reach does not jump.
    piece.locator(".hit").first.dispatch_event("pointerdown", {"pointerType": "touch"})
    name = "Weight from x₁ to unit 1 of layer 1"
    put(piece.get_by_label(name).first, "8.5")
    page.wait_for_function("() => window.frame.rows[0][0].weights[0] === 8.5")
    piece.get_by_role("button", name="Done").press("Enter")
    piece.locator(".hit").first.dispatch_event("pointerdown", {"pointerType": "touch"})
    slider = piece.get_by_role("slider", name=name)
    expect(slider).to_have_attribute("max", "9")
    expect(slider).to_have_value("8.5")


def test_a_link_goes_the_whole_way_again(piece):
    """A rate, a point and a weight that were changed between steps."""
    page = piece.page
    steps(piece, 3)
    piece.get_by_label("Learning rate").press("End")
    steps(piece, 2)
    piece.locator(".handles").focus()
    for key in ("ArrowRight", "Shift+ArrowUp", "Shift+ArrowUp"):
        page.keyboard.press(key)
    steps(piece, 1)
    piece.locator(".hit").nth(2).dispatch_event("pointerdown", {"pointerType": "touch"})
    put(piece.get_by_label("Weight from x₁ to unit 2 of layer 1").first, "3")
    page.wait_for_function("() => window.frame.rows[0][0].weights[2] === 3")
    steps(piece, 2)
    page.wait_for_timeout(1000)
    before = weights(piece)
    there = opened(page, piece.page.url.split("#")[0], page.evaluate("location.hash"))
    there.get_by_role("button", name="Compute it with Python").press("Enter")
    page.wait_for_function("() => window.frame?.t === 8")
    assert np.allclose(weights(there), before, rtol=0, atol=1e-6)
    expect(there.get_by_label("Learning rate")).to_have_attribute("aria-valuetext", "3")


def test_what_a_link_cannot_hold_is_told(piece):
    page = piece.page
    steps(piece, 1)
    group = piece.locator(".handles")
    for _ in range(4):
        group.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Shift+ArrowUp")
        steps(piece, 1)
    expect(piece.locator(".live-caption")).to_contain_text("leads to another state")
    piece.get_by_role("button", name="Restart").press("Enter")
    expect(piece.locator(".live-caption")).not_to_contain_text("leads to another")


# ---- for whom


def test_what_a_screen_reader_finds(piece):
    piece.get_by_text("More settings").click()
    view = piece.aria_snapshot()
    for line in (
        'combobox "Experiment"',
        'combobox "Points"',
        'slider "Noise"',
        'group "Inputs"',
        'checkbox "x₁x₂"',
        'group "Units in each hidden layer"',
        'spinbutton "Units in each hidden layer: layer 1"',
        'button "Add a layer"',
        'slider "Held out"',
        'combobox "Regularisation"',
        'application "16 weights and 6 biases. Arrows left and right choose one',
        'application "Points: 250 points. Arrows choose a point',
    ):
        assert line in view, view
    piece.locator(".handles").focus()
    for _ in range(3):
        piece.page.keyboard.press("ArrowRight")
    expect(piece.get_by_role("status")).to_contain_text("of 250, ")


def test_everything_is_reached_by_the_tab_key(piece):
    piece.get_by_text("More settings").click()
    piece.get_by_label("Experiment").focus()
    names: list[str] = []
    for _ in range(60):
        piece.page.keyboard.press("Tab")
        name = piece.page.evaluate(
            "() => { const e = document.activeElement; return"
            " document.querySelector('#playground').contains(e) ? (e.ariaLabel ??"
            " e.labels?.[0]?.textContent ?? e.textContent) : '' }"
        )
        if not name:
            break
        names.append(name)
    for wanted in (
        "Points",
        "Noise",
        "New noise",
        "x₁",
        "sin x₂",
        "Add a layer",
        "Activation",
        "Learning rate",
        "More settings",
        "Optimiser",
        "Mini-batch",
        "Regularisation",
        "Held out",
        "Random start",
        "Show",
    ):
        assert wanted in names, names
    assert any(name.startswith("16 weights") for name in names)
    assert any(name.startswith("Points: 250") for name in names)


def test_with_a_thumb_on_a_phone(browser, address):
    context = browser.new_context(
        viewport={"width": 360, "height": 700}, has_touch=True, is_mobile=True
    )
    page = context.new_page()
    piece = opened(page, address)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    plane = piece.locator(".pad").first
    plane.scroll_into_view_if_needed()
    # Among many points a thumb scrolls the page.
    x, y = at(piece, 0, 0)
    before = page.evaluate("scrollY")
    touch(page, *[(x, y - 15 * k) for k in range(10)])
    page.wait_for_timeout(500)
    assert page.evaluate("scrollY") > before + 60
    expect(piece.get_by_label("Points", exact=True)).to_have_value("rings")
    # A point that was chosen by a tap is then dragged.
    plane.scroll_into_view_if_needed()
    point = piece.locator(".handles > g").first
    box = point.locator("path").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch(page, (x, y))
    expect(piece.locator(".handles path.chosen")).to_have_count(1)
    box = piece.locator(".handles path.chosen").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch(page, (x, y), (x + 20, y), (x + 40, y + 10))
    expect(piece.get_by_label("Points", exact=True)).to_have_value("your own")
    # A weight is chosen by a tap, and set by the slider below.
    piece.locator(".node").nth(3).tap()
    piece.get_by_role("button", name="The next one").tap()
    slider = piece.get_by_role("slider", name="Weight from x₁ to unit 2 of layer 1")
    slider.fill("2")
    page.wait_for_function("() => window.frame?.rows[0][0].weights[2] === 2")
    piece.locator(".live-play").tap()
    page.wait_for_function("() => +window.frame.facts.updates > 20")
    piece.locator(".live-play").tap()
    context.close()


@pytest.mark.parametrize("look", ["light", "dark", "forced"])
def test_nothing_serious_is_found(browser, address, look):
    context = browser.new_context(
        viewport={"width": 1000, "height": 1000},
        forced_colors="active" if look == "forced" else "none",
    )
    page = context.new_page()
    piece = opened(page, address)
    if look == "dark":
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
    piece.get_by_text("More settings").click()
    piece.get_by_label("Experiment").select_option("XOR folded, 2 relu")
    expect(piece.locator(".live-title")).to_have_count(4)
    piece.locator(".node").nth(2).dispatch_event(
        "pointerdown", {"pointerType": "touch"}
    )
    page.add_script_tag(path=AXE)
    assert serious_findings(page) == []
    context.close()
