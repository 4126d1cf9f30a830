"""What a chapter's cells say of their place in the lesson, by their tags.

core, further : on the cell of a section's heading. The directive chapter-map lists the
sections with these marks. check : the page shows the last printed line of the cell,
and folds the rest.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

PATHS = ("core", "further")
MAP = re.compile(r"^:::\{chapter-map\}\n:::$", re.MULTILINE)
HEADING = re.compile(
    r"^(?:\((?P<label>[\w:.-]+)\)= *\n+)?## (?P<title>.+)$", re.MULTILINE
)
CODE = re.compile(r"^(```+|~~~+).*?^\1", re.MULTILINE | re.DOTALL)
# What a reader does not see without a click.
FOLDED = {"hide-input", "hide-cell", "remove-cell", "remove-input", "check"}
log = logging.getLogger(__name__)


@dataclass
class Section:
    """A section of a chapter: its label, title and path, and its cells.

    path : "core", "further", or "" where the heading's cell has neither tag.
    """

    label: str
    title: str
    path: str
    cells: list[dict]

    def words(self) -> int:
        """The words of its text, formulas and the lines of tables left out."""
        prose = [source_of(c) for c in self.cells if c["cell_type"] == "markdown"]
        text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " ", "\n".join(prose), flags=re.DOTALL)
        lines = [
            s for s in text.split("\n") if not re.match(r"\||:::|:\w+:|\(.*\)=$", s)
        ]
        return len(" ".join(lines).split())

    def open_lines(self) -> int:
        """The lines of code that are in sight."""
        return sum(
            len([line for line in source_of(cell).split("\n") if line.strip()])
            for cell in self.cells
            if cell["cell_type"] == "code" and not FOLDED & tags_of(cell)
        )


def source_of(cell: dict) -> str:
    return "".join(cell["source"])


def tags_of(cell: dict) -> set[str]:
    return {*cell["metadata"].get("tags", [])}


def sections_of(notebook: dict) -> list[Section]:
    """The sections of a notebook. Raises ValueError for a tag that stands elsewhere."""
    found: list[Section] = []
    for cell in notebook["cells"]:
        paths = [path for path in PATHS if path in tags_of(cell)]
        headings = []
        if cell["cell_type"] == "markdown":
            headings = list(HEADING.finditer(CODE.sub("", source_of(cell))))
        if len(paths) > len(headings) or len(headings) > 1 and paths:
            start = source_of(cell)[:60]
            raise ValueError(
                "core and further are for a cell with one heading of a section, and "
                f"one of them: {start!r}"
            )
        for heading in headings:
            path = paths[0] if paths else ""
            label = heading["label"] or ""
            found.append(Section(label, heading["title"], path, []))
        if found:
            found[-1].cells.append(cell)
    return found


def map_of(sections: list[Section]) -> Iterator[str]:
    """The lines of the map of a chapter: its sections, each with its path."""
    if not any(section.path for section in sections):
        raise ValueError("no section of this chapter has the tag core or further")
    yield "| section | path |"
    yield "|---|---|"
    for section in sections:
        if section.path and not section.label:
            raise ValueError(f"the section {section.title!r} needs a label")
        if section.path:
            yield f"| {{ref}}`{section.label}` | {section.path} |"


def list_of(sections: list[Section]) -> Iterator[str]:
    """The same for a notebook, where no label is resolved."""
    for section in sections:
        if section.path:
            yield f"- {section.title} ({section.path})"


class ChapterMap(SphinxDirective):
    """A table of this chapter's sections, each marked core or further."""

    def run(self) -> list[nodes.Node]:
        try:
            lines = list(map_of(sections_of(read(self.env.doc2path(self.env.docname)))))
        except ValueError as trouble:
            raise self.error(str(trouble)) from None
        return self.parse_text_to_nodes("\n".join(lines))


def read(notebook: str) -> dict:
    return json.loads(Path(notebook).read_text(encoding="utf-8"))


def mark_sections(app: Sphinx, doctree: nodes.document) -> None:
    """Give each section of a chapter the class of its path, core or further."""
    source = app.env.doc2path(app.env.docname)
    if not source.endswith(".ipynb"):
        return
    try:
        paths = {s.label: s.path for s in sections_of(read(source)) if s.path}
    except ValueError as trouble:
        log.warning("%s: %s", app.env.docname, trouble)
        return
    for section in doctree.findall(nodes.section):
        for name in section["names"]:
            if path := paths.get(name):
                section["classes"].append(path)


def last_line(cell: nodes.Element) -> str:
    printed = [
        line.strip()
        for block in cell.findall(nodes.literal_block)
        if {"output", "stream"} & {*block["classes"]}
        and "stderr" not in block["classes"]
        for line in block.astext().split("\n")
        if line.strip()
    ]
    return printed[-1] if printed else ""


def fold_checks(app: Sphinx, doctree: nodes.document) -> None:
    """Show of a cell that checks the last line that it printed, and fold the rest."""
    for cell in list(doctree.findall(nodes.container)):
        if "tag_check" not in cell.get("classes", []):
            continue
        line = last_line(cell)
        if not line:
            log.warning(
                "a cell tagged check must print what was checked", location=cell
            )
        said = line if line.startswith("Checked") else f"Checked: {line}"
        summary = f"<summary>{html.escape(said)}</summary>"
        place = cell.parent.index(cell)
        cell.parent[place:place] = [
            nodes.raw("", f'<details class="check">{summary}', format="html")
        ]
        cell.parent.insert(
            cell.parent.index(cell) + 1, nodes.raw("", "</details>", format="html")
        )


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("chapter-map", ChapterMap)
    app.connect("doctree-read", mark_sections)
    app.connect("doctree-read", fold_checks, priority=800)  # links to code are there
    return {"parallel_read_safe": True, "parallel_write_safe": True}
