"""A pool whose vectors someone else computed: signatures and an index without a backbone."""

from pathlib import Path

from features.errors import FeatureError
from features.prepared import Prepared, Stage
from features.settings import PRECOMPUTED
from features.signing import (
    SceneVectors,
    index_scenes,
    sign,
    signatures_key,
    single_vector_notes,
)
from features.sources.scenes import LeftOut, ScenePool
from features.vectors import PrecomputedVectors


def prepare_precomputed(
    pool: ScenePool, vectors: PrecomputedVectors, clusters: int, cache: Path
) -> Prepared:
    """Make the signatures and the index of a pool from vectors, or find them in the cache.

    Parameters
    ----------
    pool
        The scenes; their images are not looked at.
    vectors
        Of these scenes.
    clusters
        Most centres per scene, at least 1.
    cache
        The folder that keeps every stage.

    Returns
    -------
    Prepared
        A scene without a vector is left out and named, as one without images is.

    Raises
    ------
    FeatureError
        The number of clusters is below 1.
    """
    if clusters < 1:
        message = f"clusters must be at least 1, not {clusters}"
        raise FeatureError(message)
    # Of a scene without images each vector is taken for one.
    images = {
        scene.scene_id: len(scene.images) or len(vectors.rows.get(scene.scene_id, ()))
        for scene in pool.scenes
    }

    keys = {scene_id: f"{vectors.key} {images[scene_id]}" for scene_id in vectors.rows}
    key = signatures_key(keys, clusters)

    def read(scene_id: str) -> SceneVectors:
        return SceneVectors(vectors.of(scene_id), images=images[scene_id])

    signed = sign(cache, key, tuple(keys), read, clusters)
    index, indexing = index_scenes(cache, key, signed.signatures)
    covered = len(vectors.rows)
    return Prepared(
        signatures=signed.signatures,
        key=key,
        index=index,
        tasks=signed.tasks,
        backbone=PRECOMPUTED,
        weights_id=vectors.sha256,
        precision=None,
        token=vectors.level,
        clusters=clusters,
        sparsify=None,
        failures=(),
        left_out=tuple(
            LeftOut(scene_id, f"it has no vector in {vectors.path}") for scene_id in vectors.missing
        ),
        sparsified=(),
        stages=(Stage("vectors", 0, covered, vectors.seconds), signed.stage, indexing),
        notes=(
            f"{vectors.path} has vectors of {covered} of {len(pool.scenes)} scenes.",
            *single_vector_notes(signed.signatures),
        ),
    )
