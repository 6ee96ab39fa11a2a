"""Read the arrays of a JSON file element by element: tables of gigabytes in megabytes of memory.

The standard library decodes a text as a whole only. Here a window slides over the file, and its
decoder takes one element at a time from it.
"""

import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NoReturn

from features.errors import SourceError
from features.files.regular import open_regular

MAX_ELEMENT_CHARS: Final = 64 * 2**20
"""Longest element that is read."""

_CHUNK_BYTES: Final = 2**20
_SPACE: Final = " \t\r\n"
_OF_NUMBERS: Final = "+-.0123456789eE"  # and nothing, at the window's end
_DECODER: Final = json.JSONDecoder()


def read_arrays(path: Path) -> Iterator[tuple[str, int, object]]:
    """Yield each element of a file's arrays as array name, index and value.

    The file is an array, whose name is then ``""``, or an object, whose members that are arrays
    count and whose other members are passed over.

    Raises
    ------
    SourceError
        The file is not JSON, is neither an array nor an object, names a member twice, or has an
        element longer than ``MAX_ELEMENT_CHARS``.
    """
    with open_regular(path) as file:
        window = _Window(file, str(path))
        match window.peek():
            case "[":
                for index, element in enumerate(_elements(window)):
                    yield "", index, element
            case "{":
                yield from _members(window)
            case _:
                window.refuse("it starts with neither [ nor {")
        if window.peek():
            window.refuse("there is something after its end")


def _members(window: "_Window") -> Iterator[tuple[str, int, object]]:
    seen = set()
    for _ in _separated(window, "{", "}"):
        name = window.value()
        if not isinstance(name, str) or name in seen:
            window.refuse(f"{name!r:.40} is no name, or stands twice")
        seen.add(name)
        window.take(":")
        if window.peek() == "[":
            for index, element in enumerate(_elements(window)):
                yield name, index, element
        else:
            window.value()


def _elements(window: "_Window") -> Iterator[object]:
    for _ in _separated(window, "[", "]"):
        yield window.value()


def _separated(window: "_Window", start: str, end: str) -> Iterator[None]:
    """Yield once before each item of a list, which whoever iterates then takes."""
    window.take(start)
    if window.peek() != end:
        yield
        while window.peek() != end:
            window.take(",")
            yield
    window.take(end)


class _Window:
    """The part of a file that is being read."""

    def __init__(self, file: BinaryIO, place: str) -> None:
        self._file = file
        self._place = place
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text = ""
        self._at = 0
        self._passed = 0

    def refuse(self, reason: str) -> NoReturn:
        """Raise the error for what stands here."""
        where = self._passed + self._at + 1
        raise SourceError(self._place, f"not JSON ({reason}, at character {where:,})")

    def peek(self) -> str:
        """Return the next character that is no white space, or nothing at the file's end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Pass over a character that must be there."""
        if self.peek() != expected:
            self.refuse(f"{expected} is missing")
        self._at += 1

    def value(self) -> object:
        """Return the value that starts here."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                self.refuse("nested too deeply")
            except ValueError as error:
                if not self._more():
                    self.refuse(str(error).partition(":")[0])
                continue
            size = end - self._at
            # Of a number, the window may hold the first digits only.
            if self._text[end : end + 1] not in _OF_NUMBERS or not self._more():
                self._at += size
                return value

    def _more(self) -> bool:
        """Drop what was read and append what comes next; tell whether there was anything."""
        self._passed += self._at
        self._text = self._text[self._at :]
        self._at = 0
        if len(self._text) > MAX_ELEMENT_CHARS:
            self.refuse(f"an element has more than {MAX_ELEMENT_CHARS:,} characters")
        # At least as much again, so that a long element is not decoded over and over.
        data = self._file.read(max(_CHUNK_BYTES, len(self._text)))
        try:
            self._text += self._decoder.decode(data, final=not data)
        except UnicodeDecodeError:
            self.refuse("not UTF-8 there or in the next characters")
        return bool(data)
