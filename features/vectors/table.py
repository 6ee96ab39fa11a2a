"""What every format is read into: vectors, and whose they are, row by row.

What the rows of a file of vectors must be.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NoReturn

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.limits import FREE_BYTES, MAX_ARRAY_PROPORTION
from features.numeric import row_lengths

VECTOR_NAMES: Final = ("vectors", "embeddings")
ID_NAMES: Final = ("scene_ids", "ids")
IMAGE_NAMES: Final = ("image_ids",)

_LONGEST_RULE: Final = 1000

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
    if whole > max(FREE_BYTES, MAX_ARRAY_PROPORTION * path.stat().st_size):
        refuse(path, f"unpacks to {whole:,} bytes, more than {MAX_ARRAY_PROPORTION} times its size")


def refuse(path: Path, rule: str, row: int | None = None) -> NoReturn:
    """Raise the sentence that names the file and, where there is one, the row, from 0.

    Raises
    ------
    VectorsError
        Always.
    """
    place = str(path) if row is None else f"{path}, row {row}"
    message = f"{place}: {rule if len(rule) <= _LONGEST_RULE else rule[:_LONGEST_RULE] + '...'}"
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
        # A name that cannot be printed would make more than one line of the sentence.
        shown = (name if name.isprintable() else repr(name) for name in present)
        listed = f"{', '.join(shown):.200}" or "nothing"
        refuse(path, f"has no {' or '.join(names)}, only {listed}")
    return name


Level = Literal["scene", "image", "patch"]
"""What a vector is of: a scene, one of its images, or a part of one."""

_SHORTEST: Final = 1e-12
_LONGEST: Final = 1e12  # squares of such vectors, and sums of them, fit float32
_BLOCK: Final = 2**22  # numbers that are checked at a time: 32 MiB of float64


def group_rows(
    path: Path, owners: Sequence[str], scene_ids: Sequence[str]
) -> dict[str, NDArray[np.intp]]:
    """Return the rows of each scene that has any, in the order of `scene_ids`.

    Raises
    ------
    VectorsError
        A row is of another scene, or there is no row.
    """
    rows: dict[str, list[int]] = {scene_id: [] for scene_id in scene_ids}
    for row, scene_id in enumerate(owners):
        if scene_id not in rows:
            refuse(path, f"there is no scene {scene_id!r} in the source", row)
        rows[scene_id].append(row)
    grouped = {key: np.array(found, dtype=np.intp) for key, found in rows.items() if found}
    if not grouped:
        refuse(path, f"has no vector of any of the {len(scene_ids)} scenes")
    return grouped


def find_level(table: VectorTable, owners: Sequence[str]) -> Level:
    """Return what the vectors are of, as far as the file shows it."""
    if table.values.ndim == 3:  # noqa: PLR2004  (n, p, d)
        return "patch"
    if table.image_ids is not None:
        images = Counter(zip(owners, table.image_ids, strict=True))
        if max(images.values()) > 1:
            return "patch"
    return "scene" if len(set(owners)) == len(owners) else "image"


def refuse_level(path: Path, owners: Sequence[str], found: Level, level: Level) -> NoReturn:
    """Say why vectors are not of the level that is wanted; where there are two rows, name them.

    Raises
    ------
    VectorsError
        Always.
    """
    if level == "scene":
        first: dict[str, int] = {}
        for row, scene_id in enumerate(owners):
            if scene_id in first:
                refuse(path, f"the scene {scene_id!r} has a vector in row {first[scene_id]}", row)
            first[scene_id] = row
    refuse(path, f"has a vector for each {found}, not for each {level}")


def check_rows(path: Path, values: NDArray[np.floating], owners: Sequence[str]) -> None:
    """Refuse the first row that is not finite, or has no direction.

    Raises
    ------
    VectorsError
        There is such a row; it is named.
    """
    step = max(1, _BLOCK // int(np.prod(values.shape[1:])))
    for start in range(0, len(values), step):
        block = np.asarray(values[start : start + step], dtype=np.float64)
        with np.errstate(over="ignore"):
            lengths = row_lengths(block)
        # NaN and infinity are in neither range.
        wrong = np.argwhere(~((lengths >= _SHORTEST) & (lengths <= _LONGEST)))
        if wrong.size:
            place = tuple(wrong[0].tolist())
            row = start + place[0]
            patch = f", patch {place[1]}" if len(place) > 1 else ""
            vector = f"the vector of scene {owners[row]!r}{patch}"
            if not np.isfinite(block[place]).all():
                refuse(path, f"{vector} is not finite", row)
            refuse(
                path, f"{vector} has the length {lengths[place]:.3g}, so no usable direction", row
            )
