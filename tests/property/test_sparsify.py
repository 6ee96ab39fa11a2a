from itertools import pairwise
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from features.errors import VectorsError
from features.extraction.thinning import sparsify

Tail = Literal["keep", "drop"]


def naive(vectors: NDArray[np.float64], threshold: float, tail: Tail) -> list[int]:
    """Walk frame by frame, as SeedAL's step is worded; cosines in steps of 2^-24."""
    kept = []
    i, n = 0, len(vectors)
    for j in range(1, n):
        product = sum(float(a) * float(b) for a, b in zip(vectors[i], vectors[j], strict=True))
        cosine = product / float(np.linalg.norm(vectors[i]) * np.linalg.norm(vectors[j]))
        if round(cosine * 2**24) / 2**24 < threshold:
            kept.append((i + j) // 2)
            i = j
    if n and tail == "keep":
        kept.append((i + n) // 2)
    return kept


@st.composite
def sequences(draw: st.DrawFn) -> NDArray[np.float64]:
    """Draw up to 120 frames: a slow walk, a constant stretch, or few vectors that come again."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, d = draw(st.integers(0, 120)), draw(st.integers(1, 5))
    match draw(st.sampled_from(["walk", "still", "few"])):
        case "walk":
            frames = rng.standard_normal(d) + 0.2 * rng.standard_normal((n, d)).cumsum(axis=0)
        case "still":
            frames = np.repeat(rng.standard_normal((1, d)), n, axis=0)
        case _:
            frames = rng.integers(-1, 2, (n, d)).astype(float)
    frames[~frames.any(axis=1)] = 1.0
    return frames


@settings(deadline=None)
@given(
    sequences(),
    st.sampled_from([-1.0, 0.0, 0.5, 0.75, 0.99, 1.0]),
    st.sampled_from(["keep", "drop"]),
)
def test_frames_equal_a_walk_one_by_one(
    vectors: NDArray[np.float64], threshold: float, tail: Tail
) -> None:
    """The kept frames are those of a walk frame by frame, ascending and never twice."""
    kept = sparsify(vectors, threshold, tail)
    assert kept.tolist() == naive(vectors, threshold, tail)
    assert (np.diff(kept) > 0).all()


def test_the_tail_is_the_only_difference() -> None:
    """A stretch that nothing ends keeps its middle, and no frame as the released code has it."""
    still = np.ones((7, 3), dtype=np.float32)
    assert sparsify(still).tolist() == [3]
    assert sparsify(still, tail="drop").tolist() == []
    assert sparsify(still[:1]).tolist() == [0]
    assert sparsify(still[:0]).tolist() == []
    turn = np.repeat(np.eye(2, dtype=np.float16), [4, 3], axis=0)
    assert sparsify(turn).tolist() == [2, 5]
    assert sparsify(turn, tail="drop").tolist() == [2]


def test_long_stretches_are_walked_in_blocks() -> None:
    """A sequence of thousands of frames gives what a walk gives."""
    rng = np.random.default_rng(4)
    stretches = rng.standard_normal((6, 8))
    vectors = np.repeat(stretches, [1, 9000, 17, 33, 5000, 2], axis=0)
    ends = [0, 1, 9001, 9018, 9051, 14051]
    assert sparsify(vectors, 0.999, "drop").tolist() == [
        (start + stop) // 2 for start, stop in pairwise(ends)
    ]


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf])
def test_a_frame_without_direction_is_named(bad: float) -> None:
    """A zero frame, or one that is not finite, raises with its number."""
    vectors = np.ones((5, 2))
    vectors[3] = bad
    with pytest.raises(VectorsError, match="frame 3 is zero or not finite"):
        sparsify(vectors)


@pytest.mark.parametrize(("shape", "threshold"), [((5,), 0.5), ((5, 2), 1.5), ((5, 2), np.nan)])
def test_wrong_arguments_are_refused(shape: tuple[int, ...], threshold: float) -> None:
    """Vectors that are no table and thresholds that no cosine has raise."""
    with pytest.raises(VectorsError, match="sparsification needs"):
        sparsify(np.ones(shape), threshold)
