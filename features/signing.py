"""The last stages of every pool: signatures and index, each stored under its content key.

::

    cache/signatures/  KEY.npz (features.signatures.model)
    cache/neighbours/  KEY.npz (features.index)
    cache/pseudo_tasks/  KEY.npz (features.pseudo_tasks), where scenes can be told apart
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.index import SceneIndex, index_path
from features.index.faiss_search import faiss_search
from features.numeric import nearest_centres, unit_rows
from features.prepared import Stage
from features.pseudo_tasks import PseudoTasks, tasks_path
from features.pseudo_tasks.building import SAMPLE, PseudoTaskBuilder
from features.signatures.clustering import ALGORITHM, cluster_many
from features.signatures.describing import PartsBuilder, PrincipalSpace
from features.signatures.model import Signatures, build_signatures

_VERSION: Final = "signatures 4"

_BATCH: Final = 64  # scenes: 150 MB of 784 patch keys each at d = 768

_SAMPLE: Final = 500
"""Scenes that the pool's principal space is fitted to, at most; evenly spaced."""

_MOST_TASKS: Final = 25_000
"""Scenes of a pool, at most, that pseudo-tasks are made for: 256 numbers a part are kept."""

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
        How many vectors each row stands for, at least 0; None where each stands for itself.
    images
        How many images they are of.
    """

    vectors: NDArray[np.float32]
    weights: NDArray[np.floating] | None = None
    images: int = 1


class _Described(NamedTuple):
    """A scene.

    Parameters
    ----------
    centres : (k, d)
        Of length 1; its signature.
    parts : (p, d)
        Of length 1. Where its vectors are centres of its images already, these, so that what is
        small and rare is not averaged away; else its centres.
    masses : (p,)
        How many images each part makes up; they add up to the scene's number of images.
    """

    centres: NDArray[np.float64]
    parts: NDArray[np.float64]
    masses: NDArray[np.float64]


def sign(
    cache: Path,
    key: str,
    scene_ids: Sequence[str],
    read: Callable[[str], SceneVectors],
    clusters: int,
) -> "Signed":
    """Return the signatures under a key; made and stored where they are not, or are damaged.

    The pool's pseudo-tasks are made and stored with them.

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
    if _found(path):
        try:
            stored, tasks = Signatures.load(path), PseudoTasks.load(tasks_path(path))
        except VectorsError as error:
            _log.warning("computed again: %s", error)
        else:
            stage = Stage("signatures", 0, len(scene_ids), perf_counter() - start)
            return Signed(stored, tasks.some, stage)
    signatures, tasks = _build(scene_ids, read, clusters)
    tasks.save(tasks_path(path))  # first: who finds the signatures finds their tasks
    signatures.save(path)
    stage = Stage("signatures", len(scene_ids), 0, perf_counter() - start)
    return Signed(signatures, tasks.some, stage)


class Signed(NamedTuple):
    """A pool's signatures, its pseudo-tasks where it has any, and what they took."""

    signatures: Signatures
    tasks: PseudoTasks | None
    stage: Stage


def _build(
    scene_ids: Sequence[str], read: Callable[[str], SceneVectors], clusters: int
) -> tuple[Signatures, PseudoTasks]:
    """Describe the scenes one by one, in the space of a sample of them."""
    places = np.unique(np.linspace(0, len(scene_ids) - 1, _SAMPLE).astype(np.int64))
    sample = [scene_ids[place] for place in places]
    learned: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []

    def looked_at() -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
        most = -(-SAMPLE // len(sample))
        for _, scene in _describe(sample, read, clusters):
            few = np.unique(np.linspace(0, len(scene.parts) - 1, most).astype(np.int64))
            learned.append((scene.parts[few], scene.masses[few]))
            yield scene.parts, scene.masses

    builder = PartsBuilder(PrincipalSpace.fit(looked_at()))
    parts, masses = (np.concatenate(arrays) for arrays in zip(*learned, strict=True))
    tasks = PseudoTaskBuilder.fit(parts, masses) if len(scene_ids) <= _MOST_TASKS else None

    def centres() -> Iterator[tuple[str, NDArray[np.float64]]]:
        for scene_id, scene in _describe(scene_ids, read, clusters):
            builder.add(scene.parts, scene.masses)
            if tasks is not None:
                tasks.add(scene.parts, scene.masses)
            yield scene_id, scene.centres

    signatures = replace(build_signatures(centres()), parts=builder.build())
    return signatures, PseudoTasks.none(len(scene_ids)) if tasks is None else tasks.build()


def _describe(
    scene_ids: Sequence[str], read: Callable[[str], SceneVectors], clusters: int
) -> Iterator[tuple[str, _Described]]:
    """Yield each scene; a few are read at a time and clustered together."""
    waiting = iter(scene_ids)
    while batch := list(islice(waiting, _BATCH)):
        found = [read(scene_id) for scene_id in batch]
        clustered = [_heavy(scene) if len(scene.vectors) > clusters else scene for scene in found]
        centres = cluster_many(
            [scene.vectors for scene in clustered],
            clusters,
            weights=[
                scene.weights if len(scene.vectors) > clusters else None for scene in clustered
            ],
        )
        if len({rows.shape[1] for rows in centres}) > 1:
            message = f"scenes near {batch[0]!r} have vectors of different dimensions"
            raise VectorsError(message)
        bounds = np.cumsum([len(rows) for rows in centres])[:-1]
        units = np.split(unit_rows(np.concatenate(centres)), bounds)
        for scene_id, scene, rows, unit in zip(batch, found, centres, units, strict=True):
            if scene.weights is None:
                yield scene_id, _Described(unit, unit, _masses(scene, rows))
            else:
                parts = unit_rows(scene.vectors) if len(rows) < len(scene.vectors) else unit
                yield scene_id, _Described(unit, parts, _masses(scene, scene.vectors))


def _heavy(scene: SceneVectors) -> SceneVectors:
    """Return a scene without the vectors that stand for nothing: k-means takes none of them."""
    if scene.weights is None or scene.weights.all():
        return scene
    kept = scene.weights > 0
    return SceneVectors(scene.vectors[kept], scene.weights[kept], scene.images)


def _masses(scene: SceneVectors, centres: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how many images each centre makes up: they add up to the scene's number of images."""
    m = len(scene.vectors)
    weights = np.ones(m) if scene.weights is None else np.asarray(scene.weights, np.float64)
    if len(centres) < m:
        nearest = nearest_centres(scene.vectors, centres)
        weights = np.bincount(nearest, weights, minlength=len(centres)).astype(np.float64)
    total = weights.sum()
    return weights * (scene.images / total) if total > 0 else weights


def index_scenes(cache: Path, key: str, signatures: Signatures) -> tuple[SceneIndex, Stage]:
    """Return the index under a key; made and stored where it is not, or is damaged.

    Parameters
    ----------
    cache, key
        See :func:`sign`.
    signatures
        What the key stands for.

    Raises
    ------
    BackboneError
        FAISS is not installed.
    """
    start = perf_counter()
    path = index_path(cache / "signatures" / f"{key}.npz")
    n = len(signatures.scene_ids)
    if _found(path):
        try:
            stored = SceneIndex.load(path, signatures)
        except VectorsError as error:
            _log.warning("computed again: %s", error)
        else:
            return stored, Stage("index", 0, n, perf_counter() - start)
    index = SceneIndex.build(signatures, faiss_search)
    try:
        index.save(path)
    except PermissionError as error:  # a cache that is only read, from before there were indexes
        _log.warning("who looks like whom is not kept for another time: %s", error)
    return index, Stage("index", n, 0, perf_counter() - start)


def _found(path: Path) -> bool:
    """Tell whether a file is there, and say that it is in use: old files may be removed."""
    with suppress(OSError):
        os.utime(path)
    return path.exists()


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
