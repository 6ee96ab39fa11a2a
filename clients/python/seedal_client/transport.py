"""What both clients say to httpx2."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypedDict

import httpx2

from seedal_client.errors import InvalidArgumentError
from seedal_client.protocol import TIMEOUT

if TYPE_CHECKING:
    from seedal_client.protocol import Call

CHUNK: Final = 2**18
"""Bytes of a file that are sent at once."""

_KEY: Final = re.compile(r"[\x21-\x7e]+")


class Options(TypedDict):
    """What both take."""

    base_url: httpx2.URL
    headers: dict[str, str]
    timeout: httpx2.Timeout
    follow_redirects: bool


def options_of(url: str, key: str | None, timeout_s: float | None) -> Options:
    """Return the options of a service: the key goes to this URL's host only.

    Raises
    ------
    InvalidArgumentError
        There is no such URL, or no such key.
    """
    try:
        place = httpx2.URL(url)
    except (TypeError, httpx2.InvalidURL):
        place = httpx2.URL()
    if place.scheme not in {"http", "https"} or not place.host:
        rule = f"A URL such as 'http://127.0.0.1:8000' is needed; it is {url!r}."
        raise InvalidArgumentError(rule)
    headers = {"User-Agent": "seedal-client", "Accept": "application/json, */*;q=0.5"}
    if key is not None:
        if not _KEY.fullmatch(key):
            rule = "A key is not empty, and has neither spaces nor line ends."
            raise InvalidArgumentError(rule)
        headers["Authorization"] = f"Bearer {key}"
    return {
        "base_url": place,
        "headers": headers,
        "timeout": TIMEOUT if timeout_s is None else httpx2.Timeout(timeout_s),
        "follow_redirects": False,
    }


def headers_of(call: Call) -> dict[str, str]:
    """Return the headers of a call; a file's length is said before it is sent."""
    if not isinstance(call.upload, Path):
        return dict(call.headers)
    return {**call.headers, "Content-Length": str(call.upload.stat().st_size)}
