"""One question, one seed: from signatures, costs and a budget to a ranked, checked selection.

Pure: the command line and the solve processes of the API run the same function.
"""

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import numpy.typing as npt

import app.seeds.wire
from app.choosing.baselines import Baseline, Baselines
from app.choosing.near_misses import MissedScene, near_misses
from app.choosing.objectives import require_objective, resolve
from app.choosing.representing import nearest_of
from app.errors import BudgetError, InfeasibleError, InvalidRequestError
from features.index import SceneIndex
from features.settings import AUTO
from features.signatures.parts import Parts
from solver.model.constraints import Constraints
from solver.model.errors import BackendFailedError, InvalidProblemError, UnknownStrategyError
from solver.model.objective import gains
from solver.model.problem import AnyProblem
from solver.model.result import Result, Status
from solver.ranking import rank
from solver.solve import ALGORITHM, solve


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class SeedQuestion:
    """What is asked.

    Parameters
    ----------
    scene_ids
        The n scenes that can be chosen.
    costs
        In the budget's unit, shape (n,).
    weights, vectors
        The scenes' signatures, shapes (n,) and (n, d).
    parts
        What the scenes show, for objectives that look at it; None where it is not known.
    budget
        Limit on the sum of the chosen costs.
    objective
        A name of :data:`app.choosing.objectives.OBJECTIVES`.
    strategy, time_limit_s, gap, random_seed
        As in `solver.solve.solve`.
    constraints
        Rules besides the budget, about scenes by their place.
    baselines
        Names of what the seed is compared with, see `app.choosing.baselines.Baselines`.
    index
        Which scenes look alike, where that is stored; it changes no answer.
    """

    scene_ids: tuple[str, ...]
    costs: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    vectors: npt.NDArray[np.float64]
    budget: float
    parts: Parts | None = None
    objective: str = "seedal"
    strategy: str = "auto"
    time_limit_s: float = 10.0
    gap: float = 0.0
    random_seed: int = 0
    constraints: Constraints = field(default_factory=Constraints)
    baselines: tuple[str, ...] = ()
    index: SceneIndex | None = None

    def digest(self) -> str:
        """Return a hash of everything that the answer depends on."""
        settings = (
            ALGORITHM,
            self.scene_ids,
            self.budget,
            self.objective,
            self.strategy,
            self.time_limit_s,
            self.gap,
            self.random_seed,
            self.vectors.shape,
        )
        content = hashlib.sha256(repr(settings).encode())
        for array in (self.costs, self.weights, self.vectors):
            content.update(np.ascontiguousarray(array, dtype=np.float64).tobytes())
        if self.parts is not None:
            parts = self.parts
            for part in (parts.offsets, parts.masses, parts.words, parts.sizes):
                content.update(part.tobytes())
        return content.hexdigest()

    def problem(self) -> AnyProblem:
        """Return the question as the solver takes it.

        Raises
        ------
        InvalidRequestError
            There is no such objective, or it needs what is not known of these scenes.
        InvalidProblemError
            A number breaks a rule of the solver.
        """
        asked = {
            "costs": self.costs,
            "budget": self.budget,
            "ids": self.scene_ids,
            "constraints": self.constraints,
        }
        return require_objective(self.objective).build(self, asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedScene:
    """One scene of a seed.

    Parameters
    ----------
    scene_id, cost
        As in the pool.
    rank
        From 1: the order in which to label.
    gain
        What the objective loses without this scene.
    represents
        Number of scenes outside the seed to which this one is the nearest of the seed.
    """

    scene_id: str
    rank: int
    cost: float
    gain: float
    represents: int


@dataclass(frozen=True, eq=False, slots=True)
class SeedAnswer:
    """The solver's result, the chosen scenes in rank order, and what else there was to choose.

    `baselines` are simpler ways of choosing, `near_misses` the scenes that were left out last.
    """

    result: Result
    scenes: tuple[RankedScene, ...]
    baselines: tuple[Baseline, ...] = ()
    near_misses: tuple[MissedScene, ...] = ()


def _require_affordable(question: SeedQuestion) -> None:
    if not question.scene_ids:
        detail = "No scene has features, so there is nothing to choose from."
        raise InvalidRequestError(detail)
    if question.constraints.labelled.size:
        return  # a seed may be empty: something is there already
    cheapest = int(np.argmin(question.costs))
    cost = float(question.costs[cheapest])
    if not math.isnan(question.budget) and 0 <= question.budget < cost:
        name = question.scene_ids[cheapest]
        detail = (
            f"The budget of {question.budget:,.10g} is below the cheapest scene "
            f"({name!r} costs {cost:,.10g})."
        )
        raise BudgetError(detail)


def _no_report(objective: float, upper_bound: float) -> None:
    del objective, upper_bound


def make_seed(
    question: SeedQuestion,
    *,
    cancelled: Callable[[], bool] = lambda: False,
    report: Callable[[float, float], None] = _no_report,
) -> SeedAnswer:
    """Choose, rank and describe a seed.

    Parameters
    ----------
    question
        What is asked.
    cancelled, report
        As in `solver.solve.solve`.

    Returns
    -------
    SeedAnswer
        Its result has been verified independently of the strategy that found it.

    Raises
    ------
    BudgetError
        When the budget does not pay for the cheapest scene.
    InfeasibleError
        When no choice keeps every rule; says why.
    InvalidRequestError
        When the strategy or objective is unknown, a number is out of range, or there is no scene.
    """
    _require_affordable(question)
    question, notes = settled(question)
    try:
        problem = question.problem()
        result = solve(
            problem,
            strategy=question.strategy,
            time_limit_s=question.time_limit_s,
            gap=question.gap,
            random_seed=question.random_seed,
            cancelled=cancelled,
            report=report,
        )
    except BackendFailedError as error:
        raise InfeasibleError(str(error), "#/constraints") from error
    except (InvalidProblemError, UnknownStrategyError, ValueError) as error:
        raise InvalidRequestError(str(error)) from error
    if result.status is Status.INFEASIBLE:
        raise InfeasibleError(" ".join(result.notes), "#/constraints")
    simpler = Baselines(question.vectors, question.random_seed)
    measured = [simpler.measure(name, problem) for name in question.baselines]
    scenes, missed = describe(question, problem, result.selected)
    return SeedAnswer(
        replace(result, notes=(*notes, *result.notes)),
        scenes,
        tuple(baseline for baseline in measured if baseline is not None),
        missed,
    )


def settled(question: SeedQuestion) -> tuple[SeedQuestion, tuple[str, ...]]:
    """Return the question with the objective that ``auto`` stands for, and a note that says so."""
    if question.objective != AUTO:
        return question, ()
    meant, note = resolve(question)
    return replace(question, objective=meant), (note,)


def describe(
    question: SeedQuestion, problem: AnyProblem, selected: npt.NDArray[np.int64]
) -> tuple[tuple[RankedScene, ...], tuple[MissedScene, ...]]:
    """Return the chosen scenes in the order in which to label them, and the near misses."""
    order = rank(problem, selected)
    there = np.union1d(order, problem.constraints.labelled)
    inside = np.zeros(problem.n, dtype=bool)
    inside[there] = True
    worth = gains(problem, inside)
    # What looks like a labelled scene is represented by that one.
    company = np.setdiff1d(there, order)
    others, nearest = nearest_of(question.vectors, np.concatenate([order, company]), question.index)
    counts = np.bincount(nearest, minlength=len(order))
    chosen = nearest < len(order)
    representative = np.full(problem.n, -1)
    representative[others[chosen]] = order[nearest[chosen]]
    scenes = tuple(
        RankedScene(
            scene_id=question.scene_ids[k],
            rank=place,
            cost=float(question.costs[k]),
            gain=float(worth[k]),
            represents=int(count),
        )
        for place, (k, count) in enumerate(zip(order, counts, strict=False), start=1)
    )
    return scenes, near_misses(problem, inside, worth, representative)


def chosen_scenes(
    answer: SeedAnswer, groups: Mapping[str, str | None]
) -> list[app.seeds.wire.ChosenScene]:
    """Return the chosen scenes as the API gives them, with their groups."""
    return [
        app.seeds.wire.ChosenScene(**asdict(scene), group=groups[scene.scene_id])
        for scene in answer.scenes
    ]


def missed_scenes(
    answer: SeedAnswer, groups: Mapping[str, str | None]
) -> list[app.seeds.wire.NearMiss]:
    """Return the near misses as the API gives them, with their groups."""
    return [
        app.seeds.wire.NearMiss(**asdict(scene), group=groups[scene.scene_id])
        for scene in answer.near_misses
    ]
