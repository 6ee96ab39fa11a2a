"""Where the scenes of a pool lie, seen from each other: directions, distances, kernels."""

from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_PAIR: Final = 2
_COMPARED: Final = 5000
_LANDMARKS: Final = 1000
COMPONENTS: Final = 128
_FLAT: Final = 1e-10
_ROWS: Final = 4096


def directions(vectors: Floats) -> Floats:
    """Return what tells each scene from the pool: its mean vector less the pool's, of length 1.

    All images of a pool have much in common (a street is a street), so cosines of plain features
    lie between 0.8 and 1 and differ by what matters least. A scene that is exactly the mean has no
    direction and keeps a zero vector.

    Parameters
    ----------
    vectors : (n, d)
    """
    centred = vectors - vectors.mean(axis=0)
    lengths = np.sqrt(np.einsum("nd,nd->n", centred, centred))
    floor = 1e-9 * max(1.0, float(lengths.max(initial=0.0)))
    far = lengths > floor
    units: Floats = np.zeros_like(centred)
    units[far] = centred[far] / lengths[far, np.newaxis]
    return units


def redundancy(vectors: Floats) -> float:
    """Return how much alike a pool's scenes are: the median cosine of a scene and its nearest.

    Frames of drives and rooms have near twins in their pool, single photos have not.

    Parameters
    ----------
    vectors : (n, d)
        Mean vectors of scenes. Of more than 5,000, evenly spaced ones are compared.
    """
    places = np.unique(np.linspace(0, len(vectors) - 1, _COMPARED).astype(np.int64))
    units = directions(vectors)[places]
    if len(units) < _PAIR:
        return 0.0
    alike = units @ units.T
    np.fill_diagonal(alike, -1.0)
    return float(np.median(alike.max(axis=1)))


def kernel_features(units: Floats) -> Floats:
    """Return vectors whose inner products are ``exp(-|u_i - u_j|^2 / h)``, h the median square.

    Nystrom's approximation from at most 1,000 scenes, evenly spaced, and 128 components of it
    (Williams and Seeger, NIPS 2000).

    Parameters
    ----------
    units : (n, d)

    Returns
    -------
    (n, r)
        r is at most 128.
    """
    n = len(units)
    marks = units[np.unique(np.linspace(0, n - 1, _LANDMARKS).astype(np.int64))]
    among = squared_distances(marks, marks)
    width = float(np.median(among[np.triu_indices(len(marks), 1)])) if len(marks) > 1 else 0.0
    width = width if width > _FLAT else 1.0  # most are the same: what is left is rounding
    values, axes = np.linalg.eigh(np.exp(-among / width))
    order = np.argsort(-values, kind="stable")[:COMPONENTS]
    order = order[values[order] > _FLAT * values.max()]
    to_features = axes[:, order] / np.sqrt(values[order])
    blocks = [
        np.exp(-squared_distances(units[start : start + _ROWS], marks) / width) @ to_features
        for start in range(0, n, _ROWS)
    ]
    return np.concatenate(blocks)


def squared_distances(left: Floats, right: Floats) -> Floats:
    """Return ``|l_i - r_j|^2`` of all rows of (n, d) and (m, d), shape (n, m), at least 0."""
    squares = np.einsum("nd,nd->n", left, left)[:, np.newaxis]
    squares = squares + np.einsum("nd,nd->n", right, right) - 2.0 * (left @ right.T)
    return np.asarray(np.maximum(squares, 0.0))
