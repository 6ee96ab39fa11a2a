"""A folder of images per scene: the source that needs no dataset's layout.

A scene is a folder that directly contains images. A folder with neither images nor folders is a
scene too, one without images, so that it is reported and not lost. Where there is no folder, each
image is a scene of its own.

Costs of scenes in a CSV file: ``scene_id``, then a column per resource.
"""

import math
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from features.errors import SourceError, count, plural
from features.files.json_values import is_plain
from features.files.numbers import InexactError
from features.files.paths import list_folder
from features.files.tables import Rows
from features.images.pixels import SUFFIXES
from features.sources.local_names import spellings
from features.sources.options import SourceOptions
from features.sources.pool import build_pool
from features.sources.scenes import Image, PoolScene, ScenePool


def read_costs(
    path: Path, scene_ids: Collection[str], notes: list[str]
) -> dict[str, dict[str, float]]:
    """Read a table of costs; blank lines are skipped.

    Parameters
    ----------
    path
        The table.
    scene_ids
        The scenes, each of which must have exactly one row.
    notes
        Gets sentences about what was understood, see :class:`features.files.tables.Rows`.

    Returns
    -------
    dict
        Scene id to resource to cost; costs are finite and at least 0.

    Raises
    ------
    SourceError
        A row breaks a rule, names ``FILE:LINE``; or a scene has no row.
    """
    rows = Rows(path)
    place, header = rows.place, rows.header
    key, *resources = header or [""]
    if key != "scene_id" or not resources:
        raise SourceError(place, "the header must be scene_id and at least one resource")
    if len(set(resources)) < len(resources) or not all(map(_is_name, resources)):
        raise SourceError(place, "the resources in the header must be distinct names")
    costs: dict[str, dict[str, float]] = {}
    places: dict[str, str] = {}
    for place, row in rows:
        if len(row) != len(header):
            raise SourceError(place, f"the row has {len(row)} columns, the header {len(header)}")
        name, *values = row
        scene_id = next((each for each in spellings(name) if each in scene_ids), name)
        if scene_id not in scene_ids:
            raise SourceError(place, f"there is no folder for scene {scene_id!r}")
        if scene_id in costs:
            raise SourceError(place, f"scene {scene_id!r} already has a row at {places[scene_id]}")
        places[scene_id] = place
        costs[scene_id] = {
            resource: _cost(rows, value, resource, place)
            for resource, value in zip(resources, values, strict=True)
        }
    missing = [scene_id for scene_id in scene_ids if scene_id not in costs]
    if missing:
        raise SourceError(str(path), f"has no row for {count(missing, 'scene')}")
    notes += rows.notes
    return costs


def _is_name(text: str) -> bool:
    return bool(text.strip()) and is_plain(text)


def _cost(rows: Rows, text: str, resource: str, place: str) -> float:
    try:
        cost = rows.number(text, place)
    except InexactError as error:
        raise SourceError(place, f"{resource}: {error}") from error
    if cost is None or cost < 0 or not math.isfinite(cost):
        raise SourceError(place, f"{resource} must be a finite number of at least 0, not {text!r}")
    return cost


COSTS_FILE: Final = "costs.csv"
IMAGE_COUNT: Final = "images"
"""The resource where no cost is given: the number of images."""


def open_images(root: Path, options: SourceOptions) -> ScenePool:
    """Return one scene for each folder of images under ``root``, or for each image in it.

    The id is the folder's path under ``root``, the group the path of its parent; the id of an image
    is its name. Costs come from
    ``costs.csv`` at the root where there is one, else they are the number of images.

    Raises
    ------
    SourceError
        A folder cannot be read, links make a folder appear twice, there is no scene, or
        ``costs.csv`` breaks a rule or does not name exactly the scenes.
    """
    images = {path.relative_to(root).as_posix(): found for path, found in _image_folders(root)}
    loose = images.pop(".", ())
    if not images and not loose:
        raise SourceError(str(root), "has neither images nor folders of images")
    if images:
        notes = [f"{plural(len(loose), 'image')} in no scene's folder left out"] if loose else []
    else:
        images = {path.name: (path,) for path in loose}
        notes = [f"each of the {plural(len(loose), 'image')} is a scene of its own"]
    if (root / COSTS_FILE).exists():
        costs, cost_origin = read_costs(root / COSTS_FILE, images, notes), COSTS_FILE
    else:
        costs = {scene_id: {IMAGE_COUNT: float(len(found))} for scene_id, found in images.items()}
        cost_origin = "number of images"
    return build_pool(
        "images",
        str(root),
        (
            (
                str(root / scene_id),
                PoolScene(
                    scene_id=scene_id,
                    costs=costs[scene_id],
                    images=tuple(Image(str(path)) for path in found),
                    group=scene_id.rpartition("/")[0] or None,
                ),
            )
            for scene_id, found in images.items()
        ),
        resource=options.resource,
        cost_origin=cost_origin,
        notes=notes,
    )


def has_images(root: Path) -> bool:
    """Tell whether a folder under ``root`` contains an image.

    Images in ``root`` itself may belong to anything, such as COCO's file beside them. Who means
    that each is a scene names the kind.
    """
    return any(found and folder != root for folder, found in _image_folders(root))


def _image_folders(root: Path) -> Iterator[tuple[Path, tuple[Path, ...]]]:
    """Yield each folder with its images: parents first, natural order, links followed."""
    seen: dict[tuple[int, int], Path] = {}
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        listing = list_folder(folder)
        status = folder.stat()
        first = seen.setdefault((status.st_dev, status.st_ino), folder)
        if first is not folder:
            raise SourceError(str(folder), f"is a link to {first}, which the source already has")
        images = tuple(path for path in listing.files if path.suffix.lower() in SUFFIXES)
        if images or not listing.folders:
            yield folder, images
        waiting.extend(reversed(listing.folders))
