"""The strategies: each takes a problem and returns an `Attempt`; none knows another."""

from dataclasses import dataclass

from solver.model.problem import Mask
from solver.model.result import StopReason


@dataclass(frozen=True, eq=False, slots=True)
class Attempt:
    """What a backend found.

    Parameters
    ----------
    chosen
        A selection within the budget, shape (n,).
    upper_bound
        What the backend proved that nothing exceeds; ``inf`` where it proves nothing.
    stop_reason
        Why it ended.
    nodes
        Nodes of branch and bound that were opened.
    """

    chosen: Mask
    upper_bound: float
    stop_reason: StopReason
    nodes: int = 0
