"""A manifest as Parquet: a row is a scene, columns are named as the keys of JSON Lines.

``images`` is a list of strings or of structs (``uri``, ``sensor``, ``frame``), ``costs`` a struct
or a map. A null is an absent key. Rows are read in small batches, whatever the size of a row group.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import SourceError
from features.files.paths import open_regular
from features.sources.options import Refuse, at_once, id_of
from features.sources.record import SCENE_KEYS, parse_scene
from features.sources.scenes import PoolScene

_BATCH_ROWS: Final = 1024
_BUFFER_BYTES: Final = 2**20  # of a column that is read, instead of its whole chunk


def read_parquet(
    path: Path, base: Path | str, refuse: Refuse = at_once
) -> Iterator[tuple[str, PoolScene]]:
    """Yield the scene of each row after its place, ``"FILE row N"``; rows count from 1.

    Raises
    ------
    SourceError
        The file is no Parquet file, or a row breaks a rule.
    """
    number = 0
    for batch in _batches(path):
        for index in range(batch.num_rows):
            number += 1
            place = f"{path} row {number}"
            record: object = None
            try:
                record = _record(batch, index, place)
                scene = parse_scene(record, place, base)
            except SourceError as error:
                refuse(error, id_of(record))
            else:
                yield place, scene


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    with open_regular(path) as file:
        try:
            table = pq.ParquetFile(file, buffer_size=_BUFFER_BYTES)
            _check(table.schema_arrow.names, path)
            yield from table.iter_batches(_BATCH_ROWS)
        except (pa.ArrowException, OSError) as error:
            reason = (str(error).splitlines() or ["unknown"])[0]
            raise SourceError(str(path), f"is no readable Parquet file ({reason})") from error


def _check(names: list[str], path: Path) -> None:
    for name in names:
        if name not in SCENE_KEYS:
            known = ", ".join(sorted(SCENE_KEYS))
            raise SourceError(str(path), f"{name!r} is no known column ({known})")
    if len(set(names)) < len(names):
        raise SourceError(str(path), "a column stands twice")


def _record(batch: pa.RecordBatch, index: int, place: str) -> dict[str, object]:
    """Return the row as a line of JSON would have it."""
    try:
        row = {
            name: _plain(batch[name][index].as_py(), batch[name].type)
            for name in batch.schema.names
        }
    except (ValueError, OverflowError) as error:  # not UTF-8, a key twice, a date before year 1
        raise SourceError(place, f"has a value that cannot be read ({error})") from error
    return {name: value for name, value in row.items() if value is not None}


def _plain(value: object, form: pa.DataType) -> object:
    """Return a value as JSON would have it; a null in a struct is a key that is not there."""
    match value:
        case dict():
            fields = {field.name: field.type for field in form}
            present = {name: item for name, item in value.items() if item is not None}
            return {name: _plain(item, fields[name]) for name, item in present.items()}
        case list() if pa.types.is_map(form):
            return _object(value, form.item_type)
        case list():
            return [_plain(item, form.value_type) for item in value]
        case Decimal():
            return float(value)
        case _:
            return value


def _object(pairs: list[tuple[str, object]], form: pa.DataType) -> Mapping[str, object]:
    result = {key: _plain(item, form) for key, item in pairs}
    if len(result) < len(pairs):
        message = "a key stands twice in a map"
        raise ValueError(message)
    return result
