"""``.npy`` and ``.npz``, read without ever unpickling."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.vectors.ids import ids_of_array
from features.vectors.table import (
    ID_NAMES,
    IMAGE_NAMES,
    VECTOR_NAMES,
    VectorTable,
    pick,
    refuse,
    require_name,
    require_proportion,
    require_vectors,
)


def read_npy(path: Path) -> VectorTable:
    """Map an array into memory.

    Raises
    ------
    VectorsError
        It is no array of vectors, or holds Python objects.
    """
    with _sentences(path):
        values = np.lib.format.open_memmap(path, mode="r")
    return VectorTable(require_vectors(path, values))


def read_npz(path: Path) -> VectorTable:
    """Read the vectors of an archive of arrays, and their ids where it has them.

    Raises
    ------
    VectorsError
        It is no such archive, holds Python objects, or lacks the vectors.
    """
    with _sentences(path), path.open("rb") as stream:
        if not zipfile.is_zipfile(stream):
            refuse(path, "is not an .npz archive")
        with zipfile.ZipFile(stream) as archive:
            require_proportion(path, sum(member.file_size for member in archive.infolist()))
        stream.seek(0)
        with np.load(stream, allow_pickle=False) as arrays:
            present = tuple(arrays.files)
            values = _array(path, arrays, require_name(path, present, VECTOR_NAMES))
            ids = {
                names: ids_of_array(path, name, _array(path, arrays, name))
                for names in (ID_NAMES, IMAGE_NAMES)
                if (name := pick(path, present, names)) is not None
            }
    return VectorTable(require_vectors(path, values), ids.get(ID_NAMES), ids.get(IMAGE_NAMES))


def _array(path: Path, arrays: Mapping[str, Any], name: str) -> NDArray[Any]:
    """Return a member; numpy gives the bytes of one that is no array."""
    array = arrays[name]
    if not isinstance(array, np.ndarray):
        refuse(path, f"{name} is no array of numpy")
    return array


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except VectorsError:
        raise
    except (
        OSError,
        EOFError,
        ValueError,
        TypeError,
        SyntaxError,
        MemoryError,
        TokenError,
    ) as error:
        if "pickle" in str(error).lower() or "object" in str(error).lower():
            refuse(path, "holds pickled Python objects, which are never loaded")
        refuse(path, f"is damaged or no array of numpy ({error})")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        refuse(path, f"is damaged or no archive of numpy ({error})")
