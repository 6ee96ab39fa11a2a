"""The last two stages of every pool: signatures and index, each stored under its content key.

::

    cache/signatures/  KEY.npz (features.signatures)
    cache/index/       KEY.faiss (features.index)
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.clustering import ALGORITHM, cluster_many
from features.errors import VectorsError
from features.index import SceneIndex
from features.prepared import Stage
from features.signatures import Signatures, build_signatures, unit_rows

_VERSION: Final = "signatures 2"

_BATCH: Final = 64  # scenes: 150 MB of 784 patch keys each at d = 768

_log = logging.getLogger(__name__)


def signatures_key(keys: Mapping[str, str], clusters: int) -> str:
    """Return the hash of all that the signatures of a pool depend on.

    Parameters
    ----------
    keys
        Scene id to a hash of all that the scene's vectors depend on, in the pool's order.
    clusters
        Most centres per scene.
    """
    digest = hashlib.sha256(f"{_VERSION} {ALGORITHM} {clusters}\n".encode())
    for scene_id, key in keys.items():
        digest.update(f"{json.dumps(scene_id)} {key}\n".encode())
    return digest.hexdigest()


class SceneVectors(NamedTuple):
    """The vectors of a scene.

    Parameters
    ----------
    vectors : (m, d) float32
    weights : (m,)
        How many vectors each row stands for, above 0; None where each stands for itself.
    """

    vectors: NDArray[np.float32]
    weights: NDArray[np.floating] | None = None


def sign(
    cache: Path,
    key: str,
    scene_ids: Sequence[str],
    read: Callable[[str], SceneVectors],
    clusters: int,
) -> tuple[Signatures, Stage]:
    """Return the signatures under a key; made and stored where they are not, or are damaged.

    Parameters
    ----------
    cache
        The folder that keeps every stage.
    key
        See :func:`signatures_key`.
    scene_ids
        The scenes, in the pool's order.
    read
        Gives the vectors of a scene.
    clusters
        Most centres per scene.

    Raises
    ------
    VectorsError
        The vectors cannot be read, clustered or normalised.
    """
    start = perf_counter()
    path = cache / "signatures" / f"{key}.npz"
    if path.exists():
        try:
            stored = Signatures.load(path)
        except VectorsError as error:
            _log.warning("computed again: %s", error)
        else:
            return stored, Stage("signatures", 0, len(scene_ids), perf_counter() - start)
    signatures = build_signatures(_centres(scene_ids, read, clusters))
    signatures.save(path)
    return signatures, Stage("signatures", len(scene_ids), 0, perf_counter() - start)


def _centres(
    scene_ids: Sequence[str], read: Callable[[str], SceneVectors], clusters: int
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield each scene's unit centres; a few scenes are read at a time and clustered together."""
    waiting = iter(scene_ids)
    while batch := list(islice(waiting, _BATCH)):
        found = [read(scene_id) for scene_id in batch]
        centres = cluster_many(
            [scene.vectors for scene in found], clusters, weights=[scene.weights for scene in found]
        )
        if len({rows.shape[1] for rows in centres}) > 1:
            message = f"scenes near {batch[0]!r} have vectors of different dimensions"
            raise VectorsError(message)
        bounds = np.cumsum([len(rows) for rows in centres])[:-1]
        units = np.split(unit_rows(np.concatenate(centres)), bounds)
        yield from zip(batch, units, strict=True)


def index_scenes(cache: Path, key: str, signatures: Signatures) -> tuple[Path, Stage]:
    """Return where the index under a key lies; made where it is not.

    Parameters
    ----------
    cache, key
        See :func:`sign`.
    signatures
        What the key stands for.
    """
    start = perf_counter()
    path = cache / "index" / f"{key}.faiss"
    n = len(signatures.scene_ids)
    if path.exists():
        return path, Stage("index", 0, n, perf_counter() - start)
    SceneIndex.build(signatures).save(path)
    return path, Stage("index", n, 0, perf_counter() - start)


def single_vector_notes(signatures: Signatures) -> tuple[str, ...]:
    """Return what a user should know of scenes that have one vector only."""
    single = int((signatures.counts == 1).sum())
    if not single:
        return ()
    note = (
        f"{single} of {len(signatures.scene_ids)} scenes have a single vector, hence no "
        "diversity of their own; they get the median weight."
    )
    return (note,)
