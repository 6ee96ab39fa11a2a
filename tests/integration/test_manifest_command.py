"""`seedal manifest` on folders of pictures, and what other commands make of what it wrote."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import PIL.Image
import pytest

from app.cli.main import main
from features.sources import SourceOptions, open_source

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs the command and returns its exit status and output."""

    def call(*words: str | Path) -> tuple[int, str, str]:
        status = main(["manifest", *map(str, words)])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return call


def pictures(folder: Path, *names: str) -> Path:
    """Save small images."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.new("RGB", (4, 4)).save(folder / name)
    return folder


@pytest.fixture
def building(tmp_path: Path) -> Path:
    """Make a folder of two rooms whose names a careless writer would break."""
    return pictures(
        tmp_path / "pool", "Area 1/hall/10.png", "Area 1/hall/2.png", 'é, "quoted"/=1.png'
    )


def test_a_scene_is_a_folder_with_its_images(run: Run, building: Path) -> None:
    """A line a folder, in natural order, with paths from the manifest's folder."""
    status, out, err = run(building)
    path = building / "scenes.jsonl"
    assert (status, err) == (0, "")
    assert out == f"{path}: 2 scenes with 3 images; costs are from: number of images\n"
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == [
        {
            "scene_id": "Area 1/hall",
            "cost": 2,
            "group": "Area 1",
            "images": ["Area 1/hall/2.png", "Area 1/hall/10.png"],
        },
        {"scene_id": 'é, "quoted"', "cost": 1, "images": ['é, "quoted"/=1.png']},
    ]


def test_a_flat_folder_has_a_scene_an_image(run: Run, tmp_path: Path) -> None:
    """Each image is a scene that costs 1, and a note says so."""
    pictures(tmp_path / "flat", "2.png", "10.jpg")
    status, _, err = run(tmp_path / "flat", "--out", tmp_path / "m" / "scenes.csv")
    assert status == 0
    assert err == "seedal: each of the 2 images is a scene of its own\n"
    with (tmp_path / "m" / "scenes.csv").open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream)) == [
            ["scene_id", "image_uri", "cost", "group"],
            ["2.png", "../flat/2.png", "1", ""],
            ["10.jpg", "../flat/10.jpg", "1", ""],
        ]


@pytest.mark.parametrize("out", ["pool/scenes.jsonl", "m/scenes.csv", "m.ndjson"])
@pytest.mark.parametrize("with_costs", [True, False])
def test_what_is_written_is_the_same_pool(
    run: Run, building: Path, tmp_path: Path, out: str, *, with_costs: bool
) -> None:
    """Read back, either form has the scenes, images, groups and costs of the folder itself."""
    (building / "empty").mkdir()
    if with_costs:
        rows = 'scene_id,points,hours\nArea 1/hall,7,0.5\n"é, ""quoted""",5,1\nempty,1,2\n'
        (building / "costs.csv").write_text(rows, encoding="utf-8")
    assert run(building, "--out", tmp_path / out)[0] == 0
    options = SourceOptions(resource="points" if with_costs else None)
    direct = open_source("images", building, options).scenes
    read = open_source("manifest", tmp_path / out, options).scenes
    assert [scene.scene_id for scene in read] == [scene.scene_id for scene in direct]
    assert [scene.group for scene in read] == [scene.group for scene in direct]
    assert [[Path(image.uri).resolve() for image in scene.images] for scene in read] == [
        [Path(image.uri) for image in scene.images] for scene in direct
    ]
    assert [[*scene.costs.values()] for scene in read] == [
        [*scene.costs.values()] for scene in direct
    ]


def test_images_are_found_from_behind_a_link(run: Run, building: Path, tmp_path: Path) -> None:
    """Where the manifest's folder is a link, the way up is that of the folder it leads to."""
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "deep/er")
    assert run(building, "--out", tmp_path / "link/scenes.csv")[0] == 0
    scenes = open_source("manifest", tmp_path / "link/scenes.csv").scenes
    assert all(Path(image.uri).is_file() for scene in scenes for image in scene.images)


def test_nothing_is_written_over_unless_asked(run: Run, building: Path) -> None:
    """What somebody edited stays, and the sentence names both ways out."""
    path = building / "scenes.jsonl"
    path.write_text("mine")
    status, out, err = run(building)
    assert (status, out) == (2, "")
    rule = "is there already; --force writes over it, --out names another file."
    assert err == f"seedal: {path}: {rule}\n"
    assert path.read_text() == "mine"
    assert run(building, "--force")[0] == 0
    first = path.read_bytes()
    assert run(building, "--force")[0] == 0
    assert path.read_bytes() == first


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("{}/none",), "{}/none: does not exist"),
        (("{}/pool/scenes.txt",), "is a file where a folder is needed"),
        (("{}/bare",), "{}/bare: has neither images nor folders of images"),
        (("{}/pool", "--out", "{}/a.parquet"), "is written as .jsonl, .ndjson, .csv."),
        (("{}/pool", "--out", "{}/pool/scenes.txt/a.csv"), "is no folder"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    run: Run, building: Path, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    """A wrong folder, a folder of nothing and a wrong ending end with exit status 2."""
    (building / "scenes.txt").touch()
    (tmp_path / "bare").mkdir()
    status, out, err = run(*(word.format(tmp_path) for word in words))
    assert (status, out) == (2, "")
    assert sentence.format(tmp_path) in err
    assert err.count("\n") == 1
