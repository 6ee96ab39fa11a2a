import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.choosing.tasks import SeedTask, StoredQuestion
from app.errors import (
    BudgetError,
    BusyError,
    SolveCancelledError,
    SolveCrashedError,
    SolveKilledError,
    UnavailableError,
)
from app.processes.child import Cancellation, SolveProgress, StopRequest, serve
from app.processes.pool import SolvePool
from features.signatures.model import Signatures
from solver.model.options import SolverOptions


@pytest.fixture
def task(tmp_path: Path) -> SeedTask:
    """Return a task of six scenes, three of which can be paid."""
    vectors = np.random.default_rng(3).normal(size=(6, 4))
    vectors /= 2 * np.linalg.norm(vectors, axis=1, keepdims=True)
    path = tmp_path / "key.npz"
    ids = tuple(f"s{k}" for k in range(6))
    Signatures(ids, np.ones(6), vectors, np.full(6, 3, dtype=np.int64)).save(path)
    options = SolverOptions(strategy="greedy", time_limit_s=1.0)
    question = StoredQuestion(path=path, costs=np.full(6, 2.0), budget=6.5, options=options)
    return SeedTask(question=question)


def _with(task: SeedTask, **changes: Any) -> SeedTask:  # noqa: ANN401 any member
    return SeedTask(question=replace(task.question, **changes))


def test_tasks_are_answered_in_another_process(task: SeedTask) -> None:
    """Answers and the errors of a question come back as if the solve had run here."""
    pool = SolvePool(1, patience_s=30)
    try:
        assert len(pool.answer(task).scenes) == 3
        with pytest.raises(BudgetError, match="below the cheapest"):
            pool.answer(_with(task, budget=1.0))
        with pytest.raises(UnavailableError, match="were damaged"):
            pool.answer(_with(task, path=task.question.path.with_name("none.npz")))
        assert len(pool.answer(task).scenes) == 3
    finally:
        pool.close()


def test_a_solve_that_does_not_end_is_stopped(task: SeedTask) -> None:
    """Beyond its time limit and grace a solve is killed, and its process replaced."""
    pool = SolvePool(1, patience_s=30, grace_s=-1.0)
    try:
        with pytest.raises(SolveCrashedError, match="did not end"):
            pool.answer(task)
        pool._grace_s = 30.0
        assert len(pool.answer(task).scenes) == 3
    finally:
        pool.close()


def test_a_task_does_not_wait_forever(task: SeedTask) -> None:
    """With all processes taken a task is turned away after its patience."""
    pool = SolvePool(1, patience_s=0.01)
    try:
        pool._free.get()
        with pytest.raises(BusyError, match="All 1"):
            pool.answer(task)
    finally:
        pool.close()


def test_a_process_serves_until_its_pipe_closes(
    task: SeedTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside a solve process: one answer for each task, then the end; a late Stop harms none."""
    answers: list[object] = []
    broken = _with(task, path=Path("none.npz"))
    messages = [task, StopRequest(), _with(task, budget=1.0), StopRequest(), broken]

    class Pipe:
        def recv(self) -> object:
            if not messages:
                raise EOFError
            return messages.pop(0)

        def poll(self) -> bool:
            return False

        def send(self, answer: object) -> None:
            if not isinstance(answer, SolveProgress):
                answers.append(answer)

    monkeypatch.setattr("app.processes.child.signal.signal", lambda *_: None)
    monkeypatch.setattr("app.processes.child.configure_logging", lambda _: None)
    thread = threading.Thread(target=serve, args=(Pipe(),))
    thread.start()
    thread.join()
    kinds = [type(answer).__name__ for answer in answers]
    assert kinds == ["SeedAnswer", "BudgetError", "UnavailableError"]


@dataclass(frozen=True)
class _Telling:
    """A task that says two things at once, then waits until it is told to stop."""

    time_limit_s: float = 60.0

    def run(self, watch: Cancellation) -> str:
        watch.report(1.0, 9.0)
        watch.report(2.0, 8.0)
        while not watch.cancelled():
            time.sleep(0.001)
        return "stopped"


def test_the_latest_news_arrives_however_soon_it_follows() -> None:
    """What is found right after a report is told, too, though nothing better comes after it."""
    pool = SolvePool(1, patience_s=30)
    try:
        seen: list[tuple[float, float]] = []
        watch = Cancellation(lambda: (2.0, 8.0) in seen, lambda *known: seen.append(known))
        with pytest.raises(SolveCancelledError):
            pool.answer(_Telling(), watch)
        assert seen == [(1.0, 9.0), (2.0, 8.0)]
    finally:
        pool.close()


def test_an_answer_goes_to_its_own_question_alone(task: SeedTask) -> None:
    """Where whoever waits fails itself, what its solve still sends is nobody else's answer."""

    def fail(*_: float) -> None:
        raise RuntimeError

    pool = SolvePool(1, patience_s=30)
    try:
        with pytest.raises(RuntimeError):
            pool.answer(_Telling(), Cancellation(report=fail))
        assert len(pool.answer(task).scenes) == 3
    finally:
        pool.close()


def test_a_process_that_is_killed_at_work_is_told_from_one_that_fails() -> None:
    """Kill -9 in the middle of a task: it may be tried again, and the pool has another process."""
    pool = SolvePool(1, patience_s=30)
    try:
        process = pool._all[0]._process
        with pytest.raises(SolveKilledError):
            pool.answer(_Telling(), Cancellation(report=lambda *_: process.kill()))
        assert pool._all[0]._process.is_alive()
    finally:
        pool.close()


def test_a_closed_pool_has_no_process() -> None:
    """Closing ends a task in hand at once, and nothing is started in its place."""
    pool = SolvePool(1, patience_s=30)
    with pytest.raises(SolveCancelledError):
        pool.answer(_Telling(), Cancellation(report=lambda *_: pool.close()))
    assert not pool._all[0]._process.is_alive()
    with pytest.raises(SolveCancelledError):
        pool.answer(_Telling())
    assert not pool._all[0]._process.is_alive()


def test_a_full_house_turns_callers_away_at_once(task: SeedTask) -> None:
    """Beyond the processes and the room before them, a task is refused without waiting."""
    pool = SolvePool(1, room=0, patience_s=30)
    try:
        process = pool._free.get()
        pool._admitted = 1
        with pytest.raises(BusyError, match="0 requests wait"):
            pool.answer(task)
        pool._admitted = 0
        pool._free.put(process)
        assert len(pool.answer(task).scenes) == 3
        assert (pool.busy, pool.waiting) == (0, 0)
    finally:
        pool.close()


def test_an_unwanted_solve_stops_and_keeps_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once nobody wants the answer the search ends, and the same process takes the next task."""
    monkeypatch.setattr("app.processes.pool._STOP_S", 60.0)  # a busy machine may need longer
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(400, 32))
    vectors /= 2 * np.linalg.norm(vectors, axis=1, keepdims=True)
    path = tmp_path / "large.npz"
    ids = tuple(f"s{k}" for k in range(400))
    Signatures(ids, np.ones(400), vectors, np.full(400, 3, dtype=np.int64)).save(path)
    question = StoredQuestion(
        path=path,
        costs=rng.uniform(1.0, 3.0, 400),
        budget=120.0,
        objective="spread",
        options=SolverOptions(time_limit_s=120.0),
    )
    long = SeedTask(question=question)
    pool = SolvePool(1, patience_s=30)
    try:
        pid = pool._all[0]._process.pid
        seen: list[tuple[float, float]] = []
        watch = Cancellation(lambda: len(seen) > 0, lambda *known: seen.append(known))
        with pytest.raises(SolveCancelledError):
            pool.answer(long, watch)
        assert seen[0][0] <= seen[0][1]
        assert pool._all[0]._process.pid == pid
        assert pool.busy == 0
    finally:
        pool.close()


def test_an_unwanted_solve_that_goes_on_is_killed(
    task: SeedTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does not stop by itself loses its process, and the pool has another."""
    monkeypatch.setattr("app.processes.pool._STOP_S", -1.0)
    pool = SolvePool(1, patience_s=30)
    try:
        pid = pool._all[0]._process.pid
        with pytest.raises(SolveCancelledError):
            pool.answer(task, Cancellation(lambda: True))
        assert pool._all[0]._process.pid != pid
        monkeypatch.setattr("app.processes.pool._STOP_S", 60.0)
        assert len(pool.answer(task).scenes) == 3
    finally:
        pool.close()
