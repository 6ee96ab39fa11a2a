"""A manifest as JSON Lines: UTF-8, one object a line."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from features.errors import SourceError
from features.files.json_text import decode_json
from features.files.lines import read_lines
from features.sources.record import parse_scene
from features.sources.refusing import Refuse, at_once, id_of
from features.sources.scenes import PoolScene


def read_jsonl(
    path: Path, base: Path | str, refuse: Refuse = at_once
) -> Iterator[tuple[str, PoolScene]]:
    """Yield the scene of each line after its place, ``"FILE:LINE"``.

    Raises
    ------
    SourceError
        A line breaks a rule.
    """
    for number, line in enumerate(read_lines(path), start=1):
        place = f"{path}:{number}"
        # Windows editors put a byte order mark before the first line.
        text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        record: object = None
        try:
            record = _decoded(text, place)
            scene = parse_scene(record, place, base)
        except SourceError as error:
            refuse(error, id_of(record))
        else:
            yield place, scene


def _decoded(text: bytes, place: str) -> object:
    if not text.strip():
        raise SourceError(place, "the line is blank")
    return decode_json(text, place)
