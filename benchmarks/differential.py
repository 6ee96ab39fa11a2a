"""The solver beside a model of its own: random problems, every selection looked at.

    .venv/bin/python benchmarks/differential.py [--problems 20000] [--first 0] [--seed 1]
        [--minutes M] [--certificates] [--out differential.json] [--failures DIR]

Each problem has up to 14 items (`differential_problems`). The solver's answer is compared with the
best of all selections (`differential_model`). So are its answers to the same problem with its items
in another order, with a scene twice, with a scene that no one can use, and in other units: two of
these for each problem. Others are solved by heuristics, cut off after a few nodes, or asked for
several budgets, nested too.

Solves end by nodes and never by seconds, so a run can be repeated: the same seed gives the same
problems and the same answers. An answer that needs more nodes than it may have is counted as not
proven; what it does say must hold. A problem that fails is written as ``seedal solve`` and
``seedal verify`` read it. Exit status 1 says that there was one.
"""

import argparse
import json
import math
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import differential_problems
import numpy as np
from differential_forms import WORTHS, in_other_costs, in_other_worths, permuted, with_twin
from differential_judging import Disagreement, bounded, judged
from differential_model import Case, Enumeration, completed

from solver.certificate import certify
from solver.check import check, parse, read_problem
from solver.frontier import BudgetResult, frontier
from solver.model.constraints import Constraints, GroupRule, Resource
from solver.model.options import FrontierOptions, SolverOptions
from solver.model.problem import AnyProblem, PairProblem, SignatureProblem
from solver.model.result import Result, Status, StopReason
from solver.sets.coverage import CoverageProblem
from solver.sets.design import DesignProblem
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem
from solver.sets.sum import SumProblem
from solver.solve import solve

KINDS: dict[str, Callable[..., AnyProblem]] = {
    "signatures": SignatureProblem,
    "pairs": PairProblem,
    "facility": FacilityProblem,
    "coverage": CoverageProblem,
    "design": DesignProblem,
    "k_center": KCenterProblem,
}
# Far more seconds than so many nodes take.
PATIENT = SolverOptions(node_limit=20_000, time_limit_s=3600.0)
# How often the search for a certificate asks whether to go on, before it ends with what it has.
LOOKS = 200
# Problems after which what is known is written.
WRITTEN_EVERY = 100
# What is done to a problem without changing its answer.
CHANGES = ("order", "twin", "useless", "units of costs", "units of worth")


def built(case: Case) -> AnyProblem:
    """Return a case as the solver takes it."""
    rules = case.rules
    constraints = Constraints(
        include=np.array(rules["include"], dtype=np.int64),
        exclude=np.array(rules["exclude"], dtype=np.int64),
        labelled=np.array(rules["labelled"], dtype=np.int64),
        min_items=rules["min_items"],
        max_items=rules["max_items"],
        groups=tuple(
            GroupRule(**{**group, "items": np.array(group["items"], dtype=np.int64)})
            for group in rules["groups"]
        ),
        resources=tuple(Resource(costs=case.resources[r["name"]], **r) for r in rules["resources"]),
    )
    asked: dict[str, Any] = {"costs": case.costs, "budget": case.budget}
    if case.objective == "sum":
        terms = tuple(
            KINDS[name](**case.term(place).arrays, **asked) for place, name in enumerate(case.terms)
        )
        return SumProblem(
            terms=terms,  # type: ignore[arg-type]  # their names are those of concave objectives
            shares=case.arrays["shares"],
            ids=case.ids,
            constraints=constraints,
            **asked,
        )
    return KINDS[case.objective](**case.arrays, **asked, ids=case.ids, constraints=constraints)


class Comparison:
    """Everything that is compared for one problem."""

    def __init__(self, case: Case, rng: np.random.Generator, *, certified: bool) -> None:
        self.case, self._rng, self._certified = case, rng, certified
        self.seen = Enumeration(case)
        self.allowed = self.seen.allowed()
        self.counts: Counter[str] = Counter()
        self._problem = built(case)

    def disagreements(self) -> Iterator[Disagreement]:
        """Yield the check's name and what is wrong."""
        if not self.allowed.any():
            self.counts["infeasible"] += 1
        result = self._solved(self._problem, PATIENT)
        if result.stop_reason is StopReason.EXHAUSTED:
            self.counts["not proven"] += 1
        yield from judged(self.seen, self.allowed, result, proven=True)
        # A radius without any point is 0 and has no certificate.
        pointless = self.case.objective == "k_center" and not self.case.arrays["distances"].size
        if self._certified and not pointless:
            yield from self._certificate(result)
        looks = (
            lambda: self._in_order(result),
            self._with_twin,
            self._with_useless,
            self._in_units_of_costs,
            self._in_units_of_worth,
        )
        for drawn in self._rng.choice(len(looks), 2, replace=False):
            self.counts[CHANGES[drawn]] += 1
            yield from looks[drawn]()
        share = self._rng.random()
        if share < 0.2:
            yield from self._by_heuristics()
        elif share < 0.4:
            yield from self._cut_off()
        if self._rng.random() < 0.3:
            yield from self._many_budgets()

    def _solved(self, problem: AnyProblem, options: SolverOptions) -> Result:
        self.counts["solves"] += 1
        return solve(problem, options)

    def _certificate(self, result: Result) -> Iterator[Disagreement]:
        """Yield what is wrong with the answer's certificate, as a stranger gets it: two files."""
        looks = count()

        def patience(objective: float, bound: float) -> StopReason | None:
            del objective, bound
            return StopReason.TIME_LIMIT if next(looks) > LOOKS else None

        self.counts["certificates"] += 1
        document = json.dumps(certify(self._problem, result, stop=patience), allow_nan=False)
        with TemporaryDirectory() as folder:
            path = Path(folder) / "problem.npz"
            write_problem(self.case, path)
            proven = check(read_problem(path), parse(document))
        best = self.seen.best(self.allowed)
        if proven.status != result.status:
            self.counts["weaker certificates"] += 1
        if (proven.status == Status.INFEASIBLE) != (best == -math.inf):
            yield "certificate", f"{proven.status} where {best!r} is the best"
        elif proven.objective is not None and proven.upper_bound is not None:
            number = self.seen.number(result.selected)
            for _, what in bounded(self.seen, number, best, proven.objective, proven.upper_bound):
                yield "certificate", what

    def _same(self, name: str, other: Case, factor: float = 1.0) -> Iterator[Disagreement]:
        """Yield whether a changed case has another optimum than this one times a factor."""
        result = self._solved(built(other), PATIENT)
        best = self.seen.best(self.allowed) * factor
        selected = result.selected[result.selected < self.case.n]
        close = 2.0 * self.seen.tolerance(self.seen.number(selected)) * factor
        same = result.objective == best or abs(result.objective - best) <= close
        if not same or result.upper_bound < best - close or len(selected) < len(result.selected):
            yield name, f"{result.objective!r} where {best!r} is the best"

    def _in_order(self, before: Result) -> Iterator[Disagreement]:
        order = self._rng.permutation(self.case.n)
        other = permuted(self.case, order)
        result = self._solved(built(other), PATIENT)
        allowed, seen = self.allowed, self.seen
        if self.case.ids:
            names = {self.case.ids[k] for k in before.selected}
            if names != {other.ids[k] for k in result.selected}:
                yield "order", f"in the order {order.tolist()}, another selection"
        back = replace(result, selected=np.sort(order[result.selected]))
        for name, what in judged(seen, allowed, back, proven=True):
            yield f"order, {name}", what

    def _with_twin(self) -> Iterator[Disagreement]:
        other = with_twin(self.case, int(self._rng.integers(self.case.n)))
        seen = Enumeration(other)
        allowed = seen.allowed()
        result = self._solved(built(other), PATIENT)
        for name, what in judged(seen, allowed, result, proven=True):
            yield f"twin, {name}", what

    def _with_useless(self) -> Iterator[Disagreement]:
        other = with_twin(self.case, int(self._rng.integers(self.case.n)))
        rules, costs = dict(other.rules), other.costs.copy()
        if self._rng.random() < 0.5:
            rules["exclude"] = [*rules["exclude"], self.case.n]
        else:
            costs[-1] = max(1.0, 2.0 * (other.budget + float(self.case.costs.max())))
        yield from self._same("useless", replace(other, rules=rules, costs=costs))

    def _in_units_of_costs(self) -> Iterator[Disagreement]:
        factor = float(2.0 ** self._rng.integers(-20, 21))
        yield from self._same("units of costs", in_other_costs(self.case, factor))

    def _in_units_of_worth(self) -> Iterator[Disagreement]:
        if self.case.objective in WORTHS:  # a determinant has no unit
            factor = float(2.0 ** self._rng.integers(-20, 21))
            other = in_other_worths(self.case, factor)
            yield from self._same("units of worth", other, factor**2)

    def _by_heuristics(self) -> Iterator[Disagreement]:
        for strategy in ("greedy", "local_search"):
            result = self._solved(self._problem, replace(PATIENT, strategy=strategy))
            for name, what in judged(self.seen, self.allowed, result, proven=False):
                yield f"{strategy}, {name}", what

    def _cut_off(self) -> Iterator[Disagreement]:
        for nodes in (0, 1, 3):
            result = self._solved(self._problem, replace(PATIENT, node_limit=nodes))
            for name, what in judged(self.seen, self.allowed, result, proven=False):
                yield f"cut off, {name}", what

    def _many_budgets(self) -> Iterator[Disagreement]:
        total = math.fsum(self.case.costs)
        shares = self._rng.uniform(0.0, 1.1, int(self._rng.integers(1, 6)))
        budgets = sorted({self.case.budget, *(total * share for share in shares.tolist())})
        gap = float(self._rng.choice([0.0, 0.01]))
        options = FrontierOptions(gap=gap, time_limit_s=3600.0, node_limit=20_000)
        alone = not any(self.case.rules.values()) and self.case.objective in KINDS_OF_PAIRS
        for nested in (False, True)[: 1 + alone]:
            name = "nested" if nested else "frontier"
            self.counts[name] += 1
            found = frontier(self._problem, budgets, options, nested=nested)
            if [point.budget for point in found.points] != budgets:
                yield name, "other budgets than asked"
            inside = 0
            for point in found.points:
                self.counts[f"points, {name}"] += 1
                for what in self._point(point, gap):
                    yield name, f"within {point.budget!r}: {what}"
                if nested and inside & ~self.seen.number(point.selected):
                    yield name, f"within {point.budget!r}: a smaller budget's item is gone"
                inside = self.seen.number(point.selected)

    def _point(self, point: BudgetResult, gap: float) -> Iterator[str]:
        """Yield what is wrong with one budget's answer."""
        seen, allowed = self.seen, self.seen.allowed(point.budget)
        best, number = seen.best(allowed), seen.number(point.selected)
        if best == -math.inf:
            if point.objective != -math.inf or len(point.selected):
                yield f"{point.selected} breaks a rule"
            return
        if point.objective == -math.inf or not allowed[number]:
            yield f"{point.selected} breaks a rule"
            return
        if point.total_cost != math.fsum(self.case.costs[point.selected]):
            yield f"a cost of {point.total_cost!r}"
        for _, what in bounded(seen, number, best, point.objective, point.upper_bound):
            yield what
        # The free selection is not told: what cancels in it may be as large as in all items.
        close = 2e-9 * abs(best) + 2e-12 * float(seen.scale[-1])
        short = best - point.free_objective
        if not -close <= short <= gap * abs(point.free_objective) + close:
            yield f"{short!r} below {best!r}"


KINDS_OF_PAIRS = {"signatures", "pairs"}


def write_problem(case: Case, path: Path) -> None:
    """Write a case as docs/certificate.md has problems."""
    arrays = completed(case) | {"costs": case.costs, "budget": np.array(case.budget)}
    arrays["objective"] = np.array(case.objective)
    arrays["constraints"] = np.array(json.dumps(case.rules))
    if case.ids:
        arrays["ids"] = np.array(case.ids)
    if case.terms:
        arrays["terms"] = np.array(case.terms)
    arrays |= {f"resource_{name}": costs for name, costs in case.resources.items()}
    np.savez(path, **arrays)


def compared(
    seed: int, place: int, *, certified: bool = False
) -> tuple[Case, Counter[str], list[Disagreement]]:
    """Return a problem, what was counted, and what is wrong."""
    case = differential_problems.make(seed, place)
    comparison = Comparison(case, np.random.default_rng([seed, place, 1]), certified=certified)
    wrong: list[Disagreement] = []
    try:
        for disagreement in comparison.disagreements():
            wrong.append(disagreement)  # noqa: PERF402 what came before an error is kept
    except Exception:  # noqa: BLE001 an error is an answer, too: the wrong one
        wrong.append(("error", traceback.format_exc(limit=-3)))
    return case, comparison.counts, wrong


class Ledger:
    """What a run has counted so far, and what disagreed."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self._arguments, self._started = arguments, time.perf_counter()
        self.counts: dict[str, Counter[str]] = {
            name: Counter() for name in differential_problems.OBJECTIVES
        }
        self.failed: list[dict[str, Any]] = []

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.perf_counter() - self._started

    @property
    def total(self) -> Counter[str]:
        """Of all objectives."""
        return sum(self.counts.values(), Counter())

    def note(self, place: int) -> None:
        """Compare a problem, and keep what is found."""
        seed, failures = self._arguments.seed, self._arguments.failures
        case, counted, wrong = compared(seed, place, certified=self._arguments.certificates)
        self.counts[case.objective] += counted + Counter(problems=1, disagreements=bool(wrong))
        for name, what in wrong:
            print(f"{seed}/{place} {case.objective}: {name}: {what}", flush=True)
            self.failed.append({"place": place, "check": name, "what": what})
        if wrong and failures is not None:
            failures.mkdir(parents=True, exist_ok=True)
            write_problem(case, failures / f"{seed}-{place}.npz")

    def write(self) -> None:
        """Write JSON, where that was asked for."""
        if self._arguments.out is None:
            return
        asked = {"seed": self._arguments.seed, "first": self._arguments.first}
        content = asked | {"seconds": self.seconds, "counts": self.counts, "failed": self.failed}
        self._arguments.out.write_text(json.dumps(content, indent=1))

    def print(self) -> None:
        """Print the table."""
        columns = ("problems", "infeasible", "not proven", "solves",
                   "points, frontier", "points, nested", "certificates", "weaker certificates",
                   "disagreements")  # fmt: skip
        print(f"| objective | {' | '.join(columns)} |\n|{'---|' * (1 + len(columns))}")
        for objective, counted in [*self.counts.items(), ("all", self.total)]:
            print(f"| {objective} | {' | '.join(f'{counted[name]:,}' for name in columns)} |")
        changed = ", ".join(f"{name} {self.total[name]:,}" for name in CHANGES)
        print(f"the same problem in another form: {changed}")
        seed, first = self._arguments.seed, self._arguments.first
        print(f"{self.seconds:.0f} s, seed {seed}, from problem {first}")


def run(arguments: argparse.Namespace) -> int:
    """Compare, print a table, write what failed; return how many problems disagree."""
    ledger = Ledger(arguments)
    try:
        for place in range(arguments.first, arguments.first + arguments.problems):
            if ledger.seconds > 60.0 * arguments.minutes:
                break
            ledger.note(place)
            if place % WRITTEN_EVERY == 0:
                ledger.write()
    except KeyboardInterrupt:
        print("stopped")
    ledger.print()
    ledger.write()
    return ledger.total["disagreements"]


def main() -> None:
    """Run the comparison."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", type=int, default=20_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=math.inf)
    parser.add_argument("--certificates", action="store_true", help="make and check them, too")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--failures", type=Path)
    raise SystemExit(1 if run(parser.parse_args()) else 0)


if __name__ == "__main__":
    main()
