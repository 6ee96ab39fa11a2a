"""Drop the scenes of a sequence that look like their neighbours, before scenes are compared.

Source: SeedAL (Samet et al., ICCV 2023), where it is done for SemanticKITTI, whose scenes are the
frames of a drive. See :mod:`features.extraction.thinning` for the rule.

Thin out a sequence of frames: one frame for each stretch in which little changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from features.errors import VectorsError
from features.extraction.shards import VectorExtraction
from features.numeric import rounded, row_lengths, unit_rows
from features.settings import Sparsification
from features.sources.scenes import LeftOut, PoolScene

THRESHOLD: Final = 0.75
"""SeedAL's, for class tokens of DINO."""

_FIRST: Final = 8  # frames compared at once after a new anchor; doubled until one differs
_MOST: Final = 4096


def sparsify(
    vectors: NDArray[np.floating],
    threshold: float = THRESHOLD,
    tail: Literal["keep", "drop"] = "keep",
) -> NDArray[np.intp]:
    """Return which frames of a sequence to keep.

    From an anchor frame i, frames j = i + 1, i + 2, ... are passed until cos(i, j) falls below the
    threshold; the middle one, (i + j) // 2, is kept, and j becomes the anchor.

    Parameters
    ----------
    vectors : (n, d)
        One vector a frame, in the order of the frames.
    threshold
        Between -1 and 1. Cosines are rounded to multiples of 2^-24 before they are compared.
    tail
        What becomes of the frames from the last anchor i on, which no frame ends. ``"keep"``: their
        middle, (i + n) // 2, is kept, as if a frame n that differs followed. ``"drop"``: none is.

    Returns
    -------
    (k,) intp
        Ascending; with ``"keep"`` at least one where n >= 1.

    Raises
    ------
    VectorsError
        The vectors are not a table, one is zero or not finite, or the threshold breaks its rule.

    Notes
    -----
    SeedAL, step "sparsification" (SemanticKITTI, threshold 0.75). Its released code does what
    ``"drop"`` does: frames after the last anchor are lost, and a sequence whose frames are all
    alike keeps no frame at all. ``"keep"`` is the same but for that one frame more.
    """
    if vectors.ndim != 2 or not -1.0 <= threshold <= 1.0:  # noqa: PLR2004  (n, d)
        message = (
            f"sparsification needs vectors (n, d) and a threshold between -1 and 1, not "
            f"{vectors.shape} and {threshold}"
        )
        raise VectorsError(message)
    lengths = row_lengths(vectors)
    without = np.flatnonzero(~(np.isfinite(lengths) & (lengths > 0)))
    if without.size:
        message = f"frame {without[0]} is zero or not finite, so it has no direction"
        raise VectorsError(message)
    n = len(vectors)
    kept: list[int] = []
    anchor = 0
    while anchor < n:
        following = _next_different(vectors, lengths, anchor, threshold)
        if following < n or tail == "keep":
            kept.append((anchor + following) // 2)
        anchor = following
    return np.array(kept, dtype=np.intp)


def _next_different(
    vectors: NDArray[np.floating], lengths: NDArray[np.float64], anchor: int, threshold: float
) -> int:
    """Return the first frame after the anchor whose cosine is below the threshold; n if none is."""
    direction = vectors[anchor].astype(np.float64) / lengths[anchor]
    start, size = anchor + 1, _FIRST
    while start < len(vectors):
        stop = start + size
        block = vectors[start:stop].astype(np.float64)
        cosines = np.einsum("bd,d->b", block, direction) / lengths[start:stop]
        below = rounded(cosines) < threshold
        if below.any():
            return start + int(below.argmax())
        start, size = stop, min(_MOST, 2 * size)
    return len(vectors)


@dataclass(frozen=True, slots=True)
class Thinned:
    """What is left of a pool.

    Parameters
    ----------
    kept
        The scenes to go on with, in the pool's order. Scenes without a readable image are among
        them: they are reported later, like everywhere.
    dropped
        The others, each with the scene that stands for it.
    """

    kept: tuple[PoolScene, ...]
    dropped: tuple[LeftOut, ...]


def thin(
    scenes: Sequence[PoolScene], extraction: VectorExtraction, rule: Sparsification
) -> Thinned:
    """Keep some frames of each sequence.

    Parameters
    ----------
    scenes
        A pool's scenes. Those of a group are a sequence, in the pool's order.
    extraction
        Gives each image's class token. A scene with several images is compared by the mean of their
        directions.
    rule
        When a frame is another view.
    """
    sequences: dict[str | None, list[PoolScene]] = {}
    for scene in scenes:
        if extraction.keys(scene):
            sequences.setdefault(scene.group, []).append(scene)
    stand_ins: dict[str, str] = {}
    for sequence in sequences.values():
        frames = np.stack([_direction(scene, extraction) for scene in sequence])
        kept = sparsify(frames, rule.threshold, rule.tail)
        for position, scene in enumerate(sequence):
            if len(kept):
                nearest = kept[np.abs(kept - position).argmin()]
                stand_ins[scene.scene_id] = sequence[nearest].scene_id
            else:  # the released code's rule can keep no frame of a short sequence
                stand_ins[scene.scene_id] = ""
    is_kept = {s.scene_id: stand_ins.get(s.scene_id, s.scene_id) == s.scene_id for s in scenes}
    return Thinned(
        kept=tuple(scene for scene in scenes if is_kept[scene.scene_id]),
        dropped=tuple(
            LeftOut(scene.scene_id, _reason(stand_ins[scene.scene_id]))
            for scene in scenes
            if not is_kept[scene.scene_id]
        ),
    )


def _direction(scene: PoolScene, extraction: VectorExtraction) -> NDArray[np.float64]:
    rows = np.concatenate([image.vectors for image in extraction.vectors(scene)])
    mean: NDArray[np.float64] = unit_rows(rows).mean(axis=0)
    return mean


def _reason(stand_in: str) -> str:
    if not stand_in:
        return "its sequence has no frame that is kept"
    return f"it looks like its neighbours in the sequence; {stand_in} stands for it"
