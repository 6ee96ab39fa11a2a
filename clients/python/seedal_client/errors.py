"""What can go wrong, in one tree.

::

    SeedalError
    ├── InvalidArgumentError      an argument makes no sense; nothing was sent
    ├── ConnectionFailedError     no answer, after all attempts
    ├── UnexpectedAnswerError     an answer that is not of SeedAL Service
    ├── OperationFailedError      the work failed or was cancelled
    ├── WaitTimeoutError          the work goes on, but the caller's time is over
    └── ProblemError              the service refused, and says why
        ├── UnauthenticatedError  401
        ├── ForbiddenError        403
        ├── NotFoundError         404
        ├── ConflictError         409
        ├── InvalidRequestError   400, 413, 415, 422
        ├── BusyError             429, 503, after all attempts
        └── ServiceFailedError    any other 5xx
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from seedal_client.models import Operation, Problem

if TYPE_CHECKING:
    import httpx2


class SeedalError(Exception):
    """Base of every error of this package."""


class InvalidArgumentError(SeedalError, ValueError):
    """An argument makes no sense; nothing was sent."""


class ConnectionFailedError(SeedalError):
    """The service did not answer; `__cause__` is the error of the last attempt."""


class UnexpectedAnswerError(SeedalError):
    """Something answered that does not talk like SeedAL Service, such as a login page."""


class OperationFailedError(SeedalError):
    """Work that outlasts its request failed, or was cancelled.

    Parameters
    ----------
    operation
        As it ended.
    """

    def __init__(self, operation: Operation) -> None:
        reason = operation.error.detail if operation.error else f"It is {operation.status}."
        super().__init__(f"Operation {operation.id} has no result: {reason}")
        self.operation = operation


class WaitTimeoutError(SeedalError, TimeoutError):
    """The time to wait is over; the work goes on, and may be waited for again.

    Parameters
    ----------
    operation
        As it was last seen.
    """

    def __init__(self, operation: Operation) -> None:
        seen = f"{operation.status}, {operation.percent_complete:.0f} %"
        super().__init__(f"Operation {operation.id} has not ended in time: it is {seen}.")
        self.operation = operation


class ProblemError(SeedalError):
    """The service refused a request; the message is its own sentence.

    Parameters
    ----------
    status
        HTTP's.
    problem
        The service's problem document (RFC 9457).
    """

    def __init__(self, status: int, problem: Problem) -> None:
        said = problem.detail or problem.title
        others = [one for one in problem.errors if one.detail not in said]
        super().__init__(" ".join([said, *(f"{one.pointer}: {one.detail}" for one in others)]))
        self.status = status
        self.problem = problem
        self.was_sent_before = False
        """Whether an earlier attempt may have been carried out although no answer came."""

    @property
    def title(self) -> str:
        """The kind of problem in a few words."""
        return self.problem.title

    @property
    def detail(self) -> str:
        """One sentence about this occurrence."""
        return self.problem.detail

    @property
    def pointer(self) -> str | None:
        """The first member of the request that breaks a rule; None where it is none of them."""
        return self.problem.errors[0].pointer if self.problem.errors else None


class UnauthenticatedError(ProblemError):
    """The service wants a key, or does not know this one."""


class ForbiddenError(ProblemError):
    """The key has not the scope that the call needs."""


class NotFoundError(ProblemError):
    """There is nothing of this name, or it belongs to another project."""


class ConflictError(ProblemError):
    """The state of things does not allow it, such as a dataset that is not ready."""


class InvalidRequestError(ProblemError):
    """The request breaks a rule; `pointer` and `problem.errors` say where."""


class BusyError(ProblemError):
    """The service had no time for the request in any of the attempts."""


class ServiceFailedError(ProblemError):
    """Something unexpected happened in the service, or in a proxy before it."""


_KINDS: Final[dict[int, type[ProblemError]]] = {
    HTTPStatus.BAD_REQUEST: InvalidRequestError,
    HTTPStatus.UNAUTHORIZED: UnauthenticatedError,
    HTTPStatus.FORBIDDEN: ForbiddenError,
    HTTPStatus.NOT_FOUND: NotFoundError,
    HTTPStatus.CONFLICT: ConflictError,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: InvalidRequestError,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: InvalidRequestError,
    HTTPStatus.UNPROCESSABLE_ENTITY: InvalidRequestError,
    HTTPStatus.TOO_MANY_REQUESTS: BusyError,
    HTTPStatus.SERVICE_UNAVAILABLE: BusyError,
}


def problem_of(status: int, headers: httpx2.Headers, body: bytes) -> ProblemError:
    """Return the error that an answer reports, whether or not it has a problem document.

    Examples
    --------
    >>> import httpx2
    >>> body = b'{"title": "Not found", "detail": "There is no such seed."}'
    >>> problem_of(404, httpx2.Headers(), body)
    NotFoundError('There is no such seed.')
    """
    try:
        problem = Problem.model_validate_json(body)
    except ValidationError:
        kind = headers.get("Content-Type", "nothing")
        detail = f"The server answered {status} with {kind}, without saying why."
        problem = Problem(title=f"HTTP {status}", detail=detail)
    usual = ServiceFailedError if status >= HTTPStatus.INTERNAL_SERVER_ERROR else ProblemError
    return _KINDS.get(status, usual)(status, problem)
