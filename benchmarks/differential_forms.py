"""The same problem in another form: its answer must not change, or change as its units do."""

from dataclasses import replace

import differential_problems
import numpy as np
from differential_model import Array, Case

# Arrays that are multiplied to multiply the worth, and by which power of the factor.
WORTHS = {
    "signatures": {"weights": 1, "profits": 2},
    "pairs": {"utilities": 2, "profits": 2},
    "facility": {"similarities": 2, "served": 2},
    "coverage": {"weights": 2},
    "k_center": {"distances": 2, "reach": 2},
    "sum": {"shares": 2},
}


def permuted(case: Case, order: Array) -> Case:
    """Return the case with its items in another order."""
    place = np.argsort(order)

    def moved(items: list[int]) -> list[int]:
        return sorted(place[items].tolist())

    rules = dict(case.rules)
    for name in ("include", "exclude", "labelled"):
        rules[name] = moved(rules[name])
    rules["groups"] = [{**group, "items": moved(group["items"])} for group in rules["groups"]]
    return replace(differential_problems.taken(case, order), rules=rules)


def with_twin(case: Case, item: int) -> Case:
    """Return the case with one more item, equal to one that it has."""
    more = differential_problems.taken(case, np.array([*range(case.n), item]))
    return replace(more, ids=(*more.ids[:-1], "scene twice") if case.ids else ())


def in_other_costs(case: Case, factor: float) -> Case:
    """Return the case with costs and limits in another unit."""
    rules = dict(case.rules)
    rules["resources"] = [{**r, "limit": r["limit"] * factor} for r in rules["resources"]]
    return replace(
        case,
        costs=case.costs * factor,
        budget=case.budget * factor,
        rules=rules,
        resources={name: costs * factor for name, costs in case.resources.items()},
    )


def in_other_worths(case: Case, factor: float) -> Case:
    """Return the case with a worth that is the factor's square as large."""
    powers = WORTHS[case.objective]
    arrays = {name: a * factor ** powers.get(name, 0) for name, a in case.arrays.items()}
    if case.objective == "coverage" and "weights" not in arrays:
        arrays["weights"] = np.full(arrays["amounts"].shape[1], factor**2)
    return replace(case, arrays=arrays)
