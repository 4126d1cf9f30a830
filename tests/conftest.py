"""Where things are."""

from pathlib import Path

import pytest
from hypothesis import settings

from tutorial_utils import contracts

# A busy machine is slow, not wrong.
settings.register_profile("book", deadline=None)
settings.load_profile("book")

# What a contracted function returns is compared with its annotation, here only.
contracts.check_results = True

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for `chapter` once for every chapter's notebook."""
    if "chapter" in metafunc.fixturenames:
        chapters = sorted((ROOT / "chapters").glob("*.ipynb"))
        metafunc.parametrize("chapter", chapters, ids=lambda path: path.stem)
