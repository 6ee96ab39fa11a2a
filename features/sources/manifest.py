"""The scene manifest: one JSON object a line (JSON Lines, UTF-8), read line by line.

A line is a scene as :func:`features.sources.record.parse_scene` describes it. The manifest is taken
as a whole or not at all: the first line that breaks a rule is the error.
"""

import codecs
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from features.errors import SourceError
from features.scenes import Pool, Scene
from features.sources.options import SourceOptions
from features.sources.pool import build_pool
from features.sources.record import parse_scene

MAX_LINE_BYTES: Final = 16 * 2**20
"""Longest line that is read: a scene of about 100,000 images."""


def open_manifest(path: Path, options: SourceOptions, base: Path | str | None = None) -> Pool:
    """Return the pool that a manifest describes.

    Relative paths in it start from `base`, or else from its own folder.

    Raises
    ------
    SourceError
        A line breaks a rule; names ``FILE:LINE``.
    """
    return build_pool(
        "manifest",
        str(path),
        _scenes(path, path.parent if base is None else base),
        resource=options.resource,
        cost_origin="the manifest",
    )


def _scenes(path: Path, base: Path | str) -> Iterator[tuple[str, Scene]]:
    for place, line in _lines(path):
        yield place, parse_scene(_decode(line, place), place, base)


def _lines(path: Path) -> Iterator[tuple[str, bytes]]:
    with path.open("rb") as file:
        number = 1
        while line := file.readline(MAX_LINE_BYTES + 1):
            place = f"{path}:{number}"
            if len(line) > MAX_LINE_BYTES:
                raise SourceError(place, f"the line has more than {MAX_LINE_BYTES:,} bytes")
            # Windows editors put a byte order mark before the first line.
            yield place, line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            number += 1


def _decode(line: bytes, place: str) -> object:
    if not line.strip():
        raise SourceError(place, "the line is blank")
    try:
        record: object = json.loads(line.decode(), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise SourceError(place, f"byte {error.start + 1} of the line is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise SourceError(place, f"not JSON ({error.msg} at column {error.colno})") from error
    except RecursionError as error:
        raise SourceError(place, "the JSON is nested too deeply") from error
    except ValueError as error:  # a repeated key, a number with thousands of digits
        raise SourceError(place, f"not usable JSON ({error})") from error
    return record


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Build an object; JSON lets a key stand twice, which would silently drop a value."""
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        message = f"the key {counts.most_common(1)[0][0]!r} stands twice in an object"
        raise ValueError(message)
    return result
