"""API keys: who calls, for which project, and what that caller may do."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app.errors import ForbiddenError, InvalidRequestError, NotFoundError
from app.store.identifiers import new_id, now
from app.store.tables import DEFAULT_PROJECT, KeyRow

SCOPES: Final = (
    *("datasets:read", "datasets:write", "seeds:read", "seeds:write"),
    *("labels:read", "labels:write"),
)
"""What a key may be good for. Operations go with datasets, frontiers with seeds."""

_FORM: Final = re.compile(r"sk_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_PROJECT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_LONGEST_NAME: Final = 200
_LONGEST_DAYS: Final = 36_500


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from.

    Parameters
    ----------
    project
        The only project whose rows it meets.
    scopes
        See `SCOPES`.
    key
        Prefix of the key; None where no key is asked for.
    """

    project: str = DEFAULT_PROJECT
    scopes: frozenset[str] = frozenset(SCOPES)
    key: str | None = None

    def require(self, *scopes: str) -> None:
        """Let pass who has one of these scopes.

        Raises
        ------
        ForbiddenError
            Names them.
        """
        if self.scopes.isdisjoint(scopes):
            rule = f"The key has no scope {' or '.join(map(repr, scopes))}."
            raise ForbiddenError(rule)


def scope_of(resource: str, method: str) -> str:
    """Return the scope that an HTTP method on a resource needs: reading it, or more."""
    return f"{resource}:{'read' if method.upper() in {'GET', 'HEAD'} else 'write'}"


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """What may be shown of a key."""

    id: str
    prefix: str
    name: str
    project: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


class Keys:
    """Use cases on keys, within one transaction.

    Parameters
    ----------
    session
        The transaction; its opener commits.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self, *, name: str, project: str, scopes: tuple[str, ...], days: int | None
    ) -> tuple[str, KeyInfo]:
        """Make a key; it is returned here and never again.

        The secret has 256 random bits, so nobody can guess it from its SHA-256, and a slow hash
        would protect nothing; it would only cost every request its time.

        Raises
        ------
        InvalidRequestError
            A scope is unknown, the project's or key's name is no name, or `days` is out of range.
        """
        _check(name, project, scopes, days)
        prefix, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        row = KeyRow(
            id=new_id(),
            project=project,
            name=name,
            prefix=prefix,
            secret_hash=_hash(secret),
            scopes=[scope for scope in SCOPES if scope in scopes],
            created_at=now(),
            expires_at=None if days is None else now() + timedelta(days=days),
        )
        self._session.add(row)
        self._session.flush()
        return f"sk_{prefix}_{secret}", _info(row)

    def every(self) -> list[KeyInfo]:
        """Return all keys, the revoked ones included, oldest first."""
        return [_info(row) for row in every(self._session)]

    def revoke(self, name: str) -> KeyInfo:
        """End a key for good; revoking it again changes nothing.

        Parameters
        ----------
        name
            Its id, its prefix, or the whole key; of that, nothing is repeated in an error.

        Raises
        ------
        NotFoundError
            There is no such key.
        """
        form = _FORM.fullmatch(name)
        name = form[1] if form else name.removeprefix("sk_")
        row = by_name(self._session, name)
        if row is None:
            raise NotFoundError(kind="key", name=name)
        row.revoked_at = row.revoked_at or now()
        return _info(row)

    def caller(self, presented: str | None, *, is_open: bool) -> Caller | None:
        """Return who presents a key, or nobody: None where it is not one that is good now.

        Parameters
        ----------
        presented
            What came as a key; None where nothing did.
        is_open
            Whether everybody is the default project and may do everything as long as no key was
            ever made, whatever they present: another's token, say, that a proxy passes on.
        """
        if is_open and not any_made(self._session):
            return Caller()
        form = _FORM.fullmatch(presented or "")
        row = by_prefix(self._session, form[1]) if form else None
        # Compared in any case, so that time does not tell which prefixes there are.
        expected = row.secret_hash if row is not None else _hash("")
        same = hmac.compare_digest(_hash(form[2] if form else "x"), expected)
        if row is None or not same or not is_usable(row):
            return None
        return Caller(row.project, frozenset(row.scopes), row.prefix)

    def is_any_usable(self) -> bool:
        """Tell whether somebody can come in."""
        return any_usable(self._session)


def _check(name: str, project: str, scopes: tuple[str, ...], days: int | None) -> None:
    unknown = [scope for scope in scopes if scope not in SCOPES]
    rule = None
    if unknown or not scopes:
        listed = ", ".join(SCOPES)
        rule = f"There is no scope {unknown[0]!r}" if unknown else "A key needs a scope"
        rule += f"; there are {listed}."
    elif not _PROJECT.fullmatch(project):
        rule = f"A project is letters, digits, '.', '_' and '-', at most 100, not {project!r}."
    elif not name.isprintable() or not 0 < len(name) <= _LONGEST_NAME:
        rule = f"A key's name is one line of at most {_LONGEST_NAME} characters."
    elif days is not None and not 0 < days <= _LONGEST_DAYS:
        rule = f"A key lives for 1 to {_LONGEST_DAYS} days, not {days}."
    if rule is not None:
        raise InvalidRequestError(rule)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _info(row: KeyRow) -> KeyInfo:
    return KeyInfo(
        id=row.id,
        prefix=row.prefix,
        name=row.name,
        project=row.project,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


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
