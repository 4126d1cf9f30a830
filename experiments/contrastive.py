"""Five runs of contrastive learning against other codes of digits, chapter 4.

The results of a run are the test errors of a linear classifier by the kind of codes.
"""

from collections.abc import Callable

NOTEBOOK = "04_representation_learning"
NAMES = ("contrastive_run",)
SEEDS = range(5)


def run(seed: int, contrastive_run: Callable[[int], dict]) -> dict[str, float]:
    return contrastive_run(seed)
