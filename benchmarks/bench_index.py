"""How long FAISS takes to say who looks like whom, beside brute force in the same run.

    .venv/bin/python benchmarks/bench_index.py [--n 100000] [--dimension 384] [--kinds flat ivf]

The world is `n` unit vectors around 2,000 directions, and every 50th is a near copy of the one
before. Brute force is what a process does that has no index: all exact cosines of one scene and
their order. It is timed on 64 scenes and multiplied by `n`. "Stands for" is asked of 5 % of the
scenes, with the stored index and without.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from app.choosing.describing import nearest_of
from features.index.directions import Directions
from features.index.faiss_search import faiss_search
from features.index.links import find_links
from features.index.nearest import find_nearest, measure_recall, nearest_in
from features.index.scene_index import NEAREST, SceneIndex
from features.settings import DUPLICATE_FLOOR
from features.signatures.clustering import cluster, cluster_many

GROUPS, TIMED, SCENES = 2000, 64, 16


def seconds(step: Callable[[], Any]) -> tuple[float, Any]:
    """Return how long a step takes, and its result."""
    start = time.perf_counter()
    result = step()
    return time.perf_counter() - start, result


def world(n: int, d: int) -> np.ndarray:
    """Return the scenes' mean vectors, shape (n, d)."""
    rng = np.random.default_rng(0)
    means: np.ndarray = rng.standard_normal((GROUPS, d))[rng.integers(0, GROUPS, n)]
    means += rng.standard_normal((n, d))
    means[50::50] = means[49:-1:50] + 0.1 * rng.standard_normal((len(means[50::50]), d))
    return means


def brute_force(directions: Directions, row: int) -> object:
    """Return the nearest of one scene and its near duplicates, by all exact cosines."""
    cosines = directions.to_all(row)
    return nearest_in(cosines, row, NEAREST), np.flatnonzero(cosines >= DUPLICATE_FLOOR)


def bench_kinds(n: int, d: int, kinds: list[str]) -> None:
    """Print what each kind of search takes, and the ratio to brute force."""
    means = world(n, d)
    directions = Directions(means)
    rows = np.random.default_rng(1).choice(n, TIMED, replace=False).tolist()
    timed, _ = seconds(lambda: [brute_force(directions, row) for row in rows])
    brute = timed / TIMED * n
    print(f"brute force n = {n:,}, d = {d}: {1e3 * timed / TIMED:.1f} ms a scene, {brute:,.0f} s")
    for kind in kinds:
        opened, (search, exact) = seconds(partial(faiss_search, directions, kind))  # type: ignore[arg-type]
        took, (nearest, similarities) = seconds(
            partial(find_nearest, search, directions, NEAREST, exact=exact)
        )
        linked, (links, found) = seconds(
            partial(find_links, directions, nearest, similarities, DUPLICATE_FLOOR, exact=exact)
        )
        recall = 1.0 if exact else measure_recall(directions, nearest)
        total = opened + took + linked
        print(
            f"{kind:5} built in {opened:.1f} s, {NEAREST} nearest of all in {took:.1f} s, "
            f"{len(links):,} links in {linked:.1f} s: {total:.0f} s, "
            f"1/{brute / total:.0f} of brute force; recall {recall:.4f}"
        )
        if exact:
            index = SceneIndex(
                nearest=nearest,
                similarities=similarities,
                links=links,
                link_similarities=found,
                recall=recall,
                fingerprint="",
            )
            bench_represents(means, index)


def bench_represents(means: np.ndarray, index: SceneIndex) -> None:
    """Print what "stands for" takes with an index and without."""
    n = len(means)
    chosen = np.random.default_rng(2).permutation(n)[: n // 20]
    with_index, told = seconds(lambda: nearest_of(means, chosen, index))
    without, compared = seconds(lambda: nearest_of(means, chosen))
    same = np.array_equal(told[1], compared[1])
    print(
        f"stands for, {len(chosen):,} chosen: {with_index:.1f} s with the index, {without:.1f} s "
        f"without, {'the same answer' if same else 'ANOTHER ANSWER'}"
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
