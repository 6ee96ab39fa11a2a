"""Files on web servers, each request for the very address that was named.

A redirect is followed only to the same scheme, host and port, and only below the folder of the file
that was asked for. A server's operator permits prefixes of addresses; the folder lies below each
prefix that the address itself lies below, so nothing outside is ever asked.

Everything runs on fsspec's event loop, a thread of its own in each process, so that one deadline
covers all attempts. Connections are shared by all threads.
"""

import asyncio
import random
import string
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, TypeVar
from urllib.parse import quote, urljoin
from urllib.request import getproxies_environment, proxy_bypass

import fsspec.asyn  # type: ignore[import-untyped]
import httpx2

from features.errors import AbsentError, StorageError
from features.storage.remote import Content, Limits, Sink, answer_of, check_size
from features.storage.uris import Uri, folder_of, normalised, parse

_T = TypeVar("_T")

_PORTS: Final = {"http": 80, "https": 443}
_MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_NO_HEAD: Final = frozenset({400, 403, 404, 405, 501})
"""Answers to HEAD after which a GET may succeed: some servers, and signed URLs, know no HEAD."""
_FIRST_PAUSE_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 5.0
_AS_WRITTEN: Final = string.ascii_letters + string.digits + string.punctuation
"""What a request's target may have as it stands; all else is escaped."""

_AWAY: Final = (
    "the server sends readers on to another place, and only redirects below the file's own folder "
    "are followed"
)
_UNUSABLE: Final = "the address cannot be asked for"
_BROKEN_OFF: Final = "the transfer broke off"
_NO_LENGTH: Final = "the server does not say how many bytes the file has"


class _AnswerError(Exception):
    """An answer that is not the file.

    Parameters
    ----------
    reason
        What it means, as the end of a sentence.
    status
        Where it is one of HTTP's.
    may_pass
        Whether the same request may be answered otherwise a moment later.
    """

    def __init__(self, reason: str, status: int = 0, *, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.may_pass = may_pass


class WebFile:
    """A file on a web server.

    Parameters
    ----------
    name
        The URI as it was given, for errors.
    uri
        The same in its parts.
    limits
        The bounds of a read.
    """

    def __init__(self, name: str, uri: Uri, limits: Limits) -> None:
        self._name = name
        self._url = f"{uri.root}/{uri.path}{uri.query}"
        self._limits = limits

    def content(self) -> Content:
        """Return size and tag without reading the content.

        Raises
        ------
        StorageError
            The file is missing, lies elsewhere, or cannot be reached in time.
        """
        return self._run(self._content)

    def read_into(self, sink: Sink) -> None:
        """Write the content to a stream.

        Raises
        ------
        StorageError
            As :meth:`content`; the content is too large.
        """
        self._run(_Transfer(self._name, sink, self._limits, self._answer).run)

    async def _content(self) -> Content:
        try:
            async with self._answer("HEAD") as response:
                if "Content-Length" in response.headers:
                    return _described(response)
        except _AnswerError as error:
            if error.status not in _NO_HEAD:
                raise
        async with self._answer("GET") as response:  # its body is not read
            return _described(response)

    @asynccontextmanager
    async def _answer(
        self, method: str, headers: dict[str, str] | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """Ask, follow redirects that may be followed, and yield a successful answer."""
        url = self._url
        for _ in range(_MOST_REDIRECTS + 1):
            response = await self._ask(method, url, headers or {})
            try:
                if response.status_code in _REDIRECTS:
                    url = _followed(self._url, url, response.headers.get("Location", ""))
                    continue
                if not response.is_success:
                    raise _refusal(response.status_code)
                yield response
                return
            finally:
                await response.aclose()
        raise _AnswerError(_AWAY)

    async def _ask(self, method: str, url: str, headers: dict[str, str]) -> httpx2.Response:
        uri = parse(url)
        client = _client(fsspec.asyn.get_loop(), _proxy(uri))
        limits = self._limits
        path = quote(f"/{uri.path}{uri.query}", safe=_AS_WRITTEN)
        request = client.build_request(
            method,
            uri.root,
            headers={"Accept-Encoding": "identity", **headers},
            timeout=httpx2.Timeout(limits.silence_s, connect=limits.connect_s),
            extensions={"target": path.encode()},
        )
        return await client.send(request, stream=True)

    def _run(self, task: Callable[[], Coroutine[object, object, _T]]) -> _T:
        async def bounded() -> _T:
            reason, status = "", 0
            try:
                async with asyncio.timeout(self._limits.total_s):
                    return await self._retried(task)
            except TimeoutError:
                reason = f"it could not be read within {self._limits.total_s:g} s"
            except _AnswerError as error:
                reason, status = error.reason, error.status
            if status == HTTPStatus.NOT_FOUND:
                raise AbsentError(self._name, reason) from None
            # The cause is left out: it shows the address with its query, and what was answered.
            raise StorageError(self._name, reason) from None

        result: _T = fsspec.asyn.sync(fsspec.asyn.get_loop(), bounded)
        return result

    async def _retried(self, task: Callable[[], Coroutine[object, object, _T]]) -> _T:
        pause_s = _FIRST_PAUSE_S
        for left in range(self._limits.retries, -1, -1):
            try:
                return await task()
            except _AnswerError as error:
                if not left or not error.may_pass:
                    raise
            except httpx2.TransportError as error:
                if not left:
                    raise _AnswerError(_reason(error)) from error
            except (httpx2.InvalidURL, ExceptionGroup) as error:  # a port beyond the last one
                raise _AnswerError(_UNUSABLE) from error
            await asyncio.sleep(pause_s * (0.5 + random.random() / 2))  # noqa: S311 no secret
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        raise AssertionError  # the last attempt returns or raises


@dataclass
class _Transfer:
    """A content on its way: where it broke off it goes on, if it is the same content still."""

    name: str
    sink: Sink
    limits: Limits
    answer: Callable[..., Any]
    size: int = 0
    tag: str = ""

    async def run(self) -> None:
        """Write what is missing yet."""
        headers = {}
        if self.size:
            if not self.tag:
                raise _AnswerError(_BROKEN_OFF)
            headers = {"Range": f"bytes={self.size}-", "If-Match": self.tag}
        async with self.answer("GET", headers) as response:
            if self.size and response.status_code != HTTPStatus.PARTIAL_CONTENT:
                raise _AnswerError(_BROKEN_OFF)
            tag = response.headers.get("ETag", "")
            self.tag = "" if tag.startswith("W/") else tag
            check_size(self.name, self.size + _length(response), self.limits)
            try:
                async for chunk in response.aiter_raw():
                    self.size += len(chunk)
                    check_size(self.name, self.size, self.limits)
                    self.sink.write(chunk)
            except httpx2.TimeoutException:
                raise
            except httpx2.TransportError as error:
                raise _AnswerError(_BROKEN_OFF, may_pass=True) from error


def _length(response: httpx2.Response) -> int:
    stated = response.headers.get("Content-Length", "")
    if not (stated.isascii() and stated.isdecimal()):
        raise _AnswerError(_NO_LENGTH)
    return int(stated[:20])


def _described(response: httpx2.Response) -> Content:
    tag = response.headers.get("ETag")
    if not tag and (stated := response.headers.get("Last-Modified")):
        try:
            tag = parsedate_to_datetime(stated).isoformat()
        except ValueError:
            tag = None
    return Content(_length(response), tag or None)


def _refusal(status: int) -> _AnswerError:
    passing = status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    return _AnswerError(answer_of(status), status, may_pass=passing)


def _followed(asked: str, url: str, location: str) -> str:
    """Return where a redirect leads to, if it may be followed."""
    try:
        target = urljoin(url, location)
        if location and _comparable(target).startswith(_comparable(folder_of(asked))):
            return target
    except (StorageError, ValueError):
        pass
    raise _AnswerError(_AWAY)


def _comparable(url: str) -> str:
    """Return a URL without its query, with its port: as it is compared with a prefix."""
    scheme, _, rest = normalised(url).partition("://")
    if scheme not in _PORTS:
        raise ValueError(scheme)
    authority, _, path = rest.partition("/")
    host, colon, port = authority.rpartition(":")
    if not colon or not port.isdecimal():  # none, or the end of an IPv6 address
        host, port = authority.removesuffix(":"), str(_PORTS[scheme])
    return f"{scheme}://{host}:{int(port)}/{path}"


def _reason(error: Exception) -> str:
    match error:
        case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.ProxyError():
            return "the host cannot be reached"
        case httpx2.TimeoutException():
            return "the server did not answer in time"
        case httpx2.ProtocolError():
            return "what the server answers is no HTTP"
        case httpx2.NetworkError():
            return _BROKEN_OFF
        case _:
            return _UNUSABLE


def _proxy(uri: Uri) -> str | None:
    """Return the proxy that the environment names for a host: ``HTTP_PROXY`` and its like."""
    proxies = getproxies_environment()
    found = proxies.get(uri.scheme) or proxies.get("all")
    return None if not found or proxy_bypass(uri.authority, proxies) else found


@lru_cache(maxsize=16)
def _client(loop: asyncio.AbstractEventLoop, proxy: str | None) -> httpx2.AsyncClient:
    """Return the client of a loop: without redirects and cookies of its own, nor a netrc file."""
    del loop  # a connection belongs to the loop that it was made in
    client = httpx2.AsyncClient(
        verify=httpx2.create_ssl_context(),
        trust_env=False,
        proxy=proxy,
        follow_redirects=False,
        limits=httpx2.Limits(max_connections=64, max_keepalive_connections=16),
    )
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return client
