"""Queries on API keys."""

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.store.identifiers import now
from app.store.tables import KeyRow


def by_prefix(session: Session, prefix: str) -> KeyRow | None:
    """Return the key that begins so; none where there is none."""
    return session.scalars(select(KeyRow).where(KeyRow.prefix == prefix)).one_or_none()


def by_name(session: Session, name: str) -> KeyRow | None:
    """Return the key of this id or prefix."""
    return session.scalars(
        select(KeyRow).where((KeyRow.id == name) | (KeyRow.prefix == name))
    ).one_or_none()


def every(session: Session) -> list[KeyRow]:
    """Return all keys, the revoked ones included, oldest first."""
    return list(session.scalars(select(KeyRow).order_by(KeyRow.id)))


def any_made(session: Session) -> bool:
    """Tell whether there ever was a key."""
    return bool(session.scalar(select(exists().where(KeyRow.id.is_not(None)))))


def any_usable(session: Session) -> bool:
    """Tell whether anybody can come in."""
    return any(is_usable(row) for row in every(session))


def is_usable(row: KeyRow) -> bool:
    """Tell whether a key is neither revoked nor expired."""
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > now())
