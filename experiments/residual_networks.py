"""Plain and residual networks of growing depth on digits, five seeds, chapter 5.

The results of a run are, by kind and number of blocks, the learning rate that was
chosen on held-out digits, and the errors on training and test digits.
"""

from collections.abc import Callable

NOTEBOOK = "05_convolutional_networks"
NAMES = ("residual_run",)
SEEDS = range(5)


def run(seed: int, residual_run: Callable[[int], dict]) -> dict[str, dict]:
    return residual_run(seed)
