"""Callbacks: whoever asked to be told of an end is told, signed, at least once."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from loopback import Handler
from loopback import serving as web
from planted import plant
from postgres import Postgres, installed, running_postgres
from service import Service, opened, slow_pool, worker
from sqlalchemy import select, text, update
from standardwebhooks import Webhook

from app.access.service import Caller
from app.callbacks.webhooks import WebhookDelivery
from app.callbacks.wire import CallbackEvent, CallbackStatus
from app.choosing.certificates import Proof
from app.datasets.service import Datasets
from app.datasets.wire import DatasetRequest
from app.errors import InvalidRequestError
from app.jobs.upkeep import Retention
from app.operations.service import Operations
from app.operations.wire import OperationStatus
from app.seeds.proof_store import ProofStore
from app.settings import Settings
from app.store.identifiers import now
from app.store.tables import DatasetRow, DeliveryRow, IdempotencyRow, OperationRow

pytestmark = [pytest.mark.slow, pytest.mark.enable_socket]

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 the standard's own example


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL server; skips where none is installed."""
    if not installed():
        pytest.skip("PostgreSQL is not installed")
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    """Return a service whose callbacks may go to loopback."""
    values: dict[str, Any] = {"data_dir": tmp_path / "data", "file_roots": str(tmp_path)}
    if request.param == "postgresql":
        values["database_url"] = request.getfixturevalue("postgres").new_database()
    settings = Settings.model_validate({**values, "callback_allow": "127.0.0.0/8"})
    with opened(settings) as service:
        yield service


def _register(service: Service, url: str) -> str:
    """Register a dataset with a callback and return its operation."""
    request = DatasetRequest.model_validate(
        {
            "name": "called",
            "source": {"kind": "inline", "scenes": [{"scene_id": "a", "cost": 1}]},
            "features": {"backbone": "colour_grid"},
            "callback": {"url": url, "secret": SECRET},
        }
    )
    with service.sessions.begin() as session:
        return Datasets(session, service.queue, service.settings).register(request).operation.id


def _cancel(service: Service, operation_id: str) -> None:
    with service.sessions.begin() as session:
        Operations(session).cancel(operation_id, Caller())


def _answers(*statuses: int, **headers: str) -> tuple[Callable[[Handler], None], list[bytes]]:
    """Return a page that answers with one status after the other, and what it was sent."""
    left, bodies = list(statuses), []

    def page(handler: Handler) -> None:
        bodies.append(handler.rfile.read(int(handler.headers["Content-Length"])))
        handler.send_response(left.pop(0) if len(left) > 1 else left[0])
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return page, bodies


def test_the_end_of_an_operation_is_told_once_and_signed(service: Service) -> None:
    """The receiver can verify who sent it; the secret is in no answer."""
    with web() as receiver:
        page, bodies = _answers(204)
        receiver.pages["/hook"] = page
        operation_id = _register(service, f"{receiver.url}/hook")
        webhooks = WebhookDelivery(service.settings, service.sessions)
        assert not webhooks.deliver_one()
        waiting = service.operation(operation_id)
        assert waiting.callback is not None
        assert waiting.callback.status is CallbackStatus.WAITING
        _cancel(service, operation_id)
        assert webhooks.deliver_one()
        assert not webhooks.deliver_one()
        event = Webhook(SECRET).verify(bodies[0], receiver.headers[-1])
        assert event["type"] == "operation.cancelled"
        assert event["data"]["path"] == f"/v1/operations/{operation_id}"
        assert CallbackEvent.model_validate_json(json.dumps(event)).type == event["type"]
        told = service.operation(operation_id)
        assert told.callback is not None
        assert (told.callback.status, told.callback.attempts) == (CallbackStatus.DELIVERED, 1)
        assert SECRET not in told.model_dump_json()


@pytest.mark.parametrize(
    ("status", "headers", "ends_as", "words"),
    [
        (500, {}, CallbackStatus.PENDING, "500"),
        (302, {"Location": "/elsewhere"}, CallbackStatus.PENDING, "302"),
        (410, {}, CallbackStatus.DISABLED, "410"),
        (429, {"Retry_After": "7200"}, CallbackStatus.PENDING, "429"),
    ],
)
def test_what_is_not_2xx_is_tried_again_or_given_up(
    service: Service, status: int, headers: dict[str, str], ends_as: CallbackStatus, words: str
) -> None:
    """Redirects are not followed, 410 ends it, and a receiver says how long to leave it alone."""
    with web() as receiver:
        receiver.pages["/hook"], _ = _answers(status, **headers)
        operation_id = _register(service, f"{receiver.url}/hook")
        _cancel(service, operation_id)
        before = now()
        assert WebhookDelivery(service.settings, service.sessions).deliver_one()
        state = service.operation(operation_id).callback
        assert state is not None
        assert state.status is ends_as
        assert words in str(state.last_error)
        assert [path for _, path in receiver.seen] == ["/hook"]
        if status == 429:
            assert state.next_attempt_at is not None
            assert state.next_attempt_at >= before + timedelta(seconds=7200)


def test_after_the_last_attempt_it_is_given_up(service: Service) -> None:
    """Attempts follow the schedule and bear one id; at its end the callback has failed."""
    with web() as receiver:
        receiver.pages["/hook"], _ = _answers(503)
        operation_id = _register(service, f"{receiver.url}/hook")
        _cancel(service, operation_id)
        webhooks = WebhookDelivery(service.settings, service.sessions, schedule_s=(0.0, 0.0))
        while webhooks.deliver_one():
            pass
        state = service.operation(operation_id).callback
        assert state is not None
        assert (state.status, state.attempts) == (CallbackStatus.FAILED, 3)
        assert state.next_attempt_at is None
        assert len({headers["webhook-id"] for headers in receiver.headers}) == 1


def test_a_worker_that_dies_in_an_attempt_loses_nothing(service: Service) -> None:
    """Claimed and never settled, a callback is due again after its lease, with the same id."""
    with web() as receiver:
        receiver.pages["/hook"], _ = _answers(200)
        operation_id = _register(service, f"{receiver.url}/hook")
        _cancel(service, operation_id)
        webhooks = WebhookDelivery(service.settings, service.sessions)
        first = webhooks._attempt
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                webhooks, "_attempt", lambda row: (_ for _ in ()).throw(DiedError(first(row)))
            )
            with pytest.raises(DiedError):
                webhooks.deliver_one()
        assert not WebhookDelivery(service.settings, service.sessions).deliver_one()  # leased
        with service.sessions.begin() as session:
            session.execute(update(DeliveryRow).values(due_at=now()))
        assert WebhookDelivery(service.settings, service.sessions).deliver_one()
        assert len({headers["webhook-id"] for headers in receiver.headers}) == 1
        assert len(receiver.headers) == 2


class DiedError(Exception):
    """Stands for a kill between an attempt and its record."""


def test_two_workers_deliver_once(service: Service) -> None:
    """Many couriers at once make one attempt each callback."""
    with web() as receiver:
        receiver.pages["/hook"], _ = _answers(200)
        for _ in range(6):
            _cancel(service, _register(service, f"{receiver.url}/hook"))
        couriers = [WebhookDelivery(service.settings, service.sessions) for _ in range(4)]

        def drain(webhooks: WebhookDelivery) -> None:
            for _ in range(12):
                webhooks.deliver_one()

        threads = [threading.Thread(target=drain, args=(webhooks,)) for webhooks in couriers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        names = [headers["webhook-id"] for headers in receiver.headers]
        assert len(names) == len(set(names)) == 6


def test_a_name_that_moves_inside_is_not_called(service: Service) -> None:
    """Public when it was registered, private when it is called: never connected."""
    with web() as receiver:
        receiver.pages["/hook"], _ = _answers(200)
        port = receiver.url.rpartition(":")[2]
        operation_id = _register(service, f"{receiver.url}/hook")
        with service.sessions.begin() as session:
            moved = f"http://rebinding.example:{port}/hook"
            session.execute(update(DeliveryRow).values(url=moved))
        _cancel(service, operation_id)
        closed = service.settings.model_copy(update={"callback_allow": ()})
        webhooks = WebhookDelivery(closed, service.sessions, resolve=lambda *_: ["127.0.0.1"])
        assert webhooks.deliver_one()
        assert receiver.seen == []
        state = service.operation(operation_id).callback
        assert state is not None
        assert "public internet" in str(state.last_error)


def test_a_private_target_is_refused_when_it_is_named(service: Service) -> None:
    """Registration says at once that a callback would not be made; nothing is stored."""
    closed = service.settings.model_copy(update={"callback_allow": ()})
    request = DatasetRequest.model_validate(
        {
            "name": "x",
            "source": {"kind": "inline", "scenes": [{"scene_id": "a", "cost": 1}]},
            "callback": {"url": "http://127.0.0.1:9999/", "secret": SECRET},
        }
    )
    with (
        service.sessions.begin() as session,
        pytest.raises(InvalidRequestError, match="public internet") as caught,
    ):
        Datasets(session, service.queue, closed).register(request)
    assert caught.value.pointer == "#/callback/url"
    with service.sessions() as session:
        assert session.scalars(select(DatasetRow)).all() == []


def test_a_worker_delivers_beside_its_jobs(tmp_path: Path) -> None:
    """A real worker runs the job and then tells of it."""
    settings = Settings.model_validate(
        {
            "data_dir": tmp_path / "data",
            "file_roots": str(tmp_path),
            "callback_allow": "127.0.0.1/32",
        }
    )
    arrived = threading.Event()
    with opened(settings) as service, web() as receiver, worker(settings):
        page, bodies = _answers(200)
        receiver.pages["/hook"] = lambda handler: (page(handler), arrived.set())[0]
        request = DatasetRequest.model_validate(
            {
                "name": "x",
                "source": {"kind": "images", "root": str(slow_pool(tmp_path / "pool", 1))},
                "features": {"backbone": "colour_grid"},
                "callback": {"url": f"{receiver.url}/hook", "secret": SECRET},
            }
        )
        with service.sessions.begin() as session:
            registered = Datasets(session, service.queue, settings).register(request)
        assert arrived.wait(60)
        assert json.loads(bodies[0])["type"] == "operation.succeeded"
        operation = service.operation(registered.operation.id)
        assert operation.status is OperationStatus.SUCCEEDED


class _Journal:
    """A journal of jobs that has a full batch of orphans once."""

    def __init__(self) -> None:
        self.forgotten: list[str] = []
        self.looks = 0

    def forget(self, job_ids: Sequence[str]) -> None:
        self.forgotten.extend(job_ids)

    def forget_before(self, _: object, most: int) -> int:
        self.looks += 1
        return most if self.looks == 1 else 0


def _age(path: Path, days: float) -> None:
    with path.open("ab"):
        changed = (now() - timedelta(days=days)).timestamp()
        os.utime(path, (changed, changed))


_NOBODY, _NEW, _REGISTERED = (f"{digit * 64}.csv" for digit in "012")
_VECTORS = f"{'3' * 64}.npz"


def test_what_is_old_is_forgotten(service: Service) -> None:
    """Ended operations, old answers of keys and files without a dataset go; all else stays."""
    kept = plant(service.settings, 5)
    signatures = service.settings.signatures_dir
    for name, days in (("orphan.npz", 2), ("young.npz", 0), ("planted-5-32-0.npz", 2)):
        _age(signatures / name, days)
        (signatures.parent / "neighbours").mkdir(exist_ok=True)
        _age(signatures.parent / "neighbours" / name, days)
    _age(signatures / ".cut-off.npz.0.tmp", 2)
    _age(signatures / ".at-work.npz.0.tmp", 0)
    (signatures.parent / "index").mkdir()
    _age(signatures.parent / "index" / "planted-5-32-0.faiss", 2)  # of an earlier version
    uploads = service.settings.uploads_dir
    uploads.mkdir()
    for name, days in ((_NOBODY, 2), (".cut-off.part", 2), (_NEW, 0), (_VECTORS, 2)):
        _age(uploads / name, days)
    _age(uploads / _REGISTERED, 2)
    old, untold, active = (_register(service, "http://127.0.0.1:9999/") for _ in range(3))
    _cancel(service, old)
    _cancel(service, untold)  # its receiver does not answer
    with service.sessions.begin() as session:
        long_ago = now() - timedelta(days=90)
        session.execute(
            update(OperationRow)
            .where(OperationRow.id.in_([old, untold]))
            .values(finished_at=long_ago)
        )
        session.execute(
            update(DeliveryRow).where(DeliveryRow.operation_id == old).values(status="failed")
        )
        session.execute(
            update(OperationRow)
            .where(OperationRow.id == active)
            .values(request={"vectors": _VECTORS})
        )
        source = {"kind": "manifest", "uri": f"upload:{_REGISTERED}"}
        session.execute(update(DatasetRow).where(DatasetRow.id == kept).values(source=source))
        for name, moment in (("old", long_ago), ("new", now())):
            session.add(
                IdempotencyRow(
                    project="p", call="c", key=name, fingerprint="f", answer={}, created_at=moment
                )
            )
    certificates = ProofStore(service.settings.certificates_dir, 1)
    certificates.keep(Proof(content=b"", size=0, seconds=0.0), "forgotten")
    journal = _Journal()
    retention = Retention(
        service.settings.model_copy(update={"retention_days": 1e-9}), service.sessions, journal
    )
    for _ in range(3):
        retention.round()
    assert journal.forgotten == [old]
    assert journal.looks == 2  # the second found nothing, so the third round was not due
    with service.sessions() as session:
        assert {row.id for row in session.scalars(select(OperationRow))} == {untold, active}
        assert [row.key for row in session.scalars(select(IdempotencyRow))] == ["new"]
        assert set(session.scalars(select(DeliveryRow.operation_id))) == {untold, active}
        assert session.get(DatasetRow, kept) is not None
    left = {path.name for path in signatures.iterdir()}
    needed = {"planted-5-32-0.npz", "young.npz"}  # a job may be about to use the young one
    assert left == needed | {".at-work.npz.0.tmp"}
    assert {path.name for path in (signatures.parent / "neighbours").iterdir()} == needed
    assert not list((signatures.parent / "index").iterdir())
    assert certificates.find("forgotten") is None
    assert {path.name for path in uploads.iterdir()} == {_NEW, _VECTORS, _REGISTERED}


def test_a_row_that_no_database_can_take_apart_stops_no_sweep(service: Service) -> None:
    """In PostgreSQL a NUL in JSON is no text, and a damaged row is no JSON: the sweep goes on."""
    uploads = service.settings.uploads_dir
    uploads.mkdir(parents=True)
    for name in (_NOBODY, _REGISTERED, _NEW, _VECTORS):
        _age(uploads / name, 2)
    first = plant(service.settings, 5)
    second = plant(service.settings, 6)
    operation = _register(service, "http://127.0.0.1:9999/")
    source = {"kind": "manifest", "uri": f"upload:{_REGISTERED}", "scene_from": "\0"}
    with service.sessions.begin() as session:
        session.execute(update(DatasetRow).where(DatasetRow.id == first).values(source=source))
        damaged = {**source, "uri": f"upload:{_NEW}"}
        session.execute(update(DatasetRow).where(DatasetRow.id == second).values(source=damaged))
        request = {"vectors": _VECTORS, "note": "\0"}
        session.execute(
            update(OperationRow).where(OperationRow.id == operation).values(request=request)
        )
        if service.engine.dialect.name == "sqlite":
            cut = text("UPDATE datasets SET source = substr(source, 2) WHERE id = :id")
            session.execute(cut, {"id": second})
    Retention(
        service.settings.model_copy(update={"retention_days": 1e-9}), service.sessions, _Journal()
    )._sweep(now().timestamp())
    assert {path.name for path in uploads.iterdir()} == {_REGISTERED, _NEW, _VECTORS}


def test_a_dataset_whose_vectors_never_come_fails(service: Service) -> None:
    """After the days of retention it fails, and says so; a younger one waits on."""
    request = DatasetRequest.model_validate(
        {
            "name": "waits",
            "source": {"kind": "inline", "scenes": [{"scene_id": "a", "cost": 1}]},
            "features": {"backbone": "precomputed"},
        }
    )
    with service.sessions.begin() as session:
        datasets = Datasets(session, service.queue, service.settings)
        old, young = (datasets.register(request).operation for _ in range(2))
    with service.sessions.begin() as session:
        for name, days in ((old.id, 31), (young.id, 29)):
            made = now() - timedelta(days=days)
            query = update(OperationRow).where(OperationRow.id == name)
            session.execute(query.values(created_at=made))
    Retention(service.settings, service.sessions, _Journal()).round()
    failed = service.operation(old.id)
    assert failed.error is not None
    assert failed.error.detail == "No vectors were sent within 30 days."
    dataset = service.dataset(old.dataset_id)
    assert (dataset.status, dataset.error) == ("failed", failed.error.detail)
    assert service.operation(young.id).status is OperationStatus.NOT_STARTED
    assert service.dataset(young.dataset_id).status == "awaiting_vectors"


def test_a_cache_that_others_share_is_not_swept(service: Service, tmp_path: Path) -> None:
    """Signatures outside of the data directory may be another database's: they stay.

    What a killed process had begun to write there is nobody's.
    """
    away = service.settings.model_copy(
        update={"retention_days": 1e-9, "cache_dir": tmp_path / "shared"}
    )
    away.signatures_dir.mkdir(parents=True)
    _age(away.signatures_dir / "of-another.npz", 400)
    _age(away.signatures_dir / ".cut-off.npz.0.tmp", 2)
    retention = Retention(away, service.sessions, _Journal())
    for _ in range(2):  # the first ends with a full batch of jobs
        retention.round()
    assert [path.name for path in away.signatures_dir.iterdir()] == ["of-another.npz"]
