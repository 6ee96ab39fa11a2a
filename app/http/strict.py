"""Request bodies that are JSON (RFC 8259) and nothing more: no NaN, no 1e400, not too long.

Nor has an object one member twice: which of the two is meant would be a guess.
"""

import asyncio
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final, NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from typing_extensions import override

from app.errors import InvalidRequestError, MediaTypeError, SlowRequestError, TooLargeError
from features.files.numbers import InexactError, exact
from features.limits import MAX_BODY_VALUES


class StrictRoute(APIRoute):
    """A route whose requests are read up to a limit and parsed strictly."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            strict = StrictRequest(request.scope, request.receive)
            settings = request.app.state.app_state.settings
            if request.method != "GET":
                await strict.read(settings.max_body_mb, settings.body_timeout_s)
            if self.body_field is not None:
                await strict.require_json()
                await strict.require_storable()
            return await handle(strict)

        return handle_strictly


class StrictRequest(Request):
    """A request whose body has been read, and is strictly JSON if it is JSON."""

    async def read(self, limit_mb: int, timeout_s: float) -> None:
        """Read the body.

        Raises
        ------
        MediaTypeError
            It is compressed.
        TooLargeError
            It is longer than `limit_mb` MiB.
        SlowRequestError
            It did not arrive within `timeout_s`.
        """
        if self.headers.get("Content-Encoding", "identity").lower() != "identity":
            detail = "Compressed bodies are not read; send it as it is."
            raise MediaTypeError(detail)
        room = limit_mb * 2**20
        stated = self.headers.get("Content-Length", "")
        if stated.isdecimal() and int(stated[:20]) > room:
            raise _too_large(limit_mb)
        try:
            async with asyncio.timeout(timeout_s):
                self._body = await self._read(limit_mb, room)
        except TimeoutError as error:
            detail = f"The body did not arrive within {timeout_s:g} s."
            raise SlowRequestError(detail) from error

    async def require_json(self) -> None:
        """Refuse a body that does not say that it is JSON.

        Raises
        ------
        MediaTypeError
            It says something else, or nothing.
        """
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if await self.body() and not _JSON.fullmatch(kind):
            named = repr(kind[:100]) if kind else "nothing"
            detail = f"The body's Content-Type must be application/json; it is {named}."
            raise MediaTypeError(detail)

    async def require_storable(self) -> None:
        """Refuse a body with the character NUL in a name or text: PostgreSQL holds none.

        Raises
        ------
        InvalidRequestError
            It has one; says where.
        """
        if b"\\u0000" not in await self.body():
            return
        try:
            pointer = _pointer_to_nul(await self.json())
        except json.JSONDecodeError:
            return  # the route says what is wrong with it
        if pointer is not None:
            detail = f"{pointer}: a text must not have the character NUL (\\u0000)."
            raise InvalidRequestError(detail, pointer)

    async def _read(self, limit_mb: int, room: int) -> bytes:
        chunks: list[bytes] = []
        async for chunk in self.stream():
            room -= len(chunk)
            if room < 0:
                raise _too_large(limit_mb)
            chunks.append(chunk)
        return b"".join(chunks)

    @override
    async def json(self) -> Any:
        """Return the parsed body.

        Raises
        ------
        json.JSONDecodeError
            It is not JSON, or holds what no double, string or stack can.
        """
        try:
            text = (await self.body()).decode()
            if text.count(",") > MAX_BODY_VALUES:
                _refuse(f"it has more than {MAX_BODY_VALUES:,} values; upload a file for them")
            parsed = json.loads(
                text,
                parse_constant=_refuse_constant,
                parse_float=_finite,
                object_pairs_hook=_members,
            )
            if _SURROGATE.search(text):
                json.dumps(parsed, ensure_ascii=False).encode()
        except json.JSONDecodeError:
            raise
        except UnicodeError:
            _refuse("its text is not Unicode")
        except RecursionError:
            _refuse("it is nested too deeply")
        except ValueError:
            _refuse("it has a number of too many digits")
        return parsed


_MOST_MEMBERS: Final = 10_000
"""Each member that no model knows is a mistake to be described, which takes its time."""

_JSON = re.compile(r"application/([\w.-]+\+)?json")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
"""Half a character, or half of a pair: only encoding tells."""


def _pointer_to_nul(body: object) -> str | None:
    """Return a JSON pointer to the first name or text that has a NUL, not shown as such."""
    left: list[tuple[str, object]] = [("#", body)]
    while left:
        pointer, value = left.pop()
        match value:
            case str() if "\0" in value:
                return pointer
            case list():
                left += [(f"{pointer}/{place}", item) for place, item in enumerate(value)][::-1]
            case dict():
                if any("\0" in name for name in value):
                    return pointer
                named = [
                    (name.replace("~", "~0").replace("/", "~1"), value[name]) for name in value
                ]
                left += [(f"{pointer}/{name}", item) for name, item in named][::-1]
            case _:
                pass
    return None


def _too_large(limit_mb: int) -> TooLargeError:
    detail = f"The body is longer than the {limit_mb} MiB that this server reads."
    return TooLargeError(detail)


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > _MOST_MEMBERS:
        _refuse(f"an object has more than {_MOST_MEMBERS:,} members")
    members = dict(pairs)
    if len(members) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        _refuse(f"an object has the member {twice[:100]!r} twice")
    return members


def _finite(digits: str) -> float:
    try:
        value = exact(digits)
    except InexactError as error:
        _refuse(str(error))
    if math.isinf(value):
        _refuse(f"{digits[:20]} is too large a number")
    return value


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} is no JSON number")


def _refuse(reason: str) -> NoReturn:
    raise json.JSONDecodeError(reason, "", 0)
