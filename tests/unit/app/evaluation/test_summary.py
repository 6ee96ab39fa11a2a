"""How methods stand against random seeds."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import percentileofscore

from app.evaluation.outcome import Cell
from app.evaluation.standings import Line, standing, total, totals

MakeCell = Callable[..., Cell]

scores = st.integers(0, 20).map(lambda k: k / 20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(scores, min_size=2, max_size=12), scores)
def test_a_standing_is_what_scipy_counts(
    make_cell: MakeCell, random: list[float], miou: float
) -> None:
    """The percentile counts ties half, the gain is above the mean, the best may be tied."""
    found = standing(make_cell(random, {"a": miou}), "a")
    assert found.miou == miou
    assert found.percentile == pytest.approx(percentileofscore(random, miou, kind="mean") / 100)
    assert found.gain == pytest.approx(miou - sum(random) / len(random))
    assert found.at_best == (sum(other > miou for other in random) == 0)


def test_a_total_is_the_mean_over_comparisons(make_cell: MakeCell) -> None:
    """Gains and percentiles are averaged, wins are counted, intervals hold the means."""
    cells = [
        make_cell([0.2, 0.4], {"a": 0.5}),
        make_cell([0.2, 0.4], {"a": 0.3}),
        make_cell([0.2, 0.4], {"a": 0.1}),
        make_cell([0.2, 0.4], {"a": 0.35}),
    ]
    found = total("a", cells)
    assert (found.method, found.cells) == ("a", 4)
    assert found.gain == pytest.approx(np.mean([0.2, 0.0, -0.2, 0.05]))
    assert found.percentile == pytest.approx(np.mean([1.0, 0.5, 0.0, 0.5]))
    assert found.at_best == 0.25
    assert found.gain_interval[0] <= found.gain <= found.gain_interval[1]
    assert found.percentile_interval[0] < found.percentile < found.percentile_interval[1]
    assert total("a", cells) == found


def test_above_the_mean_is_a_gain_above_nothing(make_cell: MakeCell) -> None:
    """A method at the mean of the random seeds is not above it."""
    cells = [make_cell([0.25, 0.75], {"a": value}) for value in (0.5, 0.625)]
    assert totals(cells)[0].above_mean == 0.5


def test_the_best_method_comes_first(make_cell: MakeCell) -> None:
    """By percentile, then by gain, then by name."""
    methods = {"d": 0.3, "c": 0.3, "b": 0.31, "a": 0.9}
    cells = [make_cell([0.2, 0.4], methods), make_cell([0.1, 0.5], methods)]
    assert [one.method for one in totals(cells)] == ["a", "b", "c", "d"]
    assert totals([]) == []


def test_a_line_counts_what_a_random_seed_would_need(make_cell: MakeCell) -> None:
    """Random seeds double their mIoU from 1 to 4; a method is there at 2, and so saves a half."""
    values = {"10%": (0.2, 0.2), "20%": (0.3, 0.4), "40%": (0.4, 0.5)}
    cells = [
        make_cell([random, random], {"a": own}, budget=budget)
        for budget, (random, own) in values.items()
    ]
    found = Line.of("a", cells[::-1])
    assert found.area == pytest.approx((0.0 / 2 + 0.1 + 0.1 / 2) / 2)
    assert found.saved == pytest.approx((0.0 + 0.5) / 2)
    assert totals(cells)[0].saved == found.saved
    assert Line.of("a", cells[1:2]).saved is None


def test_beyond_what_was_measured_nothing_is_counted(make_cell: MakeCell) -> None:
    """A method above every random seed saves the largest budget; one below the smallest nothing."""
    budgets = {"10%": 0.2, "20%": 0.3}
    for own, saved in ((0.9, 0.5), (0.1, 0.0)):
        cells = [make_cell([r, r], {"a": own}, budget=budget) for budget, r in budgets.items()]
        assert Line.of("a", cells).saved == pytest.approx(saved)


def test_lines_are_apart_by_cut_and_first_model(make_cell: MakeCell) -> None:
    """What differs in more than the budget is a line of its own, and lines count alike."""
    cells = [
        make_cell([0.2, 0.2], {"a": 0.3}),
        make_cell([0.2, 0.2], {"a": 0.5}, first_model="other"),
        make_cell([0.2, 0.2], {"a": 0.5}, first_model="other", budget="20%"),
    ]
    assert totals(cells)[0].area == pytest.approx((0.1 + 0.3) / 2)
