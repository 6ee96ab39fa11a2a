"""The protocol without a socket: what is sent, how often, and what an answer means.

Each call of the service is a generator that yields what is to be done (a `Call` to send, a `Pause`
to make) and is sent what came of it. `Client` and `AsyncClient` do these things, each in its way,
so that both have the same rules.

A request is sent again where that is safe: a connection that was never made, any idempotent method,
and a POST that carries an Idempotency-Key or says the same when it is said twice. Pauses double and
are random, so that many clients do not come back at once; a `Retry-After` counts as it is.
"""

from __future__ import annotations

import random
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from os import PathLike
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeAlias, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ValidationError

from seedal_client.errors import (
    ConnectionFailedError,
    InvalidArgumentError,
    UnexpectedAnswerError,
    problem_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

Result = TypeVar("Result")
Answered = TypeVar("Answered", bound=BaseModel)

TIMEOUT: Final = httpx2.Timeout(10.0, read=120.0, write=120.0)
"""A seed may be searched for while its caller waits."""

_IDEMPOTENT: Final = frozenset({"GET", "PUT", "DELETE"})
_NEVER_SENT: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
_HOPELESS: Final = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError)
_COME_BACK: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_GATEWAY: Final = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request.

    Parameters
    ----------
    method, path, query
        What is called; the path is encoded.
    json
        The body, as JSON; None for none.
    upload
        The body, as bytes or a file that is read anew in each attempt.
    headers
        Beside those of every request.
    into
        The file that a successful body becomes.
    is_repeatable
        Whether it does the same when it is sent twice, although its method does not promise that.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    upload: bytes | Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    into: Path | None = None
    is_repeatable: bool = False


@dataclass(frozen=True)
class Pause:
    """Some seconds in which nothing is done."""

    seconds: float


@dataclass(frozen=True)
class Answer:
    """What came back; the body is empty where it went into a file."""

    status: int
    headers: httpx2.Headers
    body: bytes
    was_sent_before: bool = False

    def parse(self, kind: type[Answered]) -> Answered:
        """Return the body as a typed object.

        Raises
        ------
        UnexpectedAnswerError
            It is none.
        """
        try:
            return kind.model_validate_json(self.body)
        except ValidationError as error:
            what = self.headers.get("Content-Type", "no content type")
            detail = (
                f"The answer ({self.status}, {what}) is no {kind.__name__}; is the URL that of a "
                "SeedAL Service?"
            )
            raise UnexpectedAnswerError(detail) from error

    @property
    def retry_after_s(self) -> float | None:
        """Seconds after which the service wants to be asked again, if it says so."""
        return parse_retry_after(self.headers.get("Retry-After", ""))


Steps: TypeAlias = Generator["Call | Pause", Any, Result]


@dataclass(frozen=True, kw_only=True)
class Retries:
    """How often a request is sent, and how long the pauses are.

    Parameters
    ----------
    attempts
        At most; 1 never sends anything again.
    first_s
        The longest first pause; it doubles with each attempt.
    longest_s
        No pause is longer. A service that asks for more is not asked again.
    """

    attempts: int = 5
    first_s: float = 0.5
    longest_s: float = 60.0

    def __post_init__(self) -> None:
        if self.attempts < 1 or self.first_s < 0 or self.longest_s < 0:
            rule = "Retries have at least one attempt, and no negative pause."
            raise InvalidArgumentError(rule)

    def pause(self, attempt: int, asked_s: float | None = None) -> Pause | None:
        """Return the pause after an attempt, counted from 1; None where it was the last one."""
        if attempt >= self.attempts or (asked_s or 0.0) > self.longest_s:
            return None
        jitter = random.random()  # noqa: S311 no secret
        if asked_s is not None:
            return Pause(asked_s * (1.0 + 0.1 * jitter))
        return Pause(min(self.longest_s, self.first_s * 2.0 ** (attempt - 1)) * jitter)


def exchange(call: Call, retries: Retries) -> Steps[Answer]:
    """Send a request until it is answered, within the rules.

    Raises
    ------
    ProblemError
        The service refuses it.
    ConnectionFailedError
        No attempt was answered.
    UnexpectedAnswerError
        It is redirected, or answered in a way that HTTP does not know.
    """
    is_safe = call.method in _IDEMPOTENT or call.is_repeatable
    was_sent = False
    for attempt in range(1, retries.attempts + 1):
        try:
            answer: Answer = yield call
        except httpx2.RequestError as error:
            never_sent = isinstance(error, _NEVER_SENT)
            may_repeat = (is_safe or never_sent) and not isinstance(error, _HOPELESS)
            pause = retries.pause(attempt) if may_repeat else None
            if pause is None:
                raise _failed(call, error, attempt) from error
            was_sent = was_sent or not never_sent
            yield pause
            continue
        again = answer.status in _COME_BACK or answer.status in _GATEWAY
        pause = retries.pause(attempt, answer.retry_after_s) if again and is_safe else None
        if pause is None:
            return _judged(answer, was_sent_before=was_sent)
        was_sent = was_sent or answer.status in _GATEWAY
        yield pause
    raise AssertionError


def _failed(call: Call, error: httpx2.RequestError, attempts: int) -> ConnectionFailedError:
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    times = "once" if attempts == 1 else f"{attempts} times"
    return ConnectionFailedError(f"{call.method} {call.path} was tried {times}: {reason}")


def _judged(answer: Answer, *, was_sent_before: bool) -> Answer:
    """Return an answer that is a success; raise what any other one reports."""
    if answer.status >= HTTPStatus.BAD_REQUEST:
        error = problem_of(answer.status, answer.headers, answer.body)
        error.was_sent_before = was_sent_before
        raise error
    if answer.status >= HTTPStatus.MULTIPLE_CHOICES:
        place = answer.headers.get("Location", "nowhere")
        detail = f"The server sends on to {place} ({answer.status}); give the service's own URL."
        raise UnexpectedAnswerError(detail)
    return Answer(answer.status, answer.headers, answer.body, was_sent_before)


def parse_retry_after(header: str) -> float | None:
    """Read seconds or a date (RFC 9110, section 10.2.3); None where it is neither.

    Examples
    --------
    >>> parse_retry_after("3"), parse_retry_after("soon")
    (3.0, None)
    """
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", header):
        return float(header)
    try:
        moment = parsedate_to_datetime(header)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return max(0.0, (moment - datetime.now(timezone.utc)).total_seconds())


def path_of(template: str, **names: object) -> str:
    """Fill a path's template: names may hold anything, also slashes and dots.

    Examples
    --------
    >>> path_of("/v1/datasets/{dataset_id}/scenes/{scene_id}", dataset_id="ds", scene_id="07/5")
    '/v1/datasets/ds/scenes/07%2F5'
    """
    return template.format_map({name: _segment(value) for name, value in names.items()})


def _segment(value: object) -> str:
    text = value if isinstance(value, str) else getattr(value, "id", None)
    if not isinstance(text, str) or not text:
        rule = f"An id is a string that is not empty, or an object that has one; it is {value!r}."
        raise InvalidArgumentError(rule)
    encoded = quote(text, safe="")
    # A segment of dots alone would be taken for a step up; "%2E" is the same to the service.
    return encoded.replace(".", "%2E") if set(encoded) == {"."} else encoded


def parse_budget(budget: float | str | Mapping[str, object]) -> dict[str, object]:
    """Return a budget as the service takes it.

    Examples
    --------
    >>> parse_budget("10%"), parse_budget(6_500_000), parse_budget({"fraction": 0.2})
    ({'fraction': 0.1}, {'limit': 6500000.0}, {'fraction': 0.2})
    """
    if isinstance(budget, Mapping):
        return dict(budget)
    if isinstance(budget, bool):
        raise InvalidArgumentError(_BUDGET.format(budget))
    try:
        if isinstance(budget, str) and budget.strip().endswith("%"):
            return {"fraction": _finite(budget.strip()[:-1]) / 100}
        return {"limit": _finite(budget)}
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(_BUDGET.format(budget)) from error


_BUDGET: Final = "A budget is a number, a part such as '10%', or a mapping; it is {!r}."


def _finite(number: float | str) -> float:
    value = float(number)
    if not 0 < value < float("inf"):
        raise ValueError
    return value


def file_or_bytes(content: bytes | str | PathLike[str]) -> bytes | Path:
    """Return what is uploaded: bytes as they are, anything else names a file that exists."""
    if isinstance(content, bytes):
        return content
    path = Path(content)
    if not path.is_file():
        rule = f"There is no file {str(path)!r} to upload."
        raise InvalidArgumentError(rule)
    return path


def begins_with(content: bytes | Path, magic: bytes) -> bool:
    """Tell whether an upload begins with some bytes."""
    if isinstance(content, bytes):
        return content.startswith(magic)
    with content.open("rb") as file:
        return file.read(len(magic)) == magic


def target(path: str | PathLike[str]) -> Path:
    """Return the file that a download becomes."""
    place = Path(path)
    if place.is_dir() or not place.parent.is_dir():
        rule = f"{str(place)!r} names no file in a folder that exists."
        raise InvalidArgumentError(rule)
    return place


@contextmanager
def written(place: Path) -> Iterator[BinaryIO]:
    """Open a file beside its place; it is moved there once it is whole, and removed if not."""
    partial = place.with_name(f".{place.name[:100]}.{token_hex(8)}.part")
    try:
        with partial.open("xb") as file:
            yield file
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)
