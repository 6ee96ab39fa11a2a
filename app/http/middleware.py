"""What happens around every route: callers are identified, and whole answers get entity tags.

Every request under ``/v1`` has a caller, or ends here with 401; but some paths are keys themselves.
Every whole 200 that a GET of the
API gives carries a strong ETag of its content (RFC 9110, section 8.8.3), unless its route set one.
``If-None-Match`` is answered with 304 where it names that tag. Routes of results that never change
say so themselves (`Cache-Control`); all others are to be asked for again.
"""

import hashlib
import re
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from anyio import to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access.service import Caller
from app.errors import UnauthenticatedError
from app.http.problems import answer_error

REMEMBERED_S: Final = 5.0
"""How long an answer of the database is believed: a revoked key works for this long at most."""

_CAPABILITY: Final = re.compile(
    r"/v1/(?:hooks/[^/]+(?:/label-studio/(?:health|setup|predict|webhook|versions))?|media/[^/]+)"
)
"""Paths that nobody can guess: who has one needs no key (`app.hooks`, `app.access.signatures`)."""

_MOST: Final = 10_000
_PREFIX: Final = "/v1/"


class Authentication:
    """ASGI middleware: puts the `Caller` into the request's state.

    Parameters
    ----------
    app
        What is wrapped.
    lookup
        Asks the database who presents a key; may take its time, so it runs in a thread.
    clock
        Tells the time, in seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        lookup: Callable[[str | None], Caller | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._lookup = lookup
        self._clock = clock
        self._known: dict[bytes, tuple[float, Caller | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http" and _needs_key(scope["path"]):
            caller = await self._identify(_presented(Headers(scope=scope)))
            if caller is None:
                rule = "This needs an API key, as 'Authorization: Bearer sk_...' or 'X-API-Key'."
                response = answer_error(Request(scope), UnauthenticatedError(rule))
                await response(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)

    async def _identify(self, presented: str | None) -> Caller | None:
        # Keys are not kept in memory, only what they hash to.
        name = hashlib.sha256((presented or "").encode()).digest()
        known = self._known.get(name)
        if known is not None and self._clock() - known[0] < REMEMBERED_S:
            return known[1]
        asked = self._clock()  # a key may be revoked while the answer is on its way
        caller = await to_thread.run_sync(self._lookup, presented)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[name] = (asked, caller)
        return caller


def _needs_key(path: str) -> bool:
    return path.startswith(_PREFIX) and not _CAPABILITY.fullmatch(path)


def _presented(headers: Headers) -> str | None:
    """Return the key that a request brings; an empty one is none."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("X-API-Key") or None


_VERSIONED: Final = "/v1/"
_REVALIDATE: Final = "private, no-cache"
_KEPT: Final = ("etag", "cache-control", "vary", "content-location", "link", "retry-after")
"""Headers that a 304 repeats."""

_TAG: Final = re.compile(r'(?:W/)?("[^"]*")')


class Validators:
    """ASGI middleware: adds entity tags and answers conditional requests.

    Parameters
    ----------
    app
        What is wrapped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        conditional = scope["type"] == "http" and scope["method"] == "GET"
        if not conditional or not scope["path"].startswith(_VERSIONED):
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Tagging(Headers(scope=scope), send))


class _Tagging:
    """Holds a response's head back until it is known whether its body is whole."""

    def __init__(self, request: Headers, send: Send) -> None:
        self._request = request
        self._send = send
        self._head: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
            self._head = message
            return
        if self._head is not None:
            head, self._head = self._head, None
            whole = message["type"] == "http.response.body" and not message.get("more_body", False)
            if whole and self._tag(head, message.get("body", b"")):
                message = {"type": "http.response.body", "body": b""}
            await self._send(head)
        await self._send(message)

    def _tag(self, head: Message, body: bytes) -> bool:
        """Write the validators; return whether the client has this very response already."""
        headers = MutableHeaders(scope=head)
        tag = headers.setdefault("ETag", f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        headers.setdefault("Cache-Control", _REVALIDATE)
        headers.add_vary_header("Authorization, X-API-Key")
        if not names_tag(self._request, tag):
            return False
        head["status"] = int(HTTPStatus.NOT_MODIFIED)
        head["headers"] = [
            (name, value) for name, value in head["headers"] if name.decode().lower() in _KEPT
        ]
        return True


def names_tag(request: Headers, tag: str) -> bool:
    """Tell whether ``If-None-Match`` names a tag; the comparison is weak (section 13.1.2)."""
    condition = ", ".join(request.getlist("If-None-Match"))
    return condition.strip() == "*" or tag.removeprefix("W/") in _TAG.findall(condition)
