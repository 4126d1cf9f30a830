"""Teacher forcing against training on the model's own words, five seeds, chapter 7."""

from collections.abc import Callable

NOTEBOOK = "07_sequence_to_sequence"
NAMES = ("exposure_run",)
SEEDS = range(5)


def run(seed: int, exposure_run: Callable[[int], dict]) -> dict[str, object]:
    return exposure_run(seed)
