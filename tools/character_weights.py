"""Train chapter 6's language model for longer than the chapter does; keep its weights.

usage: character_weights.py

Five to ten minutes. Writes src/tutorial_utils/data/character_lstm.npz, in half
precision, and its sum. Only the first 90% of the novel are learnt from.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from tutorial_utils import datasets
from tutorial_utils.recurrent_networks import CharacterModel

DATA = Path(__file__).parents[1] / "src/tutorial_utils/data"
NAME = "character_lstm.npz"


def main() -> None:
    novel = datasets.load_novel()
    cut, end = int(0.9 * len(novel)), int(0.95 * len(novel))
    alphabet = "".join(sorted(set(novel)))
    model = CharacterModel(alphabet, 256, np.random.default_rng(0))
    model.fit(novel[:cut], epochs=10, steps=50, learning_rate=0.01)
    bits = model.bits_per_character(novel[cut:end])
    print(f"{bits:.3f} bits per character on the twentieth of the novel after that")
    half = {name: value.astype(np.float16) for name, value in model.params.items()}
    np.savez_compressed(DATA / NAME, **half)
    keep(NAME)


def keep(name: str) -> None:
    """List the sum of a data file that has just been written."""
    lines = (DATA / "SHA256SUMS").read_text().splitlines()
    others = [line for line in lines if not line.endswith(name)]
    digest = hashlib.sha256((DATA / name).read_bytes()).hexdigest()
    (DATA / "SHA256SUMS").write_text("\n".join([*others, f"{digest}  {name}", ""]))


if __name__ == "__main__":
    main()
