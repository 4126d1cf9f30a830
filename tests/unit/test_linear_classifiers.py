"""Chapter 1: properties on random inputs, parity with other software, edge cases."""

import itertools
import math
import re

import numpy as np
import pytest
import quadprog
import scipy.optimize
import scipy.sparse
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import polynomial_kernel as sklearn_polynomial
from sklearn.metrics.pairwise import rbf_kernel as sklearn_rbf
from sklearn.naive_bayes import MultinomialNB
from sklearn.svm import SVC

from tutorial_utils import datasets
from tutorial_utils.linear_classifiers import (
    _sparse_gram,
    append_constant,
    averaged_perceptron,
    bag_of_words,
    binary_log_loss,
    binary_log_loss_gradient,
    binary_logistic_descent,
    build_vocabulary,
    class_probabilities,
    difference_vectors,
    feature_evidence,
    gradient_descent,
    joint_features,
    kernel_perceptron,
    kernel_score,
    kernel_svm,
    least_squares,
    logistic_gradient,
    logistic_loss,
    logistic_regression,
    margin,
    maximum_margin,
    mistake_bound,
    naive_bayes,
    nonnegative_least_squares,
    norm_bounds,
    one_vs_all,
    perceptron,
    polynomial_features,
    polynomial_kernel,
    predict,
    radius,
    rbf_kernel,
    sparse_perceptron,
    stochastic_gradient_descent,
    support_vector_machine,
    svm_subgradient_descent,
)

seeds = st.integers(0, 2**32 - 1)
words = st.lists(
    st.sampled_from(["the", "a", "bat", "ball", "court", "judge"]), max_size=9
)


@st.composite
def separable_data(draw):
    """A random separable data set, with its number of classes and a separator."""
    rng = np.random.default_rng(draw(seeds))
    n, n_features = draw(st.integers(1, 25)), draw(st.integers(1, 5))
    n_classes = draw(st.integers(2, 4))
    if n_features == 1:
        n_classes = 2  # on a line through the origin, more classes may have no region
    X, y, U = datasets.separable_classes(rng, n, n_features, n_classes, margin=0.02)
    return X, y, n_classes, U


@st.composite
def any_data(draw):
    """Small whole-number data, often not separable, full of ties and repetitions."""
    n, n_features = draw(st.integers(1, 8)), draw(st.integers(1, 3))
    n_classes = draw(st.integers(2, 4))
    entries = st.lists(st.integers(-2, 2), min_size=n_features, max_size=n_features)
    X = np.array(draw(st.lists(entries, min_size=n, max_size=n)), dtype=float)
    y = draw(st.lists(st.integers(0, n_classes - 1), min_size=n, max_size=n))
    return X, np.array(y), n_classes


def perceptron_of_the_slide(X, y, n_classes, max_epochs):
    """The algorithm on joint feature vectors, as plainly as it can be written."""
    w = np.zeros(n_classes * X.shape[1])
    mistakes = 0
    for _ in range(max_epochs):
        clean = True
        for x, right in zip(X, y, strict=True):
            scores = [w @ joint_features(x, k, n_classes) for k in range(n_classes)]
            guess = scores.index(max(scores))
            if guess != right:
                w += joint_features(x, right, n_classes)
                w -= joint_features(x, guess, n_classes)
                mistakes, clean = mistakes + 1, False
        if clean:
            return w, mistakes, True
    return w, mistakes, False


@given(st.lists(words, min_size=1, max_size=6), st.integers(1, 3))
def test_bag_of_words_against_scikit_learn(documents, min_documents):
    occurring = {w for d in documents for w in d}
    assume(any(sum(w in d for d in documents) >= min_documents for w in occurring))
    reference = CountVectorizer(token_pattern=r"\S+", min_df=min_documents)
    expected = reference.fit_transform(map(" ".join, documents)).toarray()
    vocabulary = build_vocabulary(documents, min_documents)
    assert vocabulary == list(reference.get_feature_names_out())
    np.testing.assert_array_equal(bag_of_words(documents, vocabulary), expected)


def test_bag_of_words_keeps_the_order_of_the_vocabulary_and_ignores_the_unknown():
    counts = bag_of_words([["b", "x", "b"], []], ["c", "b"])
    np.testing.assert_array_equal(counts, [[0, 2], [0, 0]])
    assert counts.dtype == np.float64


@given(seeds, st.integers(1, 5), st.integers(1, 5))
def test_joint_score_is_a_row_of_the_weight_matrix(seed, n_classes, n_features):
    rng = np.random.default_rng(seed)
    W, x = rng.normal(size=(n_classes, n_features)), rng.normal(size=n_features)
    for y in range(n_classes):
        phi = joint_features(x, y, n_classes)
        assert phi.shape == (n_classes * n_features,)
        assert phi @ W.ravel() == pytest.approx(W[y] @ x, rel=1e-12, abs=1e-12)
        np.testing.assert_array_equal(phi.reshape(n_classes, -1)[y], x)


def test_predict_gives_ties_to_the_lowest_class():
    W = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
    assert predict(W, [[1, 1], [2, 1], [0, 0]]).tolist() == [0, 1, 0]


def test_append_constant_leaves_its_argument_alone():
    X = np.arange(4.0).reshape(2, 2)
    np.testing.assert_array_equal(append_constant(X), [[0, 1, 1], [2, 3, 1]])
    np.testing.assert_array_equal(X, [[0, 1], [2, 3]])


@given(any_data(), st.integers(1, 6))
def test_perceptron_is_the_slides_algorithm(data, max_epochs):
    X, y, n_classes = data
    run = perceptron(X, y, n_classes, max_epochs)
    w, mistakes, converged = perceptron_of_the_slide(X, y, n_classes, max_epochs)
    np.testing.assert_array_equal(run.weights.ravel(), w)
    assert (run.mistakes, run.converged, run.trace) == (mistakes, converged, None)


@given(
    seeds, st.integers(1, 4), st.integers(1, 5), st.sampled_from(["csr", "csc", "coo"])
)
def test_sparse_perceptron_is_the_perceptron(seed, n_classes, max_epochs, form):
    rng = np.random.default_rng(seed)
    n, D = rng.integers(1, 12, size=2)
    X = rng.integers(-2, 3, size=(n, D)) * (rng.random((n, D)) < 0.4)
    y = rng.integers(n_classes, size=n)
    X_sparse = scipy.sparse.coo_array(X).asformat(form)
    for order in (None, 1 + seed):
        rng, same = (order and np.random.default_rng(order) for _ in range(2))
        dense = perceptron(X, y, n_classes, max_epochs, rng=rng)
        run = sparse_perceptron(X_sparse, y, n_classes, max_epochs, rng=same)
        np.testing.assert_array_equal(run.weights, dense.weights)
        found = (run.mistakes, run.converged, run.trace)
        assert found == (dense.mistakes, dense.converged, None)


def test_sparse_perceptron_adds_up_places_that_are_stored_twice():
    parts = ([1.0, 1.0, 2.0, 0.0], ([0, 0, 1, 0], [1, 1, 0, 0]))
    X = scipy.sparse.csr_array(scipy.sparse.coo_array(parts, shape=(2, 2)))
    twice = scipy.sparse.csr_array(
        (np.array([1.0, 1.0, 2.0]), np.array([1, 1, 0]), np.array([0, 2, 3]))
    )
    kept = twice.data.copy()
    run = sparse_perceptron(twice, [1, 0], 2, 10)
    np.testing.assert_array_equal(twice.data, kept)
    assert twice.nnz == 3, "the argument was changed"
    small = scipy.sparse.coo_array(
        (np.int8([100, 100]), ([0, 0], [0, 0])), shape=(1, 1)
    )
    assert sparse_perceptron(small, [1], 2, 1).weights.tolist() == [[-200], [200]]
    for other in (
        sparse_perceptron(X, [1, 0], 2, 10),
        perceptron(X.todense(), [1, 0], 2, 10),
    ):
        np.testing.assert_array_equal(run.weights, other.weights)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.eye(2), "X must be a sparse matrix of numbers (N, D), got ndarray"),
        ([[1, 0]], "got list"),
        (scipy.sparse.csr_array((0, 3)), "got float64 of shape (0, 3)"),
        (scipy.sparse.csr_array((2, 0)), "got float64 of shape (2, 0)"),
        (scipy.sparse.coo_array(np.ones(3)), "got float64 of shape (3,)"),
        (scipy.sparse.csr_array(np.eye(2) * 1j), "got complex128 of shape (2, 2)"),
        (
            scipy.sparse.csr_array([[np.nan, 1], [0, 1]]),
            "the entries of X must be finite",
        ),
    ],
    ids=["dense", "list", "no rows", "no columns", "one axis", "complex", "NaN"],
)
def test_sparse_perceptron_refuses(X, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        sparse_perceptron(X, [0, 1], 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"y": [0]}, "y must have one label for each of 2 rows"),
        ({"y": [0, 2]}, "y must hold whole numbers from 0 to 1"),
        ({"n_classes": 0}, "n_classes must be"),
        ({"max_epochs": 0}, "max_epochs must be"),
        ({"rng": 3}, "rng must be a numpy Generator"),
    ],
    ids=["too few", "out of range", "no class", "no epoch", "no generator"],
)
def test_sparse_perceptron_checks_its_other_arguments(options, message):
    arguments = {"X": scipy.sparse.csr_array(np.eye(2)), "y": [0, 1], "n_classes": 2}
    with pytest.raises(ValueError, match=message):
        sparse_perceptron(**arguments | options)


@given(any_data(), seeds)
def test_trace_holds_the_weights_after_each_mistake(data, seed):
    X, y, n_classes = data
    rng = np.random.default_rng(seed)
    run = perceptron(X, y, n_classes, 5, rng=rng, keep_trace=True)
    assert run.trace.shape == (run.mistakes + 1, n_classes, X.shape[1])
    assert not run.trace[0].any()
    np.testing.assert_array_equal(run.trace[-1], run.weights)
    possible = {tuple(d) for d in difference_vectors(X, y, n_classes)}
    steps = np.diff(run.trace.reshape(run.mistakes + 1, -1), axis=0)
    assert all(tuple(step) in possible for step in steps)


@given(data=any_data(), seed=seeds)
def test_the_examples_of_the_mistakes_are_those_of_the_trace(data, seed):
    X, y, n_classes = data
    rng = np.random.default_rng(seed)
    run = perceptron(X, y, n_classes, 20, rng=rng, keep_trace=True)
    assert run.mistaken.shape == (run.mistakes,)
    for k, n in enumerate(run.mistaken):
        before, after = run.trace[k : k + 2]
        assert (before @ X[n]).argmax() != y[n]
        assert np.array_equal(after[y[n]], before[y[n]] + X[n])
    assert perceptron(X, y, n_classes).mistaken is None


@given(data=any_data(), seed=seeds)
def test_the_norm_lies_between_its_bounds(data, seed):
    X, y, n_classes = data
    rng = np.random.default_rng(seed)
    try:
        _, gamma = maximum_margin(X, y, n_classes)
    except ValueError:
        gamma = 0.0
    run = perceptron(X, y, n_classes, 20, rng=rng, keep_trace=True)
    k = np.arange(run.mistakes + 1)
    lower, upper = norm_bounds(k, gamma, radius(X))
    norms = np.linalg.norm(run.trace, axis=(1, 2))
    assert (lower <= norms * (1 + 1e-9) + 1e-12).all()
    assert (norms <= upper * (1 + 1e-9) + 1e-12).all()
    most = mistake_bound(gamma, radius(X))
    assert run.mistakes <= most * (1 + 1e-9)
    if np.isfinite(most):  # there the two bounds meet
        below, above = norm_bounds([most], gamma, radius(X))
        assert np.isclose(below, above)


@given(
    seed=seeds,
    shape=st.tuples(st.integers(1, 8), st.integers(1, 30)),
    twice=st.booleans(),
    scale=st.sampled_from([1e-6, 1.0, 1e6]),
)
def test_nonnegative_least_squares_against_scipy(seed, shape, twice, scale):
    rng = np.random.default_rng(seed)
    A, b = scale * rng.normal(size=shape), rng.normal(size=shape[0])
    A = np.repeat(A, 2, axis=1) if twice else A
    beta = nonnegative_least_squares(A, b)
    _, cost = scipy.optimize.nnls(A, b)
    assert (beta >= 0).all()
    assert np.isclose(np.linalg.norm(A @ beta - b), cost, rtol=1e-9, atol=1e-9)


def test_nonnegative_least_squares_of_nothing_to_gain():
    assert (nonnegative_least_squares([[1.0, 2.0]], [-1.0]) == 0).all()
    assert (nonnegative_least_squares([[1.0, 2.0]], [0.0]) == 0).all()
    assert (nonnegative_least_squares(np.zeros((2, 3)), [1.0, 1.0]) == 0).all()


def test_shuffling_comes_from_the_generator_alone():
    rng = np.random.default_rng(0)
    X, y = datasets.gaussian_classes(rng, [[0, 0], [1, 1]], 30)
    first, second, ordered = (
        perceptron(X, y, 2, 5, rng=r)
        for r in (np.random.default_rng(1), np.random.default_rng(1), None)
    )
    np.testing.assert_array_equal(first.weights, second.weights)
    assert not np.array_equal(first.weights, ordered.weights)


def test_one_class_in_the_data():
    X = np.eye(3)
    none = perceptron(X, [0, 0, 0], n_classes=2)
    assert (none.mistakes, none.converged) == (0, True)
    assert not none.weights.any()
    some = perceptron(X, [1, 1, 1], n_classes=2)
    assert (some.mistakes, some.converged) == (3, True)


@settings(max_examples=300)
@given(separable_data(), st.one_of(st.none(), seeds))
def test_novikoff_bound(data, seed):
    X, y, n_classes, U = data
    bound = radius(X) ** 2 / margin(U, X, y) ** 2
    rng = None if seed is None else np.random.default_rng(seed)
    run = perceptron(X, y, n_classes, int(bound) + 2, rng=rng, keep_trace=True)
    assert run.converged
    assert run.mistakes <= bound * (1 + 1e-12)
    k = np.arange(run.mistakes + 1)
    flat = run.trace.reshape(len(k), -1)
    assert (flat @ U.ravel() >= k * margin(U, X, y) - 1e-9).all()
    assert ((flat**2).sum(axis=1) <= k * radius(X) ** 2 + 1e-9).all()


def test_novikoff_bound_is_met_by_orthogonal_examples():
    X, y = np.eye(6), np.ones(6, dtype=int)
    _, gamma = maximum_margin(X, y, 2)
    assert perceptron(X, y, 2).mistakes == 6
    assert radius(X) ** 2 / gamma**2 == pytest.approx(6, rel=1e-10)


@given(any_data(), seeds)
def test_margin_and_radius_by_their_definitions(data, seed):
    X, y, n_classes = data
    W = np.random.default_rng(seed).normal(size=(n_classes, X.shape[1]))
    phi = [[joint_features(x, k, n_classes) for k in range(n_classes)] for x in X]
    pairs = [
        (n, k)
        for n, k in itertools.product(range(len(X)), range(n_classes))
        if k != y[n]
    ]
    d = np.array([phi[n][y[n]] - phi[n][k] for n, k in pairs])
    np.testing.assert_array_equal(difference_vectors(X, y, n_classes), d)
    leads = d @ W.ravel() / np.linalg.norm(W)
    assert margin(W, X, y) == pytest.approx(leads.min(), rel=1e-9, abs=1e-12)
    assert margin(7 * W, X, y) == pytest.approx(margin(W, X, y), rel=1e-9, abs=1e-12)
    assert radius(X) == pytest.approx(np.linalg.norm(d, axis=1).max(), rel=1e-12)


@given(separable_data())
def test_maximum_margin_against_a_quadratic_program_solver(data):
    X, y, n_classes, U = data
    W, gamma = maximum_margin(X, y, n_classes)
    d = difference_vectors(X, y, n_classes)
    identity = np.eye(W.size)
    w = quadprog.solve_qp(identity, np.zeros(W.size), d.T, np.ones(len(d)))[0]
    assert gamma == pytest.approx(1 / np.linalg.norm(w), rel=1e-7)
    np.testing.assert_allclose(W.ravel(), w / np.linalg.norm(w), atol=1e-6)
    assert gamma == pytest.approx(margin(W, X, y), rel=1e-12)
    assert np.linalg.norm(W) == pytest.approx(1, rel=1e-12)
    assert gamma >= margin(U, X, y) - 1e-12


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("gap", [1e-6, 1e-3, 1.0])
def test_maximum_margin_over_scales(scale, gap):
    X = scale * np.array([[1.0, gap], [1.0, -gap]])
    W, gamma = maximum_margin(X, [0, 1], 2)
    # Only the second feature tells the classes apart.
    assert gamma == pytest.approx(np.sqrt(2) * scale * gap, rel=1e-6)


@given(any_data())
def test_maximum_margin_exists_unless_the_hull_holds_zero(data):
    X, y, n_classes = data
    d = difference_vectors(X, y, n_classes)
    hull_holds_zero = scipy.optimize.linprog(
        np.zeros(len(d)),
        A_eq=np.vstack([d.T, np.ones(len(d))]),
        b_eq=np.append(np.zeros(d.shape[1]), 1),
    )
    if hull_holds_zero.status == 0:
        with pytest.raises(ValueError, match="linearly separable"):
            maximum_margin(X, y, n_classes)
    else:
        W, gamma = maximum_margin(X, y, n_classes)
        np.testing.assert_array_equal(predict(W, X), y)
        assert perceptron(X, y, n_classes, int(radius(X) ** 2 / gamma**2) + 2).converged


@pytest.mark.parametrize(
    ("name", "separable"), [("or", True), ("and", True), ("xor", False)]
)
def test_boolean_functions(name, separable):
    X, y = datasets.boolean_function(name)
    X = append_constant(X)
    assert perceptron(X, y, 2).converged == separable
    if separable:
        assert maximum_margin(X, y, 2)[1] > 0
    else:
        with pytest.raises(ValueError, match="linearly separable"):
            maximum_margin(X, y, 2)


def test_one_vs_all_asks_one_question_a_class():
    asked = []

    def fit(X, signs):
        asked.append(signs.tolist())
        return signs @ X

    X = np.arange(6.0).reshape(3, 2)
    W = one_vs_all(fit, X, [2, 0, 1], 3)
    assert asked == [[-1, 1, -1], [-1, -1, 1], [1, -1, -1]]
    np.testing.assert_array_equal(W, np.array(asked) @ X)


def test_one_vs_all_is_not_fooled_by_a_trainer_with_one_buffer():
    X, buffer = np.eye(2), np.zeros(2)

    def fit(X, signs):
        buffer[:] = signs
        X[:] = 0
        return buffer

    W = one_vs_all(fit, X, [0, 1], 2)
    np.testing.assert_array_equal(W, [[1, -1], [-1, 1]])
    np.testing.assert_array_equal(X, np.eye(2))


def test_documents_may_come_from_a_generator():
    documents = ((word for word in text.split()) for text in ("a b a", "b"))
    np.testing.assert_array_equal(bag_of_words(documents, ["a", "b"]), [[2, 1], [0, 1]])


def test_margin_does_not_depend_on_the_scale_of_the_weights():
    X, y, U = datasets.separable_classes(np.random.default_rng(3), 20, 3, 3, 0.05)
    for scale in (1e-200, 1e-3, 1e140):
        assert margin(scale * U, X, y) == pytest.approx(margin(U, X, y), rel=1e-12)


def test_arguments_are_not_modified():
    X, y, U = datasets.separable_classes(np.random.default_rng(0), 20, 3, 3, 0.05)
    before = X.copy(), y.copy(), U.copy()
    perceptron(X, y, 3)
    maximum_margin(X, y, 3)
    margin(U, X, y)
    predict(U, X)
    for array, copy in zip((X, y, U), before, strict=True):
        np.testing.assert_array_equal(array, copy)


X_OK, Y_OK = np.eye(2), np.array([0, 1])
X_NAN = np.array([[1.0, np.nan], [0.0, 1.0]])


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda: bag_of_words([], ["a"]), "documents"),
        (lambda: bag_of_words("a b", ["a"]), "documents"),
        (lambda: bag_of_words(["a b"], ["a"]), "documents"),
        (lambda: bag_of_words([[1, 2]], ["a"]), "documents"),
        (lambda: bag_of_words(None, ["a"]), "documents"),
        (lambda: bag_of_words([None], ["a"]), "documents"),
        (lambda: bag_of_words([["a"]], 3), "vocabulary"),
        (lambda: joint_features([1.0], [0], 2), "y"),
        (lambda: joint_features([1.0], None, 2), "y"),
        (lambda: predict([["1", "2"]], X_OK), "W"),
        (lambda: perceptron(X_OK * 1j, Y_OK, 2), "X"),
        (lambda: perceptron(None, Y_OK, 2), "X"),
        (lambda: perceptron([[1, 2], [3]], Y_OK, 2), "X"),
        (lambda: perceptron([[10**400, 1]], [0], 2), "X"),
        (lambda: perceptron(X_OK * 1e200, Y_OK, 2), "X"),
        (lambda: perceptron(np.ma.masked_array(X_OK, mask=X_OK > 0), Y_OK, 2), "X"),
        (lambda: perceptron(X_OK, [1e100, 0], 2), "y"),
        (lambda: one_vs_all(None, X_OK, Y_OK, 2), "fit"),
        (lambda: bag_of_words([["a"]], []), "vocabulary"),
        (lambda: bag_of_words([["a"]], ["a", "a"]), "vocabulary"),
        (lambda: build_vocabulary([["a"]], 0), "min_documents"),
        (lambda: joint_features([[1.0]], 0, 2), "x"),
        (lambda: joint_features([np.nan], 0, 2), "x"),
        (lambda: joint_features([1.0], 2, 2), "y"),
        (lambda: joint_features([1.0], -1, 2), "y"),
        (lambda: joint_features([1.0], 0, 0), "n_classes"),
        (lambda: predict(np.eye(2), np.eye(3)), "X"),
        (lambda: predict(np.eye(2)[0], X_OK), "W"),
        (lambda: predict(np.eye(2), X_NAN), "X"),
        (lambda: append_constant([1.0, 2.0]), "X"),
        (lambda: perceptron(X_OK[0], Y_OK, 2), "X"),
        (lambda: perceptron(X_NAN, Y_OK, 2), "X"),
        (lambda: perceptron(np.empty((0, 2)), [], 2), "X"),
        (lambda: perceptron(X_OK, [0], 2), "y"),
        (lambda: perceptron(X_OK, [0, 2], 2), "y"),
        (lambda: perceptron(X_OK, [0, 0.5], 2), "y"),
        (lambda: perceptron(X_OK, Y_OK, 2, max_epochs=0), "max_epochs"),
        (lambda: perceptron(X_OK, Y_OK, 2, rng=3), "rng"),
        (lambda: margin(np.zeros((2, 2)), X_OK, Y_OK), "W"),
        (lambda: margin(np.ones((1, 2)), X_OK, [0, 0]), "W"),
        (lambda: margin(np.eye(2), X_OK, [0, 5]), "y"),
        (lambda: radius([]), "X"),
        (lambda: radius(X_NAN), "X"),
        (lambda: difference_vectors(X_OK, [0, 0], 1), "n_classes"),
        (lambda: maximum_margin(X_OK, [0, 0, 1], 2), "y"),
        (lambda: maximum_margin(np.zeros((2, 2)), Y_OK, 2), "X and y"),
        (lambda: one_vs_all(lambda X, s: np.ones(3), X_OK, Y_OK, 2), "result of fit"),
        (lambda: one_vs_all(lambda X, s: s @ X, X_OK, [0, 9], 2), "y"),
    ],
)
def test_bad_input_is_named(call, names):
    with pytest.raises(ValueError, match=rf"^(the )?{names}.* (must|got) "):
        call()


# ---- logistic regression


def some_logistic_problem(seed):
    rng = np.random.default_rng(seed)
    n_classes, n_features = rng.integers(2, 5), rng.integers(1, 5)
    X = rng.normal(size=(12, n_features))
    y = rng.integers(n_classes, size=12)
    return rng, X, y, int(n_classes)


@given(seeds)
def test_logistic_gradient_against_differences_and_torch(seed):
    rng, X, y, n_classes = some_logistic_problem(seed)
    W, l2 = rng.normal(size=(n_classes, X.shape[1])), rng.uniform(0, 1)
    numerical = np.empty_like(W)
    for at in np.ndindex(W.shape):
        step = np.zeros_like(W)
        step[at] = 1e-5
        rise = logistic_loss(W + step, X, y, l2) - logistic_loss(W - step, X, y, l2)
        numerical[at] = rise / 2e-5
    gradient = logistic_gradient(W, X, y, l2)
    assert np.linalg.norm(gradient - numerical) <= 1e-7 * np.linalg.norm(gradient)
    weights = torch.tensor(W, requires_grad=True)
    loss = torch.nn.functional.cross_entropy(
        torch.tensor(X) @ weights.T, torch.tensor(y)
    )
    loss = loss + l2 / 2 * (weights**2).sum()
    loss.backward()
    assert logistic_loss(W, X, y, l2) == pytest.approx(loss.item(), rel=1e-12)
    np.testing.assert_allclose(gradient, weights.grad.numpy(), rtol=1e-10, atol=1e-14)


@settings(max_examples=40)
@given(seeds, st.floats(-5, 1))
def test_logistic_regression_against_scikit_learn(seed, exponent):
    rng, X, y, n_classes = some_logistic_problem(seed)
    y[:n_classes] = range(n_classes)  # scikit-learn drops a class that is missing
    l2 = 10.0**exponent
    W = logistic_regression(X, y, n_classes, l2)
    assert np.abs(logistic_gradient(W, X, y, l2)).max() <= 1e-7
    assert np.abs(W.sum(axis=0)).max() <= 1e-6 * (1 + np.abs(W).max())
    reference = LogisticRegression(
        C=1 / (l2 * len(X)), fit_intercept=False, tol=1e-12, max_iter=100_000
    ).fit(X, y)
    coefficients = reference.coef_
    if n_classes == 2:  # one row, with a penalty of its own: compare the loss instead
        coefficients = np.vstack([-coefficients, coefficients]) / 2
        return_loss = logistic_loss(coefficients, X, y, l2)
        assert logistic_loss(W, X, y, l2) <= return_loss + 1e-12
        return
    # The penalty curves the loss by l2 at least, so a slope of s ends within s / l2.
    slopes = (logistic_gradient(weights, X, y, l2) for weights in (W, coefficients))
    room = sum(np.linalg.norm(slope) for slope in slopes) / l2
    assert np.linalg.norm(W - coefficients) <= room + 1e-9
    if l2 >= 0.01:
        np.testing.assert_allclose(W, coefficients, rtol=1e-4, atol=1e-5)


@given(seeds)
def test_no_weights_have_a_lower_logistic_loss(seed):
    rng, X, y, n_classes = some_logistic_problem(seed)
    W = logistic_regression(X, y, n_classes, l2=0.05)
    least = logistic_loss(W, X, y, 0.05)
    for size in (1e-3, 0.1, 10):
        elsewhere = W + size * rng.normal(size=W.shape)
        assert logistic_loss(elsewhere, X, y, 0.05) >= least


def test_logistic_regression_over_scales():
    rng = np.random.default_rng(0)
    X, y = datasets.gaussian_classes(rng, [[-1, 0], [1, 0], [0, 1]], 30)
    W = logistic_regression(X, y, 3, l2=0.01)
    for scale in (1e-6, 1e6):
        scaled = logistic_regression(scale * X, y, 3, l2=0.01 * scale**2)
        np.testing.assert_allclose(scale * scaled, W, rtol=1e-6, atol=1e-8)


def test_without_a_penalty_only_overlapping_data_have_a_minimiser():
    X = append_constant([[-2.0], [-1.0], [1.0], [2.0]])
    W = logistic_regression(X, [0, 1, 0, 1], 2, l2=0)
    assert np.abs(logistic_gradient(W, X, [0, 1, 0, 1], 0)).max() <= 1e-8
    for y in ([0, 0, 1, 1], [1, 1, 1, 1]):
        with pytest.raises(ValueError, match="l2 must be larger"):
            logistic_regression(X, y, 2, l2=0)
    with_a_tie = append_constant([[-2.0], [0.0], [0.0], [2.0]])
    with pytest.raises(ValueError, match="l2 must be larger"):
        logistic_regression(with_a_tie, [0, 0, 1, 1], 2, l2=0)
    with_an_empty_text = [[2.0, 0], [0, 1], [0, 0], [0, 0]]
    with pytest.raises(ValueError, match="l2 must be larger"):
        logistic_regression(with_an_empty_text, [0, 1, 0, 1], 2, l2=0)


@pytest.mark.parametrize("scale", [1e-9, 1e-3, 1e3])
def test_the_sign_survives_a_strong_penalty(scale):
    W = logistic_regression(scale * np.array([[1.0], [-1.0]]), [0, 1], 2, l2=1.0)
    assert W[0, 0] > 0 > W[1, 0]
    if scale < 1e-2:  # the loss is a parabola there
        np.testing.assert_allclose(W[:, 0], [scale / 2, -scale / 2], rtol=1e-5)


@pytest.mark.parametrize("shift", [0, 1e3, 1e6])
def test_svm_follows_a_shift_and_a_scale_of_the_features(shift):
    rng = np.random.default_rng(0)
    y = rng.choice([-1, 1], size=60)
    X = rng.normal(size=(60, 2)) + 0.7 * y[:, None]
    plain = support_vector_machine(X, y, 1.0)
    moved = support_vector_machine(X + shift, y, 1.0)
    np.testing.assert_allclose(moved.weights, plain.weights, rtol=1e-6)
    scaled = support_vector_machine(1e5 * X, y, 1e-10)
    np.testing.assert_allclose(1e5 * scaled.weights, plain.weights, rtol=1e-6)
    np.testing.assert_allclose(1e10 * scaled.dual, plain.dual, atol=1e-6)


def test_svm_refuses_what_is_beyond_rounding():
    X = 1e8 * np.array([[0.0], [1.0], [2.0], [3.0]])
    with pytest.raises(ValueError, match="C must be smaller"):
        support_vector_machine(X, [1, -1, 1, -1], C=1.0)


def test_single_precision_is_taken_without_a_warning():
    X = np.eye(2, dtype=np.float32)
    assert support_vector_machine(X, [1, -1], 1.0).weights.dtype == np.float64
    assert logistic_regression(X, [0, 1], 2, 0.1).shape == (2, 2)


def test_probabilities_sum_to_one_at_huge_scores():
    P = class_probabilities(np.array([[1e4], [0.0], [-1e4]]), np.array([[1.0], [-1.0]]))
    np.testing.assert_array_equal(P, [[1, 0, 0], [0, 0, 1]])
    loss = logistic_loss(np.array([[1e4], [-1e4]]), np.array([[1.0]]), [1], 0)
    assert loss == pytest.approx(2e4)


# ---- support vector machine


@st.composite
def two_classes(draw):
    """Two classes with labels ±1, apart or overlapping, sometimes on a grid."""
    rng = np.random.default_rng(draw(seeds))
    n, n_features = draw(st.integers(2, 40)), draw(st.integers(1, 6))
    y = rng.choice([-1, 1], size=n)
    y[:2] = -1, 1
    X = rng.normal(size=(n, n_features)) + draw(st.floats(0, 3)) * y[:, None]
    if draw(st.booleans()):
        X = np.round(X)  # ties and repeated points
    return X, y, 10.0 ** draw(st.floats(-3, 4))


@settings(max_examples=300)
@given(two_classes())
def test_svm_closes_the_gap_between_primal_and_dual(data):
    X, y, C = data
    machine = support_vector_machine(X, y, C)
    w, b, dual = machine.weights, machine.bias, machine.dual
    assert (dual >= 0).all()
    assert (dual <= C).all()
    assert abs(dual @ y) <= 1e-9 * (1 + dual.sum())
    np.testing.assert_allclose(w, (dual * y) @ X, atol=1e-9 * (1 + dual.sum()))
    np.testing.assert_array_equal(machine.support, np.flatnonzero(dual > 0))
    primal = w @ w / 2 + C * np.maximum(0, 1 - y * (X @ w + b)).sum()
    gap = primal - (dual.sum() - w @ w / 2)
    assert abs(gap) <= 1e-7 * (1 + primal)


@settings(max_examples=60)
@given(two_classes())
def test_svm_against_a_quadratic_program_solver(data):
    X, y, C = data
    C = min(C, 100.0)
    N, D = X.shape
    # Variables w, b, slack; a trace of curvature in b and slack, which quadprog needs.
    curvature = np.diag([1.0] * D + [1e-9] * (1 + N))
    slope = np.append(np.zeros(D + 1), -C * np.ones(N))
    leads = np.column_stack([y[:, None] * X, y, np.eye(N)])
    slacks = np.column_stack([np.zeros((N, D + 1)), np.eye(N)])
    bounds = np.append(np.ones(N), np.zeros(N))
    try:
        solution = quadprog.solve_qp(
            curvature, slope, np.vstack([leads, slacks]).T, bounds
        )[0]
    except ValueError:  # the solver gives up on some of these
        assume(False)
    machine = support_vector_machine(X, y, C)

    def objective(w, b):
        return w @ w / 2 + C * np.maximum(0, 1 - y * (X @ w + b)).sum()

    ours = objective(machine.weights, machine.bias)
    theirs = objective(solution[:D], solution[D])
    assert ours <= theirs * (1 + 1e-6) + 1e-6
    if abs(ours - theirs) <= 1e-9 * (1 + ours):
        # The objective grows at least like half the squared distance of the weights.
        near = np.sqrt(1e-8 * (1 + ours))
        np.testing.assert_allclose(machine.weights, solution[:D], rtol=0, atol=near)


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("n_features", [1, 2, 7])
def test_svm_against_scikit_learn(C, n_features):
    rng = np.random.default_rng(n_features)
    y = rng.choice([-1, 1], size=60)
    X = rng.normal(size=(60, n_features)) + 0.7 * y[:, None]
    machine = support_vector_machine(X, y, C)
    reference = SVC(kernel="linear", C=C, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(machine.weights, reference.coef_[0], rtol=1e-3)
    assert machine.bias == pytest.approx(reference.intercept_[0], abs=1e-3)
    np.testing.assert_array_equal(machine.support, np.sort(reference.support_))


def test_a_high_price_gives_the_widest_street():
    X = np.array([[0.0, 0.0], [0.0, 1.0], [3.0, 0.0], [4.0, 1.0]])
    machine = support_vector_machine(X, [-1, -1, 1, 1], C=1e6)
    np.testing.assert_allclose(machine.weights, [2 / 3, 0], atol=1e-9)
    assert machine.bias == pytest.approx(-1)
    assert machine.support.tolist()[-1] == 2


def test_svm_leaves_its_arguments_alone():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)), np.repeat([-1, 1], 10)
    X_before, y_before = X.copy(), y.copy()
    support_vector_machine(X, y, 1.0)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


# ---- naive Bayes


@given(seeds, st.integers(1, 5), st.floats(0.01, 5))
def test_naive_bayes_against_scikit_learn(seed, n_features, smoothing):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(1.0, size=(12, n_features))
    y = np.append([0, 1, 2], rng.integers(3, size=9))
    log_prior, log_likelihood = naive_bayes(counts, y, 3, smoothing)
    reference = MultinomialNB(alpha=smoothing).fit(counts, y)
    np.testing.assert_allclose(log_prior, reference.class_log_prior_, rtol=1e-12)
    np.testing.assert_allclose(
        log_likelihood, reference.feature_log_prob_, rtol=1e-10, atol=1e-12
    )
    np.testing.assert_allclose(np.exp(log_likelihood).sum(axis=1), 1)


@pytest.mark.filterwarnings("error")
def test_naive_bayes_of_a_class_without_texts():
    log_prior, log_likelihood = naive_bayes([[1, 2], [3, 0]], [0, 0], 2)
    assert log_prior.tolist() == [0, -np.inf]
    np.testing.assert_allclose(np.exp(log_likelihood), [[5 / 8, 3 / 8], [0.5, 0.5]])


def test_naive_bayes_without_smoothing_is_the_share_of_each_word():
    _, log_likelihood = naive_bayes([[1, 3], [2, 2]], [0, 1], 2, smoothing=0)
    np.testing.assert_allclose(np.exp(log_likelihood), [[0.25, 0.75], [0.5, 0.5]])
    with pytest.raises(ValueError, match="smoothing must be above 0"):
        naive_bayes([[1, 0], [2, 2]], [0, 1], 2, smoothing=0)


# ---- kernels


@given(seeds, st.integers(1, 4), st.integers(1, 5), st.floats(0, 3))
def test_polynomial_kernel_is_the_dot_product_of_its_features(seed, D, degree, offset):
    rng = np.random.default_rng(seed)
    X, Z = rng.normal(size=(5, D)), rng.normal(size=(3, D))
    K = polynomial_kernel(X, Z, degree, offset)
    features, others = (polynomial_features(A, degree, offset) for A in (X, Z))
    assert features.shape == (5, math.comb(D + degree, degree))
    scale = np.linalg.norm(features) * np.linalg.norm(others)
    np.testing.assert_allclose(features @ others.T, K, atol=1e-12 * scale)
    np.testing.assert_allclose(
        K, sklearn_polynomial(X, Z, degree=degree, gamma=1, coef0=offset), rtol=1e-10
    )


@given(seeds, st.floats(0.05, 20))
def test_rbf_kernel_against_scikit_learn(seed, width):
    rng = np.random.default_rng(seed)
    X, Z = rng.normal(size=(6, 3)), rng.normal(size=(4, 3))
    K = rbf_kernel(X, Z, width)
    np.testing.assert_allclose(
        K, sklearn_rbf(X, Z, gamma=1 / (2 * width**2)), rtol=1e-9, atol=1e-300
    )
    G = rbf_kernel(X, X, width)
    np.testing.assert_array_equal(G.diagonal(), 1)
    np.testing.assert_array_equal(G, G.T)
    assert np.linalg.eigvalsh(G).min() >= -1e-12


def binary_perceptron(features, y, max_epochs):
    """The plain form, with a mistake at a score of 0."""
    w, counts = np.zeros(features.shape[1]), np.zeros(len(y), dtype=int)
    for _ in range(max_epochs):
        before = counts.copy()
        for n, (x, label) in enumerate(zip(features, y, strict=True)):
            if label * (w @ x) <= 0:
                w += label * x
                counts[n] += 1
        if (counts == before).all():
            break
    return w, counts


@given(any_data(), st.integers(1, 20))
def test_kernel_perceptron_is_the_perceptron(data, max_epochs):
    X, labels, _ = data
    y = np.where(labels == 0, -1, 1)
    w, counts = binary_perceptron(X, y, max_epochs)
    found = kernel_perceptron(X @ X.T, y, max_epochs)
    np.testing.assert_array_equal(found, counts)
    assert found.dtype.kind == "i"
    np.testing.assert_array_equal((found * y) @ X, w)


@given(seeds)
def test_kernel_perceptron_learns_any_labels_within_the_bound(seed):
    rng = np.random.default_rng(seed)
    # On a shaken grid: two points that nearly meet would take very many epochs.
    grid = np.array(list(itertools.product(range(5), repeat=2)))
    X, y = grid + rng.uniform(-0.3, 0.3, size=(25, 2)), rng.choice([-1, 1], size=25)
    G = rbf_kernel(X, X, 0.3)
    counts = kernel_perceptron(G, y, max_epochs=10_000)
    assert (y * (G @ (counts * y)) > 0).all()
    assert counts.sum() <= y @ np.linalg.solve(G, y) * (1 + 1e-9)


def test_kernel_perceptron_needs_one_mistake_on_one_example():
    assert kernel_perceptron([[2.0]], [-1]).tolist() == [1]
    assert kernel_perceptron([[0.0]], [1], max_epochs=7).tolist() == [7]


two, signs = [[0.0, 1.0], [1.0, 0.0]], [1, -1]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: class_probabilities([1.0], two), "W must have shape"),
        (lambda: class_probabilities(two, [[1.0]]), "X must have shape"),
        (lambda: logistic_loss(two, two, [0, 2], 0.1), "y must hold whole numbers"),
        (lambda: logistic_gradient(two, two, [0], 0.1), "y must have shape"),
        (lambda: logistic_regression(two, [0, 1], 2, -1), "l2 must .* at least 0"),
        (lambda: logistic_regression(two, [0, 1], 2, np.nan), "l2 must"),
        (lambda: logistic_regression([[np.nan]], [0], 2, 1), "X must be finite"),
        (lambda: logistic_regression([], [], 2, 1), "X must"),
        (lambda: logistic_regression(two, [0, 2], 2, 1), "y must hold whole numbers"),
        (lambda: support_vector_machine(two, [0, 1], 1), "y must hold -1 and 1 only"),
        (lambda: support_vector_machine(two, [1, 1], 1), "y must hold both labels"),
        (lambda: support_vector_machine(two, [1], 1), "y must have shape"),
        (lambda: support_vector_machine(two, signs, 0), "C must .* above 0"),
        (lambda: support_vector_machine(two, signs, np.inf), "C must"),
        (
            lambda: naive_bayes([[-1.0]], [0], 1),
            "counts must hold numbers of at least 0",
        ),
        (lambda: naive_bayes([[1.0]], [1], 1), "y must hold whole numbers"),
        (lambda: naive_bayes([[1.0]], [0], 1, -1), "smoothing must .* at least 0"),
        (lambda: polynomial_kernel(two, [[1.0]], 2), "Z must have shape"),
        (lambda: polynomial_kernel(two, two, 0), "degree must"),
        (lambda: polynomial_kernel(two, two, 2, -1), "offset must .* at least 0"),
        (lambda: polynomial_features(two, 1.5), "degree must"),
        (lambda: rbf_kernel(two, two, 0), "width must .* above 0"),
        (lambda: rbf_kernel([1.0], two, 1), "X must have shape"),
        (lambda: kernel_perceptron([[1.0, 0.0]], [1]), "K must have shape"),
        (lambda: kernel_perceptron([[1, 2], [0, 1]], signs), "K must be symmetric"),
        (lambda: kernel_perceptron(two, [1, 0]), "y must hold -1 and 1 only"),
        (lambda: kernel_perceptron(two, signs, 0), "max_epochs must"),
    ],
)
def test_bad_input_to_the_other_learners_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


# ---- features that are mostly zeros take another way to the same answer


def mostly_zeros():
    rng = np.random.default_rng(0)
    X = (rng.random((80, 300)) < 0.02) * rng.integers(1, 4, size=(80, 300))
    assert np.count_nonzero(X) < X.size / 20
    return X.astype(float), rng.integers(3, size=80)


def test_logistic_regression_on_mostly_zeros():
    X, y = mostly_zeros()
    W = logistic_regression(X, y, n_classes=3, l2=0.01)
    gradient = logistic_gradient(W, X, y, l2=0.01)
    np.testing.assert_allclose(gradient, 0, atol=1e-9)
    reference = LogisticRegression(
        C=1 / (0.01 * len(X)), fit_intercept=False, tol=1e-12, max_iter=100_000
    ).fit(X, y)
    np.testing.assert_allclose(W, reference.coef_, rtol=1e-4, atol=1e-5)


def test_support_vector_machine_on_mostly_zeros():
    X, y = mostly_zeros()
    signs = np.where(y == 0, 1, -1)
    machine = support_vector_machine(X, signs, C=0.3)
    reference = SVC(kernel="linear", C=0.3, tol=1e-10).fit(X, signs)
    np.testing.assert_allclose(machine.weights, reference.coef_[0], atol=1e-6)
    assert machine.bias == pytest.approx(reference.intercept_[0], abs=1e-6)


def test_the_sparse_gram_matrix_is_centred():
    """The machine's solution does not tell: its coefficients add up to zero."""
    X = np.random.default_rng(0).poisson(0.05, size=(30, 50)).astype(float)
    centre = X.mean(axis=0)
    expected = (X - centre) @ (X - centre).T
    np.testing.assert_allclose(_sparse_gram(X, centre), expected, atol=1e-12)


def test_one_vs_all_gives_each_trainer_the_inputs_as_they_were():
    X = np.random.default_rng(0).normal(size=(6, 3))
    seen = []

    def in_place(X, signs):
        seen.append(X.copy())
        X *= 0
        return np.ones(3)

    one_vs_all(in_place, X, np.array([0, 1, 2, 0, 1, 2]), 3)
    for inputs in seen:
        np.testing.assert_array_equal(inputs, X)


def test_one_class_needs_no_penalty():
    X = np.random.default_rng(0).normal(size=(5, 3))
    for l2 in (0, 0.1):
        W = logistic_regression(X, np.zeros(5, int), 1, l2)
        np.testing.assert_array_equal(W, np.zeros((1, 3)))


def test_a_gram_matrix_in_half_or_single_precision_is_symmetric_enough():
    X = np.random.default_rng(0).normal(size=(30, 4))
    y = np.where(X[:, 0] > 0, 1, -1)
    exact = X @ X.T
    for kind in (np.float16, np.float32):
        K = exact.astype(kind)
        K[np.triu_indices(30)] = np.nextafter(K, kind(np.inf))[np.triu_indices(30)]
        assert kernel_perceptron(K, y).shape == (30,)
    with pytest.raises(ValueError, match="K must be symmetric"):
        kernel_perceptron(exact + np.triu(np.full((30, 30), 1e-3)), y)


# ---- what the lesson trains by


@given(seeds, st.integers(1, 4), st.integers(0, 20))
def test_least_squares_against_numpy(seed, D, more):
    rng = np.random.default_rng(seed)
    X, t = rng.normal(size=(D + more, D)), rng.normal(size=D + more)
    assume(np.linalg.cond(X) < 1e4)
    expected = np.linalg.lstsq(X, t, rcond=None)[0]
    np.testing.assert_allclose(least_squares(X, t), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("X", [[[1, 2], [2, 4], [3, 6]], [[1, 2]], [[0.0]]])
def test_least_squares_needs_independent_columns(X):
    with pytest.raises(ValueError, match="X must have independent columns"):
        least_squares(X, np.ones(len(X)))


@given(any_data(), st.integers(1, 4))
def test_the_averaged_perceptron_by_its_definition(data, n_epochs):
    X, y, n_classes = data
    W, after_each = np.zeros((n_classes, X.shape[1])), []
    for _ in range(n_epochs):
        for x, label in zip(X, y, strict=True):
            guess = (W @ x).argmax()
            if guess != label:
                W[label] += x
                W[guess] -= x
            after_each.append(W.copy())
    found = averaged_perceptron(X, y, n_classes, n_epochs)
    np.testing.assert_allclose(found, np.mean(after_each, axis=0), rtol=1e-12)


@given(seeds)
def test_the_binary_loss_is_that_of_two_classes(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(7, 3)), rng.integers(2, size=7)
    w, l2 = rng.normal(size=3), rng.uniform(0, 1)
    W = np.array([-w, w]) / 2  # the difference of its rows is w
    assert np.isclose(binary_log_loss(w, X, y, l2), logistic_loss(W, X, y, 2 * l2))
    gradient = logistic_gradient(W, X, y, 2 * l2)
    found = binary_log_loss_gradient(w, X, y, l2)
    np.testing.assert_allclose(found, (gradient[1] - gradient[0]) / 2, atol=1e-12)
    h = 1e-6 * np.eye(3)
    slopes = [
        (binary_log_loss(w + e, X, y, l2) - binary_log_loss(w - e, X, y, l2)) / 2e-6
        for e in h
    ]
    np.testing.assert_allclose(found, slopes, rtol=1e-6, atol=1e-8)


@pytest.mark.filterwarnings("error")
def test_the_binary_loss_of_huge_scores():
    X, y = np.array([[1.0], [-1.0]]), [0, 1]
    assert binary_log_loss([1e5], X, y, 0) == pytest.approx(1e5)
    assert binary_log_loss([-1e5], X, y, 0) == 0
    assert binary_log_loss_gradient([1e5], X, y, 0) == pytest.approx([1.0])


@settings(max_examples=25)
@given(seeds, st.floats(-2, 0))
def test_descent_ends_at_the_minimum_of_the_solver(seed, exponent):
    rng, l2 = np.random.default_rng(seed), 10.0**exponent
    X, y = rng.uniform(-1, 1, size=(12, 2)), rng.integers(2, size=12)
    y[:2] = 0, 1
    W = logistic_regression(X, y, 2, 2 * l2)

    def gradient(w):
        return binary_log_loss_gradient(w, X, y, l2)

    def of_one(w, n):
        return binary_log_loss_gradient(w, X[[n]], y[[n]], l2)

    w = gradient_descent(gradient, np.zeros(2), 0.5, 3000)
    np.testing.assert_allclose(w, W[1] - W[0], atol=1e-4)
    w_sgd = stochastic_gradient_descent(of_one, np.zeros(2), 12, 0.5, 60, rng)
    above = binary_log_loss(w_sgd, X, y, l2) - binary_log_loss(w, X, y, l2)
    assert -1e-9 < above < 0.03


@settings(max_examples=25)
@given(seeds, st.floats(-1.5, 0.5))
def test_subgradient_descent_comes_close_to_the_machine(seed, exponent):
    rng, C = np.random.default_rng(seed), 10.0**exponent
    y = rng.permutation(np.repeat([-1, 1], 10))
    X = rng.normal(size=(20, 2)) + 0.7 * y[:, None]

    def objective(w, b):
        return w @ w / 2 + C * np.maximum(0, 1 - y * (X @ w + b)).sum()

    machine = support_vector_machine(X, y, C)
    least = objective(machine.weights, machine.bias)
    w, b = svm_subgradient_descent(X, y, C, 1.0, 5000)
    assert least * (1 - 1e-9) <= objective(w, b) <= least * 1.01


@settings(max_examples=60)
@given(two_classes())
def test_the_kernel_machine_is_the_machine_with_the_plain_kernel(data):
    X, y, C = data
    C = min(C, 100.0)
    c, b = kernel_svm(X @ X.T, y, C)
    machine = support_vector_machine(X, y, C)

    def objective(w, b):
        return w @ w / 2 + C * np.maximum(0, 1 - y * (X @ w + b)).sum()

    ours, theirs = objective(c @ X, b), objective(machine.weights, machine.bias)
    assert ours <= theirs * (1 + 1e-6) + 1e-6
    assert (c * y >= -1e-12).all()
    assert (np.abs(c) <= C * (1 + 1e-9)).all()


@pytest.mark.parametrize("width", [0.2, 1.0])
@pytest.mark.parametrize("C", [0.1, 10.0])
def test_the_kernel_machine_against_scikit_learn(width, C):
    rng = np.random.default_rng(3)
    X, labels = datasets.spirals(rng, 30)
    y, new = 2 * labels - 1, rng.uniform(-2, 2, size=(50, 2))
    c, b = kernel_svm(rbf_kernel(X, X, width), y, C)
    reference = SVC(kernel="rbf", gamma=1 / (2 * width**2), C=C, tol=1e-9).fit(X, y)
    scores = rbf_kernel(new, X, width) @ c + b
    np.testing.assert_allclose(scores, reference.decision_function(new), atol=1e-4)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: least_squares(two, [1]), "t must have shape"),
        (lambda: averaged_perceptron(two, [0, 2], 2, 1), "y must hold whole numbers"),
        (lambda: binary_log_loss([1.0], two, [0, 1], 0), "X must have shape"),
        (lambda: binary_log_loss_gradient([1, 1], two, [0, 2], 0), "y must hold whole"),
        (lambda: gradient_descent(None, [0.0], 1, 1), "gradient must be a function"),
        (lambda: gradient_descent(np.sign, [0.0], 0, 1), "rate must .* above 0"),
        (
            lambda: stochastic_gradient_descent(np.sign, [0.0], 1, 1, 1, 3),
            "rng must be a numpy Generator",
        ),
        (lambda: svm_subgradient_descent(two, [0, 1], 1, 1, 1), "y must hold -1 and 1"),
        (lambda: kernel_svm(two, [1, 1], 1), "y must hold both labels"),
        (lambda: kernel_svm([[1, 2], [0, 1]], signs, 1), "K must be symmetric"),
        (lambda: kernel_svm(two, signs, 0), "C must .* above 0"),
    ],
)
def test_bad_input_to_the_trainers_of_the_lesson_is_named(call, says):
    with pytest.raises(ValueError, match=says):
        call()


@given(seeds)
def test_the_evidence_of_the_features_adds_up_to_the_score(seed):
    rng = np.random.default_rng(seed)
    W, x = rng.normal(size=(4, 6)), rng.normal(size=6)
    scores = W @ x
    expected = scores - scores.mean()
    np.testing.assert_allclose(feature_evidence(W, x).sum(axis=1), expected, atol=1e-12)


@given(seeds)
def test_the_score_of_a_kernel_is_that_of_the_sum_of_examples(seed):
    rng = np.random.default_rng(seed)
    X, Z, c = rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), rng.normal(size=5)
    found = kernel_score(Z @ X.T, c, 0.5)
    np.testing.assert_allclose(found, Z @ (c @ X) + 0.5, atol=1e-12)
    with pytest.raises(ValueError, match="coefficients must have shape"):
        kernel_score(Z @ X.T, c[:2])


def test_the_descent_of_two_classes_is_gradient_descent():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(9, 2)), rng.integers(2, size=9)

    def gradient(w):
        return binary_log_loss_gradient(w, X, y, 0.1)

    expected = gradient_descent(gradient, np.zeros(2), 0.7, 20)
    found = binary_logistic_descent(X, y, 0.1, 0.7, 20)
    np.testing.assert_allclose(found, expected, rtol=1e-14)
