"""The index of a pool's scenes, and the questions it answers."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.index.answers import NearDuplicates, Pair, Representation, SimilarScene
from features.index.directions import Directions
from features.index.files import read_index, write_index
from features.index.kinds import Kind, choose_kind, make_index
from features.index.libraries import load_faiss
from features.index.near_duplicates import find_near_duplicates
from features.index.representation import find_nearest
from features.signatures.model import Signatures

MOST_PAIRS: Final = 10_000
"""Pairs that :meth:`SceneIndex.near_duplicates` returns at most, if not told otherwise."""


class SceneIndex:
    """Cosines of scenes' mean directions, found by FAISS and measured exactly.

    FAISS proposes in float32 with a margin for its rounding; the cosines of what it proposes are
    then computed in float64. With a ``flat`` index every answer is exactly that of a full sort,
    the scene that comes first in the pool winning every tie. With an ``ivf`` index, and for
    :meth:`neighbors` and :meth:`near_duplicates` alone, about 1 in 20 may be missed
    (:mod:`features.index.kinds`).

    A mean of length zero (centres that cancel out) has no direction; its similarity to everything
    is 0.

    Parameters
    ----------
    signatures
        The scenes.
    index
        A FAISS index of their directions, as :meth:`build` makes it.
    """

    def __init__(self, signatures: Signatures, index: Any) -> None:  # noqa: ANN401  faiss carries no type information
        self._scene_ids = signatures.scene_ids
        self._rows = {scene_id: row for row, scene_id in enumerate(signatures.scene_ids)}
        self._directions = Directions(signatures.vectors)
        self._index = index

    @classmethod
    def build(cls, signatures: Signatures, kind: Kind | None = None) -> Self:
        """Index the scenes of these signatures.

        Parameters
        ----------
        signatures
            The scenes.
        kind
            See :mod:`features.index.kinds`; by the number of scenes where None.
        """
        chosen = kind or choose_kind(len(signatures.scene_ids))
        return cls(signatures, make_index(load_faiss(), Directions(signatures.vectors), chosen))

    @classmethod
    def load(cls, path: Path, signatures: Signatures) -> Self:
        """Read an index that :meth:`save` wrote for these signatures.

        Raises
        ------
        VectorsError
            The file is missing, damaged, no index, or one of other scenes.
        """
        ids = signatures.scene_ids
        fingerprint = Directions(signatures.vectors).fingerprint(ids)
        return cls(signatures, read_index(path, len(ids), fingerprint))

    def save(self, path: Path) -> None:
        """Write the index, all or nothing. The scenes themselves are in the signatures' file."""
        write_index(path, self._index, self._directions.fingerprint(self._scene_ids))

    def neighbors(self, scene_id: str, k: int) -> tuple[SimilarScene, ...]:
        """Return the k scenes most like a scene, the most similar first, itself left out.

        Parameters
        ----------
        scene_id
            A scene of the index.
        k
            How many, at least 1; fewer are returned where there are fewer other scenes.

        Raises
        ------
        VectorsError
            The scene is not in the index, or k is below 1.
        """
        if scene_id not in self._rows or k < 1:
            message = f"neighbors need a scene of the index and k >= 1, not {scene_id!r}, k = {k}"
            raise VectorsError(message)
        row = self._rows[scene_id]
        query = self._directions.units(np.array([row]))
        similarities, rows = self._index.search(query, min(k + 1, self._directions.n))
        # All that may tie with the last one; with fewer than asked for, an ivf index gives -1.
        last = float(similarities[0][rows[0] >= 0].min(initial=1.0))
        _, _, hits = self._index.range_search(query, last - 2 * self._directions.slack)
        others = np.sort(hits[hits != row]).astype(np.intp)
        cosines = self._directions.cosines(row, others)
        return tuple(
            SimilarScene(self._scene_ids[others[place]], float(cosines[place]))
            for place in np.argsort(-cosines, kind="stable")[:k]
        )

    def near_duplicates(self, threshold: float, limit: int = MOST_PAIRS) -> NearDuplicates:
        """Return the pairs of scenes whose similarity is at least a threshold.

        Parameters
        ----------
        threshold
            In [-1, 1].
        limit
            Most pairs that are returned, at least 1: the most similar.

        Raises
        ------
        VectorsError
            The threshold or the limit breaks its rule.
        """
        if not -1.0 <= threshold <= 1.0 or limit < 1:
            message = (
                "near duplicates need a threshold between -1 and 1 and a limit of at least 1, "
                f"not {threshold} and {limit}"
            )
            raise VectorsError(message)
        # One more than asked for tells whether there are more.
        rows, similarities = find_near_duplicates(
            self._index, self._directions, threshold, limit + 1
        )
        pairs = tuple(
            Pair(self._scene_ids[first], self._scene_ids[second], float(similarity))
            for (first, second), similarity in zip(
                rows[:limit].tolist(), similarities[:limit], strict=True
            )
        )
        return NearDuplicates(pairs, complete=len(rows) <= limit)

    def represented(self, chosen_ids: Iterable[str]) -> Representation:
        """Return the chosen scene that each of the others is most like; exact in every kind.

        Parameters
        ----------
        chosen_ids
            Distinct scenes of the index, in any order, at least one.

        Raises
        ------
        VectorsError
            No scene is chosen, one is chosen twice, or one is not in the index.
        """
        chosen = self._chosen_rows(tuple(chosen_ids))
        others = np.setdiff1d(np.arange(self._directions.n), chosen)
        rows, similarities = find_nearest(load_faiss(), self._directions, chosen, others)
        ids = self._scene_ids
        nearest = {
            ids[other]: SimilarScene(ids[row], float(similarity))
            for other, row, similarity in zip(others, rows, similarities, strict=True)
        }
        members: dict[str, list[SimilarScene]] = {ids[row]: [] for row in chosen}
        for place in np.argsort(-similarities, kind="stable"):
            like = SimilarScene(ids[others[place]], float(similarities[place]))
            members[ids[rows[place]]].append(like)
        return Representation(nearest, {key: tuple(found) for key, found in members.items()})

    def _chosen_rows(self, chosen_ids: tuple[str, ...]) -> NDArray[np.intp]:
        unknown = [scene_id for scene_id in chosen_ids if scene_id not in self._rows]
        if unknown or not chosen_ids or len(set(chosen_ids)) < len(chosen_ids):
            reason = f"{unknown[0]!r} is not" if unknown else "one is named twice or there is none"
            message = f"chosen scenes must be distinct scenes of the index: {reason}"
            raise VectorsError(message)
        return np.sort(np.array([self._rows[scene_id] for scene_id in chosen_ids], dtype=np.intp))
