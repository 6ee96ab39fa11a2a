"""The continuous knapsack against sorting."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solver.model.problem import Floats
from solver.search.knapsack import fractional, fractional_knapsack, largest_total, unit_price

numbers = st.sampled_from([0.0, 1e-9, 0.5, 1.0, 1.0, 2.0, 3.0, 1e6])


def by_sorting(worth: Floats, costs: Floats, allowance: float) -> Floats:
    """Return Dantzig's solution: by worth per cost, the last item in part."""
    ratio = worth / np.maximum(costs, 1e-300)
    x, left = np.zeros(len(worth)), allowance
    for item in np.argsort(-ratio, kind="stable"):
        if worth[item] > 0:
            x[item] = 1.0 if costs[item] <= left else max(0.0, left) / costs[item]
            left -= x[item] * costs[item]
    return x


@settings(deadline=None)
@given(
    worth=st.lists(numbers | numbers.map(lambda x: -x), min_size=1, max_size=30),
    data=st.data(),
    share=st.floats(0.0, 1.2),
    guess=numbers,
)
def test_a_filling_is_the_best_one(
    worth: list[float], data: st.DataObject, share: float, guess: float
) -> None:
    """A filling is affordable and worth what sorting finds, whatever the guess of its price."""
    w = np.array(worth)
    costs = np.array(data.draw(st.lists(numbers, min_size=len(worth), max_size=len(worth))))
    allowance = float(share * costs.sum())
    x = np.zeros(len(w))
    value, price = fractional(w, costs, allowance, guess, x)
    assert ((x >= 0) & (x <= 1)).all()
    assert costs @ x <= allowance * (1 + 1e-12) + 1e-300
    assert math.fsum(costs[x >= 1]) <= allowance * (1 + 1e-12)
    expected = float(w @ by_sorting(w, costs, allowance))
    assert value == pytest.approx(float(w @ x), rel=1e-9, abs=1e-12)
    assert value == pytest.approx(expected, rel=1e-9, abs=1e-12)
    # The price proves it: no other filling is worth more.
    bound = price * allowance + float(np.maximum(w - price * costs, 0.0).sum())
    assert bound == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert float(w @ fractional_knapsack(w, costs, allowance)) >= expected * (1 - 1e-12)
    size = np.abs(w)
    assert largest_total(size, costs, allowance) >= float(
        size @ by_sorting(size, costs, allowance)
    ) * (1 - 1e-12)


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), distinct=st.sampled_from([1, 2, 50, 10**6]))
def test_the_price_is_that_of_sorting(seed: int, distinct: int) -> None:
    """Among many items, also where most are equal, the price is the one that sorting finds."""
    rng = np.random.default_rng(seed)
    worth: Floats = rng.integers(1, distinct + 1, 20_000).astype(float)
    costs: Floats = rng.integers(1, 4, 20_000).astype(float)
    allowance = float(rng.uniform() * costs.sum())
    ratio = worth / costs
    order = np.argsort(-ratio, kind="stable")
    place = int(np.searchsorted(np.cumsum(costs[order]), allowance, side="right"))
    assert unit_price(worth, costs, allowance) == ratio[order[place]]
