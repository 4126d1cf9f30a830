"""Where attention looks in natural language inference, five seeds, chapter 7."""

from collections.abc import Callable

NOTEBOOK = "07_sequence_to_sequence"
NAMES = ("inference_run",)
SEEDS = range(5)


def run(seed: int, inference_run: Callable[[int], dict]) -> dict[str, object]:
    return inference_run(seed)
