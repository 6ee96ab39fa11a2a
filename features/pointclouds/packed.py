"""Scans as bare rows of float32, as KITTI and nuScenes have them."""

from pathlib import Path
from typing import Final

import numpy as np

from features.files.sizes import count_items
from features.pointclouds.cloud import Cloud, picks
from features.pointclouds.records import gather

_KITTI: Final = 4  # x, y, z, remission
_NUSCENES: Final = 5  # x, y, z, intensity, ring


def read_kitti(path: Path, most: int) -> Cloud:
    """Return up to `most` points of a ``.bin``; raises `SourceError` where it was cut."""
    return _read(path, most, _KITTI)


def read_nuscenes(path: Path, most: int) -> Cloud:
    """Return up to `most` points of a ``.pcd.bin``; raises `SourceError` where it was cut."""
    return _read(path, most, _NUSCENES)


def _read(path: Path, most: int, numbers: int) -> Cloud:
    row = np.dtype(("<f4", (numbers,)))
    total = count_items(path, row.itemsize)
    # Of a dtype with a shape numpy makes further axes.
    flat = np.dtype([("row", row)])
    rows = gather(path, 0, flat, total, picks(total, most))["row"].astype(np.float64)
    return Cloud(total, rows[:, :3], intensity=rows[:, 3])
