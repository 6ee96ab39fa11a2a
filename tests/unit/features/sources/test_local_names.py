import json
from pathlib import Path
from unicodedata import normalize

import pytest

from features.errors import SourceError
from features.files.paths import confined
from features.sources import SourceOptions, open_source
from features.sources.local_names import as_meant, spellings

NFC, NFD = normalize("NFC", "büro é"), normalize("NFD", "büro é")


def images_of(folder: Path, *names: str) -> list[str]:
    """Return the images of a manifest that names them."""
    path = folder / "scenes.jsonl"
    path.write_text(json.dumps({"scene_id": "a", "cost": 1, "images": names}), encoding="utf-8")
    return [image.uri for image in open_source("manifest", path).scenes[0].images]


@pytest.mark.parametrize(
    "name",
    [
        r"C:\data\a.jpg",
        "c:/data/a.jpg",
        r"\\server\share\a.jpg",
        "file:///C:/data/a.jpg",
        r"file://C:\data\a.jpg",
    ],
)
@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_path_with_a_drive_is_refused_with_its_row(tmp_path: Path, name: str, form: str) -> None:
    """The sentence names the row, and shows a path that would do."""
    path = tmp_path / f"scenes.{form}"
    if form == "csv":
        path.write_text(f"scene_id,cost,image_uri\nb,1,a.png\na,1,{name}\n")
    else:
        lines = [{"scene_id": "b", "cost": 1}, {"scene_id": "a", "cost": 1, "images": [name]}]
        path.write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(SourceError) as caught:
        open_source("manifest", path, SourceOptions())
    assert caught.value.place == f"{path}:{3 if form == 'csv' else 2}"
    assert ": a path of Windows; write it as this machine has it" in caught.value.rule


def test_backslashes_part_folders_unless_a_file_has_them(tmp_path: Path) -> None:
    """Names of this machine win; names that only Windows has are understood."""
    (tmp_path / "rgb").mkdir()
    (tmp_path / r"odd\name.jpg").touch()
    (tmp_path / r"D:\b.jpg").touch()
    found = images_of(tmp_path, r"rgb\a.jpg", r"rgb/x\b.jpg", r"odd\name.jpg", r"D:\b.jpg")
    assert found == [
        str(tmp_path / "rgb/a.jpg"),
        str(tmp_path / "rgb/x/b.jpg"),
        str(tmp_path / r"odd\name.jpg"),
        str(tmp_path / r"D:\b.jpg"),
    ]


def test_keys_of_object_stores_may_have_backslashes() -> None:
    """In a bucket they are letters as others are; a web server has none in its names."""
    assert as_meant(r"a\b.jpg", "s3://bucket/pool/") == r"a\b.jpg"
    assert as_meant(r"a\b.jpg", "https://host/pool/") == "a/b.jpg"
    assert as_meant(r"s3://bucket/a\b.jpg", Path("/")) == r"s3://bucket/a\b.jpg"


@pytest.mark.parametrize(("written", "lying"), [(NFC, NFD), (NFD, NFC), (NFC, NFC), (NFD, NFD)])
def test_the_ways_of_writing_an_accent_name_one_file(
    tmp_path: Path, written: str, lying: str
) -> None:
    """Folder and file are found, each in whatever way it is written; a missing file stays named."""
    (tmp_path / lying).mkdir()
    (tmp_path / lying / f"{NFC}.png").touch()
    found = images_of(tmp_path, f"{written}/{written}.png", f"{written}/no.png")
    assert found == [f"{tmp_path / lying}/{NFC}.png", f"{tmp_path / written}/no.png"]


def test_a_name_that_lies_there_is_taken_as_it_is(tmp_path: Path) -> None:
    """Where both ways are files, each name means its own."""
    for name in (NFC, NFD):
        (tmp_path / f"{name}.png").touch()
    assert images_of(tmp_path, f"{NFC}.png", f"{NFD}.png") == [
        str(tmp_path / f"{NFC}.png"),
        str(tmp_path / f"{NFD}.png"),
    ]


def test_nothing_is_looked_for_outside_of_what_may_be_read(tmp_path: Path) -> None:
    """Whether a file lies elsewhere cannot be seen by how its name is taken."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"{NFD}.png").touch()
    (tmp_path / "in").mkdir()
    name = f"{tmp_path}/out/{NFC}.png"
    assert as_meant(name, Path("/")) == f"{tmp_path}/out/{NFD}.png"
    with confined([tmp_path / "in"]):
        assert as_meant(name, Path("/")) == name


def test_ids_of_a_table_of_costs_mean_their_folders(tmp_path: Path) -> None:
    """A table that was written elsewhere names folders with accents."""
    (tmp_path / NFD).mkdir()
    (tmp_path / NFD / "1.png").touch()
    (tmp_path / "costs.csv").write_text(f"scene_id,points\n{NFC},5\n", encoding="utf-8")
    (scene,) = open_source("images", tmp_path).scenes
    assert (scene.scene_id, scene.costs) == (NFD, {"points": 5})


def test_spellings_begin_with_the_text_itself() -> None:
    """What has one spelling is one; what has two comes as it is written first."""
    assert spellings("abc") == ("abc",)
    assert spellings(NFD) == (NFD, NFC)
