"""What a caller may choose about a source."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from features.errors import SourceError
from features.sources.refusing import GoOn, Refuse, always, at_once
from features.sources.scene_rule import parse_rule

Split = Literal["all", "train"]
Unit = Literal["scene", "keyframe"]


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Choices that a source's files do not make themselves.

    Parameters
    ----------
    images_root
        Where the images lie, if not under the source's root (SemanticKITTI, S3DIS, ScanNet,
        KITTI-360, COCO).
    split
        ``"train"`` keeps the benchmark's training split (SemanticKITTI, S3DIS, KITTI-360),
        ``"all"`` everything that is labelled.
    resource
        The resource that a budget limits; every scene must have a cost for it. Without a name the
        source decides, see :func:`features.sources.pool.build_pool`.
    scene_from
        Which scene an image belongs to (COCO): ``key:NAME``, or a regular expression with one
        group; see :mod:`features.sources.scene_rule`.
    unit
        What a scene is (nuScenes): a drive of 20 s, or one ``"keyframe"`` of it.
    refuse
        How a row of a manifest that breaks a rule is met.
    go_on
        Whether more of a manifest is to be read.

    Raises
    ------
    SourceError
        An unknown split or unit, or a ``scene_from`` that is no rule.
    """

    images_root: Path | None = None
    split: Split = "all"
    resource: str | None = None
    scene_from: str | None = None
    unit: Unit = "scene"
    refuse: Refuse = at_once
    go_on: GoOn = always

    def __post_init__(self) -> None:
        if self.split not in get_args(Split):
            raise SourceError(place="split", rule=f"must be 'all' or 'train', not {self.split!r}")
        if self.unit not in get_args(Unit):
            rule = f"must be 'scene' or 'keyframe', not {self.unit!r}"
            raise SourceError(place="unit", rule=rule)
        parse_rule(self.scene_from)
