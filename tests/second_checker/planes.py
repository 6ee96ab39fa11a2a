"""What selections are worth, and planes above it, in balls of 128 bits.

A plane is a constant and one slope an item: ``worth <= c + sum over S of g_i``. Each objective is a
class that reads its rows, gives worths and scales, and makes the planes of many nodes at once:
those of pairs in `pairs`, the others in `sets` and `design`.
"""

import base64
import binascii
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from flint import arb, ctx

from second_checker.fields import fields, items, listed, text, whole
from second_checker.problem import Floats
from second_checker.refusing import need, refuse
from second_checker.rules import TAKEN, Rule, State

ctx.prec = 128
ZERO = arb(0)
Plane = tuple[arb, list[arb]]


@dataclass(frozen=True)
class Job:
    """A bound to be computed: where, from which row, and with what.

    Parameters
    ----------
    state
        The node.
    owners, row
        The items of the row's block, and its numbers.
    scale
        What the row is multiplied by.
    shift
        Its number, or None.
    """

    state: State
    owners: list[int]
    row: Floats
    scale: float = 1.0
    shift: int | None = None

    def completed(self) -> list[float]:
        """Return z for all items: the scaled row, 1 for what is taken, 0 for what is refused."""
        z = [1.0 if place == TAKEN else 0.0 for place in self.state.place]
        rows = dict(zip(self.owners, self.row.tolist(), strict=True))
        for item in self.state.undecided:
            z[item] = rows.get(item, 0.0) * self.scale
        need(all(map(math.isfinite, z)), "A scaled row is not finite.")
        return z


def balls(values: Floats) -> list[arb]:
    """Return the numbers of a list as balls, exactly."""
    return [arb(value) for value in values.tolist()]


def read_rows(
    given: object, where: int, length: Callable[[int], int] = lambda k: k
) -> list[tuple[list[int], Floats]]:
    """Return all rows of all blocks, each with the items of its block.

    Parameters
    ----------
    given
        The field `points`.
    where
        How many "items" there are that a block can name.
    length
        How many numbers a row has for so many items.
    """
    rows: list[tuple[list[int], Floats]] = []
    for block in listed(given, "points"):
        fields(block, "a block", {"items", "rows", "dtype", "values"})
        owners = items(block["items"], "a block's items", where)
        need(block["dtype"] in ("<f4", "<f8"), "A block's dtype is unknown.")
        try:
            raw = base64.b64decode(text(block["values"], "values"), validate=True)
        except (binascii.Error, ValueError) as error:
            refuse(f"values is no base64: {error}")
        shape = (whole(block["rows"], "rows", 0), length(len(owners)))
        size = int(block["dtype"][2])
        need(len(raw) == shape[0] * shape[1] * size, "A block has too few or too many numbers.")
        values = np.frombuffer(raw, dtype=block["dtype"]).astype(np.float64).reshape(shape)
        need(bool(np.isfinite(values).all()), "A point has a number that is not finite.")
        rows += [(owners, row) for row in values]
    return rows


@dataclass
class Objective:
    """What the classes below have in common.

    Parameters
    ----------
    arrays
        The problem's arrays by their own names.
    rules, root
        The rules, and what is taken and refused at the root.
    """

    arrays: dict[str, Floats]
    rules: list[Rule]
    root: State
    whole: bool = field(default=False, init=False)
    scalable: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        """Prepare what planes and worths are made of."""

    @property
    def n(self) -> int:
        """How many items there are."""
        return len(self.root.place)

    def worth(self, there: Sequence[int]) -> arb:
        """Return what a selection is worth, with what is labelled."""
        raise NotImplementedError

    def scale(self, there: Sequence[int]) -> arb:
        """Return the scale of the objective at a selection."""
        raise NotImplementedError

    def read_points(self, given: object) -> list[tuple[list[int], Floats]]:
        """Return the rows of the certificate."""
        return read_rows(given, self.n)

    def planes(self, jobs: list[Job]) -> list[Plane]:
        """Return the planes of many nodes."""
        return [self.plane(job) for job in jobs]

    def plane(self, job: Job) -> Plane:
        """Return the plane of one node."""
        raise NotImplementedError


def knapsack(values: list[arb], costs: list[arb], left: arb) -> arb:
    """Return an upper bound on the worth that a budget buys: Dantzig's, by its dual.

    For any b >= 0 it is ``b left + sum of max(0, value - b cost)``; the best b is a ratio.
    """
    v = np.array([float(value) for value in values])
    a = np.array([float(cost) for cost in costs])
    b = 0.0
    paid = (a > 0) & (v > 0)
    with np.errstate(over="ignore", invalid="ignore"):
        ratios = v[paid] / a[paid]
        order = np.argsort(-ratios, kind="stable")
        full = np.flatnonzero(np.cumsum(a[paid][order]) > float(left))
    if full.size:
        b = float(ratios[order[full[0]]])
    need(math.isfinite(b), "A worth per cost is not finite.")
    dual, total = arb(b), arb(b) * left
    for value, cost in zip(values, costs, strict=True):
        total += (value - dual * cost).max(ZERO)
    return total
