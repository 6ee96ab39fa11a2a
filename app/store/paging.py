"""Cursor pagination: a page's token says after which key the next page starts."""

import base64
import binascii
import json
import re
from typing import Final

from app.errors import InvalidRequestError

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000

_NAME: Final = re.compile(r"[0-9a-f-]{1,64}")
_MOST: Final = 2**62


def clamp(page_size: int | None) -> int:
    """Return a page size that is served: the default where none or 0 is given, at most the maximum.

    Raises
    ------
    InvalidRequestError
        `page_size` is negative.
    """
    if page_size is not None and page_size < 0:
        rule = "page_size must not be negative."
        raise InvalidRequestError(rule, "page_size")
    return min(page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def encode(listing: str, key: str | int) -> str:
    """Return the token of the page of `listing` that starts after `key`."""
    return base64.urlsafe_b64encode(json.dumps([listing, key]).encode()).decode().rstrip("=")


def decode_name(listing: str, token: str) -> str:
    """Return the id that a token of `listing` names.

    Raises
    ------
    InvalidRequestError
        The token was not given out for this listing.
    """
    key = _decode(listing, token)
    if isinstance(key, str) and _NAME.fullmatch(key):
        return key
    raise _refused()


def decode_number(listing: str, token: str) -> int:
    """Return the number that a token of `listing` names.

    Raises
    ------
    InvalidRequestError
        The token was not given out for this listing.
    """
    key = _decode(listing, token)
    if isinstance(key, int) and not isinstance(key, bool) and 0 <= key < _MOST:
        return key
    raise _refused()


def _decode(listing: str, token: str) -> object:
    try:
        padded = token + "=" * (-len(token) % 4)
        of, key = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (ValueError, binascii.Error, TypeError, RecursionError):
        raise _refused() from None
    if of != listing:
        raise _refused()
    return key


def _refused() -> InvalidRequestError:
    rule = "page_token was not given out for this listing."
    return InvalidRequestError(rule, "page_token")
