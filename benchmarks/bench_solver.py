"""The solver's table: what is reached on each kind of instance, how fast, and how well proven.

    .venv/bin/python benchmarks/bench_solver.py [--part NAME ...] [--qkp DIR] [--rooms FILE]
        [--out solver.json]

Parts: small, thousand, large, first, frontier, standard, dispersion300, dispersion500, rooms. Those
that read public instances (`--qkp`, `--rooms`) are left out where the files are not there. The
compiled kernels are called once before anything is timed. The gap is
(upper bound - objective) / objective; deviation is 100 (best known - value) / value.
"""

import argparse
import csv
import json
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from app.choosing.problem_files import read_problem_file
from solver.frontier import frontier
from solver.model.options import SolverOptions
from solver.model.problem import PairProblem, SignatureProblem
from solver.model.result import Result
from solver.solve import solve
from solver.warm_up import warm_up

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
CENTRES, KINDS, VARIANTS, MEAN_COST = 13, 11, 24, 1.05e6
# Best-known values of instances with fractions are published to one decimal.
TIE = 0.06
SEEDS = 20

Row = dict[str, Any]


def world(n: int, seed: int, dimension: int = 384) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return weights, vectors and costs of n scenes of eleven kinds around a common direction."""
    rng = np.random.default_rng(seed)
    kinds = rng.normal(size=(KINDS, dimension)) + 1.2 * rng.normal(size=dimension)
    anchors = kinds[:, None, :] + 0.9 * rng.normal(size=(KINDS, VARIANTS, dimension))
    kind = rng.integers(0, KINDS, n)
    vectors = np.zeros((n, dimension))
    for start in range(0, n, 2_000):
        part = slice(start, min(n, start + 2_000))
        which = rng.integers(0, VARIANTS, (part.stop - start, CENTRES))
        centres = anchors[kind[part][:, None], which]
        centres = centres + 0.6 * rng.standard_normal(centres.shape)
        centres /= np.linalg.norm(centres, axis=2, keepdims=True)
        vectors[part] = centres.mean(axis=1)
    squares = np.einsum("nd,nd->n", vectors, vectors)
    weights = 1 - (CENTRES**2 * squares - CENTRES) / (CENTRES * (CENTRES - 1))
    costs = np.exp(rng.normal(0, 0.8, KINDS))[kind] * np.exp(rng.normal(0, 0.5, n))
    return weights, vectors, np.round(MEAN_COST * costs / costs.mean())


def problem_of(n: int, share: float, seed: int, dimension: int = 384) -> SignatureProblem:
    """Return a world under a share of its total cost."""
    weights, vectors, costs = world(n, seed, dimension)
    return SignatureProblem(
        weights=weights, vectors=vectors, costs=costs, budget=float(np.floor(costs.sum() * share))
    )


def row(name: str, n: int, result: Result, **more: object) -> Row:
    """Return one line of the table."""
    return {
        "instance": name,
        "n": n,
        "seconds": result.seconds,
        "gap": result.gap,
        "objective": result.objective,
        "status": result.status.value,
        **more,
    }


def small() -> Iterator[Row]:
    """204 scenes, 3 % and 10 %, twenty worlds each."""
    for share in (0.03, 0.10):
        for seed in range(SEEDS):
            result = solve(problem_of(204, share, seed, 768), SolverOptions(time_limit_s=60))
            yield row(f"signatures 204, {share:.0%}", 204, result, seed=seed)


def thousand() -> Iterator[Row]:
    """1,000 scenes, 3 %."""
    for seed in range(5):
        result = solve(problem_of(1000, 0.03, seed, 768), SolverOptions(time_limit_s=60))
        yield row("signatures 1,000, 3%", 1000, result, seed=seed)


def large() -> Iterator[Row]:
    """20,000 scenes, 2 %, five seconds."""
    for seed in range(3):
        result = solve(problem_of(20_000, 0.02, seed), SolverOptions(time_limit_s=5))
        yield row("signatures 20,000, 2%", 20_000, result, seed=seed)


def first() -> Iterator[Row]:
    """Time the first answer with a gap of at most 2 %."""
    for n, share in ((204, 0.03), (1000, 0.03), (5000, 0.02), (20_000, 0.02), (100_000, 0.005)):
        problem = problem_of(n, share, 1, 384)
        seen: list[tuple[float, float]] = []
        started = time.perf_counter()

        def report(
            objective: float,
            bound: float,
            seen: list[tuple[float, float]] = seen,
            began: float = started,
        ) -> None:
            if not seen and objective > 0 and bound <= 1.02 * objective:
                seen.append((time.perf_counter() - began, bound / objective - 1))

        result = solve(problem, SolverOptions(time_limit_s=3), report=report)
        seconds, gap = seen[0] if seen else (result.seconds, result.gap)
        yield row(f"first answer {n:,}", n, result) | {"seconds": seconds, "gap": gap}


def points() -> Iterator[Row]:
    """50 budgets from 1 % to 50 % on 204 scenes, in one call."""
    for seed in range(5):
        problem = problem_of(204, 0.5, seed, 768)
        budgets = np.linspace(0.02, 1.0, 50) * problem.budget
        started = time.perf_counter()
        curve = frontier(problem, budgets.tolist())
        seconds = time.perf_counter() - started
        gaps = [point.gap for point in curve.points]
        yield {
            "instance": "frontier of 50 budgets, 204",
            "n": 204,
            "seconds": seconds,
            "gap": max(gaps),
            "status": f"{sum(gap == 0 for gap in gaps)} of 50 proven",
            "seed": seed,
        }


def knapsacks(folder: Path, collection: str, n: int | None, limit: float) -> Iterator[Row]:
    """Public quadratic knapsack instances with their best-known values."""
    with (folder / "best_known.csv").open() as stream:
        known = [r for r in csv.DictReader(stream) if r["collection"].startswith(collection)]
    for entry in known:
        if n is not None and int(entry["n"]) != n:
            continue
        file = read_problem_file(folder / entry["file"])
        problem = PairProblem(
            utilities=file.utilities,
            profits=file.profits,
            costs=file.costs,
            budget=float(entry["budget"]),
        )
        result = solve(problem, SolverOptions(time_limit_s=limit))
        best = float(entry["best_known"])
        deviation = 100 * (best - result.objective) / result.objective
        tie = result.objective >= best - (TIE if collection == "Dispersion" else 0)
        name = f"{Path(entry['file']).name} {entry['budget']}"
        beats = result.objective > best + TIE
        yield row(name, problem.n, result, deviation=deviation, tie=tie, beats=beats)


def rooms(path: Path) -> Iterator[Row]:
    """Solve the 204 real S3DIS rooms' costs, budget 859 regions, generated signatures."""
    with path.open() as stream:
        entries = list(csv.DictReader(stream))
    costs = np.array([float(entry["regions_redal"]) for entry in entries])
    for seed in range(5):
        weights, vectors, _ = world(len(costs), seed, 768)
        problem = SignatureProblem(weights=weights, vectors=vectors, costs=costs, budget=859.0)
        yield row(
            "S3DIS rooms", len(costs), solve(problem, SolverOptions(time_limit_s=30)), seed=seed
        )


def summary(name: str, rows: list[Row]) -> str:
    """Return one line about one part."""
    seconds = [r["seconds"] for r in rows]
    proven = sum(r.get("status") == "optimal" for r in rows)
    text = (
        f"| {name} | {len(rows)} | {proven} | {statistics.median(seconds):.2f} "
        f"| {statistics.mean(seconds):.2f} | {max(seconds):.2f} "
        f"| {100 * max(r['gap'] for r in rows):.4f} % |"
    )
    if "tie" in rows[0]:
        ties, beats = sum(r["tie"] for r in rows), sum(r["beats"] for r in rows)
        mean = statistics.mean(max(0.0, r["deviation"]) for r in rows)
        text += f" tie or better {ties}, better {beats}, mean deviation {mean:.4f} % |"
    return text


def main() -> None:
    """Run the parts, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", nargs="*")
    parser.add_argument("--qkp", type=Path, default=SHARED / "qkp")
    parser.add_argument("--rooms", type=Path, default=SHARED / "seedal_reference/s3dis_rooms.csv")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    parts: dict[str, Callable[[], Iterator[Row]]] = {
        "small": small,
        "thousand": thousand,
        "large": large,
        "first": first,
        "frontier": points,
    }
    if given.qkp.exists():
        parts["standard"] = lambda: knapsacks(given.qkp, "Standard", None, 10)
        parts["dispersion300"] = lambda: knapsacks(given.qkp, "Dispersion", 300, 15)
        parts["dispersion500"] = lambda: knapsacks(given.qkp, "Dispersion", 500, 4)
    if given.rooms.exists():
        parts["rooms"] = lambda: rooms(given.rooms)
    warm_up()
    done: dict[str, list[Row]] = {}
    print("| part | runs | proven | median s | mean s | max s | worst gap |")
    print("|---|---|---|---|---|---|---|")
    for name in given.part or parts:
        done[name] = list(parts[name]())
        groups = sorted({r["instance"] for r in done[name]}) if "tie" not in done[name][0] else []
        for instance in groups:
            print(summary(instance, [r for r in done[name] if r["instance"] == instance]))
        if not groups:
            print(summary(name, done[name]), flush=True)
    versions = {package: version(package) for package in ("numpy", "numba", "ortools")}
    machine = {"python": platform.python_version(), "machine": platform.machine(), **versions}
    if given.out is not None:
        given.out.write_text(json.dumps({"machine": machine, "parts": done}, indent=2))


if __name__ == "__main__":
    main()
