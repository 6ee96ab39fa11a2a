import errno
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.errors import FeatureError
from features.index import SceneIndex
from features.numeric import unit_rows
from features.precomputed import PRECOMPUTED, prepare_precomputed
from features.prepared import Prepared
from features.signatures.clustering import cluster
from features.signatures.model import Signatures, build_signatures
from features.sources.scenes import PoolScene, ScenePool
from features.vectors import PrecomputedVectors, read_vectors


@pytest.fixture
def pool() -> ScenePool:
    """Six scenes without images."""
    scenes = tuple(PoolScene(f"scene {number}", {"points": 1.0}) for number in range(6))
    return ScenePool("manifest", scenes, "points", "a manifest")


@pytest.fixture
def vectors(tmp_path: Path, pool: ScenePool) -> PrecomputedVectors:
    """Vectors of five of the scenes: 1, 2, 9, 9 and 9."""
    owners = np.repeat(["scene 5", "scene 0", "scene 1", "scene 2", "scene 4"], [1, 2, 9, 9, 9])
    rows = np.random.default_rng(0).standard_normal((30, 8))
    np.savez(tmp_path / "v.npz", ids=owners, vectors=rows)
    return read_vectors(tmp_path / "v.npz", [scene.scene_id for scene in pool.scenes])


def computed(prepared: Prepared) -> dict[str, tuple[int, int]]:
    """Return (computed, reused) of each stage."""
    return {stage.name: (stage.computed, stage.reused) for stage in prepared.stages}


def test_vectors_become_signatures(
    tmp_path: Path, pool: ScenePool, vectors: PrecomputedVectors
) -> None:
    """Signatures are those of the scenes' centres, in the pool's order, with an index."""
    prepared = prepare_precomputed(pool, vectors, 4, tmp_path / "cache")
    ids = ("scene 0", "scene 1", "scene 2", "scene 4", "scene 5")
    expected = build_signatures(
        {scene_id: unit_rows(cluster(vectors.of(scene_id), 4)) for scene_id in ids}
    )
    assert prepared.signatures.scene_ids == ids
    assert prepared.signatures.counts.tolist() == [2, 4, 4, 4, 1]
    np.testing.assert_allclose(prepared.signatures.vectors, expected.vectors, atol=1e-15)
    np.testing.assert_allclose(prepared.signatures.weights, expected.weights, atol=1e-15)
    assert (prepared.backbone, prepared.weights_id) == (PRECOMPUTED, vectors.sha256)
    assert (prepared.token, prepared.clusters) == ("image", 4)
    assert [left.scene_id for left in prepared.left_out] == ["scene 3"]
    assert "has no vector in" in prepared.left_out[0].reason
    assert "has vectors of 5 of 6 scenes" in prepared.notes[0]
    assert "1 of 5 scenes have a single vector" in prepared.notes[1]
    stored = Signatures.load(tmp_path / "cache" / "signatures" / f"{prepared.key}.npz")
    np.testing.assert_array_equal(stored.vectors, prepared.signatures.vectors)
    path = tmp_path / "cache" / "neighbours" / f"{prepared.key}.npz"
    assert SceneIndex.load(path, prepared.signatures).nearest.shape == (5, 4)


def test_a_cache_that_is_only_read_needs_no_index(
    tmp_path: Path,
    pool: ScenePool,
    vectors: PrecomputedVectors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Caches of earlier versions have none; where it cannot be stored, it is made each time."""
    cache = tmp_path / "cache"
    first = prepare_precomputed(pool, vectors, 4, cache)
    path = cache / "neighbours" / f"{first.key}.npz"
    path.unlink()

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(SceneIndex, "save", refuse)
    for _ in range(2):
        again = prepare_precomputed(pool, vectors, 4, cache)
        assert computed(again)["index"] == (5, 0)
        np.testing.assert_array_equal(again.index.nearest, first.index.nearest)
    assert not path.exists()


def test_the_same_vectors_are_used_again(
    tmp_path: Path, pool: ScenePool, vectors: PrecomputedVectors
) -> None:
    """A second run computes nothing; other clusters or other vectors do."""
    cache = tmp_path / "cache"
    first = prepare_precomputed(pool, vectors, 4, cache)
    again = prepare_precomputed(pool, vectors, 4, cache)
    assert computed(first) == {"vectors": (0, 5), "signatures": (5, 0), "index": (5, 0)}
    assert computed(again) == {"vectors": (0, 5), "signatures": (0, 5), "index": (0, 5)}
    assert again.key == first.key
    keys = {
        first.key,
        prepare_precomputed(pool, vectors, 3, cache).key,
        prepare_precomputed(pool, replace(vectors, key="another"), 4, cache).key,
    }
    assert len(keys) == 3


def test_no_clusters_are_refused(
    tmp_path: Path, pool: ScenePool, vectors: PrecomputedVectors
) -> None:
    """Clusters below 1 raise."""
    with pytest.raises(FeatureError, match="clusters must be at least 1, not 0"):
        prepare_precomputed(pool, vectors, 0, tmp_path)
