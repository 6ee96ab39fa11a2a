"""The constraints that a certificate states, read as carefully as the rest of it."""

from collections.abc import Mapping
from typing import Any

from solver.check.reading import get, index, mapping, number, require, sequence


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
