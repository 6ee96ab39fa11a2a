"""A COCO file: its images are grouped to scenes, its annotations are counted.

Format: https://cocodataset.org/#format-data. Of ``images`` the keys ``id`` and ``file_name`` are
read, of ``annotations`` the key ``image_id``; the file is read entry by entry, whatever its size.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from features.errors import SourceError, count
from features.files.json_values import Fields, read_arrays
from features.sources.local_names import as_meant
from features.sources.options import Rule, SourceOptions, parse_rule
from features.sources.pool import build_pool
from features.sources.record import parse_scene
from features.sources.scenes import PoolScene, ScenePool

IMAGES: Final = "images"
ANNOTATIONS: Final = "annotations"
_SIGNS: Final = {IMAGES: "file_name", ANNOTATIONS: "image_id"}


@dataclass(slots=True)
class _ImageGroup:
    """The images of one scene, in the file's order, and where the first of them stands."""

    place: str
    names: list[str] = field(default_factory=list)
    ids: list[int | str] = field(default_factory=list)


@dataclass(slots=True)
class _Content:
    """What was read: scenes by id, annotations by image, and the names that tell no scene."""

    groups: dict[str, _ImageGroup] = field(default_factory=dict)
    annotations: Counter[int | str] = field(default_factory=Counter)
    unnamed: list[str] = field(default_factory=list)


def open_coco(path: Path, options: SourceOptions) -> ScenePool:
    """Return the scenes of a COCO file.

    ``options.scene_from`` says which scene an image belongs to, see
    :mod:`features.sources.options`. File names start from ``options.images_root``, else from the
    file's own folder. The costs are the number of images and, where the file has annotations, the
    number of annotations; the images count where no resource is named.

    Raises
    ------
    SourceError
        The file is not JSON, an entry breaks a rule, or no image tells its scene.
    """
    content = _read(path, parse_rule(options.scene_from))
    if not content.groups and content.unnamed:
        raise SourceError(str(path), "no file name matches scene_from")
    base = path.parent if options.images_root is None else options.images_root
    return build_pool(
        "coco",
        str(path),
        _scenes(content, base),
        resource=options.resource or IMAGES,
        cost_origin="numbers of images and annotations",
        notes=_notes(content, base),
    )


def _notes(content: _Content, base: Path) -> Iterator[str]:
    """Yield what a user should read, once the names of all images have been understood."""
    if content.unnamed:
        yield f"{count(content.unnamed, 'image')} whose name tells no scene left out"
    first = next((group.names[0] for group in content.groups.values()), None)
    if first is not None and "://" not in first:
        path = base / as_meant(first, base)
        if not path.is_file():
            yield f"{path} is not there; the images root says where images lie"


def is_coco(path: Path) -> bool:
    """Tell whether a JSON file starts as COCO does: by its first image or annotation.

    Raises
    ------
    SourceError
        The file is not JSON.
    """
    for name, _, entry in read_arrays(path):
        if name in _SIGNS:
            return isinstance(entry, dict) and _SIGNS[name] in entry
    return False


def _read(path: Path, rule: Rule) -> _Content:
    content = _Content()
    known: dict[int | str, str] = {}
    names: dict[int | str, str] = {}
    for array, index, entry in read_arrays(path):
        place = f"{path} {array}[{index}]"
        if array == ANNOTATIONS:
            content.annotations[_id(Fields.of(entry, place), "image_id")] += 1
        elif array == IMAGES:
            fields = Fields.of(entry, place)
            image_id, name = _id(fields, "id"), fields.text("file_name")
            _claim(fields, "id", image_id, known)
            _claim(fields, "file_name", name, names)
            scene_id = rule(fields)
            if scene_id is None:
                content.unnamed.append(name)
                continue
            group = content.groups.setdefault(scene_id, _ImageGroup(place))
            group.names.append(name)
            group.ids.append(image_id)
    lost = [str(image_id) for image_id in content.annotations if image_id not in known]
    if lost:
        raise SourceError(str(path), f"has annotations of {count(lost, 'unknown image')}")
    return content


def _claim(fields: Fields, key: str, value: int | str, used: dict[int | str, str]) -> None:
    if used.setdefault(value, fields.place) is not fields.place:
        fields.refuse(key, f"{value!r} is already used at {used[value]}")


def _id(fields: Fields, key: str) -> int | str:
    value = fields.get(key)
    return fields.text(key) if isinstance(value, str) else fields.whole(key, least=0)


def _scenes(content: _Content, base: Path) -> Iterator[tuple[str, PoolScene]]:
    for scene_id, group in content.groups.items():
        costs = {IMAGES: len(group.names)}
        if content.annotations:
            costs[ANNOTATIONS] = sum(content.annotations[image_id] for image_id in group.ids)
        record = {
            "scene_id": scene_id,
            "costs": costs,
            "images": group.names,
            "external_ids": {"coco": {"image_ids": group.ids}},
        }
        yield group.place, parse_scene(record, group.place, base)
