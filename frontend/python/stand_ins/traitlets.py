"""As much of traitlets as `explore` and `live` need where the page draws them."""

from typing import Any


class Trait:
    def __init__(self, *inner: Any) -> None:
        pass

    def tag(self, **about: Any) -> "Trait":
        return self


Unicode = List = Dict = Int = Bytes = Trait
