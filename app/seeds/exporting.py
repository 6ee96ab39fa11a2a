"""A stored seed with its whole pool, as exporters take it."""

from collections.abc import Sequence

from app.access.files import permitted
from app.errors import SourceRefusedError
from app.exports import ExportableSeed
from app.exports.seed import ExportScene
from app.seeds.wire import Seed
from app.settings import Settings
from app.store.tables import DatasetRow, SceneRow


def exportable(
    dataset: DatasetRow, rows: Sequence[SceneRow], seed: Seed, settings: Settings
) -> ExportableSeed:
    """Return a stored seed with its whole pool.

    Exporters open images of chosen scenes: those that may not be read now are left out of them.
    """
    resource = seed.budget.resource
    chosen = {scene.scene_id for scene in seed.scenes}
    return ExportableSeed(
        kind=dataset.source["kind"],
        resource=resource,
        scenes=tuple(
            ExportScene(
                scene_id=row.scene_id,
                cost=row.costs[resource],
                group=row.group_name,
                images=tuple(
                    image["uri"]
                    for image in row.images
                    if row.scene_id not in chosen or _may_read(image["uri"], settings)
                ),
                regions=None if row.regions is None else tuple(row.regions),
            )
            for row in rows
        ),
        chosen=tuple(scene.scene_id for scene in seed.scenes),
        summary=seed.model_dump(mode="json"),
    )


def _may_read(uri: str, settings: Settings) -> bool:
    try:
        permitted(uri, settings)
    except SourceRefusedError:
        return False
    return True
