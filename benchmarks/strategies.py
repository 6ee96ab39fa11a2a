"""Every strategy on the same seeded worlds: objective, certified gap, seconds.

    .venv/bin/python benchmarks/strategies.py [--time-limit 10] [--out strategies.json]

A world has scenes of eight unit centres around twelve themes, and log-normal costs: look-alike
scenes on purpose, as in a building. The gap is (upper bound - objective) / objective.
"""

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np

from solver.classical.linearised import MAX_ITEMS
from solver.model.options import STRATEGIES, SolverOptions
from solver.model.problem import SignatureProblem
from solver.solve import solve

WORLDS = ((14, 0.3), (40, 0.2), (110, 0.1), (204, 0.03), (1000, 0.03), (3000, 0.02))
DIMENSION, CENTRES, THEMES = 64, 8, 12


def make_world(n: int, share: float, seed: int = 1) -> SignatureProblem:
    """Return a problem of n scenes whose budget is a share of the total cost."""
    rng = np.random.default_rng(seed)
    themes = rng.normal(size=(THEMES, DIMENSION))[rng.integers(0, THEMES, n)]
    spread = rng.uniform(0.3, 1.2, n)[:, None, None]
    centres = themes[:, None, :] + spread * rng.normal(size=(n, CENTRES, DIMENSION))
    centres /= np.linalg.norm(centres, axis=2, keepdims=True)
    means = centres.mean(axis=1)
    lengths = np.einsum("ij,ij->i", means, means)
    intra = (CENTRES**2 * lengths - CENTRES) / (CENTRES * (CENTRES - 1))
    costs = np.round(rng.lognormal(10, 0.7, n))
    return SignatureProblem(
        weights=1 - intra, vectors=means, costs=costs, budget=float(costs.sum() * share)
    )


def main() -> None:
    """Run every strategy on every world that it takes, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--time-limit", type=float, default=10.0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = []
    print("| n | budget | strategy | used | status | objective | gap | seconds |")
    print("|---|---|---|---|---|---|---|---|")
    for n, share in WORLDS:
        problem = make_world(n, share)
        for strategy in STRATEGIES:
            if strategy in {"cp_sat", "scip", "highs", "pulp"} and n > min(MAX_ITEMS, 204):
                continue
            result = solve(
                problem, SolverOptions(strategy=strategy, time_limit_s=arguments.time_limit)
            )
            row = {
                "n": n,
                "budget": share,
                "strategy": strategy,
                "used": result.used,
                "status": result.status.value,
                "objective": result.objective,
                "gap": result.gap,
                "seconds": result.seconds,
            }
            rows.append(row)
            print(
                f"| {n:,} | {share:.0%} | {strategy} | {result.used} | {result.status.value} "
                f"| {result.objective:.4f} | {100 * result.gap:.3f} % | {result.seconds:.2f} |"
            )
    versions = {name: version(name) for name in ("numpy", "ortools", "pulp")}
    machine = {"python": platform.python_version(), "machine": platform.machine(), **versions}
    if arguments.out is not None:
        arguments.out.write_text(json.dumps({"machine": machine, "rows": rows}, indent=2))


if __name__ == "__main__":
    main()
