"""The rows of numbers that planes are made of, and the shifts of the diagonal."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from .reading import Array, ascending, malformed, number, numbers, record, sequence, whole


@dataclass(frozen=True, eq=False, slots=True)
class _PointBlock:
    items: Array
    values: Array


class PointRows:
    """Rows of numbers, counted through all blocks.

    Parameters
    ----------
    value
        The blocks, as in a certificate.
    places
        How many items, or points, a block may be about.
    paired
        Whether a row has a number for each pair of its items.
    """

    def __init__(self, value: object, places: int, *, paired: bool) -> None:
        self._blocks: list[_PointBlock] = []
        self._firsts = [0]
        for entry in sequence(value, "points"):
            block = record(entry, "a block of points", ("items", "rows", "dtype", "values"))
            items = ascending(block["items"], places, "a block's items")
            rows = whole(block["rows"], "a block's rows")
            width = len(items) * (len(items) - 1) // 2 if paired else len(items)
            values = numbers(block["values"], block["dtype"], rows * width, "a block's values")
            self._blocks.append(_PointBlock(items, values.reshape(rows, width)))
            self._firsts.append(self._firsts[-1] + rows)

    def __len__(self) -> int:
        return self._firsts[-1]

    @property
    def least(self) -> float:
        """The smallest number of all rows; infinite where there is none."""
        return min((float(b.values.min(initial=math.inf)) for b in self._blocks), default=math.inf)

    def row(self, place: int) -> tuple[Array, Array]:
        """Return the items of a row, ascending, and its numbers as float64."""
        which = bisect_right(self._firsts, place) - 1
        block = self._blocks[which]
        return block.items, block.values[place - self._firsts[which]]


@dataclass(frozen=True, eq=False, slots=True)
class Shift:
    """Items, shape (k,), and a number that no eigenvalue of their matrix is below."""

    items: Array
    value: float


def read_shifts(value: object, n: int) -> Sequence[Shift]:
    """Return the shifts of a certificate; whether they hold is another question."""
    found = []
    for entry in sequence(value, "shifts"):
        shift = record(entry, "a shift", ("items", "value"))
        size = number(shift["value"], "a shift", 0.0)
        if not size > 0:
            malformed("a shift is not above 0")
        found.append(Shift(ascending(shift["items"], n, "a shift's items"), size))
    return found
