"""Words against sub-words on real sentences, five seeds, chapter 7."""

from collections.abc import Callable

NOTEBOOK = "07_sequence_to_sequence"
NAMES = ("real_run",)
SEEDS = range(5)


def run(seed: int, real_run: Callable[[int], dict]) -> dict[str, object]:
    return real_run(seed)
