"""A project of Supervisely: point clouds with their images, or images where there are no clouds.

The order is the tag ``seedal_rank``, and that of the names; ``seedal_scene`` and ``seedal_cost``
are tags, too.

Source: Supervisely's documentation of its point cloud and image projects, and its own reader.
"""

from pathlib import PurePosixPath
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from app.exports.bundles import ORDER, Files, Ranked, converted, in_3d, order_of, ranked
from app.exports.seed import ExportableSeed, ExportError, json_bytes
from features.readers.originals import Original

_DATASET: Final = "seed"
_TAGS: Final = (
    ("seedal_rank", "any_number", "#1F5FBF"),
    ("seedal_scene", "any_string", "#5D6977"),
    ("seedal_cost", "any_number", "#2E8B57"),
)
_KEYED: Final = ("tags", "objects", "figures", "videos")
"""What ids of a server are kept for; a new project has none."""

_SHOWN: Final = frozenset(
    {".jpg", ".jpeg", ".mpo", ".bmp", ".png", ".webp", ".tiff", ".tif", ".nrrd", ".jfif"}
)
"""Endings that its reader takes for images; others it passes over in silence."""


def seed_supervisely(seed: ExportableSeed) -> Files:
    """Yield the project's files.

    Raises
    ------
    ExportError
        A scene cannot be read, its image is of a kind that Supervisely passes over, or scenes are
        of different kinds.
    ReadersBusyError
        Too many files are being read.
    """
    scenes = ranked(seed)
    clouds = in_3d(scenes)
    yield "meta.json", json_bytes(_meta("point_clouds" if clouds else "images"))
    if clouds:
        yield "key_id_map.json", json_bytes({key: {} for key in _KEYED})
    described = []
    for one in scenes:
        extra: dict[str, Any] = {}
        yield from (_cloud if clouds else _images)(one, extra)
        described.append(one.described(**extra))
    yield ORDER, json_bytes(order_of(seed, scenes=described))


def _meta(kind: str) -> dict[str, Any]:
    tags = [
        {
            "name": name,
            "value_type": value,
            "color": colour,
            "hotkey": "",
            "applicable_type": "all",
            "classes": [],
            "target_type": "all",
        }
        for name, value, colour in _TAGS
    ]
    return {"classes": [], "tags": tags, "projectType": kind}


def _tags(one: Ranked) -> list[dict[str, Any]]:
    values = (one.rank, one.scene.scene_id, one.scene.cost)
    return [{"name": name, "value": value} for (name, *_), value in zip(_TAGS, values, strict=True)]


def _cloud(one: Ranked, extra: dict[str, Any]) -> Files:
    pcd = one.cloud()
    item = f"{one.name}.pcd"
    yield f"{_DATASET}/pointcloud/{item}", pcd.content
    # Keys join what is in one project; made of names, they are the same each time.
    annotation = {
        "description": "",
        "key": _key(item),
        "tags": [tag | {"key": _key(f"{item}#{tag['name']}")} for tag in _tags(one)],
        "objects": [],
        "figures": [],
    }
    yield f"{_DATASET}/ann/{item}.json", json_bytes(annotation)
    names = []
    folder = f"{_DATASET}/related_images/{one.name}_pcd"
    for (label, image), source in zip(one.images(), one.scene.images, strict=True):
        _require_shown(one, image)
        names.append(label)
        yield f"{folder}/{label}", image.content
        about = {"name": label, "meta": {"deviceId": source.sensor or PurePosixPath(label).stem}}
        yield f"{folder}/{label}.json", json_bytes(about)
    extra.update(item=item, related_images=names, **converted(pcd))


def _images(one: Ranked, extra: dict[str, Any]) -> Files:
    items = []
    for label, image in one.images():
        _require_shown(one, image)
        item = f"{one.name}-{label}"
        items.append(item)
        yield f"{_DATASET}/img/{item}", image.content
        annotation = {
            "description": "",
            "size": {"height": image.height, "width": image.width},
            "tags": _tags(one),
            "objects": [],
        }
        yield f"{_DATASET}/ann/{item}.json", json_bytes(annotation)
    extra.update(items=items)


def _require_shown(one: Ranked, image: Original) -> None:
    if image.suffix not in _SHOWN:
        detail = (
            f"Scene {one.scene.scene_id!r}: Supervisely does not read images of the kind "
            f"{image.suffix}."
        )
        raise ExportError(detail)


def _key(name: str) -> str:
    return uuid5(NAMESPACE_URL, f"seedal:{name}").hex
