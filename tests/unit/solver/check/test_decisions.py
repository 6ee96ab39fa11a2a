"""Tests for the decisions of a certificate's tree."""

import tracemalloc

import numpy as np

from solver.check.decisions import REFUSED, TAKEN, Cursor, Step


def test_a_state_is_that_of_its_steps_in_any_order() -> None:
    """A cursor gives the root's state with what each step above decides, wherever it was before."""
    rng = np.random.default_rng(3)
    root = np.array([TAKEN, REFUSED] + [0] * 30, dtype=np.int8)
    steps: list[Step | None] = [None]
    states = [root.copy()]
    for _ in range(200):
        above = int(rng.integers(len(steps)))
        free = rng.permutation(np.flatnonzero(states[above] == 0))[:3]
        taken, refused = free[:1], free[1:]
        step = steps[above]
        steps.append(Step(step, step.depth + 1 if step else 0, taken, refused))
        state = states[above].copy()
        state[taken], state[refused] = TAKEN, REFUSED
        states.append(state)
    cursor = Cursor(root.copy())
    for place in rng.integers(len(steps), size=1000):
        assert (cursor.at(steps[place]) == states[place]).all()
    masks = cursor.masks(steps)
    assert (masks.taken == (np.array(states) == TAKEN)).all()
    assert (masks.undecided == (np.array(states) == 0)).all()


def test_many_decisions_about_many_items_need_no_state_each() -> None:
    """4,000 steps about a million items take less than a thousandth of 4,000 states."""
    tracemalloc.start()
    cursor, step = Cursor(np.zeros(1_000_000, dtype=np.int8)), None
    for item in range(4000):
        step = Step(step, item, [item], [])
        assert cursor.at(step)[item] == TAKEN
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4_000_000
