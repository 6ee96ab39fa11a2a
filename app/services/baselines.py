"""What simpler ways of choosing are worth, by the objective that the seed maximises."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from api_schemas.seeds import BaselineReport
from solver.errors import SolverError
from solver.objective import value
from solver.problem import BUDGET_TOLERANCE, AnyProblem
from solver.solve import solve

DRAWS: Final = 20
"""How many random selections are drawn; the number of the paper's figures."""

_SECONDS: Final = 10.0

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What a simpler way of choosing is worth; of several draws, the mean.

    Parameters
    ----------
    name
        ``"random"`` or ``"greedy"``.
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


def measure(name: str, problem: AnyProblem, random_seed: int) -> Baseline | None:
    """Return a baseline; None where it finds nothing that keeps the rules.

    Parameters
    ----------
    name
        ``"random"``: scenes in a random order, as long as they fit. ``"greedy"``: the best of
        greedy by gain per cost and by gain.
    problem
        The question as the solver takes it.
    random_seed
        Of the first draw.
    """
    if name == "greedy":
        try:
            found = solve(problem, strategy="greedy", time_limit_s=_SECONDS)
        except SolverError:
            return None
        selections = [found.selected] if found.objective > -np.inf else []
    else:
        drawn = (_fill(problem, random_seed + k) for k in range(DRAWS))
        selections = [selection for selection in drawn if selection is not None]
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


def _mask(problem: AnyProblem, selection: npt.NDArray[np.int64]) -> Mask:
    chosen = np.zeros(problem.n, dtype=bool)
    chosen[selection] = True
    chosen[problem.constraints.labelled] = True
    return chosen


def _fill(problem: AnyProblem, random_seed: int) -> npt.NDArray[np.int64] | None:
    """Return scenes in a random order that fit every limit; None where a minimum is not met."""
    rules = problem.constraints
    order = np.random.default_rng(random_seed).permutation(problem.n)
    order = np.concatenate([rules.include, order[~np.isin(order, rules.include)]])
    order = order[~np.isin(order, np.concatenate([rules.exclude, rules.labelled]))]
    costs = np.stack([problem.costs, *(resource.costs for resource in rules.resources)])
    left = np.array([problem.budget, *(resource.limit for resource in rules.resources)])
    left *= 1.0 + BUDGET_TOLERANCE / 2
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


def reports(baselines: Iterable[Baseline]) -> dict[str, BaselineReport]:
    """Return baselines as the API gives them."""
    return {
        baseline.name: BaselineReport(
            objective=baseline.objective,
            lowest=baseline.lowest,
            highest=baseline.highest,
            scene_count=baseline.scene_count,
            total_cost=baseline.total_cost,
            draws=baseline.draws,
        )
        for baseline in baselines
    }
