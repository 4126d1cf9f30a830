"""Dropout on the output or the cell of an LSTM, per step or tied, chapter 6.

The results of a run are, by kind of mask, the share of right answers in the recall
task, the test losses on names by epoch, and the last errors. Each of the eight seeds
has training names of its own.
"""

from collections.abc import Callable

NOTEBOOK = "06_recurrent_networks"
NAMES = ("dropout_run",)
SEEDS = range(8)


def run(seed: int, dropout_run: Callable[[int], dict]) -> dict[str, dict]:
    return dropout_run(seed)
