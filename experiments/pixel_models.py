"""Three models that predict a picture pixel by pixel, five seeds, chapter 6.

The results of a run are bits per dimension on test digits, by model and epoch.
"""

from collections.abc import Callable

NOTEBOOK = "06_recurrent_networks"
NAMES = ("pixels_run",)
SEEDS = range(5)


def run(seed: int, pixels_run: Callable[[int], dict]) -> dict[str, list[float]]:
    return pixels_run(seed)
