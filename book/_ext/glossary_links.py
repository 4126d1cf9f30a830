"""Each chapter's first use of a term leads to the glossary, by itself."""

from __future__ import annotations

import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

# Where a link would be out of place, or is one already.
CLOSED = (
    nodes.reference,
    nodes.title,
    nodes.rubric,
    nodes.literal,
    nodes.literal_block,
    nodes.math,
    nodes.math_block,
    nodes.raw,
    nodes.target,
    nodes.caption,
    addnodes.pending_xref,
)

# Words that are used in their everyday sense too: only where they are set off, which
# is where a chapter says what it means by them, do they lead to the glossary.
EVERYDAY = {
    *("alignment", "cell", "class", "clipping", "code", "generator"),
    *("margin", "mask", "radius", "smoothing", "state", "temperature", "width"),
    "window",
}
SET_OFF = (nodes.strong, nodes.emphasis)


def glossary_terms(page: Path) -> list[str]:
    """The terms of the glossary's page: its lines that are not set in."""
    text = page.read_text(encoding="utf-8").partition(":::{glossary}\n")[2]
    return re.findall(r"^([^\s:].*)$", text.partition("\n:::")[0], re.MULTILINE)


def pattern_of(terms: list[str]) -> re.Pattern:
    """Finds a term, also in the plural; of two that begin alike the longer one."""
    longest_first = sorted(terms, key=len, reverse=True)
    words = "|".join(map(re.escape, longest_first))
    return re.compile(rf"(?<![\w-])(?P<term>{words})(?:e?s)?(?![\w-])", re.IGNORECASE)


def link_terms(app: Sphinx, doctree: nodes.document) -> None:
    if not app.env.docname.startswith("chapters/"):
        return
    terms = {term.lower(): term for term in app.glossary_terms}
    pattern = pattern_of(app.glossary_terms)
    for text in list(doctree.findall(nodes.Text)):
        if terms and not is_closed(text):
            link_first(text, pattern, terms)


def is_closed(node: nodes.Node) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, CLOSED) or "cell" in node.get("classes", []):
            return True
    return False


def link_first(text: nodes.Text, pattern: re.Pattern, terms: dict[str, str]) -> None:
    """Link the terms of a text that are still to be linked, and strike them off."""
    parts: list[nodes.Node] = []
    end = 0
    for found in pattern.finditer(text):
        term = terms.get(found["term"].lower())
        if term is None or not is_meant(term, found, text):
            continue
        del terms[term.lower()]
        parts += [nodes.Text(text[end : found.start()]), to_glossary(term, found[0])]
        end = found.end()
    if parts:
        parts.append(nodes.Text(text[end:]))
        text.parent.replace(text, [part for part in parts if part.astext()])


def is_meant(term: str, found: re.Match, text: nodes.Text) -> bool:
    """Whether a word stands for the term: "draw" does not for DRAW."""
    if term.isupper():
        return found["term"] == term
    is_alone = found[0] == text.astext()
    return term not in EVERYDAY or is_alone and isinstance(text.parent, SET_OFF)


def to_glossary(term: str, words: str) -> nodes.Element:
    return addnodes.pending_xref(
        "",
        nodes.inline(words, words, classes=["term-link"]),
        refdomain="std",
        reftype="term",
        reftarget=term,
        refexplicit=True,
        refwarn=True,
    )


def read_glossary(app: Sphinx) -> None:
    page = Path(app.srcdir) / "book" / "glossary.md"
    app.glossary_terms = glossary_terms(page) if page.exists() else []


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", read_glossary)
    app.connect("doctree-read", link_terms, priority=700)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
