"""`make chapter` leaves out what has passed on the same cells, and nothing else."""

import functools
from pathlib import Path

import nbformat
import pytest


@pytest.fixture
def passed(root, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(root / "tools")
    import passed

    monkeypatch.setattr(passed, "KEPT", tmp_path / "kept")
    for name in passed.WHERE:
        monkeypatch.delenv(name, raising=False)
    return passed


@pytest.fixture
def write_notebook(tmp_path):
    def write(code="x = 1", text="Text."):
        cells = [nbformat.v4.new_markdown_cell(text, id="a")]
        cells.append(nbformat.v4.new_code_cell(code, id="b"))
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
        return str(tmp_path / "a.ipynb")

    return write


def test_only_what_plays_a_part_runs_the_tests_again(
    passed, write_notebook, tmp_path, monkeypatch
):
    ran = tmp_path / "ran"
    command = f"echo again >> '{ran}'"

    def n_runs():
        return len(ran.read_text().split()) if ran.exists() else 0

    tests = tmp_path / "test_a.py"
    tests.write_text("assert True")
    changes = [
        (lambda: None, 1),
        (lambda: None, 1),
        (lambda: write_notebook(text="Other words."), 1),
        (lambda: write_notebook("x = 2"), 2),
        (lambda: tests.write_text("assert 1"), 3),
        (lambda: monkeypatch.setenv("TUTORIAL_DEVICE", "cuda"), 4),
        (lambda: monkeypatch.setenv("TUTORIAL_BUDGET", "browser"), 5),
        (lambda: None, 5),
    ]
    notebook = write_notebook()
    for change, wanted in changes:
        change()
        assert passed.main(notebook, str(tests), command) == 0
        assert n_runs() == wanted
    assert passed.main(notebook, str(tests), command + "; true") == 0
    assert n_runs() == wanted + 1, "another command"


def test_what_has_failed_runs_again(passed, write_notebook):
    notebook = write_notebook()
    assert passed.main(notebook, "", "exit 3") == 3
    assert passed.main(notebook, "", "exit 3") == 3
    assert passed.main(notebook, "", "true") == 0
    assert passed.main(notebook, "", "exit 3") == 3, "another command"
    assert passed.main(notebook, "", "true") != 3


def test_the_sum_of_a_notebook_counts_pins_data_tables_and_the_front_end(
    root, monkeypatch, write_notebook
):
    monkeypatch.syspath_prepend(root / "tools")
    import build_book

    notebook = Path(write_notebook('import experiments\nexperiments.load("tiny")'))
    asked = []

    def digest(patterns, folder=None, changed=""):
        asked.extend(patterns)
        return f"sum of {patterns}" + ("!" if changed in patterns else "")

    def sums(changed):
        monkeypatch.setattr(
            build_book, "digest", functools.partial(digest, changed=changed)
        )
        return build_book.sum_of_cells(notebook), build_book.surroundings_of(
            build_book.sources_in(notebook)
        )

    before = sums("nothing")
    for changed in (
        "requirements.txt",
        "src/tutorial_utils/data/*",
        "src/tutorial_utils/experiments/tiny.json",
        "src/tutorial_utils/explorer.*",
    ):
        assert changed in asked
        assert sums(changed)[0] != before[0], changed
