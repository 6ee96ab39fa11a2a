"""Read a text file line by line, however long its lines are."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from features.errors import SourceError
from features.files.regular import open_regular

MAX_LINE_BYTES: Final = 16 * 2**20
"""Longest line that is read: a scene of about 100,000 images."""


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield a file's lines with their ends.

    Raises
    ------
    SourceError
        A line has more than ``MAX_LINE_BYTES``; names ``FILE:LINE``.
    """
    with open_regular(path) as file:
        number = 1
        while line := file.readline(MAX_LINE_BYTES + 1):
            if len(line) > MAX_LINE_BYTES:
                place = f"{path}:{number}"
                raise SourceError(place, f"the line has more than {MAX_LINE_BYTES:,} bytes")
            yield line
            number += 1
