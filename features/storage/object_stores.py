"""S3, Google Cloud Storage and Azure through obstore.

Everything runs on fsspec's event loop, a thread of its own in each process, so that one deadline
covers all attempts. A store is opened once for a bucket and shared by all threads.

What the process's environment says about object stores.

Credentials come from here alone. obstore reads ``AWS_*``, ``GOOGLE_*`` and ``AZURE_*`` itself; this
module decides when a store is asked without a signature, and when without TLS.

What a store's refusal means, in words that carry nothing of the request's address or answer.
"""

import asyncio
import os
import re
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeVar

import fsspec.asyn  # type: ignore[import-untyped]
from obstore import get_async, head_async, put_async
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from features.errors import AbsentError, StorageError
from features.storage.remote import Content, Limits, Sink, answer_of, check_size
from features.storage.uris import Uri

_PREFIXES: Final[Mapping[str, str]] = {
    "s3": "AWS_",
    "s3a": "AWS_",
    "gs": "GOOGLE_",
    "gcs": "GOOGLE_",
    "az": "AZURE_",
    "azure": "AZURE_",
    "adl": "AZURE_",
    "abfs": "AZURE_",
    "abfss": "AZURE_",
}
_CREDENTIALS: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS_": (
        "ACCESS_KEY_ID",
        "WEB_IDENTITY_TOKEN_FILE",
        "CONTAINER_CREDENTIALS_RELATIVE_URI",
        "CONTAINER_CREDENTIALS_FULL_URI",
    ),
    "GOOGLE_": (
        "APPLICATION_CREDENTIALS",
        "SERVICE_ACCOUNT",
        "SERVICE_ACCOUNT_PATH",
        "SERVICE_ACCOUNT_KEY",
    ),
    "AZURE_": (
        "STORAGE_ACCOUNT_KEY",
        "STORAGE_ACCESS_KEY",
        "STORAGE_SAS_KEY",
        "STORAGE_SAS_TOKEN",
        "STORAGE_TOKEN",
        "STORAGE_CLIENT_SECRET",
        "CLIENT_SECRET",
        "FEDERATED_TOKEN_FILE",
    ),
}


def variables(scheme: str) -> tuple[tuple[str, str], ...]:
    """Return the variables that a store of this scheme depends on, sorted."""
    prefix = _PREFIXES[scheme]
    return tuple(sorted(item for item in os.environ.items() if item[0].startswith(prefix)))


def is_anonymous(scheme: str) -> bool:
    """Tell whether requests go unsigned: no credentials are set.

    Without this, libraries ask the machine's metadata service for a role. ``AWS_SKIP_SIGNATURE``
    (``GOOGLE_``, ``AZURE_``) decides where it is set: ``false`` lets that service be asked.
    """
    prefix = _PREFIXES[scheme]
    names = {*_CREDENTIALS[prefix], "SKIP_SIGNATURE"}
    return not any(os.environ.get(prefix + name) for name in names)


def allows_http(scheme: str) -> bool:
    """Tell whether a store's own address is set and starts with ``http://``."""
    return any(
        value.lower().startswith("http://") and ("ENDPOINT" in name or "URL" in name)
        for name, value in variables(scheme)
    )


REFUSALS: Final = (BaseError, OSError, ValueError)
"""What obstore raises; built-in errors stand for some answers."""

_STATUS: Final = re.compile(r"returned non-2xx status code: ([0-9]{3})")
_SIGNS: Final = (
    (("kind: Timeout", "TimedOut"), "the server did not answer in time"),
    (("kind: Connect",), "the host cannot be reached"),
    (("MissingContentLength",), "the server does not say how many bytes the file has"),
    (("IncompleteBody", "kind: Interrupted", "kind: Decode"), "the transfer broke off"),
    (("Parse(",), "what the server answers is no HTTP"),
    (("redirect without LOCATION",), "the bucket lies in another region"),
    (("MissingAccount",), "AZURE_STORAGE_ACCOUNT_NAME is not set"),
    (("empty path segment",), "an object's key must not have empty parts (//)"),
)


def status_of(error: Exception) -> int | None:
    """Return the HTTP status that a server answered, where it answered one."""
    found = _STATUS.search(str(error))
    return int(found[1]) if found else None


def reason_of(error: Exception) -> str:
    """Return what an error of obstore means, as the end of a sentence."""
    status = status_of(error)
    if status is not None:
        return answer_of(status)
    text = str(error)
    for signs, reason in _SIGNS:
        if any(sign in text for sign in signs):
            return reason
    return "the store cannot be read (its address or credentials may be wrong)"


if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig, RetryConfig

_T = TypeVar("_T")
_CHUNK_BYTES: Final = 2**20
_NEVER: Final = datetime.fromtimestamp(0, UTC)  # stands where a server gives no date


@dataclass(frozen=True, slots=True)
class _Address:
    """All that an open store depends on."""

    url: str
    scheme: str
    limits: Limits
    variables: tuple[tuple[str, str], ...] = ()
    anonymous: bool = False
    plain_http: bool = False


class ObjectStoreFile:
    """An object in a store.

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
            See :mod:`features.storage.object_stores`.
        """
        return self._run(self._content())

    def read_into(self, sink: Sink) -> None:
        """Write the content to a stream.

        Raises
        ------
        StorageError
            See :mod:`features.storage.object_stores`; the content is too large.
        """
        self._run(self._read_into(sink))

    def write(self, chunks: Iterable[bytes]) -> None:
        """Write the content: in parts where it is long, visible once all of it is there.

        Raises
        ------
        StorageError
            See :mod:`features.storage.object_stores`.
        """
        self._run(self._write(chunks))

    async def _write(self, chunks: Iterable[bytes]) -> None:
        store, key = self._store()
        await put_async(store, key, chunks)

    async def _content(self) -> Content:
        store, key = self._store()
        return _described(await head_async(store, key))

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
        address = _Address(
            url=uri.root.replace("gcs://", "gs://"),
            scheme=uri.scheme,
            limits=self._limits,
            variables=variables(uri.scheme),
            anonymous=is_anonymous(uri.scheme),
            plain_http=allows_http(uri.scheme),
        )
        return _open(address), uri.path

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


def _described(meta: "ObjectMeta") -> Content:
    tag = meta["e_tag"]
    if not tag and meta["last_modified"] != _NEVER:
        tag = meta["last_modified"].isoformat()
    return Content(meta["size"], tag or None)


@lru_cache(maxsize=64)
def _open(address: _Address) -> ObjectStore:
    """Open a store, once for each address in this process."""
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
    if address.anonymous:
        return from_url(address.url, client_options=client, retry_config=retry, skip_signature=True)
    return from_url(address.url, client_options=client, retry_config=retry)
