"""BLEU by the size of the vector and the number of dates, five seeds, chapter 7."""

from collections.abc import Callable

NOTEBOOK = "07_sequence_to_sequence"
NAMES = ("limits_run",)
SEEDS = range(5)


def run(seed: int, limits_run: Callable[[int], dict]) -> dict[str, object]:
    return limits_run(seed)
