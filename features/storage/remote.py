"""What every kind of remote store can do.

How long a remote read may take, how often it is tried, and how much it may bring.
"""

import math
from dataclasses import dataclass, fields
from http import HTTPStatus
from typing import Final, Protocol

from features.errors import StorageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one read from a remote store.

    Parameters
    ----------
    connect_s
        Seconds that a connection may take.
    silence_s
        Seconds that a server may say nothing.
    total_s
        Seconds that the whole read may take, all attempts and pauses between them included.
    retries
        How often a failed request is tried again: after a lost connection, silence, and the answers
        429 and 5xx. The pauses double from 0.2 s to at most 5 s.
    max_bytes
        Most bytes that are read.

    Raises
    ------
    ValueError
        A bound is not positive (`retries`: negative) or not finite.
    """

    connect_s: float = 5.0
    silence_s: float = 20.0
    total_s: float = 120.0
    retries: int = 3
    max_bytes: int = 512 * 2**20

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not math.isfinite(value) or value < 0 or (value == 0 and field.name != "retries"):
                message = f"{field.name} must be positive and finite, not {value}"
                raise ValueError(message)


IMAGE: Final = Limits()
"""For one image."""

FILE: Final = Limits(total_s=1800.0, max_bytes=16 * 2**30)
"""For a file that describes a whole pool."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a store says of a file's content.

    Parameters
    ----------
    size
        In bytes, where the store knows it.
    tag
        Differs whenever the content does: an entity tag or the time of the last change. ``None``
        where the store has neither.
    """

    size: int | None
    tag: str | None


class Sink(Protocol):
    """What takes a content as it comes."""

    def write(self, chunk: bytes, /) -> object:
        """Take the next piece."""
        ...


class RemoteFile(Protocol):
    """A file that does not lie on this machine; it may be used from any thread."""

    def content(self) -> Content:
        """Return what the store says of the content, without reading it."""
        ...

    def read_into(self, sink: Sink) -> None:
        """Write the content to a stream, up to the limit in bytes."""
        ...


def check_size(name: str, size: int, limits: Limits) -> None:
    """Refuse a content that is too large.

    Raises
    ------
    StorageError
        It has more bytes than the limits allow.
    """
    if size > limits.max_bytes:
        rule = f"it has more than the {limits.max_bytes:,} bytes that are read of one file"
        raise StorageError(name, rule)


_ANSWERS: Final = {
    int(HTTPStatus.UNAUTHORIZED): "the server wants credentials (401)",
    int(HTTPStatus.FORBIDDEN): "access is denied (403)",
    int(HTTPStatus.NOT_FOUND): "it does not exist there (404)",
}


def answer_of(status: int) -> str:
    """Return what an HTTP status that is no success means, as the end of a sentence."""
    return _ANSWERS.get(status, f"the server answers {status}")
