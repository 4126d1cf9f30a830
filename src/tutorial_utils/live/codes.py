"""A digit that is drawn, its code by an auto-encoder, and reconstructions, live."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..representation_learning import decode, encode, masking_noise
from .scenes import Scene, graph, images, scene

PENS = (0.0, 0.5, 1.0)  # what the pen may leave in a pixel
SIDE = 14
PER_ROW = 4  # units
LARGEST = 5.0  # that a unit set by hand may be


class Digit:
    """A drawn digit and its code.

    weights : kinds (K,), the names of auto-encoders with relu units; their W
    (K, H, 196), b (K, H), c (K, 196), and alive (K,), how many of their units are
    active for some digit; mean (196,) and directions (H, 196), the leading principal
    directions. kind : one of the names. ink (14, 14) : the drawing. p : the probability
    with which a pixel is masked. code : (H,), which the reader may change.
    """

    def __init__(
        self,
        weights: Mapping[str, np.ndarray],
        ink: np.ndarray,
        kind: str,
        p: float,
        seed: int,
    ) -> None:
        k = [*weights["kinds"]].index(kind)
        self.W, self.b, self.c = (weights[name][k].astype(float) for name in "Wbc")
        self.mean = weights["mean"].astype(float)
        self.directions = weights["directions"][: int(weights["alive"][k])].astype(
            float
        )
        X = np.asarray(ink, float).reshape(1, -1)
        self.seen = masking_noise(X, np.random.default_rng(seed), p)
        self.code = encode(self.seen, self.W, self.b, "relu")[0]
        self.start = self.code.copy()

    def set_unit(self, name: str, of: str, index: int, value: float) -> None:
        """Set a unit of the code, for `live`: from 0, where relu ends, to LARGEST."""
        self.code[index] = np.clip(value, 0, LARGEST)

    def scene(self) -> Scene:
        """The drawing, what is seen of it, both reconstructions, and the units."""
        rebuilt = decode(self.code[None], self.W.T, self.c)
        places = (self.seen - self.mean) @ self.directions.T
        by_pca = self.mean + places @ self.directions
        pictures = np.stack([self.seen, rebuilt, by_pca]).reshape(3, SIDE, SIDE)
        n = len(self.code)
        n_rows = -(-n // PER_ROW)
        at = [
            ((k % PER_ROW + 0.5) / PER_ROW, (k // PER_ROW + 0.5) / n_rows)
            for k in range(n)
        ]
        filters = self.W / np.abs(self.W).max(axis=1, keepdims=True)
        units = graph(
            np.array(at),
            np.empty((0, 2)),
            np.empty(0),
            filters[:, ::-1].reshape(n, SIDE, SIDE)[:, :, ::-1],
            labels=[f"{value:.2f}" for value in self.code],
            names=[f"unit {k + 1}" for k in range(n)],
            values=self.code,
            edit="code",
            title="The code: drag a unit up or down",
            shape=1.3,
        )
        drawn = images("ink", title="Your digit")
        names = ["seen", "auto-encoder", f"PCA, {len(self.directions)}"]
        others = images(pictures.clip(0, 1), names, title="Reconstructions", shape=3.6)
        facts = {
            "active units": int((self.code > 0).sum()),
            "loss, auto-encoder": 0.5 * np.sum((rebuilt - self.seen) ** 2),
            "loss, PCA": 0.5 * np.sum((by_pca - self.seen) ** 2),
        }
        return scene([drawn, units], [others], facts=facts)

    def told(self) -> str:
        """How many units are active, and whether the reader changed any."""
        changed = int((self.code != self.start).sum())
        told = f"{int((self.code > 0).sum())} of {len(self.code)} units are active"
        return f"{told}, {changed} of them set by hand." if changed else f"{told}."
