"""Scenes of a dataset as rows: queries, and the way from a pool to rows and back."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.datasets.wire import InlineScene
from app.errors import NotFoundError
from app.store.tables import DatasetRow, SceneRow
from features.errors import SourceError
from features.sources import SourceOptions, build_pool, parse_scene
from features.sources import scenes as domain
from features.sources.options import Refuse


def add(session: Session, records: Sequence[Mapping[str, Any]]) -> None:
    """Insert scenes: mappings of all columns of `SceneRow` but those known after extraction."""
    session.execute(insert(SceneRow), records)


def get(session: Session, dataset_id: str, scene_id: str) -> SceneRow:
    """Return a scene.

    Raises
    ------
    NotFoundError
        The dataset has no scene of this id.
    """
    row = session.scalars(
        select(SceneRow).where(SceneRow.dataset_id == dataset_id, SceneRow.scene_id == scene_id)
    ).one_or_none()
    if row is None:
        raise NotFoundError(kind="scene", name=scene_id)
    return row


def page(session: Session, dataset_id: str, *, after: int, size: int) -> list[SceneRow]:
    """Return up to `size` scenes behind the position `after`, in the source's order."""
    return list(
        session.scalars(
            select(SceneRow)
            .where(SceneRow.dataset_id == dataset_id, SceneRow.position > after)
            .order_by(SceneRow.position)
            .limit(size)
        )
    )


def every(session: Session, dataset_id: str) -> list[SceneRow]:
    """Return all scenes in the source's order."""
    return list(
        session.scalars(
            select(SceneRow).where(SceneRow.dataset_id == dataset_id).order_by(SceneRow.position)
        )
    )


class UsableScene(NamedTuple):
    """What choosing a seed needs to know of a scene besides its signature."""

    scene_id: str
    costs: dict[str, float]
    group: str | None


def usable(session: Session, dataset_id: str) -> list[UsableScene]:
    """Return the usable scenes in the source's order, which is that of the signatures."""
    rows = session.execute(
        select(SceneRow.scene_id, SceneRow.costs, SceneRow.group_name)
        .where(SceneRow.dataset_id == dataset_id, SceneRow.usable.is_(True))
        .order_by(SceneRow.position)
    )
    return [UsableScene(*row) for row in rows]


def mark(session: Session, dataset_id: str, left_out: Mapping[str, str]) -> None:
    """Mark the scenes of `left_out` (id to reason) as unusable and all others as usable."""
    session.execute(update(SceneRow).where(SceneRow.dataset_id == dataset_id).values(usable=True))
    for scene_id, reason in left_out.items():
        session.execute(
            update(SceneRow)
            .where(SceneRow.dataset_id == dataset_id, SceneRow.scene_id == scene_id)
            .values(usable=False, left_out_reason=reason)
        )


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
        try:
            parsed = parse_scene(scene, place, Path("/"))
        except SourceError as error:
            refuse(error, scene["scene_id"])
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
