"""Queries on labels.

A row is what one source says under one of its references. A scene's state is the weightiest of the
states that are said of it: if one of two annotations is deleted, the scene is labelled still.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, case, func, literal, select, update
from sqlalchemy.orm import Session

from app.labels.wire import LabelState
from app.store.tables import DatasetRow, LabelRow, SceneRow

_AT_ONCE: Final = 500
"""Values of a statement."""

_ORDER: Final = tuple(reversed(LabelState))
_WEIGHT: Final = func.max(
    case({state.value: place for place, state in enumerate(_ORDER)}, value=LabelRow.state)
)


class Word(NamedTuple):
    """What a source says under one of its references.

    Parameters
    ----------
    ref
    scene_id
        Empty where it is gone before anybody heard of which scene it was.
    state, at
    """

    ref: str
    scene_id: str
    state: LabelState
    at: datetime


class Said(NamedTuple):
    """What is said of a scene.

    Parameters
    ----------
    position
        Of the scene, in the source's order.
    scene_id, state
    at
        When the latest of it happened.
    refs
        References under which something is said.
    """

    position: int
    scene_id: str
    state: LabelState
    at: datetime
    refs: int


def _batches(names: Collection[str]) -> Iterator[list[str]]:
    """Yield names, as many at once as a statement takes."""
    ordered = sorted(names)
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]


def hold(session: Session, dataset_id: str) -> None:
    """Keep other writers of a dataset's labels out until this transaction ends."""
    changed = update(DatasetRow).where(DatasetRow.id == dataset_id)
    same = changed.values(labels_version=DatasetRow.labels_version)
    session.execute(same)


def grow(session: Session, dataset_id: str, by: int) -> None:
    """Count changes."""
    grown = DatasetRow.labels_version + by
    session.execute(
        update(DatasetRow).where(DatasetRow.id == dataset_id).values(labels_version=grown)
    )


def existing(session: Session, dataset_id: str, scene_ids: Collection[str]) -> set[str]:
    """Return those of the ids that scenes of the dataset have."""
    query = select(SceneRow.scene_id).where(SceneRow.dataset_id == dataset_id)
    return {
        name
        for some in _batches(scene_ids)
        for name in session.scalars(query.where(SceneRow.scene_id.in_(some)))
    }


def under(session: Session, dataset_id: str, refs: Collection[str]) -> Iterator[LabelRow]:
    """Yield what any source says under these references."""
    query = select(LabelRow).where(LabelRow.dataset_id == dataset_id)
    for some in _batches(refs):
        yield from session.scalars(query.where(LabelRow.ref.in_(some)))


def words(
    session: Session, dataset_id: str, source: str, refs: Collection[str] | None = None
) -> dict[str, Word]:
    """Return what a source says, by reference: under these, or all that it says."""
    query = select(LabelRow.ref, LabelRow.scene_id, LabelRow.state, LabelRow.at).where(
        LabelRow.dataset_id == dataset_id, LabelRow.source == source
    )
    queries = (
        (query,)
        if refs is None
        else (query.where(LabelRow.ref.in_(some)) for some in _batches(refs))
    )
    rows = (row for some in queries for row in session.execute(some))
    return {row.ref: Word(row.ref, row.scene_id, LabelState(row.state), row.at) for row in rows}


def said(
    session: Session,
    dataset_id: str,
    state: LabelState | None = None,
    *,
    after: int = -1,
    size: int | None = None,
) -> list[Said]:
    """Return up to `size` scenes of which something is said, behind a position."""
    query = _said(dataset_id).where(SceneRow.position > after)
    if state is not None:
        query = query.having(literal(_ORDER.index(state)) == _WEIGHT)
    rows = session.execute(query.order_by(SceneRow.position).limit(size))
    return [Said(row.position, row.scene_id, _ORDER[row.weight], row.at, row.refs) for row in rows]


def _said(dataset_id: str) -> Select[*tuple[Any, ...]]:
    return (
        select(
            SceneRow.position,
            SceneRow.scene_id,
            _WEIGHT.label("weight"),
            func.max(LabelRow.at, type_=LabelRow.at.type).label("at"),
            func.count().label("refs"),
        )
        .join(
            LabelRow,
            (LabelRow.dataset_id == SceneRow.dataset_id) & (LabelRow.scene_id == SceneRow.scene_id),
        )
        .where(SceneRow.dataset_id == dataset_id)
        .group_by(SceneRow.position, SceneRow.scene_id)
    )


def spent(
    session: Session, dataset_id: str, scene_ids: Collection[str] | None = None
) -> list[tuple[str, dict[str, float]]]:
    """Return what labelling took: scene by scene, of all or of some, as it was said."""
    query = select(LabelRow.scene_id, LabelRow.spent).where(
        LabelRow.dataset_id == dataset_id, LabelRow.spent.is_not(None)
    )
    queries = (
        (query,)
        if scene_ids is None
        else (query.where(LabelRow.scene_id.in_(some)) for some in _batches(scene_ids))
    )
    return [(row.scene_id, row.spent or {}) for some in queries for row in session.execute(some)]


def costs(session: Session, dataset_id: str, scene_ids: Collection[str]) -> list[dict[str, float]]:
    """Return what scenes cost, by resource."""
    query = select(SceneRow.costs).where(SceneRow.dataset_id == dataset_id)
    return [
        found
        for some in _batches(scene_ids)
        for found in session.scalars(query.where(SceneRow.scene_id.in_(some)))
    ]
