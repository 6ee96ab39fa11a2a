"""Proofs that rules leave nothing: that there is no selection, or none within a radius.

Branch and bound on the first phase of the simplex method: how much must all rules together be
broken? Where that is more than nothing, the dual values are multipliers that show it; elsewhere an
item that is chosen in part is decided. A proof about centers has a rule for each point: some
item is nearer than the radius.
"""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from solver.model.errors import BackendUnavailableError, VerificationError
from solver.model.problem import AnyProblem, Floats, Mask
from solver.model.stop import Stop
from solver.rules.arrays import FREE, IN, OUT, States
from solver.rules.book import budgets, counts
from solver.search.proof_log import ProofLog
from solver.sets.cover_search import needed_points
from solver.sets.k_center import KCenterProblem

# Violations beside which rounding is nothing, relative to the numbers that they are made of.
_SURE = 1e-11
# Digits of multipliers that are tried before all of them: shorter, and mostly enough.
_DIGITS = 6
# What separates a fraction from a whole number.
_WHOLE = 1e-6
# Nodes that proofs about a radius may have, round after round: more time shows more.
_FIRST_NODES, _GROWTH = 40, 8


@dataclass(frozen=True, eq=False, slots=True)
class RuleMatrix:
    """Rules ``least <= matrix . x <= most`` by name, for R rules and n items.

    Parameters
    ----------
    names
        As multipliers are named.
    matrix
        At least 0, shape (R, n).
    least, most
        Infinite where a rule has no such side, shape (R,).
    taken, refused
        What is decided by the problem itself, masks of shape (n,).
    """

    names: tuple[str, ...]
    matrix: Floats
    least: Floats
    most: Floats
    taken: Mask
    refused: Mask


def rows_of(problem: AnyProblem, radius: float | None = None) -> RuleMatrix:
    """Return the rules of a problem as it was asked.

    Parameters
    ----------
    problem
        Items that are labelled count in no rule.
    radius
        Of a k-center problem: each point has an item nearer than this.
    """
    n, limits = problem.n, problem.constraints
    bought = np.ones(n)
    bought[limits.labelled] = 0.0
    rows = [
        (rule.name, rule.costs * bought, -math.inf, rule.allowance) for rule in budgets(problem)
    ]
    number, *groups = counts(problem)
    rows.append(("number", bought, float(number.least), float(number.at_most)))
    for group in groups:
        members = np.zeros(n)
        members[group.items] = bought[group.items]
        # As it was asked, which may be more than there are: a checker counts with that.
        asked = group.at_most if group.most is None else group.most
        rows.append((group.name, members, float(group.least), float(asked)))
    taken, refused = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    taken[limits.include] = taken[limits.labelled] = refused[limits.exclude] = True
    if radius is not None and isinstance(problem, KCenterProblem):
        near = problem.distances < radius
        alone = ~near[limits.labelled].any(axis=0) & (problem.reach >= radius)
        points = np.flatnonzero(alone)
        points = points[needed_points(near[~refused][:, points])]
        rows += [(f"point {j}", near[:, j] * bought, 1.0, math.inf) for j in points]
    names, matrix, least, most = zip(*rows, strict=True)
    return RuleMatrix(names, np.array(matrix), np.array(least), np.array(most), taken, refused)


class _Violations:
    """The linear programme that breaks the rules of a node by as little as it can."""

    def __init__(self, rows: RuleMatrix) -> None:
        try:
            from ortools.math_opt.python import mathopt  # noqa: PLC0415 - loading takes half a second
        except ImportError as error:
            message = "A proof that there is no selection needs the package ortools."
            raise BackendUnavailableError(message) from error
        self._optimal = mathopt.TerminationReason.OPTIMAL
        model = mathopt.Model()
        n = rows.matrix.shape[1]
        self._x = [model.add_variable(lb=0.0, ub=1.0) for _ in range(n)]
        self._low, self._high = np.zeros(n), np.ones(n)
        # Tolerances are absolute: a row is divided by its largest number.
        largest = rows.matrix.max(axis=1, initial=0.0)
        self._unit = np.where(largest > 0, largest, 1.0)
        self._constraints, slacks = [], []
        for row, unit, least, most in zip(
            rows.matrix, self._unit, rows.least, rows.most, strict=True
        ):
            used = np.flatnonzero(row)
            terms: list[Any] = [float(row[k] / unit) * self._x[k] for k in used]
            if most < math.inf:
                slacks.append(model.add_variable(lb=0.0))
                terms.append(-slacks[-1])
            if least > -math.inf:
                slacks.append(model.add_variable(lb=0.0))
                terms.append(slacks[-1])
            self._constraints.append(
                model.add_linear_constraint(
                    lb=least / unit, ub=most / unit, expr=mathopt.fast_sum(terms)
                )
            )
        model.minimize(mathopt.fast_sum(slacks))
        self._solver = mathopt.IncrementalSolver(model, mathopt.SolverType.GLOP)

    def solve(self, state: States) -> tuple[Floats, Floats] | None:
        """Return x, shape (n,), and a multiplier for each rule, shape (R,); None without either."""
        low, high = (state == IN).astype(np.float64), (state != OUT).astype(np.float64)
        for k in np.flatnonzero((low != self._low) | (high != self._high)):
            self._x[k].lower_bound, self._x[k].upper_bound = low[k], high[k]
        self._low, self._high = low, high
        result = self._solver.solve()
        if result.termination.reason != self._optimal or not result.has_dual_feasible_solution():
            return None
        x = np.array(result.variable_values(self._x))
        return x, -np.array(result.dual_values(self._constraints)) / self._unit


@dataclass(eq=False, slots=True)
class Refutation:
    """A proof in the making that rules leave nothing.

    Parameters
    ----------
    rows
        The rules.
    log
        What has been shown.
    hopeless
        Whether more nodes would not help: there is a selection, or rounding hides that there is
        none.
    """

    rows: RuleMatrix
    log: ProofLog = field(default_factory=lambda: ProofLog(-math.inf))
    hopeless: bool = False

    def run(self, stop: Stop, nodes: int | None = None) -> bool:
        """Return whether it was proven, within a criterion and a number of nodes."""
        state = np.full(self.rows.matrix.shape[1], FREE, dtype=np.int8)
        state[self.rows.taken], state[self.rows.refused] = IN, OUT
        if (self.rows.taken & self.rows.refused).any():
            self.log.end(0)
            return True
        programme: _Violations | None = None
        stack, seen = [(0, state)], 0
        while stack:
            if stop(-math.inf, math.inf) is not None or (nodes is not None and seen >= nodes):
                return False
            place, state = stack.pop()
            seen += 1
            self._refuse(state)
            if self._broken(state):
                self.log.end(place)
                continue
            programme = programme or _Violations(self.rows)
            answer = programme.solve(state)
            multipliers = None if answer is None else self._multipliers(state, answer[1])
            if multipliers is not None:
                self.log.end(place, multipliers)
                continue
            item = self._item(state, None if answer is None else answer[0])
            if item is None:
                self.hopeless = True
                return False
            without, with_it = self.log.split(place, "item", item)
            for part, side in ((without, OUT), (with_it, IN)):
                child = state.copy()
                child[item] = side
                stack.append((part, child))
        return True

    def _refuse(self, state: States) -> None:
        """Refuse what rules do not let in beside what is taken; what is on an edge stays in."""
        rows = self.rows
        spent = rows.matrix @ (state == IN)
        slack = _SURE * (np.abs(np.where(np.isfinite(rows.most), rows.most, 0.0)) + spent)
        over = (rows.matrix > (rows.most - spent + slack)[:, None]).any(axis=0)
        state[over & (state == FREE)] = OUT

    def _broken(self, state: States) -> bool:
        """Return whether a rule alone shows that a node is empty."""
        rows = self.rows
        least, most = rows.matrix @ (state == IN), rows.matrix @ (state != OUT)
        return bool(
            (rows.least > rows.most).any()
            or ((1.0 - _SURE) * least > rows.most).any()
            or ((1.0 + _SURE) * most < rows.least).any()
        )

    def _multipliers(self, state: States, y: Floats) -> dict[str, float] | None:
        """Return multipliers that show a node empty beyond all rounding; None if they do not."""
        rows = self.rows
        y = np.where((rows.most == math.inf) & (y > 0), 0.0, y)
        y = np.where((rows.least == -math.inf) & (y < 0), 0.0, y)
        largest = float(np.abs(y).max(initial=0.0))
        if not 0.0 < largest < math.inf:
            return None
        for digits in (_DIGITS, None):
            short = y if digits is None else np.round(y / largest, digits)
            right = float(short[short > 0] @ rows.most[short > 0])
            right += float(short[short < 0] @ rows.least[short < 0])
            left = short @ rows.matrix
            sure = float(left[state == IN].sum() + np.minimum(left[state == FREE], 0.0).sum())
            size = float((np.abs(short) @ rows.matrix)[state != OUT].sum()) + abs(right)
            if sure - right > _SURE * size:
                return {rows.names[k]: float(short[k]) for k in np.flatnonzero(short)}
        return None

    def _item(self, state: States, x: Floats | None) -> int | None:
        """Return the item to decide, the largest fraction; None where there is a selection."""
        rows, free = self.rows, np.flatnonzero(state == FREE)
        if x is not None:
            chosen = np.where(state == FREE, x > 0.5, state == IN)  # noqa: PLR2004 - a 0-1 value
            sums = [math.fsum(row[chosen]) for row in rows.matrix]
            if ((rows.least <= sums) & (sums <= rows.most)).all():
                return None
            part = free[(x[free] > _WHOLE) & (x[free] < 1.0 - _WHOLE)]
            if part.size:
                return int(part[np.argmax(x[part])])
        return int(free[0]) if free.size else None


def refute(problem: AnyProblem, stop: Stop) -> ProofLog | None:
    """Prove that no selection keeps every rule.

    Parameters
    ----------
    problem
        As it was asked: items of the log are its own.
    stop
        Asked before every node.

    Returns
    -------
    ProofLog | None
        Every end of it is empty; None where nothing was proven.

    Raises
    ------
    BackendUnavailableError
        When OR-Tools is not installed.
    """
    refutation = Refutation(rows_of(problem))
    return refutation.log if refutation.run(stop) else None


def prove_radius(problem: KCenterProblem, bound: float, stop: Stop) -> tuple[float, ProofLog]:
    """Prove that no selection of centers is worth more than a bound, or than the next best one.

    Parameters
    ----------
    problem
        As it was asked: items and points of the log are its own.
    bound
        The negative of a radius.
    stop
        Asked before every node.

    Returns
    -------
    tuple[float, ProofLog]
        A bound that was proven, at least `bound`, and its proof: every end is empty.

    Raises
    ------
    BackendUnavailableError
        When OR-Tools is not installed.
    VerificationError
        When there are no points.
    """
    radii = _radii(problem, 0.0 - bound)
    # What no item at all is nearer than needs no more than its own rule.
    proof = Refutation(rows_of(problem, float(radii[0])))
    if not proof.run(lambda _objective, _bound: None, 1):
        message = "Without any point there is nothing to prove about a radius."
        raise VerificationError(message)
    low, high, nodes = 0, len(radii) - 1, 1
    while low < high and stop(-math.inf, math.inf) is None:
        # The bound itself first, then what lies between it and what is proven.
        above, place = high + 1, high
        while low < place and stop(-math.inf, math.inf) is None:
            attempt = Refutation(rows_of(problem, float(radii[place])))
            if attempt.run(stop, nodes):
                low, proof = place, attempt
            else:
                above = place
                high = place - 1 if attempt.hopeless else high
            place = (low + above) // 2
        nodes = nodes * _GROWTH if nodes > 1 else _FIRST_NODES
    return 0.0 - float(radii[low]), proof.log


def _radii(problem: KCenterProblem, radius: float) -> Floats:
    """Return the radii that may be proven, ascending, the first by one rule alone."""
    there = np.ones(problem.n, dtype=bool)
    there[problem.constraints.exclude] = False
    there[problem.constraints.labelled] = True
    alone = min(radius, 0.0 - problem.value(there))
    every = np.unique(np.append(problem.distances, problem.reach))
    between = every[(every > alone) & (every < radius)]
    return np.unique(np.concatenate([[alone], between, [radius]]))
