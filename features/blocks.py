"""A store of per-scene vectors under content keys, shared by any number of processes.

A block is one immutable ``.npz`` file (keys, offsets, vectors; nothing pickled) whose name is the
hash of what it holds. Blocks are only ever added, so nothing is locked: two processes that store
the same scene write the same file, or two files of which either serves.
"""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.arrays import read_arrays, write_arrays
from features.errors import VectorsError

_log = logging.getLogger(__name__)


class BlockStore:
    """The blocks of a folder, as they were when the store was opened and what it put since.

    A file that is not a whole block is skipped with a warning in the log; its scenes are missing
    and will be computed again.

    Parameters
    ----------
    folder
        Where the blocks lie; made by the first :meth:`put`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._rows: dict[str, tuple[Path, slice]] = {}
        # Scenes are read in the order they were stored, so one block at a time is enough.
        self._last: tuple[Path, NDArray[np.float32]] | None = None
        for path in sorted(folder.glob("*.npz")):
            try:
                keys, offsets = read_arrays(path, "keys", "offsets")
                self._enter(path, keys.tolist(), offsets)
            except VectorsError as error:
                _log.warning("ignored, its scenes are computed again: %s", error)

    def __contains__(self, key: str) -> bool:
        return key in self._rows

    def keys(self) -> frozenset[str]:
        """Return the keys that :meth:`get` can answer."""
        return frozenset(self._rows)

    def get(self, key: str) -> NDArray[np.float32]:
        """Return the vectors under a key, (m, d) float32.

        Raises
        ------
        KeyError
            Nothing is stored under the key.
        VectorsError
            The block was damaged or removed; once its file is gone, its scenes are computed again.
        """
        path, rows = self._rows[key]
        if self._last is None or self._last[0] != path:
            (vectors,) = read_arrays(path, "vectors")
            self._last = (path, vectors)
        return self._last[1][rows]

    def put(self, entries: Sequence[tuple[str, NDArray[np.float32]]]) -> None:
        """Publish one block.

        Parameters
        ----------
        entries
            Key and vectors, (m, d) float32, of each scene; the same d everywhere. Nothing is
            written for no entries.

        Raises
        ------
        VectorsError
            Vectors are not two-dimensional, differ in d, or are not finite.
        """
        if not entries:
            return
        keys = [key for key, _ in entries]
        widths = {rows.shape[1:] for _, rows in entries}
        if len(widths) != 1 or any(rows.ndim != 2 for _, rows in entries):  # noqa: PLR2004  (m, d)
            message = f"vectors of one block must be (m, d) with one d, not {sorted(widths)}"
            raise VectorsError(message)
        vectors = np.concatenate([rows for _, rows in entries]).astype(np.float32, copy=False)
        if not np.isfinite(vectors).all():
            message = "vectors that are not finite cannot be stored"
            raise VectorsError(message)
        offsets = np.cumsum([0, *(len(rows) for _, rows in entries)], dtype=np.int64)
        digest = hashlib.sha256("\n".join(keys).encode())
        digest.update(offsets.tobytes())
        digest.update(vectors.tobytes())
        path = self._folder / f"{digest.hexdigest()}.npz"
        write_arrays(path, keys=np.array(keys), offsets=offsets, vectors=vectors)
        self._enter(path, keys, offsets)

    def _enter(self, path: Path, keys: list[str], offsets: NDArray[np.int64]) -> None:
        if len(offsets) != len(keys) + 1:
            message = f"{path}: a block of {len(keys)} keys has {len(offsets)} offsets"
            raise VectorsError(message)
        for key, start, stop in zip(keys, offsets[:-1], offsets[1:], strict=True):
            self._rows[key] = (path, slice(int(start), int(stop)))
