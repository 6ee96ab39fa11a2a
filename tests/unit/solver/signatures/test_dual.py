"""The bound from one direction, beside the same formulas in exact numbers."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from solver.signatures.dual import Direction, Linear, Ranges, bound_between, direction, scores


def drawn(seed: int, n: int = 7, d: int = 3) -> tuple[Linear, np.ndarray, np.ndarray]:
    """Return items, their vectors and a vector u."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(n, d))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) * 1.01
    weights, costs = rng.uniform(0.1, 2.0, n), rng.uniform(0.0, 2.0, n)
    data = Linear(
        weights=weights, worth=rng.normal(size=n), costs=costs,
        allowance=float(0.4 * costs.sum()), top=float(weights.sum()),
    )  # fmt: skip
    u = (rng.random(n) * weights) @ vectors
    return data, vectors, u


def by_formula(
    data: Linear, vectors: np.ndarray, u: np.ndarray, low: float, high: float, price: float
) -> Fraction:
    """Return the bound of the module's first lines, for this price, without any rounding."""
    exact = [[Fraction(float(x)) for x in row] for row in vectors]
    v = [Fraction(float(x)) for x in u]
    low_, high_, p = Fraction(low), Fraction(high), Fraction(price)
    s = (low_ + high_) / 2
    total = sum((x * x for x in v), Fraction(0)) / 2 - low_ * high_ / 2
    total += p * Fraction(data.allowance)
    for w, q, a, m in zip(data.weights, data.worth, data.costs, exact, strict=True):
        product = sum((x * y for x, y in zip(m, v, strict=True)), Fraction(0))
        term = Fraction(float(w)) * (s - product) + Fraction(float(q)) - p * Fraction(float(a))
        total += max(Fraction(0), term)
    return total


def using(vectors: np.ndarray, u: np.ndarray, slope: float) -> Direction:
    """Return the direction of u."""
    return direction(u, slope, vectors @ u)


@pytest.mark.parametrize("seed", range(12))
def test_a_bound_is_its_formula_rounded_up(seed: int) -> None:
    """Never below the formula in exact numbers, and hardly above it."""
    data, vectors, u = drawn(seed)
    low, high = 0.5, 2.5
    for slope in (1.5, 3.0):
        found = bound_between(data, using(vectors, u, slope), low, high)
        factor = 1.5 / slope
        assert (found.slope, found.factor) == (1.5, factor)
        exactly = by_formula(data, vectors, factor * u, low, high, found.price)
        assert exactly <= Fraction(found.bound)
        size = 1 + float(abs(exactly)) + data.allowance * found.price
        assert found.bound <= float(exactly) + 1e-12 * size
        assert found.price >= 0


@pytest.mark.parametrize("seed", range(12))
def test_the_price_is_the_best_one(seed: int) -> None:
    """No other price gives a lower bound by more than a hundredth."""
    data, vectors, u = drawn(seed)
    found = bound_between(data, using(vectors, u, 1.5), 0.5, 2.5)
    for price in np.linspace(0, 3, 61):
        assert found.bound <= float(by_formula(data, vectors, u, 0.5, 2.5, price)) + 0.02


@pytest.mark.parametrize("seed", range(12))
def test_no_affordable_selection_is_worth_more(seed: int) -> None:
    """Of all selections whose t lies in the range; other ranges are bounded by other numbers."""
    data, vectors, u = drawn(seed)
    masks = (np.arange(2**7)[:, None] >> np.arange(7) & 1).astype(float)
    t, v = masks @ data.weights, masks @ (data.weights[:, None] * vectors)
    worth = masks @ data.worth + 0.5 * (t * t - (v * v).sum(axis=1))
    affordable = masks @ data.costs <= data.allowance
    ranges = Ranges(data, using(vectors, u, 1.5))
    ranges.add(using(vectors, -0.3 * u, 1.0))
    assert ranges.directions == 2
    best = float(worth[affordable].max())
    assert ranges.bound >= best
    start = ranges.bound
    ranges.refine(best, most=60, give_up=lambda: False)
    assert best <= ranges.bound <= start
    assert ranges.binding.bound >= ranges.bound
    for low in (0.0, 1.0, 2.0):
        inside = affordable & (t >= low) & (t <= low + 1.5)
        bound = bound_between(data, using(vectors, u, 1.5), low, low + 1.5).bound
        assert not inside.any() or bound >= float(worth[inside].max())


def test_what_is_rounded_is_in_the_bound() -> None:
    """Products as far off as a sum of d terms may be: the bound still holds."""
    data, vectors, u = drawn(3, n=200, d=40)
    plain = using(vectors, u, 1.5)
    assert plain.length == pytest.approx(float(np.linalg.norm(u)), rel=1e-15)
    assert plain.error == pytest.approx(1.0001 * 42 * 2.0**-53 * plain.length, rel=1e-12)
    off = Direction(
        length=plain.length, slope=1.5, products=plain.products + plain.error, dimension=40
    )
    found = bound_between(data, off, 0.5, 2.5)
    exactly = by_formula(data, vectors, u, 0.5, 2.5, found.price)
    assert exactly <= Fraction(found.bound)
    assert found.bound <= float(exactly) * (1 + 1e-11)
    assert data.rounding == pytest.approx(8 * 2.0**-53 * np.abs(data.worth), rel=1e-12)


@pytest.mark.parametrize("shape", ["worth", "weights", "allowance", "length"])
def test_the_slack_covers_large_numbers(shape: str) -> None:
    """Each number in turn is far larger than the rest: the bound stays above the formula."""
    for seed in range(8):
        data, vectors, u = drawn(seed, n=30)
        many = {"weights": data.weights, "worth": data.worth, "costs": data.costs,
                "allowance": data.allowance, "top": data.top}  # fmt: skip
        if shape in many:
            many[shape] = many[shape] * 1e9  # type: ignore[operator]  # numbers all
        else:
            u = u * 1e9
        data = Linear(**many)  # type: ignore[arg-type]  # as they were
        found = bound_between(data, using(vectors, u, 1.5), 0.5, 2.5)
        exactly = by_formula(data, vectors, u, 0.5, 2.5, found.price)
        assert exactly <= Fraction(found.bound)
        top = float(abs(exactly)) + found.price * data.allowance
        assert found.bound <= float(exactly) + 1e-12 * top


def test_a_direction_without_t_has_any_slope() -> None:
    """The point nothing has t = 0: its direction is used with a slope of 1."""
    nothing = direction(np.zeros(2), 0.0, np.zeros(3))
    assert (nothing.slope, nothing.length, nothing.dimension) == (1.0, 0.0, 2)
    assert direction(np.array([3.0, 4.0]), 0.5, np.zeros(3)).slope == 0.5


def test_scores_are_reduced_worths() -> None:
    """Each item's term, before what is negative counts as nothing."""
    data, vectors, u = drawn(1)
    found = bound_between(data, using(vectors, u, 3.0), 0.5, 2.5)
    expected = data.weights * (1.5 - 0.5 * (vectors @ u)) + data.worth - found.price * data.costs
    assert scores(data, found) == pytest.approx(expected, rel=1e-12)


def wide() -> tuple[Linear, np.ndarray, np.ndarray]:
    """Return items of which few can be paid: of the range of t, one half binds."""
    data, vectors, u = drawn(2)
    return replace(data, allowance=0.375 * data.allowance), vectors, u


def test_ranges_are_halved_where_that_matters() -> None:
    """As long as the secant errs by more than a share of what is left, and looks remain."""
    data, vectors, u = wide()
    first = using(vectors, u, 1.5)

    def refined(target: float, most: int, halve: float = 0.1) -> float:
        ranges = Ranges(data, first)
        ranges.refine(target, most=most, halve=halve, give_up=lambda: False)
        return ranges.bound

    whole = Ranges(data, first).bound
    assert whole == bound_between(data, first, 0.0, data.top).bound
    assert refined(whole + 1.0, 50) == whole
    assert refined(-100.0, 0) == whole
    middle = 0.5 * data.top
    halves = [
        bound_between(data, first, *ends).bound for ends in ((0.0, middle), (middle, data.top))
    ]
    assert max(halves) < whole - 1.0
    assert refined(-100.0, 1, 0.0) == pytest.approx(max(halves), rel=1e-9)
    error = data.top**2 / 8
    assert refined(whole - error / 0.31, 1, 0.3) == pytest.approx(max(halves), rel=1e-9)
    assert refined(whole - error / 0.29, 1, 0.3) == whole
    given_up = Ranges(data, first)
    given_up.refine(-100.0, most=50, give_up=lambda: True)
    assert given_up.bound == whole
    assert Ranges(data, first, known=whole - 0.5).bound == whole - 0.5


def test_another_direction_is_tried_before_a_range_is_halved() -> None:
    """What a first direction bounds badly, a second may bound well; the better bound stays."""
    data, vectors, u = wide()
    bad, good = using(vectors, 5.0 * u, 1.5), using(vectors, u, 1.5)
    alone = Ranges(data, bad)
    worse = alone.bound
    alone.add(good)
    alone.refine(-100.0, most=1, give_up=lambda: False)
    best = bound_between(data, good, 0.0, data.top).bound
    assert best < worse
    assert alone.bound == pytest.approx(best, rel=1e-9)
    assert alone.binding.using is good
    both = Ranges(data, good)
    both.add(bad)
    both.refine(-100.0, most=1, give_up=lambda: False)
    assert both.bound == best
    assert both.binding.using is good
    both.refine(-100.0, most=1, halve=0.0, give_up=lambda: False)
    middle = 0.5 * data.top
    ends = ((0.0, middle), (middle, data.top))
    halves = [min(bound_between(data, one, *end).bound for one in (good, bad)) for end in ends]
    assert both.bound == pytest.approx(max(halves), rel=1e-9)
