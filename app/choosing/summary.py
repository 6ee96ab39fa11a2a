"""A local selection as JSON: the seed as the API gives it, and what only a local run can tell."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.seeds.translate import to_wire
from app.seeds.wire import Budget, ChosenScene, NearMiss
from features.prepared import Prepared, Stage
from features.sources.scenes import ScenePool
from solver.model.result import Result


def summarise(
    pool: ScenePool,
    prepared: Prepared,
    result: Result,
    scenes: Sequence[ChosenScene],
    asked: Mapping[str, Any],
    stages: Sequence[Stage],
    near_misses: Sequence[NearMiss] = (),
) -> dict[str, Any]:
    """Return the answer of ``seedal select --json``.

    Parameters
    ----------
    pool, prepared, result, scenes
        What each step produced.
    asked
        See `app.seeds.translate.to_wire`.
    stages
        What each step cost.
    near_misses
        The scenes that were left out last.
    """
    usable = set(prepared.signatures.scene_ids)
    total = math.fsum(s.costs[pool.resource] for s in pool.scenes if s.scene_id in usable)
    fraction = result.budget / total if total else 1.0
    seed = to_wire(
        result,
        scenes,
        beside={"near_misses": tuple(near_misses)},
        dataset_id=prepared.key,  # a local pool has no other name than its content
        budget=Budget(limit=result.budget, resource=pool.resource, fraction=fraction),
        asked=asked,
        provenance={
            "dataset_key": prepared.key,
            "backbone": prepared.backbone,
            "weights_id": prepared.weights_id,
            "precision": prepared.precision,
            "token": prepared.token,
            "clusters": prepared.clusters,
            "sparsify": None if prepared.sparsify is None else asdict(prepared.sparsify),
        },
    )
    return seed.model_dump(mode="json") | {
        "source": {"kind": pool.kind, "cost_origin": pool.cost_origin},
        "scene_count": len(pool.scenes),
        "usable_scene_count": len(usable),
        "left_out": [asdict(scene) for scene in prepared.left_out],
        "sparsified": [scene.scene_id for scene in prepared.sparsified],
        "image_failures": [asdict(failure) for failure in prepared.failures],
        "notes": [*pool.notes, *prepared.notes],
        "stages": [asdict(stage) for stage in stages],
    }
