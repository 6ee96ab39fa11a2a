import math
from dataclasses import replace

import differential_problems
import numpy as np
import pytest
from differential import built
from differential_model import Enumeration

from solver import verify as module
from solver.model.constraints import Constraints, GroupRule, Resource
from solver.model.errors import VerificationError
from solver.model.problem import AnyProblem, PairProblem, SignatureProblem
from solver.model.result import Explanation, Result, Status, StopReason
from solver.solve import solve
from solver.verify import slack, verify

PROBLEM = SignatureProblem(
    weights=np.array([1.0, 0.8, 0.6, 0.9]),
    vectors=np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.8, 0.6]]),
    costs=np.array([2.0, 3.0, 1.0, 4.0]),
    budget=6.0,
)


@pytest.fixture
def answer() -> Result:
    """Return a true answer to tamper with."""
    return solve(PROBLEM)


def stated(problem: AnyProblem, selected: list[int], objective: float) -> Result:
    """Return an answer of this selection, called feasible, with its true cost."""
    return Result(
        status=Status.FEASIBLE,
        stop_reason=StopReason.EXHAUSTED,
        selected=np.array(selected, dtype=np.int64),
        objective=objective,
        upper_bound=math.inf,
        total_cost=math.fsum(problem.costs[selected]),
        budget=problem.budget,
        seconds=0.0,
        strategy="auto",
        used="auto",
    )


def test_a_true_answer_passes(answer: Result) -> None:
    """What the solver returns holds."""
    verify(PROBLEM, answer)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"objective": 99.0, "upper_bound": 99.0}, "is worth .*, not 99.0"),
        ({"objective": -0.9, "upper_bound": -0.9}, "is worth .*, not -0.9"),
        ({"upper_bound": 0.0}, "is below"),
        ({"upper_bound": 99.0, "status": Status.OPTIMAL}, "called optimal"),
        ({"selected": np.array([0, 1, 2, 3])}, "costs 10.0, not"),
        ({"total_cost": 6.001}, "costs 6.0, not 6.001"),
        ({"total_cost": -6.0}, "costs 6.0, not -6.0"),
        ({"selected": np.array([0, 1, 2, 3]), "total_cost": 10.0}, "more than the budget"),
        ({"selected": np.array([1, 0])}, "not a sorted list"),
        ({"selected": np.array([0, 0])}, "not a sorted list"),
        ({"selected": np.array([0, 1, 1])}, "not a sorted list"),
        ({"selected": np.array([0, 7])}, "not a sorted list"),
        ({"selected": np.array([0, 4])}, "not a sorted list"),
        ({"selected": np.array([-1, 0])}, "not a sorted list"),
        ({"budget": 7.0}, "The budget is 6.0, not 7.0"),
    ],
)
def test_a_changed_answer_is_rejected(
    answer: Result, change: dict[str, object], sentence: str
) -> None:
    """Every statement of an answer, changed, is found out and named."""
    with pytest.raises(VerificationError, match=sentence):
        verify(PROBLEM, replace(answer, **change))  # type: ignore[arg-type]  # values of many kinds


def items(*numbers: int) -> np.ndarray:
    """Return item numbers."""
    return np.array(numbers, dtype=np.int64)


def free(**rules: object) -> PairProblem:
    """Return four items that are worth nothing and cost 1, 2, 3 and 4, under some rules."""
    return PairProblem(
        utilities=np.zeros((4, 4)),
        profits=np.zeros(4),
        costs=np.array([1.0, 2.0, 3.0, 4.0]),
        budget=10.0,
        constraints=Constraints(**rules),  # type: ignore[arg-type]  # values of many kinds
    )


PAIR = GroupRule(name="pair", items=items(0, 1), minimum=1, maximum=1)
HOURS = Resource(name="hours", costs=np.array([5.0, 6.0, 7.0, 8.0]), limit=11.0)


@pytest.mark.parametrize(
    ("problem", "keeps", "breaks", "sentence"),
    [
        (replace(free(), budget=3.0), [0, 1], [3], "more than the budget of 3.0"),
        (free(include=items(0, 2)), [0, 2], [0, 1], "must be included is missing"),
        (free(include=items(0, 2), labelled=items(2)), [0], [1], "must be included is missing"),
        (free(exclude=items(1)), [0, 2], [0, 1], "excluded, or labelled already"),
        (free(labelled=items(1)), [0, 2], [0, 1], "excluded, or labelled already"),
        (free(min_items=2), [0, 1], [0], "has 1 items; asked for are 2 to None"),
        (free(max_items=2), [0, 1], [0, 1, 2], "has 3 items; asked for are 0 to 2"),
        (free(groups=(PAIR,)), [1, 2], [2, 3], "has 0 items of 'pair'; asked for are 1 to 1"),
        (free(groups=(PAIR,)), [0, 2], [0, 1], "has 2 items of 'pair'; asked for are 1 to 1"),
        (free(resources=(HOURS,)), [0, 1], [0, 2], "more than the limit of 'hours' of 11.0"),
    ],
)
def test_a_selection_that_breaks_a_rule_is_rejected(
    problem: AnyProblem, keeps: list[int], breaks: list[int], sentence: str
) -> None:
    """Each kind of rule is looked at, up to its border, and named where it is broken."""
    verify(problem, stated(problem, keeps, 0.0))
    with pytest.raises(VerificationError, match=sentence):
        verify(problem, stated(problem, breaks, 0.0))


@pytest.mark.parametrize("share", [1e-2, 1e-6, 1e-11])
def test_a_limit_is_kept_but_for_rounding(share: float) -> None:
    """A cost that is above the budget, or a further limit, by more than 1e-12 of it is refused."""
    low = 3.0 / (1.0 + share)
    hours = replace(HOURS, limit=11.0 / (1.0 + share))
    for problem in (replace(free(), budget=low), free(resources=(hours,))):
        with pytest.raises(VerificationError, match="more than"):
            verify(problem, stated(problem, [0, 1], 0.0))
    for rounding in (1.0, 1.0 / (1.0 + 9e-13)):
        at = replace(
            free(resources=(replace(HOURS, limit=11.0 * rounding),)), budget=3.0 * rounding
        )
        verify(at, stated(at, [0, 1], 0.0))


def test_what_is_labelled_cannot_be_excluded() -> None:
    """Where the two rules meet in an item there is no selection, so none passes."""
    problem = free(exclude=items(1, 2), labelled=items(2, 3))
    assert solve(problem).status is Status.INFEASIBLE
    with pytest.raises(VerificationError, match="is labelled already"):
        verify(problem, stated(problem, [], 0.0))


def test_no_selection_has_no_items_and_a_reason() -> None:
    """An infeasible answer that selects something, or gives no explanation, is refused."""
    problem = replace(free(), budget=3.0)
    none = stated(problem, [], -math.inf)
    reason = Explanation(sentence="", rules=("budget",), items=items())
    honest = replace(none, status=Status.INFEASIBLE, explanation=reason)
    verify(problem, honest)
    for wrong in (replace(honest, explanation=None), replace(honest, selected=items(0))):
        with pytest.raises(VerificationError, match="has a selection, or no explanation"):
            verify(problem, wrong)


def test_an_objective_of_which_nothing_is_known_is_not_verified() -> None:
    """An objective without a definition here is an error, not an answer that passes."""
    with pytest.raises(NotImplementedError, match="no definition"):
        module._worth(object(), items())  # type: ignore[arg-type]  # a new kind


@pytest.mark.parametrize("place", range(70))
def test_every_objective_is_recomputed_by_its_definition(place: int) -> None:
    """The worth of any selection passes, as exhaustive search has it; a little more does not."""
    case = differential_problems.make(5, place, most_items=8)
    problem, seen = built(case), Enumeration(case)
    allowed = seen.allowed()
    rng = np.random.default_rng(place)
    for number in rng.choice(2**case.n, 8):
        selected = [k for k in range(case.n) if number >> k & 1]
        worth = float(seen.worth[number])
        answer = stated(problem, selected, worth)
        if not allowed[number]:
            with pytest.raises(VerificationError):
                verify(problem, answer)
            continue
        verify(problem, answer)
        close = slack(problem, answer.selected, worth)
        assert 0 <= close <= 1e-9 * abs(worth) + 1e-6 * float(seen.scale.max())
        more = 3 * close + 1e-6 * abs(worth) + 1e-300
        for wrong in (worth + more, worth - more):
            with pytest.raises(VerificationError, match="is worth"):
                verify(problem, replace(answer, objective=wrong))


@pytest.mark.parametrize(("block", "pairwise"), [(3, 5), (3, 8), (64, 2)])
def test_many_items_are_worth_what_few_are(
    block: int, pairwise: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However rows are cut into blocks, and by either formula, a sum over pairs is the same."""
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(8, 3))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) * 1.3
    problem = replace(
        PROBLEM, weights=rng.random(8), vectors=vectors, costs=np.ones(8), profits=rng.random(8),
        budget=8.0,
    )  # fmt: skip
    cosines = problem.vectors @ problem.vectors.T
    matrix = np.triu(np.outer(problem.weights, problem.weights) * (1 - cosines), k=1)
    pairs = PairProblem(
        utilities=matrix + matrix.T, profits=problem.profits, costs=problem.costs, budget=8.0
    )
    worth = float(matrix.sum() + problem.profits.sum())
    monkeypatch.setattr(module, "_ROWS", block)
    monkeypatch.setattr(module, "_PAIRWISE", pairwise)
    for one in (problem, pairs):
        verify(one, stated(one, list(range(8)), worth))
        with pytest.raises(VerificationError, match="is worth"):
            verify(one, stated(one, list(range(8)), worth * (1 + 1e-6)))


def test_rounding_of_large_sums_that_cancel_is_granted() -> None:
    """Vectors that are nearly the same: what 1e-12 of the square of all weights may hide."""
    problem = replace(PROBLEM, weights=np.full(4, 1e3), vectors=np.ones((4, 1)), budget=10.0)
    every = stated(problem, [0, 1, 2, 3], 0.0)
    terms = 0.5 * 4e3**2
    assert slack(problem, every.selected, 0.0) == pytest.approx(1e-12 * terms, rel=1e-9)
    verify(problem, replace(every, objective=0.9e-12 * terms))
    with pytest.raises(VerificationError, match="is worth"):
        verify(problem, replace(every, objective=1.1e-12 * terms))
    pairs = replace(free(), profits=np.array([1e6, -1e6, 0.0, 0.0]))
    assert slack(pairs, items(0, 1), 5.0) == pytest.approx(5e-9 + 2e-6, rel=1e-9)
