"""Queries on datasets."""

from sqlalchemy import Text, cast, delete, select, update
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.identifiers import FILE_NAME
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


def uploads_named(session: Session) -> set[str]:
    """Return the names of the uploaded files that sources are.

    Rows are searched as text: no database takes every row's JSON apart (PostgreSQL refuses some
    characters in it), and a row that is damaged names its file still.
    """
    source = cast(DatasetRow.source, Text)
    rows = session.scalars(select(source).where(source.contains("upload:", autoescape=True)))
    return {name for text in rows for name in FILE_NAME.findall(text)}
