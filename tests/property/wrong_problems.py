"""Wrong certificates: the problem and the rules that were asked."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from bases import FEASIBLE, Base, base
from bending import Bend, Wrong, array, number, put, writing


def _store(name: str, value: Any) -> Bend:
    def bend(b: Base) -> None:
        b.arrays[name] = np.array(value(b) if callable(value) else value)

    return bend


def _forget(name: str) -> Bend:
    def bend(b: Base) -> None:
        del b.arrays[name]

    return bend


def wrong_problems() -> Iterator[tuple[str, Wrong]]:
    """Yield certificates of another problem."""
    rule = "The certificate names the problem by sha256"
    for name in FEASIBLE:
        keys = [key for key in base(name).arrays if key not in ("objective", "terms", "ids")]
        for key in keys:

            def bend(b: Base, key: str = key) -> None:
                values = b.arrays[key].astype(float)
                values.ravel()[:1] = values.ravel()[:1] * 0.5 + 0.3125
                b.arrays[key] = values

            if base(name).arrays[key].size and "sizes" not in key:
                yield f"{name}: another number in {key}", Wrong(rule, name, bend)
    yield "another objective", Wrong(rule, "signatures", put("problem.objective", "pairs"))
    yield (
        "terms in another order",
        Wrong(rule, "sum", put("problem.objective", ["sum", "design", "coverage"])),
    )
    yield "an item more", Wrong(rule, "signatures", put("problem.items", 6))
    yield "another hash", Wrong(rule, "signatures", put("problem.sha256", "0" * 64))
    yield "no hash", Wrong(rule, "signatures", put("problem.sha256", ""))
    yield (
        "names of items appear",
        Wrong(
            rule,
            "signatures",
            _store("ids", lambda b: [f"x{i}" for i in range(len(b.arrays["costs"]))]),
        ),
    )
    yield "another budget", Wrong(rule, "signatures", put("budget", lambda b: b.cert["budget"] + 1))
    yield "another rule", Wrong(rule, "signatures", put("constraints.min_items", 1))
    rule = "The problem: what was asked"
    yield "the file asks another budget", Wrong(rule, "signatures", _store("budget", 7.25))
    other = json.dumps({**base("signatures").rules, "min_items": 0})
    yield "the file asks other rules", Wrong(rule, "signatures", _store("constraints", other))
    yield "the file's rules are no JSON", Wrong(rule, "signatures", _store("constraints", "{"))


def wrong_files() -> Iterator[tuple[str, Wrong]]:
    """Yield problems that the page does not describe."""
    rule = "The problem: its arrays"
    negative, nan, short = writing(0, -1.0), writing(0, math.nan), (lambda v: v[:-1])
    for name, key in {
        "signatures": "weights", "facility": "similarities", "coverage": "amounts",
        "k_center": "distances",
    }.items():  # fmt: skip
        yield f"{name}: {key} below 0", Wrong(rule, name, array(key, negative))
    for name, key in {
        "facility": "demands", "coverage": "held", "k_center": "reach", "sum": "shares",
        "signatures": "costs", "design": "ridge",
    }.items():  # fmt: skip
        yield f"{name}: {key} below 0", Wrong(rule, name, array(key, negative))
    for name, key in {
        "signatures": "vectors", "pairs": "utilities", "facility": "served", "design": "factors",
        "coverage": "weights",
    }.items():  # fmt: skip
        yield f"{name}: NaN in {key}", Wrong(rule, name, array(key, nan))
        yield f"{name}: {key} too short", Wrong(rule, name, array(key, short))
        yield f"{name}: no {key}", Wrong(rule, name, _forget(key))
    uneven = writing(1, 99.0)
    yield "utilities not symmetric", Wrong(rule, "pairs", array("utilities", uneven))
    yield "utilities with a diagonal", Wrong(rule, "pairs", array("utilities", writing(0, 1.0)))
    yield (
        "costs are booleans",
        Wrong(rule, "signatures", _store("costs", lambda b: b.arrays["costs"] > 1)),
    )
    yield (
        "costs are strings",
        Wrong(rule, "signatures", _store("costs", lambda b: b.arrays["costs"].astype(str))),
    )
    yield (
        "costs are complex",
        Wrong(rule, "signatures", _store("costs", lambda b: b.arrays["costs"] + 0j)),
    )
    yield "sizes add up to less", Wrong(rule, "design", array("sizes", writing(0, 0.0)))
    yield "ridge is 0", Wrong(rule, "design", array("ridge", writing(0, 0.0)))
    yield "prior not symmetric", Wrong(rule, "design", array("prior", uneven))
    yield "prior not definite", Wrong(rule, "design", array("prior", lambda v: -v))
    yield "an objective that is none", Wrong(rule, "signatures", _store("objective", "volume"))
    yield "a sum of something else", Wrong(rule, "sum", _store("terms", ["coverage", "k_center"]))
    yield "a resource that is not there", Wrong(rule, "signatures", _forget("resource_hours"))
    yield "a resource below 0", Wrong(rule, "signatures", array("resource_hours", negative))


def _unused(name: str, value: float) -> Bend:
    """Return a bend of what is said of an excluded item: no bound and no sum needs it."""

    def bend(b: Base) -> None:
        values = b.arrays[name].astype(float)
        values[b.rules["exclude"][0]] = value
        b.arrays[name] = values
        b.rename()

    return bend


def _renaming(bend: Bend) -> Bend:
    def both(b: Base) -> None:
        bend(b)
        b.rename()

    return both


def wrong_forms() -> Iterator[tuple[str, Wrong]]:
    """Yield problems of which the form is wrong, or a number that nothing needs."""
    rule, name = "The problem: its arrays", "signatures excluded"
    for value in (math.nan, math.inf, -math.inf):
        for key in ("costs", "weights", "vectors"):
            wrong = Wrong(rule, name, _unused(key, value))
            yield f"{key} of an excluded item is {value}", wrong
    for key in ("costs", "weights"):
        yield f"{key} of an excluded item below 0", Wrong(rule, name, _unused(key, -0.5))
    aside = array("utilities", lambda v: v + np.triu(np.full_like(v, 1e-13), 1))
    yield "utilities hardly not symmetric", Wrong(rule, "pairs", aside)
    leaning = array(
        "prior", writing(1, math.nextafter(float(base("design").arrays["prior"][0, 1]), 9))
    )
    yield "prior hardly not symmetric", Wrong(rule, "design", leaning)
    rule = "The problem: shapes"
    for name, key in {
        "signatures": "weights", "pairs": "costs", "facility": "demands", "coverage": "held",
        "design": "sizes", "k_center": "reach", "sum": "shares",
    }.items():  # fmt: skip
        wrong = Wrong(rule, name, _renaming(_store(key, lambda b, k=key: b.arrays[k][:, None])))
        yield f"{name}: {key} in a column", wrong
    flat = Wrong(rule, "design", _renaming(_store("ridge", lambda b: b.arrays["ridge"][None])))
    yield "ridge in a list", flat
    wide = Wrong(rule, "k_center", _renaming(_no_points))
    yield "k_center without points", wide
    parted = Wrong(rule, "design", _renaming(_half_rows))
    yield "sizes that are not whole", parted
    for what, value in {
        "a list": ["signatures"], "bytes": b"signatures", "a number": 1.0
    }.items():  # fmt: skip
        yield (
            f"the objective is {what} in the file",
            Wrong(rule, "signatures", _store("objective", value)),
        )
    yield "a sum without terms", Wrong(rule, "sum", _forget("terms"))
    yield "terms are one string", Wrong(rule, "sum", _store("terms", "coverage"))
    yield "one term too many", Wrong(rule, "sum", _store("terms", ["coverage", "design", "design"]))
    few = _renaming(_store("ids", ["a", "b"]))
    yield "too few ids", Wrong(rule, "signatures", few)
    listed = _store("budget", lambda b: [b.cert["budget"]])
    yield "the file's budget in a list", Wrong(rule, "signatures", listed)
    yield "the file's budget is NaN", Wrong(rule, "signatures", _store("budget", math.nan))
    dumped = _store("constraints", lambda b: json.dumps({**b.rules, "comment": 1}))
    yield "the file's rules have a field more", Wrong(rule, "signatures", dumped)
    parts = _store("constraints", lambda b: [json.dumps(b.rules)])
    yield "the file's rules in a list", Wrong(rule, "signatures", parts)


def _no_points(b: Base) -> None:
    b.arrays["reach"] = np.zeros(0)
    b.arrays["distances"] = np.zeros((len(b.arrays["costs"]), 0))


def _half_rows(b: Base) -> None:
    sizes = b.arrays["sizes"].astype(float)
    some = np.flatnonzero(sizes)[:2]
    sizes[some] += (0.5, -0.5)
    b.arrays["sizes"] = sizes


def wrong_rules() -> Iterator[tuple[str, Wrong]]:
    """Yield rules that are no rules."""
    rule, name = "The certificate: constraints", "signatures labelled"
    for path, value in {
        "budget": -1.0,
        "constraints.include": [3, 3],
        "constraints.exclude": [1, 0],
        "constraints.labelled": [2, 2],
        "constraints.groups.1.items": [5, 4, 2, 0],
        "constraints.groups.1.name": "a",
        "constraints.groups.0.name": 5,
        "constraints.resources.0.limit": -1.0,
        "constraints.groups": {},
        "constraints.resources": None,
    }.items():
        yield f"{path} is {value!r}", Wrong(rule, name, number(path, value))
    for path in ("budget", "constraints.resources.0.limit"):
        wrong = Wrong(rule, "signatures infeasible", number(path, -1.0))
        yield f"infeasible, for {path} is below 0", wrong
    third = {"name": "c", "items": [0], "minimum": 0, "maximum": None}
    more = number("constraints.groups", lambda b: [*b.rules["groups"], third])
    yield "a third group shares an item", Wrong(rule, name, more)
    shared = number("constraints.groups.1.items", [0, 1, 2, 4, 5])
    yield "two groups share an item", Wrong(rule, name, shared)
    again = number("constraints.resources", lambda b: b.rules["resources"] * 2)
    yield "a resource's name twice", Wrong(rule, name, again)
    lost = number("constraints.resources.0.name", "days")
    yield "a resource of another name", Wrong(rule, name, lost)
    large = put("budget", sys.float_info.max, rename=True)
    yield "a budget that overflows", Wrong("The rules: budget", "signatures", large)
