"""What chooses a seed in a comparison: the product's objectives, and the baselines."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidRequestError
from app.evaluation.baselines.pool import Pool
from app.evaluation.baselines.registry import BASELINES, Baseline
from app.services.objectives import OBJECTIVES, FeatureToken, require_objective
from app.services.seeding import SeedQuestion, make_seed
from features.settings import AUTO

RANDOM: Final = "random"

BASELINE_METHODS: Final = tuple(name for name in BASELINES if name != RANDOM)
"""Every baseline that a seed is compared with; random seeds are what all are compared with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Scenes that a method chose.

    Parameters
    ----------
    scenes
        Their ids.
    seconds
        Wall time.
    gap
        How much better any other choice can be by the method's own objective, relative; None where
        the method has no bound.
    notes
        What a user should know of it.
    """

    scenes: tuple[str, ...]
    seconds: float
    gap: float | None = None
    notes: tuple[str, ...] = ()


class Method(Protocol):
    """Chooses scenes within a question's budget."""

    @property
    def token(self) -> FeatureToken:
        """Which vectors of images it wants where the user does not say."""
        ...

    def __call__(self, question: SeedQuestion) -> Choice:
        """Return the choice; the question's random seed is the only source of randomness."""
        ...


@dataclass(frozen=True, slots=True)
class _Objective:
    """One of the product's objectives, as the product answers it."""

    name: str
    strategy: str

    @property
    def token(self) -> FeatureToken:
        """The objective's."""
        return OBJECTIVES[self.name].token

    def __call__(self, question: SeedQuestion) -> Choice:
        asked = replace(question, objective=self.name, strategy=self.strategy)
        answer = make_seed(asked)
        return Choice(
            scenes=tuple(scene.scene_id for scene in answer.scenes),
            seconds=answer.result.seconds,
            gap=answer.result.gap,
            notes=answer.result.notes,
        )


@dataclass(frozen=True, slots=True)
class _Baseline:
    """A baseline, on the scenes' signatures."""

    baseline: Baseline
    classes: int

    @property
    def token(self) -> FeatureToken:
        """The paper's choice: baselines are compared as they were published."""
        return AUTO

    def __call__(self, question: SeedQuestion) -> Choice:
        started = time.perf_counter()
        pool = Pool(
            scene_ids=question.scene_ids,
            vectors=question.vectors,
            weights=question.weights,
            costs=question.costs,
            classes=self.classes,
        )
        chosen: NDArray[np.int64] = self.baseline(pool, question.budget, question.random_seed)
        names = tuple(question.scene_ids[k] for k in chosen)
        return Choice(scenes=names, seconds=time.perf_counter() - started)


def find_methods(
    objectives: Mapping[str, str], baselines: tuple[str, ...], classes: int
) -> dict[str, Method]:
    """Return methods by name, objectives first.

    Parameters
    ----------
    objectives
        Name in the table to the objective, or to ``OBJECTIVE/STRATEGY``.
    baselines
        Names of :data:`app.evaluation.baselines.registry.BASELINES`; random seeds are no method.
    classes
        Number of classes, for baselines that make as many clusters.

    Raises
    ------
    InvalidRequestError
        There is no baseline of a name.
    """
    found: dict[str, Method] = {}
    for name, spec in objectives.items():
        objective, _, strategy = spec.partition("/")
        require_objective(objective)
        found[name] = _Objective(objective, strategy or "auto")
    for name in baselines:
        if name not in BASELINE_METHODS:
            known = ", ".join(BASELINE_METHODS)
            message = f"There is no baseline {name!r}; there are {known}, all and none."
            raise InvalidRequestError(message)
        found[name if name not in found else f"{name} (baseline)"] = _Baseline(
            BASELINES[name], classes
        )
    return found


def random_choice(question: SeedQuestion, random_seed: int) -> Choice:
    """Return a random seed: scenes in a random order, as long as they fit."""
    method: Callable[[SeedQuestion], Choice] = _Baseline(BASELINES[RANDOM], 1)
    return method(replace(question, random_seed=random_seed))
