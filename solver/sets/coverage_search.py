"""Local search for coverage, compiled: one scene for another, or for several, again and again.

What an item adds depends on the contents that it has, and on how much of them is there. So an item
is taken out, and every other is looked at in its place: a pass over the amounts that are not 0.
"""

import math
from typing import NamedTuple

import numpy as np

from solver.model.kernel import kernel
from solver.model.problem import Floats, Mask
from solver.model.stop import Stop
from solver.rules.arrays import RuleArrays, Tally, may_swap, rule_arrays, swap, tally
from solver.rules.book import SelectionRules, keeps
from solver.search.local_search import SHAKEN, shaken
from solver.sets.coverage import Contents, CoverageProblem

_WANTED = 8
"""Others of the largest gains that are tried in the place of one."""


class _Ground(NamedTuple):
    """What does not change: the contents of items, the rules, and what greedy divides gains by."""

    contents: Contents
    rules: RuleArrays
    prices: Floats


class _Seed(NamedTuple):
    """A selection, how much of each content there is with it, and what it uses; changed in place.

    Parameters
    ----------
    chosen
        Shape (n,).
    there
        Shape (m,).
    used
        Of the rules.
    """

    chosen: Mask
    there: Floats
    used: Tally


@kernel
def _added(contents: Contents, there: Floats, item: int) -> float:
    """Return what an item adds to what is there: phi(t + a) - phi(t), without cancellation."""
    total = 0.0
    for k in range(contents.starts[item], contents.starts[item + 1]):
        u = contents.points[k]
        less, more = 1.0 + there[u], 1.0 + there[u] + contents.amounts[k]
        total += contents.weights[u] * contents.amounts[k] / (less * more)
    return total


@kernel
def _without(contents: Contents, there: Floats, item: int) -> None:
    """Take what an item has from what is there, in place."""
    for k in range(contents.starts[item], contents.starts[item + 1]):
        u = contents.points[k]
        there[u] = max(0.0, there[u] - contents.amounts[k])


@kernel
def _take(ground: _Ground, seed: _Seed, out: int, new: int) -> None:
    """Take `out` out and `new` in; -1 stands for no item."""
    contents = ground.contents
    swap(seed.used, ground.rules, out, new)
    if out >= 0:
        seed.chosen[out] = False
        _without(contents, seed.there, out)
    if new >= 0:
        seed.chosen[new] = True
        for k in range(contents.starts[new], contents.starts[new + 1]):
            seed.there[contents.points[k]] += contents.amounts[k]


@kernel
def _fill(ground: _Ground, seed: _Seed, banned: int) -> float:
    """Add what adds most per cost while something fits; return what that adds together.

    What an item adds only falls as more is chosen, so an old gain is an upper bound: only an item
    whose old gain is the highest is looked at again. `banned` is not added.
    """
    n = len(seed.chosen)
    if n == 0:
        return 0.0  # a reduction may leave nothing to choose
    gain, ratio = np.zeros(n), np.full(n, -1.0)
    for j in range(n):
        if j != banned and not seed.chosen[j] and may_swap(seed.used, ground.rules, -1, j):
            gain[j] = _added(ground.contents, seed.there, j)
            ratio[j] = gain[j] / max(ground.prices[j], 1e-300)
    total = 0.0
    while True:
        best = int(np.argmax(ratio))
        if ratio[best] < 0.0:
            return total
        if not may_swap(seed.used, ground.rules, -1, best):
            ratio[best] = -1.0
            continue
        now = _added(ground.contents, seed.there, best)
        if now < gain[best]:
            gain[best] = now
            ratio[best] = now / max(ground.prices[best], 1e-300)
            continue
        _take(ground, seed, -1, best)
        total += now
        ratio[best] = -1.0


@kernel
def _losses(ground: _Ground, seed: _Seed) -> Floats:
    """Return what each chosen item would be missed for, 0 for others, shape (n,)."""
    contents = ground.contents
    lost = np.zeros(len(seed.chosen))
    for item in range(len(lost)):
        if seed.chosen[item]:
            for k in range(contents.starts[item], contents.starts[item + 1]):
                u, a = contents.points[k], contents.amounts[k]
                less = 1.0 + max(0.0, seed.there[u] - a)
                lost[item] += contents.weights[u] * a / (less * (1.0 + seed.there[u]))
    return lost


@kernel
def _exchange(ground: _Ground, seed: _Seed, item: int, threshold: float) -> bool:
    """Exchange a chosen item for the best other, or for what greedy finds in its place.

    Returns
    -------
    bool
        Whether that helped; nothing is changed where it did not.
    """
    contents, rules, used = ground.contents, ground.rules, seed.used
    n = len(seed.chosen)
    left = seed.there.copy()
    _without(contents, left, item)
    lost = _added(contents, left, item)
    gain = np.full(n, -1.0)
    for j in range(n):
        if not seed.chosen[j] and may_swap(used, rules, item, j):
            gain[j] = _added(contents, left, j)
    partner = int(np.argmax(gain))
    if gain[partner] > lost + threshold:
        _take(ground, seed, item, partner)
        return True
    if not may_swap(used, rules, item, -1):
        return False
    kept, there = seed.chosen.copy(), seed.there.copy()
    _take(ground, seed, item, -1)
    for _ in range(_WANTED):
        first = int(np.argmax(gain))
        if gain[first] <= 0.0:
            break
        _take(ground, seed, -1, first)
        if gain[first] + _fill(ground, seed, item) > lost + threshold:
            return True
        gain[first] = -1.0
        for j in range(n):
            if seed.chosen[j] and not kept[j]:
                _take(ground, seed, j, -1)
    _take(ground, seed, -1, item)
    seed.there[:] = there
    return False


_FAR = 0.1
"""Chance that a perturbation goes far."""

_BLUR = 0.5
"""Standard deviation of the logarithms of prices that are a little other."""


class CoverageLandscape:
    """Coverage under its rules, as `solver.search.local_search.Landscape`.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    """

    def __init__(self, problem: CoverageProblem) -> None:
        self._problem, self._rules = problem, SelectionRules(problem)
        self._ground = _Ground(problem.contents, rule_arrays(problem), self._rules.prices())
        self.threshold = problem.resolution

    def value(self, chosen: Mask) -> float:
        """Return what a selection is worth, -inf where it breaks a rule."""
        return self._problem.value(chosen) if keeps(self._problem, chosen) else -math.inf

    def descend(self, chosen: Mask, stop: Stop) -> Mask:
        """Fill the budget and exchange, one item after the other, until nothing helps."""
        ground, seed = self._ground, self._seed(chosen)
        _fill(ground, seed, -1)
        helped = True
        while helped:
            helped = False
            lost = _losses(ground, seed)
            inside = np.flatnonzero(seed.chosen)
            for item in inside[np.argsort(lost[inside], kind="stable")].tolist():
                if stop(-math.inf, math.inf) is not None:
                    helped = False
                    break
                if not seed.chosen[item]:
                    continue  # an exchange before took it out
                if _exchange(ground, seed, item, self.threshold):
                    _fill(ground, seed, -1)
                    helped = True
        # Running sums may be off by rounding; the rules are not.
        return seed.chosen if keeps(self._problem, seed.chosen) else chosen

    def perturb(self, chosen: Mask, rng: np.random.Generator) -> Mask:
        """Drop a random few, now and then many, and fill up as if prices were a little other."""
        seed = self._seed(shaken(chosen, self._rules, rng, 1 if rng.random() < _FAR else SHAKEN))
        prices = self._ground.prices * np.exp(rng.normal(0.0, _BLUR, len(chosen)))
        _fill(self._ground._replace(prices=prices), seed, -1)
        return seed.chosen

    def _seed(self, chosen: Mask) -> _Seed:
        """Return a selection as it is changed in place; the one given stays."""
        there = self._problem.held + self._problem.amounts[chosen].sum(axis=0)
        return _Seed(chosen.copy(), there, tally(chosen, self._ground.rules))
