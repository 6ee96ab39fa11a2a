import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import check_grad
from sklearn.linear_model import LogisticRegression

from app.errors import InvalidRequestError
from app.evaluation.probe import _Loss, fit

Cells = tuple[NDArray[np.float64], NDArray[np.int64]]


def clouds(seed: int = 0, classes: int = 4, cells: int = 200) -> Cells:
    """Draw cells of overlapping classes, each of one class and 1 to 5 pixels."""
    rng = np.random.default_rng(seed)
    truth = np.concatenate([np.arange(classes), rng.integers(0, classes, cells - classes)])
    features = rng.standard_normal((classes, 5))[truth] + rng.standard_normal((cells, 5))
    counts = np.zeros((cells, classes), np.int64)
    counts[np.arange(cells), truth] = rng.integers(1, 6, cells)
    return features, counts


@pytest.mark.parametrize("ridge", [0.1, 50.0])
def test_it_is_scikit_learn_s_logistic_regression(ridge: float) -> None:
    """On hard labels weighted by pixels both have the same probabilities."""
    features, counts = clouds()
    pixels = counts.sum(axis=1)
    # scikit-learn's loss is a sum over pixels, ours a mean with a ridge per cell.
    c = len(pixels) / pixels.sum() / ridge
    theirs = LogisticRegression(C=c, tol=1e-8, max_iter=5000)
    theirs.fit(features, counts.argmax(axis=1), sample_weight=pixels)
    probe = fit(features, counts, ridge=ridge, tolerance=1e-8)
    assert probe.converged
    np.testing.assert_allclose(
        probe.probabilities(features), theirs.predict_proba(features), atol=1e-5
    )
    np.testing.assert_array_equal(probe.predict(features), theirs.predict(features))


def test_a_mixed_cell_is_its_pixels() -> None:
    """A cell of several classes trains as one cell for each class would, features repeated."""
    features, counts = clouds(1)
    counts = counts + np.random.default_rng(2).integers(0, 3, counts.shape)
    parts = [np.where(np.arange(4) == k, counts, 0) for k in range(4)]
    apart = np.concatenate(parts)
    repeated = np.tile(features, (4, 1))
    cells, split = len(counts), int(apart.any(axis=1).sum())
    one = fit(features, counts, ridge=1.0, tolerance=1e-9)
    two = fit(repeated, apart, ridge=split / cells, tolerance=1e-9)
    np.testing.assert_allclose(one.weights, two.weights, atol=1e-5)
    np.testing.assert_allclose(one.bias, two.bias, atol=1e-5)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_the_gradient_is_the_loss_s(seed: int) -> None:
    """Finite differences agree with it."""
    rng = np.random.default_rng(seed)
    loss = _Loss(rng.standard_normal((8, 3)), rng.integers(0, 5, (8, 4)) + 1, 0.1)
    at = rng.standard_normal(loss.start().size)
    assert check_grad(lambda p: loss(p)[0], lambda p: loss(p)[1], at) < 1e-5


def test_what_no_label_shows_is_never_predicted() -> None:
    """A class without a pixel has probability 0 everywhere, and the others sum to 1."""
    features, counts = clouds()
    counts[:, 2] = 0
    probe = fit(features, counts)
    probabilities = probe.probabilities(features * 100)
    assert (probabilities[:, 2] == 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert 2 not in probe.predict(features * 100)


def test_a_single_class_is_all_there_is() -> None:
    """One class, or features of no dimension, make a probe of frequencies."""
    features, counts = clouds(classes=1)
    assert fit(features, counts).converged
    assert (fit(features, counts).predict(features) == 0).all()
    _, counts = clouds()
    probe = fit(np.empty((200, 0)), counts)
    share = counts.sum(axis=0) / counts.sum()
    np.testing.assert_allclose(probe.probabilities(np.empty((3, 0))), np.tile(share, (3, 1)))


def test_cells_without_labels_do_not_count() -> None:
    """Unlabelled cells added to a seed change nothing."""
    features, counts = clouds()
    more = np.concatenate([features, 100 * np.ones((5, 5))])
    one = fit(features, counts)
    two = fit(more, np.concatenate([counts, np.zeros((5, 4), np.int64)]))
    np.testing.assert_array_equal(one.weights, two.weights)


def test_no_label_at_all_is_refused() -> None:
    """Labels that show nothing raise."""
    with pytest.raises(InvalidRequestError, match="no cell of these images has any"):
        fit(np.ones((3, 2)), np.zeros((3, 4), np.int64))


def test_the_same_labels_give_the_same_bits() -> None:
    """Training twice gives equal weights, in float32 as it is used."""
    features, counts = clouds(cells=3000)
    one, two = (fit(features.astype(np.float32), counts) for _ in range(2))
    np.testing.assert_array_equal(one.weights, two.weights)
    np.testing.assert_array_equal(one.bias, two.bias)
    assert one.converged


def test_a_probe_says_that_it_is_not_trained() -> None:
    """A limit of iterations that ends training early shows, and so does the gradient."""
    features, counts = clouds()
    early, late = fit(features, counts, max_iterations=2), fit(features, counts)
    assert not early.converged
    assert early.iterations == 2
    assert early.loss > late.loss
    assert early.gradient > late.gradient


def test_single_precision_is_enough() -> None:
    """In float32 the probe is that of float64 within a thousandth of a probability."""
    features, counts = clouds(cells=1000)
    exact, quick = fit(features, counts), fit(features.astype(np.float32), counts)
    np.testing.assert_allclose(
        quick.probabilities(features), exact.probabilities(features), atol=1e-3
    )
    assert quick.probabilities(features.astype(np.float32)).dtype == np.float32
