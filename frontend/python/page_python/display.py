"""What a cell shows, handed to the page: text, tables, pictures, errors, progress."""

from __future__ import annotations

import base64
import io
import json
import linecache
import sys
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

Post = Callable[[str, str], None]  # a kind of output, and what it holds

PAUSE = 0.05  # seconds between two messages of one stream
MOST = 50_000  # characters that one cell may print; a page cannot show more


def to_nobody(kind: str, text: str) -> None:
    """Where outputs go as long as no cell runs."""


class Screen:
    """Where outputs go: the page sets `post`."""

    post: Post = staticmethod(to_nobody)
    numbers: dict[str, int] = {}  # noqa: RUF012  of the page's cells, by their names


class Stream(io.TextIOBase):
    """Standard output or error of a cell, posted in pieces; what is too long is cut."""

    def __init__(self, kind: str) -> None:
        self.kind, self.waiting, self.last = kind, "", 0.0
        self.room, self.cut = MOST, 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        kept = text[: self.room]
        self.room -= len(kept)
        self.cut += len(text) - len(kept)
        self.waiting += kept
        if text.endswith("\n") and time.monotonic() - self.last > PAUSE:
            self.flush()
        return len(text)

    def flush(self) -> None:
        if self.waiting:
            text, self.waiting = self.waiting, ""
            self.last = time.monotonic()
            Screen.post(self.kind, text)

    def end(self) -> None:
        """Post what is left, and say how much was cut."""
        if self.cut:
            self.waiting += f"\n[{self.cut:,} more characters are not shown]\n"
        self.flush()


def flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


def display(*values: object) -> None:
    """Show values as a notebook does: as a picture, a table, a widget or a text."""
    flush()
    for value in values:
        show = getattr(value, "_repr_html_", None)
        if hasattr(value, "savefig"):
            _post_picture(value)
        elif type(value).__module__ == "tutorial_utils.exercises":
            said = {"correct": value.correct, "message": value.message}  # type: ignore[attr-defined]
            Screen.post("verdict", json.dumps(said))
        elif type(value).__name__ == "Explorer":
            widgets[value.name] = value  # type: ignore[attr-defined]
            Screen.post("widget", json.dumps(_state_of(value)))
        elif type(value).__name__ == "Live":
            widgets[value.name] = value  # type: ignore[attr-defined]
            first = base64.b64encode(value.first).decode()  # type: ignore[attr-defined]
            Screen.post("piece", json.dumps({"spec": value.spec, "first": first}))  # type: ignore[attr-defined]
        elif show is not None and (text := show()):
            Screen.post("html", text)
        else:
            Screen.post("text", repr(value))


# ---- pictures


def show_figures(*_: object, **__: object) -> None:
    """Show the open figures and close them: the page's `plt.show`."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    flush()
    for number in pyplot.get_fignums():
        _post_picture(pyplot.figure(number))
    pyplot.close("all")


def close_figures() -> None:
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


def _post_picture(figure: Any) -> None:
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=figure.dpi, bbox_inches="tight")
    Screen.post("png", base64.b64encode(picture.getvalue()).decode())


def prepare_matplotlib() -> None:
    """Import Matplotlib, in the book's style, for pictures in the page."""
    if "matplotlib.pyplot" in sys.modules:
        return
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    from tutorial_utils import plotting

    plt.show = show_figures
    plotting.use_style()


# ---- widgets

widgets: dict[str, Any] = {}  # those that are shown, by their names


def _state_of(explorer: Any) -> dict[str, Any]:
    keys = ("name", "controls", "setting", "shown", "caption", "error")
    state = {key: getattr(explorer, key) for key in keys}
    return state | {"picture": base64.b64encode(explorer.picture).decode()}


def answer(name: str, setting: list[int]) -> dict[str, Any]:
    """A widget's state in a new setting. KeyError if its cell has not run."""
    explorer = widgets[name]
    explorer.setting = setting
    explorer.redraw()
    return _state_of(explorer)


# ---- errors

# Frames that say nothing to a reader: of the page's Python, and of the contracts.
NOTEBOOK_ONLY = " (lines with % or ! work in a notebook only)"
HIDDEN = ("/page_python/", "/contracts.py", "<frozen")


DEPTH = 12  # frames of an error that are shown


def told(error: BaseException, cell: str) -> str:
    """An error with the lines that led to it, from the first one of a cell on.

    cell : the id of the cell that ran.
    """
    if isinstance(error, SyntaxError) and str(error.filename).startswith("<cell "):
        mark = " " * ((error.offset or 1) - 1) + "^"
        line = linecache.getline(str(error.filename), error.lineno or 1)
        text = (error.text or line).rstrip("\n")
        place = f"{_place(str(error.filename), cell)}, line {error.lineno}:"
        hint = NOTEBOOK_ONLY if text.lstrip().startswith(("%", "!")) else ""
        return f"{place}\n    {text}\n    {mark}\n{_kind(error)}: {error.msg}{hint}"
    trace = traceback.extract_tb(_from_first_cell(error.__traceback__))
    frames = [f for f in trace if not any(part in f.filename for part in HIDDEN)]
    n_left_out = len(frames) - DEPTH
    lines = []
    for n, frame in enumerate(frames):
        if n_left_out > 0 and DEPTH // 2 <= n < DEPTH // 2 + n_left_out:
            if n == DEPTH // 2:
                lines.append(f"({n_left_out} more calls)")
            continue
        within = "" if frame.name == "<module>" else f", in {frame.name}"
        lines.append(f"{_place(frame.filename, cell)}, line {frame.lineno}{within}:")
        lines += [f"    {frame.line}"] if frame.line else []
    message = str(error)
    return "\n".join([*lines, _kind(error) + (f": {message}" if message else "")])


def warn_line(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """A warning with its place, as errors have it."""
    return f"{_place(filename, '')}, line {lineno}: {category.__name__}: {message}\n"


def no_input(prompt: object = "") -> str:
    """The page's `input`: a cell there cannot be answered."""
    raise RuntimeError("a cell in a page cannot ask: write the value into the cell")


def _kind(error: BaseException) -> str:
    """The name of an error; the book's own are called by what they are a kind of."""
    kinds = type(error).__mro__
    own = type(error).__module__.startswith("tutorial_utils")
    shown = next(k for k in kinds if not own or k.__module__ == "builtins")
    return shown.__qualname__


def _place(file: str, cell: str) -> str:
    if file == f"<cell {cell}>":
        return "This cell"
    if file.startswith("<cell "):
        name = file.removeprefix("<cell ").removesuffix(">")
        return f"Cell {Screen.numbers[name]}" if name in Screen.numbers else "A cell"
    return file.rpartition("/site-packages/")[2].removesuffix("c")


def _from_first_cell(trace: TracebackType | None) -> TracebackType | None:
    while trace and not trace.tb_frame.f_code.co_filename.startswith("<cell "):
        trace = trace.tb_next
    return trace
