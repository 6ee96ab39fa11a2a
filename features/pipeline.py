"""The feature pipeline: a pool of scenes in, signatures and an index out.

Every stage lies in the cache under a hash of all it depends on, so nothing is computed twice::

    cache/blocks/      vectors of scenes (features.blocks)
    cache/signatures/  KEY.npz, and
    cache/index/       KEY.faiss (features.signing)
"""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Literal

from features.backbones.catalogue import COLOUR_GRID
from features.backbones.identity import identify, resolve_backbone
from features.backbones.protocol import CLS, PATCH_KEYS, Token
from features.blocks import BlockStore
from features.errors import FeatureError
from features.extraction import GroupResult, extract_group, group_scenes
from features.extractor import Extractor
from features.prepared import Prepared, Stage
from features.reading import ImageFailure, LeftOut
from features.scenes import Pool
from features.settings import AUTO, FeatureSettings
from features.signatures import Signatures
from features.signing import index_scenes, sign, signatures_key, single_vector_notes

__all__ = [
    "FeatureSettings",
    "ImageFailure",
    "LeftOut",
    "Preparation",
    "Prepared",
    "Progress",
    "Stage",
    "prepare",
]

Progress = Callable[[int, int], None]
"""Called with the number of images done and of all images, stored ones included."""


class Preparation:
    """The pipeline in steps that can each be repeated, for a job that may be interrupted.

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

    Attributes
    ----------
    groups
        The pool in groups of whole scenes; depends on the pool alone, so a resumed job finds the
        same groups under the same numbers. A group that is stored costs next to nothing.

    Raises
    ------
    BackboneError, WeightsError
        The backbone or its weights cannot be had.
    """

    def __init__(
        self,
        pool: Pool,
        settings: FeatureSettings,
        cache: Path,
        progress: Progress | None = None,
    ) -> None:
        backbone, backbone_note = resolve_backbone(settings.backbone, weights=settings.weights)
        self._identity = identify(
            backbone, weights=settings.weights, weights_sha256=settings.weights_sha256
        )
        self._token, token_note = _resolve_token(settings.token, pool)
        self._notes = (*backbone_note, *token_note)
        self._clusters = settings.clusters
        self._extractor = Extractor(
            self._identity,
            self._token,
            settings.clusters,
            device=settings.device,
            batch_size=settings.batch_size,
        )
        self._cache = cache
        self._store = BlockStore(cache / "blocks")
        self._progress = progress
        self._total = sum(len(scene.images) for scene in pool.scenes)
        self._done = 0
        self._seconds = 0.0
        self._results: dict[int, GroupResult] = {}
        self.groups = group_scenes(pool.scenes)

    def run_group(self, number: int) -> GroupResult:
        """Make sure that the vectors of one group are stored.

        Raises
        ------
        BackboneError, VectorsError
            The backbone cannot be loaded, or its vectors are unusable.
        """
        start = perf_counter()
        result = extract_group(self.groups[number], self._extractor, self._store, self._report)
        self._seconds += perf_counter() - start
        self._results[number] = result
        return result

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
        for number in range(len(self.groups)):
            if number not in self._results:
                self.run_group(number)
        results = [self._results[number] for number in range(len(self.groups))]
        keys = {scene_id: key for result in results for scene_id, key in result.keys.items()}
        without = tuple(scene for result in results for scene in result.left_out)
        if not keys:
            first = without[0]
            message = (
                f"none of the {len(without)} scenes can be used; "
                f"the first, {first.scene_id}: {first.reason}"
            )
            raise FeatureError(message)
        vectors = Stage(
            "vectors",
            sum(result.computed for result in results),
            sum(result.reused for result in results),
            self._seconds,
        )
        # The scenes' keys cover the extractor and the images.
        key = signatures_key(keys, self._clusters)
        signatures, signing = sign(self._cache, key, keys, self._store.get, self._clusters)
        index_path, indexing = index_scenes(self._cache, key, signatures)
        return Prepared(
            signatures=signatures,
            key=key,
            index_path=index_path,
            backbone=self._identity.name,
            weights_id=self._identity.weights_id,
            token=self._token,
            clusters=self._clusters,
            failures=tuple(failure for result in results for failure in result.failures),
            left_out=without,
            stages=(vectors, signing, indexing),
            notes=(*self._notes, *_cautions(self._identity.name, signatures)),
        )

    def _report(self, images: int) -> None:
        self._done += images
        if self._progress is not None and images:
            # A group that is run again is counted again.
            self._progress(min(self._done, self._total), self._total)


def prepare(
    pool: Pool, settings: FeatureSettings, cache: Path, progress: Progress | None = None
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
    return Preparation(pool, settings, cache, progress).finish()


def _resolve_token(
    token: Literal["auto", "cls", "patch_keys"], pool: Pool
) -> tuple[Token, tuple[str, ...]]:
    if token != AUTO:
        return token, ()
    counts = [len(scene.images) for scene in pool.scenes if scene.images]
    if counts and median(counts) <= 1:
        return PATCH_KEYS, ("Scenes have one image each, so its parts are compared.",)
    return CLS, ("Scenes have several images each, so whole images are compared.",)


def _cautions(backbone: str, signatures: Signatures) -> tuple[str, ...]:
    notes = []
    if backbone == COLOUR_GRID:
        notes.append(f"{COLOUR_GRID} sees colours only: good for a trial, not for a seed to label.")
    return (*notes, *single_vector_notes(signatures))
