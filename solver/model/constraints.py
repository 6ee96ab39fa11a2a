"""What a selection must keep besides the budget, as data that has been checked.

Only what no problem could ask for is refused here (an unknown item, a minimum above its maximum).
Rules that contradict each other are a question with the answer "infeasible": see
`solver.rules.feasibility`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from solver.model.errors import InvalidProblemError

Ints = npt.NDArray[np.int64]
_Floats = npt.NDArray[np.float64]

LIMIT_TOLERANCE = 1e-12
"""A sum of costs may exceed its limit by this much, relative to it.

That is rounding (0.1 + 0.2 > 0.3 in binary), far below one unit of any integer cost up to 1e12.
"""

_LARGEST_SUM = 1e100
LEAST_COST = 1e-100
"""Costs below it, but for 0, are refused: ratios of worth and cost would overflow."""

_LARGEST_COUNT = 2**53


def allowance(limit: float) -> float:
    """Return the largest sum of costs that counts as within a limit: the budget's, or another.

    This is the one place where the tolerance of a budget is defined. Every search, model and
    certificate gets it from here; the verifiers define their own.
    """
    return limit * (1.0 + LIMIT_TOLERANCE)


def check_least(name: str, costs: _Floats) -> None:
    """Refuse costs, shape (n,), that are above 0 and too small to divide by."""
    small = np.flatnonzero((costs > 0) & (costs < LEAST_COST))
    if small.size:
        message = (
            f"{name} must be 0 or at least {LEAST_COST:g}; entry {small[0]} is {costs[small[0]]:g}."
        )
        raise InvalidProblemError(message)


def _items(name: str, values: npt.ArrayLike) -> Ints:
    """Return item numbers sorted, as a read-only int64 array."""
    array = np.asarray(values)
    if array.size == 0:
        array = np.zeros(0, dtype=np.int64)
    if array.ndim != 1 or not np.issubdtype(array.dtype, np.integer):
        message = f"{name} must be a list of item numbers."
        raise InvalidProblemError(message)
    array = np.sort(array.astype(np.int64))
    twice = np.flatnonzero(np.diff(array) == 0)
    if twice.size:
        message = f"{name} has item {array[twice[0]]} twice."
        raise InvalidProblemError(message)
    array.flags.writeable = False
    return array


def _check_range(name: str, minimum: int, maximum: int | None) -> None:
    numbers: tuple[object, ...] = (minimum, 0 if maximum is None else maximum)
    for number in numbers:
        if not isinstance(number, int | np.integer) or number < 0:
            message = f"{name} must be whole numbers of at least 0, not {number!r}."
            raise InvalidProblemError(message)
        if number > _LARGEST_COUNT:
            message = f"{name} must be at most {_LARGEST_COUNT}, not {number}."
            raise InvalidProblemError(message)
    if maximum is not None and minimum > maximum:
        message = f"{name}: the minimum of {minimum} is above the maximum of {maximum}."
        raise InvalidProblemError(message)


def _check_names(kind: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            message = f"{kind} must have different names; {name!r} occurs twice."
            raise InvalidProblemError(message)
        seen.add(name)


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupRule:
    """How many items of one group may be chosen.

    Parameters
    ----------
    name
        For explanations.
    items
        Item numbers, distinct, shape (k,), int64; kept sorted.
    minimum, maximum
        Bounds on how many of them are chosen; None for no maximum.

    Raises
    ------
    InvalidProblemError
        When an item occurs twice, or the bounds are negative or crossed.
    """

    name: str
    items: Ints
    minimum: int = 0
    maximum: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", _items(f"group {self.name!r}", self.items))
        _check_range(f"The limits of group {self.name!r}", self.minimum, self.maximum)


@dataclass(frozen=True, eq=False, kw_only=True)
class Resource:
    """A further budget.

    Parameters
    ----------
    name
        For explanations.
    costs
        What each item takes of it, shape (n,), float64, at least 0.
    limit
        Limit on the sum of the chosen, in the unit of the costs.

    Raises
    ------
    InvalidProblemError
        When a cost or the limit is negative, not finite, or not a number.
    """

    name: str
    costs: _Floats
    limit: float

    def __post_init__(self) -> None:
        try:
            costs = np.array(self.costs, dtype=np.float64, order="C")
            limit = float(self.limit)
        except (TypeError, ValueError) as error:
            message = f"resource {self.name!r} must have numbers as costs and limit: {error}."
            raise InvalidProblemError(message) from error
        wrong = np.flatnonzero(~(np.isfinite(costs) & (costs >= 0)))
        if costs.ndim != 1 or wrong.size:
            which = f"; entry {wrong[0]} is {costs.flat[wrong[0]]}" if wrong.size else ""
            message = (
                f"The costs of resource {self.name!r} must be a list of finite numbers "
                f"of at least 0{which}."
            )
            raise InvalidProblemError(message)
        if not np.isfinite(limit) or limit < 0:
            message = (
                f"The limit of resource {self.name!r} must be a finite number of at least 0, "
                f"not {limit:g}."
            )
            raise InvalidProblemError(message)
        check_least(f"The costs of resource {self.name!r}", costs)
        with np.errstate(over="ignore"):
            total = float(costs.sum())
        if total > _LARGEST_SUM:
            message = f"The costs of resource {self.name!r} add up to {total:g}, too much."
            raise InvalidProblemError(message)
        costs.flags.writeable = False
        object.__setattr__(self, "costs", costs)
        object.__setattr__(self, "limit", limit)

    @property
    def allowance(self) -> float:
        """The largest sum of costs that counts as within the limit."""
        return allowance(self.limit)


def _none() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class Constraints:
    """Rules besides the budget; the default has none.

    Parameters
    ----------
    include
        Items that must be chosen; they are paid for and counted. Shape (k,), int64.
    exclude
        Items that must not be chosen.
    labelled
        Items that are there already: their pairs count in the objective, but they cost nothing in
        any resource, count in no number of items, and are no part of a selection. An item that is
        included and labelled is there, so it is not bought again.
    min_items, max_items
        How many items are chosen; None for no maximum.
    groups
        Limits on disjoint groups.
    resources
        Further budgets.

    Raises
    ------
    InvalidProblemError
        When a list has an item twice, bounds are crossed, or names occur twice.
    """

    include: Ints = field(default_factory=_none)
    exclude: Ints = field(default_factory=_none)
    labelled: Ints = field(default_factory=_none)
    min_items: int = 0
    max_items: int | None = None
    groups: tuple[GroupRule, ...] = ()
    resources: tuple[Resource, ...] = ()

    def __post_init__(self) -> None:
        for name in ("include", "exclude", "labelled"):
            object.__setattr__(self, name, _items(name, getattr(self, name)))
        _check_range("min_items and max_items", self.min_items, self.max_items)
        object.__setattr__(self, "groups", tuple(self.groups))
        object.__setattr__(self, "resources", tuple(self.resources))
        _check_names("groups", (group.name for group in self.groups))
        _check_names("resources", (resource.name for resource in self.resources))

    def check(self, n: int) -> None:
        """Check that all of it is about items 0 to n - 1, and that groups are disjoint.

        Raises
        ------
        InvalidProblemError
            Naming the first rule that is not.
        """
        lists = {"include": self.include, "exclude": self.exclude, "labelled": self.labelled}
        lists |= {f"group {group.name!r}": group.items for group in self.groups}
        for name, items in lists.items():
            outside = items[(items < 0) | (items >= n)]
            if outside.size:
                message = f"{name} has item {outside[0]}; the items are 0 to {n - 1}."
                raise InvalidProblemError(message)
        owner = np.full(n, -1, dtype=np.int64)
        for number, group in enumerate(self.groups):
            taken = group.items[owner[group.items] >= 0]
            if taken.size:
                other = self.groups[int(owner[taken[0]])].name
                message = (
                    f"groups must be disjoint; item {taken[0]} is in {other!r} and {group.name!r}."
                )
                raise InvalidProblemError(message)
            owner[group.items] = number
        for resource in self.resources:
            if len(resource.costs) != n:
                message = (
                    f"resource {resource.name!r} has {len(resource.costs)} costs "
                    f"where there are {n} items."
                )
                raise InvalidProblemError(message)

    @property
    def fixes(self) -> bool:
        """Whether some item's place is decided: included, excluded or labelled."""
        return bool(self.include.size or self.exclude.size or self.labelled.size)

    @property
    def limits(self) -> bool:
        """Whether there is a limit besides the budget: on items, groups or a further resource."""
        counted = self.min_items > 0 or self.max_items is not None
        return counted or bool(self.groups or self.resources)

    def of(self, items: Ints, n: int) -> "Constraints":
        """Return the rules as they read for some of the items, renumbered in the order given.

        Numbers of items stay as they are: who leaves items out adjusts them.

        Parameters
        ----------
        items
            Distinct item numbers, shape (k,).
        n
            How many items there were.
        """
        place = np.full(n, -1, dtype=np.int64)
        place[items] = np.arange(len(items))

        def kept(old: Ints) -> Ints:
            new = place[old]
            return new[new >= 0]

        return Constraints(
            include=kept(self.include),
            exclude=kept(self.exclude),
            labelled=kept(self.labelled),
            min_items=self.min_items,
            max_items=self.max_items,
            groups=tuple(
                GroupRule(
                    name=group.name,
                    items=kept(group.items),
                    minimum=group.minimum,
                    maximum=group.maximum,
                )
                for group in self.groups
            ),
            resources=tuple(
                Resource(name=r.name, costs=r.costs[items], limit=r.limit) for r in self.resources
            ),
        )
