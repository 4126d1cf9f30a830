"""As much of anywidget as `tutorial_utils.widgets` needs where the page draws it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class AnyWidget:
    def __init__(self, **values: Any) -> None:
        self.__dict__ |= {"error": "", "published": []} | values

    def observe(self, function: Callable, name: str) -> None:
        """Do nothing: the page asks for each new picture itself."""

    @contextmanager
    def hold_sync(self) -> Iterator[None]:
        yield
