"""From the images of scenes to stored vectors, shard by shard.

An image's vectors lie under a key made of all they depend on: the extractor and the state of its
file. A changed setting or image never meets a stale result, a changed image is extracted again and
no other, and one that two scenes share is extracted once.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from itertools import islice
from typing import Final, TypeAlias

from features.errors import DamagedError, VectorsError, redacted
from features.extraction.blocks import BlockStore, ImageVectors
from features.extraction.extractor import Extractor, Recipe
from features.extraction.reading import Reading, find_images, left_out
from features.images.decoding import Decoder
from features.sources.scenes import LeftOut, PoolScene, UnreadableImage

SHARD_IMAGES: Final = 128
"""Images of a shard: the work that a crash can lose."""

Shard: TypeAlias = tuple[str, ...]
"""URIs of images that are published together."""

Report: TypeAlias = Callable[[int], None]
"""Called with every number of images that are done, stored ones included."""


_log = logging.getLogger(__name__)


def cut_shards(scenes: Iterable[PoolScene]) -> tuple[Shard, ...]:
    """Cut the images of scenes, each once, into shards.

    The shards depend on the scenes alone, never on what is stored, so a job that is resumed finds
    each shard under its old number, and its batches as they were.
    """
    uris = iter(dict.fromkeys(image.uri for scene in scenes for image in scene.images))
    return tuple(iter(lambda: tuple(islice(uris, SHARD_IMAGES)), ()))


class VectorExtraction:
    """One extractor over the images of some scenes.

    Shards run one after the other; while one is encoded, the next is decoded.

    Parameters
    ----------
    shards
        See :func:`cut_shards`.
    extractor, store
        What computes vectors, and where they are kept.
    decoder, threads
        See :class:`features.extraction.reading.Reading`.
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        extractor: Extractor,
        store: BlockStore,
        decoder: Decoder,
        threads: Executor,
    ) -> None:
        self.shards = tuple(shards)
        self._extractor = extractor
        self._store = store
        self._decoder = decoder
        self._threads = threads
        self._ahead: dict[int, Reading] = {}
        self._ran: set[int] = set()
        self._computed: set[str] = set()
        self._keys: dict[str, bytes] = {}
        self._failures: dict[str, str] = {}

    @property
    def recipe(self) -> Recipe:
        """What decides the vectors."""
        return self._extractor.recipe

    def run(self, number: int, report: Report) -> int:
        """Make sure that the vectors of a shard are stored, as one block.

        May be run again at any time: what is stored is neither computed nor written twice.

        Parameters
        ----------
        number
            Of the shard.
        report
            See :data:`Report`.

        Returns
        -------
        int
            Number of images that were encoded now.

        Raises
        ------
        BackboneError, VectorsError
            See :meth:`features.extraction.extractor.Extractor.encode`.
        """
        reading = self._ahead.pop(number, None) or self._read(number)
        if number + 1 < len(self.shards) and number + 1 not in self._ran | self._ahead.keys():
            self._ahead[number + 1] = self._read(number + 1)
        wanted = reading.wanted
        report(len(self.shards[number]) - wanted)
        try:
            entries = self._extractor.encode(reading.pixels(), report)
        finally:
            reading.cancel()  # after an error nobody asks for the rest
        report(wanted - len(entries))
        self._store.put(entries)
        self._ran.add(number)
        fresh = {key for key, _ in entries}
        self._computed |= {uri for uri, key in reading.keys.items() if key in fresh}
        self._keys |= reading.keys
        self._failures |= reading.failures
        return len(entries)

    def is_stored(self, number: int) -> bool:
        """Tell whether a shard's images, those that are there at all, are stored."""
        keys, _ = find_images(self.shards[number], self._extractor.id, self._threads)
        return all(key in self._store for key in keys.values())

    def complete(self, report: Report) -> None:
        """Run the shards that this object did not run.

        Those that an earlier process stored only tell which images cannot be read.

        Raises
        ------
        BackboneError, VectorsError
            See :meth:`run`.
        """
        for number in range(len(self.shards)):
            if number not in self._ran:
                self.run(number, report)

    def keys(self, scene: PoolScene) -> list[bytes]:
        """Return the keys of a scene's readable images, in order."""
        return [self._keys[image.uri] for image in scene.images if image.uri in self._keys]

    def vectors(self, scene: PoolScene) -> list[ImageVectors]:
        """Return what is stored of a scene's readable images, in order.

        Images whose block was damaged or removed are computed again.

        Raises
        ------
        BackboneError, VectorsError
            See :meth:`run`; or an image was changed, or a block damaged again, meanwhile.
        """
        keys = self.keys(scene)
        try:
            return [self._store.get(key) for key in keys]
        except (DamagedError, KeyError) as error:  # one of its block's other images came before
            if isinstance(error, DamagedError):
                _log.warning("computed again: %s", error)
        self._compute_again(scene)
        if any(key not in self._store for key in keys):
            message = f"an image of scene {scene.scene_id!r} was changed while it was worked on"
            raise VectorsError(message)
        return [self._store.get(key) for key in keys]

    def is_new(self, scene: PoolScene) -> bool:
        """Tell whether this object encoded one of the scene's images."""
        return any(image.uri in self._computed for image in scene.images)

    def failures(self, scene: PoolScene) -> list[UnreadableImage]:
        """Return the images of a scene that cannot be read."""
        return [
            UnreadableImage(scene.scene_id, redacted(image.uri), self._failures[image.uri])
            for image in scene.images
            if image.uri in self._failures
        ]

    def left_out(self, scene: PoolScene) -> LeftOut | None:
        """Say why a scene has no vectors, or None where it has."""
        return None if self.keys(scene) else left_out(scene, self.failures(scene))

    def close(self) -> None:
        """Give up what was decoded ahead."""
        for reading in self._ahead.values():
            reading.cancel()

    def _compute_again(self, scene: PoolScene) -> None:
        uris = {image.uri for image in scene.images}
        for number, shard in enumerate(self.shards):
            if not uris.isdisjoint(shard):
                self.run(number, lambda _: None)

    def _read(self, number: int) -> Reading:
        return Reading(
            self.shards[number], self._extractor.id, self._store, self._decoder, self._threads
        )
