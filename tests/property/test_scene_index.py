import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.choosing.alike import NeighborsTask
from app.choosing.describing import nearest_of
from app.processes.child import Cancellation
from features.index import SceneIndex, index_path
from features.index.directions import Directions
from features.index.faiss_search import faiss_search
from features.index.nearest import find_nearest, numpy_search
from features.pipeline import FeatureSettings, prepare
from features.settings import DUPLICATE_FLOOR
from features.signatures.model import Signatures
from features.sources import SourceOptions, open_source
from features.sources.scenes import Image, PoolScene, ScenePool

Floats = NDArray[np.float64]
Table = NDArray[np.float32]


@st.composite
def pools(draw: st.DrawFn) -> Signatures:
    """Draw up to 90 scenes: some are copies of others, scaled copies, nearly copies, or zero."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, d = draw(st.integers(1, 90)), draw(st.integers(1, 9))
    # Few values make many exact ties.
    vectors = rng.integers(-2, 3, (n, d)) if draw(st.booleans()) else rng.standard_normal((n, d))
    means = 0.1 * vectors[rng.integers(0, n, n)] * rng.choice([0.0, 0.5, 1.0], (n, 1))
    means += draw(st.sampled_from([0.0, 1e-4, 0.02])) * rng.standard_normal((n, d))
    ids = tuple(f"scene {row}" for row in range(n))
    return Signatures(ids, np.ones(n), means, np.full(n, 3))


def cosines(signatures: Signatures) -> Table:
    """All cosines, in steps of 2^-24; 0 where a mean has no direction."""
    lengths = np.linalg.norm(signatures.vectors, axis=1, keepdims=True)
    units = signatures.vectors / np.where(lengths > 0, lengths, 1.0)
    return np.clip(np.rint(units @ units.T * 2**24) / 2**24, -1, 1).astype(np.float32)


def sorted_others(table: Table, row: int) -> list[int]:
    """All other rows by cosine, then by row."""
    others = [other for other in range(len(table)) if other != row]
    return sorted(others, key=lambda other: (-table[row, other], other))


def chains(table: Table, threshold: float) -> list[list[int]]:
    """Return groups of at least two rows that pairs at or above the threshold connect."""
    left, groups = set(range(len(table))), []
    while left:
        group, waiting = set(), [min(left)]
        while waiting:
            row = waiting.pop()
            group.add(row)
            near = set(np.flatnonzero(table[row] >= np.float32(threshold)).tolist())
            waiting += near - group
        left -= group
        groups += [sorted(group)] if len(group) > 1 else []
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def represented(table: Table, chosen: list[int]) -> list[int]:
    """Return the place of the chosen row that each other is most like; the first of equals."""
    others = [row for row in range(len(table)) if row not in set(chosen)]
    return [int(table[row, chosen].argmax()) for row in others]


def require_oracle(index: SceneIndex, table: Table) -> None:
    """Fail where neighbours or groups are not those of all cosines."""
    n = len(table)
    for row in range(n):
        order = sorted_others(table, row)[: index.nearest.shape[1]]
        assert index.nearest[row].tolist() == order
        assert index.similarities[row].tolist() == table[row, order].tolist()
    for threshold in (DUPLICATE_FLOOR, 0.95, 0.99, 0.999, 1.0):
        groups = index.groups(threshold)
        assert [group.rows.tolist() for group in groups] == chains(table, threshold)
        for group in groups:
            for row, like, similarity in zip(
                group.rows, group.nearest, group.similarities, strict=True
            ):
                assert like in group.rows
                assert like == sorted_others(table, row)[0]
                assert similarity == table[row, like]
            # The group falls apart just above its weakest link, and not before.
            inside = table[np.ix_(group.rows, group.rows)]
            assert len(chains(inside, group.weakest)[0]) == len(group.rows)
            above = np.nextafter(np.float32(group.weakest), np.float32(2))
            assert not [g for g in chains(inside, float(above)) if len(g) == len(group.rows)]


@settings(deadline=None, max_examples=60)
@given(pools(), st.sampled_from([faiss_search, numpy_search]))
def test_an_index_equals_all_cosines(signatures: Signatures, search: object) -> None:
    """Neighbours, groups and links are those of a full table, copies, zeros and ties too."""
    index = SceneIndex.build(signatures, search)  # type: ignore[arg-type]  # either function
    assert index.recall == 1.0
    require_oracle(index, cosines(signatures))


@settings(deadline=None)
@given(pools(), st.integers(1, 30))
def test_few_neighbours_are_the_first_of_many(signatures: Signatures, k: int) -> None:
    """However many ties there are at the k-th place, the lowest rows are taken."""
    directions, table = Directions(signatures.vectors), cosines(signatures)
    k = min(k, len(table) - 1)
    for search in (faiss_search, numpy_search):
        nearest, _ = find_nearest(search(directions)[0], directions, k, exact=True)
        assert nearest.tolist() == [sorted_others(table, row)[:k] for row in range(len(table))]


@settings(deadline=None)
@given(pools(), st.integers(1, 100))
def test_neighbours_without_an_index_are_the_same(signatures: Signatures, k: int) -> None:
    """What is stored and what is computed where nothing is stored agree, ties and digits too."""
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "with" / "signatures" / "key.npz"
        bare = Path(folder) / "without" / "signatures" / "key.npz"
        for path in (stored, bare):
            signatures.save(path)
        SceneIndex.build(signatures).save(index_path(stored))
        for scene_id in signatures.scene_ids[:20]:
            one, other = (
                NeighborsTask(signatures=path, scene_id=scene_id, k=k).run(Cancellation())
                for path in (stored, bare)
            )
            assert one == other


@settings(deadline=None)
@given(pools(), st.data())
def test_represented_equals_a_full_table(signatures: Signatures, data: st.DataObject) -> None:
    """Every other scene goes to the most similar chosen one, the first of equals; index or not."""
    table = cosines(signatures)
    chosen = data.draw(st.lists(st.integers(0, len(table) - 1), min_size=1, unique=True))
    index = SceneIndex.build(signatures)
    for known in (index, None):
        others, nearest = nearest_of(signatures.vectors, np.array(chosen), known)
        assert others.tolist() == sorted(set(range(len(table))) - set(chosen))
        assert nearest.tolist() == represented(table, chosen)


@pytest.mark.shared_data
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["camvid", "mini_semantickitti"])
@pytest.mark.parametrize("backbone", ["colour_grid", "efficientnet_lite0"])
def test_real_scenes_equal_all_cosines(
    shared_data: Path, tmp_path: Path, name: str, backbone: str
) -> None:
    """Through the real pipeline: neighbours, near duplicates and what a scene stands for."""
    if name == "camvid":
        frames = sorted((shared_data / "camvid" / "train").glob("*.jpg"))[::3]
        scenes = [PoolScene(f.stem, {"images": 1.0}, (Image(str(f)),), "train") for f in frames]
        pool = ScenePool("images", tuple(scenes), "images", "number of images")
    else:
        pool = open_source(None, str(shared_data / name), SourceOptions())
    prepared = prepare(pool, FeatureSettings(backbone=backbone, device="cpu"), tmp_path)
    table = cosines(prepared.signatures)
    require_oracle(prepared.index, table)
    rng = np.random.default_rng(0)
    for share in (0.02, 0.1, 0.5):
        chosen = rng.permutation(len(table))[: max(1, int(share * len(table)))]
        _, nearest = nearest_of(prepared.signatures.vectors, chosen, prepared.index)
        assert nearest.tolist() == represented(table, chosen.tolist())
