"""The plane of a variational auto-encoder's latent variables, live."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np

from ..neural_networks import sigmoid
from .clouds import Points
from .scenes import Scene, curve, dots, images, plot, scene, words

SIDE = 28
LIMIT = 3.5  # of both latent variables
N_PATH = 9  # pictures on the path, with its ends
HANDLES = ("point", "start of the path", "end of the path")


class Plane:
    """A point and a path in the plane, and the pictures that are decoded there.

    log_odds_of : as `decoder`. arrays : its parameters, and the means (N, 2) and the
    classes, `labels` (N,), of digits.
    """

    def __init__(self, log_odds_of: Callable, arrays: Mapping[str, np.ndarray]) -> None:
        params = {name: array.astype(float) for name, array in arrays.items()}
        self.means = params.pop("means")
        self.labels = params.pop("labels").astype(int)
        self.log_odds_of = functools.partial(log_odds_of, params=params)

    def pictures(self, z: np.ndarray) -> np.ndarray:
        """The decoded probabilities at points (N, 2), as pictures."""
        return sigmoid(self.log_odds_of(z)).reshape(-1, SIDE, SIDE)

    def classes_at(self, z: np.ndarray) -> np.ndarray:
        """The classes of the digits whose means are nearest to points (N, 2)."""
        distance = np.linalg.norm(z[:, None] - self.means, axis=2)
        return self.labels[distance.argmin(axis=1)]

    @staticmethod
    def path(ends: Points) -> np.ndarray:
        """Points (N_PATH, 2) on the straight way from the start to the end."""
        return np.linspace(ends.X[1], ends.X[2], N_PATH)

    def scene(self, ends: Points) -> Scene:
        """The plane with its digits, the picture at the point, and both mixtures."""
        path = self.path(ends)
        names = [str(label) for label in self.labels]
        digits = words(self.means, names, self.labels % 4)
        reach = (-LIMIT, LIMIT)
        way = curve(path[:, 0], path[:, 1], "dash")
        title = "Drag the point and the ends of the path"
        plane = plot(digits, way, dots("ends"), title=title, x=reach, y=reach)
        at_point = images(self.pictures(ends.X[:1]), title="Decoded at the point")
        on_path = self.pictures(path)
        share = np.linspace(0, 1, N_PATH)[:, None, None]
        mixed = (1 - share) * on_path[0] + share * on_path[-1]
        both = images(
            np.concatenate([on_path, mixed]),
            columns=N_PATH,
            title="Above: along the path. Below: its two ends mixed pixel by pixel",
            shape=N_PATH / 2,
        )
        return scene([plane, at_point], [both])

    def told(self, ends: Points) -> str:
        """The nearest digit at the point, and those along the path."""
        (x, y), [nearest] = ends.X[0], self.classes_at(ends.X[:1])
        distance = np.linalg.norm(self.means - ends.X[0], axis=1).min()
        passed = self.classes_at(self.path(ends))
        order = [
            passed[0],
            *(b for a, b in zip(passed, passed[1:], strict=False) if a != b),
        ]
        return (
            f"At ({x:.2f}, {y:.2f}) the nearest digit is a {nearest}, at a distance of "
            f"{distance:.2f}. The path passes {', '.join(map(str, order))}."
        )
