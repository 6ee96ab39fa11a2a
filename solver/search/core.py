"""The undecided heart of a problem as plain arrays: what the compiled kernels work on.

A core has a matrix of pair utilities. For pair problems that is the problem itself; for signatures
it is made of at most `CORE_ITEMS` items, so its size is bounded whatever the number of scenes.
"""

from dataclasses import dataclass

import numpy as np
from typing_extensions import override

from solver.model.objective import profits_that_count
from solver.model.problem import Floats, Mask, PairProblem, SignatureProblem
from solver.rules.arrays import RuleArrays, keeps, rule_arrays, tally
from solver.search.best_first import Margin
from solver.search.knapsack import fractional_knapsack
from solver.search.moves import worth

# A matrix of so many items takes 8 MiB: the largest core that is made of signatures.
CORE_ITEMS = 1024

# A bound this close above the incumbent is rounding, relative to the sum of all numbers that bounds
# are differences of.
_CANCELLATION = 1e-14
_DIFFERENCE = 5e-14
# What a running sum of costs may be off by, relative to the budget.
_DRIFT = 1e-13
# Where all worths are integers the next better one is 1 more. Sums up to this keep bounds exact to
# far less than the margin.
_INTEGER_SUM = 1e10
_WHOLE = 0.99


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Core:
    """Items, their utilities and the rules that a selection must keep.

    Parameters
    ----------
    utilities
        Shape (n, n), symmetric with a zero diagonal.
    profits
        What an item is worth alone, shape (n,).
    rules
        What must be kept.
    """

    utilities: Floats
    profits: Floats
    rules: RuleArrays

    @property
    def n(self) -> int:
        """Number of items."""
        return len(self.profits)

    def keeps(self, chosen: Mask) -> bool:
        """Return whether a selection keeps every rule."""
        return bool(keeps(tally(chosen, self.rules), self.rules))

    def value(self, chosen: Mask) -> float:
        """Return the objective of a selection."""
        return float(worth(self.utilities, self.profits, chosen))

    def room(self, inside: Mask) -> float:
        """Return what the budget leaves beside the items inside, rounded up."""
        limit = float(self.rules.limits[0])
        return limit - float(self.rules.costs[0][inside].sum()) + _DRIFT * limit

    def _total(self) -> float:
        """Return the sum of the sizes of all numbers that a best objective may be made of."""
        most = self.profits + np.maximum(self.utilities, 0.0).sum(axis=1)
        needed = self.rules.least > 0 or bool(self.rules.group_least.any())
        sizes = profits_that_count(self.profits, most, needed=needed)
        return float(np.abs(self.utilities).sum() + sizes.sum())

    def margin(self) -> Margin:
        """Return by how much a bound must exceed an objective to matter."""
        total = self._total()
        whole = all(np.array_equal(a, np.rint(a)) for a in (self.profits, self.utilities))
        if whole and total < _INTEGER_SUM:
            return Margin(_WHOLE, 0.0)
        return Margin(_CANCELLATION * total)


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SignatureCore(Core):
    """A core of signatures: what the concave relaxation needs besides the utilities.

    Parameters
    ----------
    gram
        ``(w_i m_i).(w_j m_j)``, shape (n, n).
    weights, diagonal
        w and ``w_i^2 (1 - |m_i|^2)``, shapes (n,).
    """

    gram: Floats
    weights: Floats
    diagonal: Floats

    @override
    def margin(self) -> Margin:
        """Return by how much a bound must exceed an objective to matter: worths are no integers."""
        total = self._total()
        # Where vectors are nearly the same, worths are small differences of t^2 / 2 and |v|^2 / 2.
        costs, limit = self.rules.costs[0], float(self.rules.limits[0])
        top = float(self.weights @ fractional_knapsack(self.weights, costs, limit))
        return Margin(_CANCELLATION * total + _DIFFERENCE * top * top)


def pair_core(problem: PairProblem) -> Core:
    """Return the core of a pair problem: all of it."""
    utilities, profits = np.array(problem.utilities), np.array(problem.profits)
    return Core(utilities=utilities, profits=profits, rules=rule_arrays(problem))


def signature_core(problem: SignatureProblem) -> SignatureCore:
    """Return the core of a signature problem of at most `CORE_ITEMS` items.

    Raises
    ------
    ValueError
        When there are more.
    """
    if problem.n > CORE_ITEMS:
        message = f"A core has at most {CORE_ITEMS} items, not {problem.n}."
        raise ValueError(message)
    weights, profits = np.array(problem.weights), np.array(problem.profits)
    directions = weights[:, None] * np.asarray(problem.vectors, dtype=np.float64)
    gram = directions @ directions.T
    gram = 0.5 * (gram + gram.T)
    # No utility is below 0; what is, is rounding of vectors that are nearly the same.
    utilities = np.maximum(np.outer(weights, weights) - gram, 0.0)
    diagonal = np.maximum(weights**2 - np.diagonal(gram), 0.0)
    np.fill_diagonal(utilities, 0.0)
    # K follows from the utilities, so that relaxation and objective agree to the last digit.
    exact = np.outer(weights, weights) - utilities
    np.fill_diagonal(exact, weights**2 - diagonal)
    return SignatureCore(
        utilities=utilities,
        profits=profits,
        rules=rule_arrays(problem),
        gram=exact,
        weights=weights,
        diagonal=diagonal,
    )
