"""What of a URI may be shown: never a password, never a query, which may be a signature."""

import re
from typing import Final

_URI: Final = re.compile(r"(?!(?i:file):)([A-Za-z][A-Za-z0-9+.-]+://)(?:[^/?#]*@)?([^?#]*)")
_CONTAINER: Final = re.compile(r"abfss?://[^/?#@:]*@", re.IGNORECASE)


def redacted(uri: str) -> str:
    """Return a URI without user, password, query and fragment; a local path as it is.

    Examples
    --------
    >>> redacted("https://me:secret@example.org/a.png?X-Amz-Signature=abc")
    'https://example.org/a.png'
    >>> redacted("scans/why?.png")
    'scans/why?.png'
    """
    found = _URI.match(uri)
    if found is None:
        return uri
    container = _CONTAINER.match(uri)  # Azure writes CONTAINER@ACCOUNT where others have a user
    return (container[0] if container else found[1]) + found[2]
