"""What an evaluation compares: cuts, budgets, methods, and how often."""

import math
from dataclasses import dataclass, field
from typing import Final

from app.errors import BudgetError, InvalidRequestError
from app.evaluation.costs import Cost, parse_cost
from app.evaluation.cuts import Cut
from app.services.budgets import BudgetAsked
from features.settings import FeatureSettings

RANDOM: Final = "random"
ENTROPY: Final = "entropy"
MARGIN: Final = "margin"
CORE_SET: Final = "core_set"
ACQUISITIONS: Final = (RANDOM, ENTROPY, MARGIN, CORE_SET)
"""How further rounds choose; see :mod:`app.evaluation.rounds`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
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
        Number of random seeds, at least 2: fewer have no spread.
    repetitions
        How often a cut that is drawn at random is drawn.
    cost
        What labelling costs.
    features
        How scenes are described to the methods, and by which backbones the probe sees. The number
        of clusters is that of the dataset's classes, as in the paper.
    backbones
        Names; each makes an experiment of its own.
    rounds
        Further rounds of active learning after each seed.
    acquisitions
        How these choose.
    time_limit_s
        Seconds of the solver for each seed.
    random_seed
        Of cuts, random seeds, baselines and rounds.

    Raises
    ------
    InvalidRequestError
        A list is empty, or a number is out of its range.
    """

    cuts: tuple[Cut, ...]
    budgets: tuple[BudgetAsked, ...]
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
        for name in ("cuts", "budgets", "backbones"):
            if not getattr(self, name):
                message = f"An evaluation needs at least one of its {name}."
                raise InvalidRequestError(message)
        for name, least in (("random", 2), ("repetitions", 1), ("rounds", 0), ("random_seed", 0)):
            if getattr(self, name) < least:
                given = getattr(self, name)
                message = f"--{name.replace('_', '-')} must be at least {least}, not {given}."
                raise InvalidRequestError(message)
        if not (math.isfinite(self.time_limit_s) and self.time_limit_s >= 0):
            message = f"A time limit is a finite number of seconds from 0, not {self.time_limit_s}."
            raise InvalidRequestError(message)
        for budget in self.budgets:
            if budget.amount <= 0:
                message = "A budget of 0 buys no seed to train on."
                raise BudgetError(message)
        for name in self.acquisitions:
            if name not in ACQUISITIONS:
                message = f"There is no acquisition {name!r}; there are {', '.join(ACQUISITIONS)}."
                raise InvalidRequestError(message)
