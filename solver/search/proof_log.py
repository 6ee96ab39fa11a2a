"""What a search proves, written down while it runs: the tree of a certificate.

A node stands for selections. It is split, bounded, or ended, each once, in the words of
``docs/certificate.md``; item numbers and ranges are those of the problem that is searched, and
`solver.certificate` lifts them to the problem as it was asked. A node that is left alone is bounded
by what is above it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

SplitKind = Literal["item", "number", "total"]


@dataclass(frozen=True, eq=False, slots=True)
class Split:
    """A node in two: without and with an item, or the lower and the upper part of a range."""

    kind: SplitKind
    at: float
    children: tuple[int, int]


@dataclass(frozen=True, eq=False, slots=True)
class Bounded:
    """A bound on a node, and what it decides.

    Parameters
    ----------
    point
        Number of the row of `ProofLog.points` that the plane is made of.
    multipliers
        By the name of their rule.
    taken, refused
        Items that are decided, for the other decision is worth no more than the bound to prove.
    child
        What is left.
    closes
        Whether the bound is at most what is to be proven.
    scale, shift
        See ``docs/certificate.md``; no shift where it is -1.
    """

    point: int
    multipliers: Mapping[str, float]
    taken: Sequence[int]
    refused: Sequence[int]
    child: int
    closes: bool
    scale: float = 1.0
    shift: int = -1


@dataclass(frozen=True, eq=False, slots=True)
class Ended:
    """A node in which the rules leave nothing; multipliers where no single rule shows it."""

    multipliers: Mapping[str, float]


ProofStep = Split | Bounded | Ended


@dataclass(frozen=True, eq=False, slots=True)
class ProofPoint:
    """A row of numbers that a plane is made of: for each of some items (or points, or pairs).

    Parameters
    ----------
    items
        Ascending, shape (k,).
    values
        Shape (k,), for pair multipliers (k (k - 1) / 2,).
    """

    items: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, eq=False, slots=True)
class DiagonalShift:
    """Items, shape (k,), on which no eigenvalue of the Gram matrix is below `value`."""

    items: np.ndarray
    value: float


@dataclass(eq=False, slots=True)
class ProofLog:
    """The steps by node; node 0 is the whole.

    Parameters
    ----------
    target
        What is to be proven: a node that is worth no more is not looked at.
    top
        What t cannot exceed, of signature problems.
    """

    target: float
    top: float = 0.0
    steps: list[ProofStep | None] = field(default_factory=lambda: [None])
    points: list[ProofPoint] = field(default_factory=list)
    shifts: list[DiagonalShift] = field(default_factory=list)

    def _new(self) -> int:
        self.steps.append(None)
        return len(self.steps) - 1

    def split(self, node: int, kind: SplitKind, at: float) -> tuple[int, int]:
        """Split a node; return the child without the item, or below, and the other."""
        children = self._new(), self._new()
        self.steps[node] = Split(kind, at, children)
        return children

    def bound(
        self,
        node: int,
        point: int,
        multipliers: Mapping[str, float],
        taken: Sequence[int] = (),
        refused: Sequence[int] = (),
        *,
        closes: bool = False,
        scale: float = 1.0,
        shift: int = -1,
    ) -> int:
        """Bound a node, and decide items; return its child."""
        child = self._new()
        self.steps[node] = Bounded(point, multipliers, taken, refused, child, closes, scale, shift)
        return child

    def end(self, node: int, multipliers: Mapping[str, float] | None = None) -> None:
        """Say that the rules leave nothing of a node."""
        self.steps[node] = Ended(multipliers or {})

    def point(self, items: np.ndarray, values: np.ndarray) -> int:
        """Keep a row; return its number."""
        self.points.append(ProofPoint(items, values))
        return len(self.points) - 1

    def preorder(self) -> Iterator[tuple[int, ProofStep | None]]:
        """Yield nodes and their steps, parents first, first children before second ones."""
        stack = [0]
        while stack:
            node = stack.pop()
            step = self.steps[node]
            yield node, step
            if isinstance(step, Split):
                stack += [step.children[1], step.children[0]]
            elif isinstance(step, Bounded):
                stack.append(step.child)
