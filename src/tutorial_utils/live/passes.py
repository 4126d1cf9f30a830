"""Backpropagation by hand in a live piece: a small network, number by number."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..neural_networks import MLP
from ..training import DERIVATIVES, SGD, Tensor, backpropagation, loss_node
from .scenes import Scene, graph, scene

NODES = ("x1", "x2", "z1", "z2", "h1", "h2", "f", "L")
AT = (
    *((0, 0.12), (0, 0.88), (0.29, 0.12), (0.29, 0.88)),
    *((0.53, 0.12), (0.53, 0.88), (0.765, 0.5), (1, 0.5)),
)
# Weights of the hidden units, slopes, weights of the output, and the loss.
EDGES = ((0, 2), (1, 2), (0, 3), (1, 3), (2, 4), (3, 5), (4, 6), (5, 6), (6, 7))
SLOPES = (4, 5, 8)  # the edges without a weight
# What is computed at each stage: a node's value or its derivative, or the derivatives
# of the parameters into a node.
STAGES = (
    *("z1", "h1", "z2", "h2", "f", "L"),
    *("∂f", "w∂f", "∂h1", "∂h2", "∂z1", "w∂z1", "∂z2", "w∂z2", "∂x"),
)
LARGEST = 20.0  # that a parameter set by hand may be
GROWN = 1000.0  # beyond which a step of gradient descent is refused


class _Numbers(NamedTuple):
    """All numbers of both passes, by their nodes and edges."""

    value: dict[str, float]
    derivative: dict[str, float]
    bias: dict[str, float]
    local: np.ndarray  # (9,) local derivative of each edge
    back: np.ndarray  # (9,) the product that goes back along it
    weight: np.ndarray  # (9,) derivative with respect to its weight, NaN without one


class ByHand:
    """Two inputs, two hidden units, one output: forwards, backwards, one update.

    network : of the sizes 2, 2, 1; its parameters change. stage : how many numbers of
    STAGES are seen. updates : how many steps of gradient descent there were.
    """

    def __init__(self, network: MLP) -> None:
        if list(network.sizes) != [2, 2, 1]:
            got = ", ".join(map(str, network.sizes))
            raise ValueError(f"network must have the sizes 2, 2, 1, got {got}")
        self.network = network
        self.stage, self.updates = 0, 0
        self.event = ""  # what an update did

    def advance(
        self, x1: float, x2: float, y: float, activation: str, rate: float
    ) -> None:
        """Show the next number; after the last one, take a step of gradient descent."""
        self.event = ""
        self.stage += 1
        if self.stage <= len(STAGES):
            return
        self.stage = 0
        self.network.activation = activation
        pairs = backpropagation(
            self.network, np.array([[x1, x2]]), np.array([[y]]), "squared"
        )
        parameters = [*self.network.W, *self.network.b]
        old = [p.copy() for p in parameters]
        SGD(rate).step(parameters, [dW for dW, _ in pairs] + [db for _, db in pairs])
        if max(np.abs(p).max() for p in parameters) > GROWN:
            for p, was in zip(parameters, old, strict=True):
                p[...] = was
            self.event = (
                "This step would make a weight larger than 1000: the learning rate is "
                "too large. Nothing was changed."
            )
            return
        self.updates += 1
        self.event = (
            "Every weight and bias took one step of gradient descent: minus "
            f"{_short(rate)} times its derivative. The next forward pass begins."
        )

    def change(self, name: str, of: str, index: int, value: float) -> None:
        """Set a weight ("edge") or a bias ("node") by its number in the drawing.

        ValueError if there is none of this number, or the value is too large.
        """
        if not abs(value) <= LARGEST:
            raise ValueError(
                f"a weight or bias must lie between {-LARGEST:g} and {LARGEST:g}, "
                f"got {value:g}"
            )
        (W1, W2), (b1, b2) = self.network.W, self.network.b
        if of == "edge" and 0 <= index < 4:
            W1.flat[index] = value
        elif of == "edge" and index in (6, 7):
            W2.flat[index - 6] = value
        elif of == "node" and index in (2, 3):
            b1[index - 2] = value
        elif of == "node" and index == 6:
            b2[0] = value
        else:
            raise ValueError(f"the network has no {of} number {index}")
        self.event = ""

    def scene(self, x1: float, x2: float, y: float, activation: str) -> Scene:
        """The network, with the numbers that are computed until now."""
        seen = {*STAGES[: self.stage]}
        now = STAGES[self.stage - 1] if self.stage else ""
        self.network.activation = activation
        numbers = _passes(self.network, x1, x2, y)
        backwards = self.stage > STAGES.index("L") + 1
        title = "Backward pass" if backwards else "Forward pass"
        known = [
            numbers.local[e] if e not in SLOPES or _back(e) in seen else 0.0
            for e in range(len(EDGES))
        ]
        network = graph(
            np.array(AT),
            np.array(EDGES),
            np.array(known),
            labels=[_node_text(name, numbers, seen) for name in NODES],
            names=NODES,
            values=np.array([numbers.bias.get(name, 0.0) for name in NODES]),
            edit="network",
            words=[_edge_text(e, numbers, seen) for e in range(len(EDGES))],
            fixed=SLOPES,
            lit=_lit(now),
            title=title,
            shape=1.8,
            narrow=0.42,
        )
        facts = {"updates": self.updates, "number": f"{self.stage} of {len(STAGES)}"}
        if "L" in seen:
            facts["loss"] = _short(numbers.value["L"])
        return scene([network], facts=facts)

    def told(self, x1: float, x2: float, y: float, activation: str) -> str:
        """How the last number was computed."""
        if self.event:
            return self.event
        if self.stage == 0:
            return "Nothing is computed yet. The first step computes z1."
        self.network.activation = activation
        numbers = _passes(self.network, x1, x2, y)
        now = STAGES[self.stage - 1]
        if now in ("z1", "z2", "h1", "h2", "f", "L"):
            return _forward_text(now, self.network, numbers, y)
        return _backward_text(now, self.network, numbers, y)


def _passes(network: MLP, x1: float, x2: float, y: float) -> _Numbers:
    x = Tensor(np.array([[x1, x2]]))
    (W1, W2), (b1, b2) = (
        [Tensor(p) for p in parts] for parts in (network.W, network.b)
    )
    z = x @ W1.T + b1
    h = z if network.activation == "linear" else getattr(z, network.activation)()
    f = h @ W2.T + b2
    loss = loss_node(f, np.array([[y]]), "squared").sum()
    loss.backward()
    slopes = DERIVATIVES[network.activation](z.value)[0]
    (f_slope,) = f.gradient[0]
    into = z.gradient[0]  # (2,)
    local = [*network.W[0].flat, *slopes, *network.W[1].flat, f_slope]
    ends = [*np.repeat(into, 2), *h.gradient[0], f_slope, f_slope, 1.0]
    weight = [*W1.gradient.flat, np.nan, np.nan, *W2.gradient.flat, np.nan]
    values = [*x.value.flat, *z.value.flat, *h.value.flat, *f.value.flat, loss.value]
    slopes_of = [*x.gradient.flat, *into, *h.gradient.flat, f_slope, 1.0]
    return _Numbers(
        dict(zip(NODES, map(float, values), strict=True)),
        dict(zip(NODES, map(float, slopes_of), strict=True)),
        dict(zip(("z1", "z2", "f"), [*network.b[0], *network.b[1]], strict=True)),
        np.array(local),
        np.array(local) * ends,
        np.array(weight),
    )


def _short(number: float) -> str:
    """A number with three decimals at most."""
    text = f"{number:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _factor(number: float) -> str:
    """A number as it stands in a product or a sum."""
    return f"({_short(number)})" if _short(number).startswith("-") else _short(number)


def _back(edge: int) -> str:
    """The stage from which on the product along an edge is seen."""
    start = NODES[EDGES[edge][0]]
    return "∂x" if start.startswith("x") else f"∂{start}"


def _node_text(name: str, numbers: _Numbers, seen: set[str]) -> str:
    is_known = name in seen or name.startswith("x")
    lines = [f"{name} {_short(numbers.value[name])}" if is_known else name]
    if name in numbers.bias:
        lines.append(f"b {_short(numbers.bias[name])}")
    if (f"∂{name}" in seen) or ("∂x" in seen and name.startswith("x")):
        lines.append(f"∂ {_short(numbers.derivative[name])}")
    return "\n".join(lines)


def _edge_text(edge: int, numbers: _Numbers, seen: set[str]) -> str:
    lines = []
    is_there = _back(edge) in seen
    if edge not in SLOPES:
        lines.append(f"w {_short(numbers.local[edge])}")
        if f"w∂{NODES[EDGES[edge][1]]}" in seen:
            lines.append(f"∂w {_short(numbers.weight[edge])}")
    elif is_there:
        lines.append(f"× {_short(numbers.local[edge])}")
    if is_there:
        lines.append(f"← {_short(numbers.back[edge])}")
    return "\n".join(lines)


def _lit(now: str) -> tuple[list[int], list[int]]:
    """The nodes and edges that a stage is about."""
    if now.startswith("w∂"):
        end = NODES.index(now.removeprefix("w∂"))
        return [end], [e for e, (_, b) in enumerate(EDGES) if b == end]
    if now == "∂x":
        return [0, 1], [0, 1, 2, 3]
    if now.startswith("∂"):
        start = NODES.index(now.removeprefix("∂"))
        return [start], [e for e, (a, _) in enumerate(EDGES) if a == start]
    if now:
        end = NODES.index(now)
        return [end], [e for e, (_, b) in enumerate(EDGES) if b == end]
    return [], []


def _forward_text(now: str, network: MLP, numbers: _Numbers, y: float) -> str:
    v, result = numbers.value, _short(numbers.value[now])
    if now == "L":
        error = f"{_short(v['f'])} - {_factor(y)}"
        return f"The loss: L = ½ (f - y)² = ½ ({error})² = {result}."
    if now.startswith("h"):
        z = f"z{now[1]}"
        what = "the same" if network.activation == "linear" else network.activation
        return f"{now} = {what} of {z}: {what}({_short(v[z])}) = {result}."
    if now == "f":
        weights, inputs = network.W[1][0], ("h1", "h2")
    else:
        weights, inputs = network.W[0][int(now[1]) - 1], ("x1", "x2")
    pairs = zip(weights, inputs, strict=True)
    terms = [f"{_factor(w)}·{_factor(v[i])}" for w, i in pairs]
    sum_of = " + ".join([*terms, _factor(numbers.bias[now])])
    return f"{now} = {sum_of} = {result}."


def _backward_text(now: str, network: MLP, numbers: _Numbers, y: float) -> str:
    v, d = numbers.value, numbers.derivative
    if now == "∂f":
        return (
            "The derivative of the loss with respect to f: f - y = "
            f"{_short(v['f'])} - {_factor(y)} = {_short(d['f'])}."
        )
    if now == "∂x":
        paths = [
            f"∂{name} = {_factor(numbers.back[i])} + {_factor(numbers.back[i + 2])}"
            f" = {_short(d[name])}"
            for i, name in enumerate(("x1", "x2"))
        ]
        return (
            "An input acts on both hidden units, so its two paths are added: "
            f"{', '.join(paths)}. Training does not need these."
        )
    if now.startswith("w∂"):
        end = now.removeprefix("w∂")
        inputs = ("h1", "h2") if end == "f" else ("x1", "x2")
        g = d[end]
        products = ", ".join(
            f"{_factor(g)}·{_factor(v[i])} = {_short(g * v[i])}" for i in inputs
        )
        return (
            f"The weights into {end}: ∂{end} times the number that each multiplies, "
            f"{products}. The bias: ∂b = ∂{end} = {_short(g)}."
        )
    start = now.removeprefix("∂")
    edge = next(e for e, (a, _) in enumerate(EDGES) if NODES[a] == start)
    end = NODES[EDGES[edge][1]]
    what = "the weight" if end == "f" else f"the slope of {network.activation} there"
    return (
        f"∂{start} = ∂{end} times {what}: {_factor(d[end])}·"
        f"{_factor(numbers.local[edge])} = {_short(d[start])}."
    )
