"""Whether what an accepted certificate claims is true, by exhaustive search."""

import json
import math

import numpy as np
from small_truth import Arrays, best, keeps, objective_of, worth


def scale_of(arrays: Arrays, there: list[int]) -> float:
    """Return more than the scale of the page, for any objective."""
    name = objective_of(arrays)
    if name == "signatures":
        return float(arrays["weights"].sum() ** 2 + np.abs(arrays.get("profits", 0)).sum())
    return 100.0 * (1.0 + abs(worth(arrays, there)))


def assert_true(arrays: Arrays, content: bytes) -> None:
    """Fail unless every claim of a certificate holds, within what is granted and float64."""
    cert = json.loads(content)
    rules, budget = cert["constraints"], cert["budget"]
    found = best(arrays, budget, rules)
    if cert["status"] == "infeasible":
        assert found is None
        return
    chosen = cert["selected"]
    assert keeps(arrays, budget, rules, tuple(chosen))
    there = [*chosen, *rules["labelled"]]
    granted = 2e-9 * abs(cert["objective"]) + 1e-11 * scale_of(arrays, there)
    assert abs(worth(arrays, there) - cert["objective"]) <= granted
    assert cert["total_cost"] == math.fsum(arrays["costs"][chosen])
    assert found is not None
    assert found[0] <= cert["upper_bound"] + granted
    if cert["status"] == "optimal":
        assert cert["objective"] == cert["upper_bound"]
