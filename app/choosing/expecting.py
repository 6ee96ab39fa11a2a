"""What can be expected of a recommended seed: what it was worth on measured pools like this one.

``measured.json`` has a row for every cell of ``make bench-quality``, where recommended seeds were
compared with random ones of the same cost by training real first models on real labels. A pool is
like another where its redundancy is (:func:`app.choosing.building.redundancy`): no other number
that needs no label was found to tell more (``docs/seed-quality.md``, *Calibration*).
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

_TABLE: Final = "measured.json"

_WIDTH: Final = 0.08
"""Difference of redundancy at which a measured cell counts for 0.6 of one that is the same."""

_FEWEST: Final = 6.0
"""Cells' worth of likeness below which nothing is expected."""

_TAIL: Final = 0.1
_LOTTERY: Final = 0.7
"""Expected percentile below which words say that chance decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """The percentile of a recommended seed among random ones of the same cost, as measured.

    Parameters
    ----------
    percentile
        Mean over like cells: the share of random seeds whose first model is worse, in [0, 1].
    low, high
        A tenth of the like cells are below, and a tenth above.
    cells
        Number of cells in the table.
    """

    percentile: float
    low: float
    high: float
    cells: int

    @property
    def sentence(self) -> str:
        """The same for people."""
        found = (
            f"On measured pools like this one, recommended seeds were better than "
            f"{self.percentile:.0%} of random seeds of the same cost (mean; mostly "
            f"{self.low:.0%} to {self.high:.0%})."
        )
        if self.percentile >= _LOTTERY:
            return found
        return (
            f"{found} In such pools chance decides more than the choice: how the chosen images "
            "happen to be annotated."
        )


@cache
def _measured() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return redundancies, percentiles and weights of the table's cells; pools weigh the same."""
    cells = json.loads(files(__package__).joinpath(_TABLE).read_text(encoding="utf-8"))["cells"]
    pools = [cell["pool"] for cell in cells]
    weights = np.array([1.0 / pools.count(pool) for pool in pools])
    redundancies = np.array([cell["redundancy"] for cell in cells], dtype=np.float64)
    percentiles = np.array([cell["percentile"] for cell in cells], dtype=np.float64)
    return redundancies, percentiles, weights


def expect(redundancy: float) -> Expectation | None:
    """Return what is expected of a pool with a redundancy; None where none like it was measured."""
    return expect_from(redundancy, *_measured())


def expect_from(
    redundancy: float,
    redundancies: NDArray[np.float64],
    percentiles: NDArray[np.float64],
    weights: NDArray[np.float64],
) -> Expectation | None:
    """Return the same from other cells: a kernel mean (Nadaraya 1964, Watson 1964) and quantiles.

    Parameters
    ----------
    redundancy
        Of the pool.
    redundancies, percentiles, weights : (cells,) float64
        Of the measured cells.
    """
    likeness = np.exp(-0.5 * ((redundancies - redundancy) / _WIDTH) ** 2)
    if likeness.sum() < _FEWEST:
        return None
    shares = weights * likeness
    shares /= shares.sum()
    order = np.argsort(percentiles, kind="stable")
    reached = np.cumsum(shares[order])
    places = np.minimum(np.searchsorted(reached, (_TAIL, 1.0 - _TAIL)), len(order) - 1)
    low, high = percentiles[order[places]].tolist()
    return Expectation(
        percentile=float(shares @ percentiles), low=low, high=high, cells=len(percentiles)
    )
