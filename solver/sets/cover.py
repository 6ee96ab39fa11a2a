"""Coverings: a matrix of items by points, where the best item that is there serves a point."""

import numpy as np

from solver.model.constraints import Ints
from solver.model.kernel import kernel
from solver.model.problem import Floats


@kernel
def serve(similarities: Floats, items: Ints, demands: Floats, service: Floats) -> Floats:
    """Return what each of some items adds, shape (k,), to points that are served already.

    Parameters
    ----------
    similarities
        Shape (n, m).
    items
        Rows to look at, shape (k,).
    demands, service
        What a point counts, and how well it is served; shape (m,).
    """
    worth = np.zeros(len(items))
    for t in range(len(items)):
        total = 0.0
        for j in range(len(demands)):
            more = similarities[items[t], j] - service[j]
            if more > 0.0:
                total += demands[j] * more
        worth[t] = total
    return worth


@kernel
def two_best(similarities: Floats, items: Ints, service: Floats) -> tuple[Floats, Ints, Floats]:
    """Return each point's best service, by which item, and the best without that item.

    Parameters
    ----------
    similarities
        Shape (n, m).
    items
        What is there, shape (k,).
    service
        How well points are served without any item, shape (m,).

    Returns
    -------
    tuple[Floats, Ints, Floats]
        Shapes (m,); item -1 where no item is better than no item.
    """
    m = len(service)
    best = service.copy()
    second = service.copy()
    who = np.full(m, -1, np.int64)
    for t in range(len(items)):
        for j in range(m):
            s = similarities[items[t], j]
            if s > best[j]:
                second[j] = best[j]
                best[j] = s
                who[j] = items[t]
            elif s > second[j]:
                second[j] = s
    return best, who, second


@kernel
def radii(distances: Floats, items: Ints, near: Floats) -> Floats:
    """Return the largest distance that is left beside each of some items, shape (k,).

    Parameters
    ----------
    distances
        Shape (n, m).
    items
        Rows to look at, shape (k,).
    near
        How far each point is from what is there, shape (m,).
    """
    left = np.zeros(len(items))
    for t in range(len(items)):
        largest = 0.0
        for j in range(len(near)):
            if near[j] > largest:
                largest = max(largest, min(near[j], distances[items[t], j]))
        left[t] = largest
    return left
