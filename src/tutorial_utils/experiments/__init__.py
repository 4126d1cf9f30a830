"""The tables of experiments that take longer than a chapter: `make experiments`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def load(name: str) -> dict[str, Any]:
    """The table of an experiment: its `results`, and how they came about.

    `command` made it, with the `seeds`, with these `versions`, from code with the sum
    `code`. Raises ValueError if there is no such table.
    """
    known = sorted(path.stem for path in HERE.glob("*.json"))
    if name not in known:
        raise ValueError(f"name must be one of {', '.join(known)}, got {name!r}")
    return json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
