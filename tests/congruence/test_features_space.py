"""Our principal space, in one pass and with weights, against scikit-learn's, on repeated rows."""

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from features.signatures.describing import DIMENSIONS, PrincipalSpace


def expected(
    rows: NDArray[np.float64], counts: NDArray[np.int64], q: int, asked: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Standardise, rotate, and divide each component by the fourth root of its variance."""
    repeated = np.repeat(rows, counts, axis=0)
    scaler = StandardScaler().fit(repeated)
    pca = PCA(q, svd_solver="full").fit(scaler.transform(repeated))
    # scikit-learn divides by m - 1 where the whole pool, which this is, has m.
    variances = pca.explained_variance_ * (len(repeated) - 1) / len(repeated)
    return np.asarray(pca.transform(scaler.transform(asked)) / variances**0.25)


@pytest.mark.parametrize(("m", "d", "q"), [(200, 7, 7), (400, 60, DIMENSIONS), (12, 40, 11)])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_space_is_standardised_principal_components(
    m: int, d: int, q: int, *, weighted: bool
) -> None:
    """Up to signs, a weighted fit is scikit-learn's of rows that are repeated as often."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((m, d)) @ rng.standard_normal((d, d)) + rng.standard_normal(d)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    counts = rng.integers(1, 5, m) if weighted else np.ones(m, dtype=np.int64)
    scenes = zip(np.array_split(rows, 5), np.array_split(counts.astype(float), 5), strict=True)
    space = PrincipalSpace.fit(scenes)
    assert space.components.shape == (d, q)
    asked = np.concatenate([rows, rng.standard_normal((3, d)) / np.sqrt(d)])
    found, other = space.project(asked), expected(rows, counts, q, asked)
    signs = np.sign((found * other).sum(axis=0))
    np.testing.assert_allclose(found, other * signs, atol=2e-4 * np.abs(other).max())


def test_dimensions_that_never_vary_are_left_out() -> None:
    """A constant dimension counts as little as scikit-learn lets it."""
    rng = np.random.default_rng(1)
    rows = rng.standard_normal((50, 4)) * [1.0, 0.3, 0.0, 1e-9] + [0.0, 0.0, 0.7, 0.2]
    counts = np.ones(50, dtype=np.int64)
    space = PrincipalSpace.fit([(rows, counts.astype(float))])
    assert space.components.shape == (4, 2)
    assert not space.components[2:].any()
    other = expected(rows[:, :2], counts, 2, rows[:, :2])
    found = space.project(rows)
    np.testing.assert_allclose(np.abs(found), np.abs(other), atol=1e-5)
