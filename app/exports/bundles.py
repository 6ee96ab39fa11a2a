"""What formats share that have the files themselves: names made of scene ids, and their bytes.

Such a format is a stream of files, one in memory at a time. A scene that cannot be read ends it:
half a seed in a platform is found later than none.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.exports.seed import ExportableSeed, ExportError, ExportScene
from features.errors import FeatureError
from features.guarded.pool import ReadersBusyError
from features.pointclouds.writing import Pcd
from features.readers.originals import Original, read_as_pcd, read_original

Files = Iterator[tuple[str, bytes]]
"""Names with slashes, and contents."""

ORDER: Final = "seedal.json"
"""The file that says which scene is which, and in what order they come."""

_KEPT: Final = 60
"""Characters of a scene's id in the name of its files; its rank makes the name unique."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A chosen scene.

    Parameters
    ----------
    rank
        1 is labelled first.
    name
        What its files are called: letters, digits, ``_`` and ``-`` in rank order.
    scene
        Itself.
    """

    rank: int
    name: str
    scene: ExportScene

    def images(self) -> Iterator[tuple[str, Original]]:
        """Yield its images, and what they are called within the scene.

        Raises
        ------
        ExportError
            One cannot be read.
        ReadersBusyError
            Too many files are being read.
        """
        digits = len(str(len(self.scene.images)))
        for number, image in enumerate(self.scene.images, start=1):
            try:
                read = read_original(image.uri)
            except ReadersBusyError:
                raise
            except FeatureError as error:
                raise self._refused(error) from error
            label = _plain(image.sensor or "image")
            yield f"{number:0{digits}d}-{label}{read.suffix}", read

    def cloud(self) -> Pcd:
        """Return its point cloud.

        Raises
        ------
        ExportError
            It has none, or it cannot be read.
        ReadersBusyError
            Too many files are being read.
        """
        try:
            return read_as_pcd(self.scene.pointcloud or "")
        except ReadersBusyError:
            raise
        except FeatureError as error:
            raise self._refused(error) from error

    def described(self, **more: object) -> dict[str, Any]:
        """Return what is said of it in the file of the order."""
        scene = self.scene
        return {
            "rank": self.rank,
            "scene_id": scene.scene_id,
            "cost": scene.cost,
            "group": scene.group,
            **more,
        }

    def _refused(self, error: FeatureError) -> ExportError:
        return ExportError(f"Scene {self.scene.scene_id!r}: {error}")


def ranked(seed: ExportableSeed) -> list[Ranked]:
    """Return the chosen scenes in rank order, with names that are safe on any file system."""
    chosen, _ = seed.split()
    digits = max(4, len(str(len(chosen))))
    return [
        Ranked(rank, f"{rank:0{digits}d}-{_plain(scene.scene_id)}", scene)
        for rank, scene in enumerate(chosen, start=1)
    ]


def in_3d(scenes: list[Ranked]) -> bool:
    """Tell whether scenes are point clouds; without clouds they are images.

    Raises
    ------
    ExportError
        Some have a point cloud and some have none, or a scene has neither cloud nor image.
    """
    without = [one.scene.scene_id for one in scenes if one.scene.pointcloud is None]
    if not without:
        return True
    if len(without) < len(scenes):
        detail = (
            f"Scene {without[0]!r} has no point cloud and others have one; a platform takes "
            "either point clouds or images."
        )
        raise ExportError(detail)
    for one in scenes:
        if not one.scene.images:
            detail = f"Scene {one.scene.scene_id!r} has neither a point cloud nor an image."
            raise ExportError(detail)
    return False


def order_of(seed: ExportableSeed, **more: object) -> Mapping[str, Any]:
    """Return the file of the order."""
    return {
        "seed_id": seed.summary["id"],
        "dataset_id": seed.summary["dataset_id"],
        "resource": seed.resource,
        **more,
    }


def converted(pcd: Pcd) -> dict[str, Any]:
    """Return what became of a cloud, for the file of the order."""
    return {"points": pcd.points, "points_left_out": pcd.left_out, "origin": list(pcd.origin)}


def _plain(text: str) -> str:
    """Return the beginning of a text in characters that no platform stumbles over."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text)[:_KEPT].strip("_") or "scene"
