"""Auto-encoders with several weights of the divergence and two decoders, chapter 8."""

from collections.abc import Callable

NOTEBOOK = "08_generative_models"
NAMES = ("collapse_run",)
SEEDS = range(5)


def run(seed: int, collapse_run: Callable[[int], dict]) -> dict[str, object]:
    return collapse_run(seed)
