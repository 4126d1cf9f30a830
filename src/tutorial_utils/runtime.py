"""Where the book's code runs, and how long its loops may be there."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from typing import TypeVar

from tqdm import tqdm

from .checks import checked_count

T = TypeVar("T")


def in_browser() -> bool:
    """Whether this Python runs in a web browser (Pyodide)."""
    return sys.platform == "emscripten"


def budget(full: int, browser: int) -> int:
    """The length of a loop: full, or the shorter one that a browser has time for.

    Outside a browser, TUTORIAL_BUDGET=browser in the environment asks for the shorter
    one. Raises ValueError if a length is not a count, the browser's is above the full
    one, or TUTORIAL_BUDGET is something else.
    """
    full = checked_count(full, "full")
    browser = checked_count(browser, "browser")
    if browser > full:
        raise ValueError(f"browser must be at most full, {full}, got {browser}")
    asked = os.environ.get("TUTORIAL_BUDGET", "full")
    if asked not in ("full", "browser"):
        raise ValueError(f"TUTORIAL_BUDGET must be 'full' or 'browser', got {asked!r}")
    return browser if in_browser() or asked == "browser" else full


def progress(items: Collection[T], label: str) -> Iterator[T]:
    """The items one by one, with a progress bar that goes when they are done."""
    if in_browser():
        tqdm.monitor_interval = 0  # a browser has no threads to watch the bar
    return iter(tqdm(items, desc=label, leave=False))
