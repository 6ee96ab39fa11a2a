"""Read CSV (RFC 4180) row by row, and what spreadsheets call CSV.

The header tells what parts the columns: commas, semicolons or tabs. Where it is not commas, numbers
may have decimal commas, all of them or none. What was understood beside the standard is said in
notes.
"""

import csv
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Final

from features.errors import SourceError
from features.files.numbers import decimal
from features.files.text_lines import is_utf_16, read_text_lines

_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs"}
_WITH_COMMA: Final = re.compile(r"[ \t]*[+-]?[0-9]*,[0-9]+([eE][+-]?[0-9]+)?[ \t]*")


class Rows:
    """The rows of a table that are not blank, after its header; each row is read once.

    Parameters
    ----------
    path
        The file.

    Attributes
    ----------
    header
        Its columns; empty where the file is.
    place
        Of the header, ``"FILE:LINE"``.
    notes
        Sentences about what was understood; complete once all rows are read.

    Raises
    ------
    SourceError
        The file is not CSV or not UTF-8, or a cell has more than 131,072 characters.
    """

    def __init__(self, path: Path) -> None:
        self.notes: list[str] = []
        if is_utf_16(path):
            self.notes.append(f"{path.name} is read as UTF-16.")
        self._path = path
        self._points = self._commas = ""
        lines = read_text_lines(path)
        first = next(lines, b"")
        self._separator = _separator(first)
        if self._separator != ",":
            what = _NAMES[self._separator]
            self.notes.append(f"The columns of {path.name} are parted by {what}.")
        self._rows = self._read(chain([first], lines) if first else iter(()))
        self.place, self.header = next(self._rows, (str(path), []))

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        return self._rows

    def number(self, cell: str, place: str) -> float | None:
        """Return the number in a cell, if there is one.

        Raises
        ------
        features.files.numbers.InexactError
            See :func:`features.files.numbers.decimal`.
        SourceError
            It has a decimal comma where an earlier one has a point, or the other way round.
        """
        if self._separator == ",":
            return decimal(cell)
        if _WITH_COMMA.fullmatch(cell):
            if not self._commas:
                self.notes.append(f"The numbers of {self._path.name} have decimal commas.")
            self._commas = self._commas or place
            cell = cell.replace(",", ".")
        elif "." in cell and decimal(cell) is not None:
            self._points = self._points or place
        if self._commas and self._points:
            rule = f"numbers have decimal commas ({self._commas}) and points ({self._points})"
            raise SourceError(place, rule)
        return decimal(cell)

    def _read(self, lines: Iterator[bytes]) -> Iterator[tuple[str, list[str]]]:
        # Decoded line by line, so that an error is on the line after the last one that was read.
        decoded = (line.decode() for line in lines)
        reader = csv.reader(decoded, delimiter=self._separator, strict=True)
        try:
            for row in reader:
                if row:
                    yield f"{self._path}:{reader.line_num}", row
        except csv.Error as error:
            msg = f"{self._path}:{reader.line_num}"
            raise SourceError(msg, f"not CSV ({error})") from error
        except UnicodeDecodeError as error:
            msg = f"{self._path}:{reader.line_num + 1}"
            raise SourceError(msg, "not UTF-8") from error


def _separator(header: bytes) -> str:
    """Return what parts the columns; a comma wins, for no name of a column has one."""
    return next((mark for mark in _NAMES if mark.encode() in header), ",")
