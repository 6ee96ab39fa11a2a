"""Many small trainings at once: one a core, each on one thread.

A product of matrices gives other last digits on two threads than on one, and trainings are too
small to gain from a second.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def side_by_side(work: Callable[[_Task], _Result], tasks: Iterable[_Task]) -> list[_Result]:
    """Return what a function makes of tasks, in order; numpy's products use one thread each."""
    with threadpool_limits(limits=1), ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(work, tasks))
