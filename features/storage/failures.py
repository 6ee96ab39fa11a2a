"""What a store's refusal means, in words that carry nothing of the request's address or answer."""

import re
from http import HTTPStatus
from typing import Final

from obstore.exceptions import BaseError

REFUSALS: Final = (BaseError, OSError, ValueError)
"""What obstore raises; built-in errors stand for some answers."""

_STATUS: Final = re.compile(r"returned non-2xx status code: ([0-9]{3})")
_ANSWERS: Final = {
    HTTPStatus.UNAUTHORIZED: "the server wants credentials (401)",
    HTTPStatus.FORBIDDEN: "access is denied (403)",
    HTTPStatus.NOT_FOUND: "it does not exist there (404)",
}
_SIGNS: Final = (
    (("kind: Timeout", "TimedOut"), "the server did not answer in time"),
    (("kind: Connect",), "the host cannot be reached, or sends readers on to another host"),
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
        return _ANSWERS.get(HTTPStatus(status), f"the server answers {status}")
    text = str(error)
    for signs, reason in _SIGNS:
        if any(sign in text for sign in signs):
            return reason
    return "the store cannot be read (its address or credentials may be wrong)"
