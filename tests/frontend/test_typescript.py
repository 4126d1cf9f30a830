"""The scripts of the pages: their types, and their own tests, in Node."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FRONTEND = ROOT / "frontend"


def run(*command: object, cwd: Path = ROOT) -> None:
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_types():
    run(ROOT / "node_modules/.bin/tsc", "-p", FRONTEND)


def test_units(tmp_path):
    tests = sorted((FRONTEND / "tests").glob("*.test.ts"))
    assert len(tests) >= 2
    options = [
        "--bundle",
        "--platform=node",
        "--format=esm",
        "--out-extension:.js=.mjs",
    ]
    run(
        ROOT / "node_modules/.bin/esbuild",
        *tests,
        *options,
        "--log-level=warning",
        f"--outdir={tmp_path}",
    )
    run("node", "--test", *sorted(tmp_path.glob("*.mjs")))


def test_the_packages_front_end_is_that_of_the_sources(tmp_path):
    run(sys.executable, ROOT / "tools" / "front_end.py", tmp_path)
    for name in ("live.js", "live.css"):
        shipped = ROOT / "src" / "tutorial_utils" / "live" / name
        fresh = (tmp_path / name).read_bytes()
        assert shipped.read_bytes() == fresh, f"{name} is stale: make front-end"
