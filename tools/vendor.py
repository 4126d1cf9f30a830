"""Copy the browser files of the site from node_modules into book/_assets/vendor."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MATHJAX = ROOT / "node_modules" / "mathjax" / "es5"
VENDOR = ROOT / "book" / "_assets" / "vendor"

MATHJAX_PARTS = [
    "tex-mml-chtml.js",
    "output/chtml/fonts/woff-v2",
    "input/tex/extensions",
    "a11y",
    "sre",
]


def vendor() -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    for part in MATHJAX_PARTS:
        source, target = MATHJAX / part, VENDOR / "mathjax" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, target)


if __name__ == "__main__":
    vendor()
