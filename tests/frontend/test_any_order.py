"""Every cell that a page runs prints what the page shows, in any order of running.

Natively, with the loops as short as in a browser. The order is another in every run;
its seed is printed. Cells that take long run alone; `make test-release` runs all pages
in all orders.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted((ROOT / "chapters").glob("*.ipynb")),
    ROOT / "book/corrections.ipynb",
    ROOT / "book/introduction.md",
]
EXAMPLE = "02_neural_networks"  # the others' cells are edited for a release
# In every run; the others for a release.
SOME = {EXAMPLE, "05_convolutional_networks", "08_generative_models", "corrections"}
SOME |= {"introduction"}
pages = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)


def run(page: Path, *options: str) -> dict:
    program = Path(__file__).with_name("orders.py")
    done = subprocess.run(
        [sys.executable, str(program), str(page), *options],
        cwd=page.parent,
        env=os.environ | {"TUTORIAL_BUDGET": "browser", "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
        timeout=3600,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=() if page.stem in SOME else pytest.mark.release)
        for page in PAGES
    ],
    ids=lambda path: path.stem,
)
def test_alone_and_backwards_or_at_random(page):
    seed = random.SystemRandom().randrange(1_000_000)
    print(f"{page.stem}: seed {seed}")
    result = run(page, str(seed))
    assert result["faults"] == []
    assert result["cells"] > 3
    again = set(result["again"]) & set(result["stored"])
    assert result["compared"] == len(result["stored"]) + len(again)
    assert len(result["again"]) > result["cells"] / 2


@pytest.mark.release
@pages
def test_the_long_ones_in_all_orders(page):
    result = run(page, str(random.SystemRandom().randrange(1_000_000)), "all")
    assert result["faults"] == []
    assert result["compared"] == 3 * len(result["stored"])


@pytest.mark.release
@pages
def test_each_in_a_fresh_process(page):
    result = run(page, "0", "fresh")
    assert result["faults"] == []
    assert result["compared"] == len(result["stored"])


@pytest.mark.parametrize(
    "page",
    [
        pytest.param(page, marks=() if page.stem == EXAMPLE else pytest.mark.release)
        for page in PAGES
    ],
    ids=lambda path: path.stem,
)
def test_with_every_exported_cell_edited(page):
    result = run(page, "0", "edited")
    assert result["faults"] == []
    assert result["compared"] == len(result["stored"])
