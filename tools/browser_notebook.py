"""A chapter's notebook for the reader's browser: what cannot run there is a note."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path

from published_notebook import read_published

sys.path.append(str(Path(__file__).resolve().parents[1] / "book" / "_ext"))
from provenance import colab_url  # noqa: E402

NOT_IN_BROWSER = "not-in-browser"


def note(chapter: str, repository: str | None) -> str:
    """What stands in the place of a cell that the browser cannot run."""
    url = colab_url(repository, chapter)
    colab = f"[Colab]({url})" if url else "Colab"
    return (
        "*Here the chapter has a cell that needs a library which Python in the browser "
        f"lacks. It runs in {colab} and on your own machine; nothing below needs it.*"
    )


def for_browser(notebook: dict, chapter: str, repository: str | None) -> dict:
    """The notebook with a note for each cell tagged not-in-browser.

    chapter : its file's name. repository : its address on GitHub, None if not known.
    """
    result = copy.deepcopy(notebook)
    for cell in result["cells"]:
        if NOT_IN_BROWSER in cell["metadata"].get("tags", []):
            kept = {"id": cell["id"], "metadata": cell["metadata"]}
            cell.clear()
            cell |= kept | {
                "cell_type": "markdown",
                "source": note(chapter, repository),
            }
    return result


def write_for_browser(chapter: Path, folder: Path, repository: str | None) -> None:
    """Write the browser's copy of a chapter into the folder, under the same name."""
    notebook = read_published(chapter)
    copied = for_browser(notebook, chapter.name, repository)
    text = json.dumps(copied, ensure_ascii=False, indent=1) + "\n"
    (folder / chapter.name).write_text(text, encoding="utf-8")
