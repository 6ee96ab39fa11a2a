"""``.safetensors``, mapped into memory: a length, a JSON header, then plain numbers.

Source: the format's description, https://github.com/huggingface/safetensors#format.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.vectors.ids import parse_ids
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
    if not isinstance(entry, Mapping) or entry.get("dtype") not in _DTYPES:
        dtype = entry.get("dtype") if isinstance(entry, Mapping) else entry
        refuse(path, f"{name} must be F16, F32 or F64, not {dtype}")
    dtype = np.dtype(_DTYPES[entry["dtype"]])
    shape, offsets = _sizes(entry.get("shape")), _sizes(entry.get("data_offsets"))
    if shape is None or offsets is None or len(offsets) != 2:  # noqa: PLR2004  first, last
        refuse(path, f"is damaged: {name} has no whole shape or place")
    first, last = offsets
    count = math.prod(shape)
    if last - first != count * dtype.itemsize or start + last > path.stat().st_size:
        refuse(path, f"is damaged: {name} does not fit its shape {shape}")
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
