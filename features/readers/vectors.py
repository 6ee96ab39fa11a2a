"""Files of vectors, parsed in a guarded process and checked in this one.

What can be mapped into memory (``.npy``, ``.safetensors``) is: the process says where the numbers
lie. Those of archives and of Parquet come through the pipe.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from features.errors import VectorsError
from features.guarded.frames import Frame
from features.guarded.pool import ask
from features.limits import VECTORS_GUARD, guard_of
from features.vectors import reading
from features.vectors.reading import OwnedTable, PrecomputedVectors
from features.vectors.table import Level, VectorTable


def read_vectors(
    path: Path, scene_ids: Sequence[str], ids: Path | None = None, level: Level | None = None
) -> PrecomputedVectors:
    """Read the vectors of a pool's scenes; takes and raises what `features.vectors` does.

    Raises
    ------
    VectorsError
        Also where the file crashes its reader, or takes too long or too much memory.
    ReadersBusyError
        Too many files are being read.
    """
    return reading.read_vectors(path, scene_ids, ids, level, parse=_parsed)


def _parsed(path: Path, ids: Path | None) -> OwnedTable:
    arguments = {"path": str(path), "ids": None if ids is None else str(ids)}

    size = path.stat().st_size if path.is_file() else None

    def refused(reason: str) -> VectorsError:
        return VectorsError(f"{path}: {reason}")

    (frame,) = ask("vectors", arguments, guard_of(VECTORS_GUARD, size), refused)
    answer = frame.value
    values = frame.arrays[0] if answer["place"] is None else _mapped(path, answer["place"])
    return OwnedTable(VectorTable(values, None, answer["image_ids"]), answer["owners"])


def _mapped(path: Path, place: dict[str, Any]) -> Any:  # noqa: ANN401  numpy's own type of a map
    return np.memmap(
        path, place["dtype"], "r", place["offset"], tuple(place["shape"]), place["order"]
    )


def serve(path: str, ids: str | None) -> Iterator[Frame]:
    """Yield a file's vectors and whose they are.

    Raises
    ------
    VectorsError
        See :func:`features.vectors.read_vectors`.
    """
    owned = reading.parse_vectors(Path(path), None if ids is None else Path(ids))
    values, place = owned.table.values, None
    if isinstance(values, np.memmap):
        place = {
            "dtype": values.dtype.str,
            "offset": values.offset,
            "shape": values.shape,
            "order": "C" if values.flags.c_contiguous else "F",
        }
    answer = {"place": place, "owners": owned.owners, "image_ids": owned.table.image_ids}
    yield Frame(answer, [] if place else [values])
