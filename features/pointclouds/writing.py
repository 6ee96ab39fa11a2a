"""Clouds as PCD, which annotation platforms read: binary, little-endian, version 0.7."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.pointclouds.cloud import Cloud

_FAR: Final = 10_000.0
"""Metres up to which float32 tells millimetres apart."""


@dataclass(frozen=True, eq=False, slots=True)
class Pcd:
    """A cloud as the bytes of a file.

    Parameters
    ----------
    content
        The file.
    points
        How many it has.
    left_out
        How many more there were, whose place or intensity was no number.
    origin
        Metres that were taken off x, y and z; 0 unless the cloud lies far from there, as places in
        a country's grid do.
    """

    content: bytes
    points: int
    left_out: int
    origin: tuple[float, float, float]


def write_pcd(cloud: Cloud) -> Pcd:
    """Return a whole cloud as PCD: x, y, z, and intensity and rgb where it has them.

    The same cloud gives the same bytes.
    """
    origin = _origin(cloud.points)
    fields = [("x", "<f4"), ("y", "<f4"), ("z", "<f4")]
    if cloud.intensity is not None:
        fields.append(("intensity", "<f4"))
    if cloud.colors is not None:
        fields.append(("rgb", "<u4"))
    number = len(cloud.points)
    records = np.zeros(number, dtype=np.dtype(fields))
    for place, axis in enumerate("xyz"):
        records[axis] = cloud.points[:, place] - origin[place]
    if cloud.intensity is not None:
        records["intensity"] = cloud.intensity
    if cloud.colors is not None:
        red, green, blue = (cloud.colors[:, place].astype(np.uint32) for place in range(3))
        records["rgb"] = red << 16 | green << 8 | blue
    content = _header([name for name, _ in fields], number).encode() + records.tobytes()
    return Pcd(content, number, cloud.total - number, origin)


def _header(names: list[str], number: int) -> str:
    # The bits of rgb are those of an integer, and readers look for a float: so PCL writes it.
    lines = (
        "# .PCD v0.7 - Point Cloud Data file format",
        "VERSION 0.7",
        f"FIELDS {' '.join(names)}",
        f"SIZE {' '.join('4' for _ in names)}",
        f"TYPE {' '.join('F' for _ in names)}",
        f"COUNT {' '.join('1' for _ in names)}",
        f"WIDTH {number}",
        "HEIGHT 1",
        "VIEWPOINT 0 0 0 1 0 0 0",
        f"POINTS {number}",
        "DATA binary",
    )
    return "\n".join(lines) + "\n"


def _origin(points: NDArray[np.float64]) -> tuple[float, float, float]:
    if not len(points) or np.abs(points).max() <= _FAR:
        return (0.0, 0.0, 0.0)
    x, y, z = np.floor(points.min(axis=0)).tolist()
    return (x, y, z)
