"""The building on disk: pictures, clouds, a manifest, and a marker that says which world it is."""

import json
import os
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from demo_world.building import count_points, plan_building
from demo_world.geometry import Room, View
from demo_world.render import Renderer
from demo_world.viewpoints import viewpoints

_MANIFEST: Final = "scenes.jsonl"
_MARKER: Final = "world.json"
_VERSION: Final = 3
_LIMITS: Final = {
    "rooms": (1, 10_000),
    "images_per_room": (1, 100),
    "seed": (0, 2**63),
    "size": (16, 4096),
}
_QUALITY: Final = 92


class WorldError(Exception):
    """A parameter is out of range, or the folder holds something that is not a demo world."""


def write_world(
    folder: Path,
    *,
    rooms: int = 48,
    images_per_room: int = 6,
    seed: int = 7,
    size: tuple[int, int] = (192, 144),
) -> Path:
    """Write a procedurally generated building as a pool of scenes.

    The folder appears whole or not at all. A finished world of the same parameters is kept as it
    is; a demo world of other parameters is replaced.

    Parameters
    ----------
    folder
        Holds ``scenes.jsonl``, ``images/``, ``clouds/`` and ``world.json`` afterwards.
    rooms, images_per_room
        How many scenes, and how many pictures of each.
    seed
        The same seed gives the same bytes.
    size
        Width and height of the pictures in pixels.

    Returns
    -------
    Path
        The manifest.

    Raises
    ------
    WorldError
        A parameter is out of range, or the folder holds something that is not a demo world.
    """
    given = {"rooms": rooms, "images_per_room": images_per_room, "seed": seed, "size": size}
    for name, value in given.items():
        _require_limits(name, value if isinstance(value, tuple) else (value,))
    marker = json.dumps({"demo_world": given | {"version": _VERSION}}) + "\n"
    target = Path(folder).resolve()
    if not _present(target, marker):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
            draft = Path(scratch) / "new"
            lines = []
            for number, (name, room) in enumerate(plan_building(rooms, seed).items()):
                rng = np.random.default_rng([seed, number, 1])
                views = viewpoints(room, images_per_room, rng)
                lines.append(json.dumps(_write_scene(draft, name, room, views, size, rng)) + "\n")
            _write(draft / _MANIFEST, "".join(lines).encode())
            _write(draft / _MARKER, marker.encode())
            if target.exists():
                target.replace(Path(scratch) / "old")
            draft.replace(target)
    return Path(folder) / _MANIFEST


def _require_limits(name: str, values: tuple[int, ...]) -> None:
    """Refuse a parameter that is out of range."""
    low, high = _LIMITS[name]
    for value in values:
        if not low <= value <= high:
            message = f"demo world: {name} must lie between {low} and {high}, not {value}"
            raise WorldError(message)


def _present(target: Path, marker: str) -> bool:
    """Return whether a folder already holds a world; refuse to touch anything else."""
    if (target / _MARKER).is_file():
        written = (target / _MARKER).read_text(encoding="utf-8", errors="replace")
        if written == marker:
            return True
        if written.startswith('{"demo_world":'):
            return False
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        rule = "the demo world needs a new or empty folder, and this holds something else"
        message = f"{target}: {rule}"
        raise WorldError(message)
    return False


def _write_scene(
    folder: Path,
    scene_id: str,
    room: Room,
    views: Sequence[View],
    size: tuple[int, int],
    rng: np.random.Generator,
) -> dict[str, object]:
    """Write a room's pictures and its cloud, and return its line of the manifest."""
    renderer, images = Renderer(room), []
    for index, view in enumerate(views, start=1):
        images.append(f"images/{scene_id}/view_{index}.jpg")
        encoded = BytesIO()
        picture = Image.fromarray(renderer.picture(view, size))
        picture.save(encoded, "JPEG", quality=_QUALITY, subsampling=0)
        _write(folder / images[-1], encoded.getvalue())
    cloud = f"clouds/{scene_id}.ply"
    _write(folder / cloud, renderer.scan(views, rng))
    return {
        "scene_id": scene_id,
        "costs": {"points": count_points(room, rng)},
        "group": scene_id.partition("/")[0],
        "images": images,
        "pointcloud": {"uri": cloud},
        "meta": {"type": room.kind},
    }


def _write(path: Path, content: bytes) -> None:
    """Write a file and make sure that it is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
