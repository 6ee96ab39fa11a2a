"""Which of some scenes each of the others looks most like."""

from typing import Final

import numpy as np
import numpy.typing as npt

from features.index.directions import Directions

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ROWS: Final = 4096  # of cosines held at once


def nearest_of(vectors: Floats, chosen: Ints) -> tuple[Ints, Ints]:
    """Return all scenes but the chosen, and the chosen one that each looks most like.

    Single precision tells apart what differs by more than a ten-millionth, in half the time. Of
    chosen scenes that are equally like it, the first is taken.

    Parameters
    ----------
    vectors
        Mean vectors of scenes, shape (n, d).
    chosen
        k >= 0 scenes by their number.

    Returns
    -------
    others, nearest
        Numbers of scenes, ascending, and places in `chosen`; shape (n - k,) each, or empty where
        nothing is chosen.
    """
    if not len(chosen):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    lengths = np.linalg.norm(vectors[chosen], axis=1, keepdims=True)
    # Lengths of the others change nothing: which cosine is largest is asked row by row.
    unit = (vectors[chosen] / np.where(lengths > 0, lengths, 1.0)).astype(np.float32).T
    others = np.setdiff1d(np.arange(len(vectors)), chosen)
    nearest = np.zeros(len(others), dtype=np.int64)
    for start in range(0, len(others), _ROWS):
        part = slice(start, start + _ROWS)
        nearest[part] = (vectors[others[part]].astype(np.float32) @ unit).argmax(axis=1)
    return others, nearest


def represented_by(
    vectors: Floats, chosen: Ints, labelled: Ints, scene: int
) -> tuple[Ints, npt.NDArray[np.float32]]:
    """Return the scenes that a chosen one stands for, most alike first, and their cosines.

    Parameters
    ----------
    vectors
        Mean vectors of scenes, shape (n, d).
    chosen
        The seed's scenes, in the order of their ranks.
    labelled
        Scenes that are labelled already: what looks like one of them is represented by it.
    scene
        The place in `chosen` of the one that is asked about.
    """
    company = np.setdiff1d(labelled, chosen)
    others, nearest = nearest_of(vectors, np.concatenate([chosen, company]))
    members = others[nearest == scene]
    alike = Directions(vectors).cosines(int(chosen[scene]), members.astype(np.intp))
    order = np.argsort(-alike, kind="stable")
    return members[order], alike[order]
