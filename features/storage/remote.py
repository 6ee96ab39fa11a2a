"""What every kind of remote store can do."""

from dataclasses import dataclass
from typing import Protocol

from features.errors import StorageError
from features.storage.limits import Limits


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
