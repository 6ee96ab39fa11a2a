"""Small pictures of large images."""

import io

from features.images.pixels import load_rgb


def make_thumbnail(uri: str, side: int) -> bytes:
    """Return a thumbnail of an image, a JPEG.

    Parameters
    ----------
    uri
        The image.
    side
        Longest side of the thumbnail in pixels; a smaller image is not enlarged.

    Raises
    ------
    features.errors.ImageError
        The image cannot be read.
    """
    image = load_rgb(uri)
    image.thumbnail((side, side))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=85)
    return stream.getvalue()
