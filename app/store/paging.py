"""Cursor pagination: a page's token says after which key the next page starts."""

import base64
import binascii
import json

from app.errors import InvalidRequestError

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000


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


def decode(listing: str, token: str) -> str | int:
    """Return the key that a token of `listing` names.

    Raises
    ------
    InvalidRequestError
        The token was not given out for this listing.
    """
    try:
        padded = token + "=" * (-len(token) % 4)
        of, key = json.loads(base64.urlsafe_b64decode(padded.encode()))
    except (ValueError, binascii.Error, TypeError):
        of, key = None, None
    if of != listing or not isinstance(key, str | int):
        rule = "page_token was not given out for this listing."
        raise InvalidRequestError(rule, "page_token")
    return key
