"""Write the notebooks for the branch that Colab opens: stamped with their commit.

usage: notebooks_branch.py FOLDER

Each chapter begins with the same cell, which fetches the book where its package is
missing. Here its two empty strings become the repository and the commit.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from published_notebook import read_published

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "book" / "_ext"))
from provenance import git, repository_url  # noqa: E402

FIRST_CELL = """\
# Colab lacks the book's package: fetch the book, as of the commit of this notebook.
import importlib.util
import os
import subprocess
import sys

REPOSITORY, COMMIT = "", ""  # written when the notebooks are published
BOOK = "shallow-tutorial"
if importlib.util.find_spec("tutorial_utils") is None:
    if not REPOSITORY:
        raise ModuleNotFoundError(
            "tutorial_utils is not installed. In Colab, open the notebook by the "
            "button on its page; elsewhere, run make book and use its .venv."
        )
    for command in (
        ["git", "init", "-q", BOOK],
        ["git", "-C", BOOK, "fetch", "-q", "--depth=1", REPOSITORY, COMMIT],
        ["git", "-C", BOOK, "checkout", "-q", "FETCH_HEAD"],
        [sys.executable, "-m", "pip", "install", "-q", f"./{BOOK}[chapters]"],
    ):
        subprocess.run(command, check=True)
    importlib.invalidate_caches()
if os.path.isdir(f"{BOOK}/chapters"):
    os.chdir(f"{BOOK}/chapters")
if "google.colab" in sys.modules:
    colab_output = importlib.import_module("google.colab.output")
    colab_output.enable_custom_widget_manager()"""
BLANK = 'REPOSITORY, COMMIT = "", ""'


def stamped(notebook: dict, repository: str, commit: str) -> dict:
    """The notebook, its first code cell with the address and commit of its package.

    Raises ValueError if that cell is not the one that all chapters share.
    """
    first = next(c for c in notebook["cells"] if c["cell_type"] == "code")
    if "".join(first["source"]) != FIRST_CELL:
        raise ValueError("the first code cell is not the one that fetches the book")
    filled = f'REPOSITORY, COMMIT = "{repository}", "{commit}"'
    first["source"] = FIRST_CELL.replace(BLANK, filled)
    return notebook


def write(folder: Path, repository: str, commit: str) -> None:
    """Write the chapters, stamped, and a few words about them into the folder."""
    (folder / "chapters").mkdir(parents=True, exist_ok=True)
    for chapter in sorted((ROOT / "chapters").glob("*.ipynb")):
        notebook = read_published(chapter)
        text = json.dumps(stamped(notebook, repository, commit), ensure_ascii=False)
        (folder / "chapters" / chapter.name).write_text(text + "\n", encoding="utf-8")
    for name in ("LICENSE", "LICENSE-TEXT"):
        shutil.copy(ROOT / name, folder)
    (folder / "README.md").write_text(
        f"The chapters of {repository} for Colab, as of commit {commit}. "
        "Written when the site is published; edit the notebooks on the branch main.\n"
    )


if __name__ == "__main__":
    address = repository_url()
    if address is None:
        sys.exit("the repository's address is not known: set GITHUB_REPOSITORY")
    if git("status", "--porcelain"):
        sys.exit("there are changes that no commit has: commit them first")
    write(Path(sys.argv[1]), address, git("rev-parse", "HEAD"))
