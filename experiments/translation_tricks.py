"""Reversed sources, deep models, beams and ensembles, five seeds, chapter 7."""

from collections.abc import Callable

NOTEBOOK = "07_sequence_to_sequence"
NAMES = ("tricks_run",)
SEEDS = range(5)


def run(seed: int, tricks_run: Callable[[int], dict]) -> dict[str, object]:
    return tricks_run(seed)
