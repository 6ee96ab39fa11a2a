"""Files that commands write: all at once, and refused before the work where that can be known."""

import os
from collections.abc import Mapping
from pathlib import Path

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
