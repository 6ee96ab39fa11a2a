"""Wrong certificates: the selection and what is said of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

import numpy as np
from bases import FEASIBLE, Base
from bending import Bend, Wrong, called_infeasible, lesser, put
from small_certificates import Maker
from small_truth import keeps


def _selecting(breaks: str) -> Bend:
    """Return a bend that selects what breaks one rule and no other; the bound allows for it."""

    def bend(b: Base) -> None:
        n, rules, budget = b.cert["problem"]["items"], b.rules, b.cert["budget"]
        loose = json.loads(json.dumps(rules))
        spent = budget
        if breaks == "budget":
            spent = math.inf
        elif breaks.startswith("resources"):
            loose["resources"] = []
        elif breaks == "minimum":
            loose["groups"] = [{**group, "minimum": 0} for group in rules["groups"]]
        else:
            loose[breaks] = {"min_items": 0, "max_items": None}.get(breaks, [])
        for mask in range(2**n):
            chosen = tuple(i for i in range(n) if mask >> i & 1)
            if keeps(b.arrays, spent, loose, chosen) and not keeps(b.arrays, budget, rules, chosen):
                b.choose(list(chosen))
                return
        message = f"The base has no selection that breaks {breaks} alone."
        raise LookupError(message)

    return bend


def wrong_answers() -> Iterator[tuple[str, Wrong]]:
    """Yield what is wrong in the answer."""
    rule = "What is proven: the selection keeps every rule"
    for breaks, name in {
        "budget": "signatures", "resources": "signatures", "max_items": "pairs ruled",
        "min_items": "pairs ruled", "include": "signatures", "minimum": "pairs",
        "exclude": "pairs ruled", "labelled": "pairs labelled",
    }.items():  # fmt: skip
        yield f"the selection breaks {breaks}", Wrong(rule, name, _selecting(breaks))
    yield "a group has too many", Wrong(rule, "pairs", _grouped)
    both = Wrong(rule, "signatures labelled", _labelled_too)
    yield "the selection has the labelled items too", both
    rule = "The certificate: selected"
    yield "selected descends", Wrong(rule, "signatures", put("selected", [4, 2, 0]))
    yield "selected has an item twice", Wrong(rule, "signatures", put("selected", [0, 2, 2, 4]))
    yield "selected is null", Wrong(rule, "signatures", put("selected", None))
    rule = "The certificate: total_cost"
    for what, value in {"a little more": math.inf, "a little less": -math.inf}.items():
        bend = put("total_cost", lambda b, v=value: math.nextafter(b.cert["total_cost"], v))
        yield f"total_cost is {what}", Wrong(rule, "signatures", bend)
    rule = "What is proven: the worth"
    for name in FEASIBLE:
        for what, factor in {"too high": 1 + 1e-6, "too low": 1 - 1e-6}.items():
            yield f"{name}: worth {what}", Wrong(rule, name, _worth(factor))
    rule = "The certificate: upper_bound"
    yield "the bound is a little below the objective", Wrong(rule, "signatures", _slightly_below)
    lower = put("upper_bound", lambda b: b.cert["upper_bound"] - 0.1)
    yield "the bound is below the objective", Wrong(rule, "signatures", lower)
    higher = put("upper_bound", lambda b: b.cert["upper_bound"] + 0.1)
    yield "an optimal answer with a gap", Wrong("The certificate: status", "signatures", higher)
    for status in ("Optimal", "", None, "unknown", 1, ["optimal"]):
        bend = put("status", status)
        yield f"status {status!r}", Wrong("The certificate: status", "signatures", bend)
    for name in FEASIBLE:
        rule = "What is proven: no selection is worth more"
        yield f"{name}: a lesser answer is called optimal", Wrong(rule, name, lesser)
        rule = "What is proven: infeasible"
        for what, tree in {
            "its own tree": None, "one empty end": [{"end": "empty", "multipliers": {}}],
            "no tree": [], "one bounded end": [{"end": "bounded"}],
        }.items():  # fmt: skip
            bend = called_infeasible(tree)
            yield f"{name}: feasible called infeasible, {what}", Wrong(rule, name, bend)
        rule = "The certificate: null where the status is infeasible"
        for field in ("objective", "upper_bound", "total_cost"):
            bend = put(field, 0.0)
            yield f"{name}: infeasible with {field}", Wrong(rule, f"{name} infeasible", bend)
    rule = "Points: pairs: worths that are whole"
    for what, profits in {"by one": [1.0, 0.0], "by less than one": [0.7, 0.2]}.items():
        yield f"pairs: an answer that is less {what}", Wrong(rule, "pairs", _nothing_of(profits))
    selected = put("selected", [1, 2])
    yield "infeasible with a selection", Wrong(rule, "signatures infeasible", selected)
    feasible = put("status", "feasible")
    yield "infeasible called feasible", Wrong(rule, "signatures infeasible", feasible)


def _labelled_too(b: Base) -> None:
    chosen = sorted({*b.cert["selected"], *b.rules["labelled"]})
    b.cert |= {"selected": chosen, "total_cost": math.fsum(b.arrays["costs"][chosen])}


def _slightly_below(b: Base) -> None:
    b.cert |= {"status": "feasible", "upper_bound": b.cert["objective"] * (1 - 1e-12)}


def _grouped(b: Base) -> None:
    """Lower a group's maximum below what is selected, and prove the rest by a tree of that."""
    rules = json.loads(json.dumps(b.rules))
    rules["groups"][1] |= {"minimum": 0, "maximum": 0}
    rules["min_items"] = 0
    made = Maker(b.arrays, b.cert["budget"], rules).make()
    chosen = b.cert["selected"]
    b.cert = made
    b.choose(chosen)


def _nothing_of(profits: list[float]) -> Bend:
    """Choose nothing where one item may be chosen, and call it optimal."""

    def bend(b: Base) -> None:
        n = len(profits)
        b.arrays = {
            "objective": np.array("pairs"), "costs": np.ones(n), "utilities": np.zeros((n, n)),
            "profits": np.array(profits),
        }  # fmt: skip
        b.cert = Maker(b.arrays, 1.0, plain=True).make()
        lesser(b)

    return bend


def _worth(factor: float) -> Bend:
    def bend(b: Base) -> None:
        value = b.cert["objective"] * factor
        b.cert |= {"status": "feasible", "objective": value}
        b.cert["upper_bound"] = max(value, b.cert["upper_bound"])

    return bend
