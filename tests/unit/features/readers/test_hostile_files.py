"""Files that readers got wrong before, and what is right: they are read, or refused in a sentence.

`tests/cases` has them; all were made for this, or found by `make fuzz`.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.choosing.problem_files import read_problem_file
from app.errors import InvalidRequestError
from features.errors import FeatureError, ImageError
from features.readers.clouds import read_cloud
from features.readers.previews import picture, thumbnail
from features.readers.scenes import open_source
from features.readers.vectors import read_vectors
from features.sources.scenes import ScenePool

CASES = Path(__file__).resolve().parents[3] / "cases"
IDS = [f"s{number}" for number in range(6)]


def _vectors(path: Path) -> object:
    return read_vectors(path, IDS)


def _cloud(path: Path) -> object:
    return read_cloud(str(path), 100)


def _manifest(path: Path) -> ScenePool:
    return open_source(None, path)


@pytest.mark.parametrize(
    ("name", "read", "rule"),
    [
        ("vectors_abort_1.parquet", _vectors, "cannot be read: its reader crashed on it"),
        ("vectors_abort_2.parquet", _vectors, "cannot be read: its reader crashed on it"),
        ("vectors_damaged_1.npz", _vectors, "is neither stored nor deflated"),
        ("vectors_damaged_2.npy", _vectors, "its size does not fit its shape"),
        ("v_null.parquet", _vectors, "row 2: the vector is empty"),
        ("v_zero.npz", _vectors, "row 3: the vector of scene 's3' has the length 0"),
        ("problem_damaged_1.npz", read_problem_file, "is neither stored nor deflated"),
        ("knapsack_damaged_1.txt", read_problem_file, "line 6 must be 'i j utility'"),
        ("manifest_damaged_1.parquet", _manifest, "is no readable Parquet file"),
        ("manifest_damaged_2.parquet", _manifest, "has a value that cannot be read"),
        ("nullcost.parquet", _manifest, "row 3: the record must have a cost or costs"),
        ("cloud_damaged_1.xyz", _cloud, "has an intensity of 4.1e+307; up to 1e+30 is read"),
    ],
)
def test_a_hostile_file_is_one_sentence(
    name: str, read: Callable[[Path], object], rule: str
) -> None:
    """The sentence names the file and the rule; whoever asked lives on."""
    with pytest.raises((FeatureError, InvalidRequestError)) as refusal:
        read(CASES / name)
    assert name in str(refusal.value)
    assert rule in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "costs", "notes"),
    [
        ("bom.csv", (10.0, 11.0), ["The cells of images in bom.csv are taken as one path each."]),
        (
            "semi.csv",
            (10.5, 11.5),
            [
                "The columns of semi.csv are parted by semicolons.",
                "The numbers of semi.csv have decimal commas.",
                "The cells of images in semi.csv are taken as one path each.",
            ],
        ),
        (
            "tab.tsv",
            (10.0, 11.0),
            [
                "The columns of tab.tsv are parted by tabs.",
                "The cells of images in tab.tsv are taken as one path each.",
            ],
        ),
        (
            "utf16.csv",
            (10.0, 11.0),
            [
                "utf16.csv is read as UTF-16.",
                "The cells of images in utf16.csv are taken as one path each.",
            ],
        ),
        (
            "intid.parquet",
            (10.0, 10.0),
            [
                "The whole numbers of scene_id in intid.parquet are taken as text.",
                "The cells of images in intid.parquet are taken as one path each.",
            ],
        ),
    ],
)
def test_what_other_programs_write_is_read(
    name: str, costs: tuple[float, float], notes: list[str]
) -> None:
    """The scenes are those that a person sees in the file; notes say what was understood."""
    pool = _manifest(CASES / name)
    assert tuple(scene.costs["cost"] for scene in pool.scenes[:2]) == costs
    assert pool.scenes[0].images[0].uri == str(CASES / "im" / "0.jpg")
    assert list(pool.notes) == notes


@pytest.mark.parametrize("name", ["a.avif", "a.jp2", "anim.gif", "cmyk.jpg", "g16.tif", "mpo.jpg"])
def test_images_of_many_programs_are_read(name: str) -> None:
    """They become a thumbnail and a picture that fills its place."""
    uri = str(CASES / "im" / name)
    assert thumbnail(uri, 32).startswith(b"\xff\xd8")
    assert picture(uri, (40, 30)).shape == (30, 40, 3)
    assert np.ptp(picture(uri, (40, 30))) > 0


@pytest.mark.parametrize(
    ("name", "rule"), [("heif.png", "not a PNG"), ("trunc1.jpg", "truncated or broken")]
)
def test_images_that_are_none_are_refused_by_their_content(name: str, rule: str) -> None:
    """What a file is called does not matter."""
    with pytest.raises(ImageError, match=rule):
        thumbnail(str(CASES / "im" / name), 32)
