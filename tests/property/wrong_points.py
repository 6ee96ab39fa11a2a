"""Wrong certificates: points, shifts, and bounds that overflow."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from bases import FEASIBLE, Base
from bending import (
    HUGE,
    Bend,
    Wrong,
    adding,
    called_infeasible,
    lesser,
    of_points,
    put,
    tree,
    writing,
)
from small_certificates import Json, block


def wrong_points() -> Iterator[tuple[str, Wrong]]:
    """Yield wrong points, shifts and tops."""
    rule = "Points: blocks"
    for what, bend in {
        "NaN in a point": of_points(writing(0, math.nan)),
        "infinity in a point": of_points(writing(0, math.inf)),
        "NaN in a point of float32": of_points(writing(0, math.nan), "<f4"),
        "a number too many": of_points(lambda v: [*v, 0.5]),
        "a number too few": of_points(lambda v: v[:-1]),
        "half a number too many": put(
            "proof.points.0.values", lambda b: b.cert["proof"]["points"][0]["values"][:-4]
        ),
        "no base64": put("proof.points.0.values", "????"),
        "values are a list": put("proof.points.0.values", [0.5]),
        "rows too many": put("proof.points.0.rows", 4),
        "rows too few": put("proof.points.0.rows", 2),
        "big-endian": put("proof.points.0.dtype", ">f8"),
        "whole numbers": put("proof.points.0.dtype", "<i8"),
        "no dtype": put("proof.points.0.dtype", None),
        "float32 for float64": put("proof.points.0.dtype", "<f4"),
        "items descend": put("proof.points.0.items", [4, 3, 2, 1, 0]),
        "an item twice": put("proof.points.0.items", [0, 1, 2, 3, 3]),
        "points are an object": put("proof.points", {}),
        "points are null": put("proof.points", None),
        "a block is a list": put("proof.points.0", []),
    }.items():
        yield f"block: {what}", Wrong(rule, "signatures", bend)
    rule = "What is refused: a point, block or shift that is not there"
    for name in ("signatures", "pairs", "facility", "coverage", "design", "sum"):
        bend = put("@point.point", 1000)
        yield f"{name}: a point that is not there", Wrong(rule, name, bend)
        bend = put("proof.points", [])
        yield f"{name}: no points", Wrong(rule, name, bend)
    yield "a shift that is not there", Wrong(rule, "signatures", put("@shift.shift", 1))
    yield "no shifts", Wrong(rule, "signatures", put("proof.shifts", []))
    rule = "Points: signatures: shifts"
    yield "a shift of 0", Wrong(rule, "signatures", put("proof.shifts.0.value", 0.0))
    yield "a shift below 0", Wrong(rule, "signatures", put("proof.shifts.0.value", -0.1))
    more = put("proof.shifts.0.value", lambda b: b.cert["proof"]["shifts"][0]["value"] * 1.2)
    yield "a shift above the eigenvalue", Wrong(rule, "signatures", more)
    yield "a huge shift", Wrong(rule, "signatures", put("proof.shifts.0.value", HUGE))
    yield "a shift's item twice", Wrong(rule, "signatures", put("proof.shifts.0.items", [0, 0]))
    fewer = put("proof.shifts.0.items", [0])
    yield "a shift that lacks an undecided item", Wrong(rule, "signatures labelled", fewer)
    singular = adding("proof", "shifts", [{"items": [0, 1, 2, 3, 4], "value": 1e-12}])
    yield "a shift of a singular matrix", Wrong(rule, "signatures", singular)
    rule = "Points: signatures: top"
    for value in (0.0, -1.0, 1e-300, -HUGE):
        bend = put("proof.top", value)
        yield f"top is {value}", Wrong(rule, "signatures", bend)
    held = put("proof.top", lambda b: float(b.arrays["weights"][b.rules["include"]].sum()))
    yield "top counts what is taken alone", Wrong(rule, "signatures", held)
    rule = "Points: scale and shift"
    yield "pairs: scale", Wrong(rule, "pairs", put("@point.scale", 1.0))
    for name in ("pairs", "facility", "coverage", "design", "sum"):
        yield f"{name}: shift", Wrong(rule, name, put("@point.shift", 0))
    yield "a level below 0", Wrong("Points: facility", "facility", of_points(writing(0, -0.1)))
    yield (
        "k_center with a block",
        Wrong("Points: k_center", "k_center", put("proof.points", [block([0], [[1.0]])])),
    )
    bound = {"point": 0, "multipliers": {}, "taken": [], "refused": []}
    yield (
        "k_center with a bound",
        Wrong("Points: k_center", "k_center", tree(lambda b: [bound, *b.tree])),
    )
    yield "a tangent at -1", Wrong("Points: coverage", "coverage", _pole)
    less = Wrong("Points: signatures: top", "signatures labelled", _low_top)
    yield "a top that makes everything worth little", less
    nothing = Wrong("Points: signatures: top", "signatures labelled", _no_top)
    yield "a top of 0 where nothing must be chosen, and nothing is called optimal", nothing
    yield (
        "infeasible with a bound",
        Wrong("The tree: infeasible", "signatures infeasible", _bounded_infeasible),
    )


def _pole(b: Base) -> None:
    """Claim that nothing is worth having, by a tangent where phi is infinite."""
    b.arrays["held"][:] = 0.0
    b.arrays["amounts"][0] = 1.0
    b.rename()
    of_points(writing(slice(None), 0.0))(b)
    of_points(writing(0, -1.0))(b)
    _forgery(0.0, "nothing")(b)


def _low_top(b: Base) -> None:
    """Claim that nothing is worth having, for the weights add up to nothing."""
    _forgery(1e-9, "top")(b)
    of_points(writing(slice(None), 0.0))(b)


def _no_top(b: Base) -> None:
    """Claim that no pair is worth having, for t is 0; no rule says that it is more."""
    b.rules.update(include=[], labelled=[], groups=[], min_items=2)
    b.rename()
    _forgery(0.0, "top")(b)
    of_points(writing(slice(None), 0.0))(b)


def _bounded_infeasible(b: Base) -> None:
    proof = b.cert["proof"]
    proof["points"] = [block([0], [[0.0]])]
    proof["tree"].insert(0, {"point": 0, "multipliers": {}, "taken": [], "refused": []})


_IN_POINTS: dict[str, Callable[[float], Callable[[np.ndarray], Any]]] = {
    "point": lambda value: writing(slice(None), value),
    "one number": lambda value: writing(0, value),
    "alternating": lambda value: lambda v: value * (-1.0) ** np.arange(len(v)),
}
_IN_NODE: dict[str, Callable[[float], Json]] = {
    "multiplier": lambda value: {"multipliers": {"budget": abs(value)}},
    "number": lambda value: {"multipliers": {"number": value}},
    "both": lambda value: {"multipliers": {"budget": abs(value), "number": -abs(value)}},
    "scale": lambda value: {"scale": value},
    "scale of large numbers": lambda value: {"scale": value},
}


def _forgery(value: float, where: str) -> Bend:
    """Return a bend that says nothing is worth having, with one huge number as its proof."""

    def bend(b: Base) -> None:
        proof = b.cert["proof"]
        if where in _IN_POINTS:
            of_points(_IN_POINTS[where](value))(b)
        if where == "scale of large numbers":
            of_points(writing(slice(None), 1e200))(b)
        node = {"point": 0, "multipliers": {}, "taken": [], "refused": []}
        node |= _IN_NODE[where](value) if where in _IN_NODE else {}
        ends = [node, {"end": "bounded"}]
        proof["tree"] = [{"total": value}, *ends, *ends] if where == "total" else ends
        if where == "top":
            proof["top"] = abs(value)
        lesser(b)

    return bend


def wrong_forged() -> Iterator[tuple[str, Wrong]]:
    """Yield forgeries: nothing is called optimal, by one huge number."""
    rule = "What is refused: any bound that is not finite when it is computed"
    anywhere = ("point", "one number", "alternating", "multiplier", "number", "both")
    for name in ("signatures", "pairs", "facility", "coverage", "design", "sum"):
        scaled = () if name in ("pairs", "facility") else ("scale", "scale of large numbers")
        ranged = ("top", "total") if name == "signatures" else ()
        for where in (*anywhere, *scaled, *ranged):
            for value in (HUGE, -HUGE, 1e155):
                bend = _forgery(value, where)
                yield f"{name}: {value} in {where}", Wrong(rule, name, bend)
    rule = "What is refused: a bound that is not finite, of an empty end"
    for name in FEASIBLE:
        for value in (HUGE, 1e155):
            for y in (
                {"budget": value}, {"number": value}, {"number": -value},
                {"budget": value, "number": -value}, {"budget": value, "number": value},
            ):  # fmt: skip
                bend = called_infeasible([{"end": "empty", "multipliers": y}])
                yield f"{name}: feasible called infeasible by {y}", Wrong(rule, name, bend)
