"""Slots on PostgreSQL: locks of a session, which a restart of the server takes away."""

import time
from collections.abc import Iterator

import pytest
from postgres import Postgres, installed, running_postgres
from sqlalchemy import make_url

from app.jobs import slots
from app.jobs.slots import AdvisorySlots, SlotLostError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not installed(), reason="PostgreSQL is not installed"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    """Run a PostgreSQL server."""
    with running_postgres() as server:
        yield server


def _slots(server: Postgres) -> AdvisorySlots:
    return AdvisorySlots(make_url(server.url("postgres")).set(drivername="postgresql+psycopg"))


def _is_vacant(slots: AdvisorySlots) -> bool:
    with slots.vacant("slot-1") as vacant:
        if not vacant:
            time.sleep(0.02)
        return vacant


def test_workers_never_share_a_slot(server: Postgres) -> None:
    """Each session holds a slot of its own; what is released is free again."""
    first, second = _slots(server), _slots(server)
    assert (first.claim(), second.claim()) == ("slot-0", "slot-1")
    with first.vacant("slot-1") as vacant:
        assert not vacant
    second.release()
    # The server notices a closed connection soon, not at once.
    assert any(_is_vacant(first) for _ in range(200))
    with first.vacant("somebody else's name") as vacant:
        assert not vacant
    first.release()


def test_a_slot_is_taken_again_after_a_restart(server: Postgres) -> None:
    """A restart of the server drops all locks; the worker takes its own again."""
    worker = _slots(server)
    name = worker.claim()
    worker.keep()
    server.stop()
    server.start()
    worker.keep()
    peer = _slots(server)
    with peer.vacant(name) as vacant:
        assert not vacant
    worker.release()
    peer.release()


def test_a_slot_that_another_took_is_lost(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another worker was faster after a restart, this one must end."""
    worker = _slots(server)
    name = worker.claim()
    server.stop()
    server.start()
    usurper = _slots(server)
    assert usurper.claim() == name
    monkeypatch.setattr(slots, "RECONNECT_S", 0.2)
    with pytest.raises(SlotLostError, match=name):
        worker.keep()
    usurper.release()


def test_more_workers_than_slots_are_refused(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker without a slot does not start."""
    monkeypatch.setattr(slots, "SLOTS", 1)
    held, late = _slots(server), _slots(server)
    held.claim()
    with pytest.raises(SlotLostError, match="all 1 workers"):
        late.claim()
    held.release()
    late.release()
