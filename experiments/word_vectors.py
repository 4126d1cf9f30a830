"""Word vectors of five seeds for several choices, judged by analogies, chapter 4.

The results of a run are, for each choice, the accuracy on all analogies, the learning
rate that was chosen on held-out lines, and the mean loss of each epoch.
"""

from collections.abc import Callable

NOTEBOOK = "04_representation_learning"
NAMES = ("word_vectors_run",)
SEEDS = range(5)


def run(seed: int, word_vectors_run: Callable[[int], dict]) -> dict[str, dict]:
    return word_vectors_run(seed)
