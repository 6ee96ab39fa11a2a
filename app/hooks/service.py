"""Make hooks, show them, and keep what comes for them."""

import base64
import binascii
import hashlib
import hmac
import secrets
from typing import Final

from sqlalchemy.orm import Session
from starlette.datastructures import Headers

from app.datasets import store as datasets
from app.errors import ConflictError, NotFoundError, UnauthenticatedError
from app.hooks import store
from app.hooks.store import InboxState, Receiver
from app.hooks.wire import Hook, HookKind, HookList, HookRequest, NewHook
from app.settings import Settings
from app.store.identifiers import now
from app.store.tables import HookRow

_MOST: Final = 100
"""Hooks of a dataset."""

_ID_BYTES: Final = 16
_SIGNED: Final = "sha256="


class Hooks:
    """Use cases on the hooks of a dataset, within one transaction.

    Parameters
    ----------
    session
        The transaction; its opener commits.
    settings
        Say by which address others reach this server.
    """

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings

    def create(self, dataset_id: str, request: HookRequest) -> NewHook:
        """Make a hook; its secret is returned here and never again.

        The secret is kept as it is: a signature cannot be compared with a hash of it.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        ConflictError
            It has as many hooks as it may have.
        """
        datasets.get(self._session, dataset_id)
        if len(store.of_dataset(self._session, dataset_id)) >= _MOST:
            rule = f"The dataset has {_MOST} hooks, and more are not made; delete some."
            raise ConflictError(rule)
        row = HookRow(
            id=f"hk_{secrets.token_hex(_ID_BYTES)}",
            dataset_id=dataset_id,
            kind=request.kind.value,
            name=request.name,
            secret=secrets.token_urlsafe(32),
            created_at=now(),
        )
        self._session.add(row)
        self._session.flush()
        return NewHook(**self._to_wire(row, InboxState()).model_dump(), secret=row.secret)

    def named(self, dataset_id: str, request: HookRequest) -> HookRow:
        """Return the hook of a kind and a name, made where there is none.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        ConflictError
            It has as many hooks as it may have.
        """
        for row in store.of_dataset(self._session, dataset_id):
            if (row.kind, row.name) == (request.kind.value, request.name):
                return row
        made = self.create(dataset_id, request)
        return store.get(self._session, dataset_id, made.id)

    def every(self, dataset_id: str) -> HookList:
        """Return a dataset's hooks, oldest first.

        Raises
        ------
        NotFoundError
            There is no such dataset.
        """
        datasets.get(self._session, dataset_id)
        rows = store.of_dataset(self._session, dataset_id)
        states = store.states(self._session, [row.id for row in rows])
        return HookList(items=tuple(self._to_wire(row, states[row.id]) for row in rows))

    def get(self, dataset_id: str, hook_id: str) -> Hook:
        """Return a hook.

        Raises
        ------
        NotFoundError
            There is no such dataset, or it has no such hook.
        """
        datasets.get(self._session, dataset_id)
        row = store.get(self._session, dataset_id, hook_id)
        return self._to_wire(row, store.states(self._session, [row.id])[row.id])

    def remove(self, dataset_id: str, hook_id: str) -> None:
        """End a hook for good, with what was not worked off; the ledger stays as it is.

        Raises
        ------
        NotFoundError
            There is no such dataset, or it has no such hook.
        """
        datasets.get(self._session, dataset_id)
        self._session.delete(store.get(self._session, dataset_id, hook_id))

    def _to_wire(self, row: HookRow, state: InboxState) -> Hook:
        kind = HookKind(row.kind)
        url = f"{self._settings.public_url or ''}/v1/hooks/{row.id}"
        return Hook(
            id=row.id,
            dataset_id=row.dataset_id,
            kind=kind,
            name=row.name,
            url=url,
            model_url=f"{url}/label-studio" if kind is HookKind.LABEL_STUDIO else None,
            created_at=row.created_at,
            **state._asdict(),
        )


def receiver_of(session: Session, hook_id: str) -> Receiver:
    """Return who hears what comes under a hook's id.

    Raises
    ------
    NotFoundError
        Nobody does.
    """
    found = store.receiver(session, hook_id)
    if found is None:
        raise NotFoundError(kind="hook", name=hook_id)
    return found


def model_of(session: Session, hook_id: str) -> Receiver:
    """Return the hook that Label Studio calls as a model.

    Raises
    ------
    NotFoundError
        There is none.
    """
    found = receiver_of(session, hook_id)
    if found.kind != HookKind.LABEL_STUDIO:
        raise NotFoundError(kind="hook", name=hook_id)
    return found


def require_secret(
    hook: Receiver, headers: Headers, body: bytes, *, is_optional: bool = False
) -> None:
    """Refuse who does not know the secret of a hook; all comparisons take the same time.

    Parameters
    ----------
    hook
        Whose secret.
    headers, body
        What came.
    is_optional
        Whether nothing need be presented; what is presented must be right all the same.

    Raises
    ------
    UnauthenticatedError
        It is wrong or missing.
    """
    if hook.kind == HookKind.CVAT:
        digest = hmac.new(hook.secret.encode(), body, hashlib.sha256).hexdigest()
        presented: str | None = headers.get("X-Signature-256")
        wanted = f"{_SIGNED}{digest}"
        rule = "This hook needs 'X-Signature-256: sha256=...', the body signed with its secret."
    else:
        presented, wanted = _presented(headers), hook.secret
        rule = "This hook needs its secret, as 'Authorization: Bearer ...'."
    if presented is None and is_optional:
        return
    if not hmac.compare_digest((presented or "").encode(), wanted.encode()):
        raise UnauthenticatedError(rule)


def _presented(headers: Headers) -> str | None:
    """Return a token, or the password of a name; Label Studio has the one or the other."""
    if "Authorization" not in headers:
        return None
    scheme, _, token = headers["Authorization"].partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    try:
        return base64.b64decode(token, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
