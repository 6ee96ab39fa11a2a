"""A local selection as JSON: the seed as the API gives it, and what only a local run can tell."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from api_schemas.seeds import (
    Budget,
    ChosenScene,
    Provenance,
    Seed,
    SeedStatus,
    SolverReport,
)
from app.store.identifiers import new_id, now
from app.translate.seeds import finite, versions
from features.prepared import Prepared, Stage
from features.scenes import Pool
from solver.result import Result


def summarise(
    pool: Pool,
    prepared: Prepared,
    result: Result,
    scenes: Sequence[ChosenScene],
    asked: dict[str, Any],
    stages: Sequence[Stage],
) -> dict[str, Any]:
    """Return the answer of ``seedal select --json``.

    Parameters
    ----------
    pool, prepared, result, scenes
        What each step produced.
    asked
        ``objective``, ``strategy``, ``time_limit_s``, ``gap`` and ``random_seed`` of the question.
    stages
        What each step cost.
    """
    usable = set(prepared.signatures.scene_ids)
    total = math.fsum(s.costs[pool.resource] for s in pool.scenes if s.scene_id in usable)
    seed = Seed(
        id=new_id(),
        dataset_id=prepared.key,  # a local pool has no other name than its content
        status=SeedStatus(result.status.value),
        stop_reason=result.stop_reason.value,
        objective=result.objective,
        upper_bound=finite(result.upper_bound),
        gap=finite(result.gap),
        budget=Budget(
            limit=result.budget,
            resource=pool.resource,
            fraction=result.budget / total if total else 0.0,
        ),
        total_cost=result.total_cost,
        scenes=tuple(scenes),
        solver=SolverReport(**asked, used=result.used, seconds=result.seconds, notes=result.notes),
        provenance=Provenance(
            dataset_key=prepared.key,
            backbone=prepared.backbone,
            weights_id=prepared.weights_id,
            token=prepared.token,
            clusters=prepared.clusters,
            versions=versions(),
        ),
        created_at=now(),
    )
    return seed.model_dump(mode="json") | {
        "source": {"kind": pool.kind, "cost_origin": pool.cost_origin},
        "scene_count": len(pool.scenes),
        "usable_scene_count": len(prepared.signatures.scene_ids),
        "left_out": [asdict(scene) for scene in prepared.left_out],
        "image_failures": [asdict(failure) for failure in prepared.failures],
        "notes": [*pool.notes, *prepared.notes],
        "stages": [asdict(stage) for stage in stages],
    }
