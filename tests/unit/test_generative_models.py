"""Chapter 8: enumeration, exact kernels, gradients, parity with torch and scikit-learn.

Small machines are summed over all of their states by code of this file; samplers are
held to exact transition probabilities, estimators to what they should be on average.
"""

import copy
import itertools
import warnings

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import expit, log_expit, logsumexp
from scipy.stats import chisquare, norm
from sklearn.neural_network import BernoulliRBM

from tutorial_utils import generative_models as module
from tutorial_utils.checks import assert_at_most, assert_equal
from tutorial_utils.generative_models import (
    GAN,
    MOST_UNITS,
    RBM,
    BoltzmannMachine,
    DeepBeliefNetwork,
    VariationalAutoencoder,
    annealed_importance_sampling,
    gaussian_kl,
    noise_contrastive,
    pseudo_likelihood_gradient,
    pseudo_log_likelihood,
    softplus,
    softplus_node,
)
from tutorial_utils.neural_networks import MLP
from tutorial_utils.training import SGD, Adam, Momentum, Tensor, numerical_gradient

seeds = st.integers(0, 2**32 - 1)
sizes = st.tuples(st.integers(1, 5), st.integers(1, 4))  # D, H
PARAMETERS = ("R", "W", "S", "b", "c")


def generator(seed=0):
    return np.random.default_rng(seed)


def on_random_machines(test):
    """Run a test on machines of random sizes, on one of 1 and 1, and on a square one.

    The arguments are `size`, which is D and H, and `seed`.
    """
    test = given(size=sizes, seed=seeds)(settings(max_examples=30)(test))
    return example(size=(1, 1), seed=0)(example(size=(3, 3), seed=1)(test))


def random_rbm(D, H, seed=0, scale=1.0):
    rng = generator(seed)
    rbm = RBM(D, H, rng)
    rbm.W[:] = scale * rng.normal(size=(D, H))
    rbm.b[:], rbm.c[:] = scale * rng.normal(size=D), scale * rng.normal(size=H)
    return rbm


def random_boltzmann(D, H, seed=0, scale=1.0):
    """A machine with any numbers in R and S: below and on the diagonal, too."""
    rng = generator(seed)
    machine = BoltzmannMachine(D, H, rng)
    for name in PARAMETERS:
        value = getattr(machine, name)
        value[:] = scale * rng.normal(size=value.shape)
    return machine


def all_states(n):
    """The last unit changes fastest."""
    rows = list(itertools.product([0.0, 1.0], repeat=n))
    return np.array(rows).reshape(2**n, n)


def slow_energy(machine, v, h):
    """E of one state, a term at a time; an RBM has neither R nor S."""
    R, S = getattr(machine, "R", None), getattr(machine, "S", None)
    terms = [machine.b[i] * v[i] for i in range(len(v))]
    terms += [machine.c[j] * h[j] for j in range(len(h))]
    for i, j in itertools.product(range(len(v)), range(len(h))):
        terms.append(v[i] * machine.W[i, j] * h[j])
    for weights, x in ((R, v), (S, h)):
        if weights is not None:
            for i, j in itertools.product(range(len(x)), repeat=2):
                terms.append(x[i] * weights[i, j] * x[j])
    return -sum(terms)


def minus_energies(machine):
    """-E of all states: a row for each v, a column for each h."""
    V, H = all_states(len(machine.b)), all_states(len(machine.c))
    table = np.einsum("ni,ij,mj->nm", V, machine.W, H)
    table += (V @ machine.b)[:, None] + H @ machine.c
    if hasattr(machine, "R"):
        table += np.einsum("ni,ij,nj->n", V, machine.R, V)[:, None]
        table += np.einsum("mi,ij,mj->m", H, machine.S, H)
    return table


def joint(machine):
    """p(v, h) of all states, as `minus_energies`."""
    table = minus_energies(machine)
    return np.exp(table - logsumexp(table))


def transition(machine, steps):
    """p(v after `steps` steps | v before), (2**D, 2**D), of an RBM's Gibbs chain."""
    p = joint(machine)
    up = p / p.sum(axis=1, keepdims=True)
    down = (p / p.sum(axis=0)).T
    return np.linalg.matrix_power(up @ down, steps)


def sweep_kernel(machine):
    """p(state after a sweep | state before), in the order of the rows of all_states."""
    n = len(machine.b) + len(machine.c)
    x, p = all_states(n), joint(machine).ravel()
    kernel = np.eye(2**n)
    for i in range(n):
        flipped = np.arange(2**n) ^ 2 ** (n - 1 - i)
        stay = p / (p + p[flipped])
        one = np.zeros((2**n, 2**n))
        one[np.arange(2**n), np.arange(2**n)] = stay
        one[np.arange(2**n), flipped] = 1 - stay
        kernel = kernel @ one
    assert len(x) == len(kernel)
    return kernel


def index_of(rows):
    return np.asarray(rows).astype(int) @ 2 ** np.arange(np.shape(rows)[1])[::-1]


def assert_distributed(rows, p):
    """The rows, zeros and ones, may well be drawn from p, of all states."""
    assert np.isin(rows, (0, 1)).all()
    counts = np.bincount(index_of(rows), minlength=len(p))
    expected = len(rows) * p
    rare = expected < 5
    if rare.any():
        assert_at_most(counts[rare].sum(), 3 * expected[rare].sum() + 10, "rare states")
    counts, expected = counts[~rare], expected[~rare]
    expected *= counts.sum() / expected.sum()
    if len(counts) > 1:
        assert chisquare(counts, expected).pvalue > 1e-4


def slope(owner, name, f):
    """The numerical gradient of f() at an attribute, or at an entry of a dict."""
    is_dict = isinstance(owner, dict)
    values = owner if is_dict else vars(owner)
    kept = values[name]

    def at(x):
        values[name] = x
        try:
            return f()
        finally:
            values[name] = kept

    return numerical_gradient(at, kept)


def read_only(array):
    array = np.array(array)
    array.flags.writeable = False
    return array


def binary(N, D, seed=0, dtype=np.float64):
    return generator(seed).integers(2, size=(N, D)).astype(dtype)


class Recorder:
    """An optimiser that changes nothing and keeps what it was given."""

    def __init__(self):
        self.params, self.gradients = [], []

    def step(self, params, gradients):
        self.params.append(params)
        self.gradients.append([np.array(g) for g in gradients])


@pytest.fixture
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def test_all_that_is_exported_is_known_here():
    names = {"MOST_UNITS", "softplus", "BoltzmannMachine", "RBM", "DeepBeliefNetwork"}
    names |= {"pseudo_log_likelihood", "pseudo_likelihood_gradient"}
    names |= {"noise_contrastive", "annealed_importance_sampling", "gaussian_kl"}
    names |= {"softplus_node", "VariationalAutoencoder", "GAN"}
    names |= {"Binary", "Couplings", "Visible", "Hidden", "Weights", "Gradient"}
    names |= {"Probabilities", "binary_states", "sample_units", "log_sum_exp"}
    names |= {"boltzmann_energy", "boltzmann_log_partition", "boltzmann_gradient"}
    names |= {"boltzmann_log_likelihood", "gibbs_sweep", "clamped_states"}
    names |= {"mean_products", "rbm_energy", "hidden_probabilities", "free_energy"}
    names |= {"visible_probabilities", "rbm_log_partition", "gibbs_step", "tempered"}
    names |= {"phase_difference", "model_means", "likelihood_gradient", "mean_field"}
    names |= {"contrastive_divergence", "log_partition_in_halves", "flip_costs"}
    names |= {"rbm_log_partition_in_halves", "swap_neighbours", "tempering_step"}
    names |= {"layer", "rectified", "encoder", "decoder", "leaves", "bound_terms"}
    names |= {"vae_loss", "log_weights", "layer_parameters", "two_hidden_layers"}
    names |= {"mean_softplus", "discriminator_loss", "generator_loss", "in_packs"}
    names |= {"input_gradient", "gradient_penalty", "discriminator_gradient"}
    names |= {"generator_gradient"}
    assert set(module.__all__) == names
    assert MOST_UNITS == 25


# ---- softplus


@given(st.lists(st.floats(-700, 700), min_size=1))
def test_softplus_is_the_logarithm_of_one_plus_the_exponential(z):
    z = np.array(z)
    assert_equal(softplus(z), np.logaddexp(0, z), "softplus", 1e-14)
    gap = np.abs(softplus(z) - softplus(-z) - z)
    assert_at_most(gap, 1e-13 * (1 + np.abs(z)), "the odd part is z / 2")


@pytest.mark.usefixtures("no_warnings")
def test_softplus_neither_overflows_nor_loses_small_values():
    assert softplus(np.array([0.0, 1e4, -1e4])).tolist() == [np.log(2), 1e4, 0]
    assert_equal(softplus(np.array(-40.0)), np.exp(-40), "small", 1e-14)
    z = read_only([[1.0, -2.0]])
    assert softplus(z).shape == (1, 2)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint8])
def test_softplus_of_whole_numbers(dtype):
    z = np.array([0, 1, 0], dtype=dtype)
    assert_equal(softplus(z), np.logaddexp(0, z.astype(float)), "softplus", 1e-3)


@pytest.mark.parametrize("shape", [(), (1,), (3, 2)])
def test_softplus_node_has_the_value_of_softplus_and_the_sigmoid_as_slope(shape):
    z = 3 * generator().normal(size=shape)
    leaf, weights = Tensor(z), generator(1).normal(size=shape)
    node = softplus_node(leaf)
    assert_equal(node.value, np.logaddexp(0, z), "value", 1e-14)
    value = np.array(node.value)
    (node * weights).sum().backward()
    assert_equal(leaf.gradient, weights * expit(z), "slope", 1e-13)
    assert_equal(node.value, value, "the value is kept")
    assert_equal(leaf.value, z, "the operand is kept")


def test_softplus_node_takes_an_array_and_large_numbers():
    assert_equal(softplus_node(np.array([0.0])).value, [np.log(2)], "array", 1e-15)
    leaf = Tensor(np.array([-2000.0, 2000.0]))
    softplus_node(leaf).sum().backward()
    assert leaf.gradient.tolist() == [0, 1]


def test_softplus_node_used_twice_gets_the_sum_of_its_slopes():
    leaf = Tensor(np.array([0.5]))
    node = softplus_node(leaf)
    (node + node * node).sum().backward()
    expected = expit(0.5) * (1 + 2 * np.logaddexp(0, 0.5))
    assert_equal(leaf.gradient, [expected], "gradient", 1e-14)


# ---- a Boltzmann machine


@pytest.mark.parametrize("make", [BoltzmannMachine, RBM])
def test_machines_start_with_small_weights_and_no_biases(make):
    machine, same = make(40, 30, generator(3)), make(40, 30, generator(3))
    assert machine.W.shape == (40, 30)
    scale = 0.1 if make is BoltzmannMachine else 0.01
    assert machine.W.std() == pytest.approx(scale, rel=0.1)
    assert abs(machine.W.mean()) < 0.15 * scale
    assert machine.b.tolist() == [0] * 40
    assert machine.c.tolist() == [0] * 30
    for name, value in vars(machine).items():
        if name != "rng":
            assert value.dtype == np.float64
            assert_equal(value, getattr(same, name), "seeded")


def test_a_boltzmann_machine_starts_with_one_weight_for_each_pair():
    machine = BoltzmannMachine(20, 15, generator())
    for weights, n in ((machine.R, 20), (machine.S, 15)):
        assert weights.shape == (n, n)
        assert_equal(weights, np.triu(weights, k=1), "below the diagonal")
        assert np.count_nonzero(weights) == n * (n - 1) / 2
        assert weights[np.triu_indices(n, k=1)].std() == pytest.approx(0.1, rel=0.2)


@pytest.mark.parametrize("make", [random_boltzmann, random_rbm])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (2, 3)])
def test_energy_is_the_sum_of_its_terms(make, size):
    machine = make(*size, seed=4)
    pairs = list(itertools.product(all_states(size[0]), all_states(size[1])))
    v, h = (np.array(part) for part in zip(*pairs, strict=True))
    expected = [slow_energy(machine, *pair) for pair in pairs]
    assert machine.energy(v, h).shape == (len(pairs),)
    assert_equal(machine.energy(v, h), expected, "energy", 1e-13)
    assert_equal(-minus_energies(machine).ravel(), expected, "this file's", 1e-13)


def test_energy_of_an_rbm_takes_probabilities():
    rbm, v, h = random_rbm(3, 2), [[0.2, 0.5, 1]], [[0.3, 0.9]]
    expected = slow_energy(rbm, v[0], h[0])
    assert_equal(rbm.energy(v, h), [expected], "energy", 1e-14)


@pytest.mark.parametrize("scale", [1, 30, 300])
@pytest.mark.parametrize(
    "size", [(1, 0), (2, 0), (5, 0), (1, 1), (2, 1), (1, 3), (3, 4), (6, 3)]
)
def test_the_partition_of_a_boltzmann_machine_sums_over_all_states(size, scale):
    machine = random_boltzmann(*size, seed=5, scale=scale)
    log_Z = machine.log_partition()
    assert isinstance(log_Z, float)
    assert_equal(log_Z, logsumexp(minus_energies(machine)), "log Z", 1e-13)


def test_the_partition_of_a_boltzmann_machine_of_many_blocks():
    machine = random_boltzmann(11, 7, seed=5, scale=0.5)
    expected = logsumexp(minus_energies(machine))
    assert_equal(machine.log_partition(), expected, "log Z", 1e-13)


@on_random_machines
def test_an_rbm_is_a_boltzmann_machine_without_weights_inside_the_layers(size, seed):
    rbm, machine = random_rbm(*size, seed=seed), BoltzmannMachine(*size, generator())
    machine.R[:], machine.S[:] = 0, 0
    machine.W, machine.b, machine.c = rbm.W, rbm.b, rbm.c
    v, h = binary(6, size[0], seed), binary(6, size[1], seed + 1)
    assert_equal(rbm.energy(v, h), machine.energy(v, h), "energy", 1e-12)
    assert_equal(rbm.log_partition(), machine.log_partition(), "log Z", 1e-12)
    gap = rbm.log_likelihood(v) - machine.log_likelihood(v)
    assert_at_most(np.abs(gap), 1e-12, "log-likelihood")
    ours = rbm.log_likelihood_gradient(v)
    theirs = machine.log_likelihood_gradient(v)
    for name, gradient in zip(("W", "b", "c"), ours, strict=True):
        assert_at_most(np.abs(gradient - theirs[name]), 1e-12, name)


@pytest.mark.parametrize("make", [random_boltzmann, random_rbm])
@pytest.mark.parametrize("size", [(1, 1), (3, 2), (2, 4)])
def test_the_likelihood_is_the_share_of_a_state(make, size):
    machine = make(*size, seed=6)
    V = all_states(size[0])
    expected = np.log(joint(machine).sum(axis=1))
    assert_equal(machine.log_likelihood(V), expected, "log p", 1e-12)
    assert_equal(machine.log_likelihood(V[1:2]), expected[1:2], "one row", 1e-12)


@on_random_machines
def test_probabilities_of_all_states_sum_to_one(size, seed):
    for machine in (random_rbm(*size, seed, 3), random_boltzmann(*size, seed, 3)):
        total = np.exp(machine.log_likelihood(all_states(size[0]))).sum()
        assert_equal(total, 1, "sum", 1e-11)


@pytest.mark.parametrize("size", [(1, 0), (3, 0), (1, 1), (3, 2), (2, 4), (4, 2)])
def test_the_exact_gradient_of_a_boltzmann_machine(size):
    machine, v = random_boltzmann(*size, seed=7), binary(5, size[0], 8)
    gradient = machine.log_likelihood_gradient(v)
    assert set(gradient) == set(PARAMETERS)

    def mean():
        return machine.log_likelihood(v).mean()

    for name in PARAMETERS:
        value = getattr(machine, name)
        assert gradient[name].shape == value.shape
        if value.size:
            numerical = slope(machine, name, mean)
            if name in "RS":
                numerical = np.triu(numerical, k=1)
            gap = np.abs(gradient[name] - numerical).max()
            assert_at_most(gap, 1e-8, name)


def test_the_gradients_of_a_boltzmann_machine_can_be_changed_one_by_one():
    machine, v = random_boltzmann(3, 2), binary(4, 3)
    gradient = machine.log_likelihood_gradient(v)
    again = copy.deepcopy(gradient)
    for name in ("R", "S", "W"):
        gradient[name] += 1
    for name in "bc":
        assert_equal(gradient[name], again[name], name)
        gradient[name] += 1  # not a read-only view of a diagonal


def test_a_visible_boltzmann_machine_has_no_hidden_units():
    machine, v = random_boltzmann(3, 0), binary(4, 3)
    nothing = np.zeros((4, 0))
    expected = [slow_energy(machine, row, []) for row in v]
    assert_equal(machine.energy(v, nothing), expected, "energy", 1e-13)
    new_v, new_h = machine.sweep(v, nothing)
    assert new_v.shape == (4, 3)
    assert new_h.shape == (4, 0)
    assert machine.gibbs(v, 2).shape == (4, 3)
    gradient = machine.log_likelihood_gradient(v)
    assert gradient["W"].shape == (3, 0)
    assert gradient["c"].shape == (0,)


def test_exact_sums_refuse_more_units_than_the_limit(monkeypatch):
    monkeypatch.setattr(module, "MOST_UNITS", 4)
    assert_equal(
        BoltzmannMachine(3, 1, generator()).log_partition(),
        4 * np.log(2),
        "as many units as allowed",
        0.2,
    )
    machine = BoltzmannMachine(3, 2, generator())
    with pytest.raises(ValueError, match=r"2\*\*5 states, and 4 units"):
        machine.log_partition()
    for size in ((4, 6), (6, 4), (4, 4)):
        rbm = RBM(*size, generator())
        rbm.log_partition()
        rbm.log_likelihood_gradient(np.ones((1, size[0])))
    for size in ((5, 6), (6, 5), (5, 5)):
        rbm, v = RBM(*size, generator()), np.ones((1, size[0]))
        for call in (
            rbm.log_partition,
            lambda rbm=rbm, v=v: rbm.log_likelihood(v),
            lambda rbm=rbm, v=v: rbm.log_likelihood_gradient(v),
        ):
            with pytest.raises(ValueError, match="at most 4 units .* got 5"):
                call()


@pytest.mark.parametrize("size", [(26, 26), (26, 60), (60, 26)])
def test_an_rbm_with_26_units_in_its_smaller_layer_is_refused(size):
    rbm, v = RBM(*size, generator()), np.ones((2, size[0]))
    says = "smaller layer must have at most 25 units .*got 26.*annealed"
    with pytest.raises(ValueError, match=says):
        rbm.log_partition()
    with pytest.raises(ValueError, match=says):
        rbm.log_likelihood(v)
    with pytest.raises(ValueError, match=says):
        rbm.log_likelihood_gradient(v)


@pytest.mark.parametrize("size", [(26, 0), (6, 20), (1, 60)])
def test_a_boltzmann_machine_of_more_than_25_units_is_refused(size):
    machine, v = BoltzmannMachine(*size, generator()), np.ones((2, size[0]))
    for call in (
        machine.log_partition,
        lambda: machine.log_likelihood_gradient(v),
        lambda: machine.log_likelihood(v),
    ):
        with pytest.raises(ValueError, match="25 units are the most"):
            call()


def test_a_sweep_draws_each_unit_given_the_newest_others():
    machine = random_boltzmann(2, 2, seed=9)
    v, h = np.tile([[1.0, 0.0]], (6000, 1)), np.tile([[0.0, 1.0]], (6000, 1))
    before = v.copy(), h.copy()
    rows = np.concatenate(machine.sweep(v, h), axis=1)
    assert rows.shape == (6000, 4)
    assert_distributed(rows, sweep_kernel(machine)[index_of([[1, 0, 0, 1]])[0]])
    assert_equal(v, before[0], "v is kept")
    assert_equal(h, before[1], "h is kept")


@pytest.mark.parametrize("steps", [0, 1, 2])
def test_gibbs_of_a_boltzmann_machine_makes_as_many_sweeps_as_asked(steps):
    machine = random_boltzmann(3, 2, seed=10)
    v = np.tile([[1.0, 0.0, 1.0]], (6000, 1))
    start = np.zeros((8, 4))
    start[index_of(v[:1])[0]] = 0.25  # the hidden units are fair coins
    kernel = np.linalg.matrix_power(sweep_kernel(machine), steps)
    p = (start.ravel() @ kernel).reshape(8, 4).sum(axis=1)
    drawn = machine.gibbs(v, steps)
    assert drawn.dtype == np.float64
    assert_distributed(drawn, p)
    assert_equal(v, np.tile([[1.0, 0.0, 1.0]], (6000, 1)), "v is kept")


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("make", [random_boltzmann, random_rbm])
def test_long_chains_come_from_the_machines_distribution(make, seed):
    machine = make(3, 2, seed=seed)
    v = machine.gibbs(np.zeros((5000, 3)), 60)
    assert_distributed(v, joint(machine).sum(axis=1))


@pytest.mark.parametrize("make", [random_boltzmann, random_rbm])
def test_chains_are_the_same_with_the_same_seed(make):
    v = binary(9, 4)
    drawn = [make(4, 3, seed).gibbs(v, 3) for seed in (1, 1, 2)]
    assert_equal(drawn[0], drawn[1], "one seed")
    assert not np.array_equal(drawn[0], drawn[2])
    machine = make(4, 3, 1)
    assert not np.array_equal(machine.gibbs(v, 3), machine.gibbs(v, 3))


@pytest.mark.parametrize("make", [random_boltzmann, random_rbm])
def test_no_steps_return_a_copy(make):
    v = binary(5, 3)
    same = make(3, 2).gibbs(v, 0)
    assert_equal(same, v, "no steps")
    assert not np.shares_memory(same, v)


# ---- a restricted Boltzmann machine: conditionals, free energy, partition


@on_random_machines
def test_conditionals_are_those_of_the_joint_distribution(size, seed):
    rbm = random_rbm(*size, seed)
    p, V, H = joint(rbm), all_states(size[0]), all_states(size[1])
    up = (p / p.sum(axis=1, keepdims=True)) @ H
    down = (p / p.sum(axis=0)).T @ V
    for ours, exact in (
        (rbm.hidden_probabilities(V), up),
        (rbm.visible_probabilities(H), down),
    ):
        assert ours.shape == exact.shape
        assert_at_most(np.abs(ours - exact), 1e-12, "conditional")
        assert ours.min() >= 0
        assert ours.max() <= 1


@on_random_machines
def test_the_free_energy_is_minus_the_logarithm_of_a_sum_over_hidden_states(size, seed):
    rbm = random_rbm(*size, seed, scale=2)
    exact = -logsumexp(minus_energies(rbm), axis=1)
    gap = np.abs(rbm.free_energy(all_states(size[0])) - exact)
    assert_at_most(gap, 1e-12, "free energy")


@on_random_machines
def test_the_partition_of_an_rbm_sums_over_all_states(size, seed):
    for D, H in (size, size[::-1]):
        rbm = random_rbm(D, H, seed)
        exact = logsumexp(minus_energies(rbm))
        assert_at_most(abs(rbm.log_partition() - exact), 1e-12, "log Z")
        assert isinstance(rbm.log_partition(), float)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("scale", [0, 1, 10, 40, 80, 100, 150, 300, 1e4])
@pytest.mark.parametrize("size", [(1, 1), (7, 1), (6, 2), (6, 3), (3, 6), (1, 5)])
def test_the_partition_of_an_rbm_with_large_weights(size, scale):
    rbm = random_rbm(*size, seed=11, scale=scale)
    exact = logsumexp(minus_energies(rbm))
    assert_equal(rbm.log_partition(), exact, "log Z", 1e-12)


@pytest.mark.usefixtures("no_warnings")
@pytest.mark.parametrize("limit", [340, 349.5, 350.5, 360, 690, 699.5, 705])
def test_the_partition_of_an_rbm_at_the_border_of_what_a_float_can_hold(limit):
    for D, H in ((5, 2), (2, 5), (5, 3)):
        rbm = RBM(D, H, generator())
        for sign in (1, -1):
            rbm.W[:], rbm.b[:] = sign * limit / min(D, H), 0
            rbm.c[:] = -sign * limit / 2
            exact = logsumexp(minus_energies(rbm))
            assert_equal(rbm.log_partition(), exact, "log Z", 1e-12)


@pytest.mark.parametrize("size", [(18, 2), (2, 18), (17, 3)])
def test_the_partition_of_an_rbm_with_a_wide_layer(size):
    rbm = random_rbm(*size, seed=12)
    exact = logsumexp(minus_energies(rbm))
    assert_equal(rbm.log_partition(), exact, "log Z", 1e-13)


@pytest.mark.parametrize("size", [(200, 2), (2, 200)])
def test_the_sum_is_over_the_smaller_layer(size):
    rbm = random_rbm(*size, seed=12, scale=0.3)
    D, W, b, c = size[0], rbm.W, rbm.b, rbm.c
    small, large = (c, b) if D == 200 else (b, c)
    states = all_states(2)
    inputs = states @ (W.T if D == 200 else W) + large
    exact = logsumexp(states @ small + np.logaddexp(0, inputs).sum(axis=1))
    assert_equal(rbm.log_partition(), exact, "log Z", 1e-13)
    v = binary(2, D)
    gradient = rbm.log_likelihood_gradient(v)
    for name, slopes in zip("bc", gradient[1:], strict=True):
        numerical = slope(rbm, name, lambda: rbm.log_likelihood(v).mean())
        assert_at_most(np.abs(slopes - numerical), 1e-6, name)


def test_the_partition_of_an_rbm_is_the_same_upside_down():
    rbm, turned = random_rbm(9, 8, seed=13), RBM(8, 9, generator())
    turned.W, turned.b, turned.c = rbm.W.T, rbm.c, rbm.b
    assert_equal(rbm.log_partition(), turned.log_partition(), "log Z", 1e-13)
    of_visible = logsumexp(-rbm.free_energy(all_states(9)))
    assert_equal(rbm.log_partition(), of_visible, "log Z", 1e-13)


@pytest.mark.usefixtures("no_warnings")
def test_an_rbm_with_large_weights_is_still_right():
    rbm = random_rbm(4, 3, seed=14, scale=300)
    V, table = all_states(4), minus_energies(rbm)
    exact = -logsumexp(table, axis=1)
    assert_equal(rbm.free_energy(V), exact, "free energy", 1e-13)
    up = np.exp(table - logsumexp(table, axis=1, keepdims=True)) @ all_states(3)
    assert_at_most(np.abs(rbm.hidden_probabilities(V) - up), 1e-12, "hidden")
    assert np.isin(rbm.gibbs(V, 2), (0, 1)).all()
    log_p = rbm.log_likelihood(V)
    assert_equal(log_p, -exact - logsumexp(table), "log p", 1e-12)
    gradient = rbm.log_likelihood_gradient(V)
    assert all(np.isfinite(g).all() for g in gradient)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (2, 4), (4, 2), (3, 3)])
def test_the_exact_gradient_of_an_rbm(size):
    rbm, v = random_rbm(*size, seed=15), binary(5, size[0], 16)
    gradient = rbm.log_likelihood_gradient(v)
    for name, ours in zip(("W", "b", "c"), gradient, strict=True):
        numerical = slope(rbm, name, lambda: rbm.log_likelihood(v).mean())
        assert ours.shape == numerical.shape
        assert_at_most(np.abs(ours - numerical), 1e-8, name)


def test_the_exact_gradient_of_an_rbm_vanishes_on_its_own_distribution():
    rbm = RBM(3, 2, generator())
    rbm.W[:] = 0  # every state is equally likely
    for gradient in rbm.log_likelihood_gradient(all_states(3)):
        assert_at_most(np.abs(gradient), 1e-15, "gradient")


@pytest.mark.parametrize("seed", [0, 1])
def test_free_energies_and_hidden_probabilities_agree_with_scikit_learn(seed):
    rbm, v = random_rbm(6, 4, seed), binary(20, 6, seed)
    theirs = BernoulliRBM(n_components=4, random_state=0)
    theirs.components_ = rbm.W.T
    theirs.intercept_visible_, theirs.intercept_hidden_ = rbm.b, rbm.c
    assert_equal(rbm.free_energy(v), theirs._free_energy(v), "free energy", 1e-12)
    up = theirs.transform(v)
    assert_equal(rbm.hidden_probabilities(v), up, "hidden", 1e-12)
    assert_equal(rbm.hidden_probabilities(v), theirs._mean_hiddens(v), "hidden", 1e-12)
    # Their score flips one unit at random, and stands for all D of them.
    for row, ours in zip(v[:3], pseudo_log_likelihood(rbm, v[:3]), strict=True):
        scores = theirs.score_samples(np.tile(row, (500, 1)))
        one_by_one = np.unique(scores.round(10))
        assert len(one_by_one) == 6
        assert_equal(one_by_one.mean(), ours, "pseudo-likelihood", 1e-9)


def test_an_rbm_stays_in_float32_where_promised():
    rbm, v = random_rbm(5, 4, seed=17), binary(6, 5, dtype=np.float32)
    h = binary(6, 4, dtype=np.float32)
    up, down = rbm.hidden_probabilities(v), rbm.visible_probabilities(h)
    drawn = rbm.gibbs(v, 2)
    for x in (up, down, drawn, rbm.gibbs(v, 0)):
        assert x.dtype == np.float32
    assert_equal(up, rbm.hidden_probabilities(v.astype(float)), "up", 1e-6)
    assert_equal(down, rbm.visible_probabilities(h.astype(float)), "down", 1e-6)
    assert np.isin(drawn, (0, 1)).all()
    assert rbm.W.dtype == rbm.b.dtype == rbm.c.dtype == np.float64
    for dtype in (np.float64, np.int64, bool):
        assert rbm.hidden_probabilities(v.astype(dtype)).dtype == np.float64
        assert rbm.gibbs(v.astype(dtype), 1).dtype == np.float64


def test_hidden_probabilities_take_probabilities():
    rbm, v, h = random_rbm(3, 2, seed=18), [[0.2, 0.7, 1]], [[0.4, 0.1]]
    up, down = expit(v @ rbm.W + rbm.c), expit(h @ rbm.W.T + rbm.b)
    assert_equal(rbm.hidden_probabilities(v), up, "up", 1e-14)
    assert_equal(rbm.visible_probabilities(h), down, "down", 1e-14)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_gibbs_of_an_rbm_makes_as_many_steps_as_asked(steps, dtype):
    rbm = random_rbm(3, 2, seed=19, scale=1.5)
    v = np.tile(np.array([[1, 0, 1]], dtype), (6000, 1))
    p = transition(rbm, steps)[index_of(v[:1])[0]]
    assert_distributed(rbm.gibbs(v, steps), p)


def test_gibbs_starts_from_probabilities_as_they_stand():
    rbm = random_rbm(1, 1, seed=20, scale=3)
    v = np.full((6000, 1), 0.5)
    up = expit(0.5 * rbm.W[0, 0] + rbm.c[0])
    one = up * expit(rbm.W[0, 0] + rbm.b[0]) + (1 - up) * expit(rbm.b[0])
    assert_distributed(rbm.gibbs(v, 1), np.array([1 - one, one]))


# ---- contrastive divergence


def climbing_rbm(D=5):
    """D visible units, D - 1 hidden ones, and no chance: see `climbed`."""
    rbm = RBM(D, D - 1, generator())
    rbm.W[:] = 2000 * (np.eye(D, D - 1) + np.eye(D, D - 1, k=-1))
    rbm.b[:], rbm.c[:] = -1000, -1000
    return rbm


def climbed(ones, D=5):
    """A chain of `climbing_rbm` has one more unit on, from the left, at each step."""
    v, h = np.zeros(D), np.zeros(D - 1)
    v[: min(ones, D)], h[: min(ones, D - 1)] = 1, 1
    return v, h


def climbed_ascent(data, model):
    """CD's gradients with these numbers of units on."""
    parts = []
    for numbers in (data, model):
        states = [climbed(ones) for ones in numbers]
        products = [np.outer(v, h) for v, h in states]
        v, h = zip(*states, strict=True)
        parts.append([np.mean(x, axis=0) for x in (products, v, h)])
    return [x - y for x, y in zip(*parts, strict=True)]


@pytest.mark.parametrize("k", [1, 2, 3, 4, 7])
def test_a_chain_without_chance_makes_k_steps(k):
    rbm, v = climbing_rbm(), np.array([climbed(1)[0], climbed(2)[0]])
    expected = [climbed(1 + k)[0], climbed(2 + k)[0]]
    assert_equal(rbm.gibbs(v, k), expected, "chain")
    gradients = rbm.contrastive_divergence(v, k)
    exact = climbed_ascent([1, 2], [1 + k, 2 + k])
    for ours, theirs in zip(gradients, exact, strict=True):
        assert_equal(ours, theirs, "gradient", 1e-14)


def test_contrastive_divergence_makes_one_step_unless_told():
    rbm = climbing_rbm()
    ours = rbm.contrastive_divergence([climbed(1)[0]])
    for gradient, exact in zip(ours, climbed_ascent([1], [2]), strict=True):
        assert_equal(gradient, exact, "gradient", 1e-14)


@pytest.mark.parametrize("k", [1, 3])
def test_contrastive_divergence_is_right_on_average(k):
    rbm, row = random_rbm(3, 2, seed=21), np.array([[1.0, 0.0, 1.0]])
    V = all_states(3)
    p = transition(rbm, k)[index_of(row)[0]]

    def moments(v, share):
        up = expit(v @ rbm.W + rbm.c)
        return (v.T * share) @ up, share @ v, share @ up

    first, last = moments(row, np.ones(1)), moments(V, p)
    before = copy.deepcopy([rbm.W, rbm.b, rbm.c])
    ours = rbm.contrastive_divergence(np.tile(row, (8000, 1)), k)
    for gradient, x, y in zip(ours, first, last, strict=True):
        assert gradient.shape == x.shape
        # An entry of the model's part lies from 0 to 1: an error of at most 0.5 / √N.
        assert_at_most(np.abs(gradient - (x - y)), 5 * 0.5 / np.sqrt(8000), "mean")
    for now, then in zip([rbm.W, rbm.b, rbm.c], before, strict=True):
        assert_equal(now, then, "parameters are kept")


def test_many_steps_of_contrastive_divergence_ascend_the_likelihood():
    rbm, v = random_rbm(3, 2, seed=22), np.tile([[1.0, 1.0, 0.0]], (8000, 1))
    exact = rbm.log_likelihood_gradient(v[:1])
    for ours, theirs in zip(rbm.contrastive_divergence(v, 40), exact, strict=True):
        assert_at_most(np.abs(ours - theirs), 0.03, "gradient")


TWO_PATTERNS = np.tile([[1.0, 1, 0, 0, 0], [0, 0, 1, 1, 1]], (20, 1))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"k": 3},
        {"persistent": True, "epochs": 400, "batch_size": 40},
        {"optimiser": Adam(0.02)},
        {"persistent": True, "k": 2, "epochs": 400, "batch_size": 40},
    ],
)
def test_training_raises_the_exact_likelihood(options, dtype):
    rbm, v = RBM(5, 3, generator(1)), TWO_PATTERNS
    before = rbm.log_likelihood(v).mean()
    arrays = rbm.W, rbm.b, rbm.c
    kept = v.astype(dtype)
    X = read_only(kept)
    options = {"epochs": 120, "batch_size": 10} | copy.deepcopy(options)
    errors = rbm.fit(X, **options)
    assert before == pytest.approx(-5 * np.log(2), abs=0.2)
    assert rbm.log_likelihood(v).mean() > -2.4  # at best it is -log 2
    assert len(errors) == options["epochs"]
    assert all(isinstance(error, float) for error in errors)
    assert errors[-1] < 0.3 * errors[0]
    assert arrays[0] is rbm.W
    assert all(p.dtype == np.float64 for p in (rbm.W, rbm.b, rbm.c))


def test_training_is_the_same_with_the_same_seed():
    machines = [RBM(5, 3, generator(seed)) for seed in (1, 1, 2)]
    errors = [rbm.fit(TWO_PATTERNS, epochs=3, batch_size=7) for rbm in machines]
    assert errors[0] == errors[1] != errors[2]
    assert_equal(machines[0].W, machines[1].W, "one seed")


def test_an_optimiser_gets_the_parameters_and_what_to_go_down():
    rbm, optimiser = climbing_rbm(), Recorder()
    rbm.fit(np.tile(climbed(1)[0], (6, 1)), 2, 2, optimiser, 3)
    assert len(optimiser.params) == 4
    for params, gradients in zip(optimiser.params, optimiser.gradients, strict=True):
        assert params[0] is rbm.W
        assert params[1] is rbm.b
        assert params[2] is rbm.c
        for ours, exact in zip(gradients, climbed_ascent([1], [3]), strict=True):
            assert_equal(-ours, exact, "gradient", 1e-14)


@pytest.mark.parametrize("k", [1, 2])
def test_persistent_chains_go_on_from_batch_to_batch(k):
    rbm, optimiser = climbing_rbm(7), Recorder()
    X = np.tile(climbed(1, 7)[0], (5, 1))
    rbm.fit(X, epochs=2, k=k, optimiser=optimiser, batch_size=2, persistent=True)
    assert len(optimiser.gradients) == 6  # the last batch of an epoch has one row
    first, up = climbed(1, 7)
    for i, (dW, db, dc) in enumerate(optimiser.gradients):
        v, h = climbed(1 + k * (i + 1), 7)
        assert_equal(-dW, np.outer(first, up) - np.outer(v, h), "dW", 1e-14)
        assert_equal(-db, first - v, "db", 1e-14)
        assert_equal(-dc, up - h, "dc", 1e-14)


def test_there_are_as_many_persistent_chains_as_rows_in_a_full_batch():
    rbm, made = random_rbm(3, 2), []
    chain = rbm._chain
    rbm._chain = lambda up, steps: made.append(up) or chain(up, steps)
    rbm.fit(np.full((5, 3), 0.5), 2, batch_size=4, persistent=True)
    assert [len(up) for up in made] == [4, 4, 4, 4]
    made.clear()
    rbm.fit(np.full((5, 3), 0.5), 1, batch_size=4)
    assert [len(up) for up in made] == [4, 1]


def test_chains_start_at_coins_of_the_data():
    rbm = RBM(2, 1, generator(2))
    rbm.W[:] = 0
    made = []
    up = rbm.hidden_probabilities
    rbm.hidden_probabilities = lambda v: made.append(v) or up(v)
    X = np.tile([[0.2, 1.0], [0.8, 0.0]], (2000, 1))
    rbm.fit(X, 1, batch_size=4000, persistent=True, optimiser=Recorder())
    # After the batch come the chains; half of them start at each row.
    assert_distributed(made[1], np.array([0.1, 0.4, 0.4, 0.1]))


def test_an_rbm_without_an_optimiser_takes_steps_of_a_tenth():
    rbm, start = climbing_rbm(), climbing_rbm()
    rbm.fit([climbed(1)[0]], epochs=1)
    exact = climbed_ascent([1], [2])
    for name, gradient in zip("Wbc", exact, strict=True):
        change = getattr(rbm, name) - getattr(start, name)
        assert_at_most(np.abs(change - 0.1 * gradient), 1e-12, name)


def test_every_epoch_sees_every_row_once():
    rbm, optimiser = RBM(4, 2, generator()), Recorder()
    rbm.W[:], rbm.b[:] = 0, -1000  # the model's part is all zeros
    X = generator(3).random((7, 4))
    rbm.fit(X, 3, optimiser=optimiser, batch_size=3)
    means = [-gradients[1] for gradients in optimiser.gradients]
    assert len(means) == 9
    for at in (0, 3, 6):
        total = 3 * means[at] + 3 * means[at + 1] + means[at + 2]
        assert_equal(total, X.sum(axis=0), "sum of the rows", 1e-12)
    assert not np.allclose(means[0], means[3])  # in another order


def test_the_error_of_rebuilding_is_of_the_first_thousand_rows():
    rbm = random_rbm(3, 2, seed=23)
    X = np.concatenate([binary(1000, 3), np.full((300, 3), 0.5)])
    X[999] = 0.25
    v = X[:1000]
    rebuilt = expit(expit(v @ rbm.W + rbm.c) @ rbm.W.T + rbm.b)
    errors = rbm.fit(X, 2, optimiser=Recorder(), batch_size=1300)
    expected = [((v - rebuilt) ** 2).mean()] * 2
    assert_equal(errors, expected, "error", 1e-12)


def test_a_machine_of_one_unit_learns_from_one_example():
    rbm = RBM(1, 1, generator())
    errors = rbm.fit([[1]], epochs=3, batch_size=1)
    assert len(errors) == 3
    assert rbm.b[0] >= 0
    errors = rbm.fit([[1]], epochs=1, persistent=True)
    assert len(errors) == 1


# ---- pseudo-likelihood and noise-contrastive estimation


@on_random_machines
def test_the_pseudo_likelihood_is_a_sum_of_conditionals(size, seed):
    rbm = random_rbm(*size, seed)
    V, p = all_states(size[0]), joint(rbm).sum(axis=1)
    expected = np.zeros(len(V))
    for n, i in itertools.product(range(len(V)), range(size[0])):
        other = n ^ 2 ** (size[0] - 1 - i)
        expected[n] += np.log(p[n] / (p[n] + p[other]))
    ours = pseudo_log_likelihood(rbm, V)
    assert_equal(ours, expected, "pseudo-likelihood", 1e-10)
    assert_at_most(ours, 0, "at most 0")


def test_the_pseudo_likelihood_of_one_unit_is_the_likelihood():
    rbm = random_rbm(1, 3, seed=24)
    expected = rbm.log_likelihood([[0], [1]])
    assert_equal(pseudo_log_likelihood(rbm, [[0], [1]]), expected, "log p", 1e-13)


def test_the_pseudo_likelihood_of_many_rows_is_cut_into_blocks():
    rbm, v = random_rbm(130, 150, seed=25, scale=0.1), binary(600, 130)
    ours = pseudo_log_likelihood(rbm, v)  # more than 10 million terms
    parts = [pseudo_log_likelihood(rbm, v[at : at + 1]) for at in (0, 299, 300, 599)]
    assert ours.shape == (600,)
    assert_equal(ours[[0, 299, 300, 599]], np.concatenate(parts), "rows", 1e-12)


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (2, 4), (4, 1)])
def test_the_gradient_of_the_pseudo_likelihood(size):
    rbm, v = random_rbm(*size, seed=26), binary(5, size[0], 27)
    gradient = pseudo_likelihood_gradient(rbm, v)
    for name, ours in zip("Wbc", gradient, strict=True):
        numerical = slope(rbm, name, lambda: pseudo_log_likelihood(rbm, v).mean())
        assert ours.shape == numerical.shape
        assert_at_most(np.abs(ours - numerical), 1e-8, name)


@pytest.mark.usefixtures("no_warnings")
def test_the_pseudo_likelihood_of_large_weights_is_finite():
    rbm, v = random_rbm(4, 3, seed=28, scale=300), all_states(4)
    assert np.isfinite(pseudo_log_likelihood(rbm, v)).all()
    assert all(np.isfinite(g).all() for g in pseudo_likelihood_gradient(rbm, v))


def contrast_by_definition(rbm, z, data, noise, noise_p):
    """The objective of noise-contrastive estimation, a row at a time."""
    ratio, total = len(noise) / len(data), 0.0
    for rows, is_data in ((data, True), (noise, False)):
        for row in rows:
            model = np.exp(-rbm.free_energy([row])[0] - z)
            other = ratio * np.prod(np.where(row == 1, noise_p, 1 - noise_p))
            total += np.log((model if is_data else other) / (model + other))
    return total / len(data)


@pytest.mark.parametrize("N", [1, 4])
@pytest.mark.parametrize("M", [1, 4, 6])
def test_noise_contrastive_estimation_by_its_definition(N, M):
    rbm, z, p = random_rbm(3, 2, seed=29), 2.3, np.array([0.2, 0.5, 0.9])
    data, noise = binary(N, 3, 30), binary(M, 3, 31)
    value, gradient = noise_contrastive(rbm, z, data, noise, p)
    assert isinstance(value, float)
    exact = contrast_by_definition(rbm, z, data, noise, p)
    assert_equal(value, exact, "objective", 1e-13)
    for name, ours in zip("Wbc", gradient[:3], strict=True):
        numerical = slope(
            rbm, name, lambda: contrast_by_definition(rbm, z, data, noise, p)
        )
        assert ours.shape == numerical.shape
        assert_at_most(np.abs(ours - numerical), 1e-8, name)
    numerical = numerical_gradient(
        lambda x: contrast_by_definition(rbm, float(x), data, noise, p), np.array(z)
    )
    assert isinstance(gradient[3], float)
    assert_at_most(abs(gradient[3] - numerical), 1e-8, "z")


def test_noise_contrastive_estimation_is_at_rest_at_the_truth():
    rbm, V = RBM(3, 2, generator()), all_states(3)
    rbm.W[:] = 0
    half = np.full(3, 0.5)
    value, gradient = noise_contrastive(rbm, 5 * np.log(2), V, V, half)
    assert value == pytest.approx(-2 * np.log(2))
    for slopes in gradient:
        assert_at_most(np.abs(slopes), 1e-15, "gradient")
    assert noise_contrastive(rbm, 3, V, V, half)[1][3] > 0  # z is too small
    assert noise_contrastive(rbm, 4, V, V, half)[1][3] < 0


@pytest.mark.usefixtures("no_warnings")
def test_noise_contrastive_estimation_of_large_weights_is_finite():
    rbm, v = random_rbm(3, 2, seed=32, scale=300), all_states(3)
    value, gradient = noise_contrastive(rbm, 0, v, v, [0.5, 0.5, 0.5])
    assert np.isfinite(value)
    assert all(np.isfinite(g).all() for g in gradient)


# ---- annealed importance sampling


@pytest.mark.parametrize("size", [(6, 4), (4, 7), (1, 1)])
@pytest.mark.parametrize("seed", [0, 1])
def test_annealing_comes_within_a_tenth_of_a_nat(size, seed):
    rbm = random_rbm(*size, seed=seed)
    betas = np.linspace(0, 1, 200)
    log_Z, error = annealed_importance_sampling(rbm, betas, 200, generator(seed))
    assert isinstance(log_Z, float)
    assert isinstance(error, float)
    exact = logsumexp(minus_energies(rbm))
    assert abs(log_Z - exact) < 0.1
    assert abs(log_Z - exact) < 4.5 * error
    assert 0 < error < 0.05


@pytest.mark.parametrize("betas", [(0, 1), (0, 0.5, 1), (0, 0.1, 0.3, 0.9, 1)])
def test_annealing_is_unbiased_for_the_partition_and_honest_about_its_error(betas):
    rbm = random_rbm(3, 2, seed=33, scale=1.2)
    exact = logsumexp(minus_energies(rbm))
    rng = generator(34)
    found = np.array(
        [annealed_importance_sampling(rbm, betas, 400, rng) for _ in range(300)]
    )
    ratio = np.exp(found[:, 0] - exact)
    assert abs(ratio.mean() - 1) < 4 * ratio.std() / np.sqrt(300)
    surprise = (found[:, 0] - exact) / found[:, 1]
    assert 0.8 < surprise.std() < 1.25
    assert found[:, 1].mean() == pytest.approx(found[:, 0].std(), rel=0.2)


def test_annealing_with_few_chains_has_the_bessel_correction():
    rbm = RBM(1, 1, generator())
    rbm.W[:], rbm.b[:] = 0, 1.5
    # With one step a weight is exp(1.5 v), and of two chains each has a fair coin.
    weights = {(0, 0): [1, 1], (1, 1): [1, 1], (0, 1): [1, np.exp(1.5)]}
    allowed = [np.std(w, ddof=1) / np.mean(w) / np.sqrt(2) for w in weights.values()]
    for seed in range(20):
        _, error = annealed_importance_sampling(rbm, [0, 1], 2, generator(seed))
        assert np.isclose(error, allowed, atol=1e-12).any()


@pytest.mark.parametrize("betas", [[0, 1], [0, 0, 1, 1], np.linspace(0, 1, 7)])
def test_annealing_is_exact_where_the_visible_units_do_not_matter(betas):
    rbm = random_rbm(4, 3, seed=35)
    rbm.W[:], rbm.b[:] = 0, 0
    log_Z, error = annealed_importance_sampling(rbm, betas, 3, generator())
    exact = 4 * np.log(2) + np.logaddexp(0, rbm.c).sum()
    assert_equal(log_Z, exact, "log Z", 1e-13)
    assert error < 1e-13


def test_annealing_draws_from_its_own_generator_only():
    rbm, betas = random_rbm(3, 2, seed=36), read_only(np.linspace(0, 1, 5))
    before = rbm.rng.bit_generator.state, copy.deepcopy([rbm.W, rbm.b, rbm.c])
    found = [
        annealed_importance_sampling(rbm, betas, 10, generator(s)) for s in (1, 1, 2)
    ]
    assert found[0] == found[1] != found[2]
    assert rbm.rng.bit_generator.state == before[0]
    for now, then in zip([rbm.W, rbm.b, rbm.c], before[1], strict=True):
        assert_equal(now, then, "parameters are kept")


@pytest.mark.usefixtures("no_warnings")
def test_annealing_of_large_weights_is_finite():
    rbm = random_rbm(4, 3, seed=37, scale=300)
    found = annealed_importance_sampling(rbm, [0, 0.5, 1], 10, generator())
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    "betas",
    [
        [],
        [0],
        [1],
        [0.1, 1],
        [0, 0.9],
        [0, 2],
        [1, 0],
        [0, 0.6, 0.5, 1],
        [0, -0.5, 1],
        [0, 1.5, 1],
        [0, np.nan, 1],
        [0, np.inf],
        [[0, 1]],
        0,
        "01",
        ["0", "1"],
        None,
        [0, [1]],
    ],
)
def test_annealing_names_bad_betas(betas):
    with pytest.raises(ValueError, match="^betas must"):
        annealed_importance_sampling(random_rbm(3, 2), betas, 5, generator())


# ---- a deep belief network


def random_network(layers, seed=0, scale=1.0):
    network = DeepBeliefNetwork(layers, generator(seed))
    for i, rbm in enumerate(network.rbms):
        other = random_rbm(*rbm.W.shape, seed + i, scale)
        rbm.W, rbm.b, rbm.c = other.W, other.b, other.c
    return network


@pytest.mark.parametrize("layers", [(4, 3), [5, 1, 2], np.array([1, 1, 1, 1])])
def test_a_deep_belief_network_is_a_stack_of_machines(layers):
    network = DeepBeliefNetwork(layers, generator())
    assert [rbm.W.shape for rbm in network.rbms] == list(itertools.pairwise(layers))
    assert all(isinstance(rbm, RBM) for rbm in network.rbms)
    drawn = network.sample(6, 2)
    assert drawn.shape == (6, layers[0])
    assert np.isin(drawn, (0, 1)).all()
    same = DeepBeliefNetwork(layers, generator())
    assert_equal(drawn, same.sample(6, 2), "seeded")


def test_each_machine_of_a_stack_learns_from_states_drawn_from_the_one_below():
    network, given_to = random_network([3, 2, 2]), []
    for i, rbm in enumerate(network.rbms):
        rbm.fit = lambda X, i=i, **options: given_to.append((X, options)) or [i]
    X = read_only(np.tile([[1.0, 0.0, 0.5]], (6000, 1)))
    assert network.fit(X, epochs=3, k=2) == [[0], [1]]
    assert [options for _, options in given_to] == [{"epochs": 3, "k": 2}] * 2
    assert_equal(given_to[0][0], X, "the data")
    below = network.rbms[0]
    up = expit(X[0] @ below.W + below.c)
    p = np.prod(np.where(all_states(2) == 1, up, 1 - up), axis=1)
    assert_distributed(given_to[1][0], p)


def test_training_a_stack_changes_each_machine():
    network = DeepBeliefNetwork([5, 4, 3], generator(1))
    start = copy.deepcopy(network.rbms)
    X = read_only(TWO_PATTERNS.astype(np.float32))
    errors = network.fit(X, epochs=60, batch_size=10, optimiser=SGD(0.2))
    assert [len(history) for history in errors] == [60, 60]
    for rbm, then in zip(network.rbms, start, strict=True):
        for name in "Wbc":
            assert not np.array_equal(getattr(rbm, name), getattr(then, name))
    assert network.rbms[0].log_likelihood(X).mean() > -2
    drawn = network.sample(300, 20)
    close = [(np.abs(drawn - row).sum(axis=1) <= 1).mean() for row in X[:2]]
    assert sum(close) > 0.6  # of 32 pictures, 12 are as close as that
    assert min(close) > 0.1


def test_each_machine_of_a_stack_gets_an_optimiser_of_its_own():
    stacks = [DeepBeliefNetwork([5, 5, 5], generator(1)) for _ in range(2)]
    optimiser = Momentum(0.1)
    for network in stacks:  # the second finds the optimiser without memory
        network.fit(TWO_PATTERNS, epochs=2, optimiser=optimiser)
    for ours, theirs in zip(stacks[0].rbms, stacks[1].rbms, strict=True):
        assert_equal(ours.W, theirs.W, "the same training")
    alone = DeepBeliefNetwork([5, 5, 5], generator(1))
    alone.rbms[0].fit(TWO_PATTERNS, epochs=2, optimiser=Momentum(0.1))
    assert_equal(alone.rbms[0].W, stacks[0].rbms[0].W, "as a machine by itself")


@pytest.mark.parametrize("steps", [0, 1, 40])
@pytest.mark.parametrize("layers", [[3, 2], [3, 2, 2], [2, 2, 3, 1]])
def test_samples_of_a_deep_belief_network_run_down_from_the_top(layers, steps):
    network = random_network(layers, seed=38)
    n = layers[-2]
    p = np.full(2**n, 2.0**-n) @ transition(network.rbms[-1], steps)
    if steps == 40:
        top = joint(network.rbms[-1]).sum(axis=1)
        assert_at_most(np.abs(p - top), 1e-5, "the top has forgotten its start")
    for rbm in reversed(network.rbms[:-1]):
        table = joint(rbm)
        p = p @ (table / table.sum(axis=0)).T
    assert_distributed(network.sample(6000, steps), p)


def test_a_sigmoid_network_starts_at_copies_of_the_weights():
    dbn = random_network([5, 4, 3], seed=39)
    network = dbn.network(7, generator(1))
    assert isinstance(network, MLP)
    assert network.sizes == [5, 4, 3, 7]
    assert dbn.sizes == [5, 4, 3]
    assert network.activation == "sigmoid"
    for l, rbm in enumerate(dbn.rbms):
        assert_equal(network.W[l], rbm.W.T, "weights")
        assert_equal(network.b[l], rbm.c, "biases")
        assert not np.shares_memory(network.W[l], rbm.W)
        assert not np.shares_memory(network.b[l], rbm.c)
    limit = np.sqrt(6 / (3 + 7))
    assert network.W[2].shape == (7, 3)
    assert 0.8 * limit < np.abs(network.W[2]).max() <= limit
    assert_equal(network.b[2], np.zeros(7), "output")
    same = dbn.network(7, generator(1))
    assert_equal(network.W[2], same.W[2], "seeded")
    v = binary(6, 5)
    h = dbn.rbms[1].hidden_probabilities(dbn.rbms[0].hidden_probabilities(v))
    assert_equal(network.forward(v), h @ network.W[2].T, "scores", 1e-12)


@pytest.mark.parametrize(
    "layers",
    [[], [3], (3,), 3, None, "34", ["3", "4"], [3, 0], [3, -1], [3, 2.0], [True, 2]]
    + [[3, None], np.ones((2, 2), int), np.array([2.0, 3.0]), np.array(3), {3: 1, 4: 1}]
    + [np.array([3]), pytest.param(iter([3, 2]), id="iterator"), [[3, 2], [2, 2]]],
    ids=repr,
)
def test_a_deep_belief_network_names_bad_sizes(layers):
    with pytest.raises(ValueError, match="^sizes must"):
        DeepBeliefNetwork(layers, generator())


# ---- a variational auto-encoder


def random_autoencoder(D=5, H=6, L=2, seed=0):
    vae = VariationalAutoencoder(D, H, L, generator(seed))
    for name, value in vae.params.items():
        if name.endswith(".b"):
            value[:] = 0.5 * generator(seed + 1).normal(size=value.shape)
    return vae


def in_torch(params):
    return {
        name: torch.tensor(value, requires_grad=True) for name, value in params.items()
    }


def torch_layer(x, leaves, name):
    return torch.nn.functional.linear(x, leaves[f"{name}.W"], leaves[f"{name}.b"])


def torch_bound(leaves, x, noise):
    """B of each row, with distributions of torch."""
    x, noise = torch.tensor(x), torch.tensor(noise)
    h = torch.relu(torch_layer(x, leaves, "encoder"))
    mu = torch_layer(h, leaves, "mean")
    sigma = torch.exp(torch_layer(h, leaves, "log_variance")).sqrt()
    q = torch.distributions.Normal(mu, sigma)
    prior = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    h = torch.relu(torch_layer(mu + sigma * noise, leaves, "decoder"))
    p = torch.distributions.Bernoulli(
        logits=torch_layer(h, leaves, "output"), validate_args=False
    )
    kl = torch.distributions.kl_divergence(q, prior).sum(dim=1)
    return p.log_prob(x).sum(dim=1) - kl


def assert_gradients_of_torch(gradients, leaves):
    assert set(gradients) == set(leaves)
    for name, ours in gradients.items():
        theirs = leaves[name].grad.numpy()
        assert ours.shape == theirs.shape
        assert_at_most(np.abs(ours - theirs), 1e-12 + 1e-11 * np.abs(theirs), name)


@given(seed=seeds, N=st.integers(1, 4), L=st.integers(1, 4))
@settings(max_examples=30)
def test_the_divergence_of_normal_distributions_agrees_with_torch(seed, N, L):
    mu, log_variance = generator(seed).normal(size=(2, N, L))
    q = torch.distributions.Normal(
        torch.tensor(mu), torch.tensor(np.exp(0.5 * log_variance))
    )
    prior = torch.distributions.Normal(
        torch.zeros(N, L, dtype=torch.float64), torch.ones(N, L, dtype=torch.float64)
    )
    exact = torch.distributions.kl_divergence(q, prior).sum(dim=1).numpy()
    ours = gaussian_kl(read_only(mu), read_only(log_variance))
    assert ours.shape == (N,)
    assert_at_most(np.abs(ours - exact), 1e-12, "divergence")
    assert ours.min() >= 0


def test_the_divergence_is_zero_at_the_prior_only():
    assert gaussian_kl([[0, 0]], [[0, 0]]).tolist() == [0]
    assert gaussian_kl([[3, 0]], [[0, 0]]).tolist() == [4.5]
    assert gaussian_kl([[0]], [[2]]) == pytest.approx((np.exp(2) - 3) / 2)


def test_an_autoencoder_has_parameters_of_the_shapes_promised():
    vae = VariationalAutoencoder(50, 40, 30, generator())
    shapes = {
        "encoder": (40, 50),
        "mean": (30, 40),
        "log_variance": (30, 40),
        "decoder": (40, 30),
        "output": (50, 40),
    }
    names = [f"{name}.{part}" for name in shapes for part in "Wb"]
    assert list(vae.params) == names
    for name, shape in shapes.items():
        W, b = vae.params[f"{name}.W"], vae.params[f"{name}.b"]
        assert W.shape == shape
        assert b.tolist() == [0] * shape[0]
        assert W.dtype == b.dtype == np.float64
        limit = np.sqrt(6 / sum(shape))
        assert 0.95 * limit < np.abs(W).max() <= limit
    same = VariationalAutoencoder(50, 40, 30, generator())
    for name, value in vae.params.items():
        assert_equal(value, same.params[name], "seeded")


def test_encoder_and_decoder_agree_with_torch():
    vae, x = random_autoencoder(), generator(1).random((4, 5))
    leaves = in_torch(vae.params)
    h = torch.relu(torch_layer(torch.tensor(x), leaves, "encoder"))
    mu, log_variance = vae.encode(x)
    assert mu.shape == log_variance.shape == (4, 2)
    for ours, name in ((mu, "mean"), (log_variance, "log_variance")):
        assert_equal(ours, torch_layer(h, leaves, name).detach(), name, 1e-13)
    h = torch.relu(torch_layer(torch.tensor(mu), leaves, "decoder"))
    theirs = torch.sigmoid(torch_layer(h, leaves, "output")).detach()
    assert_equal(vae.decode(mu), theirs, "decoder", 1e-13)
    assert vae.decode(1e3 * mu).max() <= 1
    assert vae.decode(1e3 * mu).min() >= 0


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1), (3, 5, 6, 2), (4, 2, 3, 4)])
def test_the_loss_of_an_autoencoder_and_its_gradients_agree_with_torch(sizes):
    N, D, H, L = sizes
    vae = random_autoencoder(D, H, L, seed=2)
    x, noise = generator(3).random((N, D)), generator(4).normal(size=(N, L))
    loss, gradients = vae.loss_and_gradients(read_only(x), read_only(noise))
    leaves = in_torch(vae.params)
    theirs = -torch_bound(leaves, x, noise).mean()
    theirs.backward()
    assert isinstance(loss, float)
    assert loss == pytest.approx(theirs.item(), rel=1e-13)
    assert list(gradients) == list(vae.params)
    assert_gradients_of_torch(gradients, leaves)


def test_the_gradients_of_an_autoencoder_are_those_of_its_loss():
    vae = random_autoencoder(3, 4, 2, seed=5)
    x, noise = binary(3, 3), generator(6).normal(size=(3, 2))
    _, gradients = vae.loss_and_gradients(x, noise)
    for name, gradient in gradients.items():
        numerical = slope(vae.params, name, lambda: vae.loss_and_gradients(x, noise)[0])
        assert_at_most(np.abs(gradient - numerical), 1e-8, name)


@pytest.mark.parametrize("n_samples", [1, 3])
def test_the_bound_is_minus_the_loss_at_the_noise_drawn(n_samples):
    vae, x = random_autoencoder(seed=7), read_only(binary(4, 5))
    noise = copy.deepcopy(vae.rng).normal(size=(n_samples, 4, 2))
    leaves = in_torch(vae.params)
    rows = [torch_bound(leaves, x.copy(), one).detach().numpy() for one in noise]
    bound = vae.bound(x, n_samples)
    assert bound.shape == (4,)
    assert_equal(bound, np.mean(rows, axis=0), "bound", 1e-12)


def test_the_bound_has_one_draw_unless_told():
    vae, x = random_autoencoder(seed=7), binary(4, 5)
    same = copy.deepcopy(vae)
    assert_equal(vae.bound(x), same.bound(x, 1), "bound")
    assert not np.array_equal(vae.bound(x), vae.bound(x))


@pytest.mark.parametrize("n_samples", [1, 5])
def test_importance_weights_by_their_definition(n_samples):
    vae, x = random_autoencoder(seed=8), read_only(binary(3, 5))
    noise = copy.deepcopy(vae.rng).normal(size=(n_samples, 3, 2))
    mu, log_variance = vae.encode(x)
    log_w = []
    for one in noise:
        sigma = np.exp(log_variance / 2)
        z = mu + sigma * one
        p = vae.decode(z)
        log_p = np.log(np.where(x == 1, p, 1 - p)).sum(axis=1)
        log_p += norm.logpdf(z).sum(axis=1)
        log_w.append(log_p - norm.logpdf(z, mu, sigma).sum(axis=1))
    ours = vae.importance_weighted(x, n_samples)
    exact = logsumexp(log_w, axis=0) - np.log(n_samples)
    assert_equal(ours, exact, "log of the mean weight", 1e-11)


def test_bounds_of_one_latent_variable_against_quadrature():
    vae = random_autoencoder(4, 5, 1, seed=9)
    vae.params["decoder.W"] *= 2
    x = binary(3, 4, 10)
    mu, log_variance = vae.encode(x)
    z = np.linspace(-12, 12, 8001)
    p = vae.decode(z[:, None])  # (8001, D)
    log_likelihood = x @ np.log(p).T + (1 - x) @ np.log(1 - p).T
    width = z[1] - z[0]
    exact = np.log((np.exp(log_likelihood) * norm.pdf(z)).sum(axis=1) * width)
    q = norm.pdf(z, mu, np.exp(log_variance / 2))
    bound = (q * (log_likelihood - np.log(q + 1e-300) + norm.logpdf(z))).sum(axis=1)
    bound *= width
    assert_at_most(bound, exact, "the bound is below")
    assert_at_most(np.abs(vae.bound(x, 4000) - bound), 0.08, "bound")
    many = vae.importance_weighted(x, 20000)
    assert_at_most(np.abs(many - exact), 0.03, "importance weights")
    means = [
        np.mean([vae.importance_weighted(x, n) for _ in range(400)], axis=0)
        for n in (1, 5, 50)
    ]
    for lower, upper in itertools.pairwise([*means, exact]):
        assert_at_most(lower, upper, "more samples are closer", 0.02)
    assert (means[0] < exact - 0.01).any()
    assert_at_most(np.abs(means[0] - bound), 0.25, "one sample is the bound")


def test_the_average_bound_is_below_importance_weights():
    vae, x = random_autoencoder(seed=11), binary(6, 5)
    vae.params["decoder.W"] *= 3
    bound = vae.bound(x, 2000)
    weighted = np.mean([vae.importance_weighted(x, 20) for _ in range(100)], axis=0)
    assert_at_most(bound, weighted, "bound", 0.02)


def test_a_step_of_an_autoencoder_returns_the_loss_before_it():
    vae, x = random_autoencoder(seed=12), read_only(binary(4, 5))
    idle, recorder = copy.deepcopy(vae), Recorder()
    noise = copy.deepcopy(vae.rng).normal(size=(4, 2))
    before = copy.deepcopy(vae.params)
    expected, gradients = vae.loss_and_gradients(x, noise)
    loss = vae.train_step(x, SGD(0.1))
    assert loss == expected
    for name, value in vae.params.items():
        changed = before[name] - 0.1 * gradients[name]
        assert_equal(value, changed, name, 1e-14)
    assert idle.train_step(x, recorder) == expected
    for given_to, kept in zip(recorder.params[0], idle.params.values(), strict=True):
        assert given_to is kept


def test_steps_of_an_autoencoder_lower_the_loss():
    vae, X = VariationalAutoencoder(5, 8, 2, generator(13)), TWO_PATTERNS
    noise = generator(1).normal(size=(len(X), 2))
    before, _ = vae.loss_and_gradients(X, noise)
    optimiser = Adam(0.01)
    losses = [vae.train_step(X, optimiser) for _ in range(150)]
    assert losses[-1] < 0.6 * losses[0]
    assert vae.loss_and_gradients(X, noise)[0] < 0.6 * before
    assert vae.importance_weighted(X[:2], 200).mean() > -1.6  # at best -log 2


def test_fit_of_an_autoencoder_lowers_the_mean_loss_of_an_epoch():
    for dtype in (np.float64, np.float32):
        vae = VariationalAutoencoder(5, 8, 2, generator(14))
        X = read_only(TWO_PATTERNS.astype(dtype))
        history = vae.fit(X, 60, Adam(0.01), 13)
        assert len(history) == 60
        assert all(isinstance(loss, float) for loss in history)
        assert history[-1] < 0.6 * history[0]
        assert all(p.dtype == np.float64 for p in vae.params.values())
    same = VariationalAutoencoder(5, 8, 2, generator(14))
    assert same.fit(X, 60, Adam(0.01), 13) == history


def test_fit_of_an_autoencoder_weighs_batches_by_their_rows():
    vae, seen = random_autoencoder(), []

    def train_step(batch, optimiser, beta):
        assert beta == 1.0
        seen.append((batch, optimiser))
        return float(len(batch))

    vae.train_step = train_step
    X = generator(15).random((5, 5))
    assert vae.fit(X, epochs=2, batch_size=2) == [(4 + 4 + 1) / 5] * 2
    assert all(rule is seen[0][1] for _, rule in seen)
    assert isinstance(seen[0][1], Adam)
    assert seen[0][1].learning_rate == 1e-3
    for start in (0, 3):
        rows = np.concatenate([batch for batch, _ in seen[start : start + 3]])
        assert_equal(np.sort(rows, axis=0), np.sort(X, axis=0), "every row once")
    assert len(vae.fit(X)) == 10
    assert len(seen) == 6 + 10


def test_an_autoencoder_of_one_pixel_and_one_example():
    vae = VariationalAutoencoder(1, 1, 1, generator())
    assert vae.bound([[1]]).shape == (1,)
    assert vae.importance_weighted([[True]], 1).shape == (1,)
    assert len(vae.fit([[1]], 2, batch_size=1)) == 2
    assert vae.decode([[0.0]]).shape == (1, 1)


@given(seed=seeds, beta=st.sampled_from([0.0, 0.5, 1.0, 4.0]))
@settings(max_examples=10)
def test_the_weight_of_the_divergence_agrees_with_torch(seed, beta):
    vae = random_autoencoder(seed=seed)
    x, noise = generator(seed).uniform(size=(3, 5)), generator(seed).normal(size=(3, 2))
    leaves = in_torch(vae.params)
    whole = torch_bound(leaves, x, noise)
    h = torch.relu(torch_layer(torch.tensor(x), leaves, "encoder"))
    mu, log_variance = (torch_layer(h, leaves, n) for n in ("mean", "log_variance"))
    kl = 0.5 * (mu**2 + log_variance.exp() - log_variance - 1).sum(dim=1)
    theirs = -(whole - (beta - 1) * kl).mean()
    theirs.backward()
    loss, gradients = vae.loss_and_gradients(x, noise, beta)
    assert_equal(loss, theirs.item(), "loss", 1e-12)
    assert_gradients_of_torch(gradients, leaves)
    assert (
        vae.loss_and_gradients(x, noise)[0] == module.vae_loss(x, noise, vae.params)[0]
    )


@pytest.mark.parametrize("bad", [-1, np.nan, "1"])
def test_the_weight_of_the_divergence_is_a_number_from_zero_on(bad):
    vae, x = random_autoencoder(), np.zeros((2, 5))
    with pytest.raises(ValueError, match="beta must"):
        vae.loss_and_gradients(x, np.zeros((2, 2)), bad)
    with pytest.raises(ValueError, match="beta must"):
        vae.fit(x, 1, beta=bad)


def test_a_large_weight_of_the_divergence_makes_the_codes_collapse():
    X = np.repeat(TWO_PATTERNS, 5, axis=0)
    divergence = {}
    for beta in (1.0, 100.0):
        vae = VariationalAutoencoder(5, 8, 2, generator(14))
        vae.fit(X, 300, Adam(0.01), beta=beta)
        divergence[beta] = gaussian_kl(*vae.encode(X)).mean()
    assert divergence[100.0] < 0.01 < 0.3 < divergence[1.0]


def test_the_functions_of_an_autoencoder_take_arrays_and_nodes():
    vae, x = random_autoencoder(), generator(3).uniform(size=(4, 5))
    nodes = module.leaves(vae.params)
    for ours, node in zip(
        module.encoder(x, vae.params), module.encoder(x, nodes), strict=True
    ):
        assert_equal(ours, node.value, "encoder", 1e-15)
    mu, log_variance = vae.encode(x)
    z, noise = mu, np.zeros_like(mu)
    log_p = log_expit(module.decoder(z, vae.params))
    log_q = log_expit(-module.decoder(z, vae.params))
    fit = (x * log_p + (1 - x) * log_q).sum(axis=1)
    found, divergence = module.bound_terms(x, noise, nodes)
    assert_equal(found.value, fit, "log p(x | z)", 1e-13)
    assert_equal(divergence.value, gaussian_kl(mu, log_variance), "divergence", 1e-13)
    normal = norm
    log_w = fit + normal.logpdf(z).sum(axis=1)
    log_w -= normal.logpdf(z, mu, np.exp(0.5 * log_variance)).sum(axis=1)
    assert_equal(module.log_weights(x, noise, vae.params), log_w, "weights", 1e-13)


# ---- a generative adversarial network


def torch_network(x, leaves):
    for name in ("first", "second"):
        x = torch.relu(torch_layer(x, leaves, name))
    return torch_layer(x, leaves, "output")


def random_gan(n_latent=2, n_data=3, n_hidden=5, seed=0, **options):
    gan = GAN(n_latent, n_data, n_hidden, generator(seed), **options)
    for params in (gan.generator_params, gan.discriminator_params):
        for name, value in params.items():
            if name.endswith(".b"):
                value[:] = 0.3 * generator(seed + 1).normal(size=value.shape)
    return gan


@given(seed=seeds, N=st.integers(1, 4), penalty=st.sampled_from([0.0, 0.3, 2.0]))
@settings(max_examples=15)
def test_the_discriminators_loss_with_a_penalty_agrees_with_torch(seed, N, penalty):
    params = random_gan(seed=seed).discriminator_params
    data, made = generator(seed).normal(size=(2, N, 3))
    leaves, x = in_torch(params), torch.tensor(data, requires_grad=True)
    log_odds = torch_network(x, leaves)
    [slope] = torch.autograd.grad(log_odds.sum(), x, create_graph=True)
    assert_equal(
        module.input_gradient(data, params), slope.detach(), "input gradient", 1e-12
    )
    softplus_of = torch.nn.functional.softplus
    theirs = softplus_of(-log_odds).mean()
    theirs = theirs + softplus_of(torch_network(torch.tensor(made), leaves)).mean()
    theirs = theirs + penalty * 0.5 * (slope**2).sum(dim=1).mean()
    theirs = theirs + 0 * sum(leaf.sum() for leaf in leaves.values())
    theirs.backward()
    loss, gradients = module.discriminator_gradient(data, made, params, 1, penalty)
    assert_equal(loss, theirs.item(), "loss", 1e-12)
    assert_gradients_of_torch(gradients, leaves)


def test_a_flat_discriminator_pays_no_penalty():
    params = random_gan().discriminator_params
    flat = params | {"output.W": np.zeros_like(params["output.W"])}
    x = generator(4).normal(size=(5, 3))
    assert not module.input_gradient(x, flat).any()
    assert module.gradient_penalty(x, module.leaves(flat)).value == 0
    assert module.gradient_penalty(x, module.leaves(params)).value > 0


def test_points_in_packs_stand_side_by_side():
    x = np.arange(12.0).reshape(6, 2)
    assert module.in_packs(x, 3).tolist() == [[*range(6)], [*range(6, 12)]]
    assert module.in_packs(x, 1) is x or (module.in_packs(x, 1) == x).all()
    nodes = module.in_packs(module.Tensor(x), 2)
    assert (nodes.value == module.in_packs(x, 2)).all()


packs = pytest.mark.parametrize("pack", [1, 2, 3])


@packs
def test_an_adversarial_network_has_parameters_of_the_shapes_promised(pack):
    gan = GAN(20, 30, 40, generator(), pack=pack)
    for params, shapes in (
        (gan.generator_params, [(40, 20), (40, 40), (30, 40)]),
        (gan.discriminator_params, [(40, 30 * pack), (40, 40), (1, 40)]),
    ):
        names = [f"{name}.{x}" for name in ("first", "second", "output") for x in "Wb"]
        assert list(params) == names
        for name, shape in zip(("first", "second", "output"), shapes, strict=True):
            W, b = params[f"{name}.W"], params[f"{name}.b"]
            assert W.shape == shape
            assert b.tolist() == [0] * shape[0]
            assert W.dtype == b.dtype == np.float64
            limit = np.sqrt(6 / sum(shape))
            assert 0.9 * limit < np.abs(W).max() <= limit


@packs
def test_generator_and_discriminator_agree_with_torch(pack):
    gan = random_gan(pack=pack)
    z, x = generator(1).normal(size=(6, 2)), generator(2).normal(size=(6, 3))
    made = gan.generator(read_only(z))
    theirs = torch_network(torch.tensor(z), in_torch(gan.generator_params))
    assert_equal(made, theirs.detach(), "generator", 1e-13)
    judged = gan.discriminator(read_only(x))
    together = np.array([x[i : i + pack].ravel() for i in range(0, 6, pack)])
    leaves = in_torch(gan.discriminator_params)
    theirs = torch.sigmoid(torch_network(torch.tensor(together), leaves))[:, 0]
    assert judged.shape == (6 // pack,)
    assert_equal(judged, theirs.detach(), "discriminator", 1e-13)


@packs
@pytest.mark.parametrize("rows", [(6, 6), (6, 12), (12, 6)])
def test_the_loss_of_the_discriminator_agrees_with_torch(pack, rows):
    gan = random_gan(pack=pack, seed=3)
    data = generator(4).normal(size=(rows[0], 3))
    made = generator(5).normal(size=(rows[1], 3))
    loss, gradients = gan.discriminator_loss(read_only(data), read_only(made))
    leaves = in_torch(gan.discriminator_params)
    theirs = 0
    for x, label in ((data, 1.0), (made, 0.0)):
        odds = torch_network(torch.tensor(x.reshape(-1, 3 * pack)), leaves)
        theirs = theirs + torch.nn.functional.binary_cross_entropy_with_logits(
            odds, torch.full_like(odds, label)
        )
    theirs.backward()
    assert isinstance(loss, float)
    assert loss == pytest.approx(theirs.item(), rel=1e-13)
    assert list(gradients) == list(gan.discriminator_params)
    assert_gradients_of_torch(gradients, leaves)


@packs
@pytest.mark.parametrize("saturating", [True, False])
def test_the_loss_of_the_generator_agrees_with_torch(pack, saturating):
    gan = random_gan(pack=pack, seed=6, saturating=saturating)
    z = generator(7).normal(size=(6, 2))
    loss, gradients = gan.generator_loss(read_only(z))
    leaves = in_torch(gan.generator_params)
    made = torch_network(torch.tensor(z), leaves).reshape(6 // pack, 3 * pack)
    p = torch.sigmoid(torch_network(made, in_torch(gan.discriminator_params)))
    theirs = torch.log(1 - p).mean() if saturating else -torch.log(p).mean()
    theirs.backward()
    assert isinstance(loss, float)
    assert loss == pytest.approx(theirs.item(), rel=1e-12)
    assert list(gradients) == list(gan.generator_params)
    assert_gradients_of_torch(gradients, leaves)


def test_the_generator_does_not_saturate_unless_told():
    z = generator(7).normal(size=(6, 2))
    losses = [
        random_gan(**options).generator_loss(z)[0]
        for options in ({}, {"saturating": False}, {"saturating": np.True_})
    ]
    assert losses[0] == losses[1] > 0 > losses[2]


def test_both_losses_of_the_generator_pull_the_same_way_for_one_point():
    gan, other = random_gan(seed=8), random_gan(seed=8, saturating=True)
    z = generator(9).normal(size=(1, 2))
    p = gan.discriminator(gan.generator(z))[0]
    ours, theirs = gan.generator_loss(z)[1], other.generator_loss(z)[1]
    for name, gradient in ours.items():
        gap = np.abs(p * gradient - (1 - p) * theirs[name])
        assert_at_most(gap, 1e-13, name)


def test_a_certain_discriminator_leaves_a_saturated_generator_without_gradient():
    z = generator(9).normal(size=(4, 2))
    for saturating, is_still in ((True, True), (False, False)):
        gan = random_gan(seed=8, saturating=saturating)
        gan.discriminator_params["output.b"][:] = -60
        loss, gradients = gan.generator_loss(z)
        assert np.isfinite(loss)
        largest = max(np.abs(g).max() for g in gradients.values())
        assert (largest < 1e-20) == is_still


def test_a_discriminator_that_cannot_tell_is_at_rest_where_none_can():
    gan, x = random_gan(seed=10), generator(11).normal(size=(8, 3))
    gan.discriminator_params["output.W"][:] = 0
    gan.discriminator_params["output.b"][:] = 0
    loss, gradients = gan.discriminator_loss(x, x[::-1])
    assert loss == pytest.approx(2 * np.log(2))
    for name, gradient in gradients.items():
        assert_at_most(np.abs(gradient), 1e-15, name)
    assert_equal(gan.discriminator(x), np.full(8, 0.5), "one half")


def test_the_best_discriminator_is_the_share_of_the_data():
    gan, rng = GAN(1, 1, 16, generator(12)), generator(13)
    data, made = rng.normal(1, 1, (2000, 1)), rng.normal(-1, 1, (2000, 1))
    params, optimiser = list(gan.discriminator_params.values()), Adam(0.01)
    losses = []
    for _ in range(150):
        loss, gradients = gan.discriminator_loss(data, made)
        losses.append(loss)
        optimiser.step(params, list(gradients.values()))
    x = np.linspace(-2, 2, 9)[:, None]
    best = norm.pdf(x[:, 0], 1) / (norm.pdf(x[:, 0], 1) + norm.pdf(x[:, 0], -1))
    assert_at_most(np.abs(gan.discriminator(x) - best), 0.08, "share of the data")
    assert losses[-1] < 0.8 * losses[0]


@packs
@pytest.mark.parametrize("saturating", [True, False])
def test_a_step_trains_the_discriminator_and_then_the_generator(pack, saturating):
    options = {"pack": pack, "saturating": saturating}
    options |= {"generator_rate": 0.01, "discriminator_rate": 0.02}
    gan, same = (random_gan(seed=14, **options) for _ in range(2))
    rules = Adam(0.02, beta1=0.5), Adam(0.01, beta1=0.5)
    for i in range(3):
        batch = read_only(generator(i).normal(size=(6, 3)))
        losses = gan.train_step(batch)
        made = same.sample(6)
        d_loss, gradients = same.discriminator_loss(batch, made)
        params = list(same.discriminator_params.values())
        rules[0].step(params, list(gradients.values()))
        z = same.rng.normal(size=(6, 2))
        g_loss, gradients = same.generator_loss(z)
        params = list(same.generator_params.values())
        rules[1].step(params, list(gradients.values()))
        assert losses == (d_loss, g_loss)
        assert all(isinstance(loss, float) for loss in losses)
    for name, value in gan.generator_params.items():
        assert_equal(value, same.generator_params[name], name, 1e-14)
    for name, value in gan.discriminator_params.items():
        assert_equal(value, same.discriminator_params[name], name, 1e-14)


def test_a_step_changes_both_networks_at_their_own_rates():
    for rates in ({}, {"generator_rate": 0.1, "discriminator_rate": 0.003}):
        gan = random_gan(seed=15, **rates)
        start = copy.deepcopy([gan.generator_params, gan.discriminator_params])
        gan.train_step(generator(16).normal(size=(10, 3)))
        now = gan.generator_params, gan.discriminator_params
        names = ("generator_rate", "discriminator_rate")
        for name, params, then in zip(names, now, start, strict=True):
            largest = max(np.abs(params[k] - then[k]).max() for k in params)
            assert largest == pytest.approx(rates.get(name, 1e-3), rel=1e-3)


def test_training_moves_the_points_to_the_data():
    gan = GAN(1, 1, 8, generator(17), generator_rate=0.01, discriminator_rate=0.01)
    rng = generator(18)
    assert abs(gan.sample(500).mean()) < 1
    for _ in range(250):
        losses = gan.train_step(rng.normal(3, 0.5, size=(32, 1)))
    assert np.isfinite(losses).all()
    assert 1.5 < gan.sample(500).mean() < 4.5


def test_samples_are_made_of_normal_numbers():
    gan = random_gan(seed=19)
    z = copy.deepcopy(gan.rng).normal(size=(7, 2))
    drawn = gan.sample(7)
    assert drawn.shape == (7, 3)
    assert_equal(drawn, gan.generator(z), "seeded", 1e-14)
    assert gan.sample(1).shape == (1, 3)


def test_an_adversarial_network_of_ones():
    gan = GAN(1, 1, 1, generator())
    assert len(gan.train_step([[1]])) == 2
    assert gan.discriminator([[1]]).shape == (1,)


@pytest.mark.parametrize("saturating", [1, 0, "True", None, "no", [True]])
def test_saturating_must_be_true_or_false(saturating):
    with pytest.raises(ValueError, match="saturating must be True or False"):
        GAN(2, 3, 4, generator(), saturating=saturating)


@pytest.mark.parametrize("name", ["generator_rate", "discriminator_rate"])
@pytest.mark.parametrize("rate", [0, -1, np.nan, np.inf, "0.1", None, True, [0.1]])
def test_an_adversarial_network_names_a_bad_rate(name, rate):
    with pytest.raises(ValueError, match=f"^{name} must"):
        GAN(2, 3, 4, generator(), **{name: rate})


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("x", lambda gan, good, bad: gan.discriminator(bad)),
        ("data", lambda gan, good, bad: gan.discriminator_loss(bad, good)),
        ("generated", lambda gan, good, bad: gan.discriminator_loss(good, bad)),
        ("z", lambda gan, good, bad: gan.generator_loss(bad[:, :2])),
        ("batch", lambda gan, good, bad: gan.train_step(bad)),
    ],
)
def test_rows_that_do_not_fill_a_pack_are_refused(name, call):
    gan = random_gan(pack=2)
    params = copy.deepcopy([gan.generator_params, gan.discriminator_params])
    with pytest.raises(ValueError, match=f"^{name} must .*multiple of 2 rows, got 3"):
        call(gan, np.ones((4, 3)), np.ones((3, 3)))
    now = [gan.generator_params, gan.discriminator_params]
    for ours, then in zip(now, params, strict=True):
        for key, value in ours.items():
            assert_equal(value, then[key], "nothing has been trained")


# ---- arguments in all forms


def the_machine(make):
    return {
        "bm": lambda: random_boltzmann(3, 2),
        "rbm": lambda: random_rbm(3, 2),
        "dbn": lambda: random_network([3, 2, 2]),
        "vae": lambda: random_autoencoder(3, 4, 2),
        "gan": lambda: random_gan(2, 3, 4),
    }[make]()


V, H, HALF = binary(4, 3, 50), binary(4, 2, 51), np.full(3, 0.5)
NOISE = generator(52).normal(size=(4, 2))
UNITS, BINARY, NUMBERS = "from 0 to 1", "zeros and ones", "any numbers"
# For each argument that is a matrix: what it holds, its name, a good value, a call.
MATRICES = {
    "bm.energy v": (BINARY, "v", V, lambda m, x: m.energy(x, H)),
    "bm.energy h": (BINARY, "h", H, lambda m, x: m.energy(V, x)),
    "bm.sweep v": (BINARY, "v", V, lambda m, x: m.sweep(x, H)),
    "bm.sweep h": (BINARY, "h", H, lambda m, x: m.sweep(V, x)),
    "bm.gibbs": (BINARY, "v", V, lambda m, x: m.gibbs(x, 2)),
    "bm.log_likelihood": (UNITS, "v", V, lambda m, x: m.log_likelihood(x)),
    "bm.log_likelihood_gradient": (
        UNITS,
        "v",
        V,
        lambda m, x: m.log_likelihood_gradient(x),
    ),
    "rbm.energy v": (UNITS, "v", V, lambda m, x: m.energy(x, H)),
    "rbm.energy h": (UNITS, "h", H, lambda m, x: m.energy(V, x)),
    "rbm.free_energy": (UNITS, "v", V, lambda m, x: m.free_energy(x)),
    "rbm.hidden_probabilities": (
        UNITS,
        "v",
        V,
        lambda m, x: m.hidden_probabilities(x),
    ),
    "rbm.visible_probabilities": (
        UNITS,
        "h",
        H,
        lambda m, x: m.visible_probabilities(x),
    ),
    "rbm.log_likelihood": (UNITS, "v", V, lambda m, x: m.log_likelihood(x)),
    "rbm.log_likelihood_gradient": (
        UNITS,
        "v",
        V,
        lambda m, x: m.log_likelihood_gradient(x),
    ),
    "rbm.gibbs": (UNITS, "v", V, lambda m, x: m.gibbs(x, 2)),
    "rbm.contrastive_divergence": (
        UNITS,
        "batch",
        V,
        lambda m, x: m.contrastive_divergence(x),
    ),
    "rbm.fit": (UNITS, "X", V, lambda m, x: m.fit(x, 2, batch_size=3)),
    "rbm.fit persistent": (UNITS, "X", V, lambda m, x: m.fit(x, 2, persistent=True)),
    "rbm pseudo_log_likelihood": (BINARY, "v", V, pseudo_log_likelihood),
    "rbm pseudo_likelihood_gradient": (BINARY, "v", V, pseudo_likelihood_gradient),
    "rbm noise_contrastive data": (
        BINARY,
        "data",
        V,
        lambda m, x: noise_contrastive(m, 0.5, x, V, HALF),
    ),
    "rbm noise_contrastive noise": (
        BINARY,
        "noise",
        V,
        lambda m, x: noise_contrastive(m, 0.5, V, x, HALF),
    ),
    "dbn.fit": (UNITS, "X", V, lambda m, x: m.fit(x, epochs=2)),
    "dbn gaussian_kl mu": (
        NUMBERS,
        "mu",
        NOISE,
        lambda m, x: gaussian_kl(x, NOISE),
    ),
    "dbn gaussian_kl log_variance": (
        NUMBERS,
        "log_variance",
        NOISE,
        lambda m, x: gaussian_kl(NOISE, x),
    ),
    "vae.encode": (UNITS, "x", V, lambda m, x: m.encode(x)),
    "vae.decode": (NUMBERS, "z", NOISE, lambda m, x: m.decode(x)),
    "vae.loss_and_gradients x": (
        UNITS,
        "x",
        V,
        lambda m, x: m.loss_and_gradients(x, NOISE),
    ),
    "vae.loss_and_gradients noise": (
        NUMBERS,
        "noise",
        NOISE,
        lambda m, x: m.loss_and_gradients(V, x),
    ),
    "vae.bound": (UNITS, "x", V, lambda m, x: m.bound(x, 2)),
    "vae.importance_weighted": (
        UNITS,
        "x",
        V,
        lambda m, x: m.importance_weighted(x, 2),
    ),
    "vae.train_step": (
        UNITS,
        "(x|batch)",
        V,
        lambda m, x: m.train_step(x, Adam(0.01)),
    ),
    "vae.fit": (UNITS, "X", V, lambda m, x: m.fit(x, 2, batch_size=3)),
    "gan.generator": (NUMBERS, "z", NOISE, lambda m, x: m.generator(x)),
    "gan.discriminator": (NUMBERS, "x", V, lambda m, x: m.discriminator(x)),
    "gan.discriminator_loss data": (
        NUMBERS,
        "data",
        V,
        lambda m, x: m.discriminator_loss(x, V),
    ),
    "gan.discriminator_loss generated": (
        NUMBERS,
        "generated",
        V,
        lambda m, x: m.discriminator_loss(V, x),
    ),
    "gan.generator_loss": (NUMBERS, "z", NOISE, lambda m, x: m.generator_loss(x)),
    "gan.train_step": (NUMBERS, "batch", V, lambda m, x: m.train_step(x)),
}
on_matrices = pytest.mark.parametrize("case", MATRICES)


def machine_of(case):
    return the_machine(case.split(".")[0].split(" ")[0])


def flat(result):
    """All numbers of a result, whatever it consists of."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, list | tuple):
        return np.concatenate([flat(part) for part in result])
    return np.ravel(result)


def parameters_of(machine):
    if hasattr(machine, "rbms"):
        return flat([parameters_of(rbm) for rbm in machine.rbms])
    if isinstance(machine, GAN):
        return flat([machine.generator_params, machine.discriminator_params])
    if hasattr(machine, "params"):
        return flat(machine.params)
    return flat([v for k, v in vars(machine).items() if k in PARAMETERS])


@on_matrices
def test_matrices_may_be_read_only_and_lists_and_of_other_types(case):
    kind, _, good, call = MATRICES[case]
    expected = flat(call(machine_of(case), good.copy()))
    assert np.isfinite(expected).all()
    forms = [read_only(good), good.tolist(), np.asfortranarray(good)]
    forms += [np.repeat(good, 2, axis=1)[:, ::2]]
    if kind is not NUMBERS or good is V:
        forms += [good.astype(int), good.astype(bool), good.astype(np.uint8)]
    for form in forms:
        kept = copy.deepcopy(form)
        found = flat(call(machine_of(case), form))
        assert_equal(found, expected, "another form", 1e-14)
        assert np.array_equal(form, kept)
    found = flat(call(machine_of(case), good.astype(np.float32)))
    assert found.shape == expected.shape
    assert np.isfinite(found).all()


IN_PAIRS = ("v", "h", "x", "noise", "mu", "log_variance")  # of as many rows
ALONE = [
    case for case in MATRICES if not case.endswith(tuple(f" {x}" for x in IN_PAIRS))
]


@pytest.mark.parametrize("case", [*ALONE, "rbm noise_contrastive noise"])
def test_one_row_will_do(case):
    _, _, good, call = MATRICES[case]
    assert np.isfinite(flat(call(machine_of(case), good[:1]))).all()


@on_matrices
def test_only_training_changes_parameters(case):
    _, _, good, call = MATRICES[case]
    machine = machine_of(case)
    before = parameters_of(machine).copy()
    result = call(machine, good)
    trains = case.split(" ")[0].endswith(("fit", "train_step"))
    assert np.array_equal(parameters_of(machine), before) != trains
    # What is returned is not a view of a parameter.
    for part in result if isinstance(result, tuple | list) else [result]:
        if isinstance(part, np.ndarray):
            before = parameters_of(machine).copy()
            part += 1
            assert_equal(parameters_of(machine), before, "not a view")


def spoiled(value):
    def spoil(good):
        bad = good.astype(float)
        bad[1, 1] = value
        return bad

    return spoil


FAULTS = {
    "one axis": lambda good: good[0],
    "three axes": lambda good: good[None],
    "too wide": lambda good: np.concatenate([good, good], axis=1),
    "too narrow": lambda good: good[:, 1:],
    "transposed": lambda good: good.T[: good.shape[1] + 1, :1],
    "no rows": lambda good: good[:0],
    "no columns": lambda good: good[:, :0],
    "nan": spoiled(np.nan),
    "infinity": spoiled(np.inf),
    "minus infinity": spoiled(-np.inf),
    "words": lambda good: "abc",
    "strings": lambda good: good.astype(str),
    "objects": lambda good: good.astype(object),
    "complex": lambda good: good.astype(complex),
    "masked": lambda good: np.ma.masked_equal(good, good[0, 0]),
    "a number": lambda good: 1,
    "none": lambda good: None,
    "nothing": lambda good: [],
    "a dict": lambda good: {},
    "above one": spoiled(1.001),
    "below zero": spoiled(-0.001),
    "pixels": spoiled(255),
    "a half": spoiled(0.5),
}
MAY_BE = {
    UNITS: {"a half"},
    BINARY: set(),
    NUMBERS: {"above one", "below zero", "pixels", "a half"},
}


BAD_MATRICES = [
    (case, fault)
    for case, (kind, *_) in MATRICES.items()
    for fault in FAULTS
    if fault not in MAY_BE[kind]
]


@pytest.mark.parametrize(("case", "fault"), BAD_MATRICES)
def test_a_bad_matrix_is_refused_by_its_name(case, fault):
    _, name, good, call = MATRICES[case]
    if "mu" in case and fault in ("too wide", "too narrow", "transposed"):
        name = "log_variance"  # the second argument is held to the first
    machine = machine_of(case)
    before = parameters_of(machine).copy()
    with pytest.raises(ValueError, match=rf"^({name}|v and h) must"):
        call(machine, FAULTS[fault](good))
    assert_equal(parameters_of(machine), before, "nothing has been trained")


@on_matrices
def test_rows_of_different_lengths_are_refused_by_the_name_of_the_argument(case):
    _, name, _, call = MATRICES[case]
    with pytest.raises(ValueError, match=f"^{name} must"):
        call(machine_of(case), [[1, 0, 1], [1, 0], [1, 0, 1], [0, 0, 0]])


@pytest.mark.parametrize("make", [random_boltzmann, random_rbm])
def test_states_of_different_numbers_are_refused(make):
    machine = make(3, 2)
    with pytest.raises(ValueError, match="^h must have a row for each of v's 4, got 3"):
        machine.energy(V, H[:3])
    with pytest.raises(ValueError, match="^h must have a row"):
        machine.energy(V[:1], H)


def test_arrays_of_two_arguments_must_have_one_length():
    vae, rbm = the_machine("vae"), the_machine("rbm")
    with pytest.raises(ValueError, match=r"^noise must have shape \(4, 2\)"):
        vae.loss_and_gradients(V, NOISE[:3])
    with pytest.raises(ValueError, match=r"^log_variance must have shape \(N, L\)"):
        gaussian_kl(NOISE, NOISE[:1])
    with pytest.raises(ValueError, match="^noise_p must have shape"):
        noise_contrastive(rbm, 0, V, V, [0.5, 0.5])


@pytest.mark.parametrize(
    "noise_p",
    [[0, 0.5, 0.5], [0.5, 1, 0.5], [-0.1, 0.5, 0.5], [0.5, 0.5, 1.1], 0.5, "a", None]
    + [[0.5, 0.5, np.nan], [[0.5, 0.5, 0.5]], [], ["a", "b", "c"], [0.5, [0.5], 0.5]],
)
def test_noise_contrastive_estimation_names_bad_probabilities(noise_p):
    with pytest.raises(ValueError, match="^noise_p must"):
        noise_contrastive(the_machine("rbm"), 0, V, V, noise_p)


@pytest.mark.parametrize("z", [np.nan, np.inf, "1", None, True, [1], np.ones(2), 1j])
def test_noise_contrastive_estimation_names_a_bad_partition(z):
    with pytest.raises(ValueError, match="^z must"):
        noise_contrastive(the_machine("rbm"), z, V, V, HALF)


BETAS = [0, 0.5, 1]
# For each argument that is a count: its name, the least one, a call.
COUNTS = {
    "BoltzmannMachine D": (
        "n_visible",
        1,
        lambda n: BoltzmannMachine(n, 2, generator()),
    ),
    "BoltzmannMachine H": (
        "n_hidden",
        0,
        lambda n: BoltzmannMachine(3, n, generator()),
    ),
    "RBM D": ("n_visible", 1, lambda n: RBM(n, 2, generator())),
    "RBM H": ("n_hidden", 1, lambda n: RBM(3, n, generator())),
    "bm.gibbs": ("steps", 0, lambda n: the_machine("bm").gibbs(V, n)),
    "rbm.gibbs": ("steps", 0, lambda n: the_machine("rbm").gibbs(V, n)),
    "rbm.cd": ("k", 1, lambda n: the_machine("rbm").contrastive_divergence(V, n)),
    "rbm.fit epochs": ("epochs", 1, lambda n: the_machine("rbm").fit(V, n)),
    "rbm.fit k": ("k", 1, lambda n: the_machine("rbm").fit(V, k=n)),
    "rbm.fit batch_size": (
        "batch_size",
        1,
        lambda n: the_machine("rbm").fit(V, batch_size=n),
    ),
    "ais": (
        "chains",
        2,
        lambda n: annealed_importance_sampling(
            the_machine("rbm"), BETAS, n, generator()
        ),
    ),
    "dbn sizes": ("sizes", 1, lambda n: DeepBeliefNetwork([3, n], generator())),
    "dbn.fit": ("epochs", 1, lambda n: the_machine("dbn").fit(V, epochs=n)),
    "dbn.sample n": ("n", 1, lambda n: the_machine("dbn").sample(n, 2)),
    "dbn.sample steps": ("steps", 0, lambda n: the_machine("dbn").sample(2, n)),
    "dbn.network": (
        "n_classes",
        1,
        lambda n: the_machine("dbn").network(n, generator()),
    ),
    "vae D": ("n_visible", 1, lambda n: VariationalAutoencoder(n, 2, 2, generator())),
    "vae H": ("n_hidden", 1, lambda n: VariationalAutoencoder(2, n, 2, generator())),
    "vae L": ("n_latent", 1, lambda n: VariationalAutoencoder(2, 2, n, generator())),
    "vae.bound": ("n_samples", 1, lambda n: the_machine("vae").bound(V, n)),
    "vae.importance_weighted": (
        "n_samples",
        1,
        lambda n: the_machine("vae").importance_weighted(V, n),
    ),
    "vae.fit epochs": ("epochs", 1, lambda n: the_machine("vae").fit(V, n)),
    "vae.fit batch_size": (
        "batch_size",
        1,
        lambda n: the_machine("vae").fit(V, batch_size=n),
    ),
    "gan Z": ("n_latent", 1, lambda n: GAN(n, 2, 2, generator())),
    "gan D": ("n_data", 1, lambda n: GAN(2, n, 2, generator())),
    "gan H": ("n_hidden", 1, lambda n: GAN(2, 2, n, generator())),
    "gan pack": ("pack", 1, lambda n: GAN(2, 2, 2, generator(), pack=n)),
    "gan.sample": ("n", 1, lambda n: the_machine("gan").sample(n)),
}


@pytest.mark.parametrize("bad", [-1, True, False, 1.5, 2.0, "2", None, [2], np.nan])
@pytest.mark.parametrize("case", COUNTS)
def test_a_bad_count_is_refused_by_its_name(case, bad):
    name, least, call = COUNTS[case]
    says = f"^{name} must be a whole number of at least {least}, got"
    with pytest.raises(ValueError, match=says):
        call(bad)


@pytest.mark.parametrize("case", COUNTS)
def test_the_least_count_and_counts_of_numpy_will_do(case):
    name, least, call = COUNTS[case]
    call(least)
    call(np.int32(least + 1))
    with pytest.raises(ValueError, match=f"^{name} must be .* at least {least}, got"):
        call(least - 1)


@pytest.mark.parametrize("bad", [None, 0, "rng", np.random, np.random.default_rng])
@pytest.mark.parametrize(
    "call",
    [
        lambda bad: BoltzmannMachine(3, 2, bad),
        lambda bad: RBM(3, 2, bad),
        lambda bad: DeepBeliefNetwork([3, 2], bad),
        lambda bad: the_machine("dbn").network(2, bad),
        lambda bad: VariationalAutoencoder(3, 2, 2, bad),
        lambda bad: GAN(3, 2, 2, bad),
        lambda bad: annealed_importance_sampling(the_machine("rbm"), BETAS, 2, bad),
    ],
)
def test_a_generator_must_be_one_of_numpy(call, bad):
    with pytest.raises(ValueError, match="^rng must be a numpy Generator"):
        call(bad)


@pytest.mark.parametrize("bad", [SGD, Adam, 3, "adam", object(), 0])
@pytest.mark.parametrize(
    "call",
    [
        lambda bad: the_machine("rbm").fit(V, optimiser=bad),
        lambda bad: the_machine("dbn").fit(V, optimiser=bad),
        lambda bad: the_machine("vae").fit(V, optimiser=bad),
        lambda bad: the_machine("vae").train_step(V, bad),
    ],
    ids=["rbm.fit", "dbn.fit", "vae.fit", "vae.train_step"],
)
def test_an_optimiser_must_have_a_step(call, bad):
    with pytest.raises(ValueError, match="^optimiser must have a step method"):
        call(bad)


def test_an_autoencoders_step_needs_an_optimiser():
    with pytest.raises(ValueError, match="^optimiser must have a step method"):
        the_machine("vae").train_step(V, None)


# ---- doubtful cases: what is promised says it, though not in so many words


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, ">f8"])
def test_a_machine_takes_floats_of_other_sizes(dtype):
    v = V.astype(dtype)
    assert np.isin(random_rbm(3, 2).gibbs(v, 1), (0, 1)).all()
    random_rbm(3, 2).contrastive_divergence(v)
    random_rbm(3, 2).fit(v, epochs=1)


def test_a_tensor_of_torch_with_a_graph_is_refused_by_a_value_error():
    with pytest.raises(ValueError, match="^v must"):
        random_rbm(3, 2).free_energy(torch.tensor(V, requires_grad=True))


def test_gibbs_of_a_boltzmann_machine_starts_from_states_however_few_steps():
    for steps in (1, 0):
        with pytest.raises(ValueError, match="zeros and ones"):
            random_boltzmann(3, 2).gibbs(np.full((2, 3), 0.5), steps)


@pytest.mark.parametrize("make", [random_boltzmann, random_rbm])
def test_half_a_unit_has_no_likelihood(make):
    with pytest.raises(ValueError, match="v must hold zeros and ones"):
        make(3, 2).log_likelihood(np.full((1, 3), 0.5))


def test_a_number_a_little_above_one_is_not_called_one():
    with pytest.raises(ValueError, match="got 1[.]0"):
        random_rbm(3, 2).free_energy(np.full((1, 3), 1 + 1e-9))


def test_persistent_must_be_true_or_false():
    with pytest.raises(ValueError, match="^persistent must be True or False"):
        random_rbm(3, 2).fit(V, persistent="no")


def test_an_optimisers_step_must_be_a_method():
    with pytest.raises(ValueError, match="^optimiser must have a step method"):
        random_rbm(3, 2).fit(V, optimiser=range(3))  # which has a number as `step`


@pytest.mark.parametrize("other", [None, random_boltzmann(3, 2)], ids=["none", "bm"])
@pytest.mark.parametrize(
    "call",
    [
        lambda rbm: pseudo_log_likelihood(rbm, V),
        lambda rbm: pseudo_likelihood_gradient(rbm, V),
        lambda rbm: noise_contrastive(rbm, 0, V, V, HALF),
        lambda rbm: annealed_importance_sampling(rbm, BETAS, 2, generator()),
    ],
    ids=["pseudo", "pseudo_gradient", "noise_contrastive", "ais"],
)
def test_estimators_want_a_restricted_machine(call, other):
    with pytest.raises(ValueError, match="^rbm must be an RBM"):
        call(other)


# ---- functions on arrays


def couplings_of(n, seed=0, scale=1.0):
    rng = generator(seed)
    upper = np.triu(rng.normal(scale=scale, size=(n, n)), k=1)
    return upper + upper.T, rng.normal(scale=scale, size=n)


def weights_of(D, H, seed=0, scale=1.0):
    rbm = random_rbm(D, H, seed, scale)
    return rbm.W, rbm.b, rbm.c


@pytest.mark.parametrize("n", [0, 1, 4])
def test_all_states_in_order(n):
    assert module.binary_states(n).tolist() == all_states(n).tolist()
    with pytest.raises(ValueError, match="^n must be a whole number of at least 0"):
        module.binary_states(-1)


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("scale", [1, 40])
def test_energies_and_their_sum_by_pairs(n, scale):
    J, a = couplings_of(n, n, scale)
    energies = [
        -sum(J[i, j] * x[i] * x[j] for i, j in itertools.combinations(range(n), 2))
        - x @ a
        for x in all_states(n)
    ]
    ours = module.boltzmann_energy(all_states(n), J, a)
    assert_equal(ours, energies, "energy", 1e-12)
    log_Z = logsumexp(-np.array(energies))
    for function in (module.boltzmann_log_partition, module.log_partition_in_halves):
        assert_equal(function(J, a), log_Z, "log Z", 1e-12)


@pytest.mark.parametrize(("n", "D"), [(1, 1), (4, 4), (4, 1), (5, 3)])
def test_likelihood_and_gradient_of_units_that_come_first(n, D):
    J, a = couplings_of(n, 3 * n + D)
    v = binary(5, D, 60)
    energies = -module.boltzmann_energy(all_states(n), J, a)
    p = np.exp(energies - logsumexp(energies))
    own = [p[(all_states(n)[:, :D] == row).all(axis=1)].sum() for row in v]
    ours = module.boltzmann_log_likelihood(v, J, a)
    assert_equal(ours, np.log(own), "log p(v)", 1e-12)

    def mean(packed):
        upper = np.triu(packed, k=1)
        both = upper + upper.T, np.diag(packed)
        return module.boltzmann_log_likelihood(v, *both).mean()

    slopes = numerical_gradient(mean, np.triu(J, k=1) + np.diag(a))
    exact = module.boltzmann_gradient(v, J, a)
    assert_equal(exact, exact.T, "symmetric", 1e-12)
    assert_equal(np.triu(exact), slopes, "gradient", 1e-7)
    for function in (module.boltzmann_gradient, module.boltzmann_log_likelihood):
        with pytest.raises(ValueError, match=f"^v must have at most {n} columns"):
            function(binary(2, n + 1), J, a)


def test_couplings_must_be_symmetric_and_states_binary():
    J, a = couplings_of(3)
    with pytest.raises(ValueError, match="^J must be symmetric"):
        module.boltzmann_energy(all_states(3), np.triu(J), a)
    with pytest.raises(ValueError, match="^x must hold 0 and 1 only"):
        module.gibbs_sweep(np.full((2, 3), 0.5), J, a, generator())
    for function in (module.boltzmann_energy, module.gibbs_sweep):
        rest = () if function is module.boltzmann_energy else (generator(),)
        with pytest.raises(ValueError, match="^J must have zeros on its diagonal"):
            function(all_states(3), J + np.eye(3), a, *rest)


def test_a_sweep_leaves_what_it_got_and_draws_from_its_kernel():
    machine = random_boltzmann(3, 1, 61)
    x = np.tile([1.0, 0, 1, 0], (8000, 1))
    drawn = module.gibbs_sweep(x, *machine.couplings(), generator(62))
    assert (x == [1, 0, 1, 0]).all()
    assert_distributed(drawn, sweep_kernel(machine)[index_of(x[:1])[0]])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_units_are_drawn_in_the_type_of_their_probabilities(dtype):
    p = np.array([[0.0, 1.0, 0.25]], dtype).repeat(8000, axis=0)
    drawn = module.sample_units(p, generator(63))
    assert drawn.dtype == dtype
    assert (drawn[:, :2] == [0, 1]).all()
    assert abs(drawn[:, 2].mean() - 0.25) < 0.03
    with pytest.raises(ValueError, match="^p must"):
        module.sample_units([1.2], generator())


@on_random_machines
def test_functions_of_an_rbm_are_those_of_the_class(size, seed):
    rbm = random_rbm(*size, seed)
    own, v = (rbm.W, rbm.b, rbm.c), all_states(size[0])
    h = module.hidden_probabilities(v, rbm.W, rbm.c)
    assert_equal(h, rbm.hidden_probabilities(v), "up", 1e-14)
    down = module.visible_probabilities(h, rbm.W, rbm.b)
    assert_equal(down, rbm.visible_probabilities(h), "down", 1e-14)
    assert_equal(module.free_energy(v, *own), rbm.free_energy(v), "F", 1e-14)
    assert_equal(module.rbm_energy(v, h, *own), rbm.energy(v, h), "E", 1e-14)
    assert_equal(module.rbm_log_partition(*own), rbm.log_partition(), "log Z", 1e-12)
    exact = module.likelihood_gradient(v, *own)
    for ours, theirs in zip(exact, rbm.log_likelihood_gradient(v), strict=True):
        assert_equal(ours, theirs, "gradient", 1e-14)


@pytest.mark.parametrize("size", [(3, 5), (5, 3), (4, 4)])
def test_means_of_the_model_are_those_of_its_joint_distribution(size):
    rbm = random_rbm(*size, seed=64)
    p, V, H = joint(rbm), all_states(size[0]), all_states(size[1])
    vh, v, h = module.model_means(rbm.W, rbm.b, rbm.c)
    assert_equal(vh, V.T @ p @ H, "E[v h]", 1e-12)
    assert_equal(v, p.sum(axis=1) @ V, "E[v]", 1e-12)
    assert_equal(h, p.sum(axis=0) @ H, "E[h]", 1e-12)


def test_phases_may_have_different_numbers_of_rows():
    W, b, c = weights_of(3, 2, 65)
    data, model = binary(5, 3, 66), binary(2, 3, 67)
    parts = []
    for rows in (data, model):
        up = expit(rows @ W + c)
        parts.append((rows.T @ up / len(rows), rows.mean(axis=0), up.mean(axis=0)))
    found = module.phase_difference(data, model, W, c)
    for ours, x, y in zip(found, *parts, strict=True):
        assert_equal(ours, x - y, "difference", 1e-13)
    with pytest.raises(ValueError, match=r"^model must have shape \(M, D\) with D = 3"):
        module.phase_difference(data, model[:, :2], W, c)


def test_a_step_draws_the_hidden_units_and_then_the_visible_ones():
    rbm = random_rbm(2, 2, seed=68)
    start = np.tile([1.0, 0.0], (20_000, 1))
    v, h = module.gibbs_step(start, rbm.W, rbm.b, rbm.c, generator(69))
    assert_distributed(v, transition(rbm, 1)[index_of(start[:1])[0]])
    up = rbm.hidden_probabilities(start[:1])[0]
    product = [np.prod(np.where(state, up, 1 - up)) for state in all_states(2)]
    assert_distributed(h, np.array(product))
    given_h = rbm.visible_probabilities(all_states(2))
    for state, p in zip(all_states(2), given_h, strict=True):
        own = v[(h == state).all(axis=1)]
        assert np.abs(own.mean(axis=0) - p).max() < 5 / np.sqrt(len(own))


def test_a_tempered_machine_has_the_powers_of_the_weights():
    rbm, hot = random_rbm(3, 2, seed=70), random_rbm(3, 2, seed=70)
    hot.W, hot.b, hot.c = module.tempered(rbm.W, rbm.b, rbm.c, 2.5)
    p = joint(rbm) ** (1 / 2.5)
    assert_equal(joint(hot), p / p.sum(), "p to the power of 1 / temperature", 1e-12)
    for bad in (0, -1, np.nan, "hot"):
        with pytest.raises(ValueError, match="^temperature must"):
            module.tempered(rbm.W, rbm.b, rbm.c, bad)


def test_costs_of_a_flip_by_flipping():
    W, b, c = weights_of(4, 3, 71)
    v = all_states(4)
    cost, u = module.flip_costs(v, W, b, c)
    for i in range(4):
        flipped = v.copy()
        flipped[:, i] = 1 - v[:, i]
        rise = module.free_energy(flipped, W, b, c) - module.free_energy(v, W, b, c)
        assert_equal(cost[:, i], rise, "cost", 1e-12)
        assert_equal(u[:, i], flipped @ W + c, "inputs", 1e-12)


def test_neighbours_swap_as_often_as_they_should():
    energies = np.array([[2.0], [0.5], [1.0], [3.0]]).repeat(20_000, axis=1)
    betas = np.array([1.0, 0.7, 0.4, 0.0])
    for first, pairs in ((0, [(0, 1), (2, 3)]), (1, [(1, 2)])):
        order = module.swap_neighbours(energies, betas, first, generator(72))
        assert (np.sort(order, axis=0) == np.arange(4)[:, None]).all()
        for k, other in pairs:
            accept = np.exp((betas[k] - betas[other]) * (energies[k] - energies[other]))
            share = np.mean(order[k] == other)
            assert abs(share - min(1, accept[0])) < 0.02
            assert ((order[k] == other) == (order[other] == k)).all()
        still = {0, 1, 2, 3} - {x for pair in pairs for x in pair}
        assert all((order[k] == k).all() for k in still)
    with pytest.raises(ValueError, match="^first must"):
        module.swap_neighbours(energies, betas, 2, generator())


def test_tempering_keeps_the_distribution_at_each_temperature():
    W, b, c = weights_of(2, 2, 73, 1.5)
    betas, rng = np.array([1.0, 0.5, 0.0]), generator(74)
    v = module.sample_units(np.full((3, 6000, 2), 0.5), rng)
    for t in range(40):
        v = module.tempering_step(v, betas, W, b, c, t % 2, rng)
    for rows, beta in zip(v, betas, strict=True):
        free = -module.free_energy(all_states(2), beta * W, beta * b, beta * c)
        assert_distributed(rows, np.exp(free - logsumexp(free)))


def test_mean_field_comes_to_rest_at_its_equations():
    rng = generator(75)
    W, U, c, d = (rng.normal(size=size) for size in ((3, 4), (4, 2), 4, 2))
    v = binary(6, 3, 76)
    mu1, mu2 = module.mean_field(v, W, U, c, d, 300)
    assert_equal(mu1, expit(v @ W + mu2 @ U.T + c), "first layer", 1e-8)
    assert_equal(mu2, expit(mu1 @ U + d), "second layer", 1e-12)
    first, second = module.mean_field(v, W, U, c, d, 1)
    assert_equal(first, expit(v @ W + 0.5 * U.sum(axis=1) + c), "one iteration", 1e-12)
    assert_equal(second, expit(first @ U + d), "one iteration", 1e-12)
    with pytest.raises(ValueError, match="^iterations must"):
        module.mean_field(v, W, U, c, d, 0)
