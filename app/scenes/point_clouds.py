"""Points of a scene as the API gives them."""

import numpy as np

from app.errors import InvalidRequestError, NotFoundError
from app.scenes.wire import PointCloud
from features.errors import AbsentError, SourceError, StorageError
from features.pointclouds import read_cloud


def show_cloud(scene_id: str, name: str, most: int) -> PointCloud:
    """Return up to `most` points of a file, the same ones every time.

    Parameters
    ----------
    scene_id
        Whose points.
    name
        The file, which may be read.
    most
        How many, at least 1.

    Raises
    ------
    NotFoundError
        There is no such file.
    InvalidRequestError
        It cannot be read, is too large, or breaks the rules of its kind; names the scene.
    """
    try:
        cloud = read_cloud(name, most)
    except AbsentError as error:
        raise NotFoundError(kind="point cloud of scene", name=scene_id) from error
    except (SourceError, StorageError) as error:
        why = error.rule if isinstance(error, SourceError) else f"cannot be read: {error.reason}"
        rule = f"The point cloud of scene {scene_id!r} {why}."
        raise InvalidRequestError(rule) from error
    x, y, z = (np.round(cloud.points, 3) + 0.0).T.tolist()
    colours = cloud.colors
    return PointCloud(
        scene_id=scene_id,
        total=cloud.total,
        x=x,
        y=y,
        z=z,
        colors=None if colours is None else tuple(f"#{row.tobytes().hex()}" for row in colours),
        intensity=None if cloud.intensity is None else np.round(cloud.intensity, 4).tolist(),
    )
