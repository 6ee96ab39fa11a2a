"""Local search: drops and swaps to a local optimum, then perturbation and again.

A swap of j in for i out changes the objective by ``gain(j) - gain(i) - s_ij``, so one row of pair
utilities scores all partners of i at once; no n x n matrix is needed.
"""

import math

import numpy as np

from solver.backends import Attempt
from solver.backends.greedy import extend, greedy
from solver.objective import gains, pair_row, resolution, value
from solver.problem import Floats, Mask, Problem
from solver.result import StopReason
from solver.stop import Stop

# Rounds of perturbation without improvement after which the search ends by itself.
_PATIENCE = 60


def _best_exchange(problem: Problem, chosen: Mask, gain: Floats, item: int) -> tuple[int, float]:
    """Return the best partner to take in for `item`, and what the exchange adds; -1: drop only."""
    spare = problem.allowance - (math.fsum(problem.costs[chosen]) - problem.costs[item])
    change = gain - gain[item] - pair_row(problem, item)
    change[chosen | (problem.costs > spare)] = -np.inf
    partner = int(np.argmax(change))
    drop = -float(gain[item])
    if change[partner] >= drop:
        return partner, float(change[partner])
    return -1, drop


def _descend(problem: Problem, chosen: Mask, stop: Stop) -> Mask:
    """Apply improving drops, swaps and additions until none is left or `stop` says so."""
    chosen = extend(problem, chosen)
    gain = gains(problem, chosen)
    threshold = resolution(problem)
    improved = True
    while improved:
        improved = False
        for item in np.flatnonzero(chosen)[np.argsort(gain[chosen], kind="stable")]:
            if stop(-math.inf, math.inf) is not None:
                return chosen
            partner, change = _best_exchange(problem, chosen, gain, int(item))
            if change <= threshold:
                continue
            chosen[item] = False
            if partner >= 0:
                chosen[partner] = True
            chosen = extend(problem, chosen)
            gain = gains(problem, chosen)
            improved = True
    return chosen


def _perturb(problem: Problem, chosen: Mask, rng: np.random.Generator) -> Mask:
    """Drop a random few and take one outsider in: the next descent starts elsewhere."""
    changed = chosen.copy()
    inside = np.flatnonzero(chosen)
    if inside.size:
        size = int(rng.integers(1, max(2, inside.size // 4 + 1)))
        changed[rng.choice(inside, size=size, replace=False)] = False
    spare = problem.allowance - math.fsum(problem.costs[changed])
    outside = np.flatnonzero(~chosen & (problem.costs <= spare))
    if outside.size:
        changed[rng.choice(outside)] = True
    return changed


def local_search(problem: Problem, stop: Stop, random_seed: int = 0) -> Attempt:
    """Improve the greedy selection by iterated local search.

    Parameters
    ----------
    problem
        The problem.
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
    best = _descend(problem, greedy(problem).chosen, stop)
    best_value = value(problem, best)
    idle = 0
    while idle < _PATIENCE:
        reason = stop(best_value, math.inf)
        if reason is not None:
            return Attempt(best, math.inf, reason)
        candidate = _descend(problem, _perturb(problem, best, rng), stop)
        candidate_value = value(problem, candidate)
        idle += 1
        if candidate_value > best_value + resolution(problem):
            best, best_value, idle = candidate, candidate_value, 0
    return Attempt(best, math.inf, StopReason.EXHAUSTED)
