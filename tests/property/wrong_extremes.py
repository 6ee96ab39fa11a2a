"""Wrong certificates: numbers so small, so large or so short that float64 forgets something."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from bases import Base
from bending import Bend, Wrong
from small_certificates import Json, block, fingerprint

_DENORMAL = 5e-324
_RULES: Json = {
    "include": [], "exclude": [], "labelled": [], "min_items": 0, "max_items": None, "groups": [],
    "resources": [],
}  # fmt: skip
_BOUNDED: Json = {"end": "bounded"}


def _node(**more: object) -> Json:
    return {"point": 0, "multipliers": {}, "taken": [], "refused": [], **more}


def _forged(
    arrays: dict[str, Any],
    tree: list[Json],
    value: float | None,
    *,
    selected: tuple[int, ...] = (),
    budget: float = 10.0,
    rules: Json | None = None,
    proof: Json | None = None,
    bound: float | None = None,
) -> Bend:
    """Return a bend that replaces problem and certificate; no value means infeasible."""

    def bend(b: Base) -> None:
        b.arrays = {name: np.asarray(given) for name, given in arrays.items()}
        stated = {**_RULES, **(rules or {})}
        cost = float(sum(b.arrays["costs"][list(selected)].tolist()))
        b.cert = {
            "format": b.cert["format"], "problem": fingerprint(b.arrays, budget, stated),
            "budget": budget, "constraints": stated,
            "status": "infeasible" if value is None else "feasible", "selected": list(selected),
            "total_cost": None if value is None else cost, "objective": value,
            "upper_bound": value if bound is None else bound,
            "proof": {"tree": tree, "points": [], **(proof or {})},
        }  # fmt: skip

    return bend


def _signatures(w: list[float], m: list[Any], **more: object) -> dict[str, Any]:
    return {
        "objective": "signatures", "weights": w, "vectors": m, "costs": [1.0] * len(w), **more,
    }  # fmt: skip


def _small_multipliers() -> Iterator[tuple[str, Wrong]]:
    """Yield denormal multiples of three items of 0.6, which keep a budget of 1.8 themselves."""
    y = {"budget": _DENORMAL}
    needed = {"include": [0, 1, 2]}
    utilities = {"objective": "pairs", "utilities": np.zeros((4, 4)), "costs": [0.6] * 3 + [0.0]}
    ends = [{"end": "empty", "multipliers": y}]
    rule = "What the rules decide: what the multipliers show, in real numbers"
    bend = _forged(utilities, ends, None, budget=1.8, rules=needed)
    yield "feasible called infeasible by a denormal multiplier", Wrong(rule, "pairs", bend)
    rule = "Points: pairs: bounds are rounded down in real numbers"
    bend = _forged(
        {**utilities, "profits": [0.0, 0.0, 0.0, -1.0]},
        [_node(multipliers=y), _BOUNDED],
        -1.0,
        selected=(0, 1, 2, 3),
        budget=1.8,
        rules=needed,
        proof={"points": [block([], [[]])]},
    )
    yield "a bound of 0 is rounded to -1 by a denormal multiplier", Wrong(rule, "pairs", bend)


def _small_weights() -> Iterator[tuple[str, Wrong]]:
    """Yield weights whose products float64 cannot hold, times lengths that make them large."""
    rule = "Points: signatures: d_i, in real numbers"
    long = _signatures([1e-165, 1e-165], [[3e153], [-3e153]])
    proof = {"points": [block([], [[]])], "top": 1e-160, "shifts": []}
    bend = _forged(long, [_node(), _BOUNDED], 0.0, proof=proof)
    yield (
        "a pair whose weights' product underflows is worth nothing",
        Wrong(rule, "signatures", bend),
    )
    rule = "Points: signatures: a row times its scale"
    w = [1e-16] * 3
    few = _signatures(w, [[0.6, 0.8], [0.6, -0.8], [1.0, 0.0]], costs=[1.0, 1.0, 10.0])
    # A row of one denormal number: 0.6 of it is as much as all of it, and 1.28e-32 can be had.
    proof = {"points": [block([2], [[5e-308]])], "top": 2.81e-16, "shifts": []}
    bend = _forged(few, [_node(scale=2.83e307), _BOUNDED], 0.0, bound=1e-32, proof=proof)
    yield "denormal numbers of a row times a huge scale", Wrong(rule, "signatures", bend)
    rule = "Points: signatures: a shift, in real numbers"
    # The square of this weight is between 0 and the least float64, and its double is nearer.
    one = _signatures([1.6e-162], [[1e154]], profits=[4e-17])
    shift = {"items": [0], "value": 4e-16}
    proof = {"points": [block([0], [[0.5]])], "top": 1e-160, "shifts": [shift]}
    tree = [_node(shift=0), _BOUNDED]
    bend = _forged(one, tree, 0.0, bound=0.0, proof=proof)
    yield (
        "a shift that the square of a small weight was rounded to",
        Wrong(rule, "signatures", bend),
    )


def _infinite_scales() -> Iterator[tuple[str, Wrong]]:
    """Yield scales that overflow, and would grant everything."""
    rule = "What is proven: the tolerance is a number"
    heavy = _signatures([1e200, 1.0], [[1.0], [-1.0]])
    proof = {"top": 2e200, "shifts": []}
    bend = _forged(heavy, [_BOUNDED], 123.0, selected=(0,), proof=proof)
    yield "signatures: the square of a weight overflows", Wrong(rule, "signatures", bend)
    design = {
        "objective": "design", "costs": [1.0, 99.0], "factors": [[1.0], [1e160]], "sizes": [1, 1],
        "ridge": 1.0, "prior": [[1.0]],
    }  # fmt: skip
    bend = _forged(design, [_BOUNDED], 123.0, selected=(0,))
    yield "design: the trace overflows", Wrong(rule, "design", bend)
    terms = {f"term0_{k}": a for k, a in design.items() if k not in {"objective", "costs"}}
    both = {
        "objective": "sum", "terms": np.array(["design"]), "shares": [1.0],
        "costs": design["costs"], **terms,
    }  # fmt: skip
    bend = _forged(both, [_BOUNDED], 123.0, selected=(0,))
    yield "sum: the trace overflows", Wrong(rule, "sum", bend)


def _short_numbers() -> Iterator[tuple[str, Wrong]]:
    """Yield numbers that are compared in float32, and whole ones that just fit float64."""
    rule = "The problem: the nearest float64 of each number is what is meant"
    ends = [{"end": "empty", "multipliers": {}}]
    for kind in (np.float32, np.float16):
        d = np.array([[0.1]], dtype=kind)
        r = float(d[0, 0]) * (1.0 + float(np.finfo(kind).eps) / 8.0)
        arrays = {"objective": "k_center", "costs": [1.0], "distances": d, "reach": [r]}
        bend = _forged(arrays, ends, -r)
        name = f"k_center: a radius between numbers of {np.dtype(kind)}"
        yield name, Wrong(rule, "k_center", bend)
    shared = {
        "objective": "sum", "costs": [1.0], "shares": np.array(["1e-4000"], dtype=np.longdouble),
        "terms": np.array(["coverage"]), "term0_amounts": [[1.0]], "term0_weights": [1.0],
        "term0_held": [0.0],
    }  # fmt: skip
    proof = {"points": [block([0], [[0.0]])]}
    bend = _forged(shared, [_node(), _BOUNDED], 0.0, bound=1.0, proof=proof)
    yield "sum: a share that is 0 as float64", Wrong(rule, "sum", bend)
    half = 2.0**51
    whole = {
        "objective": "pairs", "costs": [1.0, 1.0], "utilities": [[0.0, half], [half, 0.0]],
        "profits": [2.0 * half + 1.0, 5.0],
    }  # fmt: skip
    bend = _forged(
        whole,
        [_node(), _BOUNDED],
        2.0**52 + 2.0**51 + 4.0,
        selected=(0, 1),
        proof={"points": [block([], [[]])]},
    )
    rule = "Points: pairs: each pair once"
    yield "whole worths that sum to less than 2^53 have a tolerance", Wrong(rule, "pairs", bend)


def wrong_extremes() -> Iterator[tuple[str, Wrong]]:
    """Yield certificates of problems of their own."""
    yield from _small_multipliers()
    yield from _small_weights()
    yield from _infinite_scales()
    yield from _short_numbers()
