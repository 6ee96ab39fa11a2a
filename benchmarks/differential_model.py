"""The best selection of a small problem, by looking at all of them.

A model of its own: rules and objectives are written from docs/certificate.md, and nothing of the
solver is imported. All 2^n selections are evaluated at once. Bit k of a selection's number says
whether item k is in it.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

NO_RULES: Mapping[str, Any] = {
    "include": [],
    "exclude": [],
    "labelled": [],
    "min_items": 0,
    "max_items": None,
    "groups": [],
    "resources": [],
}

# A sum of costs may exceed its limit by this much of it.
_GRANTED = 1e-12
# Sums nearer to their limit than this, relatively, are made again, correctly rounded.
_CLOSE = 1e-9


@dataclass(frozen=True)
class Case:
    """A problem as plain data, named as in docs/certificate.md.

    Parameters
    ----------
    objective
        ``signatures``, ``pairs``, ``facility``, ``coverage``, ``design``, ``k_center`` or ``sum``.
    arrays
        Those of the objective. A term's are prefixed: ``term0_amounts``.
    costs, budget
        Shape (n,), and the limit on their sum.
    rules
        As a certificate states constraints.
    resources
        What each item takes, shape (n,), by the resource's name.
    ids
        Names of the items, or nothing.
    terms
        Names of the objectives that a ``sum`` adds up.
    """

    objective: str
    arrays: Mapping[str, Any]
    costs: Array
    budget: float
    rules: Mapping[str, Any] = field(default_factory=lambda: dict(NO_RULES))
    resources: Mapping[str, Array] = field(default_factory=dict)
    ids: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.costs)

    def term(self, place: int) -> "Case":
        """Return one of the objectives that are added up."""
        prefix = f"term{place}_"
        arrays = {
            name.removeprefix(prefix): array
            for name, array in self.arrays.items()
            if name.startswith(prefix)
        }
        return Case(self.terms[place], arrays, self.costs, self.budget)


def _grown(rows: Array, start: Array, put: Callable[[Array, Any], Array]) -> Array:
    """Return what each selection of some rows has, shape (2^n, ...): rows put in one by one."""
    grown = start[None]
    for row in rows:
        grown = np.concatenate([grown, put(grown, row)])
    return grown


def _sums(rows: Array, start: Array | float = 0.0) -> Array:
    return _grown(rows, np.asarray(start, dtype=float), lambda all_, row: all_ + row)


def _pairs(matrix: Array, profits: Array) -> Array:
    worth = np.zeros(1)
    for item, profit in enumerate(profits):
        worth = np.concatenate([worth, worth + profit + _sums(matrix[item, :item])])
    return worth


def _cosines(case: Case) -> Array:
    w, m = case.arrays["weights"], case.arrays["vectors"].astype(float)
    return np.asarray(np.outer(w, w) * (1.0 - m @ m.T))


def _profits(case: Case) -> Array:
    return np.asarray(case.arrays.get("profits", np.zeros(case.n)))


def _or_default(case: Case, name: str, m: int, default: float) -> Array:
    return np.asarray(case.arrays.get(name, np.full(m, default)))


def completed(case: Case) -> dict[str, Array]:
    """Return the arrays of a case, with those that it leaves to their defaults."""
    arrays = dict(case.arrays)
    kinds = case.terms or (case.objective,)
    for place, kind in enumerate(kinds):
        prefix = f"term{place}_" if case.terms else ""
        own = case.term(place) if case.terms else case
        for name, array in _DEFAULTS.get(kind, lambda _: {})(own).items():
            arrays.setdefault(prefix + name, array)
    return arrays


def _columns(case: Case, name: str) -> int:
    return int(case.arrays[name].shape[1])


_DEFAULTS: dict[str, Callable[[Case], dict[str, Array]]] = {
    "facility": lambda case: {
        "demands": np.ones(_columns(case, "similarities")),
        "served": np.zeros(_columns(case, "similarities")),
    },
    "coverage": lambda case: {
        "weights": np.ones(_columns(case, "amounts")),
        "held": np.zeros(_columns(case, "amounts")),
    },
    "design": lambda case: {
        "sizes": np.ones(case.n, dtype=int),
        "ridge": np.array(1.0),
        "prior": np.eye(_columns(case, "factors")),
    },
    "k_center": lambda case: {
        "reach": np.full(
            _columns(case, "distances"), float(case.arrays["distances"].max(initial=0.0))
        )
    },
}


def _signatures(case: Case) -> tuple[Array, Array]:
    profits, total = _profits(case), _sums(case.arrays["weights"])
    return _pairs(_cosines(case), profits), 0.5 * total**2 + _sums(np.abs(profits))


def _utilities(case: Case) -> tuple[Array, Array]:
    matrix, profits = case.arrays["utilities"], _profits(case)
    return _pairs(matrix, profits), _pairs(np.abs(matrix), np.abs(profits))


def _facility(case: Case) -> tuple[Array, Array]:
    s = case.arrays["similarities"]
    demands = _or_default(case, "demands", s.shape[1], 1.0)
    service = _grown(s, _or_default(case, "served", s.shape[1], 0.0), np.maximum)
    worth = service @ demands
    return worth, worth


def _coverage(case: Case) -> tuple[Array, Array]:
    a = case.arrays["amounts"]
    weights = _or_default(case, "weights", a.shape[1], 1.0)
    there = _sums(a, _or_default(case, "held", a.shape[1], 0.0))
    return (there / (1.0 + there)) @ weights, np.full(len(there), float(weights.sum()))


def _design(case: Case) -> tuple[Array, Array]:
    factors, d = case.arrays["factors"], case.arrays["factors"].shape[1]
    sizes = case.arrays.get("sizes", np.ones(case.n, dtype=int))
    ends = np.cumsum([0, *sizes])
    rows = [factors[a:b] for a, b in pairwise(ends)]
    known = np.array([f.T @ f / case.arrays.get("ridge", 1.0) for f in rows]).reshape(-1, d, d)
    information = _sums(known, case.arrays.get("prior", np.eye(d)))
    worth = np.linalg.slogdet(information)[1]
    return worth, np.full(len(worth), d * float(np.trace(information[-1])))


def _k_center(case: Case) -> tuple[Array, Array]:
    d = case.arrays["distances"]
    reach = _or_default(case, "reach", d.shape[1], float(d.max(initial=0.0)))
    near = _grown(d, reach, np.minimum)
    return 0.0 - near.max(axis=1, initial=0.0), np.zeros(len(near))


def _sum(case: Case) -> tuple[Array, Array]:
    parts = [_WORTHS[name](case.term(place)) for place, name in enumerate(case.terms)]
    shares = case.arrays["shares"]
    worths, scales = zip(*parts, strict=True)
    return np.asarray(shares @ np.array(worths)), np.asarray(shares @ np.array(scales))


_WORTHS: dict[str, Callable[[Case], tuple[Array, Array]]] = {
    "signatures": _signatures,
    "pairs": _utilities,
    "facility": _facility,
    "coverage": _coverage,
    "design": _design,
    "k_center": _k_center,
    "sum": _sum,
}


def _within(costs: Array, sums: Array, limit: float) -> Array:
    """Say which selections keep a limit: their sum, correctly rounded, is at most that."""
    most = limit * (1.0 + _GRANTED)
    inside = np.asarray(sums <= most)
    near = np.abs(sums - most) <= _CLOSE * np.maximum(np.abs(sums), most)
    for number in np.flatnonzero(near):
        items = np.flatnonzero((int(number) >> np.arange(len(costs))) & 1)
        inside[number] = math.fsum(costs[items]) <= most
    return inside


class Enumeration:
    """All selections of a case.

    Parameters
    ----------
    case
        With 15 items at most: everything is held at once.

    Attributes
    ----------
    worth, scale
        Of every selection together with what is labelled, shape (2^n,): the scale is that of
        docs/certificate.md, to which rounding is relative.
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self._numbers = np.arange(2**case.n)
        worth, scale = _WORTHS[case.objective](case)
        present = self._numbers | self._bits(case.rules["labelled"])
        self.worth, self.scale = worth[present], scale[present]

    def _bits(self, items: Iterable[int]) -> int:
        return sum(1 << int(item) for item in items)

    def number(self, items: Iterable[int]) -> int:
        """Return the number of a selection."""
        return self._bits(items)

    def _count(self, items: Iterable[int]) -> Array:
        inside = np.zeros(self.case.n)
        inside[list(items)] = 1.0
        return _sums(inside)

    @cached_property
    def _cost(self) -> Array:
        return _sums(self.case.costs)

    def allowed(
        self,
        budget: float | None = None,
        dropped: Callable[[str], bool] = lambda _name: False,
    ) -> Array:
        """Say which selections keep the rules, shape (2^n,).

        Parameters
        ----------
        budget
            In place of the case's own.
        dropped
            Says of a rule's name, as explanations have it, whether it does not count.
        """
        case, rules = self.case, self.case.rules
        there, banned = self._bits(rules["labelled"]), self._bits(rules["exclude"])
        # What is there already need not be bought.
        wanted = self._bits(rules["include"]) & ~there
        there = 0 if dropped("labelled") else there
        banned = 0 if dropped("exclude") else banned
        wanted = 0 if dropped("include") else wanted
        kept = (self._numbers & wanted) == wanted
        kept &= (self._numbers & (banned | there)) == 0
        if banned & there:
            kept[:] = False
        if not dropped("budget"):
            limit = case.budget if budget is None else budget
            kept &= _within(case.costs, self._cost, limit)
        self._keep_counts(kept, dropped)
        for resource in rules["resources"]:
            if not dropped(f"resource {resource['name']}"):
                costs = case.resources[resource["name"]]
                kept &= _within(costs, _sums(costs), resource["limit"])
        return np.asarray(kept)

    def _keep_counts(self, kept: Array, dropped: Callable[[str], bool]) -> None:
        rules = self.case.rules
        ranges = [("min_items", "max_items", range(self.case.n), rules["min_items"],
                   rules["max_items"])]  # fmt: skip
        ranges += [
            (f"group {group['name']} minimum", f"group {group['name']} maximum", group["items"],
             group["minimum"], group["maximum"])
            for group in rules["groups"]
        ]  # fmt: skip
        for least_name, most_name, items, least, most in ranges:
            count = self._count(items)
            if not dropped(least_name):
                kept &= count >= least
            if most is not None and not dropped(most_name):
                kept &= count <= most

    def best(self, allowed: Array) -> float:
        """Return the largest worth of some selections; minus infinity where there are none."""
        return float(self.worth[allowed].max(initial=-math.inf))

    def tolerance(self, number: int) -> float:
        """Return by how much a selection may fall short of the best and still be called optimal."""
        return 1e-9 * abs(float(self.worth[number])) + 1e-12 * float(self.scale[number])
