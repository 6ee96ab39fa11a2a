"""What several routes take and give: names, pages (RFC 8288), `Prefer` (RFC 7240), answers."""

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final, Protocol, TypeVar

from fastapi import Depends, Path, Query, Request, Response

from app.wire import Wire

IMMUTABLE = "private, max-age=31536000, immutable"
"""`Cache-Control` of what never changes."""

BRIEFLY = "private, max-age=300"
"""`Cache-Control` of what is made from files that others may change."""

RETRY_AFTER = {"Retry-After": "1"}
"""When an operation that has not ended is worth asking for again, in seconds."""

_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"

DatasetId = Annotated[str, Path(pattern=_PRINTABLE)]
SceneId = Annotated[str, Path(pattern=_PRINTABLE, description="Percent-encoded.")]
SeedId = Annotated[str, Path(pattern=_PRINTABLE)]
FrontierId = Annotated[str, Path(pattern=_PRINTABLE)]
HookId = Annotated[str, Path(pattern=_PRINTABLE)]
OperationId = Annotated[str, Path(pattern=_PRINTABLE)]

PageSize = Annotated[
    int | None, Query(description="Most items to return; the server may return fewer.")
]
PageToken = Annotated[str | None, Query(description="The `next_page_token` of the page before.")]


def created(answer: Wire, path: str, *, replayed: bool) -> Response:
    """Return an answer as something new, and say where it is.

    Parameters
    ----------
    answer
        The body.
    path
        Of `Location`.
    replayed
        Whether it was given before, to a request with the same Idempotency-Key.
    """
    return _answer(HTTPStatus.CREATED, answer, {"Location": path}, replayed=replayed)


def accepted(answer: Wire, operation_id: str, *, replayed: bool, applied: str = "") -> Response:
    """Return an answer that an operation will complete, and say which.

    Parameters
    ----------
    answer
        The body.
    operation_id
        Of `Location`.
    replayed
        See `created`.
    applied
        The caller's preferences that led to this answer, if any did.
    """
    headers = {"Location": f"/v1/operations/{operation_id}", **RETRY_AFTER}
    if applied:
        headers["Preference-Applied"] = applied
    return _answer(HTTPStatus.ACCEPTED, answer, headers, replayed=replayed)


def _answer(
    status: HTTPStatus, answer: Wire, headers: dict[str, str], *, replayed: bool
) -> Response:
    if replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(
        answer.model_dump_json(),
        status_code=int(status),
        headers=headers,
        media_type="application/json",
    )


class Page(Protocol):
    """A part of a list."""

    @property
    def next_page_token(self) -> str:
        """Where the next part begins; empty on the last one."""
        ...


AnyPage = TypeVar("AnyPage", bound=Page)


class Link:
    """Writes the `Link` header of pages.

    Parameters
    ----------
    request
        What was asked for.
    response
        What is answered.
    """

    def __init__(self, request: Request, response: Response) -> None:
        self._url = request.url
        self._headers = response.headers

    def __call__(self, page: AnyPage) -> AnyPage:
        """Return the page."""
        if page.next_page_token:
            following = self._url.include_query_params(page_token=page.next_page_token)
            self._headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
        return page


LinkOf = Annotated[Link, Depends(Link)]


_LONGEST_S: Final = 86_400.0
_READ: Final = 1_000
"""Characters of the header that are looked at."""

_PARTS: Final = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^,"])+')
"""Preferences are separated by commas that are not within quotes."""


@dataclass(frozen=True, slots=True)
class Preference:
    """How long a caller wants to wait.

    Parameters
    ----------
    respond_async
        Whether an operation may be the answer, also where it need not be.
    wait_s
        For how long the answer itself is awaited before that; 0 where nothing is said.
    """

    respond_async: bool = False
    wait_s: float = 0.0

    @classmethod
    def parse(cls, header: str | None) -> "Preference":
        """Read the header; of a preference given twice the first counts (section 2).

        What is not known or makes no sense is ignored.
        """
        found: dict[str, str] = {}
        for part in _PARTS.findall((header or "")[:_READ]):
            name, _, value = part.partition(";")[0].partition("=")
            found.setdefault(name.strip().lower(), value.strip().strip('"'))
        wait = found.get("wait", "")
        is_number = wait.isdecimal() and wait.isascii()
        wait_s = min(float(wait[:9]), _LONGEST_S) if is_number else 0.0
        return cls("respond-async" in found, wait_s)

    @property
    def applied(self) -> str:
        """What an answer of 202 has kept of it, as `Preference-Applied` says it; "" for nothing."""
        if not self.respond_async:
            return ""
        return f"respond-async, wait={self.wait_s:.0f}" if self.wait_s else "respond-async"
