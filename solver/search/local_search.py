"""Iterated local search: descend to a local optimum, perturb it, and descend again.

`iterate` is the loop; what an objective brings is a `Landscape`: how a selection descends, how it
is perturbed, and what it is worth. For sums over pairs the moves are add, drop, one for one, two
for one and one for two. A swap of j in for i out changes the objective by
``gain(j) - gain(i) - s_ij``, so one row of pair utilities scores all partners of i at once; no
n x n matrix is needed. Objectives that evaluate themselves exchange one for one. Every rule is kept
at every move. Coverage (`solver.sets.coverage_search`) and the cores of large pools
(`solver.signatures.exchange`) descend by compiled moves.
"""

import math
from typing import Protocol

import numpy as np

from solver.model.objective import gains, pair_row, per_cost, resolution, value
from solver.model.problem import AnyProblem, Floats, Mask, Problem, SetProblem
from solver.model.result import StopReason
from solver.model.stop import Stop
from solver.rules.book import SelectionRules, keeps
from solver.search.best_first import Attempt
from solver.search.greedy import extend

# Rounds of perturbation without improvement after which the search ends by itself.
_PAIR_PATIENCE, _SET_PATIENCE = 60, 40
# Outsiders, of the largest gains, that two chosen items are given up for.
_WANTED = 10
# Largest share of the items that a perturbation takes out.
SHAKEN = 4


class Landscape(Protocol):
    """What iterated local search asks of an objective under its rules."""

    @property
    def threshold(self) -> float:
        """The difference between two objectives that is still rounding."""
        ...

    def value(self, chosen: Mask) -> float:
        """Return what a selection is worth, -inf where it breaks a rule."""
        ...

    def descend(self, chosen: Mask, stop: Stop) -> Mask:
        """Return what improving moves and additions make of a selection."""
        ...

    def perturb(self, chosen: Mask, rng: np.random.Generator) -> Mask:
        """Return a selection from which the next descent starts elsewhere."""
        ...


def iterate(
    landscape: Landscape, best: Mask, stop: Stop, rng: np.random.Generator, patience: int
) -> Attempt:
    """Perturb a local optimum and descend again, until that has not helped for some rounds.

    Parameters
    ----------
    landscape
        What is climbed.
    best
        A local optimum, shape (n,).
    stop
        Asked with the best objective before every round.
    rng
        The only source of randomness.
    patience
        Rounds without improvement after which the search ends by itself.

    Returns
    -------
    Attempt
        Never worse than `best`; ``upper_bound`` is ``inf``.
    """
    best_value, idle = landscape.value(best), 0
    while idle < patience:
        reason = stop(best_value, math.inf)
        if reason is not None:
            return Attempt(best, math.inf, reason)
        candidate = landscape.descend(landscape.perturb(best, rng), stop)
        worth, idle = landscape.value(candidate), idle + 1
        if worth > best_value + landscape.threshold:
            best, best_value, idle = candidate, worth, 0
    return Attempt(best, math.inf, StopReason.EXHAUSTED)


def _moved(chosen: Mask, out: list[int], new: list[int]) -> Mask:
    after = chosen.copy()
    after[out] = False
    after[new] = True
    return after


class _PairMoves:
    """The moves from one selection; each returns the selection after it, or None."""

    def __init__(self, problem: Problem, rules: SelectionRules, chosen: Mask) -> None:
        self.problem, self.rules, self.chosen = problem, rules, chosen
        self.gain: Floats = gains(problem, chosen)
        self.threshold = resolution(problem)
        self.droppable = rules.may_drop(chosen)
        self.prices = rules.prices()

    def replace(self, item: int) -> Mask | None:
        """Put out `item` for the best one other, for two others, or for nothing."""
        row = pair_row(self.problem, item)
        change = self.gain - self.gain[item] - row
        possible = self.rules.may_replace(self.chosen, [item])
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
        fits = self.rules.may_add(between)
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
        if not self.rules.may_replace(self.chosen, [one, two])[item]:
            return None
        lost = self.gain[one] + self.gain[two] - pair_row(self.problem, one)[two]
        if float(self.gain[item] - row[one] - row[two] - lost) > self.threshold:
            return _moved(self.chosen, [one, two], [item])
        return None

    def first(self, stop: Stop) -> Mask | None:
        """Return the selection after the first improving move; None without one, or time."""
        chosen, gain = self.chosen, self.gain
        inside, outside = np.flatnonzero(chosen), np.flatnonzero(~chosen)
        leaving = inside[np.argsort(gain[inside], kind="stable")]
        wanted = outside[np.argsort(-gain[outside], kind="stable")[:_WANTED]]
        for move, items in ((self.replace, leaving), (self.admit, wanted)):
            for item in items:
                if stop(-math.inf, math.inf) is not None:
                    return None
                after = move(int(item))
                if after is not None:
                    return after
        return None


def _first_exchange(
    problem: SetProblem, rules: SelectionRules, chosen: Mask, stop: Stop
) -> Mask | None:
    """Return the selection after the first exchange that helps; None where none does.

    The item that is missed least goes first, for the best that the rules allow in its place.
    """
    worth = problem.value(chosen)
    lost = problem.losses(chosen)
    inside = np.flatnonzero(chosen)
    for item in inside[np.argsort(lost[inside], kind="stable")]:
        if stop(worth, math.inf) is not None:
            return None
        possible = rules.may_replace(chosen, [int(item)])
        if not possible.any():
            continue
        gain = np.where(possible, problem.additions(_moved(chosen, [item], [])), -np.inf)
        partner = int(np.argmax(gain))
        after = _moved(chosen, [item], [partner])
        if gain[partner] > lost[item] + problem.resolution and keeps(problem, after):
            # Gain and loss may be off by rounding; an objective that does not grow is the end.
            return after if problem.value(after) > worth else None
    return None


def shaken(
    chosen: Mask, rules: SelectionRules, rng: np.random.Generator, part: int = SHAKEN
) -> Mask:
    """Return a selection without a random few, and with one outsider.

    An item that a minimum needs is exchanged for a random other instead of dropped.
    """
    changed = chosen.copy()
    inside = np.flatnonzero(chosen)
    if inside.size:
        size = int(rng.integers(1, max(2, inside.size // part + 1)))
        for item in rng.choice(inside, size=size, replace=False):
            if rules.may_drop(changed)[item]:
                changed[item] = False
                continue
            others = np.flatnonzero(rules.may_replace(changed, [int(item)]))
            if others.size:
                changed = _moved(changed, [int(item)], [int(rng.choice(others))])
    outside = np.flatnonzero(rules.may_add(changed) & ~chosen)
    if outside.size:
        changed[rng.choice(outside)] = True
    return changed


class _ProblemLandscape:
    """A problem under its rules."""

    def __init__(self, problem: AnyProblem) -> None:
        self._problem, self._rules = problem, SelectionRules(problem)
        self.threshold = resolution(problem)

    def value(self, chosen: Mask) -> float:
        """Return what a selection is worth, -inf where it breaks a rule."""
        return value(self._problem, chosen) if keeps(self._problem, chosen) else -math.inf

    def descend(self, chosen: Mask, stop: Stop) -> Mask:
        """Apply improving moves and additions until none is left or `stop` says so."""
        problem, rules = self._problem, self._rules
        while True:
            chosen = extend(problem, chosen)
            if isinstance(problem, SetProblem):
                after = _first_exchange(problem, rules, chosen, stop)
            else:
                after = _PairMoves(problem, rules, chosen).first(stop)
            # A running sum may be off by rounding; the rules are not.
            if after is None or not keeps(problem, after):
                return chosen
            chosen = after

    def perturb(self, chosen: Mask, rng: np.random.Generator) -> Mask:
        """Drop a random few and take one outsider in."""
        return shaken(chosen, self._rules, rng)


def local_search(
    problem: AnyProblem,
    start: Mask,
    stop: Stop,
    random_seed: int = 0,
    landscape: Landscape | None = None,
) -> Attempt:
    """Improve a selection by iterated local search.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    start
        Where to begin, shape (n,); returned where it does not keep the rules.
    stop
        Asked with the incumbent's objective before every move.
    random_seed
        The only source of randomness.
    landscape
        The problem's, where its kind has one of its own.

    Returns
    -------
    Attempt
        Never worse than `start`; ``upper_bound`` is ``inf``.
    """
    if not keeps(problem, start):
        return Attempt(start, math.inf, StopReason.EXHAUSTED)
    landscape = landscape or _ProblemLandscape(problem)
    best = landscape.descend(start, stop)
    patience = _SET_PATIENCE if isinstance(problem, SetProblem) else _PAIR_PATIENCE
    return iterate(landscape, best, stop, np.random.default_rng(random_seed), patience)
