"""Read the files that say which class each pixel has."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL.Image
import PIL.ImageFile
from numpy.typing import NDArray

from app.evaluation.errors import EvaluationError
from features.files.regular import open_regular

LABEL_SUFFIX: Final = ".png"

_IMAGE_FORMATS: Final = ("PNG", "JPEG", "WEBP", "BMP", "TIFF")  # those of features.images.pixels
_INDEX_MODES: Final = frozenset({"1", "L", "P", "I;16"})
# Pillow stretches grey of two and four bits to 0..255: what was 3 is 255 or 51 afterwards.
_STRETCHED: Final = {"L;2": 85, "L;4": 17}
_ORIENTATION: Final = 0x0112  # EXIF 2.3, table 4: from 5 on, rows and columns change places
_FIRST_TURNED: Final = 5


def read_label(path: Path) -> NDArray[Any]:
    """Return the value of each pixel of an index PNG: grey of 1 to 16 bits, or palette indices.

    Returns
    -------
    (H, W) uint8 or uint16

    Raises
    ------
    EvaluationError
        The file is no PNG, is broken, or has colours in place of indices.
    """
    with _opened(path, ("PNG",), "label") as image:
        if image.mode not in _INDEX_MODES:
            rule = f"has colours (mode {image.mode}); a label is one index a pixel, grey or palette"
            raise EvaluationError(str(path), rule)
        stretch = _stretch(image)  # known only before it is decoded
        values = np.asarray(image)
    return values.astype(np.uint8) if values.dtype == np.bool_ else values // stretch


def image_size(path: Path) -> tuple[int, int]:
    """Return an image's height and width, upright as features see it; no pixel is decoded.

    Raises
    ------
    EvaluationError
        The file is no image of a format that is read here.
    """
    with _opened(path, _IMAGE_FORMATS, "image") as image:
        width, height = image.size
        # Asked for the EXIF data of a PNG that has none, Pillow decodes all of it.
        has_exif = image.format != "PNG" or "exif" in image.info
        turned = has_exif and image.getexif().get(_ORIENTATION, 1) >= _FIRST_TURNED
    return (width, height) if turned else (height, width)


def _stretch(image: PIL.Image.Image) -> int:
    """Return what decoding will multiply the file's values by."""
    tiles = image.tile if isinstance(image, PIL.ImageFile.ImageFile) else []
    return _STRETCHED.get(str(tiles[0].args), 1) if tiles else 1


@contextmanager
def _opened(path: Path, formats: tuple[str, ...], kind: str) -> Iterator[PIL.Image.Image]:
    try:
        with open_regular(path) as file, PIL.Image.open(file, formats=formats) as image:
            yield image
    except EvaluationError:
        raise
    except PIL.UnidentifiedImageError as error:
        rule = f"the {kind} is not a {' or '.join(formats)} file"
        raise EvaluationError(str(path), rule) from error
    except Exception as error:  # decoders raise anything on broken data
        raise EvaluationError(str(path), f"the {kind} cannot be read ({error})") from error
