"""Queries on seeds."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFoundError
from app.store.tables import SeedRow


def get(session: Session, seed_id: str) -> SeedRow:
    """Return a seed.

    Raises
    ------
    NotFoundError
        There is none of this id.
    """
    row = session.get(SeedRow, seed_id)
    if row is None:
        raise NotFoundError(kind="seed", name=seed_id)
    return row


def answered(session: Session, dataset_id: str, question_hash: str) -> SeedRow | None:
    """Return the answer that a question got before; none where it is new."""
    return session.scalars(
        select(SeedRow).where(
            SeedRow.dataset_id == dataset_id, SeedRow.question_hash == question_hash
        )
    ).one_or_none()


def page(
    session: Session, dataset_id: str, *, before: str | None, size: int
) -> list[tuple[str, dict[str, Any]]]:
    """Return ids and summaries of up to `size` seeds, newest first, older than `before`."""
    query = (
        select(SeedRow.id, SeedRow.summary)
        .where(SeedRow.dataset_id == dataset_id)
        .order_by(SeedRow.id.desc())
        .limit(size)
    )
    if before is not None:
        query = query.where(SeedRow.id < before)
    return [(name, summary) for name, summary in session.execute(query)]
