"""Read JSON that nobody has vetted: a line, the arrays of a file, the values of an object.

:func:`decode_json` decodes a line. :func:`read_arrays` reads the arrays of a file element by
element: tables of gigabytes in megabytes of memory. The standard library decodes a text as a whole
only, so a window slides over the file, and the library's decoder takes one element at a time.
:class:`Fields` gives typed access to the values of an object. Every error names the place, and the
key or the character where there is one.
"""

import codecs
import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NoReturn, Self

from features.errors import SourceError
from features.files.numbers import InexactError, exact, exact_whole, no_constant
from features.files.packed import open_text
from features.limits import MAX_CARRIED_BYTES, MAX_ELEMENT_CHARS


def decode_json(text: bytes, place: str) -> object:
    """Return the value of a JSON text.

    Parameters
    ----------
    text
        UTF-8, one line.
    place
        Where it stands, for errors.

    Raises
    ------
    SourceError
        The text is not JSON, is nested too deeply, has a key twice in an object, or a number that
        would become another (:mod:`features.files.numbers`).
    """
    try:
        value: object = _DECODER.decode(text.decode())
    except UnicodeDecodeError as error:
        raise SourceError(place, f"byte {error.start + 1} of the line is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise SourceError(place, f"not JSON ({error.msg} at column {error.colno})") from error
    except RecursionError as error:
        raise SourceError(place, "the JSON is nested too deeply") from error
    except ValueError as error:  # a repeated key, a number with thousands of digits, NaN
        raise SourceError(place, f"not usable JSON ({error})") from error
    return value


_CHUNK_BYTES: Final = 2**20
_SPACE: Final = " \t\r\n"
_OF_NUMBERS: Final = "+-.0123456789eE"  # and nothing, at the window's end


class _UnusableError(ValueError):
    """JSON by its form that is not used: what comes after it does not mend it."""


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Build an object; JSON lets a key stand twice, which would silently drop a value."""
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        message = f"the key {counts.most_common(1)[0][0]!r:.60} stands twice in an object"
        raise _UnusableError(message)
    return result


def _number(text: str) -> float:
    try:
        return exact(text)
    except InexactError as error:
        raise _UnusableError(str(error)) from error


def _constant(name: str) -> NoReturn:
    try:
        no_constant(name)
    except ValueError as error:
        raise _UnusableError(str(error)) from error


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_number, parse_constant=_constant
)


def read_arrays(path: Path) -> Iterator[tuple[str, int, object]]:
    """Yield each element of a file's arrays as array name, index and value.

    The file is an array, whose name is then ``""``, or an object, whose members that are arrays
    count and whose other members are passed over. It may be packed by gzip.

    Raises
    ------
    SourceError
        The file is not JSON, is neither an array nor an object, names a member twice, has an
        element longer than ``MAX_ELEMENT_CHARS``, or one that :func:`decode_json` would refuse.
    """
    with open_text(path) as file:
        window = _ByteWindow(file, str(path))
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


def _members(window: "_ByteWindow") -> Iterator[tuple[str, int, object]]:
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


def _elements(window: "_ByteWindow") -> Iterator[object]:
    for _ in _separated(window, "[", "]"):
        yield window.value()


def _separated(window: "_ByteWindow", start: str, end: str) -> Iterator[None]:
    """Yield once before each item of a list; the caller takes the item then."""
    window.take(start)
    if window.peek() != end:
        yield
        while window.peek() != end:
            window.take(",")
            yield
    window.take(end)


# ijson is no replacement: it says no character's number, lets an object name a member twice, turns
# lone surrogates into question marks, has no limit for a string, and its compiled parser (3.6.0)
# crashes the process at a whole number of 5,000 digits.
class _ByteWindow:
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
            except _UnusableError as error:
                self.refuse(str(error))
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


_NOT_PLAIN: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_SHORT: Final = 40
_MOST: Final = 2**63 - 1
_NAMES: Final = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object and where it came from.

    Parameters
    ----------
    values
        The object.
    place
        The file and line, for errors.
    prefix
        What stands before a key in errors, for example ``"images[2]."``.
    """

    values: Mapping[str, object]
    place: str
    prefix: str = ""

    @classmethod
    def of(
        cls, value: object, place: str, name: str = "", known: Collection[str] | None = None
    ) -> Self:
        """Check that ``value`` is an object, with ``known`` keys only where they are given.

        ``name`` says what the object is called in its own record; the record itself has none.
        """
        if not isinstance(value, dict):
            raise SourceError(place, f"{name or 'the record'} must be an object, not {kind(value)}")
        fields = cls(value, place, f"{name}." if name else "")
        for key in value:
            if known is not None and key not in known:
                fields.refuse(repr(key), f"is not a known key ({', '.join(sorted(known))})")
        return fields

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def refuse(self, key: str, rule: str) -> NoReturn:
        """Raise the error for a key that breaks a rule."""
        raise SourceError(self.place, f"{self.prefix}{key} {rule}")

    def get(self, key: str) -> object:
        """Return a value that must be there."""
        if key not in self.values:
            self.refuse(key, "is missing")
        return self.values[key]

    def text(self, key: str) -> str:
        """Return a string that is not blank and that UTF-8 files and databases can hold."""
        value = self.get(key)
        if not isinstance(value, str):
            self.refuse(key, f"must be a string, not {kind(value)}")
        if not value.strip():
            self.refuse(key, "must not be empty")
        if not is_plain(value):
            self.refuse(key, "must not contain control characters or lone surrogates")
        return value

    def whole(self, key: str, least: int) -> int:
        """Return a whole number of at least ``least`` that 64 bits hold; booleans are none."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.refuse(key, f"must be a whole number of at least {least}")
        if value > _MOST:
            self.refuse(key, f"must be a whole number of at most {_MOST}")
        return value

    def amount(self, key: str) -> float:
        """Return a finite number of at least 0; booleans are none."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(key, f"must be a number, not {_shown(value)}")
        try:
            amount = exact_whole(value) if isinstance(value, int) else value
        except InexactError as error:
            self.refuse(key, f"cannot be kept: {error}")
        if not (math.isfinite(amount) and amount >= 0):
            self.refuse(key, f"must be finite and at least 0, not {amount:g}")
        return amount

    def items(self, key: str) -> list[object]:
        """Return a list, which is empty where the key is absent."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.refuse(key, f"must be a list, not {kind(value)}")
        return value

    def mapping(self, key: str) -> dict[str, object]:
        """Return an object that is carried through; it is empty where the key is absent."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.refuse(key, f"must be an object, not {kind(value)}")
        try:
            size = len(json.dumps(value, allow_nan=False, ensure_ascii=False).encode())
        except (TypeError, ValueError, RecursionError) as error:
            self.refuse(key, f"cannot be written as JSON ({error})")
        if size > MAX_CARRIED_BYTES:
            self.refuse(key, f"must have at most {MAX_CARRIED_BYTES:,} bytes as JSON, not {size:,}")
        return value


def is_plain(text: str) -> bool:
    """Tell whether a text is free of control characters and of lone surrogates."""
    return _NOT_PLAIN.search(text) is None


def _shown(value: object) -> str:
    """Return a short text as it is, and else what it is."""
    is_short = isinstance(value, str) and len(value) <= _SHORT
    return repr(value) if is_short else kind(value)


def kind(value: object) -> str:
    """Return a JSON value's type in a user's words."""
    return _NAMES.get(type(value), f"a {type(value).__name__}")
