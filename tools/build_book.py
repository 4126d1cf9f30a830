"""Execute the chapters and build the site. Warnings and failing cells are errors.

usage: build_book.py [FOLDER]     (with _config.yml and _toc.yml; default: the book)
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import yaml
from browser_python import CannotAssemble, assemble, write_notebooks
from check_machine import GIGABYTES_TO_BUILD, trouble_with_space
from class_notebook import write_for_class
from code_digest import digest_of_code
from content_policy import add_policy
from execute_chapter import read as read_notebook
from icons import draw_icons
from jupyter_cache import get_cache
from page_scripts import (
    add_offline,
    add_page_python,
    assemble_page_python,
    draw_still,
)
from published_notebook import Unpublishable, read_published
from tqdm import tqdm
from vendor import vendor
from without_scripts import add_first_pictures

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "book" / "_ext"))
from provenance import built_from, fill_footers, repository_url  # noqa: E402

# What all outputs depend on, besides their own cells and the code that these use; what
# the pages do.
SURROUNDINGS = ["requirements.txt", "src/tutorial_utils/data/*", "examples/*.py"]
CODE = ["src/tutorial_utils/**/*", "requirements.txt"]
ALL_TOOLS = [
    *CODE,
    "tools/*",
    "examples/*",
    "frontend/**/*",
    "package-lock.json",
    "pyproject.toml",
]
ALL_PAGES = [
    *("*.yml", "chapters/**/*", "book/*", "book/_ext/*", "book/_assets/*"),
    "book/_assets/[!v]*/*",  # all but what is vendored
]
ASSEMBLED_FROM = [
    *CODE,
    "pyproject.toml",
    "package-lock.json",
    "tools/browser_*",
    "tools/lean_wheels.mjs",
]
PAGE_PYTHON_FROM = [
    "src/tutorial_utils/**/*.py",
    "src/tutorial_utils/experiments/*",
    "src/tutorial_utils/data/SHA256SUMS",
    "frontend/python/**/*.py",
    "package-lock.json",
    "tools/lean_wheels.mjs",
    "tools/page_*.py",
    "tools/snapshot.mjs",
]
SETTINGS = [
    "_config.yml",
    "_toc.yml",
    "package-lock.json",
    "book/_ext/*.py",
    "book/_assets/[!v]*/*",  # all but what is vendored
    "book/_assets/*.svg",
    "tools/content_policy.py",
    "tools/icons.py",
    "tools/without_scripts.py",
    "book/glossary.md",  # the chapters link to its terms
    "_build/lite/jupyter-lite.json",  # there or not: the chapters have a button for it
]


def is_by_product(path: Path) -> bool:
    """Whether a program leaves this file behind: nbdev, Python, Jupyter, an editor."""
    hidden = any(part.startswith((".", "__pycache__")) for part in path.parts)
    left = path.name.startswith("#") or path.name.endswith(("~", ".pyc"))
    return hidden or left or path.name == "_modidx.py"


def digest(patterns: list[str], folder: Path | None = None) -> str:
    """One sum over this Python and over the names and contents of files.

    folder : where they are; by default the book's own.
    """
    folder = folder or ROOT
    total = hashlib.sha256(sys.version.encode())
    for path in sorted(path for pattern in patterns for path in folder.glob(pattern)):
        name = path.relative_to(folder)
        if path.is_file() and not is_by_product(name):
            total.update(name.as_posix().encode())
            total.update(path.read_bytes())
    return total.hexdigest()


def sum_of_all(book: Path) -> str:
    """The sum of whatever a build of this book could depend on."""
    return digest(ALL_TOOLS) + digest(ALL_PAGES, book) + built_from()


def forget(build: Path, *names: str) -> None:
    """Remove files and folders, if they are there."""
    for name in names:
        if (build / name).is_file():
            (build / name).unlink()
        shutil.rmtree(build / name, ignore_errors=True)


def forget_if_changed(key: Path, patterns: list[str], *folders: str) -> bool:
    """Remove the folders beside the file key if its digest is no longer that of now.

    The new digest is kept last: a build that is cut short forgets again.
    """
    new = digest(patterns)
    if key.exists() and key.read_text() == new:
        return False
    forget(key.parent, *folders)
    key.write_text(new)
    return True


# Jupyter Book's own has no title, no language and no icon, for which browsers then ask.
FRONT_DOOR = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Deep Learning: A Shallow Tutorial</title>
<link rel="icon" href="data:,">
<meta http-equiv="refresh" content="0; url=book/index.html">
</head>
<body><main><h1><a href="book/index.html">To the book</a></h1></main></body>
</html>
"""


TABLE = re.compile(r"""experiments\.load\(\s*["'](\w+)["']""")
WIDGET = re.compile(
    r"""^(?:\w+ = )?(?:explore|live)\(\s*["']([\w-]+)["']""", re.MULTILINE
)
WIDGET_CALL = re.compile(r"\b(?:explore|live)\(")
TRAINED = re.compile(r"""\btrained\(\s*["']([\w-]+)["']""")
MAX_FRAMES = 240
MAX_FRAME_BYTES = 2_000_000
MAX_FIRST_BYTES = 60_000
MAX_LIVE_LINES = 40


def place_frames(book: Path) -> bool:
    """Put each widget's pictures beside its page; False if one is over its budget."""
    fits = True
    for chapter in notebooks_of(book):
        page = chapter.relative_to(book).with_suffix("")
        for source in sources_in(chapter):
            names = WIDGET.findall(source)
            if len(names) != len(WIDGET_CALL.findall(source)):
                print(f'{chapter.name}: a widget is a statement: explore("name", ...')
                fits = False
            for name in names:
                frames = book / "_build/frames" / name
                report = json.loads((frames / "report.json").read_text())
                target = book / "_build/html" / page / name
                shutil.rmtree(target, ignore_errors=True)
                if "live" in report:
                    troubles = place_piece(frames, report, source, target)
                else:
                    troubles = place_pictures(frames, report, target)
                print(f"widget {chapter.stem}/{name}: {told(report)}")
                for trouble in troubles:
                    print(f"  over its budget by {trouble}")
                fits = fits and not troubles
    return fits


def told(report: dict) -> str:
    """A widget's report in words."""
    if "live" in report:
        return (
            f"live, {report['bytes'] / 1e3:.1f} kB, {report['seconds']:.2f} s to the "
            f"first picture, {report['view_ms']:.1f} ms a picture"
        )
    per_frame = 1000 * report["seconds"] / report["frames"]
    return (
        f"{report['frames']} frames, {report['bytes'] / 1e6:.2f} MB, "
        f"{report['seconds']:.1f} s ({per_frame:.0f} ms a frame)"
    )


def place_pictures(frames: Path, report: dict, target: Path) -> list[str]:
    """Put the pictures of `explore` beside its page; what is over its budget."""
    shutil.copytree(frames, target, ignore=shutil.ignore_patterns("report.json"))
    troubles = []
    if (more := report["frames"] - MAX_FRAMES) > 0:
        troubles.append(f"{more} frames")
    if (more := report["bytes"] - MAX_FRAME_BYTES) > 0:
        troubles.append(f"{more / 1e6:.2f} MB")
    return troubles


def place_piece(frames: Path, report: dict, source: str, target: Path) -> list[str]:
    """Put a live piece's first picture beside its page; what is over its budget."""
    target.mkdir(parents=True)
    draw_still(frames, target / "first.svg")
    troubles = []
    if (more := report["bytes"] - MAX_FIRST_BYTES) > 0:
        troubles.append(f"{more / 1e3:.1f} kB in its first picture")
    n_lines = sum(bool(line.strip()) for line in source.splitlines())
    if (more := n_lines - MAX_LIVE_LINES) > 0:
        troubles.append(f"{more} lines of code")
    return troubles


def add_browser_python(build: Path) -> bool:
    """Assemble what runs in the browser; False if it is missing and required.

    Where no more than chapters have changed, their copies alone are written again.
    """
    if (build / "unfinished").exists():
        # What is left of a build that was cut short would be taken for finished.
        forget(build, "html/lite", "lite.sha256", *(p.name for p in build.glob("tmp*")))
    lite = build / "lite"
    is_new = forget_if_changed(
        build / "lite.sha256", ASSEMBLED_FROM, "lite", "html/lite"
    )
    try:
        if is_new or not lite.exists():
            assemble(lite, repository_url())
        else:
            write_notebooks(lite / "files", repository_url())
        is_new = forget_if_changed(build / "page.sha256", PAGE_PYTHON_FROM, "page")
        if is_new or not (build / "page").exists():
            assemble_page_python(lite / "static" / "pyodide", build / "page")
    except CannotAssemble as trouble:
        forget(build, "lite", "lite.sha256", "page", "page.sha256")
        print(f"the site is built without Python for the reader's browser: {trouble}")
        return not os.environ.get("CI")
    return True


def build_book(book: Path) -> int:
    """Build the book in the folder, after any build that is on; return the status."""
    if trouble := trouble_with_space(GIGABYTES_TO_BUILD):
        print(trouble)
        return 1
    build = book / "_build"
    build.mkdir(exist_ok=True)
    # What this starts holds the lock as well: it may outlive this process.
    with (build / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another build is running in this folder: waiting for its end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            return build_alone(book, build, lock.fileno())
        except (OSError, Unpublishable) as error:
            print(f"the build stopped: {error}")
            if trouble := trouble_with_space(GIGABYTES_TO_BUILD / 2):
                print(trouble)
            return 1


def build_alone(book: Path, build: Path, lock: int) -> int:
    start = time.perf_counter()
    built, whole = build / "built.sha256", sum_of_all(book)
    is_there = built.exists() and (build / "html" / "index.html").exists()
    if is_there and built.read_text() == whole:
        print(f"nothing has changed since it was built: {build / 'html/index.html'}")
        return 0
    built.unlink(missing_ok=True)
    if book == ROOT and not add_browser_python(build):
        return 1
    if forget_if_changed(build / "code.sha256", CODE, ".doctrees"):
        print("the package or the pins are new: every page is read")
    if forget_if_changed(build / "settings.sha256", SETTINGS, ".doctrees", "html"):
        print("the settings of the site are new: every page is written")
    # Of a build that was cut short Sphinx would take the pages for finished.
    unfinished = build / "unfinished"
    if unfinished.exists():
        forget(build, ".doctrees", "html")
        if not (build / ".jupyter_cache" / "executed").exists():
            forget(build, ".jupyter_cache")  # its tables may be half made
    unfinished.touch()
    if not (build / "html" / "lite").exists():
        (book / ".jupyterlite.doit.db").unlink(missing_ok=True)
    vendor()
    status = execute_chapters(book, build, lock)
    status = status or run_jupyter_book(book, build, lock)
    if status == 0 and not place_frames(book):
        status = 1
    if status:
        # A page that is read again warns again; one from the cache would pass.
        forget(build, ".doctrees")
        print(f"the build failed (exit status {status}): see the messages above")
        if trouble := trouble_with_space(GIGABYTES_TO_BUILD / 2):
            print(trouble)
        return status
    finish_pages(book, build)
    unfinished.unlink()
    # Where a part of it could not be had, the next build tries again.
    if book != ROOT or (build / "lite").exists():
        built.write_text(whole)
    seconds = time.perf_counter() - start
    print(f"built in {seconds:.0f} s: {build / 'html/index.html'}")
    return 0


def environment(build: Path) -> dict[str, str]:
    return os.environ | {
        # One thread: the chapters' matrices are small; idle threads slow them down.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "TUTORIAL_FRAMES": str(build / "frames"),
        # The pages are those of the CPU, whatever the tests run on.
        "TUTORIAL_DEVICE": "cpu",
        "TUTORIAL_BUDGET": "full",
    }


def notebooks_of(book: Path) -> list[Path]:
    """What has cells to be executed, the long ones first."""
    found = [*book.glob("chapters/*.ipynb"), *book.glob("book/*.ipynb")]
    found.sort(key=lambda path: -path.stat().st_size)
    pages = sorted(book.glob("book/*.md"))
    return found + [p for p in pages if "\n```{code-cell}" in p.read_text("utf-8")]


def sources_in(notebook: Path) -> list[str]:
    """The sources of the code cells of a notebook, or of a page with cells."""
    cells = read_notebook(str(notebook)).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


def surroundings_of(sources: list[str]) -> str:
    """The sum of what cells depend on beside code: pins, data, tables they load."""
    tables = [name for source in sources for name in TABLE.findall(source)]
    paths = [f"src/tutorial_utils/experiments/{name}.json" for name in tables]
    # A statement: a text that stands alone would be taken for a docstring.
    return f"SURROUNDINGS = {digest([*SURROUNDINGS, *paths])!r}"


def frame_keys(notebook: Path) -> dict[str, str]:
    """For each widget and all kept weights the sum of what they depend on.

    That are the cells up to its own, since any of them may change what it draws, and
    the code of the package that they use.
    """
    sources = sources_in(notebook)
    return {
        name: digest_of_code([surroundings_of(sources[:place]), *sources[:place]])
        for place, source in enumerate(sources, start=1)
        for name in [*WIDGET.findall(source), *TRAINED.findall(source)]
    }


def frames_are_kept(build: Path, keys: dict[str, str]) -> bool:
    """Whether the frames that are there are those of these keys."""
    for name, key in keys.items():
        report = build / "frames" / name / "report.json"
        if not report.exists() or json.loads(report.read_text()).get("key") != key:
            return False
    return True


def checkers_of(notebook: Path) -> tuple[str, ...]:
    """The module that checks a chapter's exercises, which no import in it names."""
    number = notebook.stem[:2].lstrip("0")
    exists = (ROOT / f"src/tutorial_utils/exercises/chapter_{number}.py").exists()
    return (f"exercises.chapter_{number}",) if exists else ()


def sum_of_cells(notebook: Path) -> str:
    """The sum of all that the outputs of a notebook depend on."""
    sources = sources_in(notebook)
    front_end = f"EXPLORER = {digest(['src/tutorial_utils/explorer.*'])!r}"
    around = [surroundings_of(sources), front_end]
    return digest_of_code([*around, *sources], checkers_of(notebook))


def execute_chapters(book: Path, build: Path, lock: int) -> int:
    """Execute the notebooks whose outputs are not in the cache, one on each core."""
    cache = get_cache(build / ".jupyter_cache")
    codes, keys, missing = {}, {}, []
    for notebook in notebooks_of(book):
        codes[notebook], keys[notebook] = sum_of_cells(notebook), frame_keys(notebook)
        try:
            record = cache.match_cache_notebook(read_notebook(str(notebook)))
            is_known = record.data.get("code") == codes[notebook]
        except KeyError:
            is_known = False
        if not (is_known and frames_are_kept(build, keys[notebook])):
            missing.append(notebook)
    settings = yaml.safe_load((book / "_config.yml").read_text(encoding="utf-8"))

    def execute(notebook: Path) -> int:
        # Its page is read again, also where the notebook itself did not change.
        page = notebook.relative_to(book).with_suffix(".doctree")
        (build / ".doctrees" / page).unlink(missing_ok=True)
        program = str(ROOT / "tools" / "execute_chapter.py")
        timeout = str(settings["execute"]["timeout"])
        return subprocess.run(
            [
                *(sys.executable, program, str(build / ".jupyter_cache")),
                *(str(notebook), timeout, codes[notebook]),
            ],
            cwd=book,
            env=environment(build)
            | {"TUTORIAL_FRAME_KEYS": json.dumps(keys[notebook])},
            pass_fds=[lock],
        ).returncode

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        statuses = tqdm(
            pool.map(execute, missing), "chapters", len(missing), disable=not missing
        )
        return int(any([*statuses]))  # all of them, to show how far it is


def run_jupyter_book(book: Path, build: Path, lock: int) -> int:
    command = ["jupyter-book", "build", ".", "-W", "--keep-going", "-n"]
    return subprocess.run(
        command, cwd=book, env=environment(build), pass_fds=[lock]
    ).returncode


def finish_pages(book: Path, build: Path) -> None:
    """What the pages get that Sphinx does not write."""
    (build / "html/index.html").write_text(FRONT_DOOR)
    sources = build / "html/_sources"
    for chapter in sorted((book / "chapters").glob("*.ipynb")):
        write_for_class(chapter, sources / "chapters")
    for notebook in sorted(book.glob("[cb]*/*.ipynb")):
        text = json.dumps(read_published(notebook), ensure_ascii=False, indent=1)
        place = sources / notebook.relative_to(book)
        place.write_text(text + "\n", encoding="utf-8")
    if (build / "html/lite").exists():
        shutil.copy(ROOT / "tools/start_afresh.html", build / "html/lite")
    add_first_pictures(build / "html")
    kept = {
        notebook: [n for s in sources_in(notebook) for n in TRAINED.findall(s)]
        for notebook in notebooks_of(book)
    }
    add_page_python(book, build, kept)
    draw_icons(build / "html")
    fill_footers(build / "html")
    add_policy(build / "html")
    add_offline(build / "html")


if __name__ == "__main__":
    sys.exit(build_book(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT).resolve()))
