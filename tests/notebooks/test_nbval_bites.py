"""A changed number and a raised error in a chapter make its test fail."""

import re
import subprocess
from pathlib import Path

import nbformat
import pytest


def first_checked(notebook: nbformat.NotebookNode) -> int:
    return next(
        n
        for n, cell in enumerate(notebook.cells)
        if "nbval-check-output" in cell.metadata.get("tags", [])
    )


@pytest.fixture
def beginning(root, tmp_path) -> tuple[Path, nbformat.NotebookNode, int]:
    """A copy of chapter 1 up to its first checked output, and that cell's place."""
    chapter = root / "chapters" / "01_linear_classifiers.ipynb"
    notebook = nbformat.read(chapter, as_version=4)
    place = first_checked(notebook)
    notebook.cells = notebook.cells[: place + 1]
    return tmp_path / chapter.name, notebook, place


def nbval(path: Path, notebook: nbformat.NotebookNode, root: Path) -> tuple[int, str]:
    nbformat.write(notebook, path)
    command = ["pytest", "--nbval-lax", "-q", "-p", "no:cacheprovider", "-c"]
    done = subprocess.run(
        [*command, root / "pyproject.toml", "--rootdir", path.parent, path],
        cwd=root,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_an_unchanged_copy_passes_and_no_cell_is_lost(beginning, root):
    path, notebook, _ = beginning
    status, output = nbval(path, notebook, root)
    n_code = sum(cell.cell_type == "code" for cell in notebook.cells)
    assert status == 0, output
    assert f"{n_code} passed" in output


def test_a_changed_number_fails(beginning, root):
    path, notebook, place = beginning
    stored = notebook.cells[place].outputs[0]
    stored.text, n = re.subn(
        r"\d", lambda digit: str(9 - int(digit[0])), stored.text, count=1
    )
    assert n == 1, "choose an output with a number"
    status, output = nbval(path, notebook, root)
    assert status == 1
    assert "mismatch" in output


def test_a_raised_error_fails(beginning, root):
    path, notebook, place = beginning
    notebook.cells[place].source += "\nraise RuntimeError('planted')"
    status, output = nbval(path, notebook, root)
    assert status == 1
    assert "RuntimeError" in output
    assert "planted" in output
