"""`seedal select --hint`: labelled images steer the seed, or are refused in a sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from hint_world import RARE, as_coco, draw_world, zipped

from app.cli.main import main as seedal

Run = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Return a folder with a pool and a hint."""
    return draw_world(tmp_path)


@pytest.fixture
def select(world: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that asks for a seed of a quarter of the pool."""

    def run(*words: object) -> tuple[int, dict[str, Any], str]:
        usual = ("select", "--root", world / "pool", "--source", "images", "--budget", "25%")
        usual = (*usual, "--backbone", "colour_grid", "--data-dir", world / "data", "--json")
        status = seedal([str(word) for word in (*usual, "--out", world / "out", *words)])
        told = capsys.readouterr()
        return status, json.loads(told.out) if told.out else {}, told.err

    return run


def test_a_hint_brings_in_what_it_shows(world: Path, select: Run) -> None:
    """The seed has the small red thing, notes say that a hint led, and the proof holds."""
    status, seed, _ = select("--hint", world / "hint", "--certificate", "--problem")
    assert status == 0
    chosen = {scene["scene_id"] for scene in seed["scenes"]}
    assert chosen & {f"s{scene:02}" for scene in RARE}
    assert any("hint" in note for note in seed["solver"]["notes"])
    assert seed["recommendation"]["expected"] is None
    out = world / "out"
    assert seedal(["verify", str(out / "problem.npz"), str(out / "proof.json")]) == 0


def test_the_same_hint_gives_the_same_seed(world: Path, select: Run) -> None:
    """And it is another question than the one without."""
    first, again, without = (select(*words)[1] for words in (
        ("--hint", world / "hint"), ("--hint", world / "hint"), (),
    ))  # fmt: skip
    assert [s["scene_id"] for s in first["scenes"]] == [s["scene_id"] for s in again["scenes"]]
    assert without["recommendation"] != first["recommendation"]


def test_an_archive_and_annotations_are_hints_like_the_folder(world: Path, select: Run) -> None:
    """The same images and labels give the same seed, however they come."""
    hint = world / "hint"
    seeds = [select("--hint", path)[1] for path in (hint, zipped(hint), as_coco(hint))]
    chosen = [[scene["scene_id"] for scene in seed["scenes"]] for seed in seeds]
    assert chosen[0] == chosen[1] == chosen[2]


def test_hints_that_are_none_are_refused(world: Path, select: Run) -> None:
    """Each in one sentence that names the place, before a feature is computed."""
    hint = world / "hint"
    label = np.zeros((64, 64), np.uint8)
    cases: dict[str, tuple[str, Callable[[], object]]] = {
        "nowhere": ("is neither a folder nor a ZIP archive", lambda: None),
        "empty": ("no image with a label PNG", (world / "empty").mkdir),
    }
    for name, (words, make) in cases.items():
        make()
        status, _, err = select("--hint", world / name)
        assert (status != 0, words in err) == (True, True), err
    status, _, err = select("--hint", hint, "--objective", "coverage")
    assert status != 0
    assert "A hint is for the objective recommended" in err
    status, _, err = select("--hint", hint, "--hint-ignore", 1)
    assert status != 0
    assert "a single class (0)" in err
    status, _, err = select("--hint", hint, "--token", "cls")
    assert status != 0
    assert "A hint needs a pool that is described by patches" in err
    assert "features:" not in err
    PIL.Image.fromarray(label[:, :40]).save(hint / "labels" / "1.png")
    status, _, err = select("--hint", hint)
    assert status != 0
    assert "the label has 40 x 64 pixels" in err
    assert "features:" not in err


def test_a_class_that_hardly_a_cell_shows_is_named(world: Path, select: Run) -> None:
    """One sentence says which; the other classes are taught."""
    path = world / "hint" / "labels" / "0.png"
    label = np.array(PIL.Image.open(path))
    label[0, 0] = 2
    PIL.Image.fromarray(label).save(path)
    status, seed, err = select("--hint", world / "hint")
    assert status == 0
    assert seed["scenes"]
    assert "Class 2 of the hint fills 0 cells of its images: too few to look for." in err


def test_images_of_the_pool_are_no_hint(world: Path, select: Run) -> None:
    """Who has labels there says so by --labelled, and that is a second round."""
    scene = world / "pool" / "s00"
    (scene / "labels").mkdir()
    hint = world / "own"
    hint.mkdir()
    (hint / "images").symlink_to(scene)
    (hint / "labels").mkdir()
    label = np.zeros((64, 64), np.uint8)
    label[:20] = 1
    PIL.Image.fromarray(label).save(hint / "labels" / "0.png")
    (scene / "labels").rmdir()
    status, _, err = select("--hint", hint)
    assert status != 0
    assert "is an image of the pool" in err
    status, seed, _ = select("--hint", hint, "--labelled", "s00")
    assert status == 0
    assert "s00" not in {scene["scene_id"] for scene in seed["scenes"]}
