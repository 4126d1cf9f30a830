"""A chapter as readers open it elsewhere: in plain Markdown, its drawings in it.

usage: published_notebook.py NOTEBOOK...     (each is overwritten, as Binder shows it)
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

from notebook_markup import Converter, folded_in_colab, plain_cells

sys.path.append(str(Path(__file__).resolve().parents[1] / "book" / "_ext"))
from drawings import picture_address  # noqa: E402
from lessons import MAP, list_of, sections_of  # noqa: E402


class Unpublishable(ValueError):
    """A chapter that cannot be published as it is; the message names it."""


def read_published(
    chapter: Path, change: Callable[[dict], dict] = lambda notebook: notebook
) -> dict:
    """The notebook of a chapter, for any program that shows notebooks.

    change : made to it before its markup goes. Raises Unpublishable.
    """
    try:
        return _published(
            json.loads(chapter.read_text(encoding="utf-8")), chapter, change
        )
    except (ValueError, OSError) as trouble:
        raise Unpublishable(f"{chapter.name}: {trouble}") from None


def _published(notebook: dict, chapter: Path, change: Callable[[dict], dict]) -> dict:
    convert = Converter(chapter, lambda path: picture_address(chapter.parent / path))
    made = change(notebook)
    made = made | {"cells": plain_cells(made["cells"], convert)}
    for cell in made["cells"]:
        if cell["cell_type"] == "markdown" and (found := MAP.search(cell["source"])):
            names = found["parts"].split("\n")
            lines = list_of(sections_of(notebook), [name for name in names if name])
            start, end = found.span()
            before, after = cell["source"][:start], cell["source"][end:]
            cell["source"] = before + "\n".join(lines) + after
    return made | {"metadata": folded_in_colab(made)}


if __name__ == "__main__":
    made = {Path(path): read_published(Path(path)) for path in sys.argv[1:]}
    for path, notebook in made.items():
        text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
        path.write_text(text, encoding="utf-8")
