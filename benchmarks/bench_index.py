"""How fast k-means and the index are, and what the approximate kinds of index find.

    .venv/bin/python benchmarks/bench_index.py [--n 100000] [--dimension 384]
        [--kinds flat ivf hnsw]

The world is `n` unit vectors around 2,000 directions. Recall is the share of the ten nearest that
is found, over 256 random queries (`features.index.kinds`). `hnsw` is here to compare with only.
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import faiss
import numpy as np
from features.index.kinds import NEAREST, make_index, measure_recall

from features.index.directions import Directions
from features.signatures.clustering import cluster, cluster_many

QUERIES, GROUPS, SCENES = 256, 2000, 16


def seconds(step: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long a step takes, and its result."""
    start = time.perf_counter()
    result = step()
    return time.perf_counter() - start, result


def hnsw(directions: Directions) -> Any:  # noqa: ANN401  faiss carries no type information
    """Return a graph with FAISS's own settings."""
    index = faiss.IndexHNSWFlat(directions.d, 32, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efSearch = 64
    index.add(directions.units())
    return index


def bench_kinds(n: int, d: int, kinds: list[str]) -> None:
    """Print one line a kind of index."""
    rng = np.random.default_rng(0)
    means = rng.standard_normal((GROUPS, d))[rng.integers(0, GROUPS, n)]
    means += rng.standard_normal((n, d))
    directions = Directions(means)
    queries = directions.units(rng.choice(n, QUERIES, replace=False))
    for kind in kinds:
        if kind == "hnsw":
            build, index = seconds(lambda: hnsw(directions))
        else:
            build, index = seconds(lambda kind=kind: make_index(faiss, directions, kind))
        search, _ = seconds(lambda index=index: index.search(queries, NEAREST))
        recall = measure_recall(faiss, index, directions, seed=1)
        settings = f" {index.nlist} lists, {index.nprobe} read" if kind == "ivf" else ""
        print(
            f"{kind:5} n = {n:,}, d = {d}: built in {build:.1f} s, "
            f"{1e3 * search / QUERIES:.3f} ms a query, recall@{NEAREST} {recall:.3f}{settings}"
        )


def bench_clustering() -> None:
    """Print what k-means of a scene's patch keys takes."""
    rng = np.random.default_rng(0)
    scenes = [
        (
            rng.standard_normal((24, 768))[rng.integers(0, 24, 784)]
            + rng.standard_normal((784, 768))
        ).astype(np.float32)
        for _ in range(SCENES)
    ]
    cluster(scenes[0], 19)
    alone, _ = seconds(lambda: [cluster(scene, 19) for scene in scenes])
    together, _ = seconds(lambda: cluster_many(scenes, 19))
    print(
        f"k-means 784 x 768, k = 19: {1e3 * alone / SCENES:.1f} ms a scene on one core, "
        f"{1e3 * together / SCENES:.1f} ms on all"
    )


def main() -> None:
    """Run every part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--n", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--kinds", nargs="+", default=["flat", "ivf"])
    options = parser.parse_args()
    bench_clustering()
    bench_kinds(options.n, options.dimension, options.kinds)


if __name__ == "__main__":
    main()
