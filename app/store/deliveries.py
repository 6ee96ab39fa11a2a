"""Queries on callbacks: an outbox that is written together with what it tells of."""

import json
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.store.identifiers import now
from app.store.tables import DeliveryRow, OperationRow

PENDING = "pending"
WAITING = "waiting"


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

    A worker that dies in between leaves it due again, then.
    """
    moment = now()
    candidate = session.execute(
        select(DeliveryRow.id, DeliveryRow.due_at)
        .where(DeliveryRow.status == PENDING, DeliveryRow.due_at <= moment)
        .order_by(DeliveryRow.due_at)
        .limit(1)
    ).first()
    if candidate is None:
        return None
    taken = session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == candidate.id, DeliveryRow.due_at == candidate.due_at)
        .values(due_at=moment + lease)
        .returning(DeliveryRow.id)
    ).first()
    return None if taken is None else session.get(DeliveryRow, candidate.id)


def settle(
    session: Session, delivery_id: str, *, status: str, error: str | None, due_at: datetime | None
) -> None:
    """Record an attempt and what follows it."""
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id)
        .values(status=status, last_error=error, due_at=due_at, attempts=DeliveryRow.attempts + 1)
    )
