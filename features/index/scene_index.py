"""The index of a pool's scenes: who looks like whom, stored beside the signatures."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.files.stored import read_arrays, write_arrays
from features.index.directions import Directions
from features.index.links import components, find_links
from features.index.nearest import NeighbourSearch, find_nearest, measure_recall, numpy_search
from features.settings import DUPLICATE_FLOOR
from features.signatures.model import Signatures

NEAREST: Final = 50
"""How many neighbours of each scene are stored."""

_NOT_ALL: Final = 1.0 - 2.0**-20
"""Most recall of a search that did not look at every pair, whatever its sample says."""

_NAMES: Final = ("nearest", "similarities", "links", "link_similarities", "recall", "fingerprint")


def index_path(signatures: Path) -> Path:
    """Return where the index belongs of the scenes whose signatures lie in a file of the cache."""
    return signatures.parent.parent / "neighbours" / signatures.name


@dataclass(frozen=True, eq=False, slots=True)
class SimilarGroup:
    """Scenes that are chained together by pairs of at least a similarity.

    Parameters
    ----------
    rows : (m,) int64
        Ascending, m >= 2.
    nearest : (m,) int64
        Of each, the row in the group that it looks most like.
    similarities : (m,) float32
        Their cosines.
    weakest
        Cosine of the least similar link that it takes to connect them.
    """

    rows: NDArray[np.int64]
    nearest: NDArray[np.int64]
    similarities: NDArray[np.float32]
    weakest: float


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SceneIndex:
    """The nearest of n scenes and the links between near duplicates.

    A search proposes in float32 with a margin for its rounding; the cosines of what it proposes are
    then computed in float64 and rounded to multiples of 2^-24. Where `recall` is 1 every answer is
    exactly that of a full sort, and the scene that comes first in the pool wins every tie.

    A mean of length zero (centres that cancel out) has no direction; its similarity to everything
    is 0.

    Parameters
    ----------
    nearest : (n, k) int32
        The k = min(50, n - 1) scenes most like each, the most similar first.
    similarities : (n, k) float32
        Cosines of their mean directions.
    links : (m, 2) int32
        A maximum spanning forest of all pairs of at least
        :data:`features.settings.DUPLICATE_FLOOR`: the pairs that connect near duplicates at every
        threshold.
    link_similarities : (m,) float32
        Descending.
    recall
        What share of the nearest are found: 1 where every pair was looked at, else measured on a
        sample.
    fingerprint
        Of the scenes that it is about.

    Raises
    ------
    VectorsError
        The arrays do not fit each other.
    """

    nearest: NDArray[np.int32]
    similarities: NDArray[np.float32]
    links: NDArray[np.int32]
    link_similarities: NDArray[np.float32]
    recall: float
    fingerprint: str

    def __post_init__(self) -> None:
        n, k = self.nearest.shape if self.nearest.ndim == 2 else (0, -1)  # noqa: PLR2004  (n, k)
        rows = (self.nearest, self.links)
        fits = (
            k == min(NEAREST, n - 1)
            and self.similarities.shape == (n, k)
            and self.links.shape == (len(self.link_similarities), 2)
            and all(part.dtype == np.int32 for part in rows)
            and all(((part >= 0) & (part < n)).all() for part in rows)
        )
        if not fits:
            message = "the arrays of an index of scenes do not fit each other"
            raise VectorsError(message)

    @classmethod
    def build(
        cls,
        signatures: Signatures,
        open_search: Callable[[Directions], tuple[NeighbourSearch, bool]] = numpy_search,
    ) -> Self:
        """Index the scenes of these signatures.

        Parameters
        ----------
        signatures
            The scenes.
        open_search
            Returns what proposes the nearest, and whether it misses nothing:
            :func:`features.index.faiss_search.faiss_search` where there is FAISS.

        Raises
        ------
        BackboneError
            FAISS is asked for and not installed.
        """
        directions = Directions(signatures.vectors)
        search, exact = open_search(directions)
        k = min(NEAREST, directions.n - 1)
        nearest, similarities = find_nearest(search, directions, k, exact=exact)
        links, link_similarities = find_links(
            directions, nearest, similarities, DUPLICATE_FLOOR, exact=exact
        )
        return cls(
            nearest=nearest,
            similarities=similarities,
            links=links,
            link_similarities=link_similarities,
            recall=1.0 if exact else min(measure_recall(directions, nearest), _NOT_ALL),
            fingerprint=_fingerprint(signatures),
        )

    @classmethod
    def load(cls, path: Path, signatures: Signatures) -> Self:
        """Read an index that :meth:`save` wrote for these signatures.

        Raises
        ------
        VectorsError
            The file is missing, damaged, no index, or one of other scenes.
        """
        *arrays, recall, fingerprint = read_arrays(path, *_NAMES)
        if fingerprint.tobytes().decode("ascii", "replace") != _fingerprint(signatures):
            message = f"{path}: an index of other scenes"
            raise VectorsError(message)
        try:
            named = dict(zip(_NAMES, arrays, strict=False))
            return cls(
                **named, recall=float(recall), fingerprint=fingerprint.tobytes().decode("ascii")
            )
        except (TypeError, ValueError) as error:
            message = f"{path}: no index of scenes ({error})"
            raise VectorsError(message) from error

    def save(self, path: Path) -> None:
        """Write the index to an ``.npz`` file, all or nothing."""
        write_arrays(
            path,
            nearest=self.nearest,
            similarities=self.similarities,
            links=self.links,
            link_similarities=self.link_similarities,
            recall=np.array(self.recall),
            fingerprint=np.frombuffer(self.fingerprint.encode("ascii"), dtype=np.uint8),
        )

    @property
    def is_exact(self) -> bool:
        """Whether nothing is missed."""
        return self.recall == 1.0

    @property
    def is_complete(self) -> bool:
        """Whether all others are among each scene's nearest."""
        return bool(self.nearest.shape[1] == len(self.nearest) - 1)

    def neighbors(self, row: int, k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]] | None:
        """Return the k scenes most like one, or all others, and their cosines; None if not stored.

        They are not stored where k is above 50, or the index may have missed one.
        """
        if not self.is_exact or not (k <= self.nearest.shape[1] or self.is_complete):
            return None
        return self.nearest[row, :k], self.similarities[row, :k]

    def groups(self, threshold: float) -> tuple[SimilarGroup, ...]:
        """Return the groups of near duplicates: the largest first, then in the pool's order.

        Scenes of one group are connected by a chain of pairs whose cosine is at least the
        threshold, which is rounded to float32 as cosines are. A scene in no group has no
        duplicate.

        Parameters
        ----------
        threshold
            From :data:`features.settings.DUPLICATE_FLOOR` to 1.

        Raises
        ------
        VectorsError
            The threshold lies outside of that.
        """
        if not DUPLICATE_FLOOR <= threshold <= 1.0:
            message = (
                f"near duplicates need a threshold from {DUPLICATE_FLOOR:g} to 1, not {threshold:g}"
            )
            raise VectorsError(message)
        there = self.link_similarities >= np.float32(threshold)
        links, found = self.links[there], self.link_similarities[there]
        label = components(len(self.nearest), links)
        rows = np.unique(links).astype(np.int64)
        rows = rows[np.argsort(label[rows], kind="stable")]
        starts = np.flatnonzero(np.diff(label[rows], prepend=-1))
        weakest = np.full(len(label), np.inf, dtype=np.float32)
        np.minimum.at(weakest, label[links[:, 0]], found)
        nearest, similarities = self._best_links(links, found)
        groups = [
            SimilarGroup(part, nearest[part], similarities[part], float(weakest[label[part[0]]]))
            for part in np.split(rows, starts[1:])
            if part.size
        ]
        return tuple(sorted(groups, key=lambda group: -len(group.rows)))

    def _best_links(
        self, links: NDArray[np.int32], found: NDArray[np.float32]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the row that each linked scene is most like, and how much, shape (n,) each."""
        nearest = self.nearest[:, :1].astype(np.int64).ravel()
        similarities = self.similarities[:, :1].ravel().copy()
        # An approximate search may have missed, from one side, what it found from the other.
        for one, other in ((0, 1), (1, 0)):
            for place in np.flatnonzero(found > similarities[links[:, one]])[::-1]:
                row = links[place, one]
                nearest[row], similarities[row] = links[place, other], found[place]
        return nearest, similarities


def _fingerprint(signatures: Signatures) -> str:
    """Return a hash of the scenes and of up to 1,024 of their means, evenly spread."""
    n, d = signatures.vectors.shape
    head = json.dumps(["seedal index 2", list(signatures.scene_ids), n, d])
    digest = hashlib.sha256(head.encode())
    sample = np.linspace(0, n - 1, min(n, 1024)).astype(np.intp)
    digest.update(np.ascontiguousarray(signatures.vectors[sample]).tobytes())
    return digest.hexdigest()
