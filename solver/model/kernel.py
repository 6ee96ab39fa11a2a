"""The seam to numba: one decorator, so that every kernel is compiled in the same way.

numba rather than C or Cython: the source stays Python that a reader can step through
(``NUMBA_DISABLE_JIT=1``), and an install needs no compiler.
"""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, ParamSpec, TypeVar, cast

from numba import njit

_P = ParamSpec("_P")
_R = TypeVar("_R")


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    """Let a library that is not loaded yet look as if it were not installed."""
    hides = name not in sys.modules
    if hides:
        sys.modules[name] = None  # type: ignore[assignment]  # what import takes for "not there"
    try:
        yield
    finally:
        if hides:
            del sys.modules[name]


# No kernel uses linear algebra. Where SciPy is installed, numba would load all of it to find out
# whether there is a BLAS: a third of the time that a small solve takes.
with _hidden("scipy.linalg"):
    import_module("numba.np.arraymath")


def _compile(function: Callable[..., Any]) -> Callable[..., Any]:
    # "numpy": a division by zero gives inf or nan as in numpy, and no check in the inner loop.
    # Without the interpreter's lock, two threads run two kernels.
    try:
        return njit(cache=True, nogil=True, error_model="numpy")(function)
    except RuntimeError:
        # No folder to cache in (a read-only install): compiled once a process instead.
        return njit(nogil=True, error_model="numpy")(function)


def kernel(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Compile a function at its first call, and keep the machine code on disk for the next process.

    Parameters
    ----------
    function
        Written in the part of Python and numpy that numba compiles.
    """
    compiled = functools.wraps(function)(_compile(function))
    return cast("Callable[_P, _R]", compiled)
