"""Clouds as NumPy arrays, (n, 3) or wider, as ReDAL prepares S3DIS; nothing is unpickled."""

from pathlib import Path
from typing import Final

import numpy as np

from features.errors import SourceError
from features.files.npy import read_header
from features.pointclouds.cloud import Cloud, picks
from features.pointclouds.records import gather

_AXES: Final = 3
_MATRIX: Final = 2


def read_array(path: Path, most: int) -> Cloud:
    """Return up to `most` points of an ``.npy``: its first three columns.

    Raises
    ------
    SourceError
        It is no such array, or was cut.
    """
    header = read_header(path)
    dtype, shape = header.dtype, header.shape
    if dtype.kind not in "fiu" or len(shape) != _MATRIX or shape[1] < _AXES or not shape[0]:
        rule = f"is no cloud: an array of {dtype} and shape {shape}, not of n x 3 numbers"
        raise SourceError(str(path), rule)
    total, width = shape
    start = path.stat().st_size - total * width * dtype.itemsize
    wanted = picks(total, most)
    if header.fortran_order:
        step = total * dtype.itemsize
        columns = [gather(path, start + k * step, dtype, total, wanted) for k in range(_AXES)]
        return Cloud(total, np.stack(columns, axis=1).astype(np.float64))
    row = np.dtype([("row", dtype, (width,))])
    rows = gather(path, start, row, total, wanted)["row"]
    return Cloud(total, rows[:, :_AXES].astype(np.float64))
