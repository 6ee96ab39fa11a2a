"""Certificates: seconds to the proof, to the certificate, and to both checks of it; nodes, bytes.

    .venv/bin/python benchmarks/bench_certificates.py [--part NAME ...] [--seeds 10] [--scenes N]
        [--second-nodes 20000] [--out bench-certificates.json]

Parts: diversity (maximum diversity of 500 points), knapsack (quadratic knapsacks of 100 items),
scenes (200 and 1,000, with groups and a second budget), sets (facility, coverage, spread, k-center,
balanced), large (a million scenes). `making` has the check that `certify` does itself; `checking`
is another one, from a problem in memory. The second checker computes in 128 bits, and is left out
where a tree has more nodes than `--second-nodes`. A large problem is checked in a process of its
own, from its files, which gives the peak of its memory. Tables are markdown; `--out` writes JSON.
"""

import argparse
import csv
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

from bench_solver import SHARED, problem_of  # noqa: E402 - it lies beside this file
from second_checker import second_check  # noqa: E402 - it is no part of the product

from app.choosing.problem_files import read_problem_file  # noqa: E402
from solver.certificate import certify  # noqa: E402
from solver.certificate.question import inputs_of  # noqa: E402
from solver.check import check  # noqa: E402
from solver.model.constraints import Constraints, GroupRule, Resource  # noqa: E402
from solver.model.options import SolverOptions  # noqa: E402
from solver.model.problem import AnyProblem, PairProblem, SignatureProblem  # noqa: E402
from solver.model.stop import TimeLimit  # noqa: E402
from solver.sets.coverage import CoverageProblem  # noqa: E402
from solver.sets.design import DesignProblem  # noqa: E402
from solver.sets.facility import FacilityProblem  # noqa: E402
from solver.sets.k_center import KCenterProblem  # noqa: E402
from solver.sets.sum import SumProblem  # noqa: E402
from solver.solve import solve  # noqa: E402
from solver.warm_up import warm_up  # noqa: E402

Row = dict[str, Any]
Named = tuple[str, AnyProblem]

DIVERSITY_N, SIDE = 500, 10.0


def diversity(n: int, dimensions: int, chosen: int, seed: int) -> SignatureProblem:
    """Return the maximum diversity of points in a cube as a problem of signatures.

    With D the distances, ``c - D`` is positive semi-definite from some c on, so that it is the Gram
    matrix of vectors: ``D_ij = c (1 - m_i . m_j)``.
    """
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, SIDE, (n, dimensions))
    distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))
    c = abs(1.0 / float(np.ones(n) @ np.linalg.solve(distances, np.ones(n))))
    c = c * (1 + 1e-9) + 1e-9
    values, vectors = np.linalg.eigh(c - distances)
    return SignatureProblem(
        weights=np.full(n, np.sqrt(c)),
        vectors=vectors * np.sqrt(np.maximum(values, 0)) / np.sqrt(c),
        costs=np.ones(n),
        budget=float(chosen),
        constraints=Constraints(min_items=chosen, max_items=chosen),
    )


def diversities(seeds: int) -> Iterator[Named]:
    """Maximum diversity of 500 points in 2 and 21 dimensions, 50, 100 and 250 of them."""
    for dimensions in (2, 21):
        for chosen in (50, 100, 250):
            for seed in range(seeds):
                name = f"diversity, {dimensions} coordinates, {chosen} of {DIVERSITY_N}"
                yield name, diversity(DIVERSITY_N, dimensions, chosen, seed)


def knapsacks(seeds: int, folder: Path) -> Iterator[Named]:
    """Public quadratic knapsacks of 100 items, or generated ones where there are no files."""
    if not (folder / "best_known.csv").exists():
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            upper = np.triu(rng.integers(1, 101, (100, 100)) * (rng.random((100, 100)) < 0.5), 1)  # noqa: PLR2004
            costs = rng.integers(1, 51, 100).astype(float)
            yield (
                "generated quadratic knapsack 100",
                PairProblem(
                    utilities=(upper + upper.T).astype(float),
                    profits=rng.integers(1, 101, 100).astype(float),
                    costs=costs,
                    budget=float(rng.integers(50, int(costs.sum()))),
                ),
            )
        return
    with (folder / "best_known.csv").open() as stream:
        known = [r for r in csv.DictReader(stream) if r["collection"].startswith("Standard")]
    of_size = [entry for entry in known if int(entry["n"]) == 100]  # noqa: PLR2004
    for entry in of_size[:: max(1, len(of_size) // (2 * seeds))]:
        file = read_problem_file(folder / entry["file"])
        yield (
            "quadratic knapsack 100",
            PairProblem(
                utilities=file.utilities,
                profits=file.profits,
                costs=file.costs,
                budget=float(entry["budget"]),
            ),
        )


def ruled(problem: SignatureProblem, seed: int) -> SignatureProblem:
    """Return a problem with two groups, each with a minimum and a maximum, and a second budget."""
    rng, n = np.random.default_rng(seed), problem.n
    order, hours = rng.permutation(n), rng.uniform(1, 5, n)
    groups = tuple(
        GroupRule(name=name, items=np.sort(order[k::3]), minimum=1, maximum=n // 20)
        for k, name in enumerate("ab")
    )
    resource = Resource(name="hours", costs=hours, limit=float(0.1 * hours.sum()))
    return replace(problem, constraints=Constraints(groups=groups, resources=(resource,)))


def scenes(seeds: int) -> Iterator[Named]:
    """Scenes under 3 % of their cost, alone and with groups and a second budget."""
    for n in (200, 1000):
        for seed in range(seeds):
            plain = problem_of(n, 0.03, seed)
            yield f"scenes {n:,}", plain
            yield f"scenes {n:,}, groups and a second budget", ruled(plain, seed)


def sets(seeds: int) -> Iterator[Named]:
    """Facility location, coverage, spread, k-center and their sum, of random points."""
    for n in (100, 300):
        for seed in range(seeds):
            rng = np.random.default_rng(seed)
            points = rng.uniform(0, 1, (n, 3))
            far = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))
            costs = rng.uniform(1, 5, n)
            asked: dict[str, Any] = {"costs": costs, "budget": float(0.05 * costs.sum())}
            amounts = rng.uniform(0, 1, (n, 12)) * (rng.random((n, 12)) < 0.3)  # noqa: PLR2004
            coverage = CoverageProblem(amounts=amounts, **asked)
            design = DesignProblem(factors=rng.normal(size=(n, 6)), **asked)
            yield f"facility {n}", FacilityProblem(similarities=np.exp(-3 * far), **asked)
            yield f"coverage {n}", coverage
            yield f"spread {n}", design
            yield f"k-center {n}", KCenterProblem(distances=far, **asked)
            balanced = SumProblem(terms=(coverage, design), shares=np.array([1.0, 0.2]), **asked)
            yield f"balanced {n}", balanced


def _arrays(problem: AnyProblem) -> dict[str, Any]:
    """Return a problem's file."""
    inputs = inputs_of(problem)
    found = {"objective": np.array(inputs.objective), "costs": inputs.costs, **inputs.arrays}
    found |= {f"resource_{name}": costs for name, costs in inputs.resources.items()}
    if inputs.terms:
        found["terms"] = np.array(inputs.terms)
    return found


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def measure(name: str, problem: AnyProblem, limit: float, second_nodes: int) -> Row:
    """Solve, certify, and check twice."""
    options = SolverOptions(time_limit_s=limit)
    result, proving = _timed(lambda: solve(problem, options))
    made, making = _timed(lambda: certify(problem, result, stop=TimeLimit(3 * limit)))
    text = json.dumps(made)
    inputs = inputs_of(problem)
    proven, checking = _timed(lambda: check(inputs, json.loads(text)))
    second = None
    if proven.nodes <= second_nodes:
        arrays = _arrays(problem)
        _, second = _timed(lambda: second_check(arrays, text.encode()))
    return {
        "instance": name,
        "n": problem.n,
        "solved": result.status.value,
        "certified": proven.status,
        "solving": proving,
        "making": making,
        "checking": checking,
        "second": second,
        "nodes": proven.nodes,
        "bytes": len(text),
        "gap": (proven.upper_bound - proven.objective) / max(abs(proven.objective), 1e-300),
    }


# What it says, and the peak of its memory: `ru_maxrss` would begin with that of its parent.
_CHILD = """
import re, sys
from pathlib import Path
from solver.check.__main__ import main
main(sys.argv[1:])
print(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def _in_child(problem: AnyProblem, text: str) -> tuple[float, int, str]:
    """Check from files in a process of its own: seconds, peak bytes, and what it says."""
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "problem.npz", Path(folder) / "proof.json"
        np.savez(files[0], **_arrays(problem))
        files[1].write_text(text)
        said = Path(folder) / "said"
        command = [sys.executable, "-c", _CHILD, *map(str, files)]
        opened = os.O_WRONLY | os.O_CREAT
        to_file = [(os.POSIX_SPAWN_OPEN, 1, str(said), opened, 0o600)]
        started = time.perf_counter()
        child = os.posix_spawn(
            sys.executable,
            command,
            {**os.environ, "PYTHONPATH": str(ROOT)},
            file_actions=to_file,
        )
        os.waitpid(child, 0)
        seconds = time.perf_counter() - started
        sentence, peak = said.read_text().strip().split("\n")
        return seconds, int(peak) * 1024, sentence


def large(n: int) -> Row:
    """Certify scenes of 384 float32 numbers under 0.5 % of their cost."""
    wide = problem_of(n, 0.005, 1)
    problem = replace(wide, vectors=wide.vectors.astype(np.float32))
    del wide
    result, proving = _timed(lambda: solve(problem, SolverOptions(time_limit_s=60)))
    made, making = _timed(lambda: certify(problem, result, stop=TimeLimit(120)))
    text = json.dumps(made)
    checking, peak, said = _in_child(problem, text)
    return {
        "instance": f"scenes {n:,}",
        "n": n,
        "solved": result.status.value,
        "certified": made["status"],
        "solving": proving,
        "making": making,
        "checking": checking,
        "second": None,
        "nodes": len(made["proof"]["tree"]),
        "bytes": len(text),
        "gap": (made["upper_bound"] - made["objective"]) / made["objective"],
        "peak": peak,
        "peak_of_vectors": peak / problem.vectors.nbytes,
        "said": said,
    }


def summary(name: str, rows: list[Row]) -> str:
    """Return one line about one kind of instance: medians, and the worst ratio and gap."""

    def middle(field: str) -> float:
        return statistics.median(r[field] for r in rows)

    second = [r["second"] for r in rows if r["second"] is not None]
    ratio = statistics.median((r["making"] + r["checking"]) / r["solving"] for r in rows)
    solved = sum(r["solved"] == "optimal" for r in rows)
    certified = sum(r["certified"] == "optimal" for r in rows)
    return (
        f"| {name} | {len(rows)} | {solved} | {certified} | {middle('solving'):.2f} "
        f"| {middle('making'):.2f} | {middle('checking'):.2f} "
        f"| {f'{statistics.median(second):.2f}' if second else '-'} | {ratio:.2f} "
        f"| {middle('nodes'):.0f} | {middle('bytes') / 1000:.0f} "
        f"| {100 * max(r['gap'] for r in rows):.4f} % |"
    )


def main() -> None:
    """Run the parts, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = ("diversity", "knapsack", "scenes", "sets", "large")
    parser.add_argument("--part", nargs="*", choices=names)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--limit", type=float, default=60.0)
    parser.add_argument("--scenes", type=int, default=1_000_000)
    parser.add_argument("--second-nodes", type=int, default=20_000)
    parser.add_argument("--qkp", type=Path, default=SHARED / "qkp")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    drawn: dict[str, Callable[[], Iterator[Named]]] = {
        "diversity": lambda: diversities(given.seeds),
        "knapsack": lambda: knapsacks(given.seeds, given.qkp),
        "scenes": lambda: scenes(given.seeds),
        "sets": lambda: sets(given.seeds),
    }
    warm_up()
    done: list[Row] = []
    print(f"load at the start: {os.getloadavg()}")
    print("| instance | runs | solved | certified | solve s | make s | check s | second s ", end="")
    print("| (make + check) / solve | nodes | kB | worst gap |")
    print("|" + "---|" * 12)
    for part in given.part or names:
        if part == "large":
            done.append(large(given.scenes))
        else:
            done += [measure(*one, given.limit, given.second_nodes) for one in drawn[part]()]
        mine = [r for r in done if "part" not in r]
        for r in mine:
            r["part"] = part
        for instance in dict.fromkeys(r["instance"] for r in mine):
            print(summary(instance, [r for r in mine if r["instance"] == instance]), flush=True)
        for r in mine:
            if "peak" in r:
                print(f"\n{r['said']}\npeak {r['peak_of_vectors']:.2f} times the vectors")
        if given.out is not None:
            packages = {package: version(package) for package in ("numpy", "numba", "ortools")}
            machine = {"python": platform.python_version(), "machine": platform.machine()}
            report = {"machine": machine | packages, "load": os.getloadavg(), "rows": done}
            given.out.write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
