"""Queries on callbacks: an outbox that is written together with what it tells of."""

import json
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.store.identifiers import now
from app.store.tables import DeliveryRow, OperationRow

PENDING = "pending"
WAITING = "waiting"

PENDING_OF_OPERATION = (
    select(DeliveryRow.id)
    .where(DeliveryRow.operation_id == OperationRow.id, DeliveryRow.status == PENDING)
    .exists()
)
"""The condition that the callback of an operation is still to be delivered."""


def release(session: Session, operation_id: str, status: str) -> None:
    """Make the callback of an operation due, in the transaction that ends it."""
    row = session.execute(
        select(OperationRow.kind, OperationRow.dataset_id).where(OperationRow.id == operation_id)
    ).one()
    ended = now()
    event = {
        "type": f"operation.{status}",
        "timestamp": ended.isoformat(),
        "data": {
            "operation_id": operation_id,
            "kind": row.kind,
            "dataset_id": row.dataset_id,
            "status": status,
            "path": f"/v1/operations/{operation_id}",
        },
    }
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.operation_id == operation_id, DeliveryRow.status == WAITING)
        .values(status=PENDING, body=json.dumps(event, separators=(",", ":")), due_at=ended)
    )


def claim(session: Session, lease: timedelta) -> DeliveryRow | None:
    """Take a callback that is due; nobody else gets it before the lease is over.

    It counts as an attempt from now on. A worker that dies in between leaves it due again after
    the lease.
    """
    moment = now()
    due = (DeliveryRow.status == PENDING, DeliveryRow.due_at <= moment)
    oldest = select(DeliveryRow.id).where(*due).order_by(DeliveryRow.due_at).limit(1)
    if session.execute(oldest).first() is None:  # most often; it takes no lock
        return None
    # Chosen and taken in one statement: on SQLite under the write lock, on PostgreSQL past rows
    # that others are taking.
    return session.scalars(
        update(DeliveryRow)
        .where(DeliveryRow.id == oldest.with_for_update(skip_locked=True).scalar_subquery(), *due)
        .values(due_at=moment + lease, attempts=DeliveryRow.attempts + 1)
        .returning(DeliveryRow)
    ).one_or_none()


def settle(
    session: Session,
    claimed: DeliveryRow,
    *,
    status: str,
    error: str | None,
    due_at: datetime | None,
) -> bool:
    """Record what came of an attempt and what follows it.

    Parameters
    ----------
    session
        The transaction.
    claimed
        As :func:`claim` returned it.
    status, error
        What came of it.
    due_at
        When it is tried again; None where it is not, and then nothing has to be signed any more.

    Returns
    -------
    bool
        False where the lease was over and somebody else has taken it since: theirs counts.
    """
    values = {"status": status, "last_error": error, "due_at": due_at}
    if due_at is None:
        values["secret"] = ""
    settled = session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == claimed.id, DeliveryRow.due_at == claimed.due_at)
        .values(**values)
        .returning(DeliveryRow.id)
    ).first()
    return settled is not None
