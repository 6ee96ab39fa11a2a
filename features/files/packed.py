"""Read text that gzip may have packed: nothing is written, and a bomb ends early.

The content tells whether it is packed. No text begins with the two bytes that gzip begins with.
"""

import gzip
import io
import zlib
from pathlib import Path
from typing import BinaryIO, Final

from typing_extensions import Buffer, override

from features.errors import SourceError
from features.files.paths import open_regular
from features.limits import FREE_TABLE_BYTES, MAX_TABLE_PROPORTION

MAGIC: Final = b"\x1f\x8b"
"""What gzip's files begin with."""

ENDING: Final = ".gz"
"""Of the names of such files."""


def open_text(path: Path) -> BinaryIO:
    """Open a file for reading the bytes of its text, packed or not.

    Reading raises a `SourceError` where the packed file is damaged, not whole, or unpacks to more
    than ``MAX_TABLE_PROPORTION`` times its size and more than ``FREE_TABLE_BYTES``.

    Raises
    ------
    SourceError, OSError
        See :func:`features.files.paths.open_regular`.
    """
    file = open_regular(path)
    packed = file.read(len(MAGIC)) == MAGIC
    file.seek(0)
    return io.BufferedReader(_Unpacked(file, path)) if packed else file


class _Unpacked(io.RawIOBase):
    """The bytes that gzip packed; they can be read anew from the start."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        super().__init__()
        self._file = file
        self._zipped = gzip.GzipFile(fileobj=file)
        self._place = str(path)
        self._most = max(FREE_TABLE_BYTES, MAX_TABLE_PROPORTION * path.stat().st_size)

    @override
    def readable(self) -> bool:
        return True

    @override
    def seekable(self) -> bool:
        return True

    @override
    def tell(self) -> int:
        return self._zipped.tell()

    @override
    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        return self._zipped.seek(offset, whence)

    @override
    def readinto(self, buffer: Buffer, /) -> int:
        room = memoryview(buffer).cast("B")
        try:
            chunk = self._zipped.read1(len(room))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            rule = f"is packed by gzip, but damaged or not whole ({error})"
            raise SourceError(self._place, rule) from error
        if self._zipped.tell() > self._most:
            rule = (
                f"unpacks to more than {MAX_TABLE_PROPORTION} times its size and "
                f"{FREE_TABLE_BYTES:,} bytes"
            )
            raise SourceError(self._place, rule)
        room[: len(chunk)] = chunk
        return len(chunk)

    @override
    def close(self) -> None:
        self._zipped.close()
        self._file.close()
        super().close()
