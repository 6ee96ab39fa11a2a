"""Selections for one budget after the other: tabu search on the matrix of pair utilities.

The best addition, drop or swap that is not forbidden is made, whether it helps or not; what has
just moved is forbidden for a few moves (Glover: Tabu search, part I, 1989).
"""

import math

import numpy as np

from solver.model.kernel import kernel
from solver.model.objective import per_cost
from solver.model.problem import Floats, Mask

# Moves for which an item that has left may not come back, and one that came may not leave.
_TENURE = 7


@kernel
def _move(
    pairs: Floats,
    costs: Floats,
    gain: Floats,
    chosen: Mask,
    spare: float,
    waits: Floats,
    clock: int,
    wanted: float,
) -> tuple[int, int, float]:
    """Return the best move (item out, item in, change), -1 for no item.

    A forbidden move counts only if it changes the objective by more than `wanted`.
    """
    out, new, best = -1, -1, -np.inf
    for j in range(len(gain)):
        ready = waits[j] <= clock or gain[j] > wanted
        if not chosen[j] and costs[j] <= spare and gain[j] > best and ready:
            out, new, best = -1, j, gain[j]
    for i in range(len(gain)):
        if not chosen[i]:
            continue
        held = waits[i] > clock
        if -gain[i] > best and (not held or -gain[i] > wanted):
            out, new, best = i, -1, -gain[i]
        room = spare + costs[i]
        for j in range(len(gain)):
            change = gain[j] - gain[i] - pairs[i, j]
            ready = (not held and waits[j] <= clock) or change > wanted
            if change > best and not chosen[j] and costs[j] <= room and ready:
                out, new, best = i, j, change
    return out, new, best


@kernel
def _tabu(
    pairs: Floats, worth: Floats, costs: Floats, limit: float, start: Mask, moves: int
) -> Mask:
    chosen = start.copy()
    gain = worth.copy()
    value = 0.0
    for i in range(len(worth)):
        if chosen[i]:
            value += gain[i]
            gain += pairs[i]
    best, best_value = chosen.copy(), value
    waits = np.zeros(len(worth))
    for clock in range(moves):
        spare = limit
        for i in range(len(worth)):
            if chosen[i]:
                spare -= costs[i]
        out, new, change = _move(
            pairs, costs, gain, chosen, spare, waits, clock, best_value - value
        )
        if out < 0 and new < 0:
            break
        if out >= 0:
            chosen[out] = False
            gain -= pairs[out]
            waits[out] = clock + _TENURE
        if new >= 0:
            chosen[new] = True
            gain += pairs[new]
            waits[new] = clock + _TENURE
        value += change
        if value > best_value * (1.0 + 1e-12):
            best[:] = chosen
            best_value = value
    return best


class Search:
    """Selections of one problem, for any budget.

    Parameters
    ----------
    pairs, profits, costs
        Shapes (n, n), symmetric with a zero diagonal, (n,) and (n,).
    """

    def __init__(self, pairs: Floats, profits: Floats, costs: Floats) -> None:
        self.pairs = np.ascontiguousarray(pairs)
        self.profits = np.ascontiguousarray(profits)
        self.costs = np.ascontiguousarray(costs)

    def value(self, chosen: Mask) -> float:
        """Return the objective of a selection."""
        company = float(self.pairs[np.ix_(chosen, chosen)].sum())
        return 0.5 * company + float(self.profits[chosen].sum())

    def trim(self, chosen: Mask, allowance: float) -> Mask:
        """Drop what is worth least per cost until the rest is within the budget.

        Parameters
        ----------
        chosen
            Shape (n,); not changed.
        allowance
            Limit on the sum of costs, at least 0.

        Returns
        -------
        Mask
            `chosen` itself where that is within the budget.
        """
        if math.fsum(self.costs[chosen]) <= allowance:
            return chosen
        chosen = chosen.copy()
        gain = self.profits + self.pairs[:, chosen].sum(axis=1)
        # The sum is made anew at each step: a running difference drifts and may never get there.
        while math.fsum(self.costs[chosen]) > allowance:
            # What is above a limit of at least 0 has an item that costs something.
            priced = np.flatnonzero(chosen & (self.costs > 0))
            item = priced[np.argmin(per_cost(gain[priced], self.costs[priced]))]
            chosen[item] = False
            gain -= self.pairs[item]
        return chosen

    def improve(
        self,
        start: Mask,
        allowance: float,
        moves: int,
        *,
        fixed: Mask | None = None,
        allowed: Mask | None = None,
    ) -> Mask:
        """Return a selection at least as good as `start`, within the same limits.

        Parameters
        ----------
        start
            Within the budget, with all of `fixed` and nothing outside `allowed`; shape (n,).
        allowance
            Limit on the sum of costs.
        moves
            Moves to make; with 0 of them `start` comes back.
        fixed, allowed
            What must stay, and what may be chosen; nothing and everything where None.
        """
        if moves == 0:
            return start
        fixed = np.zeros_like(start) if fixed is None else fixed
        free = ~fixed if allowed is None else allowed & ~fixed
        left = allowance - math.fsum(self.costs[fixed])
        items = np.flatnonzero(free & (self.costs <= left))
        if not items.size:
            return start
        worth = self.profits[items] + self.pairs[np.ix_(items, np.flatnonzero(fixed))].sum(axis=1)
        pairs = np.ascontiguousarray(self.pairs[np.ix_(items, items)])
        found = _tabu(pairs, worth, self.costs[items], left, start[items], moves)
        chosen = fixed.copy()
        chosen[items] = found
        within = math.fsum(self.costs[chosen]) <= allowance
        return chosen if within and self.value(chosen) > self.value(start) else start
