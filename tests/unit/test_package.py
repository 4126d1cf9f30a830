"""The package as a whole."""

import subprocess
import sys
from pathlib import Path

import pytest

MODULES = sorted(
    path.stem
    for path in (Path(__file__).parents[2] / "src/tutorial_utils").glob("*.py")
)


@pytest.mark.parametrize("module", MODULES)
def test_import_is_light(module):
    """A reader's browser loads NumPy and the book, and the rest when it is used."""
    heavy = {"torch", "matplotlib.pyplot", "sklearn", "scipy"}
    code = (
        f"import sys, tutorial_utils.{module};print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_import_takes_at_most_half_a_second():
    code = (
        "import time; start = time.process_time(); import tutorial_utils;"
        "print(time.process_time() - start)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        for _ in range(3)
    ]
    assert min(float(run.stdout) for run in runs) < 0.5
