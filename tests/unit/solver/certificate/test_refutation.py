"""Proofs that rules leave nothing, as the checker reads them, against enumeration."""

from itertools import combinations

import numpy as np
import pytest

from solver.certificate.document import Lift, proof_document
from solver.certificate.question import constraints_document, inputs_of
from solver.certificate.refutation import prove_radius, refute
from solver.check.rules import StatedRules, stated_constraints
from solver.check.tree import Tree
from solver.model.constraints import Constraints, GroupRule, Resource
from solver.model.errors import VerificationError
from solver.model.problem import AnyProblem, SignatureProblem
from solver.model.result import StopReason
from solver.rules.book import keeps
from solver.rules.reduction import reduce
from solver.search.proof_log import Ended, ProofLog, Split
from solver.sets.k_center import KCenterProblem

N = 9


def never(objective: float, upper_bound: float) -> StopReason | None:
    """Never stop."""
    del objective, upper_bound


def at_once(objective: float, upper_bound: float) -> StopReason | None:
    """Stop at once."""
    del objective, upper_bound
    return StopReason.CANCELLED


def some_rules(rng: np.random.Generator) -> Constraints:
    """Return random constraints, that often contradict each other."""
    some = rng.permutation(N)
    return Constraints(
        include=some[:1],
        exclude=some[1:3],
        labelled=some[3:4],
        min_items=int(rng.integers(0, 6)),
        max_items=int(rng.integers(6, 8)),
        groups=(GroupRule(name="a", items=some[2:6], minimum=int(rng.integers(0, 4))),),
        resources=(
            Resource(name="hours", costs=rng.integers(1, 9, N), limit=float(rng.integers(8, 30))),
            Resource(name="disks", costs=rng.integers(1, 9, N), limit=float(rng.integers(8, 30))),
        ),
    )


def signatures(costs: np.ndarray, budget: float, rules: Constraints) -> SignatureProblem:
    """Return a problem of which only the rules matter."""
    n = len(costs)
    return SignatureProblem(
        weights=np.ones(n),
        vectors=np.zeros((n, 1)),
        costs=costs,
        budget=budget,
        constraints=rules,
    )


def centers(seed: int, rules: Constraints | None = None, n: int = N) -> KCenterProblem:
    """Return random centers, with distances of which many are equal."""
    rng = np.random.default_rng(seed)
    costs = rng.integers(1, 9, n)
    return KCenterProblem(
        distances=np.round(rng.random((n, 12)), 1),
        costs=costs,
        budget=float(costs.sum() // 3),
        constraints=rules or Constraints(),
    )


def best(problem: AnyProblem) -> float | None:
    """Return the largest worth of centers by enumeration, 0 for others; None without selections."""
    reduced = reduce(problem)
    if reduced.broken:
        return None
    found = None
    for k in range(reduced.problem.n + 1):
        for items in combinations(range(reduced.problem.n), k):
            chosen = np.zeros(reduced.problem.n, dtype=bool)
            chosen[list(items)] = True
            if keeps(reduced.problem, chosen):
                there = isinstance(problem, KCenterProblem)
                worth = problem.value(reduced.present(chosen)) if there else 0.0
                found = worth if found is None else max(found, worth)
    return found


def require_proof(problem: AnyProblem, log: ProofLog, bound: float | None = None) -> None:
    """Check that a log has empty ends only, and that the checker finds them empty."""
    kept = all(isinstance(step, Split | Ended) for _, step in log.preorder())
    assert kept, "an end that is open"
    lift = Lift(items=np.arange(problem.n), bought=0, covered=0.0)
    document = proof_document(log, lift, lift.row, totals=False)
    inputs = inputs_of(problem)
    stated = stated_constraints(constraints_document(problem), problem.n)
    radius = None if bound is None else 0.0 - bound
    Tree(
        document["tree"], StatedRules(inputs, problem.budget, stated, radius), None, 0, 0
    ).require_ends()


@pytest.mark.parametrize("seed", range(40))
def test_what_has_no_selection_is_refuted_and_nothing_else(seed: int) -> None:
    """There is a proof exactly where enumeration finds no selection, and it holds."""
    rng = np.random.default_rng(seed)
    costs = rng.integers(1, 9, N)
    problem = signatures(costs, float(rng.integers(8, 30)), some_rules(rng))
    log = refute(problem, never)
    assert (log is None) == (best(problem) is not None)
    if log is not None:
        require_proof(problem, log)


def test_both_outcomes_occur() -> None:
    """The random rules above leave something about as often as nothing."""
    outcomes = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        costs = rng.integers(1, 9, N)
        problem = signatures(costs, float(rng.integers(8, 30)), some_rules(rng))
        outcomes.append(best(problem) is None)
    assert 8 <= sum(outcomes) <= 32


def test_a_rule_about_labelled_items_alone_is_no_hindrance() -> None:
    """No item that can be bought is in it."""
    problem = signatures(
        np.full(4, 2.0),
        3.0,
        Constraints(
            labelled=np.array([0, 2]),
            min_items=2,
            groups=(GroupRule(name="a", items=np.array([0, 2]), minimum=0, maximum=2),),
        ),
    )
    log = refute(problem, never)
    assert log is not None
    require_proof(problem, log)


def test_a_maximum_above_the_number_of_items_is_no_hindrance() -> None:
    """A group's limit is what was asked, also where it has fewer items, or none at all."""
    all_of_them = GroupRule(name="a", items=np.arange(N), minimum=3, maximum=None)
    none = GroupRule(name="b", items=np.zeros(0, int), minimum=0, maximum=1)
    rules = Constraints(max_items=2, groups=(all_of_them, none))
    problem = signatures(np.ones(N), 30.0, rules)
    log = refute(problem, never)
    assert log is not None
    require_proof(problem, log)


def test_fractions_are_branched_on() -> None:
    """Where parts of items would do, and no item does, the proof is a tree."""
    # One and a half of each kind use both limits up; of whole items one limit is broken.
    costs = np.array([2.0, 2.0, 2.0, 1.0, 1.0, 1.0])
    rules = Constraints(min_items=3, resources=(Resource(name="r", costs=3.0 - costs, limit=4.5),))
    problem = signatures(costs, 4.5, rules)
    log = refute(problem, never)
    assert best(problem) is None
    assert log is not None
    assert any(isinstance(step, Split) for _, step in log.preorder())
    require_proof(problem, log)


def test_without_time_nothing_is_refuted() -> None:
    """A criterion that stops at once leaves no proof."""
    problem = signatures(np.ones(N), 2.0, Constraints(min_items=3))
    assert refute(problem, at_once) is None
    assert refute(problem, never) is not None


def test_an_item_that_is_included_and_excluded_is_refuted() -> None:
    """Two lists that contradict each other need no further proof."""
    problem = signatures(np.ones(N), 5.0, Constraints(include=[3], exclude=[3]))
    log = refute(problem, never)
    assert log is not None
    require_proof(problem, log)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("ruled", [False, True], ids=["budget", "all rules"])
def test_the_radius_of_the_best_centers_is_proven(seed: int, *, ruled: bool) -> None:
    """The optimum by enumeration is a bound that is proven, and one above it is not claimed."""
    problem = centers(seed, some_rules(np.random.default_rng(seed)) if ruled else None)
    optimum = best(problem)
    if optimum is None:
        optimum = -0.5  # any bound holds where there is no selection
    bound, log = prove_radius(problem, optimum, never)
    assert bound == optimum
    require_proof(problem, log, bound)
    beyond, log = prove_radius(problem, optimum - 0.05, never)
    assert beyond >= (optimum if best(problem) is not None else optimum - 0.05)
    require_proof(problem, log, beyond)


def test_without_time_the_radius_that_no_selection_is_below_is_proven() -> None:
    """A criterion that stops at once leaves the bound that one rule shows."""
    problem = centers(1)
    bound, log = prove_radius(problem, best(problem) or 0.0, at_once)
    assert bound == problem.value(np.ones(N, dtype=bool))
    require_proof(problem, log, bound)


def test_no_points_are_no_question() -> None:
    """Without points there is nothing to prove, and this is said."""
    problem = KCenterProblem(distances=np.zeros((2, 0)), costs=[1.0, 1.0], budget=1.0)
    with pytest.raises(VerificationError, match="Without any point"):
        prove_radius(problem, 0.0, never)
