"""What the checker grants to rounding is enough, and not much more."""

from fractions import Fraction

import numpy as np
import pytest

from solver.check.rounding import UNIT, gamma, row_norms, row_sums

UNITS = Fraction(UNIT)


@pytest.mark.parametrize("terms", [1, 2, 10, 1_000, 10**6])
def test_gamma_is_no_smaller_than_the_bound_of_a_sum_of_so_many_terms(terms: int) -> None:
    """As Higham has it: k u / (1 - k u); what it is more is less than two terms."""
    assert terms * UNITS / (1 - terms * UNITS) <= Fraction(gamma(terms)) <= (terms + 2) * UNITS


@pytest.mark.parametrize("n", [1, 3, 100, 5_000])
def test_a_sum_is_off_by_no_more_than_it_says(n: int) -> None:
    """Terms that cancel too; and the error that is stated is that of so many terms."""
    rng = np.random.default_rng(n)
    values = rng.normal(size=(4, n)) * 10.0 ** rng.integers(-9, 9, (4, n))
    totals, errors = row_sums(values)
    for row, total, error in zip(values.tolist(), totals, errors, strict=True):
        exact, size = sum(map(Fraction, row)), sum(abs(Fraction(value)) for value in row)
        assert abs(Fraction(float(total)) - exact) <= Fraction(float(error))
        assert Fraction(float(error)) <= (min(n, 1_024) + 4) * UNITS * size


@pytest.mark.parametrize("terms", [1, 3, 64])
def test_a_norm_is_not_below_that_of_squares_that_came_out_too_small(terms: int) -> None:
    """By what a sum of so many terms may be off by."""
    squares = np.random.default_rng(terms).uniform(0.1, 9.0, 200)
    for square, norm in zip(squares, row_norms(squares, terms), strict=True):
        assert Fraction(float(norm)) ** 2 >= Fraction(float(square)) * (1 + terms * UNITS)
