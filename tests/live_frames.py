"""Frames of live pieces, read by another program than the page's."""

import json
from typing import Any

import numpy as np


def unpacked(frame: bytes) -> dict[str, Any]:
    """A frame as `Live.ask` gives it, with its arrays."""
    n = int.from_bytes(frame[:4], "little")
    body = frame[4 + n :]

    def array(value: dict) -> object:
        if "$" not in value:
            return value
        place, kind, shape = value["$"]
        count = int(np.prod(shape, dtype=int))
        return np.frombuffer(body, f"<{kind}", count, place).reshape(shape)

    return json.loads(frame[4 : 4 + n], object_hook=array)
