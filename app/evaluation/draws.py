"""The scenes that methods choose from: each cut, as often as it is drawn, with its costs."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.errors import BudgetError
from app.evaluation.baselines.pool import MOST_SCENES
from app.evaluation.costs import Cost, scene_costs
from app.evaluation.cuts import Cut, Scenes
from app.evaluation.errors import EvaluationError
from app.evaluation.labelled import LabelledPool
from app.evaluation.plan import ComparisonPlan
from features.sources.scenes import Image, PoolScene, ScenePool


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
    EvaluationError
        A cut or a cost cannot be had; there are too many scenes, or all of them cost nothing.
    BudgetError
        A budget buys no scene of some cut.
    """
    per_image = plan.cost.per_image(pool)
    if not any(per_image.values()):
        rule = "is 0 for every image, so every budget buys all of them"
        raise EvaluationError(place=f"cost {plan.cost.spec!r}", rule=rule)
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
        raise EvaluationError(place=f"cut {cut.spec!r}", rule=rule)
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
