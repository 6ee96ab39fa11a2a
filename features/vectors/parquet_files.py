"""Parquet: a row a vector, read batch by batch."""

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.errors import SourceError
from features.files.parquet import open_parquet
from features.limits import MAX_ID_BYTES
from features.vectors.table import VectorTable, pick, refuse, require_name, require_proportion

_BATCH: Final = 4096
_VECTORS: Final = ("vector", "embedding")
_IDS: Final = ("scene_id",)
_IMAGES: Final = ("image_id",)


def read_parquet(path: Path) -> VectorTable:
    """Read the columns ``scene_id``, ``vector`` or ``embedding``, and ``image_id`` if present.

    The vectors are kept as float32.

    Raises
    ------
    VectorsError
        The file is damaged, lacks a column, or a row breaks a rule.
    """
    try:
        with open_parquet(path) as file:
            return _read(path, file)
    except OSError as error:
        refuse(path, f"cannot be read ({error.strerror or error})")
    except SourceError as error:
        refuse(path, error.rule)


def _read(path: Path, file: Any) -> VectorTable:  # noqa: ANN401  pyarrow carries no type information
    present = tuple(file.schema_arrow.names)
    name = require_name(path, present, _VECTORS)
    of_scenes = require_name(path, present, _IDS)
    of_images = pick(path, present, _IMAGES)
    _require_lists(path, name, file.schema_arrow.field(name).type)
    require_proportion(path, 4 * _numbers(file.metadata))
    columns = [column for column in (name, of_scenes, of_images) if column is not None]
    n, start = file.metadata.num_rows, 0
    values = np.empty((0, 0), dtype=np.float32)
    scene_ids: list[str] = []
    image_ids: list[str] = []
    for batch in file.iter_batches(_BATCH, columns=columns):
        part = _vectors(path, batch.column(name), start, values.shape[1])
        if not start:
            require_proportion(path, 4 * n * part.shape[1])
            values = np.empty((n, part.shape[1]), dtype=np.float32)
        values[start : start + len(part)] = part
        scene_ids += _strings(path, batch.column(of_scenes), of_scenes, start)
        if of_images is not None:
            image_ids += _strings(path, batch.column(of_images), of_images, start)
        start += len(part)
    return VectorTable(values, scene_ids, image_ids if of_images is not None else None)


def _numbers(metadata: Any) -> int:  # noqa: ANN401  see _read
    groups = (metadata.row_group(place) for place in range(metadata.num_row_groups))
    return sum(
        group.column(place).num_values for group in groups for place in range(group.num_columns)
    )


def _require_lists(path: Path, name: str, kind: Any) -> None:  # noqa: ANN401  see _read
    import pyarrow as pa  # noqa: PLC0415

    lists = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    if not any(test(kind) for test in lists) or not pa.types.is_floating(kind.value_type):
        refuse(path, f"the column {name} must hold lists of floats, not {kind}")


def _vectors(path: Path, column: Any, start: int, d: int) -> NDArray[np.float32]:  # noqa: ANN401  see _read
    import pyarrow.compute as pc  # noqa: PLC0415

    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    expected = d or int(lengths[0])
    wrong = np.flatnonzero((lengths != expected) | (lengths == 0))
    if wrong.size:
        length, row = lengths[wrong[0]], start + int(wrong[0])
        rule = f"has {length} numbers where the first row has {expected}" if length else "is empty"
        refuse(path, f"the vector {rule}", row)
    numbers = column.flatten().to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):  # what float32 cannot hold is refused as not finite
        vectors: NDArray[np.float32] = numbers.astype(np.float32).reshape(-1, expected)
    return vectors


def _strings(path: Path, column: Any, name: str, start: int) -> list[str]:  # noqa: ANN401  see _read
    strings: list[str] = column.to_pylist()
    for row, value in enumerate(strings, start):
        if not isinstance(value, str):
            refuse(path, f"{name} must be a string, not {value!r:.60}", row)
        if len(value) > MAX_ID_BYTES:
            refuse(path, f"{name} must have at most {MAX_ID_BYTES:,} bytes", row)
    return strings
