import json
import os
import re
from pathlib import Path
from typing import get_args

import numpy as np
import PIL.Image
import pytest

from features.errors import SourceError
from features.files import paths as listing
from features.sources import KINDS, SourceOptions, detect, open_source, registry
from features.sources.options import FolderKind

DOCUMENT = Path(__file__).parents[4] / "docs" / "sources.md"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Write a manifest of one scene."""
    path = tmp_path / "scenes.JSONL"
    path.write_text(json.dumps({"scene_id": "a", "cost": 1, "images": ["x.png"]}))
    return path


def refused(kind: str | None, root: object, **options: object) -> str:
    """Return the message of the error that opening the source raises."""
    with pytest.raises(SourceError) as caught:
        open_source(kind, root, SourceOptions(**options))
    return str(caught.value)


def test_the_kinds_are_the_documented_ones() -> None:
    """The public kinds are held by this test."""
    assert ("manifest", *get_args(FolderKind)) == KINDS
    assert KINDS == (
        "manifest",
        "images",
        "coco",
        "semantic_kitti",
        "s3dis",
        "nuscenes",
        "scannet",
        "kitti_360",
    )


def test_the_documentation_names_every_kind() -> None:
    """The table of docs/sources.md has a row for each kind, in their order, with its options."""
    rows = re.findall(r"^\| \[`(\w+)`\].*\|(.*)\|$", DOCUMENT.read_text(), re.MULTILINE)
    flags = {kind: set(re.findall(r"--([a-z-]+)", cell)) for kind, cell in rows}
    assert tuple(flags) == KINDS
    for kind in KINDS:
        known = {option.replace("_", "-") for option in registry._OPTIONS.get(kind, ())}
        assert flags[kind] == known


def test_the_documented_tables_are_manifests(tmp_path: Path) -> None:
    """Each CSV of docs/sources.md is a manifest of the same two scenes."""
    tables = re.findall(r"```csv\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(tables) == 2
    for number, table in enumerate(tables):
        path = tmp_path / f"{number}.csv"
        path.write_text(table)
        hall, lobby = open_source(None, path).scenes
        assert (hall.scene_id, hall.costs["cost"], len(hall.images)) == ("hall", 61234, 2)
        assert (lobby.scene_id, lobby.costs["cost"], lobby.images) == ("lobby", 500, ())


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("sequences/00/velodyne/000000.bin", "semantic_kitti"),
        ("dataset/sequences/00/velodyne/000000.bin", "semantic_kitti"),
        ("Area_1/coords/office_1.npy", "s3dis"),
        ("scene/a.jpg", "images"),
        ("site/scene/a.jpg", "images"),
    ],
)
def test_a_layout_tells_its_kind(tmp_path: Path, file: str, kind: str) -> None:
    """Each layout is recognised, and its own kind opens it."""
    path = tmp_path / file
    path.parent.mkdir(parents=True)
    np.zeros((4, 3)).tofile(path)
    if path.suffix == ".npy":
        np.save(path, np.zeros((4, 3)))
    assert detect(tmp_path) == kind
    assert open_source(None, tmp_path).kind == kind


def test_a_manifest_tells_its_kind_and_may_be_a_uri(manifest: Path) -> None:
    """A .jsonl file is a manifest, by path or by file:// URI."""
    assert detect(manifest) == "manifest"
    assert open_source(None, manifest.as_uri()) == open_source("manifest", str(manifest))


def test_paths_are_absolute(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool can be used from any working directory."""
    monkeypatch.chdir(manifest.parent)
    (scene,) = open_source(None, manifest.name).scenes
    assert scene.images[0].uri == str(manifest.parent / "x.png")


def test_the_images_root_is_made_absolute_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative root of images gives absolute paths."""
    monkeypatch.chdir(tmp_path)
    for file in ("v/sequences/00/velodyne/000000.bin", "c/sequences/00/image_2/000000.png"):
        Path(file).parent.mkdir(parents=True)
        Path(file).write_bytes(b"x" * 16)
    (scene,) = open_source("semantic_kitti", "v", SourceOptions(images_root=Path("c"))).scenes
    assert scene.images[0].uri == str(tmp_path / "c/sequences/00/image_2/000000.png")


def test_an_unknown_layout_says_what_was_looked_for(tmp_path: Path) -> None:
    """An unknown folder, and a file that is no manifest, are errors with the kinds' signs."""
    message = refused(None, tmp_path)
    assert all(sign in message for sign in ("sequences/NN", "Area_N/coords", "images"))
    (tmp_path / "scenes.json").write_text("[1]")
    assert "must end in .jsonl, .ndjson, .csv" in refused(None, tmp_path / "scenes.json")


@pytest.mark.parametrize("kind", [None, *KINDS])
def test_a_missing_root_does_not_exist(tmp_path: Path, kind: str | None) -> None:
    """Every kind names the root where it is missing."""
    message = refused(kind, tmp_path / "nowhere")
    assert message == f"{tmp_path / 'nowhere'}: does not exist"


@pytest.mark.parametrize("kind", ["images", "s3dis"])
def test_a_file_is_no_folder(manifest: Path, kind: str) -> None:
    """A file where a folder is needed is named as that."""
    assert refused(kind, manifest) == f"{manifest}: is a file where a folder is needed"


def test_an_unknown_kind_lists_the_known_ones(tmp_path: Path) -> None:
    """A misspelt kind is answered with the kinds there are."""
    expected = "'nuscene' is no kind of source; known: manifest, images"
    assert expected in refused("nuscene", tmp_path)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("manifest", {"split": "train"}),
        ("manifest", {"images_root": Path("x")}),
        ("images", {"scene_from": "key:a"}),
        ("coco", {"split": "train"}),
        ("s3dis", {"unit": "keyframe"}),
    ],
)
def test_options_that_a_kind_does_not_have_are_refused(
    manifest: Path, kind: str, options: dict[str, object]
) -> None:
    """A split of a manifest would silently do nothing."""
    (name,) = options
    assert refused(kind, manifest, **options).endswith(f"kind {kind} has no option {name}")


def test_an_unknown_choice_is_refused() -> None:
    """A misspelt split or unit is an error when the options are made."""
    with pytest.raises(SourceError, match="split: must be 'all' or 'train', not 'val'"):
        SourceOptions(split="val")
    with pytest.raises(SourceError, match="unit: must be 'scene' or 'keyframe', not 'sweep'"):
        SourceOptions(unit="sweep")


@pytest.mark.parametrize("root", ["s3://bucket/pool", "a\0b", ""])
def test_a_root_that_is_no_local_path_is_refused(root: str) -> None:
    """Object stores and impossible paths are errors of the source."""
    assert refused(None, root)


def test_what_the_system_refuses_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that may not be listed is named (simulated: root may list everything)."""

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(listing.os, "scandir", refuse)
    expected = f"{tmp_path}: cannot be read (Permission denied)"
    assert refused("images", tmp_path) == expected
    assert refused(None, tmp_path) == expected


@pytest.mark.parametrize("name", ["scenes.jsonl", "scenes.csv", "scenes.parquet", "coco.json"])
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, name: str) -> None:
    """A named pipe in place of a file is one sentence; nobody ever writes to it."""
    os.mkfifo(tmp_path / name)
    kind = "coco" if name.endswith(".json") else "manifest"
    with pytest.raises(SourceError, match="is not a regular file"):
        open_source(kind, tmp_path / name)


def test_a_pipe_of_costs_is_refused(tmp_path: Path) -> None:
    """The table of costs beside a folder of images is held to the same rule."""
    (tmp_path / "scene").mkdir()
    PIL.Image.new("RGB", (4, 4)).save(tmp_path / "scene" / "a.png")
    os.mkfifo(tmp_path / "costs.csv")
    with pytest.raises(SourceError, match=r"costs\.csv.* is not a regular file"):
        open_source("images", tmp_path)


def test_a_loop_of_links_costs_itself_alone(tmp_path: Path) -> None:
    """A link to itself among the images is an image that cannot be read, not the end of the run."""
    (tmp_path / "scene").mkdir()
    (tmp_path / "scene" / "loop.png").symlink_to("loop.png")
    (pool,) = open_source("images", tmp_path).scenes
    assert [Path(image.uri).name for image in pool.images] == ["loop.png"]
