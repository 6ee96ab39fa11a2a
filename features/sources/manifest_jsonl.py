"""A manifest as JSON Lines: UTF-8, one object a line."""

import codecs
from collections.abc import Iterator
from pathlib import Path

from features.errors import SourceError
from features.scenes import Scene
from features.sources.json_text import decode_json
from features.sources.lines import read_lines
from features.sources.record import parse_scene


def read_jsonl(path: Path, base: Path | str) -> Iterator[tuple[str, Scene]]:
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
        if not text.strip():
            raise SourceError(place, "the line is blank")
        yield place, parse_scene(decode_json(text, place), place, base)
