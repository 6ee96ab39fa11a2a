"""Requests to a platform's server: repeated where that is safe, told in a sentence where they fail.

``GET``, ``PUT``, ``PATCH`` and ``DELETE`` are repeated where the server is away or overloaded. A
``POST`` is repeated only where the server says that it did not take it (429, 503): one whose
answer is lost may have been carried out, and to send it again would double what it makes.
"""

import json
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, Self

import httpx2

from app.callbacks.webhooks import retry_after_s
from app.platforms.seam import LostAnswerError, PlatformError

TIMEOUT_S: Final = 60.0
"""Longest silence of a server."""

_ATTEMPTS: Final = 4
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 60.0
_SAFE: Final = frozenset({"GET", "PUT", "PATCH", "DELETE"})
_NOT_TAKEN: Final = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
_AWAY: Final = _NOT_TAKEN | {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
_SHOWN: Final = 300

Authorize = Callable[[bool], Mapping[str, str]]
"""Returns the headers that say who asks; True asks for new ones, as the last were refused."""


class PlatformClient:
    """A platform's server.

    Parameters
    ----------
    name
        What people call the platform, for sentences.
    url
        Where its server is, without the paths of its API.
    authorize
        See `Authorize`.
    transport
        Carries requests, in tests.
    sleep
        Waits for so many seconds.
    """

    def __init__(
        self,
        name: str,
        url: str,
        authorize: Authorize,
        *,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            rule = f"{url!r} is no address of {name}: it begins with http:// or https://."
            raise PlatformError(rule)
        self.name = name
        self.url = url.rstrip("/")
        self._authorize = authorize
        self._sleep = sleep
        self._http = httpx2.Client(
            base_url=self.url,
            timeout=TIMEOUT_S,
            transport=transport,
            trust_env=False,
            headers={"User-Agent": "seedal", "Accept": "application/json"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 any JSON
        """Return the JSON of an answer; None where it has no body.

        Raises
        ------
        LostAnswerError
            A ``POST`` was sent, and no answer came.
        PlatformError
            The server cannot be reached, refuses, or answers with something else than JSON.
        """
        content = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        given = {"Content-Type": "application/json"} if content is not None else {}
        renew = False
        for attempt in range(1, _ATTEMPTS + 1):
            last = attempt == _ATTEMPTS
            sent = {**given, **self._authorize(renew), **(headers or {})}
            request = self._http.build_request(
                method, path, params=params, content=content, headers=sent
            )
            try:
                response = self._http.send(request)
            except httpx2.HTTPError as error:
                self._require_repeatable(method, error, last=last)
                self._pause(attempt, "")
                continue
            refused = response.status_code == HTTPStatus.UNAUTHORIZED
            if refused and not renew and not last:
                renew = True
                continue
            away = response.status_code in (_AWAY if method in _SAFE else _NOT_TAKEN)
            if away and not last:
                self._pause(attempt, response.headers.get("Retry-After", ""))
                continue
            return self._content(method, path, response)
        raise AssertionError(path)  # pragma: no cover - the last attempt returns or raises

    def _require_repeatable(self, method: str, error: httpx2.HTTPError, *, last: bool) -> None:
        """Go on where a request can be sent again."""
        unsent = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
        kind = type(error).__name__
        if method not in _SAFE and not unsent:
            rule = (
                f"{self.name} at {self.url} gave no answer to a request that it may have carried "
                f"out ({kind})."
            )
            raise LostAnswerError(rule) from error
        if last:
            rule = f"{self.name} at {self.url} cannot be reached ({kind})."
            raise PlatformError(rule) from error

    def _pause(self, attempt: int, retry_after: str) -> None:
        planned = _FIRST_PAUSE_S * 2 ** (attempt - 1)
        self._sleep(min(max(planned, retry_after_s(retry_after)), _LONGEST_PAUSE_S))

    def _content(self, method: str, path: str, response: httpx2.Response) -> Any:  # noqa: ANN401
        status = response.status_code
        where = f"{self.name} at {self.url}"
        rule = None
        content = None
        try:
            content = response.json() if response.content else None
        except ValueError:
            if status < HTTPStatus.BAD_REQUEST:
                rule = f"{where} answers {path} with a page, not JSON: is that its address?"
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            what = (
                "accept the token" if status == HTTPStatus.UNAUTHORIZED else "let this token do it"
            )
            rule = f"{where} does not {what}: {method} {path} gives {status}{_why(content)}."
        elif HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            to = response.headers.get("Location", "elsewhere")
            rule = f"{where} sends its callers to {to}: give that address."
        elif status >= HTTPStatus.BAD_REQUEST:
            rule = f"{where} answers {method} {path} with {status}{_why(content)}."
        if rule is not None:
            raise PlatformError(rule)
        return content


def _why(content: object) -> str:
    """Return what a server says went wrong, shortened."""
    if content is None:
        return ""
    said: object = content
    if isinstance(content, Mapping):
        said = content.get("validation_errors") or content.get("detail") or content
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    text = " ".join(text.split()).rstrip(".")
    return f": {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}"
