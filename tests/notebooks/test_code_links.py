"""Statements and the code that implements them: every link between them is true."""

import re
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"


@pytest.fixture(scope="module")
def links(root):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root / "book" / "_ext")
        import code_links

        yield code_links


def text_of(chapter: Path) -> str:
    cells = nbformat.read(chapter, as_version=4).cells
    return "\n\n".join(c.source for c in cells if c.cell_type == "markdown")


def labels_in(chapter: Path) -> set[str]:
    """The labels that a chapter gives to its equations and statements."""
    text = text_of(chapter)
    equations = re.findall(r"^\$\$ *\((eq-[\w-]+)\)", text, re.MULTILINE)
    return {*equations, *re.findall(r"^:label: ([\w-]+)$", text, re.MULTILINE)}


def test_each_docstring_names_statements_that_there_are(links, root):
    chapters = sorted(root.glob("chapters/*.ipynb"))
    known = set().union(*map(labels_in, chapters))
    named = links.implementations(root / "chapters")
    assert len(named) > 100
    assert {label: code for label, code in named.items() if label not in known} == {}


def table_rows(chapter: Path) -> list[tuple[set[str], set[str]]]:
    """Equations and names of code in each row of the chapter's last table."""
    table = text_of(chapter).split("## Summary")[1].split("\n## ")[0]
    rows = []
    for row in (line for line in table.splitlines() if line.startswith("|")):
        labels = set(re.findall(r"\{eq\}`([\w-]+)`", row))
        names = set(re.findall(r"(?<!\})`\.?(?:\w+\.)*([A-Za-z_]\w*)", row))
        rows.append((labels, names))
    return rows


def test_what_the_page_of_formulas_pairs_the_docstrings_pair(links, chapter, root):
    """An equation with a function beside it is named in that function's docstring."""
    found = links.implementations(root / "chapters")
    own = {
        name.rpartition(".")[2]
        for source in links.exported(chapter)
        for name, _, _ in links.documented(source)
    }
    for labels, names in table_rows(chapter):
        if names & own:
            unlinked = {label for label in labels if label not in found}
            assert not unlinked, f"no docstring of {sorted(names)} names {unlinked}"


def test_the_page_has_the_links_both_ways(links, chapter, root):
    text = (SITE / "chapters" / f"{chapter.stem}.html").read_text(encoding="utf-8")
    page = BeautifulSoup(text, "html.parser")
    for label, code in links.implementations(root / "chapters").items():
        if label not in labels_in(chapter):
            continue
        # In a theorem, perhaps below its equation; below an equation.
        statement = page.find(id=[label, f"equation-{label}"])
        lines = statement.select(".in-code") or [statement.find_next_sibling()]
        found = [[a["href"].partition("#")[2] for a in p.select("a")] for p in lines]
        assert [place for _, place in code] in found, label
        if own := statement.find("p", class_="in-code", recursive=False):
            assert [str(line) for line in lines].count(str(own)) == 1, "said once"
    cells = [list(links.documented(source)) for source in links.exported(chapter)]
    with_sources = [
        cell for cell in cells if any(links.labels_of(doc) for _, _, doc in cell)
    ]
    assert len(page.select("p.from-statement")) == len(with_sources)


def test_labels_are_read_from_the_sources_only(links):
    doc = "As eq-other. Source: Chapter 3, eq-a-1, def-b\nand eq-a-1; A and B, 2000."
    assert links.labels_of(doc) == ["eq-a-1", "def-b"]
    assert links.labels_of("Nothing of eq-a.") == []
