"""What an evaluation compares: cuts, budgets, methods, and how often.

Each cut is drawn as often as the plan says; a draw holds the scenes that methods choose from, and
their costs.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.choosing.budgets import AskedBudget
from app.errors import BudgetError, InvalidRequestError
from app.evaluation.baselines.pool import MOST_SCENES
from app.evaluation.costs import Cost, parse_cost, scene_costs
from app.evaluation.cuts import Cut, Scenes
from app.evaluation.methods import require_baseline, require_objective_spec
from app.labelled.errors import LabelledDataError
from app.labelled.folder import LabelledPool
from features.settings import FeatureSettings
from features.sources.scenes import Image, PoolScene, ScenePool

RANDOM: Final = "random"
ENTROPY: Final = "entropy"
MARGIN: Final = "margin"
CORE_SET: Final = "core_set"
ACQUISITIONS: Final = (RANDOM, ENTROPY, MARGIN, CORE_SET)
"""How further rounds choose; see :mod:`app.evaluation.campaign`."""

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
        As :func:`app.evaluation.methods.find_methods` takes them: an objective,
        ``OBJECTIVE/STRATEGY``, or ``recommended+hint:SIZE``.
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
    first_model
        The backbone of a second first model. The first is of the backbone that seeds are chosen by.
        None: there is no second.
    starts
        How often a method that chance decides is asked, each time with another random seed; from 1
        to 1,000.
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
    first_model: FeatureSettings | None = None
    random: int = 20
    repetitions: int = 1
    starts: int = 1
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
            "starts": (1, _MOST),
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
            require_objective_spec(spec)
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


@dataclass(frozen=True, eq=False, slots=True)
class Draw:
    """The images that may be chosen, cut once into scenes.

    Parameters
    ----------
    cut
        How.
    repetition
        From 0; a cut that no chance decides is drawn once.
    scenes
        Scene id to the stems of its images.
    costs : (n,) float64
        Of the scenes, in their order.
    """

    cut: Cut
    repetition: int
    scenes: Scenes
    costs: NDArray[np.float64]

    @property
    def total(self) -> float:
        """What all scenes cost."""
        return math.fsum(self.costs)

    @property
    def price(self) -> dict[str, float]:
        """What each scene costs."""
        return dict(zip(self.scenes, self.costs.tolist(), strict=True))

    def source(self, pool: LabelledPool, cost: Cost) -> ScenePool:
        """Return the scenes as the feature pipeline takes them."""
        return ScenePool(
            kind="labelled",
            scenes=tuple(
                PoolScene(
                    scene_id=scene_id,
                    costs={cost.resource: price},
                    images=tuple(Image(str(pool.image(stem))) for stem in self.scenes[scene_id]),
                )
                for scene_id, price in self.price.items()
            ),
            resource=cost.resource,
            cost_origin=cost.spec,
        )


def draw_scenes(pool: LabelledPool, plan: ComparisonPlan) -> list[Draw]:
    """Cut the images that may be chosen, and refuse what no method could be asked.

    Everything here takes seconds; features take hours.

    Raises
    ------
    LabelledDataError
        A cut or a cost cannot be had; there are too many scenes, or all of them cost nothing.
    BudgetError
        A budget buys no scene of some cut.
    """
    per_image = plan.cost.per_image(pool)
    if not any(per_image.values()):
        rule = "is 0 for every image, so every budget buys all of them"
        raise LabelledDataError(place=f"cost {plan.cost.spec!r}", rule=rule)
    return [
        _draw(pool, plan, cut, repetition, per_image)
        for cut in plan.cuts
        for repetition in range(plan.repetitions if cut.lengths else 1)
    ]


def _draw(
    pool: LabelledPool,
    plan: ComparisonPlan,
    cut: Cut,
    repetition: int,
    per_image: Mapping[str, float],
) -> Draw:
    scenes = cut.scenes(pool.train, plan.stream(repetition))
    if len(scenes) > MOST_SCENES:
        rule = f"makes {len(scenes):,} scenes; baselines compare {MOST_SCENES:,} at most"
        raise LabelledDataError(place=f"cut {cut.spec!r}", rule=rule)
    found = Draw(cut, repetition, scenes, scene_costs(scenes, per_image))
    cheapest = float(found.costs.min())
    for budget in plan.budgets:
        limit = budget.within(found.total)
        if limit < cheapest:
            detail = (
                f"The budget of {limit:,.10g} {plan.cost.resource} is below the cheapest scene of "
                f"the cut {cut.spec!r} ({cheapest:,.10g})."
            )
            raise BudgetError(detail)
    return found
