"""What the reader of a live piece sets, beside the sliders and choices of `explore`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from .knobs import Control


@runtime_checkable
class LiveControl(Protocol):
    """What all controls have.

    start : the value at the start, as it is sent; spec : what the front end needs
    besides; read : the value that Python's functions get, from the one that is sent;
    sent : the other way round.
    """

    @property
    def label(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def start(self) -> Any: ...

    def spec(self) -> dict[str, Any]: ...

    def read(self, value: Any) -> Any: ...

    def sent(self, value: Any) -> Any: ...


@dataclass(frozen=True)
class Drawing:
    """A grid of cells that are drawn on, each with one of a few values.

    start : (H, W). values : what a cell may hold. pens : their names, if the reader
    chooses what the pen leaves; else each press leaves the next value. width : of the
    pen, in cells.
    """

    label: str
    grid: np.ndarray
    values: tuple[float, ...]
    pens: tuple[str, ...] = ()
    width: int = 1
    kind: str = field(default="drawing", init=False)

    @property
    def start(self) -> list[int]:
        return self.sent(self.grid)

    def sent(self, grid: np.ndarray) -> list[int]:
        return [self.values.index(value) for value in grid.ravel().tolist()]

    def spec(self) -> dict[str, Any]:
        return {
            "shape": list(self.grid.shape),
            "levels": list(self.values),
            "pens": list(self.pens),
            "width": self.width,
        }

    def read(self, value: Any) -> np.ndarray:
        places = np.asarray(value, int).ravel()
        if len(places) != self.grid.size:
            raise ValueError(f"{self.label} must have {self.grid.size} cells")
        if len(places) and not 0 <= places.min() <= places.max() < len(self.values):
            raise ValueError(f"{self.label} must hold values of {self.values}")
        return np.array(self.values)[places].reshape(self.grid.shape)


def drawing(
    label: str,
    start: Any,
    values: Sequence[float] | Mapping[str, float] = (0.0, 1.0),
    width: int = 1,
) -> Drawing:
    """A grid (H, W) that the reader draws on; ValueError if start has other values.

    values : what a cell may hold; with names, the reader chooses one as the pen, at
    first the last. width : of the pen, in cells.
    """
    pens = tuple(values) if isinstance(values, Mapping) else ()
    levels = values.values() if isinstance(values, Mapping) else values
    grid, known = np.array(start, float), tuple(float(value) for value in levels)
    if grid.ndim != 2 or not set(grid.ravel().tolist()) <= set(known):
        raise ValueError(f"start must be of shape (H, W) with values of {known}")
    if not 1 <= width <= min(grid.shape):
        raise ValueError(f"width must be from 1 to {min(grid.shape)}, got {width}")
    return Drawing(label, grid, known, pens, width)


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
        return self.sent(self.numbers)

    def sent(self, numbers: np.ndarray) -> list[float]:
        return np.ravel(numbers).tolist()

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

    def sent(self, value: str) -> str:
        return value

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
class Toggles:
    """Names of which any are on, at least one.

    chosen : those that are on at the start.
    """

    label: str
    names: tuple[str, ...]
    chosen: tuple[str, ...]
    kind: str = field(default="toggles", init=False)

    @property
    def start(self) -> list[int]:
        return self.sent(self.chosen)

    def sent(self, chosen: Sequence[str]) -> list[int]:
        return sorted(self.names.index(name) for name in chosen)

    def spec(self) -> dict[str, Any]:
        return {"names": list(self.names)}

    def read(self, value: Any) -> tuple[str, ...]:
        """The names that are on, in the order of all; ValueError if there is none."""
        places = sorted({*value})
        if not places or not 0 <= places[0] <= places[-1] < len(self.names):
            raise ValueError(f"{self.label} must be some of {self.names}, got {value}")
        return tuple(self.names[place] for place in places)


def toggles(label: str, names: Sequence[str], start: Sequence[str]) -> Toggles:
    """Names of which the reader turns some on; ValueError if start has others."""
    if not start or not {*start} <= {*names}:
        raise ValueError(f"start must be some of {tuple(names)}, got {tuple(start)}")
    return Toggles(label, tuple(names), tuple(start))


@dataclass(frozen=True)
class Sizes:
    """A list of whole numbers, the sizes of parts: of layers, for example.

    part : what one is called. most : of a size. longest : how many there may be.
    """

    label: str
    sizes: tuple[int, ...]
    part: str
    most: int
    longest: int
    kind: str = field(default="sizes", init=False)

    @property
    def start(self) -> list[int]:
        return self.sent(self.sizes)

    def sent(self, sizes: Sequence[int]) -> list[int]:
        return [*sizes]

    def spec(self) -> dict[str, Any]:
        return {"part": self.part, "most": self.most, "longest": self.longest}

    def read(self, value: Any) -> tuple[int, ...]:
        """The sizes; ValueError if one does not fit, or there are too many."""
        sizes = tuple(int(size) for size in value)
        if len(sizes) > self.longest or not all(1 <= s <= self.most for s in sizes):
            raise ValueError(
                f"{self.label} must be at most {self.longest} numbers from 1 to "
                f"{self.most}, got {sizes}"
            )
        return sizes


def sizes(
    label: str, start: Sequence[int], part: str, most: int = 8, longest: int = 6
) -> Sizes:
    """Sizes of parts that the reader adds, removes and changes.

    part : what one is called, such as "layer". ValueError if start does not fit.
    """
    made = Sizes(label, tuple(start), part, most, longest)
    made.read(made.start)
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

    def sent(self, value: Any) -> int:
        return self.control.values.index(value)

    def spec(self) -> dict[str, Any]:
        values = self.control.values
        told = [f"{v:g}" if isinstance(v, float) else str(v) for v in values]
        return {"values": told}

    def read(self, value: Any) -> Any:
        if not 0 <= value < len(self.control.values):
            raise ValueError(f"{self.label} has no value number {value}")
        return self.control.values[value]
