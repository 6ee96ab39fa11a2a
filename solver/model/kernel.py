"""The seam to numba: one decorator, so that every kernel is compiled in the same way.

numba rather than C or Cython: the source stays Python that a reader can step through
(``NUMBA_DISABLE_JIT=1``), and an install needs no compiler.
"""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Final, ParamSpec, TypeVar, cast

_P = ParamSpec("_P")
_R = TypeVar("_R")

# What numba looks for and no kernel uses: BLAS, C functions, a settings file, coverage. Loading
# them takes a third of the time of a small solve.
_UNUSED: Final = ("scipy.linalg", "cffi", "yaml", "coverage")


@contextmanager
def _hidden(*names: str) -> Iterator[None]:
    """Let libraries that are not loaded yet look as if they were not installed."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # what import takes for "not there"
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


with _hidden(*_UNUSED):
    from numba import njit

    import_module("numba.np.arraymath")  # with the first kernel otherwise
    import_module("numba.core.typing.cffi_utils")


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
