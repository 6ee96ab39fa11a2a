"""Ids of scenes: in an array, or in a file of their own.

``.npy`` and ``.npz``, read without ever unpickling.

``.safetensors``, mapped into memory: a length, a JSON header, then plain numbers.

Source: the format's description, https://github.com/huggingface/safetensors#format.
"""

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.errors import SourceError
from features.files.archives import open_archive
from features.files.arrays import map_array
from features.files.paths import open_regular
from features.limits import MAX_ARRAY_PROPORTION, MAX_DOCUMENT_BYTES
from features.vectors.table import (
    ID_NAMES,
    IMAGE_NAMES,
    VECTOR_NAMES,
    VectorTable,
    pick,
    refuse,
    require_name,
    require_vectors,
)


def ids_of_array(path: Path, name: str, ids: NDArray[Any]) -> list[str]:
    """Return the strings of an array of ids.

    Raises
    ------
    VectorsError
        It is not a list of strings.
    """
    if ids.ndim != 1 or ids.dtype.kind not in "US":
        refuse(path, f"{name} must be a list of strings, not {ids.dtype} {ids.shape}")
    if ids.dtype.kind == "U":
        return [str(scene_id) for scene_id in ids.tolist()]
    try:
        return [scene_id.decode() for scene_id in ids.tolist()]
    except UnicodeDecodeError:
        refuse(path, f"{name} must be UTF-8")


def parse_ids(path: Path, text: str) -> list[str]:
    """Return the ids of a JSON list of strings.

    Raises
    ------
    VectorsError
        The text is something else.
    """
    try:
        ids = json.loads(text)
    except (ValueError, RecursionError):
        refuse(path, "its ids must be a JSON list of strings")
    if not isinstance(ids, list):
        refuse(path, "its ids must be a JSON list of strings")
    for row, scene_id in enumerate(ids):
        if not isinstance(scene_id, str):
            refuse(path, f"an id must be a string, not {scene_id!r}", row)
    return ids


def read_ids(path: Path) -> list[str]:
    """Read a file of ids: ``.json`` is a list of strings, anything else has one id a line.

    Raises
    ------
    VectorsError
        The file cannot be read or is something else.
    """
    try:
        with open_regular(path) as stream:
            content = stream.read(MAX_DOCUMENT_BYTES + 1)
        if len(content) > MAX_DOCUMENT_BYTES:
            refuse(path, f"has more than {MAX_DOCUMENT_BYTES:,} bytes of ids")
        text = content.decode().replace("\r\n", "\n").replace("\r", "\n")
    except SourceError as error:
        refuse(path, error.rule)
    except UnicodeDecodeError:
        refuse(path, "ids must be UTF-8 text")
    except OSError as error:
        refuse(path, f"cannot be read ({error.strerror or error})")
    if path.suffix.lower() == ".json":
        return parse_ids(path, text)
    # Other line ends, such as U+2028, may be part of an id.
    return text.removesuffix("\n").split("\n") if text else []


def find_ids(path: Path) -> Path:
    """Return the file of ids beside a file of vectors.

    Raises
    ------
    VectorsError
        There is none.
    """
    stem = path.stem
    names = (f"{stem}.ids.json", f"{stem}.ids.txt", "ids.json", "ids.txt")
    found = [path.with_name(name) for name in names if path.with_name(name).is_file()]
    if not found:
        rule = (
            "its rows have no scene ids (`scene_ids`), no file of ids is given (--vector-ids), and "
            f"there is no {', '.join(names)} beside it"
        )
        refuse(path, rule)
    return found[0]


def read_npy(path: Path) -> VectorTable:
    """Map an array into memory.

    Raises
    ------
    VectorsError
        It is no array of vectors, or holds Python objects.
    """
    with _sentences(path):
        values = map_array(path)
    return VectorTable(require_vectors(path, values))


def read_npz(path: Path) -> VectorTable:
    """Read the vectors of an archive of arrays, and their ids where it has them.

    Raises
    ------
    VectorsError
        It is no such archive, holds Python objects, lacks the vectors, or is a bomb.
    """
    with _sentences(path), open_archive(path, MAX_ARRAY_PROPORTION) as archive:
        values = archive.read(require_name(path, archive.names, VECTOR_NAMES))
        ids = {
            names: ids_of_array(path, name, archive.read(name))
            for names in (ID_NAMES, IMAGE_NAMES)
            if (name := pick(path, archive.names, names)) is not None
        }
    return VectorTable(require_vectors(path, values), ids.get(ID_NAMES), ids.get(IMAGE_NAMES))


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except SourceError as error:
        refuse(path, str(error).removeprefix(f"{path}: "))
    except OSError as error:
        refuse(path, f"cannot be read ({error.strerror or error})")


_LONGEST: Final = 100_000_000  # bytes of a header, the format's own limit
_LENGTH: Final = 8  # bytes before the header
_DTYPES: Final = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}


def read_safetensors(path: Path) -> VectorTable:
    """Map the tensor ``vectors`` into memory; ids are JSON lists in the metadata.

    Raises
    ------
    VectorsError
        The file is damaged or lacks the tensor, or its dtype is another.
    """
    header, start = _read_header(path)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict):
        refuse(path, "is damaged: its metadata is not a JSON object")
    name = require_name(path, tuple(header), VECTOR_NAMES)
    ids = {
        names: parse_ids(path, str(metadata[key]))
        for names in (ID_NAMES, IMAGE_NAMES)
        if (key := pick(path, tuple(metadata), names)) is not None
    }
    values = _map_tensor(path, name, header[name], start)
    return VectorTable(require_vectors(path, values), ids.get(ID_NAMES), ids.get(IMAGE_NAMES))


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    """Return the header and where the numbers start."""
    header = None
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(_LENGTH), "little")
            if length <= _LONGEST:
                header = json.loads(stream.read(length))
    except OSError as error:
        refuse(path, f"cannot be read ({error.strerror or error})")
    except (ValueError, RecursionError):
        refuse(path, "is damaged or no safetensors file")
    if not isinstance(header, dict):
        refuse(path, "is damaged or no safetensors file")
    return header, _LENGTH + length


def _map_tensor(path: Path, name: str, entry: object, start: int) -> NDArray[np.floating]:
    kind = entry.get("dtype") if isinstance(entry, Mapping) else entry
    if not isinstance(entry, Mapping) or not isinstance(kind, str) or kind not in _DTYPES:
        refuse(path, f"{name} must be F16, F32 or F64, not {kind!s:.40}")
    dtype = np.dtype(_DTYPES[kind])
    shape, offsets = _sizes(entry.get("shape")), _sizes(entry.get("data_offsets"))
    if shape is None or offsets is None or len(offsets) != 2:  # noqa: PLR2004  first, last
        refuse(path, f"is damaged: {name} has no whole shape or place")
    if len(shape) not in {2, 3}:
        refuse(path, f"{name} must be (n, d), or (n, patches, d), not {shape!s:.60}")
    first, last = offsets
    count = math.prod(shape)
    if last - first != count * dtype.itemsize or start + last > path.stat().st_size:
        refuse(path, f"is damaged: {name} does not fit its shape {shape!s:.60}")
    if not count:
        refuse(path, f"{name} has no numbers, its shape is {shape}")
    values: NDArray[np.floating] = np.memmap(path, dtype, "r", start + first, shape)
    return values


def _sizes(numbers: object) -> tuple[int, ...] | None:
    """Return JSON's list of sizes as a tuple; None where it is anything else."""
    if not isinstance(numbers, list):
        return None
    sizes = tuple(number for number in numbers if type(number) is int and number >= 0)
    return sizes if len(sizes) == len(numbers) else None
