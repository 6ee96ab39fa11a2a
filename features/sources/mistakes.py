"""What is wrong with a manifest, line by line, for whoever is about to mend it."""

import codecs
from pathlib import Path

from features.errors import SourceError
from features.sources.json_text import decode_json
from features.sources.lines import read_lines
from features.sources.record import parse_scene


def find_mistakes(path: Path, most: int) -> list[SourceError]:
    """Return the first mistakes of a manifest in JSON Lines.

    Parameters
    ----------
    path
        The file; relative paths in it start from its folder.
    most
        Mistakes at which it stops looking.

    Raises
    ------
    SourceError
        The file cannot be read as lines at all.
    """
    places: dict[str, str] = {}
    found: list[SourceError] = []
    for number, line in enumerate(read_lines(path), start=1):
        place = f"{path}:{number}"
        text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        try:
            _check(text, place, path.parent, places)
        except SourceError as error:
            found.append(error)
            if len(found) == most:
                break
    return found


def _check(text: bytes, place: str, base: Path, places: dict[str, str]) -> None:
    if not text.strip():
        raise SourceError(place, "the line is blank")
    scene = parse_scene(decode_json(text, place), place, base)
    first = places.setdefault(scene.scene_id, place)
    if first != place:
        raise SourceError(place, f"scene_id {scene.scene_id!r} is already used at {first}")
