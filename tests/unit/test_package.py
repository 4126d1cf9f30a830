"""The package as a whole."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    ["tutorial_utils", "tutorial_utils.linear_classifiers", "tutorial_utils.plotting"],
)
def test_import_is_light(module):
    code = (
        f"import sys, {module}; heavy = {{'torch', 'matplotlib.pyplot', 'sklearn'}};"
        "print(sorted(heavy & set(sys.modules)))"
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
