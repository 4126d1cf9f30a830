"""Chapter 4: gradients, properties on random inputs, parity, bad input."""

import itertools

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.decomposition import PCA

from tutorial_utils.checks import assert_at_most, assert_equal
from tutorial_utils.neural_networks import ACTIVATIONS
from tutorial_utils.representation_learning import (
    Autoencoder,
    Cbow,
    SkipGram,
    analogy,
    build_vocabulary,
    cbow_inputs,
    cbow_windows,
    cooccurrence,
    cosines,
    decode,
    encode,
    full_softmax,
    gaussian_noise,
    info_nce,
    keep_probability,
    masking_noise,
    nearest,
    negative_sampling,
    noise_distribution,
    noise_table,
    ppmi,
    pretrained_network,
    principal_angles,
    skipgram_inputs,
    skipgram_pairs,
    stacked_autoencoders,
    svd_vectors,
    tied_gradients,
    untied_gradients,
    word_indices,
    word_step,
)
from tutorial_utils.training import SGD, numerical_gradient

seeds = st.integers(0, 2**32 - 1)
TORCH_ACTIVATIONS = {
    "linear": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
}


# ---- auto-encoders


def random_coder(rng, activation="tanh", tied=True, n_visible=5, n_hidden=3):
    coder = Autoencoder(n_visible, n_hidden, activation, rng, tied)
    coder.b, coder.c = rng.normal(size=n_hidden), rng.normal(size=n_visible)
    return coder


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@given(seed=seeds)
def test_autoencoder_equals_torch(activation, tied, seed):
    rng = np.random.default_rng(seed)
    coder = random_coder(rng, activation, tied)
    X, target, sparsity = *rng.normal(size=(2, 7, 5)), rng.uniform(0, 1)
    leaves = {
        name: torch.tensor(value, requires_grad=True)
        for name, value in coder.parameters().items()
    }
    H = TORCH_ACTIVATIONS[activation](torch.tensor(X) @ leaves["W"].T + leaves["b"])
    decoder = leaves["W"] if tied else leaves["V"].T
    error = H @ decoder + leaves["c"] - torch.tensor(target)
    theirs = (0.5 * (error**2).sum(1) + sparsity * H.abs().sum(1)).mean()
    theirs.backward()
    loss, gradients = coder.loss_and_gradients(X, target, sparsity)
    assert_equal(loss, theirs.item(), "loss", 1e-12)
    assert (
        set(gradients) == set(leaves) == ({"W", "b", "c"} | (set() if tied else {"V"}))
    )
    for name, leaf in leaves.items():
        assert_equal(gradients[name], leaf.grad.numpy(), name, 1e-10)
    assert_equal(coder.encode(X), H.detach().numpy(), "code", 1e-12)


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("activation", ["linear", "sigmoid", "tanh"])
def test_autoencoder_gradients_against_differences(activation, tied):
    rng = np.random.default_rng(0)
    coder, X = random_coder(rng, activation, tied), rng.normal(size=(6, 5))
    _, gradients = coder.loss_and_gradients(X)
    for name, value in coder.parameters().items():

        def loss_at(moved, name=name):
            setattr(coder, name, moved)
            return coder.loss_and_gradients(X)[0]

        assert_equal(gradients[name], numerical_gradient(loss_at, value), name, 1e-7)
        setattr(coder, name, value)


@given(seed=seeds)
def test_the_gradients_of_a_tied_weight_are_those_of_both_places(seed):
    rng = np.random.default_rng(seed)
    coder, X = random_coder(rng), rng.normal(size=(7, 5))
    W, b, c = coder.parameters().values()
    loss, by_W, by_b, by_c = tied_gradients(X, X, W, b, c, "tanh")
    untied = untied_gradients(X, X, W, W.T, b, c, "tanh")
    assert_equal([loss, *by_b, *by_c], [untied[0], *untied[3], *untied[4]], "", 1e-12)
    assert_equal(by_W, untied[1] + untied[2].T, "both places", 1e-12)


def test_encode_and_decode_are_those_of_the_class():
    coder = random_coder(np.random.default_rng(0), tied=False)
    X = np.ones((2, 5))
    H = encode(X, coder.W, coder.b, "tanh")
    assert_equal(H, coder.encode(X), "code", 0)
    assert_equal(decode(H, coder.V, coder.c), coder.decode(H), "reconstruction", 0)


def test_the_target_is_the_input_unless_given():
    coder, X = random_coder(np.random.default_rng(0)), np.ones((2, 5))
    assert coder.loss_and_gradients(X)[0] == coder.loss_and_gradients(X, X)[0]
    other = coder.decode(coder.encode(X))
    assert coder.loss_and_gradients(X, other)[0] == 0


def test_autoencoder_shapes_and_start():
    coder = Autoencoder(6, 4, "relu", np.random.default_rng(0), tied=False)
    shapes = {name: value.shape for name, value in coder.parameters().items()}
    assert shapes == {"W": (4, 6), "b": (4,), "c": (6,), "V": (6, 4)}
    assert all(value.dtype == np.float64 for value in coder.parameters().values())
    assert not hasattr(Autoencoder(6, 4, "relu", np.random.default_rng(0)), "V")
    again = Autoencoder(6, 4, "relu", np.random.default_rng(0), tied=False)
    assert (coder.W == again.W).all()


def test_linear_autoencoder_reaches_the_principal_subspace():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6)) @ np.diag([3, 2.5, 2, 0.7, 0.5, 0.3])
    X = (X - X.mean(axis=0)) @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    coder = Autoencoder(6, 3, "linear", rng)
    history = coder.fit(X, 300, SGD(0.03), batch_size=300)
    pca = PCA(3).fit(X)
    assert_at_most(principal_angles(coder.W.T, pca.components_.T), 1e-3, "angles")
    eigenvalues = np.linalg.eigvalsh(np.cov(X.T, bias=True))
    assert_equal(history[-1], eigenvalues[:3].sum() / 2, "smallest loss", 1e-6)
    assert_equal(coder.W @ coder.W.T, np.eye(3), "orthonormal rows", 1e-3)


@given(seed=seeds, n_hidden=st.integers(1, 4))
def test_no_linear_autoencoder_is_below_the_bound(seed, n_hidden):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(20, 5)) @ rng.normal(size=(5, 5))
    X -= X.mean(axis=0)
    bound = np.linalg.eigvalsh(X.T @ X / 20)[: 5 - n_hidden].sum() / 2
    values, vectors = np.linalg.eigh(X.T @ X)
    best = Autoencoder(5, n_hidden, "linear", rng)
    best.W = vectors[:, -n_hidden:].T
    assert_equal(best.loss_and_gradients(X)[0], bound, "the bound is reached", 1e-9)
    other = random_coder(rng, "tanh", False, n_hidden=n_hidden)
    assert other.loss_and_gradients(X)[0] >= bound


def test_fit_learns_reports_and_leaves_its_arguments():
    rng = np.random.default_rng(0)
    X = rng.random((60, 8))
    kept = X.copy()
    coder = Autoencoder(8, 3, "sigmoid", rng)
    history = coder.fit(X, 30, batch_size=7)
    assert len(history) == 30
    assert history[-1] < 0.8 * history[0]
    assert (kept == X).all()


def test_fit_gives_the_encoder_damaged_inputs_and_the_decoder_clean_targets():
    X = np.random.default_rng(0).random((30, 4))
    batches = []

    def corrupt(batch, rng):
        assert isinstance(rng, np.random.Generator)
        batches.append(batch.copy())
        return np.zeros_like(batch)

    coder = Autoencoder(4, 2, "linear", np.random.default_rng(0))
    coder.fit(X, 400, SGD(0.3), batch_size=30, corrupt=corrupt)
    assert_equal(np.sort(batches[0], axis=0), np.sort(X, axis=0), "clean batches")
    # From nothing but zeros the best reconstruction is the mean.
    rebuilt = coder.decode(coder.encode(np.zeros((1, 4))))
    assert_equal(rebuilt[0], X.mean(axis=0), "the mean", 1e-6)


def test_sparsity_makes_codes_sparse():
    X = np.random.default_rng(0).random((200, 10))
    active = []
    for sparsity in (0.0, 0.3):
        coder = Autoencoder(10, 20, "relu", np.random.default_rng(0))
        coder.fit(X, 60, batch_size=20, sparsity=sparsity)
        active.append(np.mean(coder.encode(X) > 0))
    assert active[1] < active[0] / 2


@given(seed=seeds, p=st.floats(0, 1))
def test_masking_noise(seed, p):
    X = np.arange(1.0, 2001).reshape(20, 100)
    noisy = masking_noise(X, np.random.default_rng(seed), p)
    assert np.isin(noisy, [0, *X.ravel()]).all()
    assert (noisy[noisy > 0] == X[noisy > 0]).all()
    assert abs(np.mean(noisy == 0) - p) < 0.08
    assert X[0, 0] == 1


def test_gaussian_noise():
    X = np.full((100, 100), 2.0)
    noise = gaussian_noise(X, np.random.default_rng(0), 0.5) - 2
    assert abs(noise.mean()) < 0.03
    assert abs(noise.std() - 0.5) < 0.02
    assert (gaussian_noise(X, np.random.default_rng(0), 0) == X).all()
    assert (X == 2).all()


def test_a_stack_is_trained_one_on_the_codes_of_the_other():
    X = np.random.default_rng(0).random((40, 9))
    stack = stacked_autoencoders(
        X, [6, 4], "tanh", np.random.default_rng(1), epochs=3, batch_size=8
    )
    rng = np.random.default_rng(1)
    first = Autoencoder(9, 6, "tanh", rng)
    first.fit(X, epochs=3, batch_size=8)
    second = Autoencoder(6, 4, "tanh", rng)
    second.fit(first.encode(X), epochs=3, batch_size=8)
    assert (stack[0].W == first.W).all()
    assert (stack[1].W == second.W).all()


def test_a_pretrained_network_has_the_codes_of_its_stack():
    rng = np.random.default_rng(0)
    X = rng.random((10, 9))
    stack = stacked_autoencoders(X, [6, 4], "relu", rng, epochs=1)
    network = pretrained_network(stack, 3, rng)
    codes = stack[1].encode(stack[0].encode(X))
    assert network.sizes == [9, 6, 4, 3]
    assert network.activation == "relu"
    assert_equal(network.forward(X), codes @ network.W[-1].T, "scores", 1e-12)
    network.W[0][:] = 0
    assert stack[0].W.any(), "the stack is copied"


# ---- principal angles


@given(seed=seeds, p=st.integers(1, 5), q=st.integers(1, 5))
def test_principal_angles_equal_scipys(seed, p, q):
    rng = np.random.default_rng(seed)
    A, B = rng.normal(size=(7, p)), rng.normal(size=(7, q))
    angles = principal_angles(A, B)
    assert angles.shape == (min(p, q),)
    assert (np.diff(angles) <= 1e-12).all()
    assert_at_most(np.abs(angles - scipy.linalg.subspace_angles(A, B)), 1e-7, "SciPy")
    assert_at_most(np.abs(angles - principal_angles(B, A)), 1e-7, "symmetric")
    mixed = A @ rng.normal(size=(p, p))
    if np.linalg.cond(mixed) < 1e6:
        assert_at_most(np.abs(principal_angles(mixed, B) - angles), 1e-6, "basis")


def test_principal_angles_by_hand():
    I = np.eye(4)
    assert_equal(
        principal_angles(I[:, :2], I[:, 2:]), [np.pi / 2] * 2, "at right angles"
    )
    assert_at_most(principal_angles(I[:, :2], -5 * I[:, :2]), 1e-15, "the same")
    tilted = np.array([[np.cos(1e-8), np.sin(1e-8), 0, 0]]).T
    assert_equal(principal_angles(I[:, :1], tilted), [1e-8], "tiny", 1e-6)
    steep = np.array([[np.sin(1e-9), np.cos(1e-9), 0, 0]]).T
    gap = np.pi / 2 - principal_angles(I[:, :1], steep)
    assert_equal(gap, [1e-9], "nearly at right angles", 1e-6)
    twice = np.column_stack([I[:, 0], 2 * I[:, 0], I[:, 1]])
    assert_equal(
        principal_angles(twice, I[:, 1:3]), [np.pi / 2, 0], "rank two of three", 1e-12
    )


# ---- counting


def counts_by_hand(tokens, vocabulary, window):
    counts = np.zeros((len(vocabulary), len(vocabulary)))
    for s, t in itertools.permutations(range(len(tokens)), 2):
        if abs(s - t) <= window and {tokens[s], tokens[t]} <= set(vocabulary):
            counts[vocabulary.index(tokens[s]), vocabulary.index(tokens[t])] += 1
    return counts


@given(
    tokens=st.lists(st.sampled_from(["a", "b", "c", "d", ""]), min_size=1, max_size=12),
    window=st.integers(1, 15),
)
def test_cooccurrence_by_hand(tokens, window):
    vocabulary = ["b", "a", "c"]
    counts = cooccurrence(tokens, vocabulary, window)
    assert sparse.issparse(counts)
    assert counts.shape == (3, 3)
    assert counts.dtype == np.float64
    assert (counts.toarray() == counts_by_hand(tokens, vocabulary, window)).all()
    assert (counts.toarray() == counts.toarray().T).all()


@pytest.mark.parametrize("kind", [np.array, sparse.csr_array, sparse.coo_matrix])
@given(seed=seeds, shift=st.floats(0, 2))
def test_ppmi_by_hand(kind, seed, shift):
    rng = np.random.default_rng(seed)
    counts = rng.integers(4, size=(5, 6)).astype(float)
    counts[0, 0] = 1
    p = counts / counts.sum()
    by_word, by_context = p.sum(axis=1, keepdims=True), p.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        expected = np.maximum(np.log(p / by_word / by_context) - shift, 0)
    expected[counts == 0] = 0
    given_counts = kind(counts)
    result = ppmi(given_counts, shift)
    assert sparse.issparse(result)
    assert_at_most(np.abs(result.toarray() - expected), 1e-12, "by hand")
    assert (result.data > 0).all(), "zeros are not stored"
    unchanged = given_counts if kind is np.array else given_counts.toarray()
    assert (unchanged == counts).all()


def test_independent_words_have_no_mutual_information():
    assert ppmi(np.outer([1, 2, 3], [1, 2, 3])).toarray().max() < 1e-12


def test_vocabulary_and_indices():
    tokens = ["b", "a", "b", "", "c", "a", "b"]
    assert build_vocabulary(tokens) == ["b", "a", "c"]
    assert build_vocabulary(tokens, 2) == ["b", "a"]
    assert word_indices(tokens, ["a", "b"]).tolist() == [1, 0, 1, -1, -1, 0, 1]


def test_svd_vectors_give_the_best_approximation():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(8, 8))
    matrix += matrix.T
    matrix = matrix @ matrix  # symmetric, not negative: both vectors are the same
    vectors = svd_vectors(sparse.csr_array(matrix), 3, rng)
    values, directions = np.linalg.eigh(matrix)
    best = (directions[:, -3:] * values[-3:]) @ directions[:, -3:].T
    assert_equal(vectors @ vectors.T, best, "rank three", 1e-9)
    norms = np.linalg.norm(vectors, axis=0)
    assert (np.diff(norms) <= 0).all()
    again = svd_vectors(matrix, 3, np.random.default_rng(1))
    assert_equal(np.abs(again), np.abs(vectors), "dense", 1e-9)


def test_svd_vectors_repeat_for_equal_seeds_where_singular_values_repeat():
    blocks = sparse.block_diag([np.ones((4, 4))] * 10)
    one, other = (svd_vectors(blocks, 6, np.random.default_rng(0)) for _ in range(2))
    assert (one == other).all()
    wide = np.random.default_rng(0).normal(size=(5, 9))
    for matrix in (wide, wide.T):
        U, S, _ = np.linalg.svd(matrix, full_matrices=False)
        ours = svd_vectors(matrix, 3, np.random.default_rng(0))
        assert_equal(np.abs(ours), np.abs(U[:, :3] * np.sqrt(S[:3])), "dense SVD", 1e-9)


def test_ppmi_of_tiny_counts():
    assert_equal(
        ppmi(np.eye(2) * 1e-160).toarray(), np.log(2) * np.eye(2), "log 2", 1e-12
    )


# ---- neighbours and analogies


@given(seed=seeds, k=st.integers(1, 9))
def test_nearest_by_hand(seed, k):
    vectors = np.random.default_rng(seed).normal(size=(10, 4))
    cosine = [
        v @ vectors[3] / np.linalg.norm(v) / np.linalg.norm(vectors[3]) for v in vectors
    ]
    order = [i for i in np.argsort(cosine)[::-1] if i != 3]
    assert nearest(vectors, 3, k).tolist() == order[:k]
    assert nearest(vectors, 2 * vectors[3], k).tolist() == [3, *order][:k]


@given(seed=seeds, k=st.integers(1, 7))
def test_analogy_by_hand(seed, k):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(10, 4)) * rng.uniform(0.1, 10, size=(10, 1))
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    a, b, c = rng.permutation(10)[:3].tolist()
    target = units[b] - units[a] + units[c]
    cosine = units @ target / np.linalg.norm(target)
    order = [i for i in np.argsort(-cosine) if i not in (a, b, c)]
    assert analogy(vectors, a, b, c, k).tolist() == order[:k]


def test_an_analogy_in_the_plane():
    king, queen, man, woman, apple = [1, 2], [-1, 2], [1, 0.1], [-1, 0.1], [0, -1]
    vectors = np.array([man, king, woman, queen, apple])
    assert analogy(vectors, 0, 1, 2, 2).tolist() == [3, 4]


# ---- skip-gram and CBOW


def random_model(kind, rng, V=7, d=3):
    model = kind(V, d, rng)
    model.W_in, model.W_out = rng.normal(size=(2, V, d))
    center = rng.integers(V, size=12)
    context = rng.integers(V, size=12 if kind is SkipGram else (12, 4))
    if kind is Cbow:
        context[::2, 1:3] = -1
    return model, center, context


def score_in_torch(kind, model, center, context):
    W_in, W_out = (
        torch.tensor(W, requires_grad=True) for W in (model.W_in, model.W_out)
    )
    if kind is SkipGram:
        H, target = W_in[torch.tensor(center)], context
    else:
        rows = [W_in[torch.tensor(row[row >= 0])].mean(dim=0) for row in context]
        H, target = torch.stack(rows), center
    return H @ W_out.T, torch.tensor(target), W_in, W_out


@pytest.mark.parametrize("kind", [SkipGram, Cbow])
@pytest.mark.parametrize("k", [0, 1, 5])
@given(seed=seeds)
def test_word_models_equal_torch(kind, k, seed):
    rng = np.random.default_rng(seed)
    model, center, context = random_model(kind, rng)
    scores, target, W_in, W_out = score_in_torch(kind, model, center, context)
    negatives = rng.integers(7, size=(12, k)) if k else None
    if k:
        true = torch.nn.functional.logsigmoid(scores.gather(1, target[:, None]))
        false = torch.nn.functional.logsigmoid(
            -scores.gather(1, torch.tensor(negatives))
        )
        theirs = -(true.sum(1) + false.sum(1)).mean()
    else:
        theirs = torch.nn.functional.cross_entropy(scores, target)
    theirs.backward()
    loss, by_in, by_out = model.loss_and_gradients(center, context, negatives)
    assert_equal(loss, theirs.item(), "loss", 1e-12)
    assert_equal(by_in, W_in.grad.numpy(), "W_in", 1e-10)
    assert_equal(by_out, W_out.grad.numpy(), "W_out", 1e-10)


@pytest.mark.parametrize("loss", [full_softmax, negative_sampling])
def test_losses_against_differences(loss):
    rng = np.random.default_rng(0)
    H, W_out, target = (
        rng.normal(size=(6, 3)),
        rng.normal(size=(5, 3)),
        rng.integers(5, size=6),
    )
    more = (rng.integers(5, size=(6, 4)),) if loss is negative_sampling else ()
    _, by_H, by_out = loss(H, W_out, target, *more)
    differences = numerical_gradient(lambda H: loss(H, W_out, target, *more)[0], H)
    assert_equal(by_H, differences, "H", 1e-7)
    differences = numerical_gradient(lambda W: loss(H, W, target, *more)[0], W_out)
    assert_equal(by_out, differences, "W_out", 1e-7)


def test_negative_sampling_survives_large_scores():
    H, W_out = np.full((1, 1), 1000.0), np.array([[1.0], [-1.0]])
    loss, by_H, by_out = negative_sampling(H, W_out, [1], [[0]])
    assert loss == 2000
    assert np.isfinite(by_H).all()
    assert np.isfinite(by_out).all()


def test_the_matrix_of_the_words_that_predict():
    A, target = skipgram_inputs([2, 0], [1, 1], 3)
    assert_equal(A.toarray(), [[0, 0, 1], [1, 0, 0]], "centres", 0)
    assert_equal(target, [1, 1], "contexts", 0)
    A, target = cbow_inputs([2, 0], [[0, 1, -1], [1, 1, 2]], 3)
    assert_equal(A.toarray(), [[1 / 2, 1 / 2, 0], [0, 2 / 3, 1 / 3]], "means", 1e-15)
    assert_equal(target, [2, 0], "centres", 0)


@given(seed=seeds, n=st.integers(1, 6), d=st.integers(2, 5))
def test_the_contrastive_loss_equals_torchs(seed, n, d):
    rng = np.random.default_rng(seed)
    U, V = rng.normal(size=(2, n, d))
    t = rng.uniform(0.05, 2)
    leaves = [torch.tensor(codes, requires_grad=True) for codes in (U, V)]
    u, v = (torch.nn.functional.normalize(leaf, dim=1) for leaf in leaves)
    S, right = u @ v.T / t, torch.arange(n)
    cross_entropy = torch.nn.functional.cross_entropy
    theirs = (cross_entropy(S, right) + cross_entropy(S.T, right)) / 2
    theirs.backward()
    loss, by_U, by_V = info_nce(U, V, t)
    assert_equal(loss, theirs.item(), "loss", 1e-12)
    for ours, leaf in ((by_U, leaves[0]), (by_V, leaves[1])):
        assert_at_most(np.abs(ours - leaf.grad.numpy()), 1e-11, "gradient")


def test_the_contrastive_loss_does_not_see_lengths():
    U, V = np.random.default_rng(0).normal(size=(2, 3, 4))
    same = info_nce(2 * U, 5 * V, 0.5)[0]
    assert_equal(info_nce(U, V, 0.5)[0], same, "loss", 1e-12)


def test_cosines_are_scipys():
    from scipy.spatial.distance import cdist

    vectors = np.random.default_rng(0).normal(size=(6, 4))
    wanted = 1 - cdist(vectors, vectors[:1], "cosine")[:, 0]
    assert_equal(cosines(vectors, vectors[0]), wanted, "cosines", 1e-12)


def test_the_start_of_the_word_models():
    model = SkipGram(9, 4, np.random.default_rng(0))
    assert model.W_in.shape == model.W_out.shape == (9, 4)
    assert model.W_in.dtype == model.W_out.dtype == np.float64
    assert not model.W_out.any()
    loss, _, _ = model.loss_and_gradients([0, 1], [2, 3], [[4, 5, 6]] * 2)
    assert_equal(loss, 4 * np.log(2), "all scores zero", 1e-12)


def test_the_optimum_of_negative_sampling():
    """Every pair as often as it occurs, with each noise word as often as drawn."""
    pair_counts = np.array([[3, 1, 1], [1, 2, 2], [1, 1, 4]])
    noise = np.repeat(np.arange(3), [1, 2, 3])
    w, c = np.repeat(np.argwhere(pair_counts), pair_counts.ravel(), axis=0).T
    center, context = np.repeat(w, 6), np.repeat(c, 6)
    first = np.tile(noise, len(w))
    negatives = np.column_stack([first, np.roll(first, 1), np.roll(first, 2)])
    model = SkipGram(3, 3, np.random.default_rng(0))

    def expected(theta):
        model.W_in, model.W_out = theta.reshape(2, 3, 3)
        loss, by_in, by_out = model.loss_and_gradients(center, context, negatives)
        return loss, np.append(by_in, by_out)

    start = np.random.default_rng(1).normal(size=18)
    found = scipy.optimize.minimize(expected, start, jac=True, tol=1e-13).x
    W_in, W_out = found.reshape(2, 3, 3)
    p = pair_counts / pair_counts.sum()
    ratio = p / p.sum(axis=1, keepdims=True) / (np.array([1, 2, 3]) / 6)
    assert_at_most(np.abs(W_in @ W_out.T - np.log(ratio / 3)), 1e-3, "the theorem")


def windows_by_hand(tokens, window):
    places = range(len(tokens))
    return {(s, t) for s in places for t in places if 0 < abs(s - t) <= window}


@given(
    tokens=st.lists(st.integers(-1, 3), min_size=1, max_size=12),
    window=st.integers(1, 5),
    seed=seeds,
)
def test_pairs_lie_within_the_window_and_neighbours_are_always_there(
    tokens, window, seed
):
    center, context = skipgram_pairs(tokens, window, np.random.default_rng(seed))
    assert len(center) == len(context)
    possible = [(tokens[s], tokens[t]) for s, t in windows_by_hand(tokens, window)]
    sure = [(tokens[s], tokens[t]) for s, t in windows_by_hand(tokens, 1)]
    possible, sure = ([p for p in ps if min(p) >= 0] for ps in (possible, sure))
    found = list(zip(center.tolist(), context.tolist(), strict=True))
    for pair in set(possible) | set(found):
        assert sure.count(pair) <= found.count(pair) <= possible.count(pair)


def test_widths_are_uniform_and_belong_to_the_centre():
    tokens = np.arange(30_000)
    center, context = skipgram_pairs(tokens, 3, np.random.default_rng(0))
    distance = np.abs(context - center)
    shares = np.bincount(distance)[1:] / (2 * len(tokens))
    assert_at_most(np.abs(shares - [1, 2 / 3, 1 / 3]), 0.02, "near words count more")
    reach = np.zeros(len(tokens), dtype=int)
    np.maximum.at(reach, center, distance)
    inner = tokens[3:-3]
    assert_at_most(
        np.abs(np.bincount(reach[inner])[1:] / len(inner) - 1 / 3), 0.02, "width"
    )
    both_sides = np.bincount(center, minlength=len(tokens))[inner]
    assert (both_sides == 2 * reach[inner]).all()


def test_pairs_of_words():
    center, context = skipgram_pairs(["a", "", "b", "c"], 1, np.random.default_rng(0))
    pairs = sorted(zip(center.tolist(), context.tolist(), strict=True))
    assert pairs == [("b", "c"), ("c", "b")]


@given(
    tokens=st.lists(st.integers(-1, 3), min_size=1, max_size=12),
    window=st.integers(1, 4),
    seed=seeds,
)
def test_cbow_windows_are_the_pairs_of_skipgram(tokens, window, seed):
    center, context = cbow_windows(tokens, window, np.random.default_rng(seed))
    assert context.shape == (len(center), 2 * window)
    assert (center >= 0).all()
    pairs = sorted(
        (c, o) for c, row in zip(center, context, strict=True) for o in row if o >= 0
    )
    expected = skipgram_pairs(tokens, window, np.random.default_rng(seed))
    assert pairs == sorted(zip(*expected, strict=True))


@pytest.mark.parametrize("kind", [SkipGram, Cbow])
def test_fit_brings_words_with_the_same_company_together(kind):
    rng = np.random.default_rng(0)
    # Words 0 and 1 stand among 4 to 6, words 2 and 3 among 7 to 9.
    lines = []
    for _ in range(400):
        topic = rng.integers(2)
        line = [2 * topic + rng.integers(2), *(4 + 3 * topic + rng.integers(3, size=3))]
        lines += [*rng.permutation(line), -1, -1]
    tokens = np.array(lines)
    model = kind(10, 5, np.random.default_rng(1))
    history = model.fit(tokens, 2, epochs=100)
    assert len(history) == 100
    assert history[-1] < 0.6 * history[0]
    assert model.W_in.dtype == np.float64
    assert nearest(model.W_in[:4], 0, 1) == 1
    assert nearest(model.W_in[:4], 2, 1) == 3
    assert (tokens == lines).all()


def test_fit_draws_noise_by_the_power_and_keeps_by_the_threshold():
    counts = np.array([900, 90, 10, 0])
    kept, table = keep_probability(counts, 1e-2), noise_table(counts, 0.75)
    f = np.array([0.9, 0.09, 0.01])
    wanted = [*(f**0.75 / np.sum(f**0.75)), 0]
    assert_equal(noise_distribution(counts, 0.75), wanted, "noise", 1e-12)
    assert_equal(kept[:3], np.minimum(1, np.sqrt(1e-2 / f)), "kept", 1e-12)
    share = np.bincount(table, minlength=4) / len(table)
    assert_at_most(np.abs(share - [*(f**0.75 / np.sum(f**0.75)), 0]), 1e-5, "noise")


def test_a_short_text_is_trained_on_whatever_is_left_out():
    model = SkipGram(3, 2, np.random.default_rng(0))
    history = model.fit(np.array([0, 1, -1, 2]), 1, epochs=3)
    assert np.isfinite(history).all()


def test_divergence_is_told():
    tokens = np.random.default_rng(0).integers(10, size=2000)
    model = SkipGram(10, 5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="learning_rate must be smaller"):
        model.fit(tokens, epochs=50, learning_rate=5)


def test_frequent_words_take_bounded_steps():
    model = SkipGram(3, 2, np.random.default_rng(0))
    model.W_out[:] = 1
    before = model.W_in.copy()
    center, context = np.zeros(6400, dtype=int), np.ones(6400, dtype=int)
    _, by_in, _ = model.loss_and_gradients(center, context, np.full((6400, 1), 2))
    word_step(model, center, context, np.full((6400, 1), 2), 0.1)
    assert_equal(before - model.W_in, 0.1 * 64 * by_in, "64 of 6,400 steps", 1e-9)


# ---- bad input

RNG = np.random.default_rng(0)
X23 = np.ones((2, 3))
CODER = Autoencoder(3, 2, "tanh", RNG)
SKIPGRAM, CBOW = SkipGram(4, 2, RNG), Cbow(4, 2, RNG)
BAD = {
    "n_visible": lambda: Autoencoder(0, 2, "tanh", RNG),
    "n_hidden": lambda: Autoencoder(3, 1.5, "tanh", RNG),
    "activation": lambda: Autoencoder(3, 2, "softmax", RNG),
    "rng must": lambda: Autoencoder(3, 2, "tanh", 0),
    "tied": lambda: Autoencoder(3, 2, "tanh", RNG, tied="no"),
    "X must have shape": lambda: CODER.encode(np.ones((2, 4))),
    "X must be finite": lambda: CODER.loss_and_gradients(np.full((2, 3), np.nan)),
    "X must not be empty": lambda: CODER.fit(np.ones((0, 3))),
    "H must have shape": lambda: CODER.decode(np.ones((2, 3))),
    "target": lambda: CODER.loss_and_gradients(X23, np.ones((3, 3))),
    "sparsity": lambda: CODER.loss_and_gradients(X23, sparsity=-1),
    "epochs": lambda: CODER.fit(X23, epochs=0),
    "batch_size must": lambda: CODER.fit(X23, batch_size=0),
    "p must be a finite number.* at most 1": lambda: masking_noise(X23, RNG, 1.5),
    "p must be a finite": lambda: masking_noise(X23, RNG, -0.1),
    "s must": lambda: gaussian_noise(X23, RNG, np.nan),
    "sizes": lambda: stacked_autoencoders(X23, [], "tanh", RNG),
    "optimiser": lambda: stacked_autoencoders(X23, [2], "tanh", RNG, optimiser=SGD(1)),
    "stack must be": lambda: pretrained_network([], 2, RNG),
    r"stack\[1\] must read": lambda: pretrained_network([CODER, CODER], 2, RNG),
    "n_classes": lambda: pretrained_network([CODER], 0, RNG),
    "A must": lambda: principal_angles(np.ones(3), X23),
    "B must": lambda: principal_angles(np.ones((3, 1)), X23),
    "A must have a column": lambda: principal_angles(np.zeros((3, 1)), np.ones((3, 1))),
    "tokens must be a list": lambda: cooccurrence("a b", ["a"], 1),
    "tokens must hold at least": lambda: cooccurrence([], ["a"], 1),
    "tokens must hold words": lambda: cooccurrence([1, 2], ["a"], 1),
    "vocabulary must hold at least": lambda: cooccurrence(["a"], [], 1),
    "vocabulary must hold each": lambda: cooccurrence(["a"], ["a", "a"], 1),
    "window": lambda: cooccurrence(["a"], ["a"], 0),
    "at_least": lambda: build_vocabulary(["a", ""], 2),
    "counts must have shape": lambda: ppmi(np.ones(3)),
    "counts must not be neg": lambda: ppmi(-np.ones((2, 2))),
    "counts must have an entry": lambda: ppmi(np.zeros((2, 2))),
    "counts must be at most": lambda: ppmi(sparse.eye_array(2) * 1e200),
    "counts must be a matrix": lambda: ppmi(sparse.csr_array([[1j, 1]])),
    "matrix must be finite": lambda: svd_vectors(
        sparse.csr_array(X23 * np.inf), 1, RNG
    ),
    "matrix must have an entry": lambda: svd_vectors(np.zeros((3, 3)), 1, RNG),
    "query must be the number": lambda: nearest(X23, np.array(1.0), 1),
    "query must be the number of a row, got True": lambda: nearest(X23, True, 1),
    "query must have a dir": lambda: nearest(X23, np.zeros(3), 1),
    "got one in row 1": lambda: nearest(np.array([[1.0], [0]]), 0, 1),
    "tokens must hold words, got 1": lambda: skipgram_pairs(["a", 1], 1, RNG),
    "window must be at most": lambda: cbow_windows([0, 1], 10**7, RNG),
    "threshold must be larger": lambda: SKIPGRAM.fit(np.array([0, 1]), threshold=1e-12),
    "optimiser must have": lambda: CODER.fit(X23, optimiser=SGD),
    "optimiser must take": lambda: CODER.fit(X23, 500, SGD(1e3)),
    "corrupt must": lambda: CODER.fit(X23, corrupt=3),
    r"corrupt\(X\) must": lambda: CODER.fit(X23, corrupt=lambda x, rng: x[:0]),
    "batch_size": lambda: SKIPGRAM.fit(np.array([0, 1]), batch_size=0),
    "must have the activation tanh": lambda: pretrained_network(
        [CODER, Autoencoder(2, 2, "relu", RNG)], 2, RNG
    ),
    "stack must be a list": lambda: pretrained_network([None], 2, RNG),
    "negatives must be whole numbers": lambda: SKIPGRAM.loss_and_gradients(
        [0, 1], [1, 2], [[2], [1, 2]]
    ),
    "tokens must be whole numbers of shape": lambda: skipgram_pairs(
        np.ma.array([0, 1], mask=[0, 1]), 1, RNG
    ),
    "a row without|row of -1": lambda: cbow_inputs([0], [[-1, -1]], 2),
    "U must": lambda: info_nce([[np.nan, 1]], [[1, 1]], 1.0),
    "temperature must": lambda: info_nce([[1, 1]], [[1, 1]], 0.0),
    "counts must be finite": lambda: ppmi(np.full((2, 2), np.nan)),
    "counts": lambda: ppmi(sparse.csr_array([[np.nan, 1.0]])),
    "shift": lambda: ppmi(np.ones((2, 2)), np.nan),
    "dimension must be below": lambda: svd_vectors(np.eye(3), 3, RNG),
    "vectors must have shape": lambda: nearest(np.ones(3), 0, 1),
    "vectors must have no row": lambda: nearest(np.array([[0.0], [1]]), 1, 1),
    "query must hold": lambda: nearest(X23, 2, 1),
    "query must have shape": lambda: nearest(X23, np.ones(2), 1),
    "k must be at most 1": lambda: nearest(X23, 0, 2),
    "k must be a whole": lambda: nearest(X23, 0, 0),
    "b must": lambda: analogy(np.ones((5, 2)), 0, 5, 1, 1),
    "k must be at most 2": lambda: analogy(np.ones((5, 2)), 0, 2, 1, 3),
    "vocabulary_size": lambda: SkipGram(1, 2, RNG),
    "dimension must be a": lambda: SkipGram(4, 0, RNG),
    "center must hold": lambda: SKIPGRAM.loss_and_gradients([4], [0], [[1]]),
    "center must have": lambda: SKIPGRAM.loss_and_gradients([[0]], [0], [[1]]),
    "center": lambda: SKIPGRAM.loss_and_gradients([], [], np.ones((0, 1))),
    "context must have": lambda: SKIPGRAM.loss_and_gradients([0, 1], [0], [[1]]),
    "context must hold": lambda: SKIPGRAM.loss_and_gradients([0], [-1], [[1]]),
    "context must have a": lambda: CBOW.loss_and_gradients([0], [[-1, -1]], [[1]]),
    "negatives must have": lambda: SKIPGRAM.loss_and_gradients([0], [1], [1]),
    "negatives must hold": lambda: SKIPGRAM.loss_and_gradients([0], [1], [[0.5]]),
    "tokens must have shape": lambda: skipgram_pairs([[0, 1]], 1, RNG),
    "tokens must hold whole": lambda: skipgram_pairs([0, -2], 1, RNG),
    "rng": lambda: skipgram_pairs([0, 1], 1, None),
    "tokens must be numbers": lambda: cbow_windows(["a", "b"], 1, RNG),
    "tokens must hold two": lambda: SKIPGRAM.fit(np.array([0])),
    "tokens must hold at least one": lambda: SKIPGRAM.fit(np.array([-1])),
    "learning_rate": lambda: SKIPGRAM.fit(np.array([0, 1]), learning_rate=0),
    "threshold": lambda: SKIPGRAM.fit(np.array([0, 1]), threshold=0),
    "n_negatives": lambda: SKIPGRAM.fit(np.array([0, 1]), n_negatives=0),
    "target must": lambda: full_softmax(X23, np.ones((4, 3)), [0]),
    "W_out must": lambda: negative_sampling(X23, np.ones((4, 2)), [0, 1], [[0], [1]]),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_named(message):
    with pytest.raises(ValueError, match=message):
        BAD[message]()
