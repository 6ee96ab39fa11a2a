"""Small pictures of large images."""

import hashlib
import io
from dataclasses import dataclass

from features.images import fingerprint, load_rgb

MAX_SIDE = 320
"""Longest side of a thumbnail in pixels."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A JPEG and the entity tag of its content."""

    content: bytes
    etag: str


def make_thumbnail(uri: str) -> Thumbnail:
    """Return a thumbnail of an image.

    Raises
    ------
    features.errors.ImageError
        The image cannot be read.
    """
    state = repr((MAX_SIDE, fingerprint(uri)))
    image = load_rgb(uri)
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    return Thumbnail(stream.getvalue(), f'"{hashlib.sha256(state.encode()).hexdigest()[:32]}"')
