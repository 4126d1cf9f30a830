"""Bundle the front end of live pieces into the package, for notebooks.

usage: front_end.py [FOLDER]     (default: the package's own folder)
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "frontend" / "src" / "live"
PACKAGE = ROOT / "src" / "tutorial_utils" / "live"
ESBUILD = ROOT / "node_modules" / "esbuild" / "bin" / "esbuild"


def bundle(folder: Path) -> None:
    """Write live.js and live.css into a folder."""
    for source, target in (("widget.ts", "live.js"), ("live.css", "live.css")):
        options = ["--bundle", "--minify", "--format=esm", "--target=es2022"]
        command = [ESBUILD, SOURCES / source, *options, f"--outfile={folder / target}"]
        subprocess.run([*map(str, command), "--log-level=warning"], check=True)


if __name__ == "__main__":
    bundle(Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE)
