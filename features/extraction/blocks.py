"""A store of the vectors of images under content keys, shared by any number of processes.

A block is one immutable ``.npz`` file (nothing pickled) whose name is the hash of what it holds.
Blocks are only ever added, so nothing is locked: two processes that store the same images write the
same file, or two files of which either serves.
"""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.errors import DamagedError, VectorsError
from features.files.stored import read_arrays, write_arrays

KEY_BYTES: Final = 32

_OPEN_BLOCKS: Final = 4
"""Scenes are read in the order they were stored, so a few blocks in memory are enough."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ImageVectors:
    """What is kept of an image.

    Parameters
    ----------
    vectors : (m, d) float32
        The image's class token, or the centres of its patch keys.
    counts : (m,) int32
        How many vectors of the network each row stands for.
    """

    vectors: NDArray[np.float32]
    counts: NDArray[np.int32]


class BlockStore:
    """The blocks of a folder, as they were when the store was opened and what it put since.

    A file that is not a whole block is skipped with a warning in the log; its images are missing
    and will be computed again.

    Parameters
    ----------
    folder
        Where the blocks lie; made by the first :meth:`put`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._places: dict[bytes, tuple[Path, int]] = {}
        self._open: OrderedDict[Path, _Block] = OrderedDict()
        self._seen: set[Path] = set()
        self.refresh()

    def refresh(self) -> None:
        """Look for blocks that other processes put."""
        for path in sorted(self._folder.glob("*.npz")):
            if path in self._seen:
                continue
            self._seen.add(path)
            try:
                keys, offsets = read_arrays(path, "keys", "offsets")
                _check(path, keys, offsets)
            except VectorsError as error:
                _log.warning("ignored, its images are computed again: %s", error)
            else:
                self._enter(path, keys)

    def __contains__(self, key: object) -> bool:
        return key in self._places

    def get(self, key: bytes) -> ImageVectors:
        """Return what is stored under a key.

        Raises
        ------
        KeyError
            Nothing is stored under the key.
        DamagedError
            The block was damaged or removed. Its images count as missing from now on.
        VectorsError
            The block cannot be read.
        """
        path, row = self._places[key]
        block = self._open.get(path)
        if block is None:
            try:
                block = _Block(*read_arrays(path, "offsets", "vectors", "counts"))
            except DamagedError:
                self._lose(path)
                raise
            self._open[path] = block
            if len(self._open) > _OPEN_BLOCKS:
                self._open.popitem(last=False)
        self._open.move_to_end(path)
        rows = slice(int(block.offsets[row]), int(block.offsets[row + 1]))
        return ImageVectors(block.vectors[rows], block.counts[rows])

    def put(self, entries: Sequence[tuple[bytes, ImageVectors]]) -> None:
        """Publish one block.

        Parameters
        ----------
        entries
            Key, of :data:`KEY_BYTES` bytes, and vectors of each image; the same d everywhere.
            Nothing is written for no entries.

        Raises
        ------
        VectorsError
            Vectors are not two-dimensional, differ in d, or are not finite.
        """
        if not entries:
            return
        parts = [image.vectors for _, image in entries]
        widths = {rows.shape[1:] for rows in parts}
        if len(widths) != 1 or any(rows.ndim != 2 for rows in parts):  # noqa: PLR2004  (m, d)
            message = f"vectors of one block must be (m, d) with one d, not {sorted(widths)}"
            raise VectorsError(message)
        vectors = np.concatenate(parts).astype(np.float32, copy=False)
        if not np.isfinite(vectors).all():
            message = "vectors that are not finite cannot be stored"
            raise VectorsError(message)
        counts = np.concatenate([image.counts for _, image in entries]).astype(np.int32)
        keys = np.frombuffer(b"".join(key for key, _ in entries), np.uint8).reshape(-1, KEY_BYTES)
        offsets = np.cumsum([0, *map(len, parts)], dtype=np.int64)
        digest = hashlib.sha256()
        for array in (keys, offsets, vectors, counts):
            digest.update(array.tobytes())
        path = self._folder / f"{digest.hexdigest()}.npz"
        write_arrays(path, keys=keys, offsets=offsets, vectors=vectors, counts=counts)
        self._seen.add(path)
        self._enter(path, keys)

    def _enter(self, path: Path, keys: NDArray[np.uint8]) -> None:
        for row, key in enumerate(keys):
            self._places[key.tobytes()] = (path, row)

    def _lose(self, path: Path) -> None:
        """Forget a block, and remove its file: nobody else needs to find that it is damaged."""
        self._places = {key: place for key, place in self._places.items() if place[0] != path}
        with suppress(OSError):
            path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class _Block:
    offsets: NDArray[np.int64]
    vectors: NDArray[np.float32]
    counts: NDArray[np.int32]


def _check(path: Path, keys: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
    if keys.ndim != 2 or keys.shape[1] != KEY_BYTES or len(offsets) != len(keys) + 1:  # noqa: PLR2004  (n, 32)
        message = f"{path}: keys {keys.shape} and offsets {offsets.shape} are not those of a block"
        raise DamagedError(message)
