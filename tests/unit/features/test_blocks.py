import logging
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from features.blocks import BlockStore
from features.errors import VectorsError


def rows(m: int, seed: int = 0) -> NDArray[np.float32]:
    """Draw m vectors."""
    return np.random.default_rng(seed).standard_normal((m, 5)).astype(np.float32)


def test_vectors_come_back_exactly(tmp_path: Path) -> None:
    """What was put is read back bit by bit, by this store and by one opened later."""
    store = BlockStore(tmp_path)
    store.put([("a", rows(3, 1)), ("b", rows(1, 2))])
    store.put([("c", rows(2, 3))])
    for opened in (store, BlockStore(tmp_path)):
        assert opened.keys() == {"a", "b", "c"}
        assert "a" in opened
        assert "d" not in opened
        for key, expected in (("a", rows(3, 1)), ("c", rows(2, 3)), ("b", rows(1, 2))):
            np.testing.assert_array_equal(opened.get(key), expected)
            assert opened.get(key).dtype == np.float32


def test_the_same_block_is_one_file(tmp_path: Path) -> None:
    """Two writers of the same scenes leave one file; no scene leaves none."""
    for _ in range(2):
        BlockStore(tmp_path).put([("a", rows(3))])
        BlockStore(tmp_path).put([])
    assert len(list(tmp_path.iterdir())) == 1


def test_two_blocks_with_one_key_both_serve(tmp_path: Path) -> None:
    """Two processes that computed a scene at once do not disturb each other."""
    BlockStore(tmp_path).put([("a", rows(3, 1))])
    BlockStore(tmp_path).put([("a", rows(3, 1)), ("b", rows(3, 2))])
    np.testing.assert_array_equal(BlockStore(tmp_path).get("a"), rows(3, 1))


@pytest.mark.parametrize("content", [b"", b"not a zip", "truncated", "foreign", "uneven"])
def test_a_broken_file_is_ignored(
    tmp_path: Path, content: bytes | str, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is not a whole block is skipped with a warning; the others are read."""
    BlockStore(tmp_path / "other").put([("x", rows(4))])
    whole = next((tmp_path / "other").iterdir()).read_bytes()
    store = BlockStore(tmp_path)
    store.put([("a", rows(3))])
    broken = tmp_path / "broken.npz"
    if content == "foreign":
        np.savez(broken, something=rows(1))
    elif content == "uneven":
        np.savez(broken, keys=np.array(["x"]), offsets=np.array([0]), vectors=rows(1))
    else:
        broken.write_bytes(whole[:200] if isinstance(content, str) else content)
    with caplog.at_level(logging.WARNING):
        assert BlockStore(tmp_path).keys() == {"a"}
    assert "broken.npz: " in caplog.text


def test_pickled_content_is_never_loaded(tmp_path: Path) -> None:
    """A block with pickled objects in it is ignored, not unpickled."""
    keys = np.array([["a"], {"b": 1}], dtype=object)
    np.savez(tmp_path / "evil.npz", keys=keys, offsets=np.array([0, 1, 2]), vectors=rows(2))
    assert not BlockStore(tmp_path).keys()


def test_a_block_that_vanishes_is_named(tmp_path: Path) -> None:
    """A block that is damaged after the store was opened raises with the file's name."""
    BlockStore(tmp_path).put([("a", rows(3))])
    store = BlockStore(tmp_path)
    next(tmp_path.iterdir()).write_bytes(b"")
    with pytest.raises(VectorsError, match="not a whole file of vectors"):
        store.get("a")
    with pytest.raises(KeyError):
        store.get("b")


@pytest.mark.parametrize(
    ("vectors", "rule"),
    [
        (rows(2) * np.nan, "not finite"),
        (np.zeros(3, np.float32), "must be"),
        (np.zeros((2, 4), np.float32), "must be"),
    ],
)
def test_unusable_vectors_are_refused(
    tmp_path: Path, vectors: NDArray[np.float32], rule: str
) -> None:
    """Vectors that are not finite or do not fit together are refused and nothing is written."""
    with pytest.raises(VectorsError, match=rule):
        BlockStore(tmp_path).put([("a", rows(1)), ("b", vectors)])
    assert not list(tmp_path.iterdir())
