"""Small real pools of scenes: pictures on disk and a manifest beside them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

Record = dict[str, Any]


def _picture(path: Path, seed: int) -> None:
    """Draw a picture that differs from every other seed's."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(coarse).resize((64, 48), Image.Resampling.BICUBIC).save(path)


@pytest.fixture
def manifest(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a manifest of scenes with three pictures each."""

    def write(count: int = 8, change: Callable[[list[Record]], None] | None = None) -> Path:
        root = tmp_path / "pool"
        records: list[Record] = []
        for k in range(count):
            names = [f"images/{k}_{view}.png" for view in range(3)]
            for view, name in enumerate(names):
                _picture(root / name, 10 * k + view)
            records.append({"scene_id": f"room/{k}", "cost": 10 + k, "images": names})
        if change is not None:
            change(records)
        path = root / "scenes.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        return path

    return write
