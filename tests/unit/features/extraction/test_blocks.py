import logging
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from features.errors import DamagedError, VectorsError
from features.extraction.blocks import KEY_BYTES, BlockStore, ImageVectors


def key(name: str) -> bytes:
    """Return a key."""
    return name.encode().ljust(KEY_BYTES, b"\0")


A, B, C, D = map(key, "abcd")


def rows(m: int, seed: int = 0) -> NDArray[np.float32]:
    """Draw m vectors."""
    return np.random.default_rng(seed).standard_normal((m, 5)).astype(np.float32)


def image(m: int, seed: int = 0) -> ImageVectors:
    """Draw the m vectors of an image."""
    return ImageVectors(rows(m, seed), np.arange(seed, seed + m, dtype=np.int32))


def assert_same(found: ImageVectors, expected: ImageVectors) -> None:
    """Compare bit by bit."""
    np.testing.assert_array_equal(found.vectors, expected.vectors)
    np.testing.assert_array_equal(found.counts, expected.counts)
    assert (found.vectors.dtype, found.counts.dtype) == (np.float32, np.int32)


def test_vectors_come_back_exactly(tmp_path: Path) -> None:
    """What was put is read back bit by bit, by this store and by one opened later."""
    store = BlockStore(tmp_path)
    store.put([(A, image(3, 1)), (B, image(1, 2))])
    store.put([(C, image(2, 3))])
    for opened in (store, BlockStore(tmp_path)):
        assert A in opened
        assert D not in opened
        for name, expected in ((A, image(3, 1)), (C, image(2, 3)), (B, image(1, 2))):
            assert_same(opened.get(name), expected)


def test_many_blocks_are_read_in_any_order(tmp_path: Path) -> None:
    """However many blocks there are, each image gets its own vectors."""
    store = BlockStore(tmp_path)
    for seed in range(12):
        store.put([(key(f"first {seed}"), image(1, seed)), (key(f"second {seed}"), image(2, seed))])
    for seed in (11, 0, 5, 5, 11, 3, 7, 1, 0):
        assert_same(store.get(key(f"second {seed}")), image(2, seed))
        assert_same(store.get(key(f"first {seed}")), image(1, seed))


def test_the_same_block_is_one_file(tmp_path: Path) -> None:
    """Two writers of the same images leave one file; no image leaves none."""
    for _ in range(2):
        BlockStore(tmp_path).put([(A, image(3))])
        BlockStore(tmp_path).put([])
    assert len(list(tmp_path.iterdir())) == 1


def test_two_blocks_with_one_key_both_serve(tmp_path: Path) -> None:
    """Two processes that computed an image at once do not disturb each other."""
    BlockStore(tmp_path).put([(A, image(3, 1))])
    BlockStore(tmp_path).put([(A, image(3, 1)), (B, image(3, 2))])
    assert_same(BlockStore(tmp_path).get(A), image(3, 1))


def test_blocks_of_others_are_seen_after_a_refresh(tmp_path: Path) -> None:
    """What another process put is there once the store looks again."""
    store = BlockStore(tmp_path)
    BlockStore(tmp_path).put([(A, image(3))])
    assert A not in store
    store.refresh()
    assert_same(store.get(A), image(3))


@pytest.mark.parametrize("content", [b"", b"not a zip", "truncated", "foreign", "uneven", "short"])
def test_a_broken_file_is_ignored(
    tmp_path: Path, content: bytes | str, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is not a whole block is skipped with a warning; the others are read."""
    BlockStore(tmp_path / "other").put([(D, image(4))])
    whole = next((tmp_path / "other").iterdir()).read_bytes()
    store = BlockStore(tmp_path)
    store.put([(A, image(3))])
    broken = tmp_path / "broken.npz"
    keys = np.zeros((1, KEY_BYTES), np.uint8)
    if content == "foreign":
        np.savez(broken, something=rows(1))
    elif content == "uneven":
        np.savez(broken, keys=keys, offsets=np.array([0]), vectors=rows(1))
    elif content == "short":
        np.savez(broken, keys=keys[:, :4], offsets=np.array([0, 1]), vectors=rows(1))
    else:
        broken.write_bytes(whole[:200] if isinstance(content, str) else content)
    with caplog.at_level(logging.WARNING):
        opened = BlockStore(tmp_path)
    assert A in opened
    assert bytes(KEY_BYTES) not in opened
    assert D not in opened
    assert "broken.npz: " in caplog.text


def test_pickled_content_is_never_loaded(tmp_path: Path) -> None:
    """A block with pickled objects in it is ignored, not unpickled."""
    keys = np.array([["a"], {"b": 1}], dtype=object)
    np.savez(tmp_path / "evil.npz", keys=keys, offsets=np.array([0, 1, 2]), vectors=rows(2))
    assert A not in BlockStore(tmp_path)


def test_a_block_that_vanishes_is_named(tmp_path: Path) -> None:
    """A block that is damaged after the store was opened raises, and its images are missing."""
    BlockStore(tmp_path).put([(A, image(3))])
    store = BlockStore(tmp_path)
    next(tmp_path.iterdir()).write_bytes(b"")
    with pytest.raises(DamagedError, match=r"\.npz: not a whole file of offsets, vectors"):
        store.get(A)
    assert A not in store
    assert not list(tmp_path.iterdir())
    store.put([(A, image(3))])
    assert_same(store.get(A), image(3))
    with pytest.raises(KeyError):
        store.get(B)


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
    unusable = ImageVectors(vectors, np.ones(len(vectors), np.int32))
    with pytest.raises(VectorsError, match=rule):
        BlockStore(tmp_path).put([(A, image(1)), (B, unusable)])
    assert not list(tmp_path.iterdir())


def test_a_block_that_cannot_be_read_is_not_removed(tmp_path: Path) -> None:
    """What is wrong with the disk, not with the file, is told; the file stays."""
    BlockStore(tmp_path).put([(A, image(3))])
    store = BlockStore(tmp_path)
    (path,) = tmp_path.iterdir()
    path.unlink()
    path.mkdir()
    with pytest.raises(VectorsError, match="cannot be read"):
        store.get(A)
    assert path.is_dir()
    assert A in store
