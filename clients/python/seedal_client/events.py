"""An operation's events, without a socket: what is asked for, and when a stream is taken up again.

A stream that breaks is opened again with the id of the last event that was seen, so no change is
reported twice, and none is missed that the service still knows of.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

import httpx2
from pydantic import ValidationError

from seedal_client.errors import ConnectionFailedError, UnexpectedAnswerError, problem_of
from seedal_client.models import Operation
from seedal_client.protocol import Pause, Retries, parse_retry_after, path_of

if TYPE_CHECKING:
    from seedal_client.calls import Named

_PASSING: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
QUIET: Final = httpx2.Timeout(10.0, read=60.0)
"""A stream that is silent for longer is dead: the service writes every 15 seconds."""


class Watch:
    """Knows how far an operation was watched.

    Parameters
    ----------
    operation
        Which one.
    retries
        How often a stream is opened in vain before that is an error.
    """

    def __init__(self, operation: Named, retries: Retries) -> None:
        self.path = path_of("/v1/operations/{operation_id}/events", operation_id=operation)
        self._ended = False
        self._last = ""
        self._in_vain = 0
        self._retries = retries

    def has_ended(self) -> bool:
        """Tell whether the last change was seen."""
        return self._ended

    @property
    def headers(self) -> dict[str, str]:
        """What the next stream is asked for with."""
        known = {"Last-Event-ID": self._last} if self._last else {}
        return {"Accept": "text/event-stream", "Cache-Control": "no-store", **known}

    @staticmethod
    def is_stream(answer: httpx2.Response) -> bool:
        """Tell whether an answer is a stream of events; another one is to be read, and judged."""
        return answer.status_code == HTTPStatus.OK

    def refused(self, answer: httpx2.Response) -> Pause | None:
        """Judge an answer that is no stream, and has been read.

        Returns
        -------
        Pause or None
            How long to wait before the next attempt; None where the operation has ended.

        Raises
        ------
        ProblemError
            The service refuses it.
        """
        if answer.status_code == HTTPStatus.NO_CONTENT:
            self._ended = True
            return None
        if answer.status_code in _PASSING:
            pause = self._pause(parse_retry_after(answer.headers.get("Retry-After", "")))
            if pause is not None:
                return pause
        if answer.is_error:
            raise problem_of(answer.status_code, answer.headers, answer.content)
        detail = f"The server answered {answer.status_code} where events were expected."
        raise UnexpectedAnswerError(detail)

    def heard(self, event: httpx2.ServerSentEvent) -> Operation | None:
        """Return what an event says; None where it says nothing of the operation."""
        if not event.data:
            return None
        try:
            operation = Operation.model_validate_json(event.data)
        except ValidationError as error:
            detail = "An event is no operation; is the URL that of a SeedAL Service?"
            raise UnexpectedAnswerError(detail) from error
        self._in_vain = 0
        self._last = event.id or self._last
        self._ended = operation.finished_at is not None
        return operation

    def broke(self, error: httpx2.RequestError | None) -> Pause:
        """Return how long to wait after a stream broke, or ended too early.

        Raises
        ------
        ConnectionFailedError
            It has happened too often without any news in between.
        """
        if isinstance(error, httpx2.SSEError):
            detail = f"The server sends no events: {error}"
            raise UnexpectedAnswerError(detail) from error
        pause = self._pause(None)
        if pause is None:
            detail = f"The events of {self.path} broke off {self._in_vain} times."
            raise ConnectionFailedError(detail) from error
        return pause

    def _pause(self, asked_s: float | None) -> Pause | None:
        self._in_vain += 1
        return self._retries.pause(self._in_vain, asked_s)
