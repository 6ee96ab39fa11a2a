"""The kinds of FAISS index, and what each promises.

``flat``: every inner product is computed; answers are exact.

``ivf``: scenes lie in ``4 sqrt(n)`` lists by k-means, and a search reads the lists nearest to the
query, as many as it takes to find nearly all of the ten nearest of sample scenes. At 100,000
clustered vectors of 384 dimensions, on two busy cores, it was built in 17 s and found 99.8 % in
0.07 ms a query; ``flat`` took 14 ms, and HNSW 32 s to build and 0.35 ms for 99.6 %
(``benchmarks/bench_index.py --kinds flat ivf hnsw``).
"""

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from features.index.directions import Directions
from features.index.libraries import on_gpu

Kind = Literal["flat", "ivf"]

FLAT_ROWS: Final = 50_000
"""Up to so many scenes an index is flat: a question takes 15 ms at 768 dimensions."""

RECALL: Final = 0.95
"""What share of the ten nearest scenes an ``ivf`` index finds, at least, on its sample."""

NEAREST: Final = 10

_SAMPLE: Final = 256  # scenes that an index is tried on
_AIM: Final = 0.97  # on the sample, so that other scenes reach RECALL too
_SEED: Final = 123
_BLOCK: Final = 16_384


def choose_kind(n: int) -> Kind:
    """Return the kind that suits n scenes."""
    return "flat" if n <= FLAT_ROWS else "ivf"


def make_index(faiss: Any, directions: Directions, kind: Kind) -> Any:  # noqa: ANN401  faiss carries no type information
    """Return a FAISS index of all directions, by inner product."""
    flat = faiss.IndexFlatIP(directions.d)
    _fill(flat, directions)
    if kind == "flat":
        return flat
    lists = min(directions.n, max(1, int(4 * directions.n**0.5)))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(directions.d), directions.d, lists, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed = _SEED
    index.cp.niter = 10
    index.cp.min_points_per_centroid = 1  # else a warning on stderr
    index.cp.max_points_per_centroid = 40
    index.train(_sample(directions, 40 * lists))
    _fill(index, directions)
    queries = _sample(directions, _SAMPLE)
    nearest = on_gpu(faiss, flat).search(queries, min(NEAREST, directions.n))[0]
    index.nprobe = 4
    while index.nprobe < lists and _recall(index, queries, nearest, directions.slack) < _AIM:
        index.nprobe = min(lists, 2 * index.nprobe)
    return index


def measure_recall(faiss: Any, index: Any, directions: Directions, seed: int) -> float:  # noqa: ANN401  faiss carries no type information
    """Return the share of the ten nearest that an index finds, over up to 256 random scenes.

    A scene counts as found where an equally similar one was found in its place.
    """
    flat = faiss.IndexFlatIP(directions.d)
    _fill(flat, directions)
    queries = _sample(directions, _SAMPLE, seed)
    nearest = on_gpu(faiss, flat).search(queries, min(NEAREST, directions.n))[0]
    return _recall(index, queries, nearest, directions.slack)


def _recall(
    index: Any,  # noqa: ANN401  faiss carries no type information
    queries: NDArray[np.float32],
    nearest: NDArray[np.float32],
    slack: float,
) -> float:
    found = index.search(queries, nearest.shape[1])[0]
    return float((found >= nearest[:, -1:] - slack).mean())


def _sample(directions: Directions, size: int, seed: int = _SEED) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    rows = rng.choice(directions.n, min(size, directions.n), replace=False)
    return directions.units(np.sort(rows))


def _fill(index: Any, directions: Directions) -> None:  # noqa: ANN401  faiss carries no type information
    for start in range(0, directions.n, _BLOCK):
        index.add(directions.units(slice(start, start + _BLOCK)))
