"""A stored seed with its whole pool, as exporters take it."""

from collections.abc import Sequence

from api_schemas.seeds import Seed
from app.exports import ExportableSeed
from app.exports.seed import ExportScene
from app.store.tables import DatasetRow, SceneRow


def exportable(dataset: DatasetRow, rows: Sequence[SceneRow], seed: Seed) -> ExportableSeed:
    """Return a stored seed with its whole pool."""
    resource = seed.budget.resource
    return ExportableSeed(
        kind=dataset.source["kind"],
        resource=resource,
        scenes=tuple(
            ExportScene(
                scene_id=row.scene_id,
                cost=row.costs[resource],
                group=row.group_name,
                images=tuple(image["uri"] for image in row.images),
                regions=None if row.regions is None else tuple(row.regions),
            )
            for row in rows
        ),
        chosen=tuple(scene.scene_id for scene in seed.scenes),
        summary=seed.model_dump(mode="json"),
    )
