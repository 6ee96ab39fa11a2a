"""A stored seed with its whole pool, as exports and platforms are given it."""

from sqlalchemy.orm import Session

from app.access.files import permitted
from app.datasets import scenes
from app.datasets import store as datasets
from app.errors import SourceRefusedError
from app.exports.seed import ExportableSeed, ExportError, ExportScene
from app.seeds.wire import Seed
from app.settings import Settings
from app.store.tables import SceneRow
from features.sources.scenes import Image


def exportable(session: Session, seed: Seed, settings: Settings | None = None) -> ExportableSeed:
    """Return a stored seed with its whole pool.

    Parameters
    ----------
    session
        The transaction.
    seed
        Of a dataset that is there.
    settings
        Given where images of chosen scenes will be opened: those that may not be read now are left
        out of them.

    Raises
    ------
    NotFoundError
        The dataset was deleted meanwhile.
    """
    rows = scenes.every(session, seed.dataset_id)
    dataset = datasets.get(session, seed.dataset_id)  # still there, so the scenes are all
    resource = seed.budget.resource
    chosen = tuple(scene.scene_id for scene in seed.scenes)
    guarded = frozenset(chosen) if settings is not None else frozenset()
    return ExportableSeed(
        kind=dataset.source["kind"],
        resource=resource,
        scenes=tuple(
            export_scene(row, resource, settings if row.scene_id in guarded else None)
            for row in rows
        ),
        chosen=chosen,
        summary=seed.model_dump(mode="json"),
    )


def require_permitted_scenes(seed: ExportableSeed, settings: Settings) -> None:
    """Refuse a seed whose chosen scenes have files that may not be read now.

    Raises
    ------
    ExportError
        Names the scene and the file.
    """
    for scene in seed.split()[0]:
        clouds = () if scene.pointcloud is None else (scene.pointcloud,)
        for name in (*(image.uri for image in scene.images), *clouds):
            try:
                permitted(name, settings)
            except SourceRefusedError as error:
                detail = f"Scene {scene.scene_id!r}: {error.detail}"
                raise ExportError(detail) from error


def export_scene(
    row: SceneRow, resource: str | None = None, settings: Settings | None = None
) -> ExportScene:
    """Return a scene as exports and platforms are given it.

    Parameters
    ----------
    row
        As it is stored.
    resource
        What its cost is counted in; 0 where that does not matter.
    settings
        Given where its images may be left out that may not be read.
    """
    return ExportScene(
        scene_id=row.scene_id,
        cost=0.0 if resource is None else row.costs[resource],
        group=row.group_name,
        images=tuple(
            Image(image["uri"], image.get("sensor"), image.get("frame"))
            for image in row.images
            if settings is None or _may_read(image["uri"], settings)
        ),
        regions=None if row.regions is None else tuple(row.regions),
        pointcloud=row.pointcloud,
        external_ids=row.external_ids,
        meta=row.meta,
    )


def _may_read(uri: str, settings: Settings) -> bool:
    try:
        permitted(uri, settings)
    except SourceRefusedError:
        return False
    return True
