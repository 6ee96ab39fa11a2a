"""What an exporter is given: the chosen scenes in rank order, and the whole pool around them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.errors import InvalidRequestError
from features.sources.scenes import Image


class ExportError(InvalidRequestError):
    """A seed cannot be written in the format asked for."""

    slug = "export-impossible"
    title = "The seed cannot be written in this format"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportScene:
    """A scene of the pool, chosen or not.

    Parameters
    ----------
    scene_id, cost, group
        As in the pool; the cost is that of the budget's resource.
    images
        Those that may be read.
    regions
        Ids of its supervoxels, or None where the source has none.
    pointcloud, external_ids, meta
        As in the pool.
    file_names
        What the images' files are called in the pool, where `images` has addresses in their place.
    """

    scene_id: str
    cost: float
    group: str | None = None
    images: tuple[Image, ...] = ()
    regions: tuple[int, ...] | None = None
    pointcloud: str | None = None
    external_ids: Mapping[str, object] = field(default_factory=dict)
    meta: Mapping[str, object] = field(default_factory=dict)
    file_names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportableSeed:
    """A seed and its pool.

    Parameters
    ----------
    kind
        The kind of source, which decides the names in a dataset's own formats.
    resource
        What costs are counted in.
    scenes
        All scenes of the pool in its order, those without features included.
    chosen
        Ids of the chosen scenes, first to label first.
    summary
        The seed as JSON: what ``GET /v1/seeds/{id}`` or ``seedal select --json`` answers.
    """

    kind: str
    resource: str
    scenes: tuple[ExportScene, ...]
    chosen: tuple[str, ...]
    summary: Mapping[str, Any]

    def split(self) -> tuple[list[ExportScene], list[ExportScene]]:
        """Return the chosen scenes in rank order and all others in the pool's order."""
        by_id = {scene.scene_id: scene for scene in self.scenes}
        inside = set(self.chosen)
        rest = [scene for scene in self.scenes if scene.scene_id not in inside]
        return [by_id[scene_id] for scene_id in self.chosen], rest


def json_bytes(content: object) -> bytes:
    """Return JSON with a final newline; NaN and infinity are refused, not written."""
    return (json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n").encode()
