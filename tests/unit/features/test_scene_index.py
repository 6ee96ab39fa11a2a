from pathlib import Path

import numpy as np
import pytest

from features.errors import VectorsError
from features.index import SceneIndex
from features.signatures import Signatures


@pytest.fixture
def signatures() -> Signatures:
    """Twenty scenes, the last two exact copies of the first."""
    vectors = np.random.default_rng(1).standard_normal((20, 6)) * 0.3
    vectors[18:] = vectors[0]
    ids = tuple(f"scene {number}" for number in range(20))
    return Signatures(ids, np.ones(20), vectors, np.full(20, 3))


def test_neighbors_equal_a_full_sort(signatures: Signatures) -> None:
    """The index finds what sorting all cosines in numpy finds, itself left out."""
    index = SceneIndex.build(signatures)
    unit = signatures.vectors / np.linalg.norm(signatures.vectors, axis=1, keepdims=True)
    cosines = unit @ unit.T
    for row, scene_id in enumerate(signatures.scene_ids):
        expected = sorted(
            (float(cosines[row, other]) for other in range(20) if other != row), reverse=True
        )
        found = index.neighbors(scene_id, 5)
        assert scene_id not in {neighbor.scene_id for neighbor in found}
        np.testing.assert_allclose([n.similarity for n in found], expected[:5], atol=1e-6)


def test_copies_find_each_other(signatures: Signatures) -> None:
    """Exact copies of a scene are its first neighbours, with similarity 1."""
    found = SceneIndex.build(signatures).neighbors("scene 18", 2)
    assert {n.scene_id for n in found} == {"scene 0", "scene 19"}
    assert all(n.similarity == pytest.approx(1.0) for n in found)


def test_the_index_survives_a_file(tmp_path: Path, signatures: Signatures) -> None:
    """A saved index answers as before; asking for more than there is gives all others."""
    index = SceneIndex.build(signatures)
    path = tmp_path / "index" / "a.faiss"
    index.save(path)
    loaded = SceneIndex.load(path, signatures)
    assert loaded.neighbors("scene 3", 99) == index.neighbors("scene 3", 99)
    assert len(loaded.neighbors("scene 3", 99)) == 19


def test_a_mean_of_zero_is_like_nothing(signatures: Signatures) -> None:
    """A scene whose centres cancel out has similarity 0 to every scene, never NaN."""
    signatures.vectors[4] = 0.0
    found = SceneIndex.build(signatures).neighbors("scene 4", 3)
    assert [n.similarity for n in found] == [0.0, 0.0, 0.0]


def test_wrong_questions_are_refused(signatures: Signatures) -> None:
    """An unknown scene and k below 1 raise and are named."""
    index = SceneIndex.build(signatures)
    with pytest.raises(VectorsError, match="'nowhere'"):
        index.neighbors("nowhere", 1)
    with pytest.raises(VectorsError, match="k = 0"):
        index.neighbors("scene 1", 0)


def test_broken_and_foreign_files_are_named(tmp_path: Path, signatures: Signatures) -> None:
    """A missing or broken file, or an index of another pool, raises."""
    path = tmp_path / "a.faiss"
    with pytest.raises(VectorsError, match="not an index"):
        SceneIndex.load(path, signatures)
    path.write_bytes(b"nonsense")
    with pytest.raises(VectorsError, match="not an index"):
        SceneIndex.load(path, signatures)
    SceneIndex.build(signatures).save(path)
    fewer = Signatures(("a",), np.ones(1), np.ones((1, 6)), np.ones(1, dtype=np.int64))
    with pytest.raises(VectorsError, match="20 rows for 1 scenes"):
        SceneIndex.load(path, fewer)
