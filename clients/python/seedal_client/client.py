"""The client that waits for each answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

import httpx2

from seedal_client import models
from seedal_client.calls import (
    BudgetLike,
    Calls,
    Content,
    Item,
    Listing,
    Named,
    Progress,
    Source,
)
from seedal_client.errors import InvalidArgumentError
from seedal_client.events import QUIET, Watch
from seedal_client.protocol import (
    TIMEOUT,
    Answer,
    Call,
    Pause,
    Result,
    Retries,
    Steps,
    path_of,
    written,
)

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from seedal_client.calls import Question, SeedQuestion

_CHUNK: Final = 2**18
_KEY: Final = re.compile(r"[\x21-\x7e]+")


def options_of(
    url: str, key: str | None, timeout: httpx2.Timeout | float | None
) -> dict[str, object]:
    """Return what both clients say to httpx2; the key goes to this URL's host only."""
    place = httpx2.URL(url) if isinstance(url, str) else None
    if place is None or place.scheme not in {"http", "https"} or not place.host:
        rule = f"A URL such as 'http://127.0.0.1:8000' is needed; it is {url!r}."
        raise InvalidArgumentError(rule)
    if key is not None and not _KEY.fullmatch(key):
        rule = "A key has neither spaces nor line ends, and is not empty."
        raise InvalidArgumentError(rule)
    headers = {"User-Agent": "seedal-client", "Accept": "application/json, */*;q=0.5"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    return {
        "base_url": place,
        "headers": headers,
        "timeout": TIMEOUT if timeout is None else timeout,
        "follow_redirects": False,
    }


def length_of(call: Call) -> dict[str, str]:
    """Return the headers of a call; a file's length is said before it is sent."""
    size = {"Content-Length": str(call.upload.stat().st_size)} if _is_file(call) else {}
    return {**call.headers, **size}


def _is_file(call: Call) -> bool:
    return isinstance(call.upload, Path)
