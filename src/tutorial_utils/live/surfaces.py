"""Optimisers on a surface in a live piece: their paths from one start."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from ..training import SGD
from .clouds import Points
from .scenes import Mark, Scene, curve, dots, heat, plane, plot, scene

# What a piece calls the optimisers, in the order of their colours.
METHODS = ("SGD", "momentum", "Nesterov", "Adagrad", "RMSprop", "Adam")
LIMIT = 2.0  # of both coordinates in the picture
FAR = 1e3  # beyond which a method has left
KEPT = 400  # places of a path


class Surface:
    """A function of two numbers, by its value and its gradient at places (N, 2).

    lowest : its smallest value.
    """

    def __init__(self, value: Callable, gradient: Callable, lowest: float) -> None:
        self.value, self.gradient, self.lowest = value, gradient, lowest


def quadratic(kappa: float) -> Surface:
    """½ (x² + κ y²), of the condition number κ."""
    curvature = np.array([1.0, kappa])
    return Surface(
        lambda p: 0.5 * (p**2 * curvature).sum(axis=-1), lambda p: p * curvature, 0.0
    )


def saddle(kappa: float) -> Surface:
    """½ (κ x² - y²) + ¼ y⁴: a saddle point at the origin, minima at y = ±1."""
    return Surface(
        lambda p: 0.5 * (kappa * p[..., 0] ** 2 - p[..., 1] ** 2) + p[..., 1] ** 4 / 4,
        lambda p: np.stack([kappa * p[..., 0], p[..., 1] ** 3 - p[..., 1]], axis=-1),
        -0.25,
    )


def two_minima(kappa: float) -> Surface:
    """¼ (x² - 1)² + 0.15 x + ½ κ y²: a minimum near (-1, 0), and a higher one."""

    def along(x: np.ndarray) -> np.ndarray:
        return 0.25 * (x**2 - 1) ** 2 + 0.15 * x

    return Surface(
        lambda p: along(p[..., 0]) + 0.5 * kappa * p[..., 1] ** 2,
        lambda p: np.stack(
            [p[..., 0] ** 3 - p[..., 0] + 0.15, kappa * p[..., 1]], axis=-1
        ),
        along(np.roots([1, 0, -1, 0.15]).real).min(),
    )


SURFACES = {
    "bowl": lambda kappa: quadratic(1.0),
    "valley": quadratic,
    "saddle": saddle,
    "two minima": two_minima,
}


class Race:
    """Optimisers that start at one place, step by step.

    place : where they start. optimisers : by their names in METHODS. noise : the
    standard deviation of what is added to each gradient. paths : by name, the places so
    far.
    """

    def __init__(
        self,
        place: Points,
        surface: Surface,
        optimisers: Mapping[str, SGD],
        noise: float = 0.0,
    ) -> None:
        self.surface, self.optimisers = surface, optimisers
        self.paths = {name: [place.X[0].copy()] for name in optimisers}
        self.noise, self.rng = noise, np.random.default_rng(0)
        self.steps = 0

    def advance(self) -> bool:
        """One step of each method, from a gradient with noise; False at the end."""
        error = self.noise * self.rng.normal(size=2)
        for name, path in self.paths.items():
            place = path[-1].copy()
            if np.abs(place).max() < FAR:
                gradient = self.surface.gradient(place) + error
                self.optimisers[name].update([place], [gradient])
            path.append(place)
        self.steps += 1
        return self.steps < KEPT

    def scene(self) -> Scene:
        """The surface with the paths, and the heights after each step."""
        height = self.surface.value(plane(48, LIMIT))
        low, high = height.min(), height.max()
        shown = 2 * np.sqrt((height - low) / (high - low)).reshape(48, 48) - 1
        paths: list[Mark] = []
        heights: list[Mark] = []
        for k, name in enumerate(METHODS):
            if name not in self.paths:
                continue
            path = np.array(self.paths[name])
            look = "line" if k < 3 else "dash"
            x, y = np.clip(path, -2 * LIMIT, 2 * LIMIT).T
            paths.append(curve(x, y, look, name, k % 4))
            above = self.surface.value(path) - self.surface.lowest
            values = np.log10(np.maximum(above, 1e-8))
            steps = np.arange(len(path))
            heights.append(curve(steps, values.clip(-8, 2), look, name, k % 4))
        lines = np.linspace(-0.9, 0.9, 7).tolist()
        surface = plot(
            heat(-0.6 * shown, contour=[-0.6 * v for v in lines]),
            *paths,
            dots("place"),
            title="The surface",
            x=(-LIMIT, LIMIT),
            y=(-LIMIT, LIMIT),
        )
        against = plot(
            *heights,
            title="Height above the minimum, as a power of ten",
            x=(0, max(self.steps, 20)),
            y=(-8, 2),
            xlabel="steps",
        )
        return scene([surface, against], facts={"steps": self.steps})

    def told(self) -> str:
        """Where each method is."""
        if self.steps == 0:
            return "Drag the start, then press Play or Step."
        parts = []
        for name in METHODS:
            if name in self.paths:
                place = self.paths[name][-1]
                gone = np.abs(place).max() >= LIMIT * 5
                height = self.surface.value(place)
                parts.append(f"{name} {'has left' if gone else f'{height:.2g}'}")
        return f"Heights after {self.steps} steps: {', '.join(parts)}."
