"""Links between what a chapter states and the code that implements it, both ways.

A docstring of the package names its source: the label of an equation, a definition, a
theorem or a section. From that the page gets, below each such statement, the functions
that implement it, and below each cell that the package ships, its sources.
"""

from __future__ import annotations

import ast
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

LABEL = re.compile(r"\b(?:eq|def|thm|prop|lemma|cor|alg)-[a-z0-9-]*[a-z0-9]\b")


def documented(source: str) -> Iterator[tuple[str, str, str]]:
    """What a cell defines: for each function, class and method its name, that of the
    definition it belongs to, and its docstring. What is private gives no name.
    """
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        yield node.name, node.name, ast.get_docstring(node) or ""
        methods = node.body if isinstance(node, ast.ClassDef) else []
        for part in methods:
            if isinstance(part, ast.FunctionDef):
                private = node.name.startswith("_")
                name = part.name if private else f"{node.name}.{part.name}"
                yield name, node.name, ast.get_docstring(part) or ""


def labels_of(docstring: str) -> list[str]:
    """The labels that follow the word Source in a docstring, each once."""
    _, _, sources = docstring.partition("Source:")
    return list(dict.fromkeys(LABEL.findall(sources)))


def exported(notebook: Path) -> Iterator[str]:
    """The sources of a notebook's cells that the package ships."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code" and "#| export" in source.split("\n"):
            yield source


def implementations(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """For each label, the names that implement it and the places of their cells."""
    found = defaultdict(list)
    for notebook in sorted(folder.glob("*.ipynb")):
        for source in exported(notebook):
            for name, definition, docstring in documented(source):
                for label in labels_of(docstring):
                    found[label].append((name, place(notebook.stem, definition)))
    return dict(found)


def place(chapter: str, name: str) -> str:
    """The identifier of the cell that defines a name, in its chapter's page."""
    return nodes.make_id(f"code-{chapter[3:]}-{name}")


def reference(domain: str, kind: str, target: str, text: str) -> nodes.Element:
    """A link that Sphinx resolves once all pages are read."""
    return addnodes.pending_xref(
        text,
        nodes.inline(text, text),
        refdomain=domain,
        reftype=kind,
        reftarget=target,
        refexplicit=domain == "std",
        refwarn=True,
    )


def to_statement(label: str) -> nodes.Element:
    if label.startswith("eq-"):
        return reference("math", "eq", label, label)
    return reference("prf", "ref", label, label)


def line(kind: str, begin: str, links: list[nodes.Element]) -> nodes.paragraph:
    paragraph = nodes.paragraph(classes=[kind])
    paragraph += nodes.Text(begin)
    for n, link in enumerate(links):
        paragraph += [nodes.Text(", "), link] if n else [link]
    return paragraph


def link_code(app: Sphinx, doctree: nodes.document) -> None:
    chapter = app.env.docname.rpartition("/")[2]
    add_sources_to_cells(app, doctree, chapter)
    add_code_to_statements(app, doctree)


def add_sources_to_cells(app: Sphinx, doctree: nodes.document, chapter: str) -> None:
    """Give each cell that the package ships an identifier, and links to its sources."""
    places = app.env.get_domain("std").anonlabels
    for cell in list(doctree.findall(nodes.container)):
        if "exported" not in cell["classes"]:
            continue
        block = next(iter(cell.findall(nodes.literal_block)))
        sources: list[str] = []
        for name, definition, docstring in documented(block.astext()):
            if name == definition:
                where = place(chapter, name)
                cell["ids"].append(where)
                places[where] = (app.env.docname, where)
            sources += labels_of(docstring)
        if links := [to_statement(label) for label in dict.fromkeys(sources)]:
            cell += line("from-statement", "From ", links)


def add_code_to_statements(app: Sphinx, doctree: nodes.document) -> None:
    """Name below each statement the functions that implement it."""
    for node in list(doctree.findall(nodes.Element)):
        label, inside = statement(node)
        if not (code := app.implementations.get(label)):
            continue
        own = [statement(part)[0] for part in node.findall(nodes.math_block)]
        if inside and code in map(app.implementations.get, own):
            continue  # it is said below the equation already
        links = [reference("std", "ref", where, name) for name, where in code]
        below = line("in-code", "In code: ", links)
        if inside:
            node += below
        else:
            node.parent.insert(node.parent.index(node) + 1, below)


def statement(node: nodes.Element) -> tuple[str, bool]:
    """The label of an equation or a theorem, and whether links go inside of it."""
    if isinstance(node, nodes.math_block):
        return node.get("label") or "", False
    if type(node).__module__ == "sphinx_proof.nodes":
        return (node["ids"] or [""])[0], True
    return "", False


def read_chapters(app: Sphinx) -> None:
    app.implementations = implementations(Path(app.srcdir) / "chapters")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", read_chapters)
    app.connect("doctree-read", link_code, priority=600)  # cells are marked by then
    return {"parallel_read_safe": True, "parallel_write_safe": True}
