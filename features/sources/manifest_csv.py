"""A manifest as CSV: with the column ``image_uri`` a row is an image, without it a row is a scene.

Columns are named as the keys of the JSON Lines manifest, an empty cell is an absent key, and
``cost.RESOURCE`` stands for ``costs``. Where a row is an image, ``image_uri``, ``sensor`` and
``frame`` describe it, and all else must be the same in every row of its scene; a scene without
images is one row with an empty ``image_uri``. Where a row is a scene, ``images`` is a JSON list or
a single path. Columns of other names are passed over, with a note.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from features.errors import SourceError
from features.files.json_values import decode_json
from features.files.numbers import InexactError
from features.files.tables import Rows
from features.sources.columns import note_of, unknown_columns
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
    path: Path, base: Path | str, refuse: Refuse = at_once, notes: list[str] | None = None
) -> Iterator[tuple[str, PoolScene]]:
    """Yield each scene after the place of its first row, ``"FILE:LINE"``.

    Parameters
    ----------
    path, base, refuse
        As in :func:`features.sources.manifest.open_manifest`.
    notes
        Gets sentences about what was understood.

    Raises
    ------
    SourceError
        The header or a row breaks a rule, or rows of one scene differ.
    """
    table = _SceneTable(Rows(path), path.name, base, refuse)
    scenes = table.scenes()
    yield from _join(scenes, refuse) if table.row_is_image else scenes
    if notes is not None:
        notes += table.notes()


class _SceneTable:
    """A table of scenes, or of their images."""

    def __init__(self, rows: Rows, name: str, base: Path | str, refuse: Refuse) -> None:
        self._rows = rows
        self._name = name
        self._base = base
        self._refuse = refuse
        self._has_bare_paths = False
        self.row_is_image = _PER_IMAGE in rows.header
        self._others = self._unknown()

    def notes(self) -> list[str]:
        """Return what was understood; whole once all rows are read."""
        notes = list(self._rows.notes)
        if self._has_bare_paths:
            notes.append(f"The cells of images in {self._name} are taken as one path each.")
        if self._others:
            notes.append(note_of(self._others, self._name))
        return notes

    def scenes(self) -> Iterator[tuple[str, PoolScene]]:
        """Yield what each row holds."""
        header = self._rows.header
        for place, row in self._rows:
            cells = dict(zip(header, row, strict=False))
            try:
                _require_columns(row, header, place)
                scene = parse_scene(self._record(cells, place), place, self._base)
            except SourceError as error:
                self._refuse(error, id_of(cells))
            else:
                yield place, scene

    def _unknown(self) -> frozenset[str]:
        header, place = self._rows.header, self._rows.place
        image_columns = set(_IMAGE_KEYS) if self.row_is_image else {"images"}
        known = _TEXT | _JSON - {"images"} | {_COST} | image_columns
        for column in sorted(({"images", *_IMAGE_KEYS} - image_columns).intersection(header)):
            kind = "with" if self.row_is_image else "without"
            rule = f"{column!r} is no known column of a table {kind} {_PER_IMAGE}"
            raise SourceError(place, rule)
        others = unknown_columns(header, known, _COSTS, place)
        if "scene_id" not in header:
            raise SourceError(place, "the header must name the column scene_id")
        return others

    def _record(self, cells: Mapping[str, str], place: str) -> dict[str, object]:
        """Return the row as a line of JSON would have it."""
        record: dict[str, object] = {}
        costs: dict[str, object] = {}
        image: dict[str, object] = {}
        for column, cell in cells.items():
            if not cell or column in self._others:
                continue
            if column in _IMAGE_KEYS:
                image[_IMAGE_KEYS[column]] = _whole(cell) if column == "frame" else cell
            elif column == "images" and cell.lstrip()[:1] not in {"[", "{", '"'}:
                self._has_bare_paths = True
                record[column] = [cell]
            elif column in _JSON:
                record[column] = _json(cell, column, place)
            elif column == _COST:
                record[column] = self._number(cell, column, place)
            elif column.startswith(_COSTS):
                costs[column.removeprefix(_COSTS)] = self._number(cell, column, place)
            else:
                record[column] = cell
        if costs:
            record["costs"] = costs
        if image:
            record["images"] = [image]
        return record

    def _number(self, cell: str, column: str, place: str) -> float | str:
        """Return a number, or the text, which is then refused as one."""
        try:
            number = self._rows.number(cell, place)
        except InexactError as error:
            raise SourceError(place, f"{column} cannot be kept: {error}") from error
        return cell if number is None else number


def _require_columns(row: list[str], header: list[str], place: str) -> None:
    if len(row) != len(header):
        raise SourceError(place, f"the row has {len(row)} columns, the header {len(header)}")


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
