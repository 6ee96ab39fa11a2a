"""The k nearest scenes of every scene: proposed in float32, measured and ordered exactly."""

from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from features.index.directions import Directions

_QUERIES: Final = 4096  # that are searched at a time: FAISS multiplies large blocks fastest
_ROWS: Final = 128  # scenes whose candidates are measured at a time: 50 MB at d = 768
_MARGIN: Final = 13  # candidates beyond the k: what float32 has in the wrong order
_SAMPLE: Final = 256  # scenes whose nearest are looked for again
_SEED: Final = 124
_MOST: Final = 1024  # candidates; a scene with more ties is compared with all


class NeighbourSearch(Protocol):
    """Finds the largest inner products with a set of unit vectors."""

    def nearest(
        self, units: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return inner products, descending, and rows, shape (b, k) each; row -1 for none."""
        ...


class _EveryProduct:
    """Every inner product, and a partial sort, in numpy."""

    def __init__(self, directions: Directions) -> None:
        self._units = directions.units()

    def nearest(
        self, units: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return inner products and rows; see :class:`NeighbourSearch`."""
        found = np.empty((len(units), k), dtype=np.float32)
        rows = np.empty((len(units), k), dtype=np.int64)
        for start in range(0, len(units), _ROWS):
            some = slice(start, start + _ROWS)
            products = units[some] @ self._units.T
            best = np.argpartition(-products, k - 1, axis=1)[:, :k]
            alike = np.take_along_axis(products, best, axis=1)
            order = np.argsort(-alike, axis=1)
            found[some] = np.take_along_axis(alike, order, axis=1)
            rows[some] = np.take_along_axis(best, order, axis=1)
        return found, rows


def numpy_search(directions: Directions) -> tuple[NeighbourSearch, bool]:
    """Return a search without FAISS, for thousands of scenes; it misses nothing."""
    return _EveryProduct(directions), True


def find_nearest(
    search: NeighbourSearch, directions: Directions, k: int, *, exact: bool
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Return the k scenes most like each scene, itself left out.

    Parameters
    ----------
    search
        Proposes candidates.
    directions
        Of n scenes.
    k
        At most n - 1.
    exact
        Whether the search misses nothing. Then a scene whose candidates may lack one of its
        nearest, for float32 cannot tell, is searched again with more of them.

    Returns
    -------
    nearest, similarities : (n, k)
        Rows and cosines: the most similar first, of equal ones the lowest row.
    """
    n = directions.n
    nearest = np.empty((n, k), dtype=np.int32)
    similarities = np.empty((n, k), dtype=np.float32)
    if k == 0:
        return nearest, similarities
    waiting, wanted = np.arange(n), min(n, k + 1 + _MARGIN)
    while waiting.size:
        if wanted > _MOST:
            for row in waiting.tolist():
                nearest[row], similarities[row] = _of_all(directions, row, k)
            break
        unsettled = []
        for start in range(0, len(waiting), _QUERIES):
            part = waiting[start : start + _QUERIES]
            proposed, rows = search.nearest(directions.units(part), wanted)
            nearest[part], similarities[part] = _measured(directions, part, rows, k)
            last = similarities[part, -1]
            if exact:
                settled = (wanted == n) | (proposed[:, -1] + directions.slack < last)
            else:
                settled = last > -np.inf
            unsettled.append(part[~settled])
        waiting = np.concatenate(unsettled)
        wanted = min(n, 4 * wanted) if exact else _MOST + 1
    return nearest, similarities


def _measured(
    directions: Directions, part: NDArray[np.intp], rows: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the k best of the proposed rows by exact cosines; -inf where there are fewer."""
    measured = np.empty(rows.shape, dtype=np.float32)
    for start in range(0, len(part), _ROWS):
        some = slice(start, start + _ROWS)
        measured[some] = directions.paired(part[some], np.maximum(rows[some], 0).astype(np.intp))
    measured[(rows < 0) | (rows == part[:, None])] = -np.inf
    order = np.lexsort((rows, -measured))[:, :k]
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(measured, order, axis=1)


def _of_all(
    directions: Directions, row: int, k: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    return nearest_in(directions.to_all(row), row, k)


def nearest_in(
    cosines: NDArray[np.float32], row: int, k: int
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the k nearest of one scene, given its cosines with all n; fewer where n - 1 < k."""
    others = cosines.copy()
    others[row] = -np.inf
    k = min(k, len(others) - 1)
    least = np.partition(others, len(others) - k)[len(others) - k] if k else np.inf
    near = np.flatnonzero(others >= least)
    found = near[np.argsort(-others[near], kind="stable")[:k]]
    return found, others[found]


def measure_recall(directions: Directions, nearest: NDArray[np.int32]) -> float:
    """Return the share of their nearest that up to 256 scenes are given, by all exact products.

    Parameters
    ----------
    directions
        Of n scenes.
    nearest : (n, k)
        What each was given. A scene counts as found where an equally similar one was found in its
        place.
    """
    k = nearest.shape[1]
    if k == 0:
        return 1.0
    rows = sample_rows(directions.n, _SAMPLE, _SEED)
    found = 0
    for row in rows.tolist():
        exact = directions.to_all(row)
        exact[row] = -np.inf
        least = np.partition(exact, len(exact) - k)[len(exact) - k]
        found += int((exact[nearest[row]] >= least).sum())
    return float(found / (len(rows) * k))


def sample_rows(n: int, size: int, seed: int) -> NDArray[np.intp]:
    """Return up to so many of n rows, drawn at random, ascending."""
    return np.sort(np.random.default_rng(seed).choice(n, min(size, n), replace=False))
