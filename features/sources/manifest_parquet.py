"""A manifest as Parquet: a row is a scene, columns are named as the keys of JSON Lines.

``images`` is a list of strings or of structs (``uri``, ``sensor``, ``frame``), or a single path;
``costs`` a struct or a map; ``scene_id`` may be a whole number. A null is an absent key. Columns of
other names are kept within ``meta`` where they hold text, numbers or booleans. Rows are read in
small batches, whatever the size of a row group.
"""

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

import pyarrow as pa

from features.errors import SourceError
from features.files.numbers import exact_whole
from features.files.parquet import open_parquet
from features.sources.columns import META, Columns, assembled
from features.sources.options import Refuse, at_once, id_of
from features.sources.record import parse_scene
from features.sources.scenes import PoolScene

_BATCH_ROWS: Final = 64
_TEXTS: Final = ("scene_id", "group")


def read_parquet(
    path: Path,
    base: Path | str,
    columns: Columns,
    refuse: Refuse = at_once,
    notes: list[str] | None = None,
) -> Iterator[tuple[str, PoolScene]]:
    """Yield the scene of each row after its place, ``"FILE row N"``; rows count from 1.

    Parameters
    ----------
    path, base, refuse
        As in :func:`features.sources.manifest.open_manifest`.
    columns
        Say what each column is taken as.
    notes
        Gets sentences about what was understood.

    Raises
    ------
    SourceError
        The file is no Parquet file, or a row breaks a rule.
    """
    number = 0
    for batch in _batches(path, columns, [] if notes is None else notes):
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


def _batches(path: Path, columns: Columns, notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of the columns that are used, called what they are taken as."""
    with open_parquet(path) as table:
        schema = table.schema_arrow
        unfit = [field.name for field in schema if not _is_plain(field.type)]
        targets = columns.of_header(schema.names, str(path), unfit)
        taken = {target: name for target, name in zip(targets, schema.names, strict=True) if target}
        notes += _understood(schema, taken, path.name)
        of_name = {name: target for target, name in taken.items()}
        for batch in table.iter_batches(_BATCH_ROWS, columns=list(of_name)):
            yield batch.rename_columns([of_name[name] for name in batch.schema.names])


def _understood(schema: pa.Schema, taken: Mapping[str, str], name: str) -> list[str]:
    """Return sentences about columns that are not of the type that the manifest has."""
    notes = [
        f"The whole numbers of {column} in {name} are taken as text."
        for target, column in taken.items()
        if target in _TEXTS and pa.types.is_integer(schema.field(column).type)
    ]
    if "images" in taken and _is_text(schema.field(taken["images"]).type):
        notes.append(f"The cells of {taken['images']} in {name} are taken as one path each.")
    return notes


def _is_plain(form: pa.DataType) -> bool:
    """Tell whether JSON has the values of a type."""
    types = pa.types
    numbers = (types.is_integer, types.is_floating, types.is_decimal, types.is_boolean)
    return _is_text(form) or any(is_one(form) for is_one in numbers)


def _is_text(form: pa.DataType) -> bool:
    plain = form.value_type if pa.types.is_dictionary(form) else form
    return bool(pa.types.is_string(plain) or pa.types.is_large_string(plain))


def _record(batch: pa.RecordBatch, index: int, place: str) -> dict[str, object]:
    """Return the row as a line of JSON would have it."""
    try:
        row = {
            name: _cell(name, batch[name][index].as_py(), batch[name].type)
            for name in batch.schema.names
        }
    except MemoryError:
        raise
    except Exception as error:  # not UTF-8, a key twice, a date before year 1, no such index
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise SourceError(place, f"has a value that cannot be read ({reason})") from error
    present = ((name, value) for name, value in row.items() if value is not None)
    return assembled(present, place)


def _cell(name: str, value: object, form: pa.DataType) -> object:
    if name in _TEXTS and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if name == "images" and isinstance(value, str):
        return [value]
    if name.startswith(META) and isinstance(value, float) and not math.isfinite(value):
        return None  # how tables say that there is none
    return _plain(value, form)


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
            return _decimal(value)
        case _:
            return value


def _object(pairs: list[tuple[str, object]], form: pa.DataType) -> Mapping[str, object]:
    result = {key: _plain(item, form) for key, item in pairs}
    if len(result) < len(pairs):
        message = "a key stands twice in a map"
        raise ValueError(message)
    return result


def _decimal(value: Decimal) -> float:
    whole = value.to_integral_value()
    return exact_whole(int(value)) if whole == value else float(value)
