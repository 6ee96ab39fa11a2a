"""Entity tags (RFC 9110, section 8.8.3): whoever has a response already is not sent it again.

Every whole 200 that a GET of the API gives carries a strong ETag of its content, unless its route
set one. ``If-None-Match`` is answered with 304 where it names that tag. Routes of results that
never change say so themselves (`Cache-Control`); all others are to be asked for again.
"""

import hashlib
import re
from http import HTTPStatus
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PREFIX: Final = "/v1/"
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
        if not conditional or not scope["path"].startswith(_PREFIX):
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
        if not _names(", ".join(self._request.getlist("If-None-Match")), tag):
            return False
        head["status"] = int(HTTPStatus.NOT_MODIFIED)
        head["headers"] = [
            (name, value) for name, value in head["headers"] if name.decode().lower() in _KEPT
        ]
        return True


def _names(condition: str, tag: str) -> bool:
    """Tell whether ``If-None-Match`` names a tag; the comparison is weak (section 13.1.2)."""
    return condition.strip() == "*" or tag.removeprefix("W/") in _TAG.findall(condition)
