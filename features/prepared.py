"""What the feature pipeline hands over."""

from dataclasses import dataclass

from features.backbones.compute import Precision, Token
from features.index import SceneIndex
from features.pseudo_tasks import PseudoTasks
from features.settings import Sparsification
from features.signatures.model import Signatures
from features.sources.scenes import LeftOut, UnreadableImage
from features.vectors import Level


@dataclass(frozen=True, slots=True)
class Stage:
    """What one stage of the pipeline cost.

    Parameters
    ----------
    name
        ``"vectors"``, ``"signatures"`` or ``"index"``.
    computed, reused
        Number of scenes that the stage worked on, and that it found done.
    seconds
        Wall time.
    """

    name: str
    computed: int
    reused: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """A pool that a seed can be chosen from.

    Parameters
    ----------
    signatures
        Of the scenes that have a readable image, in the pool's order.
    key
        Hash of all that the signatures depend on; names their file and that of the index.
    index
        Which scenes look alike.
    tasks
        What a first model might be asked to tell apart; None where nothing can be.
    backbone, weights_id, precision, token, clusters, sparsify
        What was used, with every ``"auto"`` resolved; for vectors from a file, ``"precomputed"``,
        the file's SHA-256 and what a vector is of.
    failures, left_out
        Images that cannot be read, and scenes that have no other, or no vector.
    sparsified
        Scenes that were dropped because they look like their neighbours in a sequence.
    stages
        In order, with what was reused.
    notes
        Sentences a user should read.
    """

    signatures: Signatures
    key: str
    index: SceneIndex
    tasks: PseudoTasks | None
    backbone: str
    weights_id: str
    precision: Precision | None
    token: Token | Level
    clusters: int
    sparsify: Sparsification | None
    failures: tuple[UnreadableImage, ...]
    left_out: tuple[LeftOut, ...]
    sparsified: tuple[LeftOut, ...]
    stages: tuple[Stage, ...]
    notes: tuple[str, ...]
