"""FAISS proposes the nearest of each scene.

``flat``: every inner product is computed; nothing is missed.

``ivf``: scenes lie in ``4 sqrt(n)`` lists by k-means, and a search reads the lists nearest to the
query, as many as it takes to find nearly all of the ten nearest of sample scenes.
"""

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from features.extra import features_extra
from features.index.directions import Directions
from features.index.nearest import NeighbourSearch, sample_rows

Kind = Literal["flat", "ivf"]

FLAT_ROWS: Final = 100_000
"""Up to so many scenes an index is flat without a GPU: about two minutes on two cores."""

GPU_ROWS: Final = 300_000
"""Up to so many scenes an index is flat with a GPU."""

_NEAREST: Final = 10
_SAMPLE: Final = 256  # scenes that an index is tried on
_AIM: Final = 0.97  # what share of the ten nearest is found on the sample, at least
_SEED: Final = 123
_BLOCK: Final = 16_384


class _FaissSearch:
    """A FAISS index, on the first GPU where FAISS and the machine have one."""

    def __init__(self, faiss: Any, index: Any) -> None:  # noqa: ANN401  faiss carries no type information
        self._index = index
        if _has_gpu(faiss):
            self._index = faiss.index_cpu_to_gpu(faiss.StandardGpuResources(), 0, index)

    def nearest(
        self, units: NDArray[np.float32], k: int
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        similarities, rows = self._index.search(units, k)
        return similarities, rows


def faiss_search(directions: Directions, kind: Kind | None = None) -> tuple[NeighbourSearch, bool]:
    """Return a search by FAISS among all directions, and whether it misses nothing.

    Parameters
    ----------
    directions
        Of n >= 1 scenes.
    kind
        See above; ``flat`` or ``ivf``, by the number of scenes, where None.

    Raises
    ------
    BackboneError
        FAISS is not installed; the sentence names the extra.
    """
    with features_extra("the index of scenes"):
        import faiss  # noqa: PLC0415  not in the base install
    chosen = kind or choose_kind(directions.n, has_gpu=_has_gpu(faiss))
    flat = faiss.IndexFlatIP(directions.d)
    _fill(flat, directions)
    search = _FaissSearch(faiss, flat)
    if chosen == "flat":
        return search, True
    return _FaissSearch(faiss, _inverted_lists(faiss, directions, search)), False


def choose_kind(n: int, *, has_gpu: bool) -> Kind:
    """Return the kind that suits n scenes."""
    return "flat" if n <= (GPU_ROWS if has_gpu else FLAT_ROWS) else "ivf"


def _inverted_lists(faiss: Any, directions: Directions, flat: NeighbourSearch) -> Any:  # noqa: ANN401  faiss carries no type information
    """Return an ``ivf`` index that reads as many lists as its sample needs."""
    lists = min(directions.n, max(1, int(4 * directions.n**0.5)))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(directions.d), directions.d, lists, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed = _SEED
    index.cp.niter = 10
    index.cp.min_points_per_centroid = 1  # else a warning on stderr
    index.cp.max_points_per_centroid = 40
    index.train(directions.units(sample_rows(directions.n, 40 * lists, _SEED)))
    _fill(index, directions)
    queries = directions.units(sample_rows(directions.n, _SAMPLE, _SEED))
    nearest, _ = flat.nearest(queries, min(_NEAREST, directions.n))
    least = nearest[:, -1:] - directions.slack
    index.nprobe = 4
    while index.nprobe < lists:
        if (index.search(queries, nearest.shape[1])[0] >= least).mean() >= _AIM:
            break
        index.nprobe = min(lists, 2 * index.nprobe)
    return index


def _has_gpu(faiss: Any) -> bool:  # noqa: ANN401  faiss carries no type information
    return hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0


def _fill(index: Any, directions: Directions) -> None:  # noqa: ANN401  faiss carries no type information
    for start in range(0, directions.n, _BLOCK):
        index.add(directions.units(slice(start, start + _BLOCK)))
