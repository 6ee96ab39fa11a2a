"""Requests that may be sent again: with an Idempotency-Key they do their work once.

The answer is stored in the very transaction of the work (draft-ietf-httpapi-idempotency-key-
header-07): a process that dies leaves both or neither, so no key is ever stuck, and of two
requests at once the second finds the first one's answer.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar, cast

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import KeyReuseError
from app.store.identifiers import now
from app.store.sessions import ProjectSession
from app.store.tables import IdempotencyRow
from app.wire import Wire

KEPT: Final = timedelta(hours=24)
"""For how long the answer of a key is kept."""

_BARE = r"[\x21\x23-\x5b\x5d-\x7e]{1,255}"
_QUOTED = r'"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255}"'
FORM: Final = f"^(?:{_BARE}|{_QUOTED})$"
"""A string of structured fields (RFC 9651), or the same without quotes."""

Answer = TypeVar("Answer", bound=Wire)


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """Does the work of a request, or finds that it is done.

    Parameters
    ----------
    session
        The transaction of the work.
    call
        Method and path.
    key
        As the header has it, of the form `FORM`; None where there is none, and nothing is
        remembered.
    body
        What was sent.
    """

    session: ProjectSession
    call: str
    key: str | None
    body: bytes

    def __call__(self, work: Callable[[], Answer], *kinds: type[Wire]) -> tuple[Answer, bool]:
        """Return the answer, and whether it was given before.

        Parameters
        ----------
        work
            Does it; whatever it writes is in `session`.
        kinds
            Of the answer.

        Raises
        ------
        KeyReuseError
            It came with another body before.
        """
        if self.key is None:
            return work(), False
        key, fingerprint = _plain(self.key), hashlib.sha256(self.body).hexdigest()
        before = self._before(key, fingerprint, kinds)
        if before is not None:
            return cast("Answer", before), True
        answer = work()
        self.session.add(
            IdempotencyRow(
                project=self.session.project,
                call=self.call,
                key=key,
                fingerprint=fingerprint,
                answer={"kind": type(answer).__name__, "body": answer.model_dump(mode="json")},
                created_at=now(),
            )
        )
        try:
            self.session.flush()
        except IntegrityError:
            self.session.rollback()  # and with it the work: the other request has done it
            before = self._before(key, fingerprint, kinds)
            if before is None:
                raise
            return cast("Answer", before), True
        return answer, False

    def _before(self, key: str, fingerprint: str, kinds: tuple[type[Wire], ...]) -> Wire | None:
        name, oldest = (self.session.project, self.call, key), now() - KEPT
        row = find(self.session, *name)
        if row is not None and row.created_at < oldest:
            forget(self.session, row, oldest)
            row = find(self.session, *name)  # another request may have been here
        if row is None:
            return None
        if row.fingerprint != fingerprint:
            rule = "This Idempotency-Key came with another request before; take a new one."
            raise KeyReuseError(rule, "Idempotency-Key")
        kind = next(kind for kind in kinds if kind.__name__ == row.answer["kind"])
        return kind.model_validate(row.answer["body"])


def _plain(header: str) -> str:
    """Return a key without its quotes."""
    return re.sub(r"\\(.)", r"\1", header[1:-1]) if header.startswith('"') else header


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
