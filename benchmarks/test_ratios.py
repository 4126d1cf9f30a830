"""The book's code against the libraries that its readers would use: one row a test.

A row is a function that draws fresh inputs and returns what the book does with them,
what the reference does, and the error allowed between the two results. Both sides are
timed in CPU seconds, one after the other, in this process and on one thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import entmax
import numpy as np
import pytest
import scipy.sparse
import torch
from gensim.models import Word2Vec
from references import (
    SEARCH_LENGTH,
    SEARCH_WIDTH,
    STOP,
    TorchBeam,
    log_partition_by_addition,
)
from sklearn.linear_model import Perceptron
from sklearn.neural_network import BernoulliRBM

from tutorial_utils import datasets
from tutorial_utils.checks import assert_at_most, assert_equal
from tutorial_utils.convolutional_networks import (
    conv2d,
    conv2d_backward,
    conv2d_by_lines,
    conv2d_by_lines_backward,
    max_pool2d,
    max_pool2d_backward,
)
from tutorial_utils.generative_models import RBM
from tutorial_utils.linear_classifiers import (
    bag_of_words,
    perceptron,
    sparse_perceptron,
)
from tutorial_utils.linear_classifiers import build_vocabulary as vocabulary_of
from tutorial_utils.neural_networks import (
    MLP,
    softmax,
    softmax_vjp,
    sparsemax,
    sparsemax_vjp,
)
from tutorial_utils.recurrent_networks import (
    elman_backward,
    elman_forward,
    gru_backward,
    gru_forward,
    lstm_backward,
    lstm_forward,
)
from tutorial_utils.representation_learning import (
    SkipGram,
    build_vocabulary,
    negative_sampling,
    skipgram_pairs,
    word_indices,
)
from tutorial_utils.sequence_to_sequence import (
    additive_attention,
    additive_attention_backward,
    attention_keys,
    attention_node,
    beam_search,
)
from tutorial_utils.training import (
    Tensor,
    backpropagation,
    loss_node,
    sparsemax_loss_and_gradient,
)

SINGLE = 2e-5  # relative error of float32 results, of long sums too
EXACT = 1e-12


@dataclass
class Pair:
    """The same work by the book and by a library, on the same inputs."""

    book: Callable[[], Any]
    reference: Callable[[], Any]
    check: Callable[[Any, Any], None]


@dataclass(frozen=True)
class Row:
    work: str
    reference: str
    aim: float | None
    draw: Callable[[np.random.Generator], Pair]


ROWS: list[Row] = []


def row(work: str, reference: str, aim: float | None) -> Callable:
    def add(draw: Callable) -> Callable:
        ROWS.append(Row(work, reference, aim, draw))
        return draw

    return add


def single(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=shape).astype(np.float32)


def leaf(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.copy()).requires_grad_()


def same_arrays(tolerance: float) -> Callable[[Any, Any], None]:
    def check(book: Any, reference: Any) -> None:
        pairs = zip(book, reference, strict=True)
        for number, (ours, theirs) in enumerate(pairs):
            theirs = theirs.detach() if isinstance(theirs, torch.Tensor) else theirs
            assert_equal(ours, theirs, f"result {number}", tolerance)

    return check


def as_good(book_error: float, reference_error: float, slack: float) -> None:
    """Where algorithms differ, or draw, the book's must be about as good or better."""
    assert_at_most(book_error, reference_error, "error", slack)


# ---- linear classifiers


def five_epochs(X, y, n_classes, fit) -> Pair:
    """Another algorithm in the library, one class against the rest: only as good."""
    theirs = Perceptron(max_iter=5, tol=None, shuffle=False)

    def check(W, fitted) -> None:
        wrong = np.mean((X @ W.T).argmax(axis=1) != y)
        as_good(wrong, 1 - fitted.score(X, y), 0.05)

    def book():
        return fit(X, y, n_classes, 5).weights

    return Pair(book, lambda: theirs.fit(X, y), check)


@row("perceptron, 10,000 x 1,000 dense, 10 classes, 5 epochs", "scikit-learn", 0.4)
def dense_perceptron(rng):
    X = rng.normal(size=(10_000, 1000))
    y = (X @ rng.normal(size=(1000, 10))).argmax(axis=1)
    return five_epochs(X, y, 10, perceptron)


@row("perceptron, 3,070 texts, 7,158 words, sparse, 5 epochs", "scikit-learn", 6)
def perceptron_of_texts(rng):
    topics = datasets.load_topics()
    documents = [datasets.tokens(text) for text in topics.texts]
    order = rng.permutation(len(documents))
    X = scipy.sparse.csr_array(bag_of_words(documents, vocabulary_of(documents)))
    assert X.shape == (3070, 7158), "the row's name says otherwise"
    return five_epochs(X[order], topics.y[order], len(topics.names), sparse_perceptron)


# ---- maps to the simplex


def forward_row(name, shape, ours, theirs, reference, aim):
    @row(f"{name} {shape}", reference, aim)
    def forward(rng):
        z = single(rng, *shape)
        z_torch = torch.from_numpy(z)
        return Pair(
            lambda: [ours(z)], lambda: [theirs(z_torch, -1)], same_arrays(SINGLE)
        )


def backward_row(name, shape, forward, vjp, theirs, reference, aim):
    @row(f"{name} backward {shape}", reference, aim)
    def backward(rng):
        z, g = single(rng, *shape), single(rng, *shape)
        p, z_torch, g_torch = forward(z), leaf(z), torch.from_numpy(g)
        p_torch = theirs(z_torch, -1)

        def reference_gradient():
            return torch.autograd.grad(p_torch, z_torch, g_torch, retain_graph=True)

        return Pair(lambda: [vjp(p, g)], reference_gradient, same_arrays(SINGLE))


SHAPE, LONG = (1024, 1000), (64, 32_000)


def entmax_of_some(z, axis):
    """With the library's own shortcut: only the 100 largest scores are sorted."""
    return entmax.sparsemax(z, axis, k=100)


forward_row("softmax", SHAPE, softmax, torch.softmax, "torch", 2.5)
backward_row("softmax", SHAPE, softmax, softmax_vjp, torch.softmax, "torch", 1.5)
for shape in (SHAPE, LONG):
    forward_row(
        "sparsemax", shape, sparsemax, entmax.sparsemax, "entmax, full sort", 0.1
    )
    forward_row("sparsemax", shape, sparsemax, entmax_of_some, "entmax, k=100", None)
backward_row(
    "sparsemax", SHAPE, sparsemax, sparsemax_vjp, entmax.sparsemax, "entmax", 0.45
)


@row(f"sparsemax loss and gradient {SHAPE}", "entmax, full sort", 0.15)
def sparsemax_training(rng):
    z, y = single(rng, *SHAPE), rng.integers(SHAPE[1], size=SHAPE[0])
    z_torch, y_torch = leaf(z), torch.from_numpy(y)

    def reference():
        losses = entmax.sparsemax_loss(z_torch, y_torch)
        return [losses, *torch.autograd.grad(losses.sum(), z_torch)]

    return Pair(
        lambda: sparsemax_loss_and_gradient(z, y),
        reference,
        same_arrays(SINGLE),
    )


# ---- a network, by hand and by the book's autodiff

SIZES, BATCH = [784, 256, 256, 10], 128


def network_and_reference(rng):
    network = MLP(SIZES, "relu", rng)
    network.W = [W.astype(np.float32) for W in network.W]
    network.b = [b.astype(np.float32) for b in network.b]
    X, y = single(rng, BATCH, SIZES[0]), rng.integers(SIZES[-1], size=BATCH)
    leaves = [(leaf(W), leaf(b)) for W, b in zip(network.W, network.b, strict=True)]
    X_torch, y_torch = torch.from_numpy(X), torch.from_numpy(y)

    def reference():
        h = X_torch
        for W, b in leaves[:-1]:
            h = torch.relu(torch.nn.functional.linear(h, W, b))
        scores = torch.nn.functional.linear(h, *leaves[-1])
        loss = torch.nn.functional.cross_entropy(scores, y_torch)
        return torch.autograd.grad(loss, [p for pair in leaves for p in pair])

    return network, X, y, reference


@row("network 784-256-256-10, batch 128, forward and backward", "torch", 0.9)
def by_hand(rng):
    network, X, y, reference = network_and_reference(rng)

    def book():
        return [g for pair in backpropagation(network, X, y) for g in pair]

    return Pair(book, reference, same_arrays(SINGLE))


def by_nodes(network, X, y):
    leaves = [(Tensor(W), Tensor(b)) for W, b in zip(network.W, network.b, strict=True)]
    h = X
    for W, b in leaves[:-1]:
        h = (h @ W.T + b).relu()
    W, b = leaves[-1]
    (loss_node(h @ W.T + b, y).sum() / len(y)).backward()
    return [p.gradient for pair in leaves for p in pair]


@row("the same by the book's automatic differentiation", "torch", 0.9)
def by_autodiff(rng):
    network, X, y, reference = network_and_reference(rng)
    return Pair(lambda: by_nodes(network, X, y), reference, same_arrays(SINGLE))


@row("the same by automatic differentiation", "the book's by hand", 1.1)
def autodiff_by_hand(rng):
    network, X, y, _ = network_and_reference(rng)

    def by_hand():
        return [g for pair in backpropagation(network, X, y) for g in pair]

    return Pair(lambda: by_nodes(network, X, y), by_hand, same_arrays(SINGLE))


# ---- convolution and pooling


def convolution_row(x_shape, w_shape, forward, backward, aim):
    work = f"{forward.__name__} {x_shape} to {w_shape}, forward and backward"

    @row(work, "torch", aim)
    def convolution(rng):
        x, w, b = single(rng, *x_shape), single(rng, *w_shape), single(rng, w_shape[0])
        g = single(rng, *conv2d(x, w).shape)
        leaves, g_torch = [leaf(x), leaf(w), leaf(b)], torch.from_numpy(g)

        def book():
            return [forward(x, w, b), *backward(g, x, w)]

        def reference():
            output = torch.nn.functional.conv2d(*leaves)
            return [output, *torch.autograd.grad(output, leaves, g_torch)]

        return Pair(book, reference, same_arrays(SINGLE))


FEW = (32, 1, 28, 28), (16, 1, 5, 5)
MANY = (32, 16, 14, 14), (32, 16, 5, 5)
columns, lines = (conv2d, conv2d_backward), (conv2d_by_lines, conv2d_by_lines_backward)
convolution_row(*FEW, *columns, 0.5)
convolution_row(*FEW, *lines, None)
convolution_row(*MANY, *columns, None)
convolution_row(*MANY, *lines, 1.5)

POOLED = (32, 16, 24, 24)


@row(f"max pooling 2x2 {POOLED}", "torch", 0.25)
def pooling(rng):
    x = single(rng, *POOLED)
    x_torch = torch.from_numpy(x)
    return Pair(
        lambda: [max_pool2d(x, 2)],
        lambda: [torch.nn.functional.max_pool2d(x_torch, 2)],
        same_arrays(0),
    )


@row(f"max pooling 2x2 backward {POOLED}", "torch", 4.5)
def pooling_backward(rng):
    x = single(rng, *POOLED)
    x_torch = leaf(x)
    pooled = torch.nn.functional.max_pool2d(x_torch, 2)
    g = single(rng, *pooled.shape)
    g_torch = torch.from_numpy(g)
    return Pair(
        lambda: [max_pool2d_backward(g, x, 2)],
        lambda: torch.autograd.grad(pooled, x_torch, g_torch, retain_graph=True),
        same_arrays(SINGLE),
    )


# ---- recurrent networks


def recurrence_row(name, layer, n_gates, run, aim, dtype=np.float32):
    T, N, D, H = 50, 32, 64, 128
    kind = "" if dtype is np.float32 else ", float64"
    work = f"{name} T={T} N={N} D={D} H={H}, forward and BPTT{kind}"
    # The book's update gate takes the new state, torch's keeps the old one.
    sign = np.ones(n_gates * H, dtype)
    if name == "GRU":
        sign[H : 2 * H] = -1

    @row(work, f"torch.nn.{layer.__name__}", aim)
    def recurrence(rng):
        def draw(*shape):
            return (0.1 * rng.normal(size=shape)).astype(dtype)

        x, g, h0 = 10 * draw(T, N, D), draw(T, N, H), draw(N, H)
        V, U, b = draw(n_gates * H, D), draw(n_gates * H, H), draw(n_gates * H)
        torch_layer = layer(D, H).to(getattr(torch, np.dtype(dtype).name))
        torch_layer.weight_ih_l0.data[:] = torch.from_numpy(V * sign[:, None])
        torch_layer.weight_hh_l0.data[:] = torch.from_numpy(U * sign[:, None])
        torch_layer.bias_ih_l0.data[:] = torch.from_numpy(b * sign)
        torch_layer.bias_hh_l0.data[:] = 0
        wanted = torch_layer.weight_ih_l0, torch_layer.weight_hh_l0
        wanted += (torch_layer.bias_ih_l0,)
        x_torch, g_torch, start = (
            leaf(x),
            torch.from_numpy(g),
            torch.from_numpy(h0)[None],
        )
        start = (start, torch.zeros_like(start)) if name == "LSTM" else start

        def reference():
            h, _ = torch_layer(x_torch, start)
            return [h, *torch.autograd.grad(h, (x_torch, *wanted), g_torch)]

        def check(ours, theirs):
            h, dx, *by_weights = (array.detach().numpy() for array in theirs)
            by_weights = [(array.T * sign).T for array in by_weights]
            same_arrays(SINGLE if dtype is np.float32 else EXACT)(
                ours, [h, dx, *by_weights]
            )

        return Pair(lambda: run(x, h0, V, U, b, g), reference, check)


def lstm(x, h0, V, U, b, g):
    params = {"V": V, "U": U, "b": b}
    h, _, cache = lstm_forward(x, h0, np.zeros_like(h0), params)
    dx, _, _, by = lstm_backward(g, cache)
    return [h, dx, by["V"], by["U"], by["b"]]


def gru(x, h0, V, U, b, g):
    h, cache = gru_forward(x, h0, {"V": V, "U": U, "b": b}, reset_after=True)
    dx, _, by = gru_backward(g, cache)
    return [h, dx, by["V"], by["U"], by["b"]]


def elman(x, h0, V, U, b, g):
    h, cache = elman_forward(x, h0, {"V": V, "U": U, "c": b})
    dx, _, by = elman_backward(g, cache)
    return [h, dx, by["V"], by["U"], by["c"]]


recurrence_row("LSTM", torch.nn.LSTM, 4, lstm, 1.4)
recurrence_row("LSTM", torch.nn.LSTM, 4, lstm, 0.9, np.float64)
recurrence_row("GRU", torch.nn.GRU, 3, gru, 0.9)
recurrence_row("Elman", torch.nn.RNN, 1, elman, 0.7)


# ---- attention and search


def attention_pair(rng, book_of):
    B, L, n = 32, 30, 128
    F, s, g = single(rng, B, L, n), single(rng, B, n), single(rng, B, n)
    W, U = single(rng, n, n) / 11, single(rng, n, n) / 11
    params = {"W": W, "U": U, "b": single(rng, n), "v": single(rng, n)}
    leaves = {name: leaf(array) for name, array in {"F": F, "s": s, **params}.items()}
    g_torch = torch.from_numpy(g)

    def reference():
        F, s, W, U, b, v = leaves.values()
        keys = torch.nn.functional.linear(F, W, b)
        hidden = torch.tanh(keys + torch.nn.functional.linear(s, U)[:, None])
        weights = torch.softmax(hidden @ v, dim=1)
        context = (weights[:, None] @ F)[:, 0]
        return [context, *torch.autograd.grad(context, leaves.values(), g_torch)]

    return Pair(lambda: book_of(F, s, params, g), reference, same_arrays(SINGLE))


@row("additive attention B=32 L=30 n=128, forward and backward", "torch", 0.8)
def attention(rng):
    def by_nodes(F, s, params, g):
        F, s = Tensor(F), Tensor(s)
        leaves = {name: Tensor(array) for name, array in params.items()}
        context, _ = attention_node(F, attention_keys(F, leaves), s, leaves)
        (context * g).sum().backward()
        found = [context.value, F.gradient, s.gradient]
        return found + [leaf.gradient for leaf in leaves.values()]

    return attention_pair(rng, by_nodes)


@row("the same by two functions that share no memory", "torch", 0.8)
def attention_apart(rng):
    def by_hand(F, s, params, g):
        context, weights = additive_attention(F, s, params)
        dF, ds, by = additive_attention_backward(g, F, s, params, weights)
        return [context, dF, ds, by["W"], by["U"], by["b"], by["v"]]

    return attention_pair(rng, by_hand)


@row(
    f"beam search, 32 sentences, width {SEARCH_WIDTH}, 1,000 words, "
    f"{SEARCH_LENGTH} steps",
    "torch, batched",
    1.1,
)
def search(rng):
    K, H, N = 1000, 128, 32
    E, U, C = (single(rng, *shape) / 4 for shape in ((K, H), (H, H), (H, K)))
    U /= 4
    state = single(rng, N, H)

    def step(tokens, state):
        state = np.tanh(E[tokens] + state @ U)
        scores = state @ C
        scores[:, STOP] += 4  # so that nearly all sentences come to an end
        scores -= scores.max(axis=1, keepdims=True)
        scores -= np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return scores, state

    E_t, U_t, C_t, state_t = (torch.from_numpy(a) for a in (E, U, C, state))

    def torch_step(tokens, state):
        state = torch.tanh(E_t[tokens] + state @ U_t)
        scores = state @ C_t
        scores[:, STOP] += 4
        return torch.log_softmax(scores, dim=1), state

    def book():
        return beam_search(step, state, 1, STOP, SEARCH_WIDTH, SEARCH_LENGTH)

    def check(found, best_finished):
        is_finished = [beam[0].finished for beam in found]
        assert np.mean(is_finished) > 0.5, "a search that ends for too few sentences"
        best = [beam[0].log_probability for beam in found]
        assert_equal(
            np.where(is_finished, best, -1),
            np.where(best_finished > -np.inf, best_finished, -1),
            "best scores",
            SINGLE,
        )

    beam = TorchBeam(torch_step, N)
    return Pair(book, lambda: beam(state_t, 1), check)


# ---- word vectors and Boltzmann machines


@row("log Z of 784 x 16, exactly", "by log-add-exp", 0.1)
def exact_sum(rng):
    rbm = RBM(784, 16, rng)
    rbm.W, rbm.b, rbm.c = (rng.normal(size=p.shape) / 4 for p in (rbm.W, rbm.b, rbm.c))
    return Pair(
        lambda: [rbm.log_partition()],
        lambda: [log_partition_by_addition(rbm)],
        same_arrays(EXACT),
    )


@row(
    "RBM, CD-1, one epoch of 10,000 x 784, 128 hidden",
    "scikit-learn, persistent CD",
    0.6,
)
def contrastive_divergence(rng):
    mnist = datasets.load_mnist()
    pictures = np.concatenate([mnist.x_train, mnist.x_test]) / 255
    X = (rng.random(pictures.shape) < pictures).astype(np.float32)
    rbm = RBM(784, 128, rng)
    theirs = BernoulliRBM(128, learning_rate=0.1, batch_size=100, n_iter=1)

    def book():
        rbm.fit(X, epochs=1)
        return rbm.W, rbm.b, rbm.c

    def check(parameters, fitted):
        biases = fitted.intercept_visible_, fitted.intercept_hidden_
        errors = []
        for W, b, c in (parameters, (fitted.components_.T, *biases)):
            up = 1 / (1 + np.exp(-(X[:1000] @ W + c)))
            errors.append(np.mean((X[:1000] - 1 / (1 + np.exp(-(up @ W.T + b)))) ** 2))
        as_good(*errors, 0.02)

    return Pair(book, lambda: theirs.fit(X), check)


@row("skip-gram, 50 dimensions, 5 negatives, 200,000 words", "gensim", 1.25)
def word_vectors(rng):
    texts = datasets.load_dictionary()
    first = rng.integers(len(texts) // 2)
    sentences, n_words = [], 0
    while n_words < 200_000:
        sentences.append(datasets.tokens(texts[first + len(sentences)]))
        n_words += len(sentences[-1])
    words = [word for sentence in sentences for word in sentence]
    vocabulary = build_vocabulary(words, at_least=5)
    text = [
        w for s in sentences for w in [*s, *[""] * 5]
    ]  # no window over two sentences
    tokens = word_indices(text, vocabulary)
    ours = SkipGram(len(vocabulary), 50, rng)
    theirs = Word2Vec(
        vector_size=50, window=5, sg=1, negative=5, workers=1, min_count=5, sample=1e-3
    )
    theirs.build_vocab(sentences)

    def reference():
        theirs.train(sentences, total_examples=len(sentences), epochs=1)
        return theirs

    def check(history, model):
        """Pairs of neighbours, and noise: both tell them apart about as well."""
        pairs = np.array(skipgram_pairs(tokens, 5, rng))
        center, context = rng.choice(pairs, size=20_000, axis=1)
        noise = rng.choice(context, size=(len(center), 5))
        order = word_indices(model.wv.index_to_key, vocabulary)
        losses = []
        for W_in, W_out, at in (
            (ours.W_in, ours.W_out, np.arange(len(vocabulary))),
            (model.wv.vectors, model.syn1neg, np.argsort(order)),
        ):
            H = W_in[at][center]
            losses.append(negative_sampling(H, W_out[at], context, noise)[0])
        as_good(*losses, 0.1)

    return Pair(lambda: ours.fit(tokens, window=5, n_negatives=5), reference, check)


# ---- the runs


@pytest.mark.parametrize("side", ["book", "reference"])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.work}, {row.reference}")
def test_time(row: Row, side: str, seed: int, benchmark) -> None:
    # The same inputs for both sides of a row, others in every run.
    pair = row.draw(np.random.default_rng([seed, *row.work.encode()]))
    pair.check(pair.book(), pair.reference())
    benchmark.group = f"{row.work}, {row.reference}"
    benchmark.extra_info |= {
        "work": row.work,
        "side": side,
        "reference": row.reference,
        "aim": row.aim,
    }
    benchmark(getattr(pair, side))
