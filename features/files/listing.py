"""List folders in natural order."""

import os
import re
from dataclasses import dataclass
from pathlib import Path


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
    """
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
