"""Sources of scenes, read in a guarded process: manifests, folders, COCO, the known datasets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

from features.errors import SourceError, StorageError, redacted
from features.files.packed import ENDING
from features.guarded.frames import Frame
from features.guarded.pool import ask
from features.limits import SOURCE_GUARD, guard_of
from features.sources import registry
from features.sources.options import SourceOptions
from features.sources.registry import Mistake, Mistakes
from features.sources.scenes import Image, PoolScene, ScenePool
from features.storage.uris import to_path

_AT_ONCE: Final = 2_000
"""Scenes of a frame."""
_PACKED: Final = 20
"""About how many times its size a packed manifest unpacks to."""
_CHOICES: Final = ("images_root", "split", "resource", "scene_from", "unit", "column")
_DEFAULTS: Final = SourceOptions()


def open_source(
    kind: str | None,
    root: str | Path,
    options: SourceOptions = _DEFAULTS,
    mistakes: Mistakes | None = None,
) -> ScenePool:
    """Read a source of scenes; takes and raises what `features.sources.open_source` does.

    Parameters
    ----------
    kind, root, options
        As there; how rows that break rules are met is no option here, but the next parameter.
    mistakes
        Collects rows that break rules; without it the first is the error.

    Raises
    ------
    SourceError
        Also where the source crashes its reader, or takes too long or too much memory.
    ReadersBusyError
        Too many files are being read.
    """
    return _opened({"kind": kind, "root": str(root), "name": None}, options, mistakes)


def open_upload(
    path: Path, name: str, options: SourceOptions = _DEFAULTS, mistakes: Mistakes | None = None
) -> ScenePool:
    """Read a manifest that came without its folder; as `features.sources.open_upload` does.

    Raises
    ------
    SourceError, ReadersBusyError
        As :func:`open_source`; the file is called by its name.
    """
    return _opened({"kind": None, "root": str(path), "name": name}, options, mistakes)


def _opened(
    source: Mapping[str, str | None], options: SourceOptions, mistakes: Mistakes | None
) -> ScenePool:
    chosen = {key: getattr(options, key) for key in _CHOICES}
    if options.images_root is not None:
        chosen["images_root"] = str(options.images_root)
    arguments = {
        **source,
        "options": chosen,
        "collected": None if mistakes is None else asdict(mistakes.limits),
    }
    place = source["name"] or redacted(str(source["root"]))
    scenes: list[PoolScene] = []
    pool: Mapping[str, Any] = {}
    guard = guard_of(SOURCE_GUARD, _size(str(source["root"])))
    for frame in ask("scenes", arguments, guard, lambda reason: SourceError(place, reason)):
        if "scenes" in frame.value:
            scenes += map(_scene, frame.value["scenes"])
        elif "mistakes" in frame.value and mistakes is not None:
            _tell(frame.value, mistakes)
        else:
            pool = frame.value["pool"]
    return ScenePool(
        pool["kind"], tuple(scenes), pool["resource"], pool["cost_origin"], tuple(pool["notes"])
    )


def _size(root: str) -> int | None:
    """Return about how many bytes a source has, once unpacked, that is one file on this machine."""
    try:
        path = to_path(root)
        packed = _PACKED if path.suffix.lower() == ENDING else 1
        return packed * path.stat().st_size if path.is_file() else None
    except (StorageError, OSError):
        return None


def _tell(told: Mapping[str, Any], mistakes: Mistakes) -> None:
    mistakes.found += [
        Mistake(SourceError(place, rule), scene_id) for place, rule, scene_id in told["mistakes"]
    ]
    mistakes.count += told["count"]
    mistakes.complete = told["complete"]


def _scene(row: Sequence[Any]) -> PoolScene:
    scene_id, costs, images, group, regions, pointcloud, external_ids, meta = row
    return PoolScene(
        scene_id,
        costs,
        tuple(Image(*image) for image in images),
        group,
        None if regions is None else tuple(regions),
        pointcloud,
        external_ids,
        meta,
    )


def serve(
    kind: str | None,
    root: str,
    name: str | None,
    options: Mapping[str, Any],
    collected: Mapping[str, Any] | None,
) -> Iterator[Frame]:
    """Yield a source's scenes, some at a time, and what else is known of the pool.

    Raises
    ------
    SourceError
        See :func:`features.sources.open_source`.
    """
    images_root = options["images_root"]
    typed = {
        "images_root": None if images_root is None else Path(images_root),
        "column": tuple(options["column"]),
    }
    chosen = SourceOptions(**{**options, **typed})
    mistakes = None if collected is None else Mistakes(**collected)
    if mistakes is not None:
        chosen = replace(chosen, refuse=mistakes.refuse, go_on=mistakes.go_on)
    try:
        if name is None:
            pool = registry.open_source(kind, root, chosen)
        else:
            pool = registry.open_upload(Path(root), name, chosen)
    except SourceError:
        if mistakes is not None:
            yield _told(mistakes)
        raise
    if mistakes is not None:
        yield _told(mistakes)
    for start in range(0, len(pool.scenes), _AT_ONCE):
        yield Frame({"scenes": [_row(scene) for scene in pool.scenes[start : start + _AT_ONCE]]})
    about = {"kind": pool.kind, "resource": pool.resource, "cost_origin": pool.cost_origin}
    yield Frame({"pool": {**about, "notes": pool.notes}})


def _told(mistakes: Mistakes) -> Frame:
    found = [(each.error.place, each.error.rule, each.scene_id) for each in mistakes.found]
    return Frame({"mistakes": found, "count": mistakes.count, "complete": mistakes.complete})


def _row(scene: PoolScene) -> tuple[object, ...]:
    return (
        scene.scene_id,
        dict(scene.costs),
        [(image.uri, image.sensor, image.frame) for image in scene.images],
        scene.group,
        scene.regions,
        scene.pointcloud,
        dict(scene.external_ids),
        dict(scene.meta),
    )
