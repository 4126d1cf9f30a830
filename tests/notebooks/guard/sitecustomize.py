"""A guard over notebooks under test: this machine only, and no writes but to its place.

A Python that finds this file at its start is guarded if it is a notebook's kernel, or
was started by one. What is refused raises PermissionError in the cell that tried.
"""

import os
import sys
import tempfile
from pathlib import Path

MARK = "TUTORIAL_GUARDED"
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink"}
HERE = ("127.0.0.1", "::1", "::ffff:127.0.0.1", "localhost")


def places() -> tuple[str, ...]:
    """Where a notebook may write: its folder, temporary folders, its tools' caches."""
    home = Path.home()
    caches = (".cache", ".ipython", ".local/share/jupyter", ".config/matplotlib")
    own = [Path.cwd(), Path(tempfile.gettempdir()), *(home / name for name in caches)]
    return tuple(f"{place.resolve()}{os.sep}" for place in own)


def guard() -> None:
    allowed = places()

    def may_write(path: object) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return True  # a file that is open already
        full = os.path.realpath(os.fsdecode(path))
        return full.startswith((*allowed, "/dev/", "/proc/")) or "__pycache__" in full

    def watch(event: str, arguments: tuple) -> None:
        if event == "socket.connect":
            address = arguments[1]
            if isinstance(address, tuple) and address[0] not in HERE:
                raise PermissionError(f"a notebook may not connect to {address}")
        elif event == "open":
            path, _, flags = arguments
            if flags & WRITES and not may_write(path):
                raise PermissionError(f"a notebook may not write to {path}")
        elif event in CHANGES and not may_write(arguments[0]):
            raise PermissionError(f"a notebook may not change {arguments[0]}")

    sys.addaudithook(watch)


if "ipykernel_launcher" in sys.orig_argv or os.environ.get(MARK):
    os.environ[MARK] = "yes"
    guard()
