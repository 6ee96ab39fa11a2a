"""Read a certificate that anyone may have written: each value is of its kind, or it is refused.

The constraints that a certificate states are read as carefully as the rest of it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

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


def _items(value: object, n: int, name: str) -> list[int]:
    return [index(entry, n, name) for entry in sequence(value, name)]


def _count(value: object, name: str) -> int:
    return index(value, 2**53, name)


def _text(value: object, name: str) -> str:
    require(
        holds=isinstance(value, str),
        otherwise=f"The certificate is malformed: {name} is not a text.",
    )
    return str(value)


def stated_constraints(certificate: Mapping[str, object], n: int) -> dict[str, Any]:
    """Return the constraints of a certificate in the form of `solver.check.inputs.Inputs`.

    For a reader who asks whether a certificate holds for the constraints that it states, whatever
    they are.

    Parameters
    ----------
    certificate
        As anyone may have written it.
    n
        Number of items.

    Raises
    ------
    VerificationError
        When they are malformed.
    """
    rules = mapping(get(certificate, "constraints"), "constraints")
    most = get(rules, "max_items")
    groups = []
    for entry in sequence(get(rules, "groups"), "groups"):
        group = mapping(entry, "group")
        largest = get(group, "maximum")
        groups.append(
            {
                "name": _text(get(group, "name"), "a group's name"),
                "items": _items(get(group, "items"), n, "a group's item"),
                "minimum": _count(get(group, "minimum"), "minimum"),
                "maximum": None if largest is None else _count(largest, "maximum"),
            }
        )
    resources = []
    for entry in sequence(get(rules, "resources"), "resources"):
        resource = mapping(entry, "resource")
        resources.append(
            {
                "name": _text(get(resource, "name"), "a resource's name"),
                "limit": number(get(resource, "limit"), "limit"),
            }
        )
    return {
        **{name: _items(get(rules, name), n, name) for name in ("include", "exclude", "labelled")},
        "min_items": _count(get(rules, "min_items"), "min_items"),
        "max_items": None if most is None else _count(most, "max_items"),
        "groups": groups,
        "resources": resources,
    }
