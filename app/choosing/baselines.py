"""What simpler ways of choosing are worth, by the objective that the seed maximises."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt

from app.choosing.clusters import Clusters
from solver.model.constraints import LIMIT_TOLERANCE
from solver.model.errors import SolverError
from solver.model.objective import value
from solver.model.options import SolverOptions
from solver.model.problem import AnyProblem
from solver.solve import solve

DRAWS: Final = 20
"""How many random selections are drawn; the number of the paper's figures."""

_SECONDS: Final = 10.0

_QUICK: Final = 1_000_000
"""Scenes times clusters up to which every number of clusters is tried as it is."""

_APART: Final = 1.25

Mask = npt.NDArray[np.bool_]
Selection = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What a simpler way of choosing is worth; of several draws, the mean.

    Parameters
    ----------
    name
        ``"random"``, ``"greedy"`` or ``"kmeans"``.
    objective, lowest, highest
        By the question's own objective.
    scene_count, total_cost
        Of what was chosen; means of several draws.
    draws
        How many selections that is.
    """

    name: str
    objective: float
    lowest: float
    highest: float
    scene_count: float
    total_cost: float
    draws: int


class Baselines:
    """Simpler ways of choosing among the same scenes, for one budget or many.

    Parameters
    ----------
    vectors
        Mean vectors of the n scenes, shape (n, d).
    random_seed
        Of the first draw.
    """

    def __init__(self, vectors: npt.NDArray[np.float64], random_seed: int) -> None:
        self._vectors = vectors
        self._seed = random_seed
        self._clusters: tuple[Selection, Clusters] | None = None

    def measure(self, name: str, problem: AnyProblem) -> Baseline | None:
        """Return a baseline; None where it finds nothing that keeps the rules.

        Parameters
        ----------
        name
            ``"random"``: scenes in a random order, as long as they fit. ``"greedy"``: the best of
            greedy by gain per cost and by gain. ``"kmeans"``: the scene nearest to the centroid
            of each of as many clusters as the budget pays for, the largest cluster first; then
            the second nearest of each, and so on, as long as they fit.
        problem
            The question as the solver takes it.
        """
        selections = list(_WAYS[name](self, problem))
        if not selections:
            return None
        worth = [value(problem, _mask(problem, selection)) for selection in selections]
        return Baseline(
            name=name,
            objective=float(np.mean(worth)),
            lowest=min(worth),
            highest=max(worth),
            scene_count=float(np.mean([len(selection) for selection in selections])),
            total_cost=float(np.mean([problem.costs[s].sum() for s in selections])),
            draws=len(selections),
        )

    def random(self, problem: AnyProblem) -> Iterator[Selection]:
        """Yield random selections, those of 20 that keep the rules."""
        for draw in range(DRAWS):
            order = np.random.default_rng(self._seed + draw).permutation(problem.n)
            if (selection := _fill(problem, order)) is not None:
                yield selection

    def greedy(self, problem: AnyProblem) -> Iterator[Selection]:
        """Yield the greedy selection, where there is one."""
        try:
            found = solve(problem, SolverOptions(strategy="greedy", time_limit_s=_SECONDS))
        except SolverError:
            return
        if found.objective > -np.inf:
            yield found.selected

    def kmeans(self, problem: AnyProblem) -> Iterator[Selection]:
        """Yield the selection by clusters of what may be chosen, where it keeps the rules."""
        free = _free(problem)
        if not free.size:
            return
        if self._clusters is None or not np.array_equal(free, self._clusters[0]):
            self._clusters = (free, Clusters(self._vectors[free], self._seed))
        order = free[self._clusters[1].central_first(_clusters_for(problem, free))]
        order = order[_fit_alone(problem)[order]]
        if (selection := _fill(problem, _minima_first(problem, order))) is not None:
            yield selection


_WAYS: Final[Mapping[str, Callable[[Baselines, AnyProblem], Iterator[Selection]]]] = (
    MappingProxyType(
        {"random": Baselines.random, "greedy": Baselines.greedy, "kmeans": Baselines.kmeans}
    )
)


def _mask(problem: AnyProblem, selection: Selection) -> Mask:
    chosen = np.zeros(problem.n, dtype=bool)
    chosen[selection] = True
    chosen[problem.constraints.labelled] = True
    return chosen


def _free(problem: AnyProblem) -> Selection:
    """Return what may be chosen at all."""
    rules = problem.constraints
    return np.setdiff1d(np.arange(problem.n), np.concatenate([rules.exclude, rules.labelled]))


def _clusters_for(problem: AnyProblem, free: Selection) -> int:
    """Return how many scenes of average cost every budget pays for.

    Where clusters take long, the next smaller of numbers a quarter apart: many budgets share them.
    """
    rules = problem.constraints
    limits = [(problem.budget, problem.costs), *((r.limit, r.costs) for r in rules.resources)]
    most = float(len(free) if rules.max_items is None else min(len(free), rules.max_items))
    for limit, costs in limits:
        mean = float(costs[free].mean())
        most = min(most, limit / mean) if mean > 0 else most
    k = max(1, int(most * (1.0 + LIMIT_TOLERANCE)))
    if k * len(free) <= _QUICK:
        return k
    return int(_APART ** math.floor(math.log(k, _APART)))


def _fit_alone(problem: AnyProblem) -> Mask:
    """Return which scenes each budget pays for, shape (n,); the others shape clusters alone."""
    fit = problem.costs <= problem.allowance
    for resource in problem.constraints.resources:
        fit &= resource.costs <= resource.allowance
    return np.asarray(fit)


def _minima_first(problem: AnyProblem, order: Selection) -> Selection:
    """Return an order in which the first of every group come first, as many as it must have."""
    rules = problem.constraints
    ahead = order[:0]
    for group in rules.groups:
        wanted = group.minimum - int(np.isin(rules.include, group.items).sum())
        members = np.setdiff1d(group.items, rules.include)
        ahead = np.concatenate([ahead, order[np.isin(order, members)][: max(0, wanted)]])
    return np.concatenate([ahead, order[~np.isin(order, ahead)]])


def _fill(problem: AnyProblem, order: Selection) -> Selection | None:
    """Return scenes in an order that fit every limit; None where a minimum is not met."""
    rules = problem.constraints
    order = np.concatenate([rules.include, order[~np.isin(order, rules.include)]])
    order = order[~np.isin(order, np.concatenate([rules.exclude, rules.labelled]))]
    costs = np.stack([problem.costs, *(resource.costs for resource in rules.resources)])
    left = np.array([problem.budget, *(resource.limit for resource in rules.resources)])
    left *= 1.0 + LIMIT_TOLERANCE / 2
    group = np.full(problem.n, -1)
    for number, limit in enumerate(rules.groups):
        group[limit.items] = number
    rooms = [problem.n if g.maximum is None else g.maximum for g in rules.groups]
    room = problem.n if rules.max_items is None else rules.max_items
    cheapest = costs[0].min()
    chosen: list[int] = []
    for item in order.tolist():
        owner = int(group[item])
        if len(chosen) >= room or left[0] < cheapest:
            break
        if (costs[:, item] > left).any() or (owner >= 0 and rooms[owner] == 0):
            continue
        chosen.append(item)
        left -= costs[:, item]
        if owner >= 0:
            rooms[owner] -= 1
    selection = np.array(chosen, dtype=np.int64)
    short = len(chosen) < rules.min_items or not np.isin(rules.include, selection).all()
    short |= any(np.isin(g.items, selection).sum() < g.minimum for g in rules.groups)
    return None if short else selection
