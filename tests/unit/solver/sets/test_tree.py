"""What trees of sets write down, as the checker reads it."""

from itertools import combinations

import numpy as np
import pytest

from solver.certificate.document import Lift, Row, proof_document
from solver.certificate.question import constraints_document, inputs_of
from solver.certificate.set_points import original_levels
from solver.check.objectives import planes_of
from solver.check.points import PointRows
from solver.check.rules import StatedRules, stated_constraints
from solver.check.tree import Tree
from solver.model.constraints import Constraints, GroupRule, Resource
from solver.model.problem import SetProblem
from solver.model.result import StopReason
from solver.rules.book import keeps
from solver.rules.reduction import Reduced, reduce
from solver.search.proof_log import ProofLog, ProofPoint
from solver.sets.coverage import CoverageProblem
from solver.sets.design import DesignProblem
from solver.sets.facility import FacilityProblem
from solver.sets.solve import prove_set
from solver.sets.sum import SumProblem

N = 11
KINDS = ["facility", "coverage", "design", "sum"]


def asked(kind: str, seed: int, *, limits: bool = True) -> SetProblem:
    """Return a random problem, with every kind of constraint or with none but the budget."""
    rng = np.random.default_rng(seed)
    some = rng.permutation(N)
    constraints = Constraints(
        include=some[:1],
        exclude=some[1:2],
        labelled=some[2:3],
        min_items=2,
        max_items=int(rng.integers(3, 7)),
        groups=(
            GroupRule(name="a", items=some[:5], maximum=3),
            GroupRule(name="b", items=some[5:8], minimum=1),
        ),
        resources=(Resource(name="hours", costs=rng.integers(0, 9, N), limit=25.0),),
    )
    costs = rng.integers(1, 10, N)
    shared = {
        "costs": costs,
        "budget": float(costs.sum() // 2),
        "constraints": constraints if limits else Constraints(),
    }
    m, sizes = 6, rng.integers(0, 3, N)
    coverage = CoverageProblem(
        amounts=rng.random((N, m)), weights=rng.random(m), held=0.3 * rng.random(m), **shared
    )
    design = DesignProblem(
        factors=rng.normal(size=(int(sizes.sum()), 4)), sizes=sizes, ridge=0.2, **shared
    )
    match kind:
        case "facility":
            return FacilityProblem(
                similarities=rng.random((N, m)),
                demands=rng.random(m),
                served=0.5 * rng.random(m),
                **shared,
            )
        case "coverage":
            return coverage
        case "design":
            return design
        case _:
            return SumProblem(terms=(coverage, design), shares=np.array([0.4, 1.3]), **shared)


def best(problem: SetProblem) -> float:
    """Return the largest worth of a selection of a reduced problem, by enumeration."""
    found = -np.inf
    for k in range(problem.n + 1):
        for items in combinations(range(problem.n), k):
            chosen = np.zeros(problem.n, dtype=bool)
            chosen[list(items)] = True
            if keeps(problem, chosen):
                found = max(found, problem.value(chosen))
    return found


def checked(
    problem: SetProblem, reduced: Reduced[SetProblem], log: ProofLog, target: float
) -> float:
    """Return the bound that the checker finds in a log, on the problem as it was asked."""
    lift = Lift(items=reduced.items, bought=len(reduced.bought), covered=0.0)

    def levels(point: ProofPoint) -> Row:
        assert isinstance(problem, FacilityProblem)
        assert isinstance(reduced.problem, FacilityProblem)
        return original_levels(problem, reduced.problem, point)

    rows = levels if isinstance(problem, FacilityProblem) else lift.row
    document = proof_document(log, lift, rows, totals=False)
    inputs = inputs_of(problem)
    rules = StatedRules(
        inputs, problem.budget, stated_constraints(constraints_document(problem), problem.n)
    )
    places = 6 if isinstance(problem, FacilityProblem) else problem.n
    points = PointRows(document["points"], places, paired=False)
    tree = Tree(document["tree"], rules, None, len(points), 0)
    tree.require_ends()
    return tree.bound(planes_of(inputs, rules, points, []), target * (1.0 + 1e-9))


class Patience:
    """A criterion that stops after it was asked a number of times."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, objective: float, upper_bound: float) -> StopReason | None:
        """Count down."""
        del objective, upper_bound
        self.left -= 1
        return StopReason.CANCELLED if self.left < 0 else None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("limits", [False, True], ids=["budget", "all rules"])
def test_the_checker_finds_the_optimum_proven(kind: str, seed: int, *, limits: bool) -> None:
    """A log with the optimum as its target proves it, on the problem as it was asked."""
    problem = asked(kind, seed, limits=limits)
    reduced = reduce(problem)
    optimum = best(reduced.problem)
    target = optimum if optimum > -np.inf else 1.0
    bound, log = prove_set(reduced.problem, target, Patience(10**9))
    assert bound <= target
    assert checked(problem, reduced, log, target) <= target * (1.0 + 1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("patience", [0, 2, 5])
def test_a_proof_that_was_cut_short_shows_the_bound_that_it_says(kind: str, patience: int) -> None:
    """Whenever the search ends, the log proves the bound that comes back with it."""
    problem = asked(kind, 7, limits=False)
    reduced = reduce(problem)
    optimum = best(reduced.problem)
    bound, log = prove_set(reduced.problem, optimum, Patience(patience))
    assert bound >= optimum
    assert checked(problem, reduced, log, bound) <= bound * (1.0 + 1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_so_is_not_proven(kind: str) -> None:
    """A target below the optimum ends with a bound of at least the optimum."""
    reduced = reduce(asked(kind, 8))
    optimum = best(reduced.problem)
    bound, _ = prove_set(reduced.problem, 0.9 * optimum, Patience(10**9))
    assert bound >= optimum
