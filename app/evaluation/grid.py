"""Labels as counts: how much of each class lies in each cell of a grid.

A backbone's features are a grid of cells over an image. Whatever is labelled, pixels or projected
points of a point cloud, comes down to how many of them lie in a cell, by class.
"""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
"""(rows * columns, classes): labelled pixels or points by cell, row by row, and class."""

UNLABELLED = -1
"""The class of what has none."""


def count_pixels(classes: NDArray[np.intp], rows: int, columns: int, n_classes: int) -> Counts:
    """Count the labelled pixels of each cell and class.

    Pixel (y, x) of H x W lies in row ``y * rows // H`` and column ``x * columns // W``.

    Parameters
    ----------
    classes : (H, W)
        Classes from 0; ``UNLABELLED`` does not count.
    rows, columns
        The grid, at least 1 x 1.
    n_classes
        Number of classes.
    """
    height, width = classes.shape
    row = np.arange(height) * rows // height
    column = np.arange(width) * columns // width
    cells = row[:, np.newaxis] * columns + column
    return _count(cells.ravel(), classes.ravel(), rows * columns, n_classes)


def count_points(
    pixels: NDArray[np.intp],
    classes: NDArray[np.intp],
    size: tuple[int, int],
    grid: tuple[int, int],
    n_classes: int,
) -> Counts:
    """Count the labelled points of each cell and class; the cell is that of a point's pixel.

    Parameters
    ----------
    pixels : (n, 2)
        Row and column of each point's pixel, inside the image.
    classes : (n,)
        Classes from 0; ``UNLABELLED`` does not count.
    size
        Height and width of the image.
    grid
        Rows and columns.
    n_classes
        Number of classes.
    """
    row, column = (pixels * np.array(grid) // np.array(size)).T
    return _count(row * grid[1] + column, classes, grid[0] * grid[1], n_classes)


def _count(
    cells: NDArray[np.intp], classes: NDArray[np.intp], n_cells: int, n_classes: int
) -> Counts:
    labelled = classes != UNLABELLED
    flat = cells[labelled] * n_classes + classes[labelled]
    return np.bincount(flat, minlength=n_cells * n_classes).reshape(n_cells, n_classes)
