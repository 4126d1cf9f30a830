"""Peak memory of a convolution and an LSTM, by the book and by torch.

Each runs in a process of its own, which imports, draws its inputs, and then says by how
much its resident memory rose above that while it computed forward and backward.
"""

import json
import multiprocessing
import resource
import sys
from pathlib import Path

import numpy as np
import psutil

CONVOLUTION = (128, 16, 28, 28), (32, 16, 5, 5)
LSTM = {"T": 200, "N": 64, "D": 64, "H": 256}


def convolution(side: str) -> float:
    rng = np.random.default_rng()
    x, w = (rng.normal(size=shape).astype(np.float32) for shape in CONVOLUTION)
    if side == "torch":
        import torch

        leaves = [torch.from_numpy(array).requires_grad_() for array in (x, w)]
        return risen(lambda: torch.nn.functional.conv2d(*leaves).sum().backward())
    from tutorial_utils import convolutional_networks as book

    names = ("conv2d", "conv2d_backward")
    if side == "book, by lines":
        names = ("conv2d_by_lines", "conv2d_by_lines_backward")
    forward, backward = (getattr(book, name) for name in names)
    return risen(lambda: backward(np.ones_like(forward(x, w)), x, w))


def lstm(side: str) -> float:
    T, N, D, H = LSTM.values()
    rng = np.random.default_rng()
    x = rng.normal(size=(T, N, D)).astype(np.float32)
    if side == "torch":
        import torch

        layer, x_torch = torch.nn.LSTM(D, H), torch.from_numpy(x)
        return risen(lambda: layer(x_torch.requires_grad_())[0].sum().backward())
    from tutorial_utils.recurrent_networks import lstm_backward, lstm_forward

    shapes = {"V": (4 * H, D), "U": (4 * H, H), "b": (4 * H,)}
    params = {k: np.full(shape, 0.01, np.float32) for k, shape in shapes.items()}
    zeros = np.zeros((N, H), np.float32)

    def work() -> None:
        h, _, cache = lstm_forward(x, zeros, zeros, params)
        lstm_backward(np.ones_like(h), cache)

    return risen(work)


def risen(work) -> float:
    """Megabytes of resident memory that the work needs at its peak."""
    before = psutil.Process().memory_info().rss
    work()
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return (peak - before) / 1e6


WORK = {
    f"conv2d {CONVOLUTION[0]} to {CONVOLUTION[1]}": (
        convolution,
        ("book", "book, by lines", "torch"),
    ),
    "LSTM " + " ".join(f"{k}={v}" for k, v in LSTM.items()): (lstm, ("book", "torch")),
}


def main(path: Path) -> None:
    fresh = multiprocessing.get_context("spawn")
    found = {}
    for name, (work, sides) in WORK.items():
        for side in sides:
            with fresh.Pool(1) as pool:
                found.setdefault(name, {})[side] = pool.apply(work, (side,))
    path.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
