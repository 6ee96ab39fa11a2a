import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from app.evaluation.probe import Space


def cells(n: int = 6, c: int = 9) -> np.ndarray:
    """Draw correlated features of very different scales, as maps of float16."""
    rng = np.random.default_rng(0)
    mixed = rng.standard_normal((n, 20, c)) @ rng.standard_normal((c, c))
    return (mixed * np.logspace(-1, 1, c) + np.arange(c)).astype(np.float16)


def test_it_is_scikit_learn_s_pca_of_standardised_features() -> None:
    """Up to signs and one common scale, it projects as scaler and PCA do."""
    maps = cells()
    flat = maps.reshape(-1, 9).astype(np.float64)
    expected = PCA(4, svd_solver="full").fit_transform(StandardScaler().fit_transform(flat))
    projected = Space.fit(maps, 4).project(flat)
    signs = np.sign((expected * projected).sum(axis=0))
    scale = np.sqrt(expected.var(axis=0).mean())
    np.testing.assert_allclose(projected * signs, expected / scale, atol=1e-4)
    assert projected.dtype == np.float32
    assert projected.var(axis=0).mean() == pytest.approx(1.0, abs=1e-4)


def test_projecting_keeps_the_shape() -> None:
    """Maps of images and their cells in a row give the same numbers."""
    maps = cells()
    space = Space.fit(maps)
    rows = space.project(maps.reshape(-1, 9)).reshape(6, 20, -1)
    np.testing.assert_allclose(space.project(maps), rows, atol=1e-5)


def test_channels_that_never_vary_count_for_nothing() -> None:
    """A constant channel, and a copy of another, add no component; all constant leaves none."""
    maps = cells(c=3)
    more = np.concatenate([maps, np.full((6, 20, 1), 0.1, np.float16), maps[..., :1]], axis=2)
    space = Space.fit(more)
    assert space.components.shape == (5, 3)
    assert (space.components[3] == 0).all()
    assert Space.fit(np.ones((2, 3, 4), np.float16)).components.shape == (4, 0)


def test_the_same_images_give_the_same_bits() -> None:
    """Fitting twice gives equal arrays."""
    one, two = Space.fit(cells()), Space.fit(cells())
    np.testing.assert_array_equal(one.components, two.components)
