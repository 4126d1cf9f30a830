"""An adversarial pair that learns the points that the reader draws, live."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..neural_networks import sigmoid
from ..training import Adam
from .scenes import Scene, curve, dots, heat, images, plane, plot, scene

SIDE = 24  # cells of the drawing
LIMIT = 2.5  # of both coordinates
MAP = 25  # points of the discriminator's map, each way
BATCH, N_SHOWN, N_HIDDEN, N_LATENT = 64, 150, 32, 2
KEPT = 200  # losses, after which every other one is forgotten
PENS = {"Paper": 0.0, "Ink": 1.0}


def blots(n: int, distance: float) -> np.ndarray:
    """A drawing (SIDE, SIDE) of n blots of two by two cells in a ring."""
    grid = np.zeros((SIDE, SIDE))
    for angle in 2 * np.pi * np.arange(n) / n:
        row = round((SIDE - 2) / 2 * (1 - distance * np.sin(angle)))
        column = round((SIDE - 2) / 2 * (1 + distance * np.cos(angle)))
        grid[row : row + 2, column : column + 2] = 1
    return grid


def drawn_points(rng: np.random.Generator, target: np.ndarray, n: int) -> np.ndarray:
    """n points (n, 2), uniform on the cells with ink; the first row is at the top."""
    rows, columns = np.nonzero(target)
    chosen = rng.integers(len(rows), size=n)
    x, y = rng.uniform(size=(2, n))
    x, y = columns[chosen] + x, SIDE - rows[chosen] - y
    return (2 * np.column_stack([x, y]) / SIDE - 1) * LIMIT


def cells_of(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row and column of the cell of each point (N, 2), and whether it is in one."""
    places = np.floor((points / LIMIT + 1) / 2 * SIDE).astype(int)
    inside = np.abs(points).max(axis=1) < LIMIT
    column, row = places.clip(0, SIDE - 1).T
    return SIDE - 1 - row, column, inside


class Game:
    """Generator and discriminator, and their losses.

    tools : pair_of(n_latent, n_data, n_hidden, rng), as `GAN`; and
    `discriminator_gradient`, `generator_gradient`, `two_hidden_layers`.
    """

    def __init__(self, tools: tuple[Callable, ...], seed: int) -> None:
        pair_of, *self.tools = tools
        self.rng = np.random.default_rng(seed)
        pair = pair_of(N_LATENT, 2, N_HIDDEN, self.rng)
        self.generator, self.discriminator = (
            pair.generator_params,
            pair.discriminator_params,
        )
        self.rules = Adam(1.0, beta1=0.5), Adam(1.0, beta1=0.5)
        self.shown_z = self.rng.normal(size=(N_SHOWN, N_LATENT))
        self.turns, self._every = 0, 1
        self.losses: list[tuple[int, float, float]] = []

    def step(
        self,
        target: np.ndarray,
        loss: str,
        generator_rate: float,
        discriminator_rate: float,
        generator_steps: int,
        discriminator_steps: int,
        penalty: float,
    ) -> bool:
        """A turn of both; False if nothing is drawn."""
        if not target.any():
            return False
        discriminator_gradient, generator_gradient, network = self.tools
        self.rules[0].learning_rate = discriminator_rate
        self.rules[1].learning_rate = generator_rate
        for _ in range(discriminator_steps):
            data, z = drawn_points(self.rng, target, BATCH), self._noise()
            made = network(z, self.generator)
            discriminator_loss, g = discriminator_gradient(
                data, made, self.discriminator, penalty=penalty
            )
            self.rules[0].step([*self.discriminator.values()], [*g.values()])
        for _ in range(generator_steps):
            saturating = loss == "saturating"
            both = self.generator, self.discriminator
            generator_loss, g = generator_gradient(self._noise(), *both, saturating)
            self.rules[1].step([*self.generator.values()], [*g.values()])
        self.turns += 1
        if self.turns % self._every == 0:
            self.losses.append((self.turns, discriminator_loss, generator_loss))
        if len(self.losses) > KEPT:
            self.losses, self._every = self.losses[1::2], 2 * self._every
        return True

    def _noise(self) -> np.ndarray:
        return self.rng.normal(size=(BATCH, N_LATENT))

    def made(self) -> np.ndarray:
        """The points that are shown, always of the same noise."""
        return self.tools[2](self.shown_z, self.generator)

    def coverage(self, target: np.ndarray) -> tuple[float, float]:
        """Parts: of the made points on ink; of the ink that has made points near."""
        row, column, inside = cells_of(self.made())
        on_ink = inside & (target[row, column] > 0)
        near = np.zeros((SIDE + 2, SIDE + 2), bool)
        for down in (0, 1, 2):
            for right in (0, 1, 2):
                near[row[inside] + down, column[inside] + right] = True
        ink = target > 0
        reached = near[1:-1, 1:-1][ink].mean() if ink.any() else 0.0
        return float(on_ink.mean()), float(reached)

    def scene(self, target: np.ndarray) -> Scene:
        """The drawing; points and the discriminator's map; the losses."""
        network, reach = self.tools[2], (-LIMIT, LIMIT)
        log_odds = network(plane(MAP, LIMIT), self.discriminator)[:, 0]
        map_of_d = heat(1 - 2 * sigmoid(log_odds).reshape(MAP, MAP))
        points, kinds = self.made(), np.ones(N_SHOWN, int)
        if target.any():
            data = drawn_points(np.random.default_rng(0), target, N_SHOWN)
            points = np.concatenate([data, points])
            kinds = np.concatenate([np.zeros(N_SHOWN, int), kinds])
        picture = plot(
            map_of_d,
            dots(points, kinds),
            title="● data, ■ made; blue: taken for data",
            x=reach,
            y=reach,
        )
        drawn = images("target", title="Draw where the data lie")
        rows = [[drawn, picture]]
        if len(self.losses) > 1:
            rows.append([self._losses()])
        on_ink, reached = self.coverage(target)
        facts = {
            "turns": self.turns,
            "made points on ink": f"{on_ink:.0%}",
            "ink with made points near": f"{reached:.0%}",
        }
        return scene(*rows, facts=facts)

    def _losses(self) -> dict:
        turns, of_d, of_g = np.array(self.losses).T
        return plot(
            curve(turns, of_d, "line", "discriminator"),
            curve(turns, of_g, "dash", "generator"),
            title="Losses",
            fit=True,
            xlabel="turn",
            ylabel="nats",
            shape=3,
        )

    def told(self, target: np.ndarray) -> str:
        """How far the game is, and what the samples are like."""
        if not target.any():
            return "Nothing is drawn: draw with the pen Ink."
        on_ink, reached = self.coverage(target)
        return (
            f"Turn {self.turns}: {on_ink:.0%} of the made points lie on ink, and "
            f"{reached:.0%} of the ink has made points near it."
        )
