"""Greedy: add what is worth most, per cost or outright, until nothing fits.

The answer that is always there. It has no bound of its own. Where something must be chosen, greedy
starts from the cheapest selection that reaches every minimum (`solver.feasibility`).
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from solver.backends import Attempt
from solver.backends.growth import Score, growth
from solver.backends.ledger import Ledger
from solver.constraints import Constraints
from solver.feasibility import complete, keeps
from solver.objective import gains, pair_matrix, pair_row, per_cost, resolution, value
from solver.problem import AnyProblem, Floats, Mask, PairProblem, Problem, SetProblem, take
from solver.result import StopReason

# Items of which all pairs are held at once (200 MB).
_MATRIX = 5_000


def _outright(gain: Floats, costs: Floats) -> Floats:
    del costs
    return gain


def _additions(problem: AnyProblem, chosen: Mask, score: Score) -> Iterator[int]:
    """Yield the items that greedy adds to a selection, in the order in which it adds them."""
    if isinstance(problem, SetProblem):
        return growth(problem, chosen, score)
    return _pair_additions(problem, chosen, score)


def _pair_additions(problem: Problem, chosen: Mask, score: Score) -> Iterator[int]:
    chosen = chosen.copy()
    gain = gains(problem, chosen)
    potential = gain
    if not chosen.any():
        # Nothing is chosen, so no pair tells items apart: look at each item's pairs with all.
        potential = 0.5 * (gains(problem, np.ones(problem.n, dtype=bool)) + gain)
    harm = -resolution(problem)
    ledger = Ledger(problem)
    prices = ledger.prices()
    while True:
        possible = ledger.may_add(chosen) & (gain >= harm)
        if not possible.any():
            return
        item = int(np.argmax(np.where(possible, score(potential, prices), -np.inf)))
        yield item
        chosen[item] = True
        gain = gain + pair_row(problem, item)
        potential = gain


def extend(problem: AnyProblem, chosen: Mask, score: Score = per_cost) -> Mask:
    """Add items to a selection, best score first, while one fits and does no harm.

    Parameters
    ----------
    problem
        Reduced (`solver.reduction`).
    chosen
        Shape (n,), within every maximum and budget; not changed.
    score
        What "best" means, from gains and costs.

    Returns
    -------
    Mask
        A selection to which no item of non-negative gain can be added.
    """
    extended = chosen.copy()
    extended[list(_additions(problem, chosen, score))] = True
    return extended


def _alone(problem: AnyProblem, selected: npt.NDArray[np.int64], present: Mask) -> AnyProblem:
    """Return the problem of choosing all of some items, beside what is there already."""
    budget = math.fsum(problem.costs[selected])
    if isinstance(problem, SetProblem):
        return problem.part(selected, present, budget, (), Constraints())
    inner = replace(
        take(problem, selected, budget=budget),
        profits=gains(problem, present)[selected],
        constraints=Constraints(),
    )
    if isinstance(inner, PairProblem) or inner.n > _MATRIX:
        return inner
    # All pairs in one product: row by row, each would read every vector again.
    return PairProblem(
        utilities=pair_matrix(inner),
        profits=inner.profits,
        costs=inner.costs,
        budget=inner.budget,
        ids=inner.ids,
    )


def rank(problem: AnyProblem, selected: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Put chosen items into the order in which greedy, by gain per cost, would take them.

    A set has no order, and work queues need one: whoever stops early then has labelled a good set.

    Parameters
    ----------
    problem
        The problem.
    selected
        Indices of the chosen items, shape (k,).

    Returns
    -------
    npt.NDArray[np.int64]
        The same indices, first to label first. Items that only harm come last. Of equal items the
        one whose id comes first does, in whatever order the items lie.
    """
    if problem.ids:
        selected = np.array(sorted(selected.tolist(), key=problem.ids.__getitem__), dtype=np.int64)
    present = np.zeros(problem.n, dtype=bool)
    present[problem.constraints.labelled] = True
    # All of it is chosen already: no rule is left, and what was labelled before is company.
    inner = _alone(problem, selected, present)
    order = list(_additions(inner, np.zeros(inner.n, dtype=bool), per_cost))
    rest = sorted(set(range(inner.n)) - set(order))
    return selected[np.array([*order, *rest], dtype=np.int64)]


def greedy(problem: AnyProblem) -> Attempt:
    """Return the best of greedy by gain per cost and by gain, from nothing and from the minimums.

    Parameters
    ----------
    problem
        Reduced.

    Returns
    -------
    Attempt
        Its selection keeps every rule if `solver.feasibility.complete` finds any that does. Where
        it finds none, the selection is empty and does not.
    """
    starts = [np.zeros(problem.n, dtype=bool)]
    if Ledger(problem).has_minimums:
        starts.append(complete(problem).chosen)
    extended = [
        extend(problem, start, score) for start in starts for score in (per_cost, _outright)
    ]
    candidates = [mask for mask in extended if keeps(problem, mask)]
    chosen = max(candidates, key=lambda mask: value(problem, mask), default=starts[0])
    return Attempt(chosen, math.inf, StopReason.EXHAUSTED)
