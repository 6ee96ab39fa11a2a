"""Which images: lists of stems, and the files that belong to them."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.labelled.errors import LabelledDataError
from features.errors import count
from features.files.paths import list_folder
from features.files.text_lines import read_lines
from features.images.pixels import SUFFIXES


@dataclass(frozen=True, slots=True)
class StemList:
    """A file of stems.

    Parameters
    ----------
    path
        The file.
    lines
        Stem to line number, in the file's order; at least one.
    """

    path: Path
    lines: Mapping[str, int]

    def place(self, stem: str) -> str:
        """Return where a stem stands, ``"FILE:LINE"``."""
        return f"{self.path}:{self.lines[stem]}"


def stem_of(name: str) -> str:
    """Return an image's stem: its name without folders and without the ending of an image."""
    last = name.replace("\\", "/").rpartition("/")[2]
    stem, dot, ending = last.rpartition(".")
    return stem if f"{dot}{ending}".lower() in SUFFIXES else last


def read_stems(path: Path) -> StemList:
    """Read a list of stems, one a line; blank lines and lines that start with ``#`` are skipped.

    Raises
    ------
    LabelledDataError
        There is no such file, a stem stands twice, or there is none.
    SourceError
        A line is too long.
    """
    if not path.is_file():
        raise LabelledDataError(str(path), "is no file; it must list stems, one a line")
    lines: dict[str, int] = {}
    for number, line in enumerate(read_lines(path), start=1):
        place = f"{path}:{number}"
        try:
            text = line.decode("utf-8-sig").strip()
        except UnicodeDecodeError as error:
            raise LabelledDataError(place, "not UTF-8") from error
        if not text or text.startswith("#"):
            continue
        stem = stem_of(text)
        if not stem:
            raise LabelledDataError(place, f"{text!r} names no image")
        if stem in lines:
            rule = f"the stem {stem!r} is already in line {lines[stem]}"
            raise LabelledDataError(place, rule)
        lines[stem] = number
    if not lines:
        raise LabelledDataError(str(path), "names no image")
    return StemList(path, lines)


class ImageFiles:
    """The files below some folders, by stem.

    A file that lies directly in one of the folders comes before those in folders below.

    Parameters
    ----------
    folders
        Where to look.
    suffixes
        Endings of the files that count, in lower case.

    Raises
    ------
    LabelledDataError
        There is no such folder.
    """

    def __init__(self, folders: Sequence[Path], suffixes: Collection[str]) -> None:
        self._folders = folders
        self._direct: dict[str, list[Path]] = {}
        self._below: dict[str, list[Path]] = {}
        for folder in folders:
            if not folder.is_dir():
                raise LabelledDataError(str(folder), "is no folder")
            for path in _walk(folder):
                if path.suffix.lower() in suffixes:
                    found = self._direct if path.parent == folder else self._below
                    found.setdefault(path.stem, []).append(path)

    def of(
        self, stems: StemList, kind: str, but: Mapping[str, Path] | None = None
    ) -> dict[str, Path]:
        """Return the one file of each stem of a list.

        Parameters
        ----------
        stems
            The list.
        kind
            What the file is called in errors.
        but
            A file of each stem that does not count, where there is one.

        Raises
        ------
        LabelledDataError
            A stem has no file or several.
        """
        files: dict[str, Path] = {}
        missing = []
        for stem in stems.lines:
            found = self._found(stem, None if but is None else but[stem])
            if len(found) > 1:
                rule = f"the {kind} of {stem!r} is there twice: {found[0]} and {found[1]}"
                raise LabelledDataError(stems.place(stem), rule)
            if found:
                files[stem] = found[0]
            else:
                missing.append(stem)
        if missing:
            places = " and ".join(map(str, self._folders))
            rule = f"no {kind} in {places} for {count(missing, 'stem')}"
            raise LabelledDataError(stems.place(missing[0]), rule)
        return files

    def _found(self, stem: str, but: Path | None) -> list[Path]:
        for found in (self._direct, self._below):
            paths = [path for path in found.get(stem, ()) if path != but]
            if paths:
                return paths
        return []


def _walk(folder: Path) -> Iterator[Path]:
    """Yield all files below a folder: natural order, links followed, no folder twice."""
    seen = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        status = here.stat()
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            listing = list_folder(here)
            yield from listing.files
            waiting.extend(reversed(listing.folders))


# The number of the frame, a letter before it where that stands alone (CamVid's f01230), and what
# parts both from the clip's name.
_FRAME_NUMBER: Final = re.compile(r"(?:(?<![A-Za-z0-9])[A-Za-z])?[0-9]+\Z")
_SEPARATORS: Final = "_-./ "


def clip_of(stem: str) -> str:
    """Return a stem without the number of the frame at its end.

    ``0006R0_f01230`` is of the clip ``0006R0``, ``00/000123`` of ``00``, ``000123`` of the clip
    without a name; a stem without a number at its end is a clip of its own.
    """
    match = _FRAME_NUMBER.search(stem)
    return stem if match is None else stem[: match.start()].rstrip(_SEPARATORS)
