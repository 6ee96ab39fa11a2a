"""Scenes: the pool's to rows, rows to the pool's, rows to the wire."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.datasets.wire import InlineScene
from app.scenes.wire import Scene, SceneImage
from app.store.tables import DatasetRow, SceneRow
from features.errors import SourceError
from features.sources import SourceOptions, build_pool, parse_scene
from features.sources import scenes as domain
from features.sources.options import Refuse


def inline_pool(scenes: Sequence[InlineScene], options: SourceOptions) -> domain.ScenePool:
    """Return the scenes of a request as a pool, by the rules of a manifest.

    Raises
    ------
    features.errors.SourceError
        A scene breaks a rule; names it as ``scenes[7]``.
    """
    return build_pool(
        "inline",
        "scenes",
        _placed(scenes, options.refuse),
        resource=options.resource,
        cost_origin="the request",
        refuse=options.refuse,
    )


def _placed(
    scenes: Sequence[InlineScene], refuse: Refuse
) -> Iterator[tuple[str, domain.PoolScene]]:
    for number, scene in enumerate(scenes):
        place = f"scenes[{number}]"
        content = scene.model_dump(mode="json", exclude_unset=True)
        try:
            parsed = parse_scene(content, place, Path("/"))
        except SourceError as error:
            refuse(error, scene.scene_id)
        else:
            yield place, parsed


def to_records(dataset_id: str, scenes: Sequence[domain.PoolScene]) -> list[dict[str, Any]]:
    """Return the columns of the scenes' rows."""
    return [
        {
            "dataset_id": dataset_id,
            "position": position,
            "scene_id": scene.scene_id,
            "costs": dict(scene.costs),
            "group_name": scene.group,
            "images": [
                {"uri": image.uri, "sensor": image.sensor, "frame": image.frame}
                for image in scene.images
            ],
            "regions": None if scene.regions is None else list(scene.regions),
            "pointcloud": scene.pointcloud,
            "external_ids": dict(scene.external_ids),
            "meta": dict(scene.meta),
        }
        for position, scene in enumerate(scenes)
    ]


def to_pool(dataset: DatasetRow, rows: Sequence[SceneRow]) -> domain.ScenePool:
    """Return the pool that was stored.

    Raises
    ------
    ValueError
        The dataset's scenes have not been read yet.
    """
    if dataset.resource is None or dataset.cost_origin is None:
        message = f"dataset {dataset.id} has no scenes yet"
        raise ValueError(message)
    scenes = tuple(
        domain.PoolScene(
            scene_id=row.scene_id,
            costs=row.costs,
            images=tuple(domain.Image(**image) for image in row.images),
            group=row.group_name,
        )
        for row in rows
    )
    return domain.ScenePool(dataset.source["kind"], scenes, dataset.resource, dataset.cost_origin)


def to_wire(row: SceneRow) -> Scene:
    """Return a scene as the API shows it."""
    return Scene(
        scene_id=row.scene_id,
        position=row.position,
        costs=row.costs,
        group=row.group_name,
        images=tuple(SceneImage(**image) for image in row.images),
        pointcloud=row.pointcloud,
        region_count=None if row.regions is None else len(row.regions),
        usable=row.usable,
        left_out_reason=row.left_out_reason,
        external_ids=row.external_ids,
        meta=row.meta,
    )
