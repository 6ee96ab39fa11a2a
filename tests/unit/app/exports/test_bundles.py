import io
import json
import os
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Picture

import app.exports
from app.cli.files import staged_folder
from app.exports import BUNDLES, ExportableSeed, ExportError, export
from app.exports.seed import ExportScene
from features.sources.scenes import Image

NAMES = ("07/000005", '="quoted" \N{SNOWMAN}', "x" * 500, "..", "07/000005 ", "07_000005")
PYTHON = os.environ.get("SEEDAL_TEST_SUPERVISELY", "")
"""A Python that has Supervisely's SDK."""


def pool(folder: Path, *, clouds: bool = True, images: int = 2) -> ExportableSeed:
    """Return a seed of scenes with awkward names, each with its own points and pictures."""
    folder.mkdir(exist_ok=True)
    scenes = []
    for place, name in enumerate(NAMES):
        scan = folder / f"{place}.bin"
        scan.write_bytes(np.full((place + 1, 4), place, "<f4").tobytes())
        pictures = [folder / f"{place}-{number}.png" for number in range(images)]
        for number, picture in enumerate(pictures):
            Picture.new("RGB", (8 + place, 6), (place, number, 0)).save(picture)
        scenes.append(
            ExportScene(
                scene_id=name,
                cost=place + 0.5,
                images=tuple(Image(str(one), f"cam {k}") for k, one in enumerate(pictures)),
                pointcloud=str(scan) if clouds else None,
            )
        )
    return ExportableSeed(
        kind="manifest",
        resource="points",
        scenes=tuple(reversed(scenes)),
        chosen=NAMES,
        summary={"id": "s", "dataset_id": "d", "scenes": []},
    )


def files(seed: ExportableSeed, form: str) -> dict[str, bytes]:
    """Return the files of a format; each comes once."""
    found = list(BUNDLES[form](seed))
    assert len(dict(found)) == len(found)
    return dict(found)


def scenes_of(found: dict[str, bytes]) -> list[tuple[str, float]]:
    """Return names and costs in the order that the file of the order has."""
    scenes = json.loads(found["seedal.json"])["scenes"]
    return [(one["scene_id"], one["cost"]) for one in sorted(scenes, key=lambda one: one["rank"])]


EXPECTED = [(name, place + 0.5) for place, name in enumerate(NAMES)]


def frames(found: dict[str, bytes]) -> list[dict[str, Any]]:
    """Return the frames of a manifest, below its two lines of head."""
    version, kind, *rest = map(json.loads, found["manifest.jsonl"].decode().splitlines())
    assert (version, kind) == ({"version": "1.1"}, {"type": "images"})
    return rest


def points(content: bytes) -> int:
    """Return how many points a PCD of x, y, z and intensity has."""
    return len(content.partition(b"DATA binary\n")[2]) // 16


def test_cvat_has_a_manifest_of_clouds(tmp_path: Path) -> None:
    """Each line names a cloud that is there, its points and its images, in rank order."""
    found = files(pool(tmp_path), "cvat")
    assert scenes_of(found) == EXPECTED
    named = {"manifest.jsonl", "seedal.json"}
    for place, frame in enumerate(frames(found)):
        cloud = frame["name"] + frame["extension"]
        related = frame["meta"]["related_images"]
        assert points(found[cloud]) == frame["width"] == place + 1
        assert frame["height"] == 1
        folder = cloud.replace("pointcloud/", "related_images/").replace(".pcd", "_pcd/")
        assert len(related) == 2
        for number, name in enumerate(related):
            assert name.startswith(folder)
            assert found[name] == (tmp_path / f"{place}-{number}.png").read_bytes()
        named |= {cloud, *related}
    assert named == found.keys()


def test_cvat_has_a_job_a_scene(tmp_path: Path) -> None:
    """The order names each scene's frames, and the manifest has them in the same order."""
    for clouds in (True, False):
        found = files(pool(tmp_path, clouds=clouds), "cvat")
        mapping = json.loads(found["seedal.json"])["job_file_mapping"]
        assert len(mapping) == len(NAMES)
        listed = [frame["name"] + frame["extension"] for frame in frames(found)]
        assert [name for job in mapping for name in job] == listed
        assert listed == sorted(listed)


def test_cvat_has_images_where_there_are_no_clouds(tmp_path: Path) -> None:
    """Frames are the images as they are, with their sizes."""
    found = files(pool(tmp_path, clouds=False), "cvat")
    assert scenes_of(found) == EXPECTED
    for place, frame in enumerate(frames(found)):
        content = found[frame["name"] + frame["extension"]]
        assert Picture.open(io.BytesIO(content)).size == (frame["width"], frame["height"])
        assert content == (tmp_path / f"{place // 2}-{place % 2}.png").read_bytes()


def test_turned_images_have_their_upright_size(tmp_path: Path) -> None:
    """The manifest has the size that annotators see, and the bytes are as they were."""
    seed = pool(tmp_path, clouds=False, images=1)
    turned = Picture.Exif()
    turned[0x0112] = 6
    path = tmp_path / "0-0.png"
    Picture.new("RGB", (30, 20)).save(path, "JPEG", exif=turned)
    found = files(seed, "cvat")
    first = frames(found)[0]
    assert (first["width"], first["height"], first["extension"]) == (20, 30, ".jpg")
    assert found[first["name"] + ".jpg"] == path.read_bytes()


def test_supervisely_has_a_project_of_clouds(tmp_path: Path) -> None:
    """Tags say rank, scene and cost of each cloud; images lie beside it with their own files."""
    found = files(pool(tmp_path), "supervisely")
    assert scenes_of(found) == EXPECTED
    meta = json.loads(found["meta.json"])
    assert meta["projectType"] == "point_clouds"
    assert {tag["name"] for tag in meta["tags"]} == {"seedal_rank", "seedal_scene", "seedal_cost"}
    assert all(int(tag["color"].removeprefix("#"), 16) for tag in meta["tags"])
    clouds = sorted(name for name in found if name.startswith("seed/pointcloud/"))
    for place, cloud in enumerate(clouds):
        name = cloud.rpartition("/")[2]
        said = {
            tag["name"]: tag["value"] for tag in json.loads(found[f"seed/ann/{name}.json"])["tags"]
        }
        assert said == {
            "seedal_rank": place + 1,
            "seedal_scene": NAMES[place],
            "seedal_cost": place + 0.5,
        }
        assert points(found[cloud]) == place + 1
        folder = f"seed/related_images/{name.replace('.', '_')}/"
        images = sorted(one for one in found if one.startswith(folder) and one.endswith(".png"))
        assert len(images) == 2
        for image in images:
            assert json.loads(found[f"{image}.json"])["name"] == image.removeprefix(folder)


def test_supervisely_has_a_project_of_images(tmp_path: Path) -> None:
    """Without clouds each image has its size and its scene's tags."""
    found = files(pool(tmp_path, clouds=False), "supervisely")
    assert json.loads(found["meta.json"])["projectType"] == "images"
    images = sorted(name for name in found if name.startswith("seed/img/"))
    assert len(images) == 2 * len(NAMES)
    for place, image in enumerate(images):
        said = json.loads(found[image.replace("/img/", "/ann/") + ".json"])
        assert said["size"] == {"height": 6, "width": 8 + place // 2}
        assert said["tags"][0] == {"name": "seedal_rank", "value": place // 2 + 1}


@pytest.mark.parametrize("form", BUNDLES)
def test_names_are_safe(form: str, tmp_path: Path) -> None:
    """Whatever scenes are called, files have short names of plain characters."""
    for name in files(pool(tmp_path), form):
        for part in name.split("/"):
            assert part.strip(".")
            assert len(part) < 120
            assert set(part) <= set(
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
            )


@pytest.mark.parametrize("form", BUNDLES)
def test_the_same_seed_gives_the_same_bytes(form: str, tmp_path: Path) -> None:
    """Two downloads of a seed are equal, and a reader of zip finds no damage."""
    contents = []
    for _ in range(2):
        stream = export(pool(tmp_path), form).content
        assert not isinstance(stream, bytes)
        with stream:
            contents.append(stream.read())
    assert contents[0] == contents[1]
    with zipfile.ZipFile(io.BytesIO(contents[0])) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == files(
            pool(tmp_path), form
        )


@pytest.mark.parametrize("form", BUNDLES)
@pytest.mark.parametrize("damage", ["cut", "missing", "picture", "empty"])
def test_a_scene_that_cannot_be_read_ends_it(form: str, damage: str, tmp_path: Path) -> None:
    """One bad file refuses the whole export, and the sentence names its scene."""
    seed = pool(tmp_path)
    if damage == "picture":
        (tmp_path / "3-1.png").write_bytes(b"no picture")
    elif damage == "missing":
        (tmp_path / "3.bin").unlink()
    else:
        (tmp_path / "3.bin").write_bytes(b"123" if damage == "cut" else b"")
    with pytest.raises(ExportError, match=r"^Scene '\.\.': .*(3\.bin|3-1\.png)"):
        export(seed, form)


@pytest.mark.parametrize("form", BUNDLES)
def test_clouds_and_images_are_not_mixed(form: str, tmp_path: Path) -> None:
    """A seed of scenes with and without clouds, or with nothing, is refused."""
    seed = pool(tmp_path)
    mixed = replace(seed, scenes=(replace(seed.scenes[0], pointcloud=None), *seed.scenes[1:]))
    with pytest.raises(ExportError, match="'07_000005' has no point cloud and others have one"):
        export(mixed, form)
    with pytest.raises(ExportError, match="'07/000005' has neither a point cloud nor an image"):
        export(pool(tmp_path, clouds=False, images=0), form)


def test_large_downloads_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download has a limit, and the sentence says what has none."""
    monkeypatch.setattr(app.exports, "MAX_DOWNLOAD_BYTES", 1000)
    with pytest.raises(ExportError, match=r"more than 1,000 bytes.*seedal export"):
        export(pool(tmp_path), "cvat")


def test_supervisely_refuses_what_it_would_pass_over(tmp_path: Path) -> None:
    """An image of a kind that its reader does not list is refused with its scene."""
    seed = pool(tmp_path)
    Picture.new("RGB", (4, 4)).save(tmp_path / "0-0.png", "GIF")
    with pytest.raises(ExportError, match=r"'07/000005': Supervisely does not read .* \.gif"):
        export(seed, "supervisely")


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """Nothing of an earlier folder stays, and a failure leaves the earlier one as it was."""
    target = tmp_path / "cvat"
    with staged_folder([("a/b", b"1"), ("c", b"2")], target):
        pass
    with staged_folder([("a/d", b"3")], target):
        pass
    assert [path.name for path in target.rglob("*") if path.is_file()] == ["d"]

    def failing() -> Iterator[tuple[str, bytes]]:
        yield "a/e", b"4"
        message = "no"
        raise ExportError(message)

    with pytest.raises(ExportError), staged_folder(failing(), target):
        pass
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["d"]
    assert [path.name for path in tmp_path.iterdir()] == ["cvat"]


READ = """
import json, sys
import supervisely as sly
kind, root = sys.argv[1:]
cls = sly.PointcloudProject if kind == "clouds" else sly.Project
project = cls(root, sly.OpenMode.READ)
found = []
for dataset in project.datasets:
    for name in dataset:
        if kind == "clouds":
            note = dataset.get_ann(name, project.meta)
            tags, beside = note.tags, len(dataset.get_related_images(name))
        else:
            note = dataset.get_ann(name, project.meta)
            tags, beside = note.img_tags, list(note.img_size)
        found.append([{tag.meta.name: tag.value for tag in tags}, beside])
print(json.dumps(sorted(found, key=lambda one: one[0]["seedal_rank"])))
"""


@pytest.mark.skipif(not PYTHON, reason="SEEDAL_TEST_SUPERVISELY names no Python with its SDK")
@pytest.mark.parametrize("kind", ["clouds", "images"])
def test_superviselys_own_reader_reads_it(kind: str, tmp_path: Path) -> None:
    """Its SDK finds the same scenes, in the same order, with the same costs."""
    seed = pool(tmp_path / "pool", clouds=kind == "clouds", images=1)
    with staged_folder(BUNDLES["supervisely"](seed), tmp_path / "project") as root:
        pass
    command = [PYTHON, "-c", READ, kind, str(root)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout.splitlines()[-1])
    assert [(tags["seedal_scene"], tags["seedal_cost"]) for tags, _ in found] == EXPECTED
    beside = [1] * len(NAMES) if kind == "clouds" else [[6, 8 + k] for k in range(len(NAMES))]
    assert [one for _, one in found] == beside
