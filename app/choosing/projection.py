"""From directions in many dimensions to points in a plane, as people look at them.

The same vectors give the same points: each axis is turned so that its longest coordinate is
positive, and whatever is drawn at random comes from one seed.
"""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from app.errors import InvalidRequestError
from features.numeric import row_lengths, scale_rows, turned

Floats = npt.NDArray[np.float64]

_FLAT: Final = 1e-20  # variance of unit vectors that is rounding
_LOST: Final = 1e-13  # of the first axis: what lies below is rounding, too
_NEIGHBOURS: Final = 15  # the default of UMAP's authors
_ENOUGH: Final = 5  # with fewer points UMAP has no neighbourhoods to keep


@dataclass(frozen=True, eq=False, slots=True)
class Projection:
    """Points in a plane.

    Parameters
    ----------
    points
        Shape (n, 2).
    explained
        Share of the variance that each axis shows; None where axes have none.
    """

    points: Floats
    explained: tuple[float, float] | None


def project(vectors: Floats, method: str) -> Projection:
    """Return where scenes lie in a plane.

    Parameters
    ----------
    vectors
        Mean vectors of n >= 1 scenes, shape (n, d). Only their directions count; one of length 0
        has none and lies at the origin of the others.
    method
        ``"pca"``: the two axes of largest variance (Pearson 1901). ``"umap"``: what is close stays
        close (McInnes, Healy and Melville 2018).

    Raises
    ------
    InvalidRequestError
        The method needs a package that is not installed.
    """
    return _METHODS[method](scale_rows(vectors, row_lengths(vectors)))


def _principal(units: Floats) -> Projection:
    """Project onto the two axes of largest variance.

    The eigenvectors are those of the smaller of the two matrices of products, n x n or d x d.
    """
    n, d = units.shape
    centred = np.subtract(units, units.mean(axis=0), out=units)  # they are this call's own
    total = float(np.einsum("nd,nd->", centred, centred))
    if n <= d:
        values, axes = _two_largest(centred @ centred.T)
        points = axes * np.sqrt(values)
    else:
        values, axes = _two_largest(centred.T @ centred)
        points = np.where(values > 0, centred @ axes, 0.0)
    if total <= n * _FLAT:
        return Projection(np.zeros((n, 2)), (0.0, 0.0))
    first, second = (values / total).tolist()
    return Projection(turned(points), (min(1.0, first), second))


def _two_largest(products: Floats) -> tuple[Floats, Floats]:
    """Return the two largest eigenvalues of a matrix and their vectors, zeros where there is none.

    Of equal eigenvalues the last comes first, unlike in `features.numeric.principal_axes`: a map
    that is drawn again must not turn.

    Returns
    -------
    values, vectors
        Shapes (2,) and (m, 2).
    """
    values, vectors = np.linalg.eigh(products)
    kept = min(2, len(values))
    values = np.pad(values[::-1][:kept], (0, 2 - kept))
    vectors = np.pad(vectors[:, ::-1][:, :kept], ((0, 0), (0, 2 - kept)))
    return np.where(values > _LOST * values[0], values, 0.0), vectors


def _neighbourly(units: Floats) -> Projection:
    if importlib.util.find_spec("umap") is None:
        rule = "This server has no UMAP (the package umap-learn); ask for method=pca."
        raise InvalidRequestError(rule, "method")
    if len(units) < _ENOUGH:
        return Projection(_principal(units).points, None)
    umap = importlib.import_module("umap")  # slow to import, and few have it
    found = umap.UMAP(
        n_components=2,
        n_neighbors=min(_NEIGHBOURS, len(units) - 1),
        init="random" if len(units) <= _NEIGHBOURS else "spectral",
        random_state=0,
        n_jobs=1,
    ).fit_transform(units)
    return Projection(turned(np.nan_to_num(found.astype(np.float64))), None)


_METHODS: Final[Mapping[str, Callable[[Floats], Projection]]] = MappingProxyType(
    {"pca": _principal, "umap": _neighbourly}
)
