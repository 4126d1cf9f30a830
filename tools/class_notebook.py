"""A chapter's notebook for use in class: without hints and solutions."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

from published_notebook import read_published

HINT = re.compile(r"^:::\{hint\}.*?^:::$\n*", re.MULTILINE | re.DOTALL)


def for_class(notebook: dict) -> dict:
    """The notebook without its hints, and without the cells of its solutions."""
    result = copy.deepcopy(notebook)
    result["cells"] = []
    inside_solution = False
    for cell in copy.deepcopy(notebook["cells"]):
        source = "".join(cell["source"])
        inside_solution |= ":::{solution-start}" in source
        if not inside_solution:
            if cell["cell_type"] == "markdown":
                cell["source"] = HINT.sub("", source).strip()
            result["cells"].append(cell)
        if ":::{solution-end}" in source:
            inside_solution = False
    return result


def write_for_class(chapter: Path, folder: Path) -> None:
    """Write the class copy of a chapter into the folder, as <chapter>_class.ipynb."""
    notebook = read_published(chapter, for_class)
    text = json.dumps(notebook, ensure_ascii=False, indent=1) + "\n"
    (folder / f"{chapter.stem}_class.ipynb").write_text(text, encoding="utf-8")
