"""The grammar's tools: drawings in the page, the map of a chapter, folded checks."""

import base64
import copy
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from playwright.sync_api import Page, expect

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"
sys.path += [str(ROOT / "book" / "_ext"), str(ROOT / "tools")]
import chapter_facts  # noqa: E402
import drawings  # noqa: E402
import lessons  # noqa: E402
from published_notebook import read_published  # noqa: E402

DRAWINGS = sorted((ROOT / "chapters" / "figures").glob("*.svg"))
INK = "var(--drawing-ink, #1f2328)"
DRAWING = re.compile(
    r"^:::+\{figure\} \S+\.svg *\n(?P<options>(?::[a-z-]+:.*\n)*)", re.MULTILINE
)


def svg(inside: str = "", box: str = "0 0 100 50") -> str:
    return f'<svg xmlns="{drawings.SVG}" viewBox="{box}">{inside}</svg>'


# ---- drawings


@pytest.mark.parametrize("file", DRAWINGS, ids=lambda path: path.stem)
def test_a_drawing_can_be_read_in_every_theme(file):
    drawings.parsed(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        ("<script>alert(1)</script>", "may not hold <script>"),
        ("<style>* {fill: red}</style>", "may not hold <style>"),
        ("<foreignObject/>", "may not hold <foreignObject>"),
        ('<image href="a.png"/>', "may not hold <image>"),
        ('<g onclick="a()"/>', "may not have onclick"),
        ('<g style="fill: red"/>', "may not have style"),
        ('<use href="http://example.org/a.svg#b"/>', "may not lead outside"),
        ('<g fill="red"/>', "fill 'red' must be var"),
        ('<g stroke="#123456"/>', "stroke '#123456' must be var"),
        ('<text font-size="9">a</text>', "must be a number of at least 12, got 9"),
        (
            '<text font-size="14px">a</text>',
            "must be a number of at least 12, got 14px",
        ),
        (
            '<g marker-end="url(http://a.org/b.svg#c)"/>',
            "leads to http://a.org/b.svg#c",
        ),
        ('<g marker-end="url(#gone)"/>', "leads to #gone, which is not in the drawing"),
        ('<use href="#gone"/>', "leads to #gone"),
        (
            '<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="#a"/>',
            "href must stand without xlink",
        ),
        ("<g>", "it is no XML"),
    ],
)
def test_what_is_no_drawing_is_told(inside, says):
    with pytest.raises(drawings.NoDrawing, match=re.escape(says)):
        drawings.parsed(svg(inside))


@pytest.mark.parametrize("box", ["", "0 0 1", "0 0 w h"])
def test_a_drawing_needs_its_box(box):
    with pytest.raises(drawings.NoDrawing, match="viewBox"):
        drawings.parsed(svg(box=box))


def test_identifiers_are_made_unique():
    text = svg(
        '<defs><marker id="head"/><clipPath id="cut"/></defs>'
        '<g clip-path="url(\'#cut\')"><path marker-end="url(#head)"/></g>'
        '<use href="#head"/><text>#head</text>'
    )
    one, other = (drawings.inline(text, name, "A word.") for name in ("fig-a", "fig-b"))
    assert "fig-a-head" in one
    assert one.replace("fig-a", "fig-b") == other
    found = BeautifulSoup(one, "html.parser")
    identifiers = {element["id"] for element in found.select("[id]")}
    assert identifiers == {"fig-a-head", "fig-a-cut"}
    assert {*re.findall(r"url\(#([^)]+)\)", one)} == identifiers
    assert found.use["href"] == "#fig-a-head"
    assert found.select_one("text").text == "#head", "what is written stays"


def test_the_alt_text_may_have_any_character():
    markup = drawings.inline(svg(), "fig-a", 'If a < b & "c".')
    assert BeautifulSoup(markup, "html.parser").svg["aria-label"] == 'If a < b & "c".'


def test_a_drawing_becomes_a_picture_where_notebooks_are_published(tmp_path):
    (tmp_path / "figures").mkdir()
    dark = f'<rect width="100" height="50" fill="{INK}"/>'
    (tmp_path / "figures/a.svg").write_text(svg(dark))
    address = drawings.picture_address(tmp_path / "figures/a.svg")
    data = base64.b64decode(address.removeprefix("data:image/png;base64,"))
    picture = np.asarray(Image.open(io.BytesIO(data)).convert("L"))
    assert picture.shape == (100, 200)
    assert picture.mean() < 60, "the fallback of the colour is seen"


def test_the_text_of_a_picture_needs_no_font_of_the_machine():
    word = f'<text x="5" y="30" font-size="20" fill="{INK}">word</text>'
    with_text, without = (
        np.asarray(Image.open(io.BytesIO(drawings.picture(svg(inside)))).convert("L"))
        for inside in (word, "")
    )
    assert (without == 255).all()
    assert (with_text < 128).sum() > 200


def drawn_in(root: Path) -> list[tuple[Path, str]]:
    """The chapters and the names of the drawings in them."""
    found = []
    for chapter in sorted((root / "chapters").glob("*.ipynb")):
        for cell in nbformat.read(chapter, as_version=4).cells:
            for figure in DRAWING.finditer(cell.source):
                name = re.search(r"^:name: (\S+)$", figure["options"], re.MULTILINE)
                found.append((chapter, name[1]))
    return found


def test_drawings_stand_in_the_page_and_follow_its_theme(visit):
    chapter, name = drawn_in(ROOT)[0]
    page = visit(f"chapters/{chapter.stem}.html", formulas=False)
    figure = page.locator(f"figure#{name}")
    drawing = figure.locator("svg")
    expect(drawing).to_have_attribute("role", "img")
    assert len(drawing.get_attribute("aria-label").split()) >= 10
    assert re.match(r"Fig\. \d+", figure.locator("figcaption").inner_text())
    assert page.locator(f"a[href='#{name}']").count() >= 1, "the text refers to it"
    ink = "(s) => getComputedStyle(s.querySelector('text')).fill"
    ground = "() => getComputedStyle(document.body).backgroundColor"
    seen = {}
    for theme in ("light", "dark"):
        page.evaluate(
            "(theme) => { document.documentElement.dataset.theme = theme }", theme
        )
        page.wait_for_timeout(500)
        seen[theme] = lightness(drawing.evaluate(ink)), lightness(page.evaluate(ground))
    assert seen["light"][0] < 0.3 < 0.8 < seen["light"][1]
    assert seen["dark"][1] < 0.3 < 0.6 < seen["dark"][0]
    page.emulate_media(forced_colors="active")
    colours = drawing.evaluate(
        "(s) => [...s.querySelectorAll('g[stroke], g[fill]')].map((g) => "
        "[getComputedStyle(g).stroke, getComputedStyle(g).fill]).flat()"
    )
    assert not {"rgb(0, 114, 178)", "rgb(86, 180, 233)"} & {*colours}
    check_folding(page)

    page.set_viewport_size({"width": 360, "height": 900})
    frame = figure.locator(".drawing")
    frame.scroll_into_view_if_needed()
    assert drawing.bounding_box()["width"] == 560, "a broad drawing scrolls"
    assert frame.bounding_box()["width"] < 360
    expect(frame).to_have_attribute("tabindex", "0")
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    assert visit.wrong == []


def check_folding(page: Page) -> None:
    """A folded check opens by mouse, and closes by key."""
    check = page.locator("details.check").first
    code = check.locator(".cell_input").first
    expect(code).to_be_hidden()
    check.locator("summary").first.click()
    expect(code).to_be_visible()
    page.keyboard.press("Enter")
    expect(code).to_be_hidden()


def lightness(colour: str) -> float:
    numbers = [float(n) for n in re.findall(r"[\d.]+", colour)[:3]]
    return sum(numbers) / 3 / (255 if colour.startswith("rgb") else 1)


# ---- sections, and the map of a chapter


def notebook(*cells: tuple[str, str, list[str]]) -> dict:
    return {
        "cells": [
            {"cell_type": kind, "source": [source], "metadata": {"tags": tags}}
            for kind, source, tags in cells
        ]
    }


CHAPTER = notebook(
    ("markdown", "# Title\n\nWords that belong to no section.", []),
    ("markdown", "(a-one)=\n## One\n\nThree words here, $x$ not.", ["core"]),
    ("code", "x = 1\n\ny = 2", []),
    ("code", "hidden = 1", ["hide-input"]),
    ("code", "assert x", ["check"]),
    ("markdown", "### Within\n\nTwo words.", []),
    ("markdown", ":::{admonition} Proof\n:class: dropdown\nFolded.\n:::", []),
    ("markdown", "(a-two)=\n## Two\n\n| a | table |", ["further"]),
    ("code", "plt.show()", []),
    ("markdown", ":::{figure} figures/a.svg\n:name: a\n:::", []),
    ("markdown", "(a-three)=\n## Summary", []),
)


def test_sections_have_their_cells_words_and_lines():
    one, two, three = lessons.sections_of(CHAPTER)
    assert [s.path for s in (one, two, three)] == ["core", "further", ""]
    assert [s.label for s in (one, two, three)] == ["a-one", "a-two", "a-three"]
    assert len(one.cells) == 6
    assert (one.words(), one.open_lines()) == (10, 2), "headings count as words"
    assert (two.words(), two.open_lines()) == (2, 1)


def test_the_map_lists_what_has_a_path():
    sections = lessons.sections_of(CHAPTER)
    assert [*lessons.map_of(sections, [])][2:] == [
        "| {ref}`a-one` | core |",
        "| {ref}`a-two` | further |",
    ]
    assert [*lessons.list_of(sections, [])] == ["- One (core)", "- Two (further)"]


def test_a_chapter_may_have_parts():
    two = copy.deepcopy(CHAPTER)
    two["cells"][7]["metadata"]["tags"].append("part")
    sections = lessons.sections_of(two)
    assert [s.part for s in sections] == [1, 2, 2]
    assert [*lessons.list_of(sections, ["First", "Second"])] == [
        *("", "**Part 1: First**", "", "- One (core)"),
        *("", "**Part 2: Second**", "", "- Two (further)"),
    ]
    lines = [*lessons.map_of(sections, ["First", "Second"])]
    assert [line for line in lines if line.startswith("**")] == [
        "**Part 1: First**",
        "**Part 2: Second**",
    ]
    counted = [line[:9].strip() for line in chapter_facts.facts(two, None)]
    assert counted[1:6] == ["core 1", "further 1", "core 2", "further 2", "the rest"]
    for names in ([], ["First"], ["1", "2", "3"]):
        with pytest.raises(ValueError, match="2 parts of the chapter must have as"):
            [*lessons.map_of(sections, names)]
    two["cells"][7]["metadata"]["tags"] = ["part"]
    with pytest.raises(ValueError, match="a part must begin with a path"):
        lessons.sections_of(two)


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (("markdown", "No heading.", ["core"]), "one heading"),
        (("code", "x = 1", ["further"]), "one heading"),
        (("markdown", "## One\n\n## Two", ["core"]), "one heading"),
        (("markdown", "## One", ["core", "further"]), "one heading"),
    ],
)
def test_a_path_stands_at_a_heading(cell, says):
    with pytest.raises(ValueError, match=says):
        lessons.sections_of(notebook(cell))


def test_a_map_needs_paths_and_labels():
    with pytest.raises(ValueError, match="no section of this chapter has"):
        list(
            lessons.map_of(lessons.sections_of(notebook(("markdown", "## A", []))), [])
        )
    unnamed = notebook(("markdown", "## A", ["core"]))
    with pytest.raises(ValueError, match="'A' needs a label"):
        list(lessons.map_of(lessons.sections_of(unnamed), []))


def test_the_facts_of_a_chapter_are_counted():
    lines = list(chapter_facts.facts(CHAPTER, None))
    numbers = {line.split()[0]: line.split()[-5:] for line in lines[1:3]}
    assert numbers == {
        "core": ["1", "10", "2", "0", "0"],
        "further": ["1", "2", "1", "1", "2"],
    }
    assert lines[4] == "first picture: cell 9 of 11"


def test_the_facts_of_a_page_are_measured(browser):
    chapter, _ = drawn_in(ROOT)[0]
    done = subprocess.run(
        [sys.executable, ROOT / "tools/chapter_facts.py", chapter, SITE],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    core = done.stdout.split("\n")[1].split()
    assert int(core[-1].replace(",", "")) > 5000
    assert re.search(r"first picture: cell \d+ of \d+, [\d,]+ pixels", done.stdout)
    assert re.search(r"the page is [\d,]+ pixels high at 1300", done.stdout)


# ---- in the page


def with_paths(chapter: Path) -> bool:
    return any(s.path for s in lessons.sections_of(json.loads(chapter.read_text())))


def test_the_map_of_a_chapter_is_on_its_page(chapter):
    if not with_paths(chapter):
        assert "{chapter-map}" not in chapter.read_text(), "there is nothing to list"
        return
    page = BeautifulSoup(
        (SITE / "chapters" / f"{chapter.stem}.html").read_text(encoding="utf-8"),
        "html.parser",
    )
    tables = [t for t in page.select("table") if t.select("th")[-1].text == "path"]
    rows = [
        [cell.text.strip() for cell in row.select("td")]
        for table in tables
        for row in table.select("tr")[1:]
    ]
    sections = lessons.sections_of(json.loads(chapter.read_text(encoding="utf-8")))
    expected = [[s.title, s.path] for s in sections if s.path]
    assert len(tables) == max(s.part for s in sections)
    assert [[title.split(" ", 1)[-1], path] for title, path in rows] == [
        [title.split(" ", 1)[-1], path] for title, path in expected
    ]
    marked = {
        named["id"]: "further" in section["class"]
        for section in page.select("section[class]")
        for named in section.select(":scope > span[id]")
    }
    assert marked == {s.label: s.path == "further" for s in sections if s.path}


def test_a_check_is_folded_behind_its_last_line(chapter):
    cells = [
        cell
        for cell in nbformat.read(chapter, as_version=4).cells
        if "check" in cell.metadata.get("tags", [])
    ]
    page = BeautifulSoup(
        (SITE / "chapters" / f"{chapter.stem}.html").read_text(encoding="utf-8"),
        "html.parser",
    )
    folded = page.select("details.check")
    assert len(folded) == len(cells)
    for one, cell in zip(folded, cells, strict=True):
        assert "hide-input" not in cell.metadata.tags, "it would be folded twice"
        summary = one.find("summary", recursive=False).text
        assert summary.startswith("Checked: ")
        printed = one.select(".cell_output pre")[-1].text.strip().split("\n")[-1]
        assert summary.removeprefix("Checked: ") == printed.removeprefix("Checked: ")
        assert one.select(".cell_input"), "the code is there, one click away"


def test_the_published_notebooks_have_drawings_and_map_in_them(chapter):
    source = chapter.read_text(encoding="utf-8")
    n_drawings = len(DRAWING.findall(joined(json.loads(source))))
    places = (
        SITE / "_sources/chapters" / chapter.name,
        SITE / "_sources/chapters" / f"{chapter.stem}_class.ipynb",
        SITE / "lite/files" / chapter.name,
    )
    for place in [p for p in places if p.exists() or os.environ.get("CI")]:
        text = joined(json.loads(place.read_text(encoding="utf-8")))
        assert text.count("](data:image/png;base64,") == n_drawings
        assert ".svg" not in text
        assert "{chapter-map}" not in text
    published = read_published(chapter)
    assert with_paths(chapter) == ("(core)" in joined(published))
    assert ("**Part 2: " in joined(published)) == ('"part"' in source)
    nbformat.validate(nbformat.from_dict(published))


def joined(notebook: dict) -> str:
    cells = [c for c in notebook["cells"] if c["cell_type"] == "markdown"]
    return "\n\n".join("".join(c["source"]) for c in cells)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (":::{figure} no.svg\n:name: fig-a\n:alt: A.\n\nA.\n:::", "No such file"),
        (":::{figure} a.svg\n:alt: A.\n\nA.\n:::", "needs the option :name:"),
        (":::{figure} a.svg\n:name: fig-a\n\nA.\n:::", "needs the option :alt:"),
        (":::{figure} a.svg\n:name: fig-a\n:alt: A.\n:::", "needs a caption"),
        (":::{figure} a.svg\n:name: fig-a\n:alt: A.\n\nA.\n:::", "fill 'red' must"),
        (":::{chapter-map}\n:::", "no section of this chapter has"),
    ],
)
def test_what_the_tools_cannot_use_is_told(text, says, tmp_path):
    """By Sphinx, as an error that names the trouble; a build takes it for a failure."""
    from sphinx.testing.util import SphinxTestApp

    (tmp_path / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(ROOT / 'book/_ext')!r})\n"
        'extensions = ["myst_nb", "drawings", "lessons"]\nroot_doc = "index"\n'
        'myst_enable_extensions = ["colon_fence"]\nnb_execution_mode = "off"\n'
    )
    (tmp_path / "a.svg").write_text(svg('<g fill="red"/>'))
    cell = nbformat.v4.new_markdown_cell(f"# A chapter\n\n{text}")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "index.ipynb")
    app = SphinxTestApp("html", srcdir=tmp_path)
    app.build()
    assert says in app.warning.getvalue()
    app.cleanup()
