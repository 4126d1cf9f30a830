"""The first code cell of each chapter, which fetches the book where it is missing."""

import json
import subprocess
import sys

import nbformat
import pytest

REPOSITORY, COMMIT = "https://github.com/somebody/fork", "0123456789abcdef"


@pytest.fixture
def branch(root, monkeypatch):
    monkeypatch.syspath_prepend(root / "tools")
    import notebooks_branch

    return notebooks_branch


def first_code_cell(path) -> nbformat.NotebookNode:
    cells = nbformat.read(path, as_version=4).cells
    return next(cell for cell in cells if cell.cell_type == "code")


def test_it_is_the_same_in_all_and_not_on_the_page(chapter, branch):
    cell = first_code_cell(chapter)
    assert cell.source == branch.FIRST_CELL
    assert cell.metadata["tags"] == ["remove-cell"]


def test_publishing_stamps_all_chapters_and_changes_no_other_code(
    branch, root, tmp_path
):
    branch.write(tmp_path, REPOSITORY, COMMIT)
    chapters = sorted((root / "chapters").glob("*.ipynb"))
    written = sorted((tmp_path / "chapters").glob("*.ipynb"))
    assert [path.name for path in written] == [path.name for path in chapters]
    from published_notebook import read_published as published

    for before, after in zip(chapters, written, strict=True):
        line = f'REPOSITORY, COMMIT = "{REPOSITORY}", "{COMMIT}"'
        assert line in first_code_cell(after).source
        back = after.read_text().replace(
            json.dumps(line)[1:-1], json.dumps(branch.BLANK)[1:-1]
        )
        as_read = nbformat.reads(back, as_version=4)
        assert as_read == nbformat.reads(json.dumps(published(before)), 4)
        own = nbformat.read(before, as_version=4).cells
        assert code_of(as_read.cells) == code_of(own), "code cells are as they were"


def code_of(cells: list) -> list:
    return [cell for cell in cells if cell.cell_type == "code"]


def test_a_chapter_without_that_cell_is_not_published(branch):
    other = {"cells": [{"cell_type": "code", "source": ["import numpy"]}]}
    with pytest.raises(ValueError, match="not the one that fetches the book"):
        branch.stamped(other, REPOSITORY, COMMIT)


def run(code: str, folder, *options: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *options, "-c", code],
        cwd=folder,
        capture_output=True,
        text=True,
    )


NO_COMMANDS = """
import subprocess
def refuse(*arguments, **options):
    raise AssertionError(f"it ran {arguments}")
subprocess.run = refuse
"""


def test_it_does_nothing_where_the_package_is(branch, tmp_path):
    stamped = branch.FIRST_CELL.replace('"", ""', f'"{REPOSITORY}", "{COMMIT}"')
    for source in (branch.FIRST_CELL, stamped):
        before = f"import os\n{NO_COMMANDS}\nbefore = os.getcwd()\n"
        done = run(f"{before}{source}\nassert os.getcwd() == before", tmp_path)
        assert done.returncode == 0, done.stderr
        assert list(tmp_path.iterdir()) == []


def test_it_says_what_to_do_where_it_cannot_fetch(branch, tmp_path):
    done = run(NO_COMMANDS + branch.FIRST_CELL, tmp_path, "-I", "-S")
    assert done.returncode != 0
    assert "ModuleNotFoundError: tutorial_utils is not installed" in done.stderr
    assert "make book" in done.stderr


COLAB = """
import sys, types
calls = []
for name in ("google", "google.colab", "google.colab.output"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["google.colab.output"].enable_custom_widget_manager = lambda: calls.append(
    "enabled"
)
"""


def test_it_lets_colab_show_widgets(branch, tmp_path):
    asserted = '\nassert calls == ["enabled"]'
    done = run(COLAB + branch.FIRST_CELL + asserted, tmp_path)
    assert done.returncode == 0, done.stderr
