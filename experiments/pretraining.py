"""Five runs of unsupervised pre-training against a random start, chapter 4.

The results of a run are, for each activation, number of labels and start, the training
and the test error after each number of steps.
"""

from collections.abc import Callable

NOTEBOOK = "04_representation_learning"
NAMES = ("RATES", "pretraining_run")
SEEDS = range(5)


def run(
    seed: int, RATES: dict[str, float], pretraining_run: Callable[[str, int], dict]
) -> dict[str, dict]:
    return {activation: pretraining_run(activation, seed) for activation in RATES}
