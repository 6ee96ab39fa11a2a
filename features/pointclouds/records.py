"""Some records of a file of many.

Files are read, not mapped: one that is cut while it is mapped would end the whole process.
"""

import os
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.errors import SourceError
from features.files.regular import open_regular

_SPARSE: Final = 32
"""Where fewer than one record in so many is wanted, each is read by itself."""


def gather(
    path: Path, start: int, dtype: np.dtype[Any], total: int, wanted: NDArray[np.int64]
) -> NDArray[Any]:
    """Return some of a file's records.

    Parameters
    ----------
    path
        The file.
    start
        Byte at which the first record begins.
    dtype
        Of a record.
    total
        How many there are.
    wanted
        Their numbers, ascending, shape (k,).

    Returns
    -------
    (k,)

    Raises
    ------
    SourceError
        The file ends before the last record, or is no regular file.
    """
    size = dtype.itemsize
    with open_regular(path) as file:
        descriptor = file.fileno()
        if total <= len(wanted) * _SPARSE:
            file.seek(start)
            content = file.read(total * size)
            whole = len(content) == total * size
        else:
            parts = [os.pread(descriptor, size, start + k * size) for k in wanted.tolist()]
            content = b"".join(parts)
            whole = len(content) == len(wanted) * size
    if not whole:
        raise SourceError(str(path), f"is truncated: it has fewer than {total:,} points")
    records = np.frombuffer(content, dtype=dtype)
    return records[wanted] if len(records) > len(wanted) else records
