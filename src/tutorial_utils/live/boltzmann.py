"""Chains of a restricted Boltzmann machine live, with pixels that are clamped."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from .scenes import Scene, curve, images, plot, scene

SIDE = 28
FREE, PAPER, INK = 0.0, -1.0, 1.0  # what a pixel may be painted
PENS = {"Free": FREE, "Paper": PAPER, "Ink": INK}
SHOWN = 150  # steps whose free energy is seen
PER_ROW = 16  # hidden units
LINES = ("line", "dash", "faint")  # of the first three chains


def clamped_part(digit: np.ndarray, rows: slice) -> np.ndarray:
    """Paint (28, 28) some rows of a digit of 784 zeros and ones; the rest is free."""
    pixels = np.full((SIDE, SIDE), FREE)
    pixels[rows] = np.where(digit.reshape(SIDE, SIDE)[rows] > 0.5, INK, PAPER)
    return pixels


class Painting:
    """Chains of block Gibbs sampling side by side.

    tools : `gibbs_step`, `visible_probabilities`, `free_energy` and `tempered`.
    arrays : W (784, H), b (784,), c (H,), and digits (16, 784) to start from. begin :
    "noise" or "digits".
    """

    def __init__(
        self,
        tools: tuple[Callable, Callable, Callable, Callable],
        arrays: Mapping[str, np.ndarray],
        chains: int,
        begin: str,
    ) -> None:
        self.step_of, self.visible, self.energy_of, self.tempered = tools
        self.params = tuple(arrays[name] for name in ("W", "b", "c"))
        self.rng = np.random.default_rng(0)
        noise = self.rng.integers(2, size=(chains, SIDE * SIDE))
        start = noise if begin == "noise" else arrays["digits"][:chains]
        self.v = start.astype(np.float32)
        self.shown = self.v
        self.h = np.zeros((chains, len(self.params[2])), np.float32)
        self.steps = 0
        self.energies: list[np.ndarray] = []

    @staticmethod
    def clamped(v: np.ndarray, pixels: np.ndarray) -> np.ndarray:
        """The states with the painted pixels put in."""
        painted = pixels.ravel()
        return np.where(painted == FREE, v, (painted == INK).astype(v.dtype))

    def step(self, pixels: np.ndarray, temperature: float) -> bool:
        """One step of all chains; what is painted stays."""
        W, b, c = self.tempered(*self.params, temperature)
        v = self.clamped(self.v, pixels)
        v, self.h = self.step_of(v, W, b, c, self.rng)
        self.v, self.shown = self.clamped(v, pixels), self.visible(self.h, W, b)
        self.energies.append(self.energy_of(self.v, *self.params))
        self.energies = self.energies[-SHOWN:]
        self.steps += 1
        return True

    def scene(self, pixels: np.ndarray, temperature: float) -> Scene:
        """The painted pixels, the chains, their free energies, the hidden units."""
        n = len(self.v)
        pictures = self.clamped(self.shown, pixels).reshape(n, SIDE, SIDE)
        painted = images("pixels", title="Paint: ink and tinted paper are clamped")
        columns = int(np.ceil(np.sqrt(n)))
        chains = images(pictures, columns=columns, title="The chains, probabilities")
        rows = [[painted, chains]]
        if self.energies:
            rows.append([self._energies(), self._hidden()])
        facts = {
            "step": self.steps,
            "temperature": temperature,
            "clamped pixels": int((pixels != FREE).sum()),
        }
        return scene(*rows, facts=facts)

    def _energies(self) -> dict:
        """The free energy of each chain at temperature 1, by step."""
        values = np.array(self.energies)
        first = self.steps - len(values) + 1
        x = np.arange(first, self.steps + 1)
        low, high = float(values.min()), float(values.max())
        room = 0.05 * (high - low) + 1
        lines = [
            curve(x, one, look, f"chain {k}")
            for k, (one, look) in enumerate(zip(values.T, LINES, strict=False), 1)
        ]
        return plot(
            *lines,
            title="Free energy",
            x=(first, max(self.steps, first + 20)),
            y=(low - room, high + room),
            xlabel="step",
            ylabel="nats",
            shape=1.6,
        )

    def _hidden(self) -> dict:
        """The hidden units of the first chain, on or off."""
        grid = self.h[0].reshape(1, -1, PER_ROW)
        return images(grid, title="Hidden units of the first chain", shape=1.6)

    def told(self, pixels: np.ndarray, temperature: float) -> str:
        """How far the chains are, and their free energy."""
        clamped = int((pixels != FREE).sum())
        start = f"Step {self.steps}, temperature {temperature:g}"
        painted = f", {clamped} pixels clamped" if clamped else ""
        if not self.energies:
            return f"{start}{painted}: press Step or Play."
        mean = float(self.energies[-1].mean())
        on, n_hidden = int(self.h[0].sum()), self.h.shape[1]
        return (
            f"{start}{painted}: mean free energy {mean:.1f} nats, {on} of {n_hidden} "
            "hidden units of the first chain are on."
        )
