"""A network in a live piece: its training, its drawing, and its parameters by hand."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..neural_networks import ACTIVATIONS, MLP, softmax
from ..training import (
    SGD,
    Adam,
    Momentum,
    backpropagation,
    cross_entropy,
    forward_pass,
    minibatches,
    penalised,
)
from .clouds import Points
from .controls import LiveControl, sizes
from .knobs import Control, choice, slider
from .scenes import Mark, Panel, curve, dots, graph, heat, plot

OPTIMISERS: dict[str, Callable[[float], SGD]] = {
    "Adam": Adam,
    "momentum": Momentum,
    "SGD": SGD,
}
FOLDED = ("optimiser", "batch", "penalty", "strength", "held", "seed", "show")
KEPT = 200  # losses, after which every other one is forgotten
# Lines each way that rule a plane, points on each, and how far they reach.
RULES, DOTS, REACH = 11, 32, 3.0
LARGEST = 20.0  # that a parameter set by hand may be


def in_one_vector(network: MLP) -> np.ndarray:
    """The parameters W1, b1, W2, …, which from now on are views of this vector.

    An optimiser changes one long vector faster than many short ones.
    """
    parts = [p for pair in zip(network.W, network.b, strict=True) for p in pair]
    vector = np.concatenate([part.ravel() for part in parts])
    ends = np.cumsum([part.size for part in parts])
    views = [
        part.reshape(like.shape)
        for part, like in zip(np.split(vector, ends[:-1]), parts, strict=True)
    ]
    network.W, network.b = views[::2], views[1::2]
    return vector


def training_controls(
    layers: Sequence[int], activation: str
) -> dict[str, Control | LiveControl]:
    """What the reader sets of a network of these hidden layers and of its training."""
    rates = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    strengths = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
    return {
        "layers": sizes("Units in each hidden layer", layers, "layer"),
        "activation": choice("Activation", ACTIVATIONS, activation),
        "rate": slider("Learning rate", rates, 0.03),
        "optimiser": choice("Optimiser", OPTIMISERS),
        "batch": choice("Mini-batch", ("all", "100", "50", "20", "10", "5", "1")),
        "penalty": choice("Regularisation", ("none", "L1", "L2")),
        "strength": slider("Regularisation strength", strengths, 0.003),
        "held": slider("Held out", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5), 0.2),
        "seed": slider("Random start", range(10)),
        "show": choice("Show", ("probability", "decision")),
    }


def held_out(n: int, share: float) -> np.ndarray:
    """Which of n points are kept from training: (n,), evenly among them."""
    counts = np.floor(share * np.arange(n + 1) + 1e-9)
    return np.diff(counts) > 0


@functools.lru_cache(maxsize=2)
def training_split(
    data: Points,
    inputs: Callable[[np.ndarray, tuple[str, ...]], np.ndarray],
    names: tuple[str, ...],
    share: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The inputs of points (N, D), their classes (N,), and which are held out (N,).

    inputs(X, names) : the inputs of these names at points (N, 2).
    """
    n = len(data.y)
    X = inputs(data.X, names) if n else np.empty((0, len(names)))
    return X, data.y, held_out(n, share)


class Training:
    """A network in training, one mini-batch after another.

    sizes, activation : as of `MLP`. optimiser : a name of OPTIMISERS. seed : of the
    weights and of the batches. updates, epochs : how many there were. losses : after
    how many updates, of the training points, of the others.
    """

    def __init__(
        self, sizes: Sequence[int], activation: str, optimiser: str, seed: int
    ) -> None:
        self.rng = np.random.default_rng(seed)
        self.network = MLP(sizes, activation, self.rng)
        self.parameters = in_one_vector(self.network)
        self.optimiser = OPTIMISERS[optimiser](1.0)  # each update has its own rate
        self.updates, self.epochs = 0, 0
        self.losses: list[tuple[int, float, float]] = []
        self._every = 1
        self._n = 0
        self._batches: Iterator[np.ndarray] = iter(())

    def update(
        self,
        X: np.ndarray,
        y: np.ndarray,
        out: np.ndarray,
        batch: str,
        rate: float,
        penalty: str,
        strength: float,
    ) -> None:
        """One update with the next batch of the points that are not left out of it.

        X (N, D), y (N,), out (N,) truth values; without points there is no update.
        batch : a size, or "all". penalty : "none", "L1" or "L2", with its strength.
        """
        rows = np.flatnonzero(~out)
        if rows.size == 0:
            return
        if self.updates % self._every == 0:
            self._keep(X, y, out)
        chosen = rows[self._next(len(rows), batch)]
        gradients = backpropagation.unchecked(self.network, X[chosen], y[chosen])
        if penalty != "none":
            how = {penalty.lower(): strength}
            gradients = penalised(gradients, self.network, **how)
        self.optimiser.learning_rate = rate
        flat = np.concatenate([g.ravel() for pair in gradients for g in pair])
        self.optimiser.update([self.parameters], [flat])
        self.updates += 1

    def _next(self, n: int, batch: str) -> np.ndarray:
        """The next batch of an epoch; a new epoch where one ends or points changed."""
        chosen = next(self._batches, None) if n == self._n else None
        if chosen is None:
            size = n if batch == "all" else int(batch)
            self._n, self._batches = n, minibatches(self.rng, n, size)
            self.epochs += 1
            chosen = next(self._batches)
        return chosen

    def _keep(self, X: np.ndarray, y: np.ndarray, out: np.ndarray) -> None:
        self.losses.append((self.updates, *losses(self.network, X, y, out)))
        if len(self.losses) == KEPT:
            self.losses = self.losses[::2]
            self._every *= 2

    def facts(self, now: tuple[float, float]) -> dict[str, object]:
        """Counts, and the `losses` of now, for a scene."""
        told = {"updates": self.updates, "epochs": self.epochs}
        return told | {"loss, training": now[0], "loss, held out": now[1]}

    def told(self, X: np.ndarray, y: np.ndarray, out: np.ndarray) -> str:
        """How many points the network gets wrong, in a sentence."""
        if len(y) == 0:
            return "There are no points. Add some of both classes."
        wrong = self.network.forward(X).argmax(axis=1) != y
        sizes, hidden = "-".join(map(str, self.network.sizes)), self.network.sizes[1:-1]
        units = f" of {self.network.activation} units" if hidden else ""
        rest = f", and {wrong[out].sum()} of {out.sum()} held out" if out.any() else ""
        return (
            f"The network {sizes}{units} gets "
            f"{wrong[~out].sum()} of {(~out).sum()} training points wrong{rest}."
        )

    def loss_row(
        self, now: tuple[float, float], beside: Sequence[Panel]
    ) -> list[Panel]:
        """The two losses against the updates, up to those of now, and other panels."""
        past = np.array([*self.losses, (self.updates, *now)])
        names = ("training", "held out") if self.updates else ("", "")  # no room at 0
        marks = [
            curve(past[:, 0], past[:, 1], name=names[0], colour=2),
            curve(past[:, 0], past[:, 2], "dash", names[1], colour=3),
        ]
        loss = plot(
            *(mark for mark in marks if np.isfinite(mark["y"]).all()),
            x=(0, max(self.updates, 20)),
            y=(0, 1.1 * np.nanmax([*past[:, 1:].flat, 0.1])),
            xlabel="updates",
            title="Loss",
            shape=2 if beside else 5,
        )
        return [loss, *beside]


def losses(
    network: MLP, X: np.ndarray, y: np.ndarray, out: np.ndarray
) -> tuple[float, float]:
    """The mean loss of the training points and of those left out; NaN of none."""
    if len(y) == 0:
        return np.nan, np.nan
    each = cross_entropy(network.forward(X), y)
    training, held = (each[p].mean() if p.any() else np.nan for p in (~out, out))
    return training, held


def network_graph(
    network: MLP,
    layers: Sequence[np.ndarray],
    inputs: Sequence[str],
    outputs: Sequence[str],
    shape: float = 1.5,
    title: str = "The network",
) -> Panel:
    """The network as a graph, with a map of each unit over a square.

    layers : `unit_outputs` at the points of the square, (n * n, K_l) each. The maps of
    the two classes have their colours. Weights and biases are edited under the name
    "network".
    """
    in_colours = layers[-1] * [-1, 1]
    columns = np.concatenate([*layers[:-1], in_colours], axis=1).T  # (units, n * n)
    most = np.abs(columns).max(axis=1, keepdims=True)
    side = round(columns.shape[1] ** 0.5)
    maps = columns / np.where(most > 0, most, 1)
    at, edges, hidden = _layout(tuple(network.sizes))
    numbers = [name.split()[1] for name in hidden]
    return graph(
        at,
        edges,
        np.concatenate([W.ravel() for W in network.W]),
        maps.reshape(-1, side, side),
        labels=[*inputs, *[""] * len(hidden), *outputs],
        names=[*inputs, *hidden, *outputs],
        numbers=[*[""] * len(inputs), *numbers, *[""] * len(outputs)],
        values=np.concatenate([np.zeros(network.sizes[0]), *network.b]),
        edit="network",
        title=title,
        shape=shape,
    )


@functools.cache
def _layout(sizes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Where the units stand, (units, 2); the edges, (edges, 2); hidden units' names."""
    first = np.cumsum([0, *sizes]).tolist()
    at = [
        (l / (len(sizes) - 1), (k + 0.5) / size)
        for l, size in enumerate(sizes)
        for k in range(size)
    ]
    edges = [
        (first[l] + i, first[l + 1] + j)
        for l, (below, above) in enumerate(itertools.pairwise(sizes))
        for j in range(above)
        for i in range(below)
    ]
    hidden = [
        f"unit {k + 1} of layer {l}"
        for l, size in enumerate(sizes[1:-1], start=1)
        for k in range(size)
    ]
    return np.array(at), np.array(edges), hidden


def edit_network(
    training: Training, name: str, of: str, index: int, value: float
) -> None:
    """Set a weight ("edge") or a bias ("node") of what `network_graph` draws.

    For `live`, as its edit. ValueError if the network has none of this number, or the
    value is too large.
    """
    network = training.network
    if not abs(value) <= LARGEST:
        raise ValueError(
            f"a weight or bias must lie between {-LARGEST:g} and {LARGEST:g}, "
            f"got {value:g}"
        )
    parts = network.W if of == "edge" else network.b
    place = index if of == "edge" else index - network.sizes[0]
    for part in parts:
        if 0 <= place < part.size:
            part.flat[place] = value
            return
        place -= part.size
    raise ValueError(f"the network has no {of} number {index}")


def ruled_plane() -> np.ndarray:
    """Points of the lines that rule a square, RULES each way, line after line."""
    places, along = np.linspace(-REACH, REACH, RULES), np.linspace(-REACH, REACH, DOTS)
    upright = np.stack(np.broadcast_arrays(places[:, None], along), axis=-1)
    return np.concatenate([upright, upright[..., ::-1]]).reshape(-1, 2)


def folded_plane(
    network: MLP,
    X: np.ndarray,
    y: np.ndarray,
    inputs: Callable[[np.ndarray], np.ndarray],
) -> list[Panel]:
    """What the last hidden layer makes of points and lines, if it has two units.

    X (N, D), y (N,). inputs : from points of the plane (M, 2) to inputs (M, D). The
    background is the network's answer at each pair of what the two units can be. No
    panel for another number of units.
    """
    if len(network.sizes) < 3 or network.sizes[-2] != 2:
        return []
    if len(y) == 0:
        return []
    points = unit_outputs(network, X)[-2]
    ruled = unit_outputs(network, inputs(ruled_plane()))[-2]
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.1 * np.maximum(high - low, 0.1)
    (x0, y0), (x1, y1) = (low - room).tolist(), (high + room).tolist()
    sides = np.meshgrid(np.linspace(x0, x1, 32), np.linspace(y0, y1, 32))
    p = unit_outputs(last_layer(network), np.stack(sides, -1).reshape(-1, 2))[-1]
    shown = [answer_map(p, "probability")]
    for line in ruled.reshape(2 * RULES, DOTS, 2):
        shown.append(curve(line[:, 0], line[:, 1], "faint"))
    folded = plot(
        *shown,
        dots(points, y),
        x=(x0, x1),
        y=(y0, y1),
        xlabel="hidden unit 1",
        ylabel="hidden unit 2",
        title="After the hidden layer",
    )
    return [folded]


def answer_map(p: np.ndarray, show: str, follow: str = "") -> Mark:
    """Probabilities of two classes over a square, with the border between them.

    p (n * n, 2). show : "probability" or "decision". follow : as in `heat`.
    """
    side = round(len(p) ** 0.5)
    answer = (2 * p[:, 1] - 1).reshape(side, side)
    return heat(np.sign(answer) if show == "decision" else answer, [0], follow)


def last_layer(network: MLP) -> MLP:
    """The output layer alone, as a network of what the last hidden layer gives."""
    alone = MLP(network.sizes[-2:], network.activation, np.random.default_rng(0))
    alone.W, alone.b = network.W[-1:], network.b[-1:]
    return alone


def unit_outputs(network: MLP, inputs: np.ndarray) -> list[np.ndarray]:
    """What inputs, hidden units and classes are at N points: (N, K_l) for each layer.

    inputs (N, D). The last are the probabilities of the classes.
    """
    Z, H = forward_pass(network, inputs)
    return [*H, softmax(Z[-1])]
