"""The scripts of the pages: their types, and their own tests, in Node."""

import subprocess
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
