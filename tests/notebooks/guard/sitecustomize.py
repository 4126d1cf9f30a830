"""A guard over notebooks under test: this machine only, and no writes but to its place.

A Python that finds this file at its start is guarded if it is a notebook's kernel, or
was started by one. What is refused raises PermissionError in the cell that tried. The
guard sees what Python does, not what compiled code does by itself: it is there to find
mistakes, and would not hold an enemy.
"""

import os
import sys
import tempfile
from pathlib import Path

MARK = "TUTORIAL_GUARDED"
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# For each event the places of its paths among its arguments, and of their folders'.
CHANGES = {
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.utime": ((0, 3),),
    "os.truncate": ((0, None),),
    "sqlite3.connect": ((0, None),),
}
CONNECTIONS = ("socket.connect", "socket.sendto")
HERE = ("127.0.0.1", "::1", "::ffff:127.0.0.1", "localhost")


def places() -> tuple[str, ...]:
    """Where a notebook may write: its folder, temporary folders, its tools' caches."""
    home = Path.home()
    caches = (".cache", ".ipython", ".local/share/jupyter", ".config/matplotlib")
    own = [Path.cwd(), Path(tempfile.gettempdir()), *(home / name for name in caches)]
    if "IPYTHONDIR" in os.environ:
        own.append(Path(os.environ["IPYTHONDIR"]))
    return *(f"{place.resolve()}{os.sep}" for place in own), "/dev/", "/proc/"


def guard() -> None:
    allowed = places()

    def may_write(path: object, folder: int = -1) -> bool:
        if not isinstance(path, str | bytes | os.PathLike) or path == ":memory:":
            return True  # a file that is open already, or none
        base = os.readlink(f"/proc/self/fd/{folder}") if folder >= 0 else ""
        full = os.path.realpath(os.path.join(base, os.fsdecode(path)))
        compiled = os.path.basename(os.path.dirname(full)) == "__pycache__"
        return full.startswith(allowed) or compiled or f"{full}/" in allowed

    def watch(event: str, arguments: tuple) -> None:
        if event in CONNECTIONS:
            address = arguments[1]
            if isinstance(address, tuple) and address[0] not in HERE:
                raise PermissionError(f"a notebook may not connect to {address}")
        elif event == "os.system":
            raise PermissionError("a notebook may not use the shell")
        elif event == "open":
            path, _, flags = arguments
            if flags & WRITES and not may_write(path):
                raise PermissionError(f"a notebook may not write to {path}")
        elif event in CHANGES:
            for place, folder in CHANGES[event]:
                path = arguments[place]
                if not may_write(path, -1 if folder is None else arguments[folder]):
                    raise PermissionError(f"a notebook may not change {path}")

    sys.addaudithook(watch)


if "ipykernel_launcher" in sys.orig_argv or os.environ.get(MARK):
    os.environ[MARK] = "yes"
    guard()
