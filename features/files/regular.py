"""Open files that nobody has vetted: a named pipe would wait for ever, a device never end."""

import stat
from pathlib import Path
from typing import BinaryIO

from features.errors import SourceError


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading bytes.

    Raises
    ------
    SourceError
        It is a pipe, a socket or a device.
    OSError
        As `open` does: it is missing, a folder, or may not be read.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise SourceError(str(path), "is not a regular file")
    return path.open("rb")
