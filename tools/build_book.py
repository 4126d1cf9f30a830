"""Execute the chapters and build the site; every warning and every failing cell is an error.

usage: build_book.py [FOLDER]     (a folder with _config.yml and _toc.yml; default: the book)
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from vendor import vendor

ROOT = Path(__file__).resolve().parents[1]

# What a chapter's outputs depend on besides its own cells.
DEPENDENCIES = ["src/tutorial_utils/**/*", "requirements.txt", "book/_ext/*.py"]


def digest_of_dependencies() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for pattern in DEPENDENCIES:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(path.relative_to(ROOT).as_posix().encode())
                digest.update(path.read_bytes())
    return digest.hexdigest()


def forget(build: Path, *folders: str) -> None:
    for folder in folders:
        shutil.rmtree(build / folder, ignore_errors=True)


def build_book(book: Path) -> int:
    """Build the book in the folder; return the exit status."""
    start = time.perf_counter()
    build = book / "_build"
    build.mkdir(exist_ok=True)
    key, digest = build / "dependencies.sha256", digest_of_dependencies()
    if not key.exists() or key.read_text() != digest:
        print("the package, the pins or the extensions are new: executing every chapter")
        forget(build, ".jupyter_cache", ".doctrees")
        key.write_text(digest)
    vendor()
    command = ["jupyter-book", "build", ".", "-W", "--keep-going", "-n"]
    # One thread: the chapters' matrices are small, and idle threads slow them down.
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    status = subprocess.run(command, cwd=book, env=environment).returncode
    if status:
        # A page that is read again warns again; one from the cache would pass.
        forget(build, ".doctrees")
        print(f"the build failed (exit status {status}): see the messages above")
    else:
        print(f"built in {time.perf_counter() - start:.0f} s: {build / 'html/index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(build_book(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT).resolve()))
