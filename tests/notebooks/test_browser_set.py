"""Each chapter with what the reader's browser has: its libraries and its budgets.

The cells tagged not-in-browser are left out, and imports are refused but for the
browser's set, what that imports itself, and the standard library.
"""

import ast
import json
import os
import subprocess
import sys
from importlib.metadata import packages_distributions

import nbformat
import pytest

# In a Python of its own: what another test has imported would not be refused.
PROGRAM = """
import json
import sys
from importlib.metadata import packages_distributions

# With what these need on this machine, though not in the browser.
import anywidget
import matplotlib.pyplot
import sklearn

packages, cells = json.load(sys.stdin)
there = {name.partition(".")[0] for name in sys.modules} | sys.stdlib_module_names
for module, distributions in packages_distributions().items():
    if {name.lower().replace("_", "-") for name in distributions} & {*packages}:
        there.add(module)


class Refuse:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in there:
            raise ModuleNotFoundError(f"the browser has no {name}", name=name)


sys.meta_path.insert(0, Refuse)
namespace = {"__name__": "__main__"}
for source in cells:
    exec(compile(source, source[:60], "exec"), namespace)
"""


@pytest.fixture
def packages(root, monkeypatch) -> list[str]:
    monkeypatch.syspath_prepend(root / "tools")
    from browser_python import COMPILED, pinned

    return ["tutorial-utils", *COMPILED, *(name for name, _, _ in pinned())]


@pytest.fixture
def run(packages):
    """Run cells with the browser's packages and budgets."""

    def run(*cells: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", PROGRAM],
            input=json.dumps([packages, cells]),
            env=os.environ | {"TUTORIAL_BUDGET": "browser", "MPLBACKEND": "agg"},
            capture_output=True,
            text=True,
            timeout=600,
        )

    return run


def cells_for_browser(chapter) -> list[str]:
    return [
        cell.source
        for cell in nbformat.read(chapter, as_version=4).cells
        if cell.cell_type == "code"
        and "not-in-browser" not in cell.metadata.get("tags", [])
    ]


def imported(source: str) -> set[str]:
    """The names of the packages that a cell asks for itself."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.name for alias in aliases}
            case ast.ImportFrom(module=str(module), level=0):
                names.add(module)
    return {name.partition(".")[0] for name in names}


def modules_of(packages: list[str]) -> set[str]:
    found = packages_distributions().items()
    return {
        module
        for module, distributions in found
        if {name.lower().replace("_", "-") for name in distributions} & {*packages}
    }


# A run of all cells. The pages' tests run them too, with this machine's libraries.
@pytest.mark.release
def test_a_chapter_runs_without_what_the_browser_lacks(chapter, run):
    done = run(*cells_for_browser(chapter))
    assert done.returncode == 0, done.stderr[-3000:]


def test_a_chapter_asks_for_nothing_that_the_browser_lacks(chapter, packages):
    """Not even for what its libraries happen to bring along on this machine."""
    there = modules_of(packages) | sys.stdlib_module_names
    asked = set().union(*map(imported, cells_for_browser(chapter)))
    assert asked <= there
    assert not {"fontTools", "psutil", "torch"} & there


@pytest.mark.parametrize("missing", ["torch", "quadprog", "entmax", "nbformat"])
def test_what_the_browser_lacks_is_refused(run, missing):
    done = run("import contourpy, json, numpy.linalg", f"import {missing}")
    assert done.returncode != 0
    assert f"the browser has no {missing}" in done.stderr


def test_the_budgets_are_the_browsers(run):
    check = (
        "from tutorial_utils.runtime import budget\nassert budget(9, browser=2) == 2"
    )
    assert run(check).returncode == 0
