"""Copy the browser files of the site into book/_assets/vendor.

They come from node_modules (by lock file) and from the installed anywidget.
"""

from __future__ import annotations

import shutil
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NODE_MODULES = ROOT / "node_modules"
MATHJAX = NODE_MODULES / "mathjax" / "es5"
MANAGER = NODE_MODULES / "@jupyter-widgets" / "html-manager" / "dist"
ANYWIDGET = Path(str(resources.files("anywidget")))
VENDOR = ROOT / "book" / "_assets" / "vendor"

PARTS = {
    "mathjax/tex-mml-chtml.js": MATHJAX / "tex-mml-chtml.js",
    "mathjax/output/chtml/fonts/woff-v2": MATHJAX / "output/chtml/fonts/woff-v2",
    "mathjax/input/tex/extensions": MATHJAX / "input/tex/extensions",
    "mathjax/a11y": MATHJAX / "a11y",
    "mathjax/sre": MATHJAX / "sre",
    "requirejs/require.js": NODE_MODULES / "requirejs" / "require.js",
    "html-manager/dist/embed-amd.js": MANAGER / "embed-amd.js",
    "anywidget/index.js": ANYWIDGET / "nbextension" / "index.js",
}


def vendor() -> None:
    shutil.rmtree(VENDOR, ignore_errors=True)
    fonts = {f"html-manager/dist/{font.name}": font for font in MANAGER.glob("*.woff2")}
    for target, source in (PARTS | fonts).items():
        place = VENDOR / target
        place.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, place)


if __name__ == "__main__":
    vendor()
