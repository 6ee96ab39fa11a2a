"""Which of the chosen scenes is nearest to each of the others."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from features.index.directions import Directions
from features.index.libraries import on_gpu

_BLOCK: Final = 1024  # others that are searched at a time
_CANDIDATES: Final = 4  # that are measured exactly: 25 MB a block at d = 768


def find_nearest(
    faiss: Any,  # noqa: ANN401  faiss carries no type information
    directions: Directions,
    chosen: NDArray[np.intp],
    others: NDArray[np.intp],
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Return the chosen row with the largest cosine for each other row; of equals, the lowest.

    Parameters
    ----------
    chosen : (c,)
        Ascending, c >= 1.
    others : (k,)
        Rows to be represented.

    Returns
    -------
    rows : (k,)
        Of the chosen.
    similarities : (k,)
        Their cosines.
    """
    flat = faiss.IndexFlatIP(directions.d)
    flat.add(directions.units(chosen))
    searched = on_gpu(faiss, flat)
    rows = np.empty(len(others), dtype=np.intp)
    similarities = np.empty(len(others), dtype=np.float32)
    wanted = min(_CANDIDATES, len(chosen))
    for start in range(0, len(others), _BLOCK):
        part = others[start : start + _BLOCK]
        found, places = searched.search(directions.units(part), wanted)
        # Ascending, so that the first of equals is the lowest row.
        candidates = chosen[np.sort(places, axis=1)]
        measured = directions.paired(part, candidates)
        best = measured.argmax(axis=1)[:, None]
        nearest = np.take_along_axis(candidates, best, axis=1)[:, 0]
        similarity = np.take_along_axis(measured, best, axis=1)[:, 0]
        if wanted < len(chosen):
            # Where even the last candidate is that close, one left out may be the nearest.
            for place in np.flatnonzero(found[:, 0] - found[:, -1] <= 2 * directions.slack):
                everything = directions.cosines(int(part[place]), chosen)
                nearest[place] = chosen[everything.argmax()]
                similarity[place] = everything.max()
        rows[start : start + _BLOCK] = nearest
        similarities[start : start + _BLOCK] = similarity
    return rows, similarities
