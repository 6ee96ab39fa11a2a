"""What every format is read into: vectors, and whose they are, row by row."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError

VECTOR_NAMES: Final = ("vectors", "embeddings")
ID_NAMES: Final = ("scene_ids", "ids")
IMAGE_NAMES: Final = ("image_ids",)

_SMALL: Final = 2**28
_MOST_TIMES: Final = 16
"""Vectors of measured numbers hardly shrink when they are packed."""

DTYPES: Final = (np.dtype("f2"), np.dtype("f4"), np.dtype("f8"))


@dataclass(frozen=True, slots=True)
class VectorTable:
    """The content of a file.

    Parameters
    ----------
    values : (n, d) or (n, p, d)
        float16, float32 or float64; memory-mapped where the format allows it.
    scene_ids
        The scene of each row; None where the file does not say.
    image_ids
        The image of each row, where the file says.
    """

    values: NDArray[np.floating]
    scene_ids: list[str] | None = None
    image_ids: list[str] | None = None


def require_proportion(path: Path, whole: int) -> None:
    """Refuse a file that becomes far larger in memory than vectors can: a bomb.

    Raises
    ------
    VectorsError
        It does.
    """
    if whole > max(_SMALL, _MOST_TIMES * path.stat().st_size):
        refuse(path, f"unpacks to {whole:,} bytes, more than {_MOST_TIMES} times its size")


def refuse(path: Path, rule: str, row: int | None = None) -> NoReturn:
    """Raise the sentence that names the file and, where there is one, the row, from 0.

    Raises
    ------
    VectorsError
        Always.
    """
    place = str(path) if row is None else f"{path}, row {row}"
    message = f"{place}: {rule}"
    raise VectorsError(message)


def require_vectors(path: Path, values: NDArray[Any]) -> NDArray[np.floating]:
    """Return an array after checking that it is a table of floating-point numbers.

    Raises
    ------
    VectorsError
        It has another dtype or shape.
    """
    if values.dtype.newbyteorder("=") not in DTYPES:
        refuse(path, f"vectors must be float16, float32 or float64, not {values.dtype}")
    if values.ndim not in {2, 3} or 0 in values.shape[1:]:
        refuse(path, f"vectors must be (n, d), or (n, patches, d), not {values.shape}")
    return values


def pick(path: Path, present: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    """Return which of some names for the same thing a file uses, or None.

    Raises
    ------
    VectorsError
        It uses more than one.
    """
    found = [name for name in names if name in present]
    if len(found) > 1:
        refuse(path, f"has both {' and '.join(found)}; one of them must go")
    return found[0] if found else None


def require_name(path: Path, present: tuple[str, ...], names: tuple[str, ...]) -> str:
    """Return which of some names for the same thing a file uses.

    Raises
    ------
    VectorsError
        It uses none or more than one.
    """
    name = pick(path, present, names)
    if name is None:
        listed = ", ".join(present) or "nothing"
        refuse(path, f"has no {' or '.join(names)}, only {listed}")
    return name
