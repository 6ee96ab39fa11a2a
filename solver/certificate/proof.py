"""The parts of a proof, how they are written down, and what the tree asks of a bound."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from solver.model.problem import Floats
from solver.rules.rows import Box


@dataclass(frozen=True, eq=False, slots=True)
class ProofPoint:
    """A sparse x of shape (n,), at which a concave function is replaced by its tangent."""

    items: tuple[int, ...]
    values: tuple[float, ...]

    def document(self) -> dict[str, Any]:
        """Return the point as JSON."""
        return {"items": list(self.items), "values": list(self.values)}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A range of t with the multipliers that bound the objective on it."""

    low: float
    high: float
    point: int
    multipliers: Mapping[str, float]

    @property
    def slope(self) -> float:
        """The slope of the secant of ``t^2 / 2``."""
        return 0.5 * (self.low + self.high)


@dataclass(frozen=True, slots=True)
class SignatureCover:
    """Stretches that leave no t out, and the budget's multiplier that bounds t."""

    reach: float
    stretches: tuple[Stretch, ...]

    def document(self, places: Mapping[int, int]) -> dict[str, Any]:
        """Return the cover as JSON; `places` numbers the points."""
        return {
            "reach": self.reach,
            "intervals": [
                {
                    "low": stretch.low,
                    "high": stretch.high,
                    "slope": stretch.slope,
                    "point": places[stretch.point],
                    "multipliers": dict(stretch.multipliers),
                }
                for stretch in self.stretches
            ],
        }


@dataclass(frozen=True, eq=False, slots=True)
class PairCover:
    """The upper plane bounds the objective: there are no multipliers to state."""

    def document(self, places: Mapping[int, int]) -> dict[str, Any]:
        """Return the cover as JSON."""
        del places
        return {"pair_multipliers": None, "multipliers": {}}


Cover = SignatureCover | PairCover


@dataclass(slots=True)
class Proof:
    """Points, covers and tree of a proof that is being written.

    Parameters
    ----------
    points
        Tangent points, in the order in which they were found.
    covers
        What leaves refer to.
    tree
        Nodes in preorder, out before in: ``{"branch": item}`` or ``{"cover": number}``.
    """

    points: list[ProofPoint] = field(default_factory=list)
    covers: list[Cover] = field(default_factory=list)
    tree: list[dict[str, int]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """Return the proof as JSON, without points that no cover uses."""
        used = sorted(
            {
                stretch.point
                for cover in self.covers
                if isinstance(cover, SignatureCover)
                for stretch in cover.stretches
            }
        )
        places = {point: place for place, point in enumerate(used)}
        return {
            "points": [self.points[point].document() for point in used],
            "pair_multipliers": [],
            "covers": [cover.document(places) for cover in self.covers],
            "tree": self.tree,
        }


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

    points: list[ProofPoint]
    """The tangent points of all covers."""

    def bound(self, box: Box, target: float, start: Leaf | None) -> Leaf:
        """Bound a box, starting from its parent; nothing below `target` is of interest."""
        ...
