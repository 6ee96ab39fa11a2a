"""Local search for coverage, compiled: one scene for another, or for several, again and again.

What an item adds depends on the contents that it has, and on how much of them is there. So an item
is taken out, and every other is looked at in its place: a pass over the amounts that are not 0.
"""

import math

import numpy as np

from solver.model.kernel import kernel
from solver.model.problem import Floats, Mask
from solver.model.stop import Stop
from solver.rules.arrays import RuleArrays, Tally, may_swap, rule_arrays, swap, tally
from solver.rules.book import SelectionRules, keeps
from solver.search.local_search import shaken
from solver.sets.coverage import Contents, CoverageProblem

_WANTED = 8
"""Others of the largest gains that are tried in the place of one."""


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
def _take(
    contents: Contents,
    there: Floats,
    chosen: Mask,
    used: Tally,
    rules: RuleArrays,
    out: int,
    new: int,
) -> None:
    """Take `out` out and `new` in; -1 stands for no item."""
    swap(used, rules, out, new)
    if out >= 0:
        chosen[out] = False
        for k in range(contents.starts[out], contents.starts[out + 1]):
            u = contents.points[k]
            there[u] = max(0.0, there[u] - contents.amounts[k])
    if new >= 0:
        chosen[new] = True
        for k in range(contents.starts[new], contents.starts[new + 1]):
            there[contents.points[k]] += contents.amounts[k]


@kernel
def _fill(
    contents: Contents,
    there: Floats,
    chosen: Mask,
    used: Tally,
    rules: RuleArrays,
    prices: Floats,
    banned: int,
) -> float:
    """Add what adds most per cost while something fits; return what that adds together.

    What an item adds only falls as more is chosen, so an old gain is an upper bound: only an item
    whose old gain is the highest is looked at again.
    """
    n = len(chosen)
    gain, ratio = np.zeros(n), np.full(n, -1.0)
    for j in range(n):
        if j != banned and not chosen[j] and may_swap(used, rules, -1, j):
            gain[j] = _added(contents, there, j)
            ratio[j] = gain[j] / max(prices[j], 1e-300)
    total = 0.0
    while True:
        best = -1
        for j in range(n):
            if ratio[j] >= 0.0 and (best < 0 or ratio[j] > ratio[best]):
                best = j
        if best < 0:
            return total
        if not may_swap(used, rules, -1, best):
            ratio[best] = -1.0
            continue
        now = _added(contents, there, best)
        if now < gain[best]:
            gain[best] = now
            ratio[best] = now / max(prices[best], 1e-300)
            continue
        _take(contents, there, chosen, used, rules, -1, best)
        total += now
        ratio[best] = -1.0


@kernel
def _losses(contents: Contents, there: Floats, chosen: Mask) -> Floats:
    """Return what each chosen item would be missed for, 0 for others, shape (n,)."""
    lost = np.zeros(len(chosen))
    for item in range(len(chosen)):
        if chosen[item]:
            for k in range(contents.starts[item], contents.starts[item + 1]):
                u, a = contents.points[k], contents.amounts[k]
                less = 1.0 + max(0.0, there[u] - a)
                lost[item] += contents.weights[u] * a / (less * (1.0 + there[u]))
    return lost


@kernel
def _exchange(
    contents: Contents,
    there: Floats,
    chosen: Mask,
    used: Tally,
    rules: RuleArrays,
    prices: Floats,
    item: int,
    threshold: float,
) -> bool:
    """Exchange a chosen item for the best other, or for what greedy finds in its place.

    Returns
    -------
    bool
        Whether that helped; nothing is changed where it did not.
    """
    n = len(chosen)
    partner, most = -1, threshold
    _take(contents, there, chosen, used, rules, item, -1)
    lost = _added(contents, there, item)
    _take(contents, there, chosen, used, rules, -1, item)
    without = there.copy()
    for k in range(contents.starts[item], contents.starts[item + 1]):
        u = contents.points[k]
        without[u] = max(0.0, without[u] - contents.amounts[k])
    for j in range(n):
        if not chosen[j] and may_swap(used, rules, item, j):
            gain = _added(contents, without, j) - lost
            if gain > most:
                partner, most = j, gain
    if partner >= 0:
        _take(contents, there, chosen, used, rules, item, partner)
        return True
    if not may_swap(used, rules, item, -1):
        return False
    return _replan(contents, there, chosen, used, rules, prices, item, lost + threshold)


@kernel
def _replan(
    contents: Contents,
    there: Floats,
    chosen: Mask,
    used: Tally,
    rules: RuleArrays,
    prices: Floats,
    item: int,
    lost: float,
) -> bool:
    """Take an item out, one of the best others in, and fill up; keep it where it is worth more."""
    n = len(chosen)
    kept, amounts = chosen.copy(), there.copy()
    _take(contents, there, chosen, used, rules, item, -1)
    gain = np.full(n, -1.0)
    for j in range(n):
        if j != item and not chosen[j] and may_swap(used, rules, -1, j):
            gain[j] = _added(contents, there, j)
    for _ in range(_WANTED):
        first = int(np.argmax(gain))
        if gain[first] <= 0.0:
            break
        _take(contents, there, chosen, used, rules, -1, first)
        found = gain[first] + _fill(contents, there, chosen, used, rules, prices, item)
        if found > lost:
            return True
        gain[first] = -1.0
        for j in range(n):
            if chosen[j] and (not kept[j] or j == item):
                _take(contents, there, chosen, used, rules, j, -1)
    _take(contents, there, chosen, used, rules, -1, item)
    there[:] = amounts
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
        self._arrays, self._prices = rule_arrays(problem), self._rules.prices()
        self.threshold = problem.resolution

    def value(self, chosen: Mask) -> float:
        """Return what a selection is worth, -inf where it breaks a rule."""
        return self._problem.value(chosen) if keeps(self._problem, chosen) else -math.inf

    def descend(self, chosen: Mask, stop: Stop) -> Mask:
        """Fill the budget and exchange, one item after the other, until nothing helps."""
        contents, rules, prices = self._problem.contents, self._arrays, self._prices
        there = self._problem.held + self._problem.amounts[chosen].sum(axis=0)
        found, used = chosen.copy(), tally(chosen, rules)
        _fill(contents, there, found, used, rules, prices, -1)
        helped = True
        while helped:
            helped = False
            lost = _losses(contents, there, found)
            inside = np.flatnonzero(found)
            for item in inside[np.argsort(lost[inside], kind="stable")].tolist():
                if stop(-math.inf, math.inf) is not None:
                    helped = False
                    break
                if not found[item]:
                    continue  # an exchange before took it out
                if _exchange(contents, there, found, used, rules, prices, item, self.threshold):
                    _fill(contents, there, found, used, rules, prices, -1)
                    helped = True
        # Running sums may be off by rounding; the rules are not.
        return found if keeps(self._problem, found) else chosen

    def perturb(self, chosen: Mask, rng: np.random.Generator) -> Mask:
        """Drop a random few, now and then many, and fill up as if prices were a little other."""
        changed = shaken(chosen, self._rules, rng, 1 if rng.random() < _FAR else 4)
        prices = self._prices * np.exp(rng.normal(0.0, _BLUR, len(changed)))
        there = self._problem.held + self._problem.amounts[changed].sum(axis=0)
        used = tally(changed, self._arrays)
        _fill(self._problem.contents, there, changed, used, self._arrays, prices, -1)
        return changed
