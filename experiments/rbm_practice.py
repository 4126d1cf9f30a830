"""RBMs of digits, trained in five ways, five seeds each, chapter 8."""

from collections.abc import Callable

NOTEBOOK = "08_generative_models"
NAMES = ("practice_run",)
SEEDS = range(5)


def run(seed: int, practice_run: Callable[[int], dict]) -> dict[str, object]:
    return practice_run(seed)
