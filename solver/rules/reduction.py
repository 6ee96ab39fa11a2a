"""Take out what is decided before any search: included, excluded, labelled, and never affordable.

What is left is a problem of the same form on the free items. With F the fixed items,

    f(F + S) = f(F) + sum over S of (p_i + sum over j in F of s_ij) + sum over pairs of S of s_ij

so the pairs with what is fixed become profits, and ``f(F)`` a constant. Other objectives take what
is fixed in as it is (`SetProblem.part`), and the constant is 0.
"""

from dataclasses import dataclass
from typing import Generic, cast

import numpy as np

from solver.model.constraints import Constraints, GroupRule, Ints, Resource, allowance
from solver.model.objective import gains, value
from solver.model.problem import (
    AnyProblem,
    Budgeted,
    Floats,
    Mask,
    PairProblem,
    Problem,
    ProblemT,
    SetProblem,
    SignatureProblem,
)


@dataclass(frozen=True, eq=False, kw_only=True)
class Reduced(Generic[ProblemT]):
    """A problem without what is decided, and the way back.

    Parameters
    ----------
    problem
        On the free items: budgets and limits are what is left of them. Its constraints have no
        ``include``, ``exclude`` or ``labelled``, and no limit that cannot be broken.
    items
        The original number of each free item, ascending, shape (m,), int64.
    bought, labelled
        Original numbers of the items that are chosen already, and of those that were there before.
    base
        Objective of `bought` and `labelled` together.
    broken
        Whether what is fixed breaks a rule by itself; there is no selection then, and limits that
        would be negative read 0. Where it is False there may still be none
        (`solver.rules.feasibility`).
    n
        How many items the original problem has.
    """

    problem: ProblemT
    items: Ints
    bought: Ints
    labelled: Ints
    base: float
    broken: bool
    n: int

    def lift(self, chosen: Mask) -> Ints:
        """Return the sorted original numbers of a selection of free items and all that is bought.

        Parameters
        ----------
        chosen
            Of the reduced problem, shape (m,).
        """
        return np.sort(np.concatenate([self.bought, self.items[chosen]])).astype(np.int64)

    def present(self, chosen: Mask) -> Mask:
        """Return everything that is there: bought, labelled and chosen, shape (n,)."""
        mask = np.zeros(self.n, dtype=bool)
        mask[self.bought] = mask[self.labelled] = True
        mask[self.items[chosen]] = True
        return mask


def _left(limit: float, costs: Floats) -> float:
    """Return the limit whose allowance is what these costs leave of that of another.

    Exact but for the last digits of the allowance, which are its tolerance's own.
    """
    if not costs.size:
        return limit
    left = float(np.longdouble(allowance(limit)) - np.sum(costs, dtype=np.longdouble))
    # A sum that fits the rounded remainder fits the original as well.
    return left * (1.0 - 4 * np.finfo(float).eps) / allowance(1.0)


def _affordable(problem: Budgeted, bought: Mask, free: Mask) -> tuple[float, list[float], Mask]:
    """Return what is left of each budget, and the free items that all of them can buy."""
    left = _left(problem.budget, problem.costs[bought])
    free = free & (problem.costs <= allowance(max(0.0, left)))
    others = []
    for resource in problem.constraints.resources:
        rest = _left(resource.limit, resource.costs[bought])
        free = free & (resource.costs <= allowance(max(0.0, rest)))
        others.append(rest)
    return left, others, free


def _crowded(problem: Budgeted, bought: Mask, free: Mask) -> Mask:
    """Return the free items that a full group, or a full selection, refuses."""
    refused = np.zeros(problem.n, dtype=bool)
    most = problem.constraints.max_items
    if most is not None and int(bought.sum()) >= most:
        refused |= free
    for group in problem.constraints.groups:
        if group.maximum is not None and int(bought[group.items].sum()) >= group.maximum:
            refused[group.items] = True
    return refused & free


def _groups(
    groups: tuple[GroupRule, ...], bought: Mask, place: Ints
) -> tuple[list[GroupRule], bool]:
    """Return the groups' limits on the free items, and whether one is broken."""
    kept, broken = [], False
    for group in groups:
        inside = int(bought[group.items].sum())
        items = place[group.items]
        items = items[items >= 0]
        least = max(0, group.minimum - inside)
        most = len(items) if group.maximum is None else group.maximum - inside
        broken = broken or most < 0 or least > min(most, len(items))
        if least > 0 or most < len(items):
            most = max(0, most)
            kept.append(
                GroupRule(name=group.name, items=items, minimum=min(least, most), maximum=most)
            )
    return kept, broken


def _rules(
    problem: Budgeted, bought: Mask, items: Ints, others: list[float]
) -> tuple[Constraints, bool]:
    """Return the limits on the free items, and whether one is broken."""
    asked = problem.constraints
    place = np.full(problem.n, -1, dtype=np.int64)
    place[items] = np.arange(len(items))
    groups, broken = _groups(asked.groups, bought, place)
    count = int(bought.sum())
    least = max(0, asked.min_items - count)
    most = len(items) if asked.max_items is None else asked.max_items - count
    broken = broken or most < 0 or least > min(most, len(items))
    resources = []
    for resource, rest in zip(asked.resources, others, strict=True):
        costs = resource.costs[items]
        if float(costs.sum()) > rest:
            resources.append(Resource(name=resource.name, costs=costs, limit=max(0.0, rest)))
        broken = broken or rest < 0
    limits = Constraints(
        min_items=min(least, max(0, most)),
        max_items=max(0, most) if most < len(items) else None,
        groups=tuple(groups),
        resources=tuple(resources),
    )
    return limits, broken


def reduce(problem: ProblemT) -> Reduced[ProblemT]:
    """Fix what is decided and return what is left to decide.

    Parameters
    ----------
    problem
        As it was asked.

    Returns
    -------
    Reduced
        The selections of its problem are, through `Reduced.lift`, the selections of the original,
        and ``Reduced.base`` plus their objective there is their objective here (up to rounding).
    """
    asked, n = problem.constraints, problem.n
    labelled, bought, gone = (np.zeros(n, dtype=bool) for _ in range(3))
    labelled[asked.labelled] = True
    bought[asked.include] = True
    bought &= ~labelled
    gone[asked.exclude] = True
    broken = bool((gone & (bought | labelled)).any())
    left, others, free = _affordable(problem, bought, ~(labelled | bought | gone))
    free &= ~_crowded(problem, bought, free)
    items = np.flatnonzero(free)
    limits, unkept = _rules(problem, bought, items, others)
    fixed = bought | labelled
    part, base = _part(problem, fixed, items, max(0.0, left), limits)
    return Reduced(
        problem=cast("ProblemT", part),
        items=items.astype(np.int64),
        bought=np.flatnonzero(bought).astype(np.int64),
        labelled=asked.labelled,
        base=base,
        broken=broken or unkept or left < 0,
        n=n,
    )


def _part(
    problem: AnyProblem, fixed: Mask, items: Ints, budget: float, limits: Constraints
) -> tuple[AnyProblem, float]:
    """Return the problem on some items beside others that are fixed, and the constant."""
    every = len(items) == problem.n
    untouched = not (problem.constraints.fixes or problem.constraints.limits)
    if untouched and every:
        return problem, 0.0
    if isinstance(problem, SetProblem):
        ids = tuple(problem.ids[k] for k in items) if problem.ids else ()
        return problem.part(items, fixed, budget, ids, limits), 0.0
    base = value(problem, fixed) if fixed.any() else 0.0
    profits = gains(problem, fixed)[items] if fixed.any() else problem.profits[items]
    return _pairs(problem, items, profits, budget, limits), base


def _pairs(
    problem: Problem, items: Ints, profits: Floats, budget: float, limits: Constraints
) -> Problem:
    """Return the pair utilities of some items, with other profits, budget and limits."""
    every = len(items) == problem.n
    ids = tuple(problem.ids[k] for k in items) if problem.ids else ()
    if isinstance(problem, SignatureProblem):
        return SignatureProblem(
            weights=problem.weights[items],
            vectors=problem.vectors if every else problem.vectors[items],
            profits=profits,
            costs=problem.costs[items],
            budget=budget,
            ids=ids,
            constraints=limits,
        )
    return PairProblem(
        utilities=problem.utilities[np.ix_(items, items)],
        profits=profits,
        costs=problem.costs[items],
        budget=budget,
        ids=ids,
        constraints=limits,
    )
