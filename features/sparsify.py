"""Thin out a sequence of frames: one frame for each stretch that looks alike.

Source: SeedAL (Samet et al., ICCV 2023, arXiv 2304.11762), sparsification of SemanticKITTI.
"""

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError

THRESHOLD: Final = 0.75
"""The paper's cosine."""

_FIRST_BLOCK: Final = 16


def sparsify(
    vectors: NDArray[np.floating[Any]],
    threshold: float = THRESHOLD,
    tail: Literal["keep", "drop"] = "keep",
) -> NDArray[np.intp]:
    """Return the frames to keep.

    From an anchor frame i, frames j = i + 1, i + 2, ... follow until cos(i, j) < threshold. Frame
    (i + j) // 2 is kept, and j is the next anchor.

    Parameters
    ----------
    vectors : (n, d)
        Class tokens of a sequence's frames, in order. A zero vector is like no other.
    threshold
        Cosine below which a frame is another view than the anchor's.
    tail
        What happens to the frames from the last anchor on, which no other view ends. ``"drop"``
        keeps none of them, as SeedAL's released code does: a sequence that never changes, even one
        of a single frame, is then lost as a whole. ``"keep"`` keeps their middle frame: the rule of
        every other stretch, with the end of the sequence for j.

    Returns
    -------
    (m,) intp
        Ascending positions.

    Raises
    ------
    VectorsError
        The vectors are not a finite matrix.

    Notes
    -----
    Each anchor is compared with a block of frames at once, and the block doubles for as long as the
    view lasts, so there is no loop over frames.
    """
    if vectors.ndim != 2 or not np.isfinite(vectors).all():  # noqa: PLR2004  (n, d)
        message = f"a sequence's vectors must be finite and (n, d), not {vectors.shape}"
        raise VectorsError(message)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    directions = vectors / np.where(lengths > 0, lengths, 1)
    n = len(directions)
    kept: list[int] = []
    anchor = 0
    while anchor < n:
        end = _next_view(directions, anchor, threshold)
        if end == n and tail == "drop":
            break
        kept.append((anchor + end) // 2)
        anchor = end
    return np.array(kept, dtype=np.intp)


def _next_view(directions: NDArray[np.floating[Any]], anchor: int, threshold: float) -> int:
    """Return the first frame after the anchor that falls below the threshold, or n."""
    start, size = anchor + 1, _FIRST_BLOCK
    while start < len(directions):
        block = directions[start : start + size]
        below = np.flatnonzero(block @ directions[anchor] < threshold)
        if len(below):
            return start + int(below[0])
        start += len(block)
        size *= 2
    return len(directions)
