"""What solve processes tell of which scenes look alike, from files of signatures and indexes."""

import logging
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from app.choosing.describing import represented_by
from app.choosing.duplicates import Duplicates, find_duplicates
from app.errors import ConflictError, UnavailableError
from app.processes.child import Cancellation
from features.errors import DamagedError, VectorsError
from features.index import SceneIndex, index_path
from features.index.directions import Directions
from features.index.nearest import nearest_in
from features.signatures.model import Signatures

_REMEMBERED: Final = 4
"""Datasets whose signatures a process keeps in memory."""

_log = logging.getLogger(__name__)

_MADE_HERE: Final = 10_000
"""Most scenes whose index is made while somebody waits: a few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeighborsTask:
    """The scenes that look most like one of them.

    Parameters
    ----------
    signatures
        The file that holds the scenes' signatures.
    scene_id
        Which one.
    k
        How many, at most.
    """

    signatures: Path
    scene_id: str
    k: int
    time_limit_s: float = 60.0  # a million scenes are read from disk first

    def run(self, watch: Cancellation) -> list[tuple[str, float]]:
        """Return ids and cosines of mean directions, the most alike first.

        They are stored where an index is; otherwise all cosines are computed, with the same
        answer: rounded before they are ordered, and of equal ones the first in the pool first.
        """
        del watch
        scene_ids = load_signatures(self.signatures).scene_ids
        directions, places = _directions(self.signatures)
        place, index = places[self.scene_id], stored_index(self.signatures)
        found = None if index is None else index.neighbors(place, self.k)
        rows, alike = found or nearest_in(directions.to_all(place), place, self.k)
        return [(scene_ids[row], float(a)) for row, a in zip(rows, alike, strict=True)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatesTask:
    """Groups of scenes that look alike.

    Parameters
    ----------
    signatures
        The file that holds the scenes' signatures.
    threshold
        Least cosine of a pair.
    start, count
        Which of the groups are wanted.
    """

    signatures: Path
    threshold: float
    start: int
    count: int
    time_limit_s: float = 120.0

    def run(self, watch: Cancellation) -> Duplicates:
        """Return the groups, the largest first.

        Raises
        ------
        ConflictError
            No index is stored, and there are too many scenes to make one while somebody waits.
        """
        del watch
        scene_ids = load_signatures(self.signatures).scene_ids
        index = needed_index(self.signatures)
        return find_duplicates(index, scene_ids, self.threshold, start=self.start, count=self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class RepresentedTask:
    """The scenes that one of a seed's stands for.

    Parameters
    ----------
    signatures
        The file that holds the scenes' signatures.
    chosen
        The seed's scenes, in the order of their ranks.
    labelled
        What is labelled already.
    scene_id
        One of the chosen.
    """

    signatures: Path
    chosen: tuple[str, ...]
    labelled: tuple[str, ...]
    scene_id: str
    time_limit_s: float = 60.0

    def run(self, watch: Cancellation) -> list[tuple[str, float]]:
        """Return their ids and cosines of mean directions, all of them, the most alike first."""
        del watch
        scene_ids = load_signatures(self.signatures).scene_ids
        _, places = _directions(self.signatures)
        members, alike = represented_by(
            load_signatures(self.signatures).vectors,
            np.array([places[name] for name in self.chosen], dtype=np.int64),
            np.array([places[name] for name in self.labelled], dtype=np.int64),
            self.chosen.index(self.scene_id),
            stored_index(self.signatures),
        )
        return [(scene_ids[row], float(a)) for row, a in zip(members, alike, strict=True)]


@lru_cache(maxsize=_REMEMBERED)
def _directions(path: Path) -> tuple[Directions, dict[str, int]]:
    """Return the scenes' mean directions, which are those of the signatures, and their rows."""
    signatures = load_signatures(path)
    rows = {scene_id: row for row, scene_id in enumerate(signatures.scene_ids)}
    return Directions(signatures.vectors), rows


def stored_index(signatures: Path) -> SceneIndex | None:
    """Return the index of the scenes of a file of signatures; None where there is none."""
    path = index_path(signatures)
    try:
        return _read_index(path, signatures) if path.exists() else None
    except VectorsError:
        return None


def needed_index(signatures: Path) -> SceneIndex:
    """Return the index of the scenes of a file of signatures, made and stored where it is missing.

    Datasets that were made by an earlier version have none; neither has one whose file is damaged.

    Raises
    ------
    ConflictError
        It is missing, and there are more than 10,000 scenes.
    """
    index = stored_index(signatures)
    if index is not None:
        return index
    pool, path = load_signatures(signatures), index_path(signatures)
    if len(pool.scene_ids) > _MADE_HERE:
        rule = (
            f"Which of the {len(pool.scene_ids):,} scenes look alike was not stored with this "
            "dataset; register its source again, and the worker adds it."
        )
        raise ConflictError(rule)
    made = SceneIndex.build(pool)
    with suppress(OSError):  # it is made again another time
        made.save(path)
    return made


@lru_cache(maxsize=_REMEMBERED)
def _read_index(path: Path, signatures: Path) -> SceneIndex:
    return SceneIndex.load(path, load_signatures(signatures))


@lru_cache(maxsize=_REMEMBERED)
def load_signatures(path: Path) -> Signatures:
    """Read signatures: their files are named by their content and never change.

    Raises
    ------
    UnavailableError
        The file is damaged. It is removed, so that it is made or fetched again.
    """
    try:
        return Signatures.load(path)
    except DamagedError as error:
        with suppress(OSError):
            path.unlink()
        _log.warning("removed: %s", error)
        detail = (
            f"The signatures {path.stem!r} were damaged and are removed; register the dataset's "
            "source again, and a worker makes them again for all datasets that have them."
        )
        raise UnavailableError(detail) from error
