"""Copy the browser files of the site into book/_assets/vendor.

They come from node_modules, by lock file.
"""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NODE_MODULES = ROOT / "node_modules"
MATHJAX = NODE_MODULES / "mathjax" / "es5"
VENDOR = ROOT / "book" / "_assets" / "vendor"

PARTS = {
    "mathjax/tex-mml-chtml.js": MATHJAX / "tex-mml-chtml.js",
    "mathjax/output/chtml/fonts/woff-v2": MATHJAX / "output/chtml/fonts/woff-v2",
    "mathjax/input/tex/extensions": MATHJAX / "input/tex/extensions",
    "mathjax/a11y": MATHJAX / "a11y",
    "mathjax/sre": MATHJAX / "sre",
}


def vendor() -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    for target, source in PARTS.items():
        place = VENDOR / target
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, place)


if __name__ == "__main__":
    vendor()
