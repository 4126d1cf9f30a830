"""The progress of a loop, shown by the page in the place of tqdm's bar."""

import json
import time
from collections.abc import Collection, Iterator
from typing import Any

from page_python.display import Screen

PAUSE = 0.1  # seconds between two messages


class tqdm:  # noqa: N801
    monitor_interval = 0

    def __init__(self, items: Collection, desc: str = "", leave: bool = True) -> None:
        self.items, self.label = items, desc

    def __iter__(self) -> Iterator[Any]:
        total, last = len(self.items), 0.0
        for done, item in enumerate(self.items):
            if time.monotonic() - last > PAUSE:
                last = time.monotonic()
                at = {"label": self.label, "done": done, "total": total}
                Screen.post("progress", json.dumps(at))
            yield item
