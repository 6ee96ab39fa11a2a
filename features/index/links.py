"""Near duplicates of every threshold at once: the strongest links that connect like scenes.

Scenes that are chained together by pairs of at least some similarity are the components of a graph.
For every threshold these components are those of its maximum spanning forest, so n - 1 links at
most say as much as all pairs, of which a pool of frames may have billions.

Source: Gower and Ross, Minimum spanning trees and single linkage cluster analysis (1969).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.index.directions import Directions

Ints = NDArray[np.int32]
Similarities = NDArray[np.float32]

_PRODUCTS: Final = 2**22  # that are held at once: 16 MB
_PENDING: Final = 2**20  # pairs that wait to be sorted into the forest
_ROWS: Final = 4096  # pairs that are measured at a time
_DENSE: Final = 16  # one in so many pairs to be measured: then all of a block are, by a product
_LEVELS: Final = 40  # similarities at which it is known what is connected already


def components(n: int, pairs: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the lowest row of the component that each of n rows is in, shape (n,)."""
    label = np.arange(n)
    while True:
        first, second = label[pairs[:, 0]], label[pairs[:, 1]]
        apart = first != second
        if not apart.any():
            return label
        low, high = np.minimum(first, second)[apart], np.maximum(first, second)[apart]
        np.minimum.at(label, high, low)
        while not np.array_equal(above := label[label], label):
            label = above


def find_links(
    directions: Directions, nearest: Ints, similarities: Similarities, floor: float, *, exact: bool
) -> tuple[Ints, Similarities]:
    """Return the maximum spanning forest of the pairs of at least a similarity.

    Parameters
    ----------
    directions
        Of n scenes.
    nearest, similarities : (n, k)
        The nearest of each scene.
    floor
        The least similarity.
    exact
        Whether scenes that may be like more than k others are compared with each other, too; else
        only what the nearest say is looked at.

    Returns
    -------
    links : (m, 2)
        Pairs of rows, the lower first; the most similar pair first.
    similarities : (m,)
    """
    n, k = nearest.shape
    forest = _Forest(n, floor)
    rows, places = np.nonzero(similarities >= forest.floor)
    others = nearest[rows, places]
    forest.add(rows, others, similarities[rows, places])
    forest.grow()
    if exact and 0 < k < n - 1:
        # Only two scenes that both have k nearer ones can be a pair that neither of them names.
        crowded = np.flatnonzero(similarities[:, -1] >= forest.floor)
        if crowded.size:
            _compare(directions, crowded, forest)
    return forest.links, forest.similarities


class _Forest:
    """The links so far, and what they connect at each of some similarities."""

    def __init__(self, n: int, floor: float) -> None:
        self._n = n
        self.floor = np.float32(floor)
        self.links = np.empty((0, 2), dtype=np.int32)
        self.similarities = np.empty(0, dtype=np.float32)
        # Close to 1 they lie closest together; the last is 1, above which there is nothing.
        self.levels = 1.0 - (1.0 - floor) * np.append(0.75 ** np.arange(_LEVELS - 1), 0.0)
        self._pending: list[tuple[NDArray[np.int32], Similarities]] = []
        self._labels: NDArray[np.int32] | None = None

    def add(
        self, rows: NDArray[np.integer], others: NDArray[np.integer], found: Similarities
    ) -> None:
        """Take pairs of at least the floor; :meth:`grow` looks at them."""
        pairs = np.column_stack([np.minimum(rows, others), np.maximum(rows, others)])
        self._pending.append((pairs.astype(np.int32), found))
        if sum(len(some) for some, _ in self._pending) > _PENDING:
            self.grow()

    def grow(self) -> None:
        """Sort what was added into the forest: Kruskal's algorithm."""
        pairs = np.concatenate([self.links, *(some for some, _ in self._pending)])
        found = np.concatenate([self.similarities, *(some for _, some in self._pending)])
        self._pending = []
        order = np.lexsort((pairs[:, 1], pairs[:, 0], -found))
        kept, above = [], list(range(self._n))
        for place, (first, second) in zip(order.tolist(), pairs[order].tolist(), strict=True):
            one, other = _root(above, first), _root(above, second)
            if one != other:
                above[max(one, other)] = min(one, other)
                kept.append(place)
        self.links, self.similarities = pairs[kept], found[kept]
        self._labels = None

    def _connected(self, level: float) -> NDArray[np.int32]:
        there = self.similarities >= np.float32(level)
        return components(self._n, self.links[there]).astype(np.int32)

    def lacks(
        self, rows: NDArray[np.intp], others: NDArray[np.intp], most: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Tell which pairs, of at most so much similarity, may be links that are missing."""
        if self._labels is None:
            self._labels = np.stack([self._connected(level) for level in self.levels])
        level = np.minimum(np.searchsorted(self.levels, most), len(self.levels) - 1)
        return np.asarray(self._labels[level, rows] != self._labels[level, others])


def _root(above: list[int], row: int) -> int:
    while above[row] != row:
        above[row] = above[above[row]]
        row = above[row]
    return row


def _compare(directions: Directions, crowded: NDArray[np.intp], forest: _Forest) -> None:
    """Look at every pair of these scenes that the forest does not connect as well already."""
    units = directions.units(crowded)
    size = max(1, _PRODUCTS // len(crowded))
    for start in range(0, len(crowded), size):
        products = units[start : start + size] @ units[start:].T
        places, later = np.nonzero(np.triu(products >= forest.floor - directions.slack, k=1))
        most = products[places, later].astype(np.float64) + directions.slack
        missing = forest.lacks(crowded[start + places], crowded[start + later], most)
        places, later = places[missing], later[missing]
        rows, others = crowded[start + places], crowded[start + later]
        if _DENSE * len(rows) > products.size:
            block = directions.between(crowded[start : start + size], crowded[start:])
            found = block[places, later]
        else:
            found = _paired(directions, rows, others)
        close = (found >= forest.floor) & forest.lacks(rows, others, found.astype(np.float64))
        forest.add(rows[close], others[close], found[close])
    forest.grow()


def _paired(
    directions: Directions, rows: NDArray[np.intp], others: NDArray[np.intp]
) -> Similarities:
    found = np.empty(len(rows), dtype=np.float32)
    for start in range(0, len(rows), _ROWS):
        part = slice(start, start + _ROWS)
        found[part] = directions.paired(rows[part], others[part, None])[:, 0]
    return found
