"""Errors as problem documents (RFC 9457): the only module that knows HTTP's error statuses."""

import errno
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from app.errors import (
    AppError,
    BusyError,
    ConflictError,
    ForbiddenError,
    GoneError,
    InvalidRequestError,
    MalformedRequestError,
    MediaTypeError,
    MisdirectedError,
    NotFoundError,
    SlowRequestError,
    SolveCancelledError,
    TooLargeError,
    UnauthenticatedError,
    UnavailableError,
)
from app.observability import REQUEST_ID
from app.wire import Wire


class InvalidMember(Wire):
    """One member of a request that breaks a rule."""

    pointer: str = Field(description="JSON pointer into the body, or the parameter's name.")
    detail: str = Field(description="The rule that it breaks.")


class Problem(Wire):
    """Why a request was not carried out."""

    type: str = Field(
        description="Stable name of the kind of problem; `about:blank` adds nothing to the status.",
        examples=["urn:seedal:problem:budget-too-small"],
    )
    title: str = Field(description="The kind of problem in a few words.")
    status: int = Field(description="The HTTP status, repeated.")
    detail: str = Field(description="One sentence about this occurrence.")
    instance: str = Field(description="The path that was asked for.")
    request_id: str = Field(description="Names this request in the server's log.")
    errors: tuple[InvalidMember, ...] = Field(
        default=(),
        description="The members of the request that break a rule, if that is the reason.",
    )


MEDIA_TYPE: Final = "application/problem+json"

_STATUS: Final[Mapping[type[AppError], HTTPStatus]] = {
    UnauthenticatedError: HTTPStatus.UNAUTHORIZED,
    ForbiddenError: HTTPStatus.FORBIDDEN,
    MisdirectedError: HTTPStatus.MISDIRECTED_REQUEST,
    NotFoundError: HTTPStatus.NOT_FOUND,
    GoneError: HTTPStatus.GONE,
    SlowRequestError: HTTPStatus.REQUEST_TIMEOUT,
    MediaTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    SolveCancelledError: HTTPStatus.SERVICE_UNAVAILABLE,
    ConflictError: HTTPStatus.CONFLICT,
    InvalidRequestError: HTTPStatus.UNPROCESSABLE_ENTITY,
    MalformedRequestError: HTTPStatus.BAD_REQUEST,
    TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    BusyError: HTTPStatus.TOO_MANY_REQUESTS,
    UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
}
_RETRY: Final = {"Retry-After": "1"}
_HEADERS_OF: Final[Mapping[type[AppError], Mapping[str, str]]] = {
    BusyError: _RETRY,
    UnavailableError: _RETRY,
    SolveCancelledError: _RETRY,
    UnauthenticatedError: {"WWW-Authenticate": "Bearer"},
    SlowRequestError: {"Connection": "close"},
}
_LISTED = 20
"""How many invalid members a problem lists."""


def status_of(error: AppError | type[AppError]) -> HTTPStatus:
    """Return the status of an error: that of its nearest ancestor which has one, else 500."""
    kind = error if isinstance(error, type) else type(error)
    for ancestor in kind.__mro__:
        if ancestor in _STATUS:
            return _STATUS[ancestor]
    return HTTPStatus.INTERNAL_SERVER_ERROR


READING: Final = (NotFoundError, InvalidRequestError)
"""What a request for something that has a name may end with."""

SENDING: Final = (
    MalformedRequestError,
    SlowRequestError,
    TooLargeError,
    MediaTypeError,
    InvalidRequestError,
)
"""What a request with a body may end with."""

SOLVING: Final = (BusyError, SolveCancelledError)
"""What a request that needs a solve process may end with."""


def documented(*errors: type[AppError]) -> dict[int | str, dict[str, Any]]:
    """Return the ``responses`` of a route that may end with these errors."""
    return {int(status_of(error)): {"description": error.title} for error in errors}


def install(app: FastAPI) -> None:
    """Answer every error of an application with a problem document."""
    app.exception_handler(AppError)(answer_error)
    app.exception_handler(RequestValidationError)(_validation_error)
    app.exception_handler(HTTPException)(_http_error)
    app.exception_handler(OSError)(_disk_error)
    app.exception_handler(ClientDisconnect)(_broken_off)
    app.exception_handler(Exception)(_unexpected_error)


def answer_error(request: Request, error: AppError) -> Response:
    """Return the problem document of an error."""
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        structlog.get_logger(__name__).error("request failed", detail=error.detail)
    members = []
    if isinstance(error, InvalidRequestError) and error.pointer:
        members.append(InvalidMember(pointer=error.pointer, detail=error.detail))
    headers = _HEADERS_OF.get(type(error), {})
    return _problem(request, status, _uri(type(error)), error.title, error.detail, members, headers)


def _validation_error(request: Request, error: RequestValidationError) -> Response:
    mistakes = error.errors()
    if any(mistake["type"] == "json_invalid" for mistake in mistakes):
        why = mistakes[0].get("ctx", {}).get("error", "it is no JSON")
        return answer_error(request, MalformedRequestError(f"The body is not valid JSON: {why}."))
    members = [
        InvalidMember(pointer=_pointer(mistake, error.body), detail=_rule(mistake["msg"]))
        for mistake in mistakes[:_LISTED]
    ]
    count = len(mistakes)
    detail = f"{members[0].pointer}: {members[0].detail}"
    if count > 1:
        detail += f" ({count - 1} more)"
    return _problem(
        request,
        status_of(InvalidRequestError),
        _uri(InvalidRequestError),
        InvalidRequestError.title,
        detail,
        members,
    )


def _http_error(request: Request, error: HTTPException) -> Response:
    """Keep what the framework says, its headers included: 405 must carry Allow."""
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request) or headers.get("Allow", "")
    return _problem(request, status, "about:blank", status.phrase, str(error.detail), (), headers)


_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def _disk_error(request: Request, error: OSError) -> Response:
    """Answer a disk that is full, or that became read-only, with a reason to ask again."""
    if error.errno not in _NO_ROOM:
        raise error
    structlog.get_logger(__name__).error("the disk takes nothing", error=str(error))
    rule = "The server's disk is full, or cannot be written; nothing was changed."
    return answer_error(request, UnavailableError(rule))


def _broken_off(request: Request, _: ClientDisconnect) -> Response:
    """Answer a body that ends in the middle: nobody reads it, but the log need not be alarmed."""
    return answer_error(request, MalformedRequestError("The body broke off."))


def _allowed(request: Request) -> str:
    """Return every method of a path; the framework knows those of the first route alone."""
    paths = request.app.openapi()["paths"]
    fitting = [name for name in paths if re.fullmatch(_pattern(name), request.url.path)]
    closest = max(fitting, key=len, default=None)  # `{id}:cancel` is no `{id}`
    methods = {method.upper() for method in paths[closest]} if closest else set()
    return ", ".join(sorted(methods | ({"HEAD"} if "GET" in methods else set())))


def _pattern(template: str) -> str:
    return re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template))


def _unexpected_error(request: Request, _: Exception) -> Response:
    """Tell the caller nothing but where to look; the server logs the trace."""
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "Something unexpected happened; the server's log has it under the request id."
    return _problem(request, status, "about:blank", status.phrase, detail, ())


def _problem(
    request: Request,
    status: HTTPStatus,
    kind: str,
    title: str,
    detail: str,
    members: Sequence[InvalidMember],
    headers: Mapping[str, str] | None = None,
) -> Response:
    request_id = request.scope.get("state", {}).get("request_id", "")
    problem = Problem(
        type=kind,
        title=title,
        status=status,
        detail=detail,
        instance=request.url.path,
        request_id=request_id,
        errors=tuple(members),
    )
    return Response(
        problem.model_dump_json(),
        status_code=int(status),
        media_type=MEDIA_TYPE,
        # Set here, too: an unexpected error is answered outside of the middleware that sets it.
        headers={REQUEST_ID: request_id, **(headers or {})},
    )


def _uri(kind: type[AppError]) -> str:
    return f"urn:seedal:problem:{kind.slug}"


def _rule(message: str) -> str:
    """Return pydantic's message without the name of Python's exception."""
    return message.removeprefix("Value error, ")


def _pointer(mistake: Mapping[str, Any], body: object) -> str:
    """Return a JSON pointer to a member of the body, or the name of a parameter.

    Pydantic's locations also name the variants of a union that it tried; the body has no such
    member, so they are left out.
    """
    where, *steps = mistake["loc"]
    if where != "body":
        return "/".join(map(str, steps))
    pointer = "#"
    inside: Any = body
    for place, step in enumerate(steps, start=1):
        missing = mistake["type"] == "missing" and place == len(steps)
        try:
            inside = inside[step]
        except (LookupError, TypeError):
            if not missing:
                continue
        escaped = str(step).replace("~", "~0").replace("/", "~1")
        pointer += f"/{escaped}"
    return pointer
