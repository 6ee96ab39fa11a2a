"""What a caller may choose about a source.

Which scene an image of a table belongs to, as the user says it.

``key:NAME`` takes the value of a key of the image's entry; anything else is a regular expression
with one group, which is searched for in the file's name.

How a source meets a row that breaks a rule: by default its reader stops there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, NoReturn, get_args

from features.errors import SourceError
from features.files.json_values import Fields
from features.sources.columns import parse_columns
from features.sources.expressions import MAX_NAME, Expression, ExpressionError

Rule = Callable[[Fields], str | None]
"""Returns the scene's id for an image's entry, or nothing where its name does not match."""

_KEY: Final = "key:"


def parse_rule(text: str | None) -> Rule:
    """Return the rule that a text describes.

    Without a text the scene is the folder of the file's name, and an image without a folder is a
    scene of its own.

    Raises
    ------
    SourceError
        The text names no key, or is no regular expression with one group that is sure to end soon,
        see :class:`features.sources.expressions.Expression`.
    """
    if text is None:
        return _folder
    if text.startswith(_KEY):
        return _of_key(text.removeprefix(_KEY))
    try:
        return _of_expression(Expression(text, groups={1}))
    except ExpressionError as error:
        _refuse(f"{error}; or be key:NAME")


def _folder(entry: Fields) -> str:
    name = entry.text("file_name")
    return name.rpartition("/")[0] or name


def _of_key(key: str) -> Rule:
    if not key:
        _refuse("must name a key after key:")

    def scene(entry: Fields) -> str:
        value = entry.get(key)
        number = isinstance(value, int) and not isinstance(value, bool)
        return str(value) if number else entry.text(key)

    return scene


def _of_expression(expression: Expression) -> Rule:
    def scene(entry: Fields) -> str | None:
        name = entry.text("file_name")
        if len(name) > MAX_NAME:
            entry.refuse("file_name", f"has more than {MAX_NAME} characters, too many to search")
        return expression.find(name)

    return scene


def _refuse(rule: str) -> NoReturn:
    raise SourceError(place="scene_from", rule=rule)


Refuse = Callable[[SourceError, str | None], None]
"""Takes what is wrong and the scene's id, where the row has one; the row is then left out."""

GoOn = Callable[[], bool]
"""Asked before each scene of a manifest; where it is false, the rest is not read."""


def at_once(error: SourceError, scene_id: str | None) -> NoReturn:
    """Raise what is wrong: a source is taken as a whole or not at all."""
    del scene_id
    raise error


def always() -> bool:
    """Read a source to its end."""
    return True


def id_of(record: object) -> str | None:
    """Return the scene's id of a record, right or wrong, if it has one."""
    scene_id = record.get("scene_id") if isinstance(record, dict) else None
    return scene_id if isinstance(scene_id, str) else None


FolderKind = Literal[
    "images", "coco", "semantic_kitti", "s3dis", "nuscenes", "scannet", "kitti_360"
]
"""The kinds of sources that have a root: a folder in a known layout, or COCO's file."""
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
        group; see :func:`parse_rule`.
    unit
        What a scene is (nuScenes): a drive of 20 s, or one ``"keyframe"`` of it.
    column
        Which column of a manifest is what, as TARGET=COLUMN: cost=points; repeatable.
    refuse
        How a row of a manifest that breaks a rule is met.
    go_on
        Whether more of a manifest is to be read.

    Raises
    ------
    SourceError
        An unknown split or unit, a ``scene_from`` that is no rule, or a `column` that says nothing;
        see :func:`features.sources.columns.parse_columns`.
    """

    images_root: Path | None = None
    split: Split = "all"
    resource: str | None = None
    scene_from: str | None = None
    unit: Unit = "scene"
    column: tuple[str, ...] = ()
    refuse: Refuse = at_once
    go_on: GoOn = always

    def __post_init__(self) -> None:
        if self.split not in get_args(Split):
            raise SourceError(place="split", rule=f"must be 'all' or 'train', not {self.split!r}")
        if self.unit not in get_args(Unit):
            rule = f"must be 'scene' or 'keyframe', not {self.unit!r}"
            raise SourceError(place="unit", rule=rule)
        parse_rule(self.scene_from)
        parse_columns(self.column)
