"""A digit that is drawn and a convolutional network that reads it, live."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..convolutional_networks import moved, receptive_field
from ..neural_networks import softmax
from ..training import Tensor
from .scenes import Panel, Scene, bars, images, plot, scene

PENS = (0.0, 0.5, 1.0)  # what the pen may leave in a pixel
COVERS = {"paper": 0.0, "grey": 0.5, "ink": 1.0}
# The layers of LeNet that are shown, with the windows and strides up to them.
SHOWN = {
    "first": ("First convolution", (5,), (1,)),
    "pooled": ("First pooling", (5, 2), (1, 2)),
    "second": ("Second convolution", (5, 2, 5), (1, 2, 1)),
    "pooled again": ("Second pooling", (5, 2, 5, 2), (1, 2, 1, 2)),
}
FIELDS = {
    layer: receptive_field(np.array(sizes), np.array(strides))
    for layer, (_, sizes, strides) in SHOWN.items()
}
PER_ROW = 8  # maps
Layers = Callable[[Mapping[str, Any], Any], Mapping[str, Any]]


def in_pens(digit: np.ndarray) -> np.ndarray:
    """A digit (H, W) in the values that the pen can leave."""
    return np.round(2 * np.clip(digit, 0, 1)) / 2


def _probabilities(
    series: list[np.ndarray], names: list[str], title: str, shape: float
) -> Panel:
    """Bars of ten probabilities."""
    marks = bars(np.stack(series), [str(k) for k in range(10)], names)
    return plot(marks, title=title, y=(0, 1), x=(0, 10), shape=shape)


class Reading:
    """A digit on its way through LeNet, and the unit that the reader touched.

    layers : `lenet_layers`; weights : what it takes. ink (28, 28) : the drawing. right,
    down : pixels by which it is shifted.
    """

    def __init__(
        self,
        layers: Layers,
        weights: Mapping[str, np.ndarray],
        ink: np.ndarray,
    ) -> None:
        self.layers, self.weights = layers, weights
        self.ink = np.asarray(ink, float)[None, None]
        self.touched = ("first", 1, 12, 12)

    def read(self, right: int, down: int) -> tuple[np.ndarray, Mapping[str, Any]]:
        """The shifted digit (28, 28) and all layers."""
        seen = moved(self.ink, right, down)
        return seen[0, 0], self.layers(self.weights, seen)

    def touch(self, name: str, of: str, index: int, value: float) -> None:
        """Keep the unit that was touched, for `live`: value counts the units."""
        layer = name.replace("-", " ")
        shape = self.layers(self.weights, self.ink)[layer].value.shape[1:]
        f, i, j = np.unravel_index(int(value), shape)
        self.touched = (layer, int(f), int(i), int(j))

    def scene(self, right: int, down: int) -> Scene:
        """The digit, the maps of each layer, and the probabilities."""
        seen, layers = self.read(right, down)
        name, f, i, j = self.touched
        length, step = FIELDS[name]
        field = [0, step * i, step * j, length, length]
        maps = {}
        for layer, (title, *_) in SHOWN.items():
            values = layers[layer].value[0]
            largest = max(values.max(), 1e-12)
            frames = [[f, i, j, 1, 1]] if layer == name else []
            across = min(len(values), PER_ROW)
            maps[layer] = images(
                values / largest,
                columns=across,
                title=f"{title}: touch a unit",
                shape=across / -(-len(values) // across),
                touch=layer.replace(" ", "-"),
                frames=frames,
            )
        drawn = images("ink", title="Your digit")
        shifted = images(seen[None], title="What LeNet sees", frames=[field])
        p = softmax(layers["scores"].value[0])
        facts = {
            "answer": int(p.argmax()),
            "its probability": p.max(),
            "unit touched": layers[name].value[0, f, i, j],
            "it sees": f"{length} × {length} pixels",
        }
        answer = _probabilities([p], [], "Probabilities", 1.6)
        rows = [maps["first"]], [maps["second"]], [maps["pooled"], maps["pooled again"]]
        return scene([drawn, shifted, answer], *rows, facts=facts)

    def told(self, right: int, down: int) -> str:
        """The answer, and what the touched unit depends on."""
        _, layers = self.read(right, down)
        p = softmax(layers["scores"].value[0])
        name, f, i, j = self.touched
        where = f"map {f + 1}, row {i + 1}, column {j + 1}"
        length, _ = FIELDS[name]
        title = SHOWN[name][0].lower()
        return (
            f"LeNet gives a {p.argmax()} with probability {p.max():.2f}. The unit in "
            f"{where} of “{title}” depends on the {length} × {length} framed pixels."
        )


class Covering:
    """A digit, a square that covers a part of it, and the answers of LeNet.

    layers : `lenet_layers`; weights : what it takes. ink (28, 28) : the drawing.
    """

    def __init__(
        self,
        layers: Layers,
        weights: Mapping[str, np.ndarray],
        ink: np.ndarray,
    ) -> None:
        self.layers, self.weights = layers, weights
        self.ink = np.asarray(ink, float)
        x = Tensor(self.ink[None, None])
        scores = layers(weights, x)["scores"]
        self.p = softmax(scores.value[0])
        self.answer = int(self.p.argmax())
        scores[0, self.answer].backward()
        self.saliency = np.abs(x.gradient[0, 0])
        self.middle = (14, 14)

    def touch(self, name: str, of: str, index: int, value: float) -> None:
        """Move the cover to the place that was touched, for `live`."""
        i, j = divmod(int(value), self.ink.shape[1])
        self.middle = (i, j)

    def covered(
        self, size: int, cover: str
    ) -> tuple[np.ndarray, list[int], np.ndarray]:
        """The digit with its cover, where that is, and the probabilities."""
        H, W = self.ink.shape
        top = int(np.clip(self.middle[0] - size // 2, 0, H - size))
        left = int(np.clip(self.middle[1] - size // 2, 0, W - size))
        x = self.ink.copy()
        x[top : top + size, left : left + size] = COVERS[cover]
        scores = self.layers(self.weights, x[None, None])["scores"].value[0]
        return x, [0, top, left, size, size], softmax(scores)

    def scene(self, size: int, cover: str) -> Scene:
        """The drawing, the covered digit, the saliency, and both answers."""
        x, frame, p = self.covered(size, cover)
        largest = max(self.saliency.max(), 1e-12)
        pictures = [
            images("ink", title="Your digit"),
            images(x[None], title="Covered: touch it", touch="cover", frames=[frame]),
            images(self.saliency[None] / largest, title="Saliency", frames=[frame]),
        ]
        names = ["without cover", "with cover"]
        answers = _probabilities([self.p, p], names, "Probabilities", 3.0)
        facts = {
            "answer": self.answer,
            "its probability": self.p[self.answer],
            "with cover": p[self.answer],
            "saliency under the cover": f"{self._share(frame):.0%}",
        }
        return scene(pictures, [answers], facts=facts)

    def _share(self, frame: list[int]) -> float:
        """The share of the saliency that lies under the cover."""
        _, top, left, size, _ = frame
        under = self.saliency[top : top + size, left : left + size].sum()
        return float(under / max(self.saliency.sum(), 1e-12))

    def told(self, size: int, cover: str) -> str:
        """The answers with and without the cover."""
        _, _, p = self.covered(size, cover)
        before = f"Without the cover LeNet gives a {self.answer}, {self.p.max():.2f}"
        return f"{before}; with it a {p.argmax()}, {p.max():.2f}."
