"""Compiled moves on a core: the few hundred to few thousand items about which there is any doubt.

Everything outside the core is decided, so an item of the core has a worth of its own (its gain over
what is decided) and a utility with every other item of the core. With that small matrix at hand a
move costs O(k): add, drop, swap one for one, one for two and two for one. The loop around the moves
is `solver.search.local_search.iterate`.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solver.model.kernel import kernel
from solver.model.problem import Floats, Mask
from solver.model.stop import Stop

# Passes over the items in one descent, at most.
_ROUNDS = 50
# Items that a perturbation drops, at most.
_DROPPED = 12


@kernel
def _flip(pairs: Floats, gain: Floats, chosen: Mask, item: int) -> None:
    sign = -1.0 if chosen[item] else 1.0
    chosen[item] = not chosen[item]
    for k in range(gain.shape[0]):
        gain[k] += sign * pairs[item, k]


@kernel
def _fill(pairs: Floats, costs: Floats, gain: Floats, chosen: Mask, spare: float) -> float:
    """Add the affordable item of the largest gain per cost until none helps."""
    while True:
        best, steepest = -1, 0.0
        for j in range(gain.shape[0]):
            if chosen[j] or gain[j] <= 0.0 or costs[j] > spare:
                continue
            steep = gain[j] / max(costs[j], 1e-300)
            if steep > steepest:
                best, steepest = j, steep
        if best < 0:
            return spare
        _flip(pairs, gain, chosen, best)
        spare -= float(costs[best])


@kernel
def _second(
    pairs: Floats, costs: Floats, gain: Floats, chosen: Mask, gone: int, first: int, room: float
) -> tuple[int, float]:
    """Return the best further item to take in once `gone` is out and `first` is in."""
    best, most = -1, 0.0
    for j in range(gain.shape[0]):
        if chosen[j] or j == first or costs[j] > room:
            continue
        adds = gain[j] - pairs[gone, j] + pairs[first, j]
        if adds > most:
            best, most = j, adds
    return best, most


@kernel
def _firsts(
    pairs: Floats, costs: Floats, gain: Floats, chosen: Mask, gone: int, room: float
) -> tuple[int, int]:
    """Return what to take in once `gone` is out: by what it adds, and by that per cost; or -1."""
    best, steep = -1, -1
    most, steepest = 0.0, 0.0
    for j in range(gain.shape[0]):
        if chosen[j] or costs[j] > room:
            continue
        adds = gain[j] - pairs[gone, j]
        if adds > most:
            best, most = j, adds
        if adds / max(costs[j], 1e-300) > steepest:
            steep, steepest = j, adds / max(costs[j], 1e-300)
    return best, steep


@kernel
def _replace(
    pairs: Floats, costs: Floats, gain: Floats, chosen: Mask, item: int, spare: float, least: float
) -> float:
    """Replace `item` by what is better, one or two others or nothing; return the spare budget."""
    room = spare + float(costs[item])
    one, steep = _firsts(pairs, costs, gain, chosen, item, room)
    most = gain[one] - pairs[item, one] if one >= 0 else 0.0
    two = -1
    if steep >= 0:
        other, more = _second(pairs, costs, gain, chosen, item, steep, room - costs[steep])
        both = gain[steep] - pairs[item, steep] + more
        if other >= 0 and both > most:
            one, two, most = steep, other, both
    if most - gain[item] <= least:
        return spare
    _flip(pairs, gain, chosen, item)
    for new in (one, two):
        if new >= 0:
            _flip(pairs, gain, chosen, new)
            room -= float(costs[new])
    return room


@kernel
def _admit(
    pairs: Floats, costs: Floats, gain: Floats, chosen: Mask, item: int, spare: float, least: float
) -> float:
    """Take `item` in for the two chosen that are missed least per cost; return the spare budget."""
    first, second = -1, -1
    low_first, low_second = np.inf, np.inf
    for i in range(gain.shape[0]):
        if not chosen[i] or costs[i] <= 0.0:
            continue
        steep = (gain[i] + pairs[i, item]) / costs[i]
        if steep < low_first:
            second, low_second = first, low_first
            first, low_first = i, steep
        elif steep < low_second:
            second, low_second = i, steep
    if second < 0 or spare + costs[first] + costs[second] < costs[item]:
        return spare
    adds = gain[item] - pairs[item, first] - pairs[item, second]
    if adds - gain[first] - gain[second] + pairs[first, second] <= least:
        return spare
    _flip(pairs, gain, chosen, first)
    _flip(pairs, gain, chosen, second)
    _flip(pairs, gain, chosen, item)
    spare += float(costs[first] + costs[second] - costs[item])
    return spare


@kernel
def _descend(
    pairs: Floats,
    costs: Floats,
    gain: Floats,
    chosen: Mask,
    spare: float,
    least: float,
    rounds: int,
) -> None:
    for _ in range(rounds):
        before = chosen.copy()
        spare = _fill(pairs, costs, gain, chosen, spare)
        for item in range(gain.shape[0]):
            if chosen[item]:
                spare = _replace(pairs, costs, gain, chosen, item, spare, least)
            elif costs[item] > spare:
                spare = _admit(pairs, costs, gain, chosen, item, spare, least)
        if (before == chosen).all():
            return


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ExchangeCore:
    """A small problem under one budget, as `solver.search.local_search.Landscape`.

    Parameters
    ----------
    worth
        What each item adds to what is decided, shape (k,).
    pairs
        Utilities of the pairs, shape (k, k), symmetric, diagonal 0.
    costs, allowance
        Costs, shape (k,), and what is left of the budget.
    threshold
        A change smaller than this is rounding.
    """

    worth: Floats
    pairs: Floats
    costs: Floats
    allowance: float
    threshold: float

    def value(self, chosen: Mask) -> float:
        """Return what a selection adds to what is decided."""
        company = self.pairs[np.ix_(chosen, chosen)].sum()
        return float(self.worth[chosen].sum() + 0.5 * company)

    def gains(self, chosen: Mask) -> Floats:
        """Return what each item adds to a selection, or is worth within it, shape (k,)."""
        return np.asarray(self.worth + self.pairs[:, chosen].sum(axis=1))

    def descend(self, chosen: Mask, stop: Stop | None = None) -> Mask:
        """Return what improving moves make of a selection within the allowance.

        A selection that overspends comes back without what is worth least per cost. The moves take
        a fraction of a second, so `stop` is not asked.
        """
        del stop
        chosen = chosen.copy()
        gain = self.gains(chosen)
        spare = self.allowance - math.fsum(self.costs[chosen])
        while spare < 0:
            inside = np.flatnonzero(chosen & (self.costs > 0))
            worst = inside[int(np.argmin(gain[inside] / self.costs[inside]))]
            _flip(self.pairs, gain, chosen, worst)
            spare = self.allowance - math.fsum(self.costs[chosen])
        better = chosen.copy()
        _descend(self.pairs, self.costs, gain, better, spare, self.threshold, _ROUNDS)
        # Its running sum of costs is off by rounding: where that matters, the start stands.
        return better if math.fsum(self.costs[better]) <= self.allowance else chosen

    def perturb(self, chosen: Mask, rng: np.random.Generator) -> Mask:
        """Drop a random few and take one outsider in."""
        changed = chosen.copy()
        inside: npt.NDArray[np.intp] = np.flatnonzero(chosen)
        if inside.size:
            size = int(rng.integers(1, min(_DROPPED, inside.size) + 1))
            changed[rng.choice(inside, size=size, replace=False)] = False
        spare = self.allowance - math.fsum(self.costs[changed])
        outside = np.flatnonzero(~chosen & (self.costs <= spare))
        if outside.size:
            changed[rng.choice(outside)] = True
        return changed
