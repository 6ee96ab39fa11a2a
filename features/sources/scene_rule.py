"""Which scene an image of a table belongs to, as the user says it.

``key:NAME`` takes the value of a key of the image's entry; anything else is a regular expression
with one group, which is searched for in the file's name.
"""

import re
from collections.abc import Callable
from typing import Final, NoReturn

from features.errors import SourceError
from features.sources.fields import Fields

Rule = Callable[[Fields], str | None]
"""Returns the scene's id for an image's entry, or nothing where its name does not match."""

_KEY: Final = "key:"
_MAX_CHOICES: Final = 4
_MAX_ENDLESS: Final = 2
_MAX_NAME: Final = 512
"""Longest file name that is searched: with two endless repetitions that takes seconds at worst."""
_ESCAPES_AND_CLASSES: Final = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_CHOICE: Final = re.compile(r"\||(?:[*+?]|\{[0-9,]+\})[?+]?")
_SPECIAL_GROUP: Final = re.compile(r"\(\?(?!:)")
_REPEATED_GROUP: Final = re.compile(r"\)\s*[*+?{]")


def parse_rule(text: str | None) -> Rule:
    """Return the rule that a text describes.

    Without a text the scene is the folder of the file's name, and an image without a folder is a
    scene of its own.

    Raises
    ------
    SourceError
        The text names no key, or is no regular expression with one group that is sure to end soon:
        no repeated group, at most four of ``* + ? {} |`` and two of them without an end, no group
        that starts with ``(?`` but ``(?:``.
    """
    if text is None:
        return _folder
    if text.startswith(_KEY):
        return _of_key(text.removeprefix(_KEY))
    return _of_pattern(_compile(text))


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
        if len(name) > _MAX_NAME:
            entry.refuse("file_name", f"has more than {_MAX_NAME} characters, too many to search")
        match = pattern.search(name)
        return match[1] or None if match else None

    return scene


def _compile(text: str) -> re.Pattern[str]:
    """Compile an expression of a form that cannot take exponential time (it may come by HTTP)."""
    try:
        pattern = re.compile(text)
    except (re.error, OverflowError, RecursionError) as error:
        _refuse(f"must be key:NAME or a regular expression ({error})")
    bare = _ESCAPES_AND_CLASSES.sub("_", text)
    if pattern.groups != 1 or _SPECIAL_GROUP.search(bare):
        _refuse("must have exactly one group, and no other but (?:...)")
    choices = _CHOICE.findall(bare.replace("(?:", "("))
    if _REPEATED_GROUP.search(bare) or len(choices) > _MAX_CHOICES:
        _refuse(f"must repeat no group, and have at most {_MAX_CHOICES} of * + ? {{}} |")
    endless = [choice for choice in choices if choice[0] in "*+" or ",}" in choice]
    if len(endless) > _MAX_ENDLESS:
        _refuse(f"must have at most {_MAX_ENDLESS} of * + {{n,}}")
    return pattern


def _refuse(rule: str) -> NoReturn:
    raise SourceError(place="scene_from", rule=rule)
