"""What every objective's bounds have in common: planes above the objective, with their rounding.

A plane is a constant and a slope for each item. It holds on a part of the selections; the tree says
which part, and which row of numbers the plane is made of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .reading import Array


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Part:
    """A node of the tree that is bounded.

    Parameters
    ----------
    taken, undecided
        Masks of shape (n,); every other item is refused.
    low, high
        The range of t.
    left
        What the taken items leave of the budget.
    point
        Number of the row of numbers.
    scale
        What the row is multiplied by.
    shift
        Number of the shift of the diagonal; None where there is none.
    """

    taken: Array
    undecided: Array
    low: float
    high: float
    left: float
    point: int
    scale: float
    shift: int | None


@dataclass(frozen=True, eq=False, slots=True)
class PlaneBatch:
    """Planes of L parts.

    Parameters
    ----------
    constants, slopes
        Shapes (L,) and (L, n), as computed.
    constant_errors, slope_errors
        Of the same shapes, at least 0: the real numbers are larger by no more than this.
    """

    constants: Array
    slopes: Array
    constant_errors: Array
    slope_errors: Array


class Planes(Protocol):
    """The planes of one problem, and the worth of a selection."""

    def batch(self, parts: Sequence[Part]) -> PlaneBatch:
        """Return a plane for each part.

        Raises
        ------
        CertificateError
            A row or a shift is not what the part needs.
        """

    def worth(self, items: Array) -> tuple[float, float, float]:
        """Return the worth of items, sorted numbers; its possible rounding; and its scale."""

    def rounded(self, bound: float) -> float:
        """Return the largest worth that is not above a bound: the bound, where worths are real."""

    @property
    def exact(self) -> bool:
        """Whether worths are whole numbers, or compared only: then no tolerance is granted."""
