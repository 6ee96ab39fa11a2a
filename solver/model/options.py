"""How to search: the strategy, when to stop, and the seed of all randomness."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from solver.model.errors import InvalidOptionError, UnknownStrategyError
from solver.model.stop import GapReached, TimeLimit


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverOptions:
    """What a search is told besides the problem.

    Parameters
    ----------
    strategy
        auto, greedy, local_search, exact, cp_sat, scip, highs or pulp.
    time_limit_s
        Wall-clock seconds for the whole call, at least 0. At 0 the greedy answer comes back.
    gap
        Stop once the answer is certified to be within this relative gap of the best.
    random_seed
        The only source of randomness.
    node_limit
        Nodes of branch and bound, at most; by default no limit. With this instead of a time limit
        that binds, the same call gives the same answer on any machine.

    Raises
    ------
    UnknownStrategyError
        When there is no such strategy.
    InvalidOptionError
        When the time limit or the gap is negative or not a number, or the random seed or the node
        limit is negative.
    """

    strategy: str = "auto"
    time_limit_s: float = 10.0
    gap: float = 0.0
    random_seed: int = 0
    node_limit: int | None = None

    def __post_init__(self) -> None:
        strategy_of(self.strategy)
        # Each criterion refuses what it cannot stop at.
        TimeLimit(self.time_limit_s)
        GapReached(self.gap)
        if self.random_seed < 0:
            message = f"A random seed is at least 0, not {self.random_seed}."
            raise InvalidOptionError(message)
        if self.node_limit is not None and self.node_limit < 0:
            message = f"A node limit is at least 0, not {self.node_limit}."
            raise InvalidOptionError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontierOptions(SolverOptions):
    """The same for many budgets in one call, where bounds as close as a curve can show are enough.

    Parameters
    ----------
    time_limit_s
        Wall-clock seconds for all budgets together.
    gap
        Each point is improved until it is certified to be within this relative gap of the best.
    """

    gap: float = 0.01
