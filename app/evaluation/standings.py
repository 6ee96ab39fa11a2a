"""How methods stand against random seeds of the same cost, in one comparison and over many."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from app.evaluation.outcome import Cell
from app.evaluation.scores import interval, percentile

_DRAWN: Final = 20
"""Random seeds whose best a method's is compared with, as the luckiest of many tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A method against random seeds, in one comparison; of several starts, the mean.

    Parameters
    ----------
    miou
        Of the method's seed.
    gain
        mIoU above the mean of the random seeds.
    percentile
        Share of the random seeds that it is above, ties counted half.
    at_best
        The chance that it is at or above the best of 20 of them, drawn at random; of all of them
        where there are fewer.
    """

    miou: float
    gain: float
    percentile: float
    at_best: float


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
    area, saved
        Means over lines of budgets, see :class:`Line`; no `saved` where no line has two budgets.
    """

    method: str
    cells: int
    gain: float
    gain_interval: tuple[float, float]
    percentile: float
    percentile_interval: tuple[float, float]
    above_mean: float
    at_best: float
    area: float
    saved: float | None


def standing(cell: Cell, method: str) -> Standing:
    """Compare a method's seeds with the random ones of the same cell."""
    randoms = np.array([seed.score.miou for seed in cell.random])
    found = [seed.score.miou for seed in cell.methods[method]]
    miou = cell.miou(method)
    return Standing(
        miou=miou,
        gain=miou - float(randoms.mean()),
        percentile=float(np.mean([percentile(one, randoms) for one in found])),
        at_best=float(
            np.mean([_above_all(int((randoms <= one).sum()), len(randoms)) for one in found])
        ),
    )


def _above_all(below: int, randoms: int) -> float:
    """Return the chance that so many drawn ones are all among those that are not above."""
    drawn = min(_DRAWN, randoms)
    return math.comb(below, drawn) / math.comb(randoms, drawn)


def total(method: str, cells: Sequence[Cell], random_seed: int = 0) -> Total:
    """Sum a method's standings up.

    Parameters
    ----------
    method
        Its name.
    cells
        The comparisons that it is in, at least one.
    random_seed
        Of the bootstrap.
    """
    standings = [standing(cell, method) for cell in cells]
    lines = [Line.of(method, line) for line in _lines(cells)]
    saved = [line.saved for line in lines if line.saved is not None]
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
        area=float(np.mean([line.area for line in lines])),
        saved=float(np.mean(saved)) if saved else None,
    )


@dataclass(frozen=True, slots=True)
class Line:
    """A method over the budgets of one draw of a cut, judged by one first model.

    Parameters
    ----------
    area
        The mean gain in mIoU over the logarithm of the budget, by trapezoids: the area between the
        method's line and that of the mean random seed, per unit of width.
    saved
        The share of the cost that a mean random seed of the same mIoU needs and the method does
        not, the mean over all budgets but the largest. The random line is interpolated over the
        logarithm of the budget, and ends with the budgets that were measured: what is saved beyond
        is not counted, nor what is lost below. None where there is a single budget.
    """

    area: float
    saved: float | None

    @classmethod
    def of(cls, method: str, cells: Sequence[Cell]) -> Self:
        """Return a method's line over comparisons that differ in the budget alone."""
        cells = sorted({cell.limit: cell for cell in cells}.values(), key=lambda cell: cell.limit)
        logarithms = np.log([cell.limit for cell in cells])
        random = np.array([np.mean([seed.score.miou for seed in cell.random]) for cell in cells])
        found = np.array([cell.miou(method) for cell in cells])
        if len(cells) == 1:
            return cls(float(found[0] - random[0]), None)
        width = logarithms[-1] - logarithms[0]
        rising = np.maximum.accumulate(random)
        needed = np.interp(found[:-1], rising, logarithms)
        return cls(
            float(np.trapezoid(found - random, logarithms) / width),
            float(np.mean(1.0 - np.exp(logarithms[:-1] - needed))),
        )


def _lines(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Return the comparisons, those together that differ in the budget alone."""
    found: dict[tuple[str, str, str, int], list[Cell]] = {}
    for cell in cells:
        key = (cell.backbone, cell.first_model, cell.cut, cell.repetition)
        found.setdefault(key, []).append(cell)
    return list(found.values())


def totals(cells: Iterable[Cell]) -> list[Total]:
    """Return every method's total, the best percentile first."""
    by_method: dict[str, list[Cell]] = {}
    for cell in cells:
        for method in cell.methods:
            by_method.setdefault(method, []).append(cell)
    found = [total(method, own) for method, own in by_method.items()]
    return sorted(found, key=lambda one: (-one.percentile, -one.gain, one.method))
