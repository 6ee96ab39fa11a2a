"""What receivers of callbacks cannot do to us, and what the death of a worker cannot do to them."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from certificates import certified
from loopback import Handler, reply, serving
from postgres import Postgres, installed, running_postgres
from service import Service, opened, slow_pool, worker
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from app.access.service import Caller
from app.callbacks.egress import Target, resolve_target
from app.callbacks.webhooks import (
    AT_ONCE,
    NoAnswerError,
    WebhookDelivery,
    post,
    retry_after_s,
    signed_headers,
)
from app.callbacks.wire import CallbackState, CallbackStatus
from app.datasets.service import Datasets
from app.datasets.wire import DatasetRequest
from app.operations.service import Operations
from app.operations.wire import OperationStatus
from app.settings import Settings
from app.store.identifiers import now
from app.store.tables import DatasetRow, DeliveryRow
from app.worker import work

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


def _register(service: Service, url: str, root: Path | None = None) -> str:
    source = (
        {"kind": "inline", "scenes": [{"scene_id": "a", "cost": 1}]}
        if root is None
        else {"kind": "images", "root": str(root)}
    )
    request = DatasetRequest.model_validate(
        {
            "name": "called",
            "source": source,
            "features": {"backbone": "colour_grid"},
            "callback": {"url": url, "secret": SECRET},
        }
    )
    with service.sessions.begin() as session:
        return Datasets(session, service.queue, service.settings).register(request).operation.id


def _ended(service: Service, url: str) -> str:
    """Return an operation that ended a moment ago, its callback due."""
    operation_id = _register(service, url)
    with service.sessions.begin() as session:
        Operations(session).cancel(operation_id, Caller())
    return operation_id


def _state(service: Service, operation_id: str) -> CallbackState:
    state = service.operation(operation_id).callback
    assert state is not None
    return state


def _wait(service: Service, operation_id: str, status: CallbackStatus) -> CallbackState:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        state = _state(service, operation_id)
        if state.status is status:
            return state
        time.sleep(0.02)
    message = f"the callback hangs: {state}"
    raise AssertionError(message)


def _ok(handler: Handler) -> None:
    handler.rfile.read(int(handler.headers["Content-Length"]))
    reply(handler, 204, b"", {})


def test_the_signature_is_the_standards() -> None:
    """The published vector of Standard Webhooks: same secret, id, moment and body, same headers."""
    moment = datetime.fromtimestamp(1614265330, UTC)
    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", SECRET, moment, '{"test": 2432232314}')
    assert headers["webhook-id"] == "msg_p5jXN8AQM9LWM0D4loKWxJek"
    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_certificate_is_for_the_name_and_each_name_is_checked(tmp_path: Path) -> None:
    """Another name at the same address is refused, even right after a request that was accepted."""
    server_tls, client_tls = certified(tmp_path, "receiver.example")
    with serving(server_tls, keep_alive=True) as web:
        web.pages["/hook"] = _ok
        port = web.url.rpartition(":")[2]

        def target(name: str) -> Target:
            url = f"https://{name}:{port}/hook"
            return resolve_target(url, ["127.0.0.1"], lambda *_: ["127.0.0.1"])

        assert post(target("receiver.example"), b"{}", {}, client_tls).status == 204
        assert web.headers[-1]["Host"] == f"receiver.example:{port}"
        with pytest.raises(NoAnswerError):
            post(target("other.example"), b"{}", {}, client_tls)
        assert len(web.seen) == 1


def test_no_request_uses_another_names_connection(service: Service, tmp_path: Path) -> None:
    """Callbacks of two names at one address, one after the other: only the certified one goes."""
    server_tls, client_tls = certified(tmp_path, "receiver.example")
    with serving(server_tls, keep_alive=True) as web:
        web.pages["/hook"] = _ok
        good, bad = (_ended(service, f"{web.url}/hook") for _ in range(2))
        port = web.url.rpartition(":")[2]
        with service.sessions.begin() as session:
            for operation_id, name in ((good, "receiver.example"), (bad, "other.example")):
                session.execute(
                    update(DeliveryRow)
                    .where(DeliveryRow.operation_id == operation_id)
                    .values(url=f"https://{name}:{port}/hook")
                )
        webhooks = WebhookDelivery(
            service.settings,
            service.sessions,
            resolve=lambda *_: ["127.0.0.1"],
            tls=client_tls,
        )
        while webhooks.deliver_one():
            pass
        assert _state(service, good).status is CallbackStatus.DELIVERED
        assert _state(service, bad).status is CallbackStatus.PENDING
        assert [headers["Host"] for headers in web.headers] == [f"receiver.example:{port}"]


@pytest.mark.parametrize("drip", [b"HTTP/1.1 200 OK\r\n", b""])
def test_a_receiver_that_drips_ends_with_its_time(service: Service, drip: bytes) -> None:
    """A byte now and then keeps no attempt alive: its time is counted from end to end."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(drip)
                while not over.wait(0.05):
                    try:
                        connection.sendall(b"X-A: b\r\n" if drip else b"")
                    except OSError:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        operation_id = _ended(service, f"http://127.0.0.1:{listener.getsockname()[1]}/")
        assert WebhookDelivery(service.settings, service.sessions, timeout_s=0.5).deliver_one()
        over.set()
        thread.join()
    assert _state(service, operation_id).last_error == "No answer: not within 0.5 s."


def test_receivers_that_hang_do_not_hold_up_the_others(service: Service) -> None:
    """While all but one attempt hang, callbacks to another receiver arrive."""
    release, stop = threading.Event(), threading.Event()

    def hang(handler: Handler) -> None:
        release.wait(60)
        _ok(handler)

    with serving() as web:
        web.pages.update({"/hang": hang, "/hook": _ok})
        for _ in range(AT_ONCE - 1):
            _ended(service, f"{web.url}/hang")
        others = [_ended(service, f"{web.url}/hook") for _ in range(3)]
        webhooks = threading.Thread(
            target=WebhookDelivery(service.settings, service.sessions).run, args=(stop,)
        )
        webhooks.start()
        try:
            for operation_id in others:
                _wait(service, operation_id, CallbackStatus.DELIVERED)
        finally:
            stop.set()
            release.set()
            webhooks.join()
        with service.sessions() as session:  # those in hand are waited for
            statuses = set(session.scalars(select(DeliveryRow.status)))
        assert statuses == {CallbackStatus.DELIVERED}


def test_what_nobody_thought_of_costs_one_attempt(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unexpected error is logged and recorded, its text is not shown, the rest goes on."""
    operation_id = _ended(service, "http://127.0.0.1:9999/")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET)

    monkeypatch.setattr("app.callbacks.webhooks.post", fail)
    assert WebhookDelivery(service.settings, service.sessions).deliver_one()
    state = _state(service, operation_id)
    assert (state.status, state.attempts) == (CallbackStatus.PENDING, 1)
    assert SECRET not in str(state.last_error)


def test_a_late_record_does_not_undo_a_delivery(service: Service) -> None:
    """Whoever outlived its lease records nothing: the attempt of the next one counts."""
    with serving() as web:
        web.pages["/hook"] = _ok
        operation_id = _ended(service, f"{web.url}/hook")
        slow, quick = (WebhookDelivery(service.settings, service.sessions) for _ in range(2))

        def slowly(_: DeliveryRow) -> tuple[CallbackStatus, str | None, float]:
            with service.sessions.begin() as session:
                session.execute(update(DeliveryRow).values(due_at=now()))  # the lease is over
            assert quick.deliver_one()
            return CallbackStatus.PENDING, "too late", 0.0

        slow._attempt = slowly  # type: ignore[method-assign]
        assert slow.deliver_one()
        state = _state(service, operation_id)
        assert (state.status, state.attempts) == (CallbackStatus.DELIVERED, 2)
        assert state.last_error is None


def test_a_secret_is_forgotten_when_it_has_served(service: Service) -> None:
    """What will not be signed again needs no secret; what will be keeps it."""
    with serving() as web:
        web.pages["/hook"] = _ok
        _ended(service, f"{web.url}/hook")
        with service.sessions() as session:
            assert session.scalars(select(DeliveryRow.secret)).one() == SECRET
        assert WebhookDelivery(service.settings, service.sessions).deliver_one()
        with service.sessions() as session:
            assert session.scalars(select(DeliveryRow.secret)).one() == ""


def test_errors_of_the_database_show_no_secret(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """What a failed statement was given, secrets among it, is in no message and in no log."""
    operation_id = _register(service, "http://127.0.0.1:9999/")
    with service.sessions() as session:
        session.add(
            DeliveryRow(
                id="second", operation_id=operation_id, url="u", secret=SECRET,
                status="waiting", attempts=0,
            )
        )  # fmt: skip
        with pytest.raises(IntegrityError) as caught:
            session.flush()
    logging.getLogger("test").error("failed", exc_info=caught.value)
    assert "deliveries" in caplog.text
    assert SECRET not in caplog.text


def test_a_date_says_how_long_to_wait_too() -> None:
    """`Retry-After` is seconds or a date; anything else, and the past, is no wish at all."""
    later = datetime.now(UTC) + timedelta(hours=1)
    assert 3500 < retry_after_s(later.strftime("%a, %d %b %Y %H:%M:%S GMT")) <= 3600
    assert retry_after_s("120") == 120
    for wish in ("Wed, 21 Oct 2015 07:28:00 GMT", "", "soon", "-5", "1e9", "٣", "Wed, 99 Foo"):
        assert retry_after_s(wish) == 0


def test_a_worker_killed_in_an_attempt_is_replaced_by_another(service: Service) -> None:
    """Kill -9 between an attempt and its record: the callback comes again, under the same id."""
    arrived, answering = threading.Event(), threading.Event()

    def first(_: Handler) -> None:
        arrived.set()
        answering.wait(60)

    with serving() as web:
        web.pages["/hook"] = first
        operation_id = _ended(service, f"{web.url}/hook")
        with worker(service.settings) as process:
            assert arrived.wait(60)
            process.kill()
            process.wait(20)
        answering.set()
        web.pages["/hook"] = _ok
        assert _state(service, operation_id).status is CallbackStatus.PENDING
        with service.sessions.begin() as session:
            session.execute(update(DeliveryRow).values(due_at=now()))  # as after its lease
        with worker(service.settings):
            state = _wait(service, operation_id, CallbackStatus.DELIVERED)
        assert state.attempts == 2
        assert len({headers["webhook-id"] for headers in web.headers}) == 1
        stamps = [int(headers["webhook-timestamp"]) for headers in web.headers]
        assert stamps == sorted(stamps)


def test_callbacks_go_out_while_a_worker_extracts(service: Service, tmp_path: Path) -> None:
    """A worker that is in the middle of a job delivers what is due meanwhile."""
    root = slow_pool(tmp_path / "pool", 8)
    with serving() as web, worker(service.settings):
        web.pages["/hook"] = _ok
        extraction = _register(service, f"{web.url}/hook", root)
        service.wait(extraction, until=lambda operation: operation.done >= 1)
        other = _ended(service, f"{web.url}/hook")
        _wait(service, other, CallbackStatus.DELIVERED)
        assert service.operation(extraction).status is OperationStatus.RUNNING


def test_the_journal_of_old_jobs_is_dropped(service: Service, tmp_path: Path) -> None:
    """Journals go with their operations, and those whose dataset was deleted long ago go, too."""
    root = slow_pool(tmp_path / "pool", 1)
    with serving() as web, worker(service.settings):
        web.pages["/hook"] = _ok
        operations = [_register(service, f"{web.url}/hook", root) for _ in range(2)]
        for operation_id in operations:
            service.wait(operation_id)
            service.steps(operation_id)  # its journal is complete
            _wait(service, operation_id, CallbackStatus.DELIVERED)
    orphan, _ = operations
    with service.sessions.begin() as session:
        dataset = service.operation(orphan).dataset_id
        session.execute(delete(DatasetRow).where(DatasetRow.id == dataset))
    journal = service.queue._client
    assert len(journal.list_workflows()) == 2
    stop = threading.Event()
    settings = service.settings.model_copy(update={"retention_days": 1e-9})
    thread = threading.Thread(target=work, args=(settings, stop))
    thread.start()
    deadline = time.monotonic() + 60
    while journal.list_workflows() and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    thread.join()
    assert journal.list_workflows() == []
    with service.sessions() as session:
        assert session.scalars(select(DeliveryRow)).all() == []
