"""What is true of a small problem: every selection that keeps the rules, and what it is worth.

Written by the words of docs/certificate.md and nothing else, on the arrays of a problem's file.
"""

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]
Rules = dict[str, Any]


def objective_of(arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """Return the name of the objective."""
    if "objective" in arrays:
        return str(arrays["objective"])
    return "pairs" if "utilities" in arrays else "signatures"


def _pairs(arrays: Arrays, there: list[int]) -> float:
    profits = arrays.get("profits", np.zeros(len(arrays["costs"])))
    pairs = [float(arrays["utilities"][i, j]) for i, j in combinations(there, 2)]
    return math.fsum([*pairs, *profits[there].tolist()])


def _signatures(arrays: Arrays, there: list[int]) -> float:
    w, m = arrays["weights"], arrays["vectors"]
    profits = arrays.get("profits", np.zeros(len(w)))
    pairs = [w[i] * w[j] * (1.0 - float(m[i] @ m[j])) for i, j in combinations(there, 2)]
    return math.fsum([*pairs, *profits[there].tolist()])


def _facility(arrays: Arrays, there: list[int]) -> float:
    best = np.maximum(arrays["served"], arrays["similarities"][there].max(axis=0, initial=0.0))
    return float(arrays["demands"] @ best)


def _coverage(arrays: Arrays, there: list[int]) -> float:
    t = arrays["held"] + arrays["amounts"][there].sum(axis=0)
    return float(arrays["weights"] @ (t / (1.0 + t)))


def _design(arrays: Arrays, there: list[int]) -> float:
    owner = np.repeat(np.arange(len(arrays["sizes"])), arrays["sizes"].astype(int))
    rows = arrays["factors"][np.isin(owner, there)]
    return float(np.linalg.slogdet(arrays["prior"] + rows.T @ rows / arrays["ridge"])[1])


def _k_center(arrays: Arrays, there: list[int]) -> float:
    near = arrays["distances"][there].min(axis=0, initial=math.inf)
    return -float(np.minimum(arrays["reach"], near).max())


def _sum(arrays: Arrays, there: list[int]) -> float:
    total = 0.0
    for k, (term, share) in enumerate(zip(arrays["terms"], arrays["shares"], strict=True)):
        prefix = f"term{k}_"
        own = {name.removeprefix(prefix): v for name, v in arrays.items() if prefix in name}
        total += float(share) * _WORTHS[str(term)](own, there)
    return total


_WORTHS = {
    "pairs": _pairs, "signatures": _signatures, "facility": _facility, "coverage": _coverage,
    "design": _design, "k_center": _k_center, "sum": _sum,
}  # fmt: skip


def worth(arrays: Arrays, there: list[int]) -> float:
    """Return what a selection is worth, `there` being it and what is labelled."""
    return _WORTHS[objective_of(arrays)](arrays, sorted(there))


def _rounded(costs: npt.NDArray[Any], chosen: tuple[int, ...]) -> float:
    return float(sum((Fraction(float(costs[i])) for i in chosen), Fraction(0)))


def keeps(arrays: Arrays, budget: float, rules: Rules, chosen: tuple[int, ...]) -> bool:
    """Whether what is bought keeps every rule."""
    labelled, bought = set(rules["labelled"]), set(chosen)
    most = len(arrays["costs"]) if rules["max_items"] is None else rules["max_items"]
    counted = rules["min_items"] <= len(chosen) <= most
    held = set(rules["include"]) - labelled <= bought and not labelled & bought
    left = not set(rules["exclude"]) & (bought | labelled | set(rules["include"]))
    limits = [(arrays["costs"], budget)]
    limits += [(arrays[f"resource_{one['name']}"], one["limit"]) for one in rules["resources"]]
    paid = all(_rounded(costs, chosen) <= limit * (1 + 1e-12) for costs, limit in limits)
    grouped = all(
        group["minimum"]
        <= len(bought & set(group["items"]))
        <= (len(group["items"]) if group["maximum"] is None else group["maximum"])
        for group in rules["groups"]
    )
    return counted and held and left and paid and grouped


def selections(arrays: Arrays, budget: float, rules: Rules) -> Iterator[tuple[int, ...]]:
    """Yield every selection that keeps the rules."""
    n = len(arrays["costs"])
    for size in range(n + 1):
        for chosen in combinations(range(n), size):
            if keeps(arrays, budget, rules, chosen):
                yield chosen


def best(arrays: Arrays, budget: float, rules: Rules) -> tuple[float, tuple[int, ...]] | None:
    """Return the best worth and a selection that has it, or None where no selection is left."""
    labelled = rules["labelled"]
    found = [(worth(arrays, [*s, *labelled]), s) for s in selections(arrays, budget, rules)]
    return max(found, default=None)
