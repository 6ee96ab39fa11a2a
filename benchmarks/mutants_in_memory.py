"""Try many mutants in one start of pytest.

Tests are collected once, with the code as it is. For each mutant the process forks. The child gives
the changed function its new code in place, so that everything that has imported the function has
it, and runs tests until the first failure. What noticed earlier mutants is run first.
"""

import ast
import gc
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import NoReturn

import pytest
from mutants import Mutant

# How a child ends: as pytest does, or because a mutant needs a start of its own.
_PASSED, _FAILED, _NOT_HERE = 0, 1, 3

_TREE = ("solver.", "features.", "app.")
_Cached = type(cache(lambda: None))

Judge = Callable[["Trial"], None]


class Trial:
    """Tests that are collected, and which of them noticed what.

    Parameters
    ----------
    session
        Of pytest, after it has collected.
    written
        Puts a mutant into the tree as well, for tests that start programs.
    """

    def __init__(
        self, session: pytest.Session, written: Callable[[Mutant], AbstractContextManager[None]]
    ) -> None:
        self._session, self._written = session, written
        self._noticed: Counter[int] = Counter()

    def unchanged(self, limit: float, *, here: bool) -> str:
        """Run all tests with the code as it is.

        Parameters
        ----------
        limit
            Of seconds.
        here
            In this process, so that children find in caches of tests what a change cannot touch.
        """
        if not here:
            return self._run(None, limit)[0]
        _run_until_one_fails(self._session, self._session.items)
        return "failed" if self._session.testsfailed else "passed"

    def tried(self, mutant: Mutant, limit: float) -> tuple[str, str]:
        """Return ``passed``, ``failed``, ``late`` or ``not here``, and which test failed."""
        with self._written(mutant):
            return self._run(mutant, limit)

    def _run(self, mutant: Mutant | None, limit: float) -> tuple[str, str]:
        items = self._session.items
        order = sorted(range(len(items)), key=lambda place: (-self._noticed[place], place))
        receiving, sending = os.pipe()
        process = os.fork()
        if process == 0:
            os.close(receiving)
            _child(self._session, [items[place] for place in order], mutant, sending)
        os.close(sending)
        code = ended(process, limit)
        with os.fdopen(receiving) as said:
            test = said.read()
        if code == _FAILED and test:
            self._noticed[[item.nodeid for item in items].index(test)] += 1
        words = {None: "late", _PASSED: "passed", _NOT_HERE: "not here"}
        return words.get(code, "failed"), test


class Plugin:
    """Hand the collected tests to someone who tries mutants, in place of running them."""

    def __init__(
        self, judge: Judge, written: Callable[[Mutant], AbstractContextManager[None]]
    ) -> None:
        self._judge, self._written = judge, written

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run nothing here."""
        if session.testsfailed or not session.items:
            message = "The tests cannot be collected."
            raise RuntimeError(message)
        self._judge(Trial(session, self._written))
        return True


def ended(process: int, limit: float) -> int | None:
    """Return how a process ended; None where it had to be stopped."""
    until = time.perf_counter() + limit
    while time.perf_counter() < until:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return None


def _child(
    session: pytest.Session, items: Sequence[pytest.Item], mutant: Mutant | None, sending: int
) -> NoReturn:
    code = _FAILED
    try:
        os.setsid()
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        plugins = session.config.pluginmanager
        plugins.unregister(plugins.get_plugin("terminalreporter"))
        if mutant is not None and not put(mutant):
            code = _NOT_HERE
            return  # type: ignore[misc]  # the process ends below
        noticed = _run_until_one_fails(session, items)
        code = _PASSED if noticed is None else _FAILED
        os.write(sending, (noticed or "").encode())
    except BaseException:  # noqa: BLE001 nothing may come back to the parent's code
        traceback.print_exc()
    finally:
        os._exit(code)


def _run_until_one_fails(session: pytest.Session, items: Sequence[pytest.Item]) -> str | None:
    for item, following in zip(items, [*items[1:], None], strict=True):
        session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return item.nodeid
    return None


def put(mutant: Mutant) -> bool:
    """Change what is imported; return whether that can be done."""
    name = mutant.file.removesuffix(".py").replace("/", ".")
    module = sys.modules.get(name)
    for cached in gc.get_objects():
        # What the tree remembers was computed by the code as it was.
        if isinstance(cached, _Cached) and str(cached.__wrapped__.__module__).startswith(_TREE):
            cached.cache_clear()
    if module is None or module.__file__ is None:
        return False
    # The file in the tree has the change already.
    with open(module.__file__, "rb") as file:  # noqa: PTH123 tests may have changed the folder
        content = file.read()
    compiled = [n for n in vars(module).values() if hasattr(n, "py_func")]
    function = _function_at(ast.parse(content), content, mutant.start)
    if function is None:
        return not compiled and _put_constant(module, content, mutant.start)
    if any(kernel.py_func.__qualname__ == function for kernel in compiled):
        return False
    codes = _codes(compile(content, module.__file__, "exec", dont_inherit=True), function)
    found = [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, FunctionType)
        and thing.__module__ == name
        and thing.__code__.co_qualname == function
    ]
    if len(codes) != 1 or not found:
        return False
    for thing in found:
        thing.__code__ = codes[0]
    return True


def _codes(code: CodeType, function: str) -> list[CodeType]:
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    found = [const for const in inner if const.co_qualname == function]
    return found + [more for const in inner for more in _codes(const, function)]


def _holds(node: ast.stmt, content: bytes, start: int) -> bool:
    lines = content.splitlines(keepends=True)
    first = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    last = sum(map(len, lines[: (node.end_lineno or 0) - 1])) + (node.end_col_offset or 0)
    return first <= start < last


def _function_at(tree: ast.Module, content: bytes, start: int) -> str | None:
    """Return the name of the outermost function or method at a place of a file."""
    names: list[str] = []
    body: list[ast.stmt] = tree.body
    while True:
        inside = [node for node in body if _holds(node, content, start)]
        if not inside or not isinstance(inside[0], ast.ClassDef | ast.FunctionDef):
            return None
        names.append(inside[0].name)
        if isinstance(inside[0], ast.FunctionDef):
            return ".".join(names)
        body = inside[0].body


def _put_constant(module: ModuleType, content: bytes, start: int) -> bool:
    """Give a constant of a module another value, in every module that imported it."""
    for node in ast.parse(content).body:
        if not _holds(node, content, start):
            continue
        match node:
            case ast.Assign([ast.Name(name)], value):
                old = vars(module)[name]
                new = eval(compile(ast.Expression(value), "constant", "eval"), vars(module))  # noqa: S307
                for other in list(sys.modules.values()):
                    if getattr(other, "__dict__", {}).get(name, module) is old:
                        setattr(other, name, new)
                return True
            case _:
                pass
    return False
