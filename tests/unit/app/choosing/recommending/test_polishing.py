"""The walk of exchanges: it keeps every rule, and never ends with a lower score."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.choosing.recommending.polishing import polish
from solver.model.constraints import Constraints, GroupRule
from solver.model.problem import SignatureProblem
from solver.model.stop import TimeLimit
from solver.rules.book import SelectionRules, keeps


def problem_of(seed: int, n: int) -> SignatureProblem:
    """Return a problem with a budget, a number of items and a group that limit."""
    rng = np.random.default_rng(seed)
    group = GroupRule(name="g", items=np.arange(n // 2), minimum=1, maximum=3)
    return SignatureProblem(
        weights=np.ones(n),
        vectors=np.zeros((n, 1)),
        costs=rng.integers(1, 9, n).astype(float),
        budget=20.0,
        constraints=Constraints(max_items=6, groups=(group,)),
    )


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(6, 14))
def test_rules_are_kept_and_the_score_does_not_fall(seed: int, n: int) -> None:
    """From any seed that keeps the rules, for any score of scenes one by one."""
    problem = problem_of(seed, n)
    rng = np.random.default_rng(seed)
    rules = SelectionRules(problem)
    start = np.zeros(n, dtype=bool)
    start[np.argmin(problem.costs[: n // 2])] = True
    worth = rng.normal(size=n)
    seen: list[float] = []

    def score(mask: np.ndarray) -> float:
        seen.append(float(worth[mask].sum()))
        return seen[-1]

    found = polish(start, rules, score=score, rng=rng, stop=TimeLimit(60.0), tries=40)
    assert keeps(problem, found)
    assert worth[found].sum() == max(seen)


def test_it_stops_at_once_where_there_is_no_time() -> None:
    """Then the seed is the one that was given."""
    problem = problem_of(0, 10)
    start = np.zeros(10, dtype=bool)
    start[0] = True
    found = polish(
        start,
        SelectionRules(problem),
        score=lambda mask: float(mask.sum()),
        rng=np.random.default_rng(0),
        stop=TimeLimit(0.0),
    )
    np.testing.assert_array_equal(found, start)


def test_nothing_chosen_stays_nothing() -> None:
    """There is nothing to exchange."""
    problem = problem_of(0, 10)
    nothing = np.zeros(10, dtype=bool)
    found = polish(
        nothing,
        SelectionRules(problem),
        score=lambda mask: float(mask.sum()),
        rng=np.random.default_rng(0),
        stop=TimeLimit(60.0),
        tries=5,
    )
    assert not found.any()
