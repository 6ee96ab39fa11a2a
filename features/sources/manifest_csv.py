"""A manifest as CSV: with the column ``image_uri`` a row is an image, without it a row is a scene.

Columns are named as the keys of the JSON Lines manifest, an empty cell is an absent key, and
``cost.RESOURCE`` stands for ``costs``. Where a row is an image, ``image_uri``, ``sensor`` and
``frame`` describe it, and all else must be the same in every row of its scene; a scene without
images is one row with an empty ``image_uri``. Where a row is a scene, ``images`` is a JSON list or
a single path. Columns of other names are kept within ``meta``, with a note; where a row is an
image, as far as all rows of a scene agree.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from features.errors import SourceError
from features.files.json_values import decode_json
from features.files.numbers import InexactError
from features.files.tables import Rows
from features.sources.columns import IMAGE_COLUMNS, META, SCENE_COLUMNS, Columns, assembled
from features.sources.options import Refuse, at_once, id_of
from features.sources.record import parse_scene
from features.sources.scenes import Image, PoolScene

_PER_IMAGE: Final = "image_uri"
_IMAGE_KEYS: Final = {_PER_IMAGE: "uri", "sensor": "sensor", "frame": "frame"}
_JSON: Final = frozenset({"images", "regions", "external_ids", "meta"})
_WHOLE: Final = re.compile(r" *[0-9]{1,19} *")
_COST: Final = "cost"
_COSTS: Final = "cost."
_SHARED: Final = ("costs", "group", "pointcloud", "regions", "external_ids", "meta")
_BOTH: Final = SCENE_COLUMNS - {"costs", "images"}
"""Columns of either kind of table."""


def read_csv(
    path: Path,
    base: Path | str,
    given: Mapping[str, str],
    refuse: Refuse = at_once,
    notes: list[str] | None = None,
) -> Iterator[tuple[str, PoolScene]]:
    """Yield each scene after the place of its first row, ``"FILE:LINE"``.

    Parameters
    ----------
    path, base, refuse
        As in :func:`features.sources.manifest.open_manifest`.
    given
        What the caller says of columns, see :func:`features.sources.columns.parse_columns`.
    notes
        Gets sentences about what was understood.

    Raises
    ------
    SourceError
        The header or a row breaks a rule, or rows of one scene differ.
    """
    table = _SceneTable(Rows(path), path.name, base, given, refuse)
    scenes = table.scenes()
    yield from _join(scenes, table.columns, refuse) if table.row_is_image else scenes
    if notes is not None:
        notes += table.notes()


class _SceneTable:
    """A table of scenes, or of their images."""

    def __init__(
        self,
        rows: Rows,
        name: str,
        base: Path | str,
        given: Mapping[str, str],
        refuse: Refuse,
    ) -> None:
        self._rows = rows
        self._name = name
        self._base = base
        self._refuse = refuse
        self._has_bare_paths = False
        self.row_is_image = _PER_IMAGE in {given.get(column, column) for column in rows.header}
        known = _BOTH | (IMAGE_COLUMNS if self.row_is_image else {"images"})
        self.columns = Columns(given, known, name)
        self._targets = self._understood(rows.header, rows.place)

    def notes(self) -> list[str]:
        """Return what was understood; whole once all rows are read."""
        notes = list(self._rows.notes)
        if self._has_bare_paths:
            notes.append(f"The cells of images in {self._name} are taken as one path each.")
        return [*notes, *self.columns.notes()]

    def scenes(self) -> Iterator[tuple[str, PoolScene]]:
        """Yield what each row holds."""
        for place, row in self._rows:
            cells = dict(zip(self._targets, row, strict=False))
            try:
                _require_columns(row, self._targets, place)
                scene = parse_scene(self._record(cells, place), place, self._base)
            except SourceError as error:
                self._refuse(error, id_of(cells))
            else:
                yield place, scene

    def _understood(self, header: Sequence[str], place: str) -> list[str]:
        """Return what each column is taken as."""
        foreign = {"images"} if self.row_is_image else IMAGE_COLUMNS
        for column in sorted(foreign.intersection(self.columns.named(header))):
            kind = "with" if self.row_is_image else "without"
            rule = f"{column!r} is no known column of a table {kind} {_PER_IMAGE}"
            raise SourceError(place, rule)
        targets = self.columns.of_header(header, place)
        if "scene_id" not in targets:
            rule = "the header must name the column scene_id (or --column scene_id=NAME does)"
            raise SourceError(place, rule)
        return targets

    def _record(self, cells: Mapping[str, str], place: str) -> dict[str, object]:
        """Return the row as a line of JSON would have it."""
        values: list[tuple[str, object]] = []
        image: dict[str, object] = {}
        for column, cell in cells.items():
            if not (cell and column):
                continue
            if column in _IMAGE_KEYS:
                image[_IMAGE_KEYS[column]] = _whole(cell) if column == "frame" else cell
            elif column == "images" and cell.lstrip()[:1] not in {"[", "{", '"'}:
                self._has_bare_paths = True
                values.append((column, [cell]))
            elif column in _JSON:
                values.append((column, _json(cell, column, place)))
            elif column == _COST or column.startswith(_COSTS):
                values.append((column, self._number(cell, column, place)))
            else:
                values.append((column, cell))
        record = assembled(values, place)
        return record | {"images": [image]} if image else record

    def _number(self, cell: str, column: str, place: str) -> float | str:
        """Return a number, or the text, which is then refused as one."""
        try:
            number = self._rows.number(cell, place)
        except InexactError as error:
            raise SourceError(place, f"{column} cannot be kept: {error}") from error
        return cell if number is None else number


def _require_columns(row: Sequence[str], header: Sequence[str], place: str) -> None:
    if len(row) != len(header):
        raise SourceError(place, f"the row has {len(row)} columns, the header {len(header)}")


def _whole(cell: str) -> int | str:
    return int(cell) if _WHOLE.fullmatch(cell) else cell


def _json(cell: str, column: str, place: str) -> object:
    try:
        return decode_json(cell.encode(), place)
    except SourceError as error:
        raise SourceError(place, f"{column}: {error.rule}") from error


def _join(
    rows: Iterable[tuple[str, PoolScene]], columns: Columns, refuse: Refuse
) -> Iterator[tuple[str, PoolScene]]:
    """Put the images of a scene's rows together; rows may come in any order."""
    scenes: dict[str, tuple[str, PoolScene]] = {}
    images: dict[str, list[Image]] = {}
    for place, row in rows:
        scene_id = row.scene_id
        first_place, first = scenes.setdefault(scene_id, (place, row))
        known = images.setdefault(scene_id, [])
        try:
            if first is not row:
                scene, first = _settled(row, first, columns)
                _agree(scene, place, first, first_place)
                _require_images(scene, place, known, first_place)
                scenes[scene_id] = (first_place, first)
        except SourceError as error:
            refuse(error, scene_id)
        else:
            known.extend(row.images)
    for scene_id, (place, scene) in scenes.items():
        yield place, replace(scene, images=tuple(images[scene_id]))


def _settled(scene: PoolScene, first: PoolScene, columns: Columns) -> tuple[PoolScene, PoolScene]:
    """Return both without the kept columns in which they differ: those describe an image."""
    if scene.meta == first.meta:
        return scene, first
    names = {target.removeprefix(META) for target in columns.kept}
    differing = {
        name
        for name in names & (scene.meta.keys() | first.meta.keys())
        if scene.meta.get(name) != first.meta.get(name)
    }
    for name in differing:
        columns.differ(name)
    left = [
        replace(each, meta={k: v for k, v in each.meta.items() if k not in differing})
        for each in (scene, first)
    ]
    return left[0], left[1]


def _require_images(scene: PoolScene, place: str, known: list[Image], first_place: str) -> None:
    if not (known and scene.images):
        rule = f"a row without image_uri must be the only one of {scene.scene_id!r}"
        raise SourceError(place, f"{rule} (its first is {first_place})")


def _agree(scene: PoolScene, place: str, first: PoolScene, first_place: str) -> None:
    for name in _SHARED:
        if getattr(scene, name) != getattr(first, name):
            rule = f"{name} of {scene.scene_id!r} differs from its first row at {first_place}"
            raise SourceError(place, rule)
