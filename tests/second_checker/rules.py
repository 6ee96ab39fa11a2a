"""The rules of a selection, on whole numbers: every cost is a multiple of one power of two.

A sum of costs is then exact, and no order of adding matters.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from flint import arb

from second_checker.fields import number
from second_checker.problem import Problem
from second_checker.refusing import need

UNDECIDED, TAKEN, REFUSED = 0, 1, 2
# Refused by the rules and by no node: nodes may still decide it.
RULED_OUT = 3


@dataclass(frozen=True)
class Rule:
    """``least <= sum of row over what is bought <= most``, all in units of ``1 / unit``.

    Parameters
    ----------
    name
        That of its multiplier.
    row
        One whole number of at least 0 for each item.
    least, most
        In the same unit; None for no limit.
    unit
        A power of two.
    signs
        The signs that its multiplier may have, of -1 and 1.
    ball
        The limit above as a real number that no selection of the rule's exceeds.
    """

    name: str
    row: list[int]
    least: int | None
    most: int | None
    unit: int = 1
    signs: tuple[int, ...] = (-1, 1)
    ball: arb | None = None

    def limit(self, sign: int) -> arb:
        """Return what the sum can be at most (sign 1) or must be at least (sign -1)."""
        if sign > 0 and self.ball is not None:
            return self.ball
        limit = self.most if sign > 0 else self.least
        assert limit is not None
        return arb(limit) / self.unit

    def entry(self, item: int) -> arb:
        """Return the row's number of an item, exactly."""
        return arb(self.row[item]) / self.unit


def _costs_rule(name: str, costs: list[float], limit: float, free: set[int]) -> Rule:
    """Return the rule of a budget: a sum keeps it if it is at most M when correctly rounded."""
    most = limit * (1.0 + 1e-12)
    above = math.nextafter(most, math.inf)
    need(math.isfinite(above), f"The limit of {name} is too large.")
    ratios = [(0, 1) if i in free else cost.as_integer_ratio() for i, cost in enumerate(costs)]
    unit = max((den for _, den in ratios), default=1)
    middle = (Fraction(most) + Fraction(above)) / 2  # sums below it are rounded to M or less
    scaled = middle * unit
    whole = math.floor(scaled)
    if scaled == whole and float(middle) > most:  # a tie that is rounded up
        whole -= 1
    row = [num * (unit // den) for num, den in ratios]
    return Rule(name, row, None, whole, unit, (1,), arb(above))


def _count_rule(name: str, inside: set[int], n: int, least: int, most: int | None) -> Rule:
    row = [int(i in inside) for i in range(n)]
    return Rule(name, row, least, sum(row) if most is None else most)


def make_rules(
    problem: Problem, budget: float, constraints: dict[str, Any], reach: float | None
) -> list[Rule]:
    """Return all rules; that of the number of items is the first.

    Parameters
    ----------
    problem, budget, constraints
        As read.
    reach
        Of *k_center*: r, the distance below which every point has to have an item.
    """
    n, free = problem.n, set(constraints["labelled"])
    bought = set(range(n)) - free
    most = n if constraints["max_items"] is None else min(n, constraints["max_items"])
    rules = [_count_rule("number", bought, n, constraints["min_items"], most)]
    rules.append(_costs_rule("budget", problem.costs.tolist(), budget, free))
    for resource in constraints["resources"]:
        name = resource["name"]
        need(name in problem.resources, f"The problem has no resource {name!r}.")
        costs = problem.resources[name].tolist()
        rules.append(_costs_rule(f"resource {name}", costs, resource["limit"], free))
    for group in constraints["groups"]:
        inside = bought & set(group["items"])
        most = len(group["items"]) if group["maximum"] is None else group["maximum"]
        rules.append(_count_rule(f"group {group['name']}", inside, n, group["minimum"], most))
    if reach is not None:
        rules += _points(problem, bought, reach)
    return rules


def _points(problem: Problem, bought: set[int], r: float) -> list[Rule]:
    rules = []
    near = problem.arrays["distances"] < r
    there = [i for i in range(problem.n) if i not in bought]
    for j, reach in enumerate(problem.arrays["reach"]):
        if reach >= r and not near[there, j].any():
            row = [int(i in bought and near[i, j]) for i in range(problem.n)]
            rules.append(Rule(f"point {j}", row, 1, None, signs=(-1,)))
    return rules


@dataclass(frozen=True)
class State:
    """A part of the selections: a node of the tree.

    Parameters
    ----------
    place
        UNDECIDED, TAKEN, REFUSED or RULED_OUT for each item.
    undecided
        The items of the first kind, ascending.
    sums
        The sum over what is taken, for each rule.
    fewest, most
        The range of the number of items that are bought.
    low, high
        The range of the sum of weights.
    broken
        Whether an item is both to be taken and to be left.
    """

    place: bytes
    undecided: tuple[int, ...]
    sums: tuple[int, ...]
    fewest: int
    most: int
    low: float = 0.0
    high: float = math.inf
    broken: bool = False

    @property
    def taken(self) -> list[int]:
        """Items that are taken."""
        return [i for i, place in enumerate(self.place) if place == TAKEN]

    def limit(self, rule: Rule, number: int) -> Rule:
        """Return the rule with the range of the tree, if it is that of the number."""
        return rule if number else replace(rule, least=self.fewest, most=self.most)


def root(rules: list[Rule], constraints: dict[str, Any], n: int) -> State:
    """Return the state that the constraints leave."""
    taken = set(constraints["include"]) | set(constraints["labelled"])
    left = set(constraints["exclude"])
    assert rules[0].least is not None
    assert rules[0].most is not None
    start = State(
        bytes(n), tuple(range(n)), (0,) * len(rules), rules[0].least, rules[0].most,
        broken=bool(taken & left),
    )  # fmt: skip
    return decided(start, rules, sorted(taken), sorted(left - taken))


def decided(state: State, rules: list[Rule], taken: list[int], left: list[int]) -> State:
    """Return the state with more items decided, and those refused that the rules refuse then."""
    place, sums = bytearray(state.place), list(state.sums)
    for item, where in [*((i, TAKEN) for i in taken), *((i, REFUSED) for i in left)]:
        need(place[item] in (UNDECIDED, RULED_OUT), f"Item {item} is decided twice.")
        place[item] = where
    for item in taken:
        for k, rule in enumerate(rules):
            sums[k] += rule.row[item]
    undecided = [i for i in state.undecided if place[i] == UNDECIDED]
    for k, rule in enumerate(rules):
        most = state.limit(rule, k).most
        if most is not None:
            row, slack = rule.row, most - sums[k]
            undecided = [i for i in undecided if row[i] <= slack]
    kept = set(undecided)
    for i in state.undecided:
        if place[i] == UNDECIDED and i not in kept:
            place[i] = RULED_OUT
    return replace(state, place=bytes(place), undecided=tuple(undecided), sums=tuple(sums))


def plainly_empty(state: State, rules: list[Rule]) -> bool:
    """Whether one rule alone, or one range, shows that nothing is left."""
    if state.broken or state.fewest > state.most or state.low > state.high:
        return True
    for k, rule in enumerate(rules):
        limits, total = state.limit(rule, k), state.sums[k]
        if limits.most is not None and total > limits.most:
            return True
        if limits.least is not None:
            total += sum(rule.row[i] for i in state.undecided)
            if total < limits.least:
                return True
    return False


def read_multipliers(given: object, rules: list[Rule]) -> dict[int, float]:
    """Return multipliers by the number of their rule, signs checked."""
    need(type(given) is dict, "multipliers are no object.")
    numbers = {rule.name: k for k, rule in enumerate(rules)}
    found = {}
    for name, value in given.items():
        need(name in numbers, f"{name!r} is no rule.")
        y = number(value, f"The multiplier of {name!r}")
        sign = (y > 0) - (y < 0)
        need(sign in {0, *rules[numbers[name]].signs}, f"{name!r} has the wrong sign.")
        found[numbers[name]] = y
    return found


def ceiling(state: State, rules: list[Rule], y: dict[int, float]) -> arb:
    """Return the sum over rules of ``y most`` or ``y least``."""
    total = arb(0)
    for k, value in y.items():
        if value:
            total += arb(value) * state.limit(rules[k], k).limit(1 if value > 0 else -1)
    return total


def prices(rules: list[Rule], y: dict[int, float], items: list[int]) -> list[arb]:
    """Return ``y . A_i`` of some items."""
    found = [arb(0)] * len(items)
    for k, value in y.items():
        rule, each = rules[k], arb(value) / rules[k].unit
        for place, item in enumerate(items):
            if rule.row[item]:
                found[place] = found[place] + each * rule.row[item]
    return found


def empty(state: State, rules: list[Rule], y: dict[int, float]) -> bool:
    """Whether the rules leave nothing: by themselves, or as their multipliers show."""
    if plainly_empty(state, rules):
        return True
    least = sum(prices(rules, y, state.taken), arb(0))
    for price in prices(rules, y, list(state.undecided)):
        least += price.min(arb(0))
    return bool(least > ceiling(state, rules, y))
