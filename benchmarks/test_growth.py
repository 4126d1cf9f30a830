"""How the time of the book's algorithms grows with the size of their input."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from tutorial_utils.convolutional_networks import conv2d
from tutorial_utils.generative_models import RBM
from tutorial_utils.linear_classifiers import perceptron
from tutorial_utils.neural_networks import sparsemax
from tutorial_utils.recurrent_networks import lstm_forward
from tutorial_utils.sequence_to_sequence import (
    additive_attention,
    scaled_dot_product_attention,
)


@dataclass(frozen=True)
class Growth:
    """Work of several sizes, and the exponent that counting operations gives."""

    work: str
    size: str
    exponent: float
    sizes: tuple[int, ...]
    draw: Callable[[np.random.Generator, int], Callable[[], object]]
    base: str = "n"  # time like n ** exponent, or like 2 ** (exponent * n)


def of_sparsemax(rng, K):
    z = rng.normal(size=(8, K))
    return lambda: sparsemax(z)


def of_convolution(rng, side):
    x, w = rng.normal(size=(8, 3, side, side)), rng.normal(size=(8, 3, 3, 3))
    return lambda: conv2d(x, w)


def of_lstm(rng, T):
    params = {"V": rng.normal(size=(256, 32)), "U": rng.normal(size=(256, 64)) / 8}
    params["b"] = np.zeros(256)
    x, zeros = rng.normal(size=(T, 16, 32)), np.zeros((16, 64))
    return lambda: lstm_forward(x, zeros, zeros, params)


def of_additive_attention(rng, L):
    params = {"W": rng.normal(size=(64, 64)) / 8, "U": rng.normal(size=(64, 64)) / 8}
    params |= {"b": np.zeros(64), "v": rng.normal(size=64)}
    F, s = rng.normal(size=(16, L, 64)), rng.normal(size=(16, 64))
    return lambda: additive_attention(F, s, params)


def of_self_attention(rng, L):
    x = rng.normal(size=(L, 64))
    return lambda: scaled_dot_product_attention(x, x, x)


def of_log_partition(rng, n):
    rbm = RBM(100, n, rng)
    rbm.W = rng.normal(size=(100, n)) / 4
    return rbm.log_partition


def of_perceptron(rng, N):
    X, y = rng.normal(size=(N, 100)), rng.integers(5, size=N)
    return lambda: perceptron(X, y, 5, max_epochs=1)


GROWTH = (
    Growth("sparsemax", "scores K", 1, (2**11, 2**13, 2**15, 2**17), of_sparsemax),
    Growth("conv2d", "side of the image", 2, (16, 32, 64, 128), of_convolution),
    Growth("LSTM, forward", "steps T", 1, (16, 64, 256, 1024), of_lstm),
    Growth(
        "additive attention",
        "positions L",
        1,
        (32, 128, 512, 2048),
        of_additive_attention,
    ),
    Growth(
        "self-attention", "positions L", 2, (128, 256, 512, 1024), of_self_attention
    ),
    Growth(
        "log Z of an RBM", "hidden units", 1, (16, 18, 20, 22), of_log_partition, "2"
    ),
    Growth(
        "perceptron, one epoch",
        "examples N",
        1,
        (1000, 4000, 16_000, 64_000),
        of_perceptron,
    ),
)


@pytest.mark.parametrize(
    ("growth", "size"),
    [
        pytest.param(growth, size, id=f"{growth.work} {size}")
        for growth in GROWTH
        for size in growth.sizes
    ],
)
def test_growth(growth: Growth, size: int, seed: int, benchmark) -> None:
    benchmark.group = growth.work
    benchmark.extra_info |= {
        "size_of": growth.size,
        "size": size,
        "exponent": growth.exponent,
        "base": growth.base,
    }
    benchmark(growth.draw(np.random.default_rng([seed, size]), size))
