"""What chooses a seed in a comparison: the product's objectives, and the baselines."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.choosing.objectives import OBJECTIVES, RECOMMENDED, FeatureToken, require_objective
from app.choosing.question import Question
from app.choosing.recommending import Recommendation
from app.choosing.seeding import make_seed
from app.errors import InvalidRequestError
from app.evaluation.baselines.pool import BaselinePool
from app.evaluation.baselines.registry import BASELINES, BaselineMethod
from features.settings import AUTO
from solver.model.options import STRATEGIES, Strategy

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
    recommendation
        What is proven and expected of it, where it is a recommended one.
    """

    scenes: tuple[str, ...]
    seconds: float
    gap: float | None = None
    notes: tuple[str, ...] = ()
    recommendation: Recommendation | None = None


class Method(Protocol):
    """Chooses scenes within a question's budget."""

    @property
    def token(self) -> FeatureToken:
        """Which vectors of images it wants where the user does not say."""
        ...

    @property
    def seeded(self) -> bool:
        """Whether another random seed gives another choice."""
        ...

    def __call__(self, question: Question) -> Choice:
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

    @property
    def seeded(self) -> bool:
        """Only what is searched for is: a solver's randomness moves an answer within its gap."""
        return self.name == RECOMMENDED

    def __call__(self, question: Question) -> Choice:
        options = replace(question.options, strategy=self.strategy)
        answer = make_seed(replace(question, objective=self.name, options=options))
        return Choice(
            scenes=tuple(scene.scene_id for scene in answer.scenes),
            seconds=answer.result.seconds,
            gap=answer.result.gap,
            notes=answer.result.notes,
            recommendation=answer.recommendation,
        )


@dataclass(frozen=True, slots=True)
class _Baseline:
    """A baseline, on the scenes' signatures."""

    baseline: BaselineMethod
    classes: int

    @property
    def token(self) -> FeatureToken:
        """The paper's choice: baselines are compared as they were published."""
        return AUTO

    @property
    def seeded(self) -> bool:
        """As published."""
        return self.baseline.seeded

    def __call__(self, question: Question) -> Choice:
        started = time.perf_counter()
        pool = BaselinePool(
            scene_ids=question.scene_ids,
            vectors=question.signatures.vectors,
            weights=question.signatures.weights,
            costs=question.costs,
            classes=self.classes,
        )
        chosen: NDArray[np.int64] = self.baseline(
            pool, question.budget, question.options.random_seed
        )
        names = tuple(question.scene_ids[k] for k in chosen)
        return Choice(scenes=names, seconds=time.perf_counter() - started)


def parse_objective(spec: str) -> tuple[str, str]:
    """Return the objective and the strategy of ``OBJECTIVE`` or ``OBJECTIVE/STRATEGY``.

    Raises
    ------
    InvalidRequestError
        There is no such objective, or no such strategy. That an objective does not have a strategy
        that others have is found out when it is asked.
    """
    objective, slash, strategy = spec.partition("/")
    objective = require_objective(objective).name
    if not slash:
        return objective, Strategy.AUTO
    if strategy not in STRATEGIES:
        detail = f"{spec}: there is no strategy {strategy!r}; there are {', '.join(STRATEGIES)}."
        raise InvalidRequestError(detail)
    return objective, strategy


HINTED: Final = f"{RECOMMENDED}+hint:"
"""What the name of a recommended seed with a hint begins with (`app.evaluation.hinted`)."""

_SIZE: Final = re.compile(r"(?P<images>[1-9]\d{0,3})|(?P<percent>[1-9]\d?)%|all", re.ASCII)


@dataclass(frozen=True, slots=True)
class HintSize:
    """How many labels a hint has.

    Parameters
    ----------
    images
        Number of labelled images from outside the pool; None: all there are.
    share
        Of the budget, what buys the hint; 0: nothing, the images are from outside the pool.
    """

    images: int | None
    share: float = 0.0


def parse_hinted(spec: str) -> HintSize:
    """Return the size of the hint of ``recommended+hint:N``, ``:P%`` or ``:all``.

    Raises
    ------
    InvalidRequestError
        It is none of these.
    """
    found = _SIZE.fullmatch(spec.removeprefix(HINTED))
    if found is None:
        detail = f"{spec}: a hint is of N images, of P% of the budget, or all."
        raise InvalidRequestError(detail)
    if found["percent"]:
        return HintSize(None, int(found["percent"]) / 100.0)
    return HintSize(int(found["images"]) if found["images"] else None)


def require_objective_spec(spec: str) -> None:
    """Check what may stand in a list of objectives.

    Raises
    ------
    InvalidRequestError
        There is no such objective, strategy or hint.
    """
    if spec.startswith(HINTED):
        parse_hinted(spec)
    else:
        parse_objective(spec)


def require_baseline(name: str) -> BaselineMethod:
    """Return a baseline.

    Raises
    ------
    InvalidRequestError
        There is none of that name. Random seeds are no method: all are compared with them.
    """
    if name not in BASELINE_METHODS:
        known = ", ".join(BASELINE_METHODS)
        detail = f"There is no baseline {name!r}; there are {known}, all and none."
        raise InvalidRequestError(detail)
    return BASELINES[name]


def find_methods(
    objectives: Iterable[str],
    baselines: Iterable[str],
    classes: int,
    hinted: Callable[[HintSize], Method],
) -> dict[str, Method]:
    """Return methods by the name they have in tables, objectives first.

    Parameters
    ----------
    objectives
        Each ``OBJECTIVE``, ``OBJECTIVE/STRATEGY`` or ``recommended+hint:SIZE``.
    baselines
        Each one of `BASELINE_METHODS`; where an objective has its name, it gets an addition.
    classes
        Number of classes, for baselines that make as many clusters.
    hinted
        Makes the method that has a hint of a size.

    Raises
    ------
    InvalidRequestError
        There is no method of a name.
    """
    found: dict[str, Method] = {
        spec: hinted(parse_hinted(spec))
        if spec.startswith(HINTED)
        else _Objective(*parse_objective(spec))
        for spec in objectives
    }
    taken = frozenset(found)
    for name in baselines:
        shown = f"{name} (baseline)" if name in taken else name
        found[shown] = _Baseline(require_baseline(name), classes)
    return found


def random_choice(question: Question, random_seed: int) -> Choice:
    """Return a random seed: scenes in a random order, as long as they fit."""
    chance = _Baseline(BASELINES[RANDOM], 1)
    return chance(replace(question, options=replace(question.options, random_seed=random_seed)))
