"""The feature pipeline: a pool of scenes in, signatures and an index out.

Every stage lies in the cache under a hash of all it depends on, so nothing is computed twice::

    cache/vectors/     vectors of images (features.extraction.blocks)
    cache/signatures/  KEY.npz, and
    cache/neighbours/  KEY.npz (features.signatures.signing)
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final, Literal, Self

import numpy as np

from features.backbones.catalogue import COLOUR_GRID
from features.backbones.compute import CLS, PATCH_KEYS, Token
from features.backbones.identity import identify, resolve_backbone
from features.backbones.loading import open_backbone
from features.backbones.precision import resolve_precision
from features.errors import FeatureError
from features.extraction.blocks import BlockStore
from features.extraction.extractor import Extractor, Recipe
from features.extraction.shards import VectorExtraction, cut_shards
from features.extraction.thinning import Thinned, thin
from features.images.decoding import Decoder
from features.images.reading import LeftOut, UnreadableImage
from features.prepared import Prepared, Stage
from features.settings import AUTO, RAY, FeatureSettings
from features.signatures.model import Signatures
from features.signatures.signing import (
    SceneVectors,
    index_scenes,
    sign,
    signatures_key,
    single_vector_notes,
)
from features.sources.scenes import PoolScene, ScenePool

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

Progress = Callable[[int, int], None]
"""Called with the number of images done and of all images, stored ones included."""

_LOOKING_THREADS: Final = 16
_RAY_SHARDS: Final = 64
"""Shards of a group where a cluster computes them: enough work for many GPUs at once."""


@dataclass(frozen=True, slots=True)
class _SceneGroup:
    """Shards that are one step of a job, and how many images they have."""

    extraction: VectorExtraction
    shards: range
    images: int


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
        self._notes = (*backbone_note, *token_note)
        self._pool = pool
        self._settings = settings
        self._load = lru_cache(lambda: open_backbone(self._identity, settings.compute))
        self._cache = cache
        self._store = BlockStore(cache / "vectors")
        self._threads = ThreadPoolExecutor(_LOOKING_THREADS)
        self._decoder = Decoder()
        self._progress = progress
        self._done = 0
        self._seconds = 0.0
        first = self._token if settings.sparsify is None else CLS
        self._first = self._extraction(pool.scenes, first)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def outlook(self, number: int) -> tuple[int, int]:
        """Return how many images lie in the groups before one, and in all groups.

        The two are equal once `number` is behind the last group. While the first groups of a
        sparsification run, those that will follow are not counted yet.
        """
        sizes = [group.images for group in self._groups(number)]
        return sum(sizes[:number]), sum(sizes)

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
        start = perf_counter()
        group = self._groups(number)[number]
        self._warm(group)
        computed = sum(group.extraction.run(shard, self._report) for shard in group.shards)
        self._seconds += perf_counter() - start
        return computed

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
        start = perf_counter()
        self._complete(self._first)
        kept = self._pool.scenes if self._thinned is None else self._thinned.kept
        extraction = self._second if self._two_passes else self._first
        self._complete(extraction)
        self._seconds += perf_counter() - start
        without = tuple(out for scene in kept if (out := extraction.left_out(scene)) is not None)
        scenes = [scene for scene in kept if extraction.keys(scene)]
        if (
            self._thinned is not None
            and self._thinned.dropped
            and not any(map(self._first.keys, kept))
        ):
            message = f"sparsification keeps none of the {len(self._pool.scenes)} scenes"
            raise FeatureError(message)
        if not scenes:
            message = (
                f"none of the {len(without)} scenes can be used; "
                f"the first, {without[0].scene_id}: {without[0].reason}"
            )
            raise FeatureError(message)
        new = sum(map(extraction.is_new, scenes))
        vectors = Stage("vectors", new, len(scenes) - new, self._seconds)
        # The images' keys cover the recipe and the files.
        keys = {scene.scene_id: b"".join(extraction.keys(scene)).hex() for scene in scenes}
        key = signatures_key(keys, self._settings.clusters)
        signatures, signing = sign(
            self._cache, key, tuple(keys), self._reader(scenes, extraction), self._settings.clusters
        )
        index, indexing = index_scenes(self._cache, key, signatures)
        return Prepared(
            signatures=signatures,
            key=key,
            index=index,
            backbone=self._identity.name,
            weights_id=self._identity.weights_id,
            precision=self._precision,
            token=self._token,
            clusters=self._settings.clusters,
            sparsify=self._settings.sparsify,
            failures=self._failures(extraction),
            left_out=without,
            sparsified=() if self._thinned is None else self._thinned.dropped,
            stages=(vectors, signing, indexing),
            notes=(*self._notes, *self._sparsified(), *_cautions(self._identity.name, signatures)),
        )

    def close(self) -> None:
        """Give up what was begun for groups that nobody will run."""
        self._first.close()
        if "_second" in self.__dict__:
            self._second.close()
        self._decoder.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _groups(self, number: int) -> list[_SceneGroup]:
        """Return the groups that are known before one of them is run."""
        if self._two_passes and number >= len(self._first_groups):
            return self._first_groups + self._second_groups
        return self._first_groups

    # Cut once: a job asks for them at every step, and a million images are thousands of groups.
    @cached_property
    def _first_groups(self) -> list[_SceneGroup]:
        return self._cut(self._first)

    @cached_property
    def _second_groups(self) -> list[_SceneGroup]:
        return self._cut(self._second)

    def _cut(self, extraction: VectorExtraction) -> list[_SceneGroup]:
        size = _RAY_SHARDS if self._settings.engine == RAY else 1
        groups = []
        for start in range(0, len(extraction.shards), size):
            shards = extraction.shards[start : start + size]
            numbers = range(start, start + len(shards))
            groups.append(_SceneGroup(extraction, numbers, sum(map(len, shards))))
        return groups

    def _complete(self, extraction: VectorExtraction) -> None:
        """Run what was not run; what is stored already only tells which images failed."""
        for group in self._cut(extraction):
            self._warm(group)
        extraction.complete(self._report)

    def _warm(self, group: _SceneGroup) -> None:
        """Have a cluster store what a group lacks; what it leaves undone is then done here."""
        if self._settings.engine != RAY:
            return
        from features.extraction.ray import extract_shards  # noqa: PLC0415  an extra

        extraction = group.extraction
        missing = [
            extraction.shards[shard] for shard in group.shards if not extraction.is_stored(shard)
        ]
        if missing:
            extract_shards(missing, extraction.recipe, self._settings, self._cache)
            self._store.refresh()

    def _failures(self, last: VectorExtraction) -> tuple[UnreadableImage, ...]:
        """Return what could not be read in either pass, each image of a scene once."""
        found = {
            (failure.scene_id, failure.uri): failure
            for scene in self._pool.scenes
            for extraction in (self._first, last)
            for failure in extraction.failures(scene)
        }
        return tuple(found.values())

    def _sparsified(self) -> tuple[str, ...]:
        if self._thinned is None:
            return ()
        dropped, every = len(self._thinned.dropped), len(self._pool.scenes)
        note = (
            f"{dropped} of {every} scenes look like others of their sequence and are not compared."
        )
        return (note,)

    @cached_property
    def _thinned(self) -> Thinned | None:
        if self._settings.sparsify is None:
            return None
        self._complete(self._first)
        return thin(self._pool.scenes, self._first, self._settings.sparsify)

    @property
    def _two_passes(self) -> bool:
        return self._settings.sparsify is not None and self._token != CLS

    @cached_property
    def _second(self) -> VectorExtraction:
        """The extraction of what is left after sparsification."""
        scenes = self._pool.scenes if self._thinned is None else self._thinned.kept
        return self._extraction(scenes, self._token)

    def _extraction(self, scenes: Sequence[PoolScene], token: Token) -> VectorExtraction:
        recipe = Recipe(self._identity, token, self._settings.clusters, self._precision)
        extractor = Extractor(recipe, self._load, self._settings.batch_size, self._settings.compute)
        shards = cut_shards(scenes)
        return VectorExtraction(shards, extractor, self._store, self._decoder, self._threads)

    def _report(self, images: int) -> None:
        self._done += images
        if self._progress is not None and images:
            extractions = [self._first, *([self._second] if "_second" in self.__dict__ else [])]
            total = sum(len(shard) for extraction in extractions for shard in extraction.shards)
            # A group that is run again is counted again.
            self._progress(min(self._done, total), total)

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


def _cautions(backbone: str, signatures: Signatures) -> tuple[str, ...]:
    notes = []
    if backbone == COLOUR_GRID:
        notes.append(f"{COLOUR_GRID} sees colours only: good for a trial, not for a seed to label.")
    return (*notes, *single_vector_notes(signatures))
