from pathlib import Path

import numpy as np
import pytest

from app.choosing import alike
from app.choosing.alike import DuplicatesTask, NeighborsTask, RepresentedTask, needed_index
from app.errors import ConflictError
from app.processes.child import Cancellation
from features.index import SceneIndex, index_path
from features.signatures.model import Signatures

N = 12


@pytest.fixture
def signatures(tmp_path: Path) -> Path:
    """Write twelve scenes' signatures: two pairs and a chain of three."""
    vectors = np.random.default_rng(4).normal(size=(N, 9))
    vectors[3] = 0.5 * vectors[0]
    vectors[4] = vectors[1] + 0.01 * vectors[2]
    vectors[8] = vectors[7] + 0.2 * vectors[2]
    vectors[9] = vectors[8] + 0.2 * vectors[2]
    path = tmp_path / "signatures" / "key.npz"
    ids = tuple(f"s{k}" for k in range(N))
    Signatures(ids, np.ones(N), vectors, np.full(N, 3, dtype=np.int64)).save(path)
    return path


def test_neighbors_leave_out_the_scene_itself(signatures: Path) -> None:
    """The most alike first, the scene itself never; stored or not."""
    task = NeighborsTask(signatures=signatures, scene_id="s3", k=100)
    found = task.run(Cancellation())
    assert len(found) == N - 1
    assert found[0] == ("s0", 1.0)
    assert [near for _, near in found] == sorted((near for _, near in found), reverse=True)
    assert "s3" not in dict(found)
    needed_index(signatures)
    assert task.run(Cancellation()) == found


def test_duplicates_of_an_old_dataset_are_made_and_stored(signatures: Path) -> None:
    """Where no index is stored one is made; a damaged one is replaced; the answer is the same."""
    task = DuplicatesTask(signatures=signatures, threshold=0.95, start=0, count=10)
    found = task.run(Cancellation())
    assert [[scene.scene_id for scene in group.scenes] for group in found.groups] == [
        ["s7", "s8", "s9"], ["s0", "s3"], ["s1", "s4"],
    ]  # fmt: skip
    assert (found.recall, found.group_count, found.scene_count) == (1.0, 3, 7)
    path = index_path(signatures)
    assert path.exists()
    assert task.run(Cancellation()) == found
    path.write_bytes(b"nonsense")
    alike._read_index.cache_clear()
    assert task.run(Cancellation()) == found
    SceneIndex.load(path, Signatures.load(signatures))


def test_pages_are_parts_of_the_groups(signatures: Path) -> None:
    """Each group is on one page; what is told of all groups is on every page."""
    pages = [
        DuplicatesTask(signatures=signatures, threshold=0.95, start=start, count=2).run(
            Cancellation()
        )
        for start in (0, 2, 4)
    ]
    assert [len(page.groups) for page in pages] == [2, 1, 0]
    assert {page.group_count for page in pages} == {3}


def test_many_scenes_without_an_index_are_not_compared_here(
    signatures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller who would wait for minutes is told what to do instead."""
    monkeypatch.setattr(alike, "_MADE_HERE", N - 1)
    with pytest.raises(ConflictError, match=r"the 12 scenes look alike was not stored .* register"):
        DuplicatesTask(signatures=signatures, threshold=0.95, start=0, count=1).run(Cancellation())
    assert not index_path(signatures).exists()
    NeighborsTask(signatures=signatures, scene_id="s3", k=3).run(Cancellation())


def test_a_data_directory_that_cannot_be_written_is_no_obstacle(
    signatures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index is made again another time."""

    def refuse(_self: SceneIndex, _path: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(SceneIndex, "save", refuse)
    assert len(needed_index(signatures).groups(0.95)) == 3


def test_represented_scenes_are_the_same_with_an_index(signatures: Path) -> None:
    """What a scene stands for does not depend on what is stored."""
    task = RepresentedTask(
        signatures=signatures, chosen=("s8", "s1"), labelled=("s0",), scene_id="s8"
    )
    found = task.run(Cancellation())
    assert {"s7", "s9"} <= set(dict(found))
    assert "s3" not in dict(found)
    needed_index(signatures)
    assert task.run(Cancellation()) == found
