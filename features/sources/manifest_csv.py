"""A manifest as CSV: with the column ``image_uri`` a row is an image, without it a row is a scene.

Columns are named as the keys of the JSON Lines manifest, an empty cell is an absent key, and
``cost.RESOURCE`` stands for ``costs``. Where a row is an image, ``image_uri``, ``sensor`` and
``frame`` describe it, and all else must be the same in every row of its scene; a scene without
images is one row with an empty ``image_uri``. Where a row is a scene, ``images`` is a JSON list.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from features.errors import SourceError
from features.files.json_values import decode_json
from features.files.text_lines import decimal, read_rows
from features.sources.options import Refuse, at_once, id_of
from features.sources.record import parse_scene
from features.sources.scenes import Image, PoolScene

_PER_IMAGE: Final = "image_uri"
_IMAGE_KEYS: Final = {_PER_IMAGE: "uri", "sensor": "sensor", "frame": "frame"}
_JSON: Final = frozenset({"images", "regions", "external_ids", "meta"})
_TEXT: Final = frozenset({"scene_id", "group", "pointcloud"})
_WHOLE: Final = re.compile(r" *[0-9]{1,19} *")
_COST: Final = "cost"
_COSTS: Final = "cost."
_SHARED: Final = ("costs", "group", "pointcloud", "regions", "external_ids", "meta")


def read_csv(
    path: Path, base: Path | str, refuse: Refuse = at_once
) -> Iterator[tuple[str, PoolScene]]:
    """Yield each scene after the place of its first row, ``"FILE:LINE"``.

    Raises
    ------
    SourceError
        The header or a row breaks a rule, or rows of one scene differ.
    """
    rows = read_rows(path)
    place, header = next(rows, (str(path), []))
    _check(header, place)
    scenes = _scenes(rows, header, base, refuse)
    return _join(scenes, refuse) if _PER_IMAGE in header else scenes


def _check(header: list[str], place: str) -> None:
    image_columns = _IMAGE_KEYS.keys() if _PER_IMAGE in header else {"images"}
    known = _TEXT | _JSON - {"images"} | {_COST} | image_columns
    for column in header:
        if column not in known and not column.startswith(_COSTS):
            names = ", ".join(sorted(known | _IMAGE_KEYS.keys()))
            rule = f"{column!r} is no known column ({names}, cost.RESOURCE)"
            if ";" in column or "\t" in column:
                rule += "; columns are separated by commas"
            raise SourceError(place, rule)
    if len(set(header)) < len(header):
        raise SourceError(place, "the header names a column twice")
    if "scene_id" not in header:
        raise SourceError(place, "the header must name the column scene_id")


def _scenes(
    rows: Iterable[tuple[str, list[str]]], header: list[str], base: Path | str, refuse: Refuse
) -> Iterator[tuple[str, PoolScene]]:
    for place, row in rows:
        cells = dict(zip(header, row, strict=False))
        try:
            _require_columns(row, header, place)
            scene = parse_scene(_record(cells, place), place, base)
        except SourceError as error:
            refuse(error, id_of(cells))
        else:
            yield place, scene


def _require_columns(row: list[str], header: list[str], place: str) -> None:
    if len(row) != len(header):
        raise SourceError(place, f"the row has {len(row)} columns, the header {len(header)}")


def _record(cells: Mapping[str, str], place: str) -> dict[str, object]:
    """Return the row as a line of JSON would have it."""
    record: dict[str, object] = {}
    costs: dict[str, object] = {}
    image: dict[str, object] = {}
    for column, cell in cells.items():
        if not cell:
            continue
        if column in _IMAGE_KEYS:
            image[_IMAGE_KEYS[column]] = _whole(cell) if column == "frame" else cell
        elif column in _JSON:
            record[column] = _json(cell, column, place)
        elif column == _COST:
            record[column] = _number(cell)
        elif column.startswith(_COSTS):
            costs[column.removeprefix(_COSTS)] = _number(cell)
        else:
            record[column] = cell
    if costs:
        record["costs"] = costs
    if image:
        record["images"] = [image]
    return record


def _number(cell: str) -> float | str:
    """Return a number, or the text, which is then refused as one."""
    number = decimal(cell)
    return cell if number is None else number


def _whole(cell: str) -> int | str:
    return int(cell) if _WHOLE.fullmatch(cell) else cell


def _json(cell: str, column: str, place: str) -> object:
    try:
        return decode_json(cell.encode(), place)
    except SourceError as error:
        raise SourceError(place, f"{column}: {error.rule}") from error


def _join(rows: Iterable[tuple[str, PoolScene]], refuse: Refuse) -> Iterator[tuple[str, PoolScene]]:
    """Put the images of a scene's rows together; rows may come in any order."""
    scenes: dict[str, tuple[str, PoolScene]] = {}
    images: dict[str, list[Image]] = {}
    for place, scene in rows:
        first_place, first = scenes.setdefault(scene.scene_id, (place, scene))
        known = images.setdefault(scene.scene_id, [])
        try:
            if first is not scene:
                _agree(scene, place, first, first_place)
                _require_images(scene, place, known, first_place)
        except SourceError as error:
            refuse(error, scene.scene_id)
        else:
            known.extend(scene.images)
    for scene_id, (place, scene) in scenes.items():
        yield place, replace(scene, images=tuple(images[scene_id]))


def _require_images(scene: PoolScene, place: str, known: list[Image], first_place: str) -> None:
    if not (known and scene.images):
        rule = f"a row without image_uri must be the only one of {scene.scene_id!r}"
        raise SourceError(place, f"{rule} (its first is {first_place})")


def _agree(scene: PoolScene, place: str, first: PoolScene, first_place: str) -> None:
    for name in _SHARED:
        if getattr(scene, name) != getattr(first, name):
            rule = f"{name} of {scene.scene_id!r} differs from its first row at {first_place}"
            raise SourceError(place, rule)
