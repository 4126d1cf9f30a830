"""Thirty starts of each of the five playground experiments of chapter 2.

The results of a start are, for each experiment, the five numbers of `results_of`.
"""

from collections.abc import Callable

NOTEBOOK = "02_neural_networks"
NAMES = ("EXPERIMENTS", "results_of")
SEEDS = range(30)


def run(
    seed: int, EXPERIMENTS: dict[str, tuple], results_of: Callable[[str, int], list]
) -> list[list[float]]:
    return [results_of(name, seed) for name in EXPERIMENTS]
