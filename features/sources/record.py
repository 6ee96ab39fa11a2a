"""One scene, from a line of a manifest or from the body of a request.

:class:`SceneRecord` says which members a record has, for every door. :func:`parse_scene` reads one
and holds the rules.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Required

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictFloat,
    StrictInt,
    with_config,
)
from typing_extensions import TypedDict

from features.errors import SourceError, StorageError
from features.files.json_values import Fields, is_plain
from features.files.numbers import exact_whole
from features.sources.local_names import as_meant
from features.sources.scenes import Image, PoolScene
from features.storage.reading import require_readable
from features.storage.uris import resolve

_EXACT: Final = ConfigDict(extra="forbid", allow_inf_nan=False)


def _kept(value: object) -> object:
    """Refuse a whole number that pydantic would round."""
    if isinstance(value, int) and not isinstance(value, bool):
        return exact_whole(value)
    return value


Cost = Annotated[StrictFloat, BeforeValidator(_kept)]
"""A JSON number that is kept as it is written."""


@with_config(_EXACT)
class InlineImage(TypedDict, total=False):
    """An image of a scene."""

    uri: Required[str]
    sensor: str | None
    frame: StrictInt | None


@with_config(_EXACT)
class SceneRecord(TypedDict, total=False):
    """The members of a record and their types.

    A request's body is checked against it before its records are read; a manifest's are read as
    they come. What a value may be is checked when the record is read, :func:`parse_scene`.
    """

    scene_id: Required[Annotated[str, Field(examples=["Area_2/storage_5"])]]
    cost: Annotated[Cost | None, Field(examples=[61234])]
    costs: dict[str, Cost] | None
    group: str | None
    images: Annotated[
        Annotated[list[str | InlineImage], Field(fail_fast=True)] | None,
        Field(examples=[["file:///data/storage_5/0.png"]]),
    ]
    pointcloud: JsonValue
    regions: Annotated[list[StrictInt], Field(fail_fast=True)] | None
    external_ids: dict[str, JsonValue] | None
    meta: dict[str, JsonValue] | None


SCENE_KEYS: Final = frozenset(SceneRecord.__annotations__)
"""The keys that a record may have."""
_IMAGE_KEYS: Final = frozenset(InlineImage.__annotations__)
_POINTCLOUD_KEYS: Final = frozenset({"uri", "format"})

DEFAULT_RESOURCE: Final = "cost"
"""The resource that a plain ``cost`` is of."""


def parse_scene(record: object, place: str, base: Path | str) -> PoolScene:
    """Check a decoded JSON record and return the scene it describes.

    Parameters
    ----------
    record
        What ``json.loads`` gives for a :class:`SceneRecord`; no other keys, and no null.
    place
        Where the record stands, for errors: ``"scenes.jsonl:7"`` or ``"scenes[6]"``.
    base
        The folder, or the URI prefix with its last slash, that relative paths start from.

    Raises
    ------
    SourceError
        The record breaks a rule; the message names the place and the key.
    """
    fields = Fields.of(record, place, known=SCENE_KEYS)
    return PoolScene(
        scene_id=_scene_id(fields),
        costs=_costs(fields),
        images=tuple(
            _image(entry, place, f"images[{index}]", base)
            for index, entry in enumerate(_listed(fields))
        ),
        group=fields.text("group") if "group" in fields else None,
        regions=_regions(fields) if "regions" in fields else None,
        pointcloud=_pointcloud(fields, base) if "pointcloud" in fields else None,
        external_ids=fields.mapping("external_ids"),
        meta=fields.mapping("meta"),
    )


def _scene_id(fields: Fields) -> str:
    """Return the id; a whole number is taken as its decimal text."""
    value = fields.get("scene_id")
    return str(value) if type(value) is int else fields.text("scene_id")


def _listed(fields: Fields) -> Sequence[object]:
    """Return the images; a path alone is one image."""
    alone = fields.values.get("images")
    return [alone] if isinstance(alone, str) else fields.items("images")


def _costs(fields: Fields) -> Mapping[str, float]:
    if "cost" not in fields and "costs" not in fields:
        raise SourceError(fields.place, "the record must have a cost or costs")
    costs = {DEFAULT_RESOURCE: fields.amount("cost")} if "cost" in fields else {}
    if "costs" not in fields:
        return costs
    by_resource = Fields.of(fields.get("costs"), fields.place, "costs")
    if not by_resource.values:
        fields.refuse("costs", "must name at least one resource")
    for resource in by_resource.values:
        if not (resource.strip() and is_plain(resource)):
            fields.refuse("costs", f"must not have a resource named {resource!r}")
        if resource in costs:
            by_resource.refuse(resource, "is also given by the key cost")
        costs[resource] = by_resource.amount(resource)
    return costs


def _image(entry: object, place: str, name: str, base: Path | str) -> Image:
    if isinstance(entry, str):
        entry = {"uri": entry}
    fields = Fields.of(entry, place, name, _IMAGE_KEYS)
    uri = fields.text("uri")
    try:
        uri = resolve(as_meant(uri, base), base)
        require_readable(uri)
    except StorageError as error:
        fields.refuse("uri", f"{error.uri!r} is no usable path: {error.reason}")
    return Image(
        uri=uri,
        sensor=fields.text("sensor") if "sensor" in fields else None,
        frame=fields.whole("frame", least=0) if "frame" in fields else None,
    )


def _regions(fields: Fields) -> tuple[int, ...]:
    listed = fields.items("regions")
    by_index = Fields(
        {f"[{i}]": region for i, region in enumerate(listed)}, fields.place, "regions"
    )
    regions = tuple(by_index.whole(key, least=1) for key in by_index.values)
    if len(set(regions)) < len(regions):
        fields.refuse("regions", "must not name a region twice")
    return regions


def _pointcloud(fields: Fields, base: Path | str) -> str:
    """Return the point cloud's path; a URI is carried through: who opens it looks at it."""
    value = fields.get("pointcloud")
    if isinstance(value, str):
        value = {"uri": value}
    pointcloud = Fields.of(value, fields.place, "pointcloud", _POINTCLOUD_KEYS)
    uri = pointcloud.text("uri")
    if "format" in pointcloud:
        pointcloud.text("format")
    if "://" in uri:
        return uri
    try:
        return resolve(as_meant(uri, base), base)
    except StorageError as error:
        pointcloud.refuse("uri", f"{error.uri!r} is no usable path: {error.reason}")
