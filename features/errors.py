"""The errors of the feature pipeline, each one clear sentence for the person who can mend it.

::

    FeatureError
    ├── SourceError    a source of scenes is wrong; names the file and, where there is one, the line
    ├── StorageError   the bytes that a path or URI names cannot be had
    │   └── AbsentError        nothing lies there
    ├── ImageError     one image cannot be read; the scene lives on without it
    ├── BackboneError  an unknown or unavailable backbone
    │   ├── WeightsError        a weights file is missing or does not match
    │   └── BatchTooLargeError  a batch does not fit into the device's memory
    └── VectorsError   vectors are unusable (not finite, wrong shape)
        └── DamagedError        a file of the cache is missing or not whole

A sentence says how many of something there are, and shows of a URI neither a password nor a query,
which may be a signature.
"""

import re
from collections.abc import Sequence
from typing import Final

_URI: Final = re.compile(r"(?!(?i:file):)([A-Za-z][A-Za-z0-9+.-]+://)(?:[^/?#]*@)?([^?#]*)")
_AZURE_CONTAINER: Final = re.compile(r"abfss?://[^/?#@:]*@", re.IGNORECASE)


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
    # Azure writes CONTAINER@ACCOUNT where others have a user.
    container = _AZURE_CONTAINER.match(uri)
    return (container[0] if container else found[1]) + found[2]


_LONGEST: Final = 1000


_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _line(text: str) -> str:
    """Return a text as one line that can be read, whatever a file put into it."""
    short = text if len(text) <= _LONGEST else f"{text[:600]} ... {text[-300:]}"
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", short)


class FeatureError(Exception):
    """Base of every error that the feature pipeline raises on purpose."""


class SourceError(FeatureError):
    """A source of scenes breaks a rule.

    Parameters
    ----------
    place
        The file or folder, with the line number after a colon where there is one.
    rule
        What is wrong there, as the end of a sentence.
    """

    def __init__(self, place: str, rule: str) -> None:
        self.place = place
        self.rule = _line(rule)
        super().__init__(f"{_line(place)}: {self.rule}")


class StorageError(FeatureError):
    """The bytes that a path or URI names cannot be had, or it names none.

    Parameters
    ----------
    uri
        The path or URI; kept and shown without what may be secret in it.
    reason
        What is wrong, as the end of a sentence.
    """

    def __init__(self, uri: str, reason: str) -> None:
        self.uri = redacted(uri)
        self.reason = _line(reason)
        super().__init__(f"{_line(self.uri)}: {self.reason}")


class AbsentError(StorageError):
    """Nothing lies where a path or URI points."""


class ImageError(FeatureError):
    """An image cannot be read: missing, empty, truncated, or not an image.

    Parameters
    ----------
    uri
        The image; kept and shown without what may be secret in its URI.
    reason
        What is wrong, as the end of a sentence.
    """

    def __init__(self, uri: str, reason: str) -> None:
        self.uri = redacted(uri)
        self.reason = _line(reason)
        super().__init__(f"{_line(self.uri)}: {self.reason}")


class BackboneError(FeatureError):
    """A backbone is unknown or cannot be used here."""


class WeightsError(BackboneError):
    """A weights file is missing, unreadable or does not match its backbone or hash."""


class BatchTooLargeError(BackboneError):
    """A batch of images does not fit into the memory of the device; a smaller one may."""


class VectorsError(FeatureError):
    """Vectors are unusable: not finite, of the wrong shape, or zero."""


class DamagedError(VectorsError):
    """A file of the cache is not there, not whole, or none of this product's."""


_SHOWN: Final = 5


def plural(number: int, noun: str) -> str:
    """Return ``"1 scan"`` or ``"2 scans"``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def count(names: Sequence[str], noun: str) -> str:
    """Return ``"2 rooms (office_1, office_2)"``, with the first few names only."""
    more = ", ..." if len(names) > _SHOWN else ""
    return f"{plural(len(names), noun)} ({', '.join(names[:_SHOWN])}{more})"
