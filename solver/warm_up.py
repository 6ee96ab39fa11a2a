"""Compile every kernel once: ``python -m solver.warm_up``, at install time.

The machine code is kept on disk, so that the first question is answered as fast as the next ones.
"""

from typing import Final

import numpy as np

from solver.certificate import certify
from solver.frontier import frontier
from solver.model.options import FrontierOptions, SolverOptions
from solver.model.problem import PairProblem, SetProblem, SignatureProblem
from solver.sets.coverage import CoverageProblem
from solver.sets.facility import FacilityProblem
from solver.sets.k_center import KCenterProblem
from solver.solve import solve

# Compiling takes about a minute; no search may end before it has used all its kernels.
_PATIENCE: Final = 600.0
# Sparse enough that the pair problem takes more than its root.
_DENSITY: Final = 0.3


def _scenes(n: int) -> SignatureProblem:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(n, 8))
    vectors /= 2.0 * np.linalg.norm(vectors, axis=1, keepdims=True)
    costs = rng.integers(1, 50, n).astype(float)
    weights = rng.uniform(0.5, 1.0, n)
    return SignatureProblem(
        weights=weights, vectors=vectors, costs=costs, budget=float(costs.sum() // 8)
    )


def _pairs(n: int) -> PairProblem:
    rng = np.random.default_rng(0)
    upper = np.triu(rng.integers(0, 100, (n, n)) * (rng.random((n, n)) < _DENSITY), 1)
    costs = rng.integers(1, 50, n).astype(float)
    profits = rng.integers(0, 100, n).astype(float)
    return PairProblem(
        utilities=(upper + upper.T).astype(float), profits=profits, costs=costs, budget=n * 5.0
    )


def _sets(n: int) -> tuple[SetProblem, ...]:
    rng = np.random.default_rng(0)
    closeness, costs = rng.random((n, n)), rng.integers(1, 50, n).astype(float)
    budget = n * 5.0
    return (
        FacilityProblem(similarities=closeness, costs=costs, budget=budget),
        CoverageProblem(amounts=closeness, costs=costs, budget=budget),
        KCenterProblem(distances=closeness, costs=costs, budget=budget),
    )


def warm_up() -> None:
    """Solve one small problem of each kind, and what is built on the solver."""
    scenes = _scenes(60)
    certify(scenes, solve(scenes, SolverOptions(time_limit_s=_PATIENCE)))
    frontier(scenes, [10.0, 100.0], FrontierOptions(time_limit_s=_PATIENCE))
    solve(_scenes(1100), SolverOptions(time_limit_s=_PATIENCE, gap=0.005))
    solve(_pairs(60), SolverOptions(time_limit_s=_PATIENCE))
    for problem in _sets(30):
        solve(problem, SolverOptions(time_limit_s=_PATIENCE))


if __name__ == "__main__":
    warm_up()
