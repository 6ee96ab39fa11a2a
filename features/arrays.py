"""Named arrays in ``.npz`` files: written all at once, read without ever unpickling."""

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.files.atomic import atomic_write


def write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write named arrays, all or nothing."""
    with atomic_write(path) as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]  # numpy's stub takes ** for its flag


def read_arrays(path: Path, *names: str, optional: Sequence[str] = ()) -> tuple[NDArray[Any], ...]:
    """Read some of the arrays of a file.

    Parameters
    ----------
    path
        A file that :func:`write_arrays` wrote.
    names
        The arrays that are wanted; the others are not read.
    optional
        Further ones, for the end of the answer: all of them, or none where the file has not all.

    Raises
    ------
    VectorsError
        The file is missing, broken or foreign, or lacks one of the arrays.
    """
    try:
        # numpy leaves a file open that it opens itself and cannot read.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            there = optional if all(name in arrays for name in optional) else ()
            return tuple(arrays[name] for name in (*names, *there))
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        message = f"{path}: not a whole file of {', '.join(names)} ({error})"
        raise VectorsError(message) from error
