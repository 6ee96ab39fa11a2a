"""Read a text file line by line, however long its lines are."""

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from features.errors import SourceError
from features.files.packed import open_text
from features.files.paths import open_regular
from features.limits import MAX_LINE_BYTES

_CHUNK_BYTES: Final = 2**16
_UTF_16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def read_lines(path: Path) -> Iterator[bytes]:
    """Yield a file's lines with their ends.

    Raises
    ------
    SourceError
        A line has more than ``MAX_LINE_BYTES``; names ``FILE:LINE``.
    """
    with open_regular(path) as file:
        yield from _lines(path, file)


def read_text_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a text in UTF-8 or, where a mark begins it, UTF-16; all as UTF-8.

    Spreadsheets write both, with a mark (BOM), which is left out. The file may be packed by gzip.

    Raises
    ------
    SourceError
        As :func:`read_lines`; or what the mark says is not so.
    """
    with open_text(path) as file:
        encoding = _UTF_16.get(file.read(2))
        if encoding is not None:
            yield from _decoded(path, file, encoding)
            return
        file.seek(0)
        if file.read(3) != codecs.BOM_UTF8:
            file.seek(0)
        yield from _lines(path, file)


def is_utf_16(path: Path) -> bool:
    """Tell whether a file begins with the mark of UTF-16."""
    with open_text(path) as file:
        return file.read(2) in _UTF_16


def _lines(path: Path, file: BinaryIO) -> Iterator[bytes]:
    number = 1
    while line := file.readline(MAX_LINE_BYTES + 1):
        _require_short(line, path, number)
        yield line
        number += 1


def _decoded(path: Path, file: BinaryIO, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    number, rest, ended = 1, "", False
    while not ended:
        chunk = file.read(_CHUNK_BYTES)
        ended = not chunk
        try:
            rest += decoder.decode(chunk, final=ended)
        except UnicodeDecodeError as error:
            msg = f"{path}:{number}"
            raise SourceError(msg, "not UTF-16") from error
        *whole, rest = rest.split("\n")
        for text in whole:
            line = f"{text}\n".encode()
            _require_short(line, path, number)
            yield line
            number += 1
        _require_short(rest, path, number)
    if rest:
        yield rest.encode()


def _require_short(line: bytes | str, path: Path, number: int) -> None:
    if len(line) > MAX_LINE_BYTES:
        rule = f"the line has more than {MAX_LINE_BYTES:,} bytes"
        msg = f"{path}:{number}"
        raise SourceError(msg, rule)
