"""Quadratic knapsacks as text: the format of the public test collections.

Line 1 is ``n m int|float``; m lines ``i j u`` follow (numbered from 0; ``i == j`` is what an item
is worth alone), then a line of n costs and a line of budgets.
"""

import lzma
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from app.errors import InvalidRequestError
from features.files.numbers import InexactError, decimal
from features.limits import FREE_BYTES, MAX_PROBLEM_BYTES, MAX_PROBLEM_PROPORTION, XZ_MEMORY

_XZ = b"\xfd7zXZ\x00"

# Larger texts than this are refused: a pair matrix of them would not fit into memory either.
_LARGEST = 2**31

_FIELDS = 3
_COUNT: Final = re.compile(r"[0-9]{1,9}")
_CHUNK: Final = 2**20

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Knapsack:
    """A quadratic knapsack: shapes (n, n) symmetric with zero diagonal, (n,), (n,) and budgets."""

    utilities: Floats
    profits: Floats
    costs: Floats
    budgets: tuple[float, ...]


def is_xz(start: bytes) -> bool:
    """Return whether a file that begins like this is compressed by xz."""
    return start == _XZ


def _refuse(detail: str) -> InvalidRequestError:
    return InvalidRequestError(detail)


def _text(path: Path, *, compressed: bool) -> str:
    most = min(_LARGEST, max(FREE_BYTES, MAX_PROBLEM_PROPORTION * path.stat().st_size))
    with path.open("rb") as stream:
        content = _unpacked(stream, most + 1) if compressed else stream.read(_LARGEST + 1)
    if len(content) > (most if compressed else _LARGEST):
        detail = f"it has more than {most if compressed else _LARGEST:,} bytes of text."
        raise _refuse(detail)
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        detail = "it is neither .npz nor the text of a quadratic knapsack."
        raise _refuse(detail) from error


def _unpacked(stream: BinaryIO, most: int) -> bytes:
    """Unpack up to so many bytes of xz, of which several streams may follow each other."""
    content = bytearray()
    packed = stream.read(_CHUNK)
    try:
        while packed and len(content) < most:
            decoder = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)
            content += decoder.decompress(packed, most - len(content))
            while not decoder.eof and len(content) < most:
                packed = _more(stream) if decoder.needs_input else b""
                content += decoder.decompress(packed, most - len(content))
            # Whole words of zeros may stand between two streams.
            packed = (decoder.unused_data or stream.read(_CHUNK)).lstrip(b"\0")
    except (lzma.LZMAError, EOFError) as error:
        detail = "the xz stream is damaged or ends early."
        raise _refuse(detail) from error
    return bytes(content)


def _more(stream: BinaryIO) -> bytes:
    packed = stream.read(_CHUNK)
    if not packed:
        raise EOFError
    return packed


def _header(line: str) -> tuple[int, int]:
    words = line.split()
    known = len(words) == _FIELDS and words[2] in {"int", "float"}
    if not (known and all(_COUNT.fullmatch(word) for word in words[:2])):
        detail = "it is neither .npz nor a quadratic knapsack, whose line 1 is 'n m int|float'."
        raise _refuse(detail)
    return int(words[0]), int(words[1])


def _floats(line: str, number: int) -> Floats:
    values = np.array([_number(word, number) for word in line.split()])
    if not np.isfinite(values).all():
        detail = f"line {number} has a number that is not finite."
        raise _refuse(detail)
    return values


def _number(word: str, number: int) -> float:
    try:
        value = decimal(word)
    except InexactError as error:
        detail = f"line {number}: {error}."
        raise _refuse(detail) from error
    if value is None:
        detail = f"line {number}: {word!r:.60} is not a finite number."
        raise _refuse(detail)
    return value


def _pair(line: str, number: int, n: int) -> tuple[int, int, float]:
    words = line.split()
    if len(words) != _FIELDS or not all(_COUNT.fullmatch(word) for word in words[:2]):
        detail = f"line {number} must be 'i j utility'."
        raise _refuse(detail)
    first, second = int(words[0]), int(words[1])
    if first >= n or second >= n:
        detail = f"line {number} names item {max(first, second)}; the items are 0 to {n - 1}."
        raise _refuse(detail)
    worth = _number(words[2], number)
    if not math.isfinite(worth):
        detail = f"line {number}: {words[2]!r:.60} is not a finite number."
        raise _refuse(detail)
    return first, second, worth


def read_knapsack(path: Path, *, compressed: bool) -> Knapsack:
    """Read a quadratic knapsack.

    Raises
    ------
    InvalidRequestError
        Naming the line that breaks the format.
    OSError
        When the file cannot be read.
    """
    lines = _text(path, compressed=compressed).rstrip().split("\n")
    n, m = _header(lines[0])
    most = m + 3
    if len(lines) not in {most - 1, most}:
        detail = f"it must have {most} lines for {m} pairs, and it has {len(lines)}."
        raise _refuse(detail)
    costs = _floats(lines[m + 1], m + 2)
    if len(costs) != n:
        detail = f"line {m + 2} must have {n} costs, and it has {len(costs)}."
        raise _refuse(detail)
    matrix = 8 * n * n
    proportion = MAX_PROBLEM_PROPORTION * sum(map(len, lines))
    if matrix > min(MAX_PROBLEM_BYTES, max(FREE_BYTES, proportion)):
        detail = f"a matrix of {n} x {n} pair utilities is too large."
        raise _refuse(detail)
    utilities, profits = np.zeros((n, n)), np.zeros(n)
    seen = set()
    for number, line in enumerate(lines[1 : m + 1], start=2):
        first, second, worth = _pair(line, number, n)
        pair = (min(first, second), max(first, second))
        if pair in seen:
            detail = f"line {number} gives the pair {first} {second} a second time."
            raise _refuse(detail)
        seen.add(pair)
        if first == second:
            profits[first] = worth
        else:
            utilities[first, second] = utilities[second, first] = worth
    budgets = tuple(_floats(lines[most - 1], most).tolist()) if len(lines) == most else ()
    return Knapsack(utilities=utilities, profits=profits, costs=costs, budgets=budgets)
