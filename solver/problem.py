"""What is asked: items with costs, a budget, and pairwise utilities given in one of two forms.

A problem is data that has been checked; how it is evaluated is in `solver.objective`.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from solver.errors import InvalidProblemError

Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

# A sum of costs may exceed the budget by this much, relative to it: rounding (0.1 + 0.2 > 0.3 in
# binary), far below one unit of any integer cost up to 1e12.
BUDGET_TOLERANCE = 1e-12

# Squares of such sums are far from the largest float.
_LARGEST_SUM = 1e100

# A unit vector's squared norm after float32 arithmetic. Anything longer is no mean of unit vectors;
# up to here it is rounding and is scaled back to 1, so that no pair utility is negative.
_NORM_LIMIT = 1.0 + 1e-4


def _floats(name: str, values: npt.ArrayLike, ndim: int) -> Floats:
    """Return `values` as a read-only float64 array after checking dimension and finiteness."""
    try:
        array = np.array(values, dtype=np.float64, order="C")
    except (TypeError, ValueError) as error:
        message = f"{name} must be numbers of one shape: {error}."
        raise InvalidProblemError(message) from error
    if array.ndim != ndim:
        message = f"{name} must have {ndim} dimension(s), not {array.ndim}."
        raise InvalidProblemError(message)
    finite = np.isfinite(array)
    if not finite.all():
        where = tuple(int(k) for k in np.argwhere(~finite)[0])
        message = f"{name} must be finite; entry {where} is {array[where]}."
        raise InvalidProblemError(message)
    array.flags.writeable = False
    return array


def _check_nonnegative(name: str, values: Floats) -> None:
    below = np.flatnonzero(values < 0)
    if below.size:
        message = f"{name} must be at least 0; entry {below[0]} is {values[below[0]]:g}."
        raise InvalidProblemError(message)


def _check_sum(name: str, values: Floats) -> None:
    """Keep sums, and the squares of sums that the objective is made of, far from overflow."""
    with np.errstate(over="ignore"):
        total = float(np.abs(values).sum())
    if total > _LARGEST_SUM:
        message = f"{name} add up to {total:g}; sums up to {_LARGEST_SUM:g} can be worked with."
        raise InvalidProblemError(message)


def _check_length(name: str, actual: int, n: int) -> None:
    if actual != n:
        message = f"{name} has {actual} entries where there are {n} costs."
        raise InvalidProblemError(message)


@dataclass(frozen=True, eq=False, kw_only=True)
class _Budgeted:
    """The part that both forms share: costs, a budget and names."""

    costs: Floats
    budget: float
    ids: tuple[str, ...] = ()

    def _check_shared(self) -> None:
        object.__setattr__(self, "costs", _floats("costs", self.costs, 1))
        _check_nonnegative("costs", self.costs)
        budget = float(self.budget)
        if not np.isfinite(budget) or budget < 0:
            message = f"The budget must be a finite number of at least 0, not {budget:g}."
            raise InvalidProblemError(message)
        object.__setattr__(self, "budget", budget)
        _check_sum("costs", self.costs)
        object.__setattr__(self, "ids", tuple(self.ids))
        if self.ids:
            _check_length("ids", len(self.ids), self.n)
            seen: set[str] = set()
            for name in self.ids:
                if name in seen:
                    message = f"ids must be unique; {name!r} occurs twice."
                    raise InvalidProblemError(message)
                seen.add(name)

    @property
    def n(self) -> int:
        """Number of items."""
        return int(self.costs.shape[0])

    @property
    def allowance(self) -> float:
        """The largest sum of costs that counts as within the budget (`BUDGET_TOLERANCE`)."""
        return self.budget * (1.0 + BUDGET_TOLERANCE)


@dataclass(frozen=True, eq=False, kw_only=True)
class SignatureProblem(_Budgeted):
    """Utilities given by signatures: ``s_ij = w_i w_j (1 - m_i . m_j)`` for ``i != j``.

    Parameters
    ----------
    weights
        ``w``, shape (n,), at least 0. Under the paper's objective ``1 - intra_i``.
    vectors
        ``m``, shape (n, d): the mean of each item's unit centres, so of norm at most 1.
    costs
        Shape (n,), at least 0, in the budget's unit.
    budget
        Limit on the sum of the chosen costs, at least 0.
    ids
        Names of the items, unique; empty where items are known by their index.

    Raises
    ------
    InvalidProblemError
        When an array breaks one of these rules.

    References
    ----------
    Samet et al., "You Never Get a Second Chance To Make a Good First Impression" (ICCV 2023),
    section 3: pair scores from inter- and intra-scene similarity.
    """

    weights: Floats
    vectors: Floats

    def __post_init__(self) -> None:
        self._check_shared()
        object.__setattr__(self, "weights", _floats("weights", self.weights, 1))
        object.__setattr__(self, "vectors", _floats("vectors", self.vectors, 2))
        _check_length("weights", len(self.weights), self.n)
        _check_length("vectors", len(self.vectors), self.n)
        _check_nonnegative("weights", self.weights)
        _check_sum("weights", self.weights)
        norms = np.einsum("ij,ij->i", self.vectors, self.vectors)
        long = np.flatnonzero(norms > _NORM_LIMIT)
        if long.size:
            message = (
                "vectors must have norm at most 1 (means of unit vectors); "
                f"entry {long[0]} has norm {norms[long[0]] ** 0.5:g}."
            )
            raise InvalidProblemError(message)
        if (norms > 1.0).any():
            scaled = self.vectors / np.sqrt(np.maximum(norms, 1.0))[:, None]
            object.__setattr__(self, "vectors", _floats("vectors", scaled, 2))


@dataclass(frozen=True, eq=False, kw_only=True)
class PairProblem(_Budgeted):
    """Utilities given outright: a symmetric matrix of pair utilities and linear profits.

    Parameters
    ----------
    utilities
        Shape (n, n), symmetric; each chosen pair counts once. The diagonal must be 0.
    profits
        Shape (n,): what an item is worth alone. Any sign.
    costs, budget, ids
        As in `SignatureProblem`.

    Raises
    ------
    InvalidProblemError
        When an array breaks one of these rules.
    """

    utilities: Floats
    profits: Floats

    def __post_init__(self) -> None:
        self._check_shared()
        object.__setattr__(self, "utilities", _floats("utilities", self.utilities, 2))
        object.__setattr__(self, "profits", _floats("profits", self.profits, 1))
        _check_length("profits", len(self.profits), self.n)
        _check_sum("utilities", self.utilities)
        _check_sum("profits", self.profits)
        if self.utilities.shape != (self.n, self.n):
            message = f"utilities must have shape {(self.n, self.n)}, not {self.utilities.shape}."
            raise InvalidProblemError(message)
        if not np.array_equal(self.utilities, self.utilities.T):
            message = "utilities must be symmetric."
            raise InvalidProblemError(message)
        if np.diagonal(self.utilities).any():
            message = "The diagonal of utilities must be 0; an item's own worth goes into profits."
            raise InvalidProblemError(message)


Problem: TypeAlias = SignatureProblem | PairProblem


def take(problem: Problem, items: npt.NDArray[np.intp], budget: float | None = None) -> Problem:
    """Return the problem on some of its items, in the order given.

    Parameters
    ----------
    problem
        The problem.
    items
        Distinct indices, shape (k,).
    budget
        Another budget; the problem's own where None.
    """
    ids = tuple(problem.ids[k] for k in items) if problem.ids else ()
    costs = problem.costs[items]
    limit = problem.budget if budget is None else budget
    if isinstance(problem, SignatureProblem):
        return SignatureProblem(
            weights=problem.weights[items],
            vectors=problem.vectors[items],
            costs=costs,
            budget=limit,
            ids=ids,
        )
    return PairProblem(
        utilities=problem.utilities[np.ix_(items, items)],
        profits=problem.profits[items],
        costs=costs,
        budget=limit,
        ids=ids,
    )
