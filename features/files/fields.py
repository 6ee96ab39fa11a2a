"""Typed access to the values of a JSON object; every error names the place and the key."""

import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn, Self

from features.errors import SourceError

_NOT_PLAIN: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_SHORT: Final = 40
_NAMES: Final = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object and where it came from.

    Parameters
    ----------
    values
        The object.
    place
        The file and line, for errors.
    prefix
        What stands before a key in errors, for example ``"images[2]."``.
    """

    values: Mapping[str, object]
    place: str
    prefix: str = ""

    @classmethod
    def of(
        cls, value: object, place: str, name: str = "", known: Collection[str] | None = None
    ) -> Self:
        """Check that ``value`` is an object, with ``known`` keys only where they are given.

        ``name`` says what the object is called in its own record; the record itself has none.
        """
        if not isinstance(value, dict):
            raise SourceError(place, f"{name or 'the record'} must be an object, not {kind(value)}")
        fields = cls(value, place, f"{name}." if name else "")
        for key in value:
            if known is not None and key not in known:
                fields.refuse(repr(key), f"is not a known key ({', '.join(sorted(known))})")
        return fields

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def refuse(self, key: str, rule: str) -> NoReturn:
        """Raise the error for a key that breaks a rule."""
        raise SourceError(self.place, f"{self.prefix}{key} {rule}")

    def get(self, key: str) -> object:
        """Return a value that must be there."""
        if key not in self.values:
            self.refuse(key, "is missing")
        return self.values[key]

    def text(self, key: str) -> str:
        """Return a string that is not blank and that UTF-8 files and databases can hold."""
        value = self.get(key)
        if not isinstance(value, str):
            self.refuse(key, f"must be a string, not {kind(value)}")
        if not value.strip():
            self.refuse(key, "must not be empty")
        if not is_plain(value):
            self.refuse(key, "must not contain control characters or lone surrogates")
        return value

    def whole(self, key: str, least: int) -> int:
        """Return a whole number of at least ``least``; booleans are none."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.refuse(key, f"must be a whole number of at least {least}")
        return value

    def amount(self, key: str) -> float:
        """Return a finite number of at least 0; booleans are none."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.refuse(key, f"must be a number, not {_shown(value)}")
        try:
            amount = float(value)
        except OverflowError:
            amount = math.inf if value > 0 else -math.inf
        if not (math.isfinite(amount) and amount >= 0):
            self.refuse(key, f"must be finite and at least 0, not {amount:g}")
        return amount

    def items(self, key: str) -> list[object]:
        """Return a list, which is empty where the key is absent."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.refuse(key, f"must be a list, not {kind(value)}")
        return value

    def mapping(self, key: str) -> dict[str, object]:
        """Return an object that is carried through; it is empty where the key is absent."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.refuse(key, f"must be an object, not {kind(value)}")
        try:
            json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            self.refuse(key, f"cannot be written as JSON ({error})")
        return value


def is_plain(text: str) -> bool:
    """Tell whether a text is free of control characters and of lone surrogates."""
    return _NOT_PLAIN.search(text) is None


def _shown(value: object) -> str:
    """Return a short text as it is, and else what it is."""
    is_short = isinstance(value, str) and len(value) <= _SHORT
    return repr(value) if is_short else kind(value)


def kind(value: object) -> str:
    """Return a JSON value's type in a user's words."""
    return _NAMES.get(type(value), f"a {type(value).__name__}")
