"""`seedal select --vectors`: someone else's vectors in, a seed out."""

import hashlib
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli.main import main

ROOT = Path(__file__).resolve().parents[2]

Select = Callable[..., tuple[int, str, str]]


@pytest.fixture
def select(
    tmp_path: Path, manifest: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> Select:
    """Return a function that runs `seedal select` on eight scenes and returns what it printed."""
    root = str(manifest())

    def run(*words: str) -> tuple[int, str, str]:
        places = ["--root", root, "--out", str(tmp_path / "out"), "--data-dir", str(tmp_path / "d")]
        status = main(["select", *places, "--budget", "50%", "--strategy", "exact", *words])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


def write(path: Path, scenes: int, images: int = 3) -> Path:
    """Write vectors of the first scenes of the manifest."""
    owners = np.repeat([f"room/{number}" for number in range(scenes)], images)
    rows = np.random.default_rng(0).standard_normal((len(owners), 16))
    np.savez(path, scene_ids=owners, vectors=rows)
    return path


def test_vectors_take_the_place_of_images(select: Select, tmp_path: Path) -> None:
    """The seed is of the file's scenes, its provenance names the file, and no image is read."""
    path = write(tmp_path / "v.npz", 7)
    for image in (tmp_path / "pool" / "images").iterdir():
        image.unlink()
    status, out, err = select("--vectors", str(path), "--json")
    seed: dict[str, Any] = json.loads(out)
    assert status == 0
    assert 0 < seed["total_cost"] <= seed["budget"]["limit"]
    provenance = seed["provenance"]
    assert provenance["backbone"] == "precomputed"
    assert provenance["weights_id"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert provenance["token"] == "image"  # noqa: S105  not a secret
    assert [scene["scene_id"] for scene in seed["left_out"]] == ["room/7"]
    assert "scene room/7 is left out: it has no vector in" in err
    status, _, err = select("--vectors", str(path), "--strict")
    assert status == 2
    assert "Scene 'room/7' cannot be used" in err


def test_ids_may_be_a_file_of_their_own(select: Select, tmp_path: Path) -> None:
    """--vector-ids says whose the vectors are."""
    np.save(tmp_path / "v.npy", np.random.default_rng(0).standard_normal((8, 5)))
    (tmp_path / "names").write_text("".join(f"room/{number}\n" for number in range(8)))
    words = ["--vectors", str(tmp_path / "v.npy"), "--vector-ids", str(tmp_path / "names")]
    status, out, _ = select(*words, "--json")
    assert status == 0
    assert json.loads(out)["provenance"]["token"] == "scene"  # noqa: S105  not a secret


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--vectors", "v.npz", "--backbone", "colour_grid"], "no backbone, token or weights"),
        (["--vectors", "v.npz", "--token", "cls"], "no backbone, token or weights"),
        (["--vector-ids", "ids.txt"], "give both"),
        (["--vectors", "gone.npz"], "gone.npz: there is no such file"),
        (["--vectors", "unknown.npz"], "row 24: there is no scene 'room/8' in the source"),
    ],
)
def test_mistakes_are_one_sentence(
    select: Select,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    sentence: str,
) -> None:
    """A file that is missing or foreign, or words that contradict each other, end with exit 2."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "v.npz", 8)
    write(tmp_path / "unknown.npz", 9)
    status, out, err = select(*words)
    assert (status, out) == (2, "")
    assert sentence in err
    assert len(err.splitlines()) == 1


def test_the_page_on_vectors_works_as_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The example of docs/vectors.md writes vectors, and its command chooses scenes by them."""
    text = (ROOT / "docs" / "vectors.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (command,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDAL_DATA_DIR", str(tmp_path / "data"))
    exec(compile(code, "docs/vectors.md", "exec"), {})  # noqa: S102  our own page
    program, *words = shlex.split(command)
    assert program == "seedal"
    assert main(words) == 0
    assert "of 12 scenes" in capsys.readouterr().out
    assert (tmp_path / "seed" / "seed.json").is_file()
