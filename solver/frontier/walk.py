"""From one budget to the next, for problems of pairs in which a budget is the only rule.

Selections are found upwards, then downwards, each from its neighbour; then each is bounded by
branch and bound. Nested selections are chains that grow upwards and shrink downwards from one free
selection, the anchor; of several anchors the chain counts whose worst price is lowest.

When time is over, what is left to do is done in the cheapest way: selections are carried upwards
and trimmed downwards, and few bounds are made.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from solver.bounds import upper_bound
from solver.frontier.search import Search
from solver.model.constraints import allowance
from solver.model.objective import pair_matrix, value
from solver.model.problem import Mask, Problem, SignatureProblem
from solver.model.result import StopReason
from solver.model.stop import FirstOf, GapReached, Stop
from solver.pairs.tree import pair_tree
from solver.search.best_first import Attempt
from solver.search.core import Core, SignatureCore, pair_core, signature_core
from solver.search.greedy import greedy
from solver.signatures.tree import signature_tree

# Moves of the search, upwards and downwards, at each budget; every so many budgets greedy helps.
_MOVES = 60
_GREEDY_EVERY = 8
# Nodes of branch and bound at each budget.
_NODES = 20_000
# Bounds that are made after the time is over, spread over the budgets.
_LATE_BOUNDS = 16
# Free selections that chains are grown from, and moves of the search at each step of a chain.
_ANCHORS = 5
_CHAIN_MOVES = 120


def monotone(bounds: Sequence[float]) -> list[float]:
    """Return bounds that use each other: what bounds a larger budget bounds a smaller one.

    Parameters
    ----------
    bounds
        By ascending budget.
    """
    lowest = np.minimum.accumulate(np.array(bounds, dtype=float)[::-1])[::-1]
    return [float(bound) for bound in lowest]


def price(objective: float, free: float) -> float:
    """Return what nesting costs: ``1 - objective / free``, from 0 to 1; 0 where free is below 0.

    What is worth less than nothing gives up all.
    """
    return min(1.0, max(0.0, 1.0 - objective / free)) if free > 0 else 0.0


def _tree(core: Core, incumbent: Mask, stop: Stop) -> Attempt:
    if isinstance(core, SignatureCore):
        return signature_tree(core, incumbent, stop, nodes=_NODES)
    return pair_tree(core, incumbent, stop, nodes=_NODES)


class Walk:
    """Selections and bounds of one problem, by ascending budget.

    Parameters
    ----------
    problem
        With no rule but its budget, and at most `solver.search.core.CORE_ITEMS` items.
    budgets
        Ascending, at least one.
    stop
        Time limit and cancellation.

    Attributes
    ----------
    chosen
        The best selection known for each budget.
    bounds
        What no selection of each budget exceeds; infinite where there was no time.
    """

    def __init__(self, problem: Problem, budgets: Sequence[float], stop: Stop) -> None:
        self._problem, self._budgets, self._stop = problem, budgets, stop
        self._allowances = [allowance(budget) for budget in budgets]
        self._search = Search(pair_matrix(problem), problem.profits, problem.costs)
        self.chosen: list[Mask] = []
        self.bounds = [math.inf] * len(budgets)

    def _reason(self) -> StopReason | None:
        return self._stop(0.0, math.inf)

    def _at(self, place: int) -> Problem:
        return replace(self._problem, budget=self._budgets[place])

    def select(self) -> None:
        """Find selections upwards, then improve them downwards."""
        self._upwards()
        self._downwards()

    def _upwards(self) -> None:
        last, final = np.zeros(self._problem.n, dtype=bool), len(self._budgets) - 1
        for place, limit in enumerate(self._allowances):
            over = self._reason() is not None
            starts = [last]
            # The largest budget's is what smaller ones are trimmed from when time is over.
            if place in {0, final} if over else place % _GREEDY_EVERY == 0:
                starts.append(greedy(self._at(place)).chosen)
            moves = 0 if over else _MOVES
            found = [self._search.improve(start, limit, moves) for start in starts]
            last = max(found, key=self._search.value)
            self.chosen.append(last)

    def _downwards(self) -> None:
        for place in range(len(self._budgets) - 2, -1, -1):
            reason = self._reason()
            if reason is StopReason.CANCELLED:
                return
            limit = self._allowances[place]
            start = self._search.trim(self.chosen[place + 1], limit)
            moves = _MOVES if reason is None else 0
            found = [self._search.improve(start, limit, moves), self.chosen[place]]
            self.chosen[place] = max(found, key=self._search.value)

    def prove(self, gap: float) -> None:
        """Bound every budget by branch and bound from its selection, the largest first.

        One core serves all budgets: only the limit changes from one to the next.

        Parameters
        ----------
        gap
            Relative gap at which a bound is good enough.
        """
        core: Core = (
            signature_core(self._problem)
            if isinstance(self._problem, SignatureProblem)
            else pair_core(self._problem)
        )
        stop = FirstOf(self._stop, GapReached(gap))
        for place in range(len(self.chosen) - 1, -1, -1):
            if self._reason() is not None:
                self._bound_late(place)
                break
            limits = np.array([self._allowances[place]])
            part = replace(core, rules=core.rules._replace(limits=limits))
            attempt = _tree(part, self.chosen[place], stop)
            if self._worth(attempt.chosen) > self._worth(self.chosen[place]):
                self.chosen[place] = attempt.chosen
            self.bounds[place] = attempt.upper_bound
            if not math.isfinite(attempt.upper_bound):  # no time was left
                self.bounds[place] = upper_bound(self._at(place), 0.0, self._stop)
        self.bounds = monotone(self.bounds)
        self._ascend()

    def _bound_late(self, largest: int) -> None:
        """Bound some of the budgets up to a place; each bound holds for those below it, too."""
        step = math.ceil((largest + 1) / _LATE_BOUNDS)
        for place in range(largest, -1, -step):
            if self._reason() is StopReason.CANCELLED:
                return
            self.bounds[place] = upper_bound(self._at(place), 0.0, self._stop)

    def _worth(self, chosen: Mask) -> float:
        return value(self._problem, chosen)

    def _ascend(self) -> None:
        """Let the selection of a smaller budget stand in where it is better."""
        before = self._worth(self.chosen[0])
        for place in range(1, len(self.chosen)):
            worth = self._worth(self.chosen[place])
            if before > worth:
                self.chosen[place] = self.chosen[place - 1]
            else:
                before = worth

    def nested(self) -> list[Mask]:
        """Return selections of which each contains those of smaller budgets."""
        free = self.chosen
        values = [self._search.value(chosen) for chosen in free]
        anchors = sorted(set(np.linspace(0, len(free) - 1, _ANCHORS).round().astype(int).tolist()))
        best, best_price = list(free), np.inf
        for anchor in anchors:
            if self._reason() is not None and anchor != anchors[-1]:
                continue  # the last is made in any case: trimming alone gives a good chain
            chain = self._chain(anchor)
            prices = [price(self._search.value(c), v) for c, v in zip(chain, values, strict=True)]
            worst = max(prices) + sum(prices) / len(prices)
            if worst < best_price:
                best, best_price = chain, worst
        return best

    def _chain(self, anchor: int) -> list[Mask]:
        search, allowances = self._search, self._allowances
        chain = {anchor: self.chosen[anchor]}
        for place in range(anchor + 1, len(allowances)):
            inner = chain[place - 1]
            chain[place] = search.improve(inner, allowances[place], self._moves(), fixed=inner)
        for place in range(anchor - 1, -1, -1):
            outer = chain[place + 1]
            start = search.trim(outer, allowances[place])
            chain[place] = search.improve(start, allowances[place], self._moves(), allowed=outer)
        return [chain[place] for place in range(len(allowances))]

    def _moves(self) -> int:
        return _CHAIN_MOVES if self._reason() is None else 0
