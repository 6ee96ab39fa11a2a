"""Queries on scenes."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.tables import SceneRow


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
