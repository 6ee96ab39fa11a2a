"""Decode JSON that nobody has vetted."""

import json
from collections import Counter

from features.errors import SourceError


def decode_json(text: bytes, place: str) -> object:
    """Return the value of a JSON text.

    Parameters
    ----------
    text
        UTF-8, one line.
    place
        Where it stands, for errors.

    Raises
    ------
    SourceError
        The text is not JSON, is nested too deeply, or has a key twice in an object.
    """
    try:
        value: object = json.loads(text.decode(), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise SourceError(place, f"byte {error.start + 1} of the line is not UTF-8") from error
    except json.JSONDecodeError as error:
        raise SourceError(place, f"not JSON ({error.msg} at column {error.colno})") from error
    except RecursionError as error:
        raise SourceError(place, "the JSON is nested too deeply") from error
    except ValueError as error:  # a repeated key, a number with thousands of digits
        raise SourceError(place, f"not usable JSON ({error})") from error
    return value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Build an object; JSON lets a key stand twice, which would silently drop a value."""
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        message = f"the key {counts.most_common(1)[0][0]!r} stands twice in an object"
        raise ValueError(message)
    return result
