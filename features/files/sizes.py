"""Count a file's items from its size."""

from pathlib import Path

from features.errors import SourceError
from features.wording import plural


def count_items(path: Path, item_bytes: int) -> int:
    """Return how many items of a fixed size a file holds.

    Raises
    ------
    SourceError
        The size is no positive multiple of an item's: the file was cut, or is something else.
    """
    size = path.stat().st_size
    if size == 0 or size % item_bytes:
        rule = f"has {plural(size, 'byte')}, not a positive multiple of {item_bytes}"
        raise SourceError(str(path), rule)
    return size // item_bytes
