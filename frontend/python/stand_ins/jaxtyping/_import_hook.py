"""In the place of jaxtyping's import hook, which takes half a second to import.

It would check types by another library; the book's `contract` does it here.
"""

from typing import NoReturn


class JaxtypingTransformer:
    """Named by jaxtyping's extension of IPython, which a page does not load."""


class Typechecker:
    """Named by jaxtyping's extension of IPython, which a page does not load."""


def install_import_hook(*modules: object) -> NoReturn:
    """Refuse: the page has no import hook."""
    raise NotImplementedError("the page's Python has no import hook of jaxtyping")
