from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.errors import VectorsError
from features.numeric import unit_rows
from features.signatures.model import Signatures, build_signatures
from features.signatures.parts import Parts

IDS = ("a", "b", "c")


def make_parts(**changes: object) -> Parts:
    """Return parts of three scenes: 2, 1 and 3 of them, in vocabularies of 2 and 4 words."""
    arrays: dict[str, Any] = {
        "offsets": np.array([0, 2, 3, 6]),
        "masses": np.array([0.5, 1.5, 1.0, 0.0, 2.0, 1.0], dtype=np.float32),
        "words": np.array([[0, 2], [1, 5], [1, 3], [0, 4], [0, 2], [0, 2]], dtype=np.int32),
        "sizes": np.array([2, 4]),
    }
    return Parts(**{**arrays, **changes})


def make_signatures(parts: Parts | None) -> Signatures:
    """Return signatures of three scenes with some parts."""
    centres = unit_rows(np.random.default_rng(0).standard_normal((3, 2, 5)).reshape(6, 5))
    plain = build_signatures(zip(IDS, np.split(centres, 3), strict=True))
    return Signatures(IDS, plain.weights, plain.vectors, plain.counts, parts)


def test_amounts_are_counted_scene_by_scene() -> None:
    """A word that two parts of a scene share has the mass of both."""
    parts = make_parts()
    assert parts.n == 3
    expected = np.zeros((3, 6))
    for scene, (first, last) in enumerate(zip(parts.offsets, parts.offsets[1:], strict=False)):
        for part in range(first, last):
            for word in parts.words[part]:
                expected[scene, word] += parts.masses[part]
    np.testing.assert_array_equal(parts.amounts(), expected)
    assert parts.amounts()[2].tolist() == [3.0, 0.0, 3.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"offsets": np.array([0, 2, 3, 5])}, "6 parts have words"),
        ({"offsets": np.array([1, 2, 3, 6])}, "6 parts have words"),
        ({"offsets": np.array([0])}, "6 parts have words"),
        ({"offsets": np.array(6)}, "6 parts have words"),
        ({"offsets": np.array([0, 3, 2, 6])}, "offsets of parts must not fall"),
        ({"offsets": np.array([0.0, 2.0, 3.0, 6.0])}, "must be whole numbers"),
        ({"masses": np.ones(5)}, "5 parts have words"),
        ({"masses": np.float64(6.0)}, "1 parts have words"),
        ({"masses": np.array([1, 1, 1, 1, 1, -1.0])}, "finite and at least 0"),
        ({"masses": np.array([1, 1, 1, 1, 1, np.nan])}, "finite and at least 0"),
        ({"words": np.zeros((6, 1), np.int32)}, r"words \(6, 1\) at 2 levels"),
        ({"words": np.full((6, 2), 2, np.int32)}, "word must be one of its level's"),
        ({"words": np.full((6, 2), -1, np.int32)}, "word must be one of its level's"),
        ({"sizes": np.array([2, 3])}, "word must be one of its level's"),
        ({"sizes": np.zeros(0, int), "words": np.zeros((6, 0), int)}, "at 0 levels"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(
    changes: dict[str, object], rule: str
) -> None:
    """Each broken rule raises one sentence that names it."""
    with pytest.raises(VectorsError, match=rule):
        make_parts(**changes)


def test_signatures_and_parts_are_of_the_same_scenes() -> None:
    """Parts of three scenes do not go with signatures of two."""
    with pytest.raises(VectorsError, match="signatures of 2 scenes have parts of 3"):
        Signatures(IDS[:2], np.ones(2), np.ones((2, 5)), np.ones(2, np.int64), make_parts())


@pytest.mark.parametrize("parts", [make_parts(), None], ids=["with", "without"])
def test_parts_survive_a_file(tmp_path: Path, parts: Parts | None) -> None:
    """What is written comes back exactly, types included; no parts come back as none."""
    make_signatures(parts).save(tmp_path / "a.npz")
    found = Signatures.load(tmp_path / "a.npz").parts
    if parts is None:
        assert found is None
        return
    assert found is not None
    for name in ("offsets", "masses", "words", "sizes"):
        np.testing.assert_array_equal(getattr(found, name), getattr(parts, name))
        assert getattr(found, name).dtype == getattr(parts, name).dtype


def arrays_of(path: Path) -> dict[str, Any]:
    """Return what a file holds."""
    with np.load(path) as arrays:
        return dict(arrays)


def test_a_file_from_before_parts_is_read(tmp_path: Path) -> None:
    """A file that has none of the arrays of parts, or not all, has signatures without parts."""
    path = tmp_path / "a.npz"
    before = make_signatures(make_parts())
    before.save(path)
    arrays = arrays_of(path)
    for absent in (["words"], ["offsets", "masses", "words", "sizes"]):
        np.savez(path, **{name: arrays[name] for name in arrays if name not in absent})
        after = Signatures.load(path)
        assert after.parts is None
        np.testing.assert_array_equal(after.vectors, before.vectors)


@pytest.mark.parametrize(
    "damage",
    [
        {"words": np.full((6, 2), 99, np.int32)},
        {"offsets": np.array(6)},
        {"offsets": np.array([0, 6])},
        {"masses": np.array(1.0)},
        {"sizes": np.array([], dtype=np.int64)},
        {"sizes": np.array([object()], dtype=object)},
    ],
    ids=["words", "scalar", "one scene", "mass", "no level", "pickled"],
)
def test_damaged_parts_are_refused(tmp_path: Path, damage: dict[str, Any]) -> None:
    """Arrays of another pool, or of nothing, raise the one error that a cache answers."""
    path = tmp_path / "a.npz"
    make_signatures(make_parts()).save(path)
    np.savez(path, **{**arrays_of(path), **damage})
    with pytest.raises(VectorsError):
        Signatures.load(path)


def test_a_file_cut_short_is_refused(tmp_path: Path) -> None:
    """Half a file is no file."""
    path = tmp_path / "a.npz"
    make_signatures(make_parts()).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(VectorsError, match="not a whole file"):
        Signatures.load(path)
