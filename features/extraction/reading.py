"""Read images; what cannot be read is reported and never replaced."""

import hashlib
import json
from collections import deque
from collections.abc import Container, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.errors import ImageError, redacted
from features.images.decoding import Decoder
from features.images.pixels import fingerprint
from features.sources.scenes import LeftOut, PoolScene, UnreadableImage


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An image to be decoded: all its names, since links may give it several."""

    uris: list[str]
    key: bytes
    pixels: Future[NDArray[np.uint8]]


class Reading:
    """Some images, looked for at once and decoded while others are worked on.

    Parameters
    ----------
    uris
        The images, each once.
    extractor_id
        Names whatever makes vectors of the images; part of their keys.
    stored
        The keys of images that need not be decoded.
    decoder
        What decodes the others. It is given them in order and at once, so a reading that is begun
        early is done when it is needed.
    threads
        Where files are looked for: on remote stores that takes a round trip each.

    Attributes
    ----------
    keys
        URI to the key of its vectors, for every image that is not known to be unreadable.
    failures
        URI to the reason why it cannot be read; grows while :meth:`pixels` is gone through.
    """

    def __init__(
        self,
        uris: Sequence[str],
        extractor_id: str,
        stored: Container[bytes],
        decoder: Decoder,
        threads: Executor,
    ) -> None:
        self.keys, self.failures = find_images(uris, extractor_id, threads)
        wanted: dict[bytes, _Wanted] = {}
        for uri, key in self.keys.items():
            if key in wanted:
                wanted[key].uris.append(uri)
            elif key not in stored:
                wanted[key] = _Wanted([uri], key, decoder.decode(uri))
        self._wanted = deque(wanted.values())

    @property
    def wanted(self) -> int:
        """Number of images that :meth:`pixels` has yet to go through."""
        return len(self._wanted)

    def pixels(self) -> Iterator[tuple[bytes, NDArray[np.uint8]]]:
        """Yield the key and the pixels, (224, 224, 3), of each image that is not stored, once.

        Those that cannot be decoded are entered in :attr:`failures`.
        """
        while self._wanted:
            image = self._wanted.popleft()  # pixels live no longer than their batch
            try:
                yield image.key, image.pixels.result()
            except ImageError as error:
                for uri in image.uris:
                    self.failures[uri] = error.reason
                    del self.keys[uri]

    def cancel(self) -> None:
        """Give up the images that nobody will ask for."""
        for image in self._wanted:
            image.pixels.cancel()


def find_images(
    uris: Iterable[str], extractor_id: str, threads: Executor
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Look for images without opening them.

    Returns
    -------
    tuple[dict[str, bytes], dict[str, str]]
        URI to key for those that are there, and URI to reason for the others.
    """
    keys, failures = {}, {}
    uris = list(uris)
    for uri, state in zip(uris, threads.map(_state, uris), strict=True):
        if isinstance(state, ImageError):
            failures[uri] = state.reason
        else:
            keys[uri] = image_key(extractor_id, state)
    return keys, failures


def image_key(extractor_id: str, state: Iterable[str | int]) -> bytes:
    """Return the key of the vectors that an extractor makes of an image in this state."""
    return hashlib.sha256(json.dumps([extractor_id, *state]).encode()).digest()


def left_out(scene: PoolScene, failures: Sequence[UnreadableImage]) -> LeftOut:
    """Say why a scene without a readable image is left out."""
    if not scene.images:
        return LeftOut(scene.scene_id, "it has no images")
    count = len(scene.images)
    subject = "its only image" if count == 1 else f"the first of its {count} images, all unreadable"
    first = failures[0]
    return LeftOut(scene.scene_id, f"{subject}, {redacted(first.uri)}: {first.reason}")


def _state(uri: str) -> tuple[str | int, ...] | ImageError:
    try:
        return fingerprint(uri)
    except ImageError as error:
        return error
