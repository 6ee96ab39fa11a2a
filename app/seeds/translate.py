"""Seeds: the solver's answer to the wire."""

import math
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType
from typing import Any, Final

from app.seeds.wire import (
    Budget,
    ChosenScene,
    Provenance,
    Seed,
    SeedStatus,
    SeedSummary,
    SolverReport,
)
from app.store.identifiers import new_id, now
from app.store.tables import SeedRow
from solver.model.result import Result

_LIBRARIES = ("seedal-service", "numpy", "ortools", "pulp")


def to_wire(
    result: Result,
    scenes: Sequence[ChosenScene],
    *,
    dataset_id: str,
    budget: Budget,
    asked: Mapping[str, Any],
    provenance: Mapping[str, Any],
    beside: Mapping[str, Any] = MappingProxyType({}),
    rules: Mapping[str, Any] = MappingProxyType({}),
) -> Seed:
    """Return an answer as the API gives it; what is infinite or unknown becomes null.

    Parameters
    ----------
    result, scenes
        The answer.
    dataset_id
        The dataset's, or the pool's content key where nothing is registered.
    budget
        As it was asked for.
    asked
        ``objective``, ``strategy``, ``time_limit_s``, ``gap`` and ``random_seed`` of the question.
    provenance
        ``dataset_key``, ``backbone``, ``weights_id``, ``token`` and ``clusters``.
    beside
        ``baselines`` and ``near_misses``: what else there was to choose.
    rules
        ``constraints`` and ``side_budgets`` of the question.
    """
    return Seed(
        id=new_id(),
        dataset_id=dataset_id,
        status=SeedStatus(result.status.value),
        stop_reason=result.stop_reason.value,
        objective=result.objective,
        upper_bound=finite(result.upper_bound),
        gap=finite(result.gap),
        budget=budget,
        total_cost=result.total_cost,
        scenes=tuple(scenes),
        **beside,
        **rules,
        solver=SolverReport(**asked, used=result.used, seconds=result.seconds, notes=result.notes),
        provenance=Provenance(**provenance, versions=versions()),
        created_at=now(),
    )


def to_row(seed: Seed, question_hash: str) -> SeedRow:
    """Return the row that keeps a seed, and what lists show of it."""
    summary = SeedSummary(
        **{name: getattr(seed, name) for name in _SUMMARISED},
        objective_name=seed.solver.objective,
        strategy=seed.solver.strategy,
        scene_count=len(seed.scenes),
    )
    return SeedRow(
        id=seed.id,
        dataset_id=seed.dataset_id,
        question_hash=question_hash,
        summary=summary.model_dump(mode="json"),
        answer=seed.model_dump(mode="json"),
        created_at=seed.created_at,
    )


_SUMMARISED: Final = (
    "id",
    "dataset_id",
    "status",
    "objective",
    "upper_bound",
    "gap",
    "budget",
    "total_cost",
    "created_at",
)


def finite(value: float) -> float | None:
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
