"""What an index answers. Similarities are cosines of mean directions, in steps of 2^-24."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SimilarScene:
    """A scene that looks like another.

    Parameters
    ----------
    scene_id
        The other scene.
    similarity
        Cosine of the two scenes' mean directions.
    """

    scene_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two scenes that look alike.

    Parameters
    ----------
    first, second
        The scenes, in the pool's order.
    similarity
        Cosine of their mean directions.
    """

    first: str
    second: str
    similarity: float


@dataclass(frozen=True, slots=True)
class NearDuplicates:
    """Pairs of scenes that look alike.

    Parameters
    ----------
    pairs
        Each pair once: the most similar first, then in the pool's order.
    complete
        Whether these are all; else the most similar of them.
    """

    pairs: tuple[Pair, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Representation:
    """Which chosen scene stands for which of the others.

    Parameters
    ----------
    nearest
        Every scene that is not chosen, in the pool's order, to the chosen scene most like it.
    members
        Every chosen scene, in the pool's order, to the others that it is nearest to: the most
        similar first, then in the pool's order.
    """

    nearest: Mapping[str, SimilarScene]
    members: Mapping[str, tuple[SimilarScene, ...]]
