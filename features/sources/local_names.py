"""The file of this machine that a manifest means, where the manifest was written on another one.

Windows parts folders by backslashes and names drives. macOS may write an accent as a letter and a
mark (NFD), where others write one letter (NFC). A name that lies there as it is written is always
taken so; only names that may differ are looked for.
"""

import re
from pathlib import Path
from typing import Final
from unicodedata import normalize

from features.errors import StorageError
from features.files.paths import lies_there
from features.storage.uris import HTTP, is_remote, parse, to_path

_OF_WINDOWS: Final = re.compile(r"(?:(?i:file):/*)?[A-Za-z]:[\\/]|\\\\")
_MOST_PARTS: Final = 64
"""Folders of a name that is looked for in other spellings."""


def as_meant(name: str, base: Path | str) -> str:
    r"""Return the name of a file as this machine has it.

    Parameters
    ----------
    name
        A path or URI as it was written: ``rgb\a.jpg`` is taken as ``rgb/a.jpg``, unless a file has
        the former name.
    base
        What it starts from, as in :func:`features.storage.uris.resolve`.

    Raises
    ------
    StorageError
        It begins with a drive or a server of Windows, which nothing here can reach.
    """
    is_file = not is_remote(name)
    if _OF_WINDOWS.match(name) and not (is_file and _lies_there(name, base)):
        rule = (
            "a path of Windows; write it as this machine has it, such as /data/a.jpg, or "
            "relative to the manifest, such as rgb/a.jpg"
        )
        raise StorageError(name, rule)
    if "\\" in name and is_file and _parts_at_slashes(base) and not _lies_there(name, base):
        name = name.replace("\\", "/")
    if is_file and isinstance(base, Path) and not name.isascii():
        return _spelled(name, base)
    return name


def spellings(text: str) -> tuple[str, ...]:
    """Return a text as it is, and in the other ways in which Unicode writes the same letters."""
    return tuple(dict.fromkeys((text, normalize("NFC", text), normalize("NFD", text))))


def _parts_at_slashes(base: Path | str) -> bool:
    """Tell whether no name there has a backslash; keys of object stores may well have one."""
    return isinstance(base, Path) or parse(base).scheme in HTTP


def _lies_there(name: str, base: Path | str) -> bool:
    try:
        return isinstance(base, Path) and lies_there(base / to_path(name))
    except StorageError:  # a file:// URI with a drive for a host
        return False


def _spelled(name: str, base: Path) -> str:
    """Return a path under which something lies, or else the name as it is."""
    path = base / to_path(name)
    if len(spellings(str(path))) == 1 or len(path.parts) > _MOST_PARTS or lies_there(path):
        return name
    found = Path(path.anchor)
    for part in path.parts[1:]:
        there = next((s for s in spellings(part) if lies_there(found / s)), None)
        if there is None:
            return name
        found /= there
    return str(found)
