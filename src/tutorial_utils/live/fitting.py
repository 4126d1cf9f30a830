"""A curve that is fitted to points in a live piece, with remedies for overfitting."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..neural_networks import MLP
from ..training import (
    Momentum,
    backpropagation,
    dropout_mask,
    penalised,
    soft_threshold,
)
from .clouds import Points
from .networks import in_one_vector
from .scenes import Mark, Scene, curve, dots, plot, scene

SETS = ("training", "validation")  # the classes of the points
MODELS = ("network", "polynomial")
# How many steps without a smaller validation error end the training.
PATIENCES = {"never": None, "patience 200": 20, "patience 500": 50}
MOMENTUM = 0.9
UPDATES = 10  # of a step, after which both errors are measured
LONGEST = 1000  # steps
FAR = 1e6  # an error beyond which descent has diverged
ALONG = np.linspace(-1, 1, 161)  # where the curve is drawn


def noisy_curves(n: int = 12) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Presets: n points near a curve for training and as many for validation."""
    shapes: dict[str, Callable] = {
        "wave": lambda x: 0.6 * np.sin(1.3 * np.pi * x),
        "line": lambda x: 0.6 * x,
        "step": lambda x: 0.5 * np.sign(x),
    }
    presets = {}
    for name, shape in shapes.items():
        rng = np.random.default_rng(4)
        x = np.tile(np.linspace(-0.92, 0.92, n), 2) + 0.04 * rng.normal(size=2 * n)
        y = shape(x) + 0.2 * rng.normal(size=2 * n)
        points = np.column_stack([x, y]).clip(-1, 1)
        presets[name] = (points, np.repeat([0, 1], n))
    return presets


class Fit:
    """A network or a polynomial of x that learns the height of points.

    network : of the sizes 1, …, 1; or, as the weights of a polynomial, of the sizes
    degree, 1. errors : after how many updates, the root mean square errors of both
    sets. best : the error, the updates and the parameters where the validation error
    was smallest.
    """

    def __init__(self, network: MLP) -> None:
        self.network, self.is_polynomial = network, len(network.sizes) == 2
        network.W[0] *= 0 if self.is_polynomial else 2
        self.rng = np.random.default_rng(0)  # of dropout
        self.parameters = in_one_vector(network)
        self.optimiser = Momentum(1.0, MOMENTUM)  # each update has its own rate
        self.updates = 0
        self.errors: list[tuple[int, float, float]] = []
        self.best: tuple[float, int, np.ndarray] = (np.inf, 0, self.parameters.copy())
        self.stopped = False

    def inputs(self, x: np.ndarray) -> np.ndarray:
        """What the model computes with at places x (N,): (N, D).

        For the polynomial Legendre's polynomials up to its degree, which span the same
        curves as the powers of x and have nearly independent weights.
        """
        if self.is_polynomial:
            return np.polynomial.legendre.legvander(x, self.network.sizes[0])[:, 1:]
        return 3 * x[:, None]

    def heights(self, x: np.ndarray) -> np.ndarray:
        """The curve at places x: (N,)."""
        return self.network.forward(self.inputs(x))[:, 0]

    def step(
        self,
        points: Points,
        rate: float,
        l2: float,
        l1: float,
        p: float,
        patience: str,
    ) -> bool:
        """A few updates, and both errors; False when there is nothing left to do.

        p : of dropout. patience : a name of PATIENCES; the training then ends at the
        best parameters.
        """
        is_training = points.y == 0
        if not is_training.any() or self.stopped or self.has_diverged:
            return False
        if not self.errors:
            self._measure(points)
        X = self.inputs(points.X[is_training, 0])
        y = points.X[is_training, 1:]
        for _ in range(UPDATES):
            self._update(X, y, rate, l2, l1, p)
        self._measure(points)
        since = (self.updates - self.best[1]) / UPDATES
        limit = PATIENCES[patience]
        if limit and since >= limit:
            self.parameters[:] = self.best[2]
            self.stopped = True
        going_on = not self.stopped and not self.has_diverged
        return going_on and self.updates < LONGEST * UPDATES

    @property
    def has_diverged(self) -> bool:
        return bool(self.errors) and self.errors[-1][1] > FAR

    def _update(
        self, X: np.ndarray, y: np.ndarray, rate: float, l2: float, l1: float, p: float
    ) -> None:
        """Proximal descent with momentum, on all training points."""
        masks = None
        if p and self.is_polynomial:
            X = X * dropout_mask(self.rng, X.shape, p)
        elif p:
            hidden = self.network.sizes[1:-1]
            masks = [dropout_mask(self.rng, (len(X), units), p) for units in hidden]
        gradients = backpropagation.unchecked(self.network, X, y, "squared", masks)
        gradients = penalised.unchecked(gradients, self.network, l2)
        flat = np.concatenate([g.ravel() for pair in gradients for g in pair])
        self.optimiser.learning_rate = rate
        self.optimiser.update([self.parameters], [flat])
        if l1:
            for W in self.network.W:
                # In the long run momentum takes steps of rate / (1 - momentum).
                W[...] = soft_threshold(W, rate / (1 - MOMENTUM) * l1)
        self.updates += 1

    def _measure(self, points: Points) -> None:
        both = self.both_errors(points)
        self.errors.append((self.updates, *both))
        if both[1] < self.best[0]:
            self.best = (both[1], self.updates, self.parameters.copy())

    def both_errors(self, points: Points) -> tuple[float, float]:
        """The root mean square errors of both sets; NaN of an empty one."""
        squares = (self.heights(points.X[:, 0]) - points.X[:, 1]) ** 2
        parts = (squares[points.y == k] for k in (0, 1))
        training, validation = (
            np.sqrt(part.mean()) if part.size else np.nan for part in parts
        )
        return training, validation

    def scene(self, points: Points) -> Scene:
        """The curve through the points, and both errors over the updates."""
        shown: list[Mark] = []
        now = self.heights(ALONG)
        error, at_best, best = self.best
        if 0 < at_best < self.updates and np.isfinite(error) and not self.stopped:
            here = self.parameters.copy()
            self.parameters[:] = best
            shown.append(_within(self.heights(ALONG), "dash", "best", 2))
            self.parameters[:] = here
        shown.append(_within(now, "line", "", None))
        curves = plot(*shown, dots("points"), title="Points and curve")
        past = np.array(self.errors or [(0, *self.both_errors(points))])
        marks = []
        for k, look in ((0, "line"), (1, "dash")):
            is_there = np.isfinite(past[:, k + 1])  # a set may be empty
            name = SETS[k] if self.updates else ""  # no room at 0
            values = np.minimum(past[is_there, k + 1], 1)
            if is_there.any():
                marks.append(curve(past[is_there, 0], values, look, name, colour=k))
        if at_best and np.isfinite(error):
            marks.append(curve(np.repeat(at_best, 2), np.arange(2), "faint"))
        both = plot(
            *marks,
            x=(0, max(self.updates, 20)),
            y=(0, 1),
            xlabel="updates",
            title="Root mean square error",
        )
        weights = np.concatenate([W.ravel() for W in self.network.W])
        training, validation = self.both_errors(points)
        facts = {
            "updates": self.updates,
            "training error": training,
            "validation error": validation,
            "smallest validation error": error if np.isfinite(error) else np.nan,
            "after updates": at_best,
            "mean square of the weights": np.mean(weights**2),
            "weights that are 0": f"{(weights == 0).sum()} of {weights.size}",
        }
        return scene([curves, both], facts=facts)

    def told(self, points: Points) -> str:
        """How both errors stand, in a sentence."""
        if not (points.y == 0).any():
            return "There are no training points. Add some."
        training, validation = self.both_errors(points)
        if self.has_diverged:
            return "Descent has diverged. Begin again with a smaller learning rate."
        told = f"After {self.updates} updates the training error is {training:.2f}"
        if np.isfinite(validation):
            told += f" and the validation error {validation:.2f}"
        if self.stopped:
            return f"{told}. Stopped early, with the weights of update {self.best[1]}."
        return f"{told}."


def _within(heights: np.ndarray, look: str, name: str, colour: int | None) -> Mark:
    """A curve that does not leave the picture by far."""
    return curve(ALONG, heights.clip(-3, 3), look, name, colour)
