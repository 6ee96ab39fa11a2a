"""Wrong certificates: fields, numbers and the text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from bases import Base, base
from bending import Bend, Wrong, adding, at_path, number, put, rename_if_possible, text

_OBJECTS = {
    "the certificate": ("signatures", ""),
    "problem": ("signatures", "problem"),
    "constraints": ("signatures", "constraints"),
    "a group": ("signatures", "constraints.groups.0"),
    "a resource": ("signatures", "constraints.resources.0"),
    "proof": ("signatures", "proof"),
    "proof of pairs": ("pairs", "proof"),
    "proof of k_center": ("k_center", "proof"),
    "a block": ("signatures", "proof.points.0"),
    "a shift": ("signatures", "proof.shifts.0"),
    "a branch on an item": ("signatures", "@item"),
    "a branch on a number": ("signatures", "@number"),
    "a branch on a total": ("signatures", "@total"),
    "a bound": ("signatures", "@point"),
    "an empty end": ("signatures", "@end+multipliers"),
}
_OPTIONAL = {"scale", "shift"}


def _lacking(path: str, name: str) -> Bend:
    def bend(b: Base) -> None:
        there = at_path(b, path)
        del there[name]
        if path.startswith("constraints"):
            rename_if_possible(b)

    return bend


def _twice(path: str) -> Bend:
    """Return a bend that writes the first field of an object a second time, with its own value."""

    def bend(b: Base) -> None:
        there = at_path(b, path)
        name = next(iter(there))
        there["@twice"] = there[name]
        b.text = json.dumps(b.cert).replace('"@twice"', json.dumps(name))

    return bend


def wrong_fields() -> Iterator[tuple[str, Wrong]]:
    """Yield objects with a field too many, too few, or twice."""
    for what, (name, path) in _OBJECTS.items():
        for field in list(at_path(base(name), path)):
            if field not in _OPTIONAL:
                rule = "What is refused: a missing field"
                yield f"{what} lacks {field}", Wrong(rule, name, _lacking(path, field))
        extra = adding(path, "comment", "hello")
        yield f"{what} has a field more", Wrong("What is refused: an unknown field", name, extra)
        rule = "The certificate: no name of a field occurs twice"
        yield f"{what} has a field twice", Wrong(rule, name, _twice(path))
    for name in ("pairs", "facility", "coverage", "design", "k_center", "sum"):
        for field, value in (("top", 100.0), ("shifts", [])):
            bend = adding("proof", field, value)
            rule = "The certificate: top and shifts of signatures only"
            yield f"{name} has {field}", Wrong(rule, name, bend)


_NUMBERS = {
    "budget": "signatures",
    "total_cost": "signatures",
    "objective": "signatures",
    "upper_bound": "signatures",
    "constraints.resources.0.limit": "signatures",
    "proof.top": "signatures",
    "proof.shifts.0.value": "signatures",
    "@total.total": "signatures",
    "@scale.scale": "signatures",
    "@point+multipliers.multipliers.budget": "signatures",
    "@end+multipliers.multipliers.budget": "signatures",
}
_WHOLES = {
    "problem.items": "signatures",
    "constraints.include.0": "signatures",
    "constraints.exclude.0": "signatures excluded",
    "constraints.labelled.0": "signatures labelled",
    "constraints.min_items": "signatures",
    "constraints.max_items": "signatures",
    "constraints.groups.0.items.0": "signatures",
    "constraints.groups.0.minimum": "signatures",
    "constraints.groups.0.maximum": "signatures",
    "selected.0": "signatures",
    "proof.points.0.items.0": "signatures",
    "proof.points.0.rows": "signatures",
    "proof.shifts.0.items.0": "signatures",
    "@item.item": "signatures",
    "@number.number": "signatures",
    "@point.point": "signatures",
    "@shift.shift": "signatures",
    "@taken.taken.0": "signatures",
    "@refused.refused.0": "signatures",
}


def _overflowing(path: str) -> Bend:
    """Return a bend that writes a number that JSON can say, and float64 cannot."""

    def bend(b: Base) -> None:
        put(path, "@huge")(b)
        b.text = json.dumps(b.cert).replace('"@huge"', "1e999")

    return bend


def wrong_numbers() -> Iterator[tuple[str, Wrong]]:
    """Yield numbers that are none, of every field."""
    kinds = {
        "is a boolean": True, "is a string": "1", "is null": None, "is a list": [1.0],
        "is NaN": math.nan, "is infinite": math.inf, "is minus infinity": -math.inf,
    }  # fmt: skip
    for path, name in (_NUMBERS | _WHOLES).items():
        for kind, value in kinds.items():
            if kind == "is null" and path.endswith(("max_items", "maximum")):
                continue
            rule = "The certificate: a number is finite and no boolean"
            yield f"{path} {kind}", Wrong(rule, name, number(path, value))
    for path, name in (_NUMBERS | _WHOLES).items():
        rule = "The certificate: a number is finite"
        yield f"{path} is 1e999", Wrong(rule, name, _overflowing(path))
    for path, name in _WHOLES.items():
        rule = "The certificate: an item is a whole number"
        yield f"{path} is 0.5", Wrong(rule, name, number(path, 0.5))
        pointed = number(path, lambda b, path=path: float(at_path(b, path)))
        yield f"{path} has a point", Wrong(rule, name, pointed)
        if not path.endswith(".number"):
            yield f"{path} is -1", Wrong(rule, name, number(path, -1))
    for rule in ("include.0", "exclude.0", "labelled.0", "groups.0.items.0"):
        path = f"constraints.{rule}"
        bend = number(path, lambda b: b.cert["problem"]["items"])
        yield f"{path} is n", Wrong("The certificate: items are 0 to n - 1", _WHOLES[path], bend)
    for path in ("selected.-1", "proof.points.0.items.4", "proof.shifts.0.items.1", "@item.item"):
        bend = number(path, lambda b: b.cert["problem"]["items"])
        yield f"{path} is n", Wrong("The certificate: items are 0 to n - 1", "signatures", bend)


def _replace(old: str, new: str) -> Bend:
    return text(lambda s: s.replace(old, new, 1))


def wrong_texts() -> Iterator[tuple[str, Wrong]]:
    """Yield texts that are no certificate."""
    rule = "The certificate: one JSON object"
    for what, change in {
        "the file is empty": lambda _: "",
        "the file is cut off": lambda s: s[:-20],
        "something follows the object": lambda s: s + "{}",
        "a list around the object": lambda s: f"[{s}]",
        "a string": lambda _: '"seedal-certificate/3"',
        "a million brackets": lambda _: "[" * 1_000_000,
    }.items():
        yield what, Wrong(rule, "signatures", text(change))
    rule = "The certificate: a number is finite"
    yield (
        "1e999 for a budget",
        Wrong(rule, "signatures", _replace('"budget": 1', '"budget": 1e9991')),
    )
    huge = _replace('"item": ', '"item": 1' + "0" * 400)
    yield "an item of 400 digits", Wrong(rule, "signatures", huge)
    longer = _replace('"min_items": ', '"min_items": 1' + "0" * 5000)
    yield "a number of 5000 digits", Wrong(rule, "signatures", longer)
    for version in ("seedal-certificate/2", "seedal-certificate/4", "SEEDAL-certificate/3", "", 2):
        bend = put("format", version)
        yield f"format {version!r}", Wrong("The format has a version", "signatures", bend)
