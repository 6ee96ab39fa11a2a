from collections import Counter, deque

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from app.labelled.label_files import UNLABELLED, count_pixels, count_points, count_segments

labels = arrays.arrays(
    np.intp,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.integers(UNLABELLED, 3),
)
sides = st.integers(1, 6)


@given(classes=labels, rows=sides, columns=sides)
def test_every_labelled_pixel_is_counted_in_its_cell(
    classes: NDArray[np.intp], rows: int, columns: int
) -> None:
    """A loop over the pixels counts the same, also where the grid is finer than the image."""
    height, width = classes.shape
    expected: Counter[tuple[int, int]] = Counter()
    for y in range(height):
        for x in range(width):
            if classes[y, x] >= 0:
                cell = (y * rows // height) * columns + x * columns // width
                expected[cell, int(classes[y, x])] += 1
    counts = count_pixels(classes, rows, columns, 4)
    assert counts.shape == (rows * columns, 4)
    assert counts.dtype == np.int64
    assert {(i, j): n for (i, j), n in np.ndenumerate(counts) if n} == expected


@given(classes=labels, rows=sides, columns=sides)
def test_a_point_at_every_pixel_counts_as_the_pixels(
    classes: NDArray[np.intp], rows: int, columns: int
) -> None:
    """Points and pixels are one thing: the same labels give the same counts."""
    pixels = np.array(list(np.ndindex(*classes.shape)), dtype=np.intp)
    height, width = classes.shape
    counts = count_points(pixels, classes.ravel(), (height, width), (rows, columns), 4)
    assert (counts == count_pixels(classes, rows, columns, 4)).all()


def test_no_points_are_no_counts() -> None:
    """A camera that sees no point has a grid of zeros."""
    none = np.empty((0, 2), dtype=np.intp)
    counts = count_points(none, np.empty(0, dtype=np.intp), (4, 4), (2, 3), 5)
    assert counts.shape == (6, 5)
    assert not counts.any()


def flood(classes: NDArray[np.intp], least: int) -> int:
    """Count segments by walking from pixel to pixel."""
    waiting = {tuple(index) for index in np.argwhere(classes != UNLABELLED)}
    found = 0
    while waiting:
        queue, size = deque([waiting.pop()]), 0
        while queue:
            y, x = queue.popleft()
            size += 1
            for near in ((y + 1, x), (y - 1, x), (y, x + 1), (y, x - 1)):
                if near in waiting and classes[near] == classes[y, x]:
                    waiting.remove(near)
                    queue.append(near)
        found += size >= least
    return found


@given(classes=labels, least=st.integers(1, 5))
def test_segments_are_connected_areas_of_one_class(classes: NDArray[np.intp], least: int) -> None:
    """Walking from pixel to pixel finds as many; those below the least size do not count."""
    assert count_segments(classes, least) == flood(classes, least)
