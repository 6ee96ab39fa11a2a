from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import pytest

from features.errors import VectorsError
from features.index import SceneIndex
from features.index.directions import Directions
from features.index.faiss_search import FLAT_ROWS, GPU_ROWS, choose_kind, faiss_search
from features.index.links import components, find_links
from features.index.nearest import find_nearest, numpy_search
from features.signatures.model import Signatures


@pytest.fixture
def signatures() -> Signatures:
    """Twenty scenes, the last two exact copies of the first."""
    vectors = np.random.default_rng(1).standard_normal((20, 6)) * 0.3
    vectors[18:] = vectors[0]
    ids = tuple(f"scene {number}" for number in range(20))
    return Signatures(ids, np.ones(20), vectors, np.full(20, 3))


def clustered(n: int, groups: int, noise: float, d: int = 24) -> Signatures:
    """Return scenes around some directions."""
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((groups, d))[rng.integers(0, groups, n)]
    vectors += noise * rng.standard_normal((n, d))
    return Signatures(tuple(map(str, range(n))), np.ones(n), vectors, np.full(n, 3))


def test_copies_find_each_other(signatures: Signatures) -> None:
    """Exact copies of a scene are its first neighbours, with similarity 1, and one group."""
    index = SceneIndex.build(signatures, faiss_search)
    assert index.nearest[18, :2].tolist() == [0, 19]
    assert index.similarities[18, :2].tolist() == [1.0, 1.0]
    (group,) = index.groups(1.0)
    assert group.rows.tolist() == [0, 18, 19]
    assert group.nearest.tolist() == [18, 0, 0]
    assert group.weakest == 1.0


def test_the_index_survives_a_file(tmp_path: Path, signatures: Signatures) -> None:
    """A saved index is read as it was, without FAISS."""
    index = SceneIndex.build(signatures, faiss_search)
    path = tmp_path / "neighbours" / "a.npz"
    index.save(path)
    loaded = SceneIndex.load(path, signatures)
    for name in ("nearest", "similarities", "links", "link_similarities"):
        np.testing.assert_array_equal(getattr(loaded, name), getattr(index, name))
    assert (loaded.recall, loaded.fingerprint) == (1.0, index.fingerprint)


def test_a_mean_of_zero_is_like_nothing(signatures: Signatures) -> None:
    """A scene whose centres cancel out has similarity 0 to every scene, never NaN."""
    signatures.vectors[4] = 0.0
    index = SceneIndex.build(signatures, faiss_search)
    assert index.similarities[4].tolist() == [0.0] * 19
    assert index.nearest[4].tolist() == [row for row in range(20) if row != 4]


def test_more_neighbours_than_are_stored(signatures: Signatures) -> None:
    """Whoever asks for more gets all others of a small pool, and of a large one no answer."""
    rows, _ = SceneIndex.build(signatures).neighbors(3, 99) or ((), ())
    assert len(rows) == 19
    large = SceneIndex.build(clustered(60, 60, 0.1))
    assert large.neighbors(3, 51) is None
    rows, _ = large.neighbors(3, 50) or ((), ())
    assert len(rows) == 50


@pytest.mark.parametrize("threshold", [0.89, -1.0, 1.01, float("nan")])
def test_thresholds_out_of_range_are_refused(signatures: Signatures, threshold: float) -> None:
    """What was not stored is not answered."""
    with pytest.raises(VectorsError, match=r"a threshold from 0\.9 to 1, not"):
        SceneIndex.build(signatures).groups(threshold)


def test_broken_and_foreign_files_are_named(tmp_path: Path, signatures: Signatures) -> None:
    """A missing or broken file, or an index of another pool, raises."""
    path = tmp_path / "a.npz"
    with pytest.raises(VectorsError, match=r"a\.npz: not a whole file"):
        SceneIndex.load(path, signatures)
    path.write_bytes(b"nonsense")
    with pytest.raises(VectorsError, match=r"a\.npz: not a whole file"):
        SceneIndex.load(path, signatures)
    index = SceneIndex.build(signatures)
    index.save(path)
    shuffled = replace(signatures, vectors=signatures.vectors[::-1].copy())
    with pytest.raises(VectorsError, match="an index of other scenes"):
        SceneIndex.load(path, shuffled)
    others = replace(signatures, scene_ids=tuple(f"room {row}" for row in range(20)))
    with pytest.raises(VectorsError, match="an index of other scenes"):
        SceneIndex.load(path, others)


@pytest.mark.parametrize(
    "change",
    [
        {"nearest": np.full((20, 19), 20, dtype=np.int32)},
        {"nearest": np.zeros((20, 5), dtype=np.int32)},
        {"similarities": np.zeros((20, 5), dtype=np.float32)},
        {"links": np.array([[0, 1, 2]], dtype=np.int32)},
        {"links": np.zeros((2, 2))},
        {"nearest": np.zeros(20, dtype=np.int32)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(
    signatures: Signatures, change: dict[str, np.ndarray]
) -> None:
    """No row that is not there is ever looked up."""
    with pytest.raises(VectorsError, match="do not fit each other"):
        replace(SceneIndex.build(signatures), **change)  # type: ignore[arg-type]  # wrong on purpose


@pytest.mark.parametrize("place", [0.0, 0.3, 0.9])
def test_damage_anywhere_is_noticed(tmp_path: Path, signatures: Signatures, place: float) -> None:
    """One changed byte, or a file that was cut, is no index, or the same one."""
    path = tmp_path / "a.npz"
    index = SceneIndex.build(signatures)
    index.save(path)
    whole = bytearray(path.read_bytes())
    changed = whole.copy()
    changed[int(place * len(whole))] ^= 1
    for content in (changed, whole[: int(place * len(whole))]):
        path.write_bytes(content)
        with pytest.raises(VectorsError):
            SceneIndex.load(path, signatures)


def test_chains_beyond_the_nearest_are_found() -> None:
    """Scenes whose nearest are all in their own crowd are linked to another crowd by comparison."""
    rng = np.random.default_rng(0)
    middle = np.eye(8)[0]
    crowds = [middle + 0.25 * np.eye(8)[1], middle + 0.25 * np.eye(8)[2]]
    vectors = np.concatenate([c + 0.001 * rng.standard_normal((80, 8)) for c in crowds])
    signatures = Signatures(tuple(map(str, range(160))), np.ones(160), vectors, np.full(160, 3))
    directions = Directions(vectors)
    nearest, similarities = find_nearest(numpy_search(directions)[0], directions, 50, exact=True)
    told, _ = find_links(directions, nearest, similarities, 0.9, exact=False)
    assert len(np.unique(components(160, told))) == 2
    (group,) = SceneIndex.build(signatures).groups(0.9)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert len(group.rows) == 160
    assert group.weakest == pytest.approx((units[:80] @ units[80:].T).max(), abs=1e-7)
    assert len(SceneIndex.build(signatures).groups(0.99)) == 2


def test_thousands_of_copies_take_no_thousand_pairs_each() -> None:
    """A pool in which every scene looks like every other one is linked by n - 1 pairs."""
    scenes = clustered(1500, 1, 0.001)
    scenes.vectors[300:900] = scenes.vectors[0]
    index = SceneIndex.build(scenes, faiss_search)
    assert len(index.links) == 1499
    assert [len(group.rows) for group in index.groups(0.9)] == [1500]


def test_an_approximate_index_says_what_it_finds() -> None:
    """An ivf index finds most of the nearest, tells its recall, and answers no neighbours."""
    scenes = clustered(3000, 60, 0.6)
    exact = SceneIndex.build(scenes, faiss_search)
    rough = SceneIndex.build(scenes, lambda directions: faiss_search(directions, "ivf"))
    found = np.mean(
        [np.isin(a, b).mean() for a, b in zip(exact.nearest, rough.nearest, strict=True)]
    )
    assert 0.8 <= rough.recall < 1
    assert rough.recall == pytest.approx(found, abs=0.02)
    assert rough.neighbors(0, 5) is None
    for group in rough.groups(0.9):
        assert np.isin(group.nearest, group.rows).all()


def test_the_kind_follows_the_number_of_scenes() -> None:
    """Up to a hundred thousand scenes all pairs are compared; with a GPU some more."""
    assert choose_kind(FLAT_ROWS, has_gpu=False) == "flat"
    assert choose_kind(FLAT_ROWS + 1, has_gpu=False) == "ivf"
    assert choose_kind(GPU_ROWS, has_gpu=True) == "flat"
    assert choose_kind(GPU_ROWS + 1, has_gpu=True) == "ivf"


def test_a_gpu_is_used_where_faiss_has_one(
    signatures: Signatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With faiss-gpu and a GPU, scenes are searched there, with the same answer."""
    moved: list[int] = []

    def move(_: object, device: int, index: object) -> object:
        moved.append(device)
        return index

    expected = SceneIndex.build(signatures, faiss_search)
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 1, raising=False)
    monkeypatch.setattr(faiss, "StandardGpuResources", object, raising=False)
    monkeypatch.setattr(faiss, "index_cpu_to_gpu", move, raising=False)
    found = SceneIndex.build(signatures, faiss_search)
    np.testing.assert_array_equal(found.nearest, expected.nearest)
    assert moved == [0]
