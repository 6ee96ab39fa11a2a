"""What a selection uses of every limit, and so which moves keep the rules."""

import math

import numpy as np
import numpy.typing as npt

from solver.model.problem import Budgeted, Floats, Mask

_UNLIMITED = np.iinfo(np.int64).max


class SelectionRules:
    """The limits of one reduced problem, as arrays; selections are passed in.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`): nothing is included, excluded or labelled.
    """

    def __init__(self, problem: Budgeted) -> None:
        rules = problem.constraints
        self._budgets = [(problem.costs, problem.allowance)]
        self._budgets += [(r.costs, r.allowance) for r in rules.resources]
        # Limits that all items together keep are never looked at again.
        self._binding = [
            (costs, allowance) for costs, allowance in self._budgets if math.fsum(costs) > allowance
        ]
        self._least_items = rules.min_items
        self._most_items = _UNLIMITED if rules.max_items is None else rules.max_items
        # Group 0 is everybody without one; it has no limits.
        self._group = np.zeros(problem.n, dtype=np.int64)
        for number, group in enumerate(rules.groups, start=1):
            self._group[group.items] = number
        self._least = np.array([0, *(g.minimum for g in rules.groups)], dtype=np.int64)
        most = [_UNLIMITED if g.maximum is None else g.maximum for g in rules.groups]
        self._most = np.array([_UNLIMITED, *most], dtype=np.int64)

    @property
    def has_minimums(self) -> bool:
        """Whether the empty selection may break a rule."""
        return self._least_items > 0 or bool(self._least.any())

    def _counts(self, chosen: Mask) -> npt.NDArray[np.int64]:
        return np.bincount(self._group[chosen], minlength=len(self._least)).astype(np.int64)

    def _affordable(self, chosen: Mask) -> Mask:
        fits = ~chosen
        for costs, allowance in self._binding:
            fits &= math.fsum(costs[chosen]) + costs <= allowance
        return fits

    def may_add(self, chosen: Mask) -> Mask:
        """Return the items that can be added without breaking a limit from above, shape (n,)."""
        if int(chosen.sum()) >= self._most_items:
            return np.zeros_like(chosen)
        return np.asarray(
            self._affordable(chosen) & (self._counts(chosen) < self._most)[self._group]
        )

    def may_drop(self, chosen: Mask) -> Mask:
        """Return the chosen items that no minimum needs, shape (n,)."""
        if int(chosen.sum()) <= self._least_items:
            return np.zeros_like(chosen)
        return np.asarray(chosen & (self._counts(chosen) > self._least)[self._group])

    def may_replace(self, chosen: Mask, out: list[int]) -> Mask:
        """Return the items each of which can stand in for those going out, shape (n,)."""
        without = chosen.copy()
        without[out] = False
        if int(without.sum()) + 1 < self._least_items:
            return np.zeros_like(chosen)
        possible = self.may_add(without)
        possible[out] = False
        missing = self._least - self._counts(without)
        if missing.max() > 0:
            # Whoever comes in makes up for one missing item of its own group, and no other.
            short = int(np.argmax(missing))
            possible &= (self._group == short) & (np.maximum(missing, 0).sum() == 1)
        return possible

    def prices(self) -> Floats:
        """Return what an item takes of all budgets together, each as a share of its limit.

        The budget's own costs where it is the only one.
        """
        if len(self._budgets) == 1:
            return self._budgets[0][0]
        shares = [costs / max(allowance, 1e-300) for costs, allowance in self._budgets]
        return np.asarray(np.minimum(np.sum(shares, axis=0), 1e300))
