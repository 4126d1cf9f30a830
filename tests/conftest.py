"""Where things are."""

import re
from pathlib import Path

import pytest
from hypothesis import settings

from tutorial_utils import contracts

# A busy machine is slow, not wrong.
settings.register_profile("book", deadline=None, max_examples=40)
settings.load_profile("book")

# What a contracted function returns is compared with its annotation, here only.
contracts.check_results = True

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = "02_neural_networks"
FRAMES = "03_training"  # the example of a chapter with pictures in frames


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test once for every notebook of the kind that it asks for.

    chapter : a chapter. any_notebook : a chapter, or a page of the book with cells.
    framed : a chapter with widgets whose pictures are frames. one_chapter and
    one_framed : one in every run, the others for a release.
    """
    chapters = sorted((ROOT / "chapters").glob("*.ipynb"))
    framed = [
        path
        for path in chapters
        if re.search(r"\bexplore\(\\n", path.read_text(encoding="utf-8"))
    ]
    later = pytest.mark.release
    kinds = {
        "chapter": chapters,
        "any_notebook": [*chapters, *sorted((ROOT / "book").glob("*.ipynb"))],
        "one_chapter": [
            pytest.param(path, marks=() if path.stem == EXAMPLE else later)
            for path in chapters
        ],
        "framed": framed,
        "one_framed": [
            pytest.param(path, marks=() if path.stem == FRAMES else later)
            for path in framed
        ],
    }
    for kind, notebooks in kinds.items():
        if kind in metafunc.fixturenames:
            metafunc.parametrize(kind, notebooks, ids=lambda path: path.stem)
