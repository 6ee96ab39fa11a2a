"""Seeds: the solver's answer to the wire."""

import math
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from api_schemas.seeds import (
    Budget,
    ChosenScene,
    Provenance,
    Seed,
    SeedRequest,
    SeedStatus,
    SolverReport,
)
from app.store.identifiers import new_id, now
from app.store.tables import DatasetRow
from solver.result import Result

_LIBRARIES = ("seedal-service", "numpy", "ortools", "pulp")


def to_wire(
    dataset: DatasetRow,
    request: SeedRequest,
    budget: Budget,
    result: Result,
    scenes: Sequence[ChosenScene],
) -> Seed:
    """Return an answer as the API gives it; what is infinite or unknown becomes null."""
    return Seed(
        id=new_id(),
        dataset_id=dataset.id,
        status=SeedStatus(result.status.value),
        stop_reason=result.stop_reason.value,
        objective=result.objective,
        upper_bound=finite(result.upper_bound),
        gap=finite(result.gap),
        budget=budget,
        total_cost=result.total_cost,
        scenes=tuple(scenes),
        solver=SolverReport(
            objective=request.objective,
            strategy=request.strategy,
            used=result.used,
            seconds=result.seconds,
            time_limit_s=request.time_limit_s,
            gap=request.gap,
            random_seed=request.random_seed,
            notes=result.notes,
        ),
        provenance=Provenance(
            dataset_key=str(dataset.signatures_key),
            **(dataset.resolved_features or {}),
            versions=versions(),
        ),
        created_at=now(),
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
