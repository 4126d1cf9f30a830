"""A chapter as readers open it elsewhere: what else only the site makes is in it."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "book" / "_ext"))
from drawings import embedded  # noqa: E402
from lessons import MAP, list_of, sections_of  # noqa: E402


class Unpublishable(ValueError):
    """A chapter that cannot be published as it is; the message names it."""


def read_published(chapter: Path) -> dict:
    """The notebook of a chapter, with its drawings and its map in its cells.

    Raises Unpublishable for a drawing or a path that is wrong.
    """
    try:
        return _published(json.loads(chapter.read_text(encoding="utf-8")), chapter)
    except (ValueError, OSError) as trouble:
        raise Unpublishable(f"{chapter.name}: {trouble}") from None


def _published(notebook: dict, chapter: Path) -> dict:
    result = copy.deepcopy(notebook)
    for cell in result["cells"]:
        if cell["cell_type"] != "markdown":
            continue
        source = "".join(cell["source"])
        text = embedded(source, chapter.parent)
        if MAP.search(text):
            lines = "\n".join(list_of(sections_of(notebook)))
            text = MAP.sub(lambda _, lines=lines: lines, text)
        if text != source:
            cell["source"] = text
    return result
