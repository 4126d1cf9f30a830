"""Run the tests of a notebook, unless they have passed on the same cells and code.

usage: passed.py NOTEBOOK TESTS COMMAND

TESTS : the file of its module's unit tests, "" for none. What its text says in Markdown
plays no part.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from build_book import ROOT, digest, sum_of_cells
from cell_slices import code_cells
from code_digest import digest_of_code

# What the tests run in.
AROUND = [
    "pyproject.toml",
    "tests/conftest.py",
    "tests/notebooks/sanitize.cfg",
    "tests/notebooks/guard/*",
]
KEPT = ROOT / "_build" / "passed"


WHERE = ("TUTORIAL_DEVICE", "TUTORIAL_BUDGET")


def sum_of(notebook: Path, tests: str, command: str) -> str:
    """The sum of a notebook's cells and outputs, its tests, and the code of both.

    With the command, and with what the environment says of where it runs.
    """
    texts = [Path(tests).read_text(encoding="utf-8")] if tests else []
    kept = [[c["outputs"], c["metadata"]] for c in code_cells(notebook)]
    parts = (
        sum_of_cells(notebook),
        digest_of_code(texts),
        digest(AROUND),
        json.dumps(kept, sort_keys=True),
        repr([command, *(os.environ.get(name) for name in WHERE)]),
    )
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def main(notebook: str, tests: str, command: str) -> int:
    stamp = KEPT / f"{Path(notebook).stem}.sha256"
    now = sum_of(Path(notebook), tests, command)
    if stamp.exists() and stamp.read_text() == now:
        print(f"{notebook}: its cells and their code are as they passed")
        return 0
    status = subprocess.run(command, shell=True, executable="/bin/bash").returncode
    if status == 0:
        KEPT.mkdir(parents=True, exist_ok=True)
        stamp.write_text(now)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
