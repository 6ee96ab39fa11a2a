"""What is asked: items with costs, a budget, and pairwise utilities given in one of two forms.

A problem is data that has been checked; how it is evaluated is in `solver.objective`.
"""

from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from solver.constraints import LIMIT_TOLERANCE, Constraints
from solver.errors import InvalidProblemError
from solver.vectors import Vectors, check_norms, is_large, kept_vectors, row_squares

Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

# A sum of costs may exceed the budget by this much, relative to it.
BUDGET_TOLERANCE = LIMIT_TOLERANCE

# Squares of such sums are far from the largest float.
_LARGEST_SUM = 1e100


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


def _vectors(values: npt.ArrayLike) -> Vectors:
    """Return checked vectors: large ones as they are kept, others in float64."""
    if is_large(values):
        return kept_vectors(values)
    vectors = _floats("vectors", values, 2)
    squares = row_squares(vectors)
    check_norms(squares)
    if (squares > 1.0).any():
        # Rounding: scaled back, so that no pair utility is negative.
        scaled = vectors / np.sqrt(np.maximum(squares, 1.0))[:, None]
        return _floats("vectors", scaled, 2)
    return vectors


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
    """The part that both forms share: costs, a budget, names and further rules."""

    costs: Floats
    budget: float
    ids: tuple[str, ...] = ()
    constraints: Constraints = field(default_factory=Constraints)

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
        self.constraints.check(self.n)

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
        ``m``, shape (n, d): the mean of each item's unit centres, so of norm at most 1. Many of
        them may be float32, also memory-mapped, and stay as they are (`solver.vectors`).
    costs
        Shape (n,), at least 0, in the budget's unit.
    budget
        Limit on the sum of the chosen costs, at least 0.
    ids
        Names of the items, unique; empty where items are known by their index.
    constraints
        Further rules (`solver.constraints`); none by default.
    profits
        Shape (n,): what an item is worth alone, any sign. Zeros by default.

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
    vectors: Vectors
    profits: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        self._check_shared()
        profits = _floats("profits", self.profits, 1)
        if not profits.size:
            profits = _floats("profits", np.zeros(self.n), 1)
        object.__setattr__(self, "profits", profits)
        _check_length("profits", len(profits), self.n)
        _check_sum("profits", profits)
        object.__setattr__(self, "weights", _floats("weights", self.weights, 1))
        object.__setattr__(self, "vectors", _vectors(self.vectors))
        _check_length("weights", len(self.weights), self.n)
        _check_length("vectors", len(self.vectors), self.n)
        _check_nonnegative("weights", self.weights)
        _check_sum("weights", self.weights)


@dataclass(frozen=True, eq=False, kw_only=True)
class PairProblem(_Budgeted):
    """Utilities given outright: a symmetric matrix of pair utilities and linear profits.

    Parameters
    ----------
    utilities
        Shape (n, n), symmetric; each chosen pair counts once. The diagonal must be 0.
    profits
        Shape (n,): what an item is worth alone. Any sign.
    costs, budget, ids, constraints
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

    Rules about items that are left out read as if they did not exist (`Constraints.of`).

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
    constraints = problem.constraints.of(items, problem.n)
    if isinstance(problem, SignatureProblem):
        return SignatureProblem(
            weights=problem.weights[items],
            vectors=problem.vectors[items],
            profits=problem.profits[items],
            costs=costs,
            budget=limit,
            ids=ids,
            constraints=constraints,
        )
    return PairProblem(
        utilities=problem.utilities[np.ix_(items, items)],
        profits=problem.profits[items],
        costs=costs,
        budget=limit,
        ids=ids,
        constraints=constraints,
    )
