"""The training and the validation windows of KITTI-360, as the data set's own lists name them.

A line is a path that ends in ``DRIVE/static/START_END.ply``. The lists lie beside the drives or, in
older archives, one folder above.
"""

import re
from collections.abc import Collection
from pathlib import Path
from typing import Final

from features.errors import SourceError
from features.files.lines import read_lines
from features.sources.options import Split
from features.wording import plural

_TRAIN: Final = "2013_05_28_drive_train.txt"
_VALIDATION: Final = "2013_05_28_drive_val.txt"
_LINE: Final = re.compile(r"(?:.*/)?([^/]+)/static/([0-9]{10}_[0-9]{10})\.ply")


def choose(windows: Collection[str], folder: Path, split: Split) -> tuple[list[str], list[str]]:
    """Return the windows of a split, in their order, and the notes on those left out and in.

    Parameters
    ----------
    windows
        The ids of the windows that are there, ``"DRIVE/START_END"``.
    folder
        Where the drives lie.
    split
        Which windows to keep.

    Raises
    ------
    SourceError
        The list is needed and not there, or a line of it is no window.
    """
    if split == "train":
        listed = _listed(folder, _TRAIN)
        if listed is None:
            raise SourceError(str(folder / _TRAIN), "does not exist, and split 'train' needs it")
        return [name for name in windows if name in listed], []
    validation = (_listed(folder, _VALIDATION) or frozenset()).intersection(windows)
    if not validation:
        return list(windows), []
    number = plural(len(validation), "validation window")
    return list(windows), [f"{number} included; --split train leaves them out"]


def _listed(folder: Path, name: str) -> frozenset[str] | None:
    for path in (folder / name, folder.parent / name):
        if path.is_file():
            return frozenset(
                _window(line.decode("latin-1").strip(), f"{path}:{number}")
                for number, line in enumerate(read_lines(path), start=1)
                if line.strip()
            )
    return None


def _window(line: str, place: str) -> str:
    match = _LINE.fullmatch(line)
    if match is None:
        raise SourceError(place, f"{line[:80]!r} does not end in DRIVE/static/START_END.ply")
    return f"{match[1]}/{match[2]}"
