"""Eight ways to train an RBM of bars and stripes, five seeds, chapter 8."""

from collections.abc import Callable

NOTEBOOK = "08_generative_models"
NAMES = ("rules_run",)
SEEDS = range(5)


def run(seed: int, rules_run: Callable[[int], dict]) -> dict[str, object]:
    return rules_run(seed)
