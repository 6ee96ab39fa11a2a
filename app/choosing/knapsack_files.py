"""Quadratic knapsacks as text: the format of the public test collections.

Line 1 is ``n m int|float``; m lines ``i j u`` follow (numbered from 0; ``i == j`` is what an item
is worth alone), then a line of n costs and a line of budgets.
"""

import lzma
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.errors import InvalidRequestError

_XZ = b"\xfd7zXZ\x00"

# Larger texts than this are refused: a pair matrix of them would not fit into memory either.
_LARGEST = 2**31

_FIELDS = 3

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
    try:
        if compressed:
            with lzma.open(path) as stream:
                content = stream.read(_LARGEST + 1)
        else:
            with path.open("rb") as plain:
                content = plain.read(_LARGEST + 1)
    except (lzma.LZMAError, EOFError) as error:
        detail = "the xz stream is damaged or ends early."
        raise _refuse(detail) from error
    if len(content) > _LARGEST:
        detail = "it is larger than 2 GiB."
        raise _refuse(detail)
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        detail = "it is neither .npz nor the text of a quadratic knapsack."
        raise _refuse(detail) from error


def _header(line: str) -> tuple[int, int]:
    words = line.split()
    known = len(words) == _FIELDS and words[2] in {"int", "float"}
    if not (known and words[0].isdigit() and words[1].isdigit()):
        detail = "it is neither .npz nor a quadratic knapsack, whose line 1 is 'n m int|float'."
        raise _refuse(detail)
    return int(words[0]), int(words[1])


def _floats(line: str, number: int) -> Floats:
    try:
        values = np.array([float(word) for word in line.split()])
    except ValueError as error:
        detail = f"line {number}: {error}."
        raise _refuse(detail) from error
    if not np.isfinite(values).all():
        detail = f"line {number} has a number that is not finite."
        raise _refuse(detail)
    return values


def _pair(line: str, number: int, n: int) -> tuple[int, int, float]:
    words = line.split()
    if len(words) != _FIELDS or not (words[0].isdigit() and words[1].isdigit()):
        detail = f"line {number} must be 'i j utility'."
        raise _refuse(detail)
    first, second = int(words[0]), int(words[1])
    if first >= n or second >= n:
        detail = f"line {number} names item {max(first, second)}; the items are 0 to {n - 1}."
        raise _refuse(detail)
    try:
        worth = float(words[2])
    except ValueError:
        worth = math.nan
    if not math.isfinite(worth):
        detail = f"line {number}: {words[2]!r} is not a finite number."
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
    if n > 0 and n * n * 8 > _LARGEST * 8:
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
