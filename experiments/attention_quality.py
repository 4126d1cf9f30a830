"""Softmax against sparsemax: quality, alignment, coverage, five seeds, chapter 7."""

from collections.abc import Callable

NOTEBOOK = "07_sequence_to_sequence"
NAMES = ("attention_run",)
SEEDS = range(5)


def run(seed: int, attention_run: Callable[[int], dict]) -> dict[str, object]:
    return attention_run(seed)
