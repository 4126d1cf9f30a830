"""The text of a chapter as any notebook program shows it: no directive, no role.

Statements become paragraphs with their number, references become links, to a section of
the same notebook or to a page, hints become <details>. JupyterLab, Colab and the
notebooks in the browser render what is left.
"""

from __future__ import annotations

import functools
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pybtex.database import Entry, parse_file

sys.path.append(str(Path(__file__).resolve().parents[1] / "book" / "_ext"))
from bibliography_labels import authors  # noqa: E402
from provenance import site_url  # noqa: E402

LABEL = re.compile(r"^\((?P<label>[\w:.-]+)\)= *\n", re.MULTILINE)
EQUATION = re.compile(r"^\$\$ *\((?P<equation>[\w:.-]+)\) *$", re.MULTILINE)
HEADING_OR_EQUATION = re.compile(
    rf"(?:{LABEL.pattern}\n*)?^#{{1,6}} (?P<title>.+)$|{EQUATION.pattern}", re.MULTILINE
)
OPENING = re.compile(r"^(?P<fence>:{3,})\{(?P<kind>[\w:-]+)\} *(?P<title>.*)$")
OPTION = re.compile(r"^:(?P<key>[\w-]+): *(?P<value>.*)$")
NAMED = re.compile(r"(?P<text>.*?)\s*<(?P<label>[^<>]+)>", re.DOTALL)
CODE = re.compile(r"^(?P<mark>```+|~~~+).*?^(?P=mark) *$", re.MULTILINE | re.DOTALL)
# A role, or code in a block or in a line: both have their text in the same marks.
ROLE_OR_CODE = re.compile(
    rf"\{{(?P<role>[a-z]+(?::[a-z]+)?)\}}`(?P<text>[^`]+)`|{CODE.pattern}|(`+)(?!`).*?\4",
    CODE.flags,
)
AFTER_SOLUTION = re.compile(r":::\{solution-end\}\n:::\s*(?P<next>\S?)")

# What the site renders too, and what this module has no form for.
UNKNOWN = re.compile(
    r"^[ \t]+:{3,}\{.*|^[ \t]+\$\$ *\([\w:.-]+\).*|^\$\$.+\$\$ *\([\w:.-]+\)"
    r"|^%.*|\]\(#[^)]*\)|\]\([^)]*\.md[^)]*\)",
    re.MULTILINE,
)
SOLUTION = "#### Solution of "
FOLDED = "jp-MarkdownHeadingCollapsed"  # what JupyterLab calls a heading so folded


class Unconvertible(ValueError):
    """Markup that has no form in a notebook; the message names it."""


@dataclass(frozen=True)
class Block:
    """A directive: its kind, title, options and what it holds."""

    kind: str
    title: str
    options: dict[str, str]
    content: str


@dataclass(frozen=True)
class Place:
    """What a label leads to: the words for it, the file, and the heading above it."""

    words: str
    file: Path
    heading: str
    label: str


def blocks_in(text: str) -> Iterator[str | Block]:
    """A text as its directives, with the lines between them."""
    lines, plain = text.split("\n"), []
    at, in_code = 0, False
    while at < len(lines):
        in_code ^= lines[at].startswith(("```", "~~~"))
        opening = None if in_code else OPENING.match(lines[at])
        if opening is None:
            plain.append(lines[at])
            at += 1
            continue
        yield "\n".join(plain)
        plain = []
        try:
            end = lines.index(opening["fence"], at + 1)
        except ValueError:
            raise Unconvertible(f"{lines[at]!r} has no end") from None
        inside, options = lines[at + 1 : end], {}
        while inside and (option := OPTION.match(inside[0])):
            key, value = option["key"], option["value"]
            inside = inside[1:]
            while inside and re.match(r"[ \t]+\S", inside[0]):
                value += " " + inside.pop(0).strip()
            options[key] = value
        content = "\n".join(inside).strip("\n")
        yield Block(opening["kind"], opening["title"].strip(), options, content)
        at = end + 1
    yield "\n".join(plain)


# ---- what labels lead to


def markdown_of(file: Path) -> Iterator[tuple[str, list[str]]]:
    """The Markdown of a file, cell by cell, with the figures drawn before each."""
    if file.suffix == ".md":
        yield file.read_text(encoding="utf-8"), []
        return
    drawn: list[str] = []
    for cell in json.loads(file.read_text(encoding="utf-8"))["cells"]:
        figure = cell["metadata"].get("mystnb", {}).get("figure", {})
        if cell["cell_type"] == "code" and "name" in figure:
            drawn.append(figure["name"])
        if cell["cell_type"] == "markdown":
            yield "".join(cell["source"]), drawn
            drawn = []
    yield "", drawn


def number_of(file: Path) -> str:
    """The number of a chapter, as its file's name begins; "" for another page."""
    return str(int(file.stem[:2])) if re.match(r"\d\d_", file.stem) else ""


def places_in(file: Path) -> Iterator[Place]:
    """What a chapter or page has labels for, numbered as the site numbers it."""
    counts: Counter[str] = Counter()
    heading = ""
    first = number_of(file)

    def numbered(word: str, kind: str) -> str:
        counts[kind] += 1
        return f"{word} {first}.{counts[kind]}" if first else f"{word} {counts[kind]}"

    def within(text: str) -> Iterator[Place]:
        nonlocal heading
        for part in blocks_in(text):
            if isinstance(part, Block):
                label = part.options.get("label", part.options.get("name", ""))
                kind = part.kind.removeprefix("prf:")
                if kind == "figure":
                    yield Place(numbered("Fig.", kind), file, heading, label)
                elif kind == "exercise" or part.kind != kind and kind != "proof":
                    words = numbered(kind.capitalize(), kind)
                    yield Place(words, file, heading, label)
                yield from within(part.content)
                continue
            for found in HEADING_OR_EQUATION.finditer(CODE.sub("", part)):
                if found["equation"]:
                    counts["equation"] += 1
                    words = f"({first}.{counts['equation']})"
                    yield Place(words, file, heading, found["equation"])
                else:
                    heading = found["title"]
                    if found["label"]:
                        yield Place(heading, file, heading, found["label"])

    for text, drawn in markdown_of(file):
        for name in drawn:
            yield Place(numbered("Fig.", "figure"), file, heading, name)
        yield from within(text)


@functools.cache
def places_of(book: Path) -> dict[str, Place]:
    """All labels of a book's chapters and pages."""
    files = [*book.glob("chapters/*.ipynb"), *book.glob("book/*.ipynb")]
    files += book.glob("book/*.md")
    return {place.label: place for file in sorted(files) for place in places_in(file)}


@functools.cache
def works_of(book: Path) -> dict[str, Entry]:
    """The works of a book's bibliography."""
    file = book / "book/references.bib"
    return dict(parse_file(str(file)).entries) if file.exists() else {}


# ---- one chapter


class Converter:
    """Makes plain Markdown of a chapter's cells, which must come in their order."""

    def __init__(self, chapter: Path, picture: Callable[[str], str]) -> None:
        """picture : from the path of a drawing to an address that shows it."""
        self.chapter, self.picture = chapter, picture
        self.book = chapter.resolve().parents[1]
        self.places = places_of(self.book) | {p.label: p for p in places_in(chapter)}

    def __call__(self, text: str) -> str:
        parts = [
            self.block(part) if isinstance(part, Block) else self.lines(part)
            for part in blocks_in(text)
        ]
        return re.sub(r"\n{3,}", "\n\n", "\n\n".join(parts)).strip("\n")

    def block(self, block: Block) -> str:
        kind, content = block.kind.removeprefix("prf:"), self(block.content)
        label = block.options.get("label", block.options.get("name", ""))
        title = f" ({self.lines(block.title)})" if block.title else ""
        if kind == "chapter-map":
            return f":::{{chapter-map}}\n{content}\n:::"  # the publisher's
        if kind == "figure":
            alt = re.sub(r"[\[\]]", "", block.options.get("alt", ""))
            shown = f"![{alt}]({self.picture(block.title)})"
            return f"{shown}\n\n" + led_by(f"**{self.place(label).words}.**", content)
        if kind == "proof":
            end = "\n\n∎" if content.endswith("$$") else " ∎"
            return led_by("*Proof.*", content) + end
        if kind == "exercise":
            return f"### {self.place(label).words}{title}\n\n{content}"
        if kind == "solution-start":
            return f"{SOLUTION}{self.place(block.title).words.lower()}"
        if kind == "solution-end":
            return ""
        if kind == "hint" or "dropdown" in block.options.get("class", "").split():
            summary = self.lines(block.title) or kind.capitalize()
            return details(summary, content)
        if kind == "admonition":
            return led_by(f"**{self.lines(block.title)}.**", content)
        if block.kind.startswith("prf:"):
            words = self.place(label).words if label else kind.capitalize()
            return led_by(f"**{words}{title}.**", content)
        raise Unconvertible(f"the directive {block.kind} has no form in a notebook")

    def lines(self, text: str) -> str:
        """Text without directives: its labels, equations and roles."""
        in_code = re.search(r"^(?:```|~~~)\{.*", text, re.MULTILINE)
        if left := in_code or UNKNOWN.search(CODE.sub("", text)):
            raise Unconvertible(f"{left[0].strip()!r} has no form in a notebook")
        text = LABEL.sub("", text)
        text = EQUATION.sub(
            lambda found: (
                rf"\tag{{{self.place(found['equation']).words[1:-1]}}}" "\n$$"
            ),
            text,
        )
        return ROLE_OR_CODE.sub(
            lambda found: self.role(found) if found["role"] else found[0], text
        )

    def role(self, found: re.Match) -> str:
        role, text = found["role"], " ".join(found["text"].split())
        if role == "math":
            return f"${text}$"
        if role in ("cite:t", "cite:p"):
            return self.citation(text.split(","), in_text=role == "cite:t")
        named = NAMED.fullmatch(text)
        words, label = (named["text"], named["label"]) if named else ("", text)
        if role == "doc":
            folder = self.book if label.startswith("/") else self.chapter.parent
            return self.link(words, *self.page(folder.resolve() / label.lstrip("/")))
        if role not in ("ref", "prf:ref", "eq", "numref"):
            raise Unconvertible(f"the role {role} has no form in a notebook")
        place = self.place(label)
        return self.link(words or place.words, place.file, place.heading, label)

    def page(self, stem: Path) -> tuple[Path, str, str]:
        """A page by its path without the ending: its file, and no place on it."""
        for file in (stem.with_suffix(".md"), stem.with_suffix(".ipynb")):
            if file.exists():
                return file.resolve(), "", ""
        raise Unconvertible(f"there is no page {stem.name!r}")

    def place(self, label: str) -> Place:
        if label not in self.places:
            raise Unconvertible(f"there is no label {label!r}")
        return self.places[label]

    def link(self, words: str, file: Path, heading: str, label: str) -> str:
        """A link within the notebook, to the site if there is one, or to a file."""
        anchor = f"#{quote(heading.replace(' ', '-'))}" if heading else ""
        if file.resolve() == self.chapter.resolve():
            return f"[{words}]({anchor})"
        path, site = file.resolve().relative_to(self.book), site_url()
        if site:
            page = path.with_suffix(".html").as_posix()
            place = f"#{label.replace('_', '-').lower()}" if label else ""
            return f"[{words}]({site}{page}{place})"
        if path.parent.name == "chapters":
            return f"[{words}]({file.name}{anchor})"
        return words

    def citation(self, keys: list[str], in_text: bool) -> str:
        said = []
        for key in map(str.strip, keys):
            if key not in works_of(self.book):
                raise Unconvertible(f"the bibliography has no {key!r}")
            work = works_of(self.book)[key]
            year = work.fields["year"]
            words = (
                f"{authors(work)} ({year})" if in_text else f"{authors(work)}, {year}"
            )
            doi = work.fields.get("doi")
            said.append(f"[{words}](https://doi.org/{quote(doi)})" if doi else words)
        return " and ".join(said) if in_text else f"({'; '.join(said)})"


def led_by(words: str, content: str) -> str:
    """Words at the head of a text, or above it if it begins with no sentence."""
    begins_otherwise = re.match(r"\||\$\$|[-*] |\d+\. |!\[|<|#", content)
    return f"{words}\n\n{content}" if begins_otherwise else f"{words} {content}"


def details(summary: str, content: str) -> str:
    return f"<details>\n<summary>{summary}</summary>\n\n{content}\n\n</details>"


def caption_of(cell: dict, convert: Callable[[str], str]) -> list[dict]:
    """The caption of a cell's figure as a cell, which notebook programs show too."""
    figure = cell["metadata"].get("mystnb", {}).get("figure", {})
    if "caption" not in figure:
        return []
    number = convert(f"{{numref}}`{figure['name']}`") if "name" in figure else "Figure"
    words = re.sub(r"\[(.*?)\]\(.*?\)", r"\1", number)
    return [
        {
            "cell_type": "markdown",
            "id": f"{cell['id'][:48]}-caption",
            "metadata": {},
            "source": f"**{words}.** {convert(figure['caption'])}",
        }
    ]


def plain_cells(cells: list[dict], convert: Callable[[str], str]) -> list[dict]:
    """The cells of a chapter with plain Markdown; solutions are folded.

    A solution is what stands below its heading, which JupyterLab and Colab show folded,
    up to the next one; what explains it in words is below a summary to be opened.
    """
    made: list[dict] = []
    for cell in cells:
        if cell["cell_type"] != "markdown":
            made += [cell, *caption_of(cell, convert)]
            continue
        source = "".join(cell["source"])
        text = convert(source)
        if ":::{solution-start}" in source:
            heading, _, words = text.partition("\n")
            text = heading
            if words.strip():
                text += "\n\n" + details("In words", words.strip())
            cell = cell | {"metadata": cell["metadata"] | {FOLDED: True}}
        after = AFTER_SOLUTION.search(source)
        if after and after["next"] not in ("", "#", "("):
            raise Unconvertible("what follows a solution must begin with a heading")
        if text.strip():
            made.append(cell | {"source": text})
    return made


def folded_in_colab(notebook: dict) -> dict:
    """The notebook's metadata with the folded headings by Colab's name for them."""
    folded = [cell["id"] for cell in notebook["cells"] if FOLDED in cell["metadata"]]
    return notebook["metadata"] | {"colab": {"collapsed_sections": folded}}
