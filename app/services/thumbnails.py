"""Small pictures of large images."""

import io

from features.images import load_rgb

MAX_SIDE = 320
"""Longest side of a thumbnail in pixels."""


def make_thumbnail(uri: str) -> bytes:
    """Return a thumbnail of an image, a JPEG.

    Raises
    ------
    features.errors.ImageError
        The image cannot be read.
    """
    image = load_rgb(uri)
    image.thumbnail((MAX_SIDE, MAX_SIDE))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    return stream.getvalue()
