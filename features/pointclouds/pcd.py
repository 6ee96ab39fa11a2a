"""Clouds in PCD, as the Point Cloud Library writes them: as text, binary, or compressed by LZF.

The format is described at pointclouds.org ("The PCD file format", version 0.7). It is read here and
not by a library: those that are kept read whole files into memory, and trust what the header says.
"""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import compress, islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.errors import SourceError
from features.files.paths import open_regular
from features.limits import MAX_CLOUD_BYTES
from features.pointclouds.cloud import Cloud, picks
from features.pointclouds.formats import gather, numbered, numbers

_HEADER_LINES: Final = 64
_LONGEST: Final = 4096
_MOST_VALUES: Final = 256
_TYPES: Final[Mapping[tuple[str, int], str]] = {
    **{("F", size): f"<f{size}" for size in (4, 8)},
    **{("I", size): f"<i{size}" for size in (1, 2, 4, 8)},
    **{("U", size): f"<u{size}" for size in (1, 2, 4, 8)},
}
_PLACE: Final = ("x", "y", "z")
_INTENSITY: Final = ("intensity", "i", "intensities", "reflectivity")
_COLOUR: Final = ("rgb", "rgba")


@dataclass(frozen=True, slots=True)
class _Header:
    """What a file says of itself.

    Parameters
    ----------
    names
        Of the fields, in their order.
    dtypes
        Of a value of each.
    counts
        Values of each.
    total
        How many points there are.
    data
        How they are written.
    start
        Byte at which they begin.
    """

    names: tuple[str, ...]
    dtypes: tuple[np.dtype[Any], ...]
    counts: tuple[int, ...]
    total: int
    data: str
    start: int

    def record(self) -> np.dtype[Any]:
        """Return the type of a point; padding and repeated names are told apart by their place."""
        fields = zip(self.names, self.dtypes, self.counts, strict=True)
        return np.dtype(
            [(f"{place}", dtype, (count,)) for place, (_, dtype, count) in enumerate(fields)]
        )

    def place(self, *names: str) -> int | None:
        """Return the place of the first field that has one of these names."""
        return next((self.names.index(name) for name in names if name in self.names), None)


def read_pcd(path: Path, most: int) -> Cloud:
    """Return up to `most` points of a ``.pcd``, with intensity and colours where it has them.

    Raises
    ------
    SourceError
        Its header is none, it has no place for each point, or it was cut.
    """
    header = _header(path)
    wanted = picks(header.total, most)
    if header.data == "ascii":
        values = _from_text(path, header, wanted)
    elif header.data == "binary":
        records = gather(path, header.start, header.record(), header.total, wanted)
        values = {place: records[f"{place}"][:, 0] for place in range(len(header.names))}
    else:
        values = _from_compressed(path, header, wanted)
    return _cloud(path, header, values)


def _cloud(path: Path, header: _Header, values: Mapping[int, NDArray[Any]]) -> Cloud:
    axes = [header.place(axis) for axis in _PLACE]
    if None in axes:
        raise _refused(path, f"has the fields {' '.join(header.names)}, and no x, y and z")
    points = np.stack([values[int(axis or 0)].astype(np.float64) for axis in axes], axis=1)
    intensity, colour = header.place(*_INTENSITY), header.place(*_COLOUR)
    shades = None
    if colour is not None and header.dtypes[colour].itemsize == np.dtype("<u4").itemsize:
        packed = np.ascontiguousarray(values[colour]).astype(header.dtypes[colour]).view("<u4")
        shades = np.stack([packed >> shift & 0xFF for shift in (16, 8, 0)], axis=1).astype(np.uint8)
    return Cloud(
        header.total,
        points,
        colors=shades,
        intensity=None if intensity is None else values[intensity].astype(np.float64),
    )


def _from_text(path: Path, header: _Header, wanted: NDArray[np.int64]) -> dict[int, NDArray[Any]]:
    chosen = np.zeros(header.total, dtype=bool)
    chosen[wanted] = True
    with closing(numbered(path, header.start)) as every:
        lines = list(compress(islice(every, header.total), chosen))
    if len(lines) < len(wanted):
        rule = f"is truncated: it has fewer than {header.total:,} points"
        raise _refused(path, rule)
    rows = numbers(path, lines, sum(header.counts))
    starts = np.cumsum([0, *header.counts[:-1]]).tolist()
    with np.errstate(invalid="ignore", over="ignore"):  # of fields that nobody looks at
        return {
            place: rows[:, start].astype(dtype)
            for place, (start, dtype) in enumerate(zip(starts, header.dtypes, strict=True))
        }


def _from_compressed(
    path: Path, header: _Header, wanted: NDArray[np.int64]
) -> dict[int, NDArray[Any]]:
    """Return the wanted points of a file that has field after field, compressed."""
    with open_regular(path) as file:
        file.seek(header.start)
        sizes = file.read(8)
        if len(sizes) < 8:  # noqa: PLR2004 two numbers of four bytes
            raise _refused(path, "is truncated: it ends before its points")
        packed, whole = np.frombuffer(sizes, "<u4").tolist()
        content = file.read(packed)
    expected = header.total * header.record().itemsize
    if whole != expected or len(content) < packed:
        rule = (
            f"says {whole:,} bytes of points in {packed:,}, and has {expected:,} in "
            f"{len(content):,}"
        )
        raise _refused(path, rule)
    plain = _unpacked(path, content, whole)
    values, start = {}, 0
    for place, (dtype, count) in enumerate(zip(header.dtypes, header.counts, strict=True)):
        end = start + header.total * dtype.itemsize * count
        column = np.frombuffer(plain[start:end], dtype).reshape(header.total, count)
        values[place], start = column[wanted, 0], end
    return values


def _unpacked(path: Path, content: bytes, size: int) -> bytes:
    """Return what LZF packed: stretches as they are, and references to what came before."""
    plain, place, end = bytearray(), 0, len(content)
    try:
        while place < end:
            control = content[place]
            place += 1
            if control < 32:  # noqa: PLR2004 a stretch of as many bytes and one
                plain += content[place : place + control + 1]
                place += control + 1
                continue
            length = control >> 5
            if length == 7:  # noqa: PLR2004 a longer one: the next byte is added
                length += content[place]
                place += 1
            back = ((control & 31) << 8 | content[place]) + 1
            place += 1
            begin, length = len(plain) - back, length + 2
            if begin < 0 or len(plain) + length > size:
                raise _refused(path, "is damaged: what is compressed refers to nothing")
            if back >= length:
                plain += plain[begin : begin + length]
            else:  # it repeats what it is about to write
                piece = bytes(plain[begin:])
                plain += (piece * (length // back + 1))[:length]
    except IndexError:
        raise _refused(path, "is damaged: what is compressed ends too early") from None
    if len(plain) != size:
        raise _refused(path, "is damaged: what is compressed is of another size")
    return bytes(plain)


def _header(path: Path) -> _Header:
    said: dict[str, list[str]] = {}
    start = 0
    with open_regular(path) as file:
        for _ in range(_HEADER_LINES):
            line = file.readline(_LONGEST)
            start += len(line)
            words = line.decode("latin-1").split("#")[0].split()
            if words:
                said.setdefault(words[0].upper(), words[1:])
            if not line or "DATA" in said:
                break
    try:
        names = tuple(word.lower() for word in said["FIELDS"])
        sizes = [int(word) for word in said["SIZE"]]
        dtypes = tuple(
            np.dtype(_TYPES[kind.upper(), size])
            for kind, size in zip(said["TYPE"], sizes, strict=True)
        )
        counts = tuple(int(word) for word in said.get("COUNT", ["1"] * len(names)))
        total = int(said["POINTS"][0]) if "POINTS" in said else _grid(said)
        (data,) = said["DATA"]
    except (KeyError, ValueError, IndexError) as error:
        rule = "is no PCD: its header has FIELDS, SIZE, TYPE, POINTS and DATA of one length"
        raise _refused(path, rule) from error
    data = data.lower()
    if data not in {"ascii", "binary", "binary_compressed"}:
        raise _refused(
            path, f"has points as {data[:40]!r}, not as ascii, binary or binary_compressed"
        )
    header = _Header(names, dtypes, counts, total, data, start)
    if not (len(names) == len(dtypes) == len(counts)) or not all(
        0 < count <= _MOST_VALUES for count in counts
    ):
        raise _refused(path, "is no PCD: its fields, sizes, types and counts do not agree")
    if total < 1:
        raise _refused(path, "has no points")
    if total * header.record().itemsize > MAX_CLOUD_BYTES:
        raise _refused(path, f"says that it has {total:,} points, more than are read")
    return header


def _grid(said: Mapping[str, list[str]]) -> int:
    return int(said["WIDTH"][0]) * int(said["HEIGHT"][0])


def _refused(path: Path, rule: str) -> SourceError:
    return SourceError(str(path), rule)
