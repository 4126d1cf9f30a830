"""The scene of a live piece: panels with their marks, as a dict of arrays and texts."""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Panel = dict[str, Any]
Mark = dict[str, Any]
Scene = dict[str, Any]
# Maps are sent as whole numbers between these, all other arrays in single precision.
LEVELS = 127


def scene(*rows: Sequence[Panel], facts: Mapping[str, object] | None = None) -> Scene:
    """Panels in rows, and below them facts: a few numbers with their names."""
    told = {name: _told(value) for name, value in (facts or {}).items()}
    return {"rows": [list(row) for row in rows], "facts": told}


def _told(value: object) -> str:
    """A fact in few digits."""
    if not isinstance(value, float | np.floating):
        return str(value)
    number = float(value)
    if math.isnan(number):
        return "–"
    if math.isinf(number):
        return "∞" if number > 0 else "-∞"
    return f"{number:.0f}" if abs(number) >= 100 else f"{number:.3g}"


# ---- plots and their marks


def plot(
    *marks: Mark | None,
    title: str = "",
    x: tuple[float, float] = (-1, 1),
    y: tuple[float, float] = (-1, 1),
    fit: bool = False,
    xlabel: str = "",
    ylabel: str = "",
    shape: float = 1.0,
    axes: bool = True,
) -> Panel:
    """A plane with marks, None left out.

    x, y : what it shows. fit : show all of the curves instead, and zero. shape : its
    width over its height.
    """
    kept = [mark for mark in marks if mark]
    if fit:
        curves = [mark for mark in kept if mark["mark"] == "curve"]
        x, y = (_reach([curve[axis] for curve in curves]) for axis in ("x", "y"))
    return {
        "kind": "plot",
        "marks": kept,
        "title": title,
        "x": [float(v) for v in x],
        "y": [float(v) for v in y],
        "xlabel": xlabel,
        "ylabel": ylabel,
        "shape": shape,
        "axes": axes,
    }


def _reach(parts: Sequence[np.ndarray]) -> tuple[float, float]:
    """Limits that hold these numbers and zero; the upper one has some room above it."""
    numbers = np.concatenate([[0.0], *parts])
    numbers = numbers[np.isfinite(numbers)]
    return float(numbers.min()), float(1.06 * numbers.max()) or 1.0


def dots(
    at: str | np.ndarray,
    y: np.ndarray | None = None,
    ring: Sequence[int] = (),
    names: Sequence[str] = (),
    hollow: Sequence[int] | np.ndarray = (),
    hollow_name: str = "",
) -> Mark:
    """Points. at : the name of a cloud, which the reader then handles, or (N, 2).

    y : (N,), their classes. ring : the places of those that are marked by a ring.
    names : words beside the points, not for a cloud. hollow : the places of those that
    are drawn as outlines, and hollow_name what they are.
    """
    return {
        "mark": "dots",
        "at": at if isinstance(at, str) else single(at),
        "y": None if y is None else [int(c) for c in y],
        "ring": [int(n) for n in ring],
        "names": list(names),
        "hollow": [int(n) for n in hollow],
        "hollow_name": hollow_name,
    }


def words(
    at: np.ndarray, told: Sequence[str], y: Sequence[int] | np.ndarray = ()
) -> Mark:
    """Words at points (N, 2), in the places of dots. y : their colours, from 0 to 3."""
    return {
        "mark": "words",
        "at": single(at),
        "words": [*told],
        "y": [int(colour) for colour in y],
    }


def heat(values: np.ndarray, contour: Sequence[float] = (), follow: str = "") -> Mark:
    """A map (H, W) of values in [-1, 1] over the plot, the first row at the bottom.

    contour : the values along which a line is drawn. follow : the name under which a
    graph is edited; the map of the node that is chosen there is shown instead.
    """
    return {
        "mark": "heat",
        "values": levels(values),
        "contour": [float(c) for c in contour],
        "follow": follow,
    }


def curve(
    x: np.ndarray,
    y: np.ndarray,
    look: str = "line",
    name: str = "",
    colour: int | None = None,
) -> Mark:
    """A line through points. look : "line", "dash", "faint" or "area" down to zero."""
    if look not in ("line", "dash", "faint", "area"):
        raise ValueError(f"look must be line, dash, faint or area, got {look!r}")
    return {
        "mark": "curve",
        "x": single(x),
        "y": single(y),
        "look": look,
        "name": name,
        "colour": colour,
    }


def arrow(
    start: Sequence[float] | np.ndarray,
    end: Sequence[float] | np.ndarray,
    name: str = "",
    colour: int | None = None,
    look: str = "line",
) -> Mark:
    """An arrow from (x, y) to (x, y). look : "line" or "faint"."""
    if look not in ("line", "faint"):
        raise ValueError(f"look must be line or faint, got {look!r}")
    return {
        "mark": "arrow",
        "start": [float(v) for v in start],
        "end": [float(v) for v in end],
        "look": look,
        "name": name,
        "colour": colour,
    }


def bars(
    values: np.ndarray,
    labels: Sequence[str] = (),
    names: Sequence[str] = (),
    colours: Sequence[int] = (),
) -> Mark:
    """Bars side by side over the whole plot. values : (N,), or (S, N) for S series.

    labels : below the N groups. names, colours : of the series.
    """
    return {
        "mark": "bars",
        "values": single(np.atleast_2d(values)),
        "labels": list(labels),
        "names": list(names),
        "colours": [int(colour) for colour in colours],
    }


# ---- the other panels


def graph(
    at: np.ndarray,
    edges: np.ndarray,
    weights: np.ndarray,
    maps: np.ndarray | None = None,
    labels: Sequence[str] = (),
    names: Sequence[str] = (),
    numbers: Sequence[str] = (),
    values: np.ndarray | None = None,
    edit: str = "",
    words: Sequence[str] = (),
    fixed: Sequence[int] = (),
    lit: tuple[Sequence[int], Sequence[int]] = ((), ()),
    title: str = "",
    shape: float = 1.6,
    narrow: float = 0.0,
    fitted: bool = False,
    turned: str = "narrow",
) -> Panel:
    """N nodes and M edges. at : (N, 2), in the unit square, downwards.

    edges : (M, 2), from and to. weights : (M,). maps : (N, H, W), a small picture in
    each node. labels : what stands at the nodes. names : what they are called where
    that is longer. numbers : what stands inside the nodes. values : (N,), of the nodes.
    edit : a name under which the reader changes weights and values. words : what stands
    on the edges. fixed : the edges whose weights the reader does not change. lit : the
    nodes and the edges that are emphasised. Texts may have several lines. narrow : the
    shape on a narrow screen, 0 if it is the same. turned : when the graph runs
    downwards, "narrow" (on a narrow screen), "always" or "never". fitted : whether each
    node is as wide as its label, of one line. ValueError for another `turned`.
    """
    if turned not in ("narrow", "always", "never"):
        raise ValueError(f"turned must be narrow, always or never, got {turned!r}")
    nodes, links = lit
    return {
        "kind": "graph",
        "at": single(at),
        "edges": np.asarray(edges, np.uint16).reshape(-1, 2),
        "weights": single(weights),
        "maps": None if maps is None else levels(maps),
        "labels": list(labels),
        "names": list(names or labels),
        "numbers": list(numbers),
        "values": None if values is None else single(values),
        "edit": edit,
        "words": list(words),
        "fixed": list(fixed),
        "lit": {"nodes": list(nodes), "edges": list(links)},
        "title": title,
        "shape": shape,
        "narrow": narrow,
        "fitted": fitted,
        "turned": turned,
    }


def images(
    grids: str | np.ndarray,
    labels: Sequence[str] = (),
    columns: int = 0,
    edit: str = "",
    signed: bool = False,
    title: str = "",
    shape: float = 1.0,
    touch: str = "",
    frames: Sequence[Sequence[int]] = (),
) -> Panel:
    """Grids (N, H, W) of values in [-1, 1] side by side, or a drawing by its name.

    columns : how many stand in a row, 0 for all. edit : a name under which the reader
    changes the cells of the grids. signed : whether they are shown in two colours, for
    both signs, and not as ink on paper. touch : a name under which the reader touches
    a cell; the piece's edit gets (state, touch, "cell", 0, place), with the place in
    the raveled grids. frames : rectangles that are outlined, each as the number of a
    grid, the row and the column of its corner, its height and its width. ValueError if
    touch or edit is more than a word, which an address could not hold.
    """
    _check_word(touch, edit)
    return {
        "kind": "images",
        "grids": grids if isinstance(grids, str) else levels(grids),
        "labels": list(labels),
        "columns": columns,
        "edit": edit,
        "signed": signed,
        "title": title,
        "shape": shape,
        "touch": touch,
        "frames": [[int(n) for n in frame] for frame in frames],
    }


def cells(
    values: str | np.ndarray,
    words: Sequence[Sequence[str]] | None = None,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
    digits: int = 2,
    title: str = "",
    shape: float = 1.0,
    touch: str = "",
    marked: Sequence[int] = (),
) -> Panel:
    """A table (R, C) of numbers, each with its colour, or a table control by its name.

    words : (R, C), what stands in the place of the numbers. touch : a name under which
    the reader touches a cell with a word; the piece's edit gets (state, touch, "cell",
    0, place), with the place counted row by row. marked : places that are framed.
    ValueError if touch is more than a word, which an address could not hold.
    """
    _check_word(touch)
    return {
        "kind": "cells",
        "values": values if isinstance(values, str) else single(values),
        "words": None if words is None else [[*row] for row in words],
        "rows": list(rows),
        "columns": list(columns),
        "digits": digits,
        "title": title,
        "shape": shape,
        "touch": touch,
        "marked": [int(place) for place in marked],
    }


def _check_word(*names: str) -> None:
    """Names of touches and edits stand in an address."""
    for name in names:
        if name and not name.replace("-", "").isalnum():
            raise ValueError(f"touch and edit must be one word, got {name!r}")


# ---- what several pieces need


@functools.cache
def plane(n: int, limit: float = 1.0) -> np.ndarray:
    """The points (n * n, 2) of a grid for `heat`, the lowest row first; read-only."""
    side = np.linspace(-limit, limit, n)
    points = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    points.flags.writeable = False
    return points


def border(w: np.ndarray, limit: float = 1.0) -> np.ndarray:
    """The ends of the line w[0] x + w[1] y + w[2] = 0 in a plot: (2, 2), x and y."""
    n = np.hypot(w[0], w[1])
    if n == 0:
        raise ValueError("w must have a slope, got zero")
    foot = -w[2] * w[:2] / n**2
    along = np.array([-w[1], w[0]]) / n
    far = 3 * limit + np.abs(foot).max()
    return np.column_stack([foot - far * along, foot + far * along])


def sides(w: np.ndarray, limit: float = 1.0) -> list[Mark]:
    """The line w[0] x + w[1] y + w[2] = 0 and, faintly, its two sides, as two marks.

    ValueError if w has no slope.
    """
    ends = border(w, limit)
    distance = (plane(24, limit) @ w[:2] + w[2]) / np.hypot(w[0], w[1])
    return [heat(0.5 * np.tanh(9 * distance / limit).reshape(24, 24)), curve(*ends)]


def arrow_with_room(
    line: np.ndarray, direction: np.ndarray, length: float, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Where an arrow that stands on a line has most room among points: start and end.

    line : (2, 2), x and y of its ends. direction : (2,). points : (N, 2). None if it
    has no room in the plot.
    """
    unit = direction / np.hypot(*direction)
    starts = np.linspace(line[:, 0], line[:, 1], 81)
    tips = starts + length * unit
    inside = (np.abs(tips) < 0.85).all(axis=1) & (np.abs(starts) < 0.95).all(axis=1)
    if not inside.any():
        return None
    if len(points):
        room = np.linalg.norm(tips[:, None] - points, axis=2).min(axis=1)
    else:
        room = -np.abs(starts).sum(axis=1)
    place = np.argmax(np.where(inside, room, -np.inf))
    return starts[place], tips[place]


def turned_line(
    old: np.ndarray, new: np.ndarray, points: np.ndarray, length: float = 0.5
) -> list[Mark]:
    """The line of two classes after an update, its sides, and how the update turned it.

    old, new : weights (2, 3) of both classes before and after, the constant's last.
    points : (N, 2) or more columns, from which the arrows keep away. The arrows are the
    weights of the difference before and after, in one scale; they are left out where
    the line has no room for them. No mark without a slope.
    """
    before, after = old[1] - old[0], new[1] - new[0]
    if not after[:2].any():
        return []
    place = arrow_with_room(border(after), after[:2], length, points[:, :2])
    if place is None:
        return sides(after)
    foot, tip = place
    turn = foot + length / np.hypot(after[0], after[1]) * before[:2]
    return [
        *sides(after),
        arrow(foot, turn, look="faint"),
        arrow(turn, tip, "update", colour=2),
        arrow(foot, tip, "w"),
    ]


CORNERS = np.array([[0, 0], [1, 0], [0.5, np.sqrt(3) / 2]])


def in_triangle(points: np.ndarray) -> np.ndarray:
    """Points (N, 3) seen straight from above the triangle of probabilities: (N, 2).

    Its corners, the unit vectors, are at (0, 0), (1, 0) and (1/2, √3/2).
    """
    # Along the line of sight all three coordinates grow alike.
    heights = np.asarray(points).mean(axis=1, keepdims=True) - 1 / 3
    return (points - heights) @ CORNERS


def single(values: Any) -> np.ndarray:
    return np.ascontiguousarray(values, np.float32)


def levels(values: Any) -> np.ndarray:
    return np.rint(np.clip(values, -1, 1) * LEVELS).astype(np.int8)


def pack(tree: Mapping[str, Any]) -> bytes:
    """One buffer: the length of the text, the text, and the arrays that it points into.

    The text is JSON; an array in it is {"$": [place, type, shape]}.
    """
    parts: list[bytes] = []
    place = 0

    def plain(value: Any) -> Any:
        nonlocal place
        if isinstance(value, np.generic):
            return value.item()
        if not isinstance(value, np.ndarray):
            raise TypeError(f"a scene cannot hold {type(value).__name__}")
        content = value.tobytes()
        content += bytes(-len(content) % 4)
        told = {"$": [place, value.dtype.str[1:], list(value.shape)]}
        parts.append(content)
        place += len(content)
        return told

    text = json.dumps(tree, default=plain, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    return b"".join([len(text).to_bytes(4, "little"), text, *parts])
