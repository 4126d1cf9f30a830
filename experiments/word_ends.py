"""Where words end, by depth and direction of an LSTM, five seeds, chapter 6.

The results of a run are, by tagger, the number of its parameters and the F-scores on
the test text after each quarter of the training.
"""

from collections.abc import Callable

NOTEBOOK = "06_recurrent_networks"
NAMES = ("ends_run",)
SEEDS = range(5)


def run(seed: int, ends_run: Callable[[int], dict]) -> dict[str, dict]:
    return ends_run(seed)
