"""Training that runs away, and numbers that overflow: messages name what was given."""

import inspect
import warnings
from typing import NamedTuple

import numpy as np
import pytest

from tutorial_utils import (
    checks,
    convolutional_networks,
    generative_models,
    recurrent_networks,
    representation_learning,
    sequence_to_sequence,
    training,
)
from tutorial_utils.contracts import Array, Float, contract
from tutorial_utils.generative_models import (
    GAN,
    RBM,
    DeepBeliefNetwork,
    VariationalAutoencoder,
)
from tutorial_utils.neural_networks import (
    MLP,
    softmax,
    softmax_vjp,
    sparsemax,
    sparsemax_vjp,
)
from tutorial_utils.recurrent_networks import CharacterModel
from tutorial_utils.representation_learning import Autoencoder, Cbow, SkipGram
from tutorial_utils.sequence_to_sequence import (
    Seq2Seq,
    additive_attention,
    attention_parameters,
    scaled_dot_product_attention,
)
from tutorial_utils.training import SGD, Tensor, backpropagation, forward_pass

RATES = [1.0, 1e2, 1e8, 1e30, 1e100, 1e200, 1.7e308]
X = (np.random.default_rng(0).random((60, 8)) < 0.5).astype(float)
TOKENS = np.random.default_rng(1).integers(6, size=300)
TEXT = "abcabdabe" * 40
PAIRS = [["a", "b"], ["b"]] * 20, [["x"], ["y", "x"]] * 20


def rng():
    return np.random.default_rng(0)


def train_gan(rate):
    gan = GAN(2, 8, 4, rng(), generator_rate=rate, discriminator_rate=rate)
    for _ in range(30):
        gan.train_step(X)


def train_vae_by_steps(rate):
    vae = VariationalAutoencoder(8, 4, 2, rng())
    for _ in range(30):
        vae.train_step(X, SGD(rate))


def train_seq2seq(rate, **options):
    words = ["a", "b"], ["x", "y"]
    Seq2Seq(*words, 4, rng(), embedding=4, **options).fit(
        *PAIRS, epochs=8, batch_size=8, learning_rate=rate
    )


TRAINERS = {
    "Autoencoder.fit": lambda rate: Autoencoder(8, 4, "relu", rng()).fit(
        X, epochs=20, optimiser=SGD(rate)
    ),
    "SkipGram.fit": lambda rate: SkipGram(6, 3, rng()).fit(
        TOKENS, epochs=5, learning_rate=rate
    ),
    "Cbow.fit": lambda rate: Cbow(6, 3, rng()).fit(
        TOKENS, epochs=5, learning_rate=rate
    ),
    "RBM.fit": lambda rate: RBM(8, 4, rng()).fit(X, epochs=20, optimiser=SGD(rate)),
    "RBM.fit, persistent": lambda rate: RBM(8, 4, rng()).fit(
        X, epochs=20, optimiser=SGD(rate), persistent=True
    ),
    "DeepBeliefNetwork.fit": lambda rate: DeepBeliefNetwork([8, 4, 3], rng()).fit(
        X, epochs=20, optimiser=SGD(rate)
    ),
    "VariationalAutoencoder.fit": lambda rate: VariationalAutoencoder(
        8, 4, 2, rng()
    ).fit(X, epochs=20, optimiser=SGD(rate)),
    "VariationalAutoencoder.train_step": train_vae_by_steps,
    "GAN.train_step": train_gan,
    "CharacterModel.fit": lambda rate: CharacterModel("abcde", 4, rng()).fit(
        TEXT, epochs=3, batch_size=4, steps=8, learning_rate=rate
    ),
    "Seq2Seq.fit": train_seq2seq,
    "Seq2Seq.fit, attention": lambda rate: train_seq2seq(rate, attention="softmax"),
}
MODULES = (
    training,
    representation_learning,
    convolutional_networks,
    recurrent_networks,
    sequence_to_sequence,
    generative_models,
)


def test_every_trainer_is_tried():
    """What has fit or train_step and steps by a rate; what counts has none."""
    found = {
        f"{name}.{method}"
        for module in MODULES
        for name in module.__all__
        if inspect.isclass(thing := getattr(module, name))
        for method in ("fit", "train_step")
        if hasattr(thing, method)
    }
    counting = {"NGram.fit"}
    assert {name.split(",")[0] for name in TRAINERS} == found - counting


@pytest.mark.parametrize("trainer", TRAINERS)
def test_training_that_runs_away_gives_advice_on_the_steps(trainer):
    train, said = TRAINERS[trainer], []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for rate in RATES:
            try:
                train(rate)
            except ValueError as error:
                said.append(str(error))
    # The gradients of a Boltzmann machine are bounded: it does not run away.
    assert said or "RBM" in trainer or "Belief" in trainer
    advice = (
        "optimiser must take smaller steps",
        "learning_rate must be smaller",
    )
    rates = "generator_rate or discriminator_rate must be smaller"
    assert [s for s in said if not s.startswith((*advice, rates))] == []


def large_network(activation="relu"):
    network = MLP([8, 4, 3], activation, rng())
    network.W = [W * 1e200 for W in network.W]
    return network


def test_a_network_that_overflows_is_named_and_not_its_inner_variables():
    y = np.zeros(len(X), int)
    with np.errstate(all="ignore"):
        for call in (
            lambda: forward_pass(large_network(), X),
            lambda: backpropagation(large_network(), X, y),
        ):
            with pytest.raises(ValueError, match="^mlp must give finite scores for X"):
                call()
        with pytest.raises(ValueError, match="^X must be smaller: the numbers have"):
            training.regularised_risk(large_network(), X, y)
        deep = MLP([8, 4, 4, 3], "relu", rng())
        deep.W = [np.abs(W) * 1e200 for W in deep.W]
        with pytest.raises(ValueError, match="^X must be smaller, or the weights"):
            deep.forward(X)


def test_a_node_that_has_overflowed_says_so():
    z = Tensor(np.array([1e308, 1.0]))
    with np.errstate(all="ignore"):
        for f in ("softmax", "sparsemax", "sigmoid"):
            with pytest.raises(ValueError, match="^the Tensor must have finite"):
                getattr(z * 10, f)()
        with pytest.raises(ValueError, match="^z must be finite"):
            training.loss_node(z * 10, 0)


def test_attention_that_overflows_names_what_was_given():
    large = np.full((2, 3, 4), 1e25, np.float32)
    s, params = large[:, 0], attention_parameters(rng(), 4, 4, 5)
    params = {name: value.astype(np.float32) for name, value in params.items()}
    params |= {"b": np.full(5, 1e30, np.float32), "v": np.full(5, 1e38, np.float32)}
    params["W"] = np.zeros_like(params["W"])
    mask = np.array([True, True, False])
    with np.errstate(all="ignore"):
        for where in (None, mask):
            with pytest.raises(ValueError, match="^Q and K must be smaller"):
                scaled_dot_product_attention(large, large, large, where)
            with pytest.raises(ValueError, match="^F, s and params must be smaller"):
                additive_attention(large, s, params, where)


def test_an_inner_array_of_the_same_name_is_not_taken_for_the_argument():
    @contract
    def inner(z: Float[Array, "N"]) -> Float[Array, "N"]:
        return z

    @contract
    def outer(z: Float[Array, "N"], y: Float[Array, "N"]) -> Float[Array, "N"]:
        with np.errstate(over="ignore"):
            return inner(z * y)

    with pytest.raises(ValueError, match="^z and y must be smaller"):
        outer([1e200], [1e200])
    with pytest.raises(ValueError, match="^z must be finite"):
        outer([np.inf], [1])


# ---- half and single precision


def test_softmax_and_losses_of_many_classes_in_half_precision():
    for n in (66_000, 100_000):
        z = np.zeros(n, np.float16)
        for f in (softmax, sparsemax):
            p = f(z)
            assert p.dtype == np.float16
            assert p.sum(dtype=np.float64) == pytest.approx(1, abs=2e-3)
        tensor = Tensor(z)
        for loss in ("cross_entropy", "sparsemax"):
            value, gradient = training.LOSSES[loss]
            wide = value(z.astype(float), 0), gradient(z.astype(float), 0)
            assert value(z, 0) == pytest.approx(wide[0], rel=1e-3)
            np.testing.assert_allclose(gradient(z, 0), wide[1], atol=1e-3)
            node = training.loss_node(tensor, 0, loss)
            assert float(node.value) == pytest.approx(wide[0], rel=1e-3)
        assert tensor.softmax().value.sum(dtype=np.float64) == pytest.approx(
            1, abs=2e-3
        )
        assert (tensor + 1).sum().value == np.inf, "beyond half precision's range"
        assert (0.5 * (tensor + 1)).sum().value == pytest.approx(n / 2, rel=1e-3)


def test_sums_in_half_precision_keep_their_digits():
    """Each is what single precision gives, rounded once; sums over thousands."""
    r = rng()
    half = lambda *shape: r.normal(size=shape).astype(np.float16)  # noqa: E731
    F, s = half(2, 3000, 4), half(2, 4)
    lstm = recurrent_networks.recurrent_parameters(r, "lstm", 3, 4)
    x = half(1, 1, 60, 60)
    cases = [
        (training.squared_loss, (half(5000), half(5000))),
        (convolutional_networks.conv2d, (x, half(1, 1, 40, 40))),
        (
            convolutional_networks.conv2d_backward,
            (half(1, 2, 58, 58), x, half(2, 1, 3, 3)),
        ),
        (convolutional_networks.average_pool2d, (x, 60)),
        (convolutional_networks.masked_mean, (half(5000), np.ones(5000, bool))),
        (softmax_vjp, (softmax(half(5000)), half(5000))),
        (sparsemax_vjp, (sparsemax(half(5000)), half(5000))),
        (
            recurrent_networks.lstm_forward,
            (half(50, 2, 3), half(2, 4), half(2, 4), lstm),
        ),
        (additive_attention, (F, s, attention_parameters(r, 4, 4, 5))),
        (scaled_dot_product_attention, (half(1, 4), half(3000, 4), half(3000, 4))),
    ]
    for f, given in cases:
        half_given = [cast(value, np.float16) for value in given]
        single_given = [cast(value, np.float32) for value in half_given]
        got, wanted = flat(f(*half_given)), flat(f(*single_given))
        assert {part.dtype for part in got} == {np.dtype(np.float16)}, f
        for part, right in zip(got, wanted, strict=True):
            rounded = right.astype(np.float16)
            np.testing.assert_array_equal(part, rounded, err_msg=str(f))


def cast(value, kind):
    """Arrays, and those of dicts, of another floating type."""
    if isinstance(value, dict):
        return {key: cast(part, kind) for key, part in value.items()}
    is_float = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return value.astype(kind) if is_float else value


def flat(result):
    """The floating arrays of a result, in their order."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, list | tuple):
        return [part for each in result for part in flat(each)]
    is_float = getattr(result, "dtype", np.dtype(int)).kind == "f"
    return [np.asarray(result)] if is_float else []


def test_an_lstms_small_candidates_keep_their_digits():
    for kind, tolerance in ((np.float32, 1e-6), (np.float64, 1e-14)):
        for size in (1e-3, 1e-6, 3e-8, 1e-12):
            params = {"V": np.zeros((4, 1)), "U": np.zeros((4, 1)), "b": np.zeros(4)}
            params["V"][2] = size
            params = {name: value.astype(kind) for name, value in params.items()}
            zero = np.zeros((1, 1), kind)
            c = recurrent_networks.lstm_forward(
                np.ones((1, 1, 1), kind), zero, zero, params
            )[1]
            wanted = np.tanh(np.float64(kind(size))) / 2
            assert c.item() == pytest.approx(wanted, rel=tolerance)


def test_gradients_keep_their_digits_where_a_label_is_all_but_certain():
    g = training.cross_entropy_gradient(np.array([0.0, -40.0]), 0)
    np.testing.assert_allclose(g, np.exp(-40) * np.array([-1, 1]), rtol=1e-12)
    for name, at in (("sigmoid", 40.0), ("tanh", 20.0)):
        z = Tensor(np.array([at]))
        getattr(z, name)().sum().backward()
        slope = {"sigmoid": np.exp(-40), "tanh": 4 * np.exp(-40)}[name]
        np.testing.assert_allclose(z.gradient, slope, rtol=1e-12)


def test_a_model_that_training_has_spoiled_must_be_made_anew():
    vae = VariationalAutoencoder(8, 4, 2, rng())
    with pytest.raises(ValueError, match="^optimiser must take smaller steps"):
        vae.fit(X, epochs=20, optimiser=SGD(1e200))
    with pytest.raises(ValueError, match="^the model must be made anew"):
        vae.fit(X, epochs=1, optimiser=SGD(1e-3))
    coder = Autoencoder(8, 4, "relu", rng())
    coder.W *= np.inf
    with pytest.raises(ValueError, match="^the model must be made anew"):
        coder.fit(X)


def test_what_a_model_computes_with_spoiled_weights_names_them():
    def spoiled(model, params):
        for value in params.values():
            value += 1.7e308 * np.sign(value)
        return model

    def calls():
        coder = Autoencoder(8, 4, "tanh", rng())
        spoiled(coder, coder.parameters())
        yield lambda: coder.encode(X), lambda: coder.encode(X * np.nan)
        vae = VariationalAutoencoder(8, 4, 2, rng())
        spoiled(vae, vae.params)
        noise = np.zeros((len(X), 2))
        yield (
            lambda: vae.loss_and_gradients(X, noise),
            lambda: vae.loss_and_gradients(X * np.nan, noise),
        )
        gan = spoiled(gan := GAN(2, 8, 4, rng()), gan.discriminator_params)
        yield (
            lambda: gan.discriminator_loss(X, X),
            lambda: gan.discriminator_loss(X * np.nan, X),
        )

        code = np.full((4, 2), 3.0)
        yield lambda: vae.encode(X), lambda: vae.encode(X * np.nan)
        yield lambda: vae.decode(code), lambda: vae.decode(code * np.nan)
        yield lambda: gan.discriminator(X), lambda: gan.discriminator(X * np.nan)
        spoiled(gan, gan.generator_params)
        yield lambda: gan.generator(code), lambda: gan.generator(code * np.nan)
        yield lambda: gan.sample(8), lambda: gan.generator(code * np.nan)

    for spoiled_call, wrong_call in calls():
        with np.errstate(all="ignore"):
            with pytest.raises(ValueError, match="^the model's weights must"):
                spoiled_call()
            with pytest.raises(ValueError, match="^(X|x|z|data) must be finite"):
                wrong_call()


def test_gradients_of_half_precision_add_up_in_single():
    w = Tensor(np.array(1.0, np.float16))
    total = w + w
    for _ in range(4998):
        total = total + w
    total.backward()
    assert w.gradient.dtype == np.float16
    assert w.gradient == 5000


def test_tuples_with_names_stay_what_they_are():
    class Pair(NamedTuple):
        a: np.ndarray
        b: int

    @checks.half_in_single
    def f(x):
        return Pair(x.sum(), 1)

    made = f(np.ones(3, np.float16))
    assert isinstance(made, Pair)
    assert made.a.dtype == np.float16
