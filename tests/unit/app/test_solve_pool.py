import threading
from pathlib import Path

import numpy as np
import pytest

from app.errors import BudgetError, BusyError, SolveCrashedError
from app.services.solve_pool import SolvePool
from app.services.solve_process import SolveTask, serve
from features.signatures import Signatures


@pytest.fixture
def task(tmp_path: Path) -> SolveTask:
    """Return a task of six scenes, three of which can be paid."""
    vectors = np.random.default_rng(3).normal(size=(6, 4))
    vectors /= 2 * np.linalg.norm(vectors, axis=1, keepdims=True)
    path = tmp_path / "key.npz"
    ids = tuple(f"s{k}" for k in range(6))
    Signatures(ids, np.ones(6), vectors, np.full(6, 3, dtype=np.int64)).save(path)
    return SolveTask(
        signatures=path,
        costs=np.full(6, 2.0),
        budget=6.5,
        objective="seedal",
        strategy="greedy",
        time_limit_s=1.0,
        gap=0.0,
        random_seed=0,
    )


def _with(task: SolveTask, **changes: object) -> SolveTask:
    fields = {name: getattr(task, name) for name in SolveTask.__slots__}
    return SolveTask(**{**fields, **changes})


def test_tasks_are_answered_in_another_process(task: SolveTask) -> None:
    """Answers and the errors of a question come back as if the solve had run here."""
    pool = SolvePool(1, patience_s=30)
    try:
        assert len(pool.answer(task).scenes) == 3
        with pytest.raises(BudgetError, match="below the cheapest"):
            pool.answer(_with(task, budget=1.0))
        with pytest.raises(SolveCrashedError, match="log"):
            pool.answer(_with(task, signatures=task.signatures.with_name("none.npz")))
        assert len(pool.answer(task).scenes) == 3
    finally:
        pool.close()


def test_a_solve_that_does_not_end_is_stopped(task: SolveTask) -> None:
    """Beyond its time limit and grace a solve is killed, and its process replaced."""
    pool = SolvePool(1, patience_s=30, grace_s=-1.0)
    try:
        with pytest.raises(SolveCrashedError, match="did not end"):
            pool.answer(task)
        pool._grace_s = 30.0
        assert len(pool.answer(task).scenes) == 3
    finally:
        pool.close()


def test_a_task_does_not_wait_forever(task: SolveTask) -> None:
    """With all processes taken a task is turned away after its patience."""
    pool = SolvePool(1, patience_s=0.01)
    try:
        pool._free.get()
        with pytest.raises(BusyError, match="All 1"):
            pool.answer(task)
    finally:
        pool.close()


def test_a_process_serves_until_its_pipe_closes(
    task: SolveTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside a solve process: one answer for each task, then the end."""
    answers: list[object] = []
    tasks = [task, _with(task, budget=1.0), _with(task, signatures=Path("none.npz"))]

    class Pipe:
        def recv(self) -> SolveTask:
            if not tasks:
                raise EOFError
            return tasks.pop(0)

        def send(self, answer: object) -> None:
            answers.append(answer)

    monkeypatch.setattr("app.services.solve_process.signal.signal", lambda *_: None)
    monkeypatch.setattr("app.services.solve_process.configure_logging", lambda _: None)
    thread = threading.Thread(target=serve, args=(Pipe(),))
    thread.start()
    thread.join()
    kinds = [type(answer).__name__ for answer in answers]
    assert kinds == ["SeedAnswer", "BudgetError", "SolveCrashedError"]
