"""Costs of scenes in a CSV file: ``scene_id``, then a column per resource."""

import math
from collections.abc import Collection
from pathlib import Path

from features.errors import SourceError
from features.files.csv_rows import decimal, read_rows
from features.files.fields import is_plain
from features.wording import count


def read_costs(path: Path, scene_ids: Collection[str]) -> dict[str, dict[str, float]]:
    """Read a table of costs (RFC 4180, UTF-8); blank lines are skipped.

    Parameters
    ----------
    path
        The table.
    scene_ids
        The scenes, each of which must have exactly one row.

    Returns
    -------
    dict
        Scene id to resource to cost; costs are finite and at least 0.

    Raises
    ------
    SourceError
        A row breaks a rule, names ``FILE:LINE``; or a scene has no row.
    """
    rows = read_rows(path)
    place, header = next(rows, (str(path), []))
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
        scene_id, *values = row
        if scene_id not in scene_ids:
            raise SourceError(place, f"there is no folder for scene {scene_id!r}")
        if scene_id in costs:
            raise SourceError(place, f"scene {scene_id!r} already has a row at {places[scene_id]}")
        places[scene_id] = place
        costs[scene_id] = {
            resource: _cost(value, resource, place)
            for resource, value in zip(resources, values, strict=True)
        }
    missing = [scene_id for scene_id in scene_ids if scene_id not in costs]
    if missing:
        raise SourceError(str(path), f"has no row for {count(missing, 'scene')}")
    return costs


def _is_name(text: str) -> bool:
    return bool(text.strip()) and is_plain(text)


def _cost(text: str, resource: str, place: str) -> float:
    cost = decimal(text)
    if cost is None or cost < 0 or not math.isfinite(cost):
        raise SourceError(place, f"{resource} must be a finite number of at least 0, not {text!r}")
    return cost
