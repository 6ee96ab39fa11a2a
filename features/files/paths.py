"""Open files that nobody has vetted: a named pipe would wait for ever, a device never end.

Keep to folders: where a server reads for others, no link leads a reader out of what it may read.

List folders in natural order.

Publish a file all at once: readers see the old content or the new, never a part.
"""

import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from uuid import uuid4

from features.errors import SourceError

_ROOTS: ContextVar[tuple[Path, ...] | None] = ContextVar("_ROOTS", default=None)


@contextmanager
def confined(roots: Sequence[Path] | None) -> Iterator[None]:
    """Within the context, open files and list folders under these folders alone.

    Parameters
    ----------
    roots
        Real paths, their own links followed; None for no limit.
    """
    token = _ROOTS.set(None if roots is None else tuple(roots))
    try:
        yield
    finally:
        _ROOTS.reset(token)


def confinement() -> tuple[Path, ...] | None:
    """Return the folders of :func:`confined`: another process keeps to them, too."""
    return _ROOTS.get()


def _require_inside(path: Path) -> None:
    """Refuse a path that links lead out of the folders that may be read."""
    roots = _ROOTS.get()
    if roots is None:
        return
    try:
        real = path.resolve()
    except (OSError, RuntimeError):  # links that go round in a circle: opening says so
        return
    if not any(real.is_relative_to(root) for root in roots):
        raise SourceError(str(path), LINK_OUT)


def lies_there(path: Path) -> bool:
    """Tell whether anything lies at a path; nothing does outside of the folders of `confined`."""
    roots = _ROOTS.get()
    try:
        if roots is not None and not any(map(path.resolve().is_relative_to, roots)):
            return False
        return os.path.lexists(path)
    except (OSError, RuntimeError, ValueError):  # links in a circle, a name that no file can have
        return False


LINK_OUT: Final = (
    "is a link that leads out of the folders that this server may read (SEEDAL_FILE_ROOTS)"
)
"""Why a file or folder is not read whose name lies inside, as the end of a sentence."""


def open_regular(path: Path) -> BinaryIO:
    """Open a file for reading bytes.

    Raises
    ------
    SourceError
        It is a pipe, a socket or a device, or not in the folders of :func:`confined`.
    OSError
        As `open` does: it is missing, a folder, or may not be read.
    """
    _require_inside(path)
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise SourceError(str(path), "is not a regular file")
    return path.open("rb")


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies directly in a folder: natural order, nothing hidden, links followed."""

    folders: tuple[Path, ...]
    files: tuple[Path, ...]


def natural_order(path: Path) -> tuple[tuple[int | str, ...], str]:
    """Return a sort key under which ``frame_2`` comes before ``frame_10``."""
    parts = re.split(r"([0-9]+)", path.name)
    key = tuple(int(part) if i % 2 else part for i, part in enumerate(parts))
    return key, path.name  # "1" and "01" are the same number


def list_folder(path: Path) -> Listing:
    """List a folder once.

    Whatever is not a folder counts as a file, a broken link too: reading it says what is wrong.

    Raises
    ------
    SourceError
        It is not in the folders of :func:`confined`.
    """
    _require_inside(path)
    with os.scandir(path) as found:
        entries = [(_is_folder(entry), Path(entry.path)) for entry in found if entry.name[0] != "."]
    entries.sort(key=lambda entry: natural_order(entry[1]))
    return Listing(
        folders=tuple(path for is_folder, path in entries if is_folder),
        files=tuple(path for is_folder, path in entries if not is_folder),
    )


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


@contextmanager
def atomic_write(path: Path) -> Iterator[BinaryIO]:
    """Yield a temporary file beside ``path`` that takes its place when the block ends well.

    The folder is made where it is missing. After an error nothing is left behind and an earlier
    file at ``path`` is untouched.

    Parameters
    ----------
    path
        The file to publish.

    Raises
    ------
    OSError
        The folder cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{uuid4().hex}.tmp"
    try:
        with temporary.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
