"""The building on disk: pictures, clouds, a manifest, and a marker that says which world it is."""

import io
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from app.demo.building import Plan, plan_building
from app.demo.clouds import scan
from app.demo.render import Renderer
from app.demo.scanner import count_points
from app.demo.viewpoints import viewpoints
from features.errors import SourceError

MANIFEST: Final = "scenes.jsonl"
_MARKER: Final = "world.json"
_VERSION: Final = 2
_LIMITS: Final = {"rooms": (1, 10_000), "images_per_room": (1, 100), "size": (16, 4096)}
_QUALITY: Final = 92


@dataclass(frozen=True, slots=True)
class _World:
    """Everything that a world's bytes follow from."""

    rooms: int
    images_per_room: int
    seed: int
    size: tuple[int, int]
    version: int = _VERSION

    def __post_init__(self) -> None:
        given = {
            "rooms": (self.rooms,),
            "images_per_room": (self.images_per_room,),
            "size": self.size,
            "seed": (self.seed,),
        }
        for name, values in given.items():
            low, high = _LIMITS.get(name, (0, 2**63))
            for value in values:
                if not low <= value <= high:
                    place, rule = "demo world", f"{name} must lie between {low} and {high}"
                    raise SourceError(place, f"{rule}, not {value}")

    def marker(self) -> str:
        """Return the marker file's content."""
        return json.dumps({"demo_world": asdict(self)}) + "\n"


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
    SourceError
        A parameter is out of range, or the folder holds something that is not a demo world.
    """
    world = _World(rooms, images_per_room, seed, size)
    target = Path(folder).resolve()
    if not _present(target, world):
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
            draft = Path(scratch) / "new"
            _write_all(draft, world)
            if target.exists():
                target.replace(Path(scratch) / "old")
            draft.replace(target)
    return Path(folder) / MANIFEST


def _present(target: Path, world: _World) -> bool:
    """Return whether a folder already holds a world; refuse to touch anything else."""
    marker = target / _MARKER
    if marker.is_file():
        written = marker.read_text(encoding="utf-8", errors="replace")
        if written == world.marker():
            return True
        if written.startswith('{"demo_world":'):
            return False
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        rule = "the demo world needs a new or empty folder, and this holds something else"
        raise SourceError(str(target), rule)
    return False


def _write_all(folder: Path, world: _World) -> None:
    """Write a whole world; the marker comes last."""
    lines = [
        json.dumps(_write_scene(folder, plan, number, world))
        for number, plan in enumerate(plan_building(world.rooms, world.seed))
    ]
    _write(folder / MANIFEST, ("\n".join(lines) + "\n").encode())
    _write(folder / _MARKER, world.marker().encode())


def _write_scene(folder: Path, plan: Plan, number: int, world: _World) -> dict[str, object]:
    """Write a room's pictures and its cloud, and return its line of the manifest."""
    rng = np.random.default_rng([world.seed, number, 1])
    renderer = Renderer(plan.room)
    views = viewpoints(plan.room, world.images_per_room, rng)
    images = []
    for index, view in enumerate(views, start=1):
        name = f"images/{plan.scene_id}/view_{index}.jpg"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        encoded = io.BytesIO()
        picture = Image.fromarray(renderer.picture(view, world.size))
        picture.save(encoded, "JPEG", quality=_QUALITY, subsampling=0)
        _write(path, encoded.getvalue())
        images.append(name)
    cloud = f"clouds/{plan.scene_id}.ply"
    (folder / cloud).parent.mkdir(parents=True, exist_ok=True)
    # Draws of its own: pictures and costs are those of a world without clouds.
    scanned = scan(renderer, views, np.random.default_rng([world.seed, number, 2]))
    _write(folder / cloud, scanned)
    return {
        "scene_id": plan.scene_id,
        "costs": {"points": count_points(plan.room, rng)},
        "group": plan.floor,
        "images": images,
        "pointcloud": {"uri": cloud},
        "meta": {"type": plan.room.kind},
    }


def _write(path: Path, content: bytes) -> None:
    """Write a file and make sure that it is on the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
