"""What the reader of a live piece sets, beside the sliders and choices of `explore`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from ..datasets import gaussian_classes
from .knobs import Control


@runtime_checkable
class LiveControl(Protocol):
    """What all controls have.

    start : the value at the start, as it is sent; spec : what the front end needs
    besides; read : the value that Python's functions get, from the one that is sent.
    """

    @property
    def label(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def start(self) -> Any: ...

    def spec(self) -> dict[str, Any]: ...

    def read(self, value: Any) -> Any: ...


GRID = 2000  # steps from 0 to the limit of a cloud: the address holds such points


class Points(NamedTuple):
    """What a cloud is to the functions of a piece.

    X : (N, 2), the points. y : (N,), their classes.
    """

    X: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class Cloud:
    """Points in the plane that are dragged, added, removed, and change their class.

    presets : what the reader may begin from, by name. limit : of both coordinates, in
    size. least, most : points. fixed : whether their number and classes stay. axes :
    the names of the coordinates.
    """

    label: str
    presets: dict[str, Points]
    classes: tuple[str, ...]
    limit: float
    least: int
    most: int
    fixed: bool
    axes: tuple[str, str]
    kind: str = field(default="cloud", init=False)

    @property
    def start(self) -> dict[str, list]:
        return self.sent(next(iter(self.presets.values())))

    def sent(self, points: Points) -> dict[str, list]:
        return {"X": points.X.ravel().tolist(), "y": points.y.tolist()}

    def spec(self) -> dict[str, Any]:
        presets = {name: self.sent(points) for name, points in self.presets.items()}
        return {
            "presets": presets,
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
) -> Cloud:
    """Points that the reader handles; the first preset is there at the start.

    presets : (X, y) by name. Points are moved onto a grid of limit / 2000. ValueError
    if there is no preset, or one does not fit.
    """
    if not presets:
        raise ValueError("presets must hold at least one, got none")
    kept: dict[str, Points] = {}
    wanted = Cloud(label, kept, tuple(classes), limit, least, most, fixed, axes)
    for name, (X, y) in presets.items():
        on_grid = np.rint(np.asarray(X, float) / limit * GRID) / GRID * limit
        kept[name] = wanted.read({"X": on_grid, "y": y})
    return wanted


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


@dataclass(frozen=True)
class Drawing:
    """A grid of cells that are drawn on, each with one of a few values.

    start : (H, W). values : what a cell may hold; the pen draws the last.
    """

    label: str
    grid: np.ndarray
    values: tuple[float, ...]
    kind: str = field(default="drawing", init=False)

    @property
    def start(self) -> list[int]:
        return self.sent(self.grid)

    def sent(self, grid: np.ndarray) -> list[int]:
        return [self.values.index(value) for value in grid.ravel().tolist()]

    def spec(self) -> dict[str, Any]:
        return {"shape": list(self.grid.shape), "levels": list(self.values)}

    def read(self, value: Any) -> np.ndarray:
        places = np.asarray(value, int).ravel()
        if len(places) != self.grid.size:
            raise ValueError(f"{self.label} must have {self.grid.size} cells")
        if len(places) and not 0 <= places.min() <= places.max() < len(self.values):
            raise ValueError(f"{self.label} must hold values of {self.values}")
        return np.array(self.values)[places].reshape(self.grid.shape)


def drawing(label: str, start: Any, values: Sequence[float] = (0.0, 1.0)) -> Drawing:
    """A grid (H, W) that the reader draws on; ValueError if start has other values."""
    grid = np.array(start, float)
    known = tuple(float(value) for value in values)
    if grid.ndim != 2 or not set(grid.ravel().tolist()) <= set(known):
        raise ValueError(f"start must be of shape (H, W) with values of {known}")
    return Drawing(label, grid, known)


@dataclass(frozen=True)
class Table:
    """Numbers in rows and columns that the reader changes.

    start : (R, C). low, high : what a number may be.
    """

    label: str
    numbers: np.ndarray
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    low: float
    high: float
    step: float
    kind: str = field(default="table", init=False)

    @property
    def start(self) -> list[float]:
        return self.numbers.ravel().tolist()

    def spec(self) -> dict[str, Any]:
        return {
            "rows": list(self.rows),
            "columns": list(self.columns),
            "low": self.low,
            "high": self.high,
            "step": self.step,
        }

    def read(self, value: Any) -> np.ndarray:
        numbers = np.asarray(value, float).ravel()
        if len(numbers) != self.numbers.size:
            raise ValueError(f"{self.label} must have {self.numbers.size} numbers")
        if not ((numbers >= self.low) & (numbers <= self.high)).all():
            raise ValueError(f"{self.label} must lie in [{self.low:g}, {self.high:g}]")
        return numbers.reshape(self.numbers.shape)


def table(
    label: str,
    start: Any,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    low: float = -10.0,
    high: float = 10.0,
    step: float = 0.1,
) -> Table:
    """Numbers (R, C) that the reader sets; ValueError if they are not of this shape."""
    numbers = np.array(start, float)
    if numbers.ndim != 2:
        raise ValueError(f"start must have the shape (R, C), got {numbers.shape}")
    names = (
        tuple(rows) or tuple(str(r + 1) for r in range(numbers.shape[0])),
        tuple(columns) or tuple(str(c + 1) for c in range(numbers.shape[1])),
    )
    if tuple(map(len, names)) != numbers.shape:
        raise ValueError(f"rows and columns must name {numbers.shape}, got {names}")
    made = Table(label, numbers, *names, low, high, step)
    made.read(made.start)
    return made


@dataclass(frozen=True)
class Text:
    """A line of text. longest : in characters."""

    label: str
    start: str
    longest: int
    kind: str = field(default="text", init=False)

    def spec(self) -> dict[str, Any]:
        return {"longest": self.longest}

    def read(self, value: Any) -> str:
        if not isinstance(value, str) or len(value) > self.longest:
            raise ValueError(
                f"{self.label} must be text of at most {self.longest} characters"
            )
        return value


def text(label: str, start: str, longest: int = 80) -> Text:
    """A line that the reader types; ValueError if start is longer than longest."""
    made = Text(label, start, longest)
    made.read(start)
    return made


@dataclass(frozen=True)
class Knob:
    """A slider or a choice, as `explore` has them."""

    control: Control

    @property
    def label(self) -> str:
        return self.control.label

    @property
    def kind(self) -> str:
        return self.control.kind

    @property
    def start(self) -> int:
        return self.control.start

    def spec(self) -> dict[str, Any]:
        values = self.control.values
        told = [f"{v:g}" if isinstance(v, float) else str(v) for v in values]
        return {"values": told}

    def read(self, value: Any) -> Any:
        if not 0 <= value < len(self.control.values):
            raise ValueError(f"{self.label} has no value number {value}")
        return self.control.values[value]
