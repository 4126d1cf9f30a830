"""Trained arrays for live pieces: made by the build, fetched by pages."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from ..runtime import fetched

LARGEST = float(np.finfo(np.float16).max)


def trained(
    name: str, make: Callable[[], Mapping[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """Arrays that a chapter has trained, by name, rounded to half precision.

    name : of letters, digits and hyphens, unique in the book. make() : the arrays; a
    page does not call it and fetches what its build has kept. Numbers come in single
    precision, the same everywhere; words, an array of texts, as they are. ValueError
    for other names, or for numbers that half precision cannot hold; RuntimeError if
    the file is missing or damaged.
    """
    if not name.replace("-", "").isalnum() or not name.isascii():
        raise ValueError(f"name must be letters, digits and hyphens, got {name!r}")
    kept = json.loads(os.environ.get("TUTORIAL_WEIGHTS", "{}"))
    if name in kept:
        return _unpacked(_checked(name, kept[name]))
    content = _packed(name, make())
    if folder := os.environ.get("TUTORIAL_FRAMES"):
        keys = json.loads(os.environ.get("TUTORIAL_FRAME_KEYS", "{}"))
        place = Path(folder) / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "weights.npz").write_bytes(content)
        (place / "report.json").write_text(json.dumps({"key": keys.get(name, "")}))
    return _unpacked(content)


def _packed(name: str, arrays: Mapping[str, np.ndarray]) -> bytes:
    kept = {
        key: _kept(np.asarray(array), f"{key} of {name}")
        for key, array in arrays.items()
    }
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **kept)
    return file.getvalue()


def _kept(array: np.ndarray, what: str) -> np.ndarray:
    """Numbers in half precision, words as they are."""
    if array.dtype.kind == "U":
        return array
    largest = np.abs(array.astype(float)).max(initial=0)
    if not largest <= LARGEST:
        raise ValueError(
            f"{what} must be finite and at most {LARGEST:g} in size, got {largest:g}"
        )
    return array.astype(np.float16)


def _unpacked(content: bytes) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        every = {key: arrays[key] for key in arrays.files}
    return {
        k: a if a.dtype.kind == "U" else a.astype(np.float32) for k, a in every.items()
    }


def _checked(name: str, file: Mapping[str, str]) -> bytes:
    """The content of a kept file, which must have its sum."""
    try:
        content = fetched(file["address"])
    except FileNotFoundError:
        raise RuntimeError(f"the weights {name} are missing: reload the page") from None
    if hashlib.sha256(content).hexdigest() != file["sha256"]:
        raise RuntimeError(f"the weights {name} are damaged: reload the page")
    return content
