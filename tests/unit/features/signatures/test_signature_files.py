import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from features.errors import VectorsError
from features.numeric import unit_rows
from features.signatures.model import NEUTRAL_WEIGHT, Signatures, build_signatures


def test_signatures_survive_a_file(tmp_path: Path) -> None:
    """Ids of any characters and all arrays come back exactly."""
    centres = unit_rows(np.random.default_rng(0).standard_normal((4, 3)))
    ids = ("Área_2/storage 5", "nul\0", "")
    before = build_signatures(dict(zip(ids, (centres, centres[:1], centres[1:]), strict=True)))
    path = tmp_path / "signatures" / "a.npz"
    before.save(path)
    after = Signatures.load(path)
    assert after.scene_ids == before.scene_ids == ids
    for name in ("weights", "vectors", "counts"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
        assert getattr(after, name).dtype == getattr(before, name).dtype


@pytest.mark.parametrize("content", [b"", b"PK not a zip", None])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    """A missing, empty or foreign file raises with its name."""
    path = tmp_path / "broken.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(VectorsError, match=r"broken\.npz: not a whole file of scene_ids"):
        Signatures.load(path)


def test_a_foreign_npz_is_named(tmp_path: Path) -> None:
    """An .npz file of something else, or with pickled ids, raises with its name."""
    path = tmp_path / "foreign.npz"
    np.savez(path, weights=np.ones(1))
    with pytest.raises(VectorsError, match=r"foreign\.npz"):
        Signatures.load(path)
    np.savez(path, scene_ids=np.array([{"a": 1}], dtype=object), weights=np.ones(1))
    with pytest.raises(VectorsError, match=r"foreign\.npz"):
        Signatures.load(path)
    one = np.ones(1)
    np.savez(path, scene_ids=np.arange(3), weights=one, vectors=one[None], counts=one)
    with pytest.raises(VectorsError, match="scene ids are not JSON"):
        Signatures.load(path)


def test_single_centres_get_the_median_weight() -> None:
    """A scene with one centre weighs what the median scene weighs; alone, it weighs 1."""
    east, north = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    scenes = {
        "same": np.vstack([east, east]),
        "right angle": np.vstack([east, north]),
        "opposite": np.vstack([east, -east]),
        "single": north,
    }
    np.testing.assert_allclose(build_signatures(scenes).weights, [0, 1, 2, 1])
    assert build_signatures({"single": north}).weights.tolist() == [NEUTRAL_WEIGHT]


@pytest.mark.parametrize(
    ("shapes", "rule"),
    [
        ([], "at least one scene"),
        ([(2, 3), (0, 3)], r"scene '1' has \(0, 3\)"),
        ([(2, 3), (2, 4)], r"scene '1' has \(2, 4\)"),
        ([(3,)], r"scene '0' has \(3,\)"),
    ],
    ids=["none", "empty", "mixed", "flat"],
)
def test_impossible_pools_are_refused(shapes: list[tuple[int, ...]], rule: str) -> None:
    """No scene, a scene without centres, or centres of different dimensions raise."""
    scenes = {str(number): np.ones(shape) for number, shape in enumerate(shapes)}
    with pytest.raises(VectorsError, match=rule):
        build_signatures(scenes)


def test_one_scene_at_a_time_is_enough() -> None:
    """Scenes from an iterator give what a mapping gives, and none is kept in memory."""
    rng = np.random.default_rng(0)
    centres = {str(number): unit_rows(rng.standard_normal((3, 4))) for number in range(5)}
    alive: list[weakref.ref[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]] = []

    def one_by_one() -> Iterator[tuple[str, NDArray[np.float64]]]:
        for scene_id, rows in centres.items():
            assert sum(reference() is not None for reference in alive) <= 1
            copy = rows.copy()
            alive.append(weakref.ref(copy))
            yield scene_id, copy
            del copy

    streamed, whole = build_signatures(one_by_one()), build_signatures(centres)
    np.testing.assert_array_equal(streamed.vectors, whole.vectors)
    np.testing.assert_array_equal(streamed.weights, whole.weights)


def test_parts_must_fit() -> None:
    """Arrays that do not belong together, or are not finite, are refused."""
    one, table = np.ones(1), np.ones((1, 2))
    counts = np.ones(1, dtype=np.int64)
    with pytest.raises(VectorsError, match="signatures of 2 scenes have"):
        Signatures(("a", "b"), one, table, counts)
    with pytest.raises(VectorsError, match="signatures of 1 scenes have"):
        Signatures(("a",), one, np.ones((2, 2)), counts)
    with pytest.raises(VectorsError, match="finite"):
        Signatures(("a",), one * np.nan, table, counts)
