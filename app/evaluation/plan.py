"""What an evaluation compares: cuts, budgets, methods, and how often."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from app.choosing.budgets import AskedBudget
from app.errors import BudgetError, InvalidRequestError
from app.evaluation.costs import Cost, parse_cost
from app.evaluation.cuts import Cut
from app.evaluation.methods import parse_objective, require_baseline
from features.settings import FeatureSettings

RANDOM: Final = "random"
ENTROPY: Final = "entropy"
MARGIN: Final = "margin"
CORE_SET: Final = "core_set"
ACQUISITIONS: Final = (RANDOM, ENTROPY, MARGIN, CORE_SET)
"""How further rounds choose; see :mod:`app.evaluation.rounds`."""

_MOST: Final = 1000
"""Random seeds, and repetitions, at most: their numbers then never meet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonPlan:
    """One evaluation of one dataset.

    Parameters
    ----------
    cuts
        Ways to make scenes of images, at least one.
    budgets
        At least one; fractions are of what all scenes cost.
    objectives
        As :func:`app.evaluation.methods.find_methods` takes them: an objective, or
        ``OBJECTIVE/STRATEGY``.
    baselines
        Names of baselines.
    random
        Number of random seeds, from 2 (fewer have no spread) to 1,000.
    repetitions
        How often a cut that is drawn at random is drawn, from 1 to 1,000.
    cost
        What labelling costs.
    features
        How scenes are described to the methods, and by which backbones the probe sees. The number
        of clusters is that of the dataset's classes, as in the paper.
    backbones
        Names, at least one; each makes an experiment of its own.
    rounds
        Further rounds of active learning after each seed.
    acquisitions
        How these choose; at least one where there are rounds.
    time_limit_s
        Seconds of the solver for each seed.
    random_seed
        Of cuts, random seeds, baselines and rounds.

    Raises
    ------
    InvalidRequestError
        A list is empty or has something twice, there is nothing of a name, or a number is out of
        its range.
    BudgetError
        A budget is 0.
    FeatureError
        There is no backbone of a name.
    """

    cuts: tuple[Cut, ...]
    budgets: tuple[AskedBudget, ...]
    objectives: tuple[str, ...]
    baselines: tuple[str, ...]
    backbones: tuple[str, ...]
    random: int = 20
    repetitions: int = 1
    cost: Cost = field(default_factory=lambda: parse_cost("pixels"))
    features: FeatureSettings = field(default_factory=FeatureSettings)
    rounds: int = 0
    acquisitions: tuple[str, ...] = ACQUISITIONS
    time_limit_s: float = 10.0
    random_seed: int = 0

    def __post_init__(self) -> None:
        self._check_lists()
        self._check_numbers()
        self._check_names()

    def stream(self, repetition: int) -> int:
        """Return the random seed of a repetition of a cut; no two plans' meet."""
        return _MOST * self.random_seed + repetition

    def first_random_seed(self, repetition: int) -> int:
        """Return the number of a repetition's first random seed; the others follow."""
        return _MOST * self.stream(repetition)

    def _check_lists(self) -> None:
        named: dict[str, Sequence[object]] = {
            "cut": [cut.spec for cut in self.cuts],
            "budget": self.budgets,
            "backbone": self.backbones,
            "objective": self.objectives,
            "baseline": self.baselines,
            "acquisition": self.acquisitions,
        }
        needed = {"cut", "budget", "backbone"} | ({"acquisition"} if self.rounds else set())
        for kind, values in named.items():
            if kind in needed and not values:
                message = f"An evaluation needs at least one {kind}."
                raise InvalidRequestError(message)
            if len(set(values)) < len(values):
                twice = next(value for value in values if values.count(value) > 1)
                message = f"The {kind} {twice} is given twice."
                raise InvalidRequestError(message)

    def _check_numbers(self) -> None:
        ranges = {
            "random": (2, _MOST),
            "repetitions": (1, _MOST),
            "rounds": (0, None),
            "random_seed": (0, None),
        }
        for name, (least, most) in ranges.items():
            given = getattr(self, name)
            if given < least or (most is not None and given > most):
                rule = f"at least {least}" if most is None else f"from {least} to {most:,}"
                message = f"--{name.replace('_', '-')} must be {rule}, not {given}."
                raise InvalidRequestError(message)
        if not (math.isfinite(self.time_limit_s) and self.time_limit_s >= 0):
            message = f"--time-limit must be at least 0 seconds, not {self.time_limit_s}."
            raise InvalidRequestError(message)
        if any(budget.limit == 0 for budget in self.budgets):
            message = "A budget of 0 buys no seed to train on."
            raise BudgetError(message)

    def _check_names(self) -> None:
        for spec in self.objectives:
            parse_objective(spec)
        for name in self.baselines:
            require_baseline(name)
        for name in self.backbones:
            replace(self.features, backbone=name)
        for name in self.acquisitions:
            if name not in ACQUISITIONS:
                message = f"There is no acquisition {name!r}; there are {', '.join(ACQUISITIONS)}."
                raise InvalidRequestError(message)
        if self.features.weights is not None and len(self.backbones) > 1:
            message = "--weights is one backbone's checkpoint, and several backbones are given."
            raise InvalidRequestError(message)
