"""How many vertices a PLY file has, and what is known of each, from its header alone.

Source: G. Turk, "The PLY Polygon File Format", Stanford 1994; ASCII and both binary forms. The
count is held against the file's size, so that neither a cut file nor an invented number passes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from features.errors import SourceError
from features.files.paths import open_regular

MAX_HEADER_BYTES: Final = 2**16
"""Longest header that is read; real ones have less than 2,000 bytes."""

_LINE: Final = re.compile(rb"([^\r\n]*)(\r\n|\n|\r(?!\n))")
_COUNT: Final = re.compile(r"[0-9]{1,18}")
_BYTES: Final = {
    "char": 1,
    "uchar": 1,
    "short": 2,
    "ushort": 2,
    "int": 4,
    "uint": 4,
    "float": 4,
    "double": 8,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "float32": 4,
    "float64": 8,
}
_ASCII_BYTES: Final = 2  # a digit and what parts it from the next
_FORMATS: Final = frozenset({"ascii", "binary_little_endian", "binary_big_endian"})


@dataclass(slots=True)
class Element:
    """Things of one kind that a PLY file holds.

    Parameters
    ----------
    name
        ``"vertex"``, for example.
    number
        How many there are.
    least_bytes
        The fewest that one of them takes: a list may be empty, its length is always there.
    properties
        Name and type of each number of it, in the file's order; the type of a list is empty.
    """

    name: str
    number: int
    least_bytes: int = 0
    properties: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PlyHeader:
    """What a PLY file says of itself, checked against its size.

    Parameters
    ----------
    form
        ``"ascii"``, ``"binary_little_endian"`` or ``"binary_big_endian"``.
    elements
        In the file's order; one is called vertex, and has properties.
    header_bytes
        Where the first element starts.
    """

    form: str
    elements: tuple[Element, ...]
    header_bytes: int

    @property
    def vertices(self) -> Element:
        """The points."""
        return next(element for element in self.elements if element.name == "vertex")


def vertex_count(path: Path) -> int:
    """Return the number of vertices that a PLY file declares and has room for.

    Raises what `read_header` does.
    """
    return read_header(path).vertices.number


def read_header(path: Path) -> PlyHeader:
    """Return the header of a PLY file that has room for what it declares.

    Parameters
    ----------
    path
        The file; no more than ``MAX_HEADER_BYTES`` of it are read.

    Raises
    ------
    SourceError
        The header breaks the format, is too long, declares no vertex, or declares more than the
        file's size has room for.
    """
    with open_regular(path) as file:
        head = file.read(MAX_HEADER_BYTES)
        size = file.seek(0, 2)
    try:
        form, elements, header_bytes = _parse(head)
    except ValueError as error:
        raise SourceError(str(path), f"is no PLY file ({error})") from error
    vertices = [element for element in elements if element.name == "vertex"]
    if len(vertices) != 1 or vertices[0].number == 0 or vertices[0].least_bytes == 0:
        raise SourceError(str(path), "declares no vertices with properties, or declares them twice")
    if any(element.number > size for element in elements):
        raise SourceError(str(path), "declares more of its elements than it has bytes")
    needed = sum(element.number * element.least_bytes for element in elements)
    if form == "ascii":
        needed -= 1  # the last line may lack its end
    if needed > size - header_bytes:
        rule = f"is truncated: its header asks for at least {needed:,} bytes after itself"
        raise SourceError(str(path), rule)
    return PlyHeader(form, tuple(elements), header_bytes)


def _parse(head: bytes) -> tuple[str, list[Element], int]:
    """Return the format, the elements and the header's length."""
    lines = _lines(head)
    if next(lines, ([], 0))[0] != ["ply"]:
        message = "it does not start with ply"
        raise ValueError(message)
    form = _format(next(lines, ([], 0))[0], lines)
    elements: list[Element] = []
    for words, end in lines:
        match words:
            case [] | ["comment" | "obj_info", *_]:
                continue
            case ["element", name, number] if _COUNT.fullmatch(number):
                elements.append(Element(name, int(number)))
            case ["property", *kind, name] if elements:
                elements[-1].least_bytes += _least_bytes(kind, form)
                elements[-1].properties.append((name, kind[0] if len(kind) == 1 else ""))
            case ["end_header"]:
                return form, elements, end
            case _:
                message = f"{' '.join(words)[:80]!r} has no meaning in its header"
                raise ValueError(message)
    message = f"no end_header in its first {MAX_HEADER_BYTES:,} bytes"
    raise ValueError(message)


def _lines(head: bytes) -> Iterator[tuple[list[str], int]]:
    """Yield each line's words and where the line ends: as the first one does.

    After a bare CR, an LF is the first byte of the data.
    """
    end_bytes = start = 0
    while line := _LINE.match(head, start):
        end_bytes = end_bytes or len(line[2])
        start = line.end(1) + end_bytes
        yield line[1].decode("latin-1").split(), start


def _format(words: list[str], lines: Iterator[tuple[list[str], int]]) -> str:
    while words[:1] in (["comment"], ["obj_info"]):  # some writers put them first
        words, _ = next(lines, ([], 0))
    match words:
        case ["format", form, "1.0"] if form in _FORMATS:
            return form
        case _:
            message = "its format is neither ascii nor binary 1.0"
            raise ValueError(message)


def _least_bytes(kind: list[str], form: str) -> int:
    """Return the fewest bytes that a property takes."""
    match kind:
        case [scalar] if scalar in _BYTES:
            stored = scalar
        case ["list", length, item] if length in _BYTES and item in _BYTES:
            stored = length
        case _:
            message = f"{' '.join(kind)[:80]!r} is no type of a property"
            raise ValueError(message)
    return _ASCII_BYTES if form == "ascii" else _BYTES[stored]
