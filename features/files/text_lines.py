"""Read a text file line by line, however long its lines are.

Read CSV (RFC 4180, UTF-8) row by row.
"""

import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from features.errors import SourceError
from features.files.paths import open_regular

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


# Python's float() also takes "1_000" and "infinity", which no other reader of the file would.
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


def read_rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each row that is not blank after its place, ``"FILE:LINE"``.

    Raises
    ------
    SourceError
        The file is not CSV or not UTF-8, or a cell has more than 131,072 characters.
    """
    # Decoded line by line, so that an error is on the line after the last one that was read;
    # utf-8-sig, since spreadsheets write a byte order mark.
    reader = csv.reader(codecs.iterdecode(read_lines(path), "utf-8-sig"), strict=True)
    try:
        for row in reader:
            if row:
                yield f"{path}:{reader.line_num}", row
    except csv.Error as error:
        place = f"{path}:{reader.line_num}"
        raise SourceError(place, f"not CSV ({error})") from error
    except UnicodeDecodeError as error:
        place = f"{path}:{reader.line_num + 1}"
        raise SourceError(place, "not UTF-8") from error


def decimal(text: str) -> float | None:
    """Return the number that a cell holds in decimal notation, if it does."""
    return float(text) if _DECIMAL.fullmatch(text.strip()) else None
