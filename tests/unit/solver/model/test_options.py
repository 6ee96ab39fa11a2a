"""How to search, as one value."""

import math
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from solver.model.errors import UnknownStrategyError
from solver.model.options import STRATEGIES, SolverOptions, strategy_of


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"strategy": "gredy"}, UnknownStrategyError, "no strategy 'gredy'; the strategies are"),
        ({"time_limit_s": -1.0}, ValueError, "A time limit is at least 0 seconds, not -1.0."),
        ({"time_limit_s": math.nan}, ValueError, "at least 0 seconds, not nan"),
        ({"gap": -0.1}, ValueError, "A gap is at least 0, not -0.1."),
        ({"gap": math.nan}, ValueError, "at least 0, not nan"),
        ({"node_limit": -1}, ValueError, "A node limit is at least 0, not -1."),
    ],
)
def test_what_no_search_can_do_is_refused(
    wrong: dict[str, Any], error: type[Exception], words: str
) -> None:
    """The sentence names the rule, before any problem is looked at."""
    with pytest.raises(error, match=words):
        SolverOptions(**wrong)


def test_the_ends_of_the_ranges_are_allowed() -> None:
    """No time at all, no end of it, any gap, and every strategy by its name."""
    for seconds in (0.0, math.inf):
        assert SolverOptions(time_limit_s=seconds).time_limit_s == seconds
    assert SolverOptions(gap=math.inf).gap == math.inf
    assert [strategy_of(name).value for name in STRATEGIES] == list(STRATEGIES)


def test_options_are_values() -> None:
    """Equal where they say the same, and they stay as they are."""
    options = SolverOptions(gap=0.1)
    assert options == SolverOptions(gap=0.1)
    assert hash(options) == hash(SolverOptions(gap=0.1))
    with pytest.raises(FrozenInstanceError):
        options.gap = 0.2  # type: ignore[misc]  # that it is refused is the point
