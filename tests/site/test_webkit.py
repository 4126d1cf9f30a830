"""Pages and widgets in WebKitGTK: one chapter in every run, all for a release.

WebDriver shows no console; what a page throws is kept by the page itself.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from browsers import missing
from selenium import webdriver
from selenium.webdriver import ActionChains, Keys, WebKitGTK
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service
from test_page_edits import MINE, SIGMOID
from test_page_python import CHAPTER, NUMPY, PICTURE, SCIPY

WINDOWS = sorted(Path("/usr/lib").glob("*/webkit*gtk-*/MiniBrowser"))
PATIENCE = 20  # seconds


@contextmanager
def a_screen() -> Iterator[str]:
    """A screen that nobody sees."""
    if not shutil.which("Xvfb"):
        missing("no Xvfb found: install Debian's package xvfb")
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1400x1000x24"]
    quiet = subprocess.DEVNULL
    server = subprocess.Popen(
        [*command, "-nolisten", "tcp"], pass_fds=[writing], stderr=quiet
    )
    os.close(writing)
    with os.fdopen(reading) as number:
        yield f":{number.readline().strip()}"
    server.terminate()
    server.wait()


@contextmanager
def a_webkit(screen: str) -> Iterator[WebKitGTK]:
    driver = shutil.which("WebKitWebDriver")
    if not driver or not WINDOWS:
        missing("no WebKitGTK found: install Debian's package webkit2gtk-driver")
    options = Options()
    options.binary_location = str(WINDOWS[-1])
    options.add_argument("--automation")
    around = os.environ | {"DISPLAY": screen, "WEBKIT_DISABLE_COMPOSITING_MODE": "1"}
    browser = webdriver.WebKitGTK(options=options, service=Service(driver, env=around))
    browser.set_window_size(1300, 900)
    yield browser
    browser.quit()


@pytest.fixture(scope="module")
def webkit() -> Iterator[WebKitGTK]:
    with a_screen() as screen, a_webkit(screen) as browser:
        yield browser


def until(browser: WebKitGTK, script: str, *arguments: object) -> object:
    """The value of a script, once it is true."""
    return WebDriverWait(browser, PATIENCE).until(
        lambda b: b.execute_script(f"return {script}", *arguments), script
    )


def state(browser: WebKitGTK, explorer: WebElement) -> tuple[str, str, str]:
    """The picture's address, its text and its setting, once it has come."""
    picture = explorer.find_element(By.CSS_SELECTOR, "img.explore-picture")
    until(browser, "arguments[0].complete && arguments[0].naturalWidth > 200", picture)
    names = ("src", "alt", "data-setting")
    return tuple(str(picture.get_dom_attribute(name)) for name in names)


def reach(knob: WebElement, key: str) -> None:
    """Press a key, and others until a value is reached whose picture the page has."""
    knob.send_keys(key)
    places = str(knob.get_dom_attribute("data-places")).split(",")
    is_slider = knob.get_dom_attribute("type") == "range"
    back = Keys.ARROW_DOWN if is_slider == (key == Keys.END) else Keys.ARROW_UP
    while knob.get_property("value") not in places:
        knob.send_keys(back)


@pytest.fixture
def opened(webkit, address, one_chapter) -> WebKitGTK:
    webkit.set_window_size(1300, 900)
    webkit.get(f"{address}chapters/{one_chapter.stem}.html")
    until(webkit, "window.MathJax?.startup?.promise && true")
    until(webkit, "document.querySelectorAll('mjx-container').length > 0")
    return webkit


def test_a_page_is_all_there(opened):
    until(
        opened,
        "document.querySelectorAll('mjx-container').length"
        " >= document.querySelectorAll('span.math, div.math').length",
    )
    assert (
        opened.execute_script("return document.querySelectorAll('mjx-merror').length")
        == 0
    )
    for _ in range(2):
        before = opened.execute_script("return document.documentElement.dataset.mode")
        opened.find_element(By.CSS_SELECTOR, "button.theme-switch-button").click()
        script = "document.documentElement.dataset.mode !== arguments[0]"
        until(opened, script, before)
    opened.set_window_size(360, 800)  # the window's own smallest width is more
    until(opened, "innerWidth < 700")
    inside, page = opened.execute_script(
        "return [innerWidth, document.documentElement.scrollWidth]"
    )
    assert page <= inside


def test_widgets_answer_and_keep_their_setting(webkit, address, one_framed):
    opened = webkit
    opened.set_window_size(1300, 900)
    opened.get(f"{address}chapters/{one_framed.stem}.html")
    until(opened, "document.querySelectorAll('.explore-picture').length > 0")
    explorers = opened.find_elements(By.CSS_SELECTOR, ".explore")
    for explorer in explorers:
        for knob in explorer.find_elements(By.CSS_SELECTOR, "input, select"):
            seen = set()
            for key in (Keys.END, Keys.HOME, Keys.END):
                reach(knob, key)
                seen.add(state(opened, explorer))
            assert len({picture for picture, *_ in seen}) > 1
            assert len({setting for *_, setting in seen}) > 1
    time.sleep(1)  # the address follows
    wanted, name = state(opened, explorer), explorer.get_dom_attribute("id")
    there = opened.current_url
    assert f"#{name}?" in there
    opened.get("about:blank")
    opened.get(there)
    until(opened, "document.querySelector('.explore-picture') !== null")
    again = opened.find_element(By.ID, str(name))
    until(
        opened,
        "arguments[0].querySelector('img').dataset.setting === arguments[1]",
        again,
        wanted[2],
    )
    assert state(opened, again)[1:] == wanted[1:]


def run_cell(browser: WebKitGTK, name: str) -> tuple[str, str]:
    """Press Run of a cell and wait: what is said of it, and what it shows."""
    cell = browser.find_element(By.CSS_SELECTOR, f'[data-cell="{name}"]')
    browser.execute_script(
        "arguments[0].querySelectorAll('.page-run')[0].click()", cell
    )
    wait = WebDriverWait(browser, 90)
    wait.until(lambda _: cell.get_dom_attribute("aria-busy") is None)
    said = cell.find_element(By.CSS_SELECTOR, ".page-status").text
    return said, cell.find_element(By.CSS_SELECTOR, ".page-output").text


@pytest.mark.usefixtures("lite")
def test_cells_run_where_they_stand_and_can_be_stopped(webkit, address):
    webkit.get(f"{address}{CHAPTER}.html")
    until(webkit, "document.documentElement.dataset.python === 'offered'")
    for name in (NUMPY, SCIPY):
        said, shown = run_cell(webkit, name)
        assert said.startswith("Done in"), (said, shown)
        assert said.endswith("As in the book."), (said, shown)
    said, _ = run_cell(webkit, PICTURE)
    assert said.startswith("Done in")
    cell = webkit.find_element(By.CSS_SELECTOR, f'[data-cell="{PICTURE}"]')
    picture = cell.find_element(By.CSS_SELECTOR, ".page-output img")
    until(webkit, "arguments[0].naturalWidth > 300", picture)
    assert len(str(picture.get_dom_attribute("alt")).split()) > 5
    press = "arguments[0].querySelectorAll('.page-run')[0].click()"
    webkit.execute_script(press, cell)
    webkit.execute_script(press, cell)  # the same button stops it
    until(webkit, "arguments[0].innerText.includes('Stopped')", cell)
    said, _ = run_cell(webkit, NUMPY)
    assert said.startswith("Done in")


@pytest.mark.usefixtures("lite")
def test_a_live_piece_is_handled(webkit, address):
    webkit.get(f"{address}{CHAPTER}.html")
    until(webkit, "document.documentElement.dataset.python === 'offered'")
    piece = webkit.find_element(By.ID, "simplex")
    start = "arguments[0].scrollIntoView({ block: 'center' })"
    webkit.execute_script(
        f"{start}; arguments[0].querySelector('.handles').focus()", piece
    )
    caption = piece.find_element(By.CSS_SELECTOR, ".live-caption")
    before = caption.text
    keys = (Keys.ARROW_RIGHT, *[Keys.SHIFT + Keys.ARROW_RIGHT] * 12)
    for key in keys:
        webkit.switch_to.active_element.send_keys(key)
    [x, _] = piece.find_elements(By.CSS_SELECTOR, ".live-numbers input")
    until(webkit, "arguments[0].value === '1.46'", x)
    WebDriverWait(webkit, 90).until(
        lambda _: caption.text.startswith("Sparsemax") and caption.text != before
    )
    assert "class 1" in caption.text
    handle = piece.find_element(By.CSS_SELECTOR, ".handles .reach")
    ActionChains(webkit).drag_and_drop_by_offset(handle, -60, 0).perform()
    WebDriverWait(webkit, 20).until(lambda _: "classes" in caption.text)


# ---- what a reader writes


def field_of(browser: WebKitGTK, name: str) -> WebElement:
    """The editor of a cell, with the focus in it."""
    cell = browser.find_element(By.CSS_SELECTOR, f'[data-cell="{name}"]')
    start = """const [cell] = arguments;
      cell.scrollIntoView({ block: "center" });
      const field = cell.querySelector("textarea");
      if (field) {
        field.focus();
        field.click();
      }
      else cell.querySelector("[aria-label^='Edit cell']")?.click();"""
    browser.execute_script(start, cell)
    find = "arguments[0].querySelector('.cm-content')"
    editor = until(browser, find, cell)
    browser.execute_script("arguments[0].focus()", editor)
    return editor  # type: ignore[return-value]


def write(browser: WebKitGTK, name: str, source: str) -> WebElement:
    editor = field_of(browser, name)
    editor.send_keys(Keys.CONTROL, "a")
    editor.send_keys(source)
    return editor


def shown(browser: WebKitGTK, name: str, text: str, patience: int = 90) -> None:
    cell = browser.find_element(By.CSS_SELECTOR, f'[data-cell="{name}"]')
    WebDriverWait(browser, patience).until(lambda _: text in cell.text, cell.text)


def press(browser: WebKitGTK, name: str, button: str) -> None:
    cell = browser.find_element(By.CSS_SELECTOR, f'[data-cell="{name}"]')
    script = "arguments[0].querySelector(`[aria-label^='${arguments[1]}']`).click()"
    browser.execute_script(script, cell, button)


@pytest.mark.release
@pytest.mark.usefixtures("lite")
def test_edits_and_exercises(webkit, address):
    """Right and wrong, an edit and its Reset, Stop in an endless loop, a reload."""
    webkit.get(f"{address}{CHAPTER}.html")
    offered = "document.documentElement.dataset.python === 'offered'"
    until(webkit, offered)
    webkit.execute_script("localStorage.clear()")
    facts = webkit.execute_script(
        "return JSON.parse(document.getElementById('page-facts').textContent)"
    )
    answer, checker = facts["exercises"]["2.1"]
    editor = write(webkit, answer, "answer_2_1 = [1, 1, 1, 1]")
    editor.send_keys(Keys.SHIFT, Keys.ENTER)
    shown(webkit, checker, "Exercise 2.1: not yet right")
    write(webkit, answer, "answer_2_1 = [10, 10, 10, -15]")
    press(webkit, answer, "Check exercise")
    shown(webkit, checker, "Exercise 2.1: correct.")
    write(webkit, NUMPY, "print(sigmoid(0.0))").send_keys(Keys.SHIFT, Keys.ENTER)
    shown(webkit, NUMPY, "0.5")
    write(webkit, SIGMOID, MINE)
    shown(webkit, NUMPY, "Out of date")
    said, output = run_cell(webkit, NUMPY)
    assert "With your edits" in said
    assert output.strip() == "0.25"
    webkit.refresh()
    until(webkit, offered)
    shown(webkit, SIGMOID, "0.25")
    shown(webkit, NUMPY, "print(sigmoid(0.0))")
    assert webkit.find_element(
        By.CSS_SELECTOR, "#exercise-2-1 .page-solved"
    ).is_displayed()
    press(webkit, SIGMOID, "Reset cell")
    _, output = run_cell(webkit, NUMPY)
    assert output.strip() == "0.5"
    write(webkit, NUMPY, "print('begun')\nwhile True: pass")
    press(webkit, NUMPY, "Run cell")
    shown(webkit, NUMPY, "begun")
    press(webkit, NUMPY, "Stop cell")
    shown(webkit, NUMPY, "ready")
    press(webkit, NUMPY, "Reset cell")
    said, _ = run_cell(webkit, NUMPY)
    assert said.endswith("As in the book.")


@pytest.mark.release
@pytest.mark.usefixtures("lite")
def test_the_editor_by_keys_only_and_a_narrow_page(webkit, address):
    webkit.get(f"{address}{CHAPTER}.html")
    until(webkit, "document.documentElement.dataset.python === 'offered'")
    webkit.execute_script("localStorage.clear()")
    editor = write(webkit, NUMPY, "for i in range(2):\nprint((i))")
    assert editor.text.split("\n")[1] == "    print((i))"
    assert editor.aria_role == "textbox"
    assert "Source of cell" in editor.accessible_name
    editor.send_keys(Keys.SHIFT, Keys.ENTER)
    shown(webkit, NUMPY, "0\n1")
    editor.send_keys(Keys.ESCAPE)
    time.sleep(2.5)  # no hurry
    editor.send_keys(Keys.TAB)
    active = webkit.switch_to.active_element
    assert active.accessible_name.startswith("Run cell")
    webkit.set_window_size(320, 800)  # the window's own smallest width is more
    inside, page = webkit.execute_script(
        "return [innerWidth, document.documentElement.scrollWidth]"
    )
    assert page <= inside
    webkit.set_window_size(1300, 900)
