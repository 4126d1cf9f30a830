"""Assemble the Python that runs in the reader's browser, for JupyterLite to serve.

usage: browser_python.py FOLDER

Pyodide's core comes from node_modules. Its compiled wheels come from the cache, else
from Pyodide's release, else out of a wheel that carries them, and each must have the
sum that Pyodide's own lock file states. The pure wheels are those of
browser_requirements.txt, the kernel's come with jupyterlite-pyodide-kernel; all of
these are made lean for a faster start. The book's package is built from this checkout.
FOLDER is replaced only when everything is there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from http.client import HTTPException
from importlib import metadata
from pathlib import Path

from browser_notebook import write_for_browser

ROOT = Path(__file__).resolve().parents[1]
PYODIDE = ROOT / "node_modules" / "pyodide"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
CACHE = CACHE / "shallow-tutorial"
PURE = ROOT / "tools" / "browser_requirements.txt"
TOOL = ROOT / "tools" / "lean_wheels.mjs"

CORE = (
    "pyodide.mjs",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
)
COMPILED = (
    "contourpy",
    "kiwisolver",
    "matplotlib",
    "numpy",
    "pillow",
    "scikit-learn",
    "scipy",
)
KERNEL = ("ipykernel", "piplite", "pyodide_kernel")
RELEASE = "https://cdn.jsdelivr.net/pyodide/v{version}/full/{name}"
# A wheel with a copy of Pyodide's, where a package index is in reach but no release is.
CARRIER = "open-webui==0.12.4"


class CannotAssemble(Exception):
    """A file of the browser's Python cannot be had; the message says which and why."""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def say(text: str) -> None:
    print(f"browser Python: {text}", flush=True)


# ---- Pyodide's compiled wheels


def from_release(names: list[str], version: str) -> Iterator[tuple[str, bytes]]:
    for name in names:
        address = RELEASE.format(version=version, name=name)
        with urllib.request.urlopen(address, timeout=30) as answer:
            yield name, answer.read()


def from_carrier(names: list[str], version: str) -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        pip_download(Path(folder), "--python-version=3.12", CARRIER)
        [carrier] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(carrier) as wheel:
            places = {Path(place).name: place for place in wheel.namelist()}
            for name in names:
                if name not in places:
                    raise CannotAssemble(f"{name} is not in it")
                yield name, wheel.read(places[name])


Source = Callable[[list[str], str], Iterator[tuple[str, bytes]]]
SOURCES: dict[str, Source] = {
    "Pyodide's release": from_release,
    f"the wheel {CARRIER}": from_carrier,
}


def fetch(sums: dict[str, str], version: str) -> None:
    """Have files of these names and sums in the cache, or raise CannotAssemble."""
    troubles = []
    for source, read in SOURCES.items():
        missing = [name for name in sums if not in_cache(name, sums[name])]
        if not missing:
            break
        say(f"asking {source} for {len(missing)} wheels")
        try:
            for name, content in read(missing, version):
                if sha256(content) != sums[name]:
                    raise CannotAssemble(
                        f"{name} has the sum {sha256(content)}, "
                        f"but Pyodide's lock file says {sums[name]}"
                    )
                keep(content, CACHE / name)
        except (CannotAssemble, OSError, HTTPException) as trouble:
            troubles.append(f"{source}: {trouble}")
            say(f"not from {source}: {trouble}")
    missing = [name for name in sums if not in_cache(name, sums[name])]
    if missing:
        tried = "; ".join(troubles)
        raise CannotAssemble(f"no source gave {', '.join(missing)} ({tried})")


def in_cache(name: str, sum_: str) -> bool:
    """Whether the cache holds the file; a damaged one is thrown away."""
    file = CACHE / name
    if not file.exists():
        return False
    if sha256(file.read_bytes()) == sum_:
        return True
    say(f"{name} in the cache is damaged and is fetched again")
    file.unlink()
    return False


def keep(content: bytes, file: Path) -> None:
    """Write a file of the cache, whole or not at all."""
    partial = file.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(file)


def pip_download(folder: Path, *what: str) -> None:
    options = ["--no-deps", "--only-binary=:all:", "--dest", str(folder)]
    browser = ["--platform=any", "--implementation=py", "--abi=none"]
    command = [sys.executable, "-m", "pip", "download", "-q", "--progress-bar=off"]
    done = subprocess.run(
        [*command, *options, *browser, *what], capture_output=True, text=True
    )
    if done.returncode:
        raise CannotAssemble(f"pip cannot download it: {done.stderr.strip()[-500:]}")


# ---- pure wheels


def pinned() -> list[tuple[str, str, str]]:
    """Name, version and sum of each line of the requirements."""
    text = PURE.read_text(encoding="utf-8").replace("\\\n", " ")
    line = r"^([\w-]+)==(\S+)\s+--hash=sha256:(\w{64})$"
    return re.findall(line, text, re.MULTILINE)


def pure_wheels() -> list[Path]:
    """The pinned pure wheels, in the cache; pip checks the sums of what it fetches."""

    def cached() -> list[Path]:
        return [
            file
            for name, version, sum_ in pinned()
            for file in CACHE.glob(f"{name.replace('-', '_')}-{version}-*.whl")
            if in_cache(file.name, sum_)
        ]

    if len(cached()) < len(pinned()):
        say(f"asking the package index for the wheels of {PURE.name}")
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            chosen = ["--require-hashes", "--requirement", str(PURE)]
            pip_download(Path(folder), "--python-version=3.14", *chosen)
            for file in Path(folder).glob("*.whl"):
                keep(file.read_bytes(), CACHE / file.name)
    if len(cached()) < len(pinned()):
        raise CannotAssemble(f"a wheel of {PURE.name} did not come, or is damaged")
    return cached()


def kernel_wheels() -> list[Path]:
    """The wheels that JupyterLite's kernel brings with it."""
    try:
        files = metadata.files("jupyterlite-pyodide-kernel") or []
    except metadata.PackageNotFoundError:
        raise CannotAssemble("jupyterlite-pyodide-kernel is not installed") from None
    wheels = [Path(str(f.locate())) for f in files if f.match("static/pypi/*.whl")]
    found = {wheel.name.split("-")[0]: wheel for wheel in wheels}
    if missing := sorted(set(KERNEL) - set(found)):
        raise CannotAssemble(
            f"jupyterlite-pyodide-kernel brings no {', '.join(missing)}"
        )
    return [found[name] for name in KERNEL]


def lean(wheels: list[Path], work: Path) -> list[Path]:
    """The wheels with compiled modules and without what only serves to build or test.

    A wheel that was made lean before, by the same tool, comes from the cache, unless
    it is damaged there.
    """
    tool = TOOL.read_bytes() + (PYODIDE / "package.json").read_bytes()
    cached = {
        wheel: CACHE / "lean" / sha256(tool + wheel.read_bytes()) / wheel.name
        for wheel in wheels
    }
    missing = [wheel for wheel, made in cached.items() if not is_kept(made)]
    if missing:
        say(f"compiling {len(missing)} wheels for a faster start")
        before, after = work / "before", work / "after"
        before.mkdir()
        after.mkdir()
        for wheel in missing:
            shutil.copy(wheel, before)
        command = ["node", str(TOOL), str(PYODIDE), str(before), str(after)]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            raise CannotAssemble("there is no node on this machine") from None
        if done.returncode:
            raise CannotAssemble(f"{TOOL.name} failed: {done.stderr[-500:]}")
        for wheel in missing:
            cached[wheel].parent.mkdir(parents=True, exist_ok=True)
            content = (after / wheel.name).read_bytes()
            keep(content, cached[wheel])
            keep(sha256(content).encode(), sum_of(cached[wheel]))
    return list(cached.values())


def sum_of(file: Path) -> Path:
    """Where the sum of a file that was made here is kept."""
    return file.with_suffix(".sha256")


def is_kept(file: Path) -> bool:
    if not file.exists() or not sum_of(file).exists():
        return False
    return sha256(file.read_bytes()) == sum_of(file).read_text()


def own_wheel(folder: Path) -> Path:
    """Build the book's package without its data, which the site serves file by file."""
    source = folder / "source"
    without_data = shutil.ignore_patterns("*.gz", "*.xz", "*.npz", "LICENSES", "*.pyc")
    shutil.copytree(ROOT / "src", source / "src", ignore=without_data)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps"]
    options = ["--no-build-isolation", "--wheel-dir", str(folder), str(source)]
    # The same sources give the same bytes, so that browsers may keep what they have.
    environment = os.environ | {"SOURCE_DATE_EPOCH": "315532800"}
    # The copy has no history to tell the version from, and a version for every commit
    # would give other bytes.
    version = metadata.version("tutorial-utils").split(".dev")[0]
    environment["SETUPTOOLS_SCM_PRETEND_VERSION"] = version
    done = subprocess.run(
        [*command, *options], capture_output=True, text=True, env=environment
    )
    if done.returncode:
        raise CannotAssemble(f"the package does not build: {done.stderr[-1000:]}")
    [wheel] = folder.glob("*.whl")
    return wheel


# ---- the folder that JupyterLite serves


def entry(wheel: Path) -> dict:
    """A wheel's entry in the lock file."""
    name, version = wheel.name.split("-")[:2]
    with zipfile.ZipFile(wheel) as content:
        tops = {re.split(r"[./]", place)[0] for place in content.namelist()}
    return {
        "name": name.lower().replace("_", "-"),
        "version": version,
        "file_name": wheel.name,
        "install_dir": "site",
        "sha256": sha256(wheel.read_bytes()),
        "package_type": "package",
        "imports": sorted(top for top in tops if top.isidentifier()),
        "depends": [],  # all of them are loaded, always
    }


def assemble_pyodide(folder: Path, work: Path) -> list[str]:
    """Fill the folder with Pyodide and all wheels; return the packages' names."""
    lock = json.loads((PYODIDE / "pyodide-lock.json").read_text(encoding="utf-8"))
    version = json.loads((PYODIDE / "package.json").read_text())["version"]
    released = [lock["packages"][name] for name in COMPILED]
    fetch({package["file_name"]: package["sha256"] for package in released}, version)
    compiled = [CACHE / package["file_name"] for package in released]
    others = lean([*compiled, *pure_wheels(), *kernel_wheels()], work)
    wheels = [*others, own_wheel(work)]
    folder.mkdir(parents=True)
    for name in CORE:
        shutil.copy(PYODIDE / name, folder)
    for wheel in wheels:
        shutil.copy(wheel, folder)
    entries = [entry(folder / wheel.name) for wheel in wheels]
    lock["packages"] = {one["name"]: one for one in entries}
    (folder / "pyodide-lock.json").write_text(json.dumps(lock, indent=1))
    return sorted(lock["packages"])


def settings(packages: list[str]) -> dict:
    kernel = {
        "pyodideUrl": "./static/pyodide/pyodide.mjs",
        "disablePyPIFallback": True,
        "loadPyodideOptions": {"packages": packages},
    }
    return {
        "jupyter-lite-schema-version": 0,
        "jupyter-config-data": {
            "appName": "Deep Learning: A Shallow Tutorial",
            "litePluginSettings": {
                "@jupyterlite/pyodide-kernel-extension:kernel": kernel
            },
        },
    }


BUILD = {"LiteBuildConfig": {"no_sourcemaps": True}}
OVERRIDES = {
    # Otherwise "Run All Cells" would run those only that are on the page so far.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 10},  # seconds
}


def write_notebooks(files: Path, repository: str | None) -> None:
    """Write the browser's copies of the chapters, in the place of older ones."""
    chapters = sorted((ROOT / "chapters").glob("*.ipynb"))
    for chapter in chapters:
        write_for_browser(chapter, files, repository)
    for old in files.glob("*.ipynb"):
        if old.name not in {chapter.name for chapter in chapters}:
            old.unlink()


def assemble(target: Path, repository: str | None = None) -> None:
    """Make the folder anew, or raise CannotAssemble and leave it as it was.

    repository : the book's address on GitHub, None if not known.
    """
    start = time.perf_counter()
    if not PYODIDE.is_dir():
        raise CannotAssemble("node_modules has no pyodide: run npm ci --ignore-scripts")
    CACHE.mkdir(parents=True, exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as place:
        lite, work = Path(place) / "lite", Path(place) / "work"
        work.mkdir()
        packages = assemble_pyodide(lite / "static" / "pyodide", work)
        for name, content in {
            "jupyter-lite.json": settings(packages),
            "jupyter_lite_config.json": BUILD,
            "overrides.json": OVERRIDES,
        }.items():
            (lite / name).write_text(json.dumps(content, indent=1))
        files = lite / "files"
        shutil.copytree(ROOT / "src" / "tutorial_utils" / "data", files / "data")
        write_notebooks(files, repository)
        shutil.rmtree(target, ignore_errors=True)
        lite.replace(target)
    sizes = [f.stat().st_size for f in target.rglob("*") if f.is_file()]
    seconds = time.perf_counter() - start
    say(
        f"{len(packages)} packages, {sum(sizes) / 1e6:.1f} MB in {len(sizes)} files, "
        f"{seconds:.0f} s, in {target}"
    )


if __name__ == "__main__":
    try:
        assemble(Path(sys.argv[1]).resolve())
    except CannotAssemble as trouble:
        sys.exit(f"browser Python: {trouble}")
