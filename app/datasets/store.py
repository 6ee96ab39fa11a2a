"""Queries on datasets."""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.tables import DatasetRow


def get(session: Session, dataset_id: str) -> DatasetRow:
    """Return a dataset.

    Raises
    ------
    NotFoundError
        There is none of this id.
    """
    row = session.get(DatasetRow, dataset_id)
    if row is None:
        raise NotFoundError(kind="dataset", name=dataset_id)
    return row


def page(session: Session, *, before: str | None, size: int) -> list[DatasetRow]:
    """Return up to `size` datasets, newest first, older than the dataset `before`."""
    query = select(DatasetRow).order_by(DatasetRow.id.desc()).limit(size)
    if before is not None:
        query = query.where(DatasetRow.id < before)
    return list(session.scalars(query))


def move(session: Session, dataset_id: str, before: str, after: str) -> bool:
    """Give a dataset another status; of several who try at once, one succeeds."""
    moved = session.execute(
        update(DatasetRow)
        .where(DatasetRow.id == dataset_id, DatasetRow.status == before)
        .values(status=after)
        .returning(DatasetRow.id)
    ).first()
    return moved is not None


def remove(session: Session, dataset_id: str) -> None:
    """Delete a dataset with its scenes, operations and seeds.

    Raises
    ------
    NotFoundError
        There is none of this id.
    """
    found = session.execute(
        delete(DatasetRow).where(DatasetRow.id == dataset_id).returning(DatasetRow.id)
    ).first()
    if found is None:
        raise NotFoundError(kind="dataset", name=dataset_id)


def signature_keys(session: Session) -> set[str]:
    """Return the keys of all files of signatures that datasets have."""
    found = session.scalars(select(DatasetRow.signatures_key).distinct())
    return {key for key in found if key is not None}


def uris_under(session: Session, prefix: str) -> set[str]:
    """Return the URIs of sources that begin with a prefix."""
    uri = DatasetRow.source["uri"].as_string()
    return set(session.scalars(select(uri).where(uri.startswith(prefix, autoescape=True))))
