"""Who calls: every request under ``/v1`` has a caller, or ends here with 401."""

import hashlib
import time
from collections.abc import Callable
from typing import Final

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.service import Caller
from app.errors import UnauthenticatedError
from app.http.problems import answer_error

REMEMBERED_S: Final = 5.0
"""How long an answer of the database is believed: a revoked key works for this long at most."""

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
        if scope["type"] == "http" and scope["path"].startswith(_PREFIX):
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


def _presented(headers: Headers) -> str | None:
    """Return the key that a request brings; an empty one is none."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("X-API-Key") or None
