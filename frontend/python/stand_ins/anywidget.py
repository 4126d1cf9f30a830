"""As much of anywidget as `explore` and `live` need where the page draws them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


class AnyWidget:
    def __init__(self, **values: Any) -> None:
        self.__dict__ |= {"error": "", "published": []} | values

    def observe(self, function: Callable, name: str) -> None:
        """Do nothing: the page asks for each new picture itself."""

    def on_msg(self, function: Callable) -> None:
        """Do nothing: the page asks the piece itself."""

    @contextmanager
    def hold_sync(self) -> Iterator[None]:
        yield
