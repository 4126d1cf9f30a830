"""Put Python into the pages: the scripts, the snapshot, the book's modules, the cells.

Pyodide itself and its wheels are those that JupyterLite serves, in lite/static/pyodide.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
import zipfile
from itertools import pairwise
from pathlib import Path

import offline
from browser_python import CannotAssemble, lean
from page_cells import PACKAGE, ROOT, SECONDS, cells_of, number_cells, wheels_of_modules
from page_python.needs import Chapter

FRONTEND = ROOT / "frontend"
ESBUILD = ROOT / "node_modules" / "esbuild" / "bin" / "esbuild"
# What the modules import of others and is small.
BUNDLED = ("jaxtyping",)
LONG = 1.0  # seconds from which a page is told how long a cell takes
# What is sent before the first result, beside what this makes.
CORE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
SNAPSHOT = 6_700_000  # bytes, about: those of two builds differ a little
COMPRESSED = {".mjs": 0.3, ".wasm": 0.37}  # of its bytes, as web servers send it
# The pages without cells that show what a reader's browser keeps.
KEEPERS = ("book/exercises", "book/how_to_read")
CELL = re.compile(r'<div class="cell ')
ADDED = re.compile("<!-- page -->.*?<!-- /page -->", re.DOTALL)
NO_MODULES = (
    '<script nomodule>document.querySelector(".bd-article h1").insertAdjacentHTML('
    '"afterend", "<p>Python cannot run in this browser: it is too old. '
    'The page can be read as it is.</p>")</script>'
)


def bundle(folder: Path, *names: str) -> None:
    """Scripts and styles of the pages, in the folder."""
    entries = [FRONTEND / "src" / name for name in names]
    options = ["--bundle", "--minify", "--format=esm", "--target=es2022"]
    command = [ESBUILD, *entries, *options, f"--outdir={folder}", "--log-level=warning"]
    subprocess.run([str(part) for part in command], check=True)


def draw_still(piece: Path, target: Path) -> None:
    """Draw the first picture of a live piece by its front end, as an SVG file."""
    style = FRONTEND / "src" / "live" / "live.css"
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "still.mjs"
        options = ["--bundle", "--platform=node", "--format=esm"]
        command = [ESBUILD, FRONTEND / "src/live/still.tsx", *options]
        subprocess.run(
            [*map(str, command), f"--outfile={program}", "--log-level=warning"],
            check=True,
        )
        files = [piece / "first.scene", piece / "spec.json", style]
        drawn = subprocess.run(
            ["node", str(program), *map(str, files)], check=True, capture_output=True
        )
    target.write_bytes(drawn.stdout)


def sources() -> dict[str, bytes]:
    """The modules of the page's Python, by their places in its site-packages."""
    found = {}
    for file in sorted(PACKAGE.rglob("*")):
        is_kept = file.suffix in (".py", ".json") or file.name == "SHA256SUMS"
        if is_kept and "__pycache__" not in file.parts:
            found[file.relative_to(PACKAGE.parent).as_posix()] = file.read_bytes()
    python = FRONTEND / "python"
    for file in sorted(python.rglob("*.py")):
        place = file.relative_to(python).as_posix().removeprefix("stand_ins/")
        found[place] = file.read_bytes()
    return found


def zip_modules(pyodide: Path, work: Path, target: Path) -> None:
    """The modules, compiled by the Python that loads them, in one zip.

    With the small libraries that all of them import, but for what we stand in for.
    """
    archive = work / "book.zip"
    with zipfile.ZipFile(archive, "w") as book:
        for place, content in sources().items():
            book.writestr(zipfile.ZipInfo(place), content)
    wheels = [next(pyodide.glob(f"{name}-*.whl")) for name in BUNDLED]
    modules: set[str] = set()
    with zipfile.ZipFile(target, "w") as book:
        for part in [*lean([archive], work), *wheels]:
            with zipfile.ZipFile(part) as content:
                for place in content.namelist():
                    module = place.removesuffix("c").removesuffix(".py")
                    if module in modules:
                        continue
                    modules.add(module)
                    entry = zipfile.ZipInfo(place)
                    book.writestr(entry, content.read(place), zipfile.ZIP_DEFLATED, 9)


def make_snapshot(pyodide: Path, file: Path) -> None:
    command = ["node", str(ROOT / "tools/snapshot.mjs"), str(pyodide), str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise CannotAssemble(f"no snapshot of Python: {done.stderr[-500:]}")


def assemble_page_python(pyodide: Path, folder: Path) -> None:
    """Make anew what the worker loads beside Pyodide, whole or not at all.

    Raises CannotAssemble if it cannot be made.
    """
    with tempfile.TemporaryDirectory(dir=folder.parent) as place:
        made, work = Path(place) / "made", Path(place) / "work"
        made.mkdir()
        work.mkdir()
        zip_modules(pyodide, work, made / "book.zip")
        make_snapshot(pyodide, made / "python.bin.gz")
        shutil.rmtree(folder, ignore_errors=True)
        made.replace(folder)


def bytes_of_start(pyodide: Path, made: Path) -> int:
    """About what is sent until the first result."""
    files = [pyodide / name for name in CORE]
    files += [made / "book.zip", *pyodide.glob("numpy-*.whl")]
    sizes = (f.stat().st_size * COMPRESSED.get(f.suffix, 1) for f in files)
    return SNAPSHOT + int(sum(sizes))


def wheels_in(pyodide: Path) -> dict[str, tuple[str, int]]:
    """The wheels that cells may take: the names of their files, and their sizes."""
    lock = json.loads((pyodide / "pyodide-lock.json").read_text(encoding="utf-8"))
    wheels = {w for needed in wheels_of_modules().values() for w in needed}
    files = {name: lock["packages"][name]["file_name"] for name in sorted(wheels)}
    return {n: (file, (pyodide / file).stat().st_size) for n, file in files.items()}


def seconds_of(page: str) -> dict[str, float]:
    """How long the cells of a page take in a browser, as measured last."""
    known = json.loads(SECONDS.read_text()) if SECONDS.exists() else {}
    return known.get(page, {})


def place_weights(build: Path, names: list[str]) -> dict[str, dict[str, str]]:
    """Put weights that a notebook keeps into the site; their sums and where they are.

    That is told as the way from the worker that fetches them.
    """
    folder = build / "html" / "_static" / "weights"
    folder.mkdir(exist_ok=True)
    placed = {}
    for name in names:
        content = (build / "frames" / name / "weights.npz").read_bytes()
        total = hashlib.sha256(content).hexdigest()
        file = f"{name}-{total[:8]}.npz"
        (folder / file).write_bytes(content)
        placed[name] = {"address": f"../weights/{file}", "sha256": total}
    return placed


def add_page_python(book: Path, build: Path, kept: dict[Path, list[str]]) -> None:
    """Give the pages of notebooks their scripts, and their cells Python.

    kept : for each notebook the names of the weights that it keeps. The script goes
    to the pages as well that show what a reader's browser keeps.
    """
    site, made = build / "html", build / "page"
    pyodide = site / "lite" / "static" / "pyodide"
    target = site / "_static" / "page"
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    bundle(target, "page.ts", "worker.ts", "editor.ts", "page.css")
    has_python = made.exists() and pyodide.exists()
    if has_python:
        shutil.copytree(made, target, dirs_exist_ok=True)
        sizes = {name: size for name, (_, size) in wheels_in(pyodide).items()}
        start = bytes_of_start(pyodide, made)
    shutil.rmtree(site / "_static" / "weights", ignore_errors=True)
    for notebook, names in kept.items():
        name = notebook.relative_to(book).with_suffix("").as_posix()
        page = site / f"{name}.html"
        if not page.exists():
            continue
        text = number(ADDED.sub("", page.read_text(encoding="utf-8")), notebook)
        tags = [style_and_script(name)]
        if has_python:
            cells = cells_of(notebook) | {"seconds": seconds_of(name), "sizes": sizes}
            if names:
                cells["weights"] = place_weights(build, names)
            dense = json.dumps(
                cells, ensure_ascii=False, sort_keys=True, separators=(",", ":")
            )
            (site / f"{name}.cells.json").write_text(dense, encoding="utf-8")
            tags.append(facts(name, cells, start))
            tags.append(NO_MODULES)
        add(page, text, tags)
    for name in KEEPERS:
        page = site / f"{name}.html"
        if page.exists():
            text = ADDED.sub("", page.read_text(encoding="utf-8"))
            add(page, text, [style_and_script(name)])


def add_offline(site: Path) -> None:
    """Put the worker that answers without a network into a site that is finished."""
    with tempfile.TemporaryDirectory() as folder:
        bundle(Path(folder), "offline_worker.ts")
        shutil.copy(Path(folder) / "offline_worker.js", site / offline.WORKER)
    pyodide = site / offline.PYODIDE
    wheels = (
        [file for file, _ in wheels_in(pyodide).values()] if pyodide.exists() else []
    )
    offline.write_list(site, wheels, SNAPSHOT)


def add(page: Path, text: str, tags: list[str]) -> None:
    """Write a page with these tags at its end."""
    added = f"<!-- page -->{''.join(tags)}<!-- /page -->"
    page.write_text(text.replace("</body>", f"{added}</body>"), encoding="utf-8")


def root_of(page: str) -> str:
    return "../" * page.count("/")


def style_and_script(page: str) -> str:
    place = f"{root_of(page)}_static/page/page"
    return (
        f'<link rel="stylesheet" href="{place}.css">'
        f'<script type="module" src="{place}.js"></script>'
    )


EXERCISE = re.compile(r'check\("(?P<number>[\d.]+)", (?P<answer>answer_\w+)\)')


def exercises(cells: list[dict]) -> dict[str, list[str]]:
    """For each exercise the cell of its answer and the one that checks it."""
    found = {}
    for answer, checks in pairwise(cells):
        call = EXERCISE.fullmatch(checks["source"])
        if call and answer["source"].startswith(f"{call['answer']} = "):
            found[call["number"]] = [answer["id"], checks["id"]]
    return found


def hash_of(source: str) -> str:
    """A short mark of a source: another one after a change."""
    return hashlib.sha256(source.encode()).hexdigest()[:8]


def facts(page: str, cells: dict, start: int) -> str:
    """What a page knows of its cells before Python is there."""
    chapter = Chapter(json.loads(json.dumps(cells)))
    known = {
        "cells": [
            [cell.id, hash_of(cell.source), chapter.uses(k)]
            for k, cell in enumerate(chapter.cells)
        ],
        "exercises": exercises(cells["cells"]),
        "page": page,
        "root": root_of(page) or "./",
        "bytes": start,
        "blocked": {c["id"]: c["blocked"] for c in cells["cells"] if "blocked" in c},
        "seconds": {k: s for k, s in cells["seconds"].items() if s >= LONG},
    }
    dense = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    text = dense.replace("<", "\\u003c")
    return f'<script type="application/json" id="page-facts">{text}</script>'


def number(text: str, notebook: Path) -> str:
    """The page with the name of each cell at its place."""
    if "data-cell=" in text:
        return text
    names = [name for name, _ in number_cells(notebook)]
    if len(CELL.findall(text)) != len(names):
        raise RuntimeError(f"{notebook.name}: its page has other cells than itself")
    following = iter(names)
    return CELL.sub(lambda _: f'<div data-cell="{next(following)}" class="cell ', text)
