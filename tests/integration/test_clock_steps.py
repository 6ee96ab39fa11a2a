"""The wall clock is set an hour back or forth: nothing is lost, forgotten early or let in.

What measures durations reads the monotonic clock; these are the promises that need moments.
"""

import asyncio
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from service import Service, opened

from app.access.service import SCOPES, Caller, Keys
from app.callbacks import store as deliveries
from app.callbacks.wire import CallbackRequest
from app.datasets.service import Datasets
from app.datasets.wire import DatasetRequest, RegisteredDataset
from app.http.idempotency import Idempotency
from app.jobs.heartbeat import Heartbeat
from app.jobs.upkeep import Retention
from app.operations import store as operations
from app.operations.service import Operations
from app.operations.stream import OperationPoller, OperationStream
from app.operations.wire import OperationStatus
from app.settings import Settings
from app.store import identifiers
from app.store.sessions import ProjectSession

pytestmark = pytest.mark.enable_socket

HOUR: Final = timedelta(hours=1)
LEASE: Final = timedelta(seconds=120)
_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 the standard's own example

steps = pytest.mark.parametrize("step", [-HOUR, HOUR], ids=["back", "forth"])


class SteppedClock:
    """The time of day, set back or forth at will."""

    def __init__(self) -> None:
        self.offset = timedelta()

    def __call__(self) -> datetime:
        """Return what it shows."""
        return datetime.now(UTC) + self.offset


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SteppedClock:
    """Put a clock in the place of the one that every module reads."""
    clock, genuine = SteppedClock(), identifiers.now
    readers = [
        module
        for name, module in sys.modules.items()
        if name.startswith("app.") and getattr(module, "now", None) is genuine
    ]
    assert len(readers) > 8
    for module in readers:
        monkeypatch.setattr(module, "now", clock)
    return clock


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Return a service whose callbacks may go to loopback."""
    settings = Settings(data_dir=tmp_path / "data", callback_allow=("127.0.0.1",))
    with opened(settings) as service:
        yield service


def _register(service: Service, session: ProjectSession) -> RegisteredDataset:
    request = DatasetRequest.model_validate(
        {
            "name": "x",
            "source": {"kind": "inline", "scenes": [{"scene_id": "a", "cost": 1}]},
            "features": {"backbone": "colour_grid"},
            "callback": CallbackRequest(url="http://127.0.0.1:9999/", secret=_SECRET),
        }
    )
    return Datasets(session, service.queue, service.settings).register(request)


@pytest.fixture
def ended(service: Service, clock: SteppedClock) -> str:
    """Return an operation that has ended, of which its callback is to tell."""
    del clock
    with service.sessions.begin() as session:
        operation_id = _register(service, session).operation.id
    with service.sessions.begin() as session:
        Operations(session).cancel(operation_id, Caller())
    return operation_id


@steps
def test_a_callback_in_hand_is_recorded_once(
    service: Service, clock: SteppedClock, ended: str, step: timedelta
) -> None:
    """Forth: another worker may send it again, and one of the two records it. Back: nobody does."""
    with service.sessions.begin() as session:
        first = deliveries.claim(session, LEASE)
    assert first is not None
    clock.offset += step
    with service.sessions.begin() as session:
        second = deliveries.claim(session, LEASE)
    assert (second is not None) == (step > timedelta())
    recorded = []
    for claimed in (first, second):
        if claimed is not None:
            with service.sessions.begin() as session:
                recorded.append(
                    deliveries.settle(session, claimed, status="delivered", error=None, due_at=None)
                )
    assert recorded == ([False, True] if second is not None else [True])
    told = service.operation(ended).callback
    assert told is not None
    assert told.status == "delivered"


@steps
def test_a_callback_of_a_dead_worker_is_sent_by_another(
    service: Service, clock: SteppedClock, ended: str, step: timedelta
) -> None:
    """Forth at once, back as late as the step: it is never lost."""
    del ended
    with service.sessions.begin() as session:
        assert deliveries.claim(session, LEASE) is not None
    clock.offset += step
    if step < timedelta():
        with service.sessions.begin() as session:
            assert deliveries.claim(session, LEASE) is None
        clock.offset += HOUR + LEASE
    with service.sessions.begin() as session:
        assert deliveries.claim(session, LEASE) is not None


class _Journal:
    def __init__(self) -> None:
        self.before: list[datetime] = []

    def forget(self, job_ids: object) -> None:
        del job_ids

    def forget_before(self, moment: datetime, most: int) -> int:
        del most
        self.before.append(moment)
        return 0


@steps
def test_nothing_young_is_forgotten(
    service: Service, clock: SteppedClock, ended: str, step: timedelta
) -> None:
    """What ended or was made a moment before the step stays, and so does every file."""
    made = service.settings.signatures_dir / "made-just-now.npz"
    sent = service.settings.uploads_dir / "sent-just-now.csv"
    begun = service.settings.signatures_dir / ".begun.npz.0.tmp"
    for path in (made, sent, begun):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    clock.offset += step
    journal = _Journal()
    settings = service.settings.model_copy(update={"retention_days": 1.0})
    Retention(settings, service.sessions, journal).round()
    assert service.operation(ended).status is OperationStatus.CANCELLED
    assert made.exists()
    assert sent.exists()
    assert begun.exists()
    (before,) = journal.before
    assert abs(before + timedelta(days=1) - clock()) < timedelta(minutes=10)


@steps
def test_keys_keep_their_promises(service: Service, clock: SteppedClock, step: timedelta) -> None:
    """A key works at once and up to its day; one that was revoked never works again."""
    with service.sessions.begin() as session:
        made = {
            name: Keys(session).create(name=name, project="p", scopes=SCOPES, days=days)[0]
            for name, days in (("day", 1), ("ever", None), ("revoked", None))
        }
        Keys(session).revoke(made["revoked"])

    def good() -> set[str]:
        with service.sessions() as session:
            return {
                name
                for name, key in made.items()
                if Keys(session).caller(key, is_open=False) is not None
            }

    assert good() == {"day", "ever"}
    clock.offset += step
    assert good() == {"day", "ever"}
    clock.offset = timedelta(days=1, minutes=1)
    assert good() == {"ever"}
    clock.offset += step
    assert good() == ({"day", "ever"} if step < timedelta() else {"ever"})


@steps
def test_a_repeated_request_is_answered_from_before(
    service: Service, clock: SteppedClock, step: timedelta
) -> None:
    """An Idempotency-Key is good across a step: the work is not done twice."""

    def send() -> tuple[RegisteredDataset, bool]:
        with service.sessions.begin() as session:
            session.bind_to("default")
            once = Idempotency(session=session, call="POST /v1/datasets", key="k", body=b"same")
            return once(lambda: _register(service, session), RegisteredDataset)

    first, replayed = send()
    assert not replayed
    clock.offset += step
    again, replayed = send()
    assert replayed
    assert again.dataset.id == first.dataset.id


@steps
def test_watchers_see_every_change_and_the_end(
    service: Service, clock: SteppedClock, step: timedelta
) -> None:
    """Events go on in order; times that make no sense are 0 or left out."""
    with service.sessions.begin() as session:
        name = _register(service, session).operation.id
        assert operations.start(session, name)

    def advance(done: int) -> None:
        with service.sessions.begin() as session:
            assert operations.advance(session, name, done=done, total=4)

    async def watch() -> None:
        poller = OperationPoller(service.sessions)
        stream = OperationStream(poller, "default")
        changes = stream.changes(await stream.look(name), -1)
        versions = []
        for done in (1, 2, 3):
            advance(done)
            clock.offset += step if done == 2 else timedelta()
            shown = await anext(changes)
            while shown is None or shown.done < done:
                shown = await anext(changes)
            versions.append(shown.version)
            assert shown.elapsed_s is not None
            assert shown.elapsed_s >= 0
            assert shown.images_per_s is None or 0 <= shown.images_per_s < 1e6
            assert shown.remaining_s is None or shown.remaining_s >= 0
            if done > 1 and step < timedelta():
                assert shown.images_per_s is None
        assert versions == sorted(set(versions))
        with service.sessions.begin() as session:
            assert operations.end(session, name, OperationStatus.SUCCEEDED)
        last = [shown async for shown in changes][-1]
        assert last is not None
        assert last.status is OperationStatus.SUCCEEDED
        poller.end()

    asyncio.run(watch())


def test_a_worker_is_well_after_its_next_sign_of_life(tmp_path: Path) -> None:
    """A sign of the future is one; an hour forth, the next one comes half a second later."""
    heartbeat = Heartbeat(tmp_path)
    heartbeat.beat()
    (file,) = tmp_path.iterdir()
    written = file.stat().st_mtime
    for step, fresh in ((HOUR, True), (-HOUR, False)):  # of the file: the clock went the other way
        moment = written + step.total_seconds()
        os.utime(file, (moment, moment))
        assert heartbeat.is_fresh() is fresh
        heartbeat.beat()
        assert heartbeat.is_fresh()
