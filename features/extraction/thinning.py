"""Drop the scenes of a sequence that look like their neighbours, before scenes are compared.

Source: SeedAL (Samet et al., ICCV 2023), where it is done for SemanticKITTI, whose scenes are the
frames of a drive. See :mod:`features.extraction.sparsify` for the rule.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.extraction.shards import VectorExtraction
from features.extraction.sparsify import sparsify
from features.images.reading import LeftOut
from features.settings import Sparsification
from features.signatures.model import unit_rows
from features.sources.scenes import PoolScene


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
