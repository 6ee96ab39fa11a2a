"""SemanticKITTI's 19 classes, and the pixel of the left colour camera that sees a scanned point.

The values of a label file and what they count as: Behley et al., "SemanticKITTI", ICCV 2019,
section 3 and the benchmark's published definition (single scan: what moves is what it is at rest).

KITTI odometry's ``calib.txt``: a point x of the scanner is at ``P2 @ Tr @ x`` in homogeneous
coordinates of the rectified image (Geiger et al., "Vision meets Robotics", IJRR 2013, section 6).
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.labelled.errors import LabelledDataError
from app.labelled.label_files import UNLABELLED
from features.files.numbers import InexactError, decimal
from features.files.text_lines import read_lines

_VALUES: Final[dict[str, tuple[int, ...]]] = {
    "car": (10, 252),
    "bicycle": (11,),
    "motorcycle": (15,),
    "truck": (18, 258),
    "other-vehicle": (20, 13, 16, 256, 257, 259),  # with buses and what runs on rails
    "person": (30, 254),
    "bicyclist": (31, 253),
    "motorcyclist": (32, 255),
    "road": (40, 60),  # with lane markings
    "parking": (44,),
    "sidewalk": (48,),
    "other-ground": (49,),
    "building": (50,),
    "fence": (51,),
    "vegetation": (70,),
    "trunk": (71,),
    "terrain": (72,),
    "pole": (80,),
    "traffic-sign": (81,),
}
_IGNORED: Final = (0, 1, 52, 99)  # unlabelled, outlier, other structure, other object

CLASS_NAMES: Final = tuple(_VALUES)

_SEMANTIC_BITS: Final = 0xFFFF  # the upper 16 bits are the instance
_UNKNOWN: Final = -2


def _table() -> NDArray[np.intp]:
    table = np.full(_SEMANTIC_BITS + 1, _UNKNOWN, dtype=np.intp)
    table[list(_IGNORED)] = UNLABELLED
    for index, values in enumerate(_VALUES.values()):
        table[list(values)] = index
    return table


_CLASS_OF_VALUE: Final = _table()


def classes_of(labels: NDArray[Any], path: Path) -> NDArray[np.intp]:
    """Return the class of each point, ``UNLABELLED`` where it has none.

    Parameters
    ----------
    labels : (n,) uint32
        The content of a label file.
    path
        The file, for errors.

    Raises
    ------
    LabelledDataError
        A value is not of SemanticKITTI.
    """
    values = labels & _SEMANTIC_BITS
    classes: NDArray[np.intp] = _CLASS_OF_VALUE[values]
    unknown = np.flatnonzero(classes == _UNKNOWN)
    if unknown.size:
        rule = f"point {unknown[0]} has the label {values[unknown[0]]}, which SemanticKITTI has not"
        raise LabelledDataError(str(path), rule)
    return classes


_CAMERA: Final = "P2"
_SCANNER: Final = "Tr"
_ENTRIES: Final = 12  # 3 x 4


def read_calibration(path: Path) -> NDArray[np.float64]:
    """Return the matrix from the scanner's coordinates to the image's.

    Returns
    -------
    (3, 4) float64
        ``P2 @ [Tr; 0 0 0 1]``.

    Raises
    ------
    LabelledDataError
        There is no such file, or P2 or Tr is missing or is not 12 finite numbers.
    """
    if not path.exists():
        raise LabelledDataError(str(path), "is missing; points are projected through it")
    matrices = {}
    for number, line in enumerate(read_lines(path), start=1):
        name, _, values = line.decode("utf-8", errors="replace").partition(":")
        if name.strip() in {_CAMERA, _SCANNER}:
            matrices[name.strip()] = _matrix(values, f"{path}:{number}")
    for name in (_CAMERA, _SCANNER):
        if name not in matrices:
            raise LabelledDataError(str(path), f"has no line {name}:")
    product: NDArray[np.float64] = matrices[_CAMERA] @ np.vstack(
        [matrices[_SCANNER], [0.0, 0.0, 0.0, 1.0]]
    )
    return product


def project(
    points: NDArray[np.float64], matrix: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Find the pixels of the points that are before the camera and inside its image.

    Parameters
    ----------
    points : (n, 3)
        In the scanner's coordinates, metres; finite.
    matrix : (3, 4)
        See :func:`read_calibration`.
    size
        Height and width of the image.

    Returns
    -------
    pixels : (m, 2)
        Row and column of those that are seen.
    seen : (n,)
        Which points those are.
    """
    x, y, depth = matrix[:, :3] @ points.T + matrix[:, 3:]
    before = depth > 0
    place = np.full((2, len(points)), -1.0)
    np.divide(y, depth, out=place[0], where=before)
    np.divide(x, depth, out=place[1], where=before)
    # Compared before they are made whole: far outside they would not fit an integer.
    inside = (place >= 0) & (place < np.array(size)[:, np.newaxis])
    seen = inside[0] & inside[1]
    return place[:, seen].T.astype(np.intp), seen


def _matrix(text: str, place: str) -> NDArray[np.float64]:
    try:
        numbers = [decimal(word) for word in text.split()]
    except InexactError as error:
        raise LabelledDataError(place, str(error)) from error
    values = np.array([np.nan if number is None else number for number in numbers])
    if values.size != _ENTRIES or not np.isfinite(values).all():
        raise LabelledDataError(place, f"must be {_ENTRIES} finite numbers after the colon")
    return values.reshape(3, 4)
