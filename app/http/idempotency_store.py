"""Queries on the answers of requests with an Idempotency-Key."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.store.tables import IdempotencyRow


def find(session: Session, project: str, call: str, key: str) -> IdempotencyRow | None:
    """Return what a project's call with this key was answered; none where it is new."""
    return session.get(IdempotencyRow, (project, call, key), populate_existing=True)


def forget(session: Session, row: IdempotencyRow, before: datetime) -> None:
    """Forget an answer if it was given before a moment: not one that has taken its place since."""
    session.execute(
        delete(IdempotencyRow).where(
            IdempotencyRow.project == row.project,
            IdempotencyRow.call == row.call,
            IdempotencyRow.key == row.key,
            IdempotencyRow.created_at < before,
        )
    )


def purge(session: Session, before: datetime) -> None:
    """Forget answers that were given before a moment."""
    session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < before))
