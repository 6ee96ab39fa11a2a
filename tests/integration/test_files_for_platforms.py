"""What the pages of platforms that read files say works as written."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.cli.main import main
from demo_world.world import write_world
from features.pointclouds import read_cloud

ROOT = Path(__file__).resolve().parents[2]
PAGES = {"cvat": "cvat-files.md", "supervisely": "supervisely.md"}


def _scans(root: Path) -> list[str]:
    """Write scans of a street in SemanticKITTI's layout; return the words that name them."""
    random = np.random.default_rng(0)
    for sequence in ("00", "07"):
        folder = root / "kitti" / "sequences" / sequence
        for name in ("velodyne", "image_2"):
            (folder / name).mkdir(parents=True)
        for frame in range(5):
            points = random.normal(size=(20 + frame, 4)).astype("<f4")
            (folder / "velodyne" / f"{frame:06d}.bin").write_bytes(points.tobytes())
            pixels = random.integers(0, 255, (32, 48, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "image_2" / f"{frame:06d}.png")
    return ["--root", str(root / "kitti"), "--source", "semantic_kitti"]


def _building(root: Path) -> list[str]:
    """Write the demo's building; return the words that name it."""
    write_world(root / "world", rooms=6, images_per_room=2, size=(64, 48))
    return ["--root", str(root / "world" / "scenes.jsonl")]


def _select(root: Path, words: list[str], *more: str) -> None:
    data = ["--data-dir", str(root / "data"), "--backbone", "colour_grid"]
    assert main(["select", *words, *data, "--budget", "40%", *more]) == 0


def _lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("form", PAGES)
@pytest.mark.parametrize("world", [_scans, _building], ids=["scans", "building"])
def test_the_page_works_as_written(form: str, world: object, tmp_path: Path) -> None:
    """Its commands write every chosen scene, in rank order, at its cost, with all of its files."""
    assert callable(world)
    _select(tmp_path, world(tmp_path), "--out", str(tmp_path / "seed"))
    page = (ROOT / "docs" / "integrations" / PAGES[form]).read_text()
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    assert blocks
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    for block in blocks:
        subprocess.run(["sh", "-ec", block], cwd=tmp_path, env=environment, check=True)
    (out,) = tmp_path.glob(f"for-*/{form}")
    order = json.loads((out / "seedal.json").read_text())["scenes"]
    seed = _lines(tmp_path / "seed" / "seed.jsonl")
    assert [(one["rank"], one["scene_id"], one["cost"]) for one in order] == [
        (one["rank"], one["scene_id"], one["cost"]) for one in seed
    ]
    images, clouds = sorted(out.rglob("*.[pj][np]g")), sorted(out.rglob("*.pcd"))
    named = [image["uri"] for one in seed for image in one["images"]]  # type: ignore[attr-defined]
    assert [one.read_bytes() for one in images] == [Path(one).read_bytes() for one in named]
    scans = [str(one["pointcloud"]) for one in seed if one["pointcloud"]]
    for cloud, scan in zip(clouds, scans, strict=True):
        mine, theirs = read_cloud(str(cloud), 10**6), read_cloud(scan, 10**6)
        assert np.array_equal(mine.points, theirs.points)
        for one, other in ((mine.intensity, theirs.intensity), (mine.colors, theirs.colors)):
            assert (one is None) == (other is None)
            assert one is None or np.array_equal(one, other)


def test_budgets_get_a_folder_each(tmp_path: Path) -> None:
    """Several budgets have their own files; asked again, others take their place as a whole."""
    words = _scans(tmp_path)
    out = tmp_path / "out"
    more = ("--budget", "80%", "--format", "cvat", "--out", str(out))
    _select(tmp_path, words, *more)
    assert sorted(path.parent.name for path in out.glob("*/cvat")) == ["40%", "80%"]
    for folder in out.glob("*/cvat"):
        (folder / "stale.pcd").touch()
    for scan in (tmp_path / "kitti").rglob("*.bin"):
        scan.write_bytes(scan.read_bytes()[:-16] + np.float32([2e9] * 4).tobytes())
    _select(tmp_path, words, *more)
    for scenes in out.glob("*/cvat/seedal.json"):
        assert {one["points_left_out"] for one in json.loads(scenes.read_text())["scenes"]} == {1}
    assert not [path for end in ("stale.pcd", "*.tmp", "*.old") for path in out.rglob(end)]
