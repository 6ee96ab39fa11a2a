"""What the tree asks of a bound: one protocol for both forms of a problem."""

from dataclasses import dataclass
from typing import Protocol

from solver.certificate.proof import Cover
from solver.model.problem import Floats
from solver.rules.rows import Box


@dataclass(frozen=True, eq=False, slots=True)
class Leaf:
    """A bounded box.

    Parameters
    ----------
    bound
        No selection of the box is worth more, up to rounding.
    cover
        The multipliers that show it.
    point
        A fractional selection near the bound, shape (n,): where to branch.
    if_out, if_in
        Bounds by the same multipliers were an undecided item refused, or taken; shape (n,).
    """

    bound: float
    cover: Cover
    point: Floats
    if_out: Floats
    if_in: Floats


class Bounder(Protocol):
    """Bounds boxes and remembers what the proof needs."""

    def bound(self, box: Box, target: float, start: Leaf | None) -> Leaf:
        """Bound a box, starting from its parent; nothing below `target` is of interest."""
        ...
