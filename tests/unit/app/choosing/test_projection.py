"""Maps against the singular value decomposition, and on pools that have no shape."""

import importlib.util
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.choosing import projection
from app.choosing.projection import project
from app.errors import InvalidRequestError


def _vectors(seed: int, n: int, d: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, d)) * rng.uniform(0.1, 1, (n, 1)) + rng.normal(size=d)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(2, 30), d=st.integers(2, 30))
def test_principal_axes_are_those_of_the_decomposition(seed: int, n: int, d: int) -> None:
    """Points and shares of variance are those of numpy's SVD, up to each axis' sign."""
    vectors = _vectors(seed, n, d)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    left, values, _ = np.linalg.svd(units - units.mean(axis=0), full_matrices=False)
    found = project(vectors, "pca")
    assert found.explained == pytest.approx(tuple((values**2 / (values**2).sum())[:2]), abs=1e-9)
    apart = values[:2] - values[1:3] if len(values) > 2 else values[:2]
    for axis in np.flatnonzero(apart[: found.points.shape[1]] > 1e-3):
        expected = left[:, axis] * values[axis]
        assert np.abs(found.points[:, axis]) == pytest.approx(np.abs(expected), abs=1e-6)
        assert found.points[:, axis].max() >= -found.points[:, axis].min() - 1e-9


def test_the_same_scenes_have_the_same_map() -> None:
    """Two runs give the same bytes."""
    vectors = _vectors(3, 50, 8)
    assert project(vectors, "pca").points.tobytes() == project(vectors, "pca").points.tobytes()


@pytest.mark.parametrize(
    "vectors",
    [
        np.ones((1, 4)),
        np.full((1, 1), -2.0),
        np.tile([0.1, 0.2, 0.7], (40, 1)),
        np.arange(1.0, 8.0)[:, None] * [0.3, 0.4, 0.5],
        np.zeros((5, 3)),
    ],
    ids=["one", "one number", "all equal", "one direction", "no direction"],
)
def test_scenes_that_are_all_alike_lie_at_the_origin(vectors: NDArray[np.float64]) -> None:
    """One scene, or many of one direction, are zeros and explain nothing."""
    found = project(vectors, "pca")
    assert np.array_equal(found.points, np.zeros((len(vectors), 2)))
    assert found.explained == (0.0, 0.0)


@pytest.mark.parametrize("n", [2, 9])
def test_what_varies_along_one_line_has_no_second_axis(n: int) -> None:
    """Of two directions the second coordinate is exactly zero, and the first explains all."""
    vectors = np.tile([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], (n, 1))[: 2 * n - 1]
    found = project(vectors, "pca")
    assert not found.points[:, 1].any()
    assert found.explained == (pytest.approx(1.0), 0.0)


def test_a_method_that_is_not_installed_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without umap-learn the sentence names the package and what to ask for instead."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InvalidRequestError, match=r"umap-learn.*method=pca"):
        project(np.eye(9), "umap")


class _Umap:
    """Takes the settings of UMAP; its points are the first two numbers of each vector."""

    def __init__(self, **settings: object) -> None:
        self.settings = settings

    def fit_transform(self, units: NDArray[np.float64]) -> NDArray[np.float32]:
        assert self.settings["n_neighbors"] == min(15, len(units) - 1)
        assert self.settings["random_state"] == 0
        return -units[:, :2].astype(np.float32)


@pytest.mark.parametrize(("n", "ours"), [(1, True), (4, True), (5, False), (40, False)])
def test_neighbourhoods_are_drawn_where_there_are_some(
    monkeypatch: pytest.MonkeyPatch, n: int, *, ours: bool
) -> None:
    """UMAP gets as many neighbours as there are; of few scenes the principal axes are shown."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: True)
    fake = types.SimpleNamespace(UMAP=_Umap)
    monkeypatch.setattr(projection.importlib, "import_module", lambda _: fake)
    vectors = _vectors(1, n, 3)
    found = project(vectors, "umap")
    assert found.explained is None
    assert (found.points.tobytes() == project(vectors, "pca").points.tobytes()) == ours
