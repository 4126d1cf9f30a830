"""The list of the files that a reader's browser keeps, to read without a network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

LIST = "offline.json"
WORKER = "offline.js"
PYODIDE = "lite/static/pyodide"
SNAPSHOT = "/python.bin.gz"
# What a site holds that its pages do not ask for.
LEFT_OUT = (".buildinfo", "objects.inv", ".nojekyll", LIST, WORKER)


def files_of(site: Path, wheels: list[str]) -> Iterator[str]:
    """All files of a site; of JupyterLite's those that the Python of a page takes.

    wheels : the names of the files of the wheels.
    """
    of_python = {f"{PYODIDE}/{name}" for name in wheels}
    for file in sorted(site.rglob("*")):
        place = file.relative_to(site).as_posix()
        if not file.is_file() or file.name in LEFT_OUT:
            continue
        is_kept = (
            not place.startswith("lite/")
            or place in of_python
            or (place.startswith(f"{PYODIDE}/") and not place.endswith(".whl"))
            or place.startswith("lite/files/data/")
        )
        if is_kept:
            yield place


def write_list(site: Path, wheels: list[str], snapshot_bytes: int) -> None:
    """Write the list, each file with its size and sum, as the site now is.

    snapshot_bytes : about those of the snapshot. It differs from build to build, but
    the list does not: its mark stands for what it is made from, and is no sum.
    """
    files = []
    for place in files_of(site, wheels):
        content = (site / place).read_bytes()
        files.append([place, len(content), hashlib.sha256(content).hexdigest()])
    core = [
        sum_ for place, _, sum_ in files if place.startswith(f"{PYODIDE}/pyodide.asm")
    ]
    mark = "from " + hashlib.sha256("".join(core).encode()).hexdigest()[:16]
    for entry in files:
        if entry[0].endswith(SNAPSHOT):
            entry[1:] = [snapshot_bytes, mark]
    (site / LIST).write_text(json.dumps({"files": files}), encoding="utf-8")
