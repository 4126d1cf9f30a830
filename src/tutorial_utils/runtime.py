"""Where the book's code runs, and how long its loops may be there."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from tqdm import tqdm

from .checks import checked_count

if TYPE_CHECKING:
    import torch

T = TypeVar("T")


def in_browser() -> bool:
    """Whether this Python runs in a web browser (Pyodide)."""
    return sys.platform == "emscripten"


def fetched(address: str) -> bytes:
    """The content of a file of the site, in a browser.

    Raises FileNotFoundError if it is not there, RuntimeError without a network.
    """
    import js  # the browser's own objects, in Pyodide
    from pyodide.ffi import JsException

    name = address.rpartition("/")[2]
    request = js.XMLHttpRequest.new()
    request.open("GET", address, False)
    request.responseType = "arraybuffer"
    try:
        request.send()
    except JsException as error:
        raise RuntimeError(
            f"the data file {name} cannot be fetched: is this machine online?"
        ) from error
    if request.status != 200:
        raise FileNotFoundError(name)
    return request.response.to_bytes()


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


def device() -> torch.device:
    """Where torch computes: the device named by TUTORIAL_DEVICE, cpu if it is not set.

    A GPU is asked for the same numbers in every run and for single precision in full:
    deterministic algorithms where there are some, no choice of algorithms by their
    time, no TF32. Raises ValueError if it is neither cpu nor cuda, RuntimeError if
    torch has no CUDA.
    """
    import torch

    asked = os.environ.get("TUTORIAL_DEVICE", "cpu")
    if asked not in ("cpu", "cuda"):
        raise ValueError(f"TUTORIAL_DEVICE must be 'cpu' or 'cuda', got {asked!r}")
    if asked == "cuda" and not torch.cuda.is_available():
        raise RuntimeError("TUTORIAL_DEVICE is cuda, but torch finds no such device")
    if asked == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_tf32 = False
    return torch.device(asked)


@contextmanager
def torch_seed(seed: int) -> Iterator[None]:
    """Within this context torch draws from the seed; its own state is kept outside.

    Layers draw their weights, and dropout its masks, from torch's global generator.
    """
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(checked_count(seed, "seed", at_least=0))
        yield
