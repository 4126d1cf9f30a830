"""Two directives that list what the chapters hold: widget-index and exercise-index.

Both read the notebooks, so that a page of them can neither lack nor invent an entry.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

SECTION = re.compile(r"^\(([\w-]+)\)=\n+#{1,3} (.+)$", re.MULTILINE)
WIDGETS = ("explore", "live")
WIDGET = re.compile(r"\b(?:explore|live)\(")
EXERCISE = re.compile(
    r"^:::\{exercise\} *(?P<title>.*)\n:label: (?P<label>[\w-]+)$", re.MULTILINE
)


def cells(notebook: Path) -> Iterator[tuple[str, str, str]]:
    """Kind and source of each cell, and the label of the section that it stands in."""
    section = ""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and (found := SECTION.findall(source)):
            section = found[-1][0]
        yield cell["cell_type"], source, section


def title_of(notebook: Path) -> str:
    return next(cells(notebook))[1].split("\n")[0].removeprefix("# ")


def widgets(notebook: Path) -> Iterator[tuple[str, str, list[str], bool]]:
    """Name, section, labels of the knobs, and whether it is live, of each widget."""
    for kind, source, section in cells(notebook):
        if kind != "code" or not WIDGET.search(source):
            continue
        tree = ast.parse(source)
        named = {
            ast.unparse(assign.targets[0]): assign.value
            for assign in tree.body
            if isinstance(assign, ast.Assign)
        }
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and ast.unparse(call.func) in WIDGETS:
                given = [
                    (k.arg, named.get(ast.unparse(k.value), k.value))
                    for k in call.keywords
                ]
                labels = [
                    label_of(argument, knob)
                    for argument, knob in given
                    if isinstance(knob, ast.Call)
                ]
                is_live = ast.unparse(call.func) == "live"
                yield ast.literal_eval(call.args[0]), section, labels, is_live


def label_of(argument: str | None, knob: ast.Call) -> str:
    """The label of a knob, or what a helper's knobs, given by **, are called."""
    if argument is None:
        return ast.unparse(knob.func).replace("_", " ")
    return ast.literal_eval(knob.args[0])


def exercises(notebook: Path) -> Iterator[tuple[str, str]]:
    """Label and title of each exercise of a chapter."""
    for kind, source, _ in cells(notebook):
        if kind == "markdown":
            for found in EXERCISE.finditer(source):
                yield found["label"], found["title"]


class ChapterIndex(SphinxDirective):
    """A heading for each chapter, and below it a line for each thing it holds."""

    def lines(self, notebook: Path) -> Iterator[str]:
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        text = []
        folder = Path(self.env.srcdir) / "chapters"
        for number, notebook in enumerate(sorted(folder.glob("*.ipynb")), start=1):
            self.env.note_dependency(str(notebook))
            link = f"{{doc}}`{title_of(notebook)} </chapters/{notebook.stem}>`"
            text += ["", f"**Chapter {number}:** {link}", "", *self.lines(notebook)]
        return self.parse_text_to_nodes("\n".join(text))


class WidgetIndex(ChapterIndex):
    def lines(self, notebook: Path) -> Iterator[str]:
        for name, section, labels, is_live in widgets(notebook):
            knobs = "; ".join(labels)
            kind = " (live)" if is_live else ""
            yield f"- {{ref}}`{section}`: {name.replace('-', ' ')}{kind}, with {knobs}"


class ExerciseIndex(ChapterIndex):
    def lines(self, notebook: Path) -> Iterator[str]:
        for label, title in exercises(notebook):
            number = label.removeprefix("exercise-").replace("-", ".")
            yield f"- {{ref}}`{number} <{label}>`: {title}"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("widget-index", WidgetIndex)
    app.add_directive("exercise-index", ExerciseIndex)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
