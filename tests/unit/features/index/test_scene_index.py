from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import pytest

from features.errors import VectorsError
from features.index import SceneIndex
from features.index.directions import Directions
from features.index.kinds import FLAT_ROWS, RECALL, choose_kind, measure_recall
from features.signatures.model import Signatures


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
    with pytest.raises(VectorsError, match="not an index of scenes"):
        SceneIndex.load(path, signatures)
    path.write_bytes(b"nonsense")
    with pytest.raises(VectorsError, match="not an index of scenes"):
        SceneIndex.load(path, signatures)
    SceneIndex.build(signatures).save(path)
    shuffled = replace(signatures, vectors=signatures.vectors[::-1].copy())
    with pytest.raises(VectorsError, match="an index of other scenes; delete the file"):
        SceneIndex.load(path, shuffled)
    fewer = Signatures(("a",), np.ones(1), np.ones((1, 6)), np.ones(1, dtype=np.int64))
    with pytest.raises(VectorsError, match="20 rows for 1 scenes; delete"):
        SceneIndex.load(path, fewer)


@pytest.mark.parametrize("place", [0.0, 0.3, 0.9])
def test_damage_anywhere_is_noticed(tmp_path: Path, signatures: Signatures, place: float) -> None:
    """One changed byte, or a file that was cut, never reaches FAISS."""
    path = tmp_path / "a.faiss"
    SceneIndex.build(signatures).save(path)
    whole = bytearray(path.read_bytes())
    changed = whole.copy()
    changed[int(place * len(whole))] ^= 1
    for content in (changed, whole[: int(place * len(whole))], whole + b"x"):
        path.write_bytes(content)
        with pytest.raises(VectorsError, match=r"a\.faiss: .*delete the file and run again"):
            SceneIndex.load(path, signatures)


def test_an_approximate_index_finds_most(tmp_path: Path) -> None:
    """An ivf index finds 95 % of the ten nearest and survives a file with its settings."""
    rng = np.random.default_rng(3)
    groups = rng.standard_normal((60, 24))
    vectors = groups[rng.integers(0, 60, 3000)] + 0.6 * rng.standard_normal((3000, 24))
    vectors /= 1.1 * np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = tuple(map(str, range(3000)))
    scenes = Signatures(ids, np.ones(3000), vectors, np.full(3000, 3))
    exact, approximate = SceneIndex.build(scenes), SceneIndex.build(scenes, "ivf")
    approximate.save(tmp_path / "a.faiss")
    loaded = SceneIndex.load(tmp_path / "a.faiss", scenes)
    asked = [str(row) for row in rng.choice(3000, 200, replace=False)]
    found = [approximate.neighbors(scene_id, 10) for scene_id in asked]
    assert found == [loaded.neighbors(scene_id, 10) for scene_id in asked]
    hits = sum(
        len(set(some) & set(exact.neighbors(scene_id, 10)))
        for some, scene_id in zip(found, asked, strict=True)
    )
    assert hits >= 0.95 * 10 * len(asked)
    assert measure_recall(faiss, approximate._index, Directions(vectors), seed=9) >= RECALL
    assert approximate._index.nprobe < approximate._index.nlist
    assert approximate.represented(asked[:9]) == exact.represented(asked[:9])


def test_the_kind_follows_the_number_of_scenes() -> None:
    """Tens of thousands of scenes are searched exactly, more approximately."""
    assert choose_kind(FLAT_ROWS) == "flat"
    assert choose_kind(FLAT_ROWS + 1) == "ivf"


def test_a_gpu_is_used_where_faiss_has_one(
    signatures: Signatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With faiss-gpu and a GPU, the chosen scenes are searched there, with the same answer."""
    moved: list[int] = []

    def move(_: object, device: int, index: object) -> object:
        moved.append(device)
        return index

    index = SceneIndex.build(signatures)
    expected = index.represented(["scene 1", "scene 2"])
    monkeypatch.setattr(faiss, "StandardGpuResources", object, raising=False)
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 0, raising=False)
    monkeypatch.setattr(faiss, "index_cpu_to_gpu", move, raising=False)
    assert index.represented(["scene 1", "scene 2"]) == expected
    assert moved == []
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1, raising=False)
    assert index.represented(["scene 1", "scene 2"]) == expected
    assert moved == [0]


@pytest.mark.parametrize("chosen", [[], ["nowhere"], ["scene 1", "scene 1"]])
def test_wrong_choices_are_refused(signatures: Signatures, chosen: list[str]) -> None:
    """No chosen scene, an unknown one, or one named twice raise."""
    with pytest.raises(VectorsError, match="chosen scenes must be distinct scenes of the index"):
        SceneIndex.build(signatures).represented(chosen)


@pytest.mark.parametrize(("threshold", "limit"), [(1.5, 9), (float("nan"), 9), (0.9, 0)])
def test_wrong_thresholds_are_refused(signatures: Signatures, threshold: float, limit: int) -> None:
    """A threshold that no cosine has, or a limit below 1, raises."""
    with pytest.raises(VectorsError, match="near duplicates need a threshold"):
        SceneIndex.build(signatures).near_duplicates(threshold, limit)
