"""Queries on frontiers."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.tables import FrontierRow


def get(session: Session, frontier_id: str) -> FrontierRow:
    """Return a frontier.

    Raises
    ------
    NotFoundError
        There is none of this id.
    """
    row = session.get(FrontierRow, frontier_id)
    if row is None:
        raise NotFoundError(kind="frontier", name=frontier_id)
    return row


def answered(session: Session, dataset_id: str, question_hash: str) -> FrontierRow | None:
    """Return the answer that a question got before; none where it is new."""
    return session.scalars(
        select(FrontierRow).where(
            FrontierRow.dataset_id == dataset_id, FrontierRow.question_hash == question_hash
        )
    ).one_or_none()
