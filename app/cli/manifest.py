"""``seedal manifest``: write what a folder of images holds as a manifest that people edit."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from app.cli.files import require_file, write_file
from app.cli.terminal import answer, say
from app.errors import InvalidRequestError
from features.errors import plural
from features.readers.scenes import open_source
from features.sources.images import IMAGE_COUNT
from features.sources.options import SourceOptions
from features.sources.scenes import PoolScene, ScenePool

_NAME: Final = "scenes.jsonl"


def run(folder: Path, out: Path | None, *, force: bool) -> None:
    """Write the manifest of a folder of images.

    Parameters
    ----------
    folder
        Whose sub-folders with images are scenes, or else its images.
    out
        The manifest; its ending says its form. By default ``scenes.jsonl`` in the folder.
    force
        Write over a file that is there.

    Raises
    ------
    InvalidRequestError
        The ending tells no form, or the file is there already or cannot be written; nothing has
        been read then.
    features.errors.SourceError
        The folder holds no scenes.
    """
    path = folder / _NAME if out is None else out
    if path.suffix.lower() not in _WRITERS:
        detail = f"{path}: a manifest is written as {', '.join(_WRITERS)}."
        raise InvalidRequestError(detail)
    if os.path.lexists(path) and not force:
        detail = f"{path}: is there already; --force writes over it, --out names another file."
        raise InvalidRequestError(detail)
    if out is not None or folder.is_dir():  # else the source says what is wrong with the folder
        require_file(path)
    pool = open_source("images", folder, SourceOptions(resource=""))  # there is no budget yet
    text = _WRITERS[path.suffix.lower()](pool, path.absolute().parent)
    write_file(path, text.encode())
    for note in pool.notes:
        say(note)
    image_count = sum(len(scene.images) for scene in pool.scenes)
    answer(
        f"{path}: {plural(len(pool.scenes), 'scene')} with {plural(image_count, 'image')}; "
        f"costs are from: {pool.cost_origin}"
    )


def _json_lines(pool: ScenePool, base: Path) -> str:
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in _records(pool, base))


def _records(pool: ScenePool, base: Path) -> Iterator[dict[str, object]]:
    for scene in pool.scenes:
        costs = _costs(scene)
        record: dict[str, object] = {"scene_id": scene.scene_id}
        record |= {"cost": costs[IMAGE_COUNT]} if _is_counted(scene) else {"costs": costs}
        if scene.group is not None:
            record["group"] = scene.group
        record["images"] = [_relative(image.uri, base) for image in scene.images]
        yield record


def _table(pool: ScenePool, base: Path) -> str:
    """Return a row an image, which spreadsheets show best."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    resources = tuple(pool.scenes[0].costs)  # of costs.csv, which has all of every scene
    counted = _is_counted(pool.scenes[0])
    named = ["cost"] if counted else [f"cost.{resource}" for resource in resources]
    writer.writerow(["scene_id", "image_uri", *named, "group"])
    for scene in pool.scenes:
        costs = [_costs(scene)[resource] for resource in resources]
        for uri in [_relative(image.uri, base) for image in scene.images] or [""]:
            writer.writerow([scene.scene_id, uri, *costs, scene.group or ""])
    return stream.getvalue()


def _is_counted(scene: PoolScene) -> bool:
    return scene.costs.keys() == {IMAGE_COUNT}


def _costs(scene: PoolScene) -> dict[str, float]:
    """Return the costs, whole numbers without their decimals, as people write them."""
    return {
        resource: int(cost) if cost.is_integer() else cost for resource, cost in scene.costs.items()
    }


def _relative(uri: str, base: Path) -> str:
    """Return an image's path from the manifest's folder, which may move with what lies in it."""
    path = Path(uri)
    if path.is_relative_to(base):
        return path.relative_to(base).as_posix()
    # Up and down again: the folder above is that of the folder itself, not that of a link to it.
    return os.path.relpath(path.parent.resolve() / path.name, base.resolve())


_WRITERS: Final[Mapping[str, Callable[[ScenePool, Path], str]]] = {
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".csv": _table,
}
