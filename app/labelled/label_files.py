"""Read label files, and count labels in the cells of a grid and in connected segments.

A backbone's features are a grid of cells over an image. Whatever is labelled, pixels or projected
points of a point cloud, comes down to how many of them lie in a cell, by class. A connected segment
of one class is what an annotator clicks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL.Image
import PIL.ImageFile
from numpy.typing import NDArray
from scipy import ndimage

from app.labelled.errors import LabelledDataError
from features.files.paths import open_regular

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
    LabelledDataError
        The file is no PNG, is broken, or has colours in place of indices.
    """
    with _opened(path, ("PNG",), "label") as image:
        if image.mode not in _INDEX_MODES:
            rule = f"has colours (mode {image.mode}); a label is one index a pixel, grey or palette"
            raise LabelledDataError(str(path), rule)
        stretch = _stretch(image)  # known only before it is decoded
        values = np.asarray(image)
    return values.astype(np.uint8) if values.dtype == np.bool_ else values // stretch


def image_size(path: Path) -> tuple[int, int]:
    """Return an image's height and width, upright as features see it; no pixel is decoded.

    Raises
    ------
    LabelledDataError
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
    except LabelledDataError:
        raise
    except PIL.UnidentifiedImageError as error:
        rule = f"the {kind} is not a {' or '.join(formats)} file"
        raise LabelledDataError(str(path), rule) from error
    except Exception as error:  # decoders raise anything on broken data
        raise LabelledDataError(str(path), f"the {kind} cannot be read ({error})") from error


LEAST_PIXELS: Final = 16
"""A smaller segment is noise of the drawing and costs nobody a click."""


def count_segments(classes: NDArray[np.intp], least: int = LEAST_PIXELS) -> int:
    """Count the 4-connected segments of one class that have at least ``least`` pixels.

    Parameters
    ----------
    classes : (H, W)
        Classes from 0; ``UNLABELLED`` is no segment.
    least
        Fewest pixels of a segment that counts.
    """
    total = 0
    # The smallest box around each class, or nothing: most classes are in a part of the image.
    boxes = ndimage.find_objects(classes - UNLABELLED)
    for value, box in enumerate(boxes):
        if box is None:
            continue
        segments, _ = ndimage.label(classes[box] == value)  # 4-connected is its default
        total += int(np.count_nonzero(np.bincount(segments.ravel())[1:] >= least))
    return total


Counts = NDArray[np.int64]
"""(rows * columns, classes): labelled pixels or points by cell, row by row, and class."""

UNLABELLED = -1
"""The class of what has none."""


def count_pixels(classes: NDArray[np.intp], rows: int, columns: int, n_classes: int) -> Counts:
    """Count the labelled pixels of each cell and class.

    Pixel (y, x) of H x W lies in row ``y * rows // H`` and column ``x * columns // W``.

    Parameters
    ----------
    classes : (H, W)
        Classes from 0; ``UNLABELLED`` does not count.
    rows, columns
        The grid, at least 1 x 1.
    n_classes
        Number of classes.
    """
    height, width = classes.shape
    row = np.arange(height) * rows // height
    column = np.arange(width) * columns // width
    cells = row[:, np.newaxis] * columns + column
    return _count(cells.ravel(), classes.ravel(), rows * columns, n_classes)


def count_points(
    pixels: NDArray[np.intp],
    classes: NDArray[np.intp],
    size: tuple[int, int],
    grid: tuple[int, int],
    n_classes: int,
) -> Counts:
    """Count the labelled points of each cell and class; the cell is that of a point's pixel.

    Parameters
    ----------
    pixels : (n, 2)
        Row and column of each point's pixel, inside the image.
    classes : (n,)
        Classes from 0; ``UNLABELLED`` does not count.
    size
        Height and width of the image.
    grid
        Rows and columns.
    n_classes
        Number of classes.
    """
    row, column = (pixels * np.array(grid) // np.array(size)).T
    return _count(row * grid[1] + column, classes, grid[0] * grid[1], n_classes)


def _count(
    cells: NDArray[np.intp], classes: NDArray[np.intp], n_cells: int, n_classes: int
) -> Counts:
    labelled = classes != UNLABELLED
    flat = cells[labelled] * n_classes + classes[labelled]
    return np.bincount(flat, minlength=n_cells * n_classes).reshape(n_cells, n_classes)
