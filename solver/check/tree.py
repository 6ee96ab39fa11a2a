"""The tree of a certificate: read in preorder, its bounds made in batches, its ends checked.

The walk decides nothing. It says which node stands for which selections; what each node proves is
computed for many of them at once, and the bound of the whole is folded from the leaves up.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from .decisions import REFUSED, TAKEN, Cursor, Step
from .planes import Part, Planes
from .reading import (
    Array,
    ascending,
    fields_of,
    malformed,
    number,
    record,
    require,
    sequence,
    whole,
)
from .rounding import TINY, UNIT, gamma, row_sums
from .rules import NumberRanges, StatedRules, empty, refuse, refuted, weighed

# Numbers of a batch of nodes: so many nodes times items.
_BATCH = 2_000_000

Entry = TypeVar("Entry")


class _Node(NamedTuple):
    """What a node stands for."""

    step: Step | None
    low: float
    high: float
    least: int
    most: int
    parent: int


@dataclass(frozen=True, eq=False, slots=True)
class _Bound:
    """A node with a plane: what it is made of, and what it decides."""

    place: int
    node: _Node
    point: int
    scale: float
    shift: int | None
    multipliers: Mapping[int, float]
    taken: Array
    refused: Array


@dataclass(frozen=True, eq=False, slots=True)
class _End:
    """A node that the rules leave nothing of."""

    node: _Node
    multipliers: Mapping[int, float]


class Tree:
    """The tree of a certificate, read but not yet believed.

    Parameters
    ----------
    value
        The list of nodes.
    rules
        Of the problem.
    range_of_t
        Of the root; None where the objective has no t.
    points, shifts
        How many there are of each; no plane can be made where there are no points.
    scaled
        Whether a bound may scale its row.

    Raises
    ------
    CertificateError
        The list is no tree, or a node is not one that the specification has.
    """

    def __init__(
        self,
        value: object,
        rules: StatedRules,
        range_of_t: tuple[float, float] | None,
        points: int,
        shifts: int,
        *,
        scaled: bool = True,
    ) -> None:
        self._rules, self._points, self._shifts = rules, points, shifts
        self._splits_t = range_of_t is not None
        self._optional = (
            *(("scale",) if scaled else ()),
            *(("shift",) if range_of_t is not None else ()),
        )
        n = len(rules.labelled)
        root = np.zeros(n, dtype=np.int8)
        root[rules.excluded] = REFUSED
        root[rules.included] = TAKEN
        self.conflict = bool((rules.included & rules.excluded).any())
        self.parents: list[int] = []
        self.bounds: list[_Bound] = []
        self.ends: list[_End] = []
        self.bounded_ends: list[int] = []
        low, high = range_of_t or (0.0, 0.0)
        self._cursor = Cursor(root)
        open_ = [_Node(None, low, high, 0, n, -1)]
        for entry in sequence(value, "tree"):
            require(
                holds=bool(open_), otherwise="The certificate is malformed: the tree has ended."
            )
            open_ += reversed(self._children(fields_of(entry, "a node"), open_.pop()))
        require(
            holds=not open_,
            otherwise="The certificate is malformed: the tree leaves a branch open.",
        )

    def _children(self, entry: Mapping[str, object], node: _Node) -> list[_Node]:
        """Keep a node; return its children, in the order in which they follow."""
        place = len(self.parents)
        self.parents.append(node.parent)
        node = node._replace(parent=place)
        if "end" in entry:
            self._end(entry, node, place)
            return []
        if "point" in entry:
            return [self._bounded(entry, node, place)]
        if "item" in entry:
            record(entry, "a node", ("item",))
            item = whole(entry["item"], "item", len(self._rules.labelled) - 1)
            return [self._decided(node, [], [item]), self._decided(node, [item], [])]
        if "number" in entry:
            record(entry, "a node", ("number",))
            at = whole(entry["number"], "number")
            return [
                node._replace(most=min(node.most, at)),
                node._replace(least=max(node.least, at + 1)),
            ]
        if "total" not in entry or not self._splits_t:
            malformed(f"there is no node {sorted(entry)}")
        record(entry, "a node", ("total",))
        t = number(entry["total"], "total")
        return [node._replace(high=min(node.high, t)), node._replace(low=max(node.low, t))]

    def _end(self, entry: Mapping[str, object], node: _Node, place: int) -> None:
        kind = entry["end"]
        if kind == "bounded":
            record(entry, "an end", ("end",))
            self.bounded_ends.append(place)
        elif kind == "empty":
            record(entry, "an end", ("end", "multipliers"))
            multipliers = self._rules.multipliers(entry["multipliers"])
            self.ends.append(_End(node, multipliers))
        else:
            malformed(f"there is no end {kind!r}")

    def _bounded(self, entry: Mapping[str, object], node: _Node, place: int) -> _Node:
        needed = ("point", "multipliers", "taken", "refused")
        record(entry, "a node", needed, self._optional)
        n = len(self._rules.labelled)
        taken = ascending(entry["taken"], n, "taken")
        refused = ascending(entry["refused"], n, "refused")
        if set(taken) & set(refused):
            malformed("a node takes and refuses one item")
        shift = entry.get("shift")
        if "shift" in entry:
            shift = whole(shift, "shift", self._shifts - 1)
        self.bounds.append(
            _Bound(
                place,
                node,
                whole(entry["point"], "point", self._points - 1),
                number(entry.get("scale", 1.0), "scale"),
                shift if isinstance(shift, int) else None,
                self._rules.multipliers(entry["multipliers"]),
                taken,
                refused,
            )
        )
        return self._decided(node, taken, refused) if taken.size or refused.size else node

    def _decided(
        self, node: _Node, taken: Sequence[int] | Array, refused: Sequence[int] | Array
    ) -> _Node:
        """Return a node with more items decided, none of which was."""
        state = self._cursor.at(node.step)
        for item in (*taken, *refused):
            if state[item]:
                malformed(f"the tree decides item {item} twice")
        depth = node.step.depth + 1 if node.step else 0
        return node._replace(step=Step(node.step, depth, taken, refused))

    @property
    def nodes(self) -> int:
        """How many nodes there are."""
        return len(self.parents)

    def require_ends(self) -> None:
        """Check that the rules leave nothing of the nodes that say so.

        Raises
        ------
        CertificateError
            They may leave something.
        """
        for some in _batches(self.ends, len(self._rules.labelled)):
            masks = self._cursor.masks([end.node.step for end in some])
            ranges = _ranges([end.node for end in some])
            left = refuse(self._rules, masks.taken, masks.undecided, ranges)
            nothing = empty(self._rules, masks.taken, masks.taken | left, ranges)
            for k, end in enumerate(some):
                row = slice(k, k + 1)
                one = NumberRanges(ranges.least[row], ranges.most[row])
                holds = (
                    self.conflict
                    or end.node.low > end.node.high
                    or bool(nothing[k])
                    or refuted(self._rules, end.multipliers, masks.taken[row], left[row], one)
                )
                require(
                    holds=holds, otherwise="The rules do not show that a node is empty, as it says."
                )

    def bound(self, planes: Planes, most: float) -> float:
        """Return what no selection is worth more than.

        Parameters
        ----------
        planes
            Of the problem.
        most
            What a decision that a bound rules out may be worth.

        Raises
        ------
        CertificateError
            A bound does not decide what its node says, or is not a finite number.
        """
        own = np.full(self.nodes, math.inf)
        for some in _batches(self.bounds, len(self._rules.labelled)):
            self._evaluate(some, planes, most, own)
        proven = np.full(self.nodes, -math.inf)
        proven[self.bounded_ends] = math.inf
        for place in range(self.nodes - 1, -1, -1):
            value = min(proven[place], own[place])
            parent = self.parents[place]
            if parent < 0:
                return float(value)
            proven[parent] = max(proven[parent], value)
        return -math.inf

    def _evaluate(self, some: Sequence[_Bound], planes: Planes, most: float, own: Array) -> None:
        """Fill in the bounds of some nodes, and check what they decide."""
        rules = self._rules
        nodes = [bound.node for bound in some]
        masks, ranges = self._cursor.masks([node.step for node in nodes]), _ranges(nodes)
        left = refuse(rules, masks.taken, masks.undecided, ranges)
        budget = rules.rows[0]
        shared: dict[tuple[int, int, int], tuple[Array, Array]] = {}
        parts = []
        for k, bound in enumerate(some):
            # Nodes that differ in t alone share their masks, and what is made of them.
            key = (id(bound.node.step), bound.node.least, bound.node.most)
            taken, undecided = shared.setdefault(key, (masks.taken[k], left[k]))
            spent = float(budget.coefficients[taken].sum())
            spent -= gamma(len(taken)) * spent
            parts.append(
                Part(
                    taken=taken,
                    undecided=undecided,
                    low=bound.node.low,
                    high=bound.node.high,
                    left=budget.most - spent + 4 * UNIT * budget.most,
                    point=bound.point,
                    scale=bound.scale,
                    shift=bound.shift,
                )
            )
        with np.errstate(over="ignore", invalid="ignore"):
            totals, reduced = self._totals(some, parts, masks.taken, left, ranges, planes)
        for k, bound in enumerate(some):
            value = planes.rounded(float(totals[k]))
            require(holds=math.isfinite(value), otherwise="A bound is not a finite number.")
            own[bound.place] = value
            # Of an item that the rules refuse there is no selection with it: all are without it.
            open_ = left[k, bound.refused]
            decisions = (
                (np.where(left[k, bound.taken], reduced[k, bound.taken], 0.0), "taken"),
                (-reduced[k, bound.refused][open_], "refused"),
            )
            for worths, word in decisions:
                if not worths.size:
                    continue
                # What the other decision of each may be worth.
                others = totals[k] - np.maximum(worths, 0.0) * (1.0 - 4 * UNIT)
                others += 4 * UNIT * np.abs(totals[k])
                worst = planes.rounded(float(others.max()))
                require(
                    holds=worst <= most,
                    otherwise=f"A bound does not show that its items are {word}: {worst!r}.",
                )

    def _totals(
        self,
        some: Sequence[_Bound],
        parts: Sequence[Part],
        taken: Array,
        left: Array,
        ranges: NumberRanges,
        planes: Planes,
    ) -> tuple[Array, Array]:
        """Return bounds, rounded up, and what each item is worth beyond its rules; (L,), (L, n)."""
        rules = self._rules
        plane = planes.batch(parts)
        charges, magnitude, right, right_size = weighed(
            rules, [bound.multipliers for bound in some], ranges
        )
        several = gamma(len(rules.rows) + 2)
        errors = plane.slope_errors + several * magnitude
        errors += 4 * UNIT * (np.abs(plane.slopes) + magnitude)
        reduced = plane.slopes - charges + errors
        inside = np.where(taken, reduced, np.where(left, np.maximum(reduced, 0.0), 0.0))
        sums, off = row_sums(inside)
        totals = plane.constants + right + sums
        rest = plane.constant_errors + several * right_size + off
        rest += 8 * UNIT * (np.abs(plane.constants) + right_size + np.abs(sums))
        # Products of multipliers may underflow: whole numbers are rounded, and no tolerance is.
        return np.asarray(totals + (rest * (1.0 + 8 * UNIT) + TINY)), reduced


def _ranges(nodes: Sequence[_Node]) -> NumberRanges:
    return NumberRanges(
        np.array([node.least for node in nodes], dtype=np.float64),
        np.array([node.most for node in nodes], dtype=np.float64),
    )


def _batches(entries: Sequence[Entry], n: int) -> Iterator[Sequence[Entry]]:
    size = max(1, _BATCH // n)
    for start in range(0, len(entries), size):
        yield entries[start : start + size]
