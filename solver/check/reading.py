"""Reading a certificate that anyone may have written: each value is of its kind or is refused."""

import math
from collections.abc import Mapping, Sequence

from solver.model.errors import VerificationError


def require(*, holds: bool, otherwise: str) -> None:
    """Raise `VerificationError` with a sentence unless something holds."""
    if not holds:
        raise VerificationError(otherwise)


def mapping(value: object, name: str) -> Mapping[str, object]:
    """Return a JSON object."""
    if isinstance(value, Mapping):
        return value
    message = f"The certificate is malformed: {name} is not an object."
    raise VerificationError(message)


def sequence(value: object, name: str) -> Sequence[object]:
    """Return a JSON array."""
    if isinstance(value, list | tuple):
        return value
    message = f"The certificate is malformed: {name} is not an array."
    raise VerificationError(message)


def number(value: object, name: str) -> float:
    """Return a finite number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            result = float(value)
        except OverflowError:
            result = math.inf
        if math.isfinite(result):
            return result
    message = f"The certificate is malformed: {name} is not a finite number."
    raise VerificationError(message)


def index(value: object, size: int, name: str) -> int:
    """Return a whole number of at least 0 and below `size`."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < size:
        return value
    message = f"The certificate is malformed: {name} is not a whole number from 0 to {size - 1}."
    raise VerificationError(message)


def get(content: Mapping[str, object], key: str) -> object:
    """Return what a JSON object holds under a key."""
    if key in content:
        return content[key]
    message = f"The certificate is malformed: it has no {key}."
    raise VerificationError(message)


def multipliers(value: object) -> dict[str, float]:
    """Return multipliers by the name of their constraint, none of them negative."""
    named = {
        key: number(entry, f"multiplier {key}")
        for key, entry in mapping(value, "multipliers").items()
    }
    for key, entry in named.items():
        require(holds=entry >= 0, otherwise=f"The multiplier of {key} is negative: {entry!r}.")
    return named
