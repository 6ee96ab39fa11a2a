import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, jaccard_score

from app.evaluation.scores import confusion, interval, iou, mean_iou, percentile


@given(st.integers(0, 2**32 - 1))
def test_confusion_is_that_of_single_pixels(seed: int) -> None:
    """Counting cells by class gives what scikit-learn counts pixel by pixel."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, (7, 3))
    predicted = rng.integers(0, 3, 7)
    truth = [k for row in counts for k in range(3) for _ in range(row[k])]
    taken = [p for row, p in zip(counts, predicted, strict=True) for _ in range(row.sum())]
    found = confusion(predicted, counts)
    if truth:
        np.testing.assert_array_equal(found, confusion_matrix(truth, taken, labels=[0, 1, 2]))
        scores = iou(found)
        for k in set(truth):
            assert scores[k] == pytest.approx(
                jaccard_score(truth, taken, labels=[k], average="macro", zero_division=0)
            )
        assert np.isnan(scores[[k for k in range(3) if k not in truth]]).all()


def test_a_class_without_true_pixels_is_left_out() -> None:
    """It has no score of its own, and what is taken for it costs the class that it is."""
    found = np.array([[6, 0, 2], [0, 0, 0], [0, 0, 4]])
    assert iou(found)[[0, 2]].tolist() == [6 / 8, 4 / 6]
    assert np.isnan(iou(found)[1])
    assert mean_iou(found) == (6 / 8 + 4 / 6) / 2
    found[0] = (6, 2, 0)
    assert mean_iou(found) == (6 / 8 + 1) / 2


def test_a_class_that_is_never_predicted_scores_zero() -> None:
    """A class of the test data that the seed did not show counts in the mean, with 0."""
    assert mean_iou(confusion(np.array([0, 0]), np.array([[3, 0], [0, 3]]))) == 0.25


def test_nothing_labelled_has_no_mean() -> None:
    """Without a labelled pixel the mean is NaN, silently."""
    assert np.isnan(mean_iou(np.zeros((2, 2), np.int64)))


def test_percentile_counts_ties_half() -> None:
    """The share of random seeds below, and half of those that are equal."""
    assert percentile(0.5, [0.1, 0.5, 0.5, 0.9]) == 0.5
    assert percentile(1.0, [0.1, 0.2]) == 1
    assert percentile(0.0, [0.1, 0.2]) == 0


def test_an_interval_holds_the_mean_as_often_as_it_says() -> None:
    """Of intervals at 90 % around means of 30 values, nearly 90 % hold the true mean."""
    rng = np.random.default_rng(0)
    hits = 0
    for number in range(200):
        low, high = interval(rng.exponential(1.0, 30), number, level=0.9)
        hits += low <= 1.0 <= high
    assert 0.80 <= hits / 200 <= 0.95


def test_an_interval_is_repeatable() -> None:
    """The same seed gives the same interval; one value has no spread."""
    assert interval([0.1, 0.5, 0.3], 7) == interval([0.1, 0.5, 0.3], 7)
    assert interval([0.25], 0) == (0.25, 0.25)
