"""Rows and their lengths, distances and principal axes against the definitions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from features.errors import VectorsError
from features.numeric import (
    nearest_centres,
    principal_axes,
    principal_subspace,
    row_lengths,
    scale_rows,
    squared_distances,
    turned,
    unit_rows,
)

RNG = np.random.default_rng(0)
ROWS = RNG.standard_normal((40, 6))
CENTRES = RNG.standard_normal((5, 6))


def test_rows_are_scaled_to_length_one() -> None:
    """Every row has length 1 afterwards, but a zero row stays as it is."""
    rows = np.concatenate([ROWS, np.zeros((1, 6))])
    scaled = scale_rows(rows, row_lengths(rows))
    assert_allclose(np.linalg.norm(scaled[:-1], axis=1), 1.0)
    assert not scaled[-1].any()
    assert_array_equal(unit_rows(ROWS), scaled[:-1])


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_a_row_without_direction_is_refused(bad: float) -> None:
    """A zero row, or one that is not finite, cannot have length 1."""
    with pytest.raises(VectorsError, match="has no direction"):
        unit_rows(np.array([[1.0, 0.0], [bad, 0.0]]))


@pytest.mark.parametrize("lengths_first", [False, True])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_distances_are_those_of_the_differences(
    kind: type[np.float32 | np.float64], *, lengths_first: bool
) -> None:
    """Either order of the sum gives |l - r|^2 in the rows' own precision, never below 0."""
    rows, centres = ROWS.astype(kind), CENTRES.astype(kind)
    found = squared_distances(rows, centres, lengths_first=lengths_first)
    expected = ((rows[:, np.newaxis] - centres) ** 2).sum(axis=2)
    assert found.dtype == kind
    assert_allclose(found, expected, rtol=100 * float(np.finfo(kind).eps))
    assert (squared_distances(rows, rows, lengths_first=lengths_first) >= 0).all()
    assert_array_equal(nearest_centres(rows, centres), expected.argmin(axis=1))


def test_of_equally_near_centres_the_first_is_taken() -> None:
    """A centre that is there twice is named by its first place."""
    assert_array_equal(nearest_centres(CENTRES, np.concatenate([CENTRES, CENTRES])), np.arange(5))


def test_principal_axes_are_those_of_the_singular_values() -> None:
    """Eigenvalues descend and are squares of singular values; axes agree but for their sign."""
    centred = ROWS - ROWS.mean(axis=0)
    values, axes = principal_axes(centred.T @ centred, 3)
    _, singular, right = np.linalg.svd(centred)
    assert_allclose(values, singular[:3] ** 2)
    assert_allclose(turned(axes), turned(right[:3].T), atol=1e-12)


def test_axes_of_rounding_are_left_out() -> None:
    """Of a matrix of rank 2 two axes are left; of zeros none."""
    matrix = ROWS[:2].T @ ROWS[:2]
    assert principal_axes(matrix, 5, relative=1e-12)[1].shape == (6, 2)
    assert principal_axes(matrix, 5, absolute=1e9)[1].shape == (6, 0)
    values, axes = principal_axes(np.zeros((4, 4)), 2)
    assert values.shape == (0,)
    assert turned(axes).shape == (4, 0)


def test_a_subspace_holds_the_variance() -> None:
    """Rows of rank 3 in 200 dimensions keep all distances in 3; few dimensions are only centred."""
    rows = (ROWS[:, :3] @ RNG.standard_normal((3, 200))).astype(np.float32)
    found = principal_subspace(rows, 3, np.random.default_rng(1))
    assert found.shape == (40, 3)
    assert_allclose(squared_distances(found, found), squared_distances(rows, rows), atol=0.05)
    narrow = principal_subspace(rows[:, :2], 3, np.random.default_rng(1))
    assert_allclose(narrow, rows[:, :2] - rows[:, :2].mean(axis=0))
