"""Sparsification against the paper's loop, written out."""

from typing import Literal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.errors import VectorsError
from features.sparsify import sparsify

Tail = Literal["keep", "drop"]


@st.composite
def sequences(draw: st.DrawFn) -> NDArray[np.float64]:
    """Draw frames that turn by small and large steps, so views last for one frame or hundreds."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(0, 120))
    step = draw(st.sampled_from([0.01, 0.1, 0.5, 2.0]))
    angles = np.cumsum(rng.exponential(step, n))
    frames = np.stack([np.cos(angles), np.sin(angles), np.full(n, 0.3)], axis=1)
    return frames * rng.uniform(0.5, 2.0, (n, 1))


def one_by_one(frames: NDArray[np.float64], threshold: float, tail: Tail) -> list[int]:
    """Walk through the frames as the paper's text says."""
    kept, i, n = [], 0, len(frames)
    unit = [frame / np.linalg.norm(frame) for frame in frames]
    while i < n:
        j = i + 1
        while j < n and float(unit[i] @ unit[j]) >= threshold:
            j += 1
        if j == n and tail == "drop":
            break
        kept.append((i + j) // 2)
        i = j
    return kept


@given(sequences(), st.sampled_from([-1.0, 0.2, 0.75, 0.99]), st.sampled_from(["keep", "drop"]))
@example(np.ones((1, 3)), 0.75, "keep")
@example(np.ones((500, 3)), 0.75, "drop")
def test_the_frames_are_those_of_the_loop(
    frames: NDArray[np.float64], threshold: float, tail: Tail
) -> None:
    """Block by block or frame by frame, the same frames are kept, ascending and distinct."""
    kept = sparsify(frames, threshold, tail).tolist()
    assert kept == one_by_one(frames, threshold, tail)
    assert kept == sorted(set(kept))


@given(sequences())
def test_the_tail_is_the_only_difference(frames: NDArray[np.float64]) -> None:
    """Keeping the tail adds its middle frame, and changes nothing before it."""
    kept, dropped = sparsify(frames), sparsify(frames, tail="drop")
    assert kept[: len(dropped)].tolist() == dropped.tolist()
    assert len(kept) - len(dropped) == (1 if len(frames) else 0)


def test_a_zero_vector_is_like_no_other() -> None:
    """A frame without a direction ends a view, and is one of its own."""
    frames = np.array([[1.0, 0], [1, 0], [0, 0], [1, 0]])
    assert sparsify(frames).tolist() == [1, 2, 3]


def test_unusable_vectors_are_refused() -> None:
    """NaN, or a single vector, is one sentence."""
    for vectors in (np.full((3, 2), np.nan), np.ones(3)):
        with pytest.raises(VectorsError, match="finite and"):
            sparsify(vectors)
