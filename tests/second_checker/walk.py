"""The tree, one node at a time, in preorder; bounds are computed for many nodes at once."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from flint import arb

from second_checker.fields import fields, items, listed, number, whole
from second_checker.pairs import Signatures
from second_checker.planes import ZERO, Job, Objective, Plane, knapsack
from second_checker.refusing import need, refuse
from second_checker.rules import (
    TAKEN,
    Rule,
    State,
    ceiling,
    decided,
    empty,
    prices,
    read_multipliers,
)

_AT_ONCE = 64


@dataclass(frozen=True)
class Bound:
    """A bound of the tree, before it is computed.

    Parameters
    ----------
    job
        What its plane is made of.
    above
        The number of the bound above it, -1 for none.
    multipliers
        By the number of their rule.
    taken, refused
        What it decides.
    """

    job: Job
    above: int
    multipliers: dict[int, float]
    taken: list[int]
    refused: list[int]


@dataclass
class Walk:
    """A walk over a certificate's tree.

    Parameters
    ----------
    objective, rules
        What bounds are made with.
    rows
        The certificate's points.
    ceiling
        What no bound may exceed; None where there is nothing to be better than, so every end has
        to be empty.
    """

    objective: Objective
    rules: list[Rule]
    rows: list[Any]
    ceiling: arb | None

    def check(self, tree: object, start: State) -> int:
        """Refuse a tree that leaves something out; return how many nodes it has.

        Raises
        ------
        Refused
            A node breaks a rule of the page, or an end is not bounded.
        """
        lowest: list[arb] = []
        waiting: list[Bound] = []
        ends: list[int] = []
        for made in self._nodes(listed(tree, "tree"), start):
            if isinstance(made, Bound):
                waiting.append(made)
            else:
                ends.append(made)
            if len(waiting) >= _AT_ONCE:
                self._settle(waiting, lowest)
                waiting = []
        self._settle(waiting, lowest)
        for above in ends:
            need(above >= 0 and self._within(lowest[above]), "The tree's bound is too high.")
        return len(tree)

    def _within(self, bound: arb) -> bool:
        return self.ceiling is not None and bool(bound <= self.ceiling)

    def _nodes(self, tree: list[Any], start: State) -> Iterator[Bound | int]:
        """Yield each bound, and for each bounded end the bound above it."""
        open_: list[tuple[State, int]] = [(start, -1)]
        bounds = 0
        for node in tree:
            need(bool(open_), "Nodes are left over in the tree.")
            state, above = open_.pop()
            need(type(node) is dict, "A node is no object.")
            if "end" in node:
                if self._end(node, state):
                    yield above
            elif "point" in node:
                bound = self._bound(node, state, above)
                open_.append((decided(state, self.rules, bound.taken, bound.refused), bounds))
                bounds += 1
                yield bound
            else:
                first, second = self._branches(node, state)
                open_ += [(second, above), (first, above)]
        need(not open_, "A branch of the tree is left open.")

    def _end(self, node: dict[str, Any], state: State) -> bool:
        """Return whether an end is bounded; refuse an empty one that is not."""
        if node["end"] == "bounded":
            fields(node, "a bounded end", {"end"})
            return True
        need(node["end"] == "empty", "An end is neither bounded nor empty.")
        fields(node, "an empty end", {"end", "multipliers"})
        y = read_multipliers(node["multipliers"], self.rules)
        need(empty(state, self.rules, y), "An end is not empty.")
        return False

    def _branches(self, node: dict[str, Any], state: State) -> tuple[State, State]:
        if "item" in node:
            fields(node, "a branch", {"item"})
            i = items([node["item"]], "item", len(state.place))[0]
            without = decided(state, self.rules, [], [i])
            return without, decided(state, self.rules, [i], [])
        if "number" in node:
            fields(node, "a branch", {"number"})
            k = whole(node["number"], "number")
            halves = (
                replace(state, most=min(state.most, k)),
                replace(state, fewest=max(state.fewest, k + 1)),
            )
        elif "total" in node:
            fields(node, "a branch", {"total"})
            need(isinstance(self.objective, Signatures), "Only signatures have a total.")
            t = number(node["total"], "total")
            halves = (
                replace(state, high=min(state.high, t)), replace(state, low=max(state.low, t))
            )  # fmt: skip
        else:
            refuse("A node is of no kind.")
        return decided(halves[0], self.rules, [], []), decided(halves[1], self.rules, [], [])

    def _bound(self, node: dict[str, Any], state: State, above: int) -> Bound:
        fields(
            node, "a bound", {"point", "multipliers", "taken", "refused"},
            frozenset({"scale", "shift"}),
        )  # fmt: skip
        need(self.ceiling is not None, "Where nothing is left, there is nothing to bound.")
        point = whole(node["point"], "point", 0)
        need(point < len(self.rows), "A point is not there.")
        scale, shift = 1.0, None
        if "scale" in node:
            need(self.objective.scalable, "Points of this objective have no scale.")
            scale = number(node["scale"], "scale")
        if "shift" in node:
            need(isinstance(self.objective, Signatures), "Only signatures have shifts.")
            shift = whole(node["shift"], "shift", 0)
        return Bound(
            Job(state, *self.rows[point], scale, shift),
            above,
            read_multipliers(node["multipliers"], self.rules),
            items(node["taken"], "taken", len(state.place)),
            items(node["refused"], "refused", len(state.place)),
        )

    def _settle(self, waiting: list[Bound], lowest: list[arb]) -> None:
        """Compute bounds, refuse decisions that they do not carry, keep the lowest on the path."""
        if not waiting:
            return
        planes = self.objective.planes([bound.job for bound in waiting])
        for bound, plane in zip(waiting, planes, strict=True):
            value = self._computed(bound, plane)
            lowest.append(value if bound.above < 0 else value.min(lowest[bound.above]))

    def _rounded(self, bound: arb) -> arb:
        need(bound.is_finite(), "A bound is not finite.")
        upper = bound.upper()
        return upper.floor() if self.objective.whole else upper

    def _computed(self, bound: Bound, plane: Plane) -> arb:
        state, (total, g) = bound.job.state, plane
        total = total + ceiling(state, self.rules, bound.multipliers)
        taken = state.taken
        total += sum((g[i] for i in taken), ZERO)
        total -= sum(prices(self.rules, bound.multipliers, taken), ZERO)
        each = prices(self.rules, bound.multipliers, list(state.undecided))
        reduced = {i: g[i] - price for i, price in zip(state.undecided, each, strict=True)}
        total += sum((r.max(ZERO) for r in reduced.values()), ZERO)
        # Of what the rules refuse there is no selection with it, and every one is without it.
        without = [total - reduced.get(i, ZERO).max(ZERO) for i in bound.taken]
        with_it = [total - (-reduced[i]).max(ZERO) for i in bound.refused if i in reduced]
        for other in (*without, *with_it):
            need(self._within(self._rounded(other)), "An item is decided without proof.")
        return self._rounded(total)


def highest(objective: Signatures, rules: list[Rule], start: State, top: object) -> State:
    """Return the root with its range of t, after a proof that t cannot exceed `top`."""
    limit = number(top, "top")
    number_of, budget = next((k, r) for k, r in enumerate(rules) if r.name == "budget")
    left = budget.limit(1) - arb(start.sums[number_of]) / budget.unit
    open_ = list(start.undecided)
    most = knapsack([objective.w[i] for i in open_], [budget.entry(i) for i in open_], left)
    most += sum((objective.w[i] for i, place in enumerate(start.place) if place == TAKEN), ZERO)
    need(bool(most <= arb(limit)), "top is not proven.")
    weights = objective.arrays["weights"]
    there = [float(weights[i]) for i, place in enumerate(start.place) if place == TAKEN]
    return replace(start, low=math.fsum(there) * (1.0 - 2.0**-52), high=limit)
