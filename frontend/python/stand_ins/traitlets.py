"""As much of traitlets as `tutorial_utils.widgets` needs where the page draws it."""

from typing import Any


class Trait:
    def __init__(self, *inner: Any) -> None:
        pass

    def tag(self, **about: Any) -> "Trait":
        return self


Unicode = List = Int = Bytes = Trait
