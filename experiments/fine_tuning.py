"""A deep belief network as a start for a classifier, eight seeds, chapter 8."""

from collections.abc import Callable

NOTEBOOK = "08_generative_models"
NAMES = ("tuning_run",)
SEEDS = range(8)


def run(seed: int, tuning_run: Callable[[int], dict]) -> dict[str, object]:
    return tuning_run(seed)
