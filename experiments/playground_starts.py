"""Thirty runs of each of the playground experiments of chapter 2.

The results of a run are, for each experiment, the numbers of `results_of`.
"""

from collections.abc import Callable

NOTEBOOK = "02_neural_networks"
NAMES = ("RUNS", "results_of")
SEEDS = range(30)


def run(
    seed: int, RUNS: dict[str, tuple], results_of: Callable[[str, int], list]
) -> list[list[float]]:
    return [results_of(name, seed) for name in RUNS]
