"""Deliver callbacks: signed, at least once, each by one worker at a time (Standard Webhooks).

One request to another's server is over in time, whatever that server does.
"""

import asyncio
import random
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import sessionmaker
from standardwebhooks import Webhook

from app.callbacks import store as deliveries
from app.callbacks.egress import Resolve, Target, TargetRefusedError, resolve_target
from app.callbacks.wire import CallbackStatus
from app.settings import Settings
from app.store.identifiers import now
from app.store.sessions import ProjectSession
from app.store.tables import DeliveryRow

TIMEOUT_S: Final = 15.0
"""From the connection to the beginning of the answer's body, all in all."""

_READ: Final = 4096


class NoAnswerError(Exception):
    """The server did not answer; the message says in a word or two what happened instead."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is read of an answer.

    Parameters
    ----------
    status
        HTTP's.
    retry_after
        The header as it was sent; empty where it was not.
    """

    status: int
    retry_after: str


def post(
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    tls: ssl.SSLContext,
    *,
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """Send a body to an address that was checked; redirects are not followed.

    Parameters
    ----------
    target
        Where to, see `app.callbacks.egress`.
    body, headers
        What is sent; ``Host`` is added.
    tls
        Says which certificates are trusted.
    timeout_s
        The end of patience: a server that sends a byte now and then gains nothing by it.

    Raises
    ------
    NoAnswerError
        It cannot be reached, its certificate is not for the target's name, or it is too slow.
    """
    try:
        return asyncio.run(_post(target, body, headers, tls, timeout_s))
    except TimeoutError as error:
        message = f"not within {timeout_s:g} s"
        raise NoAnswerError(message) from error
    except httpx2.HTTPError as error:
        raise NoAnswerError(type(error).__name__) from error


async def _post(
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    tls: ssl.SSLContext,
    timeout_s: float,
) -> Answer:
    # A client of its own for each request: connections are kept under the address, so another
    # name's request would use one whose certificate was never compared with that name.
    # Proxies of the environment are not asked: they would resolve names themselves.
    client = httpx2.AsyncClient(verify=tls, trust_env=False, timeout=None, follow_redirects=False)
    async with (
        asyncio.timeout(timeout_s),
        client,
        client.stream(
            "POST",
            target.url,
            content=body,
            headers={"Host": target.host, **headers},
            extensions={"sni_hostname": target.name},
        ) as response,
    ):
        await anext(response.aiter_raw(_READ), b"")  # no more of it is of interest
        return Answer(response.status_code, response.headers.get("Retry-After", ""))


_MINUTE, _HOUR = 60.0, 3600.0
SCHEDULE_S: Final = (
    5.0,
    5 * _MINUTE,
    30 * _MINUTE,
    *(hours * _HOUR for hours in (2, 5, 10, 14, 20, 24)),
)
"""Pauses after each attempt that failed; the first attempt is made at once."""

AT_ONCE: Final = 8
"""Attempts in hand: receivers that let their time run out do not hold up the others."""

_LEASE: Final = timedelta(seconds=120)
"""Longer than any attempt takes, the system's search for a name included."""

_JITTER: Final = 0.1
_LOOK_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 24 * _HOUR
_GONE: Final = 410
_SLOW_DOWN: Final = frozenset({429, 502, 503, 504})

_log = structlog.get_logger(__name__)


class WebhookDelivery:
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
    tls
        Says which certificates are trusted; those that the system trusts where not given.
    timeout_s
        How long an attempt may take.
    """

    def __init__(
        self,
        settings: Settings,
        sessions: sessionmaker[ProjectSession],
        *,
        schedule_s: Sequence[float] = SCHEDULE_S,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._allowed = settings.callback_allow
        self._sessions = sessions
        self._schedule_s = schedule_s
        self._resolve = {} if resolve is None else {"resolve": resolve}
        self._tls = httpx2.create_ssl_context() if tls is None else tls
        self._timeout_s = timeout_s
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def run(self, stop: threading.Event) -> None:
        """Deliver what is due, several at once, look again soon, and end with the last one."""
        while not stop.wait(_LOOK_S):
            while not stop.is_set() and self._start_one():
                pass
        for _ in range(AT_ONCE):
            self._free.acquire()

    def deliver_one(self) -> bool:
        """Make one attempt; false where nothing is due."""
        row = self._claim()
        if row is None:
            return False
        self._deliver(row)
        return True

    def _start_one(self) -> bool:
        """Begin an attempt; false where nothing is due, or enough are in hand."""
        if not self._free.acquire(timeout=_LOOK_S):
            return False
        row = None
        try:
            row = self._claim()
        except SQLAlchemyError as error:
            _log.warning("the database does not answer", error=str(error))
        finally:
            if row is None:
                self._free.release()
        if row is None:
            return False
        threading.Thread(
            target=self._deliver_freely, args=(row,), name="callback", daemon=True
        ).start()
        return True

    def _deliver_freely(self, row: DeliveryRow) -> None:
        try:
            self._deliver(row)
        except SQLAlchemyError as error:  # it is due again after its lease
            _log.warning("the database does not answer", delivery=row.id, error=str(error))
        finally:
            self._free.release()

    def _claim(self) -> DeliveryRow | None:
        with self._sessions.begin() as session:
            return deliveries.claim(session, _LEASE)

    def _deliver(self, row: DeliveryRow) -> None:
        status, error, pause_s = self._attempt(row)
        due_at = None
        if status is CallbackStatus.PENDING:
            if row.attempts <= len(self._schedule_s):
                planned = self._schedule_s[row.attempts - 1]
                planned *= 1.0 + _JITTER * random.random()  # noqa: S311 no secret
                due_at = now() + timedelta(seconds=max(planned, pause_s))
            else:
                status = CallbackStatus.FAILED
        with self._sessions.begin() as session:
            recorded = deliveries.settle(session, row, status=status, error=error, due_at=due_at)
        _log.info("callback", delivery=row.id, status=status.value, error=error, recorded=recorded)

    def _attempt(self, row: DeliveryRow) -> tuple[CallbackStatus, str | None, float]:
        """Return what the attempt came to, why, and how long the receiver asks to wait."""
        body, moment = row.body or "", now()
        try:
            target = resolve_target(row.url, self._allowed, **self._resolve)
            headers = signed_headers(row.id, row.secret, moment, body)
            answer = post(target, body.encode(), headers, self._tls, timeout_s=self._timeout_s)
        except TargetRefusedError as error:
            return CallbackStatus.PENDING, f"Refused: {error}.", 0.0
        except NoAnswerError as error:
            return CallbackStatus.PENDING, f"No answer: {error}.", 0.0
        except Exception:  # noqa: BLE001  whatever it is, the other callbacks go on
            _log.exception("callback failed", delivery=row.id)
            return CallbackStatus.PENDING, "Something unexpected ended the attempt.", 0.0
        return _outcome(answer)


def signed_headers(name: str, secret: str, moment: datetime, body: str) -> dict[str, str]:
    """Return the headers by which a receiver knows a callback, and that it is ours."""
    return {
        "Content-Type": "application/json",
        "User-Agent": "seedal",
        "webhook-id": name,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, moment, body),
    }


def _outcome(answer: Answer) -> tuple[CallbackStatus, str | None, float]:
    if 200 <= answer.status < 300:  # noqa: PLR2004 the successes of HTTP
        return CallbackStatus.DELIVERED, None, 0.0
    error = f"The receiver answered {answer.status}."
    if answer.status == _GONE:
        return CallbackStatus.DISABLED, error, 0.0
    pause_s = retry_after_s(answer.retry_after) if answer.status in _SLOW_DOWN else 0.0
    return CallbackStatus.PENDING, error, min(pause_s, _LONGEST_PAUSE_S)


def retry_after_s(retry_after: str) -> float:
    """Return how long a ``Retry-After`` asks to wait: seconds or a date; 0 where it is neither."""
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after[:9])
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now()).total_seconds())
