"""What a source yields: a pool of scenes with images and costs."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Image:
    """One image of a scene.

    Parameters
    ----------
    uri
        A local path, a ``file://`` URI or a remote URI.
    sensor
        The camera's name, where the source knows it.
    frame
        The frame's position in its sequence, where the source knows it.
    """

    uri: str
    sensor: str | None = None
    frame: int | None = None


@dataclass(frozen=True, slots=True)
class PoolScene:
    """The unit that is annotated.

    Parameters
    ----------
    scene_id
        Unique in its pool, opaque, never changed on the way through.
    costs
        Cost of labelling the scene per resource (for example ``{"points": 61234.0}``);
        finite and at least 0.
    images
        May be empty: the scene is then reported and left out where features are needed.
    group
        An optional name that scenes share (an area, a sequence).
    regions
        Ids of the scene's supervoxels from 1, where the source has them (ReDAL's files need them).
    pointcloud
        Path of the scene's point cloud, where there is one.
    external_ids, meta
        Carried through untouched.
    """

    scene_id: str
    costs: Mapping[str, float]
    images: tuple[Image, ...] = ()
    group: str | None = None
    regions: tuple[int, ...] | None = None
    pointcloud: str | None = None
    external_ids: Mapping[str, object] = field(default_factory=dict)
    meta: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScenePool:
    """All scenes of a source, in the source's order.

    Parameters
    ----------
    kind
        The source's kind, for example ``"semantic_kitti"``.
    scenes
        At least one; ids are unique.
    resource
        The resource that a budget limits where the caller names none.
    cost_origin
        Where the costs come from, for people: ``"frames.json (points_full)"``.
    notes
        Sentences a user should read (for example: a validation split is included).
    """

    kind: str
    scenes: tuple[PoolScene, ...]
    resource: str
    cost_origin: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnreadableImage:
    """An image that could not be read; its scene goes on with the others.

    Parameters
    ----------
    scene_id, uri
        Which image.
    reason
        What is wrong with it, as the end of a sentence.
    """

    scene_id: str
    uri: str
    reason: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A scene that gets no signature because none of its images can be read.

    Parameters
    ----------
    scene_id
        Which scene.
    reason
        Why, as the end of a sentence.
    """

    scene_id: str
    reason: str
