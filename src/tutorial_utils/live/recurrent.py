"""Recurrent networks live: an LSTM that reads a text, gradients, the recall task."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..neural_networks import softmax
from .scenes import Panel, Scene, bars, cells, curve, dots, plot, scene

PER_ROW = 15  # characters of the text
OFFERED = 10  # next characters
LONGEST = 120  # characters, typed and written
SHOWN_AS = {" ": "␣", "\n": "⏎"}
Array = np.ndarray


class Reading:
    """A text that an LSTM reads, one of its characters chosen, and what it expects.

    tools : `lstm_step`, `lstm_gates` and `sample_next`. params : V, U and b of the
    LSTM, W and b_out above it. alphabet : its characters; others of the text are left
    out.
    """

    def __init__(
        self,
        tools: tuple[Callable, Callable, Callable],
        params: Mapping[str, Array],
        alphabet: str,
        text: str,
    ) -> None:
        self.lstm_step, self.lstm_gates, self.sample_next = tools
        self.lstm = {name: params[name] for name in ("V", "U", "b")}
        self.top = params["W"], params["b_out"]
        self.alphabet, self.rng = alphabet, np.random.default_rng(0)
        self.one_hot = np.eye(len(alphabet), dtype=params["V"].dtype)
        self.left_out = [one for one in text if one not in alphabet]
        zero = np.zeros((1, params["U"].shape[1]), params["V"].dtype)
        self.text, self.states, self.chosen = "", [(zero, zero)], 0
        for one in text:
            if one in alphabet:
                self.read(one)

    def read(self, character: str) -> None:
        """Read one more character, and choose it."""
        x = self.one_hot[[self.alphabet.index(character)]]
        self.states.append(self.lstm_step(x, *self.states[-1], self.lstm))
        self.text += character
        self.chosen = len(self.text) - 1

    def logits(self) -> Array:
        """The scores (K,) of the next character."""
        W, b = self.top
        return self.states[-1][0][0] @ W.T + b

    def offered(self) -> Array:
        """The most probable next characters, by number."""
        return np.argsort(-self.logits(), kind="stable")[:OFFERED]

    def step(self, temperature: float) -> bool:
        """Draw the next character and read it; False when the text is long enough."""
        if len(self.text) >= LONGEST:
            return False
        drawn = self.sample_next(self.logits(), self.rng, temperature)
        self.read(self.alphabet[drawn])
        return True

    def touch(self, name: str, of: str, index: int, value: float) -> None:
        """Choose a character of the text, or append an offered one, for `live`."""
        if name != "read":
            if len(self.text) < LONGEST:
                self.read(self.alphabet[self.offered()[int(value)]])
        elif self.text:
            self.chosen = min(int(value), len(self.text) - 1)

    def scene(self, unit: int, temperature: float) -> Scene:
        """The text, the cell state, the gates at a character, and what comes next."""
        rows = [[self._next(temperature), self._offers(temperature)]]
        if self.text:
            stored = np.array([c[0, unit] for _, c in self.states[1:]])
            rows = [[self._colours(stored, unit)], [self._curve(stored, unit)], *rows]
            rows[1].append(self._gates(unit))
        return scene(*rows)

    def _colours(self, stored: Array, unit: int) -> Panel:
        """The characters, coloured by the cell state after each."""
        n_rows = -(-len(stored) // PER_ROW)
        values = np.full(n_rows * PER_ROW, np.nan)
        values[: len(stored)] = stored
        words = [SHOWN_AS.get(one, one) for one in self.text]
        words += [""] * (len(values) - len(words))
        return cells(
            values.reshape(n_rows, PER_ROW),
            np.reshape(words, (n_rows, PER_ROW)).tolist(),
            title=f"Text, coloured by cell {unit}: touch a character",
            shape=PER_ROW / n_rows,
            touch="read",
            marked=[self.chosen],
        )

    def _curve(self, stored: Array, unit: int) -> Panel:
        """The cell state after each character."""
        places = np.arange(1, len(stored) + 1)
        limit = max(1.0, 1.1 * float(np.abs(stored).max()))
        here = dots(np.array([[self.chosen + 1, stored[self.chosen]]]))
        return plot(
            curve(places, stored),
            curve(np.array([0, len(stored) + 1]), np.zeros(2), "dash"),
            here,
            title=f"State of cell {unit}",
            x=(0, len(stored) + 1),
            y=(-limit, limit),
            xlabel="character",
            shape=2.2,
        )

    def _gates(self, unit: int) -> Panel:
        """The gates of the cell at the chosen character."""
        h, c = self.states[self.chosen]
        x = self.one_hot[[self.alphabet.index(self.text[self.chosen])]]
        i, f, candidate, o = self.lstm_gates(x, h, self.lstm)
        output = self.states[self.chosen + 1][0]
        values = [part[0, unit] for part in (i, f, o, candidate, output)]
        told = SHOWN_AS.get(self.text[self.chosen], self.text[self.chosen])
        labels = ("input", "forget", "output", "cand.", "h")
        return plot(
            bars(np.array(values), labels),
            title=f"Gates at “{told}”",
            x=(0, len(labels)),
            y=(-1, 1),
            shape=1.6,
        )

    def _next(self, temperature: float) -> Panel:
        """The probabilities of the offered characters."""
        p = softmax(self.logits() / temperature)[self.offered()]
        labels = [self._shown(k) for k in self.offered()]
        title = "Next character"
        return plot(bars(p, labels), title=title, x=(0, OFFERED), y=(0, 1), shape=2.2)

    def _offers(self, temperature: float) -> Panel:
        """The offered characters, to be touched."""
        p = softmax(self.logits() / temperature)[self.offered()]
        words = [
            f"{self._shown(k)} {v:.2f}" for k, v in zip(self.offered(), p, strict=True)
        ]
        return cells(
            p.reshape(5, -1),
            np.reshape(words, (5, -1)).tolist(),
            title="Touch one to append it",
            shape=1.6,
            touch=f"next{len(self.text)}",  # each one is an edit of its own
        )

    def _shown(self, k: int) -> str:
        return SHOWN_AS.get(self.alphabet[k], self.alphabet[k])

    def told(self, unit: int, temperature: float) -> str:
        """What is most probable next, and the state of the cell."""
        best = self.offered()[0]
        p = float(softmax(self.logits() / temperature)[best])
        expected = f"Most probable next: {self._shown(best)}, {p:.2f}."
        if self.left_out:
            unknown = " ".join(dict.fromkeys(self.left_out))
            expected += f" Not in the alphabet and left out: {unknown}."
        if not self.text:
            return expected
        stored = float(self.states[self.chosen + 1][1][0, unit])
        told = SHOWN_AS.get(self.text[self.chosen], self.text[self.chosen])
        return f"After “{told}” cell {unit} stores {stored:.2f}. {expected}"


class Vanishing:
    """Gradients on their way back through a recurrent network, and its states.

    scaled_matrix, recurrent_states, gradient_norms : as in chapter 6.
    """

    UNITS = 32

    def __init__(
        self,
        scaled_matrix: Callable,
        recurrent_states: Callable,
        gradient_norms: Callable,
    ) -> None:
        self.states_of, self.norms_of = recurrent_states, gradient_norms
        self.matrix = functools.cache(
            lambda kind, draw: scaled_matrix(
                np.random.default_rng(draw), self.UNITS, 1.0, kind
            )
        )

    def run(
        self,
        radius: float,
        noise: float,
        activation: str,
        kind: str,
        steps: int,
        draw: int,
    ) -> tuple[Array, Array]:
        """The states (steps + 1, UNITS) and the lengths of the gradient by step."""
        U = radius * self.matrix(kind, draw)
        rng = np.random.default_rng([draw, 1])
        inputs = noise * rng.normal(size=(steps, self.UNITS))
        h = self.states_of(U, inputs, activation)
        last = np.full(self.UNITS, self.UNITS**-0.5)
        return h, self.norms_of(U, h, last, activation)

    def scene(
        self,
        radius: float,
        noise: float,
        activation: str,
        kind: str,
        steps: int,
        draw: int,
    ) -> Scene:
        """Lengths by steps back, and the path of two units."""
        h, norms = self.run(radius, noise, activation, kind, steps, draw)
        back, powers = np.arange(steps + 1), np.log10(np.maximum(norms, 1e-300))
        law = back * np.log10(radius)
        low, high = min(powers.min(), law.min(), -1), max(powers.max(), law.max(), 1)
        lengths = plot(
            curve(back, powers, name="gradient"),
            curve(back, law, "dash", "radius to the power of the steps"),
            title="Length of the gradient",
            x=(0, steps),
            y=(1.05 * low, 1.05 * high),
            xlabel="steps back",
            ylabel="power of ten",
            shape=1.4,
        )
        limit = 1.0 if activation == "tanh" else max(1e-6, 1.1 * float(np.abs(h).max()))
        path = plot(
            curve(h[:, 0], h[:, 1], "faint"),
            dots(h[:, :2][-1:], names=["last"]),
            title="Path of the state",
            x=(-limit, limit),
            y=(-limit, limit),
            xlabel="unit 1",
            ylabel="unit 2",
        )
        U = radius * self.matrix(kind, draw)
        facts = {
            "largest singular value": float(np.linalg.norm(U, 2)),
            "length at the end": f"{norms[-1]:.2g}",
            "largest on the way": f"{norms.max():.2g}",
        }
        return scene([lengths, path], facts=facts)

    def told(
        self,
        radius: float,
        noise: float,
        activation: str,
        kind: str,
        steps: int,
        draw: int,
    ) -> str:
        """By how much the gradient has changed."""
        _, norms = self.run(radius, noise, activation, kind, steps, draw)
        verb = "grown" if norms[-1] > 1 else "shrunk" if norms[-1] < 1 else "kept"
        return (
            f"Radius {radius:g}, {activation}, noise {noise:g}: {steps} steps back the "
            f"gradient has {verb} to {norms[-1]:.2g} times its length."
        )


CLIPS = {"0.1": 0.1, "0.3": 0.3, "1": 1.0, "3": 3.0, "10": 10.0, "never": 1e12}
IN_A_ROW = 5  # batches without a mistake, and the task is solved
MOST = 800  # training steps
NAMES = {"elman": "Elman network", "gru": "GRU", "lstm": "LSTM"}


class Recalling:
    """A recurrent network that learns the recall task, step by step.

    tools : `recall_batch`, `recall_gradients`, `clip_by_norm` and an optimiser. cell :
    "elman", "gru" or "lstm". params : its weights, which are trained. delay : of the
    task.
    """

    def __init__(
        self,
        tools: tuple[Callable, Callable, Callable, Any],
        cell: str,
        params: dict[str, Array],
        delay: int,
    ) -> None:
        self.batch, self.gradients, self.clip, self.optimiser = tools
        self.cell, self.params, self.delay = cell, params, delay
        self.rng = np.random.default_rng(0)
        self.losses: list[float] = []
        self.shares: list[float] = []
        self.norms: list[float] = []

    def solved(self) -> bool:
        """Whether the last batches were answered without a mistake."""
        last = self.shares[-IN_A_ROW:]
        return len(last) == IN_A_ROW and min(last) == 1

    def step(self, clip: str) -> bool:
        """One training step; False when the task is solved, or after many steps."""
        if self.solved() or len(self.losses) >= MOST:
            return False
        x, y = self.batch(self.rng, 16, self.delay)
        loss, share, gradients = self.gradients(self.cell, self.params, x, y)
        arrays = list(gradients.values())
        length = float(np.sqrt(sum(np.sum(g**2) for g in arrays)))
        shortened = self.clip(arrays, CLIPS[clip])
        self.optimiser.step([self.params[name] for name in gradients], shortened)
        self.losses.append(loss)
        self.shares.append(share)
        self.norms.append(length)
        return True

    def scene(self, clip: str) -> Scene:
        """Loss, length of the gradient and share of right answers by step."""
        n = max(len(self.losses), 40)
        steps = np.arange(1, len(self.losses) + 1)
        ends = np.array([0, n])
        powers = np.log10(np.maximum(self.norms, 1e-12))
        high = max(1.0, float(powers.max(initial=0)) + 0.2)
        low = min(-2.0, float(powers.min(initial=0)) - 0.2)
        is_clipped = low < np.log10(CLIPS[clip]) < high
        at_clip = np.full(2, np.log10(CLIPS[clip]))
        wide: dict[str, Any] = {"x": (0, n), "xlabel": "training step", "shape": 1.5}
        losses = plot(
            curve(steps, np.array(self.losses), name="loss"),
            curve(ends, np.full(2, np.log(4)), "dash", "guessing"),
            title="Loss",
            y=(0, max(2.0, 1.05 * max(self.losses, default=0))),
            **wide,
        )
        lengths = plot(
            curve(steps, powers, name="length"),
            curve(ends, at_clip, "dash", "clipped above") if is_clipped else None,
            title="Length of the gradient",
            y=(low, high),
            ylabel="power of ten",
            **wide,
        )
        right = plot(
            curve(steps, np.array(self.shares)), title="Right answers", y=(0, 1), **wide
        )
        return scene([losses, lengths, right], facts={"steps": len(self.losses)})

    def told(self, clip: str) -> str:
        """How far the training has come."""
        if not self.losses:
            return f"{NAMES[self.cell]}, delay {self.delay}: not trained yet."
        share = float(np.mean(self.shares[-10:]))
        said = f"{NAMES[self.cell]}, delay {self.delay}: {len(self.losses)} steps, "
        if self.solved():
            return said + f"solved: {IN_A_ROW} batches in a row without a mistake."
        return said + f"{share:.0%} right in the last ten batches; guessing gives 25%."
