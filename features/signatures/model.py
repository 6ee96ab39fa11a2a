"""What the solver needs to know of a scene: a weight and a mean direction.

A scene i has unit centres c_i1 .. c_ik. With their mean m_i, the mean cosine over all pairs of
centres of two scenes is exactly the inner product m_i . m_j, so neither the centres nor an n x n
matrix are needed after this step.

Source: SeedAL (Samet et al., ICCV 2023, arXiv 2304.11762), intra- and inter-scene similarity.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.files.stored import read_arrays, write_arrays
from features.signatures.parts import Parts

_PARTS: Final = ("offsets", "masses", "words", "sizes")

NEUTRAL_WEIGHT = 1.0
"""Weight of every scene where no scene of the pool has two centres."""


@dataclass(frozen=True, slots=True)
class Signatures:
    """The signatures of a pool's scenes, row by row.

    Parameters
    ----------
    scene_ids
        The n scenes that have a signature, in the pool's order.
    weights : (n,) float64
        1 - intra: how unlike each other the scene's own centres are, in [0, 2].
    vectors : (n, d) float64
        Mean of the scene's unit centres; its length is at most 1.
    counts : (n,) int64
        Number of centres.
    parts
        What the scenes show, for objectives that need more than a direction; None where nothing
        but directions is known.

    Raises
    ------
    VectorsError
        The parts do not fit each other, or a number is not finite.
    """

    scene_ids: tuple[str, ...]
    weights: NDArray[np.float64]
    vectors: NDArray[np.float64]
    counts: NDArray[np.int64]
    parts: Parts | None = None

    def __post_init__(self) -> None:
        n = len(self.scene_ids)
        fits = self.weights.shape == (n,) and self.counts.shape == (n,) and self.vectors.ndim == 2  # noqa: PLR2004  (n, d)
        if not fits or len(self.vectors) != n:
            message = (
                f"signatures of {n} scenes have weights {self.weights.shape}, "
                f"vectors {self.vectors.shape} and counts {self.counts.shape}"
            )
            raise VectorsError(message)
        if self.parts is not None and self.parts.n != n:
            message = f"signatures of {n} scenes have parts of {self.parts.n}"
            raise VectorsError(message)
        if not (np.isfinite(self.weights).all() and np.isfinite(self.vectors).all()):
            message = "signatures must be finite"
            raise VectorsError(message)

    def save(self, path: Path) -> None:
        """Write the signatures to an ``.npz`` file, all or nothing."""
        ids = np.frombuffer(json.dumps(self.scene_ids).encode(), dtype=np.uint8)
        arrays = {name: getattr(self.parts, name) for name in _PARTS if self.parts is not None}
        write_arrays(
            path,
            scene_ids=ids,
            weights=self.weights,
            vectors=self.vectors,
            counts=self.counts,
            **arrays,
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read signatures that :meth:`save` wrote.

        Raises
        ------
        VectorsError
            The file is missing or is not such a file.
        """
        ids, weights, vectors, counts, *parts = read_arrays(
            path, "scene_ids", "weights", "vectors", "counts", optional=_PARTS
        )
        try:
            scene_ids = tuple(json.loads(ids.tobytes()))
        except ValueError as error:
            message = f"{path}: its scene ids are not JSON"
            raise VectorsError(message) from error
        return cls(scene_ids, weights, vectors, counts, Parts(*parts) if parts else None)


def build_signatures(
    scenes: Mapping[str, NDArray[np.float64]] | Iterable[tuple[str, NDArray[np.float64]]],
) -> Signatures:
    """Reduce each scene's unit centres to its signature.

    With k centres of mean m, the mean cosine over the distinct pairs of centres is
    ``intra = (k^2 |m|^2 - k) / (k (k - 1))`` and the weight is ``1 - intra``.

    A scene with a single centre has no pair, so its intra is undefined. Its weight is the median of
    the weights that are defined in the pool: it then competes on its distance to other scenes
    alone, neither favoured nor punished for something that nobody measured. Where no weight is
    defined all are 1 and the objective is the plain sum of pairwise distances.

    Parameters
    ----------
    scenes
        Scene ids and their unit centres, (k, d) with k >= 1 and the same d everywhere, as a
        mapping or one by one: no centre is kept after its scene's mean is taken.

    Returns
    -------
    Signatures
        In the order given.

    Raises
    ------
    VectorsError
        No scene, no centre in a scene, or centres of different lengths d.
    """
    pairs = scenes.items() if isinstance(scenes, Mapping) else scenes
    scene_ids: list[str] = []
    means: list[NDArray[np.float64]] = []
    counts: list[int] = []
    for scene_id, centres in pairs:
        if centres.ndim != 2 or not len(centres) or (means and centres.shape[1:] != means[0].shape):  # noqa: PLR2004  (k, d)
            message = (
                "every scene needs at least one centre, and all centres the same dimension; "
                f"scene {scene_id!r} has {centres.shape}"
            )
            raise VectorsError(message)
        scene_ids.append(scene_id)
        # numpy's sum, without what its mean does besides: there may be a million scenes.
        means.append(np.add.reduce(centres, axis=0) / len(centres))
        counts.append(len(centres))
    if not means:
        message = "signatures need at least one scene"
        raise VectorsError(message)
    numbers = np.array(counts, dtype=np.int64)
    vectors = np.stack(means)
    return Signatures(tuple(scene_ids), _weights(vectors, numbers), vectors, numbers)


def _weights(vectors: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    defined = counts > 1
    k = counts[defined]
    squared_length = np.einsum("nd,nd->n", vectors[defined], vectors[defined])
    intra = (k**2 * squared_length - k) / (k * (k - 1))
    weights = np.full(len(counts), NEUTRAL_WEIGHT)
    # A cosine lies in [-1, 1]; rounding alone can leave that range.
    weights[defined] = np.clip(1.0 - intra, 0.0, 2.0)
    if defined.any():
        weights[~defined] = np.median(weights[defined])
    return weights
