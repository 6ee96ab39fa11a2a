"""All pairs of scenes above a similarity, the most similar first, within bounded memory."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.index.directions import Directions

_HITS: Final = 2**23
"""Most hits of one flat search, 100 MB: where every scene is like every other."""

_MOST_ROWS: Final = 2048
_FEWEST_ROWS: Final = 64  # each search may ask for more similarity than the one before


class _Best:
    """The best pairs so far: by similarity, then by rows. Pairs are added in the order of rows."""

    def __init__(self, least: np.float32, limit: int) -> None:
        self._least = least
        self._limit = limit
        self._pending: list[tuple[NDArray[np.intp], NDArray[np.float32]]] = []
        self._pending_count = 0
        self.rows = np.empty((0, 2), dtype=np.intp)
        self.similarities = np.empty(0, dtype=np.float32)

    @property
    def full(self) -> bool:
        return len(self.rows) == self._limit

    @property
    def least(self) -> float:
        """Similarity that a further pair must have."""
        return float(self.similarities[-1] if self.full else self._least)

    def is_settled(self) -> bool:
        """Whether no further pair can come before those that are kept."""
        return self.full and self.least >= 1.0

    def add(self, row: int, others: NDArray[np.intp], similarities: NDArray[np.float32]) -> None:
        # A pair that comes later loses a tie.
        kept = similarities > self.least if self.full else similarities >= self._least
        others = others[kept]
        if others.size:
            pairs = np.column_stack([np.full_like(others, row), others])
            self._pending.append((pairs, similarities[kept]))
            self._pending_count += len(pairs)
        if self._pending_count >= self._limit:
            self.sort()

    def sort(self) -> None:
        rows = np.concatenate([self.rows, *(pairs for pairs, _ in self._pending)])
        similarities = np.concatenate([self.similarities, *(found for _, found in self._pending)])
        order = np.lexsort((rows[:, 1], rows[:, 0], -similarities))[: self._limit]
        self.rows, self.similarities = rows[order], similarities[order]
        self._pending, self._pending_count = [], 0


def find_near_duplicates(
    index: Any,  # noqa: ANN401  faiss carries no type information
    directions: Directions,
    threshold: float,
    limit: int,
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the pairs of rows whose cosine is at least a threshold.

    Returns
    -------
    rows : (p, 2)
        The lower row first; the most similar pair first, then by rows; p <= limit.
    similarities : (p,)
        Their cosines.
    """
    best = _Best(np.float32(threshold), limit)
    start, size = 0, _FEWEST_ROWS
    while start < directions.n and not best.is_settled():
        rows = np.arange(start, min(start + size, directions.n))
        radius = best.least - directions.slack
        for row, later in _later_hits(index, directions, rows, radius):
            best.add(row, later, directions.cosines(row, later))
            if best.is_settled():
                break
        best.sort()
        start += len(rows)
        size = max(_FEWEST_ROWS, min(_MOST_ROWS, 2 * size, _HITS // directions.n))
    return best.rows, best.similarities


def _later_hits(
    index: Any,  # noqa: ANN401  faiss carries no type information
    directions: Directions,
    rows: NDArray[np.intp],
    radius: float,
) -> Iterator[tuple[int, NDArray[np.intp]]]:
    """Yield each row with the rows after it that may be similar enough."""
    bounds, _, hits = index.range_search(directions.units(rows), radius)
    for row, start, stop in zip(rows.tolist(), bounds[:-1], bounds[1:], strict=True):
        found = hits[start:stop]
        later = np.sort(found[found > row]).astype(np.intp)
        if later.size:
            yield row, later
