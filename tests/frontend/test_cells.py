"""What the build tells the pages of their cells."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from page_cells import (
    cells_of,
    for_reader,
    imports_at_top,
    modules,
    number_cells,
    wheels_of_modules,
)
from page_python.needs import Chapter

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted((ROOT / "chapters").glob("*.ipynb")),
    ROOT / "book/corrections.ipynb",
    ROOT / "book/introduction.md",
]
pages = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)


@cache
def facts(page: Path) -> dict:
    return json.loads(json.dumps(cells_of(page)))


def reads(cell) -> set[str]:
    return {name for one in cell.statements for name in (*one.reads, *one.later)}


def makes_whole(cell) -> set[str]:
    return {name for one in cell.statements for name in one.whole}


@pages
def test_every_name_that_a_cell_reads_is_made_before(page):
    """No linter sees names that are missing across the cells of a notebook."""
    chapter = Chapter(facts(page))
    unknown = {}
    for k, cell in enumerate(chapter.cells):
        before = set().union(*chapter.makes[: k + 1])
        at_once = {name for one in cell.statements for name in one.reads}
        later = reads(cell) - at_once
        missing = (at_once - before) | (later - set().union(*chapter.makes))
        if missing:
            unknown[cell.id] = sorted(missing)
    assert unknown == {}


@pages
def test_what_the_browser_cannot_run_changes_nothing_for_what_it_can(page):
    """Such a cell may not draw from a generator that a later cell uses, say."""
    chapter = Chapter(facts(page))
    faults = []
    for k, cell in enumerate(chapter.cells):
        if not cell.blocked:
            continue
        changed = {n for one in cell.statements for n in chapter.changes[id(one)]}
        generators = {
            n for c in chapter.cells for s in c.statements for n in s.generators
        }
        for name in changed & generators:
            for later in chapter.cells[k + 1 :]:
                if not later.blocked and name in makes_whole(later):
                    break
                if not later.blocked and name in reads(later):
                    faults.append((cell.id, name, later.id))
                    break
    assert faults == []


@pages
def test_cells_without_python_name_what_they_lack(page):
    for cell in facts(page)["cells"]:
        if "blocked" in cell:
            libraries = set(cell["blocked"].split(" and "))
            assert libraries <= {"torch", "entmax", "quadprog", "sacrebleu"}, cell["id"]
            assert libraries


@pages
def test_lines_are_those_that_the_reader_sees(page):
    for cell in facts(page)["cells"]:
        lines = cell["source"].split("\n")
        assert not [line for line in lines if line.startswith("#|")]
        for one in cell["statements"]:
            first, last = one["lines"]
            assert 1 <= first <= last <= len(lines)
            assert lines[first - 1].strip()


def test_lines_of_nbdev_are_left_out():
    assert for_reader("#| default_exp a\n#| export\nimport b") == "import b"


def test_cells_that_a_page_leaves_out_are_not_counted():
    page = PAGES[0]
    numbered = dict(number_cells(page))
    assert "fetch-the-book" not in numbered
    assert [cell["id"] for cell in facts(page)["cells"]] == [*numbered]
    assert [cell["id"] for cell in facts(PAGES[-1])["cells"]] == ["1", "2", "3", "4"]


def test_wheels_of_the_books_modules():
    wheels = wheels_of_modules()
    assert wheels["tutorial_utils.neural_networks"] == ["numpy"]
    assert "matplotlib" in wheels["tutorial_utils.plotting"]
    assert {"numpy", "scipy"} <= set(wheels["scipy"])
    assert "scipy" not in wheels["tutorial_utils.linear_classifiers"]


def test_imports_of_a_module_in_a_package_of_the_package():
    files = dict(modules())
    name = "tutorial_utils.exercises.chapter_2"
    found = imports_at_top(name, files[name])
    assert {"numpy", "tutorial_utils.neural_networks"} <= found
    assert "tutorial_utils.exercises.checking" in found


def test_every_wheel_that_a_page_may_need_is_served():
    lock = ROOT / "_build/html/lite/static/pyodide/pyodide-lock.json"
    if not lock.exists():
        pytest.skip("the site was built without Python for the reader's browser")
    served = json.loads(lock.read_text())["packages"]
    assert {w for wheels in wheels_of_modules().values() for w in wheels} <= set(served)


def test_the_times_that_are_kept_are_of_cells_that_are_there():
    kept = json.loads((ROOT / "frontend/seconds.json").read_text())
    names = {page.relative_to(ROOT).with_suffix("").as_posix(): page for page in PAGES}
    assert set(kept) <= set(names)
    for name, times in kept.items():
        there = {cell["id"] for cell in facts(names[name])["cells"]}
        assert set(times) <= there, "make bench measures them anew"


# State that belongs to no name: whoever changes it changes cells that do not say so.
HIDDEN = re.compile(
    r"\bnp\.random\.(?!default_rng|Generator|SeedSequence|BitGenerator|PCG64)\w+"
    r"|\bset_printoptions\b|\bnp\.seterr\b|\brandom\.seed\b"
    r"|\bfrom [\w.]+ import \*|^\s*global "
    r"|\bplt\.rcParams\[[^\]]*\] =",
    re.MULTILINE,
)


@pages
def test_no_cell_changes_what_no_name_tells(page):
    found = {
        cell["id"]: HIDDEN.findall(cell["source"]) for cell in facts(page)["cells"]
    }
    assert {name: what for name, what in found.items() if what} == {}
