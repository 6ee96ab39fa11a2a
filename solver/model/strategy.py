"""The names of the strategies, and what each promises."""

from enum import StrEnum
from typing import Final

from solver.model.errors import UnknownStrategyError


class Strategy(StrEnum):
    """How a problem is searched."""

    AUTO = "auto"
    """An answer at once, then better, then proven, until the gap or time asked for."""
    GREEDY = "greedy"
    """Greedy alone: at once, with a bound but no attempt to close the gap."""
    LOCAL_SEARCH = "local_search"
    """Greedy improved by exchanges and perturbation."""
    EXACT = "exact"
    """As ``auto``; the name for those who will wait for the proof."""
    CP_SAT = "cp_sat"
    """The classical linearised model through OR-Tools' CP-SAT."""
    SCIP = "scip"
    """The same through SCIP: SeedAL's own choice."""
    HIGHS = "highs"
    """The same through HiGHS."""
    PULP = "pulp"
    """The same through PuLP and CBC."""


STRATEGIES: Final = tuple(strategy.value for strategy in Strategy)


def strategy_of(name: str) -> Strategy:
    """Return the strategy of a name.

    Raises
    ------
    UnknownStrategyError
        When there is none of that name.
    """
    try:
        return Strategy(name)
    except ValueError as error:
        message = f"There is no strategy {name!r}; the strategies are {', '.join(STRATEGIES)}."
        raise UnknownStrategyError(message) from error
