"""Ids of scenes: in an array, or in a file of their own."""

import json
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from features.vectors.table import refuse


def ids_of_array(path: Path, name: str, ids: NDArray[Any]) -> list[str]:
    """Return the strings of an array of ids.

    Raises
    ------
    VectorsError
        It is not a list of strings.
    """
    if ids.ndim != 1 or ids.dtype.kind not in "US":
        refuse(path, f"{name} must be a list of strings, not {ids.dtype} {ids.shape}")
    if ids.dtype.kind == "U":
        return [str(scene_id) for scene_id in ids.tolist()]
    try:
        return [scene_id.decode() for scene_id in ids.tolist()]
    except UnicodeDecodeError:
        refuse(path, f"{name} must be UTF-8")


def parse_ids(path: Path, text: str) -> list[str]:
    """Return the ids of a JSON list of strings.

    Raises
    ------
    VectorsError
        The text is something else.
    """
    try:
        ids = json.loads(text)
    except (ValueError, RecursionError):
        refuse(path, "its ids must be a JSON list of strings")
    if not isinstance(ids, list):
        refuse(path, "its ids must be a JSON list of strings")
    for row, scene_id in enumerate(ids):
        if not isinstance(scene_id, str):
            refuse(path, f"an id must be a string, not {scene_id!r}", row)
    return ids


def read_ids(path: Path) -> list[str]:
    """Read a file of ids: ``.json`` is a list of strings, anything else has one id a line.

    Raises
    ------
    VectorsError
        The file cannot be read or is something else.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        refuse(path, "ids must be UTF-8 text")
    except OSError as error:
        refuse(path, f"cannot be read ({error.strerror or error})")
    if path.suffix.lower() == ".json":
        return parse_ids(path, text)
    # Other line ends, such as U+2028, may be part of an id.
    return text.removesuffix("\n").split("\n") if text else []


def find_ids(path: Path) -> Path:
    """Return the file of ids beside a file of vectors.

    Raises
    ------
    VectorsError
        There is none.
    """
    stem = path.stem
    names = (f"{stem}.ids.json", f"{stem}.ids.txt", "ids.json", "ids.txt")
    found = [path.with_name(name) for name in names if path.with_name(name).is_file()]
    if not found:
        rule = (
            "its rows have no scene ids (`scene_ids`), no file of ids is given (--vector-ids), and "
            f"there is no {', '.join(names)} beside it"
        )
        refuse(path, rule)
    return found[0]
