"""Say how many of something there are, and which."""

from collections.abc import Sequence
from typing import Final

_SHOWN: Final = 5


def plural(number: int, noun: str) -> str:
    """Return ``"1 scan"`` or ``"2 scans"``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def count(names: Sequence[str], noun: str) -> str:
    """Return ``"2 rooms (office_1, office_2)"``, with the first few names only."""
    more = ", ..." if len(names) > _SHOWN else ""
    return f"{plural(len(names), noun)} ({', '.join(names[:_SHOWN])}{more})"
