"""Damage to any file of the cache costs time, never an answer.

Each kind of file that a run leaves is damaged in turn, at many places; the next run gives the same
seed, and the run after that finds everything done.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.cli.main import main
from features.errors import DamagedError
from features.files.stored import map_array, read_arrays, write_array, write_arrays

pytestmark = pytest.mark.slow

Manifest = Callable[..., Path]
Run = Callable[[], dict[str, Any]]

KINDS = ("vectors", "signatures", "pseudo_tasks", "neighbours", "seeds")
_ROUNDS = 15


@pytest.fixture
def run(manifest: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that selects a seed and returns it as JSON."""
    words = ("select", "--root", str(manifest()), "--budget", "40%", "--backbone", "colour_grid")
    data, out = str(tmp_path / "data"), str(tmp_path / "out")

    def select() -> dict[str, Any]:
        status = main([*words, "--json", "--data-dir", data, "--out", out])
        printed = capsys.readouterr()
        assert status == 0, printed.err
        seed: dict[str, Any] = json.loads(printed.out)
        return seed

    return select


def _stages(seed: dict[str, Any]) -> dict[str, int]:
    return {stage["name"]: stage["computed"] for stage in seed["stages"]}


def _answer(seed: dict[str, Any]) -> Any:  # noqa: ANN401 JSON
    """Return what a seed says, but for when and how quickly."""
    passing = {"stages", "created_at", "id"}
    rest = {name: value for name, value in seed.items() if name not in passing}
    return rest | {"solver": {**seed["solver"], "seconds": 0}}


def _damaged(whole: bytes, rng: np.random.Generator) -> bytes:
    """Flip a bit; now and then cut the file, or empty it."""
    kind = rng.integers(10)
    if kind == 0:
        return b""
    if kind == 1:
        return whole[: rng.integers(len(whole))]
    damaged = bytearray(whole)
    damaged[rng.integers(len(whole))] ^= 1 << rng.integers(8)
    return bytes(damaged)


def _flipped(whole: bytes) -> Iterator[bytes]:
    """Yield a content with each of its bits flipped in turn."""
    for bit in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        yield bytes(damaged)


def test_a_flipped_bit_is_harmless_or_refused(tmp_path: Path) -> None:
    """Of all bits of a file, none can be flipped so that other arrays are read, or nothing is."""
    path, refused = tmp_path / "stored.npz", 0
    arrays = {
        "rows": np.arange(6, dtype=np.float32).reshape(3, 2) - 0.5,
        "ids": np.frombuffer(b'["a", "b"]', dtype=np.uint8),
        "empty": np.zeros((0, 4), dtype=np.int64),
    }
    write_arrays(path, **arrays)
    for damaged in _flipped(path.read_bytes()):
        path.write_bytes(damaged)
        try:
            found = read_arrays(path, "rows", optional=("ids", "empty"))
        except DamagedError as error:
            assert str(error).startswith(f"{path}: not a whole file of rows (")  # noqa: PT017  one of many
            refused += 1
        else:
            for array, expected in zip(found, arrays.values(), strict=True):
                np.testing.assert_array_equal(array, expected)
    assert refused > 8 * sum(array.nbytes for array in arrays.values())


def test_a_mapped_array_with_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    """Of all bits of the file, none can be flipped so that other values are mapped."""
    path, refused = tmp_path / "maps.npz", 0
    rows = np.arange(24, dtype=np.float16).reshape(6, 2, 2)
    write_array(path, "values", 6, [rows[:4], rows[4:]])
    for damaged in _flipped(path.read_bytes()):
        path.unlink()  # what is mapped keeps its file
        path.write_bytes(damaged)
        try:
            np.testing.assert_array_equal(map_array(path, "values"), rows)
        except DamagedError:
            refused += 1
    assert refused > 8 * rows.nbytes


def test_every_kind_of_file_is_tried(run: Run, tmp_path: Path) -> None:
    """A run leaves files of these kinds, and no others."""
    run()
    assert {path.name for path in (tmp_path / "data" / "cache").iterdir()} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_made_anew(run: Run, tmp_path: Path, kind: str) -> None:
    """Flipped bits, cuts and empty files: the same answer now, everything found done afterwards."""
    first = _answer(run())
    (path,) = (tmp_path / "data" / "cache" / kind).iterdir()
    whole, rng = path.read_bytes(), np.random.default_rng(KINDS.index(kind))
    stored = tmp_path / "data" / "cache" / "signatures"
    (signatures,) = stored.iterdir()
    content = signatures.read_bytes()
    for _ in range(_ROUNDS):
        path.write_bytes(_damaged(whole, rng))
        if kind == "vectors":  # they are read where signatures are to be made
            signatures.unlink()
        assert _answer(run()) == first
        assert not any(_stages(run())[name] for name in ("vectors", "signatures", "index", "seed"))
        path.write_bytes(whole)
        signatures.write_bytes(content)


def test_several_blocks_are_damaged_at_once(
    manifest: Manifest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of three blocks all are damaged while their images are read: each is computed again."""
    root = str(manifest(100))  # 300 images
    words = ["select", "--root", root, "--budget", "10%", "--backbone", "colour_grid", "--json"]
    words += ["--data-dir", str(tmp_path / "data"), "--out", str(tmp_path / "out")]
    assert main(words) == 0
    first = _answer(json.loads(capsys.readouterr().out))
    cache = tmp_path / "data" / "cache"
    blocks = sorted((cache / "vectors").iterdir())
    assert len(blocks) == 3
    whole = {path.name: path.read_bytes() for path in blocks}
    for path in blocks:
        content = bytearray(path.read_bytes())
        content[content.index(b"vectors.npy") + 500] ^= 1
        path.write_bytes(content)
    next((cache / "signatures").iterdir()).unlink()
    assert main(words) == 0
    assert _answer(json.loads(capsys.readouterr().out)) == first
    assert {path.name: path.read_bytes() for path in (cache / "vectors").iterdir()} == whole
