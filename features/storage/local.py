"""Files on this machine."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from features.errors import AbsentError, StorageError
from features.storage.uris import to_path


def regular_file(name: str) -> tuple[Path, os.stat_result]:
    """Return a file's path and status.

    Raises
    ------
    StorageError
        It is missing, no regular file, or cannot be reached.
    """
    path = to_path(name)
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise AbsentError(name, "the file does not exist") from error
    except PermissionError as error:
        raise StorageError(name, "no permission to read the file") from error
    except OSError as error:  # a name too long, a loop of links
        raise StorageError(name, f"the file cannot be reached ({error.strerror})") from error
    if stat.S_ISDIR(status.st_mode):
        raise StorageError(name, "a folder, not a file")
    if not stat.S_ISREG(status.st_mode):  # opening a named pipe would wait for ever
        raise StorageError(name, "not a regular file")
    return path, status


def open_file(name: str) -> BinaryIO:
    """Open a regular file for reading.

    Raises
    ------
    StorageError
        As :func:`regular_file`.
    """
    path, _ = regular_file(name)
    try:
        return path.open("rb")
    except FileNotFoundError as error:  # gone since it was looked for
        raise StorageError(name, "the file does not exist") from error
    except PermissionError as error:
        raise StorageError(name, "no permission to read the file") from error
    except OSError as error:
        raise StorageError(name, f"the file cannot be reached ({error.strerror})") from error
