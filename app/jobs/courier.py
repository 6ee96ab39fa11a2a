"""Delivers callbacks: signed, at least once, each by one worker at a time (Standard Webhooks)."""

import random
import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import httpx2
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker
from standardwebhooks import Webhook

from api_schemas.callbacks import CallbackStatus
from app.services.egress import Resolve, TargetRefusedError, resolve_target
from app.settings import Settings
from app.store import deliveries
from app.store.identifiers import now
from app.store.sessions import ProjectSession
from app.store.tables import DeliveryRow

_MINUTE, _HOUR = 60.0, 3600.0
SCHEDULE_S: Final = (
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    *(hours * _HOUR for hours in (2, 5, 10, 14, 20, 24)),
)
"""Pauses after each attempt that failed; the first attempt is made at once."""

_TIMEOUT_S: Final = 15.0
_LEASE: Final = timedelta(seconds=60)
"""Longer than any attempt takes."""

_JITTER: Final = 0.1
_LOOK_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 24 * _HOUR
_READ: Final = 4096
_GONE: Final = 410
_SLOW_DOWN: Final = frozenset({429, 502, 503, 504})

_log = structlog.get_logger(__name__)


class Courier:
    """Delivers what is due until it is told to stop.

    Parameters
    ----------
    settings
        Say what may be called although it is private.
    sessions
        Makes transactions.
    schedule_s
        See `SCHEDULE_S`.
    resolve
        Turns names into addresses; the system's own where not given.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: sessionmaker[ProjectSession],
        *,
        schedule_s: Sequence[float] = SCHEDULE_S,
        resolve: Resolve | None = None,
    ) -> None:
        self._allowed = settings.callback_allow
        self._sessions = sessions
        self._schedule_s = schedule_s
        self._resolve = {} if resolve is None else {"resolve": resolve}
        # Proxies of the environment are not asked: they would resolve names themselves.
        self._client = httpx2.Client(trust_env=False, timeout=_TIMEOUT_S, follow_redirects=False)

    def run(self, stop: threading.Event) -> None:
        """Deliver what is due, and look again soon."""
        with self._client:
            while not stop.wait(_LOOK_S):
                try:
                    while not stop.is_set() and self.deliver_one():
                        pass
                except SQLAlchemyError as error:
                    _log.warning("the database does not answer", error=str(error))

    def deliver_one(self) -> bool:
        """Make one attempt; false where nothing is due."""
        with self._sessions.begin() as session:
            row = deliveries.claim(session, _LEASE)
        if row is None:
            return False
        status, error, pause_s = self._attempt(row)
        due_at = None
        if status is CallbackStatus.PENDING:
            if row.attempts < len(self._schedule_s):
                planned = self._schedule_s[row.attempts]
                planned *= 1.0 + _JITTER * random.random()  # noqa: S311 no secret
                due_at = now() + timedelta(seconds=max(planned, pause_s))
            else:
                status = CallbackStatus.FAILED
        with self._sessions.begin() as session:
            deliveries.settle(session, row.id, status=status, error=error, due_at=due_at)
        _log.info("callback", delivery=row.id, status=status.value, error=error)
        return True

    def _attempt(self, row: DeliveryRow) -> tuple[CallbackStatus, str | None, float]:
        """Return what the attempt came to, why, and how long the receiver asks to wait."""
        body, moment = row.body or "", now()
        try:
            target = resolve_target(row.url, self._allowed, **self._resolve)
            headers = {
                "Host": target.host,
                "Content-Type": "application/json",
                "User-Agent": "seedal",
                "webhook-id": row.id,
                "webhook-timestamp": str(int(moment.timestamp())),
                "webhook-signature": Webhook(row.secret).sign(row.id, moment, body),
            }
            with self._client.stream(
                "POST",
                target.url,
                content=body.encode(),
                headers=headers,
                extensions={"sni_hostname": target.name},
            ) as response:
                next(response.iter_raw(_READ), b"")  # no more of it is of interest
                return _outcome(response.status_code, response.headers.get("Retry-After", ""))
        except TargetRefusedError as error:
            return CallbackStatus.PENDING, f"Refused: {error}.", 0.0
        except httpx2.HTTPError as error:
            return CallbackStatus.PENDING, f"No answer: {type(error).__name__}.", 0.0


def _outcome(status: int, retry_after: str) -> tuple[CallbackStatus, str | None, float]:
    if 200 <= status < 300:  # noqa: PLR2004 the successes of HTTP
        return CallbackStatus.DELIVERED, None, 0.0
    error = f"The receiver answered {status}."
    if status == _GONE:
        return CallbackStatus.DISABLED, error, 0.0
    pause_s = float(retry_after[:9]) if status in _SLOW_DOWN and retry_after.isdecimal() else 0.0
    return CallbackStatus.PENDING, error, min(pause_s, _LONGEST_PAUSE_S)
