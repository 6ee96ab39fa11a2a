"""S3, Google Cloud Storage, Azure and HTTP through obstore.

Everything runs on fsspec's event loop, a thread of its own in each process, so that one deadline
covers all attempts. A store is opened once for a bucket or host and shared by all threads.
"""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import quote, unquote

import fsspec.asyn  # type: ignore[import-untyped]
from obstore import get_async, head_async, put_async
from obstore.store import HTTPStore, ObjectStore, from_url

from features.errors import AbsentError, StorageError
from features.storage.environment import allows_http, has_proxy, is_anonymous, variables
from features.storage.failures import REFUSALS, reason_of, status_of
from features.storage.limits import Limits
from features.storage.remote import Content, Sink, check_size
from features.storage.uris import HTTP, Uri

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig, RetryConfig

_T = TypeVar("_T")
_CHUNK_BYTES: Final = 2**20
_NEVER: Final = datetime.fromtimestamp(0, UTC)  # stands where a server gives no date
_NO_HEAD: Final = frozenset({400, 403, 404, 405, 501})
# Encoded in a path's segment by the URL standard, beside control characters and what is not ASCII.
_ENCODED: Final = ' "#<>?`{}/%'
_PLAIN: Final = "".join(chr(code) for code in range(0x20, 0x7F) if chr(code) not in _ENCODED)
# No name ends in .invalid (RFC 2606): a request that is not for the host itself goes nowhere.
_NOWHERE: Final = "http://redirects-are-not-followed.invalid"


@dataclass(frozen=True, slots=True)
class _Address:
    """All that an open store depends on."""

    url: str
    scheme: str
    limits: Limits
    variables: tuple[tuple[str, str], ...] = ()
    anonymous: bool = False
    plain_http: bool = False
    only_host: str | None = None


class ObjectStoreFile:
    """An object, or a file on a web server.

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
        self._uri = uri
        self._limits = limits

    def content(self) -> Content:
        """Return size and tag without reading the content.

        Raises
        ------
        StorageError
            See :mod:`features.storage.failures`.
        """
        return self._run(self._content())

    def read_into(self, sink: Sink) -> None:
        """Write the content to a stream.

        Raises
        ------
        StorageError
            See :mod:`features.storage.failures`; the content is too large.
        """
        self._run(self._read_into(sink))

    def write(self, chunks: Iterable[bytes]) -> None:
        """Write the content: in parts where it is long, visible once all of it is there.

        Raises
        ------
        StorageError
            See :mod:`features.storage.failures`.
        """
        self._run(self._write(chunks))

    async def _write(self, chunks: Iterable[bytes]) -> None:
        store, key = self._store()
        await put_async(store, key, chunks)

    async def _content(self) -> Content:
        store, key = self._store()
        try:
            meta = await head_async(store, key)
        except REFUSALS as error:
            if self._uri.scheme not in HTTP or not _is_of_head_alone(error):
                raise
            meta = (await get_async(store, key)).meta  # its body is not read
        return _described(meta)

    async def _read_into(self, sink: Sink) -> None:
        store, key = self._store()
        result = await get_async(store, key)
        check_size(self._name, result.meta["size"], self._limits)
        size = 0
        async for chunk in result.stream(min_chunk_size=_CHUNK_BYTES):
            size += len(chunk)
            check_size(self._name, size, self._limits)
            sink.write(chunk)

    def _store(self) -> tuple[ObjectStore, str]:
        """Return the store and the key in it."""
        uri = self._uri
        if uri.scheme not in HTTP:
            address = _Address(
                url=uri.root.replace("gcs://", "gs://"),
                scheme=uri.scheme,
                limits=self._limits,
                variables=variables(uri.scheme),
                anonymous=is_anonymous(uri.scheme),
                plain_http=allows_http(uri.scheme),
            )
            return _open(address), uri.path
        host = uri.authority.rpartition("@")[2]
        host = host[1 : host.find("]")] if host.startswith("[") else host.partition(":")[0]
        address = _Address(
            url=uri.root,
            scheme=uri.scheme,
            limits=self._limits,
            plain_http=uri.scheme == "http",
            only_host=None if has_proxy(uri.scheme, host) else host,
        )
        key = unquote(uri.path)
        if not uri.query and quote(key, safe=f"{_PLAIN}/") == uri.path and "//" not in key:
            return _open(address), key
        # A query, and escapes beyond the necessary, survive only as a store's own address.
        whole = f"{uri.root}/{uri.path}{uri.query}"
        return _connect(replace(address, url=whole)), ""

    def _run(self, task: Coroutine[object, object, _T]) -> _T:
        async def bounded() -> _T:
            try:
                async with asyncio.timeout(self._limits.total_s):
                    return await task
            except TimeoutError:
                reason = f"it could not be read within {self._limits.total_s:g} s"
            except REFUSALS as error:
                reason = reason_of(error)
                if status_of(error) == HTTPStatus.NOT_FOUND:
                    raise AbsentError(self._name, reason) from None
            # The cause is left out: it shows the address with its query, and what was answered.
            raise StorageError(self._name, reason) from None

        result: _T = fsspec.asyn.sync(fsspec.asyn.get_loop(), bounded)
        return result


def _is_of_head_alone(error: Exception) -> bool:
    """Tell whether a GET may yet succeed: some servers, and signed URLs, know no HEAD."""
    status = status_of(error)
    return "MissingContentLength" in str(error) if status is None else status in _NO_HEAD


def _described(meta: "ObjectMeta") -> Content:
    tag = meta["e_tag"]
    if not tag and meta["last_modified"] != _NEVER:
        tag = meta["last_modified"].isoformat()
    return Content(meta["size"], tag or None)


@lru_cache(maxsize=64)
def _open(address: _Address) -> ObjectStore:
    """Open a store, once for each address in this process."""
    return _connect(address)


def _connect(address: _Address) -> ObjectStore:
    limits = address.limits
    client: ClientConfig = {
        "connect_timeout": timedelta(seconds=limits.connect_s),
        "read_timeout": timedelta(seconds=limits.silence_s),
        "timeout": timedelta(seconds=limits.total_s),
    }
    retry: RetryConfig = {
        "max_retries": limits.retries,
        "retry_timeout": timedelta(seconds=limits.total_s),
        "backoff": {
            "init_backoff": timedelta(milliseconds=200),
            "max_backoff": timedelta(seconds=5),
            "base": 2,
        },
    }
    if address.plain_http:
        client["allow_http"] = True
    if address.only_host is not None:
        client["proxy_url"], client["proxy_excludes"] = _NOWHERE, address.only_host
    if address.scheme in HTTP:
        return HTTPStore(address.url, client_options=client, retry_config=retry)
    if address.anonymous:
        return from_url(address.url, client_options=client, retry_config=retry, skip_signature=True)
    return from_url(address.url, client_options=client, retry_config=retry)
