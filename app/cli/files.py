"""Files that commands write: all at once, and refused before the work where that can be known."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from app.errors import InvalidRequestError
from features.files.paths import atomic_write


def require_folder(out: Path, named: Path | None = None) -> None:
    """Refuse at once a folder that could not be written hours later.

    Parameters
    ----------
    out
        The folder, which need not be there yet.
    named
        What the sentence is about, where it is a file in the folder.

    Raises
    ------
    InvalidRequestError
        It, or what it is to lie in, is no folder or may not be written to.
    """
    there = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        reason = "may not be written to" if there.is_dir() else "is no folder"
        detail = f"{named or out}: cannot be written ({there} {reason})."
        raise InvalidRequestError(detail)


def require_file(path: Path) -> None:
    """Refuse at once a file that could not be written later.

    Raises
    ------
    InvalidRequestError
        It is a folder, or its folder cannot be written.
    """
    if path.is_dir():
        detail = f"{path}: cannot be written (it is a folder)."
        raise InvalidRequestError(detail)
    require_folder(path.parent, path)


def write_files(files: Mapping[str, bytes], out: Path) -> list[Path]:
    """Write files into a folder, each all at once; return their paths.

    Raises
    ------
    InvalidRequestError
        When the folder cannot be written.
    """
    return [write_file(out / name, content, out) for name, content in files.items()]


def write_file(path: Path, content: bytes, named: Path | None = None) -> Path:
    """Write a file all at once; return its path.

    Raises
    ------
    InvalidRequestError
        When it cannot be written; the sentence begins with `named`, or with the path.
    """
    try:
        with atomic_write(path) as stream:
            stream.write(content)
    except OSError as error:
        detail = f"{named or path}: cannot be written ({error.strerror or error})."
        raise InvalidRequestError(detail) from error
    return path


@contextmanager
def staged_folder(files: Iterable[tuple[str, bytes]], path: Path) -> Iterator[Path]:
    """Write files beside a folder, and put them in its place when the block ends well.

    They are written as they come. A folder that is there already is replaced as a whole: what an
    earlier seed left in it would pass for a part of this one.

    Parameters
    ----------
    files
        Names with slashes, and contents.
    path
        The folder, which the block is given.

    Raises
    ------
    InvalidRequestError
        When it cannot be written. Nothing is left behind.
    """
    staged = path.parent / f".{path.name}.{uuid4().hex}.tmp"
    try:
        try:
            for name, content in files:
                file = staged / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            yield path
            _replace(path, staged)
        except OSError as error:
            detail = f"{path}: cannot be written ({error.strerror or error})."
            raise InvalidRequestError(detail) from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _replace(path: Path, staged: Path) -> None:
    if not path.exists():
        staged.rename(path)
        return
    earlier = staged.with_suffix(".old")
    path.rename(earlier)
    try:
        staged.rename(path)
    except OSError:
        earlier.rename(path)
        raise
    if earlier.is_dir() and not earlier.is_symlink():
        shutil.rmtree(earlier)
    else:
        earlier.unlink()
