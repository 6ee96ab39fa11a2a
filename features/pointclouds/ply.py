"""Clouds as PLY: ASCII, and binary of both byte orders.

Source: G. Turk, "The PLY Polygon File Format", Stanford 1994.
"""

from contextlib import closing
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.errors import SourceError
from features.files.ply import Element, PlyHeader, read_header
from features.pointclouds.cloud import Cloud, picks
from features.pointclouds.formats import gather, numbered, numbers

_TYPES: Final = MappingProxyType(
    {
        **dict.fromkeys(("char", "int8"), "i1"),
        **dict.fromkeys(("uchar", "uint8"), "u1"),
        **dict.fromkeys(("short", "int16"), "i2"),
        **dict.fromkeys(("ushort", "uint16"), "u2"),
        **dict.fromkeys(("int", "int32"), "i4"),
        **dict.fromkeys(("uint", "uint32"), "u4"),
        **dict.fromkeys(("float", "float32"), "f4"),
        **dict.fromkeys(("double", "float64"), "f8"),
    }
)
_COLOURS: Final = (("red", "green", "blue"), ("r", "g", "b"))
_INTENSITIES: Final = ("intensity", "remission", "reflectance", "scalar_Intensity")


def read_ply(path: Path, most: int) -> Cloud:
    """Return up to `most` vertices of a ``.ply``.

    Colours are ``red``, ``green`` and ``blue`` where those are bytes.

    Raises
    ------
    SourceError
        It is no such file, was cut, or has vertices that are no points.
    """
    header = read_header(path)
    vertices = header.vertices
    known = dict(vertices.properties)
    if len(known) < len(vertices.properties) or "" in known.values():
        raise SourceError(str(path), "has vertices with lists, or with a property twice")
    if not {"x", "y", "z"} <= known.keys():
        raise SourceError(str(path), "has vertices without x, y and z")
    wanted = picks(vertices.number, most)
    read = _from_text if header.form == "ascii" else _from_bytes
    columns = read(path, header, wanted)
    return Cloud(
        vertices.number,
        np.stack([columns[axis].astype(np.float64) for axis in "xyz"], axis=1),
        _colours(columns, known),
        next((columns[name].astype(np.float64) for name in _INTENSITIES if name in known), None),
    )


def _from_bytes(
    path: Path, header: PlyHeader, wanted: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    order = "<" if header.form == "binary_little_endian" else ">"
    start = header.header_bytes
    for element in _before(header):
        if element.number and "" in dict(element.properties).values():
            raise SourceError(str(path), f"has lists ({element.name}) before its vertices")
        start += element.number * element.least_bytes
    vertices = header.vertices
    row = np.dtype([(name, order + _TYPES[kind]) for name, kind in vertices.properties])
    records = gather(path, start, row, vertices.number, wanted)
    return {name: records[name] for name, _ in vertices.properties}


def _from_text(path: Path, header: PlyHeader, wanted: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    vertices = header.vertices
    first = sum(element.number for element in _before(header))
    keep = np.zeros(vertices.number, dtype=bool)
    keep[wanted] = True
    found, there = [], 0
    # Closed here: what is left half-read is a file that stays open as long as an error is known.
    with closing(numbered(path, header.header_bytes)) as every:
        lines = islice(every, first, first + vertices.number)
        for kept, line in zip(keep.tolist(), lines, strict=False):
            there += 1
            if kept:
                found.append(line)
    if there < vertices.number:
        raise SourceError(str(path), f"is truncated: it has fewer than {vertices.number:,} points")
    rows = numbers(path, found, len(vertices.properties))
    return {name: rows[:, place] for place, (name, _) in enumerate(vertices.properties)}


def _before(header: PlyHeader) -> tuple[Element, ...]:
    return header.elements[: header.elements.index(header.vertices)]


def _colours(columns: dict[str, NDArray[Any]], known: dict[str, str]) -> NDArray[np.uint8] | None:
    for names in _COLOURS:
        if all(known.get(name) in {"uchar", "uint8"} for name in names):
            stacked = np.stack([columns[name] for name in names], axis=1)
            colours: NDArray[np.uint8] = np.clip(np.nan_to_num(stacked), 0, 255).astype(np.uint8)
            return colours
    return None
