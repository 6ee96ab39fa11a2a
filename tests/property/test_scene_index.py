import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.choosing.tasks import NeighborsTask
from app.processes.child import Cancellation
from features.index import Pair, SceneIndex, SimilarScene
from features.signatures.model import Signatures

Floats = NDArray[np.float64]


@st.composite
def pools(draw: st.DrawFn) -> Signatures:
    """Draw up to 40 scenes, some copies of others, some scaled copies, some zero."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, d = draw(st.integers(1, 40)), draw(st.integers(1, 9))
    # Few values make many exact ties.
    vectors = rng.integers(-2, 3, (n, d)) if draw(st.booleans()) else rng.standard_normal((n, d))
    means = 0.1 * vectors[rng.integers(0, n, n)] * rng.choice([0.0, 0.5, 1.0], (n, 1))
    ids = tuple(f"scene {row}" for row in range(n))
    return Signatures(ids, np.ones(n), means, np.full(n, 3))


def cosines(signatures: Signatures) -> NDArray[np.float32]:
    """All cosines, in steps of 2^-24; 0 where a mean has no direction."""
    lengths = np.linalg.norm(signatures.vectors, axis=1, keepdims=True)
    units = signatures.vectors / np.where(lengths > 0, lengths, 1.0)
    return np.clip(np.rint(units @ units.T * 2**24) / 2**24, -1, 1).astype(np.float32)


@settings(deadline=None)
@given(pools(), st.integers(1, 45))
def test_neighbors_equal_a_full_sort(signatures: Signatures, k: int) -> None:
    """Neighbours are the first k of all others by cosine, then by row, copies and zeros too."""
    index, table = SceneIndex.build(signatures), cosines(signatures)
    for row, scene_id in enumerate(signatures.scene_ids):
        others = [other for other in range(len(table)) if other != row]
        order = sorted(others, key=lambda other, row=row: (-table[row, other], other))  # type: ignore[misc]
        expected = [SimilarScene(f"scene {o}", float(table[row, o])) for o in order[:k]]
        assert list(index.neighbors(scene_id, k)) == expected


@settings(deadline=None)
@given(pools(), st.integers(1, 45))
def test_neighbors_without_an_index_are_the_same(signatures: Signatures, k: int) -> None:
    """What the API computes without FAISS is what the index answers, ties and digits included."""
    index = SceneIndex.build(signatures)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signatures.npz"
        signatures.save(path)
        for scene_id in signatures.scene_ids:
            found = NeighborsTask(signatures=path, scene_id=scene_id, k=k).run(Cancellation())
            assert [SimilarScene(*pair) for pair in found] == list(index.neighbors(scene_id, k))


@settings(deadline=None)
@given(pools(), st.sampled_from([-1.0, 0.0, 0.5, 0.99, 1.0]), st.integers(1, 60))
def test_near_duplicates_equal_a_double_loop(
    signatures: Signatures, threshold: float, limit: int
) -> None:
    """All pairs at or above the threshold, each once, in order; cut at the limit and told so."""
    table = cosines(signatures)
    pairs = [
        Pair(f"scene {i}", f"scene {j}", float(table[i, j]))
        for i in range(len(table))
        for j in range(i + 1, len(table))
        if table[i, j] >= threshold
    ]
    pairs.sort(key=lambda pair: -pair.similarity)  # stable: then by rows
    found = SceneIndex.build(signatures).near_duplicates(threshold, limit)
    assert list(found.pairs) == pairs[:limit]
    assert found.complete == (len(pairs) <= limit)


@settings(deadline=None)
@given(pools(), st.integers(1, 45))
def test_an_ivf_index_that_reads_every_list_is_exact(signatures: Signatures, k: int) -> None:
    """Inverted lists lose nothing but what they do not read."""
    flat, ivf = SceneIndex.build(signatures, "flat"), SceneIndex.build(signatures, "ivf")
    ivf._index.nprobe = ivf._index.nlist
    for scene_id in signatures.scene_ids:
        assert ivf.neighbors(scene_id, k) == flat.neighbors(scene_id, k)
    assert ivf.near_duplicates(0.5, k) == flat.near_duplicates(0.5, k)


@settings(deadline=None)
@given(pools(), st.data())
def test_represented_equals_a_full_table(signatures: Signatures, data: st.DataObject) -> None:
    """Every other scene goes to the most similar chosen one, the lowest row winning ties."""
    table = cosines(signatures)
    n = len(table)
    chosen = data.draw(st.lists(st.integers(0, n - 1), min_size=1, unique=True))
    found = SceneIndex.build(signatures).represented(f"scene {row}" for row in chosen)
    expected = {}
    for other in sorted(set(range(n)) - set(chosen)):
        best = max(sorted(chosen), key=lambda row, other=other: table[other, row])  # type: ignore[misc]
        expected[f"scene {other}"] = SimilarScene(f"scene {best}", float(table[other, best]))
    assert dict(found.nearest) == expected
    assert list(found.members) == [f"scene {row}" for row in sorted(chosen)]
    for scene_id, members in found.members.items():
        mine = [
            SimilarScene(other, near.similarity)
            for other, near in expected.items()
            if near.scene_id == scene_id
        ]
        assert list(members) == sorted(mine, key=lambda member: -member.similarity)
