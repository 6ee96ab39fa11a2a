"""Columns of a table of scenes: those that are known, those that are a slip of the pen, others."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Final

from features.errors import SourceError, plural
from features.limits import MAX_COLUMNS

_ALIKE: Final = 0.75
"""``cost`` and ``costs``; not ``scene_id`` and ``scan_no``."""
_NAMED: Final = 5


def unknown_columns(
    header: Sequence[str], known: Collection[str], prefix: str, place: str
) -> frozenset[str]:
    """Return the columns that are passed over.

    Parameters
    ----------
    header
        The table's columns.
    known
        The names that have a meaning.
    prefix
        What begins further such names; nothing where there are none.
    place
        Of the header, for errors.

    Raises
    ------
    SourceError
        A column stands twice, is all but named as a known one, or there are too many of them.
    """
    if len(header) > MAX_COLUMNS:
        raise SourceError(place, f"has {len(header):,} columns; up to {MAX_COLUMNS:,} are read")
    if len(set(header)) < len(header):
        raise SourceError(place, "the header names a column twice")
    others = frozenset(
        name for name in header if name not in known and not (prefix and name.startswith(prefix))
    )
    for name in sorted(others):
        plain = name.strip().lower().replace(" ", "_").replace("-", "_")[:80]
        meant = get_close_matches(plain, sorted(known), 1, _ALIKE)
        if meant:
            listed = ", ".join(sorted(known)) + (f", {prefix}RESOURCE" if prefix else "")
            rule = f"{name!r:.80} is no known column ({listed}); is {meant[0]} meant?"
            raise SourceError(place, rule)
    return others


def note_of(others: Collection[str], name: str) -> str:
    """Return the sentence that says which columns of a file are passed over."""
    shown = ", ".join(repr(column)[:60] for column in sorted(others)[:_NAMED])
    more = ", ..." if len(others) > _NAMED else ""
    verb = "is" if len(others) == 1 else "are"
    return f"{plural(len(others), 'column')} of {name} {verb} not used ({shown}{more})."
