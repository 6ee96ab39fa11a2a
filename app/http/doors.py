"""What a request must be before anybody is asked who sends it: meant for this server, by its user.

A web page of a stranger can make a browser send requests to an address on its user's machine. Two
things give it away. After its name was pointed at this machine (DNS rebinding), ``Host`` has that
name. Without that trick, ``Origin`` has another name than ``Host`` has. Both are compared here, in
front of all routes, so a server that asks for no key answers its own user's programs alone.

HEAD is answered as GET without the body (RFC 9110, section 9.3.2), here once for all routes.
"""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import AppError, MisdirectedError, OriginError
from app.http.problems import answer_error

ANY: Final = "*"
"""The allowed host that stands for all."""

LOOPBACK: Final = "localhost"

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""Methods that change nothing (RFC 9110, section 9.2.1)."""

_AUTHORITY: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?")
_SHOWN: Final = 100


class Doors:
    """ASGI middleware: refuses requests by other names than this server's, or from strange pages.

    Parameters
    ----------
    app
        What is wrapped.
    hosts
        Names, with or without a port, by which this server may be called, in lower case, beside
        those of loopback; `ANY` for every name.
    trusted
        Names whose pages may send what changes something, although they call this server by another
        name: a proxy stands between.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], trusted: frozenset[str]) -> None:
        self._app = app
        self._hosts = hosts
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] == "http":
            error = self._refusal(scope["method"], Headers(scope=scope))
            if error is not None:
                await answer_error(Request(scope), error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, method: str, headers: Headers) -> AppError | None:
        hosts = headers.getlist("Host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        if not self._is_ours(host):
            rule = (
                f"This server is not called {host[:_SHOWN]!r}; SEEDAL_ALLOWED_HOSTS names further "
                "hosts."
            )
            return MisdirectedError(rule)
        if method in _SAFE:
            return None
        for origin in headers.getlist("Origin"):
            if not self._is_trusted(origin.lower(), host):
                rule = (
                    f"A page of {origin[:_SHOWN]!r} may not send requests that change something; "
                    "SEEDAL_ALLOWED_HOSTS names further hosts."
                )
                return OriginError(rule)
        if headers.get("Sec-Fetch-Site") == "cross-site" and "Origin" not in headers:
            rule = "A page of another site may not send requests that change something."
            return OriginError(rule)
        return None

    def _is_ours(self, host: str) -> bool:
        found = _AUTHORITY.fullmatch(host)
        if found is None:
            return False
        return bool({ANY, host, found[1]} & self._hosts) or is_loopback(found[1])

    def _is_trusted(self, origin: str, host: str) -> bool:
        try:
            split = urlsplit(origin)
            authority, name = split.netloc, split.hostname
        except ValueError:
            return False
        if split.scheme not in {"http", "https"} or not name:
            return False
        port = {"http": ":80", "https": ":443"}[split.scheme]
        same = authority.removesuffix(port) == host.removesuffix(port)
        return same or bool({authority, name} & self._trusted)


def is_loopback(name: str) -> bool:
    """Tell whether a host's name can only mean the very machine that it is used on.

    Examples
    --------
    >>> [is_loopback(name) for name in ("localhost", "127.0.0.1", "[::1]", "10.0.0.1", "a.test")]
    [True, True, True, False, False]
    """
    if name == LOOPBACK:
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


class Head:
    """ASGI middleware: answers HEAD with the headers of GET.

    A stream is not begun: routes of streams see `is_head` and end at once.

    Parameters
    ----------
    app
        What is wrapped.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})["is_head"] = True
        inner = {**scope, "method": "GET"}

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(inner, receive, send_head)
        finally:
            if "route" in inner:  # for the log outside
                scope["route"] = inner["route"]


def is_head(request: Request) -> bool:
    """Tell whether only the headers of an answer are wanted."""
    return bool(request.scope.get("state", {}).get("is_head", False))
