"""Regular expressions that cannot take exponential time: they may come by HTTP."""

import re
from collections.abc import Container
from typing import Final

MAX_NAME: Final = 512
"""Longest name that is searched: with two endless repetitions that takes seconds at worst."""

_MAX_CHOICES: Final = 4
_MAX_ENDLESS: Final = 2
_ESCAPES_AND_CLASSES: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_CHOICE: Final = re.compile(r"\||(?:[*+?]|\{[0-9,]+\})[?+]?")
_SPECIAL_GROUP: Final = re.compile(r"\(\?(?!:)")
_REPEATED_GROUP: Final = re.compile(r"\)\s*[*+?{]")


class ExpressionError(ValueError):
    """A text is no regular expression that is sure to end soon; the end of a sentence."""


def compile_expression(text: str, groups: Container[int]) -> re.Pattern[str]:
    """Compile an expression that is searched for in names of at most ``MAX_NAME`` characters.

    Parameters
    ----------
    text
        The expression.
    groups
        The numbers of groups that it may have: ``{1}``, or ``{0, 1}``.

    Raises
    ------
    ExpressionError
        It is none, has another number of groups, repeats a group, has more than four of
        ``* + ? {} |`` or more than two of them without an end, or a group that starts with ``(?``
        but ``(?:``.
    """
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        message = f"must be a regular expression ({error})"
        raise ExpressionError(message) from error
    bare = _ESCAPES_AND_CLASSES.sub("_", text)
    if pattern.groups not in groups or _SPECIAL_GROUP.search(bare):
        least = "at most" if 0 in groups else "exactly"
        message = f"must have {least} one group, and no other but (?:...)"
        raise ExpressionError(message)
    choices = _CHOICE.findall(bare.replace("(?:", "("))
    if _REPEATED_GROUP.search(bare) or len(choices) > _MAX_CHOICES:
        message = f"must repeat no group, and have at most {_MAX_CHOICES} of * + ? {{}} |"
        raise ExpressionError(message)
    endless = [choice for choice in choices if choice[0] in "*+" or ",}" in choice]
    if len(endless) > _MAX_ENDLESS:
        message = f"must have at most {_MAX_ENDLESS} of * + {{n,}}"
        raise ExpressionError(message)
    return pattern
