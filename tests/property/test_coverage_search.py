"""The compiled local search of coverage, against plain loops."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st
from sets import coverage_problems

from solver.model.problem import Mask
from solver.model.result import StopReason
from solver.model.stop import TimeLimit
from solver.rules.book import SelectionRules, keeps
from solver.rules.reduction import reduce
from solver.search.greedy import greedy
from solver.sets.coverage import CoverageProblem
from solver.sets.coverage_search import CoverageLandscape


def never(_objective: float, _bound: float) -> StopReason | None:
    """Go on."""
    return None


def exchanges(problem: CoverageProblem, chosen: Mask) -> list[Mask]:
    """Return every selection with one item in the place of one, and with one more."""
    rules = SelectionRules(problem)
    found = []
    for out in [None, *np.flatnonzero(chosen).tolist()]:
        possible = rules.may_add(chosen) if out is None else rules.may_replace(chosen, [out])
        for new in np.flatnonzero(possible):
            after = chosen.copy()
            if out is not None:
                after[out] = False
            after[new] = True
            found.append(after)
    return found


@given(coverage_problems(), st.integers(0, 2**32 - 1))
def test_no_exchange_of_one_item_improves_what_a_descent_finds(
    asked: CoverageProblem, seed: int
) -> None:
    """From wherever a perturbation leads: the rules are kept, and no neighbour is worth more."""
    problem = reduce(asked).problem
    start = greedy(problem).chosen
    assume(keeps(problem, start))
    landscape = CoverageLandscape(problem)
    best = landscape.descend(start, never)
    assert landscape.value(best) >= landscape.value(start) - landscape.threshold
    shaken = landscape.perturb(best, np.random.default_rng(seed))
    assume(keeps(problem, shaken))
    found = landscape.descend(shaken, never)
    assert keeps(problem, found)
    most = landscape.value(found) + 4 * landscape.threshold
    for after in exchanges(problem, found):
        assert not keeps(problem, after) or landscape.value(after) <= most


@given(coverage_problems())
def test_a_descent_that_is_stopped_keeps_the_rules(asked: CoverageProblem) -> None:
    """Asked to stop at once, what is there is filled up and handed back."""
    problem = reduce(asked).problem
    start = greedy(problem).chosen
    assume(keeps(problem, start))
    landscape = CoverageLandscape(problem)
    found = landscape.descend(start, TimeLimit(0.0))
    assert landscape.value(found) >= landscape.value(start) - landscape.threshold
