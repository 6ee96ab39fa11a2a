"""Which scenes look alike: a FAISS index over the scenes' mean directions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from features.atomic import atomic_write
from features.errors import VectorsError
from features.extra import features_extra
from features.signatures import Signatures


@dataclass(frozen=True, slots=True)
class Neighbor:
    """A scene that looks like another.

    Parameters
    ----------
    scene_id
        The other scene.
    similarity
        Cosine of the two scenes' mean directions, in [-1, 1].
    """

    scene_id: str
    similarity: float


class SceneIndex:
    """Exact inner products over normalised scene means.

    A mean of length zero (centres that cancel out) has no direction; it stays zero, and its
    similarity to everything is 0.

    Parameters
    ----------
    scene_ids
        The scene of each row of the index.
    flat
        A FAISS flat inner-product index.

    Raises
    ------
    VectorsError
        The index has another number of rows.
    """

    def __init__(self, scene_ids: tuple[str, ...], flat: Any) -> None:  # noqa: ANN401  faiss carries no type information
        if flat.ntotal != len(scene_ids):
            message = f"the index has {flat.ntotal} rows for {len(scene_ids)} scenes"
            raise VectorsError(message)
        self._scene_ids = scene_ids
        self._rows = {scene_id: row for row, scene_id in enumerate(scene_ids)}
        self._flat = flat

    @classmethod
    def build(cls, signatures: Signatures) -> Self:
        """Index the scenes of these signatures."""
        faiss = _faiss()
        flat = faiss.IndexFlatIP(signatures.vectors.shape[1])
        flat.add(_directions(signatures.vectors))
        return cls(signatures.scene_ids, flat)

    @classmethod
    def load(cls, path: Path, signatures: Signatures) -> Self:
        """Read an index that :meth:`save` wrote for these signatures.

        Raises
        ------
        VectorsError
            The file is missing, is not an index, or has another number of rows.
        """
        faiss = _faiss()
        try:
            flat = faiss.deserialize_index(np.frombuffer(path.read_bytes(), dtype=np.uint8))
        except (OSError, RuntimeError) as error:
            message = f"{path}: not an index of scenes; delete the file and run again"
            raise VectorsError(message) from error
        return cls(signatures.scene_ids, flat)

    def save(self, path: Path) -> None:
        """Write the index, all or nothing. The scene ids are the signatures' own."""
        content: NDArray[np.uint8] = _faiss().serialize_index(self._flat)
        with atomic_write(path) as stream:
            stream.write(content.tobytes())

    def neighbors(self, scene_id: str, k: int) -> tuple[Neighbor, ...]:
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
        direction = self._flat.reconstruct(row)[None]
        wanted = min(k + 1, len(self._scene_ids))
        similarities, rows = self._flat.search(direction, wanted)
        # A duplicate of the scene may come before the scene itself, or in its place.
        found = [
            Neighbor(self._scene_ids[other], float(np.clip(similarity, -1.0, 1.0)))
            for other, similarity in zip(rows[0].tolist(), similarities[0], strict=True)
            if other != row
        ]
        return tuple(found[:k])


def _directions(means: NDArray[np.float64]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    directions: NDArray[np.float64] = np.divide(
        means, lengths, out=np.zeros_like(means), where=lengths > 0
    )
    return directions.astype(np.float32)


def _faiss() -> Any:  # noqa: ANN401  faiss carries no type information
    with features_extra("the index of scenes"):
        import faiss  # noqa: PLC0415  not in the base install
    return faiss
