"""Rules from a JSON file, and other JSON files of users.

Whatever is wrong with a file is one sentence that begins with its name.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from app.choosing.constraints import ConstraintsFile
from app.errors import InvalidRequestError
from features.files.numbers import no_constant
from features.limits import MAX_DOCUMENT_BYTES


def read_constraints(path: Path) -> ConstraintsFile:
    """Read the rules of a JSON file.

    Raises
    ------
    InvalidRequestError
        When it cannot be read, or a member is not as it should be; the sentence names both.
    """
    try:
        return ConstraintsFile.model_validate(read_json(path))
    except ValidationError as error:
        detail = f"{path}: {_mistake(error)}"
        raise InvalidRequestError(detail) from error


_RULES: Final[Mapping[str, str]] = {
    "tuple_type": "a list",
    "model_type": "an object",
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "greater_than_equal": "at least {ge:g}",
    "less_than_equal": "at most {le:g}",
}
"""What a value must be, by pydantic's name of the mistake."""


def _mistake(error: ValidationError) -> str:
    """Return the first thing that is wrong, as a sentence."""
    first = error.errors()[0]
    known = ", ".join(ConstraintsFile.model_fields)
    member = "/".join(map(str, first["loc"]))
    if not member:
        return f"rules are an object with {known}; it is {first['input']!r:.100}."
    if first["type"] == "extra_forbidden":
        *inside, name = first["loc"]
        if inside:
            return f"{'/'.join(map(str, inside))} has a member {name!r} that no rule has."
        return f"there is no rule {name!r}; the rules are {known}."
    if first["type"] == "missing":
        return f"{member} is missing."
    if first["type"] in _RULES:
        rule = _RULES[first["type"]].format(**first.get("ctx", {}))
        return f"{member} must be {rule}, not {first['input']!r:.100}."
    return f"{member}: {first['msg']}."


def read_json(path: Path) -> object:
    """Read a JSON document.

    Raises
    ------
    InvalidRequestError
        When it cannot be read or is no JSON; the sentence begins with the path.
    """
    content = read_bytes(path)
    try:
        return json.loads(content, parse_constant=no_constant)
    except (ValueError, RecursionError) as error:
        detail = f"{path}: it is not JSON ({error})."
        raise InvalidRequestError(detail) from error


def read_bytes(path: Path) -> bytes:
    """Read a regular file.

    Raises
    ------
    InvalidRequestError
        When it cannot be read; the sentence begins with the path.
    """
    try:
        if not path.is_file():
            reason = "it is not a regular file" if path.exists() else "there is no such file"
            detail = f"{path}: {reason}."
            raise InvalidRequestError(detail)
        if path.stat().st_size > MAX_DOCUMENT_BYTES:
            detail = f"{path}: it has more than {MAX_DOCUMENT_BYTES:,} bytes."
            raise InvalidRequestError(detail)
        return path.read_bytes()
    except OSError as error:
        detail = f"{path}: cannot be read ({error.strerror or error})."
        raise InvalidRequestError(detail) from error
