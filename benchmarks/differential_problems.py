"""Random problems small enough to look at every selection, as plain data.

Every kind of rule, every objective, ties, duplicates, zeros and numbers of all sizes. A problem is
made from two numbers, a seed and its place, so any of them can be made again by itself.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from differential_model import NO_RULES, Array, Case

OBJECTIVES = ("signatures", "pairs", "facility", "coverage", "design", "k_center", "sum")
MOST_ITEMS = 14

Rng = np.random.Generator
Arrays = dict[str, Any]
T = TypeVar("T")


def _pick(rng: Rng, *choices: T) -> T:
    return choices[int(rng.integers(len(choices)))]


def _costs(rng: Rng, n: int) -> Array:
    """Return costs: whole, in tenths, equal, free, of all sizes, tiny or huge."""
    kind = _pick(rng, "whole", "whole", "tenths", "plain", "plain", "equal", "free", "wild")
    costs = {
        "whole": lambda: rng.integers(0, 50, n).astype(float),
        "tenths": lambda: rng.integers(1, 30, n) * 0.1,
        "plain": lambda: rng.lognormal(0.0, 1.0, n),
        "equal": lambda: np.full(n, float(_pick(rng, 1.0, 0.1, 7.0))),
        "free": lambda: np.zeros(n),
        "wild": lambda: 10.0 ** rng.uniform(-12, 12, n),
    }[kind]()
    if rng.random() < 0.2:
        costs = costs * (rng.random(n) < 0.6)
    return np.asarray(costs * _pick(rng, 1.0, 1.0, 1.0, 1.0, 1e-9, 1e-75, 1e9, 1e75))


def _limit(rng: Rng, costs: Array, least: float) -> float:
    """Return a limit of at least `least`: a share, a sum exactly, beside a sum, nothing, or all.

    None lies within rounding of where the tolerance of a limit ends: there a running sum of floats
    decides, and the solver does not say which way.
    """
    some = math.fsum(costs[rng.random(len(costs)) < 0.5])
    total = math.fsum(costs)
    match int(rng.integers(12)):
        case 0 | 1:
            limit = some
        case 2:
            limit = float(np.nextafter(some, 0.0))
        case 3:
            limit = some * (1.0 - 1e-9)
        case 4:
            limit = _pick(rng, 0.0, 0.0, 1e-310)
        case 5:
            limit = total
        case _:
            limit = total * float(rng.uniform(0.0, 1.1))
    return max(limit, least)


def _some(rng: Rng, items: Array, most: int) -> list[int]:
    """Return a few of some items, ascending."""
    number = min(len(items), int(rng.integers(0, most + 1)))
    return sorted(rng.choice(items, number, replace=False).tolist()) if number else []


def _range(rng: Rng, size: int, count: int | None) -> tuple[int, int | None]:
    """Return limits on a number of items, kept by `count` where that is given."""
    if count is None:
        least = int(rng.integers(0, size // 2 + 2))
        most = int(rng.integers(least, size + 2))
    else:
        least, most = int(rng.integers(0, count + 1)), int(rng.integers(count, size + 2))
    least = _pick(rng, 0, least)
    return least, _pick(rng, None, most, most, 2**53)


def _constrained(rng: Rng, case: Case) -> Case:
    """Return the case under rules of every kind, or none of a kind.

    Half of the time there is a selection that keeps them, but for the budget perhaps.
    """
    n, items = case.n, np.arange(case.n)
    witness = rng.random(n) < 0.5 if rng.random() < 0.6 else None
    has = rng.random(6) < 0.5
    rules = dict(NO_RULES)
    rules["labelled"] = _some(rng, items, 3) if has[2] else []
    free = np.setdiff1d(items, rules["labelled"])
    if witness is None:
        rules["include"] = _some(rng, items, 3) if has[0] else []
        rules["exclude"] = _some(rng, items, 3) if has[1] else []
    else:
        witness[rules["labelled"]] = False
        rules["include"] = _some(rng, np.flatnonzero(witness), 3) if has[0] else []
        rules["exclude"] = _some(rng, free[~witness[free]], 3) if has[1] else []
        if has[0] and rules["labelled"]:
            rules["include"] = sorted({*rules["include"], rules["labelled"][0]})
    if has[3]:
        count = None if witness is None else int(witness.sum())
        rules["min_items"], rules["max_items"] = _range(rng, n, count)
    if has[4]:
        rules["groups"] = _groups(rng, n, witness)
    resources = {}
    if has[5]:
        for name in ("hours", "€")[: int(rng.integers(1, 3))]:
            costs = _costs(rng, n)
            least = 0.0 if witness is None else math.fsum(costs[witness])
            resources[name] = costs
            rules["resources"] = [
                *rules["resources"],
                {"name": name, "limit": _limit(rng, costs, least)},
            ]
    budget = case.budget
    if witness is not None and rng.random() < 0.8:
        budget = max(budget, math.fsum(case.costs[witness]))
    return replace(case, rules=rules, resources=resources, budget=budget)


def _groups(rng: Rng, n: int, witness: Array | None) -> list[dict[str, Any]]:
    order, cuts = rng.permutation(n), np.sort(rng.integers(0, n + 1, 3))
    groups = []
    for name, items in zip(("a", "b", "räume"), np.split(order, cuts)[:3], strict=True):
        count = None if witness is None else int(witness[items].sum())
        least, most = _range(rng, len(items), count)
        groups.append(
            {"name": name, "items": sorted(items.tolist()), "minimum": least, "maximum": most}
        )
    return groups


def _matrix(rng: Rng, n: int, m: int) -> Array:
    """Return numbers of at least 0, with ties, zeros, or many orders of magnitude."""
    match _pick(rng, "whole", "plain", "plain", "wild"):
        case "whole":
            array = rng.integers(0, 5, (n, m)).astype(float)
        case "plain":
            array = rng.random((n, m)) * (rng.random((n, m)) < 0.7)
        case _:
            array = 10.0 ** rng.uniform(-6, 6, (n, m))
    return np.asarray(array * _pick(rng, 1.0, 1.0, 1.0, 1e-9, 1e9))


def _profits(rng: Rng, n: int) -> Array:
    match _pick(rng, "none", "none", "any", "whole", "bad", "wild"):
        case "none":
            return np.zeros(n)
        case "any":
            return np.asarray(rng.normal(0.0, 1.0, n))
        case "whole":
            return rng.integers(-40, 101, n).astype(float)
        case "bad":
            return np.asarray(-rng.lognormal(0.0, 2.0, n))
        case _:
            return np.asarray(rng.choice([-1.0, 1.0], n) * 10.0 ** rng.uniform(-9, 9, n))


def _signatures(rng: Rng, n: int) -> Arrays:
    d = int(rng.integers(1, 6))
    centres = rng.normal(size=(n, _pick(rng, 1, 1, 2, 4), d)) + _pick(rng, 0.0, 0.0, 3.0, 1e4)
    centres /= np.linalg.norm(centres, axis=2, keepdims=True)
    vectors = centres.mean(axis=1)
    weights = _pick(
        rng,
        np.ones(n),
        rng.uniform(0.0, 2.0, n),
        2.0 * 10.0 ** -rng.uniform(0, 7, n),
        rng.uniform(0.0, 2.0, n) * (rng.random(n) > 0.3),
    )
    match _pick(rng, "plain", "plain", "equal", "near", "zero", "float32"):
        case "equal":
            vectors[:] = vectors[:1]
        case "near":
            vectors = vectors[:1] * (1.0 - 1e-9 * rng.random((n, 1)))
        case "zero":
            vectors = vectors * (rng.random((n, 1)) < 0.5)
        case "float32":
            vectors = vectors.astype(np.float32).astype(float)
            # Rounding makes some longer than 1, which no vector may be.
            vectors /= np.maximum(1.0, np.linalg.norm(vectors, axis=1, keepdims=True))
    scale = float(_pick(rng, 1.0, 1.0, 1.0, 1e-9, 1e9, 1e40, 1e-100))
    return {
        "weights": weights * scale,
        "vectors": vectors,
        "profits": _profits(rng, n) * _pick(rng, scale**2, scale**2, 1.0),
    }


def _pairs(rng: Rng, n: int) -> Arrays:
    lowest = int(_pick(rng, 0, -40, -100))
    match _pick(rng, "whole", "whole", "plain", "wild", "none"):
        case "whole":
            array = rng.integers(lowest, 101, (n, n)) * (rng.random((n, n)) < 0.7)
        case "plain":
            array = rng.normal(0.3, 1.0, (n, n))
        case "wild":
            array = rng.choice([-1.0, 1.0, 1.0], (n, n)) * 10.0 ** rng.uniform(-9, 9, (n, n))
        case _:
            array = np.zeros((n, n))
    upper = np.triu(array.astype(float), k=1)
    if n > 1 and rng.random() < 0.1:
        upper[0, 1] = 1e9
    scale = float(_pick(rng, 1.0, 1.0, 1.0, 1e-9, 1e-200, 1e60))
    return {"utilities": (upper + upper.T) * scale, "profits": _profits(rng, n) * scale}


def _facility(rng: Rng, n: int) -> Arrays:
    m = int(rng.integers(0, 13))
    arrays: Arrays = {"similarities": _matrix(rng, n, m)}
    if rng.random() < 0.5:
        arrays["demands"] = rng.integers(0, 4, m).astype(float)
    if rng.random() < 0.3:
        arrays["served"] = arrays["similarities"].mean(axis=0) * (rng.random(m) < 0.5)
    return arrays


def _coverage(rng: Rng, n: int) -> Arrays:
    m = int(rng.integers(0, 7))
    arrays: Arrays = {"amounts": _matrix(rng, n, m)}
    if rng.random() < 0.5:
        arrays["weights"] = rng.integers(0, 4, m).astype(float)
    if rng.random() < 0.3:
        arrays["held"] = arrays["amounts"].mean(axis=0) * (rng.random(m) < 0.5)
    return arrays


def _design(rng: Rng, n: int) -> Arrays:
    d = int(rng.integers(1, 5))
    sizes = rng.integers(0, 4, n) if rng.random() < 0.5 else np.ones(n, dtype=np.int64)
    factors = rng.normal(size=(int(sizes.sum()), d)) * _pick(rng, 1.0, 1.0, 1e-4, 30.0)
    arrays: Arrays = {"factors": factors, "sizes": sizes, "ridge": _pick(rng, 0.1, 1.0, 3.0)}
    if rng.random() < 0.3:
        extra = rng.normal(size=(2, d))
        arrays["prior"] = np.eye(d) + extra.T @ extra
    return arrays


def _k_center(rng: Rng, n: int) -> Arrays:
    m = int(rng.integers(0, 11))
    if rng.random() < 0.5:
        items, points = rng.normal(size=(n, 1, 2)), rng.normal(size=(1, m, 2))
        distances = np.linalg.norm(items - points, axis=2)
    else:
        distances = _matrix(rng, n, m)
    arrays: Arrays = {"distances": distances}
    if rng.random() < 0.5:
        arrays["reach"] = distances.max(initial=1.0) * rng.uniform(0.2, 1.5, m)
    return arrays


_ARRAYS: dict[str, Callable[[Rng, int], Arrays]] = {
    "signatures": _signatures,
    "pairs": _pairs,
    "facility": _facility,
    "coverage": _coverage,
    "design": _design,
    "k_center": _k_center,
}


def _sum(rng: Rng, n: int) -> tuple[Arrays, tuple[str, ...]]:
    terms = _pick(rng, ("coverage", "design"), ("coverage", "design"), ("design", "coverage"),
                  ("coverage", "coverage"), ("design",))  # fmt: skip
    arrays: Arrays = {"shares": rng.uniform(0.1, 3.0, len(terms)) * _pick(rng, 1.0, 1.0, 1e-6)}
    for place, name in enumerate(terms):
        own = _ARRAYS[name](rng, n)
        arrays |= {f"term{place}_{key}": value for key, value in own.items()}
    return arrays, terms


def make(seed: int, place: int, most_items: int = MOST_ITEMS) -> Case:
    """Return a problem: the objectives take turns, everything else is drawn.

    Parameters
    ----------
    seed, place
        The same two give the same problem.
    most_items
        Items at most, at least 1.
    """
    rng = np.random.default_rng([seed, place])
    objective = OBJECTIVES[place % len(OBJECTIVES)]
    n = int(rng.integers(1, most_items + 1))
    terms: tuple[str, ...] = ()
    if objective == "sum":
        arrays, terms = _sum(rng, n)
    else:
        arrays = _ARRAYS[objective](rng, n)
    costs = _costs(rng, n)
    ids: tuple[str, ...] = ()
    if rng.random() < 0.5:
        ids = tuple(f"scene {k}" for k in rng.permutation(100)[:n])
    case = Case(objective, arrays, costs, _limit(rng, costs, 0.0), ids=ids, terms=terms)
    if n > 1 and rng.random() < 0.3:
        # Scenes that occur twice, costs and all.
        items = np.arange(n)
        items[n - int(rng.integers(1, n // 2 + 1)) :] = int(rng.integers(n // 2 + 1))
        case = replace(taken(case, items), ids=ids)
    return _constrained(rng, case) if rng.random() < 0.75 else case


# Arrays with a row for each item; factors have several.
_BY_ITEM = {"weights", "vectors", "profits", "similarities", "amounts", "distances", "sizes"}


def taken(case: Case, items: Array) -> Case:
    """Return a case about some of the items, in the order given; an item may be taken twice.

    Rules stay as they are: who calls this renumbers them.
    """
    arrays = {}
    for name, array in case.arrays.items():
        prefix, _, own = name.rpartition("_")
        objective = case.terms[int(prefix[4:])] if case.terms and prefix else case.objective
        if own == "utilities":
            matrix = array[np.ix_(items, items)].copy()
            # A scene and itself: two of them are no worth of their own.
            matrix[items[:, None] == items] = 0.0
            arrays[name] = matrix
        elif own == "factors":
            ends = np.cumsum([0, *case.arrays[name.replace("factors", "sizes")]])
            rows = [np.arange(ends[item], ends[item + 1]) for item in items]
            arrays[name] = array[np.concatenate([np.zeros(0, dtype=int), *rows])]
        elif own in _BY_ITEM and not (own == "weights" and objective == "coverage"):
            arrays[name] = array[items]
        else:
            arrays[name] = array
    return replace(
        case,
        arrays=arrays,
        costs=case.costs[items],
        resources={name: costs[items] for name, costs in case.resources.items()},
        ids=tuple(case.ids[k] for k in items) if case.ids else (),
    )
