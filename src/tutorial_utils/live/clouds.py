"""Points in the plane that the reader of a live piece handles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..datasets import gaussian_classes

GRID = 2000  # steps from 0 to the limit of a cloud: the address holds such points

# Standard deviations by which points may be moved at random, as shares of the limit.
NOISE = (0.0, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3)


@dataclass(frozen=True, eq=False)
class Points:
    """What a cloud is to the functions of a piece; each is equal to itself alone.

    X : (N, 2), the points. y : (N,), their classes.
    """

    X: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Cloud:
    """Points in the plane that are dragged, added, removed, and change their class.

    presets : what the reader may begin from, by name. limit : of both coordinates, in
    size. least, most : points. fixed : whether their number and classes stay. axes :
    the names of the coordinates. noise : the levels of NOISE, or none.
    """

    label: str
    presets: dict[str, Points]
    classes: tuple[str, ...]
    limit: float
    least: int
    most: int
    fixed: bool
    axes: tuple[str, str]
    noise: tuple[float, ...] = ()
    kind: str = field(default="cloud", init=False)

    @property
    def start(self) -> dict[str, Any]:
        return self.sent(next(iter(self.presets)))

    def sent(self, value: str | tuple[str, float]) -> dict[str, Any]:
        """A preset, or a preset moved at random by so much noise, as it is sent."""
        name, noise = (value, 0.0) if isinstance(value, str) else value
        points = self.presets[name]
        moved = points.X + noise * self.limit * self.moves[: len(points.y)]
        X = to_grid(moved.clip(-self.limit, self.limit), self.limit)
        sent = {"X": X.ravel().tolist(), "y": points.y.tolist()}
        return sent | ({"noise": [self.noise.index(noise), 0]} if self.noise else {})

    @property
    def moves(self) -> np.ndarray:
        """A random direction for each point (most, 2), of size 1 on average."""
        return np.random.default_rng(0).normal(size=(self.most, 2)).round(3)

    def spec(self) -> dict[str, Any]:
        random = {
            "levels": list(self.noise),
            "moves": self.moves.ravel().tolist() if self.noise else [],
        }
        return {
            "presets": {name: self.sent(name) for name in self.presets},
            "noise": random,
            "classes": list(self.classes),
            "limit": self.limit,
            "least": self.least,
            "most": self.most,
            "fixed": self.fixed,
            "axes": list(self.axes),
        }

    def read(self, value: Any) -> Points:
        """Points from what the page sends; ValueError if they cannot be."""
        X = np.asarray(value["X"], float).reshape(-1, 2)
        y = np.asarray(value["y"], int).reshape(-1)
        if len(X) != len(y) or not self.least <= len(y) <= self.most:
            raise ValueError(
                f"{self.label} must have as many classes as points, from {self.least} "
                f"to {self.most}, got {len(X)} and {len(y)}"
            )
        if not np.isfinite(X).all() or (np.abs(X) > self.limit * (1 + 1e-9)).any():
            raise ValueError(f"{self.label} must lie within {self.limit:g}, got {X}")
        if len(y) and not 0 <= y.min() <= y.max() < len(self.classes):
            raise ValueError(f"{self.label} has classes {self.classes}, got {y}")
        return Points(X, y)


def cloud(
    label: str,
    presets: Mapping[str, tuple[Any, Any]],
    classes: Sequence[str] = ("point",),
    limit: float = 1.0,
    least: int = 1,
    most: int = 120,
    fixed: bool = False,
    axes: tuple[str, str] = ("x", "y"),
    noisy: bool = False,
) -> Cloud:
    """Points that the reader handles; the first preset is there at the start.

    presets : (X, y) by name. Points are moved onto a grid of limit / 2000. noisy :
    whether the reader may move all points at random. ValueError if there is no preset,
    or one does not fit.
    """
    if not presets:
        raise ValueError("presets must hold at least one, got none")
    levels = NOISE if noisy else ()
    kept: dict[str, Points] = {}
    wanted = Cloud(label, kept, tuple(classes), limit, least, most, fixed, axes, levels)
    for name, (X, y) in presets.items():
        kept[name] = wanted.read({"X": to_grid(np.asarray(X, float), limit), "y": y})
    return wanted


def to_grid(X: np.ndarray, limit: float) -> np.ndarray:
    """Points moved onto the grid that the address holds."""
    return np.rint(X / limit * GRID) / GRID * limit


def two_clouds(
    distances: Mapping[str, float], n: int = 9, seed: int = 7
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Presets for a cloud: two clouds of n points each, in a random order.

    distances : how far apart the two are, by name, as a share of the plane's side.
    """
    presets = {}
    for name, distance in distances.items():
        rng = np.random.default_rng(seed)
        middles = distance * np.array([[-1, -1], [1, 1]])
        X, y = gaussian_classes(rng, middles, n, spread=0.25)
        order = rng.permutation(2 * n)
        presets[name] = (X[order].clip(-1, 1), y[order])
    return presets
