"""What can be expected of a recommended seed: what it was worth on measured pools like this one.

``measured.json`` has a row for each cell of ``make bench-quality`` that was run with ``--table``.
There, recommended seeds are compared with random ones of the same cost by training real first
models on real labels. A pool is like another where its redundancy is
(:func:`app.choosing.building.redundancy`). How well that predicts a pool from others is what the
same run prints as its calibration.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np

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
def _measured() -> tuple[Mapping[str, Any], ...]:
    """Return the cells of the product's table."""
    text = files(__package__).joinpath(_TABLE).read_text(encoding="utf-8")
    return tuple(json.loads(text)["cells"])


def expect(
    redundancy: float, cells: Sequence[Mapping[str, Any]] | None = None
) -> Expectation | None:
    """Return what is expected of a pool: a kernel mean (Nadaraya 1964, Watson 1964) and quantiles.

    Parameters
    ----------
    redundancy
        Of the pool.
    cells
        Measured ones, with their ``pool``, ``redundancy`` and ``percentile``; by default those of
        the product's table. Pools weigh the same, however many cells they have.

    Returns
    -------
    Expectation or None
        None where too few cells are like this pool.
    """
    known = _measured() if cells is None else cells
    pools = [cell["pool"] for cell in known]
    weights = np.array([1.0 / pools.count(pool) for pool in pools])
    redundancies, percentiles = (
        np.array([cell[member] for cell in known], dtype=np.float64)
        for member in ("redundancy", "percentile")
    )
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
