"""The book as a whole: what leads from one page to another, to paper and to search."""

import functools
import io
import re
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup, Tag
from docutils import nodes
from docutils.core import publish_doctree
from PIL import Image
from sphinx import addnodes

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "book" / "_ext"))
from glossary_links import link_first, pattern_of  # noqa: E402

SITE = ROOT / "_build" / "html"
CHAPTERS = sorted((ROOT / "chapters").glob("*.ipynb"))


@functools.cache
def soup(path: str) -> BeautifulSoup:
    return BeautifulSoup((SITE / path).read_text(encoding="utf-8"), "html.parser")


def book_pages() -> list[str]:
    """The pages that are written as such, not those that Sphinx makes."""
    folders = ("book", "chapters")
    return [
        page.relative_to(SITE).as_posix()
        for folder in folders
        for page in sorted((SITE / folder).glob("*.html"))
    ]


def test_pages_have_titles_and_descriptions_of_their_own():
    titles, descriptions = set(), set()
    for path in book_pages():
        page = soup(path)
        titles.add(page.title.text)
        [description] = page.select("meta[name=description]")
        words = description["content"].split()
        assert 8 <= len(words) <= 60, f"{path}: {description['content']}"
        descriptions.add(description["content"])
        card = {m["property"]: m["content"] for m in page.select("meta[property]")}
        assert card["og:title"], path
        assert card["og:image"].endswith("card.png"), path
        assert card["og:image:alt"], path
    assert len(titles) == len(descriptions) == len(book_pages())
    assert Image.open(SITE / "_static" / "card.png").size == (1200, 630)


def test_no_page_without_a_way_on():
    for path in book_pages():
        page = soup(path)
        assert page.select(".prev-next-area a"), path
        own = {a["href"] for a in page.select(".bd-sidebar-primary a[href]")}
        assert len(own) >= len(book_pages()) - 1, path


@pytest.mark.parametrize("word", ["sparsemax", "Novikoff", "BPTT"])
def test_the_search_finds(visit, word):
    page = visit(f"search.html?q={word}")
    page.wait_for_selector("#search-results .search li a", timeout=20_000)
    assert page.locator("#search-results .search li a[href*='chapters/']").count() >= 1
    assert visit.wrong == []


@pytest.fixture
def indexes(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "book" / "_ext")
    import indexes

    return indexes


def test_the_index_of_widgets_has_all_of_them(indexes):
    lines = [item.text for item in soup("book/widgets.html").select("article li")]
    expected = [
        (name, is_live)
        for path in CHAPTERS
        for name, _, _, is_live in indexes.widgets(path)
    ]
    n_written = sum(
        len(
            re.findall(
                r'^\s*"(?:\w+ = )?(?:explore|live)\((?:\\n|\\")', path.read_text(), re.M
            )
        )
        for path in CHAPTERS
    )
    assert len(expected) == n_written > 20
    assert len(lines) == len(expected)
    for line, (name, is_live) in zip(lines, expected, strict=True):
        assert name.replace("-", " ") in line
        assert ("(live)" in line) == is_live
    assert {True, False} <= {is_live for _, is_live in expected}


def test_the_index_of_exercises_has_all_of_them(indexes):
    from tutorial_utils.exercises import chapters, exercises_of

    lines = [item.text for item in soup("book/exercises.html").select("article li")]
    numbers = [number for chapter in chapters() for number in exercises_of(chapter)]
    for line, number in zip(lines, numbers, strict=True):
        assert line.startswith(f"{number}: ")


def test_each_term_of_the_glossary_is_linked_once_where_it_is_first_used():
    linked = set()
    for chapter in CHAPTERS:
        page = soup(f"chapters/{chapter.stem}.html")
        links = [a.find_parent("a")["href"] for a in page.select("a .term-link")]
        assert len(links) == len(set(links)) >= 30, chapter.name
        linked |= {link.partition("#")[2] for link in links}
    meanings = soup("book/glossary.html").select("dl.glossary dd")
    names = [[name["id"] for name in before(meaning)] for meaning in meanings]
    assert [terms for terms in names if not linked & {*terms}] == []


@pytest.mark.parametrize(
    ("text", "linked"),
    [
        ("Let it draw a picture.", []),
        ("Then DRAW draws.", ["DRAW"]),
        ("The cell below, the cells of a nerve.", []),
        ("A *cell* is more. A *cell below* is not.", ["cell"]),
        ("XOR is XOR, and layers are layers.", ["XOR", "layers"]),
    ],
)
def test_only_what_is_meant_by_a_term_leads_to_the_glossary(text, linked):
    doctree = publish_doctree(text)
    terms = ["DRAW", "XOR", "cell", "layer"]
    known = {term.lower(): term for term in terms}
    for node in list(doctree.findall(nodes.Text)):
        link_first(node, pattern_of(terms), known)
    found = [link.astext() for link in doctree.findall(addnodes.pending_xref)]
    assert found == linked


def test_each_work_has_a_name_of_its_own():
    labels = soup("book/bibliography.html").select(".citation > .label")
    names = [label.get_text(strip=True).strip("[]") for label in labels]
    assert len(set(names)) == len(names) > 100
    assert "Cireşan et al., 2011a" in names
    strange = [n for n in names if not re.fullmatch(r"\D+, \d{4}[a-c]?", n)]
    assert strange == []


def before(meaning: Tag) -> list[Tag]:
    """The terms that share a meaning."""
    names = []
    for sibling in meaning.find_previous_siblings():
        if sibling.name != "dt":
            break
        names.append(sibling)
    return names


def plain(formula: str) -> str:
    """A formula without spaces, braces and sizes, and with one way to write a norm."""
    formula = re.sub(r"\\[lr]?Vert", r"\\|", formula)
    formula = re.sub(r"\\[lr]?vert", "|", formula)
    return re.sub(r"\s|[{}]|\\[,;!]|\\[bB]igg?[lr]?", "", formula)


def test_each_symbol_of_the_notation_occurs_in_a_chapter():
    cells = [c for path in CHAPTERS for c in nbformat.read(path, as_version=4).cells]
    text = plain("\n".join(c.source for c in cells if c.cell_type == "markdown"))
    table = (ROOT / "book/notation.md").read_text(encoding="utf-8")
    symbols = [
        symbol
        for row in re.findall(r"^\| (\$.*?) \| ", table, re.MULTILINE)
        for symbol in re.findall(r"\$([^$]+)\$", row)
    ]
    assert len(symbols) > 300
    assert [symbol for symbol in symbols if plain(symbol) not in text] == []


PRINTED_AWAY = (
    ".bd-header, .bd-sidebar-primary, .prev-next-area, .explore-controls, .live-bar"
)


@pytest.mark.release
def test_paper_has_the_text_and_nothing_to_press(visit):
    page = visit("chapters/03_training.html")
    page.emulate_media(media="print")
    shown = page.locator(PRINTED_AWAY)
    assert shown.count() >= 3
    assert not any(part.is_visible() for part in shown.all())
    assert page.locator(".explore-picture").first.is_visible()
    assert page.locator(".explore-caption").first.is_visible()
    assert not any(b.is_visible() for b in page.locator("article button").all())


def test_pages_are_printed_with_all_their_pictures(browser, address, monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "tools")
    import print_book
    from pypdf import PdfReader

    assert print_book.pages(ROOT / "_toc.yml")[0] == "book/index"
    assert {f"{name}.html" for name in print_book.pages(ROOT / "_toc.yml")} == {
        *book_pages()
    }
    page = browser.new_page()
    name = "chapters/02_neural_networks"
    content = print_book.printed(page, f"{address}{name}.html")
    n_pictures = page.locator("article img").count()
    page.close()

    pdf = PdfReader(io.BytesIO(content))
    assert sum(len(sheet.images) for sheet in pdf.pages) >= n_pictures
    assert "Sparsemax" in "".join(sheet.extract_text() for sheet in pdf.pages)
