"""Three ways to train an RBM of bars without Adam, five seeds, chapter 8."""

from collections.abc import Callable

NOTEBOOK = "08_generative_models"
NAMES = ("plain_rules_run",)
SEEDS = range(5)


def run(seed: int, plain_rules_run: Callable[[int], dict]) -> dict[str, object]:
    return plain_rules_run(seed)
