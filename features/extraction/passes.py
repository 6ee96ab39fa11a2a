"""One or two passes over a pool's images, cut into groups that a job can repeat.

Without sparsification one pass extracts what signatures are made of. With it, a first pass compares
all images by their class tokens; where signatures are made of more than those, a second pass
extracts it from what is left.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from time import perf_counter
from typing import Final

from features.backbones.compute import CLS
from features.backbones.loading import open_backbone
from features.errors import FeatureError
from features.extraction.blocks import BlockStore
from features.extraction.extractor import Extractor, Recipe
from features.extraction.shards import VectorExtraction, cut_shards
from features.extraction.thinning import Thinned, thin
from features.images.decoding import Decoder
from features.settings import RAY, FeatureSettings
from features.sources.scenes import LeftOut, PoolScene, UnreadableImage

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


class ImagePasses:
    """The vectors of a pool's images, extracted group by group.

    Groups have numbers from 0 on, which depend on the scenes and the settings alone. Those of the
    second pass follow those of the first.

    Parameters
    ----------
    scenes
        Of the pool.
    recipe
        How an image becomes the vectors that signatures are made of.
    settings
        Where and how it is computed, and which frames are compared.
    cache
        The folder that keeps every stage.
    progress
        Told about every batch of images.
    """

    def __init__(
        self,
        scenes: Sequence[PoolScene],
        recipe: Recipe,
        settings: FeatureSettings,
        cache: Path,
        progress: Progress | None,
    ) -> None:
        self._scenes = scenes
        self._recipe = recipe
        self._settings = settings
        self._load = lru_cache(lambda: open_backbone(recipe.identity, settings.compute))
        self._cache = cache
        self._store = BlockStore(cache / "vectors")
        self._threads = ThreadPoolExecutor(_LOOKING_THREADS)
        self._decoder = Decoder()
        self._progress = progress
        self._done = 0
        self.seconds = 0.0
        """Wall time that was spent on groups so far."""
        first = recipe if settings.sparsify is None else replace(recipe, token=CLS)
        self._first = self._extraction(scenes, first)

    def outlook(self, number: int) -> tuple[int, int]:
        """Return how many images lie in the groups before one, and in all groups known by then."""
        sizes = [group.images for group in self._groups(number)]
        return sum(sizes[:number]), sum(sizes)

    def run_group(self, number: int) -> int:
        """Make sure that the vectors of one group are stored; return how many images were encoded.

        Raises
        ------
        BackboneError, VectorsError
            The backbone cannot be loaded, or its vectors are unusable.
        """
        with self._timed():
            group = self._groups(number)[number]
            self._warm(group)
            return sum(group.extraction.run(shard, self._report) for shard in group.shards)

    def finish(self) -> tuple[VectorExtraction, list[PoolScene], tuple[LeftOut, ...]]:
        """Run the groups that were not run.

        Returns
        -------
        extraction
            What gives the scenes' vectors.
        scenes
            Those that are compared and have a readable image; at least one.
        left_out
            Those that are compared and have none.

        Raises
        ------
        FeatureError
            Sparsification keeps no scene, or none has a readable image.
        BackboneError, VectorsError
            See :meth:`run_group`.
        """
        with self._timed():
            self._complete(self._first)
            kept = self._scenes if self._thinned is None else self._thinned.kept
            self._complete(self._last)
        last = self._last
        without = tuple(out for scene in kept if (out := last.left_out(scene)) is not None)
        scenes = [scene for scene in kept if last.keys(scene)]
        if self.sparsified and not any(map(self._first.keys, kept)):
            message = f"sparsification keeps none of the {len(self._scenes)} scenes"
            raise FeatureError(message)
        if not scenes:
            message = (
                f"none of the {len(without)} scenes can be used; "
                f"the first, {without[0].scene_id}: {without[0].reason}"
            )
            raise FeatureError(message)
        return last, scenes, without

    @property
    def sparsified(self) -> tuple[LeftOut, ...]:
        """The scenes that look like others of their sequence; none without sparsification."""
        return () if self._thinned is None else self._thinned.dropped

    def failures(self) -> tuple[UnreadableImage, ...]:
        """Return what could not be read in either pass, each image of a scene once."""
        found = {
            (failure.scene_id, failure.uri): failure
            for scene in self._scenes
            for extraction in (self._first, self._last)
            for failure in extraction.failures(scene)
        }
        return tuple(found.values())

    def close(self) -> None:
        """Give up what was begun for groups that nobody will run."""
        self._first.close()
        if "_second" in self.__dict__:
            self._second.close()
        self._decoder.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    @contextmanager
    def _timed(self) -> Iterator[None]:
        start = perf_counter()
        yield
        self.seconds += perf_counter() - start

    def _groups(self, number: int) -> list[_SceneGroup]:
        """Return the groups that are known before one of them is run."""
        if self._has_two and number >= len(self._first_groups):
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

    @cached_property
    def _thinned(self) -> Thinned | None:
        if self._settings.sparsify is None:
            return None
        self._complete(self._first)
        return thin(self._scenes, self._first, self._settings.sparsify)

    @property
    def _has_two(self) -> bool:
        return self._settings.sparsify is not None and self._recipe.token != CLS

    @cached_property
    def _second(self) -> VectorExtraction:
        """The extraction of what is left after sparsification."""
        scenes = self._scenes if self._thinned is None else self._thinned.kept
        return self._extraction(scenes, self._recipe)

    @property
    def _last(self) -> VectorExtraction:
        return self._second if self._has_two else self._first

    def _extraction(self, scenes: Sequence[PoolScene], recipe: Recipe) -> VectorExtraction:
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
