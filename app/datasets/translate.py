"""Datasets: the wire's request to a row, a row to the wire."""

import math
from collections.abc import Sequence
from dataclasses import asdict, replace

from app.datasets.wire import (
    Dataset,
    DatasetRequest,
    FeatureRequest,
    Features,
    ImageFailure,
    LeftOutScene,
    ResolvedFeatures,
    SourceEcho,
)
from app.settings import Settings
from app.store.identifiers import new_id, now
from app.store.tables import DatasetRow
from app.wire import DatasetStatus
from features.prepared import Prepared
from features.settings import FeatureSettings, Sparsification
from features.sources.scenes import ScenePool

SHOWN = 20
"""How many left out scenes and unreadable images are listed; all of them are counted."""


def new_dataset(request: DatasetRequest) -> DatasetRow:
    """Return the row of a dataset that nothing is known of but the request."""
    return DatasetRow(
        id=new_id(),
        name=request.name,
        status=DatasetStatus.REGISTERED,
        source=request.source.model_dump(mode="json", exclude={"scenes"}),
        features=request.features.model_dump(mode="json"),
        resource=request.resource,
        resources=[],
        left_out_count=0,
        left_out=[],
        image_failure_count=0,
        image_failures=[],
        notes=[],
        created_at=now(),
    )


def describe_pool(row: DatasetRow, pool: ScenePool) -> None:
    """Write what is known of a dataset once its scenes are."""
    row.resource = pool.resource
    row.resources = sorted(set.intersection(*(set(scene.costs) for scene in pool.scenes)))
    row.cost_origin = pool.cost_origin
    row.scene_count = len(pool.scenes)
    row.notes = list(pool.notes)


def describe_features(row: DatasetRow, prepared: Prepared, costs: Sequence[float]) -> None:
    """Write what is known of a dataset once its signatures are, and call it ready.

    Parameters
    ----------
    row
        The dataset.
    prepared
        What the feature pipeline made of it.
    costs
        Of the usable scenes, in the dataset's own resource.
    """
    row.status = DatasetStatus.READY
    row.usable_scene_count = len(costs)
    row.total_cost = math.fsum(costs)
    row.cheapest_cost = min(costs)
    row.signatures_key = prepared.key
    row.resolved_features = {
        "backbone": prepared.backbone,
        "weights_id": prepared.weights_id,
        "precision": prepared.precision,
        "token": prepared.token,
        "clusters": prepared.clusters,
        "sparsify": None if prepared.sparsify is None else asdict(prepared.sparsify),
    }
    row.left_out_count = len(prepared.left_out)
    row.left_out = [asdict(scene) for scene in prepared.left_out[:SHOWN]]
    row.image_failure_count = len(prepared.failures)
    row.image_failures = [asdict(image) for image in prepared.failures[:SHOWN]]
    row.notes = [*row.notes, *prepared.notes]


def to_wire(row: DatasetRow) -> Dataset:
    """Return a dataset as the API shows it."""
    resolved = row.resolved_features
    return Dataset(
        id=row.id,
        name=row.name,
        status=DatasetStatus(row.status),
        error=row.error,
        source=SourceEcho(**row.source, cost_origin=row.cost_origin),
        features=Features(
            requested=FeatureRequest(**row.features),
            resolved=None if resolved is None else ResolvedFeatures(**resolved),
        ),
        resource=row.resource,
        resources=tuple(row.resources),
        scene_count=row.scene_count,
        usable_scene_count=row.usable_scene_count,
        total_cost=row.total_cost,
        cheapest_cost=row.cheapest_cost,
        left_out_count=row.left_out_count,
        left_out=tuple(LeftOutScene(**scene) for scene in row.left_out),
        image_failure_count=row.image_failure_count,
        image_failures=tuple(ImageFailure(**image) for image in row.image_failures),
        notes=tuple(row.notes),
        operation_id=row.operation_id,
        created_at=row.created_at,
    )


def feature_settings(request: FeatureRequest, settings: Settings | None = None) -> FeatureSettings:
    """Return the request as the pipeline takes it.

    Parameters
    ----------
    request
        What was asked for.
    settings
        Say where it is computed; not needed to check the request.

    Raises
    ------
    features.errors.FeatureError
        There is no such backbone, or a setting breaks its rule.
    """
    chosen = FeatureSettings(
        backbone=request.backbone,
        token=request.token,
        clusters=request.clusters,
        sparsify=(
            None
            if request.sparsify is None
            else Sparsification(request.sparsify.threshold, request.sparsify.tail)
        ),
    )
    if settings is None:
        return chosen
    return replace(chosen, device=settings.device, engine=settings.engine, actors=settings.actors)
