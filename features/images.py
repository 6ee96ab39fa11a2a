"""Decode images that nobody has vetted: every failure is an :class:`ImageError` with its reason.

Only the formats below are tried, whatever a file is named, so a crafted file cannot reach Pillow's
rarer decoders. The file's size in pixels is checked before any pixel is decoded.
"""

import os
import re
import stat
import threading
import warnings
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageOps, UnidentifiedImageError

from features.errors import ImageError

SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
"""File name endings, in lower case, that sources take for images."""

MAX_PIXELS: Final = 200_000_000
"""Most pixels that one image may have: 600 MB as RGB."""

# Pillow warns above this number and refuses above twice this number.
PIL.Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2

_FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_UINT16_TO_UINT8: Final = 257  # 65535 / 255


def to_path(uri: str) -> Path:
    """Return the local path that a path or a ``file://`` URI (RFC 8089) names.

    Parameters
    ----------
    uri
        A local path, taken as it is, or ``file://[localhost]/absolute/path`` with percent escapes.

    Raises
    ------
    ImageError
        Another scheme, another host, a relative ``file://`` path, or a path that no file can have.
    """
    scheme = _SCHEME.match(uri)
    path = uri
    if scheme is not None:
        if scheme[1].lower() != "file":
            raise ImageError(uri, "only local paths and file:// URIs can be read")
        host, slash, rest = uri[scheme.end() :].partition("/")
        if not slash or host.lower() not in {"", "localhost"}:
            raise ImageError(uri, "a file:// URI must name an absolute path on this machine")
        path = unquote(slash + rest, errors="surrogateescape")
    try:
        encoded = os.fsencode(path)
    except UnicodeEncodeError as error:
        raise ImageError(uri, "a path must not contain lone surrogates") from error
    if not path or b"\0" in encoded:
        raise ImageError(uri, "a path must not be empty or contain a NUL character")
    return Path(path)


def fingerprint(uri: str) -> tuple[str, int, int]:
    """Return what tells that a file has not changed: resolved path, bytes, mtime in nanoseconds.

    Raises
    ------
    ImageError
        The file is missing, is not a regular file, or cannot be reached.
    """
    path, status = _regular_file(uri)
    return str(path.resolve()), status.st_size, status.st_mtime_ns


def load_rgb(uri: str) -> PIL.Image.Image:
    """Decode an image to 8-bit RGB, upright.

    EXIF orientation is applied; transparency is laid over white; 16-bit greyscale is divided by 257
    and 32-bit greyscale, which has no fixed range, is stretched from its minimum to its maximum.
    Of a file with several frames the first is taken.

    Parameters
    ----------
    uri
        A local path or a ``file://`` URI.

    Returns
    -------
    PIL.Image.Image
        Mode ``"RGB"``, detached from its file.

    Raises
    ------
    ImageError
        The file is missing, a directory, empty, unreadable, not an image, truncated or larger than
        ``MAX_PIXELS``.
    """
    path, status = _regular_file(uri)
    if status.st_size == 0:
        raise ImageError(uri, "the file is empty")
    try:
        with (
            _pillow_quiet,
            path.open("rb") as file,
            PIL.Image.open(file, formats=_FORMATS) as image,
        ):
            image.load()
            ImageOps.exif_transpose(image, in_place=True)
            return _to_rgb(image)
    except PermissionError as error:
        raise ImageError(uri, "no permission to read the file") from error
    except UnidentifiedImageError as error:
        raise ImageError(uri, "not a PNG, JPEG, WebP, BMP or TIFF image") from error
    except PIL.Image.DecompressionBombError as error:
        raise ImageError(uri, f"the image has more than {MAX_PIXELS:,} pixels") from error
    except Exception as error:  # decoders raise anything on broken data
        raise ImageError(uri, f"the image is truncated or broken ({error})") from error


def _regular_file(uri: str) -> tuple[Path, os.stat_result]:
    path = to_path(uri)
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ImageError(uri, "the file does not exist") from error
    except PermissionError as error:
        raise ImageError(uri, "no permission to read the file") from error
    except OSError as error:  # a name too long, a loop of links
        raise ImageError(uri, f"the file cannot be reached ({error.strerror})") from error
    if stat.S_ISDIR(status.st_mode):
        raise ImageError(uri, "a folder, not an image file")
    if not stat.S_ISREG(status.st_mode):  # opening a named pipe would wait for ever
        raise ImageError(uri, "not a regular file")
    return path, status


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
