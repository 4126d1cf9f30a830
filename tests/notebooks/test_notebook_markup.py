"""The published notebooks have no markup that only the site renders."""

import json
import re
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tools"), str(ROOT / "book" / "_ext")]
import notebook_markup  # noqa: E402
from class_notebook import for_class  # noqa: E402
from notebook_markup import FOLDED, Converter, Unconvertible, plain_cells  # noqa: E402
from published_notebook import Unpublishable, read_published  # noqa: E402

SITE = ROOT / "_build" / "html"
RAW = re.compile(
    r"^:{3,}.*$|^\([\w:.-]+\)=|\{[\w:-]+\}`[^`]*`|^\$\$ *\(\S+\)$|^:[a-z-]+: ",
    re.MULTILINE,
)


def markdown(notebook: dict) -> str:
    cells = [c for c in notebook["cells"] if c["cell_type"] == "markdown"]
    return "\n\n".join("".join(cell["source"]) for cell in cells)


def test_no_raw_markup_is_left(any_notebook):
    published = read_published(any_notebook)
    assert RAW.findall(markdown(published)) == []
    assert RAW.findall(markdown(read_published(any_notebook, for_class))) == []
    nbformat.validate(nbformat.from_dict(published))


def test_every_code_cell_is_as_it_was(any_notebook):
    def code(notebook):
        return [c for c in notebook["cells"] if c["cell_type"] == "code"]

    before = json.loads(any_notebook.read_text(encoding="utf-8"))
    assert code(read_published(any_notebook)) == code(before)


def test_hints_and_solutions_are_folded(chapter):
    published = read_published(chapter)
    text = markdown(published)
    before = markdown(json.loads(chapter.read_text(encoding="utf-8")))
    n_exercises = before.count(":::{exercise}")
    assert len(re.findall(r"^### Exercise ", text, re.MULTILINE)) == n_exercises
    assert text.count("<summary>Hint</summary>") == before.count(":::{hint}")
    assert text.count("<details>") == text.count("</details>")
    folded = [cell for cell in published["cells"] if FOLDED in cell["metadata"]]
    assert len(folded) == n_exercises
    # All that JupyterLab hides with a folded heading is what stands before the next.
    inside = False
    for cell in published["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and re.match(r"#{1,4} ", source):
            inside = FOLDED in cell["metadata"]
        if "def solution_" in source or re.search(r"\bsolution_\d", source):
            assert inside, source[:100]
        if "answer_" in source and cell["cell_type"] == "code":
            assert not inside, source[:100]
    ids = [cell["id"] for cell in folded]
    assert published["metadata"]["colab"]["collapsed_sections"] == ids


def test_numbers_are_those_of_the_site(chapter):
    page = SITE / "chapters" / f"{chapter.stem}.html"
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    text = markdown(read_published(chapter))
    shown = [
        " ".join(number.text.split())
        for number in soup.select(".admonition-title .caption-number")
    ]
    statements = [s for s in shown if not s.startswith(("Exercise", "Solution"))]
    ours = re.findall(
        r"^\*\*((?:Definition|Theorem|Lemma|Proposition|Algorithm) [\d.]+\d)",
        text,
        re.MULTILINE,
    )
    assert ours == statements
    exercises = [s for s in shown if s.startswith("Exercise")]
    assert re.findall(r"^### (Exercise [\d.]+\d)", text, re.MULTILINE) == exercises
    equations = [e.text.strip("()¶# \n") for e in soup.select("span.eqno")]
    tags = re.findall(r"^\\tag\{([\d.]+)\}", text, re.MULTILINE)
    assert tags == [number for number in equations if number]


def test_links_within_a_notebook_lead_to_its_headings(chapter):
    published = read_published(chapter)
    text = markdown(published)
    code = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", code.sub("", text), re.MULTILINE)
    anchors = {notebook_markup.quote(h.replace(" ", "-")) for h in headings}
    assert {*re.findall(r"\]\(#([^)]+)\)", text)} <= anchors
    others = re.findall(r"\]\((\d\d_\w+\.ipynb)", text)
    assert all((ROOT / "chapters" / other).exists() for other in others)


# ---- piece by piece


@pytest.fixture
def book(tmp_path) -> Path:
    (tmp_path / "chapters").mkdir()
    (tmp_path / "book").mkdir()
    (tmp_path / "book/references.bib").write_text(
        "@article{ada1843, author={Lovelace, Ada}, title={Notes}, year={1843},"
        " journal={A}, doi={10.1/a}}\n@book{two1900, author={One, A. and Two, B.},"
        " title={B}, year={1900}, publisher={C}}\n"
    )
    (tmp_path / "book/notation.md").write_text("(signs)=\n# Notation\n")
    other = nbformat.v4.new_markdown_cell(
        "(there)=\n## Over there\n\n:::{prf:theorem} Old\n:label: thm-old\nA.\n:::"
    )
    nbformat.write(
        nbformat.v4.new_notebook(cells=[other]), tmp_path / "chapters/01_first.ipynb"
    )
    notebook_markup.places_of.cache_clear()
    notebook_markup.works_of.cache_clear()
    return tmp_path


def converted(book: Path, text: str) -> str:
    chapter = book / "chapters/02_second.ipynb"
    cell = nbformat.v4.new_markdown_cell(text)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), chapter)
    notebook_markup.places_of.cache_clear()
    return Converter(chapter, lambda path: f"data:{path}")(text)


EQ = "$$\nx = 1\n$$ (eq-one)"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("(here)=\n## Here\n\nText.", "## Here\n\nText."),
        (EQ, "$$\nx = 1\n\\tag{2.1}\n$$"),
        (
            f"## Head\n\n{EQ}\n\nBy {{eq}}`eq-one`.",
            "## Head\n\n$$\nx = 1\n\\tag{2.1}\n$$\n\nBy [(2.1)](#Head).",
        ),
        (
            ":::{prf:theorem} Name\n:label: thm-a\nAll $x$.\n:::",
            "**Theorem 2.1 (Name).** All $x$.",
        ),
        (":::{prf:proof}\nClear.\n:::", "*Proof.* Clear. ∎"),
        (":::{prf:proof}\nSo\n\n$$\nx\n$$\n:::", "*Proof.* So\n\n$$\nx\n$$\n\n∎"),
        (
            ":::{prf:definition}\n:label: def-a\n| a |\n|---|\n:::",
            "**Definition 2.1.**\n\n| a |\n|---|",
        ),
        (
            "::::{exercise} Try\n:label: exercise-2-1\nDo.\n::::",
            "### Exercise 2.1 (Try)\n\nDo.",
        ),
        (
            ":::{hint}\n:class: dropdown\nLook.\n:::",
            "<details>\n<summary>Hint</summary>\n\nLook.\n\n</details>",
        ),
        (
            ":::{admonition} Aside\n:class: note\nSo.\n:::",
            "**Aside.** So.",
        ),
        (
            "::::{admonition} More\n:class: dropdown\n"
            ":::{prf:lemma}\n:label: l\nA.\n:::\n::::",
            "<details>\n<summary>More</summary>\n\n**Lemma 2.1.** A.\n\n</details>",
        ),
        (
            ":::{figure} a.svg\n:name: fig-a\n:alt: One [line]\n  and two.\n\n"
            "A *b*.\n:::",
            "![One line and two.](data:a.svg)\n\n**Fig. 2.1.** A *b*.",
        ),
        ("See {ref}`there`.", "See [Over there](01_first.ipynb#Over-there)."),
        ("See {ref}`that <there>`.", "See [that](01_first.ipynb#Over-there)."),
        ("{prf:ref}`thm-old`", "[Theorem 1.1](01_first.ipynb#Over-there)"),
        ("{doc}`chapter 1 <01_first>`", "[chapter 1](01_first.ipynb)"),
        ("{doc}`signs </book/notation>`", "signs"),
        ("{ref}`signs`", "Notation"),
        ("{math}`a`", "$a$"),
        (
            ":::{admonition} T\n:class: tip dropdown\nSecret.\n:::",
            "<details>\n<summary>T</summary>\n\nSecret.\n\n</details>",
        ),
        ("~~~\n:::{hint}\nA\n~~~",) * 2,
        ("{cite:t}`ada1843`", "[Lovelace (1843)](https://doi.org/10.1/a)"),
        (
            "{cite:p}`ada1843,two1900`",
            "([Lovelace, 1843](https://doi.org/10.1/a); One and Two, 1900)",
        ),
        ("Code `{ref}` and\n\n```\n:::{hint}\nA\n```",) * 2,
    ],
)
def test_markup_becomes_plain(book, monkeypatch, text, wanted):
    monkeypatch.setattr(notebook_markup, "site_url", lambda: None)
    assert converted(book, text) == wanted


def test_other_pages_are_linked_on_the_site_where_there_is_one(book, monkeypatch):
    monkeypatch.setattr(notebook_markup, "site_url", lambda: "https://a.github.io/b/")
    assert converted(book, "{prf:ref}`thm-old` {ref}`signs`") == (
        "[Theorem 1.1](https://a.github.io/b/chapters/01_first.html#thm-old) "
        "[Notation](https://a.github.io/b/book/notation.html#signs)"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{ref}`nowhere`", "no label 'nowhere'"),
        ("{cite:t}`nobody`", "the bibliography has no 'nobody'"),
        ("{abbr}`a`", "the role abbr has no form"),
        (":::{tabs}\nA.\n:::", "the directive tabs has no form"),
        (":::{hint}\nA.", "has no end"),
        ("{doc}`no <no>`", "no page 'no'"),
        ("```{note}\nA.\n```", "'```{note}' has no form"),
        ("- A\n\n  :::{hint}\n  B.\n  :::", "':::{hint}' has no form"),
        ("$$x=1$$ (eq-a)", "has no form"),
        ("- A\n  $$\n  x\n  $$ (eq-q)", "has no form"),
        ("% A remark.", "has no form"),
        ("[a](../book/notation.md)", "has no form"),
        ("[a](#there)", "has no form"),
    ],
)
def test_markup_without_a_form_is_named(book, text, says):
    with pytest.raises(Unconvertible, match=re.escape(says)):
        converted(book, text)
    with pytest.raises(Unpublishable, match=r"^02_second\.ipynb: "):
        read_published(book / "chapters/02_second.ipynb")


def test_what_follows_a_solution_begins_with_a_heading(book):
    cells = [nbformat.v4.new_markdown_cell(":::{solution-end}\n:::\n\nMore text.")]
    with pytest.raises(Unconvertible, match="must begin with a heading"):
        plain_cells(cells, lambda text: "More text.")


def test_a_figure_of_a_cell_keeps_its_number_and_caption(chapter):
    before = json.loads(chapter.read_text(encoding="utf-8"))
    figures = [c["metadata"].get("mystnb", {}).get("figure") for c in before["cells"]]
    n_captions = sum("caption" in figure for figure in figures if figure)
    text = markdown(read_published(chapter))
    numbers = re.findall(r"^\*\*Fig\. (\d+\.\d+)\.\*\* \S", text, re.MULTILINE)
    assert len(numbers) >= n_captions > 0
    assert numbers == sorted({*numbers}, key=lambda n: int(n.split(".")[1]))
