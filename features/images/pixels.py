"""Decode images that nobody has vetted: every failure is an :class:`ImageError` with its reason.

Only the formats below are tried, whatever a file is named, so a crafted file cannot reach Pillow's
rarer decoders. The file's size in pixels is checked before any pixel is decoded.
"""

import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageOps, UnidentifiedImageError

from features.errors import ImageError, StorageError
from features.storage import uris
from features.storage.reading import open_binary, state
from features.storage.remote import IMAGE, Limits

SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
"""File name endings, in lower case, that sources take for images."""

MAX_PIXELS: Final = 200_000_000
"""Most pixels that one image may have: 600 MB as RGB."""

# Pillow warns above this number and refuses above twice this number.
PIL.Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
_UINT16_TO_UINT8: Final = 257  # 65535 / 255


def to_path(uri: str) -> Path:
    """Return the local path of a path or a ``file://`` URI: :func:`features.storage.uris.to_path`.

    Raises
    ------
    ImageError
        It names none.
    """
    with _image_errors():
        return uris.to_path(uri)


def fingerprint(uri: str, limits: Limits = IMAGE) -> tuple[str | int, ...]:
    """Return what tells that an image has not changed: :func:`features.storage.reading.state`.

    Raises
    ------
    ImageError
        The file is missing, is not a regular file, or cannot be reached.
    """
    with _image_errors():
        return state(uri, limits)


def load_rgb(uri: str, limits: Limits = IMAGE) -> PIL.Image.Image:
    """Decode an image to 8-bit RGB, upright.

    EXIF orientation is applied; transparency is laid over white; 16-bit greyscale is divided by 257
    and 32-bit greyscale, which has no fixed range, is stretched from its minimum to its maximum.
    Of a file with several frames the first is taken.

    Parameters
    ----------
    uri
        A local path, a ``file://`` URI, or a remote URI of any scheme that can be read here.
    limits
        The bounds where the image is remote.

    Returns
    -------
    PIL.Image.Image
        Mode ``"RGB"``, detached from its file.

    Raises
    ------
    ImageError
        The file is missing, a directory, empty, unreadable, not an image, truncated or larger than
        ``MAX_PIXELS``; where it is remote also: unreachable, refused, too slow or too large.
    """
    with _image_errors():
        file = open_binary(uri, limits)
    try:
        with file, _pillow_quiet:
            _refuse_empty(uri, file)
            with PIL.Image.open(file, formats=_FORMATS) as image:
                image.load()
                ImageOps.exif_transpose(image, in_place=True)
                return _to_rgb(image)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(uri, "not a PNG, JPEG, WebP, BMP or TIFF image") from error
    except PIL.Image.DecompressionBombError as error:
        raise ImageError(uri, f"the image has more than {MAX_PIXELS:,} pixels") from error
    except Exception as error:  # decoders raise anything on broken data
        raise ImageError(uri, f"the image is truncated or broken ({error})") from error


def _refuse_empty(uri: str, file: BinaryIO) -> None:
    if not file.seek(0, os.SEEK_END):
        raise ImageError(uri, "the file is empty")
    file.seek(0)


@contextmanager
def _image_errors() -> Iterator[None]:
    """Turn what storage refuses into an error of the image."""
    try:
        yield
    except StorageError as error:
        raise ImageError(error.uri, error.reason) from error


def _to_rgb(image: PIL.Image.Image) -> PIL.Image.Image:
    if image.mode == "RGB" and not image.has_transparency_data:
        return image  # as nearly all are; a copy would take as long as decoding
    if image.mode.startswith("I;16"):
        return _grey(np.rint(np.asarray(image) / _UINT16_TO_UINT8))
    if image.mode in {"I", "F"}:
        return _grey(_stretch(np.asarray(image, dtype=np.float64)))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        white = PIL.Image.new("RGBA", layer.size, "white")
        return PIL.Image.alpha_composite(white, layer).convert("RGB")
    return image.convert("RGB")


def _stretch(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if not np.isfinite(values).all():
        message = "it has values that are not finite"
        raise ValueError(message)
    span = np.ptp(values)
    return np.rint((values - values.min()) * (255.0 / span)) if span else np.zeros_like(values)


def _grey(values: NDArray[np.float64]) -> PIL.Image.Image:
    return PIL.Image.fromarray(values.astype(np.uint8)).convert("RGB")


class _PillowQuiet:
    """Ignore Pillow's own warnings (odd metadata, large images) while any thread decodes.

    ``warnings.catch_warnings`` swaps a list that belongs to the whole process and must not overlap
    between threads: the first thread in swaps it, the last one out puts it back.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scope = warnings.catch_warnings()
        self._users = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._users == 0:
                self._scope = warnings.catch_warnings()
                self._scope.__enter__()
                warnings.filterwarnings("ignore", module=r"PIL(\.|$)")
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._scope.__exit__(None, None, None)


_pillow_quiet = _PillowQuiet()
