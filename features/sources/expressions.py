"""Regular expressions of users, which may come by HTTP, in an engine whose time is linear.

RE2 follows all alternatives at once (Cox, "Regular Expression Matching Can Be Simple And Fast",
2007), so no expression can take exponential time. What is left to bound is the size of the program
that it runs for each character, and the length of the name.
"""

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Any, Final

import re2

MAX_NAME: Final = 512
"""Longest name that is searched."""

_MAX_STEPS: Final = 4096
"""Largest program that is run: with the longest name it takes milliseconds. A set of characters
that occurs 255 times has 2,300 steps."""

_OPTIONS: Final = re2.Options()
_OPTIONS.log_errors = False
_OPTIONS.max_mem = 2**20


class ExpressionError(ValueError):
    """A text is no regular expression that is sure to end soon; the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that is searched for in names of at most ``MAX_NAME`` characters.

    Parameters
    ----------
    text
        In RE2's syntax: that of Python without looking around and without back references.
    groups
        The numbers of groups that it may have: ``{1}``, or ``{0, 1}``.

    Raises
    ------
    ExpressionError
        It is none, has another number of groups, or is too large.
    """

    text: str
    groups: Container[int] = field(compare=False)
    _pattern: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            pattern = re2.compile(self.text, _OPTIONS)
        except re2.error as error:
            message = f"must be a regular expression ({error.args[0].decode(errors='replace')})"
            raise ExpressionError(message) from error
        except UnicodeEncodeError as error:
            message = "must be a regular expression (without lone surrogates)"
            raise ExpressionError(message) from error
        if pattern.groups not in self.groups:
            least = "at most" if 0 in self.groups else "exactly"
            message = f"must have {least} one group, and no other but (?:...)"
            raise ExpressionError(message)
        if pattern.programsize > _MAX_STEPS:
            message = f"must be smaller: it takes more than {_MAX_STEPS:,} steps a character"
            raise ExpressionError(message)
        object.__setattr__(self, "_pattern", pattern)

    def find(self, name: str) -> str | None:
        """Return what the group, or without one the expression, finds; None for nothing."""
        match = self._pattern.search(name)
        return match[self._pattern.groups] or None if match else None
