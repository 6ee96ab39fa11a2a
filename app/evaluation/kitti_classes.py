"""SemanticKITTI's 19 classes.

The values of a label file and what they count as: Behley et al., "SemanticKITTI", ICCV 2019,
section 3 and the benchmark's published definition (single scan: what moves is what it is at rest).
"""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.evaluation.errors import EvaluationError
from app.evaluation.grid import UNLABELLED

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
    EvaluationError
        A value is not of SemanticKITTI.
    """
    values = labels & _SEMANTIC_BITS
    classes: NDArray[np.intp] = _CLASS_OF_VALUE[values]
    unknown = np.flatnonzero(classes == _UNKNOWN)
    if unknown.size:
        rule = f"point {unknown[0]} has the label {values[unknown[0]]}, which SemanticKITTI has not"
        raise EvaluationError(str(path), rule)
    return classes
