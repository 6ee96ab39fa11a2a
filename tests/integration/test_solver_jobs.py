"""The job that answers a question, run in this process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from planted import plant
from service import Service, opened

from api_schemas.frontiers import FrontierRequest
from api_schemas.operations import OperationStatus
from api_schemas.seeds import SeedRequest
from app.jobs.solving import Solver
from app.services.keys import Caller
from app.services.operations import Operations
from app.settings import Settings
from app.store.tables import FrontierRow, SeedRow
from app.translate.operations import new_solve


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
