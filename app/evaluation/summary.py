"""How each method stands against random seeds, over all comparisons of an evaluation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from app.evaluation.outcome import Cell
from app.evaluation.scores import interval, percentile


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A method against random seeds, in one comparison.

    Parameters
    ----------
    miou
        Of the method's seed.
    gain
        mIoU above the mean of the random seeds.
    percentile
        Share of the random seeds that it is above, ties counted half.
    at_best
        Whether it is at or above the best of them.
    """

    miou: float
    gain: float
    percentile: float
    at_best: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """A method against random seeds, over several comparisons.

    Parameters
    ----------
    method
        Its name.
    cells
        Number of comparisons.
    gain, percentile
        Means.
    gain_interval, percentile_interval
        95 % bootstrap intervals of the means, comparisons drawn with replacement.
    above_mean, at_best
        Shares of the comparisons.
    """

    method: str
    cells: int
    gain: float
    gain_interval: tuple[float, float]
    percentile: float
    percentile_interval: tuple[float, float]
    above_mean: float
    at_best: float


def standing(cell: Cell, method: str) -> Standing:
    """Compare a method's seed with the random ones of the same cell."""
    randoms = np.array([seed.score.miou for seed in cell.random])
    miou = cell.methods[method].score.miou
    return Standing(
        miou=miou,
        gain=miou - float(randoms.mean()),
        percentile=percentile(miou, randoms),
        at_best=bool(miou >= randoms.max()),
    )


def total(method: str, standings: Sequence[Standing], random_seed: int = 0) -> Total:
    """Sum a method's standings up.

    Parameters
    ----------
    method
        Its name.
    standings
        One for each comparison, at least one.
    random_seed
        Of the bootstrap.
    """
    gains = [one.gain for one in standings]
    percentiles = [one.percentile for one in standings]
    return Total(
        method=method,
        cells=len(standings),
        gain=float(np.mean(gains)),
        gain_interval=interval(gains, random_seed),
        percentile=float(np.mean(percentiles)),
        percentile_interval=interval(percentiles, random_seed),
        above_mean=float(np.mean([one.gain > 0 for one in standings])),
        at_best=float(np.mean([one.at_best for one in standings])),
    )


def totals(cells: Iterable[Cell]) -> list[Total]:
    """Return every method's total, the best percentile first."""
    by_method: dict[str, list[Standing]] = {}
    for cell in cells:
        for method in cell.methods:
            by_method.setdefault(method, []).append(standing(cell, method))
    found = [total(method, standings) for method, standings in by_method.items()]
    return sorted(found, key=lambda one: (-one.percentile, -one.gain, one.method))
