"""The job that answers a question, run in this process."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from planted import plant
from service import Service, opened
from sqlalchemy.exc import OperationalError

from app.access.service import Caller
from app.errors import SolveCrashedError, SolveKilledError
from app.operations import store as operations
from app.operations.service import Operations
from app.operations.wire import OperationStatus
from app.seeds import solving
from app.seeds.questions import new_solve
from app.seeds.solving import Solver, WorkerEndsError
from app.seeds.wire import FrontierRequest, SeedRequest
from app.settings import Settings
from app.store.tables import FrontierRow, SeedRow

pytestmark = pytest.mark.slow


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Return a service with a dataset of 40 scenes."""
    with opened(Settings(data_dir=tmp_path, solve_processes=1)) as service:
        yield service


def _submit(service: Service, dataset_id: str, **question: object) -> str:
    request = SeedRequest.model_validate({"budget": {"fraction": 0.2}, **question})
    with service.sessions.begin() as session:
        row = new_solve(dataset_id, request)
        session.add(row)
        return row.id


def test_a_solve_run_twice_has_one_answer(service: Service) -> None:
    """The engine may run a job again; the operation ends once and there is one seed."""
    dataset_id = plant(service.settings, 40)
    solver = Solver(service.settings, service.sessions)
    first, second = (_submit(service, dataset_id) for _ in range(2))
    for operation_id in (first, first, second):
        solver.solve(operation_id)
    solver.close()
    ended = [service.operation(operation_id) for operation_id in (first, second)]
    assert {operation.status for operation in ended} == {OperationStatus.SUCCEEDED}
    assert len({operation.seed_id for operation in ended}) == 1
    assert ended[0].incumbent is not None
    assert ended[0].gap == 0
    with service.sessions() as session:
        assert session.query(SeedRow).count() == 1


def test_a_frontier_is_a_job_like_a_seed(service: Service) -> None:
    """Run twice, it ends once with one stored frontier."""
    dataset_id = plant(service.settings, 40)
    request = FrontierRequest.model_validate({"budgets": {"from": 0.1, "to": 0.5, "steps": 3}})
    with service.sessions.begin() as session:
        row = new_solve(dataset_id, request)
        session.add(row)
        operation_id = row.id
    solver = Solver(service.settings, service.sessions)
    solver.solve(operation_id)
    solver.solve(operation_id)
    solver.close()
    operation = service.operation(operation_id)
    assert (operation.kind, operation.status) == ("frontier", OperationStatus.SUCCEEDED)
    assert operation.seed_id is None
    with service.sessions() as session:
        (stored,) = session.query(FrontierRow)
        assert stored.id == operation.frontier_id
        assert len(stored.answer["points"]) == 3


def test_what_cannot_be_answered_ends_with_its_reason(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rule that cannot be kept and a failure of our own both end the operation."""
    dataset_id = plant(service.settings, 40)
    solver = Solver(service.settings, service.sessions)
    refused = _submit(service, dataset_id, constraints={"min_scenes": 39})
    solver.solve(refused)
    operation = service.operation(refused)
    assert operation.status is OperationStatus.FAILED
    assert operation.error is not None
    assert operation.error.type == "urn:seedal:problem:solve-failed"

    def breaks(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(solver, "_answer", breaks)
    broken = _submit(service, dataset_id)
    solver.solve(broken)
    assert "unexpected" in str(service.operation(broken).error)
    solver.close()


def test_a_question_of_another_version_runs_or_is_refused_in_a_sentence(service: Service) -> None:
    """A stored question without newer members has their defaults; one with others is refused."""
    dataset_id = plant(service.settings, 40)
    solver = Solver(service.settings, service.sessions)
    older, newer = (_submit(service, dataset_id) for _ in range(2))
    with service.sessions.begin() as session:
        operations.get(session, older).request = {"budget": {"fraction": 0.2}}
        asked = {"budget": {"fraction": 0.2}, "weather": "dry"}
        operations.get(session, newer).request = asked
    for operation_id in (older, newer):
        solver.solve(operation_id)
    solver.close()
    assert service.operation(older).status is OperationStatus.SUCCEEDED
    refused = service.operation(newer)
    assert refused.status is OperationStatus.FAILED
    assert "cannot read its weather; ask it again." in str(refused.error)


def test_a_cancelled_solve_leaves_no_seed(service: Service) -> None:
    """Cancelled before its worker takes it, an operation stays cancelled."""
    dataset_id = plant(service.settings, 40)
    operation_id = _submit(service, dataset_id)

    with service.sessions.begin() as session:
        Operations(session).cancel(operation_id, Caller())
    solver = Solver(service.settings, service.sessions)
    solver.solve(operation_id)
    solver.close()
    assert service.operation(operation_id).status is OperationStatus.CANCELLED
    with service.sessions() as session:
        assert session.query(SeedRow).count() == 0


LONG = {"objective": "spread", "time_limit_s": 90}


def test_a_worker_that_ends_leaves_its_solve_to_be_done(service: Service) -> None:
    """Closed in the middle of a solve, the job counts neither as done nor as failed."""
    operation_id = _submit(service, plant(service.settings, 400), **LONG)
    solver = Solver(service.settings, service.sessions)
    raised: list[BaseException] = []

    def work() -> None:
        try:
            solver.solve(operation_id)
        except WorkerEndsError as error:
            raised.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    service.wait(operation_id, until=lambda operation: operation.incumbent is not None)
    solver.close()
    thread.join()
    assert len(raised) == 1
    assert service.operation(operation_id).status is OperationStatus.RUNNING


def test_a_question_that_was_answered_meanwhile_is_not_solved_again(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An operation whose question has an answer by the time its worker comes ends with that."""
    dataset_id = plant(service.settings, 40)
    solver = Solver(service.settings, service.sessions)
    first, second = (_submit(service, dataset_id) for _ in range(2))
    solver.solve(first)
    monkeypatch.delattr(solver, "_pool")
    solver.solve(second)
    operations = [service.operation(operation_id) for operation_id in (first, second)]
    assert operations[0].seed_id == operations[1].seed_id
    assert operations[1].incumbent == operations[0].incumbent
    monkeypatch.undo()
    solver.close()


@pytest.mark.parametrize(
    ("error", "begun", "status"),
    [
        (SolveKilledError, 2, OperationStatus.SUCCEEDED),
        (SolveCrashedError, 1, OperationStatus.FAILED),
    ],
)
def test_only_what_was_killed_is_begun_again(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    error: type[SolveCrashedError],
    begun: int,
    status: OperationStatus,
) -> None:
    """A solve whose process was killed is tried again; one that fails would do so again."""
    operation_id = _submit(service, plant(service.settings, 40))
    solver = Solver(service.settings, service.sessions)
    answer = solving.SolvePool.answer
    tasks: list[object] = []
    reason = "It died."

    def first_fail(
        pool: solving.SolvePool, task: solving.Task, watch: solving.Cancellation
    ) -> object:
        tasks.append(task)
        if len(tasks) == 1:
            raise error(reason)
        return answer(pool, task, watch)

    monkeypatch.setattr(solving.SolvePool, "answer", first_fail)
    solver.solve(operation_id)
    solver.close()
    assert len(tasks) == begun
    assert service.operation(operation_id).status is status


def test_a_database_that_is_away_does_not_end_a_solve(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known then is written down once the database is back, the latest of it."""
    monkeypatch.setattr(solving, "_LOOK_S", -1.0)
    operation_id = _submit(service, plant(service.settings, 40))
    told = solving._JobProgress(service.sessions, operation_id)
    improve = solving.operations.improve

    gone = OperationalError("UPDATE", {}, Exception("gone"))

    def away(*_: object, **__: object) -> bool:
        raise gone

    monkeypatch.setattr(solving.operations, "improve", away)
    told.improve(1.0, 4.0)
    assert not told.is_unwanted()
    told.improve(2.0, 3.0)
    monkeypatch.setattr(solving.operations, "improve", improve)
    assert not told.is_unwanted()
    operation = service.operation(operation_id)
    assert (operation.incumbent, operation.upper_bound, operation.gap) == (2.0, 3.0, 0.5)
    with service.sessions.begin() as session:
        Operations(session).cancel(operation_id, Caller())
    assert told.is_unwanted()
