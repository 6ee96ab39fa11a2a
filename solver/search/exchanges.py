"""Local search for objectives that evaluate themselves: exchanges, then perturbation and again.

An exchange takes one item out, whoever is missed least first, and puts in the best that the rules
allow in its place; then greedy fills up. A perturbation takes a random few out.
"""

import math

import numpy as np

from solver.model.problem import Mask, SetProblem
from solver.model.result import StopReason
from solver.model.stop import Stop
from solver.rules.feasibility import keeps
from solver.rules.selection import SelectionRules
from solver.search.attempt import Attempt
from solver.search.greedy import extend

# Rounds of perturbation without improvement after which the search ends by itself.
_PATIENCE = 40
# Largest share of the items that a perturbation takes out.
_SHAKEN = 4


def _exchanged(
    problem: SetProblem, ledger: SelectionRules, chosen: Mask, stop: Stop
) -> Mask | None:
    """Return the selection after the first exchange that helps; None where none does."""
    worth = problem.value(chosen)
    lost = problem.losses(chosen)
    inside = np.flatnonzero(chosen)
    for item in inside[np.argsort(lost[inside], kind="stable")]:
        if stop(worth, math.inf) is not None:
            return None
        rest = chosen.copy()
        rest[item] = False
        possible = ledger.may_replace(chosen, [int(item)])
        if not possible.any():
            continue
        gain = np.where(possible, problem.additions(rest), -np.inf)
        partner = int(np.argmax(gain))
        rest[partner] = True
        if gain[partner] > lost[item] + problem.resolution and keeps(problem, rest):
            return rest
    return None


def _descend(problem: SetProblem, ledger: SelectionRules, chosen: Mask, stop: Stop) -> Mask:
    while True:
        chosen = extend(problem, chosen)
        after = _exchanged(problem, ledger, chosen, stop)
        if after is None or problem.value(after) <= problem.value(chosen):
            return chosen
        chosen = after


def _shaken(ledger: SelectionRules, chosen: Mask, rng: np.random.Generator) -> Mask:
    """Take a random few out, as far as no minimum needs them, and one outsider in."""
    changed, inside = chosen.copy(), np.flatnonzero(chosen)
    if inside.size:
        size = int(rng.integers(1, max(2, inside.size // _SHAKEN + 1)))
        for item in rng.choice(inside, size=size, replace=False):
            if ledger.may_drop(changed)[item]:
                changed[item] = False
    outside = np.flatnonzero(ledger.may_add(changed) & ~chosen)
    if outside.size:
        changed[rng.choice(outside)] = True
    return changed


def exchanges(problem: SetProblem, start: Mask, stop: Stop, random_seed: int = 0) -> Attempt:
    """Improve a selection by iterated exchanges.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    start
        Where to begin; returned where it does not keep the rules.
    stop
        Asked with the incumbent's objective before every exchange.
    random_seed
        The only source of randomness.

    Returns
    -------
    Attempt
        Never worse than `start`; ``upper_bound`` is ``inf``.
    """
    rng = np.random.default_rng(random_seed)
    if not keeps(problem, start):
        return Attempt(start, math.inf, StopReason.EXHAUSTED)
    ledger = SelectionRules(problem)
    best = _descend(problem, ledger, start, stop)
    best_value, idle = problem.value(best), 0
    while idle < _PATIENCE:
        reason = stop(best_value, math.inf)
        if reason is not None:
            return Attempt(best, math.inf, reason)
        candidate = _descend(problem, ledger, _shaken(ledger, best, rng), stop)
        worth, idle = problem.value(candidate), idle + 1
        if worth > best_value + problem.resolution and keeps(problem, candidate):
            best, best_value, idle = candidate, worth, 0
    return Attempt(best, math.inf, StopReason.EXHAUSTED)
