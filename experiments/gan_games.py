"""Adversarial games on a ring of eight modes, five seeds each, chapter 8."""

from collections.abc import Callable

NOTEBOOK = "08_generative_models"
NAMES = ("gan_games",)
SEEDS = range(5)


def run(seed: int, gan_games: Callable[[int], dict]) -> dict[str, object]:
    return gan_games(seed)
