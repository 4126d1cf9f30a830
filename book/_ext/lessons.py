"""What a chapter's cells say of their place in the lesson, by their tags.

core, further : on the cell of a section's heading. The directive chapter-map lists the
sections with these marks. part : on the heading of the section that begins the next
part of a chapter; the lines of chapter-map are the names of its parts. check : the page
shows the last printed line of the cell, and folds the rest.
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
MAP = re.compile(r"^:::\{chapter-map\}\n(?P<parts>.*?)^:::$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(
    r"^(?:\((?P<label>[\w:.-]+)\)= *\n+)?## (?P<title>.+)$", re.MULTILINE
)
CODE = re.compile(r"^(```+|~~~+).*?^\1", re.MULTILINE | re.DOTALL)
# What a reader does not see without a click.
FOLDED = {"hide-input", "hide-cell", "remove-cell", "remove-input", "check"}
log = logging.getLogger(__name__)


FOLDED_TEXT = re.compile(
    r"^:::\{[^\n]*\n(?::[^\n]*\n)*?:class: dropdown\n.*?^:::$", re.DOTALL | re.MULTILINE
)


@dataclass
class Section:
    """A section of a chapter: its label, title, path and part, and its cells.

    path : "core", "further", or "" where the heading's cell has neither tag. part :
    from 1.
    """

    label: str
    title: str
    path: str
    part: int
    cells: list[dict]

    def words(self) -> int:
        """The words of its text; not formulas, tables and what is folded."""
        prose = [source_of(c) for c in self.cells if c["cell_type"] == "markdown"]
        text = FOLDED_TEXT.sub(" ", "\n".join(prose))
        text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " ", text, flags=re.DOTALL)
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
    part = 1
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
        if "part" in tags_of(cell):
            if not paths:
                raise ValueError(f"a part must begin with a path: {source_of(cell)!r}")
            part += 1
        for heading in headings:
            path = paths[0] if paths else ""
            label = heading["label"] or ""
            found.append(Section(label, heading["title"], path, part, []))
        if found:
            found[-1].cells.append(cell)
    return found


def parts_of(
    sections: list[Section], names: list[str]
) -> Iterator[tuple[str, list[Section]]]:
    """Each part of a chapter with its heading and its sections that have a path.

    names : of the parts; none for a chapter in one part, whose heading is empty.
    """
    with_path = [section for section in sections if section.path]
    if not with_path:
        raise ValueError("no section of this chapter has the tag core or further")
    n_parts = with_path[-1].part
    if n_parts != max(len(names), 1):
        raise ValueError(f"{n_parts} parts of the chapter must have as many names")
    for number in range(1, n_parts + 1):
        heading = f"**Part {number}: {names[number - 1]}**" if names else ""
        yield heading, [section for section in with_path if section.part == number]


def map_of(sections: list[Section], names: list[str]) -> Iterator[str]:
    """The lines of the map of a chapter: its sections, each with its path."""
    for heading, own in parts_of(sections, names):
        yield from (["", heading, ""] if heading else [])
        yield "| section | path |"
        yield "|---|---|"
        for section in own:
            if not section.label:
                raise ValueError(f"the section {section.title!r} needs a label")
            yield f"| {{ref}}`{section.label}` | {section.path} |"


def list_of(sections: list[Section], names: list[str]) -> Iterator[str]:
    """The same for a notebook, where no label is resolved."""
    for heading, own in parts_of(sections, names):
        yield from (["", heading, ""] if heading else [])
        for section in own:
            yield f"- {section.title} ({section.path})"


class ChapterMap(SphinxDirective):
    """A table of this chapter's sections, each marked core or further.

    Its lines are the names of the chapter's parts, if it has several.
    """

    has_content = True

    def run(self) -> list[nodes.Node]:
        try:
            sections = sections_of(read(self.env.doc2path(self.env.docname)))
            lines = list(map_of(sections, [line for line in self.content if line]))
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
