"""What is asked: items with costs, a budget, and what selections are worth.

A problem is data that has been checked. Pairwise utilities come in one of two forms, and how they
are evaluated is in `solver.model.objective`. Every other objective is a `SetProblem`, which says
itself what a selection is worth (`solver.sets`).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, TypeAlias, TypeVar, cast

import numpy as np
import numpy.typing as npt

from solver.model.constraints import Constraints, allowance, check_least
from solver.model.errors import InvalidProblemError
from solver.model.vectors import (
    SCALED_ABOVE,
    Vectors,
    check_norms,
    is_large,
    kept_vectors,
    row_squares,
)

Floats: TypeAlias = npt.NDArray[np.float64]
Mask: TypeAlias = npt.NDArray[np.bool_]

# Squares of such sums are far from the largest float.
_LARGEST_SUM = 1e100


def floats(name: str, values: npt.ArrayLike, ndim: int) -> Floats:
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
    """Return checked vectors: large ones as they are kept, others in float64.

    Vectors that came out of here come out the same again, to the last bit: a certificate is about
    the numbers of a file, and a file that is read and written again has the same ones.
    """
    if is_large(values):
        return kept_vectors(values)
    vectors = floats("vectors", values, 2)
    squares = row_squares(vectors)
    check_norms(squares)
    long = squares > SCALED_ABOVE
    if long.any():
        # Rounding: scaled back, so that no pair utility is negative by more than its own rounding.
        scaled = vectors.copy()
        scaled[long] /= np.sqrt(squares[long])[:, None]
        return floats("vectors", scaled, 2)
    return vectors


def check_nonnegative(name: str, values: Floats) -> None:
    """Refuse numbers below 0, shape (k,)."""
    below = np.flatnonzero(values < 0)
    if below.size:
        message = f"{name} must be at least 0; entry {below[0]} is {values[below[0]]:g}."
        raise InvalidProblemError(message)


def check_sum(name: str, values: Floats) -> None:
    """Keep sums, and the squares of sums that the objective is made of, far from overflow."""
    with np.errstate(over="ignore"):
        total = float(np.abs(values).sum())
    if total > _LARGEST_SUM:
        message = f"{name} add up to {total:g}; sums up to {_LARGEST_SUM:g} can be worked with."
        raise InvalidProblemError(message)


def check_length(name: str, actual: int, n: int) -> None:
    """Refuse another number of entries than of costs."""
    if actual != n:
        message = f"{name} has {actual} entries where there are {n} costs."
        raise InvalidProblemError(message)


@dataclass(frozen=True, eq=False, kw_only=True)
class Budgeted:
    """The part that all forms share: costs, a budget, names and further rules."""

    costs: Floats
    budget: float
    ids: tuple[str, ...] = ()
    constraints: Constraints = field(default_factory=Constraints)

    def check_shared(self) -> None:
        """Check what is shared, and keep it as float64.

        Raises
        ------
        InvalidProblemError
            Naming the rule that is broken.
        """
        object.__setattr__(self, "costs", floats("costs", self.costs, 1))
        check_nonnegative("costs", self.costs)
        check_least("costs", self.costs)
        budget = float(self.budget)
        if not np.isfinite(budget) or budget < 0:
            message = f"The budget must be a finite number of at least 0, not {budget:g}."
            raise InvalidProblemError(message)
        object.__setattr__(self, "budget", budget)
        check_sum("costs", self.costs)
        object.__setattr__(self, "ids", tuple(self.ids))
        if self.ids:
            check_length("ids", len(self.ids), self.n)
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
        """The largest sum of costs that counts as within the budget."""
        return allowance(self.budget)


@dataclass(frozen=True, eq=False, kw_only=True)
class SignatureProblem(Budgeted):
    """Utilities given by signatures: ``s_ij = w_i w_j (1 - m_i . m_j)`` for ``i != j``.

    Parameters
    ----------
    weights
        ``w``, shape (n,), at least 0. Under the paper's objective ``1 - intra_i``.
    vectors
        ``m``, shape (n, d): the mean of each item's unit centres, so of norm at most 1. Many of
        them may be float32, also memory-mapped, and stay as they are (`solver.model.vectors`).
    costs
        Shape (n,), at least 0, in the budget's unit.
    budget
        Limit on the sum of the chosen costs, at least 0.
    ids
        Names of the items, unique; empty where items are known by their index.
    constraints
        Further rules (`solver.model.constraints`); none by default.
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
        self.check_shared()
        profits = floats("profits", self.profits, 1)
        if not profits.size:
            profits = floats("profits", np.zeros(self.n), 1)
        object.__setattr__(self, "profits", profits)
        check_length("profits", len(profits), self.n)
        check_sum("profits", profits)
        object.__setattr__(self, "weights", floats("weights", self.weights, 1))
        object.__setattr__(self, "vectors", _vectors(self.vectors))
        check_length("weights", len(self.weights), self.n)
        check_length("vectors", len(self.vectors), self.n)
        check_nonnegative("weights", self.weights)
        check_sum("weights", self.weights)


@dataclass(frozen=True, eq=False, kw_only=True)
class PairProblem(Budgeted):
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
        self.check_shared()
        object.__setattr__(self, "utilities", floats("utilities", self.utilities, 2))
        object.__setattr__(self, "profits", floats("profits", self.profits, 1))
        check_length("profits", len(self.profits), self.n)
        check_sum("utilities", self.utilities)
        check_sum("profits", self.profits)
        if self.utilities.shape != (self.n, self.n):
            message = f"utilities must have shape {(self.n, self.n)}, not {self.utilities.shape}."
            raise InvalidProblemError(message)
        if not np.array_equal(self.utilities, self.utilities.T):
            message = "utilities must be symmetric."
            raise InvalidProblemError(message)
        if np.diagonal(self.utilities).any():
            message = "The diagonal of utilities must be 0; an item's own worth goes into profits."
            raise InvalidProblemError(message)


class Growing(Protocol):
    """A selection that grows, and what greedy goes by while it does."""

    def marginal_gains(self, items: npt.NDArray[np.int64]) -> Floats:
        """Return what greedy expects of adding each of some items, shape (k,), at least 0."""
        ...

    def add(self, item: int) -> None:
        """Add an item."""
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class SetProblem(Budgeted, ABC):
    """An objective that never falls when an item is added, and that evaluates itself.

    A kind of objective is a subclass (`solver.sets`): its data, these methods, and a search of its
    own that `solver.sets.solve` knows.
    """

    submodular: ClassVar[bool] = True
    """Whether an item's promise can only fall while a selection grows."""

    @abstractmethod
    def value(self, chosen: Mask) -> float:
        """Return the objective of a selection, shape (n,)."""

    @abstractmethod
    def additions(self, chosen: Mask) -> Floats:
        """Return ``f(S + i) - f(S)`` for every item, 0 for those inside, shape (n,)."""

    def losses(self, chosen: Mask) -> Floats:
        """Return ``f(S) - f(S - i)`` for every item, 0 for those outside, shape (n,)."""
        worth, lost, rest = self.value(chosen), np.zeros(self.n), chosen.copy()
        for item in np.flatnonzero(chosen):
            rest[item] = False
            lost[item] = max(0.0, worth - self.value(rest))
            rest[item] = True
        return lost

    @abstractmethod
    def growing(self, chosen: Mask) -> Growing:
        """Return a selection that greedy can let grow."""

    @abstractmethod
    def part(
        self,
        items: npt.NDArray[np.intp],
        fixed: Mask,
        budget: float,
        ids: tuple[str, ...],
        constraints: Constraints,
    ) -> "SetProblem":
        """Return the same question about some items, with others that are there for good.

        Parameters
        ----------
        items
            Distinct indices of the items that are left, shape (k,).
        fixed
            Items that are there already, shape (n,): for every selection S of `items` the part's
            objective of S is this problem's of S and `fixed` together.
        budget, ids, constraints
            Those of the part.
        """

    @property
    @abstractmethod
    def resolution(self) -> float:
        """The difference between two objectives that is still rounding."""


Problem: TypeAlias = SignatureProblem | PairProblem
"""The objectives that are sums over pairs."""
AnyProblem: TypeAlias = SignatureProblem | PairProblem | SetProblem
ProblemT = TypeVar("ProblemT", bound=AnyProblem)


def take(problem: ProblemT, items: npt.NDArray[np.intp], budget: float | None = None) -> ProblemT:
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
    limit = problem.budget if budget is None else budget
    return cast("ProblemT", _taken(problem, items, limit))


def _taken(problem: AnyProblem, items: npt.NDArray[np.intp], limit: float) -> AnyProblem:
    ids = tuple(problem.ids[k] for k in items) if problem.ids else ()
    costs = problem.costs[items]
    constraints = problem.constraints.of(items, problem.n)
    if isinstance(problem, SetProblem):
        return problem.part(items, np.zeros(problem.n, dtype=bool), limit, ids, constraints)
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
