"""Which scene an image of a table belongs to, as the user says it.

``key:NAME`` takes the value of a key of the image's entry; anything else is a regular expression
with one group, which is searched for in the file's name.
"""

import re
from collections.abc import Callable
from typing import Final, NoReturn

from features.errors import SourceError
from features.files.fields import Fields
from features.sources.expressions import MAX_NAME, ExpressionError, compile_expression

Rule = Callable[[Fields], str | None]
"""Returns the scene's id for an image's entry, or nothing where its name does not match."""

_KEY: Final = "key:"


def parse_rule(text: str | None) -> Rule:
    """Return the rule that a text describes.

    Without a text the scene is the folder of the file's name, and an image without a folder is a
    scene of its own.

    Raises
    ------
    SourceError
        The text names no key, or is no regular expression with one group that is sure to end soon,
        see :func:`features.sources.expressions.compile_expression`.
    """
    if text is None:
        return _folder
    if text.startswith(_KEY):
        return _of_key(text.removeprefix(_KEY))
    try:
        return _of_pattern(compile_expression(text, groups={1}))
    except ExpressionError as error:
        _refuse(f"{error}; or be key:NAME")


def _folder(entry: Fields) -> str:
    name = entry.text("file_name")
    return name.rpartition("/")[0] or name


def _of_key(key: str) -> Rule:
    if not key:
        _refuse("must name a key after key:")

    def scene(entry: Fields) -> str:
        value = entry.get(key)
        number = isinstance(value, int) and not isinstance(value, bool)
        return str(value) if number else entry.text(key)

    return scene


def _of_pattern(pattern: re.Pattern[str]) -> Rule:
    def scene(entry: Fields) -> str | None:
        name = entry.text("file_name")
        if len(name) > MAX_NAME:
            entry.refuse("file_name", f"has more than {MAX_NAME} characters, too many to search")
        match = pattern.search(name)
        return match[1] or None if match else None

    return scene


def _refuse(rule: str) -> NoReturn:
    raise SourceError(place="scene_from", rule=rule)
