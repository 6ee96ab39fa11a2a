"""The concave relaxation, beside a plain evaluation of its formulas."""

import math

import differential_problems
import numpy as np
import pytest
from differential import built
from differential_model import Enumeration

from solver.model.problem import SignatureProblem
from solver.model.result import StopReason
from solver.model.stop import GapReached
from solver.signatures import relaxation
from solver.signatures.relaxation import Relaxation, relax, signature_bound

NEVER = GapReached(0.0)


def never() -> bool:
    """Do not give up."""
    return False


def scenes(n: int, seed: int, d: int = 3) -> SignatureProblem:
    """Return scenes of any direction, weight, profit and cost."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, d))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) * rng.uniform(1.0, 1.5, (n, 1))
    costs = rng.uniform(1.0, 2.0, n)
    return SignatureProblem(
        weights=rng.uniform(0.5, 1.0, n), vectors=vectors, profits=rng.normal(0.0, 0.3, n),
        costs=costs, budget=float(0.5 * costs.sum()),
    )  # fmt: skip


def best_of(problem: SignatureProblem) -> tuple[float, float]:
    """Return the best worth within the budget, and without any."""
    masks = (np.arange(2**problem.n)[:, None] >> np.arange(problem.n) & 1).astype(float)
    w, m = problem.weights, problem.vectors
    matrix = np.triu(np.outer(w, w) * (1 - m @ m.T), k=1)
    worth = np.einsum("si,ij,sj->s", masks, matrix, masks) + masks @ problem.profits
    return float(worth[masks @ problem.costs <= problem.allowance].max()), float(worth.max())


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_holds_and_is_close(seed: int) -> None:
    """Of ten scenes it lies between the best selection and a few hundredths above it."""
    for n, d in ((10, 3), (10, 12)):
        problem = scenes(n, seed, d)
        best, anything = best_of(problem)
        bound = signature_bound(problem, 0.0, NEVER)
        assert best <= bound <= best + 0.15 * abs(best)
        assert bound <= 1.05 * anything


@pytest.mark.parametrize("place", range(0, 420, 7))
def test_the_bound_holds_for_every_kind_of_problem(place: int) -> None:
    """Ties, free items, weights of all sizes: no selection is worth more, not even by rounding."""
    case = differential_problems.make(10, place, most_items=8)
    problem, seen = built(case), Enumeration(case)
    assert isinstance(problem, SignatureProblem)
    within = seen.allowed(dropped=lambda rule: rule != "budget")
    affordable = np.flatnonzero(problem.costs <= problem.allowance)
    if len(affordable) < problem.n or case.rules["labelled"]:
        return
    best = seen.best(within)
    bound = signature_bound(problem, -math.inf, NEVER)
    assert bound >= best - 1e-15 * float(seen.scale[-1])


def linear(**changes: object) -> Relaxation:
    """Return two items without weight: the relaxation is a knapsack."""
    fields: dict[str, object] = {
        "gain": np.array([3.0, 4.0]), "weights": np.zeros(2), "directions": np.zeros((2, 1)),
        "diagonal": np.zeros(2), "costs": np.array([1.0, 2.0]), "allowance": 2.0,
    }  # fmt: skip
    return Relaxation(**(fields | changes))  # type: ignore[arg-type]  # values of many kinds


def test_without_weights_it_is_a_knapsack() -> None:
    """Three for the first item, and half of the second."""
    assert relax(linear(), -math.inf, never) == pytest.approx(5.0, rel=1e-12)


def test_one_item_is_bounded_exactly() -> None:
    """A scene alone has no pair: its square is taken off again, wherever the search ends."""
    one = linear(
        gain=np.array([2.0]), weights=np.array([4.0]), directions=np.array([[2.0]]),
        diagonal=np.array([12.0]), costs=np.array([1.0]), allowance=1.0,
    )  # fmt: skip
    assert relax(one, -math.inf, never) == pytest.approx(2.0, abs=0.06)
    # Before any step: the gain, and half the square of t.
    assert relax(one, 11.0, never) <= 10.0 + 1e-9


def exact(data: Relaxation, low: float, high: float) -> float:
    """Return the largest g on a grid of points within the budget, for two items."""
    x = np.linspace(0, 1, 401)
    points = np.array(np.meshgrid(x, x)).reshape(2, -1)
    points = points[:, data.costs @ points <= data.allowance + 1e-12]
    t = data.weights @ points
    v = data.directions.T @ points
    g = data.gain @ points - 0.5 * (data.diagonal @ points) - 0.5 * (v * v).sum(axis=0)
    return float((g + 0.5 * ((low + high) * t - low * high)).max())


@pytest.mark.parametrize("seed", range(6))
def test_an_interval_is_bounded_by_the_largest_g(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frank-Wolfe's bound on a range of t is the maximum of the concave g, to a hundredth."""
    rng = np.random.default_rng(seed)
    data = linear(
        gain=rng.normal(size=2), weights=rng.uniform(0.5, 2.0, 2),
        directions=rng.normal(size=(2, 2)),
        diagonal=rng.uniform(0.0, 0.5, 2), costs=rng.uniform(0.5, 2.0, 2),
    )  # fmt: skip
    monkeypatch.setattr(relaxation, "_CONVERGED", 1e-5)
    start = relaxation._Interval(0.3, 1.7, np.zeros(2))
    bound, end = relaxation._tighten(data, math.inf, start, -100.0, never)
    top = exact(data, 0.3, 1.7)
    assert top - 1e-3 <= bound <= top + 0.01
    assert (end.low, end.high) == (0.3, 1.7)
    assert data.costs @ end.point <= data.allowance + 1e-9
    known, _ = relaxation._tighten(data, top - 5.0, start, -100.0, never)
    assert known == top - 5.0


def test_halving_ranges_lowers_the_bound_to_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one range the secant blurs the bound; halved often, less of that is left."""
    for seed in (0, 2):
        problem = scenes(10, seed)
        data, best = relaxation._whole(problem), best_of(problem)[0]
        monkeypatch.setattr(relaxation, "_INTERVALS", 0)
        once = relax(data, best, never)
        monkeypatch.setattr(relaxation, "_INTERVALS", 200)
        often = relax(data, best, never)
        assert best <= often < once - 0.2
        assert often - best < 0.1 * best
        monkeypatch.setattr(relaxation, "_INTERVALS", 0)
        assert relax(data, once + 0.1, never) >= once  # no better than asked for


def test_a_search_that_is_given_up_says_what_it_knows() -> None:
    """After one step nothing is refined; the bound holds, and is no lower than a full one."""
    data = linear(weights=np.array([1.0, 2.0]), directions=np.array([[0.1], [0.2]]))
    asked = []

    def at_once() -> bool:
        asked.append(1)
        return True

    assert relax(data, 4.0, at_once) >= relax(data, 4.0, never)
    assert 1 <= len(asked) <= 3
    seen = []

    def stop(objective: float, bound: float) -> StopReason | None:
        seen.append((objective, bound))
        return StopReason.CANCELLED

    problem = scenes(10, 1)
    assert signature_bound(problem, 0.5, stop) >= signature_bound(problem, 0.5, NEVER)
    assert set(seen) == {(0.5, math.inf)}


def test_the_number_that_a_budget_buys_counts_as_well() -> None:
    """Of items of cost 2 a budget of 3 buys one; of one and a half, 3/4 would be possible."""
    problem = SignatureProblem(
        weights=np.ones(3), vectors=np.eye(3), costs=np.full(3, 2.0), budget=3.0
    )
    assert 1 / 3 <= signature_bound(problem, 0.0, NEVER) < 0.36
    counted = relaxation._counted(relaxation._whole(problem))
    assert counted.costs.tolist() == [1.0, 1.0, 1.0]
    assert counted.allowance == 1.0
    # Where the first bound does not beat what is known, the second is not made.
    assert signature_bound(problem, 9.0, NEVER) <= 9.0 + 1e-9


def test_few_items_of_many_dimensions_keep_their_norms() -> None:
    """Directions are turned into as many columns as there are items: every sum is as long."""
    for n, d in ((4, 3), (4, 9)):
        problem = scenes(n, 2, d)
        data = relaxation._whole(problem)
        assert data.directions.shape == (n, min(n, d))
        plain = problem.weights[:, None] * problem.vectors
        assert np.allclose(data.directions @ data.directions.T, plain @ plain.T, atol=1e-12)
        squares = (problem.vectors**2).sum(axis=1)
        assert np.allclose(data.diagonal, problem.weights**2 * (1 - squares), atol=1e-12)


def test_rounding_is_added_in_proportion_to_the_numbers() -> None:
    """Where all scenes are alike the bound is a difference of squares, and lifted by its error."""
    problem = SignatureProblem(
        weights=np.full(4, 1e6), vectors=np.ones((4, 1)), costs=np.ones(4), budget=4.0,
        profits=np.array([5.0, -7.0, 0.0, 0.0]),
    )  # fmt: skip
    terms = (0.5 * 4e6) ** 2 + 12.0
    plain = relax(relaxation._whole(problem), -math.inf, never)
    bound = signature_bound(problem, plain + 1.0, NEVER)
    assert bound - plain == pytest.approx(1e-12 * terms, rel=1e-3)
    assert bound >= 5.0
