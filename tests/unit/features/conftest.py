"""Small scenes with real image files."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from features.sources.scenes import Image, PoolScene, ScenePool

MakeScene = Callable[[str, int], PoolScene]


@pytest.fixture
def make_scene(tmp_path: Path) -> MakeScene:
    """Make a scene of n PNG images; the same id and n give the same pixels."""

    def make(scene_id: str, images: int) -> PoolScene:
        rng = np.random.default_rng(sum(scene_id.encode()))
        uris = []
        for number in range(images):
            path = tmp_path / "images" / f"{scene_id}_{number}.png"
            path.parent.mkdir(exist_ok=True)
            blocks = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
            PIL.Image.fromarray(blocks).resize((48, 36)).save(path)
            uris.append(str(path))
        return PoolScene(scene_id, {"images": float(images)}, tuple(Image(uri) for uri in uris))

    return make


@pytest.fixture
def make_pool() -> Callable[[list[PoolScene]], ScenePool]:
    """Make a pool of scenes."""
    return lambda scenes: ScenePool("images", tuple(scenes), "images", "number of images")
