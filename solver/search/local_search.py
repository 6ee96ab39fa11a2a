"""Local search: exchanges to a local optimum, then perturbation and again.

Moves are add, drop, one for one, two for one and one for two. A swap of j in for i out changes the
objective by ``gain(j) - gain(i) - s_ij``, so one row of pair utilities scores all partners of i at
once; no n x n matrix is needed, and every rule is kept at every move.
"""

import math

import numpy as np

from solver.model.objective import gains, pair_row, per_cost, resolution, value
from solver.model.problem import Floats, Mask, Problem
from solver.model.result import StopReason
from solver.model.stop import Stop
from solver.rules.feasibility import keeps
from solver.rules.selection import SelectionRules
from solver.search.attempt import Attempt
from solver.search.greedy import extend, greedy

# Rounds of perturbation without improvement after which the search ends by itself.
_PATIENCE = 60
# Outsiders, of the largest gains, that two chosen items are given up for.
_WANTED = 10


def _moved(chosen: Mask, out: list[int], new: list[int]) -> Mask:
    after = chosen.copy()
    after[out] = False
    after[new] = True
    return after


class _Neighbourhood:
    """The moves from one selection; each returns the selection after it, or None."""

    def __init__(self, problem: Problem, ledger: SelectionRules, chosen: Mask) -> None:
        self.problem, self.ledger, self.chosen = problem, ledger, chosen
        self.gain: Floats = gains(problem, chosen)
        self.threshold = resolution(problem)
        self.droppable = ledger.may_drop(chosen)
        self.prices = ledger.prices()

    def replace(self, item: int) -> Mask | None:
        """Put out `item` for the best one other, for two others, or for nothing."""
        row = pair_row(self.problem, item)
        change = self.gain - self.gain[item] - row
        possible = self.ledger.may_replace(self.chosen, [item])
        change = np.where(possible, change, -np.inf)
        partner = int(np.argmax(change))
        drop = -float(self.gain[item]) if self.droppable[item] else -math.inf
        if max(drop, float(change[partner])) > self.threshold:
            new = [partner] if change[partner] >= drop else []
            return _moved(self.chosen, [item], new)
        return self._two_for(item, row, change, possible) if possible.any() else None

    def _two_for(self, item: int, row: Floats, change: Floats, possible: Mask) -> Mask | None:
        """Put out `item` for the one of the best gain per cost and the best second beside it."""
        steep = np.where(possible, per_cost(self.gain - row, self.prices), -np.inf)
        first = int(np.argmax(steep))
        between = _moved(self.chosen, [item], [first])
        fits = self.ledger.may_add(between)
        fits[item] = False
        if not fits.any():
            return None
        second_gain = np.where(fits, self.gain - row + pair_row(self.problem, first), -np.inf)
        second = int(np.argmax(second_gain))
        if float(change[first] + second_gain[second]) > self.threshold:
            return _moved(between, [], [second])
        return None

    def admit(self, item: int) -> Mask | None:
        """Take `item` in for the two chosen that are missed least per cost."""
        row = pair_row(self.problem, item)
        missed = np.where(self.chosen, per_cost(self.gain + row, self.prices), np.inf)
        inside = np.flatnonzero(self.chosen & (self.prices > 0))
        if len(inside) < len("ab"):
            return None
        one, two = (int(k) for k in inside[np.argsort(missed[inside], kind="stable")[:2]])
        if not self.ledger.may_replace(self.chosen, [one, two])[item]:
            return None
        lost = self.gain[one] + self.gain[two] - pair_row(self.problem, one)[two]
        if float(self.gain[item] - row[one] - row[two] - lost) > self.threshold:
            return _moved(self.chosen, [one, two], [item])
        return None


def _first_move(around: _Neighbourhood, stop: Stop) -> Mask | None:
    """Return the selection after the first improving move; None where there is none or no time."""
    chosen, gain = around.chosen, around.gain
    for item in np.flatnonzero(chosen)[np.argsort(gain[chosen], kind="stable")]:
        if stop(-math.inf, math.inf) is not None:
            return None
        after = around.replace(int(item))
        if after is not None:
            return after
    outside = np.flatnonzero(~chosen)
    for item in outside[np.argsort(-gain[outside], kind="stable")[:_WANTED]]:
        if stop(-math.inf, math.inf) is not None:
            return None
        after = around.admit(int(item))
        if after is not None:
            return after
    return None


def _descend(problem: Problem, ledger: SelectionRules, chosen: Mask, stop: Stop) -> Mask:
    """Apply improving moves and additions until none is left or `stop` says so."""
    while True:
        chosen = extend(problem, chosen)
        after = _first_move(_Neighbourhood(problem, ledger, chosen), stop)
        # A running sum may be off by rounding; the rules are not.
        if after is None or not keeps(problem, after):
            return chosen
        chosen = after


def _perturb(ledger: SelectionRules, chosen: Mask, rng: np.random.Generator) -> Mask:
    """Drop a random few and take one outsider in: the next descent starts elsewhere.

    An item that a minimum needs is exchanged for a random other instead of dropped.
    """
    changed = chosen.copy()
    inside = np.flatnonzero(chosen)
    if inside.size:
        size = int(rng.integers(1, max(2, inside.size // 4 + 1)))
        for item in rng.choice(inside, size=size, replace=False):
            if ledger.may_drop(changed)[item]:
                changed[item] = False
                continue
            others = np.flatnonzero(ledger.may_replace(changed, [int(item)]))
            if others.size:
                changed = _moved(changed, [int(item)], [int(rng.choice(others))])
    outside = np.flatnonzero(ledger.may_add(changed) & ~chosen)
    if outside.size:
        changed[rng.choice(outside)] = True
    return changed


def local_search(problem: Problem, stop: Stop, random_seed: int = 0) -> Attempt:
    """Improve the greedy selection by iterated local search.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    stop
        Asked with the incumbent's objective before every move.
    random_seed
        The only source of randomness.

    Returns
    -------
    Attempt
        Never worse than `greedy`; ``upper_bound`` is ``inf``.
    """
    rng = np.random.default_rng(random_seed)
    start = greedy(problem).chosen
    if not keeps(problem, start):
        return Attempt(start, math.inf, StopReason.EXHAUSTED)
    ledger = SelectionRules(problem)
    best = _descend(problem, ledger, start, stop)
    best_value = value(problem, best)
    idle = 0
    while idle < _PATIENCE:
        reason = stop(best_value, math.inf)
        if reason is not None:
            return Attempt(best, math.inf, reason)
        candidate = _descend(problem, ledger, _perturb(ledger, best, rng), stop)
        candidate_value = value(problem, candidate)
        idle += 1
        better = candidate_value > best_value + resolution(problem)
        if better and keeps(problem, candidate):
            best, best_value, idle = candidate, candidate_value, 0
    return Attempt(best, math.inf, StopReason.EXHAUSTED)
