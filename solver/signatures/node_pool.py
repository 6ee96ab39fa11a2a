"""The open nodes of a signature tree in arrays of fixed size, with their heap, for compiled loops.

A search over such a pool can be left and taken up again.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from solver.model.constraints import Ints
from solver.model.kernel import kernel
from solver.model.problem import Floats


class NodePool(NamedTuple):
    """Open nodes: slots of arrays, a heap of those in use, a stack of those that are not.

    Parameters
    ----------
    state, point
        Decisions (N, k) int8, and where the parent's relaxation ended, (N, k) float32.
    low, high, bound
        The range of t and the bound known, shapes (N,).
    least, most
        The range of the number of items, shapes (N,).
    count_multiplier
        Multiplier of that number where the parent's relaxation ended, shape (N,).
    proof
        Number of the node in a `NodeLog`, shape (N,).
    heap, spare
        Slots, shapes (N,): a binary heap, largest bound first, and a stack.
    sizes
        How many slots are in the heap, and how many on the stack; how many nodes were looked at;
        how many slots were ever used.
    """

    state: npt.NDArray[np.int8]
    point: npt.NDArray[np.float32]
    low: Floats
    high: Floats
    bound: Floats
    least: Ints
    most: Ints
    count_multiplier: Floats
    proof: Ints
    heap: Ints
    spare: Ints
    sizes: Ints


def make_pool(items: int, nodes: int) -> NodePool:
    """Return an empty pool for `nodes` nodes on `items` items."""
    return NodePool(
        np.zeros((nodes, items), np.int8),
        np.zeros((nodes, items), np.float32),
        np.zeros(nodes),
        np.zeros(nodes),
        np.zeros(nodes),
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.zeros(nodes),
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.zeros(nodes, np.int64),
        np.zeros(4, np.int64),
    )


@kernel
def push(pool: NodePool, slot: int) -> None:
    """Put a slot into the heap."""
    heap, bound = pool.heap, pool.bound
    place = pool.sizes[0]
    pool.sizes[0] += 1
    while place > 0:
        parent = (place - 1) // 2
        if bound[heap[parent]] >= bound[slot]:
            break
        heap[place] = heap[parent]
        place = parent
    heap[place] = slot


@kernel
def pop(pool: NodePool) -> int:
    """Take the slot with the largest bound out of the heap."""
    heap, bound = pool.heap, pool.bound
    top = heap[0]
    pool.sizes[0] -= 1
    size = pool.sizes[0]
    last = heap[size]
    place = 0
    while True:
        child = 2 * place + 1
        if child >= size:
            break
        if child + 1 < size and bound[heap[child + 1]] > bound[heap[child]]:
            child += 1
        if bound[last] >= bound[heap[child]]:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = last
    return int(top)


@kernel
def free_slot(pool: NodePool) -> int:
    """Take a slot that was given back, or one that was never used."""
    if pool.sizes[1] > 0:
        pool.sizes[1] -= 1
        return int(pool.spare[pool.sizes[1]])
    pool.sizes[3] += 1
    return int(pool.sizes[3] - 1)


@kernel
def has_room(pool: NodePool) -> bool:
    """Return whether there is another slot."""
    return bool(pool.sizes[1] > 0 or pool.sizes[3] < len(pool.bound))


@kernel
def release(pool: NodePool, slot: int) -> None:
    """Put a slot back onto the stack of unused ones."""
    pool.spare[pool.sizes[1]] = slot
    pool.sizes[1] += 1


BOUND, CLOSED, EMPTY, ITEM, NUMBER, TOTAL = 0, 1, 2, 3, 4, 5


class NodeLog(NamedTuple):
    """What was proven of nodes, entry by entry, for a certificate; of no length where none is made.

    Parameters
    ----------
    kind
        `BOUND`, or `CLOSED` where the bound is at most the target, `EMPTY`, or what a node was
        split on, shape (C,).
    node, children
        The node, shape (C,), and its children, shape (C, 2); of a bound the first alone.
    at
        Item, number of items, or t, shape (C,).
    price, count_multiplier
        Of the budget and of the number of items, shapes (C,).
    point
        Where the concave function is touched, shape (C, k).
    decided
        `IN` or `OUT` for what the bound decides, shape (C, k).
    sizes
        How many entries there are, and the next node's number.
    """

    kind: npt.NDArray[np.int8]
    node: Ints
    children: Ints
    at: Floats
    price: Floats
    count_multiplier: Floats
    point: Floats
    decided: npt.NDArray[np.int8]
    sizes: Ints


def make_log(items: int, entries: int) -> NodeLog:
    """Return an empty log of some entries, for nodes on `items` items."""
    return NodeLog(
        np.zeros(entries, np.int8),
        np.zeros(entries, np.int64),
        np.zeros((entries, 2), np.int64),
        np.zeros(entries),
        np.zeros(entries),
        np.zeros(entries),
        np.zeros((entries, items)),
        np.zeros((entries, items), np.int8),
        np.array([0, 1], np.int64),
    )


@kernel
def note(log: NodeLog, kind: int, node: int, at: float, children: int) -> int:
    """Add an entry; return its place, or -1 where nothing is noted."""
    if len(log.kind) == 0:
        return -1
    place = log.sizes[0]
    log.sizes[0] += 1
    log.kind[place], log.node[place], log.at[place] = kind, node, at
    # A place is used again and again.
    log.price[place] = log.count_multiplier[place] = 0.0
    log.point[place] = 0.0
    log.decided[place] = 0
    for child in range(children):
        log.children[place, child] = log.sizes[1]
        log.sizes[1] += 1
    return int(place)
