"""The rules of a problem as rows ``least <= A . x <= most``, and what they decide.

Items that are labelled are not bought: their coefficients are 0 in every row.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .problem import Inputs
from .reading import (
    Array,
    ascending,
    fail,
    fields_of,
    malformed,
    number,
    record,
    require,
    sequence,
    text,
    whole,
)
from .rounding import TINY, UNIT, exact_sum, gamma

# A sum of costs may exceed its limit by this much, relative to it.
BUDGET_TOLERANCE = 1e-12


@dataclass(frozen=True, eq=False, slots=True)
class Row:
    """One rule.

    Parameters
    ----------
    name
        Of its multiplier.
    coefficients
        Shape (n,), at least 0.
    least, most
        The range; infinite where it has no such side.
    """

    name: str
    coefficients: Array
    least: float
    most: float


def _group(entry: object, n: int) -> dict[str, object]:
    group = record(entry, "a group", ("name", "items", "minimum", "maximum"))
    items = ascending(group["items"], n, "a group")
    most = group["maximum"]
    return {
        "name": text(group["name"], "a group's name"),
        "items": items.tolist(),
        "minimum": whole(group["minimum"], "a group's minimum"),
        "maximum": None if most is None else whole(most, "a group's maximum"),
    }


def _resource(entry: object) -> dict[str, object]:
    resource = record(entry, "a resource", ("name", "limit"))
    return {
        "name": text(resource["name"], "a resource's name"),
        "limit": number(resource["limit"], "a resource's limit", 0.0),
    }


_CONSTRAINTS = ("include", "exclude", "labelled", "min_items", "max_items", "groups", "resources")


def stated_constraints(value: object, n: int) -> dict[str, object]:
    """Return constraints as the specification has them, with limits as floats.

    Raises
    ------
    CertificateError
        They are not as it says.
    """
    rules = record(value, "constraints", _CONSTRAINTS)
    groups = [_group(entry, n) for entry in sequence(rules["groups"], "groups")]
    resources = [_resource(entry) for entry in sequence(rules["resources"], "resources")]
    for kind, entries in (("group", groups), ("resource", resources)):
        names = [str(entry["name"]) for entry in entries]
        require(
            holds=len(set(names)) == len(names),
            otherwise=f"The certificate is malformed: two {kind}s have one name.",
        )
    members = np.concatenate([np.zeros(0, np.int64), *(g["items"] for g in groups)])
    require(
        holds=len(np.unique(members)) == len(members),
        otherwise="The certificate is malformed: two groups share an item.",
    )
    most = rules["max_items"]
    return {
        **{
            name: ascending(rules[name], n, name).tolist()
            for name in ("include", "exclude", "labelled")
        },
        "min_items": whole(rules["min_items"], "min_items"),
        "max_items": None if most is None else whole(most, "max_items"),
        "groups": groups,
        "resources": resources,
    }


class StatedRules:
    """The rows of a problem.

    Parameters
    ----------
    inputs
        The problem.
    budget
        Its limit.
    constraints
        From `stated_constraints`.
    radius
        Of *k_center*: a selection worth more than its negative is nearer than this to each point;
        None for other objectives, and where nothing is said about the worth.

    Raises
    ------
    CertificateError
        A resource is not one of the problem's.
    """

    def __init__(
        self,
        inputs: Inputs,
        budget: float,
        constraints: Mapping[str, object],
        radius: float | None = None,
    ) -> None:
        n = inputs.n
        self.labelled = _mask(n, constraints["labelled"])
        self.included = _mask(n, constraints["include"]) | self.labelled
        self.excluded = _mask(n, constraints["exclude"])
        bought = np.where(self.labelled, 0.0, 1.0)
        most = budget * (1.0 + BUDGET_TOLERANCE)
        self.rows = [Row("budget", np.asarray(inputs.costs, np.float64) * bought, -math.inf, most)]
        for entry in sequence(constraints["resources"], "resources"):
            resource = fields_of(entry, "a resource")
            name = str(resource["name"])
            costs = inputs.resources.get(name)
            if costs is None:
                fail(f"The certificate is about costs {name!r} that the problem does not have.")
            limit = number(resource["limit"], "limit") * (1.0 + BUDGET_TOLERANCE)
            self.rows.append(
                Row(f"resource {name}", np.asarray(costs, np.float64) * bought, -math.inf, limit)
            )
        largest = constraints["max_items"]
        self.place_of_number = len(self.rows)
        self.rows.append(
            Row(
                "number",
                bought,
                number(constraints["min_items"], "min_items"),
                float(n) if largest is None else number(largest, "max_items"),
            )
        )
        for entry in sequence(constraints["groups"], "groups"):
            group = fields_of(entry, "a group")
            items = np.array(group["items"], dtype=np.int64)
            inside = np.zeros(n)
            inside[items] = bought[items]
            maximum = group["maximum"]
            self.rows.append(
                Row(
                    f"group {group['name']}",
                    inside,
                    number(group["minimum"], "minimum"),
                    float(len(items)) if maximum is None else number(maximum, "maximum"),
                )
            )
        if radius is not None:
            self.rows += _points(inputs, radius, self.labelled)
        self._places = {row.name: place for place, row in enumerate(self.rows)}

    def multipliers(self, value: object) -> dict[int, float]:
        """Return multipliers by the place of their row, each of a sign that it may have."""
        found: dict[int, float] = {}
        for name, entry in fields_of(value, "multipliers").items():
            if name not in self._places:
                malformed(f"there is no rule {name!r} to multiply")
            place = self._places[name]
            y, row = number(entry, f"the multiplier of {name}"), self.rows[place]
            wrong = (y > 0 and row.most == math.inf) or (y < 0 and row.least == -math.inf)
            require(
                holds=not wrong, otherwise=f"The multiplier of {name} has the wrong sign: {y!r}."
            )
            found[place] = y
        return found

    def broken_by(self, chosen: Array) -> str | None:
        """Return a rule that a selection breaks, in words; None where it keeps all of them."""
        for row in self.rows:
            total = exact_sum(row.coefficients[chosen])
            if not row.least <= total <= row.most:
                return f"{row.name!r}: {total!r} is not from {row.least!r} to {row.most!r}"
        return None


def _mask(n: int, items: object) -> Array:
    mask = np.zeros(n, dtype=bool)
    mask[np.array(items, dtype=np.int64)] = True
    return mask


def _points(inputs: Inputs, radius: float, labelled: Array) -> list[Row]:
    """Return the rows of *k_center*: points to which some item must be nearer than the radius."""
    distances, reach = inputs.arrays["distances"], np.asarray(inputs.arrays["reach"], np.float64)
    rows = []
    for point in np.flatnonzero(reach >= radius):
        # As float64: beside float32 a radius would be rounded to float32, and be another one.
        near = np.asarray(distances[:, point], np.float64) < radius
        if not near[labelled].any():
            rows.append(Row(f"point {point}", near.astype(np.float64), 1.0, math.inf))
    return rows


@dataclass(frozen=True, eq=False, slots=True)
class NumberRanges:
    """What the tree says of the number of items, for each of L nodes; shapes (L,)."""

    least: Array
    most: Array


def _bounds(rules: StatedRules, place: int, ranges: NumberRanges) -> tuple[Array, Array]:
    """Return a row's range in each of L nodes, shapes (L,)."""
    row = rules.rows[place]
    ones = np.ones(len(ranges.least))
    if place == rules.place_of_number:
        return np.maximum(ranges.least, row.least), np.minimum(ranges.most, row.most)
    return row.least * ones, row.most * ones


def _sums(masks: Array, row: Row) -> tuple[Array, Array]:
    """Return a row's sum over each mask, and what it may be off by; shapes (L,)."""
    used = np.flatnonzero(row.coefficients)
    totals = masks[:, used].astype(np.float64) @ row.coefficients[used]
    if (row.coefficients[used] == 1.0).all():
        return totals, np.zeros(len(totals))  # whole numbers below 2^53 are exact
    return totals, gamma(len(used)) * np.abs(totals)


def refuse(rules: StatedRules, taken: Array, undecided: Array, ranges: NumberRanges) -> Array:
    """Return what the rules leave undecided, once, against the taken items; shape (L, n).

    An item on the edge, by less than rounding, stays undecided: that is never wrong.
    """
    left = undecided.copy()
    for place, row in enumerate(rules.rows):
        _, most = _bounds(rules, place, ranges)
        if row.most == math.inf:
            continue
        spent, error = _sums(taken, row)
        room = (most - (spent - error)) + 4 * UNIT * (np.abs(most) + np.abs(spent))
        left &= row.coefficients[None, :] <= room[:, None] + 4 * UNIT * row.coefficients[None, :]
    return np.asarray(left)


def empty(rules: StatedRules, taken: Array, open_: Array, ranges: NumberRanges) -> Array:
    """Return which nodes a single rule leaves nothing of, shape (L,).

    Parameters
    ----------
    rules
        Of the problem.
    taken, open_
        What is taken, and what is taken or undecided, shapes (L, n).
    ranges
        Of the number of items.
    """
    nothing = np.zeros(len(taken), dtype=bool)
    for place, row in enumerate(rules.rows):
        least, most = _bounds(rules, place, ranges)
        nothing |= least > most
        spent, error = _sums(taken, row)
        nothing |= spent - error > most
        reach, error = _sums(open_, row)
        nothing |= reach + error < least
    return np.asarray(nothing)


class WeighedRules(NamedTuple):
    """A sum of the rules for each of L nodes, each rule times its multiplier.

    Parameters
    ----------
    left, left_size
        ``y . A`` and the sum of its absolute terms, shapes (L, n).
    right, right_size
        ``y . b`` and the sum of its absolute terms, shapes (L,).
    """

    left: Array
    left_size: Array
    right: Array
    right_size: Array


def weighed(
    rules: StatedRules, multipliers: Sequence[Mapping[int, float]], ranges: NumberRanges
) -> WeighedRules:
    """Return the sum of the rules for the multipliers of each of L nodes."""
    nodes, n = len(multipliers), len(rules.labelled)
    left, right = np.zeros((nodes, n)), np.zeros(nodes)
    left_size, right_size = np.zeros((nodes, n)), np.zeros(nodes)
    for place, row in enumerate(rules.rows):
        y = np.array([entry.get(place, 0.0) for entry in multipliers])
        if not y.any():
            continue
        least, most = _bounds(rules, place, ranges)
        used = np.flatnonzero(row.coefficients)
        left[:, used] += np.outer(y, row.coefficients[used])
        left_size[:, used] += np.outer(np.abs(y), row.coefficients[used])
        # A multiplier of the one sign never meets an infinite side of the other.
        part = np.where(y > 0, y * np.where(y > 0, most, 0.0), y * np.where(y < 0, least, 0.0))
        right += part
        right_size += np.abs(part)
    return WeighedRules(left, left_size, right, right_size)


def refuted(
    rules: StatedRules,
    multipliers: Mapping[int, float],
    taken: Array,
    undecided: Array,
    ranges: NumberRanges,
) -> bool:
    """Return whether a weighed sum of the rules leaves nothing of a node.

    Masks have shape (1, n). The least that the left side can be must be above the right side by
    more than what both may be off by.
    """
    sums = weighed(rules, [multipliers], ranges)
    least = np.where(undecided, np.minimum(sums.left, 0.0), 0.0)
    sure = np.where(taken, sums.left, least)[0]
    inside = float(np.where(taken | undecided, sums.left_size, 0.0).sum())
    slack = gamma(len(rules.rows) + 2) * (
        inside * (1.0 + gamma(len(sure))) + float(sums.right_size[0])
    )
    slack += TINY  # what products of denormal multipliers are off by is no part of themselves
    right = float(sums.right[0])
    return bool(exact_sum(sure) - slack * (1.0 + 8 * UNIT) > right + UNIT * abs(right))
