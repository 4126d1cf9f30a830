"""Ask a live piece of a chapter in this Python, as a page asks its own.

usage: ask_piece.py NOTEBOOK CELL QUESTIONS      (JSON; prints the frames as JSON)
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / place) for place in ("tools", "frontend/python", "tests")]

from live_frames import unpacked  # noqa: E402
from page_cells import cells_of  # noqa: E402
from page_python.needs import Chapter  # noqa: E402
from page_python.session import NeedsMore, Session  # noqa: E402

from tutorial_utils.live import weights  # noqa: E402

WEIGHTS = ROOT / "_build" / "html" / "_static" / "weights"


def use_the_weights_of_the_page() -> None:
    """What a page fetches instead of training it, from the built site."""
    kept = {
        file.stem.rpartition("-")[0]: {
            "address": str(file),
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        }
        for file in WEIGHTS.glob("*.npz")
    }
    os.environ["TUTORIAL_WEIGHTS"] = json.dumps(kept)
    weights.fetched = lambda address: Path(address).read_bytes()


class Asked:
    """A chapter whose piece is asked with the names that its cell had."""

    def __init__(self, notebook: Path, cell: str) -> None:
        self.session = Session(Chapter(json.loads(json.dumps(cells_of(notebook)))))
        k = self.session.chapter.at[cell]
        while not self.runs(k):
            pass
        [self.name] = self.session.environments

    def runs(self, k: int) -> bool:
        """Run a cell and what it needs; False if it needs more than was known."""
        try:
            for j, names in self.session.plan(k):
                if not self.session.run(j, names):
                    raise SystemExit("a cell stopped")
        except NeedsMore:
            return False
        return True

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        return unpacked(self.session.ask_piece(self.name, question))


if __name__ == "__main__":
    notebook, cell, questions = sys.argv[1:]
    use_the_weights_of_the_page()
    asked = Asked(Path(notebook), cell)
    frames = [asked.ask(question) for question in json.loads(questions)]
    print(json.dumps(frames, default=lambda array: array.ravel().tolist()))
