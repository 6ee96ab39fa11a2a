import os
from pathlib import Path

import numpy as np
import pytest

from features.errors import VectorsError
from features.index import index_path
from features.signing import SceneVectors, index_scenes, sign


def test_more_scenes_than_are_read_at_once_keep_their_order(tmp_path: Path) -> None:
    """Signatures of a hundred scenes lie in the order given, each of its own vectors."""
    rows = np.random.default_rng(0).standard_normal((100, 4)).astype(np.float32)
    scenes = {f"scene {number}": rows[[number]] for number in range(100)}
    signatures, _, stage = sign(
        tmp_path, "key", tuple(scenes), lambda scene_id: SceneVectors(scenes[scene_id]), 3
    )
    assert signatures.scene_ids == tuple(scenes)
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(signatures.vectors, units, atol=1e-6)
    assert (stage.computed, stage.reused) == (100, 0)


def test_vectors_of_two_dimensions_are_refused(tmp_path: Path) -> None:
    """Scenes whose vectors differ in their dimension raise, and nothing is stored."""
    scenes = {"a": np.ones((1, 2), np.float32), "b": np.ones((1, 3), np.float32)}
    with pytest.raises(VectorsError, match="scenes near 'a' have vectors of different dimensions"):
        sign(tmp_path, "key", ("a", "b"), lambda scene_id: SceneVectors(scenes[scene_id]), 3)
    assert not list(tmp_path.iterdir())


def test_what_is_found_counts_as_used(tmp_path: Path) -> None:
    """Files that a job finds are as young as those it makes; no sweep of old files takes them."""
    rows = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)

    def stages() -> tuple[Path, Path]:
        ids = ("a", "b", "c")
        signatures, *_ = sign(
            tmp_path, "key", ids, lambda scene_id: SceneVectors(rows[[ids.index(scene_id)]]), 3
        )
        index_scenes(tmp_path, "key", signatures)
        path = tmp_path / "signatures" / "key.npz"
        return path, index_path(path)

    for path in stages():
        os.utime(path, (0, 0))
    for path in stages():
        assert path.stat().st_mtime > 0


def test_a_damaged_index_is_made_again(tmp_path: Path) -> None:
    """A file that is no index, or one of other scenes, is replaced and counted as new."""
    rows = np.random.default_rng(0).standard_normal((5, 4)).astype(np.float32)
    ids = tuple("abcde")
    signatures, *_ = sign(
        tmp_path, "key", ids, lambda scene_id: SceneVectors(rows[[ids.index(scene_id)]]), 3
    )
    index, stage = index_scenes(tmp_path, "key", signatures)
    assert (stage.computed, stage.reused) == (5, 0)
    path = index_path(tmp_path / "signatures" / "key.npz")
    whole = path.read_bytes()
    path.write_bytes(whole[:-200])
    again, stage = index_scenes(tmp_path, "key", signatures)
    assert (stage.computed, stage.reused) == (5, 0)
    np.testing.assert_array_equal(again.nearest, index.nearest)
    _, stage = index_scenes(tmp_path, "key", signatures)
    assert (stage.computed, stage.reused) == (0, 5)
