"""The only three things that a large search does with the vectors, each one pass over their rows.

A million rows are neither copied nor converted as a whole: rows are read where they lie (in memory
or in a memory-mapped file), each number is widened to float64 as it is used, and every sum is
accumulated in float64. So float32 vectors cost no accuracy: a product of d numbers is off by at
most ``(d + 2) 2^-53 |m| |u|``, whatever the order of summation within it (Higham, Accuracy and
Stability of Numerical Algorithms, section 3.1).

A row's product does not depend on the block it is in, and blocks write to places of their own, so
the answer is the same bit by bit for any block size and any number of threads.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeAlias, cast

import numpy as np
import numpy.typing as npt
from numba import njit

from solver.model.kernel import kernel
from solver.model.problem import Floats
from solver.model.vectors import Vectors

Items: TypeAlias = npt.NDArray[np.intp]

BLOCK = 16_384
"""Rows that one thread takes at a time: 24 MiB of float32 at 384 dimensions."""


class Passes(Protocol):
    """Passes over n vectors of d numbers, wherever they are stored."""

    def combine(self, items: Items, amounts: Floats) -> Floats:
        """Return ``sum_k amounts_k m_items_k``, shape (d,); only those rows are read."""
        ...

    def project(self, direction: Floats) -> Floats:
        """Return ``m_i . direction`` for every item, shape (n,)."""
        ...

    def squares(self) -> Floats:
        """Return ``|m_i|^2`` for every item, shape (n,)."""
        ...

    def rows(self, items: Items) -> Vectors:
        """Return a copy of some rows, shape (k, d), as exact as they are stored."""
        ...


def _reordering(function: Callable[..., None]) -> Callable[..., None]:
    """Compile a loop over rows whose sum within a row may be reordered: several numbers at a time.

    Unlike `solver.model.kernel.kernel`, where every sum runs as it is written.
    """
    options: dict[str, Any] = {"nogil": True, "fastmath": {"reassoc", "contract"}}
    try:
        return cast("Callable[..., None]", njit(cache=True, **options)(function))
    except RuntimeError:
        # No folder to cache in (a read-only install): compiled once a process instead.
        return cast("Callable[..., None]", njit(**options)(function))


@_reordering
def _project(vectors: Vectors, direction: Floats, out: Floats) -> None:
    for i in range(vectors.shape[0]):
        total = 0.0
        for k in range(vectors.shape[1]):
            total += np.float64(vectors[i, k]) * direction[k]
        out[i] = total


@_reordering
def _squares(vectors: Vectors, out: Floats) -> None:
    for i in range(vectors.shape[0]):
        total = 0.0
        for k in range(vectors.shape[1]):
            total += np.float64(vectors[i, k]) * np.float64(vectors[i, k])
        out[i] = total


@kernel
def _combine(vectors: Vectors, items: Items, amounts: Floats, out: Floats) -> None:
    for place in range(items.shape[0]):
        for k in range(vectors.shape[1]):
            out[k] += amounts[place] * np.float64(vectors[items[place], k])


class BlockPasses:
    """Passes over an array in memory or in a memory-mapped file, in blocks, on several threads.

    Parameters
    ----------
    vectors
        Shape (n, d), float32 or float64, rows contiguous. Kept as it is, not copied.
    threads
        How many blocks are worked on at once.
    block
        Rows in a block.
    """

    def __init__(self, vectors: Vectors, *, threads: int = 2, block: int = BLOCK) -> None:
        # A plain view: the compiled loops know no memory-mapped class, only memory.
        self._vectors = np.asarray(vectors).view(np.ndarray)
        self._threads = threads
        self._block = block

    def _blocked(self, work: Callable[[slice], None]) -> None:
        n = self._vectors.shape[0]
        parts = [slice(start, min(n, start + self._block)) for start in range(0, n, self._block)]
        if self._threads == 1 or len(parts) <= 1:
            for part in parts:
                work(part)
            return
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(work, parts))

    def combine(self, items: Items, amounts: Floats) -> Floats:
        """Return ``sum_k amounts_k m_items_k``, shape (d,), summed in the order given."""
        out = np.zeros(self._vectors.shape[1])
        _combine(self._vectors, items, amounts, out)
        return out

    def project(self, direction: Floats) -> Floats:
        """Return ``m_i . direction`` for every item, shape (n,)."""
        out = np.empty(self._vectors.shape[0])
        u = np.ascontiguousarray(direction, dtype=np.float64)
        self._blocked(lambda part: _project(self._vectors[part], u, out[part]))
        return out

    def squares(self) -> Floats:
        """Return ``|m_i|^2`` for every item, shape (n,)."""
        out = np.empty(self._vectors.shape[0])
        self._blocked(lambda part: _squares(self._vectors[part], out[part]))
        return out

    def rows(self, items: Items) -> Vectors:
        """Return a copy of some rows, shape (k, d), in the type they are stored in."""
        copy: Vectors = self._vectors[items]
        return copy
