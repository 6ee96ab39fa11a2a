"""Wrong certificates: multipliers."""

from __future__ import annotations

from collections.abc import Iterator

from bases import FEASIBLE, Base
from bending import HUGE, Bend, Wrong, put
from small_certificates import Json, Maker


def wrong_multipliers() -> Iterator[tuple[str, Wrong]]:
    """Yield multipliers that show nothing."""
    rule = "What the rules decide: signs of multipliers"
    for where, name in {"@point": "signatures", "@end+multipliers": "signatures"}.items():
        for key in ("budget", "resource hours"):
            bend = put(f"{where}.multipliers", {key: -0.01})
            yield f"{where}: {key} is negative", Wrong(rule, name, bend)
    near = put("@end.multipliers", {"point 0": 1.0})
    yield "a point's multiplier is positive", Wrong(rule, "k_center", near)
    rule = "The rules: names of multipliers"
    for key in ("budgets", "resource", "resource days", "group", "group c", "point 0", "", "hours"):
        bend = put("@point.multipliers", {key: 0.0})
        yield f"a multiplier of {key!r}", Wrong(rule, "signatures", bend)
    for key in ("point 00", "point 99", "point", "point -1"):
        bend = put("@end.multipliers", {key: 0.0})
        yield f"k_center: a multiplier of {key!r}", Wrong(rule, "k_center", bend)
    rule = "The rules: point J"
    yield "a point that a labelled item is near to", Wrong(rule, "k_center", _near_labelled)
    yield "a point that is near enough by itself", Wrong(rule, "k_center", _near_itself)
    gone = put("@end.multipliers", {"point 0": -1.0})
    yield "infeasible with a point's multiplier", Wrong(rule, "k_center infeasible", gone)
    rule = "What the rules decide: multipliers show it"
    for name in ("signatures", "pairs", "facility", "coverage", "sum"):
        bend = _robbed({})
        yield f"{name}: an empty end without its multipliers", Wrong(rule, name, bend)
        half = _robbed({"budget": 1.0})
        yield f"{name}: an empty end with half of them", Wrong(rule, name, half)
    for name in FEASIBLE:
        infeasible = f"{name} infeasible"
        bend = put("@multipliers.multipliers", {})
        yield f"{name}: infeasible without multipliers", Wrong(rule, infeasible, bend)
        for value in (HUGE, 1e-320):
            bend = put("@multipliers.multipliers", {"budget": value})
            yield f"{name}: infeasible by {value} of the budget", Wrong(rule, infeasible, bend)
    for value in ([], None, "budget", 1.0):
        bend = put("@point.multipliers", value)
        wrong = Wrong("The tree: multipliers", "signatures", bend)
        yield f"multipliers are {value!r}", wrong


def _robbed(left: Json) -> Bend:
    return put("@end+multipliers.multipliers", left)


def _without_point(b: Base, name: str, place: tuple[list[int], int] | int) -> None:
    """Make a point that has no rule, and use its multiplier in an end that is empty anyway."""
    values = b.arrays[name]
    values[place] = 0.0
    b.cert = Maker(b.arrays, b.cert["budget"], b.rules, plain=True).make()
    assert b.cert["upper_bound"] < 0
    b.node("end")["multipliers"] = {"point 0": -1.0}


def _near_labelled(b: Base) -> None:
    _without_point(b, "distances", (b.rules["labelled"], 0))


def _near_itself(b: Base) -> None:
    _without_point(b, "reach", 0)
