"""What one solve process of the service needs for a world of `scale.py`: seconds and peak memory.

    .venv/bin/python benchmarks/scale_service.py --n 100000 [--share 0.005] [--dimension 384]
        [--seed 1] [--folder worlds] [--gap 0.0005] [--time-limit 60] [--until-solved]

The world's signatures are written as the service keeps them (float64) and asked about by the steps
of an answer: read, checked, solved, described (ranks, and what each chosen scene stands for).
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np
from scale import CENTRES, write_world

from app.choosing.describing import describe
from app.choosing.tasks import StoredQuestion
from features.signatures.model import Signatures
from solver.model.options import SolverOptions
from solver.solve import solve


def write_signatures(folder: Path, path: Path) -> None:
    """Write the signatures file of a world."""
    vectors = np.load(folder / "vectors.npy", mmap_mode="r").astype(np.float64)
    ids = tuple(f"scene-{place:08d}" for place in range(len(vectors)))
    weights = np.load(folder / "weights.npy")
    Signatures(ids, weights, vectors, np.full(len(ids), CENTRES)).save(path)


def main() -> None:
    """Answer one question and print what each step took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--share", type=float, default=0.005)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("worlds"))
    parser.add_argument("--gap", type=float, default=0.0005)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--until-solved", action="store_true", help="leave out the last step")
    arguments = parser.parse_args()
    folder = arguments.folder / f"{arguments.n}-{arguments.dimension}-{arguments.seed}"
    path = (folder / "signatures.npz").absolute()
    if not path.exists():
        if not (folder / "costs.npy").exists():
            write_world(folder, arguments.n, arguments.dimension, arguments.seed)
        write_signatures(folder, path)
        print(f"{path.stat().st_size / 1e9:.2f} GB written; ask again for the memory of a question")
        return
    costs = np.load(folder / "costs.npy")
    stored = StoredQuestion(
        path=path,
        costs=costs,
        budget=float(np.floor(arguments.share * costs.sum())),
        options=SolverOptions(time_limit_s=arguments.time_limit, gap=arguments.gap),
    )
    started = time.perf_counter()

    def tell(step: str) -> None:
        nonlocal started
        peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        numbers = 8 * arguments.n * arguments.dimension
        seconds = time.perf_counter() - started
        print(
            f"{seconds:8.2f} s  {step}; peak {peak / 1e9:.2f} GB, {peak / numbers:.2f} x vectors",
            flush=True,
        )
        started = time.perf_counter()

    question = stored.load()
    tell("read")
    problem = question.problem()
    tell("checked")
    result = solve(problem, question.options)
    tell(f"solved: gap {100 * result.gap:.4f} %, {len(result.selected)} chosen")
    if not arguments.until_solved:
        describe(question, problem, result.selected)
        tell("described")


if __name__ == "__main__":
    main()
