"""The feature pipeline: a pool of scenes in, signatures and an index out.

Every stage lies in the cache under a hash of all it depends on, so nothing is computed twice::

    cache/vectors/     vectors of images (features.extraction.blocks)
    cache/signatures/  KEY.npz, and
    cache/neighbours/  KEY.npz (features.signing)
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Literal, Self

import numpy as np

from features.backbones.catalogue import COLOUR_GRID
from features.backbones.compute import CLS, PATCH_KEYS, Token
from features.backbones.identity import identify, resolve_backbone
from features.backbones.precision import resolve_precision
from features.errors import plural
from features.extraction.extractor import Recipe
from features.extraction.passes import ImagePasses, Progress
from features.extraction.shards import VectorExtraction
from features.prepared import Prepared, Stage
from features.settings import AUTO, FeatureSettings
from features.signatures.model import Signatures
from features.signing import (
    SceneVectors,
    index_scenes,
    sign,
    signatures_key,
    single_vector_notes,
)
from features.sources.scenes import LeftOut, PoolScene, ScenePool, UnreadableImage

__all__ = [
    "FeatureSettings",
    "LeftOut",
    "Preparation",
    "Prepared",
    "Progress",
    "Stage",
    "UnreadableImage",
    "prepare",
]


class Preparation:
    """The pipeline in steps that can each be repeated, for a job that may be interrupted.

    Groups of images are extracted under numbers from 0 on, which depend on the pool and the
    settings alone: a resumed job finds the same groups under the same numbers, and one that is
    stored costs next to nothing. With sparsification all images are first compared by their class
    tokens, and the groups of those that are kept follow.

    Parameters
    ----------
    pool
        The scenes.
    settings
        How they become signatures.
    cache
        The folder that keeps every stage.
    progress
        Told about every batch of images.

    Raises
    ------
    BackboneError, WeightsError
        The backbone or its weights cannot be had.
    """

    def __init__(
        self,
        pool: ScenePool,
        settings: FeatureSettings,
        cache: Path,
        progress: Progress | None = None,
    ) -> None:
        backbone, backbone_note = resolve_backbone(settings.backbone, weights=settings.weights)
        self._identity = identify(
            backbone, weights=settings.weights, weights_sha256=settings.weights_sha256
        )
        self._precision = resolve_precision(backbone, settings.compute)
        self._token, token_note = _resolve_token(settings.token, pool)
        self._notes = (*backbone_note, *token_note, *_first_frames(pool))
        self._pool = pool
        self._settings = settings
        self._cache = cache
        recipe = Recipe(self._identity, self._token, settings.clusters, self._precision)
        self._passes = ImagePasses(pool.scenes, recipe, settings, cache, progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def outlook(self, number: int) -> tuple[int, int]:
        """Return how many images lie in the groups before one, and in all groups.

        The two are equal once `number` is behind the last group. While the first groups of a
        sparsification run, those that will follow are not counted yet.
        """
        return self._passes.outlook(number)

    def run_group(self, number: int) -> int:
        """Make sure that the vectors of one group of images are stored.

        Returns
        -------
        int
            Number of images that were encoded now.

        Raises
        ------
        BackboneError, VectorsError
            The backbone cannot be loaded, or its vectors are unusable.
        """
        return self._passes.run_group(number)

    def finish(self) -> Prepared:
        """Build the signatures and the index of the whole pool.

        Groups that this object did not run are run first: those that an earlier process stored
        only tell which images failed.

        Raises
        ------
        FeatureError
            No scene of the pool has a readable image.
        BackboneError, VectorsError
            See :meth:`run_group`.
        """
        extraction, scenes, without = self._passes.finish()
        new = sum(map(extraction.is_new, scenes))
        vectors = Stage("vectors", new, len(scenes) - new, self._passes.seconds)
        # The images' keys cover the recipe and the files.
        keys = {scene.scene_id: b"".join(extraction.keys(scene)).hex() for scene in scenes}
        key = signatures_key(keys, self._settings.clusters)
        signed = sign(
            self._cache, key, tuple(keys), self._reader(scenes, extraction), self._settings.clusters
        )
        index, indexing = index_scenes(self._cache, key, signed.signatures)
        cautions = _cautions(self._identity.name, signed.signatures)
        return Prepared(
            signatures=signed.signatures,
            key=key,
            index=index,
            tasks=signed.tasks,
            backbone=self._identity.name,
            weights_id=self._identity.weights_id,
            precision=self._precision,
            token=self._token,
            clusters=self._settings.clusters,
            sparsify=self._settings.sparsify,
            failures=self._passes.failures(),
            left_out=without,
            sparsified=self._passes.sparsified,
            stages=(vectors, signed.stage, indexing),
            notes=(*self._notes, *self._sparsified(), *cautions),
        )

    def close(self) -> None:
        """Give up what was begun for groups that nobody will run."""
        self._passes.close()

    def _sparsified(self) -> tuple[str, ...]:
        if self._settings.sparsify is None:
            return ()
        dropped, every = len(self._passes.sparsified), len(self._pool.scenes)
        note = (
            f"{dropped} of {every} scenes look like others of their sequence and are not compared."
        )
        return (note,)

    def _reader(
        self, scenes: Sequence[PoolScene], extraction: VectorExtraction
    ) -> Callable[[str], SceneVectors]:
        """Return what gives a scene's vectors.

        An image's patch keys are centres already. Those of several images are to be clustered
        again, each with the weight of the patches that it stands for.
        """
        by_id = {scene.scene_id: scene for scene in scenes}

        def read(scene_id: str) -> SceneVectors:
            images = extraction.vectors(by_id[scene_id])
            rows = np.concatenate([image.vectors for image in images])
            if self._token == CLS:
                return SceneVectors(rows, images=len(images))
            counts = np.concatenate([image.counts for image in images])
            return SceneVectors(rows, counts.astype(np.float64), len(images))

        return read


def prepare(
    pool: ScenePool, settings: FeatureSettings, cache: Path, progress: Progress | None = None
) -> Prepared:
    """Run the whole pipeline, or what of it is not stored yet.

    Parameters
    ----------
    pool, settings, cache, progress
        See :class:`Preparation`.

    Raises
    ------
    FeatureError
        The backbone cannot be used, or no scene has a readable image.
    """
    with Preparation(pool, settings, cache, progress) as preparation:
        return preparation.finish()


def _resolve_token(
    token: Literal["auto", "cls", "patch_keys", "patches"], pool: ScenePool
) -> tuple[Token, tuple[str, ...]]:
    if token != AUTO:
        return token, ()
    counts = [len(scene.images) for scene in pool.scenes if scene.images]
    if counts and median(counts) <= 1:
        return PATCH_KEYS, ("Scenes have one image each, so the parts of each image are compared.",)
    return CLS, ("Scenes have several images each, so whole images are compared.",)


def _first_frames(pool: ScenePool) -> tuple[str, ...]:
    images = (image.uri for scene in pool.scenes for image in scene.images)
    moving = sum(uri.partition("?")[0].lower().endswith(".gif") for uri in images)
    return (f"Of {plural(moving, 'GIF image')} the first frame is compared.",) if moving else ()


def _cautions(backbone: str, signatures: Signatures) -> tuple[str, ...]:
    notes = []
    if backbone == COLOUR_GRID:
        notes.append(f"{COLOUR_GRID} sees colours only: good for a trial, not for a seed to label.")
    return (*notes, *single_vector_notes(signatures))
