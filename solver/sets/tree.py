"""What the trees of objectives that evaluate themselves share: rules, one limit, and endings.

Bounds take one limit into account, the one that binds most at the root; other rules bind by
propagation, and where they are broken. With a log the tree proves what the log says is to be proven
and writes down how; it looks for no selection then.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from solver.model.problem import Floats, Mask, SetProblem
from solver.model.stop import Stop
from solver.rules.arrays import FREE, IN, OUT, States, propagate, rule_arrays
from solver.rules.book import keeps, knapsacks
from solver.search.best_first import Margin, OpenTree
from solver.search.greedy import extend
from solver.search.proof_log import ProofLog


class Found(Protocol):
    """A bound on a node, and what it follows from.

    Parameters
    ----------
    bound
        As the kind of tree counts it.
    row
        What its plane is made of.
    price
        Multiplier of the limit.
    """

    @property
    def bound(self) -> float: ...
    @property
    def row(self) -> Floats: ...
    @property
    def price(self) -> float: ...


@dataclass(frozen=True, eq=False, slots=True)
class SetNode:
    """An open node.

    Parameters
    ----------
    state
        Decisions, shape (n,).
    bound
        Nothing that they allow is worth more.
    row, price
        See `Found`: where the bound came from.
    limit
        What is known without `row`, and children start from: in a log, what has been written down.
    place
        Number of the node in the log.
    """

    state: States
    bound: float
    row: Floats
    price: float
    limit: float
    place: int


ProblemT = TypeVar("ProblemT", bound=SetProblem)
FoundT = TypeVar("FoundT", bound=Found)


class SetTree(OpenTree[SetNode], Generic[ProblemT, FoundT]):
    """The search on one problem.

    Parameters
    ----------
    problem
        Reduced (`solver.rules.reduction`).
    start
        A selection that keeps every rule, or any other: then there is no incumbent.
    stop
        Asked with incumbent and bound.
    log
        Receives a proof, and says of what; None for a search.
    """

    def __init__(
        self, problem: ProblemT, start: Mask, stop: Stop, log: ProofLog | None = None
    ) -> None:
        if log is None:
            objective = problem.value(start) if keeps(problem, start) else -np.inf
            super().__init__(start, objective, Margin())
        else:
            super().__init__(start, log.target, Margin(2.0 * self.rounding(problem)))
        self.problem, self.stop, self.log = problem, stop, log
        self.rules = rule_arrays(problem)
        self.limit = knapsacks(problem)[0]

    @staticmethod
    @abstractmethod
    def rounding(problem: ProblemT) -> float:
        """Return what rounding may add to a bound."""

    def proven_bound(self) -> float:
        """Return what closed nodes may be worth: the incumbent, or more by less than the margin.

        A proof leaves the margin to the tolerance that is granted when it is checked.
        """
        return self.bound() if self.log is None else self.objective

    def is_full(self) -> bool:
        """Return whether nothing is open, of a proof that is not there: what it says is not so."""
        return self.log is not None and not len(self.open)

    def choose_limit(self, state: States, start: Floats) -> None:
        """Bound by the limit that binds most: the one with the lowest first bound."""
        limits = knapsacks(self.problem)
        if len(limits) == 1:
            return
        bounds = []
        for self.limit in limits:
            bounds.append(self.first_bound(state, start))
        self.limit = limits[int(np.argmin(bounds))]

    @abstractmethod
    def first_bound(self, state: States, start: Floats) -> float:
        """Return a bound that is found in a few steps."""

    @abstractmethod
    def fix(self, state: States, found: FoundT) -> None:
        """Decide, in place, what could at most be worth the target otherwise."""

    @abstractmethod
    def inflated(self, found: FoundT) -> float:
        """Return the bound as the objective counts it, with its rounding."""

    @abstractmethod
    def corner(self, state: States) -> tuple[float, Floats]:
        """Return a bound on a node that leaves nothing undecided, and the row that gives it."""

    @abstractmethod
    def written(self, row: Floats) -> tuple[npt.NDArray[np.int64], np.ndarray]:
        """Return the items, or points, that a row is about, and its numbers as a log keeps them."""

    def offer_filled(self, chosen: Mask) -> None:
        """Fill a selection up, and keep it where it is better; a proof needs none."""
        if self.log is None and keeps(self.problem, chosen):
            self.offer_kept(extend(self.problem, chosen))

    def offer_kept(self, chosen: Mask) -> None:
        """Keep a selection where it is better and keeps the rules."""
        objective = self.problem.value(chosen)
        if objective > self.objective and keeps(self.problem, chosen):
            self.offer(chosen, objective)

    def split(self, place: int, item: int) -> tuple[int, int]:
        """Split a node by an item; return the numbers of the parts without it and with it."""
        return (0, 0) if self.log is None else self.log.split(place, "item", item)

    def show(
        self,
        place: int,
        row: Floats,
        price: float,
        decided: tuple[list[int], list[int]] = ([], []),
        *,
        closes: bool = False,
    ) -> int:
        """Write a bound down, and the items that it takes and refuses; return what is left."""
        if self.log is None:
            return place
        number = self.log.point(*self.written(row))
        prices = {self.limit.name: price} if price > 0.0 else {}
        return self.log.bound(place, number, prices, *decided, closes=closes)

    def decided(self, state: States, place: int, found: FoundT) -> int | None:
        """Fix what a bound decides, and what follows by the rules.

        Returns
        -------
        int | None
            The number of what is left; None where nothing is.
        """
        before = state.copy()
        self.fix(state, found)
        if self.log is not None:
            taken, refused = (np.flatnonzero((state != before) & (state == s)) for s in (IN, OUT))
            if taken.size or refused.size:
                decisions = taken.tolist(), refused.tolist()
                place = self.show(place, found.row, found.price, decisions)
        return self.kept(state, place)

    def kept(self, state: States, place: int) -> int | None:
        """Decide what the rules leave no choice about; return the number, None if nothing."""
        if propagate(state, self.rules):
            return place
        if self.log is not None:
            self.log.end(place)
        return None

    def settle(self, state: States, found: FoundT, limit: float, place: int) -> None:
        """Close a node, or keep it open.

        Parameters
        ----------
        state
            Its decisions, shape (n,); changed in place.
        found
            A bound on it.
        limit
            What nothing that they allow is worth more than, whatever has been found.
        place
            Number of the node in the log.
        """
        bound = min(limit, self.inflated(found))
        if bound <= self.target:
            self.show(place, found.row, found.price, closes=True)
            self.open.close(bound)
            return
        left = self.decided(state, place, found)
        if left is None:
            self.open.close(self.target)
        elif (state == FREE).any():
            known = bound if self.log is None or left != place else limit
            self.open.add(bound, SetNode(state, bound, found.row, found.price, known, left))
        else:
            self.complete(state, left)

    def complete(self, state: States, place: int) -> None:
        """Close a node that leaves nothing undecided."""
        if self.log is None:
            self.offer_kept(state == IN)
            self.open.close(self.target)
            return
        bound, row = self.corner(state)
        self.show(place, row, 0.0, closes=bound <= self.target)
        self.open.close(bound)

    def finish(self) -> None:
        """Write down what is known of the nodes that are open still."""
        for node in self.open:
            if node.bound < node.limit:
                self.show(node.place, node.row, node.price)
