"""Seeds and frontiers: the solver's answer to the wire."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from pydantic import TypeAdapter

from app.choosing.baselines import Baseline
from app.choosing.constraints import ConstraintsRequest, SideBudget
from app.choosing.objectives import OBJECTIVES
from app.choosing.recommending import Recommendation
from app.choosing.seeding import FrontierAnswer, FrontierStep, SeedAnswer
from app.hints.wire import HintRequest
from app.seeds.wire import (
    BaselineReport,
    Budget,
    ChosenScene,
    Frontier,
    FrontierPoint,
    NearMiss,
    Objective,
    ObjectiveInfo,
    ObjectiveList,
    Provenance,
    RecommendationReport,
    Seed,
    SeedStatus,
    SolverReport,
)
from app.store.identifiers import new_id, now
from solver.model.options import SolverOptions
from solver.model.result import Result, relative_gap

_LIBRARIES = ("seedal-service", "numpy", "ortools", "pulp")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedOrigin:
    """What a seed says of its question.

    Parameters
    ----------
    dataset_id
        The dataset's, or the pool's content key where nothing is registered.
    budget, options, constraints, side_budgets
        As they were asked for.
    provenance
        What it was made from: the members of `app.seeds.wire.Provenance` but for the versions.
    group_of
        The group of a scene.
    hint
        As it was asked for.
    labels_version
        Of the ledger that the question left something to.
    """

    dataset_id: str
    budget: Budget
    options: SolverOptions
    constraints: ConstraintsRequest
    side_budgets: tuple[SideBudget, ...]
    provenance: Mapping[str, Any]
    group_of: Callable[[str], str | None]
    hint: HintRequest | None = None
    labels_version: int | None = None


def to_wire(answer: SeedAnswer, origin: SeedOrigin) -> Seed:
    """Return an answer as the API gives it; what is infinite or unknown becomes null."""
    result, group_of = answer.result, origin.group_of
    return Seed(
        id=new_id(),
        dataset_id=origin.dataset_id,
        status=SeedStatus(result.status.value),
        stop_reason=result.stop_reason.value,
        objective=result.objective,
        upper_bound=_finite(result.upper_bound),
        gap=_finite(result.gap),
        budget=origin.budget,
        total_cost=result.total_cost,
        scenes=tuple(ChosenScene(**asdict(s), group=group_of(s.scene_id)) for s in answer.scenes),
        near_misses=tuple(
            NearMiss(**asdict(s), group=group_of(s.scene_id)) for s in answer.near_misses
        ),
        baselines=_baseline_reports(answer.baselines),
        constraints=origin.constraints,
        hint=origin.hint,
        labels_version=origin.labels_version,
        side_budgets=origin.side_budgets,
        solver=_solver_report(answer.objective, origin.options, result),
        recommendation=_recommendation_report(answer.recommendation),
        provenance=Provenance(**origin.provenance, versions=versions()),
        created_at=now(),
    )


def _solver_report(objective: str, options: SolverOptions, result: Result) -> SolverReport:
    return SolverReport.model_validate(
        {
            "objective": objective,
            "strategy": options.strategy,
            "time_limit_s": options.time_limit_s,
            "gap": options.gap,
            "random_seed": options.random_seed,
            "used": result.used,
            "seconds": result.seconds,
            "notes": result.notes,
        }
    )


def _recommendation_report(why: Recommendation | None) -> RecommendationReport | None:
    return None if why is None else RecommendationReport.model_validate(asdict(why))


def _baseline_reports(baselines: Iterable[Baseline]) -> dict[str, BaselineReport]:
    """Return baselines as the API gives them, by name."""
    found = [asdict(baseline) for baseline in baselines]
    return {members.pop("name"): BaselineReport(**members) for members in found}


def objectives_to_wire() -> ObjectiveList:
    """Return the table of objectives as the API gives it."""
    return ObjectiveList(
        items=tuple(
            ObjectiveInfo(
                name=_OBJECTIVE.validate_python(one.name),
                label=one.label,
                description=one.description,
                formula=one.formula,
                source=one.source,
            )
            for one in OBJECTIVES.values()
        )
    )


def frontier_to_wire(
    answer: FrontierAnswer,
    *,
    dataset_id: str,
    nested: bool,
    budget: Callable[[float], Budget],
    constraints: ConstraintsRequest,
    side_budgets: tuple[SideBudget, ...],
    provenance: Mapping[str, Any],
) -> Frontier:
    """Return a frontier as the API gives it.

    Parameters
    ----------
    answer
        By ascending budget.
    dataset_id, nested, constraints, side_budgets, provenance
        Of the question; the last as in `SeedOrigin`.
    budget
        Returns a limit as the wire has it.
    """
    return Frontier(
        id=new_id(),
        dataset_id=dataset_id,
        objective_name=_OBJECTIVE.validate_python(answer.objective),
        nested=nested,
        points=tuple(_points(answer.steps, budget)),
        knee=answer.knee,
        seconds=answer.seconds,
        notes=answer.notes,
        constraints=constraints,
        side_budgets=side_budgets,
        provenance=Provenance(**provenance, versions=versions()),
        created_at=now(),
    )


_OBJECTIVE: Final[TypeAdapter[Objective]] = TypeAdapter(Objective)


def _points(
    steps: Sequence[FrontierStep], budget: Callable[[float], Budget]
) -> Iterator[FrontierPoint]:
    before: Sequence[str] = ()
    for step in steps:
        had, has = set(before), set(step.selected)
        yield FrontierPoint(
            budget=budget(step.budget),
            objective=step.objective,
            upper_bound=_finite(step.upper_bound),
            gap=_finite(relative_gap(step.objective, step.upper_bound)),
            total_cost=step.total_cost,
            scene_count=len(step.selected),
            added=tuple(name for name in step.selected if name not in had),
            removed=tuple(name for name in before if name not in has),
            price_of_nesting=step.price_of_nesting,
            baselines=_baseline_reports(step.baselines),
        )
        before = step.selected


def _finite(value: float) -> float | None:
    """Return a number that JSON can carry: it has no infinity."""
    return value if math.isfinite(value) else None


def versions() -> dict[str, str]:
    """Return what answered; a library that is not installed cannot have been used."""
    found = {}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found
