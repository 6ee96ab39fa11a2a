"""What the nodes of a tree decide, without a state of n numbers for each of them.

A tree of a few bytes for each node may be about very many items. A node keeps what it decides, and
the step above it; a cursor holds the state of one node, and moves along the tree to another.
"""

from collections.abc import Sequence
from typing import NamedTuple, Optional

import numpy as np

from .reading import Array

TAKEN, REFUSED = 1, -1


class Step(NamedTuple):
    """What a node decides.

    Parameters
    ----------
    above
        The step that it follows; None for what the root leaves.
    depth
        How many there are above it.
    taken, refused
        Items that no step above decides.
    """

    above: Optional["Step"]
    depth: int
    taken: Sequence[int] | Array
    refused: Sequence[int] | Array


class Masks(NamedTuple):
    """What is taken and what is undecided in each of L nodes, shapes (L, n)."""

    taken: Array
    undecided: Array


class Cursor:
    """The state at one step of a tree.

    Parameters
    ----------
    root
        Decisions of the root, shape (n,), int8: 1 taken, -1 refused, 0 undecided. It is changed.
    """

    def __init__(self, root: Array) -> None:
        self._state = root
        self._path: list[Step] = []

    def at(self, step: Step | None) -> Array:
        """Return the state after a step, None for the root; it changes with the next call."""
        path = self._path
        ahead: list[Step] = []
        while step and not (step.depth < len(path) and path[step.depth] is step):
            ahead.append(step)
            step = step.above
        while len(path) > (step.depth + 1 if step else 0):
            undone = path.pop()
            self._state[undone.taken] = self._state[undone.refused] = 0
        for done in reversed(ahead):
            path.append(done)
            self._state[done.taken], self._state[done.refused] = TAKEN, REFUSED
        return self._state

    def masks(self, steps: Sequence[Step | None]) -> Masks:
        """Return what is taken and undecided after each of some steps."""
        states = np.array([self.at(step).copy() for step in steps])
        return Masks(states == TAKEN, states == 0)
