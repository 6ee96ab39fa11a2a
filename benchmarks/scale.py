"""How far the large-scale search gets on generated worlds: gap, seconds and peak memory.

    .venv/bin/python benchmarks/scale.py --n 20000 --share 0.02 [--dimension 384] [--seed 1]
        [--folder worlds] [--threads 2] [--time-limit 120]

A world has eleven kinds of scenes around one common direction, up to thirteen unit centres a scene
and log-normal costs. Its arrays are written to `--folder` once and memory-mapped from then on. Each
line printed is one answer: seconds since the start, objective, bound, gap. The gap is
(upper bound - objective) / objective.
"""

import argparse
import resource
import time
from pathlib import Path

import numpy as np

from solver.model.problem import SignatureProblem
from solver.model.stop import FirstOf, GapReached, TimeLimit
from solver.signatures.large import LargeProgress, large

CENTRES, KINDS, VARIANTS, MEAN_COST = 13, 11, 24, 1.05e6
CHUNK = 2_000
COMPLETE = 0.9  # share of scenes with all their centres


def write_world(folder: Path, n: int, d: int, seed: int) -> None:
    """Write ``vectors`` (float32), ``weights`` and ``costs`` of n scenes, chunk by chunk."""
    rng = np.random.default_rng(seed)
    middle = (1.2 * rng.normal(size=d)).astype(np.float32)
    kinds = rng.normal(size=(KINDS, d)).astype(np.float32) + middle
    variants = (0.9 * rng.normal(size=(KINDS, VARIANTS, d))).astype(np.float32)
    anchors = kinds[:, None, :] + variants
    kind = rng.integers(0, KINDS, n)
    price = np.exp(rng.normal(0, 0.8, KINDS))[kind] * np.exp(rng.normal(0, 0.5, n))
    costs = np.round(MEAN_COST * price / price.mean())
    weights = np.zeros(n)
    folder.mkdir(parents=True, exist_ok=True)
    shape = (n, d)
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float32, shape)
    for start in range(0, n, CHUNK):
        part = slice(start, min(n, start + CHUNK))
        draw = np.random.default_rng([seed, start])
        size = part.stop - part.start
        counts = np.where(
            draw.random(size) < COMPLETE, CENTRES, draw.integers(2, CENTRES + 1, size)
        )
        which = draw.integers(0, VARIANTS, (size, CENTRES))
        centres = draw.standard_normal((size, CENTRES, d), dtype=np.float32)
        centres *= np.float32(0.6)
        centres += anchors[kind[part][:, None], which]
        lengths = np.sqrt(np.einsum("nkd,nkd->nk", centres, centres))
        used = np.arange(CENTRES) < counts[:, None]
        means = np.einsum("nkd,nk->nd", centres, used / lengths / counts[:, None])
        vectors[part] = means
        squares = np.einsum("nd,nd->n", means, means)
        weights[part] = 1 - (counts**2 * squares - counts) / (counts * (counts - 1))
    vectors.flush()
    np.save(folder / "weights.npy", weights)
    np.save(folder / "costs.npy", costs)


def read_world(folder: Path, share: float) -> SignatureProblem:
    """Return the problem on a written world, its vectors memory-mapped."""
    costs = np.load(folder / "costs.npy")
    return SignatureProblem(
        weights=np.load(folder / "weights.npy"),
        vectors=np.load(folder / "vectors.npy", mmap_mode="r"),
        costs=costs,
        budget=float(np.floor(share * costs.sum())),
    )


def main() -> None:
    """Solve one world and print every answer on the way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=20_000)
    parser.add_argument("--share", type=float, default=0.02)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path("worlds"))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--gap", type=float, default=0.0)
    arguments = parser.parse_args()
    folder = arguments.folder / f"{arguments.n}-{arguments.dimension}-{arguments.seed}"
    if not (folder / "costs.npy").exists():
        write_world(folder, arguments.n, arguments.dimension, arguments.seed)
    before = time.perf_counter()
    problem = read_world(folder, arguments.share)
    print(f"read and checked in {time.perf_counter() - before:.2f} s")
    started = time.perf_counter()

    def report(progress: LargeProgress) -> None:
        gap = 100 * (progress.upper_bound / progress.objective - 1)
        print(
            f"{time.perf_counter() - started:8.2f} s  {progress.objective:.4f}  "
            f"{progress.upper_bound:.4f}  {gap:.5f} %"
        )

    stop = FirstOf(GapReached(arguments.gap), TimeLimit(arguments.time_limit))
    attempt = large(problem, stop, report, threads=arguments.threads)
    gigabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    share = gigabytes * 2**30 / problem.vectors.nbytes
    print(
        f"{attempt.stop_reason.value}: {int(attempt.chosen.sum())} chosen, "
        f"{time.perf_counter() - started:.2f} s, peak {gigabytes:.2f} GiB = {share:.2f} x vectors"
    )


if __name__ == "__main__":
    main()
