"""`seedal select --hint`: labelled images steer the seed, or are refused in a sentence."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from app.cli.main import main as seedal

Run = Callable[..., tuple[int, dict[str, Any], str]]

RARE = range(0, 16, 5)
"""Scenes that show the small red thing."""


def _picture(rng: np.random.Generator, *, rare: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture of large coloured areas, and its label: 1 is the small red thing."""
    cells = rng.integers(0, 256, (2, 2, 3))
    cells[:, :, 0] %= 90  # nothing else is red
    pixels = np.kron(cells, np.ones((32, 32, 1))).astype(np.uint8)
    label = np.zeros((64, 64), np.uint8)
    if rare:
        pixels[8:24, 8:24] = (250, 10, 10)
        label[8:24, 8:24] = 1
    return pixels, label


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Draw a pool of 16 scenes of two images, and a hint of four images."""
    rng = np.random.default_rng(0)
    for scene in range(16):
        folder = tmp_path / "pool" / f"s{scene:02}"
        folder.mkdir(parents=True)
        for image in range(2):
            pixels, _ = _picture(rng, rare=scene in RARE)
            PIL.Image.fromarray(pixels).save(folder / f"{image}.png")
    for part in ("images", "labels"):
        (tmp_path / "hint" / part).mkdir(parents=True)
    for image in range(4):
        pixels, label = _picture(rng, rare=True)
        PIL.Image.fromarray(pixels).save(tmp_path / "hint" / "images" / f"{image}.png")
        PIL.Image.fromarray(label).save(tmp_path / "hint" / "labels" / f"{image}.png")
    return tmp_path


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


def test_hints_that_are_none_are_refused(world: Path, select: Run) -> None:
    """Each in one sentence that names the place, before a feature is computed."""
    hint = world / "hint"
    label = np.zeros((64, 64), np.uint8)
    cases: dict[str, tuple[str, Callable[[], object]]] = {
        "nowhere": ("is no folder", lambda: None),
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
    assert "a hint needs a pool that is described by patches" in err
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
