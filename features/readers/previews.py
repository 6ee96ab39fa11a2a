"""Small pictures of images, made in a guarded process."""

import io
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from features.errors import ImageError
from features.guarded.frames import Frame
from features.guarded.pool import ask
from features.images.pixels import load_rgb
from features.limits import PREVIEW_GUARD

_QUALITY = 85


def thumbnail(uri: str, side: int) -> bytes:
    """Return a thumbnail of an image, a JPEG.

    Parameters
    ----------
    uri
        The image.
    side
        Longest side of the thumbnail in pixels; a smaller image is not enlarged.

    Raises
    ------
    ImageError
        The image cannot be read.
    ReadersBusyError
        Too many files are being read.
    """
    return _asked(uri, (side, side), crop=False).tobytes()


def picture(uri: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return an image cropped and resized to fill a size in pixels, (height, width, 3).

    Raises
    ------
    ImageError, ReadersBusyError
        As :func:`thumbnail`.
    """
    return _asked(uri, size, crop=True)


def _asked(uri: str, size: tuple[int, int], *, crop: bool) -> NDArray[np.uint8]:
    arguments = {"uri": uri, "size": size, "crop": crop}
    (frame,) = ask("preview", arguments, PREVIEW_GUARD, lambda reason: ImageError(uri, reason))
    content: NDArray[np.uint8] = frame.arrays[0]
    return content


def serve(uri: str, size: tuple[int, int], *, crop: bool) -> Iterator[Frame]:
    """Yield a JPEG, or the pixels of an image that is cropped.

    Raises
    ------
    ImageError
        It cannot be read.
    """
    width, height = size
    image = load_rgb(uri)
    if crop:
        yield Frame(
            None, [np.asarray(ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS))]
        )
        return
    image.thumbnail((width, height))
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=_QUALITY)
    yield Frame(None, [np.frombuffer(stream.getbuffer(), np.uint8)])
