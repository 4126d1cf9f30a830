"""Topics of texts by a bag of words and by filters, ten random splits, chapter 5.

The results of a run are the test errors by the kind of classifier.
"""

from collections.abc import Callable

NOTEBOOK = "05_convolutional_networks"
NAMES = ("text_run",)
SEEDS = range(10)


def run(seed: int, text_run: Callable[[int], dict]) -> dict[str, float]:
    return text_run(seed)
