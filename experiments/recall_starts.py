"""The recall task by cell and start of the weights, twelve seeds, chapter 6.

The results of a run are training steps until the task is solved, by start, delay and
learning rate; 400 where it is not.
"""

from collections.abc import Callable

NOTEBOOK = "06_recurrent_networks"
NAMES = ("recall_run",)
SEEDS = range(12)


def run(seed: int, recall_run: Callable[[int], dict]) -> dict[str, int]:
    return recall_run(seed)
