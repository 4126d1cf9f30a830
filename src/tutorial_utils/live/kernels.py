"""A filter that slides over an image, its windows and its products, live."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from .scenes import Panel, Scene, cells, images, scene

SIDE = 40  # of a photograph
SIZE = 3  # of the filter
DIGIT = "digit"
INPUT, OUTPUT = "input", "output"


def reached(place: int, stride: int, n_outputs: int) -> range:
    """The outputs, along one axis, whose windows hold an input."""
    first = max(-(-(place - SIZE + 1) // stride), 0)
    return range(first, min(place // stride + 1, n_outputs))


class Sliding:
    """An image, and the place in it or in the output that the reader touched.

    conv2d : as in chapter 5. photographs : by name, (SIDE, SIDE), from 0 to 1.
    picture : one of their names, or DIGIT for the drawing ink (H, W).
    """

    def __init__(
        self,
        conv2d: Callable[..., np.ndarray],
        photographs: Mapping[str, np.ndarray],
        picture: str,
        ink: np.ndarray,
    ) -> None:
        self.conv2d, self.is_drawn = conv2d, picture == DIGIT
        image = ink if self.is_drawn else photographs[picture]
        self.image = np.asarray(image, float)
        middle = len(image) // 2
        self.touched = (OUTPUT, middle + 2, middle - 2)
        self.widths: dict[str, int] = {}

    def touch(self, name: str, of: str, index: int, value: float) -> None:
        """Keep the place that was touched, for `live`: value counts the cells."""
        self.touched = (name, *divmod(int(value), self.widths[name]))

    def scene(self, weights: np.ndarray, stride: int, padding: int) -> Scene:
        """The image, its padded form and the output; below, what belongs together."""
        x = np.pad(self.image, padding)
        h = self.conv2d(x[None, None], weights[None, None], None, stride)[0, 0]
        self.widths = {INPUT: x.shape[1], OUTPUT: h.shape[1]}
        name, *place = self.touched
        i, j = np.minimum(place, np.array((x if name == INPUT else h).shape) - 1)
        self.touched = (name, int(i), int(j))
        if name == OUTPUT:
            framed = [[0, stride * i, stride * j, SIZE, SIZE]], [[0, i, j, 1, 1]]
            window = x[stride * i : stride * i + SIZE, stride * j : stride * j + SIZE]
            numbers = _of_window(window, weights)
            told: dict[str, object] = {"output touched": h[i, j]}
        else:
            rows, columns = reached(i, stride, len(h)), reached(j, stride, h.shape[1])
            n = len(rows) * len(columns)
            there = [[0, rows.start, columns.start, len(rows), len(columns)]]
            framed = [[0, i, j, 1, 1]], there if n else []
            numbers = _of_input(weights, i, j, stride, rows, columns) if n else []
            told = {"outputs reached": n}
        titles = "Input, padded: touch it", "Output: touch it"
        largest = max(np.abs(h).max(), 1e-12)
        pictures = [
            images(x[None], title=titles[0], touch=INPUT, frames=framed[0]),
            images(
                h[None] / largest,
                title=titles[1],
                touch=OUTPUT,
                frames=framed[1],
                signed=True,
            ),
        ]
        drawn = [images("ink", title="Your digit")] if self.is_drawn else []
        facts = {
            "outputs": f"{h.shape[0]} × {h.shape[1]}",
            "smallest": h.min(),
            "largest": h.max(),
            "sum of the weights": weights.sum(),
        }
        tables = [cells("weights", title="Weights", shape=2.2), *numbers]
        return scene([*drawn, *pictures], tables, facts=facts | told)

    def told(self, weights: np.ndarray, stride: int, padding: int) -> str:
        """What was touched, in a sentence."""
        name, i, j = self.touched
        place = f"row {i + 1}, column {j + 1}"
        if name == INPUT:
            return f"The input in {place} enters the framed outputs by these weights."
        x = np.pad(self.image, padding)
        window = x[stride * i : stride * i + SIZE, stride * j : stride * j + SIZE]
        total = float(np.sum(window * weights))
        return f"The output in {place} is the sum of nine products, {total:.3g}."


def _of_window(window: np.ndarray, weights: np.ndarray) -> list[Panel]:
    """The window, and its products with the weights."""
    return [
        cells(window, title="Window"),
        cells(window * weights, title="Products"),
    ]


def _of_input(
    weights: np.ndarray, i: int, j: int, stride: int, rows: range, columns: range
) -> list[Panel]:
    """The weights by which an input enters the outputs, in their places."""
    a, e = (
        [i - stride * row for row in rows],
        [j - stride * column for column in columns],
    )
    names = [str(row + 1) for row in rows], [str(column + 1) for column in columns]
    title = "Weight by which it enters each output"
    return [cells(weights[np.ix_(a, e)], None, *names, title=title, shape=2)]
