"""Read a certificate that anyone may have written: each value is of its kind, or it is refused."""

import base64
import binascii
import json
import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# No whole number of a certificate is larger: float64 holds every one up to here.
_LARGEST = 2**53


class CertificateError(ValueError):
    """A certificate, or the problem that it is about, does not hold; says what, and where."""


def require(*, holds: object, otherwise: str) -> None:
    """Raise `CertificateError` with a sentence unless something holds.

    What is compared with a number that is none does not hold: comparisons are written so that this
    refuses.
    """
    if not holds:
        fail(otherwise)


def fail(message: str) -> NoReturn:
    """Refuse, with a sentence."""
    raise CertificateError(message)


def malformed(what: str) -> NoReturn:
    """Refuse something that the specification does not know."""
    fail(f"The certificate is malformed: {what}.")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            malformed(f"the field {key!r} occurs twice")
        found[key] = value
    return found


def _no_number(text: str) -> object:
    malformed(f"{text} is no number")


def parse(text: str | bytes) -> Mapping[str, object]:
    """Return the JSON object of a certificate.

    Raises
    ------
    CertificateError
        It is no JSON object, or names a field twice.
    """
    try:
        content = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except CertificateError:
        raise
    except (ValueError, RecursionError):
        malformed("it is not JSON")
    return fields_of(content, "it")


def fields_of(value: object, name: str) -> Mapping[str, object]:
    """Return a JSON object."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        malformed(f"{name} is not an object")
    return value


def record(
    value: object, name: str, needed: Collection[str], optional: Collection[str] = ()
) -> Mapping[str, object]:
    """Return a JSON object that has all fields that it must, and none that is not known."""
    found = fields_of(value, name)
    for key in needed:
        if key not in found:
            malformed(f"{name} has no {key}")
    for key in found:
        if key not in needed and key not in optional:
            malformed(f"{name} has a field {key!r} that is not known")
    return found


def sequence(value: object, name: str) -> Sequence[object]:
    """Return a JSON array."""
    if not isinstance(value, list | tuple):
        malformed(f"{name} is not an array")
    return value


def number(value: object, name: str, least: float = -math.inf) -> float:
    """Return a finite number of at least `least`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            result = float(value)
        except OverflowError:
            result = math.inf
        if math.isfinite(result) and result >= least:
            return result
    at_least = f" of at least {least:g}" if least > -math.inf else ""
    malformed(f"{name} is not a finite number{at_least}")


def whole(value: object, name: str, most: int = _LARGEST) -> int:
    """Return a whole number from 0 to `most`."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
        return value
    malformed(f"{name} is not a whole number from 0 to {most}")


def text(value: object, name: str) -> str:
    """Return a text."""
    if not isinstance(value, str):
        malformed(f"{name} is not a text")
    return value


def ascending(value: object, size: int, name: str) -> npt.NDArray[np.int64]:
    """Return numbers below `size` that ascend, so that none occurs twice."""
    entries = sequence(value, name)
    items = np.array([whole(entry, f"an item of {name}", size - 1) for entry in entries], np.int64)
    require(
        holds=bool((np.diff(items) > 0).all()),
        otherwise=f"The certificate is malformed: {name} is not in ascending order.",
    )
    return items


def numbers(value: object, dtype: object, size: int, name: str) -> Array:
    """Return `size` finite numbers from base64, as float64."""
    kind = text(dtype, "a dtype")
    if kind not in {"<f4", "<f8"}:
        malformed(f"there is no dtype {kind!r}")
    try:
        raw = base64.b64decode(text(value, name), validate=True)
    except (binascii.Error, ValueError):
        malformed(f"{name} are not base64")
    if len(raw) != size * int(kind[-1]):
        malformed(f"{name} must be {size} numbers")
    found = np.frombuffer(raw, dtype=kind).astype(np.float64)
    if not np.isfinite(found).all():
        malformed(f"{name} are not all finite")
    return found
