"""Compile every kernel once: ``python -m solver.warm_up``, at install time.

The machine code is kept on disk, so that the first question is answered as fast as the next ones.
"""

import numpy as np

from solver.problem import PairProblem, SignatureProblem
from solver.solve import solve


def warm_up() -> None:
    """Solve one small problem of each kind."""
    rng = np.random.default_rng(0)
    for n in (40, 1100):
        vectors = rng.normal(size=(n, 8))
        vectors /= 2.0 * np.linalg.norm(vectors, axis=1, keepdims=True)
        costs = rng.integers(1, 50, n).astype(float)
        problem = SignatureProblem(
            weights=np.ones(n), vectors=vectors, costs=costs, budget=float(costs.sum() // 8)
        )
        solve(problem, time_limit_s=1.0)
    upper = np.triu(rng.integers(0, 100, (40, 40)), 1)
    utilities = (upper + upper.T).astype(float)
    costs = rng.integers(1, 50, 40).astype(float)
    solve(PairProblem(utilities=utilities, profits=np.ones(40), costs=costs, budget=200.0))


if __name__ == "__main__":
    warm_up()
