"""The pool that databases of earlier versions are about."""

from pathlib import Path

import numpy as np
from PIL import Image

PLACE = "@POOL@"
"""Stands in a dump where the pool lies."""

SCENES = 6


def draw(folder: Path) -> Path:
    """Draw scenes of two pictures each, the same ones every time, and return their folder."""
    rng = np.random.default_rng(0)
    for scene in range(SCENES):
        place = folder / f"room {scene}"
        place.mkdir(parents=True)
        for view in range(2):
            coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
            Image.fromarray(coarse).resize((160, 120)).save(place / f"{view}.png")
    return folder
