"""Decode images that nobody has vetted: every failure is an :class:`ImageError` with its reason.

Only the formats below are tried, whatever a file is named, so a crafted file cannot reach Pillow's
rarer decoders. The file's size in pixels is checked before any pixel is decoded.
"""

import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageOps, UnidentifiedImageError

from features.errors import ImageError, StorageError
from features.images import heic
from features.limits import FREE_PIXELS, MAX_PIXELS, MAX_PIXELS_PER_BYTE
from features.storage import uris
from features.storage.reading import open_binary, state
from features.storage.remote import IMAGE, Limits

SUFFIXES: Final = frozenset(
    {
        *(".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif", ".avif"),
        *(".jp2", ".j2k", ".heic", ".heif"),
    }
)
"""File name endings, in lower case, that sources take for images."""

# Pillow warns above this number and refuses above twice this number.
PIL.Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2

FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "JPEG2000")
"""The formats that are tried, by Pillow's names; HEIC comes on top where it is installed."""

_ENDINGS: Final = {
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "TIFF": ".tif",
    "JPEG2000": ".jp2",
    "HEIF": ".heic",
}
"""Of formats whose usual ending is not their name."""

_ORIENTATION: Final = 0x0112  # EXIF 2.3, table 4: from 5 on, rows and columns change places
_FIRST_TURNED: Final = 5
_STRIP_PIXELS: Final = 2**22
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
        The file is missing, a directory, empty, unreadable, not an image, truncated, larger than
        ``MAX_PIXELS``, far larger than its file can hold, or HEIC without its extra; where it is
        remote also: unreachable, refused, too slow or too large.
    """
    with _opened(uri, limits) as (image, _):
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        return _to_rgb(image)


def original(uri: str, limits: Limits = IMAGE) -> tuple[bytes, str, tuple[int, int]]:
    """Return an image's bytes, the ending of its format, and its width and height, upright.

    No pixel is decoded.

    Raises
    ------
    ImageError
        As :func:`load_rgb`, but for what only decoding tells; or the file is larger than `limits`.
    """
    with _opened(uri, limits) as (image, file):
        # Asked for the EXIF data of a PNG that has none, Pillow decodes all of it.
        has_exif = image.format != "PNG" or "exif" in image.info
        turned = has_exif and image.getexif().get(_ORIENTATION, 1) >= _FIRST_TURNED
        suffix = _ENDINGS.get(image.format or "", f".{(image.format or 'image').lower()}")
        size = image.size[::-1] if turned else image.size
        file.seek(0)
        content = file.read(limits.max_bytes + 1)
    if len(content) > limits.max_bytes:
        raise ImageError(uri, f"it has more than {limits.max_bytes:,} bytes")
    return content, suffix, size


@contextmanager
def _opened(uri: str, limits: Limits) -> Iterator[tuple[PIL.Image.Image, BinaryIO]]:
    """Yield an image of which nothing is decoded yet, and its file."""
    with _image_errors():
        file = open_binary(uri, limits)
    try:
        with file, _pillow_quiet:
            size = _size(uri, file)
            with PIL.Image.open(file, formats=_formats(uri, file)) as image:
                _require_proportion(uri, image, size)
                yield image, file
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(
            uri, "not a PNG, JPEG, WebP, BMP, TIFF, GIF, AVIF or JPEG 2000 image"
        ) from error
    except PIL.Image.DecompressionBombError as error:
        raise ImageError(uri, f"the image has more than {MAX_PIXELS:,} pixels") from error
    except MemoryError as error:
        raise ImageError(uri, "it needs more memory than an image may take") from error
    except Exception as error:  # decoders raise anything on broken data
        raise ImageError(uri, f"the image is truncated or broken ({error})") from error


def _size(uri: str, file: BinaryIO) -> int:
    size = file.seek(0, os.SEEK_END)
    if not size:
        raise ImageError(uri, "the file is empty")
    file.seek(0)
    return size


def _formats(uri: str, file: BinaryIO) -> tuple[str, ...]:
    """Return the formats that are tried: HEIC or all others, by the content."""
    head = file.read(heic.HEAD_BYTES)
    file.seek(0)
    if not heic.is_heic(head):
        return FORMATS
    try:
        heic.prepare()
    except ImportError as error:
        rule = "a HEIC image, which needs the extra: pip install 'seedal-service[heic]'"
        raise ImageError(uri, rule) from error
    return heic.FORMATS


def _require_proportion(uri: str, image: PIL.Image.Image, size: int) -> None:
    pixels = image.width * image.height
    if pixels > max(FREE_PIXELS, MAX_PIXELS_PER_BYTE * size):
        rule = f"the image has {pixels:,} pixels in {size:,} bytes, as no photograph has"
        raise ImageError(uri, rule)


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
        return _by_strips(image, lambda strip: _grey(np.asarray(strip) / _UINT16_TO_UINT8))
    if image.mode in {"I", "F"}:
        return _by_strips(image, _stretched(image))
    if image.has_transparency_data:
        return _by_strips(image, _on_white)
    return image.convert("RGB")


def _by_strips(
    image: PIL.Image.Image, to_rgb: Callable[[PIL.Image.Image], PIL.Image.Image]
) -> PIL.Image.Image:
    """Convert an image some rows at a time: what lies between would take the memory thrice."""
    whole = PIL.Image.new("RGB", image.size)
    for top, strip in _strips(image):
        whole.paste(to_rgb(strip), (0, top))
    return whole


def _strips(image: PIL.Image.Image) -> Iterator[tuple[int, PIL.Image.Image]]:
    step = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, step):
        yield top, image.crop((0, top, image.width, min(top + step, image.height)))


def _on_white(strip: PIL.Image.Image) -> PIL.Image.Image:
    layer = strip.convert("RGBA")
    white = PIL.Image.new("RGBA", layer.size, "white")
    return PIL.Image.alpha_composite(white, layer).convert("RGB")


def _stretched(image: PIL.Image.Image) -> Callable[[PIL.Image.Image], PIL.Image.Image]:
    """Return what maps values from the image's least to its greatest to 0 to 255."""
    least, greatest = np.inf, -np.inf
    for _, strip in _strips(image):
        values = np.asarray(strip, dtype=np.float64)
        if not np.isfinite(values).all():
            message = "it has values that are not finite"
            raise ValueError(message)
        least, greatest = min(least, values.min()), max(greatest, values.max())
    scale = 255.0 / (greatest - least) if greatest > least else 0.0

    def to_rgb(strip: PIL.Image.Image) -> PIL.Image.Image:
        return _grey((np.asarray(strip, dtype=np.float64) - least) * scale)

    return to_rgb


def _grey(values: NDArray[np.float64]) -> PIL.Image.Image:
    return PIL.Image.fromarray(np.rint(values).astype(np.uint8)).convert("RGB")


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
